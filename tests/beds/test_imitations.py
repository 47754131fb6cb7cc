"""Surrogates of lesson 08: fitted to what was answered, judged on the right h, asked where it was ordered."""

import numpy as np
import pytest

from course_utils.beds.unknown import bars, imitations
from course_utils.beds.unknown import surrogate_pictures as pictures
from course_utils.beds.unknown.fronts import Run, new_front, train_online
from course_utils.beds.unknown.tails import centred_digits, smooth_tail
from course_utils.engine import nn
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam
from course_utils.exercises.lessons.lesson08 import fit_linear, surrogate_step, through_surrogate
from course_utils.exercises.lessons.lesson08_round import online_round

SEEDS = range(2)


def test_planes_answer_as_each_tails_own_fit():
    rng = np.random.default_rng(0)
    h, W = rng.normal(size=(2, 30, 16)), rng.normal(size=(2, 16, 10))
    answers = h @ W + np.array([1.0, -2.0])[:, None, None]
    surrogate = imitations.planes(fit_linear, h, answers)
    np.testing.assert_allclose(surrogate.forward(h), answers, atol=1e-9)
    np.testing.assert_allclose(imitations.explained(surrogate, lambda h: answers, h), 1)
    assert np.all(imitations.explained(surrogate, lambda h: answers[::-1], h) < 0)


def test_places_are_in_the_cube_or_where_f_is():
    front, x = new_front(SEEDS), centred_digits().x_train
    anywhere = imitations.places("random points", front, 200, 0)
    own = imitations.places("f's activations", front, 200, 0)
    assert anywhere.shape == own.shape == (2, 200, 16)
    assert np.abs(anywhere).max() > 0.99 and abs(anywhere.mean()) < 0.03
    every = front.forward(np.tile(x, (2, 1, 1)))
    assert all(np.isclose(every[1], row).all(axis=1).any() for row in own[1, :5])


def test_r2_is_taken_where_each_front_starts_and_where_it_arrives_itself():
    g, moved = smooth_tail(SEEDS).forward, []

    def train(front, surrogate, rate):
        front.theta += rate
        moved.append(front)
        return front

    fitted = imitations.fitted_once("random points", 50, SEEDS, g, train, 0.5, 5)
    surrogate = imitations.fit_networks(
        SEEDS, g, imitations.places("random points", new_front(SEEDS), 50, 0), 128, 5
    )
    x = centred_digits().x_test
    np.testing.assert_allclose(fitted.end, imitations.explained(surrogate, g, moved[0].forward(x)), rtol=1e-6)
    np.testing.assert_allclose(
        fitted.start, imitations.explained(surrogate, g, new_front(SEEDS).forward(x)), rtol=1e-6
    )
    np.testing.assert_allclose(fitted.test, imitations.read(moved[0], g)[1])


def test_the_budget_of_a_direction_is_kept():
    run = imitations.by_direction(SEEDS, smooth_tail(SEEDS).forward, 0.1, 0.01, 512)
    assert run.queries.tolist() == [256, 512] and run.test.shape == (2,)


def test_many_steps_of_exercise_8_3_are_fit_surrogate():
    h = np.random.default_rng(0).uniform(-1, 1, (30, 16))
    answers, yours, course = smooth_tail(0).forward(h), imitations.bending(0), imitations.bending(0)
    rng, rule = np.random.default_rng(1), Adam(0.003)
    for _ in range(50):
        rows = rng.integers(30, size=64)
        surrogate_step(yours, rule, h[rows], answers[rows])
    fit_surrogate(course, Adam(0.003), h, answers, 50, np.random.default_rng(1))
    np.testing.assert_allclose(yours.theta, course.theta, atol=1e-9)


def test_rounds_of_exercise_8_4_are_train_online():
    g, d, rng = smooth_tail(0).forward, centred_digits(), np.random.default_rng(0)
    front, surrogate, box = new_front(0), imitations.bending(0), BlackBox(g)
    rule, fit_rule = Adam(0.01), Adam(0.003)
    asked, answers = np.empty((0, 16)), np.empty((0, 10))

    def fit(h, told):
        fit_surrogate(surrogate, fit_rule, h, told, 32, rng)

    def step():
        rows = rng.integers(len(d.x_train), size=32)
        x, y = d.x_train[rows], d.y_train[rows]
        rule.step(front.theta, through_surrogate(front, surrogate, x, y, nn.softmax_cross_entropy)[1])

    for _ in range(3):
        x = d.x_train[rng.integers(len(d.x_train), size=32)]
        asked, answers = online_round(front, box, x, asked, answers, fit, step, 4)
    theirs = new_front(0)
    train_online(theirs, imitations.bending(0), g, 96, 0.01, seed=0)
    np.testing.assert_allclose(front.theta, theirs.theta, atol=1e-6)


@pytest.mark.parametrize("bound", [1.2, 2.0])
def test_a_bounded_bar_front_stays_within_and_passes_its_gradient_on(bound):
    front, x = bars.small_bar_front(0, bound), bars.as_input(bars.pictures("validation")[:6])
    free = bars.small_bar_front(0)
    np.testing.assert_allclose(
        front.forward(x), bound * np.tanh(free.forward(x) / bound), rtol=1e-4, atol=1e-6
    )
    front.theta *= 100
    assert 0.9 * bound < np.abs(front.forward(x)).max() <= bound * 1.000001
    layer, z = bars.Within(bound), np.array([[0.3, -2.0]])
    layer.forward(z)
    slope = (layer.forward(z + 1e-3) - layer.forward(z - 1e-3)) / 2e-3
    layer.forward(z)
    np.testing.assert_allclose(layer.backward(np.ones((1, 2))), slope, rtol=1e-3)


def test_pictures_say_what_was_measured():
    told = pictures.dip([8, 17, 64], np.array([[0.5, 0.4, 0.9]]), 0.95)[1]
    assert "0.50 from 8, 0.40 from 17, 0.90 from 64 queries" in told
    ends = {"random points": np.array([[0.6, 0.7]]), "f's activations": np.array([[0.7, 0.5]])}
    told = pictures.where({"a": np.array([0.8])}, ("tail",), ends)[1]
    assert "a 0.80" in told and "random points 0.60 to 0.70" in told
    losses = {name: np.full((1, 2, 2), 3.0) for name in ("once", "random ±1.2", "random ±2", "on-line")}
    assert "on-line: 3.0 promised" in pictures.promises([0, 1], losses, 5.8)[1]
    run = Run(np.array([10, 2000]), np.array([[0.1, 0.9]]), np.array([0.9]))
    assert "mine: 0.90 after 2,000 queries" in pictures.bill({"mine": (run, "true")}, "t", 0.95)[1]
