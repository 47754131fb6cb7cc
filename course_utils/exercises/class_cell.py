"""``graded``: the cell under an exercise that is worth points, in the notebooks of a class."""

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.checking import check
from course_utils.exercises.decorator import Attempt, called_by_its_name

PACKAGE = str(Path(__file__).parents[1])


def graded(name: str, names: dict[str, Any], points: int) -> None:
    """Print what exercise ``name`` earns as it stands in ``names``, the notebook's globals().

    Never stops a learner's Run All. When nbgrader validates (NBGRADER_EXECUTION set), the learner's
    own function is checked again and anything but a right one is an AssertionError; there the course's
    version is never taken for it.
    """
    exercise = all_exercises()[name]
    status, message = judged(name, names.get(name))
    earned = points if status == "solved" else 0
    line = f"Exercise {exercise.number} {name}: {earned} of {points} points, {status}."
    if os.environ.get("NBGRADER_EXECUTION") and not earned:
        raise AssertionError(f"{line} {message}")
    print(line)


def judged(name: str, thing: Any) -> tuple[str, str]:
    """(status, message) of what a name stands for."""
    function = thing.yours if isinstance(thing, Attempt) else thing
    if function is None:
        return "not attempted", ""
    if not callable(function):
        return "not yet", f"{name} is not a function."
    if is_the_courses(function):
        return "not yet", "This is the course's own version, which earns no points: write your own."
    if isinstance(thing, Attempt):  # checked when its cell ran
        return thing.status, ""
    with called_by_its_name(name, function):
        outcome = check(name, function)
    return outcome.status, outcome.message


def is_the_courses(function: Callable) -> bool:
    """True for code of the package, also behind functools.wraps."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code is not None and code.co_filename.startswith(PACKAGE)
