"""Unknown tails g for the lessons to train through, handed out inside a ``BlackBox``.

Each function makes a g, which takes h (N, k) and returns an array with N rows; smooth_tail and rough_tail
return it as a Network, whose ``forward`` is g. Those that read digits were trained behind a front that is
then thrown away; the front to train starts from random weights. With a list of S seeds the Network is S
tails at once, from h (S, N, k).
"""

from collections.abc import Callable, Sequence

import numpy as np

from course_utils.beds.data import Digits, batches, digits
from course_utils.engine.nn import Layer, Linear, Network, ReLU, Seed, Tanh, softmax_cross_entropy
from course_utils.engine.update import Adam

Tail = Callable[[np.ndarray], np.ndarray]  # h (N, k) to one row of outputs for each

SIDE = 12  # of the pictures that ``draw_bars`` draws


def centred_digits() -> Digits:
    """The handwritten digits minus the mean training image, times 2: what fronts and tails here work on."""
    parts = digits()
    mean = parts.x_train.mean(axis=0)
    return Digits(*(2 * (part - mean) if part.ndim == 2 else part for part in parts))


def smooth_tail(seed: Seed, k: int = 16, epochs: int = 40) -> Network:
    """Logits (N, 10) of a network k → 32 tanh → 10."""
    return trained_network(seed, k, [Linear(k, 32), Tanh(), Linear(32, 10)], epochs=epochs)[1]


def rough_tail(seed: Seed) -> Network:
    """Logits (N, 10) of 16 → 64 tanh → 64 tanh → 10: two random layers with weights ten times as steep as usual,
    never trained, and a linear layer trained on top of them."""
    layers = [Linear(16, 64), Tanh(), Linear(64, 64), Tanh(), Linear(64, 10)]
    return trained_network(seed, 16, layers, steepness=10.0)[1]


def trained_network(
    seed: Seed, k: int, tail: list[Layer], steepness: float | None = None, epochs: int = 40
) -> tuple[Network, Network]:
    """A front 64 → 48 → k and a tail, trained together on the digits (Adam, rate 0.002).

    With a ``steepness``, all layers of the tail but its last keep their random weights, that many times
    larger than usual.
    """
    d = centred_digits()
    doubled = 2 * np.asarray(seed)
    front = Network(Linear(64, 48), ReLU(), Linear(48, k), Tanh(), seed=doubled)
    tail = Network(**{f"part{i}": [layer] for i, layer in enumerate(tail)}, seed=doubled + 1)
    if steepness is not None:
        last = list(tail.groups)[-1]
        tail.theta *= np.where(tail.mask(last), 1, steepness)
        tail.train_only(last)
    rules = Adam(2e-3), Adam(2e-3)
    for x, y in batches(d.x_train, d.y_train, epochs=epochs, size=64, seed=seed):
        logits = tail.forward(front.forward(x))
        front.backward(tail.backward(softmax_cross_entropy(logits, y)[1], need_grad_x=True))
        for rule, net in zip(rules, (front, tail), strict=True):
            rule.step(net.theta, net.grad)
    return front, tail


def fern_tail(seed: int, ferns: int = 200) -> Tail:
    """Log-probabilities (N, 10) of random ferns (Özuysal et al. 2010): steps everywhere, a slope nowhere.

    A fern asks six yes-or-no questions, "is this entry of h above this threshold?", and looks up
    how often each class gave the same answers. Counts start at 1; the ferns' log-probabilities are averaged.
    """
    d, rng, k, splits = centred_digits(), np.random.default_rng(seed), 16, 6
    h = trained_network(seed, k, [Linear(k, 32), Tanh(), Linear(32, 10)])[0].forward(d.x_train)
    entry = rng.integers(k, size=(ferns, splits))
    threshold = h[rng.integers(len(h), size=(ferns, splits)), entry]
    digit = 2 ** np.arange(splits)

    def cells(h: np.ndarray) -> np.ndarray:
        """Which of its 2^splits cells each fern puts each h into: (N, ferns)."""
        return (h[:, entry] > threshold) @ digit

    counts = np.ones((ferns, 2**splits, 10))
    for fern, column in enumerate(cells(h).T):
        np.add.at(counts[fern], (column, d.y_train), 1)
    table = np.log(counts / counts.sum(axis=2, keepdims=True))
    return lambda h: table[np.arange(ferns), cells(h)].mean(axis=1)


def side_by_side(gs: Sequence[Tail]) -> Tail:
    """S tails as one, from h (S, N, k): the first for the first front, and so on."""
    return lambda h: np.stack([g(part) for g, part in zip(gs, h, strict=True)])


def only_on_grid(g: Tail, step: float) -> Tail:
    """g, which refuses an h (N, k) whose entries are not multiples of ``step``: ValueError."""

    def strict(h: np.ndarray) -> np.ndarray:
        if np.abs(h - step * np.round(h / step)).max() > 1e-9:
            raise ValueError(f"this tail takes only multiples of {step}")
        return g(h)

    return strict


def draw_bars(h: np.ndarray) -> np.ndarray:
    """A renderer: h (..., 5) to pictures (..., 144) of 12 x 12 pixels from 0 to 1, a bright bar on black.

    The five numbers, squashed by tanh, are the bar's place across and down, its angle, length and width.
    Its edge is soft.
    """
    across, down, angle, length, width = np.moveaxis(np.tanh(h), -1, 0)[..., None]
    at = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    u, v = (part.ravel() for part in np.meshgrid(at, at))  # pixel centres, across and down
    u, v = u - 0.5 * across, v - 0.5 * down
    cos, sin = np.cos(np.pi / 2 * angle), np.sin(np.pi / 2 * angle)
    along, beside = np.abs(u * cos + v * sin), np.abs(v * cos - u * sin)
    inside = np.minimum(
        0.5 + 0.25 * length - along, 0.2 + 0.1 * width - beside
    )  # distance to the nearest edge
    return 1 / (1 + np.exp(-12 * inside))
