"""When is a value right, what can be said of its form when it is not, and is an input what it was."""

import types
from typing import Any

import numpy as np

from course_utils.exercises.bank import describe


def equal(got: Any, expected: Any, rtol: float) -> bool:
    """Same shape, and no entry off by more than ``rtol`` of the largest expected entry."""
    if isinstance(expected, np.ndarray):
        if not isinstance(got, np.ndarray) or got.dtype.kind != "f" or got.shape != expected.shape:
            return False
        size = np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))
        return np.allclose(got, expected, rtol=0, atol=rtol * size + 1e-9, equal_nan=True)
    if type(got) is not type(expected):
        return False
    if isinstance(expected, (tuple, list)):  # arrays of different shapes side by side, such as Q and R
        return len(got) == len(expected) and all(
            equal(g, e, rtol) for g, e in zip(got, expected, strict=True)
        )
    return got == expected


def wrong_form(name: str, got: Any, expected: np.ndarray) -> str:
    """A sentence when the value has the wrong type or shape or is not finite, else ''."""
    if isinstance(got, np.ndarray) and got.dtype.kind != "f":
        hint = " Take np.abs of complex numbers, before you square them." if got.dtype.kind == "c" else ""
        return f"{name} should hold plain numbers; yours has entries of type {got.dtype}.{hint}"
    if not isinstance(got, np.ndarray):
        return f"{name} should be {shape_in_words(expected.shape)}; yours is {describe(got)}."
    if got.size == 0 and expected.size:
        return f"{name} should be {shape_in_words(expected.shape)}; yours is empty."
    if got.shape != expected.shape:
        hint = ""
        if got.shape == expected.shape[::-1] and expected.ndim == 2:
            hint = " Is it transposed? Check the order of the product, and the .T."
        return (
            f"{name} should be {shape_in_words(expected.shape)}; yours is {shape_in_words(got.shape)}.{hint}"
        )
    bad = ~np.isfinite(got)
    if bad.any() and np.isfinite(expected).all():
        what = "nan" if np.isnan(got).any() else "inf"
        return f"{name} has {what} in {bad.sum()} of {bad.size} entries: look for 0/0, log(0), the root of a negative number, or an exp that overflows."
    return ""


def is_array(value: Any) -> bool:
    """Whether this is an array of decimal numbers."""
    return isinstance(value, np.ndarray) and value.dtype.kind == "f"


def shape_in_words(shape: tuple[int, ...]) -> str:
    return f"an array of shape {shape}" if shape else "a single number"


def plain(value: Any) -> Any:
    """A PyTorch tensor as an array, also one that belongs to a graph; all else as it is."""
    is_tensor = hasattr(value, "detach") and isinstance(getattr(value, "shape", None), tuple)
    return value.detach().numpy() if is_tensor else value


# What is run, or gone through, and is not looked into. A generator is used up by whoever goes through it.
CODE = (
    types.GeneratorType,
    types.FunctionType,
    types.BuiltinFunctionType,
    types.MethodType,
    type,
    types.ModuleType,
)


def same(a: Any, b: Any, seen: dict[tuple[int, int], tuple[Any, Any]] | None = None) -> bool:
    """Whether two inputs made alike are still alike, looking into everything that they hold.

    Equal to rounding: putting a nudged weight back may leave its last bit different. A function is code and
    counts as unchanged; what cannot be looked into does not.
    """
    seen = {} if seen is None else seen  # compared before: a node may be used twice, or hold itself
    if (id(a), id(b)) in seen:
        return True
    seen[id(a), id(b)] = (a, b)
    a, b = plain(a), plain(b)
    if isinstance(a, CODE) and isinstance(b, CODE):
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        if a.dtype.kind not in "biufc":
            return a.shape == b.shape and same(a.tolist(), b.tolist(), seen)
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=1e-12, equal_nan=True)
    if a is None or isinstance(
        a, (bool, int, float, complex, str, bytes, slice, range, set, frozenset, np.generic)
    ):
        return bool(a == b) or bool(a != a and b != b)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y, seen) for x, y in zip(a, b, strict=True))
    if isinstance(a, dict):
        return [*a] == [*b] and all(same(a[key], b[key], seen) for key in a)
    if isinstance(a, np.random.Generator):
        return same(a.bit_generator.state, b.bit_generator.state, seen)
    return hasattr(a, "__dict__") and same(vars(a), vars(b), seen)
