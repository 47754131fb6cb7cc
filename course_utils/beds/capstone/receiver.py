"""The task of lesson 13, in which every symbol of the update matters.

A receiver is f, five layers in four groups, behind which stands an unknown tail g:

    recording x (N, 1, 96) → stage → filter → body → new → h (N, 8) → g → logits (N, 3)

The *stage* is soldered into many receivers and must stay what it is. The *filter* was replaced by one
that lets everything through, and must become and stay low-pass. The *body* was trained on slower tones,
with thousands of labels. *new* has random weights. In the recordings with labels a hum gives the class
away; elsewhere it is random.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

import numpy as np

from course_utils.beds.data import tones
from course_utils.beds.unknown.tails import Tail
from course_utils.engine import structure, train
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.layers import Conv1d, Filter, MeanOverPositions
from course_utils.engine.nn import Layer, Linear, Network, ReLU, Tanh
from course_utils.engine.update import SGD, Adam

LABELS, BUDGET = 60, 1200  # recordings with a label; queries to g
K = 8  # numbers in h, between f and g
CHANNELS, TAPS, CUTOFF = 4, 21, 8 / 64  # of the filter; cut-off in cycles a sample
LOW_PASS = structure.slepian(TAPS, CUTOFF)[:, :5]  # the kernels that count as low-pass are its span
STOP_BAND = structure.stop_band(TAPS, CUTOFF)
LEAK = 0.08  # the share in the stop band that a trained filter stays below
SMALL = 10  # by how much the body's features are smaller than they would be by themselves


class Task(NamedTuple):
    """A receiver f to train, its tail in a box with a budget, and the few recordings x (60, 1, 96) with labels y."""

    front: Network
    box: BlackBox
    x: np.ndarray
    y: np.ndarray


def task(seed: int, budget: int = BUDGET) -> Task:
    """The 60 recordings, new weights and filter noise of this seed; stage, body, g and what is hidden are all seeds'."""
    x, y = recordings(LABELS, 2000 + seed, "tied")
    return Task(new_front(seed), BlackBox(unknown_tail(), budget=budget, chunk=10_000), x, y)


def recordings(count: int, seed: int, hum: str) -> tuple[np.ndarray, np.ndarray]:
    """x (count, 1, 96), y (count,): ``data.tones`` with a hum twice as loud, "tied" to the class or "random"."""
    x, y = tones(count, seed, hum, hum=2.0)
    return x.astype(np.float32), y


def layers(head: list[Layer]) -> dict[str, list[Layer]]:
    """The groups of a receiver."""
    return {
        "stage": [Conv1d(1, CHANNELS, 7), ReLU()],
        "filter": [Filter(CHANNELS, TAPS)],
        "body": [ReLU(), Conv1d(CHANNELS, 8, 9), ReLU(), MeanOverPositions()],
        "new": head,
    }


@cache
def source() -> Network:
    """A receiver trained on 4000 slower tones (1, 3 or 5 cycles) without any hum.

    Its last convolution is then divided by 10, which a head ten times larger would undo: the features
    come in small numbers, and the weights that make them are small.
    """
    net = Network(**layers([Linear(8, 3)]), dtype=np.float32)
    fit(net, *tones(4000, 1000, "absent", cycles=(1, 3, 5)), Adam(0.01), steps=400)
    convolution = net.layers[4]
    convolution.W, convolution.b = convolution.W / SMALL, convolution.b / SMALL
    return net


@cache
def unknown_tail() -> Tail:
    """g: what follows h in another receiver, which was trained on recordings with a random hum."""
    tail = [Linear(K, 16), Tanh(), Linear(16, 3)]
    net = Network(**layers([Linear(8, K), *tail]), seed=50, dtype=np.float32)
    net.theta = low_pass(net)(net.theta)
    x, y = recordings(4000, 1050, "random")
    fit(net, x, y, Adam(0.01, projection=low_pass(net)), steps=600, seed=50)
    W, b, V, c = (np.array(weights, float) for weights in (tail[0].W, tail[0].b, tail[2].W, tail[2].b))
    return lambda h: np.tanh(h @ W + b) @ V + c


def fit(net: Network, x: np.ndarray, y: np.ndarray, rule: SGD, steps: int, seed: int = 0) -> None:
    """Train in place on batches of 32 with labels to spare; the rate falls to a fifth after 70 % of the steps."""
    rng = np.random.default_rng(seed)

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for step in range(steps):
            if step == steps * 7 // 10:
                rule.rate = rule.rate / 5
            rows = rng.integers(len(x), size=32)
            yield x[rows], y[rows]

    train.fit(net, rule, batches())


def new_front(seed: int) -> Network:
    """The receiver to train: stage and body of the source, a filter that lets all through, random weights in "new".

    A kernel is a 1 in its middle and a little noise.
    """
    net = Network(**layers([Linear(8, K)]), seed=100 + seed, dtype=np.float32)
    kernels = 0.3 * net.theta[net.groups["filter"]].reshape(CHANNELS, TAPS)
    kernels[:, TAPS // 2] += 1
    net.theta[net.groups["filter"]] = kernels.ravel()
    for name in ("stage", "body"):
        net.theta[net.groups[name]] = source().theta[net.groups[name]]
    return net


def low_pass(net: Network) -> Callable[[np.ndarray], np.ndarray]:
    """Π: theta (P,) with each kernel of the filter replaced by the nearest low-pass one, the rest as it is."""
    part = net.groups["filter"]

    def projection(theta: np.ndarray) -> np.ndarray:
        theta = np.array(theta)
        theta[part] = structure.project_kernels(theta[part].reshape(CHANNELS, TAPS), LOW_PASS).ravel()
        return theta

    return projection


def stop_band_gradient(net: Network, strength: float) -> Callable[[np.ndarray], np.ndarray]:
    """λ∇R: for theta (P,), ``strength`` times the gradient of the filter's share in the stop band; 0 elsewhere."""
    part = net.groups["filter"]

    def penalty(theta: np.ndarray) -> np.ndarray:
        vector = np.zeros_like(theta)
        kernels = theta[part].reshape(CHANNELS, TAPS)
        vector[part] = strength * structure.stop_band_share(kernels, STOP_BAND)[1].ravel()
        return vector

    return penalty


def stop_band_share(net: Network) -> float:
    """The share of the filter's energy above the cut-off, 0 to 1."""
    return structure.stop_band_share(net.theta[net.groups["filter"]].reshape(CHANNELS, TAPS), STOP_BAND)[0]


def new_surrogate(seed: int) -> Network:
    """A surrogate before it knows anything: h (N, 8) → 32 tanh → logits (N, 3)."""
    return Network(Linear(K, 32), Tanh(), Linear(32, 3), seed=seed)


@cache
def heard(part: str) -> tuple[np.ndarray, np.ndarray]:
    """Recordings to measure on: "validation" and "test" have a random hum, "like training" a tied one."""
    sizes = {"validation": (400, 100, "random"), "test": (500, 200, "random")}
    return recordings(*sizes.get(part, (300, 300, "tied")))


def exchanged(seed: int, copies: int = 1, beyond: float = 14.0) -> tuple[np.ndarray, np.ndarray]:
    """The 60 recordings of this seed, each with what lies beyond 14 cycles of another one: x (60, 1, 96), y (60,).

    Cycles are counted in 64 samples, as the hum's 18, 22 and 26 are. The class is that of the low part.
    With ``copies``, that many draws of the others, one below the other.
    """
    x, y = recordings(LABELS, 2000 + seed, "tied")
    spectrum = np.fft.rfft(x, axis=-1)
    cycles = np.arange(spectrum.shape[-1]) * 64 / x.shape[-1]
    rng = np.random.default_rng(seed)
    others = [spectrum[rng.permutation(len(x))] for _ in range(copies)]
    mixed = np.concatenate([np.where(cycles < beyond, spectrum, other) for other in others])
    return np.fft.irfft(mixed, n=x.shape[-1], axis=-1).astype(x.dtype), np.tile(y, copies)


def reads(front: Network, x: np.ndarray, y: np.ndarray) -> float:
    """The share of recordings x (N, 1, 96) that g reads right behind this front."""
    return float(np.mean(unknown_tail()(front.forward(x)).argmax(axis=1) == y))


def accuracy(front: Network, part: str) -> float:
    """The share of a ``heard`` part that g reads right behind this front. Measuring is not training: nobody counts it."""
    return reads(front, *heard(part))


class WrongGradient(ValueError):
    """What is wrong with an entry of the lesson's GRADIENTS, in one sentence."""


def filled(gradients: Iterator[None], front: Network) -> Iterator[None]:
    """Go through an entry of GRADIENTS, and see that at every step it fills ``front.grad`` and does nothing else.

    Raises WrongGradient when it is no generator, when gradient or weights are no numbers, or when it
    changes ``front.theta``.
    """
    if not isinstance(gradients, Iterator):
        raise WrongGradient(
            "your entry of GRADIENTS is no generator: for each step, call front.backward and then yield."
        )
    before = front.theta.copy()
    for step, _ in enumerate(gradients, start=1):
        if not np.isfinite(front.grad).all():
            raise WrongGradient(f"the gradient of step {step} holds NaN or infinity.")
        if not np.array_equal(front.theta, before):
            raise WrongGradient(
                f"at step {step} your gradient changes front.theta: it fills front.grad, and the loop takes the step."
            )
        yield
        before = front.theta.copy()
        if not np.isfinite(before).all():
            raise WrongGradient(f"step {step} leaves NaN or infinity in theta: try smaller rates.")


def measure(trained: Mapping[int, tuple[Network, int]]) -> dict[str, np.ndarray]:
    """For receivers by seed, each with its queries left: arrays with one entry a seed.

    "validation", "test", "like training", "exchanged": the shares that g reads right. "body moved": how far the body
    went from where it was, as a part of its length. "leak": the ``stop_band_share``. "left": the queries.
    "breaks": the ``broken_demand``.
    """
    found: dict[str, list[Any]] = {
        part: [accuracy(front, part) for front, _ in trained.values()]
        for part in ("validation", "test", "like training")
    }
    found["exchanged"] = [reads(front, *exchanged(seed)) for seed, (front, _) in trained.items()]
    body = source().theta[new_front(0).groups["body"]]
    found["body moved"] = [
        np.linalg.norm(front.theta[front.groups["body"]] - body) / np.linalg.norm(body)
        for front, _ in trained.values()
    ]
    found["leak"] = [stop_band_share(front) for front, _ in trained.values()]
    found["left"] = [left for _, left in trained.values()]
    found["breaks"] = [broken_demand(front) for front, _ in trained.values()]
    return {what: np.array(values) for what, values in found.items()}


def broken_demand(front: Network) -> str:
    """The first demand of the task that a trained receiver does not meet, in a sentence; "" if it meets all.

    The budget is not asked for: a BlackBox refuses the first query beyond it.
    """
    stage = front.groups["stage"]
    if not np.array_equal(front.theta[stage], source().theta[stage]):
        return "the stage is not bitwise what it was."
    if not stop_band_share(front) < LEAK:
        return (
            f"the filter leaks {stop_band_share(front):.0%}; less than {LEAK:.0%} may lie beyond the cut-off."
        )
    return ""
