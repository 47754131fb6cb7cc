"""What a check accepts, the lesson can use: a list or a tensor that passes is handed on as the array it stands for."""

import functools
from collections.abc import Callable
from typing import Any

import numpy as np

from course_utils.exercises.bank import Exercise
from course_utils.exercises.comparing import plain
from course_utils.exercises.quiet import Shown, held_back


def handed_on(exercise: Exercise, function: Callable) -> Callable:
    """A solved ``function`` as the lesson's cells may call it.

    It is the learner's own where it returns what the course's version returns, arrays as arrays and numbers as
    numbers. Else its results are converted at every call.
    """
    like = exercise.reference(*exercise.cases[0].make().values())
    try:
        with held_back(Shown()):
            theirs = function(*exercise.cases[0].make().values())
    except Exception:  # noqa: BLE001 - it passed a moment ago; whatever it does now, the cell that calls it will say
        return function
    if _alike(theirs, like):
        return function

    @functools.wraps(function)
    def converted(*arguments: Any, **named: Any) -> Any:
        return _as(function(*arguments, **named), like)

    return converted


def _alike(theirs: Any, like: Any) -> bool:
    if isinstance(like, tuple):
        return isinstance(theirs, tuple) and all(map(_alike, theirs, like))
    if isinstance(like, np.ndarray):
        return isinstance(theirs, np.ndarray)
    return not isinstance(like, (float, np.floating)) or isinstance(theirs, (int, float, np.number))


def _as(theirs: Any, like: Any) -> Any:
    """``theirs`` in the kind of ``like``; what cannot be converted stays."""
    if isinstance(like, tuple) and isinstance(theirs, (tuple, list, np.ndarray)) and len(theirs) == len(like):
        return tuple(map(_as, theirs, like))
    if isinstance(like, np.ndarray):
        return np.asarray(plain(theirs))
    if isinstance(like, (float, np.floating)):
        return float(plain(theirs))
    return theirs
