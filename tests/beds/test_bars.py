"""Fronts that redraw bars: queries and steps are counted, and asking happens where it was ordered."""

import numpy as np
import pytest

from course_utils.beds.unknown import bars
from course_utils.exercises.lessons.lesson08 import through_surrogate
from course_utils.exercises.lessons.lesson08_round import online_round


def run(rounds, reach=None, **more):
    """The run, and what its rounds had asked so far, (queries, 5) after each."""
    asked_so_far = []

    def watched(*arguments):
        asked, answers = online_round(*arguments)
        asked_so_far.append(asked)
        return asked, answers

    return bars.train_on_bars(
        watched, through_surrogate, rounds, 0.004, 0, 24, 12, reach, **more
    ), asked_so_far


@pytest.mark.parametrize("rounds", [1, 3, 12])
def test_rounds_share_queries_and_steps(rounds):
    done, asked = run(rounds, logged=range(12))
    assert [len(rows) for rows in asked] == [24 // rounds * (i + 1) for i in range(rounds)]
    assert done.losses.shape == (12, 2)  # so the front took all 12 steps


def test_without_a_reach_the_fronts_own_numbers_are_asked():
    (asked,) = run(1)[1]
    assert np.abs(asked[:, :3]).max() < 1 and np.all(asked[:, 3:] < 0)  # the small bar in the middle


def test_with_a_reach_random_numbers_are_asked():
    (asked,) = run(1, reach=3.0)[1]
    assert np.abs(asked).max() <= 3 and np.abs(asked).max() > 2 and len(np.unique(asked)) == asked.size


def test_only_logged_steps_are_measured_and_the_first_before_any_step():
    done = run(1, logged=(0, 11))[0]
    wanted = bars.pictures("validation")
    drawn = bars.draw_bars(bars.small_bar_front(0).forward(bars.as_input(wanted)))
    assert done.losses.shape == (2, 2)
    assert done.losses[0, 1] == pytest.approx(bars.pixel_loss(drawn, wanted))


def test_r2_is_0_for_the_mean_picture_and_1_for_a_perfect_front():
    wanted = bars.pictures("test")
    assert wanted.shape == (500, 144) and 0 <= wanted.min() < wanted.max() <= 1

    class Knowing:
        def forward(self, x):
            return np.random.default_rng(2).uniform(-1.2, 1.2, (500, 5))

    assert bars.redrawn(Knowing(), "test") == pytest.approx(1, abs=1e-6)
    assert bars.redrawn(bars.small_bar_front(0), "test") < 0


def test_a_front_trained_on_is_a_copy_that_pleases_its_surrogate_more():
    done = run(1, reach=1.2)[0]
    before, kept = bars.promised_and_real(done.front, done.surrogate), done.front.theta.copy()
    further = bars.trained_on(done.front, done.surrogate, through_surrogate, 0.004, 0, 40)
    assert np.array_equal(done.front.theta, kept)
    assert bars.promised_and_real(further, done.surrogate)[0] < before[0]


def test_a_surrogate_that_is_the_renderer_explains_all_of_its_drawings():
    class Renderer:
        forward = staticmethod(bars.draw_bars)

    front = run(1, reach=1.2)[0].front
    assert bars.explained_drawings(Renderer, front) == pytest.approx(1)
    assert bars.promised_and_real(front, Renderer)[0] == bars.promised_and_real(front, Renderer)[1]
