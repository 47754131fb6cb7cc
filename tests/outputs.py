"""What a notebook prints, compared with what is stored.

nbval runs the solutions and compares every cell; ``conftest.py`` puts ``compare`` in front of its
comparison, so that a number may differ by as much as its cell allows (:mod:`making.figures`).
``python -m tests.processors`` measures how much a cell needs.
"""

import re
from typing import Any

from nbformat import NotebookNode
from nbval.plugin import IPyNbCell

from making.figures import Allowed, agrees, allowed_by

BAR = re.compile(r"\d+%\|")  # how tqdm writes a bar as text
VIEW = "application/vnd.jupyter.widget-view+json"


def compare(cell: IPyNbCell, new: list[NotebookNode], old: list[NotebookNode]) -> bool:
    """nbval's comparison of a cell's ``new`` outputs with the stored ones, less what the cell allows.

    A text that ``agrees`` goes into it as it is stored. What is left to differ is a difference, and nbval
    says where.
    """
    allowed = allowed_by(cell.cell.metadata.get("tags", []))
    new, old = (cell.sanitize_outputs(outputs) for outputs in (without_bars(new), old))
    if len(new) == len(old):
        new = [settle(output, stored, allowed) for output, stored in zip(new, old, strict=True)]
    return IPyNbCell.compare_outputs(cell, new, old)


def without_bars(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Less the progress bars: a learner sees them vanish, but nbval does not follow what clears an output."""
    return [
        output
        for output in outputs
        if not (VIEW in output.get("data", {}) and BAR.search(output.data.get("text/plain", "")))
    ]


def settle(new: Any, old: Any, allowed: Allowed) -> Any:
    """``new`` with ``old`` in the place of every text in it that agrees with its counterpart."""
    if isinstance(new, str) and isinstance(old, str):
        return old if agrees(new, old, allowed) else new
    if isinstance(new, dict) and isinstance(old, dict):
        return type(new)({key: settle(value, old.get(key), allowed) for key, value in new.items()})
    return new
