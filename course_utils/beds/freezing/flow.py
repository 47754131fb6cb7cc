"""One step of a network of three groups: how much gradient arrives at each, and how far each moves."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.beds import data
from course_utils.engine import nn
from course_utils.engine.update import SGD


class Watched(nn.Linear):
    """A linear layer that notes how large the gradient is that arrives."""

    arrived: float | None = None

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        self.arrived = float(np.linalg.norm(grad_y))
        return super().backward(grad_y, need_grad_x)


@dataclass
class Group:
    """What one step did to a group: the size of what arrived (None: nothing came), its move, its gradient."""

    trains: bool
    arrived: float | None
    moved: float  # ‖step‖ / ‖weights‖
    grad: np.ndarray  # (P of the group,)


def one_step(trained: Sequence[str], seed: int = 0) -> dict[str, Group]:
    """One step of plain gradient descent, rate 0.1, on 64 digits; the groups are first, middle and head."""
    first, middle = [Watched(64, 32), nn.ReLU()], [Watched(32, 32), nn.ReLU()]
    net = nn.Network(first=first, middle=middle, head=[Watched(32, 10)], seed=seed)
    net.train_only(*trained)
    digits, start = data.digits(), net.theta.copy()
    net.backward(nn.softmax_cross_entropy(net.forward(digits.x_train[:64]), digits.y_train[:64])[1])
    SGD(0.1, mask=net.mask(*trained)).step(net.theta, net.grad)
    arrived = [layer.arrived for layer in net.layers if isinstance(layer, Watched)]
    return {
        name: Group(
            name in trained,
            size,
            float(np.linalg.norm((net.theta - start)[part]) / np.linalg.norm(start[part])),
            net.grad[part].copy(),
        )
        for (name, part), size in zip(net.groups.items(), arrived, strict=True)
    }
