"""The mistakes that have the same face in every exercise."""

from dataclasses import replace

import numpy as np
import pytest

from course_utils.exercises import all_exercises, check
from course_utils.exercises.diagnosis import common_factor, diagnose

E = [np.array([[1.0, -2.0], [0.5, 0.0]]), np.array([3.0])]


@pytest.mark.parametrize("c", [2.0, -0.5, -1.0, 0.01, 1.01, 0.99, 100.0])
def test_one_factor_in_every_entry_of_every_case_is_found(c):
    assert common_factor([c * e for e in E], E) == pytest.approx(c, rel=1e-12)


@pytest.mark.parametrize("c", [1.0, 1.0005, 0.9995, 0.0, 5e-4])
def test_no_factor_nothing_and_a_hair_are_no_finding(c):
    assert common_factor([c * e for e in E], E) is None


def test_a_factor_has_to_hold_everywhere():
    got = [2 * e for e in E]
    got[0][1, 1] = 1e-4  # where the right one is 0
    assert common_factor(got, E) is None
    got = [2 * e for e in E]
    got[0][0, 0] *= 1 + 2e-5
    assert common_factor(got, E) is None
    got[0][0, 0] = 2 + 1e-6  # within a millionth of the largest
    assert common_factor(got, E) == pytest.approx(2, rel=1e-5)


def test_the_size_of_the_numbers_does_not_matter():
    small = [1e-3 * e for e in E]
    assert common_factor([3 * e for e in small], small) == pytest.approx(3)
    wrong = [3 * e for e in small]
    wrong[1] = wrong[1] + 1e-6
    assert common_factor(wrong, small) is None
    large = [1e6 * e for e in E]
    assert common_factor([50 * e + 10 for e in large], large) == pytest.approx(50)


def test_nothing_is_no_multiple():
    assert common_factor([np.ones(2)], [np.zeros(2)]) is None


RELU = all_exercises()["relu_backward"]  # its upstream gradient is grad_y, its batch is told apart below
MADE = [
    {"grad_y": np.arange(1.0, 10).reshape(3, 3) ** 2, "x": np.arange(9.0).reshape(3, 3) - 4},
    {"grad_y": np.array([[1.0, -2.0], [5.0, 7.0]]), "x": np.array([[1.0, -1.0], [-2.0, 3.0]])},
]
RIGHT = [m["grad_y"] * (m["x"] > 0) for m in MADE]
IGNORING = [np.where(m["x"] > 0, 1.0, 0.0) for m in MADE]


def told(got, expected=RIGHT, exercise=RELU, made=MADE):
    return diagnose(exercise, "grad_x", made, got, expected, lambda: IGNORING)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        (lambda g, x: 0 * g, "What you get for grad_x is zero everywhere: nothing flows back."),
        (lambda g, x: -g * (x > 0), "What you get for grad_x has the wrong sign: every entry is minus the right one."),
        (lambda g, x: 3 * g * (x > 0), "What you get for grad_x is 3 times the right one, in every entry"),
        (lambda g, x: (g * (x > 0)).T, "What you get for grad_x is transposed."),
        (lambda g, x: np.where(x > 0, 1.0, 0.0), "Your grad_x ignores grad_y: multiply by what arrives"),
        (lambda g, x: g, "What you get for grad_x is grad_y itself: the layer's own derivative is missing."),
        (lambda g, x: g * (x <= 0), "Your grad_x lets through what should be blocked"),
        (lambda g, x: g + x, ""),
    ],
)  # fmt: skip
def test_each_rule_says_its_sentence_where_it_explains_every_case(wrong, sentence):
    got = [wrong(m["grad_y"], m["x"]) for m in MADE]
    said = told(got)
    assert said.startswith(sentence) and bool(said) == bool(sentence)
    assert told([got[0], got[1] + 0.5]) == ""  # not in both cases: no finding


def test_the_batch_size_is_told_both_ways():
    exercise = replace(RELU, batch="x")
    assert "too large by the batch size" in told([r * len(r) for r in RIGHT], exercise=exercise)
    assert "too small by the batch size" in told([r / len(r) for r in RIGHT], exercise=exercise)
    assert told([r * len(r) for r in RIGHT], exercise=replace(RELU, batch=None)) == ""


def test_what_is_not_square_is_not_called_transposed():
    expected = [np.arange(6.0).reshape(2, 3), np.arange(6.0).reshape(3, 2)]
    assert told([expected[1].T, expected[0].T], expected, replace(RELU, upstream=None)) == ""
    square = [np.arange(4.0).reshape(2, 2), expected[0]]
    assert told([square[0].T, square[1]], square, replace(RELU, upstream=None)) == ""


def test_an_upstream_gradient_of_another_shape_is_no_gate():
    expected = [r[:, 0] for r in RIGHT]
    assert told([m["grad_y"][:, 1] for m in MADE], expected) == ""


def test_whole_numbers_are_compared_as_numbers():
    made = [{"grad_y": [[1, 2], [3, 4]], "x": np.array([[1, -1], [1, 1]])}] * 2
    expected = [np.array([[1.0, 0.0], [3.0, 4.0]])] * 2
    assert "grad_y itself" in told([np.array([[1.0, 2.0], [3.0, 4.0]])] * 2, expected, made=made)


def test_a_sum_over_the_wrong_axis_is_told_both_axes():
    exercise = all_exercises()["relu_backward"]
    made = [np.arange(9.0).reshape(3, 3) ** 2, np.arange(4.0).reshape(2, 2)]
    for axis in (0, 1):
        told = diagnose(
            exercise,
            "total",
            [{"grad_y": m, "x": m} for m in made],
            [m.sum(axis=1 - axis) for m in made],
            [m.sum(axis=axis) for m in made],
            lambda: [np.full(len(m), np.nan) for m in made],
        )
        assert told == f"Your total sums grad_y over axis {1 - axis}; it should be axis {axis}."


def test_a_mistake_that_explains_only_some_results_is_not_told_as_what_was_done():
    outcome = check("multiply_backward", lambda grad_y, a, b: (grad_y * b, grad_y * b))
    assert outcome.message.startswith("Your grad_b comes out as with this mistake: The two are swapped")
    assert outcome.message.endswith("The rest of yours is right.")
