"""What is said of wrong numbers in general: true, and only where it explains every case."""

import numpy as np
import pytest

from course_utils.exercises import check
from course_utils.exercises.faces import face, swapped, where_right

RIGHT = [np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, 6.5]]), np.array([[0.3, 0.2, -1.5], [2.5, -0.7, 4.0]])]
NONE = [{}, {}]


def seen(change, arguments=NONE, right=RIGHT):
    return face("result", [change(e) for e in right], right, arguments, 1e-5)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda e: e[::-1], "rows of your result are right, and in reverse order"),
        (lambda e: e[:, ::-1], "columns of your result are right, and in reverse order"),
        (lambda e: np.roll(e, 1, 1), "columns stand one place too late"),
        (lambda e: np.hstack([e[:, 1:], 0 * e[:, :1]]), "the last place filled with 0"),
        (lambda e: np.vstack([e[:1], 0 * e[1:]]), "Only the first of the rows"),
        (lambda e: np.vstack([0 * e[:-1], e[-1:]]), "Only the last of the rows"),
        (lambda e: np.cumsum(e, 0), "adds up from one of the rows to the next"),
        (np.abs, "the signs are lost"),
        (np.square, "the square of the right one"),
        (lambda e: 1 / e, "1 divided by"),
        (lambda e: np.maximum(e, 0), "0 where it should be negative"),
        (lambda e: e - 1, "too small by 1"),
        (lambda e: e / e.size, "divided by how many entries"),
        (lambda e: e / np.linalg.norm(e), "divided by its length"),
        (lambda e: e * np.array([[2.0], [3.0]]), "Each row of your result is right but for a factor"),
        (lambda e: e * np.array([2.0, 3.0, 4.0]), "Each column of your result is right but for a factor"),
    ],
)
def test_a_face_is_told(change, said):
    assert said in seen(change)


def test_rounding_is_told():
    thirds = [e / 3 for e in RIGHT]
    assert "rounded to 3 decimals" in seen(lambda e: np.round(e, 3), right=thirds)


def test_one_factor_for_all_rows_of_a_case_is_no_factor_of_their_own():
    factors = iter([2.0, 3.0])
    said = face("result", [e * next(factors) for e in RIGHT], RIGHT, NONE, 1e-5)
    assert said.startswith("Your result is right but for one factor on each case (2, 3)")


def test_a_row_that_is_lost_was_not_multiplied():
    assert (
        seen(lambda e: e * np.array([[0.0], [1.0]]))
        == "Only the last of the rows of your result is filled: the others are 0."
    )
    assert seen(lambda e: e * np.array([1.0, 0.0, 1.0])) == ""


@pytest.mark.parametrize("scaled", [np.array([[2.0], [3.0]]), np.array([[2.0], [2.0]])])
def test_a_case_of_nothing_but_zeros_has_no_factor_and_hides_none(scaled):
    right = [np.zeros((2, 3)), RIGHT[0]]
    assert "right but for" in face("result", [e * scaled for e in right], right, NONE, 1e-5)


def test_a_result_of_nothing_but_zeros_has_no_factor():
    filled = [e * 0 + np.array([[1.0], [1.5]]) for e in RIGHT]
    assert face("result", filled, [0 * e for e in RIGHT], NONE, 1e-5) == ""


def test_what_is_no_face_is_not_told():
    rng = np.random.default_rng(0)
    assert seen(lambda e: e + rng.standard_normal(e.shape)) == ""


def test_a_symmetric_result_is_not_called_reversed():
    same = [np.ones((2, 3)), 2 * np.ones((2, 3))]
    assert "reverse" not in seen(lambda e: e * np.array([[2.0], [3.0]]), right=same)


def test_a_term_too_many_is_named_by_its_argument():
    theta = [{"theta": np.array([[1.0, 2.0, 0.5], [0.1, -3.0, 2.0]])}, {"theta": np.ones((2, 3))}]
    moved = [e + 0.5 * a["theta"] for e, a in zip(RIGHT, theta, strict=True)]
    assert "plus 0.5 times theta" in face("result", moved, RIGHT, theta, 1e-5)


def test_exchanged_results_are_told():
    got = {"a": RIGHT, "b": RIGHT[::-1]}
    expected = {"a": RIGHT[::-1], "b": RIGHT}
    assert (
        swapped(got, expected, ["a", "b"], 1e-5)
        == "What you get for a is what b should be: are the two exchanged?"
    )


def place(got, arguments=NONE):
    return where_right("result", ["one", "two"], got, RIGHT, arguments, 1e-5)


def test_where_a_result_is_right():
    bent = RIGHT[1] + np.array([[0, 0, 0.3], [0, 0, 0.4]])
    assert place([RIGHT[0], bent]) == (
        "What you get for result is right only on the case “one”. What is special there?"
    )
    three = [*RIGHT, RIGHT[0] + 1]
    assert where_right("result", ["one", "two", "three"], [*RIGHT, bent], three, [{}] * 3, 1e-5).startswith(
        "What you get for result is right on 2 of 3 cases, not on “three”"
    )
    halves = [e + 0.1 * np.eye(2, 3) for e in RIGHT]
    assert "4 of 6 entries are right" in place(halves)
    column = [e + np.array([0, 0, 0.3]) for e in RIGHT]
    assert "4 of 6 entries are right; what is wrong is in the last column" in place(column)


def test_what_is_said_where_no_entry_is_right():
    rng = np.random.default_rng(0)
    factors = [rng.uniform(2, 3, e.shape) for e in RIGHT]
    assert "The signs in what you get for result are right, and every size is too large: 2" in place(
        [f * e for f, e in zip(factors, RIGHT, strict=True)]
    )
    assert "All signs in what you get for result are wrong, and the sizes differ" in place(
        [-f * e for f, e in zip(factors, RIGHT, strict=True)]
    )
    mixed = [f * np.abs(e) for f, e in zip(factors, RIGHT, strict=True)]
    assert "In what you get for result, 4 of 12 numbers, over all cases, have the wrong sign." in place(mixed)
    emptied = [np.where(e == e[0, 0], 0, f * e) for f, e in zip(factors, RIGHT, strict=True)]
    assert "2 of 12 numbers that should not be 0, over all cases, are 0" in place(emptied)
    nearly = [e * (1 + 0.002 * (f - 2)) for f, e in zip(factors, RIGHT, strict=True)]
    assert "is off by up to 0.1" in place(nearly)


def test_where_an_argument_tells_the_wrong_entries_from_the_right_ones():
    given = [{"x": e} for e in RIGHT]
    assert (
        place([np.abs(e) for e in RIGHT], given)
        == "What is wrong in what you get for result lies where x is negative."
    )


def test_zeros_that_are_met_do_not_count_as_right():
    """A halved gradient that is 0 where x is 0 is not right there."""
    right = [np.array([0.0, 0.0, 0.0, 3.0, 2.0])]
    given = [{"x": np.array([0.0, 0.0, 0.0, 1.0, 5.0])}]
    assert "except" not in where_right("result", ["one"], [0.5 * right[0]], right, given, 1e-5)


def same_as(name, function):
    return check(name, function).message


def test_an_argument_that_is_not_used_is_told():
    from course_utils.exercises.lessons.lesson03 import momentum_step

    def forgets(theta, grad, velocity, rate, momentum):
        return momentum_step(theta, grad, velocity, 1.0, momentum)

    assert same_as("momentum_step", forgets) == (
        "What you get for new_theta is what comes out where rate is 1: it looks as if rate were not used."
    )


def test_exchanged_arguments_are_told():
    said = same_as("step", lambda theta, grad, rate: grad - rate * theta)
    assert said.startswith("You have exchanged theta and grad")


def test_a_step_taken_twice_is_told():
    said = same_as("step", lambda theta, grad, rate: theta - 2 * rate * grad)
    assert said == "What you get for new_theta is right for two steps: it is applied twice."
