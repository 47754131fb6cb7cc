"""Facts that cannot go stale: a sentence about a measurement, checked where it is said.

``claim`` shows a tick or a cross next to the sentence, and how the fact was seen: ``recap`` lists what a
session has claimed.

* *exact*: it follows from mathematics, or is equal to rounding whatever the weights;
* *25 seeds*: it held on four further blocks of five seeds as well (``make replicate``);
* *this run*: nothing more than what you see.

With the environment variable ``COURSE_CLAIMS=strict`` (the tests of the solutions set it) a claim
that does not hold is an AssertionError, so a sentence that is no longer true fails the build.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np

from course_utils.show.output import card, emit, escape


@dataclass(frozen=True)
class _Claim:
    sentence: str
    holds: bool
    figure: str
    seen: str  # "exact", "25 seeds" or "this run"

    @property
    def plain(self) -> str:
        text = f"{self.sentence}: {self.figure}" if self.figure else self.sentence
        return f"✓ {text} [{self.seen}]" if self.holds else f"✗ does not hold here: {text}"

    @property
    def html(self) -> str:
        # White on dark red is legible on any theme; the cross and the words say the same as the red.
        mark = (
            "✓"
            if self.holds
            else '<span style="background:#B3261E;color:#ffffff;padding:1px 6px;border-radius:3px">'
            "✗ does not hold here</span>"
        )
        figure = f": <b>{escape(self.figure)}</b>" if self.figure else ""
        seen = f' <span style="font-size:12px">[{self.seen}]</span>' if self.holds else ""
        return f'{mark} <span style="font-weight:400">{escape(self.sentence)}{figure}{seen}</span>'


# The claims of this session by sentence: re-running a cell replaces its claim and keeps its place.
session: dict[str, _Claim] = {}


@cache
def replicated() -> frozenset[str]:
    """The sentences of all lessons that held on four further blocks of five seeds."""
    stored = files("course_utils") / "datasets" / "replicated.json"
    return frozenset(json.loads(stored.read_text(encoding="utf-8")))


def claim(sentence: str, holds: bool, figure: str = "", *, exact: bool = False) -> None:
    """Show ``sentence`` with a tick if it ``holds``, in red with a cross if it does not.

    ``holds`` is one True or False (NumPy's too); ``figure`` is the measured number, already
    rounded to what holds on any machine. ``exact`` says that no seed could change it.
    """
    if not isinstance(sentence, str) or not sentence.strip():
        raise ValueError("A claim needs a sentence that says what holds.")
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(
            f"A claim holds or does not, so `holds` must be one True or False, not {_name(holds)}: "
            "write a comparison, or wrap it in bool(...)."
        )
    sentence = sentence.strip().removesuffix(".")
    seen = "exact" if exact else "25 seeds" if sentence in replicated() else "this run"
    said = _Claim(sentence, bool(holds), figure, seen)
    session[said.sentence] = said
    emit(card("good" if said.holds else "bad", said.html), said.plain)
    if not said.holds and os.environ.get("COURSE_CLAIMS") == "strict":
        raise AssertionError(said.plain)


def recap() -> None:
    """Show every claim of this session once, in the order in which they were first made."""
    if not session:
        text = "Nothing yet: run the cells above, then this one again."
        emit(card("plain", "Claims of this session", text), f"Claims of this session\n{text}")
        return
    rows = "".join(f'<li style="list-style:none">{said.html}</li>' for said in session.values())
    emit(
        card("plain", "Claims of this session", f'<ul style="margin:4px 0;padding:0">{rows}</ul>'),
        "\n".join(["Claims of this session", *(said.plain for said in session.values())]),
    )


def _name(thing: object) -> str:
    shape = getattr(thing, "shape", None)
    return f"{type(thing).__name__} of shape {tuple(shape)}" if shape is not None else type(thing).__name__
