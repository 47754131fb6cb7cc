"""A thousand small Transformers that judge strings of logic, run side by side with stacked weights.

Every weight has the models as its first axis, so one call runs all of them. In ``einsum`` letters:
m model, n string, t and s tokens, h head, d and e features, v literal.

torch is imported inside the functions: the exercises of every lesson load this file, and most
lessons do without torch.
"""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from course_utils.beds.zoo.strings import sample_strings

if TYPE_CHECKING:
    from torch import Tensor

WIDTH, HEADS, HIDDEN = 16, 2, 32
SHAPES = {  # of one model's weights, 4353 numbers in all
    "embedding": (8, WIDTH),
    "cls": (WIDTH,),  # the token in front of every string, from which the answer is read
    "qkv 1": (WIDTH, 3 * WIDTH),
    "mix 1": (WIDTH, WIDTH),
    "up 1": (WIDTH, HIDDEN),
    "up bias 1": (HIDDEN,),
    "down 1": (HIDDEN, WIDTH),
    "down bias 1": (WIDTH,),
    "qkv 2": (WIDTH, 3 * WIDTH),
    "mix 2": (WIDTH, WIDTH),
    "up 2": (WIDTH, HIDDEN),
    "up bias 2": (HIDDEN,),
    "down 2": (HIDDEN, WIDTH),
    "down bias 2": (WIDTH,),
    "answer": (WIDTH,),
    "answer bias": (),
}
SHORT, LONG = (2, 3, 4, 5, 6), (12, 16, 20, 24)  # lengths in training; lengths never seen
GENERALIZES = 0.9  # mean accuracy on the long strings from which a model counts as a generalizer

# ---------------------------------------------------------------- the Transformer, for many models at once


def positions(places: "int | Tensor") -> "Tensor":
    """What is added to a token to say where it stands: shape (..., WIDTH) for ``places`` (...), or 0 to n-1.

    Sines and cosines of eight wavelengths (Vaswani et al. 2017), 1.5 times as large as there.
    """
    import torch

    if isinstance(places, int):
        places = torch.arange(places)
    frequencies = 100.0 ** (-torch.arange(0, WIDTH, 2, device=places.device) / WIDTH)
    angles = places[..., None] * frequencies
    return 1.5 * torch.stack([angles.sin(), angles.cos()], dim=-1).flatten(-2)


def embed(weights: "dict[str, Tensor]", strings: "Tensor", places: "int | Tensor") -> "Tensor":
    """Literals as vectors, positions added: (m, n, t, WIDTH) from ``strings`` (m, n, t), its own for each model."""
    models, count, length = strings.shape
    rows = strings.reshape(models, -1, 1).expand(-1, -1, WIDTH)
    return weights["embedding"].gather(1, rows).view(models, count, length, WIDTH) + positions(places)


def norm(x: "Tensor") -> "Tensor":
    """Layer norm without weights: every token gets mean 0 and variance 1 over its features."""
    from torch.nn.functional import layer_norm

    return layer_norm(x, x.shape[-1:])


def attention(asking: "Tensor", x: "Tensor", weights: "dict[str, Tensor]", layer: int) -> "Tensor":
    """Tokens ``asking`` (m, n, s, d) look at tokens ``x`` (m, n, t, d). Returns (m, n, s, d).

    Scaled dot-product attention with two heads (Vaswani et al. 2017, equation 1).
    """
    from torch import einsum

    def heads(y: "Tensor", W: "Tensor") -> "Tensor":
        return einsum("mntd,mde->mnte", y, W).unflatten(-1, (-1, WIDTH // HEADS)).transpose(2, 3)

    qkv = weights[f"qkv {layer}"]
    q = heads(asking, qkv[:, :, :WIDTH] * (WIDTH // HEADS) ** -0.5)
    k, v = heads(x, qkv[:, :, WIDTH:]).chunk(2, dim=2)
    looks = (q @ k.transpose(-1, -2)).softmax(-1)  # (m, n, h, s, t): how much token s looks at token t
    return einsum("mntd,mde->mnte", (looks @ v).transpose(2, 3).flatten(-2), weights[f"mix {layer}"])


def feed_forward(x: "Tensor", weights: "dict[str, Tensor]", layer: int) -> "Tensor":
    """Two linear layers with a ReLU between, on every token alone: (m, n, t, d) to (m, n, t, d)."""
    from torch import einsum

    up, up_bias, down, down_bias = (
        weights[f"{name} {layer}"] for name in ("up", "up bias", "down", "down bias")
    )
    hidden = (einsum("mntd,mde->mnte", x, up) + up_bias[:, None, None]).relu()
    return einsum("mnte,med->mntd", hidden, down) + down_bias[:, None, None]


def transformer(weights: "dict[str, Tensor]", x: "Tensor") -> "Tensor":
    """The answer of every model to every query, from its tokens: above 0 it says "contradiction".

    weights: a dictionary of stacked weights: "cls" (m, d), "answer" (m, d), "answer bias" (m,), and
    those that attention and feed_forward use. x: tokens with their positions, shape (m, n, t, d).
    cls comes in front, then layer 1 and layer 2; the answer is norm(cls token) · "answer" + "answer bias".
    Return the logits, shape (m, n), so that gradient flows back to x.
    """
    from torch import cat, einsum

    m, n, t, d = x.shape
    cls = weights["cls"][:, None, None].expand(m, n, 1, d)
    x = cat([cls, x], dim=2)
    for layer in (1, 2):
        normed = norm(x)
        if layer == 2:  # only cls is read at the end, so only cls has to ask
            x = x[:, :, :1]
        x = x + attention(normed[:, :, : x.shape[2]], normed, weights, layer)
        x = x + feed_forward(norm(x), weights, layer)
    return einsum("mnd,md->mn", norm(x[:, :, 0]), weights["answer"]) + weights["answer bias"][:, None]


def answers(weights: "dict[str, Tensor]", strings: np.ndarray) -> "Tensor":
    """The answer of every model to every one of ``strings`` (n, t): logits (m, n), without gradients."""
    import torch

    logits = []
    with torch.no_grad():
        for first in range(0, len(weights["cls"]), 20):  # all at once would take gigabytes
            some = {name: tensor[first : first + 20] for name, tensor in weights.items()}
            together = torch.from_numpy(strings).expand(len(some["cls"]), -1, -1)
            logits.append(transformer(some, embed(some, together, strings.shape[1])))
    return torch.cat(logits)


def accuracy_at(weights: "dict[str, Tensor]", lengths: tuple[int, ...], count: int, seed: int) -> np.ndarray:
    """Mean accuracy of every model over ``count`` strings of each length: shape (m,)."""
    rng = np.random.default_rng(seed)
    correct = []
    for length in lengths:
        strings, contradicts = sample_strings(count, length, rng)
        correct.append(((answers(weights, strings).numpy() > 0) == contradicts).mean(axis=1))
    return np.mean(correct, axis=0)


# ---------------------------------------------------------------- the zoo as it is shipped


@dataclass(frozen=True)
class Zoo:
    """Models 0 to len(zoo)-1: their stacked weights, and what is known about each (arrays, one entry a model)."""

    weights: "dict[str, Tensor]"
    long_accuracy: np.ndarray  # on strings of 12, 16, 20 and 24 literals, 512 of each
    short_accuracy: np.ndarray  # on strings as in training, 512 of each length
    recipe: (
        np.ndarray
    )  # (m, 3): learning rate, weight decay, and 1 if it was trained with scattered positions

    def __len__(self) -> int:
        return len(self.long_accuracy)

    def __getitem__(self, rows: np.ndarray) -> "Zoo":
        """A zoo of the models ``rows`` only."""
        return Zoo(
            {name: tensor[rows] for name, tensor in self.weights.items()},
            self.long_accuracy[rows],
            self.short_accuracy[rows],
            self.recipe[rows],
        )

    @property
    def generalizer(self) -> np.ndarray:
        """Which models also work on strings longer than any they saw: shape (m,), True or False."""
        return self.long_accuracy >= GENERALIZES


def unpack(numbers: np.ndarray, scales: np.ndarray) -> "dict[str, Tensor]":
    """Weights by name from whole numbers (m, 4353) and the scale of each tensor of each model (m, 16)."""
    import torch

    ends = np.cumsum([prod(shape) for shape in SHAPES.values()])
    return {
        name: torch.from_numpy((scale[:, None] * n).reshape(-1, *shape))
        for (name, shape), n, scale in zip(
            SHAPES.items(), np.split(numbers, ends[:-1], axis=1), scales.T, strict=True
        )
    }


ZOO_FILE = Path(str(files("course_utils") / "datasets" / "zoo.npz"))


def load_zoo(path: Path = ZOO_FILE) -> Zoo:
    """The 1000 labelled models that come with the course. Recipe and licence: ``datasets/README.md``.

    Weights are stored as whole numbers from -127 to 127 and one scale for each tensor of each model;
    all accuracies were measured on the weights as they are stored.
    Raises ValueError, saying what to do, when the file is missing or damaged.
    """
    mend = "Get it again with `git checkout course_utils/datasets`, or make it anew with `python -m making.build_zoo`."
    try:
        content = path.read_bytes()
        wanted = path.with_suffix(".sha256").read_text().split()[0]
    except (OSError, IndexError) as error:
        raise ValueError(f"The file of the zoo, {path}, cannot be read ({error}). {mend}") from None
    if hashlib.sha256(content).hexdigest() != wanted:
        raise ValueError(
            f"The file of the zoo, {path}, is damaged: its checksum is not the stored one. {mend}"
        )

    with np.load(path) as stored:
        weights = unpack(stored["weights"], stored["scales"])
        return Zoo(weights, stored["long_accuracy"], stored["short_accuracy"], stored["recipe"])


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """How well scores (n,) put the labelled ones (n,) above the others: 1 always, 0.5 by chance.

    The share of pairs, one labelled and one not, in which the labelled one scores higher; ties count half.
    """
    scores, labels = np.asarray(scores, dtype=float), np.asarray(labels, dtype=bool)
    difference = scores[labels][:, None] - scores[~labels]
    return float((np.sign(difference) / 2 + 0.5).mean())
