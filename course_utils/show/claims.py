"""Facts that cannot go stale: a sentence about a measurement, checked where it is said.

``claim`` shows a tick or a cross next to the sentence; ``recap`` lists what a session has claimed.
With the environment variable ``COURSE_CLAIMS=strict`` (the tests of the solutions set it) a claim
that does not hold is an AssertionError, so a sentence that is no longer true fails the build.
"""

import os
from dataclasses import dataclass

import numpy as np

from course_utils.show.output import card, emit, escape


@dataclass(frozen=True)
class _Claim:
    sentence: str
    holds: bool
    figure: str

    @property
    def plain(self) -> str:
        text = f"{self.sentence}: {self.figure}" if self.figure else self.sentence
        return f"✓ {text}" if self.holds else f"✗ does not hold here: {text}"

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
        return f'{mark} <span style="font-weight:400">{escape(self.sentence)}{figure}</span>'


# The claims of this session by sentence: re-running a cell replaces its claim and keeps its place.
session: dict[str, _Claim] = {}


def claim(sentence: str, holds: bool, figure: str = "") -> None:
    """Show ``sentence`` with a tick if it ``holds``, in red with a cross if it does not.

    ``holds`` is one True or False (NumPy's too); ``figure`` is the measured number, already
    rounded to what holds on any machine.
    """
    if not isinstance(sentence, str) or not sentence.strip():
        raise ValueError("A claim needs a sentence that says what holds.")
    if not isinstance(holds, bool | np.bool_):
        raise TypeError(
            f"A claim holds or does not, so `holds` must be one True or False, not {_name(holds)}: "
            "write a comparison, or wrap it in bool(...)."
        )
    said = _Claim(sentence.strip().removesuffix("."), bool(holds), figure)
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
