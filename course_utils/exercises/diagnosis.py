"""What is wrong with a gradient, in general: the mistakes that have the same face in every exercise.

Each rule looks at one named result over all cases and returns a sentence, or ''. The rules know
nothing of the exercise but which argument is the upstream gradient and which holds the batch.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.bank import Exercise
from course_utils.exercises.comparing import equal


def diagnose(
    exercise: Exercise,
    name: str,
    arguments: list[dict[str, Any]],
    got: list[np.ndarray],
    expected: list[np.ndarray],
    with_upstream_of_ones: Callable[[], list[np.ndarray]],
) -> str:
    """The first rule that explains every case; '' when none does. Lists have one entry a case."""

    def explains(candidates: list[Any]) -> bool:
        return all(
            equal(g, np.asarray(c, dtype=float), exercise.rtol) for g, c in zip(got, candidates, strict=True)
        )

    if explains([np.zeros_like(e) for e in expected]):
        flows = ": nothing flows back" if name.startswith("grad") else ""
        return f"What you get for {name} is zero everywhere{flows}."
    if explains([-e for e in expected]):
        return f"What you get for {name} has the wrong sign: every entry is minus the right one."

    if exercise.batch:
        sizes = [len(a[exercise.batch]) for a in arguments]
        if explains([e * n for e, n in zip(expected, sizes, strict=True)]):
            return f"What you get for {name} is too large by the batch size: the mean over the batch brings a 1/N, once."
        if explains([e / n for e, n in zip(expected, sizes, strict=True)]):
            return f"What you get for {name} is too small by the batch size: the 1/N is in already, do not divide again."

    factor = common_factor(got, expected)
    if factor is not None:
        return f"What you get for {name} is {factor:.4g} times the right one, in every entry: look for a missing or extra factor."

    if all(e.ndim == 2 and e.shape[0] == e.shape[1] for e in expected) and explains([e.T for e in expected]):
        return f"What you get for {name} is transposed."

    if exercise.upstream:
        above = [np.asarray(a[exercise.upstream], dtype=float) for a in arguments]
        if explains(with_upstream_of_ones()):
            return f"Your {name} ignores {exercise.upstream}: multiply by what arrives from above."
        if explains(above):
            return f"What you get for {name} is {exercise.upstream} itself: the layer's own derivative is missing."
        same_shape = all(a.shape == e.shape for a, e in zip(above, expected, strict=True))
        if same_shape and explains([a - e for a, e in zip(above, expected, strict=True)]):
            return f"Your {name} lets through what should be blocked and blocks what should pass: the gate is inverted."

    for label, values in arguments[0].items():
        if isinstance(values, np.ndarray) and values.ndim == 2:
            for axis in (0, 1):
                right = [a[label].sum(axis=axis) for a in arguments]
                other = [a[label].sum(axis=1 - axis) for a in arguments]
                if explains(other) and all(
                    equal(r, e, exercise.rtol) for r, e in zip(right, expected, strict=True)
                ):
                    return f"Your {name} sums {label} over axis {1 - axis}; it should be axis {axis}."
    return ""


def common_factor(got: list[np.ndarray], expected: list[np.ndarray]) -> float | None:
    """The number c with got = c * expected in every case, or None."""
    g = np.concatenate([np.ravel(a) for a in got])
    e = np.concatenate([np.ravel(a) for a in expected])
    if not e @ e > 0:
        return None
    c = float(g @ e / (e @ e))
    close = (
        abs(c) > 1e-3
        and abs(c - 1) > 1e-3
        and np.allclose(g, c * e, rtol=0, atol=1e-6 * np.abs(e).max() * abs(c))
    )
    return c if close else None
