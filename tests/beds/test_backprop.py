"""Lesson 02: layers that call your functions, the twin in PyTorch, and what stands in the pictures."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_utils.beds import data
from course_utils.beds.backprop import own, pictures, twin
from course_utils.engine import nn
from course_utils.exercises.lessons.lesson02 import linear_backward, relu_backward


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
    assert len(fig.axes) == 1 and f"{digits.y_test[7]} read as {said[7]}" in description


def test_each_picture_holds_every_seed_and_says_its_numbers(net):
    losses = np.array([[2.0, 0.5], [1.0, 0.1], [1.5, 0.2]])
    fig, description = pictures.training(losses, np.array([0.8, 0.9, 1.0]), 0.3)
    assert "from 1.5 to 0.2 (median of 3 seeds); mean validation accuracy 90.0%" in description
    trained = own.Trained([net] * 3, losses, data.digits())
    fig, description = pictures.trap({"right": trained, "wrong": trained}, epochs=2)
    curves, dots = fig.axes
    assert [len(line.get_xdata()) for line in dots.lines] == [3, 3]
    assert dots.get_xlim()[0] < min(trained.test)  # an untrained network is in the picture
    assert len({line.get_linestyle() for line in curves.lines if line.get_linewidth() > 2}) == 2
    assert description.endswith(f"wrong {trained.test[0]:.0%} to {trained.test[0]:.0%}.")
    errors = {
        "float32": np.array([[0.1, 0.5], [0.1, 0.7]]),
        "float64": np.array([[1e-3, 1e-9], [1e-3, 1e-9]]),
    }
    fig, description = pictures.precision(errors, [1e-2, 1e-6], default=1e-6)
    assert description.endswith("Median at 1e-06: float32 60%; float64 below 1e-7.")
    plt.close("all")
