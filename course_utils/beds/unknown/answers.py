"""How little a tail may say: whole numbers only, the name of a class, a name that was heard through noise."""

from threading import Lock

import numpy as np

from course_utils.beds.unknown.tails import Tail


def rounded(g: Tail, step: float) -> Tail:
    """g, whose answers are rounded to multiples of ``step``."""
    return lambda h: step * np.round(g(h) / step)


def label_only(g: Tail, size: float = 10.0) -> Tail:
    """g, which says nothing but its class: ``size`` for that class, 0 for the others, as h (..., k) → (..., out)."""

    def named(h: np.ndarray) -> np.ndarray:
        logits = g(h)
        return size * np.eye(logits.shape[-1])[logits.argmax(axis=-1)]

    return named


def label_through_noise(g: Tail, noise: float, seed: int, size: float = 10.0) -> Tail:
    """``label_only``, of logits that carry fresh Gaussian noise: the same h may be told two labels."""
    rng = np.random.default_rng(seed)

    def noisy(h: np.ndarray) -> np.ndarray:
        logits = g(h)
        return logits + noise * rng.standard_normal(logits.shape)

    return label_only(noisy, size)


class LabelService:
    """What a vendor offers: ``service(rows)`` takes at most ``most`` rows (n, k) and returns n labels.

    Every label was heard through noise, every row is counted in ``asked``, and beyond ``budget`` rows it
    raises RuntimeError. Several threads may call it at once.
    """

    def __init__(self, g: Tail, noise: float, budget: int, seed: int, most: int = 16) -> None:
        self.most, self.budget, self.asked, self._lock = most, budget, 0, Lock()
        self._answer = label_through_noise(g, noise, seed)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        """Labels (n,). ValueError for more rows than the service takes at once."""
        rows = np.asarray(rows, dtype=float)
        if len(rows) > self.most:
            raise ValueError(f"{len(rows)} rows in one call, and this service takes {self.most}.")
        with self._lock:
            if self.asked + len(rows) > self.budget:
                raise RuntimeError(f"the budget of {self.budget} questions is spent")
            self.asked += len(rows)
            return self._answer(rows).argmax(axis=-1)
