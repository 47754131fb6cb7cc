"""The pictures of lesson 00 say what happens, and how many steps one cannot show."""

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


def test_a_walk_that_climbs_is_cut_and_the_others_tell_their_losses():
    bends, start = np.array([8.0, 0.5]), np.array([1.0, 2.0])
    factors = {0.1: (0.5, 1.0), 0.2: (-0.5, 0.5), 0.3: (-3.0, 0.5)}
    paths = {rate: start * np.array(f) ** np.arange(4.0)[:, None] for rate, f in factors.items()}
    fig, description = pictures.two_directions(paths, bends)
    assert description == (
        "Walks from θ = (1, 2), seen from above, where θ₀ bends 16 times as much as θ₁: "
        "rate 0.1 leaves a loss of 2.50 after 2 steps and 2.12 after 3; "
        "rate 0.2 leaves a loss of 0.62 after 2 steps and 0.16 after 3; rate 0.3 climbs out."
    )
    walks = [line for line in fig.axes[0].lines if len(line.get_xdata()) > 1]
    for walk, path, shown in zip(walks, paths.values(), (4, 4, 2), strict=True):
        np.testing.assert_array_equal(walk.get_xydata(), path[:shown, ::-1])
    assert [text.get_text() for text in fig.axes[0].get_legend().get_texts()] == [
        "0.1: 2.50, 2.12",
        "0.2: 0.62, 0.16",
        "0.3: climbs out",
    ]
