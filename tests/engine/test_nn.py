"""The engine: equal to PyTorch and to central differences, views that hold, errors that say what is wrong."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.nn import (
    Linear,
    Network,
    ReLU,
    Tanh,
    mean_squared_error,
    softmax_cross_entropy,
)

# The same examples on every run: a rare one must not turn red in somebody else's hands.
steady = settings(deadline=None, derandomize=True, max_examples=50)

TOLERANCE = {np.float64: 1e-10, np.float32: 1e-5}  # of the largest entry
dtypes = pytest.mark.parametrize("dtype", [np.float64, np.float32])
any_dtype = st.sampled_from([np.float64, np.float32])
sizes = st.integers(1, 12)
seeds = st.integers(0, 10_000)


def assert_close(ours, theirs, tolerance):
    """Same shape, and no entry further off than ``tolerance`` times the largest one."""
    ours, theirs = np.asarray(ours), np.asarray(theirs)
    assert ours.shape == theirs.shape
    assert np.all(np.isfinite(ours))
    assert np.max(np.abs(ours - theirs)) <= tolerance * max(np.max(np.abs(theirs)), 1e-30)


def normal(*shape, seed, dtype=np.float64):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def read_only(array):
    """A copy that raises when anything writes into it."""
    array = np.array(array)
    array.flags.writeable = False
    return array


def in_torch(net):
    """The same network in PyTorch, with the same weights."""
    modules = []
    for layer in net.layers:
        if isinstance(layer, Linear):
            module = torch.nn.Linear(*layer.W.shape, dtype=torch.from_numpy(net.theta).dtype)
            module.weight.data = torch.tensor(layer.W.T.copy())
            module.bias.data = torch.tensor(layer.b)
        else:
            module = {ReLU: torch.nn.ReLU, Tanh: torch.nn.Tanh}[type(layer)]()
        modules.append(module)
    return torch.nn.Sequential(*modules)


def gradients_in_torch(modules):
    """Their gradients as one vector in our order: W (in, out) then b, layer by layer."""
    flat = [
        (m.grad.T if m.ndim == 2 else m.grad).reshape(-1) for module in modules for m in module.parameters()
    ]
    return torch.cat(flat).numpy()


def problem(widths, batch, dtype=np.float64, seed=0, gate=ReLU):
    """A network with these widths, inputs (batch, widths[0]) and labels of widths[-1] classes."""
    layers = []
    for n_in, n_out in pairwise(widths):
        layers += [Linear(n_in, n_out), gate()]
    net = Network(*layers[:-1], seed=seed, dtype=dtype)
    rng = np.random.default_rng(seed + 1)
    return net, rng.standard_normal((batch, widths[0])).astype(dtype), rng.integers(0, widths[-1], batch)


# ---------------------------------------------------------------- equal to PyTorch


@steady
@given(batch=sizes, n_in=sizes, n_out=sizes, seed=seeds, dtype=any_dtype)
def test_linear_equals_torch(batch, n_in, n_out, seed, dtype):
    net = Network(Linear(n_in, n_out), seed=seed, dtype=dtype)
    net.theta = normal(net.theta.size, seed=seed)  # so that b is not 0
    x, grad_y = (
        normal(batch, n_in, seed=seed + 1, dtype=dtype),
        normal(batch, n_out, seed=seed + 2, dtype=dtype),
    )
    theirs, their_x = in_torch(net), torch.tensor(x, requires_grad=True)

    assert_close(net.forward(x), theirs(their_x).detach(), TOLERANCE[dtype])
    theirs(their_x).backward(torch.tensor(grad_y))
    assert_close(net.backward(grad_y, need_grad_x=True), their_x.grad, TOLERANCE[dtype])
    assert_close(net.grad, gradients_in_torch(theirs), TOLERANCE[dtype])


@pytest.mark.parametrize(("layer", "function"), [(ReLU, torch.relu), (Tanh, torch.tanh)])
@steady
@given(batch=sizes, width=sizes, seed=seeds, dtype=any_dtype)
def test_elementwise_layers_equal_torch(layer, function, batch, width, seed, dtype):
    x, grad_y = normal(batch, width, seed=seed, dtype=dtype), normal(batch, width, seed=seed + 1, dtype=dtype)
    x[0, 0] = 0  # the kink of ReLU: both say 0
    ours, their_x = layer(), torch.tensor(x, requires_grad=True)
    y = function(their_x)
    y.backward(torch.tensor(grad_y))
    assert_close(ours.forward(x), y.detach(), TOLERANCE[dtype])
    assert_close(ours.backward(grad_y), their_x.grad, TOLERANCE[dtype])


@steady
@given(batch=sizes, classes=sizes, seed=seeds, dtype=any_dtype)
def test_cross_entropy_equals_torch(batch, classes, seed, dtype):
    logits = 3 * normal(batch, classes, seed=seed, dtype=dtype)
    y = np.random.default_rng(seed).integers(0, classes, batch)
    theirs = torch.tensor(logits, requires_grad=True)
    their_loss = torch.nn.functional.cross_entropy(theirs, torch.tensor(y))
    their_loss.backward()
    loss, grad = softmax_cross_entropy(logits, y)
    assert abs(loss - their_loss.item()) <= TOLERANCE[dtype] * max(1, their_loss.item())
    np.testing.assert_allclose(grad, theirs.grad, rtol=0, atol=TOLERANCE[dtype] / batch)


@steady
@given(batch=sizes, width=sizes, seed=seeds, dtype=any_dtype)
def test_mean_squared_error_equals_torch(batch, width, seed, dtype):
    prediction, target = (normal(batch, width, seed=s, dtype=dtype) for s in (seed, seed + 1))
    theirs = torch.tensor(prediction, requires_grad=True)
    their_loss = torch.nn.functional.mse_loss(theirs, torch.tensor(target))
    their_loss.backward()
    loss, grad = mean_squared_error(prediction, target)
    assert_close(loss, their_loss.detach(), TOLERANCE[dtype])
    assert_close(grad, theirs.grad, TOLERANCE[dtype])


@dtypes
@pytest.mark.parametrize("gate", [ReLU, Tanh])
@pytest.mark.parametrize(
    ("widths", "batch"), [((64, 32, 32, 10), 32), ((64, 128, 64, 10), 64), ((5, 7, 3), 1)]
)
def test_network_equals_torch(widths, batch, gate, dtype):
    net, x, y = problem(widths, batch, dtype, gate=gate)
    theirs, their_x = in_torch(net), torch.tensor(x, requires_grad=True)
    for rate in (0.1, 0.1, 0.1):  # three steps, so that a mistake has time to grow
        loss, grad_logits = softmax_cross_entropy(net.forward(x), y)
        grad_x = net.backward(grad_logits, need_grad_x=True)
        theirs.zero_grad()
        their_x.grad = None
        their_loss = torch.nn.functional.cross_entropy(theirs(their_x), torch.tensor(y))
        their_loss.backward()

        assert_close(loss, their_loss.detach(), TOLERANCE[dtype])
        assert_close(net.grad, gradients_in_torch(theirs), TOLERANCE[dtype])
        assert_close(grad_x, their_x.grad, TOLERANCE[dtype])
        net.theta -= rate * net.grad
        with torch.no_grad():
            for weight in theirs.parameters():
                weight -= rate * weight.grad


# ---------------------------------------------------------------- equal to central differences


@settings(steady, max_examples=15)
@given(
    n_in=st.integers(1, 4),
    hidden=st.integers(1, 4),
    classes=st.integers(2, 4),
    batch=st.integers(1, 5),
    seed=seeds,
)
@pytest.mark.parametrize("gate", [ReLU, Tanh])
def test_network_equals_central_differences(gate, n_in, hidden, classes, batch, seed):
    net, x, y = problem((n_in, hidden, classes), batch, seed=seed, gate=gate)

    def loss_at(theta, x=x):
        net.theta = theta
        return softmax_cross_entropy(net.forward(x), y)[0]

    start = net.theta.copy()
    _, grad_logits = softmax_cross_entropy(net.forward(x), y)
    grad_x = net.backward(grad_logits, need_grad_x=True)
    grad = net.grad.copy()
    np.testing.assert_allclose(grad, numerical_gradient(loss_at, start), atol=1e-8)
    np.testing.assert_allclose(grad_x, numerical_gradient(lambda x: loss_at(start, x), x), atol=1e-8)


@steady
@given(batch=st.integers(1, 4), width=st.integers(1, 4), seed=seeds)
def test_losses_equal_central_differences(batch, width, seed):
    z, target = normal(batch, width, seed=seed), normal(batch, width, seed=seed + 1)
    y = np.random.default_rng(seed).integers(0, width, batch)
    numerical = numerical_gradient(lambda z: softmax_cross_entropy(z, y)[0], z)
    np.testing.assert_allclose(softmax_cross_entropy(z, y)[1], numerical, atol=1e-8)
    numerical = numerical_gradient(lambda z: mean_squared_error(z, target)[0], z)
    np.testing.assert_allclose(mean_squared_error(z, target)[1], numerical, atol=1e-8)


@steady
@given(data=st.data(), batch=st.integers(1, 6), classes=st.integers(1, 6), dtype=any_dtype)
def test_extreme_logits_stay_finite(data, batch, classes, dtype):
    entries = st.floats(-1e4, 1e4, width=32) | st.sampled_from([-1e4, 0.0, 1e4])
    logits = data.draw(arrays(dtype, (batch, classes), elements=entries))
    y = data.draw(arrays(np.int64, batch, elements=st.integers(0, classes - 1)))
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        loss, grad = softmax_cross_entropy(logits, y)
    expected = torch.nn.functional.cross_entropy(torch.tensor(logits).double(), torch.tensor(y)).item()
    assert abs(loss - expected) <= TOLERANCE[dtype] * max(1, expected)
    assert np.all(np.abs(grad) <= 1 / batch + 1e-6)
    np.testing.assert_allclose(grad.sum(axis=1), 0, atol=1e-6)


def test_a_hopeless_example_costs_its_margin():
    loss, grad = softmax_cross_entropy(np.array([[1e4, -1e4]]), np.array([1]))
    assert loss == 2e4 and grad.tolist() == [[1.0, -1.0]]


# ---------------------------------------------------------------- one vector, and views into it


def test_theta_holds_all_weights_and_layers_see_it():
    net, *_ = problem((3, 4, 2), 5)
    first, _, last = net.layers
    assert net.theta.shape == net.grad.shape == (3 * 4 + 4 + 4 * 2 + 2,)
    net.theta[:] = np.arange(26)
    assert np.array_equal(first.W, np.arange(12).reshape(3, 4)) and np.array_equal(first.b, np.arange(12, 16))
    assert np.array_equal(last.W, np.arange(16, 24).reshape(4, 2)) and np.array_equal(last.b, [24, 25])


def test_assigning_a_weight_changes_theta():
    net, *_ = problem((3, 4, 2), 5)
    net.layers[0].W = np.full((3, 4), 7)
    net.layers[2].b = [8, 9]
    net.layers[2].W *= 0
    assert np.all(net.theta[:12] == 7) and np.all(net.theta[16:24] == 0) and list(net.theta[24:]) == [8, 9]


@pytest.mark.parametrize("name", ["theta", "grad"])
def test_whole_vectors_are_assigned_in_place(name):
    net, *_ = problem((3, 4, 2), 5)
    vector = getattr(net, name)
    before = vector.copy()
    new = np.arange(26.0)
    setattr(net, name, new)
    assert getattr(net, name) is vector and np.array_equal(vector, new)
    new[:] = -1  # the caller's array is copied, not kept
    assert np.array_equal(vector, np.arange(26.0))
    setattr(net, name, before)


def test_update_in_place_keeps_the_views():
    net, x, y = problem((3, 4, 2), 5)
    theta, W = net.theta, net.layers[0].W
    net.backward(softmax_cross_entropy(net.forward(x), y)[1])
    before = W.copy()
    net.theta -= 0.5 * net.grad
    assert net.theta is theta and np.shares_memory(W, theta)
    assert np.array_equal(W, before - 0.5 * net.layers[0].grad_W) and np.any(before != W)


def test_a_mask_times_the_gradient_in_place_reaches_the_layers():
    net, x, y = problem((3, 4, 2), 5)
    net.backward(softmax_cross_entropy(net.forward(x), y)[1])
    net.grad *= np.arange(26) >= 16
    assert not np.any(net.layers[0].grad_W) and np.any(net.layers[2].grad_W)


def test_backward_overwrites():
    net, x, y = problem((3, 4, 2), 5)
    _, grad_logits = softmax_cross_entropy(net.forward(x), y)
    net.backward(grad_logits)
    once = net.grad.copy()
    net.backward(grad_logits)
    assert np.array_equal(net.grad, once) and np.all(np.isfinite(once)) and np.any(once)


def test_batches_of_every_size_in_turn():
    """Nothing kept from one batch leaks into the next."""
    net, *_ = problem((3, 4, 2), 5)
    for batch in (5, 1, 7, 5):
        x, y = normal(batch, 3, seed=batch), np.arange(batch) % 2
        net.backward(softmax_cross_entropy(net.forward(x), y)[1])
        fresh, *_ = problem((3, 4, 2), 5)
        fresh.backward(softmax_cross_entropy(fresh.forward(x), y)[1])
        assert np.array_equal(net.grad, fresh.grad)


def test_the_gradient_of_the_input_only_when_asked():
    net, x, y = problem((3, 4, 2), 5)
    _, grad_logits = softmax_cross_entropy(net.forward(x), y)
    assert net.backward(grad_logits) is None
    without = net.grad.copy()
    assert net.backward(grad_logits, need_grad_x=True).shape == x.shape
    assert np.array_equal(net.grad, without)
    for gate in (ReLU(), Tanh()):
        assert gate.backward(gate.forward(x), need_grad_x=False) is None
