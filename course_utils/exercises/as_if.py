"""What the course's own version gives where an argument is ignored or taken for another.

Whoever's results equal these has not used the argument, or has mixed up two.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Exercise, all_exercises
from course_utils.exercises.comparing import is_array
from course_utils.exercises.running import Run, run


@cache
def runs_as_if(name: str) -> tuple[tuple[str, list[Run]], ...]:
    """For each way to hand over something else: a sentence with a place for the result, and the runs."""
    exercise = all_exercises()[name]
    if exercise.weigh is not None:
        return ()
    found = []
    ways = [(sentence, _right(exercise), change) for sentence, change in changes(exercise)]
    if twice := _twice(exercise):
        ways.append(
            (
                "What you get for {name} is right for two steps: it is applied twice.",
                twice,
                lambda given: given,
            )
        )
    for sentence, function, change in ways:
        runs = [run(exercise, function, _changed(case, change), ours=True) for case in exercise.cases]
        if not any(r.problem or r.blank for r in runs):
            found.append((sentence, runs))
    return tuple(found)


def changes(exercise: Exercise) -> Iterator[tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]]:
    """Sentences, with what each changes in the arguments by name."""
    first = exercise.cases[0].make()
    for label, value in first.items():
        if type(value) not in (int, float) and not is_array(value):
            continue
        for number in (1, 0):
            of = "of nothing but " if is_array(value) else ""
            yield (
                f"What you get for {{name}} is what comes out where {label} is {of}{number}: it looks as if {label} were not used.",
                lambda given, label=label, number=number: given | {label: _filled(given[label], number)},
            )
        yield (
            f"What you get for {{name}} is right for −{label}: a sign is turned round.",
            lambda given, label=label: given | {label: -given[label]},
        )
        if is_array(value) and value.ndim:
            yield (
                f"What you get for {{name}} is right for a {label} in reverse order.",
                lambda given, label=label: given | {label: given[label][::-1].copy()},
            )
    labels = list(first)
    for i, one in enumerate(labels):
        for other in labels[i + 1 :]:
            if _alike(first[one], first[other]):
                yield (
                    f"You have exchanged {one} and {other}: with each in the other's place, {{name}} would be right.",
                    lambda given, a=one, b=other: given | {a: given[b], b: given[a]},
                )


def _right(exercise: Exercise) -> Callable:
    return exercise.truth or exercise.reference


def _twice(exercise: Exercise) -> Callable | None:
    """The course's own version applied to its own first result, where that is the new value of an argument."""
    first, *_ = exercise.cases[0].make()
    if not exercise.returns or exercise.returns[0] != f"new_{first}":
        return None

    def twice(*arguments: Any) -> Any:
        once = exercise.reference(*arguments)
        return exercise.reference(once[0] if isinstance(once, tuple) else once, *arguments[1:])

    return twice


def _changed(case: Case, change: Callable[[dict[str, Any]], dict[str, Any]]) -> Case:
    return Case(case.label, lambda: change(case.make()), case.calls)


def _filled(value: Any, number: int) -> Any:
    return np.full_like(value, number) if is_array(value) else type(value)(number)


def _alike(a: Any, b: Any) -> bool:
    if is_array(a) and is_array(b):
        return a.shape == b.shape
    return type(a) is type(b) and type(a) in (int, float)
