"""``@exercise``: running the cell checks the function, draws the card, and decides what the name stands for."""

import contextlib
import difflib
import functools
import inspect
import os
from collections import Counter
from collections.abc import Callable, Iterator
from textwrap import dedent
from typing import Any

from course_utils.exercises.attempts import note_attempt
from course_utils.exercises.bank import Exercise, all_exercises
from course_utils.exercises.cards import code, draw
from course_utils.exercises.checking import Outcome, check
from course_utils.exercises.handing_on import handed_on
from course_utils.exercises.quiet import Shown, held_back
from course_utils.exercises.solved import remember
from course_utils.show.output import card, emit, escape

hints_given: Counter[str] = (
    Counter()
)  # by exercise, over this session: running the cell again does not begin again


class Attempt:
    """What an exercise's name stands for: call it like the function it is.

    Solved, it calls the learner's function; otherwise, or when that is too slow to train with, the
    course's own. ``yours`` is always the learner's function (None before the first try).
    """

    def __init__(self, exercise: Exercise, yours: Callable | None, outcome: Outcome) -> None:
        self._exercise = exercise
        self.status = outcome.status
        self.yours = yours
        self._function = exercise.reference
        if outcome.status == "solved" and not outcome.slow_call:
            usable = handed_on(exercise, yours)
            self._function = silent(usable) if outcome.lines_printed else usable
        functools.update_wrapper(self, self._function)  # its docstring and signature, for help and completion

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._function(*arguments, **named)

    @property
    def solved(self) -> bool:
        """Whether the last check found the learner's function right."""
        return self.status == "solved"

    def __repr__(self) -> str:
        whose = "the course's version" if self._function is self._exercise.reference else "your function"
        return f"<exercise {self._exercise.number} {self._exercise.name}: {self.status}, stands for {whose}>"

    def hint(self) -> None:
        """Show the next hint; after the last, begin again."""
        hints = self._exercise.hints
        name = self._exercise.name
        n = hints_given[name] % len(hints)
        hints_given[name] += 1
        last = " That was the last one" + (
            "." if in_class() else f"; `{name}.solution()` shows the course's version."
        )
        last = last if n + 1 == len(hints) else ""
        heading = f"Hint {n + 1} of {len(hints)} · {self._exercise.number} {name}"
        emit(card("wait", escape(heading), code(hints[n] + last)), f"{heading}\n  {hints[n]}{last}")

    def solution(self) -> None:
        """Show the course's own version; in a class (COURSE_CLASS set) that is the teacher's to do."""
        if in_class():
            sentence = "In this class your teacher shows the course's versions."
            return emit(card("plain", escape(sentence)), sentence)
        source = to_paste(self._exercise.reference)
        heading = f"The course's version · {self._exercise.number} {self._exercise.name}"
        body = f'<pre style="margin:6px 0;white-space:pre;overflow-x:auto">{escape(source)}</pre>'
        emit(card("plain", escape(heading), body), f"{heading}\n{source}")


def to_paste(reference: Callable) -> str:
    """A reference as a cell of a lesson: ``@exercise`` in place of how the course marks it."""
    source = dedent(inspect.getsource(reference)).rstrip()
    return f"@exercise\n{source[source.index('def ') :]}"


def in_class() -> bool:
    """True where the environment says COURSE_CLASS=1, as the configurations for a class do."""
    return os.environ.get("COURSE_CLASS") == "1"


def silent(function: Callable) -> Callable:
    """The same function with all that it shows thrown away."""
    shown = Shown()

    @functools.wraps(function)
    def quiet(*arguments: Any, **named: Any) -> Any:
        with held_back(shown):
            return function(*arguments, **named)

    return quiet


def exercise(function: Callable | None = None) -> Any:
    """Decorate an exercise: check it at once, show the card, return an :class:`Attempt`.

    ``@exercise()`` is the same as ``@exercise``.

    Under nbgrader (NBGRADER_EXECUTION set) an unsolved exercise raises AssertionError instead, and
    the learner's own function is what stands: the course's version must not earn their marks.
    """
    if function is None:
        return exercise
    name = getattr(function, "__name__", "")
    if name not in all_exercises():
        return unknown(function, name)
    entry = all_exercises()[name]
    with called_by_its_name(name, function):
        outcome = check(name, function)
    html, plain = draw(entry, outcome)
    emit(html, plain)
    if outcome.status == "not attempted":  # the card has the first hint: hint() goes on from there
        hints_given[name] = max(hints_given[name], 1)

    if os.environ.get("NBGRADER_EXECUTION"):
        if outcome.status != "solved":
            raise AssertionError(f"Exercise {entry.number} {name}: {outcome.status}. {outcome.message}")
        return function
    note_attempt(entry, function, outcome)
    if outcome.status == "solved":
        remember(name)
    return Attempt(entry, function, outcome)


@contextlib.contextmanager
def called_by_its_name(name: str, function: Callable) -> Iterator[None]:
    """While it is checked, a function that calls itself under the exercise's ``name`` calls itself.

    Its name may still stand for the course's version, which would do the work for it.
    """
    names = getattr(function, "__globals__", {})
    missing = object()
    before = names.get(name, missing)
    names[name] = function
    try:
        yield
    finally:
        if before is missing:
            del names[name]
        else:
            names[name] = before


def unknown(function: Callable, name: str) -> Callable:
    """A renamed exercise: say so, and leave the learner's function as it is."""
    if not name:
        sentence = "Nothing was checked: @exercise stands above the `def` line of an exercise, and here is no such function."
        emit(card("bad", code(sentence)), sentence.replace("`", ""))
        return function
    close = difflib.get_close_matches(name, all_exercises(), n=1)
    ask = f" Did you mean `{close[0]}`?" if close else ""
    sentence = f"No exercise is called `{name}`, so nothing was checked.{ask} Keep the name in the `def` line as it was."
    emit(card("bad", code(sentence)), sentence.replace("`", ""))
    return function


def course_versions(lesson: str) -> dict[str, Any]:
    """The exercises of a lesson by name, each standing for the course's version.

    A lesson puts these into its namespace first, so that a cell that was skipped, or one that does
    not even parse, leaves no gap. Empty under nbgrader, where a gap has to stay one. Raises ValueError for
    a lesson that does not exist.
    """
    known = {exercise.lesson for exercise in all_exercises().values()}
    if lesson not in known:
        raise ValueError(f"there is no lesson {lesson!r}; they are called {', '.join(sorted(known))}")
    if os.environ.get("NBGRADER_EXECUTION"):
        return {}
    blank = Outcome("not attempted", "")
    return {e.name: Attempt(e, None, blank) for e in all_exercises().values() if e.lesson == lesson}
