"""The hybrid of surrogate and queries, and the two pictures about queries."""

import numpy as np
import pytest

from course_utils.beds.unknown import fronts, hybrids, tails, tasks
from course_utils.beds.unknown.pictures import draw_estimates, draw_race
from course_utils.engine import nn
from course_utils.engine.estimate import Estimate, central_difference, spsa


@pytest.fixture(scope="module")
def bars():
    return tasks.bar_task()


def front_and_renderer():
    return nn.Network(nn.Linear(144, 5), seed=0), nn.Network(nn.Linear(5, 144), seed=1)


def test_the_guess_is_the_surrogates_gradient(bars):
    front, renderer = front_and_renderer()
    seen = []

    def correct(losses, h, guess, rng):
        target = bars.target[first_rows]
        through = central_difference(lambda h: bars.losses(renderer.forward(h), target), h, 1e-5).grad
        seen.append((guess, through))
        losses(h)
        return Estimate(guess, len(h))

    first_rows = np.random.default_rng(4).integers(len(bars.x), size=3)
    hybrids.train_hybrid(front, renderer, bars, correct, 3, 0.01, seed=4, size=3)
    ((guess, through),) = seen
    np.testing.assert_allclose(guess, through, atol=1e-6)


def test_queries_are_counted_and_answers_teach_the_surrogate(bars):
    front, renderer = front_and_renderer()
    before = renderer.theta.copy(), front.theta.copy()
    run = hybrids.train_hybrid(
        front, renderer, bars, lambda losses, h, guess, rng: spsa(losses, h, 0.1, rng), 100, 0.01, 0, size=8
    )
    assert run.queries.tolist() == [16, 32, 48, 64, 80, 96, 112]
    assert np.all(renderer.theta != before[0]) and np.any(front.theta != before[1])
    assert run.test == bars.score(front, "test") and run.accuracy[-1] == bars.score(front, "validation")


def test_only_the_last_calls_are_kept(bars, monkeypatch):
    sizes = []
    monkeypatch.setattr(hybrids, "fit_surrogate", lambda s, r, h, outputs, steps, rng: sizes.append(len(h)))
    hybrids.train_hybrid(
        *front_and_renderer(),
        bars,
        lambda losses, h, guess, rng: spsa(losses, h, 0.1, rng),
        80,
        0.01,
        0,
        size=8,
        keep=3,
    )
    assert sizes == [16, 24, 24, 24, 24]


@pytest.mark.parametrize("fits", [0, 4])
def test_behind_the_renderer_the_surrogate_learns_in_as_many_steps_as_told(bars, monkeypatch, fits):
    steps = []
    monkeypatch.setattr(hybrids, "fit_surrogate", lambda s, r, h, outputs, count, rng: steps.append(count))

    def asked_once(losses, h, guess, rng):
        losses(h)
        return Estimate(guess, len(h))

    run = hybrids.train_behind_renderer(bars, asked_once, 800, 0.01, seed=0, fits=fits)
    assert run.queries.tolist() == [400, 800] and steps == [fits] * 50


def test_noise_is_in_the_answers_and_not_in_the_measure():
    heard = []

    def estimator(losses, h, rng):
        heard.append(losses(h) - losses(h))
        return Estimate(np.zeros_like(h), 2 * len(h))

    g = nn.Network(nn.Linear(16, 10), seed=0).forward
    still = [fronts.train_front(fronts.new_front(0), g, estimator, 40, 0.01, 0, noise=n) for n in (0.0, 2.0)]
    assert not heard[0].any() and heard[-1].all()
    assert still[0].test == still[1].test


def test_small_nudges_on_stairs_are_zero_and_large_ones_point_downhill():
    said = []
    for sigma in (0.0001, 0.5):
        fig, description = draw_estimates("stairs", sigma, 4, 0.0)
        said.append(
            (float(description.split("cosine is ")[1].split(",")[0]), "100% of them are zero" in description)
        )
    assert said[0] == (0.0, True) and said[1][0] > 0.7 and not said[1][1]


def test_the_race_is_ranked_by_queries_until_the_goal():
    def runs(reached_at):
        queries = np.array([10, 100, 1000])
        return [fronts.Run(queries, np.where(queries >= reached_at, 0.9, 0.2), 0.9)] * 2

    fig = draw_race({"slow": runs(1000), "never": runs(9999), "quick": runs(10)}, dict.fromkeys(["slow", "never", "quick"], "tail"), 0.88, {"slow": ("left", 0.5), "quick": ("right", 0.5)})  # fmt: skip
    labels = [label.get_text() for label in fig.axes[1].get_yticklabels()]
    named = [text.get_text() for text in fig.axes[0].texts]
    assert "slow" in named and "quick" in named and "never" not in named
    assert labels == ["quick", "slow", "never"]


def test_a_fixed_plane_is_exact_for_a_plane_and_asks_as_often_as_told():
    tail, asked = nn.Network(nn.Linear(16, 10), seed=3), []

    def g(h):
        asked.append(len(h))
        return tail.forward(h)

    through = fronts.train_fixed_plane(fronts.new_front(0), g, 17, 0.01, 0)
    assert asked[0] == 17 and through.queries.tolist() == [17]
    assert asked[1:] == [
        len(part) for part in (tails.centred_digits().y_validation, tails.centred_digits().y_test)
    ]
    assert through.test > 0.8


def test_only_on_grid_refuses_what_lies_between():
    strict = tails.only_on_grid(lambda h: 2 * h, 0.5)
    np.testing.assert_array_equal(strict(np.array([[0.5, -1.0]])), [[1.0, -2.0]])
    with pytest.raises(ValueError, match="multiples of 0.5"):
        strict(np.array([[0.5, 0.6]]))
