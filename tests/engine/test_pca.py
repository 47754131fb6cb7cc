"""What keeps variance: gradients, the retraction, the rules, angles; and a subspace that training finds."""

import numpy as np
import pytest

from course_utils.beds import data
from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.structure import (
    covariance,
    leading_directions,
    oja_direction,
    pca_loss,
    principal_angles,
    retract,
    sanger_direction,
    variance_kept,
)
from course_utils.engine.update import Momentum


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def uneven(d=6):
    """A covariance with eigenvalues far apart."""
    return covariance(some(200, d) * np.arange(d, 0, -1) + 5)


def test_covariance_is_that_of_numpy_whatever_the_mean():
    x = some(20, 4) + [3, 0, -7, 100]
    np.testing.assert_allclose(covariance(x), np.cov(x, rowvar=False, bias=True), atol=1e-10)


@pytest.mark.parametrize("k", [1, 3, 6])
def test_gradient_of_the_pca_loss_agrees_with_central_differences(k):
    S, W = uneven(), some(6, k, seed=1)
    loss, grad = pca_loss(W, S)
    assert loss == pytest.approx(-np.trace(W.T @ S @ W) / np.trace(S))
    np.testing.assert_allclose(grad, numerical_gradient(lambda W: pca_loss(W, S)[0], W), atol=1e-8)


def test_no_orthonormal_columns_have_a_smaller_pca_loss_than_the_leading_directions():
    S = uneven()
    best = pca_loss(leading_directions(S, 2), S)[0]
    assert best == pytest.approx(-np.linalg.eigvalsh(S)[-2:].sum() / np.trace(S))
    assert all(pca_loss(retract(some(6, 2, seed=seed)), S)[0] > best for seed in range(20))


def test_retract_gives_orthonormal_columns_in_the_same_flag_without_turning_any():
    W = some(7, 4)
    Q = retract(W)
    np.testing.assert_allclose(Q.T @ Q, np.eye(4), atol=1e-12)
    R = Q.T @ W
    np.testing.assert_allclose(Q @ R, W, atol=1e-12)
    np.testing.assert_allclose(np.tril(R, -1), 0, atol=1e-12)
    assert np.all(np.diagonal(R) > 0)
    np.testing.assert_allclose(retract(Q), Q, atol=1e-12)


def test_retract_is_continuous_where_numpys_own_signs_are_not_fixed():
    Q = retract(some(7, 4))
    nudged = retract(Q + 1e-6 * some(7, 4, seed=2))
    assert np.abs(nudged - Q).max() < 1e-5


@pytest.mark.parametrize("rule", [oja_direction, sanger_direction])
def test_the_leading_directions_are_where_both_rules_stand_still(rule):
    x = some(300, 6) * np.arange(6, 0, -1)
    x -= x.mean(axis=0)
    V = leading_directions(covariance(x), 3)
    assert np.abs(rule(V, x)).max() < 1e-10
    assert np.abs(rule(1.1 * V, x)).max() > 0.1


def test_only_sangers_rule_finds_the_single_components():
    x = some(400, 5) * [5, 4, 3, 1, 1]
    x -= x.mean(axis=0)
    V = leading_directions(covariance(x), 3)
    found = {}
    for rule in (oja_direction, sanger_direction):
        W = retract(some(5, 3, seed=3))
        for _ in range(1500):
            W = W + 0.01 * rule(W, x)
        assert principal_angles(W, V)[-1] < 0.01
        found[rule] = np.abs(np.sum(W * V, axis=0))
    assert found[sanger_direction].min() > 0.9999
    assert found[oja_direction].min() < 0.99


def test_principal_angles_of_planes_with_known_angles():
    turned = np.radians([20.0, 1e-6])
    A = np.eye(4)[:, :2]
    B = np.array(
        [[np.cos(turned[0]), 0], [0, np.cos(turned[1])], [np.sin(turned[0]), 0], [0, np.sin(turned[1])]]
    )
    np.testing.assert_allclose(principal_angles(A, B), [1e-6, 20], rtol=1e-6)
    mix = np.array([[2.0, 1], [-3, 0.5]])
    np.testing.assert_allclose(principal_angles(3 * A @ mix, B @ mix), [1e-6, 20], rtol=1e-4)
    np.testing.assert_allclose(principal_angles(A, np.eye(4)[:, 2:]), [90, 90])


def test_variance_kept_looks_at_the_span_only():
    S, V = uneven(), leading_directions(uneven(), 2)
    kept = np.linalg.eigvalsh(S)[-2:].sum() / np.trace(S)
    assert variance_kept(V, S) == pytest.approx(kept)
    assert variance_kept(V @ [[3.0, 1], [2, -5]], S) == pytest.approx(kept)
    assert variance_kept(np.eye(6), S) == pytest.approx(1)


@pytest.mark.parametrize("k", [4, 7])
def test_the_update_equation_finds_the_principal_subspace_of_the_digits(k):
    """The PCA term as its penalty, the retraction as its projection, no other gradient: within 6 degrees."""
    x, y, *_ = data.digits()
    theta = retract(some(64, k)).ravel()
    rule = Momentum(
        0.5,
        penalty=lambda theta: pca_loss(theta.reshape(64, k), S)[1].ravel(),
        projection=lambda theta: retract(theta.reshape(64, k)).ravel(),
    )
    for step, (batch, _) in enumerate(data.batches(x, y, 60, 100, seed=0)):
        S = covariance(batch)
        rule.rate = 0.5 * (1 - step / 600)
        rule.step(theta, np.zeros_like(theta))
    W = theta.reshape(64, k)
    assert principal_angles(W, leading_directions(covariance(x), k))[-1] < 6
    np.testing.assert_allclose(W.T @ W, np.eye(k), atol=1e-12)
