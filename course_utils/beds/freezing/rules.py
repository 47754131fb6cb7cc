"""The learner's own steps of 4.2 and 4.4 as update rules."""

from collections.abc import Callable

import numpy as np


class MomentumOf:
    """``frozen_momentum_step`` at rate 0.05, with the velocity that it needs from step to step."""

    def __init__(self, step: Callable) -> None:
        self.function, self.velocity = step, 0.0

    def step(self, theta: np.ndarray, grad: np.ndarray, mask: np.ndarray | float = 1.0) -> None:
        """Update ``theta`` (P,) in place; all move where no mask is given."""
        zeros = np.zeros_like(theta)
        theta[:], self.velocity = self.function(theta, grad, zeros + self.velocity, 0.05, 0.9, zeros + mask)


class AdamOf:
    """``frozen_adam_step`` at rate 0.002 and decay 0.01, with the means that it needs."""

    def __init__(self, step: Callable) -> None:
        self.function, self.mean, self.square, self.t = step, 0.0, 0.0, 0

    def step(self, theta: np.ndarray, grad: np.ndarray, mask: np.ndarray | float = 1.0) -> None:
        """Update ``theta`` (P,) in place; all move where no mask is given."""
        zeros, self.t = np.zeros_like(theta), self.t + 1
        theta[:], self.mean, self.square = self.function(
            theta, grad, zeros + self.mean, zeros + self.square, self.t, 0.002, 0.01, zeros + mask
        )
