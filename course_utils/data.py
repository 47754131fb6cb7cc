"""Data made by code or shipped with the course, so that no lesson needs a network."""

from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import numpy as np


class Digits(NamedTuple):
    """Images x (N, 64) with pixels from 0 to 1, labels y (N,) from 0 to 9, in three parts.

    Fit on ``train``, choose between settings on ``validation``, and look at ``test`` once, at the end.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def digits() -> Digits:
    """The 1797 real handwritten digits of 8x8 pixels: 1097 to train, 200 to validate, 500 to test.

    Source and licence: ``datasets/README.md``. The split is shuffled once with a fixed seed.
    """
    with np.load(files("course_utils") / "datasets" / "digits.npz") as stored:
        x, y = stored["pixels"] / 16, stored["labels"].astype(int)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    return Digits(x[:1097], y[:1097], x[1097:1297], y[1097:1297], x[1297:], y[1297:])


def batches(
    x: np.ndarray, y: np.ndarray, epochs: int, size: int, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (x, y) of ``size`` examples each, ``epochs`` times through all data, shuffled anew each time.

    What is left over at the end of an epoch, fewer than ``size`` examples, waits for another shuffle.
    """
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            rows = order[start : start + size]
            yield x[rows], y[rows]
