"""Further cases that every exercise gets by machine, from its own smallest one.

Its cases show whether a function is right where somebody thought of looking. Probes ask what nobody thinks
of: is it right when it is called again, with a dictionary in another order, with another function in the
place of the one that it was handed, with other numbers? What is right there, the course's own version says.
"""

import types
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Exercise, all_exercises
from course_utils.exercises.running import run

# What a card says where the cases are right and this probe is not.
SENTENCES = {
    "again": "It is right when called once, and not when called again with the same: it remembers something "
    "between calls. Look for a default argument such as [] or {}, a global, or a mark left on what it is given.",
    "order": "It is right for this dictionary, and not with its keys in another order.",
    "functions": "It is right for the functions of the lesson, and not for others. Does it use what it is "
    "handed, and nothing of the same kind from elsewhere?",
    "numbers": "It is right for some numbers and not for others: is one of them written into your code?",
}


def cases_of(exercise: Exercise) -> tuple[Case, ...]:
    """The cases of an exercise, and those of the probes that have a meaning for it."""
    smallest = exercise.cases[0]
    return exercise.cases + tuple(probe(smallest, kind) for kind in _kinds(exercise.name))


def probe(case: Case, kind: str) -> Case:
    """A case made from another: of the ``kind`` "again", "order", "functions" or "numbers"."""
    if kind == "again":
        return replace(case, label="called twice with the same arguments", calls=2, probe=kind)
    change = CHANGES[kind]
    return replace(
        case,
        label=f"{case.label}, with {LABELS[kind]}",
        make=lambda: {name: change(value) for name, value in case.make().items()},
        probe=kind,
    )


@cache
def _kinds(name: str) -> tuple[str, ...]:
    """The probes that change anything, and that the course's own version gets through."""
    exercise = all_exercises()[name]
    arguments = exercise.cases[0].make().values()
    kinds = ["again", *(kind for kind, applies in APPLIES.items() if any(map(applies, arguments)))]
    if exercise.weigh is not None:  # many results are right: each is weighed with its own case, unchanged
        kinds = kinds[:1]
    whole = exercise.truth or exercise.reference
    return tuple(
        kind for kind in kinds if not run(exercise, whole, probe(exercise.cases[0], kind), ours=True).problem
    )


# What changes


def _turned_round(value: Any) -> Any:
    return dict(reversed(value.items())) if type(value) is dict else value


def _scaled(value: Any) -> Any:
    return 0.6 * value if type(value) is float else value


def _another(value: Any) -> Any:
    return _with_smaller_results(value) if isinstance(value, types.FunctionType) else value


def _with_smaller_results(function: Callable) -> Callable:
    def another(*arguments: Any, **named: Any) -> Any:
        return _smaller(function(*arguments, **named))

    return another


def _smaller(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_smaller(part) for part in result)
    is_array = isinstance(result, np.ndarray) and result.dtype.kind == "f"
    is_tensor = hasattr(result, "is_floating_point") and result.is_floating_point()
    return 0.6 * result if is_array or is_tensor or isinstance(result, float) else result


CHANGES: dict[str, Callable[[Any], Any]] = {"order": _turned_round, "functions": _another, "numbers": _scaled}
LABELS = {"order": "its keys in another order", "functions": "another function", "numbers": "other numbers"}
APPLIES: dict[str, Callable[[Any], bool]] = {
    "order": lambda value: type(value) is dict and len(value) > 1,
    "functions": lambda value: isinstance(value, types.FunctionType),
    "numbers": lambda value: type(value) is float,
}
