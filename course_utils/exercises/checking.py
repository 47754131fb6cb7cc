"""``check(name, function)``: is this function right, and if not, what is the most helpful thing to say."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

import numpy as np

from course_utils.exercises.as_if import runs_as_if
from course_utils.exercises.bank import Case, Exercise, WrongResult, all_exercises
from course_utils.exercises.comparing import equal, wrong_form
from course_utils.exercises.diagnosis import diagnose
from course_utils.exercises.faces import face, swapped, where_right
from course_utils.exercises.probes import SENTENCES, cases_of
from course_utils.exercises.running import Run, run

Status = Literal["solved", "not attempted", "not yet"]


@dataclass(frozen=True)
class Comparison:
    """The smallest case on which a result is wrong: what the card shows as numbers and as a picture."""

    case: str
    name: str
    yours: Any
    expected: Any


@dataclass(frozen=True)
class Outcome:
    """The result of a check: a status, one message, and what the card may show below it."""

    status: Status
    message: str
    misconception: str = ""  # its name in the bank, when one was recognised
    comparison: Comparison | None = None
    printed: str = ""
    lines_printed: int = 0
    slow_call: float = 0.0  # seconds of one lesson-sized call, when that is too slow to train with


SLOW = 0.005  # seconds; a training run of a lesson makes a few thousand calls


def check(name: str, function: Callable) -> Outcome:
    """Check a learner's ``function`` against exercise ``name``.

    Tries every case of the exercise and returns an :class:`Outcome` with status "solved",
    "not attempted" or "not yet". Never raises because of what the function does; raises KeyError
    when there is no such exercise.
    """
    exercise = all_exercises()[name]
    expected_values(name)  # first, so that whatever has to be imported is there when the learner's time runs
    runs = weighed(exercise, run_all(exercise, function))
    outcome = judge(exercise, runs)
    slow_call = time_of_slow_call(exercise, function) if outcome.status == "solved" else 0.0
    shown = outcome.comparison.case if outcome.comparison else ""
    own = runs[: len(exercise.cases)][-1]  # what a probe made it print is of no interest
    of = next((r for case, r in zip(cases_of(exercise), runs, strict=False) if case.label == shown), own)
    return replace(outcome, printed=of.printed, lines_printed=of.lines_printed, slow_call=slow_call)


def time_of_slow_call(exercise: Exercise, function: Callable) -> float:
    """Seconds of one lesson-sized call of a right function if it is slow (loops over entries), else 0."""
    if exercise.lesson_size is None:
        return 0.0
    times = []
    # The processor's time, not the clock's, and the fastest of three: where twenty learners share two
    # cores, a quick function waits for its turn and must not look slow.
    clock = (
        time.thread_time if hasattr(time, "thread_time") else time.perf_counter
    )  # a browser has only the second
    for _ in range(3):
        start = clock()
        run(exercise, function, exercise.lesson_size)
        times.append(clock() - start)
        if times[-1] < SLOW:
            return 0.0
        if times[-1] > 10 * SLOW:
            break
    return min(times)


def run_all(exercise: Exercise, function: Callable) -> list[Run]:
    """The function on the cases, smallest first; ends early where going on is pointless."""
    runs = []
    for case in cases_of(exercise):
        runs.append(run(exercise, function, case))
        if runs[-1].blank or runs[-1].stopped:
            break
    return runs


def weighed(exercise: Exercise, runs: list[Run], *cases: Case) -> list[Run]:
    """The runs, of the first cases or of these, with a verdict in the place of the values of which many are right."""
    if exercise.weigh is None:
        return runs
    verdicts = []
    for case, r in zip(cases or cases_of(exercise), runs, strict=False):
        if r.values:
            try:
                r = replace(r, values=exercise.weigh(case.make(), r.values))
            except WrongResult as wrong:
                r = replace(r, values={}, problem=str(wrong), error=str(wrong))
        verdicts.append(r)
    return verdicts


@cache
def expected_values(name: str, ones_upstream: bool = False) -> list[dict[str, Any]]:
    """The right results of an exercise, one dictionary a case.

    With ``ones_upstream``, as they would be if the gradient from above were all ones.
    """
    exercise = all_exercises()[name]
    truth = exercise.truth or exercise.reference

    def right(*arguments: Any) -> Any:
        if ones_upstream:
            names = list(exercise.cases[0].make())
            position = names.index(exercise.upstream)
            ones = np.ones_like(np.asarray(arguments[position], dtype=float))
            arguments = (*arguments[:position], ones, *arguments[position + 1 :])
        return truth(*arguments)

    runs = weighed(exercise, [run(exercise, right, case, ours=True) for case in cases_of(exercise)])
    broken = [r.problem for r in runs if r.problem or r.blank]
    if broken:
        raise RuntimeError(f"the course's own version of {name} does not run: {broken[0]}")
    return [r.values for r in runs]


def judge(exercise: Exercise, runs: list[Run]) -> Outcome:
    """What to say of these runs (:func:`weighed`): the order of the questions is the order of helpfulness."""
    last = runs[-1]
    if last.blank:
        return Outcome(
            "not attempted", "Replace `raise NotImplementedError` with your own lines and run the cell again."
        )

    expected, cases = expected_values(exercise.name), cases_of(exercise)
    wrong = [
        name
        for name in expected[0]
        if not all(
            equal(r.values.get(name), e[name], exercise.rtol) for r, e in zip(runs, expected, strict=False)
        )
    ]
    changed = [name for r in runs for name in r.changed]
    problem = next((r.problem for r in runs if r.problem), "")
    if not (wrong or changed or problem):
        return Outcome("solved", exercise.checked)

    known = recognise(exercise, runs, wrong)
    if not known and (sentence := fails_only_in_a_probe(exercise, runs, wrong)):
        return Outcome("not yet", sentence, comparison=next(iter(comparisons(exercise, runs, wrong)), None))
    # A probe has had its say: from here on what counts are the cases that somebody wrote.
    own = len(exercise.cases)
    runs, expected, cases = runs[:own], expected[:own], cases[:own]
    problem = next((r.problem for r in runs if r.problem), "")
    if problem:
        case = next(c.label for c, r in zip(cases, runs, strict=False) if r.problem)
        where = f" (On the case: {case}.)" if len(runs) > 1 else ""
        return known or Outcome("not yet", problem + where)
    if known:
        return known

    smallest = next(iter(comparisons(exercise, runs, wrong)), None)
    mine = {name: [r.values.get(name) for r in runs] for name in expected[0]}
    right = {name: [e[name] for e in expected] for name in expected[0]}
    if exchanged := swapped(mine, right, wrong, exercise.rtol):
        return Outcome("not yet", exchanged, comparison=smallest)
    for r, e in zip(runs, expected, strict=True):
        for name in wrong:
            if isinstance(e[name], np.ndarray) and (sentence := wrong_form(name, r.values[name], e[name])):
                return Outcome("not yet", sentence)
    if changed:
        name = changed[0]
        is_array = isinstance(exercise.cases[0].make()[name], np.ndarray)
        instead = "work on a copy" if is_array else "keep your notes elsewhere"
        return Outcome(
            "not yet",
            f"It changes its input {name} in place; {instead}: whoever called it still needs {name}.",
        )

    name = smallest.name
    sentence = ""
    if isinstance(smallest.expected, np.ndarray):
        sentence = what_happened(exercise, runs, wrong, name)
    if not sentence and isinstance(smallest.yours, str):
        sentence = f"{smallest.yours} It should be: {smallest.expected} (On the case: {smallest.case}.)"
    return Outcome(
        "not yet",
        sentence or f"What you get for {name} is not right: compare the numbers.",
        comparison=smallest,
    )


def what_happened(exercise: Exercise, runs: list[Run], wrong: list[str], name: str) -> str:
    """A sentence on the wrong result ``name``, all of whose values have the right form: the first that holds."""
    cases = exercise.cases
    expected = expected_values(exercise.name)[: len(cases)]
    arguments = [case.make() for case in cases]
    got, right = [r.values[name] for r in runs], [e[name] for e in expected]
    first = diagnose(
        exercise,
        name,
        arguments,
        got,
        right,
        lambda: [e[name] for e in expected_values(exercise.name, ones_upstream=True)[: len(cases)]],
    )
    if first:
        return first
    for sentence, theirs in runs_as_if(exercise.name):
        if all(
            equal(r.values.get(name), t.values.get(name), exercise.rtol)
            for r, t in zip(runs, theirs, strict=True)
        ):
            return sentence.format(name=name)
    labels = [case.label for case in cases]
    return face(name, got, right, arguments, exercise.rtol) or where_right(
        name, labels, got, right, arguments, exercise.rtol
    )


def fails_only_in_a_probe(exercise: Exercise, runs: list[Run], wrong: list[str]) -> str:
    """What the first probe that fails says, where all cases that somebody wrote are right; else ''."""
    expected, cases = expected_values(exercise.name), cases_of(exercise)
    for case, r, e in zip(cases, runs, expected, strict=False):
        right = all(equal(r.values.get(name), e[name], exercise.rtol) for name in wrong)
        if r.problem or r.changed or not right:
            out_of_time = r.stopped and not r.error  # says nothing of what a probe asks
            return r.problem if out_of_time and case.probe else SENTENCES.get(case.probe, "")
    return ""


def comparisons(exercise: Exercise, runs: list[Run], wrong: list[str]) -> list[Comparison]:
    """Every wrong result of every case, smallest case first."""
    expected = expected_values(exercise.name)
    return [
        Comparison(case.label, name, r.values[name], e[name])
        for case, r, e in zip(cases_of(exercise), runs, expected, strict=False)
        for name in wrong
        if name in r.values and not equal(r.values[name], e[name], exercise.rtol)
    ]


def recognise(exercise: Exercise, runs: list[Run], wrong: list[str]) -> Outcome | None:
    """The misconception whose own results are those of the learner: all, all that are wrong, or the first of these.

    Only the first is told as what the learner did; of the other two only that the numbers are the same.
    """
    everything = list(expected_values(exercise.name)[0])
    for names in (everything, wrong, wrong[:1]):
        others = [name for name in wrong if name not in names]
        for number, misconception in enumerate(exercise.misconceptions):
            message = misconception.message
            if others and ("right" in message or any(name in message for name in others)):
                continue  # it speaks of what it does not explain
            if met(exercise, number, runs, names):
                if names != everything:
                    come = f"{' and '.join(names)} come{'s' if len(names) == 1 else ''}"
                    rest = (
                        f"Not right either: {', '.join(others)}." if others else "The rest of yours is right."
                    )
                    message = f"Your {come} out as with this mistake: {message} {rest}"
                shown = comparisons(exercise, runs, wrong)
                return Outcome("not yet", message, misconception.name, shown[0] if shown else None)
    return None


def met(exercise: Exercise, number: int, runs: list[Run], names: list[str]) -> bool:
    """Whether a misconception, by its number, does on every case what these runs did. Stops at the first difference."""
    for i, mine in enumerate(runs):
        theirs = run_of_misconception(exercise.name, number, i)
        if not alike(mine, theirs, names, exercise.rtol) or (theirs.stopped and i + 1 < len(runs)):
            return False
    return True


@cache
def run_of_misconception(name: str, number: int, case: int) -> Run:
    """What a misconception of an exercise gives on one of its cases."""
    exercise = all_exercises()[name]
    tried = cases_of(exercise)[case]
    return weighed(exercise, [run(exercise, exercise.misconceptions[number].wrong, tried)], tried)[0]


def alike(mine: Run, other: Run, names: list[str], rtol: float) -> bool:
    """Two runs went wrong in the same way."""
    if mine.error != other.error or mine.changed != other.changed:
        return False
    return bool(mine.error) or all(
        equal(mine.values.get(name), other.values.get(name), rtol) for name in names
    )
