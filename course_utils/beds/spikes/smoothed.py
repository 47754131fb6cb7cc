"""The true gradient of a network of noisy steps, exactly, beside what a stand-in makes of it.

Six units a layer have 2⁶ = 64 states. With noise before each step the next state is drawn with known
probabilities, so the average loss is a product of matrices (a Markov chain), smooth in the weights, and
its gradient can be had to rounding. No sampling, whatever the depth.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

Slope = Callable[[np.ndarray], np.ndarray]  # of the array that goes into the steps
UNITS = 6
STATES = np.array([[(state >> unit) & 1 for unit in range(UNITS)] for state in range(2**UNITS)], float)


@dataclass
class Noisy:
    """Weights, one input and its label: layers of six units, each 1 where x W + b + sigma · noise > 0."""

    W: list[np.ndarray]  # (6, 6) each
    b: list[np.ndarray]  # (6,) each
    V: np.ndarray  # (6, 3): the read-out
    x: np.ndarray  # (6,)
    y: int
    sigma: float


def noisy_network(depth: int, sigma: float, seed: int) -> Noisy:
    """Random weights; behind the first layer the thresholds lie in the middle, as units are 0 or 1."""
    rng = np.random.default_rng(seed)
    W = [rng.standard_normal((UNITS, UNITS)) * np.sqrt(2 / UNITS) for _ in range(depth)]
    b = [-0.5 * w.sum(axis=0) if layer else np.zeros(UNITS) for layer, w in enumerate(W)]
    return Noisy(
        W, b, rng.standard_normal((UNITS, 3)), rng.standard_normal(UNITS), int(rng.integers(3)), sigma
    )


def cross_entropy(logits: np.ndarray, y: int) -> np.ndarray:
    """−log softmax at label ``y`` for each row (N, C): (N,)."""
    largest = logits.max(axis=-1, keepdims=True)
    return np.log(np.exp(logits - largest).sum(axis=-1)) + largest[..., 0] - logits[..., y]


def chances(net: Noisy, layer: int, below: np.ndarray) -> np.ndarray:
    """The chance of each of the 64 states of a layer, for each row of what lies below: (rows, 64)."""
    on = _normal((below @ net.W[layer] + net.b[layer]) / net.sigma)[:, None]  # of each unit to be 1
    return np.prod(np.where(STATES == 1, on, 1 - on), axis=-1)


def loss_behind(net: Noisy) -> np.ndarray:
    """The mean loss for each state of the first layer, over all noise above it, exactly: (64,)."""
    loss = cross_entropy(STATES @ net.V, net.y)
    for layer in range(len(net.W) - 1, 0, -1):
        loss = chances(net, layer, STATES) @ loss
    return loss


def average_loss(net: Noisy) -> float:
    """The mean loss over all noise, exactly."""
    return float(chances(net, 0, net.x[None])[0] @ loss_behind(net))


def true_gradient(net: Noisy) -> np.ndarray:
    """The gradient of ``average_loss`` with respect to the lowest W, by central differences: (6, 6)."""
    W, grad, behind = net.W[0], np.zeros((UNITS, UNITS)), loss_behind(net)
    for at in np.ndindex(W.shape):
        kept, losses = W[at], []
        for W[at] in (kept + 1e-5, kept - 1e-5):
            losses.append(chances(net, 0, net.x[None])[0] @ behind)
        W[at] = kept
        grad[at] = (losses[0] - losses[1]) / 2e-5
    return grad


def stand_in_gradients(net: Noisy, slopes: Sequence[Slope], samples: int = 4000) -> list[np.ndarray]:
    """What backprop gives for the lowest W on average over the noise, with each of the ``slopes``: (6, 6)."""
    rng, h, before = np.random.default_rng(0), np.tile(net.x, (samples, 1)), []
    for W, b in zip(net.W, net.b, strict=True):
        before.append(h @ W + b)
        h = (before[-1] + net.sigma * rng.standard_normal(before[-1].shape) > 0).astype(float)
    p = np.exp(h @ net.V)
    p /= p.sum(axis=1, keepdims=True)
    p[:, net.y] -= 1
    grads = []
    for slope in slopes:
        grad = p @ net.V.T
        for layer in reversed(range(len(net.W))):
            grad = grad * np.asarray(slope(before[layer]))
            if layer:
                grad = grad @ net.W[layer].T
        grads.append(np.outer(net.x, grad.mean(axis=0)))
    return grads


@dataclass
class Likeness:
    """A stand-in's gradient of the first layer beside the true one."""

    cosine: float  # 1: the same direction
    size: float  # how many times as long


def likeness(net: Noisy, slopes: Sequence[Slope]) -> list[Likeness]:
    """For each of the ``slopes``, how its gradient of the lowest W lies to the true one."""
    true, found = true_gradient(net), []
    for grad in stand_in_gradients(net, slopes):
        size, of = np.linalg.norm(grad), np.linalg.norm(true)
        found.append(Likeness(float((grad * true).sum() / max(size * of, 1e-300)), float(size / of)))
    return found


_normal = np.vectorize(lambda z: 0.5 * math.erfc(-z / math.sqrt(2)))
