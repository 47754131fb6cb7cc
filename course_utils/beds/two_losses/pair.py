"""The PCA layer W with the head behind it, on the digits with their mean taken away."""

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import NamedTuple

import numpy as np

from course_utils.beds import data
from course_utils.engine import nn
from course_utils.engine.structure import (
    covariance,
    leading_directions,
    principal_angles,
    retract,
    variance_kept,
)

SIZE = 100  # examples in a batch

Change = Callable[[np.ndarray], np.ndarray]  # of a matrix or of theta, of the same shape


class Batch(NamedTuple):
    """x (100, 64), y (100,), and S (64, 64), the covariance of x."""

    x: np.ndarray
    y: np.ndarray
    S: np.ndarray


@cache
def digits() -> data.Digits:
    """The digits; from every image the mean of the training images is taken away."""
    found = data.digits()
    mean = found.x_train.mean(axis=0)
    return found._replace(
        x_train=found.x_train - mean, x_validation=found.x_validation - mean, x_test=found.x_test - mean
    )


@cache
def _drawn(seed: int, steps: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """The rows of each batch, and its covariance: the images themselves are not stored again for every batch."""
    every = np.arange(len(digits().x_train))
    epochs = -(-steps // (len(every) // SIZE))
    drawn = [rows for rows, _ in data.batches(every, every, epochs, SIZE, seed)]
    return [(rows, covariance(digits().x_train[rows])) for rows in drawn[:steps]]


def batches(seed: int, steps: int) -> Iterator[Batch]:
    """The first ``steps`` batches of the training images, the same each time; their covariances are kept."""
    for rows, S in _drawn(seed, steps):
        yield Batch(digits().x_train[rows], digits().y_train[rows], S)


def network(seed: int, k: int = 4) -> nn.Network:
    """W (64, k) with orthonormal columns in group "pca", the head (k, 10) in group "head"."""
    net = nn.Network(pca=[nn.Linear(64, k)], head=[nn.Linear(k, 10)], seed=seed)
    net.layers[0].W = retract(net.layers[0].W)
    return net


def on_W(net: nn.Network, change: Change, elsewhere: float) -> Change:
    """A change of W as one of all of θ: the other entries are multiplied by ``elsewhere``, 0 or 1."""
    shape = net.layers[0].W.shape
    size = shape[0] * shape[1]

    def lifted(theta: np.ndarray) -> np.ndarray:
        W = theta[:size].reshape(shape)
        return np.concatenate([change(W).ravel(), elsewhere * theta[size:]])

    return lifted


def cross_entropy_grad(net: nn.Network, x: np.ndarray, y: np.ndarray, alpha: float) -> np.ndarray:
    """All gradients of the cross-entropy, those of the PCA layer in their share of 1 − alpha."""
    net.backward(nn.softmax_cross_entropy(net.forward(x), y)[1])
    net.grad[net.groups["pca"]] *= 1 - alpha
    return net.grad


class Measured(NamedTuple):
    """Of one network: the share of variance that W keeps of the training images, and two accuracies."""

    kept: float
    validation: float
    test: float


def measure(net: nn.Network) -> Measured:
    """Variance kept, accuracy on validation images, accuracy on test images."""
    of = digits()
    return Measured(
        variance_kept(net.layers[0].W, covariance(of.x_train)),
        nn.accuracy(net, of.x_validation, of.y_validation),
        nn.accuracy(net, of.x_test, of.y_test),
    )


# A layer that is trained by its rule alone: what became of W


def column_angle(W: np.ndarray, S: np.ndarray) -> float:
    """The largest angle between a column of W (d, k) and its own eigenvector of S, in degrees."""
    cosines = np.abs(np.sum(W * leading_directions(S, W.shape[1]), axis=0)) / np.linalg.norm(W, axis=0)
    return float(np.degrees(np.arccos(np.minimum(cosines, 1))).max())


def subspace_angle(W: np.ndarray, S: np.ndarray) -> float:
    """The largest principal angle between the span of W (d, k) and that of the k leading eigenvectors of S."""
    return float(principal_angles(W, leading_directions(S, W.shape[1]))[-1])


def held_table(held: Mapping[str, list[np.ndarray]], S: np.ndarray) -> str:
    """For each way the mean singular values of W, and means ± deviations of both angles where W has full rank."""
    k = next(iter(held.values()))[0].shape[1]
    heads = (
        (f"k = {k}", "singular values of W:", "angle between span and", "largest angle between a"),
        ("", "first, second … last", "principal subspace", "column and its eigenvector"),
    )
    told = [f"{way:13} {values:25} {span:25} {single}" for way, values, span, single in heads]
    for way, runs in held.items():
        values = np.mean([np.linalg.svd(W, compute_uv=False) for W in runs], axis=0)
        line = f"{way:13} {values[0]:.2f}, {values[1]:.2f} … {values[-1]:.2f}"
        if values[1] > 0.1 * values[0]:
            span, single = (np.array([angle(W, S) for W in runs]) for angle in (subspace_angle, column_angle))
            off = f"{span.mean():.1f}° ± {span.std():.1f}"
            line = f"{line:39} {off:25} {single.mean():4.1f}° ± {single.std():.1f}"
        else:
            line = f"{line:39} a span of rank one"
        told.append(line)
    return "\n".join(told)
