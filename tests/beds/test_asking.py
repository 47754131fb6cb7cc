"""What a gradient costs that is asked for: counted right, chosen on other seeds, and drawn."""

import numpy as np
import pytest

from course_utils.beds.unknown import asking
from course_utils.beds.unknown import difference_pictures as pictures
from course_utils.beds.unknown.fronts import Run
from course_utils.beds.unknown.torch_twin import twin
from course_utils.engine import estimate
from course_utils.engine.nn import softmax_cross_entropy
from course_utils.exercises.checking import check
from course_utils.exercises.lessons.lesson07 import nudge_weights


def test_a_difference_for_each_costs_what_backprop_costs_times_k_plus_1():
    """Why the lesson may let backprop stand in for differences that nobody has to wait for."""
    asked = asking.at_h(lambda losses, h, rng: estimate.forward_difference(losses, h, 1e-4), 272 * 6, k=16)
    real, stand_in = asked(0.02, range(2)), asking.charged(0.02, range(2), 16)
    np.testing.assert_array_equal(real.queries, stand_in.queries[:6])
    np.testing.assert_allclose(real.accuracy, stand_in.accuracy[:, :6], atol=0.01)


def test_the_rate_is_chosen_on_the_seeds_for_choosing_and_a_tie_goes_to_the_first():
    seen = []

    def trained(rate, seeds):
        seen.append((rate, list(seeds)))
        return Run(np.array([1, 2]), np.array([[0.0, 1.0 * (rate < 0.3)]]), np.array([0.0]))

    rate, _ = asking.tuned(trained, [0.4, 0.1, 0.2], range(100, 102), range(2), 0.9)
    assert rate == 0.1 and seen[-1] == (0.1, [0, 1]) and all(seeds == [100, 101] for _, seeds in seen[:-1])


def test_the_true_gradient_is_that_of_the_mean_and_float32_keeps_the_weights():
    tail, h, y = asking.one_tail(0), np.random.default_rng(0).uniform(-1, 1, (3, 16)), np.array([1, 2, 3])
    found = estimate.central_difference(asking.losses_behind(tail.forward, y), h, 1e-5).grad
    np.testing.assert_allclose(asking.true_gradient(tail, h, y), found, atol=1e-9)
    single = asking.in_float32(tail).forward(h)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, tail.forward(h), atol=1e-4)


@pytest.mark.parametrize(("precision", "step"), [("float64", 1e-5), ("float32", 1e-2)])
def test_the_chosen_step_is_compared_with_the_truth(precision, step):
    trial = asking.try_steps(nudge_weights, [10.0**n for n in range(-10, 1)], 0, precision)
    assert trial.least <= trial.error < 1e-3 and trial.best == pytest.approx(step)
    assert asking.try_steps(nudge_weights, [1e-9, 1e-8, 1e-7, 0.5, 1], 0, precision).least < 0.1


def test_several_directions_a_step_cost_several_times_as_much():
    def estimator(losses, h, nudge, rng):
        return estimate.spsa(losses, h, nudge, rng)

    steps = [
        len(asking.by_directions(estimator, count, 1e-3, 0.01, range(2), 640).queries) for count in (1, 4)
    ]
    assert steps == [20, 5]


@pytest.mark.parametrize("make", [asking.convolutional, asking.recurrent])
def test_other_fronts_hand_over_16_numbers(make):
    h = make([0, 1]).forward(np.ones((2, 3, 64)))
    assert h.shape == (2, 3, 16) and np.abs(h).max() <= 1


def test_medians_run_over_fronts_together_and_one_by_one():
    together = Run(np.array([10, 20]), np.array([[0.9, 0.9], [0.1, 0.9]]), np.array([0.5, 0.7]))
    alone = Run(np.array([30, 40]), np.array([0.1, 0.9]), 0.6)
    assert asking.median_queries([together, alone], 0.85) == 20
    assert asking.median_test([together, alone]) == 0.6


def test_the_twin_in_pytorch_answers_alike():
    import torch

    tail, h = asking.one_tail(0), np.random.default_rng(0).uniform(-1, 1, (3, 16))
    np.testing.assert_allclose(twin(tail)(torch.tensor(h)).numpy(), tail.forward(h), atol=1e-12)
    assert softmax_cross_entropy(tail.forward(h), np.array([1, 2, 3]))[0] > 0


def test_pictures_say_what_was_measured():
    errors = {
        p: {k: np.array([3.0, 1.0, 2.0]) for k in ("forward", "central")} for p in ("float64", "float32")
    }
    assert "central, float32: 1e-2" in pictures.step_errors(np.array([0.001, 0.01, 0.1]), errors)[1]
    runs = {name: [Run(np.array([1, 9]), np.array([0.1, 0.9]), 0.9)] for name in "abcde"}
    told = pictures.race(runs, 0.85, {name: 9 - i for i, name in enumerate("abcde")}, "title")[1]
    assert told.endswith("85%: e, d, c, b, a.")
    told = pictures.width([4, 16, 64], [1, 2, 50], [1, 2, 3], 0.85)[1]
    assert "one direction grow 3 times" in told and "each activation 50 times" in told
    told = pictures.training(lambda *of: Run(np.array([1, 9]), np.array([[0.1, 0.9]]), 0.9), 1, 0.1, 0.01)[1]
    assert "from 0.10 to 0.90" in told


@pytest.mark.filterwarnings("error")
def test_a_picture_of_fronts_that_never_arrive_says_so():
    never = [np.inf] * 5
    for each in (never, [*range(1, 5), np.inf]):
        fig, said = pictures.width([16, 48, 192, 384, 768], each, never, 0.6)
        fig.canvas.draw()
        assert said.endswith("Not every front reached 60%.")


def test_an_estimator_that_is_handed_a_mean_says_what_it_wants():
    def mean_handed_over(front, box, x, y, estimator):
        before = box.queries
        grad_h, _ = estimator(lambda h: softmax_cross_entropy(box(h), y)[0], front.forward(x))
        front.backward(grad_h)
        return box.queries - before

    assert "one loss for each example" in check("front_gradient", mean_handed_over).message
