"""Estimators of a gradient: what they are on average, what they cost, and on which functions they are exact."""

import numpy as np
import pytest

from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import (
    along,
    central_difference,
    forward_difference,
    numerical_gradient,
    smoothing,
    spsa,
)
from course_utils.engine.layers import StraightThrough
from course_utils.engine.nn import Linear, Network
from course_utils.engine.update import Adam

N, K = 5, 3
RNG = np.random.default_rng(0)
H = RNG.normal(size=(N, K))
A = RNG.normal(size=(K, K))
HESSIAN = A + A.T  # symmetric, with positive and negative curvature
SLOPE = RNG.normal(size=K)


def plane(h):
    """Linear in h: every row's gradient is SLOPE."""
    return h @ SLOPE + 0.7


def bowl(h):
    """Quadratic: row h's gradient is h HESSIAN + SLOPE."""
    return 0.5 * np.einsum("...i,ij,...j->...", h, HESSIAN, h) + plane(h)


PLANE_GRAD = np.tile(SLOPE, (N, 1)) / N  # of the mean loss: the 1/N is in it
BOWL_GRAD = (H @ HESSIAN + SLOPE) / N

# Each of them with everything chosen but (losses, h, rng), and how many losses it asks for a row of k entries.
ESTIMATORS = {
    "forward difference": (lambda f, h, rng: forward_difference(f, h, 0.1), K + 1),
    "central difference": (lambda f, h, rng: central_difference(f, h, 0.1), 2 * K),
    "spsa": (lambda f, h, rng: spsa(f, h, 0.1, rng), 2),
    "smoothing": (lambda f, h, rng: smoothing(f, h, 0.1, rng), 2),
    "smoothing, 3 pairs": (lambda f, h, rng: smoothing(f, h, 0.1, rng, pairs=3), 6),
}
each_estimator = pytest.mark.parametrize("name", ESTIMATORS)
ON_A_VECTOR = list(ESTIMATORS)


def draws(estimate, count=4000):
    """That many independent estimates of one batch, as (count, N, k): the rows of a batch draw their own directions.

    All at once: the batch is repeated, and the gradient of the longer mean scaled back.
    """
    grad = estimate(np.tile(H, (count, 1)), np.random.default_rng(1))
    return count * grad.reshape(count, N, K)


def assert_average(samples, expected, errors=5.0):
    """The mean of the samples is the expected one, within so many standard errors, in every entry."""
    off = np.abs(samples.mean(axis=0) - expected)
    error = samples.std(axis=0) / np.sqrt(len(samples))
    assert np.all(error > 0), "these do not vary: compare them exactly"
    assert np.all(off < errors * error), f"off by up to {np.max(off / error):.1f} standard errors"
    assert np.all(error < 0.1 * np.abs(expected).max()), "too few draws to say anything"


# --- shape, 1/N, cost ---


@each_estimator
def test_cost_is_what_the_box_counted(name):
    estimator, losses_a_row = ESTIMATORS[name]
    box = BlackBox(lambda h: plane(h)[:, None])
    found = estimator(lambda h: box(h)[:, 0], H, np.random.default_rng(0))
    assert found.grad.shape == H.shape
    assert found.spent == box.queries == N * losses_a_row


@each_estimator
def test_rows_answer_for_themselves_and_the_mean_divides_once(name):
    """The estimate for a batch whose other losses are flat is the single row's, divided by N."""
    estimator, _ = ESTIMATORS[name]

    def first_row_only(h):
        return np.where(np.arange(N) == 0, plane(h), 1.0)

    grads = [estimator(first_row_only, H, np.random.default_rng(seed)).grad for seed in range(150)]
    if name != "control variate":  # that one corrects its guess on average only
        assert np.abs(np.array(grads)[:, 1:]).max() < 1e-12
    mean, error = np.mean(grads, axis=0)[0], np.std(grads, axis=0)[0] / np.sqrt(150)
    assert np.all(np.abs(mean - SLOPE / N) < 5 * error + 1e-9)


@pytest.mark.parametrize("name", ON_A_VECTOR)
@pytest.mark.parametrize("number", [float, np.float64])
def test_a_vector_of_weights_with_a_single_loss(name, number):
    """theta (P,) → grad (P,), with no 1/N; a loss may be Python's own float."""
    estimator, losses_a_row = ESTIMATORS[name]
    asked = []

    def loss(theta):
        asked.append(theta.shape)
        return number(plane(theta))

    grads = []
    for seed in range(150):
        asked.clear()
        found = estimator(loss, H[0], np.random.default_rng(seed))
        assert asked == [(K,)] * losses_a_row and found.spent == losses_a_row
        grads.append(found.grad)
    mean, error = np.mean(grads, axis=0), np.std(grads, axis=0) / np.sqrt(150)
    assert mean.shape == (K,) and np.all(np.abs(mean - SLOPE) < 5 * error + 1e-9)


@each_estimator
def test_h_stays_as_it_is_and_may_be_whole_numbers(name):
    estimator, _ = ESTIMATORS[name]
    h = np.arange(N * K).reshape(N, K)
    kept = h.copy()
    whole = estimator(bowl, h, np.random.default_rng(0))
    np.testing.assert_array_equal(h, kept)
    np.testing.assert_array_equal(whole.grad, estimator(bowl, h.astype(float), np.random.default_rng(0)).grad)


# --- differences ---


def test_forward_difference_is_off_by_half_a_step_of_curvature():
    for step in (0.1, 1.0):
        found = forward_difference(bowl, H, step).grad
        np.testing.assert_allclose(
            found - BOWL_GRAD, np.tile(step / 2 * np.diag(HESSIAN), (N, 1)) / N, atol=1e-12
        )


def test_central_difference_is_exact_on_a_quadratic_and_off_by_step_squared_on_a_cubic():
    np.testing.assert_allclose(central_difference(bowl, H, 1.0).grad, BOWL_GRAD, atol=1e-12)
    for step in (0.1, 1.0):  # of h³: 3h² + step²
        found = central_difference(lambda h: (h**3).sum(axis=1), H, step).grad
        np.testing.assert_allclose(found, (3 * H**2 + step**2) / N, atol=1e-10)


def test_numerical_gradient_is_the_gradient_for_any_shape():
    weights = RNG.normal(size=(2, 3, 4))
    theta = RNG.normal(size=weights.shape)
    kept = theta.copy()
    found = numerical_gradient(lambda t: float((weights * t**2).sum()), theta)
    np.testing.assert_allclose(found, 2 * weights * theta, rtol=1e-6, atol=1e-9)
    np.testing.assert_array_equal(theta, kept)
    whole = numerical_gradient(lambda t: float((t**2).sum()), np.arange(3))
    np.testing.assert_allclose(whole, [0, 2, 4], atol=1e-6)


# --- one direction ---


def test_along_is_the_slope_along_a_direction_times_the_direction():
    direction = RNG.normal(size=H.shape)
    found = along(bowl, H, 0.5, direction).grad
    slopes = (BOWL_GRAD * direction).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(found, slopes * direction, atol=1e-12)


def test_spsa_is_right_on_average_on_a_quadratic():
    assert_average(draws(lambda h, rng: spsa(bowl, h, 0.5, rng).grad), BOWL_GRAD)


def test_spsa_directions_are_signs_of_their_own_for_each_row():
    seen = []
    spsa(lambda h: seen.append(h) or plane(h), np.zeros((200, 3)), 0.5, np.random.default_rng(0))
    above, below = seen
    np.testing.assert_array_equal(above, -below)  # the same direction on both sides
    assert set(np.unique(above)) == {-0.5, 0.5}
    assert len(np.unique(above, axis=0)) == 8  # all corners of the cube occur


def test_smoothing_is_right_on_average_on_a_quadratic():
    assert_average(draws(lambda h, rng: smoothing(bowl, h, 1.0, rng).grad), BOWL_GRAD)


def test_smoothing_has_the_gradient_of_the_smoothed_loss():
    """Σh³ smoothed by sigma is Σ(h³ + 3 sigma² h): its gradient 3h² + 3 sigma² is not the loss's own."""
    sigma = 0.7
    found = draws(lambda h, rng: smoothing(lambda h: (h**3).sum(axis=-1), h, sigma, rng).grad, 20_000)
    assert_average(found, 3 * (H**2 + sigma**2) / N)


def test_smoothing_finds_a_slope_where_the_loss_is_made_of_steps():
    """The sign of an entry, smoothed, has the density of the noise at 0 as its slope, twice: it went up by 2."""
    sigma, h = 0.5, np.zeros((20_000, 1))
    found = smoothing(lambda h: np.sign(h[:, 0]), h, sigma, np.random.default_rng(0)).grad * len(h)
    assert_average(found, np.array([2 / (sigma * np.sqrt(2 * np.pi))]))
    assert not central_difference(lambda h: np.sign(h[:, 0]), h + 0.1, 1e-4).grad.any()


def test_more_pairs_have_less_variance():
    one, nine = (
        draws(lambda h, rng, p=pairs: smoothing(bowl, h, 0.5, rng, pairs=p).grad).var(axis=0).sum()
        for pairs in (1, 9)
    )
    assert 8 < one / nine < 10


# --- rounding ---


def test_straight_through_rounds_forward_and_lets_the_gradient_through():
    layer = StraightThrough(0.5)
    x = np.array([[0.2, 0.3, -0.8, 1.0]])
    np.testing.assert_array_equal(layer.forward(x), [[0.0, 0.5, -1.0, 1.0]])
    grad_y = np.array([[1.0, -2.0, 3.0, 4.0]])
    np.testing.assert_array_equal(layer.backward(grad_y), grad_y)
    assert layer.backward(grad_y, need_grad_x=False) is None


def test_straight_through_learns_where_the_true_derivative_is_zero():
    net = Network(Linear(1, 1), StraightThrough(0.25), seed=0)
    x, rule = np.linspace(-1, 1, 40)[:, None], Adam(0.05)
    kept = net.theta.copy()
    true = numerical_gradient(lambda t: spread_of(net, t, x), net.theta)
    assert not true.any()
    net.theta = kept
    for _ in range(200):
        net.backward(2 * (net.forward(x) - 2 * x) / len(x))
        rule.step(net.theta, net.grad)
    np.testing.assert_allclose(net.theta, [2, 0], atol=0.15)


def spread_of(net, theta, x):
    """The mean squared distance of the net's output from 2x, with these weights."""
    net.theta = theta
    return float(np.mean((net.forward(x) - 2 * x) ** 2))
