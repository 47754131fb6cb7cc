"""The loop that trains: forward, loss, backward, step."""

from collections.abc import Callable, Iterable, Iterator

import numpy as np

from course_utils.engine.nn import Network, mean_squared_error, softmax_cross_entropy
from course_utils.engine.update import SGD

Loss = Callable[[np.ndarray, np.ndarray], tuple[float, np.ndarray]]


def fit(
    net: Network,
    rule: SGD,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
    loss: Loss = softmax_cross_entropy,
) -> list[float]:
    """Train ``net`` in place, one step of ``rule`` for each of the ``batches`` (x, y).

    ``loss(output, y)`` returns the loss and dL/d(output). Returns the losses, each from before its step.
    """
    losses = []
    for x, y in batches:
        value, grad_output = loss(net.forward(x), y)
        net.backward(grad_output)
        rule.step(net.theta, net.grad)
        losses.append(value)
    return losses


def fit_surrogate(
    surrogate: Network,
    rule: SGD,
    h: np.ndarray,
    outputs: np.ndarray,
    steps: int,
    rng: np.random.Generator,
    size: int = 64,
) -> float:
    """Train a surrogate in place to return ``outputs`` (N, out) for ``h`` (N, k): mean squared error, batches of ``size``.

    No queries: what g answered is known. Returns the last batch's loss (NaN for no steps). Of S surrogates
    at once, each has its own h (S, N, k) and outputs (S, N, out).
    """

    each = (np.arange(len(h))[:, None],) if h.ndim == 3 else ()  # which surrogate a row is for

    def batches() -> Iterator[tuple[np.ndarray, np.ndarray]]:
        for _ in range(steps):
            rows = rng.integers(h.shape[-2], size=(*h.shape[:-2], size))
            yield h[*each, rows], outputs[*each, rows]

    losses = fit(surrogate, rule, batches(), mean_squared_error)
    return losses[-1] if losses else np.nan
