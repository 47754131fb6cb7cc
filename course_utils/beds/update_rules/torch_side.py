"""The same walks and the same small network in PyTorch."""

from collections.abc import Callable, Iterable

import numpy as np
import torch
from torch import nn

from course_utils.beds.update_rules.ravine import STEEP
from course_utils.engine.nn import Network


def torch_walk(
    start: np.ndarray, steps: int, optimizer: Callable[..., torch.optim.Optimizer], **setting: float
) -> np.ndarray:
    """The path of ``optimizer(parameters, **setting)`` in the ravine, shape (steps + 1, 2)."""
    theta = torch.tensor(np.array(start), dtype=torch.float64, requires_grad=True)
    rule = optimizer([theta], **setting)
    path = [theta.detach().numpy().copy()]
    for _ in range(steps):
        rule.zero_grad()
        (0.5 * (torch.from_numpy(STEEP) * theta**2).sum()).backward()
        rule.step()
        path.append(theta.detach().numpy().copy())
    return np.array(path)


class Twin(nn.Module):
    """A network of two linear layers in groups body and head, with the weights of ``net``."""

    def __init__(self, net: Network) -> None:
        super().__init__()
        self.body, self.head = nn.Linear(64, 64).double(), nn.Linear(64, 10).double()
        for mine, theirs in ((net.layers[0], self.body), (net.layers[2], self.head)):
            theirs.weight.data = torch.tensor(mine.W.T.copy())  # PyTorch keeps them transposed
            theirs.bias.data = torch.tensor(mine.b.copy())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.head(torch.relu(self.body(x)))

    def theta(self) -> np.ndarray:
        """All weights in the order of the NumPy network, (P,)."""
        parts = [self.body.weight.T, self.body.bias, self.head.weight.T, self.head.bias]
        return np.concatenate([part.detach().numpy().ravel() for part in parts])


def fit(
    model: nn.Module, optimizer: torch.optim.Optimizer, batches: Iterable[tuple[np.ndarray, np.ndarray]]
) -> None:
    """Train ``model`` in place, one step for each of the ``batches`` (x, y)."""
    for x, y in batches:
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        optimizer.step()
