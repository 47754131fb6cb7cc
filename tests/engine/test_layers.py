"""The contract of a layer. Every layer is a line of LAYERS, and every test here is for all of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from torch.nn import functional

from course_utils.engine import layers, nn
from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.layers import (
    Conv1d,
    Conv2d,
    Filter,
    MeanOverPositions,
    MeanPool2d,
    Recurrent,
    Reshape,
    StraightThrough,
)
from course_utils.engine.nn import Layer, Linear, Network, ReLU, ShapeError, Tanh

BASIS = np.linalg.qr(np.random.default_rng(9).standard_normal((4, 2)))[0]


@dataclass(frozen=True)
class Contract:
    """A layer, an input of some examples, the same in PyTorch, and inputs that it has to refuse."""

    make: Callable[[], Layer]
    x: tuple[int, ...]
    torch: Callable[..., torch.Tensor]  # of x and then the weights, in the order of layer.shapes
    refused: tuple[tuple[int, ...], ...] = ()
    variance: dict[str, float] | None = None  # of the first weights that are drawn
    has_slope: bool = True  # False: its derivative is a stand-in, not what differences see


def recurrent(x, W, U, b):
    h = torch.zeros(len(x), len(b), dtype=x.dtype)
    for t in range(x.shape[1]):
        h = torch.tanh(x[:, t] @ W + h @ U + b)
    return h


def filtered(x, W):
    kernels = W @ torch.tensor(BASIS, dtype=W.dtype).T
    return functional.conv1d(x, kernels[:, None], groups=len(kernels))


LAYERS = {
    "Linear": Contract(lambda: Linear(3, 4), (5, 3), lambda x, W, b: x @ W + b, ((5, 4), (3,), (5, 3, 1)), {"W": 2 / 3}),
    "ReLU": Contract(ReLU, (5, 3), torch.relu),
    "Tanh": Contract(Tanh, (5, 3), torch.tanh),
    "Conv1d": Contract(lambda: Conv1d(2, 3, 4), (5, 2, 9), functional.conv1d, ((5, 2), (5, 3, 9), (5, 2, 3)), {"W": 2 / 8}),
    "Conv2d": Contract(lambda: Conv2d(2, 3, 3), (4, 2, 5, 6), lambda *a: functional.conv2d(*a, padding="same"), ((4, 2, 5), (4, 3, 5, 6)), {"W": 2 / 18}),
    "Filter": Contract(lambda: Filter(3, 4), (5, 3, 9), lambda x, W: functional.conv1d(x, W[:, None], groups=3), ((5, 3), (5, 2, 9), (5, 3, 3)), {"W": 1 / 4}),
    "Filter with a basis": Contract(lambda: Filter(3, 4, BASIS), (5, 3, 9), filtered, ((5, 2, 9),), {"W": 1 / 2}),
    "MeanOverPositions": Contract(MeanOverPositions, (5, 3, 9), lambda x: x.mean(2), ((5, 3), (5, 3, 9, 1))),
    "MeanPool2d": Contract(MeanPool2d, (4, 2, 6, 4), lambda x: functional.avg_pool2d(x, 2), ((4, 2, 5, 4), (4, 2, 4, 5), (4, 6, 4))),
    "Reshape": Contract(lambda: Reshape(3, 2), (5, 6), lambda x: x.reshape(-1, 3, 2), ((5, 5),)),
    "Recurrent": Contract(lambda: Recurrent(3, 4), (5, 6, 3), recurrent, ((5, 3), (5, 6, 4)), {"W": 1 / 3}),
    "StraightThrough": Contract(lambda: StraightThrough(0.5), (5, 3), lambda x: x + (0.5 * torch.round(x / 0.5) - x).detach(), has_slope=False),
}  # fmt: skip
each_layer = pytest.mark.parametrize("contract", LAYERS.values(), ids=LAYERS)


def used(contract: Contract, dtype: type = np.float64):
    """A network of this layer with weights everywhere, an input, its output and a gradient for that."""
    net, rng = Network(contract.make(), dtype=dtype), np.random.default_rng(3)
    net.theta += 0.3 * rng.standard_normal(net.theta.size)
    x = rng.standard_normal(contract.x)
    y = net.forward(x)
    return net, x, y, rng.standard_normal(y.shape)


def test_no_layer_is_left_out():
    made = {
        cls
        for room in (nn, layers)
        for cls in vars(room).values()
        if isinstance(cls, type) and issubclass(cls, Layer)
    }
    assert made - {Layer} == {type(contract.make()) for contract in LAYERS.values()}


@each_layer
def test_it_equals_pytorch(contract):
    net, x, y, grad_y = used(contract)
    layer = net.layers[0]
    tensors = [
        torch.tensor(a, requires_grad=True) for a in (x, *(getattr(layer, name) for name in layer.shapes))
    ]
    theirs = contract.torch(*tensors)
    theirs.backward(torch.tensor(grad_y))
    grad_x = net.backward(grad_y, need_grad_x=True)
    np.testing.assert_allclose(y, theirs.detach().numpy(), rtol=1e-12, atol=1e-12)
    mine = [grad_x, *(getattr(layer, f"grad_{name}") for name in layer.shapes)]
    for gradient, tensor in zip(mine, tensors, strict=True):
        np.testing.assert_allclose(gradient, tensor.grad.numpy(), rtol=1e-11, atol=1e-12)


@each_layer
def test_its_gradients_are_those_of_central_differences(contract):
    net, x, _, grad_y = used(contract)
    if not contract.has_slope:
        pytest.skip("it stands in for a slope of 0")

    def by_weights(theta):
        net.theta = theta
        return float((net.forward(x) * grad_y).sum())

    theta = net.theta.copy()
    grad_x = net.backward(grad_y, need_grad_x=True)
    grad = net.grad.copy()
    np.testing.assert_allclose(grad, numerical_gradient(by_weights, theta), rtol=1e-6, atol=1e-8)
    net.theta = theta
    by_input = numerical_gradient(lambda x: float((net.forward(x) * grad_y).sum()), x)
    np.testing.assert_allclose(grad_x, by_input, rtol=1e-6, atol=1e-8)


@each_layer
def test_float32_stays_float32(contract):
    net, _, y, grad_y = used(contract, np.float32)
    grad_x = net.backward(grad_y, need_grad_x=True)
    assert y.dtype == grad_x.dtype == net.grad.dtype == np.float32


@each_layer
def test_a_wrong_input_is_named(contract):
    for shape in contract.refused:
        net = Network(contract.make())
        with pytest.raises(ShapeError) as told:
            net.forward(np.zeros(shape))
        assert net.layers[0].name in str(told.value) and str(shape) in str(told.value)


@each_layer
def test_a_wrong_gradient_is_named(contract):
    net, _, y, _ = used(contract)
    if not contract.has_slope:
        pytest.skip("it hands on whatever comes")
    for shape in (y.shape[:-1], (*y.shape[:-1], y.shape[-1] + 1), (y.shape[0] + 1, *y.shape[1:])):
        with pytest.raises(ShapeError, match="grad_y"):
            net.layers[0].backward(np.zeros(shape))


@each_layer
def test_it_computes_no_gradient_that_nobody_wants(contract):
    net, _, _, grad_y = used(contract)
    layer = net.layers[0]
    assert layer.backward(grad_y, need_grad_x=False) is None
    whole = net.grad.copy()
    layer.needs_grad = False
    net.grad[...] = np.nan
    grad_x = layer.backward(grad_y, need_grad_x=True)
    assert np.isnan(net.grad).all() and np.isfinite(grad_x).all()
    layer.needs_grad = True
    layer.backward(grad_y, need_grad_x=False)
    np.testing.assert_array_equal(net.grad, whole)


@each_layer
def test_by_itself_it_is_called_what_it_is_and_returns_the_gradient_of_its_input(contract):
    net, x, _, grad_y = used(contract)
    layer = net.layers[0]
    assert type(layer).__name__ in layer.name
    assert layer.backward(grad_y).shape == x.shape


@each_layer
@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("shared", [False, True], ids=["a batch each", "one batch for all"])
def test_several_networks_at_once_are_each_what_its_seed_alone_makes(contract, n, shared):
    """With as many examples as networks, too."""
    seeds, rng = (3, 4, 9), np.random.default_rng(0)
    several = Network(contract.make(), seed=seeds)
    alone = [Network(contract.make(), seed=seed) for seed in seeds]
    np.testing.assert_array_equal(several.theta, [net.theta for net in alone])
    if shared and not several.theta.size:
        pytest.skip("without weights the networks do not differ, and one batch stays one")
    x = rng.standard_normal((n, *contract.x[1:]) if shared else (3, n, *contract.x[1:]))
    y = several.forward(x)
    grad_y = rng.standard_normal(y.shape)
    grad_x = several.backward(grad_y, need_grad_x=True)
    for i, net in enumerate(alone):
        np.testing.assert_allclose(y[i], net.forward(x if shared else x[i]), rtol=1e-12, atol=1e-14)
        mine = net.backward(grad_y[i], need_grad_x=True)
        np.testing.assert_allclose(grad_x[i], mine, rtol=1e-11, atol=1e-13)
        np.testing.assert_allclose(several.grad[i], net.grad, rtol=1e-11, atol=1e-13)


@each_layer
def test_it_writes_over_no_input(contract):
    net, x, _, grad_y = used(contract)
    kept = x.copy(), grad_y.copy()
    net.forward(x)
    net.backward(grad_y, need_grad_x=True)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(grad_y, kept[1])


@each_layer
def test_its_first_weights_are_as_large_as_it_says(contract):
    drawn: dict[str, list[np.ndarray]] = {}
    for seed in range(200):
        layer = Network(contract.make(), seed=seed).layers[0]
        for name in layer.shapes:
            drawn.setdefault(name, []).append(getattr(layer, name).copy())
    for name, variance in (contract.variance or {}).items():
        values = np.array(drawn.pop(name)).ravel()
        assert abs(values.mean()) < 4 * np.sqrt(variance / len(values))
        assert abs(values.var() / variance - 1) < 6 * np.sqrt(2 / len(values))
    if "b" in drawn:
        assert not np.any(drawn.pop("b"))
    for U in drawn.pop("U", []):  # a rotation
        np.testing.assert_allclose(U.T @ U, np.eye(len(U)), atol=1e-12)
    assert not drawn, f"what are the first values of {', '.join(drawn)}?"
