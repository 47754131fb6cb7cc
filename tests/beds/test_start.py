"""The picture of lesson 00 says what happens, and how many steps it cannot show."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.beds.start import pictures


@pytest.mark.parametrize(
    ("factor", "bend", "says", "shown"),
    [
        (0.5, 1.0, "after 4 steps the loss is 0.035.", 5),
        (-1.0, 2.0, "you jump to and fro for ever.", 5),
        (
            -2.0,
            0.5,
            "every step lands higher than the last; 4 more outside the picture, the first at θ = -6.",
            1,
        ),
    ],
)
def test_the_verdict_and_the_dots_are_those_of_the_path(factor, bend, says, shown):
    path = 3.0 * factor ** np.arange(5.0)
    fig, description = pictures.descent(path, 0.1, bend)
    assert description.endswith(f"with rate 0.1: {says}")
    curve, steps, dots = fig.axes[0].lines
    np.testing.assert_allclose(curve.get_ydata(), bend * curve.get_xdata() ** 2)
    assert len(dots.get_xdata()) == shown
    assert len(steps.get_xdata()) == min(shown + 1, 5)  # a line leads out of the picture
    assert ("outside" in fig.axes[0].texts[-1].get_text()) == (shown < 5)
    plt.close("all")
