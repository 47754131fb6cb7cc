"""Conv1d against PyTorch and against central differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.estimate import numerical_gradient
from course_utils.nn import Conv1d, Network, ReLU, ShapeError


def relative(a, b):
    return np.linalg.norm(a - b) / max(np.linalg.norm(b), 1e-300)


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    batch=st.integers(1, 4),
    channels=st.integers(1, 3),
    out=st.integers(1, 3),
    width=st.integers(1, 5),
    extra=st.integers(0, 6),
)
def test_equals_torch(batch, channels, out, width, extra):
    rng = np.random.default_rng(0)
    net = Network(Conv1d(channels, out, width))
    layer = net.layers[0]
    layer.b = rng.standard_normal(out)
    x = rng.standard_normal((batch, channels, width + extra))
    y = net.forward(x)
    grad_y = rng.standard_normal(y.shape)
    grad_x = net.backward(grad_y, need_grad_x=True)

    tensors = [torch.tensor(a, requires_grad=True) for a in (x, layer.W, layer.b)]
    theirs = torch.nn.functional.conv1d(*tensors)
    theirs.backward(torch.tensor(grad_y))
    for mine, tensor in zip((grad_x, layer.grad_W, layer.grad_b), tensors, strict=True):
        assert relative(mine, tensor.grad.numpy()) < 1e-12
    assert relative(y, theirs.detach().numpy()) < 1e-12


def test_equals_central_differences_through_two_layers():
    rng = np.random.default_rng(1)
    net = Network(Conv1d(2, 3, 4), ReLU(), Conv1d(3, 2, 2))
    x, grad_y = rng.standard_normal((3, 2, 9)), rng.standard_normal((3, 2, 5))

    def loss_at(theta):
        net.theta = theta
        return float((net.forward(x) * grad_y).sum())

    theta = net.theta.copy()
    net.forward(x)
    net.backward(grad_y)
    grad = net.grad.copy()
    assert relative(grad, numerical_gradient(loss_at, theta)) < 1e-8


def test_float32_stays_float32():
    net = Network(Conv1d(2, 3, 4), dtype=np.float32)
    y = net.forward(np.ones((2, 2, 8)))
    net.backward(np.ones_like(y))
    assert y.dtype == net.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 2), (3, 5, 9), (3, 2, 3)])
def test_wrong_input_is_named(shape):
    with pytest.raises(
        ShapeError, match=r"layer 0, Conv1d\(2, 3, 4\): expected x of shape \(N, 2, at least 4\)"
    ):
        Network(Conv1d(2, 3, 4)).forward(np.zeros(shape))


def test_wrong_gradient_is_named():
    net = Network(Conv1d(2, 3, 4))
    net.forward(np.zeros((5, 2, 9)))
    with pytest.raises(ShapeError, match=r"expected grad_y of shape \(5, 3, 6\)"):
        net.backward(np.zeros((5, 3, 5)))
