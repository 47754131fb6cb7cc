"""An exercise as a lesson's module writes it, and what is said of a result."""

import numpy as np
import pytest

from course_utils.exercises.bank import Case, Entry, Misconception, WrongResult, all_exercises, describe


def settings(**more):
    return {
        "returns": ("y",),
        "checked": "…",
        "cases": (Case("one", lambda: {"x": 1.0}),),
        "hints": ("…",),
        **more,
    }


def double(x):
    return 2 * x


def triple(x):
    return 3 * x


def test_an_entry_collects_its_functions_from_top_to_bottom():
    entry = Entry("7.3", **settings(rtol=0.5))
    assert entry.reference(double) is double
    assert entry.truth(triple) is triple
    assert entry.wrong("Twice too much.")(triple) is triple
    assert entry.right(double) is double
    exercise = entry.exercise()
    assert (exercise.number, exercise.name, exercise.lesson) == ("7.3", "double", "07")
    assert (exercise.reference, exercise.truth, exercise.rtol) == (double, triple, 0.5)
    assert exercise.misconceptions == (Misconception(triple, "Twice too much."),)
    assert exercise.alternatives == (double,)


@pytest.mark.parametrize("kind", ["reference", "truth"])
def test_there_is_one_function_for_each_purpose(kind):
    entry = Entry("7.3", **settings())
    getattr(entry, kind)(double)
    with pytest.raises(ValueError, match=f"exercise 7.3 has two functions for {kind}"):
        getattr(entry, kind)(triple)


def test_several_values_are_compared_by_name_and_otherwise_asked_for():
    exercise = Entry("7.3", **settings(returns=("y", "grad", "rate")), reference=double).exercise()
    assert (
        exercise.look({}, (1, 2, 3))
        == exercise.look({}, [1, 2, 3])
        == exercise.look({}, np.array([1, 2, 3]))
        == {"y": 1, "grad": 2, "rate": 3}
    )
    for result, told in [
        ((1, 2), "a tuple of 2 values"),
        ("abc", "a string"),
        (np.ones((3, 2)), "an array of shape"),
    ]:
        with pytest.raises(
            WrongResult, match=f"^Return 3 values, y, grad and rate, in this order; yours returned {told}"
        ):
            exercise.look({}, result)


@pytest.mark.parametrize(
    "result, words",
    [
        ((1,), "a tuple of 1 value"), ([1, 2], "a list of 2 values"), ((), "an empty tuple"), ([], "an empty list"),
        (np.ones((3, 2)), "an array of shape (3, 2)"), ("a", "a string"), (2, "the number 2"),
        (1 / 3, "the number 0.3333"), (10**301, "a number too large to print"), (None, "nothing (None)"),
        ({}, "an object of type dict"),
    ],
)  # fmt: skip
def test_a_result_in_a_few_words(result, words):
    assert describe(result) == words


def test_all_exercises_come_in_the_order_of_the_lessons():
    numbers = [tuple(map(int, exercise.number.split("."))) for exercise in all_exercises().values()]
    assert numbers == sorted(numbers)
