"""Two losses in turns: some steps on one, some on the other, and ADMM, which keeps a copy of W between them."""

from collections.abc import Callable

import numpy as np

from course_utils.beds.two_losses import pair
from course_utils.engine import nn
from course_utils.engine.structure import covariance, pca_loss, retract
from course_utils.engine.update import Momentum


def joint_loss(net: nn.Network, alpha: float) -> float:
    """(1 − alpha) · cross-entropy + alpha · PCA loss, of all training images."""
    of = pair.digits()
    ce, _ = nn.softmax_cross_entropy(net.forward(of.x_train), of.y_train)
    return (1 - alpha) * ce + alpha * pca_loss(net.layers[0].W, covariance(of.x_train))[0]


def in_turns(
    seed: int,
    steps: int,
    rate: float,
    part: int,
    alpha: float,
    pull: Callable[[nn.Network, float, np.ndarray], pair.Change],
    projection: Callable[[nn.Network], pair.Change],
) -> nn.Network:
    """``part`` steps on the PCA loss, then the same batches on the cross-entropy, W orthonormal after each step.

    ``pull(net, alpha, S)`` is λ∇R of the equation, ``projection(net)`` its Π; each loss has a momentum of its own.
    """
    net = pair.network(seed)
    ours, theirs = Momentum(rate, projection=projection(net)), Momentum(rate, projection=projection(net))
    batches = list(pair.batches(seed, steps))
    for start in range(0, steps, part):
        ours.rate = theirs.rate = rate * (1 - start / steps)
        for batch in batches[start : start + part]:
            ours.step(net.theta, pull(net, alpha, batch.S)(net.theta))
        for batch in batches[start : start + part]:
            theirs.step(net.theta, pair.cross_entropy_grad(net, batch.x, batch.y, alpha))
    return net


def admm(seed: int, steps: int, rate: float, part: int, alpha: float, rho: float = 0.1) -> nn.Network:
    """Turns with a copy Z (orthonormal) for the PCA loss, W free, and U between them; W becomes Z at the end."""
    net = pair.network(seed)
    W = net.layers[0].W
    Z, U = W.copy(), np.zeros_like(W)
    together = pair.on_W(net, lambda W: rho * (W - Z + U), elsewhere=0)
    ours, theirs = Momentum(rate, projection=retract), Momentum(rate, penalty=together)
    batches = list(pair.batches(seed, steps))
    for start in range(0, steps, part):
        ours.rate = theirs.rate = rate * (1 - start / steps)
        for batch in batches[start : start + part]:
            ours.step(Z, alpha * pca_loss(Z, batch.S)[1] + rho * (Z - W - U))
        for batch in batches[start : start + part]:
            theirs.step(net.theta, pair.cross_entropy_grad(net, batch.x, batch.y, alpha))
        U += W - Z
    net.layers[0].W = Z
    return net
