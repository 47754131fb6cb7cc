"""What one symbol of the update equation does to a training on the digits: how far, how large, how well."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.beds.data import Digits
from course_utils.engine import nn


@dataclass(frozen=True)
class Taste:
    """Of networks trained alike, one for each seed: all arrays are (seeds,)."""

    moved: Mapping[str, np.ndarray]  # by group: the distance from the start, relative to its size there
    norm_at_start: np.ndarray
    norm: np.ndarray
    right: np.ndarray  # the share of test images

    def __str__(self) -> str:
        body, head = (f"{np.median(self.moved[name]):>10.0%}" for name in ("body", "head"))
        return f"{body} {head} {np.median(self.norm):>10.1f} {np.median(self.right):>9.0%}"


def network(seed: nn.Seed) -> nn.Network:
    """64 pixels to 64 units to 10 classes, in two groups."""
    return nn.Network(body=[nn.Linear(64, 64), nn.ReLU()], head=[nn.Linear(64, 10)], seed=seed)


def taste(nets: Sequence[nn.Network], starts: Sequence[np.ndarray], digits: Digits) -> Taste:
    """Compare trained networks with ``starts``, their θ (P,) before training."""
    moved = {}
    for name, group in nets[0].groups.items():
        far = [np.linalg.norm((net.theta - start)[group]) for net, start in zip(nets, starts, strict=True)]
        moved[name] = np.array(far) / [np.linalg.norm(start[group]) for start in starts]
    return Taste(
        moved,
        np.linalg.norm(starts, axis=1),
        np.array([np.linalg.norm(net.theta) for net in nets]),
        np.array([nn.accuracy(net, digits.x_test, digits.y_test) for net in nets]),
    )


def table(tastes: Mapping[str, Taste]) -> str:
    """A line for each, medians of the seeds."""
    head = f"{'medians of the seeds':<34}{'body moved':>10} {'head moved':>10} {'norm of θ':>10} {'right':>9}"
    lines = [f"{name:<34}{one}" for name, one in tastes.items()]
    before = np.median(next(iter(tastes.values())).norm_at_start)
    return "\n".join([head, *lines, f"{'at the start':<34}{0:>10.0%} {0:>10.0%} {before:>10.1f}"])
