"""Gradients without backprop: ask the function itself, by nudging."""

from collections.abc import Callable

import numpy as np


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
