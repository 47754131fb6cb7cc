"""Fine-tuning with few labels: the images, the batches, and what a way of training is worth at several rates.

Several networks train at once here, one for each seed, as ``Network`` does it: theta is (S, P), images (S, N, 64).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from course_utils.beds import data
from course_utils.engine import nn


def handwriting() -> data.Digits:
    """The real digits in float32, which takes half the time of float64."""
    return in_float32(data.digits())


def in_float32(digits: data.Digits) -> data.Digits:
    """The same images with pixels in float32, the same labels."""
    return data.Digits(*(part.astype(np.float32) if part.ndim == 2 else part for part in digits))


def few(x: np.ndarray, y: np.ndarray, labels: int, seeds: Sequence[int]) -> tuple[np.ndarray, np.ndarray]:
    """``labels`` images of each class for every seed, drawn from x (N, 64), y (N,): (S, 10 · labels, 64) and (S, 10 · labels)."""
    rows = []
    for seed in seeds:
        rng = np.random.default_rng(seed)
        of_class = [rng.permutation(np.flatnonzero(y == digit))[:labels] for digit in range(10)]
        rows.append(np.concatenate(of_class))
    return x[np.array(rows)], y[np.array(rows)]


def draws(
    x: np.ndarray, y: np.ndarray, steps: int, size: int, seed: nn.Seed
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """One batch (x, y) for each step: ``size`` different examples, or all where there are fewer.

    With a list of S seeds, x (S, N, 64) and y (S, N) hold the examples of each, and so does a batch.
    """
    if np.ndim(seed):
        each = [draws(*one, steps, size, of) for *one, of in zip(x, y, seed, strict=True)]
        for together in zip(*each, strict=True):
            yield tuple(np.stack(parts) for parts in zip(*together, strict=True))
        return
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        rows = rng.choice(len(x), min(size, len(x)), replace=False)
        yield x[rows], y[rows]


def splits(
    x: np.ndarray, y: np.ndarray, parts: int
) -> Iterator[tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]]:
    """Each of the ``parts`` held out in turn: ((x, y) to train on, (x, y) held out), for x (S, N, 64), y (S, N).

    Every row that is ``parts`` after another belongs to the same part, so classes that lie in blocks, as ``few``
    returns them, are shared out evenly.
    """
    for part in range(parts):
        out = np.arange(y.shape[1]) % parts == part
        yield (x[:, ~out], y[:, ~out]), (x[:, out], y[:, out])


@dataclass(frozen=True)
class Sweep:
    """One way of training at several rates: the accuracies on validation and on test images, both (rates, seeds)."""

    rates: tuple[float, ...]
    validation: np.ndarray
    test: np.ndarray

    @property
    def best(self) -> int:
        """Where the rate stands that is best on validation images, by the mean over seeds; of equals, the smaller rate."""
        return int(self.validation.mean(axis=1).argmax())

    @property
    def best_rate(self) -> float:
        return self.rates[self.best]

    @property
    def at_best(self) -> np.ndarray:
        """Test accuracies at that rate, (seeds,)."""
        return self.test[self.best]

    def at(self, rate: float) -> np.ndarray:
        """Test accuracies at this rate, (seeds,)."""
        return self.test[self.rates.index(rate)]


def scored(rates: Sequence[float], trained: Sequence[nn.Network], digits: data.Digits) -> Sweep:
    """The accuracies of ``trained``, the networks of all seeds, trained at one of ``rates`` each."""
    if len(rates) != len(trained):
        raise ValueError(f"{len(rates)} rates need as many trained networks, not {len(trained)}")
    validation = [nn.accuracy(nets, digits.x_validation, digits.y_validation) for nets in trained]
    test = [nn.accuracy(nets, digits.x_test, digits.y_test) for nets in trained]
    return Sweep(tuple(rates), np.array(validation), np.array(test))


def leader(scores: Mapping[str, np.ndarray]) -> str:
    """The name with the best mean."""
    return max(scores, key=lambda name: scores[name].mean())


def middle_best(scores: np.ndarray) -> np.ndarray:
    """For each seed, where the best of its ``scores`` (rates, seeds) stands; of several equal ones, the middle."""
    best = np.isclose(scores, scores.max(axis=0))
    first_to_last = np.argsort(~best, axis=0, kind="stable")  # the places of the best come first, in order
    middle = (best.sum(axis=0) - 1) // 2
    return np.take_along_axis(first_to_last, middle[None], axis=0)[0]


def distances(nets: nn.Network, start: np.ndarray) -> dict[str, np.ndarray]:
    """How far each group has moved from ``start`` (S, P), relative to its size there: group -> (S,)."""
    moved = nets.theta - start
    found = {}
    for name, group in nets.groups.items():
        found[name] = np.linalg.norm(moved[:, group], axis=1) / np.linalg.norm(start[:, group], axis=1)
    return found
