"""The loop that trains: a step a batch, losses from before each, and a surrogate fitted with it."""

import numpy as np
import pytest

from course_utils.engine.nn import Linear, Network, Tanh, mean_squared_error, softmax_cross_entropy
from course_utils.engine.train import fit, fit_surrogate
from course_utils.engine.update import SGD, Adam

K = 3


@pytest.mark.parametrize("loss", [softmax_cross_entropy, mean_squared_error])
def test_fit_takes_one_step_a_batch_and_gives_the_losses_before_each(loss):
    rng = np.random.default_rng(0)
    batches = [(rng.normal(size=(4, 3)), rng.integers(2, size=4)) for _ in range(3)]
    if loss is mean_squared_error:
        batches = [(x, np.eye(2)[y]) for x, y in batches]
    net, twin = Network(Linear(3, 2), seed=1), Network(Linear(3, 2), seed=1)
    losses = fit(net, SGD(0.1), iter(batches), loss)
    expected = []
    for x, y in batches:
        value, grad = loss(twin.forward(x), y)
        twin.backward(grad)
        twin.theta -= 0.1 * twin.grad
        expected.append(value)
    np.testing.assert_allclose(losses, expected, rtol=1e-12)
    np.testing.assert_allclose(net.theta, twin.theta, rtol=1e-12)
    assert fit(net, SGD(0.1), []) == []


def test_fit_surrogate_returns_what_it_was_shown():
    rng = np.random.default_rng(0)
    h = rng.uniform(-1, 1, (300, K))
    surrogate, outputs = (
        Network(Linear(K, 16), Tanh(), Linear(16, 2), seed=0),
        np.tanh(h @ rng.normal(size=(K, 2))),
    )
    first = np.mean((surrogate.forward(h) - outputs) ** 2)
    last = fit_surrogate(surrogate, Adam(1e-2), h, outputs, 400, rng)
    assert last < 0.005 and np.mean((surrogate.forward(h) - outputs) ** 2) < 0.01 * first


def test_fit_surrogate_takes_as_many_steps_as_it_is_told_on_batches_of_that_size():
    sizes, h = [], np.random.default_rng(1).normal(size=(4, K))

    class Spy(Network):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    fit_surrogate(Spy(Linear(K, 1)), Adam(1e-2), h, h[:, :1], 7, np.random.default_rng(0), size=4)
    fit_surrogate(Spy(Linear(K, 1)), Adam(1e-2), h, h[:, :1], 1, np.random.default_rng(0))
    assert sizes == [4] * 7 + [64]


def test_fit_surrogate_returns_the_last_loss_and_nan_where_there_is_none():
    h = np.random.default_rng(1).normal(size=(4, K))
    start, twin = Network(Linear(K, 1), seed=1), Network(Linear(K, 1), seed=1)
    last = fit_surrogate(start, SGD(0.1), h, h[:, :1], 2, np.random.default_rng(0))
    rng = np.random.default_rng(0)
    rows = [rng.integers(len(h), size=64) for _ in range(2)]
    assert last == fit(twin, SGD(0.1), [(h[r], h[r, :1]) for r in rows], mean_squared_error)[1]
    assert np.isnan(fit_surrogate(start, SGD(0.1), h, h[:, :1], 0, rng))
