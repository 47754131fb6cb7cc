"""Gradients without backprop: ask the function itself.

All estimators have one shape. ``losses(h)`` takes an array whose last axis is what to nudge, and
returns one loss for each of the rest: h (N, k) → (N,), or all weights theta (P,) → a single loss.
They return the gradient of the *mean* loss, of h's shape, and how many losses they asked for.
With h in front of an unknown tail g, a loss is a query.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.nn import Layer, Network, mean_squared_error
from course_utils.update import SGD

Losses = Callable[[np.ndarray], np.ndarray]


class Estimate(NamedTuple):
    """An estimate of the gradient of the mean loss, of h's shape, and how many losses it took."""

    grad: np.ndarray
    asked: int


def numerical_gradient(f: Callable[[np.ndarray], float], theta: np.ndarray, eps: float = 1e-5) -> np.ndarray:
    """Central differences: entry i is (f(theta + eps e_i) - f(theta - eps e_i)) / (2 eps).

    ``f`` takes an array like ``theta`` (any shape) and returns a number. Costs two evaluations an
    entry; the error shrinks as eps². Returns an array of theta's shape; theta is left unchanged.
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
    return Estimate(sum(e.grad for e in estimates) / pairs, sum(e.asked for e in estimates))


def along(losses: Losses, h: np.ndarray, step: float, direction: np.ndarray) -> Estimate:
    """The central difference along one direction for each row, times the direction. The same one on both sides."""
    above, below = losses(h + step * direction), losses(h - step * direction)
    slope = np.subtract(above, below) / (2 * step)
    return Estimate(slope[..., None] * direction / slope.size, 2 * slope.size)


def least_squares(
    losses: Losses, h: np.ndarray, sigma: float, rng: np.random.Generator, points: int
) -> Estimate:
    """The plane that fits best to the losses at ``points`` Gaussian neighbours of each row: its slope.

    Needs points ≥ k + 1, one number for each slope and one for the height; more average out noise.
    """
    n, k = h.shape
    if points < k + 1:
        raise ValueError(f"a plane over {k} entries needs at least {k + 1} points, got {points}")
    nudges = sigma * rng.standard_normal((points, n, k))
    heights = np.stack([losses(h + nudge) for nudge in nudges])
    grad = np.empty((n, k))
    for row in range(n):
        design = np.column_stack([nudges[:, row], np.ones(points)])
        grad[row] = np.linalg.lstsq(design, heights[:, row])[0][:k]
    return Estimate(grad / n, points * n)


def control_variate(
    losses: Losses,
    h: np.ndarray,
    guess: np.ndarray,
    sigma: float,
    rng: np.random.Generator,
    weight: float = 1.0,
) -> Estimate:
    """A guess of the gradient (a surrogate's, say), corrected along one random direction of entries ±1.

    ``guess`` has h's shape and is a gradient of the mean loss. With weight 1 the estimate is right on
    average whatever the guess, and the better the guess the smaller its variance; a smaller weight trades
    some of that bias back for less variance.
    """
    direction = rng.choice([-1.0, 1.0], h.shape)
    grad, asked = along(losses, h, sigma, direction)
    known = (guess * direction).sum(axis=-1, keepdims=True) * direction
    return Estimate(guess + weight * (grad - known), asked)


def fit_surrogate(
    surrogate: Network,
    rule: SGD,
    h: np.ndarray,
    outputs: np.ndarray,
    steps: int,
    rng: np.random.Generator,
    size: int = 64,
) -> float:
    """Train ĝ in place to return ``outputs`` (N, out) for ``h`` (N, k): mean squared error, batches of ``size``.

    No queries: what g answered is known. Returns the last batch's loss (NaN for no steps).
    """
    loss = np.nan
    for _ in range(steps):
        rows = rng.integers(len(h), size=size)
        loss, grad = mean_squared_error(surrogate.forward(h[rows]), outputs[rows])
        surrogate.backward(grad)
        rule.step(surrogate.theta, surrogate.grad)
    return loss


class StraightThrough(Layer):
    """y = x rounded to multiples of ``step``; backward pretends that it was not (Bengio et al. 2013).

    The true derivative is 0 almost everywhere, so nothing in front would ever learn.
    """

    def __init__(self, step: float) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.step * np.round(x / self.step)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        return grad_y if need_grad_x else None
