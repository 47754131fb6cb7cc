"""The recurrent layer against PyTorch's, and as part of a network against central differences."""

import numpy as np
import pytest
import torch

from course_utils.estimate import numerical_gradient
from course_utils.nn import Linear, Network, Recurrent, Reshape, ShapeError


@pytest.mark.parametrize(("batch", "steps", "n_in", "n_out"), [(1, 1, 1, 1), (3, 5, 2, 4), (4, 2, 5, 3)])
def test_equals_torch(batch, steps, n_in, n_out):
    rng = np.random.default_rng(0)
    net = Network(Recurrent(n_in, n_out))
    layer = net.layers[0]
    layer.b = rng.standard_normal(n_out)
    x, grad_y = rng.standard_normal((batch, steps, n_in)), rng.standard_normal((batch, n_out))

    theirs = torch.nn.RNN(n_in, n_out, batch_first=True, dtype=torch.float64)
    theirs.weight_ih_l0.data = torch.tensor(layer.W.T.copy())
    theirs.weight_hh_l0.data = torch.tensor(layer.U.T.copy())
    theirs.bias_ih_l0.data, theirs.bias_hh_l0.data = torch.tensor(layer.b), torch.zeros(n_out).double()
    tensor = torch.tensor(x, requires_grad=True)
    last = theirs(tensor)[0][:, -1]
    last.backward(torch.tensor(grad_y))

    np.testing.assert_allclose(net.forward(x), last.detach().numpy(), rtol=1e-12, atol=1e-12)
    grad_x = net.backward(grad_y, need_grad_x=True)
    np.testing.assert_allclose(grad_x, tensor.grad.numpy(), rtol=1e-10, atol=1e-12)
    for mine, name in (
        (layer.grad_W.T, "weight_ih_l0"),
        (layer.grad_U.T, "weight_hh_l0"),
        (layer.grad_b, "bias_ih_l0"),
    ):
        np.testing.assert_allclose(mine, getattr(theirs, name).grad.numpy(), rtol=1e-10, atol=1e-12)


def test_a_network_with_it_equals_central_differences():
    rng = np.random.default_rng(1)
    net = Network(Reshape(4, 3), Recurrent(3, 5), Linear(5, 2), seed=2)
    x, grad_y = rng.standard_normal((3, 12)), rng.standard_normal((3, 2))

    def loss(theta):
        net.theta = theta
        return float((net.forward(x) * grad_y).sum())

    theta = net.theta.copy()
    loss(theta)
    net.backward(grad_y)
    grad = net.grad.copy()
    np.testing.assert_allclose(grad, numerical_gradient(loss, theta), rtol=1e-6, atol=1e-8)


def test_float32_stays_float32():
    net = Network(Recurrent(3, 2), dtype=np.float32)
    y = net.forward(np.ones((2, 4, 3)))
    assert y.dtype == net.backward(np.ones((2, 2)), need_grad_x=True).dtype == net.grad.dtype == np.float32


@pytest.mark.parametrize("shape", [(2, 3), (2, 4, 2), (2, 4, 3, 1)])
def test_wrong_input_is_named(shape):
    with pytest.raises(ShapeError, match="Recurrent"):
        Network(Recurrent(3, 2)).forward(np.ones(shape))


def test_wrong_gradient_is_named():
    net = Network(Recurrent(3, 2))
    net.forward(np.ones((2, 4, 3)))
    with pytest.raises(ShapeError, match="grad_y"):
        net.backward(np.ones((2, 3)))
