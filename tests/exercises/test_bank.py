"""The exercise machinery: every wrong, right and strange version of every exercise gets what it deserves."""

import numpy as np
import pytest

from course_utils.exercises import all_exercises, check
from course_utils.exercises.checking import expected_values
from making import authoring
from making.bank_table import blank, table, try_out

ALL = list(all_exercises().values())
NAMES = [e.name for e in ALL]
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=NAMES)
returning = pytest.mark.parametrize(
    "exercise", [e for e in ALL if e.returns], ids=[e.name for e in ALL if e.returns]
)


@each_exercise
def test_bank(exercise):
    """All wrong versions refused with their own message, all right ones accepted, the blank recognised."""
    assert try_out(exercise).faults == ()


def test_bank_is_rich_enough_and_printed(capsys):
    with capsys.disabled():
        print("\n" + table([try_out(e) for e in ALL]))
    for e in ALL:
        assert len(e.misconceptions) >= 4 and len(e.alternatives) >= 2 and e.hints, e.name
        assert len({m.message for m in e.misconceptions}) == len(e.misconceptions), e.name
    assert sum(e.lesson in ("01", "02") for e in ALL) >= 9
    wrong, right = sum(len(e.misconceptions) for e in ALL), sum(len(e.alternatives) + 1 for e in ALL)
    readme = (authoring.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"The {len(ALL)} exercises know {wrong} misconceptions" in readme
    assert f"are tested with {right} right versions" in readme


def test_a_table_with_a_fault_says_so():
    """The table is worth nothing if it cannot fail."""
    entry = all_exercises()["relu_backward"]
    wrong = type(entry.misconceptions[0])(entry.reference, "this is in fact right")
    row = try_out(type(entry)(**{**entry.__dict__, "misconceptions": (*entry.misconceptions, wrong)}))
    assert row.refused == 7 and row.faults and "FAULT" in table([row])


# ------------------------------------------------- generic wrong results, made from the right ones


def changed_results(exercise, change):
    """The course's version with ``change(array, arguments)`` applied to every result; tensors stay tensors."""
    names = list(exercise.cases[0].make())

    def altered(result, arguments):
        if hasattr(result, "detach"):
            from torch import from_numpy

            return from_numpy(np.ascontiguousarray(change(result.detach().numpy(), arguments)))
        return change(np.asarray(result, float), arguments)

    def wrong(*arguments):
        results = exercise.reference(*arguments)
        several = len(exercise.returns) > 1
        new = [
            altered(r, dict(zip(names, arguments, strict=True))) for r in (results if several else [results])
        ]
        return tuple(new) if several else new[0]

    return wrong


numeric = pytest.mark.parametrize(
    "exercise",
    [
        e
        for e in ALL
        if e.returns and all(isinstance(v, np.ndarray) for v in expected_values(e.name)[0].values())
    ],
    ids=lambda e: e.name,
)


@numeric
def test_all_zero_is_refused(exercise):
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: np.zeros_like(r)))
    assert outcome.status == "not yet"


@numeric
def test_turned_sign_is_refused(exercise):
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: -r))
    assert outcome.status == "not yet"


@numeric
def test_transposed_is_refused(exercise):
    # An exercise with an ``observe`` may compare more than it returns: sandwich_step returns one number.
    returned = [
        v for case in expected_values(exercise.name) for name, v in case.items() if name in exercise.returns
    ]
    if all(v.ndim < 2 for v in returned):
        pytest.skip("its results have no rows and columns")
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: r.T))
    assert outcome.status == "not yet"
    assert "transposed" in outcome.message or "shape" in outcome.message


def test_complex_numbers_are_told_how_to_become_plain():
    def squared(kernel, frequencies):
        return (kernel @ np.exp(-2j * np.pi * np.outer(np.arange(len(kernel)), frequencies))) ** 2

    assert "np.abs" in check("frequency_response", squared).message


@pytest.mark.parametrize("exercise", [e for e in ALL if e.upstream], ids=lambda e: e.name)
def test_ignored_upstream_is_refused(exercise):
    names = list(exercise.cases[0].make())
    at = names.index(exercise.upstream)

    def ignores(*arguments):
        arguments = list(arguments)
        arguments[at] = np.ones_like(arguments[at])
        return exercise.reference(*arguments)

    outcome = check(exercise.name, ignores)
    assert outcome.status == "not yet" and (
        "above" in outcome.message or exercise.upstream in outcome.message
    )


@pytest.mark.parametrize("exercise", [e for e in ALL if e.batch], ids=lambda e: e.name)
@pytest.mark.parametrize("power", [1, -1])
def test_off_by_the_batch_size_is_refused_and_named(exercise, power):
    def off(result, arguments):
        return result * float(len(arguments[exercise.batch])) ** power

    outcome = check(exercise.name, changed_results(exercise, off))
    assert outcome.status == "not yet" and ("1/N" in outcome.message or "batch size" in outcome.message)


@returning
def test_a_number_beyond_all_floats_is_refused(exercise):
    assert check(exercise.name, lambda *a: 10**4000).status == "not yet"


@returning
def test_empty_list_is_refused(exercise):
    assert check(exercise.name, lambda *a: []).status == "not yet"


@returning
@pytest.mark.parametrize(
    "junk", ["a string", {"a": 1}, object(), float("nan"), [[1, 2], [3]], np.float64(3), 1j, print, True]
)
def test_junk_is_refused_in_one_sentence(exercise, junk):
    outcome = check(exercise.name, lambda *a: junk)
    assert outcome.status == "not yet" and outcome.message.endswith((".", ")"))


def stub_pass(*a):
    """doc"""


def stub_dots(*a): ...


def stub_return_dots(*a):
    return ...


@each_exercise
@pytest.mark.parametrize("stub", [blank, stub_pass, stub_dots, stub_return_dots], ids=lambda f: f.__name__)
def test_every_kind_of_blank_is_not_attempted(exercise, stub):
    assert check(exercise.name, stub).status == "not attempted"


@returning
def test_forgotten_return_is_told_apart_from_a_blank(exercise):
    def forgot(*arguments):
        result = exercise.reference(*arguments)  # noqa: F841

    outcome = check(exercise.name, forgot)
    assert outcome.status == "not yet" and "return" in outcome.message
