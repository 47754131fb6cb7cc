"""Convolutions and Filter at every size, and whole networks of them; each layer's contract is in test_layers."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.layers import Conv1d, Conv2d, Filter, MeanOverPositions, MeanPool2d, Reshape
from course_utils.engine.nn import Linear, Network, ReLU, ShapeError


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


def off_from_differences(net, x, grad_y):
    """How far the gradient of Σ grad_y · net(x) is from central differences over all weights, relatively."""

    def loss_at(theta):
        net.theta = theta
        return float((net.forward(x) * grad_y).sum())

    theta = net.theta.copy()
    net.forward(x)
    net.backward(grad_y)
    grad = net.grad.copy()
    return relative(grad, numerical_gradient(loss_at, theta))


def test_equals_central_differences_through_two_layers():
    rng = np.random.default_rng(1)
    net = Network(Conv1d(2, 3, 4), ReLU(), Conv1d(3, 2, 2))
    x, grad_y = rng.standard_normal((3, 2, 9)), rng.standard_normal((3, 2, 5))
    assert off_from_differences(net, x, grad_y) < 1e-8


@pytest.mark.parametrize("shape", [(3, 2), (3, 5, 9), (3, 2, 3)])
def test_wrong_input_is_named(shape):
    with pytest.raises(
        ShapeError, match=r"layer 0, Conv1d\(2, 3, 4\): expected x of shape \(N, 2, at least 4\)"
    ):
        Network(Conv1d(2, 3, 4)).forward(np.zeros(shape))


# In two dimensions


@settings(deadline=None, derandomize=True, max_examples=30)
@given(
    batch=st.integers(1, 3),
    channels=st.integers(1, 3),
    out=st.integers(1, 3),
    size=st.sampled_from([1, 3, 5]),
    height=st.integers(1, 6),
    width=st.integers(1, 6),
)
def test_equals_torch_in_two_dimensions(batch, channels, out, size, height, width):
    rng = np.random.default_rng(0)
    net = Network(Conv2d(channels, out, size))
    layer = net.layers[0]
    layer.b = rng.standard_normal(out)
    x = rng.standard_normal((batch, channels, height, width))
    y = net.forward(x)
    grad_y = rng.standard_normal(y.shape)
    grad_x = net.backward(grad_y, need_grad_x=True)

    tensors = [torch.tensor(a, requires_grad=True) for a in (x, layer.W, layer.b)]
    theirs = torch.nn.functional.conv2d(*tensors, padding="same")
    theirs.backward(torch.tensor(grad_y))
    assert relative(y, theirs.detach().numpy()) < 1e-12
    for mine, tensor in zip((grad_x, layer.grad_W, layer.grad_b), tensors, strict=True):
        assert relative(mine, tensor.grad.numpy()) < 1e-12


def small_network(**options):
    return Network(
        Reshape(1, 4, 4), Conv2d(1, 2, 3), ReLU(), MeanPool2d(), Conv2d(2, 3, 3), Reshape(12), Linear(12, 2), **options
    )  # fmt: skip


def test_a_whole_network_equals_central_differences():
    rng = np.random.default_rng(1)
    net = small_network(seed=1)
    x, grad_y = rng.standard_normal((3, 16)), rng.standard_normal((3, 2))

    def loss_at(theta):
        net.theta = theta
        return float((net.forward(x) * grad_y).sum())

    theta = net.theta.copy()
    net.forward(x)
    grad_x = net.backward(grad_y, need_grad_x=True)
    grad = net.grad.copy()
    assert grad_x.shape == x.shape
    assert relative(grad, numerical_gradient(loss_at, theta)) < 1e-8


def test_an_even_size_is_refused():
    with pytest.raises(ValueError, match="odd size"):
        Conv2d(1, 1, 2)


@pytest.mark.parametrize("shape", [(3, 16), (3, 1, 4, 4), (3, 2, 4)])
def test_wrong_input_is_named_in_two_dimensions(shape):
    with pytest.raises(
        ShapeError, match=r"layer 0, Conv2d\(2, 3, 3\): expected x of shape \(N, 2, height, width\)"
    ):
        Network(Conv2d(2, 3, 3)).forward(np.zeros(shape))


@pytest.mark.parametrize("shape", [(2, 1, 3, 4), (2, 1, 4, 5), (2, 4)])
def test_what_cannot_be_halved_is_named(shape):
    with pytest.raises(ShapeError, match="even height and width"):
        MeanPool2d().forward(np.zeros(shape))


def test_what_does_not_fit_a_form_is_named():
    with pytest.raises(ShapeError, match=r"Reshape\(1, 8, 8\).*64 numbers"):
        Network(Reshape(1, 8, 8)).forward(np.zeros((2, 60)))


@settings(deadline=None, derandomize=True, max_examples=20)
@given(batch=st.integers(1, 4), channels=st.integers(1, 3), taps=st.integers(1, 5), extra=st.integers(0, 6))
def test_filter_and_mean_equal_torch(batch, channels, taps, extra):
    rng = np.random.default_rng(0)
    net = Network(Filter(channels, taps), MeanOverPositions())
    x = rng.standard_normal((batch, channels, taps + extra))
    y = net.forward(x)
    grad_y = rng.standard_normal(y.shape)
    grad_x = net.backward(grad_y, need_grad_x=True)

    tensors = [torch.tensor(a, requires_grad=True) for a in (x, net.layers[0].W[:, None])]
    theirs = torch.nn.functional.conv1d(*tensors, groups=channels).mean(dim=2)
    theirs.backward(torch.tensor(grad_y))
    assert relative(y, theirs.detach().numpy()) < 1e-12
    assert relative(grad_x, tensors[0].grad.numpy()) < 1e-12
    assert relative(net.layers[0].grad_W, tensors[1].grad.numpy()[:, 0]) < 1e-12


def test_filter_through_a_basis_equals_central_differences():
    rng = np.random.default_rng(2)
    basis = rng.standard_normal((5, 2))
    net = Network(Conv1d(1, 3, 2), Filter(3, 5, basis), ReLU())
    x, grad_y = rng.standard_normal((4, 1, 12)), rng.standard_normal((4, 3, 7))
    assert net.layers[1].W.shape == (3, 2)
    assert relative(net.layers[1].kernels, net.layers[1].W @ basis.T) < 1e-12
    assert off_from_differences(net, x, grad_y) < 1e-8


def test_filter_names_a_wrong_input_and_a_wrong_basis():
    net = Network(Filter(2, 3))
    for shape in [(3, 2), (3, 5, 9), (3, 2, 2)]:
        with pytest.raises(ShapeError, match=r"Filter\(2, 3\): expected x of shape \(N, 2, at least 3\)"):
            net.forward(np.zeros(shape))
    with pytest.raises(ShapeError, match=r"expected a basis of shape \(3, k\), got \(4, 2\)"):
        Filter(2, 3, np.zeros((4, 2)))
