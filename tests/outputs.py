"""What a notebook prints, compared: its words to the letter, its numbers by what they mean.

nbval runs the solutions and compares every cell with what is stored; ``conftest.py`` puts ``compare``
in front of its comparison. A cell with no tag is compared to the letter. Trained figures depend in
their last digits on the processor, so a cell that prints them says in its tags what it allows:

    decimals-0.02   each number with a decimal point, within 0.02 of the stored one
    decimals-5%     … within 5 % of it
    wholes-10%      each whole number, within 10 % of it
    wholes-2        … within 2

``python -m tests.processors`` measures how much a cell needs.
"""

import re
from collections.abc import Iterable
from typing import Any

from nbformat import NotebookNode
from nbval.plugin import IPyNbCell

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
TAG = re.compile(r"(decimals|wholes)-(\d+(?:\.\d+)?)(%?)")
BAR = re.compile(r"\d+%\|")  # how tqdm writes a bar as text
VIEW = "application/vnd.jupyter.widget-view+json"

Allowed = dict[str, list[tuple[float, bool]]]  # "decimals" or "wholes" -> (how much, whether in percent)


def allowed_by(tags: Iterable[str]) -> Allowed:
    """What a cell's tags allow; ValueError for a tag that begins like one of these and is none."""
    found: Allowed = {"decimals": [], "wholes": []}
    for tag in tags:
        if match := TAG.fullmatch(tag):
            found[match[1]].append((float(match[2]), bool(match[3])))
        elif tag.startswith(("decimals", "wholes")):
            raise ValueError(
                f"The tag {tag!r} should look like decimals-0.02, decimals-5%, wholes-10% or wholes-2."
            )
    return found


def agrees(new: str, old: str, allowed: Allowed) -> bool:
    """Whether two texts have the same words, and numbers within what is ``allowed``.

    How many spaces stand between words is no matter: a number may be a digit longer.
    """
    return words(new) == words(old) and all(
        near(*pair, allowed) for pair in zip(NUMBER.findall(new), NUMBER.findall(old), strict=True)
    )


def words(text: str) -> str:
    """The text with every number and the spaces before it as a 0, and no more than one space in a row."""
    return re.sub(" +", " ", re.sub(f" *{NUMBER.pattern}", "0", text))


def near(new: str, old: str, allowed: Allowed) -> bool:
    """Whether one number, as printed, is within what is ``allowed`` of another."""
    if new == old:
        return True
    limits = allowed["decimals" if {".", "e"} & set(new + old) else "wholes"]
    a, b = (float(text.replace(",", "").replace("−", "-")) for text in (new, old))
    # A little more than the limit: 0.87 and 0.88 are 0.01 apart, which as floats they are not quite.
    return any(
        abs(a - b) <= 1.000001 * (how_much / 100 * abs(b) if percent else how_much)
        for how_much, percent in limits
    )


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
