"""The update rules against torch.optim, and every symbol of the equation in its place."""

import copy
import pickle

import numpy as np
import pytest
import torch

from course_utils.engine.nn import Linear, Network, ReLU, softmax_cross_entropy
from course_utils.engine.update import SGD, Adam, AdamW, Momentum

P = 7
RULES = {
    "SGD": (SGD, lambda p, lr: torch.optim.SGD(p, lr=lr)),
    "Momentum": (Momentum, lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9)),
    "Adam": (Adam, lambda p, lr: torch.optim.Adam(p, lr=lr)),
    "AdamW": (AdamW, lambda p, lr: torch.optim.AdamW(p, lr=lr, weight_decay=0.01)),
}
each_rule = pytest.mark.parametrize("name", RULES)


def start(seed=0):
    rng = np.random.default_rng(seed)
    return rng.standard_normal(P), rng.standard_normal((100, P))


@each_rule
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_hundred_steps_equal_torch(name, dtype):
    theta, grads = start()
    theta, grads = theta.astype(dtype), grads.astype(dtype)
    mine, theirs = RULES[name]
    rule, tensor = mine(0.05), torch.tensor(theta, requires_grad=True)
    optimizer = theirs([tensor], 0.05)
    for grad in grads:
        rule.step(theta, grad)
        tensor.grad = torch.tensor(grad)
        optimizer.step()
    assert theta.dtype == dtype
    tolerance = 1e-10 if dtype == np.float64 else 1e-5
    np.testing.assert_allclose(theta, tensor.detach().numpy(), rtol=tolerance, atol=tolerance)


def test_l2_as_a_penalty_equals_torch_adam_with_weight_decay():
    theta, grads = start()
    tensor = torch.tensor(theta, requires_grad=True)
    rule = Adam(0.05, penalty=lambda theta: 0.1 * theta)
    optimizer = torch.optim.Adam([tensor], lr=0.05, weight_decay=0.1)
    for grad in grads:
        rule.step(theta, grad)
        tensor.grad = torch.tensor(grad)
        optimizer.step()
    np.testing.assert_allclose(theta, tensor.detach().numpy(), rtol=1e-10)


@each_rule
def test_a_rate_vector_equals_torch_parameter_groups(name):
    theta, grads = start()
    mine, theirs = RULES[name]
    rates = np.array([0.01] * 3 + [0.1] * 4)
    parts = [torch.tensor(theta[:3], requires_grad=True), torch.tensor(theta[3:], requires_grad=True)]
    optimizer = theirs([{"params": [parts[0]], "lr": 0.01}, {"params": [parts[1]], "lr": 0.1}], 1.0)
    rule = mine(rates)
    for grad in grads:
        rule.step(theta, grad)
        parts[0].grad, parts[1].grad = torch.tensor(grad[:3]), torch.tensor(grad[3:])
        optimizer.step()
    np.testing.assert_allclose(theta, torch.cat(parts).detach().numpy(), rtol=1e-10)


@each_rule
def test_a_masked_weight_stays_bitwise_whatever_came_before(name):
    """Memory built up before the freeze, a penalty, decay: nothing may move it. The others move on as before."""
    theta, grads = start()
    rule = RULES[name][0](0.05, penalty=lambda theta: 0.1 * theta)
    for grad in grads[:10]:
        rule.step(theta, grad)
    frozen = theta.copy()
    rule.mask = np.array([0.0, 1, 1, 0, 1, 1, 0])
    for grad in grads[10:]:
        rule.step(theta, grad)
    held = rule.mask == 0
    assert np.array_equal(theta[held], frozen[held])
    assert np.all(theta[~held] != frozen[~held])


@each_rule
def test_a_mask_changes_nothing_for_the_weights_it_lets_through(name):
    theta, grads = start()
    free, masked = theta.copy(), theta.copy()
    mask = np.array([1.0, 0, 1, 1, 0, 1, 1])
    rule, rule_with_mask = RULES[name][0](0.05), RULES[name][0](0.05, mask=mask)
    for grad in grads:
        rule.step(free, grad)
        rule_with_mask.step(masked, grad)
    assert np.array_equal(masked[mask == 1], free[mask == 1])
    assert np.array_equal(masked[mask == 0], theta[mask == 0])


@each_rule
def test_a_mask_equals_a_torch_optimizer_without_those_weights(name):
    theta, grads = start()
    mine, theirs = RULES[name]
    moving = np.array([True, False, True, True, False, True, False])
    tensor, held = torch.tensor(theta[moving], requires_grad=True), theta[~moving].copy()
    rule, optimizer = mine(0.05, mask=moving.astype(float)), theirs([tensor], 0.05)
    for grad in grads:
        rule.step(theta, grad)
        tensor.grad = torch.tensor(grad[moving])
        optimizer.step()
    np.testing.assert_allclose(theta[moving], tensor.detach().numpy(), rtol=1e-10)
    assert np.array_equal(theta[~moving], held)


@each_rule
def test_a_frozen_weight_builds_up_no_memory(name):
    theta, grads = start()
    rule = RULES[name][0](0.05, mask=np.zeros(P))
    for grad in grads:
        rule.step(theta, grad)
    for memory in ("velocity", "mean", "square"):
        assert np.all(getattr(rule, memory, 0) == 0)


def test_projection_comes_last():
    theta = np.array([3.0, 4.0])
    SGD(1.0, projection=lambda theta: theta / np.linalg.norm(theta)).step(theta, np.array([0.0, 1.0]))
    np.testing.assert_allclose(theta, np.array([3.0, 3.0]) / np.sqrt(18))


@each_rule
def test_step_works_in_place_and_leaves_the_gradient(name):
    theta, grads = start()
    view, before = theta[:], grads[0].copy()
    rule = RULES[name][0](0.05, mask=np.ones(P), penalty=lambda theta: theta)
    assert rule.step(theta, grads[0]) is None
    assert np.shares_memory(view, theta) and np.array_equal(grads[0], before)


def test_a_gradient_of_another_size_is_refused():
    with pytest.raises(ValueError):
        SGD(0.1).step(np.zeros(9), np.zeros(8))


# ------------------------------------------------- groups of layers


def grouped(**symbols):
    return Network(
        first=[Linear(5, 6), ReLU()], middle=[Linear(6, 4), ReLU()], head=[Linear(4, 3)], **symbols
    )


def backward(net):
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((8, 5)), rng.integers(0, 3, 8)
    net.backward(softmax_cross_entropy(net.forward(x), y)[1])
    return net.grad.copy()


def test_groups_cover_theta_in_order():
    net = grouped()
    assert list(net.groups) == ["first", "middle", "head"]
    assert [net.groups[name].start for name in net.groups] == [0, 36, 64]
    assert net.groups["head"].stop == len(net.theta)
    assert np.array_equal(net.theta, Network(Linear(5, 6), ReLU(), Linear(6, 4), ReLU(), Linear(4, 3)).theta)


def test_layers_in_a_row_are_groups_of_their_own():
    assert list(Network(Linear(2, 2), ReLU(), Linear(2, 2)).groups) == ["layer0", "layer2"]


def test_mask_and_rates():
    net = grouped()
    assert net.mask("head").sum() == 15 and np.all(net.mask("head")[64:] == 1)
    assert np.array_equal(net.mask("first", "middle", "head"), np.ones_like(net.theta))
    rates = net.rates({"head": 0.1, "first": 0.001})
    assert set(rates[:36]) == {0.001} and set(rates[36:64]) == {0.0} and set(rates[64:]) == {0.1}


@pytest.mark.parametrize(
    "call", [lambda n: n.mask("body"), lambda n: n.rates({"body": 1}), lambda n: n.train_only("body")]
)
def test_an_unknown_group_names_the_groups(call):
    with pytest.raises(ValueError, match="no group 'body'; the groups are first, middle, head"):
        call(grouped())


def test_layers_are_given_in_one_way_only():
    with pytest.raises(ValueError, match="not both"):
        Network(Linear(2, 2), head=[Linear(2, 2)])


@pytest.mark.parametrize("names", [("head",), ("middle",), ("first",), ("first", "head"), ("middle", "head")])
def test_train_only_gives_the_same_gradients_and_zeros_elsewhere(names):
    net = grouped()
    full = backward(net)
    net.train_only(*names)
    assert np.array_equal(backward(net), full * net.mask(*names))
    net.train_only(*net.groups)
    assert np.array_equal(backward(net), full)


def test_backward_stops_at_the_lowest_layer_that_needs_a_gradient(monkeypatch):
    net = grouped()
    visited = []
    for number, layer in enumerate(net.layers):

        def spy(grad_y, need_grad_x=True, number=number, layer=layer):
            visited.append((number, need_grad_x))
            return type(layer).backward(layer, grad_y, need_grad_x)

        monkeypatch.setattr(layer, "backward", spy)
    net.train_only("middle", "head")
    backward(net)
    assert visited == [(4, True), (3, True), (2, False)]


def test_input_gradient_is_the_same_when_nothing_trains():
    net, x = grouped(), np.random.default_rng(0).standard_normal((3, 5))
    net.forward(x)
    wanted = net.backward(np.ones((3, 3)), need_grad_x=True)
    net.train_only()
    net.forward(x)
    assert np.array_equal(net.backward(np.ones((3, 3)), need_grad_x=True), wanted)


@pytest.mark.parametrize(
    "twin_of", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))], ids=["deepcopy", "pickle"]
)
def test_a_copy_is_whole_and_independent(twin_of):
    net = grouped()
    twin = twin_of(net)
    before, x = net.theta.copy(), np.random.default_rng(0).standard_normal((3, 5))
    assert np.array_equal(twin.forward(x), net.forward(x))
    twin.theta = twin.theta + 1
    assert np.array_equal(twin.layers[0].W, net.layers[0].W + 1)
    assert np.array_equal(net.theta, before)
    backward(twin)
    assert np.shares_memory(twin.layers[0].grad_W, twin.grad) and twin.grad.any() and not net.grad.any()
