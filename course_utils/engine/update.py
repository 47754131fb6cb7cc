"""The update equation, in as many lines as it has symbols.

    θ  ←  Π( θ − η ⊙ m ⊙ ( ĝ + λ ∇R(θ) ) )

``SGD.step`` is this equation read from right to left. The other rules differ in one thing: which
direction they make of the gradients they have seen. Everything is arithmetic on the flat vectors
``net.theta`` and ``net.grad``, both of shape (P,).
"""

from collections.abc import Callable

import numpy as np

Rate = float | np.ndarray  # η: one number, or one for every weight, shape (P,)


class SGD:
    """Stochastic gradient descent: the direction is the gradient itself.

    ``rate`` η is a number or has shape (P,); ``mask`` m is 0 or 1 for every weight, shape (P,), and
    a masked weight stays bitwise what it is, unless a projection moves it; ``penalty(theta)``
    returns λ∇R(θ) and ``projection(theta)`` returns Π(θ), both of shape (P,).
    """

    def __init__(
        self,
        rate: Rate,
        *,
        mask: np.ndarray | None = None,
        penalty: Callable[[np.ndarray], np.ndarray] | None = None,
        projection: Callable[[np.ndarray], np.ndarray] | None = None,
    ) -> None:
        self.rate = rate
        self.mask = mask
        self.penalty = penalty
        self.projection = projection

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Update ``theta`` in place; ``grad`` stays as it is."""
        if self.penalty is not None:
            grad = grad + self.penalty(theta)
        if self.mask is not None:
            grad = self.mask * grad  # before the memory below: a frozen weight builds up no momentum
        step = self.rate * self.direction(grad)
        if self.mask is not None:
            step *= self.mask  # and after it: what was built up before the freeze does not move it either
        theta -= step
        if self.projection is not None:
            theta[:] = self.projection(theta)

    def direction(self, grad: np.ndarray) -> np.ndarray:
        """What the rate multiplies; never changes ``grad``."""
        return grad


class Momentum(SGD):
    """Heavy ball (Polyak 1964), as in PyTorch: velocity ← momentum · velocity + gradient."""

    def __init__(self, rate: Rate, momentum: float = 0.9, **symbols) -> None:
        super().__init__(rate, **symbols)
        self.momentum = momentum
        self.velocity: float | np.ndarray = 0.0  # 0, then one for every weight, shape (P,)

    def direction(self, grad: np.ndarray) -> np.ndarray:
        self.velocity = self.momentum * self.velocity + grad
        return self.velocity


class Adam(SGD):
    """Adam (Kingma and Ba 2015, algorithm 1): the mean gradient over the root of the mean square.

    Both means start at 0 and would be too small at first; dividing by 1 − betaᵗ corrects that.
    """

    def __init__(
        self, rate: Rate, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8, **symbols
    ) -> None:
        super().__init__(rate, **symbols)
        self.beta1, self.beta2, self.eps = beta1, beta2, eps
        self.mean: float | np.ndarray = 0.0
        self.square: float | np.ndarray = 0.0
        self.t = 0

    def direction(self, grad: np.ndarray) -> np.ndarray:
        self.t += 1
        self.mean = self.beta1 * self.mean + (1 - self.beta1) * grad
        self.square = self.beta2 * self.square + (1 - self.beta2) * grad**2
        mean = self.mean / (1 - self.beta1**self.t)
        square = self.square / (1 - self.beta2**self.t)
        return mean / (np.sqrt(square) + self.eps)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019): θ shrinks by η · decay, outside Adam.

    Put into the gradient instead, as a penalty, the decay would be divided by the root of the mean
    square like everything else there.
    """

    def __init__(self, rate: Rate, decay: float = 0.01, **symbols) -> None:
        super().__init__(rate, **symbols)
        self.decay = decay

    def step(self, theta: np.ndarray, grad: np.ndarray) -> None:
        shrink = self.rate * self.decay * theta
        theta -= shrink if self.mask is None else self.mask * shrink
        super().step(theta, grad)
