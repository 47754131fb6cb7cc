"""What a front is trained on: inputs, what should come out behind the unknown tail, and how good that is."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown import bars
from course_utils.beds.unknown.tails import Tail, centred_digits, draw_bars
from course_utils.engine.nn import Network, cross_entropies, softmax_cross_entropy


class Task(NamedTuple):
    """What to train a front on: inputs x (n, d), what they should give, and the unknown tail behind the front.

    ``losses(outputs, target)`` is (N,), ``gradient(outputs, target)`` that of their mean, of the shape
    of ``outputs`` (N, out). ``score(front, part)`` is 1 for a perfect front, on the "validation" or
    the "test" part. Of several fronts at once, outputs are (S, N, out) and scores (S,).
    """

    g: Tail
    x: np.ndarray
    target: np.ndarray
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray, np.ndarray], np.ndarray]
    score: Callable[[Network, str], float]


def digit_task(g: Tail) -> Task:
    """Read digits through g: cross-entropy, scored by accuracy."""
    d = centred_digits()
    parts = {"validation": (d.x_validation, d.y_validation), "test": (d.x_test, d.y_test)}
    return Task(
        g,
        d.x_train,
        d.y_train,
        cross_entropies,
        lambda logits, y: softmax_cross_entropy(logits, y)[1],
        lambda front, part: accuracy_through(front, g, *parts[part]),
    )


def accuracy_through(front: Network, g: Tail, x: np.ndarray, y: np.ndarray) -> float | np.ndarray:
    """The share of images x (N, 64) that g reads right behind the front. Measuring is not training: nobody counts it.

    Of S fronts in front of S tails, (S,).
    """
    share = np.mean(g(front.forward(x)).argmax(axis=-1) == y, axis=-1)
    return share if share.ndim else float(share)


def bar_task() -> Task:
    """Look at a bar and return the five numbers that draw it, as in lesson 08 (``bars``): squared error summed
    over the 144 pixels, scored by the share of the pictures' variance that is drawn right (R²)."""
    wanted = bars.pictures("train")
    return Task(
        draw_bars,
        bars.as_input(wanted),
        wanted,
        lambda drawn, target: ((drawn - target) ** 2).sum(axis=1),
        lambda drawn, target: 2 * (drawn - target) / drawn.shape[-2],
        bars.redrawn,
    )
