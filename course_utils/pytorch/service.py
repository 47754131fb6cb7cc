"""A part of your model that you can only call, slowly, and pay for by the row. Needs nothing but torch: copy this file."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import torch
from torch import Tensor


class BudgetSpent(RuntimeError):
    """A request needs more queries than are left. Nothing was sent, and nothing counted."""


class Service:
    """``service(h)`` sends the rows of h (N, k) out and returns the answers (N, out) in the same order.

    ``call(rows)`` reaches the service: it takes a tensor (n, k) on the CPU, n at most ``batch``, and returns n
    rows of numbers. ``workers`` calls run at the same time, in threads, which is what waiting for a network needs.
    A query is a row; ``budget`` says how many there may be in all. Whatever was answered is kept, in ``asked``
    and ``answers``, row by row: a surrogate can be fitted to it.

    >>> service = Service(lambda rows: 2 * rows, budget=100)
    >>> service(torch.ones(3, 2)), service.queries, service.left
    """

    def __init__(
        self, call: Callable[[Tensor], Tensor], *, budget: int, batch: int = 32, workers: int = 4
    ) -> None:
        self.call, self.budget, self.batch, self.workers = call, budget, batch, workers
        self.queries = 0
        self._kept: list[tuple[Tensor, Tensor]] = []

    @property
    def left(self) -> int:
        """How many more queries may be made."""
        return self.budget - self.queries

    @property
    def asked(self) -> Tensor:
        """All rows that were answered so far, (M, k)."""
        return torch.cat([rows for rows, _ in self._kept])

    @property
    def answers(self) -> Tensor:
        """What came back for them, (M, out)."""
        return torch.cat([answers for _, answers in self._kept])

    def __call__(self, h: Tensor) -> Tensor:
        """The answers, without a gradient. BudgetSpent if there are more rows than ``left``.

        Where a call fails, its error is raised when all others are back: their answers are kept, and all rows count.
        """
        rows = h.detach().cpu()
        if len(rows) > self.left:
            raise BudgetSpent(
                f"{len(rows)} queries are asked for, and {self.left} of {self.budget} are left."
            )
        self.queries += len(rows)
        parts = rows.split(self.batch)
        with ThreadPoolExecutor(self.workers) as pool:
            calls = [pool.submit(self.call, part) for part in parts]
        back = [
            (part, torch.as_tensor(call.result(), dtype=rows.dtype).detach())
            for part, call in zip(parts, calls, strict=True)
            if call.exception() is None
        ]
        self._kept += back
        for call in calls:
            call.result()  # raises what the call raised
        return torch.cat([answers for _, answers in back]).to(h.device)
