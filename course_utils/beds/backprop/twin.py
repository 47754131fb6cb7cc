"""A network of the course as a PyTorch module, and its gradient by nudging. Torch is imported when called."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from course_utils.engine import nn

if TYPE_CHECKING:
    import torch


def in_pytorch(net: nn.Network) -> "torch.nn.Sequential":
    """The same layers with the same weights in float64. Linear and ReLU only; a Linear keeps its weight as (out, in)."""
    import torch

    layers: list[torch.nn.Module] = []
    for layer in net.layers:
        if not layer.shapes:
            layers.append(torch.nn.ReLU())
            continue
        linear = torch.nn.Linear(*layer.shapes["W"], dtype=torch.float64)
        with torch.no_grad():
            linear.weight[:] = torch.from_numpy(layer.W.T)
            linear.bias[:] = torch.from_numpy(layer.b)
        layers.append(linear)
    return torch.nn.Sequential(*layers)


def gradient(model: "torch.nn.Sequential") -> np.ndarray:
    """What ``backward`` has left in ``model``, in the order of the course's ``net.grad``: shape (P,)."""
    grads = [p.grad.T if p.grad.ndim == 2 else p.grad for p in model.parameters()]
    return np.concatenate([grad.double().numpy().ravel() for grad in grads])


def nudged_gradient(
    model: "torch.nn.Sequential", loss: Callable[["torch.nn.Module"], "torch.Tensor"], eps: float
) -> np.ndarray:
    """The gradient of ``loss(model)`` by nudging each weight by ``eps`` to both sides, in the model's own precision.

    As ``gradient``, shape (P,). The weights are put back.
    """
    import torch

    slopes = []
    with torch.no_grad():
        for p in model.parameters():
            slope = torch.zeros(p.shape, dtype=torch.float64)
            for i in np.ndindex(*p.shape):
                here = p[i].clone()
                p[i] = here + eps
                above = loss(model).item()
                p[i] = here - eps
                slope[i] = (above - loss(model).item()) / (2 * eps)
                p[i] = here
            slopes.append((slope.T if slope.ndim == 2 else slope).numpy().ravel())
    return np.concatenate(slopes)


def seems_wrong_by(
    net: nn.Network, x: np.ndarray, y: np.ndarray, steps: Sequence[float], precision: str
) -> list[float]:
    """For each nudge of ``steps``, how far nudging is from the gradient of ``net``: the relative error.

    Both are PyTorch's, computed in ``precision`` ("float32", "float64"), for the cross-entropy of images ``x``
    (N, 64) with labels ``y`` (N,).
    """
    import torch

    number = getattr(torch, precision)
    images, labels = torch.tensor(x, dtype=number), torch.tensor(y)

    def loss_of(model: "torch.nn.Module") -> "torch.Tensor":
        return torch.nn.functional.cross_entropy(model(images), labels)

    model = in_pytorch(net).to(number)
    loss_of(model).backward()
    true = gradient(model)
    return [
        float(np.linalg.norm(nudged_gradient(model, loss_of, eps) - true) / np.linalg.norm(true))
        for eps in steps
    ]
