"""Training a front through an unknown tail: the budget is kept, every query counted, and it learns."""

import numpy as np
import pytest

from course_utils.beds.unknown import fronts, hybrids
from course_utils.beds.unknown.fronts import (
    Run,
    new_front,
    train_front,
    train_known,
    train_online,
)
from course_utils.beds.unknown.tails import centred_digits, smooth_tail
from course_utils.beds.unknown.tasks import accuracy_through, digit_task
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import Estimate, forward_difference, spsa
from course_utils.engine.nn import Linear, Network, Tanh, softmax_cross_entropy

TAIL = smooth_tail(0)


class Counting:
    """A g that counts the rows it is given, whoever asks."""

    def __init__(self):
        self.rows = []

    def __call__(self, h):
        self.rows.append(len(h))
        return TAIL.forward(h)

    def asked(self):
        """Rows, without those of measuring: 200 validation and 500 test images at a time."""
        return sum(rows for rows in self.rows if rows not in (200, 500))


def differences(losses, h, rng):
    return forward_difference(losses, h, 1e-4)


def surrogate():
    return Network(Linear(16, 32), Tanh(), Linear(32, 10), seed=9)


# --- Run ---


def test_until_is_the_first_time_and_infinity_if_never():
    run = Run(np.array([10, 20, 30, 40]), np.array([0.2, 0.8, 0.7, 0.9]), 0.5)
    assert run.until(0.8) == 20
    assert run.until(0.0) == 10
    assert run.until(0.85) == 40
    assert run.until(0.91) == np.inf
    assert type(run.until(0.8)) is float


# --- the front ---


def test_a_front_has_2608_weights_of_its_seed_and_answers_between_minus_1_and_1():
    front = new_front(0)
    assert front.theta.shape == (2608,)
    np.testing.assert_array_equal(front.theta, new_front(0).theta)
    assert np.any(front.theta != new_front(1).theta)
    h = front.forward(100 * np.random.default_rng(0).normal(size=(50, 64)))
    assert h.shape == (50, 16) and np.abs(h).max() <= 1
    assert new_front(0, k=5).forward(np.zeros((2, 64))).shape == (2, 5)


def test_accuracy_is_the_share_that_g_reads_right():
    front, x = new_front(0), centred_digits().x_test[:40]
    said = TAIL.forward(front.forward(x)).argmax(axis=1)
    y = np.where(np.arange(40) < 30, said, (said + 1) % 10)
    assert accuracy_through(front, TAIL.forward, x, y) == 0.75


# --- train_front ---


@pytest.mark.parametrize("budget", [1, 272, 273, 5000])
def test_the_budget_is_spent_to_within_one_step(budget):
    g, a_step = Counting(), 16 * 17
    run = train_front(new_front(0), g, differences, budget, rate=0.01, seed=0)
    assert budget <= run.queries[-1] < budget + a_step
    np.testing.assert_array_equal(run.queries, a_step * np.arange(1, len(run.queries) + 1))
    assert run.queries[-1] == g.asked()
    assert run.accuracy.shape == run.queries.shape


def test_the_step_is_adams_along_the_gradient_that_backprop_makes_of_the_estimate():
    """With the true dL/dh for an estimate, training is ordinary backprop through f and g."""
    d, rows = centred_digits(), np.random.default_rng(3).integers(1097, size=8)

    def true_gradient(losses, h, rng):
        logits = TAIL.forward(h)
        np.testing.assert_allclose(
            losses(h), -np.log(np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True))[range(8), d.y_train[rows]]
        )  # fmt: skip
        return Estimate(TAIL.backward(softmax_cross_entropy(logits, d.y_train[rows])[1], need_grad_x=True), 0)

    front, expected = new_front(0), new_front(0)
    train_front(front, TAIL.forward, true_gradient, budget=1, rate=0.01, seed=3, size=8)
    logits = TAIL.forward(expected.forward(d.x_train[rows]))
    grad_logits = softmax_cross_entropy(logits, d.y_train[rows])[1]
    expected.backward(TAIL.backward(grad_logits, need_grad_x=True))
    expected.theta -= 0.01 * expected.grad / (np.abs(expected.grad) + 1e-8)  # Adam's first step
    np.testing.assert_allclose(front.theta, expected.theta, atol=1e-9)


def test_an_estimator_of_a_learners_own_returns_a_plain_pair():
    plain = train_front(new_front(0), TAIL.forward, lambda *a: tuple(differences(*a)), 600, 0.01, seed=0)
    np.testing.assert_array_equal(
        plain.accuracy, train_front(new_front(0), TAIL.forward, differences, 600, 0.01, seed=0).accuracy
    )


def test_the_noise_is_not_drawn_like_the_batches(monkeypatch):
    seeds = []

    def noted(*arguments, seed, **settings):
        seeds.append(seed)
        return BlackBox(*arguments, seed=seed, **settings)

    monkeypatch.setattr(fronts, "BlackBox", noted)
    train_front(new_front(0), TAIL.forward, differences, 300, 0.01, seed=7, noise=0.1)
    assert len(seeds) == 1 and seeds[0] != 7


def test_the_same_seed_makes_the_same_run():
    fronts_ = [new_front(0) for _ in range(3)]
    for front, seed in zip(fronts_, (0, 0, 1), strict=True):
        train_front(front, TAIL.forward, differences, 1000, rate=0.01, seed=seed)
    np.testing.assert_array_equal(fronts_[0].theta, fronts_[1].theta)
    assert np.any(fronts_[0].theta != fronts_[2].theta)


def test_a_front_learns_through_the_tail():
    front, d = new_front(0), centred_digits()
    assert accuracy_through(front, TAIL.forward, d.x_test, d.y_test) < 0.3
    kept = TAIL.theta.copy()
    run = train_front(front, TAIL.forward, differences, 20_000, rate=0.02, seed=0)
    assert run.test > 0.85 and run.until(0.8) < 15_000
    assert run.test == accuracy_through(front, TAIL.forward, d.x_test, d.y_test)
    np.testing.assert_array_equal(TAIL.theta, kept)


# --- with g known, and without backprop ---


def test_with_g_known_a_step_is_backprop_through_both_and_a_query_an_example():
    d, rows = centred_digits(), np.random.default_rng(3).integers(1097, size=16)
    front, expected = new_front(0), new_front(0)
    run = train_known(front, TAIL, 16, rate=0.01, seed=3)
    logits = TAIL.forward(expected.forward(d.x_train[rows]))
    grad_logits = softmax_cross_entropy(logits, d.y_train[rows])[1]
    expected.backward(TAIL.backward(grad_logits, need_grad_x=True))
    expected.theta -= 0.01 * expected.grad / (np.abs(expected.grad) + 1e-8)
    np.testing.assert_allclose(front.theta, expected.theta, atol=1e-9)
    assert run.queries.tolist() == [16]
    assert train_known(new_front(0), TAIL, 100, 0.01, 3).queries.tolist() == [16, 32, 48, 64, 80, 96, 112]
    assert train_known(new_front(0), TAIL, 10_000, 0.02, 0).test > 0.9


def test_the_digits_task_measures_what_training_makes_smaller():
    task, d = digit_task(TAIL.forward), centred_digits()
    outputs, y = TAIL.forward(new_front(0).forward(d.x_train[:8])), d.y_train[:8]
    assert task.losses(outputs, y).mean() == pytest.approx(softmax_cross_entropy(outputs, y)[0])
    nudge = 1e-6 * np.random.default_rng(0).standard_normal(outputs.shape)
    change = task.losses(outputs + nudge, y).mean() - task.losses(outputs - nudge, y).mean()
    assert change == pytest.approx(2 * np.sum(nudge * task.gradient(outputs, y)), rel=1e-4)
    front = new_front(0)
    assert task.score(front, "test") == accuracy_through(front, TAIL.forward, d.x_test, d.y_test)


# --- train_online ---


def test_online_counts_what_it_asked_and_nothing_else():
    g = Counting()
    run = train_online(new_front(0), surrogate(), g, budget=200, rate=0.01, seed=0, surrogate_steps=3)
    np.testing.assert_array_equal(run.queries, 32 * np.arange(1, 8))
    assert run.queries[-1] == g.asked() == 224


def test_online_holds_the_surrogate_still_while_the_front_learns(monkeypatch):
    """Only ``fit_surrogate`` moves it, and that is shown every answer so far."""
    shown, ghat = [], surrogate()

    def look(surrogate, rule, h, outputs, steps, rng):
        np.testing.assert_allclose(outputs, TAIL.forward(h))
        shown.append(len(h))

    monkeypatch.setattr(fronts, "fit_surrogate", look)
    kept, front = ghat.theta.copy(), new_front(0)
    train_online(front, ghat, TAIL.forward, budget=96, rate=0.01, seed=0, front_steps=2)
    assert shown == [32, 64, 96]
    np.testing.assert_array_equal(ghat.theta, kept)
    assert np.any(front.theta != new_front(0).theta)


def test_online_takes_as_many_steps_in_the_front_as_it_is_told():
    def rows_through(front_steps):
        front = new_front(0)
        forward, seen = front.forward, []
        front.forward = lambda x: seen.append(len(x)) or forward(x)
        train_online(front, surrogate(), TAIL.forward, 64, 0.01, seed=0, size=20, front_steps=front_steps)
        return seen.count(20)

    assert (
        rows_through(1) == 4 * 2 and rows_through(5) == 4 * 6
    )  # four rounds: one batch to ask about, then the steps


def test_online_learns_from_few_queries():
    run = train_online(new_front(0), surrogate(), TAIL.forward, 1200, rate=0.01, seed=0)
    assert run.test > 0.85 and run.until(0.8) < 1200


# --- several fronts at once ---


def bending(seed):
    return Network(Linear(16, 32), Tanh(), Linear(32, 10), seed=9 + np.asarray(seed))


TRAINERS = {
    "estimates": lambda s, g: train_front(new_front(s), g.forward, differences, 600, 0.01, seed=3, noise=0.1),
    "known": lambda s, g: train_known(new_front(s), g, 100, 0.01, seed=3),
    "on-line": lambda s, g: train_online(new_front(s), bending(s), g.forward, 100, 0.01, seed=3),
    "a plane": lambda s, g: fronts.train_fixed_plane(new_front(s), g.forward, 40, 0.01, seed=3),
    "half surrogate": lambda s, g: hybrids.train_hybrid(
        new_front(s), bending(s), digit_task(g.forward), half_and_half, 100, 0.01, seed=3
    ),
}


def half_and_half(losses, h, guess, rng):
    grad, spent = spsa(losses, h, 0.1, rng)
    return Estimate((grad + guess) / 2, spent)


@pytest.mark.parametrize("train", TRAINERS.values(), ids=TRAINERS)
def test_one_of_one_is_what_it_is_alone(train):
    alone, one = train(0, smooth_tail(0)), train([0], smooth_tail([0]))
    np.testing.assert_array_equal(one.queries, alone.queries)
    np.testing.assert_allclose(one.accuracy, [alone.accuracy], atol=0.011)  # two images, to rounding
    assert abs(one.test[0] - alone.test) < 0.005
    assert one.until(0.05)[0] == alone.until(0.05)


@pytest.mark.parametrize("train", TRAINERS.values(), ids=TRAINERS)
def test_of_several_each_has_its_own_front_and_tail_and_pays_for_itself(train):
    """A front in front of two tails that are alike learns alike; the queries are those of one front."""
    alone, two = train(0, smooth_tail(0)), train([0, 5], smooth_tail([0, 5]))
    np.testing.assert_array_equal(two.queries, alone.queries)
    assert two.accuracy.shape == (2, len(two.queries)) and two.test.shape == (2,)
    assert not np.array_equal(*two.accuracy)


def test_several_fronts_learn_as_well_as_one():
    run = train_front(new_front([0, 1]), smooth_tail([0, 1]).forward, differences, 20_000, 0.02, seed=0)
    assert run.test.min() > 0.85 and run.until(0.8).max() < 15_000
    assert np.isinf(run.until(1.01)).all()
