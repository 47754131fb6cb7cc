"""The unknown tail g: push inputs through it and read the outputs. One query is one example pushed through."""

from collections.abc import Callable

import numpy as np


class BudgetSpent(RuntimeError):
    """A call needs more queries than are left. Nothing was evaluated, and nothing counted."""


class BlackBox:
    """``box(h)`` takes h (N, k), returns g(h) (N, out) as float64, and counts N queries.

    ``g`` takes (rows, k) and returns (rows, out), every row by itself. It is given float64 copies of rows,
    ``chunk`` at a time. ``budget`` is how many queries it may cost, None for any number. Gaussian noise
    of standard deviation ``noise``, drawn from ``seed``, is added to the output.

    A box has no gradient and shows nothing of g, as far as Python can hide anything. It is neither
    copied nor pickled: there would be two counts.
    """

    __slots__ = ("__budget", "__chunk", "__g", "__noise", "__queries", "__rng")

    def __init__(
        self,
        g: Callable[[np.ndarray], np.ndarray],
        *,
        budget: int | None = None,
        noise: float = 0.0,
        seed: int = 0,
        chunk: int = 32,
    ) -> None:
        if not (0 <= noise < np.inf and (budget or 0) >= 0 and chunk >= 1):
            raise ValueError("budget and noise are finite and at least 0, and chunk at least 1.")
        self.__g, self.__budget, self.__queries, self.__chunk = g, budget, 0, chunk
        self.__noise, self.__rng = noise, np.random.default_rng(seed)

    @property
    def queries(self) -> int:
        """How many examples went into g so far."""
        return self.__queries

    @property
    def left(self) -> int | None:
        """How many more may go in; None without a budget."""
        return None if self.__budget is None else self.__budget - self.__queries

    def __call__(self, h: np.ndarray) -> np.ndarray:
        """g(h). What goes into g is counted, also when g fails on it (RuntimeError).

        Nothing goes in, and nothing is counted, for an h that is not an array (N, k) of finite numbers
        (ValueError), a tensor that requires a gradient (TypeError), or more rows than ``left`` (BudgetSpent).
        """
        if getattr(h, "requires_grad", False):  # asked like this, PyTorch need not be loaded
            raise TypeError(
                "This box has no backward: pass h.detach(), and see course_utils.engine.estimate."
            )
        h = matrix(h, "h")
        if self.left is not None and len(h) > self.left:
            needs = f"This call needs {len(h)} queries and {self.left} of {self.__budget} are left"
            raise BudgetSpent(f"{needs}: push fewer rows, or make a box with a larger budget.")
        chunks = [h[start : start + self.__chunk] for start in range(0, len(h), self.__chunk)]
        self.__queries += len(h)
        try:
            y = np.concatenate([matrix(self.__g(rows), "its result", len(rows)) for rows in chunks])
        except Exception as error:
            failed = f"g failed on these {len(h)} queries, which count ({self.queries} so far)"
            raise RuntimeError(f"{failed}: {type(error).__name__}: {error}") from error
        if self.__noise:
            y += self.__rng.normal(0, self.__noise, y.shape)
        return y

    def __getattr__(self, name: str) -> None:
        known = f"(there is no .{name} here, only .queries and .left)"
        raise AttributeError(f"g is unknown: push inputs through it and read the outputs {known}.")

    def __reduce_ex__(self, protocol: int) -> None:
        raise TypeError("A BlackBox is not copied or pickled: pass it as it is, so that there is one count.")

    def __repr__(self) -> str:
        return f"BlackBox(queries={self.queries}, left={self.left})"


def matrix(values: np.ndarray, name: str, rows: int | None = None) -> np.ndarray:
    """A float64 copy of ``values``; ValueError unless they are finite and of shape (rows, at least 1)."""
    shape = tuple(getattr(values, "shape", ()))
    if len(shape) != 2 or 0 in shape or rows not in (None, shape[0]):
        wanted = f"{name} must be an array of shape ({rows or 'N'}, width) with something in it"
        raise ValueError(f"{wanted}, not {shape or type(values).__name__}.")
    values = np.asarray(values).astype(float)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, and holds NaN or infinity.")
    return values
