"""Mistakes that have the same face in every exercise, told from right numbers alone.

Each candidate is something that people do to a right result: turn it round, take it without its sign, leave
a row out. Whoever's numbers equal a candidate's on all cases has done that, whatever the exercise.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from course_utils.exercises.comparing import equal, is_array

Arrays = Sequence[np.ndarray]  # one entry a case


def face(name: str, got: Arrays, expected: Arrays, arguments: list[dict[str, Any]], rtol: float) -> str:
    """The sentence of the first candidate that gives ``got`` from ``expected`` on every case, or ''."""
    for change, sentence in candidates(max(e.ndim for e in expected)):
        with np.errstate(all="ignore"):
            changed = [change(e) for e in expected]
        if _all_equal(changed, expected, rtol):  # as for a result that is symmetric: it says nothing
            continue
        if _all_equal(got, changed, rtol):
            return sentence.format(name=name)
    return (
        _an_offset(name, got, expected, rtol)
        or _a_factor_for_each(name, got, expected, rtol)
        or _one_more_term(name, got, expected, arguments, rtol)
        or ""
    )


def candidates(axes: int) -> Iterator[tuple[Callable[[np.ndarray], np.ndarray], str]]:
    """What people do to a right result, for arrays of up to ``axes`` axes, with a sentence for each."""
    named = {1: ("entries",), 2: ("rows", "columns")}
    for axis in range(axes):
        what = named[axes][axis] if axes in named else f"entries along axis {axis}"
        yield (
            lambda e, axis=axis: np.flip(e, axis),
            f"The {what} of your {{name}} are right, and in reverse order.",
        )
        for by in (1, -1):
            yield (
                lambda e, axis=axis, by=by: np.roll(e, by, axis),
                f"What you get for {{name}} is shifted by one: all {what} stand one place too {'late' if by > 0 else 'early'}.",
            )
            yield (
                lambda e, axis=axis, by=by: _shifted(e, by, axis),
                f"What you get for {{name}} is shifted by one, and the {'first' if by > 0 else 'last'} place filled with 0.",
            )
        yield (
            lambda e, axis=axis: _only(e, 0, axis),
            f"Only the first of the {what} of your {{name}} is filled: the others are 0.",
        )
        yield (
            lambda e, axis=axis: _only(e, -1, axis),
            f"Only the last of the {what} of your {{name}} is filled: the others are 0.",
        )
        yield (
            lambda e, axis=axis: np.cumsum(e, axis),
            f"What you get for {{name}} adds up from one of the {what} to the next: it keeps what belongs to those before.",
        )
    yield np.abs, "The sizes in your {name} are right, and the signs are lost."
    yield np.square, "What you get for {name} is the square of the right one."
    yield lambda e: np.sqrt(np.maximum(e, 0)), "What you get for {name} is the root of the right one."
    yield lambda e: 1 / e, "What you get for {name} is 1 divided by the right one."
    yield lambda e: 1 - e, "What you get for {name} is 1 minus the right one."
    yield np.log, "What you get for {name} is the logarithm of the right one."
    yield np.exp, "What you get for {name} is exp of the right one."
    yield (
        lambda e: np.maximum(e, 0),
        "What you get for {name} is right where it is positive, and 0 where it should be negative.",
    )
    yield (
        lambda e: np.minimum(e, 0),
        "What you get for {name} is right where it is negative, and 0 where it should be positive.",
    )
    yield np.round, "What you get for {name} is rounded to whole numbers."
    for decimals in range(1, 7):
        yield (
            lambda e, decimals=decimals: np.round(e, decimals),
            f"What you get for {{name}} is rounded to {decimals} decimal{'s' if decimals > 1 else ''}.",
        )
    yield lambda e: e - e.mean(), "What you get for {name} is the right one without its mean."
    yield (
        lambda e: e / np.linalg.norm(e),
        "What you get for {name} has the right direction, and was divided by its length.",
    )
    yield lambda e: e / e.sum(), "What you get for {name} was divided by its sum."
    yield lambda e: e / e.size, "What you get for {name} was divided by how many entries it has."
    yield lambda e: np.full_like(e, e.mean()), "Every entry of your {name} is the mean of the right ones."
    yield lambda e: np.full_like(e, e.sum()), "Every entry of your {name} is the sum of the right ones."


def swapped(got: dict[str, Arrays], expected: dict[str, Arrays], wrong: list[str], rtol: float) -> str:
    """A sentence where one result holds what another one should, or ''. Both by name."""
    for name in wrong:
        for other in expected:
            flags = all(np.isin(e, (0, 1)).all() for e in expected[other] if isinstance(e, np.ndarray))
            if other != name and not flags and _all_equal(got[name], expected[other], rtol):
                return f"What you get for {name} is what {other} should be: are the two exchanged?"
    return ""


def where_right(
    name: str,
    labels: Sequence[str],
    got: Arrays,
    expected: Arrays,
    arguments: list[dict[str, Any]],
    rtol: float,
) -> str:
    """Which part of a wrong result is right: cases, rows, columns, entries; or how far it is off."""
    close_to = [
        np.abs(g - e) <= rtol * np.max(np.abs(e), initial=0.0) + 1e-9
        for g, e in zip(got, expected, strict=True)
    ]
    # An entry that should be 0 is easily met, and says nothing of the rest.
    met = [close & (e != 0) for close, e in zip(close_to, expected, strict=True)]
    enough = sum(m.sum() for m in met) >= max(2, 0.2 * sum(m.size for m in met))
    if enough and (told := _wrong_where(close_to, met, arguments)):
        return f"What is wrong in what you get for {name} lies where {told}."
    right = [equal(g, e, rtol) for g, e in zip(got, expected, strict=True)]
    at = right.index(False)
    if any(right):
        if sum(right) <= min(3, len(right) // 2):
            those = " and ".join(
                f"“{label}”" for label, is_right in zip(labels, right, strict=True) if is_right
            )
            return f"What you get for {name} is right only on the case {those}. What is special there?"
        told = (
            f"What you get for {name} is right on {sum(right)} of {len(right)} cases, not on “{labels[at]}”"
        )
        return f"{told}{_which(close_to[at])}. What is special there?"
    if met[at].any():
        inside = f"{close_to[at].sum()} of {close_to[at].size} entries are right{_which(close_to[at])}"
        return f"On the case “{labels[at]}”, in what you get for {name}, {inside}."
    return _how_far(name, got, expected)


# Inside


def _all_equal(got: Arrays, expected: Arrays, rtol: float) -> bool:
    return all(equal(g, e, rtol) for g, e in zip(got, expected, strict=True))


def _shifted(e: np.ndarray, by: int, axis: int) -> np.ndarray:
    if e.ndim <= axis or not e.size:
        return e
    moved = np.roll(e, by, axis)
    moved[(slice(None),) * axis + (0 if by > 0 else -1,)] = 0
    return moved


def _only(e: np.ndarray, place: int, axis: int) -> np.ndarray:
    if e.ndim <= axis or not e.size:
        return e
    kept = np.zeros_like(e)
    at = (slice(None),) * axis + (place,)
    kept[at] = e[at]
    return kept


def _an_offset(name: str, got: Arrays, expected: Arrays, rtol: float) -> str:
    """Where the same number is too much in every entry of every case."""
    gap = np.concatenate([(g - e).ravel() for g, e in zip(got, expected, strict=True)])
    by = float(np.mean(gap)) if len(gap) > 1 else 0.0
    if abs(by) > 1e-6 and _all_equal(got, [e + by for e in expected], rtol):
        return (
            f"What you get for {name} is too {'large' if by > 0 else 'small'} by {abs(by):.3g}, everywhere."
        )
    return ""


def _a_factor_for_each(name: str, got: Arrays, expected: Arrays, rtol: float) -> str:
    """Where each row, or each column, is right but for a factor of its own."""
    if not all(e.ndim == 2 and min(e.shape) > 1 for e in expected):
        return ""
    for axis, what in ((1, "row"), (0, "column")):
        fitted, factors = [], []
        for g, e in zip(got, expected, strict=True):
            size = (e * e).sum(axis, keepdims=True)
            factor = (g * e).sum(axis, keepdims=True) / np.where(size > 0, size, 1)
            fitted.append(factor * e)
            if (size > 0).any():  # rows of nothing but 0 have no factor
                factors.append(factor[size > 0])
        some = np.concatenate(factors) if factors else np.ones(1)
        if not np.any((np.abs(some) > 1e-6) & (np.abs(some - 1) > 1e-6)):
            continue  # each is right, or empty: nothing is multiplied
        if _all_equal(got, fitted, rtol):
            if all(np.ptp(of) < 1e-6 * np.abs(of).max() for of in factors):
                those = ", ".join(dict.fromkeys(f"{of[0]:.3g}" for of in factors))
                return f"Your {name} is right but for one factor on each case ({those}): what divides or multiplies it?"
            return f"Each {what} of your {name} is right but for a factor of its own: what divides or multiplies it?"
    return ""


def _one_more_term(
    name: str, got: Arrays, expected: Arrays, arguments: list[dict[str, Any]], rtol: float
) -> str:
    """Where what is too much, or missing, is a multiple of one of the arguments."""
    apart = [g - e for g, e in zip(got, expected, strict=True)]
    for label in arguments[0]:
        values = [a[label] for a in arguments]
        if not all(map(is_array, values)):
            continue
        if not all(v.shape == e.shape and v.size for v, e in zip(values, expected, strict=True)):
            continue
        flat = np.concatenate([v.ravel() for v in values])
        gap = np.concatenate([d.ravel() for d in apart])
        if len(flat) < 2 or not flat @ flat > 0:
            continue
        c = float(flat @ gap / (flat @ flat))
        if abs(c) > 1e-6 and all(
            equal(g, e + c * v, rtol) for g, e, v in zip(got, expected, values, strict=True)
        ):
            return f"What you get for {name} is the right one {'plus' if c > 0 else 'minus'} {abs(c):.4g} times {label}: a term too many, or one that is missing."
    return ""


def _which(close: np.ndarray) -> str:
    """', in row 2', ', in the last column', ', at [0, 3]': where the entries lie that are not close."""
    if close.ndim == 0 or not close.any():
        return ""
    wrong = np.argwhere(~close)
    for axis, what in ((0, "row" if close.ndim > 1 else "place"), (close.ndim - 1, "column")):
        if close.ndim > 1 or axis == 0:
            hit = np.unique(wrong[:, axis])
            if len(hit) == 1 and close.shape[axis] > 1:
                place = "the last" if hit[0] == close.shape[axis] - 1 else f"number {hit[0]}"
                return (
                    f"; what is wrong is in {what} {place}"
                    if place[0] == "n"
                    else f"; what is wrong is in {place} {what}"
                )
    return f"; the first wrong one is at {[int(i) for i in wrong[0]]}"


CONDITIONS: tuple[tuple[str, Callable[[np.ndarray], np.ndarray]], ...] = (
    ("is negative", lambda v: v < 0),
    ("is 0", lambda v: v == 0),
    ("is positive", lambda v: v > 0),
    ("is not 0", lambda v: v != 0),
    ("is above 1", lambda v: v > 1),
    ("is below 1", lambda v: v < 1),
)


def _wrong_where(
    close: Sequence[np.ndarray], met: Sequence[np.ndarray], arguments: list[dict[str, Any]]
) -> str:
    """'grad is negative': what an argument's own entry is wherever the result is wrong, and never where it is met."""
    for label, first in arguments[0].items():
        if not (is_array(first) and first.ndim):
            continue
        values = [a[label] for a in arguments]
        if not all(v.shape == c.shape for v, c in zip(values, close, strict=True)):
            continue
        for told, holds in CONDITIONS:
            there = [holds(v) for v in values]
            seen = sum(int(t.sum()) for t in there)
            if seen >= 2 and all(
                (t | c).all() and not (t & m).any() for t, c, m in zip(there, close, met, strict=True)
            ):
                return f"{label} {told}"
    return ""


def _how_far(name: str, got: Arrays, expected: Arrays) -> str:
    """What can be said of signs and sizes where no case is right."""
    g = np.concatenate([a.ravel() for a in got])
    e = np.concatenate([a.ravel() for a in expected])
    told = e != 0
    if not told.any() or not np.isfinite(g).all():
        return ""
    ratio = g[told] / e[told]
    numbers = f"what you get for {name}"
    if filled := int((np.abs(g[~told]) > 1e-9).sum()):
        return f"In {numbers}, {filled} of {(~told).sum()} numbers that should be 0, over all cases, are not."
    if (ratio < 0).all():
        return f"All signs in {numbers} are wrong, and the sizes differ as well."
    if (ratio < 0).any():
        turned = int((ratio < 0).sum())
        has = "has" if turned == 1 else "have"
        return f"In {numbers}, {turned} of {len(ratio)} numbers, over all cases, {has} the wrong sign."
    low, high = ratio.min(), ratio.max()
    if low == 0:
        return f"In {numbers}, {(ratio == 0).sum()} of {len(ratio)} numbers that should not be 0, over all cases, are 0."
    if (off := 100 * max(1 - low, high - 1)) < 1:
        return f"What you get for {name} is off by up to {off:.2g} %, which is more than rounding of the machine."
    if high - low < 1e-6 * high:
        return f"Every number in {numbers} is {low:.3g} times the right one."
    if low > 1:
        return f"The signs in {numbers} are right, and every size is too large: {low:.3g} to {high:.3g} times the right one."
    if high < 1:
        return f"The signs in {numbers} are right, and every size is too small: {low:.3g} to {high:.3g} times the right one."
    return (
        f"The signs in {numbers} are right, the sizes are not: {low:.3g} to {high:.3g} times the right ones."
    )
