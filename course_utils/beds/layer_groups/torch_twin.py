"""The network of lesson 06 in PyTorch, trained beside its twin in NumPy."""

from collections.abc import Iterable

import numpy as np
import torch
from torch import nn

from course_utils.engine.nn import Network
from course_utils.engine.train import fit
from course_utils.engine.update import SGD


def twin(net: Network) -> nn.Sequential:
    """The same network with the same weights; its children are the groups first, middle and head."""
    model = nn.Sequential()
    model.add_module(
        "first",
        nn.Sequential(
            nn.Unflatten(1, (1, 8, 8)),
            nn.Conv2d(1, 8, 3, padding="same"),
            nn.ReLU(),
            nn.AvgPool2d(2),
            nn.Conv2d(8, 16, 3, padding="same"),
            nn.ReLU(),
        ),
    )
    model.add_module("middle", nn.Sequential(nn.Flatten(), nn.Linear(256, 64), nn.ReLU()))
    model.add_module("head", nn.Sequential(nn.Linear(64, 10)))
    ours = [layer for layer in net.layers if layer.shapes]
    theirs = [layer for layer in model.modules() if hasattr(layer, "weight")]
    for mine, other in zip(ours, theirs, strict=True):
        W = mine.W.T if mine.W.ndim == 2 else mine.W  # PyTorch keeps a linear layer's weights transposed
        other.weight.data, other.bias.data = torch.tensor(W.copy()), torch.tensor(mine.b.copy())
    return model


def apart(
    net: Network,
    rule: SGD,
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Iterable[tuple[np.ndarray, np.ndarray]],
) -> float:
    """Train both in place on ``batches`` (x, y), and return by how much a logit differs at most on the last one."""
    for x, y in batches:
        fit(net, rule, [(x, y)])
        optimizer.zero_grad()
        nn.functional.cross_entropy(model(torch.tensor(x)), torch.tensor(y)).backward()
        optimizer.step()
    return largest_difference(net, model, x)


def largest_difference(net: Network, model: nn.Module, x: np.ndarray) -> float:
    """The largest difference of a logit between the two on x (N, 64)."""
    with torch.no_grad():
        return float(np.abs(model(torch.tensor(x)).numpy() - net.forward(x)).max())
