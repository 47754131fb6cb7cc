"""Which misconception was met when: a log of your own, and sharing it with a teacher if you want to.

The log ``my_attempts.json`` lies beside your progress: readable, yours to delete. It holds results, not
your code. Nothing leaves it but through :func:`share_attempts`, whose output in your notebook is all
that a teacher gets to see.
"""

import datetime
import os
from collections.abc import Callable
from pathlib import Path
from types import CodeType
from typing import TypedDict

from course_utils.exercises.bank import Exercise, all_exercises
from course_utils.exercises.checking import Outcome
from course_utils.learner.files import load, note, progress_file, update
from course_utils.show.output import card, emit, escape

MIME = "application/vnd.which-weights-move.attempts+json"  # the output that holds shared attempts
KEPT = 3000  # the newest ones: about fifty for each exercise of the course
ABOUT = "What the checks found when you ran an exercise. Only yours, unless a notebook shares it."

last_code: dict[str, CodeType] = {}  # by exercise: running the same lines again is no new attempt


class Made(TypedDict):
    """One attempt at an exercise."""

    exercise: str  # "2.1"
    name: str  # "linear_forward"
    when: str  # "2026-11-21T10:30", local time
    status: str  # "solved" or "not yet"
    misconception: str  # its name in the bank; "" if none was recognised


def attempts_file() -> Path:
    return progress_file().with_name("my_attempts.json")


def attempts() -> list[Made]:
    """The log, oldest first."""
    return load(attempts_file(), _is_log).get("attempts", [])


def note_attempt(exercise: Exercise, function: Callable, outcome: Outcome) -> None:
    """Add one attempt to the log. A blank is none, nor are the same lines run once more."""
    lines = getattr(function, "__code__", None)
    if outcome.status == "not attempted" or (lines is not None and last_code.get(exercise.name) == lines):
        return
    last_code[exercise.name] = lines
    made = Made(
        exercise=exercise.number,
        name=exercise.name,
        when=datetime.datetime.now().isoformat(timespec="minutes"),
        status=outcome.status,
        misconception=outcome.misconception,
    )
    # Silent: a log that cannot be written is no reason to disturb anyone who is thinking.
    update(
        attempts_file(),
        _is_log,
        lambda kept: {"about": ABOUT, "attempts": [*kept.get("attempts", []), made][-KEPT:]},
        silent=True,
    )


def share_attempts(lesson: str, share: bool) -> None:
    """With ``share`` True, put the attempts at this lesson's exercises into the output of this cell.

    What the output shows is what a teacher reads there; run with False, it holds nothing.
    """
    if os.environ.get("NBGRADER_EXECUTION"):
        return
    if not isinstance(share, bool):
        note("Write True to share your attempts, or False to keep them, and run the cell again.")
        return
    if not share:
        note(
            "Nothing is shared. To share your attempts with your teacher, write True and run the cell again."
        )
        return
    if lesson not in {exercise.lesson for exercise in all_exercises().values()}:
        note(
            f'No exercise belongs to a lesson {lesson!r}, so nothing is shared: write its number, such as "02".'
        )
        return
    shown = [made for made in attempts() if _lesson_of(made["name"]) == lesson]
    lines = [_in_words(made) for made in shown] or ["none so far"]
    heading = f"You share these attempts at lesson {lesson}, and nothing else; run this again after new ones"
    body = "".join(f"<div>{escape(line)}</div>" for line in lines)
    emit(
        card("plain", heading, body),
        "\n".join([heading, *lines]),
        {MIME: {"lesson": lesson, "attempts": shown}},
    )


def is_attempt(thing: object) -> bool:
    """Whether ``thing`` is a :class:`Made`: a log may be damaged, a shared one may be made up."""
    return (
        isinstance(thing, dict)
        and set(thing) == set(Made.__annotations__)
        and all(isinstance(value, str) for value in thing.values())
    )


def _is_log(kept: dict) -> bool:
    return isinstance(kept.get("attempts"), list) and all(map(is_attempt, kept["attempts"]))


def _lesson_of(name: str) -> str:
    return all_exercises()[name].lesson if name in all_exercises() else ""


def _in_words(made: Made) -> str:
    met = f", {made['misconception']}" if made["misconception"] else ""
    return f"{made['when'].replace('T', ' ')}  {made['exercise']} {made['name']}: {made['status']}{met}"
