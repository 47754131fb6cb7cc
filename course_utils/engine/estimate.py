"""Gradients without backprop: ask the function itself.

All estimators have one shape. ``losses(h)`` takes an array whose last axis is what to nudge, and
returns one loss for each of the rest: h (N, k) → (N,), or all weights theta (P,) → a single loss.
They return the gradient of the *mean* loss, of h's shape, and how many losses they asked for.
With h in front of an unknown tail g, a loss is a query.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

Losses = Callable[[np.ndarray], np.ndarray]


class Estimate(NamedTuple):
    """An estimate of the gradient of the mean loss, of h's shape, and how many losses it took."""

    grad: np.ndarray
    spent: int


def numerical_gradient(f: Callable[[np.ndarray], float], theta: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Gradient by central differences.

    f: takes an array like theta, returns a number. theta: any shape, (P,) for all weights. eps: the nudge.
    Return an array of theta's shape: entry i is (f(theta + eps e_i) - f(theta - eps e_i)) / (2 eps).
    It costs two evaluations an entry, and its error shrinks as eps². Leave theta as it was.
    """
    theta = np.array(theta, dtype=float)
    grad = np.empty_like(theta)
    for i in np.ndindex(theta.shape):
        middle = theta[i]
        theta[i] = middle + eps
        above = f(theta)
        theta[i] = middle - eps
        below = f(theta)
        theta[i] = middle
        grad[i] = (above - below) / (2 * eps)
    return grad


def forward_difference(losses: Losses, h: np.ndarray, step: float) -> Estimate:
    """Entry j is (l(h + step e_j) - l(h)) / step. Asks for k + 1 losses a row; the error shrinks as step."""
    here = losses(h)
    slopes = [(losses(nudged(h, j, step)) - here) / step for j in range(h.shape[-1])]
    return Estimate(np.stack(slopes, axis=-1) / np.size(here), np.size(here) * (len(slopes) + 1))


def central_difference(losses: Losses, h: np.ndarray, step: float) -> Estimate:
    """Entry j is (l(h + step e_j) - l(h - step e_j)) / (2 step). Asks for 2k losses a row; error as step²."""
    slopes = [
        (losses(nudged(h, j, step)) - losses(nudged(h, j, -step))) / (2 * step) for j in range(h.shape[-1])
    ]
    n = np.size(slopes[0])
    return Estimate(np.stack(slopes, axis=-1) / n, n * 2 * len(slopes))


def nudged(h: np.ndarray, entry: int, step: float) -> np.ndarray:
    """A copy of h with ``step`` added to this entry of every row."""
    h = np.array(h, dtype=float)
    h[..., entry] += step
    return h


def spsa(losses: Losses, h: np.ndarray, step: float, rng: np.random.Generator) -> Estimate:
    """One random direction of entries ±1 for each row (Spall 1992): 2 losses a row.

    The slope along the direction, times the direction: right on average as step → 0, as its entries
    are independent with square 1.
    """
    return along(losses, h, step, rng.choice([-1.0, 1.0], h.shape))


def smoothing(
    losses: Losses, h: np.ndarray, sigma: float, rng: np.random.Generator, pairs: int = 1
) -> Estimate:
    """Antithetic Gaussian directions (Nesterov and Spokoiny 2017): 2 losses a row for each pair.

    Right on average for the loss *smoothed* by Gaussian noise of standard deviation sigma. That has a
    gradient even where the loss is made of steps.
    """
    estimates = [along(losses, h, sigma, rng.standard_normal(h.shape)) for _ in range(pairs)]
    return Estimate(sum(e.grad for e in estimates) / pairs, sum(e.spent for e in estimates))


def along(losses: Losses, h: np.ndarray, step: float, direction: np.ndarray) -> Estimate:
    """The central difference along one direction for each row, times the direction. The same one on both sides."""
    above, below = losses(h + step * direction), losses(h - step * direction)
    slope = np.subtract(above, below) / (2 * step)
    return Estimate(slope[..., None] * direction / slope.size, 2 * slope.size)
