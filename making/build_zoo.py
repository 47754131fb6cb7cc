"""Train the zoo from scratch: ``python -m making.build_zoo [--jobs 4] [--device cuda] [--folder zoo_parts]``.

The 1000 models are trained in 40 parts of 25, each from its own seed, so any number of processes
makes the same zoo. Finished parts stay in the folder: run it again after an interruption and it goes
on where it stopped. Five minutes on one core.
"""

import argparse
import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import cos, pi
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits
from tqdm.auto import tqdm

from course_utils.beds.zoo.models import (
    LONG,
    SHAPES,
    SHORT,
    WIDTH,
    ZOO_FILE,
    accuracy_at,
    embed,
    transformer,
    unpack,
)
from course_utils.beds.zoo.strings import sample_strings

PARTS, MODELS_A_PART, STEPS, WARM_UP, BATCH = 40, 25, 600, 50, 32
PLACES = 26  # scattered positions are drawn from 0 to 25


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m making.build_zoo", description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=1, help="processes to use (default 1)")
    parser.add_argument("--device", default="cpu", help="cpu (default), or cuda for a GPU")
    parser.add_argument(
        "--folder", type=Path, default=Path("zoo_parts"), help="where finished parts are kept"
    )
    parser.add_argument(
        "--to", type=Path, default=ZOO_FILE, help="the file to write (default: the course's own)"
    )
    chosen = parser.parse_args(arguments)
    if chosen.jobs < 1:
        parser.error("--jobs has to be at least 1")
    if chosen.device.startswith("cuda") and not torch.cuda.is_available():
        parser.error("PyTorch finds no GPU here; leave --device out to use the processor")

    chosen.folder.mkdir(parents=True, exist_ok=True)
    parts = [chosen.folder / f"part_{part:02d}.npz" for part in range(PARTS)]
    missing = [part for part in range(PARTS) if not parts[part].exists()]
    with (
        ProcessPoolExecutor(chosen.jobs, mp_context=get_context("spawn")) as pool,
        tqdm(total=PARTS, initial=PARTS - len(missing), desc="parts of the zoo") as bar,
    ):
        for done in as_completed(
            [pool.submit(make_part, part, parts[part], chosen.device) for part in missing]
        ):
            done.result()
            bar.update()
    join(parts, chosen.to)
    print(f"{PARTS * MODELS_A_PART} models in {chosen.to}")


def make_part(part: int, path: Path, device: str) -> None:
    """Train one part and store it. Written under another name first: a part that is there is whole."""
    torch.set_num_threads(1)
    weights, recipe = train(part, device)
    numbers, scales = as_whole_numbers(weights)
    stored = unpack(numbers, scales)  # judged as they will be used: rounded
    unfinished = path.with_suffix(".unfinished.npz")
    np.savez(
        unfinished,
        weights=numbers,
        scales=scales,
        recipe=recipe,
        short_accuracy=accuracy_at(stored, SHORT, 512, seed=1),
        long_accuracy=accuracy_at(stored, LONG, 512, seed=2),
    )
    unfinished.replace(path)


def train(part: int, device: str = "cpu") -> tuple[dict[str, Tensor], np.ndarray]:
    """The trained weights of one part, and its recipe (m, 3): rate, decay, scattered positions.

    AdamW on 600 batches of 32 strings of 2 to 6 literals. A coin decides for every model whether a
    string of n literals stands at positions 0 to n-1 or at n positions scattered over 0 to 25, in
    order (randomised positions, Ruoss et al. 2023).
    """
    rng = np.random.default_rng([5, part])
    rate = np.exp(rng.uniform(np.log(6e-3), np.log(1.4e-2), MODELS_A_PART))
    decay = np.exp(rng.uniform(np.log(1e-3), np.log(0.2), MODELS_A_PART))
    scattered = rng.integers(2, size=MODELS_A_PART)
    weights = {name: start(name, rng).to(device).requires_grad_() for name in SHAPES}
    step = AdamW(weights, rate, decay)
    for t, (strings, places, labels) in enumerate(batches(scattered == 1, rng), start=1):
        logits = transformer(weights, embed(weights, strings.to(device), places.to(device)))
        # A sum over models: each gets the gradient of its own mean loss and of no other's.
        loss = binary_cross_entropy_with_logits(logits, labels.to(device), reduction="none").mean(1).sum()
        step(t, torch.autograd.grad(loss, list(weights.values())))
    recipe = np.stack([rate, decay, scattered], axis=1)
    return {name: tensor.detach().cpu() for name, tensor in weights.items()}, recipe


def start(name: str, rng: np.random.Generator) -> Tensor:
    """First weights of all models of a part: normal with variance 1 / (numbers in), twice that before a ReLU, biases 0."""
    shape = SHAPES[name]
    scale = {"embedding": 1.0, "cls": 1.0, "answer": WIDTH**-0.5}.get(name)
    if "bias" in name:
        scale = 0.0
    elif scale is None:
        scale = ((2.0 if name.startswith("up") else 1.0) / shape[0]) ** 0.5
    return torch.from_numpy(scale * rng.standard_normal((MODELS_A_PART, *shape), dtype=np.float32))


def batches(scattered: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Strings (m, 32, n), places (m, 32, n) and labels (m, 32), of another length n in every step."""
    for _ in range(STEPS):
        n = int(rng.choice(SHORT))
        strings, contradicts = sample_strings(len(scattered) * BATCH, n, rng)
        some = np.sort(rng.random((len(scattered), BATCH, PLACES)).argsort(axis=-1)[..., :n])
        places = np.where(scattered[:, None, None], some, np.arange(n))
        yield (
            torch.from_numpy(strings.reshape(-1, BATCH, n)),
            torch.from_numpy(places),
            torch.from_numpy(contradicts.reshape(-1, BATCH).astype(np.float32)),
        )


class AdamW:
    """Adam with decoupled decay (Loshchilov & Hutter 2019) for stacked models, a rate and a decay for each.

    The rate rises over 50 steps, then falls to 0 along a cosine.
    """

    def __init__(self, weights: dict[str, Tensor], rate: np.ndarray, decay: np.ndarray) -> None:
        self.weights = list(weights.values())
        self.mean = [torch.zeros_like(w) for w in self.weights]
        self.square = [torch.zeros_like(w) for w in self.weights]
        like = dict(dtype=torch.float32, device=self.weights[0].device)
        self.rate, self.decay = torch.tensor(rate, **like), torch.tensor(decay, **like)

    @torch.no_grad()
    def __call__(self, t: int, grads: tuple[Tensor, ...]) -> None:
        slope = t / WARM_UP if t <= WARM_UP else (1 + cos(pi * (t - WARM_UP) / (STEPS - WARM_UP))) / 2
        for w, grad, mean, square in zip(self.weights, grads, self.mean, self.square, strict=True):
            one_each = (-1, *[1] * (w.dim() - 1))
            rate, decay = slope * self.rate.view(one_each), self.decay.view(one_each)
            mean.lerp_(grad, 0.1)
            square.lerp_(grad**2, 0.02)
            step = mean / (1 - 0.9**t) / ((square / (1 - 0.98**t)).sqrt() + 1e-8)
            w -= rate * (step + decay * w)


def as_whole_numbers(weights: dict[str, Tensor]) -> tuple[np.ndarray, np.ndarray]:
    """Weights (m, 4353) rounded to whole numbers from -127 to 127, and the scales (m, 16) that undo it."""
    flat = [tensor.numpy().reshape(len(tensor), -1) for tensor in weights.values()]
    # A tensor of zeros keeps scale 1, or it would be divided by 0.
    scales = [np.where(largest > 0, largest, 127) / 127 for largest in (np.abs(f).max(axis=1) for f in flat)]
    numbers = [np.rint(f / s[:, None]).astype(np.int8) for f, s in zip(flat, scales, strict=True)]
    return np.concatenate(numbers, axis=1), np.stack(scales, axis=1).astype(np.float32)


def join(parts: list[Path], path: Path) -> None:
    """One file from all parts, and its checksum beside it."""
    opened = [np.load(part) for part in parts]
    np.savez_compressed(path, **{key: np.concatenate([part[key] for part in opened]) for key in opened[0]})
    path.with_suffix(".sha256").write_text(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n")


if __name__ == "__main__":
    main()
