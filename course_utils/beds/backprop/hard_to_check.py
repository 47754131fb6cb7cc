"""Two kinds of model on which a check of the gradient errs easily: full of kinks, and with one small mistake.

Both take digits, shape (N, 64), and return logits, shape (N, 10). This module imports torch.
"""

from typing import Any

import torch
from torch import nn


def pooling_network(channels: int = 64) -> nn.Sequential:
    """Two convolutions with batch norm and ReLU, max pooling, and a linear layer: right, and full of kinks."""
    layers: list[nn.Module] = [nn.Unflatten(1, (1, 8, 8))]
    for n_in in (1, channels):
        layers += [nn.Conv2d(n_in, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()]
    return nn.Sequential(*layers, nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16 * channels, 10))


class _Scaled(torch.autograd.Function):
    """``x`` times a number; the number's gradient is divided by the batch size, once more than it should be."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, size: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(x, size)
        return x * size

    @staticmethod
    def backward(ctx: Any, grad_y: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:  # type: ignore[override]
        x, size = ctx.saved_tensors
        return grad_y * size, (grad_y * x).sum() / len(x)


class WrongTemperature(nn.Module):
    """One weight, 10 at first, times the logits. Its own gradient is too small, the one that it passes on right."""

    def __init__(self) -> None:
        super().__init__()
        self.size = nn.Parameter(torch.tensor(10.0))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return _Scaled.apply(x, self.size)


def network_with_a_wrong_scalar(hidden: int = 256) -> nn.Sequential:
    """Three linear layers with SiLU between them, 85,000 weights, and last, as "5.", a ``WrongTemperature``."""
    first, second, third = nn.Linear(64, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, 10)
    return nn.Sequential(first, nn.SiLU(), second, nn.SiLU(), third, WrongTemperature())
