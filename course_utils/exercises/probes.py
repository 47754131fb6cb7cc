"""Further cases that every exercise gets by machine, from its own smallest one.

Its cases show whether a function is right where somebody thought of looking. Probes ask what nobody thinks
of: is it right when it is called again, for one row and for many, for zeros, for large numbers, with another
function in the place of the one that it was handed? What is right there, the course's own version says.
"""

import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np

from course_utils.engine.scalar import Value
from course_utils.exercises.bank import Case, Exercise, all_exercises
from course_utils.exercises.comparing import equal, is_array
from course_utils.exercises.running import TooSlow, run

# What a card says where the cases are right and this probe is not.
SENTENCES = {
    "again": "It is right when called once, and not when called again with the same: it remembers something "
    "between calls. Look for a default argument such as [] or {}, a global, or a mark left on what it is given.",
    "order": "It is right for this dictionary, and not with its keys in another order.",
    "functions": "It is right for the functions of the lesson, and not for others. Does it use what it is "
    "handed, and nothing of the same kind from elsewhere?",
    "numbers": "It is right for some numbers and not for others: is one of them written into your code?",
    "equal": "It is right, except where two of the numbers that it is handed are equal.",
    "zeros": "It is right, except where some entries are 0 or equal to each other: look for a division, a "
    "comparison or a test such as `if x` that a 0 or a tie upsets.",
    "large": "It is right for small numbers and not for large ones: look for an exp that overflows, or a limit "
    "written into your code.",
    "one row": "It is right for several rows and not for a single one: look for squeeze, for a mean or a spread "
    "over one example, or for a shape written into your code.",
    "longer": "It is right for short arrays and not for longer ones: is a length written into your code?",
    "deep": "It is right for small graphs, and not for one that is added to itself twelve times, by nodes without a "
    "name that still have an old gradient. Tell nodes apart by themselves, and give each its gradient anew.",
}

# A tie or a 0 may be settled in either way, and a projection may be taken twice: these probes ask only where
# every right version agrees.
AGREED = ("functions", "equal", "zeros", "large")

Arguments = dict[str, Any]
Probe = Callable[[Exercise, Arguments], Arguments]


def cases_of(exercise: Exercise) -> tuple[Case, ...]:
    """The cases of an exercise, and those of the probes that have a meaning for it."""
    smallest = exercise.cases[0]
    return exercise.cases + tuple(probe(exercise, smallest, kind) for kind in _kinds(exercise.name))


def probe(exercise: Exercise, case: Case, kind: str) -> Case:
    """A case made from another, of a ``kind`` named in SENTENCES."""
    if kind == "again":
        return replace(case, label="called twice with the same arguments", calls=2, probe=kind)
    label, change = PROBES[kind]
    return replace(
        case, label=f"{case.label}, {label}", make=lambda: change(exercise, case.make()), probe=kind
    )


@cache
def _kinds(name: str) -> tuple[str, ...]:
    """The probes that change anything, and on which what is right is sure."""
    exercise = all_exercises()[name]
    # Where many results are right, numbers that nobody chose may leave none that is.
    wanted = PROBES if exercise.weigh is None else ("deep",)
    kinds = ["again", *(kind for kind in wanted if _changes(exercise, kind))]
    return tuple(kind for kind in kinds if _is_sure(exercise, kind))


def _changes(exercise: Exercise, kind: str) -> bool:
    """Whether a probe hands over anything else than its case does."""
    before = exercise.cases[0].make()
    after = PROBES[kind][1](exercise, exercise.cases[0].make())
    return any(_differ(before[name], after[name]) for name in before)


def _differ(a: Any, b: Any) -> bool:
    if isinstance(a, np.ndarray):
        return a.shape != b.shape or not np.array_equal(a, b)
    if isinstance(a, dict):
        return [*a] != [*b] or any(_differ(a[key], b[key]) for key in a)
    if isinstance(a, Value):
        return a.value != b.value
    if isinstance(a, types.FunctionType):
        return a.__name__ != b.__name__
    return type(a) is float and a != b


def _is_sure(exercise: Exercise, kind: str) -> bool:
    """Whether the course's own version runs and gives finite numbers, and all that is right agrees with it."""
    case = probe(exercise, exercise.cases[0], kind)
    found = run(exercise, exercise.reference, case, ours=True)
    if found.problem or not all(_is_finite(value) for value in found.values.values()):
        return False
    for other in (exercise.truth, *(exercise.alternatives if kind in AGREED else ())):
        theirs = run(exercise, other, case, ours=True) if other else found
        if theirs.problem or not all(
            equal(found.values[name], value, exercise.rtol) for name, value in theirs.values.items()
        ):
            return False
    return True


def _is_finite(value: Any) -> bool:
    return not isinstance(value, np.ndarray) or bool(np.isfinite(value).all())


# What each probe changes


def _in_each(change: Callable[[Any], Any]) -> Probe:
    """A probe that changes every argument by itself."""
    return lambda exercise, given: {name: change(value) for name, value in given.items()}


def _turned_round(value: Any) -> Any:
    return dict(reversed(value.items())) if type(value) is dict else value


def _scaled(value: Any) -> Any:
    return 0.6 * value if type(value) is float else value


def _whole(value: Any) -> Any:
    return np.round(value) + 0.0 if is_array(value) else value


class Visited(Value):
    """A node of a graph that counts how often the inputs of its nodes are looked at."""

    looks = 0  # at all nodes of the last graph that was made

    @property
    def inputs(self) -> tuple[Value, ...]:
        Visited.looks += 1
        if Visited.looks > 3000:
            raise TooSlow(
                "It goes into a node once for every way that leads to it, which in a graph that is added to itself "
                "twelve times are 4096: note which nodes you have seen."
            )
        return vars(self)["inputs"]

    @inputs.setter
    def inputs(self, nodes: tuple[Value, ...]) -> None:
        vars(self)["inputs"] = nodes


def _deep(exercise: Exercise, given: Arguments) -> Arguments:
    # An order holds each node once. A gradient may be summed over every way: that is right, and slow.
    kind = Visited if exercise.name == "topological_order" else Value

    def deeper(value: Any) -> Any:
        if isinstance(value, Value):
            Visited.looks = 0
            for _ in range(12):
                value = kind(value.value + value.value, "+", (value, value))
                value.grad = 10.0
        return value

    return {name: deeper(value) for name, value in given.items()}


def _large(value: Any) -> Any:
    is_mask = is_array(value) and np.isin(value, (0, 1)).all()
    return 40 * value if is_array(value) and not is_mask else value


def _another(value: Any) -> Any:
    if type(value) is dict:
        return {key: _another(part) for key, part in value.items()}
    return _with_smaller_results(value) if isinstance(value, types.FunctionType) else value


def _with_smaller_results(function: Callable) -> Callable:
    def another(*arguments: Any, **named: Any) -> Any:
        return _smaller(function(*arguments, **named))

    return another


def _smaller(result: Any) -> Any:
    if isinstance(result, tuple):
        return tuple(_smaller(part) for part in result)
    is_tensor = hasattr(result, "is_floating_point") and result.is_floating_point()
    return 0.6 * result if is_array(result) or is_tensor or isinstance(result, float) else result


def _alike(exercise: Exercise, given: Arguments) -> Arguments:
    """All plain numbers equal to the first of them."""
    first = next((value for value in given.values() if type(value) is float), None)
    return {name: first if type(value) is float else value for name, value in given.items()}


def _one_row(exercise: Exercise, given: Arguments) -> Arguments:
    """The first example alone, where the exercise says what holds the batch."""
    return _rows(exercise, given, lambda value: value[:1])


def _rows(exercise: Exercise, given: Arguments, change: Callable[[np.ndarray], np.ndarray]) -> Arguments:
    if exercise.batch is None:
        return given
    n = len(given[exercise.batch])
    is_batch = {
        name: isinstance(value, np.ndarray) and value.ndim > 0 and len(value) == n
        for name, value in given.items()
    }
    return {name: change(value) if is_batch[name] else value for name, value in given.items()}


def _longer(exercise: Exercise, given: Arguments) -> Arguments:
    """Every array three times as long, where all of them are vectors of one length; batches, too."""
    arrays = [value for value in given.values() if isinstance(value, np.ndarray)]
    if len({value.shape for value in arrays}) == 1 and arrays[0].ndim == 1:
        return {
            name: np.tile(value, 3) if isinstance(value, np.ndarray) else value
            for name, value in given.items()
        }
    return _rows(exercise, given, lambda value: np.concatenate([value] * 3))


PROBES: Mapping[str, tuple[str, Probe]] = {
    "order": ("with its keys in another order", _in_each(_turned_round)),
    "functions": ("with another function", _in_each(_another)),
    "numbers": ("with other numbers", _in_each(_scaled)),
    "equal": ("with equal numbers", _alike),
    "zeros": ("rounded, so that some entries are 0 or equal", _in_each(_whole)),
    "large": ("40 times as large", _in_each(_large)),
    "one row": ("the first row alone", _one_row),
    "longer": ("three times as long", _longer),
    "deep": ("added to itself twelve times", _deep),
}
