"""The network: seeds, dtypes, whose arrays are whose, and errors that say what is wrong."""

import copy

import numpy as np
import pytest

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
from course_utils.engine.train import fit
from course_utils.engine.update import Adam, Momentum
from tests.engine.test_nn import dtypes, normal, problem, read_only


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


def test_cross_entropies_cannot_overflow_in_any_row():
    logits = np.array([[1e4, 0.0], [0.0, -1e4], [-1e4, 0.0]])
    with np.errstate(over="raise", invalid="raise"):
        np.testing.assert_allclose(cross_entropies(logits, np.array([0, 0, 0])), [0, 0, 1e4])


def test_layers_come_in_a_row_or_in_named_groups():
    with pytest.raises(ValueError, match="^give the layers in a row or in named groups, not both"):
        Network(ReLU(), head=[Linear(2, 1)])


def test_the_first_weights_are_those_of_seed_0():
    np.testing.assert_array_equal(Network(Linear(3, 2)).theta, Network(Linear(3, 2), seed=0).theta)


def test_where_nothing_is_trained_backward_still_gives_the_gradient_of_the_input():
    net = Network(body=[Linear(3, 2)], head=[ReLU(), Linear(2, 1)])
    net.forward(np.ones((4, 3)))
    wanted = net.backward(np.ones((4, 1)), need_grad_x=True)
    net.train_only()
    net.forward(np.ones((4, 3)))
    net.backward(np.ones((4, 1)))
    assert not net.grad.any()
    np.testing.assert_allclose(net.backward(np.ones((4, 1)), need_grad_x=True), wanted)


# --- several networks at once ---

SEEDS = (3, 1, 4)


def several(**options):
    return Network(body=[Linear(5, 4), ReLU()], head=[Linear(4, 3)], **options)


def test_losses_of_several_networks_are_those_of_each():
    rng = np.random.default_rng(0)
    logits, y = 50 * rng.normal(size=(3, 7, 4)), rng.integers(4, size=(3, 7))
    loss, grad = softmax_cross_entropy(logits, y)
    alone = [softmax_cross_entropy(*one) for one in zip(logits, y, strict=True)]
    np.testing.assert_allclose(loss, [value for value, _ in alone], rtol=1e-12)
    np.testing.assert_allclose(grad, [g for _, g in alone], rtol=1e-12, atol=1e-300)
    each = cross_entropies(logits, y)
    np.testing.assert_allclose(
        each, [cross_entropies(*one) for one in zip(logits, y, strict=True)], atol=1e-12
    )
    target = rng.normal(size=logits.shape)
    loss, grad = mean_squared_error(logits, target)
    alone = [mean_squared_error(*one) for one in zip(logits, target, strict=True)]
    np.testing.assert_allclose(loss, [value for value, _ in alone], rtol=1e-12)
    np.testing.assert_allclose(grad, [g for _, g in alone], rtol=1e-12)
    np.testing.assert_allclose(
        softmax_cross_entropy(logits, y[0])[0][0], softmax_cross_entropy(logits[0], y[0])[0]
    )
    with pytest.raises(ShapeError, match=r"expected y of shape \(7,\)"):
        softmax_cross_entropy(logits, y[:2])


@pytest.mark.parametrize(
    "rule", [lambda rate: Momentum(rate), lambda rate: Adam(rate)], ids=["momentum", "Adam"]
)
def test_several_networks_train_as_each_does_alone(rule):
    """Each on its own batches and at its own rate; the mask is one for all."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(4, 3, 6, 5)), rng.integers(3, size=(4, 3, 6))
    rates = [0.1, 0.03, 0.01]
    together, made = several(seed=SEEDS), rule(np.array(rates)[:, None])
    made.mask = together.mask("head")
    losses = fit(together, made, zip(x, y, strict=True))
    held_out = rng.normal(size=(40, 5)), rng.integers(3, size=40)
    for i, (seed, rate) in enumerate(zip(SEEDS, rates, strict=True)):
        net, alone = several(seed=seed), rule(rate)
        alone.mask = net.mask("head")
        expected = fit(net, alone, zip(x[:, i], y[:, i], strict=True))
        np.testing.assert_allclose([loss[i] for loss in losses], expected, rtol=1e-12)
        np.testing.assert_allclose(together.theta[i], net.theta, rtol=1e-10)
        assert accuracy(together, *held_out)[i] == accuracy(net, *held_out)


def test_of_several_networks_a_mask_and_rates_are_still_one_vector():
    net = several(seed=SEEDS)
    assert net.theta.shape == net.grad.shape == (3, 39)
    assert net.mask("head").shape == net.rates({"body": 0.1}).shape == (39,)
    assert net.groups == several().groups
    net.layers[0].W = np.zeros((3, 5, 4))
    assert not net.theta[:, :20].any() and net.theta[:, 24:36].all()
    with pytest.raises(ShapeError, match=r"theta has shape \(3, 39\)"):
        net.theta = np.zeros(39)


def test_a_batch_for_another_number_of_networks_is_named():
    with pytest.raises(ShapeError, match=r"Linear\(5, 4\): expected x of shape \(N, 5\), got \(2, 6, 5\)"):
        several(seed=SEEDS).forward(np.zeros((2, 6, 5)))


def test_a_copy_of_several_networks_has_arrays_of_its_own():
    net = several(seed=SEEDS)
    other = copy.deepcopy(net)
    other.layers[0].W = np.zeros((3, 5, 4))
    assert net.layers[0].W.all() and not other.theta[:, :20].any()
