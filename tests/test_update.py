"""The update equation in its plainest form."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.nn import Linear, Network
from course_utils.update import sgd_step


@settings(deadline=None, derandomize=True)
@given(size=st.integers(0, 20), rate=st.floats(0, 10), seed=st.integers(0, 1000))
def test_sgd_step_is_the_equation_and_in_place(size, rate, seed):
    theta, grad = np.random.default_rng(seed).standard_normal((2, size))
    expected, grad_before, view = theta - rate * grad, grad.copy(), theta[:]
    assert sgd_step(theta, grad, rate) is None
    assert np.array_equal(theta, expected) and np.array_equal(view, expected)
    assert np.array_equal(grad, grad_before)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_sgd_step_moves_the_layers_and_keeps_the_dtype(dtype):
    net = Network(Linear(3, 2), dtype=dtype)
    before = net.layers[0].W.copy()
    net.grad[:] = 1
    sgd_step(net.theta, net.grad, 0.25)
    assert np.array_equal(net.layers[0].W, before - dtype(0.25)) and net.theta.dtype == dtype


def test_sgd_steps_go_down_a_bowl_to_its_bottom():
    theta = np.array([3.0, -4.0])
    for _ in range(50):
        sgd_step(theta, 2 * theta, 0.2)  # the gradient of theta[0]² + theta[1]²
    np.testing.assert_allclose(theta, 0, atol=1e-9)


def test_sgd_step_refuses_gradients_of_another_size():
    with pytest.raises(ValueError):
        sgd_step(np.zeros(9), np.zeros(8), 0.1)
