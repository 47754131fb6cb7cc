"""Networks with a layer before the PCA layer, trained side by side on two losses (lesson 12).

64 → 32 with ReLU gives h, then W (32, 4) with orthonormal columns, then a head. All networks of a call are
stacked along a first axis n, so that one step in PyTorch moves all of them, each with its own rate.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from course_utils.beds import data
from course_utils.engine import nn
from course_utils.engine.structure import covariance, variance_kept

# The PCA loss of each network: h (n, N, 32) and W (n, 32, 4) in, shape (n,) out.
PCATerm = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]


def fresh_weights(seeds: range, copies: int) -> list[torch.Tensor]:
    """W₁ (n, 64, 32), b₁ (n, 1, 32), W (n, 32, 4), b (n, 1, 4), V (n, 4, 10), c (n, 1, 10), n = copies · seeds."""
    nets = [
        nn.Network(nn.Linear(64, 32), nn.Linear(32, 4), nn.Linear(4, 10), seed=seed) for seed in seeds
    ] * copies
    weights = [
        np.stack([np.atleast_2d(getattr(net.layers[i], name)) for net in nets])
        for i in range(3)
        for name in ("W", "b")
    ]
    return [torch.tensor(w, dtype=torch.float32, requires_grad=True) for w in weights]


def forward(weights: list[torch.Tensor], x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """h (n, N, 32), the output of the first layer, and the logits (n, N, 10), for x (N, 64) or (n, N, 64)."""
    first, b1, W, b2, V, b3 = weights
    h = torch.relu(x @ first + b1)
    return h, (h @ W + b2) @ V + b3


def retract_all(W: torch.Tensor) -> None:
    """Give every W (n, d, k) orthonormal columns, in place; the signs as in ``structure.retract``."""
    with torch.no_grad():
        Q, R = torch.linalg.qr(W)
        W.copy_(Q * torch.where(R.diagonal(dim1=1, dim2=2) < 0, -1.0, 1.0)[:, None])


def train_side_by_side(
    pca_term: PCATerm | None,
    rates: list[float],
    seeds: range,
    x: np.ndarray,
    y: np.ndarray,
    steps: int,
    alpha: float = 0.7,
) -> tuple[list[torch.Tensor], np.ndarray]:
    """Train a network for every rate and seed, with momentum 0.9 and a rate that falls to 0.

    The cross-entropy reaches the first layer and the head in full. W gets (1 − alpha) of it, and alpha times
    ``pca_term``, which flows on into the first layer unless it takes ``h.detach()``. With ``None`` there is
    the cross-entropy alone, in full. x (M, 64), y (M,); batches of 100, the same for every rate of a seed.

    Returns the weights, n = rates · seeds with the seeds running fastest, and for each network the number
    of steps after which all its weights were finite, shape (rates, seeds).
    """
    alpha = 0.0 if pca_term is None else alpha
    weights = fresh_weights(seeds, len(rates))
    velocity = [torch.zeros_like(w) for w in weights]
    rate = torch.tensor(rates).repeat_interleave(len(seeds))[:, None, None]
    W = weights[2]
    retract_all(W)
    finite_steps = np.zeros(len(W), dtype=int)
    epochs = -(-steps // (len(x) // 100))
    streams = zip(*(data.batches(x, y, epochs, 100, seed) for seed in seeds), strict=True)
    for step, batch in zip(range(steps), streams, strict=False):
        x_seeds, y_seeds = (torch.tensor(np.stack(part)) for part in zip(*batch, strict=True))
        x_all, y_all = x_seeds.float().repeat(len(rates), 1, 1), y_seeds.repeat(len(rates), 1)
        # W in value, 1 − alpha of it in gradient: what lies below and above has the cross-entropy in full
        shared = [*weights[:2], (1 - alpha) * W + alpha * W.detach(), *weights[3:]]
        h, logits = forward(shared, x_all)
        loss = len(W) * cross_entropy(logits.flatten(0, 1), y_all.flatten())
        if pca_term is not None:
            loss = loss + alpha * pca_term(h, W).sum()
        grads = torch.autograd.grad(loss, weights)
        with torch.no_grad():
            for w, v, grad in zip(weights, velocity, grads, strict=True):
                v.mul_(0.9).add_(grad)
                w.sub_(rate * (1 - step / steps) * v)
        finite_steps += (torch.stack([w.isfinite().flatten(1).all(1) for w in weights]).all(0)).numpy()
        if not W.isfinite().any():
            break
        retract_all(W)
    return weights, finite_steps.reshape(len(rates), len(seeds))


MEASURES = ("validation", "test", "directions", "read-out", "kept")


def measure_each(weights: list[torch.Tensor], digits: data.Digits) -> dict[str, np.ndarray]:
    """Five numbers for each network, by name, shape (n,), of centred ``digits``; NaN where it is not finite.

    Accuracy on validation and on test images; directions in use in h, (Σe)² / Σe² of the eigenvalues e of
    its covariance; accuracy on test images of a linear read-out of h fitted by least squares; the share of
    h's variance that W keeps.
    """
    labels = (digits.y_validation, digits.y_test)
    sets = [
        torch.tensor(part, dtype=torch.float32)
        for part in (digits.x_train, digits.x_validation, digits.x_test)
    ]
    with torch.no_grad():
        (h, _), (_, valid), (h_test, test) = (forward(weights, part) for part in sets)
    one_hot = torch.eye(10)[digits.y_train]
    found = []
    for i in range(len(h)):
        if not (h[i].isfinite().all() and valid[i].isfinite().all()):
            found.append([np.nan] * len(MEASURES))
            continue
        S = covariance(h[i].double().numpy())
        eigen = np.linalg.eigvalsh(S)
        ones = torch.ones(len(h[i]), 1)
        readout = torch.linalg.lstsq(torch.hstack([h[i], ones]), one_hot, driver="gelsd").solution
        said = (h_test[i] @ readout[:-1] + readout[-1]).argmax(1).numpy()
        right = [(out[i].argmax(1).numpy() == y).mean() for out, y in zip((valid, test), labels, strict=True)]
        used = eigen.sum() ** 2 / max((eigen**2).sum(), 1e-300)
        # h without any variance, as behind a first layer of dead ReLUs: there is no share of it to keep
        kept = variance_kept(weights[2][i].detach().double().numpy(), S) if eigen[-1] > 0 else np.nan
        found.append([*right, used, (said == digits.y_test).mean(), kept])
    return dict(zip(MEASURES, np.array(found).T, strict=True))
