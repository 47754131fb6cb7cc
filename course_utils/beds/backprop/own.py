"""Layers that go backwards with a function of yours, and networks trained with them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.beds.data import Digits
from course_utils.engine import nn

# What a layer above hands down and what the layer answers: linear_backward and relu_backward of lesson 02.
LinearBackward = Callable[[np.ndarray, np.ndarray, np.ndarray], Sequence[np.ndarray]]
Gate = Callable[[np.ndarray, np.ndarray], np.ndarray]


class Linear(nn.Linear):
    """The course's ``Linear`` with your backward: ``backward_of(grad_y, x, W)`` returns grad_x, grad_W, grad_b."""

    def __init__(self, n_in: int, n_out: int, backward_of: LinearBackward) -> None:
        super().__init__(n_in, n_out)
        self.backward_of = backward_of

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray:
        grad_x, self.grad_W, self.grad_b = self.backward_of(grad_y, self.x, self.W)
        return np.asarray(grad_x)


class ReLU(nn.ReLU):
    """The course's ``ReLU`` with your backward: ``gate(grad_y, x)`` returns grad_x."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self.gate = gate

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return super().forward(x)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray:
        return np.asarray(self.gate(grad_y, self.x))


@dataclass(frozen=True)
class Trained:
    """Networks trained alike, one for each seed, with the ``losses`` of their steps, shape (seeds, steps)."""

    nets: list[nn.Network]
    losses: np.ndarray
    digits: Digits

    @property
    def validation(self) -> np.ndarray:
        """The share of validation images that each network reads right, shape (seeds,)."""
        return self._accuracy(self.digits.x_validation, self.digits.y_validation)

    @property
    def test(self) -> np.ndarray:
        """The share of test images that each network reads right, shape (seeds,)."""
        return self._accuracy(self.digits.x_test, self.digits.y_test)

    @property
    def said(self) -> np.ndarray:
        """The label that all networks together give each test image, by the mean of their logits, shape (500,)."""
        return np.mean([net.forward(self.digits.x_test) for net in self.nets], axis=0).argmax(axis=1)

    def by_epoch(self, epochs: int) -> np.ndarray:
        """The mean loss of each epoch, shape (seeds, epochs)."""
        return self.losses.reshape(len(self.nets), epochs, -1).mean(axis=2)

    def _accuracy(self, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        return np.array([nn.accuracy(net, x, y) for net in self.nets])
