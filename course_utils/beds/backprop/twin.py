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
    model: "torch.nn.Sequential", loss: Callable[[Callable], "torch.Tensor"], eps: float
) -> np.ndarray:
    """The gradient of ``loss(model)`` by nudging each weight by ``eps`` to both sides, in the model's own precision.

    As ``gradient``, shape (P,). All nudges are evaluated at once: 2 P copies of the weights, so small models only.
    ``loss`` may call the model and nothing else of it.
    """
    import torch

    named = {name: p.detach() for name, p in model.named_parameters()}
    sizes = [p.numel() for p in named.values()]

    def loss_at(theta: torch.Tensor) -> torch.Tensor:
        parts = [part.reshape(p.shape) for part, p in zip(theta.split(sizes), named.values(), strict=True)]
        weights = dict(zip(named, parts, strict=True))
        return loss(lambda x: torch.func.functional_call(model, weights, (x,)))

    theta = torch.cat([p.ravel() for p in named.values()])
    nudges = eps * torch.eye(len(theta), dtype=theta.dtype)
    losses = [torch.func.vmap(loss_at)(theta + sign * nudges).double() for sign in (1, -1)]
    slopes = ((losses[0] - losses[1]) / (2 * eps)).split(sizes)
    each = [slope.reshape(p.shape) for slope, p in zip(slopes, named.values(), strict=True)]
    return np.concatenate([(slope.T if slope.ndim == 2 else slope).numpy().ravel() for slope in each])


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

    def loss_of(model: Callable) -> "torch.Tensor":
        return torch.nn.functional.cross_entropy(model(images), labels)

    model = in_pytorch(net).to(number)
    loss_of(model).backward()
    true = gradient(model)
    return [
        float(np.linalg.norm(nudged_gradient(model, loss_of, eps) - true) / np.linalg.norm(true))
        for eps in steps
    ]
