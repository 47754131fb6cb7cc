"""Lesson 02: layers that call your functions, the twin in PyTorch, and what stands in the pictures."""

import nbformat
import numpy as np
import pytest
import torch

from course_utils.beds import data
from course_utils.beds.backprop import hard_to_check, own, pictures, twin
from course_utils.engine import nn
from course_utils.exercises.lessons.lesson02 import linear_backward, relu_backward
from making import authoring


@pytest.fixture
def net():
    layers = own.Linear(64, 5, linear_backward), own.ReLU(relu_backward), own.Linear(5, 10, linear_backward)
    return nn.Network(*layers, seed=0)


@pytest.fixture
def batch():
    digits = data.digits()
    return digits.x_train[:6], digits.y_train[:6]


def test_own_layers_go_backwards_with_the_functions_they_were_given(net, batch):
    course = nn.Network(nn.Linear(64, 5), nn.ReLU(), nn.Linear(5, 10), seed=0)
    for one in (net, course):
        one.backward(nn.softmax_cross_entropy(one.forward(batch[0]), batch[1])[1])
    np.testing.assert_allclose(net.grad, course.grad, rtol=1e-12, atol=1e-15)
    net.layers[1].gate = lambda grad_y, x: (0 * grad_y).tolist()  # a list is an answer, too
    net.backward(nn.softmax_cross_entropy(net.forward(batch[0]), batch[1])[1])
    assert not net.layers[0].grad_W.any() and net.layers[2].grad_W.any()


def test_trained_networks_know_their_accuracies_and_their_losses_by_epoch(net):
    digits = data.digits()
    trained = own.Trained([net, net], np.arange(12.0).reshape(2, 6), digits)
    np.testing.assert_allclose(trained.by_epoch(3), [[0.5, 2.5, 4.5], [6.5, 8.5, 10.5]])
    assert trained.test.tolist() == [nn.accuracy(net, digits.x_test, digits.y_test)] * 2
    assert trained.validation.tolist() == [nn.accuracy(net, digits.x_validation, digits.y_validation)] * 2
    assert np.mean(trained.said == digits.y_test) == trained.test[0]


def test_the_twin_has_the_same_gradient_and_nudging_finds_it_and_leaves_the_weights(net, batch):
    net.backward(nn.softmax_cross_entropy(net.forward(batch[0]), batch[1])[1])
    model = twin.in_pytorch(net)
    x, y = map(torch.from_numpy, batch)

    def loss_of(model):
        return torch.nn.functional.cross_entropy(model(x), y)

    loss_of(model).backward()
    before = [p.clone() for p in model.parameters()]
    np.testing.assert_allclose(twin.gradient(model), net.grad, rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(twin.nudged_gradient(model, loss_of, 1e-6), net.grad, atol=1e-8)
    assert all(torch.equal(p, old) for p, old in zip(model.parameters(), before, strict=True))


def test_a_misread_digit_is_named(net):
    digits = data.digits()
    said = digits.y_test.copy()
    said[7] = (said[7] + 1) % 10
    fig, description = pictures.misread(digits, said)
    assert len(fig.axes) == 1
    assert (
        description
        == f"Together the networks misread 1 of 500 test images: {digits.y_test[7]} read as {said[7]}."
    )
    assert pictures.misread(digits, (digits.y_test + 1) % 10)[1].endswith("; and so on.")


def test_agreement_tells_the_errors_as_they_are():
    pair = np.arange(3.0), np.arange(3.0)
    fig, description = pictures.agreement({"Right": pair, "Wrong": (pair[0], -pair[1])}, [0.463, 1.256])
    assert description.endswith("The relative errors of 2 networks: 0.46 to 1.26.")
    np.testing.assert_array_equal(fig.axes[1].lines[1].get_xdata(), -pair[1])


def test_nudging_in_float32_is_worse_than_in_float64(net, batch):
    rough, fine = (
        twin.seems_wrong_by(net, *batch, [1e-4, 1e-6], number) for number in ("float32", "float64")
    )
    assert max(fine) < 1e-7 < 1e-2 < rough[1] and rough[0] < rough[1]


def test_each_picture_holds_every_seed_and_says_its_numbers(net):
    losses = np.array([[2.0, 0.5], [1.0, 0.1], [1.5, 0.2]])
    fig, description = pictures.training(losses, np.array([0.8, 0.9, 1.0]), 0.3)
    assert "from 1.5 to 0.2 (median of 3 seeds); mean validation accuracy 90.0%" in description
    trained = own.Trained([net] * 3, losses, data.digits())
    fig, description = pictures.trap({"right": trained, "wrong": trained}, epochs=2)
    curves, dots = fig.axes
    assert [len(line.get_xdata()) for line in dots.lines if line.get_marker() != "None"] == [3, 3]
    assert (
        dots.get_xlim()[0] < trained.test[0] < dots.get_xlim()[1]
    )  # whatever a network reaches is in the picture
    medians = [line for line in curves.lines if line.get_linewidth() > 2]
    assert len({line.get_linestyle() for line in medians}) == len({line.get_color() for line in medians}) == 2
    assert description.endswith(f"wrong {trained.test[0]:.0%} to {trained.test[0]:.0%}.")
    errors = {
        "float32": np.array([[0.1, 0.5], [0.1, 0.7]]),
        "float64": np.array([[1e-3, 1e-9], [1e-3, 1e-9]]),
    }
    fig, description = pictures.precision(errors, [1e-2, 1e-6], default=1e-6)
    assert description.endswith("Median at 1e-06: float32 60%; float64 below 1e-7.")


# What the lesson offers to copy, on a model that it has not seen


class Attention(torch.nn.Module):
    """Tokens in; a key whose bias cannot matter; one block too many; a root whose backward may be ten per cent off."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.embed = torch.nn.Embedding(11, 8)
        self.blocks = torch.nn.ModuleList(
            torch.nn.ModuleDict({name: torch.nn.Linear(8, 8) for name in ("query", "key", "value")})
            for _ in range(12)
        )
        self.factor = factor

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        h = self.embed(tokens)
        for i, block in enumerate(self.blocks[:11]):
            scores = block["query"](h) @ block["key"](h).transpose(1, 2) / 8**0.5
            h = h + torch.tanh(scores.softmax(-1) @ block["value"](h))
            if i == 3:  # the same value, and a gradient of `factor` times the right one
                h = self.factor * h + (h - self.factor * h).detach()
        return h


@pytest.fixture
def apart():
    source = nbformat.read(authoring.SOLUTIONS / "02_backprop.ipynb", as_version=4)
    names = {"torch": torch}
    for name in ("direction", "shift"):
        exec(next(cell.source for cell in source.cells if cell.id == name), names)
    names["apart"].with_shift = names["with_shift"]
    return names["apart"]


def loss_of(model):
    tokens = torch.arange(30).reshape(5, 6) % 11
    return (model(tokens) ** 2).mean()


def test_the_copied_check_finds_a_tenth_too_much_and_where_it_begins(apart):
    torch.manual_seed(0)
    right, wrong = Attention(1.0), Attention(1.1)
    before = [p.clone() for p in right.parameters()]
    assert apart(right, loss_of) < 1e-6 < 1e-2 < apart(wrong, loss_of)
    assert apart(wrong, loss_of, "blocks.3.") > 1e-2 and apart(wrong, loss_of, "blocks.4.") < 1e-6
    assert all(
        torch.equal(p, old) and p.grad is None for p, old in zip(right.parameters(), before, strict=True)
    )
    assert apart(right, loss_of, eps=1e-3, dtype=torch.float32) < 1e-2


def test_the_copied_check_is_calm_where_nothing_is_to_be_felt(apart):
    torch.manual_seed(1)
    model = Attention(1.0)
    for name in ("blocks.2.key.bias", "blocks.11."):  # cannot matter; is not used
        assert apart(model, loss_of, name) < 1e-6
    model.blocks[1].requires_grad_(False)
    assert apart(model, loss_of, "blocks.1") < 1e-6  # 10 and 11, without the dot
    with pytest.raises(ValueError, match=r"no trainable weight begins with 'blocks\.1\.'"):
        apart(model, loss_of, "blocks.1.")  # frozen: never "right"
    with pytest.raises(ValueError, match="no trainable weight begins with 'block3'"):
        apart(model, loss_of, "block3")


def test_kinks_give_no_false_alarm_and_one_wrong_number_is_found_by_its_name(apart, batch):
    x, y = map(torch.from_numpy, batch)

    def loss_of(model):
        return torch.nn.functional.cross_entropy(model(x.to(next(model.parameters()).dtype)), y)

    torch.manual_seed(0)
    assert apart(hard_to_check.pooling_network(), loss_of) < 1e-6
    model = hard_to_check.network_with_a_wrong_scalar(32)
    for size in (10.0, 2.0):
        model[5].size.data.fill_(size)
        assert min(apart(model, loss_of), apart(model, loss_of, "5.")) > 1e-4
        assert max(apart(model, loss_of, "0."), apart(model, loss_of, "4.")) < 1e-6


@pytest.mark.parametrize("place", [1, 3])
def test_the_last_module_that_fails_is_the_wrong_one_even_without_weights(apart, place):
    torch.manual_seed(0)
    width, modules = 8, [torch.nn.Embedding(11, 8)]
    for i in range(1, 5):
        modules.append(
            torch.nn.Linear(8, 8) if i % 2 == 0 else WrongTanh() if i == place else torch.nn.Tanh()
        )
    model = torch.nn.Sequential(*modules)
    failing = [
        i for i in range(1, 5) if apart(apart.with_shift(model, str(i), width), loss_of, f"{i}.") > 1e-6
    ]
    assert failing == list(range(1, place + 1)) and apart(model, loss_of, "0.") > 1e-6
    assert not model[place]._parameters  # the model itself stays as it was


class WrongTanh(torch.nn.Module):
    """The same value as tanh, a tenth too much of a gradient."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = torch.tanh(x)
        return 1.1 * y - (0.1 * y).detach()
