"""A ravine of two weights, 25 times steeper across than along, and a race of update rules in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

STEEP = np.array([1.0, 25.0])
MARK = 1e-4  # the race is to a ten-thousandth of the loss

# (start, steps, *setting) -> all points on the way, shape (steps + 1, 2)
Walk = Callable[..., np.ndarray]


def ravine(theta: np.ndarray, steep: np.ndarray = STEEP) -> np.ndarray:
    """Loss at theta (..., 2): ½ (θ₀² + 25 θ₁²), or with other ``steep`` (2,) than (1, 25)."""
    return 0.5 * (steep * theta**2).sum(axis=-1)


def shares_left(path: np.ndarray, steep: np.ndarray = STEEP) -> np.ndarray:
    """The share of the first loss that is left at each point of a path (n, 2): shape (n,)."""
    loss = ravine(path, steep)
    return loss / loss[0]


# Those who race: rule -> twelve settings, (rate, momentum) or (rate, β₁). Each rate is 1.6 times the last, but for
# the last rule's, which are 3.4 times apart.
CAREFUL_TO_HIGH = np.geomspace(0.001, 0.2, 12)
RACERS: dict[str, list[tuple[float, float]]] = {
    "plain SGD": [(float(rate), 0.0) for rate in CAREFUL_TO_HIGH],
    "momentum": [(float(rate), momentum) for momentum in (0.3, 0.5, 0.7) for rate in CAREFUL_TO_HIGH[-4:]],
    "Adam": [(float(rate), beta1) for beta1 in (0.5, 0.7, 0.9) for rate in np.geomspace(0.15, 0.64, 4)],
    "momentum 0.9": [(float(rate), 0.9) for rate in CAREFUL_TO_HIGH],
    "Adam, β₁ = 0.9": [(float(rate), 0.9) for rate in np.geomspace(0.05, 10, 12)],
    "Adam, rates further apart": [
        (float(rate), beta1) for beta1 in (0.5, 0.7, 0.9) for rate in np.geomspace(0.05, 2, 4)
    ],
}


def grid(settings: Sequence[tuple[float, float]]) -> str:
    """The rates of ``settings`` in a few words: from, to, and the factor from one to the next."""
    rates = sorted({rate for rate, _ in settings})
    factor = (rates[-1] / rates[0]) ** (1 / (len(rates) - 1))
    return f"{len(rates)} rates, {rates[0]:.2g} to {rates[-1]:.2g}, ×{factor:.1f}"


@dataclass(frozen=True)
class Arrival:
    """Steps until a path is first below the mark, and until it stays below."""

    first: int
    stays: int


def arrival(path: np.ndarray, steep: np.ndarray = STEEP) -> Arrival:
    """When a path (n, 2) arrives; n − 1 where it does not."""
    below = shares_left(path, steep) < MARK  # NaN is not below
    most = len(path) - 1
    return Arrival(
        int(below.argmax()) if below.any() else most,
        min(int(np.flatnonzero(~below)[-1]) + 1, most),
    )


@dataclass(frozen=True)
class Raced:
    """A tuned walk on ten fresh starts: the setting chosen, the median steps until it is first below and stays below.

    ``out_again`` is on how many of the ten it was above the mark once more, over a hundred steps after the first.
    """

    setting: tuple[Any, ...]
    first: float
    stays: float
    out_again: int


def starts(count: int = 20, steep: np.ndarray = STEEP) -> np.ndarray:
    """Points around the bottom, each with about as much loss from along as from across: shape (count, 2)."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, count)
    return np.stack([8 * np.cos(angles), 10 / np.sqrt(steep[1]) * np.sin(angles)], axis=1)


def race(
    walk: Walk,
    settings: Sequence[tuple[Any, ...]],
    steps: int = 300,
    timed: int = 1000,
    steep: np.ndarray = STEEP,
) -> Raced:
    """Choose the setting that stays below soonest on ten starts, in ``steps``, then time it on ten others.

    ``steep`` (2,) is of the ravine in which ``walk`` walks; the starts have as much loss from across as from along.
    """
    choosing, timing = np.split(starts(steep=steep), 2)
    needed = [
        np.mean([arrival(walk(start, steps, *setting), steep).stays for start in choosing])
        for setting in settings
    ]
    best = settings[int(np.argmin(needed))]
    arrived = [arrival(walk(start, timed, *best), steep) for start in timing]
    return Raced(
        tuple(best),
        float(np.median([one.first for one in arrived])),
        float(np.median([one.stays for one in arrived])),
        sum(one.stays > one.first + 100 for one in arrived),
    )
