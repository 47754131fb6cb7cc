"""The network of lesson 11 in PyTorch, with the same weights and the same batches."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.beds.low_pass.lured import CHANNELS, TAPS, Signals, kernels_of
from course_utils.engine.layers import Filter


def twin(net) -> nn.Sequential:
    """``net`` of ``lured.network`` as a module; the filter is module 1, its weight (channels, 1, taps)."""
    model = nn.Sequential(
        nn.Conv1d(1, CHANNELS, 7),
        nn.Conv1d(CHANNELS, CHANNELS, TAPS, groups=CHANNELS, bias=False),
        nn.ReLU(),
        nn.Conv1d(CHANNELS, 8, 9),
        nn.ReLU(),
        nn.AdaptiveAvgPool1d(1),
        nn.Flatten(),
        nn.Linear(8, 3),
    )
    for ours, theirs in ((0, 0), (3, 3), (6, 7)):
        W = net.layers[ours].W
        model[theirs].weight.data = torch.tensor(W if W.ndim == 3 else W.T.copy())
        model[theirs].bias.data = torch.tensor(net.layers[ours].b)
    model[1].weight.data = torch.tensor(kernels_of(net)[:, None])
    return model


def front(net) -> Callable[[Tensor], Tensor]:
    """All layers of ``net`` up to its last filter, as a function of a tensor x (N, 1, time)."""
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, Filter))

    def up_to_the_filter(x: Tensor) -> Tensor:
        h = x.numpy()
        for layer in net.layers[: last + 1]:
            h = layer.forward(h)
        return torch.tensor(h)

    return up_to_the_filter


def fit(
    model: nn.Sequential,
    signals: Signals,
    seed: int,
    added: Callable[[Tensor], Tensor | float] = lambda weight: 0.0,
    after: Callable[[Tensor], None] = lambda weight: None,
) -> np.ndarray:
    """20 steps of Adam on the batches of a seed; returns the kernels (channels, taps).

    ``added(weight)`` joins the loss, ``after(weight)`` works on the filter's weight after each step.
    """
    x, y = (torch.tensor(part) for part in signals)
    rng, optimizer = np.random.default_rng(seed), torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(20):
        rows = rng.integers(len(x), size=32)
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x[rows]), y[rows]) + added(model[1].weight)
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            after(model[1].weight)
    return model[1].weight.detach().numpy()[:, 0]
