"""The learner's own steps of 4.2 and 4.3 as update rules, and the first step of a body in freedom."""

from collections.abc import Callable

import numpy as np

from course_utils.beds import data
from course_utils.beds.freezing.transfer import IMAGES, network
from course_utils.engine.train import fit
from course_utils.engine.update import SGD


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


def first_free_step(rule: SGD, held_by: str, steps: int, seed: int) -> float:
    """The body's first step after it was free for 20 and held for ``steps``, relative to its size.

    ``held_by`` is "rate 0", "mask 0" or "nothing".
    """
    net, rate = network(seed), rule.rate
    body, head_only = net.groups["body"], net.mask("head")
    batches = list(data.batches(IMAGES.x_train, IMAGES.y_train, 2 + steps // 34, 32, seed))
    fit(net, rule, batches[:20])
    if held_by == "rate 0":
        rule.rate = rate * head_only
    if held_by == "mask 0":
        rule.mask = head_only
    fit(net, rule, batches[20 : 20 + steps])
    rule.rate, rule.mask, before = rate, None, net.theta[body].copy()
    fit(net, rule, batches[20 + steps : 21 + steps])
    return float(np.linalg.norm(net.theta[body] - before) / np.linalg.norm(before))
