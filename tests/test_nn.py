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
    Layer,
    Linear,
    Network,
    ReLU,
    ShapeError,
    Tanh,
    accuracy,
    constant,
    cross_entropies,
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


# ---------------------------------------------------------------- seeds and dtypes


def test_the_seed_decides():
    same, again, other = (problem((6, 5, 4), 1, seed=seed)[0].theta for seed in (3, 3, 4))
    assert np.array_equal(same, again) and not np.array_equal(same, other)
    assert np.array_equal(problem((6, 5, 4), 1, np.float32, seed=3)[0].theta, same.astype(np.float32))


def test_first_weights_have_the_promised_size():
    layer = Network(Linear(50, 400)).layers[0]
    assert abs(layer.W.std() / np.sqrt(2 / 50) - 1) < 0.02 and not np.any(layer.b)


@dtypes
@pytest.mark.parametrize("gate", [ReLU, Tanh])
def test_the_dtype_holds_all_the_way(dtype, gate):
    net, x, y = problem((4, 6, 3), 5, dtype, gate=gate)
    for given_x in (x, x.astype(np.float64), (10 * x).astype(int), x.tolist()):
        logits = net.forward(given_x)
        loss, grad_logits = softmax_cross_entropy(logits, y)
        grad_x = net.backward(grad_logits, need_grad_x=True)
        assert {a.dtype for a in (logits, grad_logits, grad_x, net.grad, net.theta)} == {np.dtype(dtype)}
        assert type(loss) is float and type(mean_squared_error(logits, logits)[0]) is float
        assert mean_squared_error(logits, logits)[1].dtype == dtype
    for grad_y in (grad_logits.astype(np.float64), grad_logits.tolist()):
        assert net.backward(grad_y, need_grad_x=True).dtype == dtype
    net.theta -= 0.1 * net.grad
    assert net.grad.dtype == net.theta.dtype == dtype


@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int32, np.int64, np.uint32])
def test_labels_of_every_whole_number_type(dtype):
    logits, y = normal(3, 4, seed=0), np.array([3, 0, 2])
    assert np.array_equal(
        softmax_cross_entropy(logits, y.astype(dtype))[1], softmax_cross_entropy(logits, y)[1]
    )


# ---------------------------------------------------------------- nothing of the caller's is touched


@dtypes
@pytest.mark.parametrize("gate", [ReLU, Tanh])
def test_inputs_are_never_written_to(dtype, gate):
    net, x, y = problem((4, 6, 3), 5, dtype, gate=gate)
    logits = net.forward(read_only(x))
    grad_logits = softmax_cross_entropy(read_only(logits), read_only(y))[1]
    net.backward(read_only(grad_logits), need_grad_x=True)
    mean_squared_error(read_only(logits), read_only(logits + 1))
    for layer in (Linear(4, 2), gate()):  # as the last, and as the first
        alone = Network(layer, dtype=dtype)
        alone.backward(read_only(np.ones_like(alone.forward(read_only(x)))), need_grad_x=True)


@dtypes
@pytest.mark.parametrize("gate", [ReLU, Tanh])
def test_scribbling_on_what_comes_back_changes_nothing(dtype, gate):
    """No result is a constant that is kept, a weight, or an array that the caller gave."""
    net, x, y = problem((4, 6, 3), 5, dtype, gate=gate)

    def pass_through(scribble):
        logits = net.forward(x)
        loss, grad_logits = softmax_cross_entropy(logits, y)
        _, grad_other = mean_squared_error(logits, np.zeros_like(logits))
        if scribble:
            logits[...] = np.nan  # before backward: Linear does not need its own output
        grad_x = net.backward(grad_logits, need_grad_x=True)
        alone = Network(gate(), dtype=dtype)
        results = [grad_logits, grad_other, grad_x, alone.forward(x), alone.backward(x, need_grad_x=True)]
        for result in (logits, *results):
            assert not any(np.shares_memory(result, a) for a in (net.theta, net.grad, x))
        kept = [np.array(a) for a in (loss, *results, net.grad)]
        if scribble:
            for result in results:
                result[...] = np.nan
        return kept

    clean = pass_through(scribble=False)
    for scribble in (True, True, False):
        for now, then in zip(pass_through(scribble), clean, strict=True):
            assert np.array_equal(now, then)


def test_kept_constants_cannot_be_written_to():
    kept = constant(1, (3,), np.dtype(np.float64))
    assert kept is constant(1, (3,), np.dtype(np.float64)) and kept.tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="read-only"):
        kept[0] = 2


# ---------------------------------------------------------------- errors that say what is wrong


def small():
    net, x, _ = problem((3, 4, 2), 5)
    net.forward(x)
    return net


SHAPE_ERRORS = {
    "input too wide": (lambda: small().forward(np.ones((5, 4))), "layer 0, Linear(3, 4)", "(N, 3)", "(5, 4)"),
    "input one example": (lambda: small().forward(np.ones(3)), "layer 0, Linear(3, 4)", "(N, 3)", "(3,)"),
    "input a stack": (lambda: small().forward(np.ones((2, 5, 3))), "layer 0, Linear(3, 4)", "(N, 3)", "(2, 5, 3)"),
    "layers do not meet": (
        lambda: Network(Linear(3, 4), ReLU(), Linear(5, 2)).forward(np.ones((6, 3))),
        "layer 2, Linear(5, 2)", "(N, 5)", "(6, 4)",
    ),
    "gradient too wide": (lambda: small().backward(np.ones((5, 3))), "layer 2, Linear(4, 2)", "(5, 2)", "(5, 3)"),
    "gradient of another batch": (lambda: small().backward(np.ones((6, 2))), "layer 2, Linear(4, 2)", "(5, 2)", "(6, 2)"),
    "gradient that would broadcast": (lambda: small().backward(np.ones((1, 2))), "layer 2", "(5, 2)", "(1, 2)"),
    "gradient of a ReLU": (lambda: gate_error(ReLU), "layer 0, ReLU", "(2, 3)", "(2, 1)"),
    "gradient of a Tanh": (lambda: gate_error(Tanh), "layer 0, Tanh", "(2, 3)", "(2, 1)"),
    "W transposed": (lambda: setattr(small().layers[0], "W", np.ones((4, 3))), "layer 0, Linear", "W", "(3, 4)", "(4, 3)"),
    "W a number": (lambda: setattr(small().layers[0], "W", 1.0), "layer 0, Linear", "W", "(3, 4)", "()"),
    "b as a row": (lambda: setattr(small().layers[2], "b", np.ones((1, 2))), "layer 2, Linear", "b", "(2,)", "(1, 2)"),
    "theta too short": (lambda: setattr(small(), "theta", np.ones(25)), "theta", "(26,)", "(25,)"),
    "theta a number": (lambda: setattr(small(), "theta", 0), "theta", "(26,)", "()"),
    "grad too short": (lambda: setattr(small(), "grad", np.ones(25)), "grad", "(26,)", "(25,)"),
    "logits of one example": (
        lambda: softmax_cross_entropy(np.ones(3), np.array([1])), "softmax_cross_entropy", "(N, C)", "(3,)",
    ),
    "logits a number": (
        lambda: softmax_cross_entropy(np.float64(3), np.array([1])), "softmax_cross_entropy", "(N, C)", "()",
    ),
    "no examples": (
        lambda: softmax_cross_entropy(np.ones((0, 3)), np.array([], int)), "softmax_cross_entropy", "(N, C)", "(0, 3)",
    ),
    "labels one-hot": (
        lambda: softmax_cross_entropy(np.ones((2, 3)), np.eye(3, dtype=int)[:2]), "softmax_cross_entropy", "(2,)", "(2, 3)",
    ),
    "labels as a column": (
        lambda: softmax_cross_entropy(np.ones((2, 3)), np.ones((2, 1), int)), "softmax_cross_entropy", "(2,)", "(2, 1)",
    ),
    "too few labels": (
        lambda: softmax_cross_entropy(np.ones((2, 3)), np.array([1])), "softmax_cross_entropy", "(2,)", "(1,)",
    ),
    "target that would broadcast": (
        lambda: mean_squared_error(np.ones((5, 1)), np.ones(5)), "mean_squared_error", "(5, 1)", "(5,)",
    ),
}  # fmt: skip


def gate_error(gate):
    net = Network(gate())
    net.forward(np.ones((2, 3)))
    net.backward(np.ones((2, 1)), need_grad_x=True)


@pytest.mark.parametrize("case", SHAPE_ERRORS)
def test_shape_errors_name_the_layer_and_both_shapes(case):
    call, *parts = SHAPE_ERRORS[case]
    with pytest.raises(ShapeError) as caught:
        call()
    assert all(part in str(caught.value) for part in parts), str(caught.value)


def test_a_refused_assignment_changes_nothing():
    net = small()
    before = net.theta.copy()
    for change in (
        lambda: setattr(net, "theta", np.ones(25)),
        lambda: setattr(net.layers[0], "W", np.ones((4, 3))),
    ):
        with pytest.raises(ShapeError):
            change()
    assert np.array_equal(net.theta, before)


@pytest.mark.parametrize(
    "y", [np.array([0.0, 1.0]), np.array([True, False]), np.array(["0", "1"])], ids=lambda y: y.dtype.name
)
def test_labels_must_be_whole_numbers(y):
    with pytest.raises(TypeError, match=f"whole numbers, got dtype {y.dtype}"):
        softmax_cross_entropy(np.ones((2, 3)), y)


@pytest.mark.parametrize("y", [[0, 3], [-1, 2], [0, 10**9]])
def test_labels_must_be_in_range(y):
    with pytest.raises(ValueError, match=f"3 classes are 0 to 2, got labels from {min(y)} to {max(y)}"):
        softmax_cross_entropy(np.ones((2, 3)), np.array(y))


@pytest.mark.parametrize(
    "use", [lambda a: a.W, lambda a: a.forward(np.ones((1, 2))), lambda a: setattr(a, "W", np.ones((2, 3)))]
)
def test_a_layer_outside_a_network_says_so(use):
    with pytest.raises(
        AttributeError, match=r"Linear\(2, 3\) has no W yet: put the layer into a Network first"
    ):
        use(Linear(2, 3))


@pytest.mark.parametrize("make", [lambda: Linear(3, 3), ReLU, Tanh])
def test_a_layer_lives_in_one_place(make):
    layer = make()
    Network(layer)
    with pytest.raises(ValueError, match="is in a network already"):
        Network(layer)
    twice = make()
    with pytest.raises(ValueError, match="is in a network already"):
        Network(twice, twice)


def test_a_layer_of_your_own_needs_only_the_two_passes():
    class Double(Layer):
        def forward(self, x):
            return 2 * x

        def backward(self, grad_y, need_grad_x=True):
            return 2 * grad_y

    net = Network(Double(), Linear(2, 1), Double())
    np.testing.assert_allclose(net.forward([[1.0, 2.0]]), 4 * np.array([[1.0, 2.0]]) @ net.layers[1].W)
    np.testing.assert_allclose(net.backward(np.ones((1, 1)), need_grad_x=True), 4 * net.layers[1].W.T)


def test_a_refused_network_keeps_no_layer():
    a, b = Linear(2, 3), Linear(3, 2)
    Network(b)
    with pytest.raises(ValueError, match=r"Linear\(3, 2\) is in a network already"):
        Network(a, b)
    assert Network(a).groups == {"layer0": slice(0, 9)}


def test_an_error_names_the_loss_that_was_called():
    for loss in (softmax_cross_entropy, cross_entropies):
        with pytest.raises(ValueError, match=f"^{loss.__name__}: "):
            loss(np.zeros((2, 3)), np.array([0, 3]))


def test_accuracy_is_the_share_of_labels_with_the_largest_logit():
    net = Network(Linear(3, 3))
    net.layers[0].W = np.eye(3)
    x = np.array([[3.0, 1, 2], [0, 5, 1], [0, 1, 2], [9, 0, 0]])
    assert accuracy(net, x, np.array([0, 1, 2, 1])) == 0.75


def test_cross_entropies_are_what_the_loss_is_the_mean_of():
    rng = np.random.default_rng(0)
    logits, y = 200 * rng.normal(size=(7, 4)), rng.integers(4, size=7)
    each = cross_entropies(logits, y)
    assert each.shape == (7,)
    assert each.mean() == pytest.approx(softmax_cross_entropy(logits, y)[0], rel=1e-12)
    alone = [softmax_cross_entropy(logits[i : i + 1], y[i : i + 1])[0] for i in range(7)]
    np.testing.assert_allclose(each, alone, rtol=1e-12, atol=1e-12)
