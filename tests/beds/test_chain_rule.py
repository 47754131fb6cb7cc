"""Lesson 01: the numbers that are measured stand in its pictures, and its trap loses what it should."""

import numpy as np

from course_utils.beds.chain_rule import pictures, trap
from course_utils.engine.scalar import Value
from course_utils.exercises.lessons.lesson01 import RULES, backward


def test_a_nudge_is_drawn_with_both_slopes_and_its_title_names_them():
    fig, description = pictures.nudge(0.5, one=4.75, both=3.25)
    [ax] = fig.axes
    assert ax.get_title(loc="left") == "Both sides 3.25, one side 4.75, the true slope 3"
    np.testing.assert_allclose(
        [line.get_slope() for line in ax.lines if hasattr(line, "get_slope")], [3, 4.75, 3.25]
    )
    assert description.endswith("one side gives 4.750, both sides 3.250, the true slope is 3.")


def test_the_errors_of_both_ways_are_drawn_against_every_step():
    steps = [10.0**-k for k in range(1, 7)]
    one, both = np.linspace(1, 0.1, 6), np.linspace(0.1, 1e-3, 6)
    fig, description = pictures.errors(steps, one, both)
    [ax] = fig.axes
    for line, found in zip(ax.lines, (one, both), strict=True):
        np.testing.assert_allclose(line.get_xydata(), np.transpose([steps, found]))
    assert ax.get_xlim()[0] > ax.get_xlim()[1]  # the nudge shrinks to the right
    assert description.endswith("At 1e-05: both sides not below 1e-9.")
    assert pictures.errors(steps, one, both * 1e-8)[1].endswith("both sides below 1e-9.")


def test_overwriting_is_right_on_a_chain_and_keeps_one_of_two_uses():
    x = Value(0.5)
    chain = (x * 3.0).tanh()
    backward(chain, RULES)
    right = x.grad
    trap.overwriting(chain, RULES)
    assert x.grad == right and chain.grad == 1.0
    square = x * x
    backward(square, RULES)
    assert x.grad == 1.0
    trap.overwriting(square, RULES)
    assert x.grad == 0.5
