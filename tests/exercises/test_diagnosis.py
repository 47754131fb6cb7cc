"""The mistakes that have the same face in every exercise."""

import numpy as np
import pytest

from course_utils.exercises.diagnosis import common_factor

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
