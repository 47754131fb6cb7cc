"""A ravine of two weights, 25 times steeper across than along, and a race of update rules in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

STEEP = np.array([1.0, 25.0])
MARK = 1e-4  # the race is to a ten-thousandth of the loss

# (start, steps, *setting) -> all points on the way, shape (steps + 1, 2)
Walk = Callable[..., np.ndarray]


def ravine(theta: np.ndarray) -> np.ndarray:
    """Loss at theta (..., 2): ½ (θ₀² + 25 θ₁²)."""
    return 0.5 * (STEEP * theta**2).sum(axis=-1)


def shares_left(path: np.ndarray) -> np.ndarray:
    """The share of the first loss that is left at each point of a path (n, 2): shape (n,)."""
    loss = ravine(path)
    return loss / loss[0]


@dataclass(frozen=True)
class Arrival:
    """Steps until a path is first below the mark, and until it is below for good."""

    first: int
    for_good: int


def arrival(path: np.ndarray) -> Arrival:
    """When a path (n, 2) arrives; n − 1 where it does not."""
    below = shares_left(path) < MARK  # NaN is not below
    most = len(path) - 1
    return Arrival(
        int(below.argmax()) if below.any() else most,
        min(int(np.flatnonzero(~below)[-1]) + 1, most),
    )


@dataclass(frozen=True)
class Raced:
    """A tuned walk: the setting chosen, and the mean steps on fresh starts, until first below and for good."""

    setting: tuple[float, ...]
    first: float
    for_good: float


def starts(count: int = 20) -> np.ndarray:
    """Points around the bottom, each with about as much loss from along as from across: shape (count, 2)."""
    angles = np.random.default_rng(0).uniform(0, 2 * np.pi, count)
    return np.stack([8 * np.cos(angles), 2 * np.sin(angles)], axis=1)


def race(walk: Walk, settings: Sequence[tuple[float, ...]], steps: int = 300) -> Raced:
    """Choose the setting that arrives for good soonest on ten starts, then time it on ten others."""
    choosing, timing = np.split(starts(), 2)
    needed = [
        np.mean([arrival(walk(start, steps, *setting)).for_good for start in choosing])
        for setting in settings
    ]
    best = settings[int(np.argmin(needed))]
    arrived = [arrival(walk(start, steps, *best)) for start in timing]
    return Raced(
        tuple(best),
        float(np.mean([one.first for one in arrived])),
        float(np.mean([one.for_good for one in arrived])),
    )
