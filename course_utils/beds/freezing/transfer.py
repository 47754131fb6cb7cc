"""A body pretrained on some digits, put to a new task with three labelled images a class."""

from functools import cache

import numpy as np

from course_utils.beds import data
from course_utils.engine import nn
from course_utils.engine.train import fit
from course_utils.engine.update import Adam, Momentum

IMAGES = data.digits()
# The body's share of the rate in each way to train. Two of them begin with a body that has seen nothing.
WAYS = {
    "from scratch": 1.0,
    "head only": 0.0,
    "head on a random body": 0.0,
    "body and head": 1.0,
    "body ten times slower": 0.1,
}
RANDOM = ("from scratch", "head on a random body")


def network(seed: int) -> nn.Network:
    """64-64-10 with a ReLU between; its groups are ``body`` and ``head``."""
    return nn.Network(body=[nn.Linear(64, 64), nn.ReLU()], head=[nn.Linear(64, 10)], seed=seed)


@cache
def pretrained(seed: int, seen: range) -> nn.Network:
    """Twenty epochs on those of the first 800 training images that show one of the digits ``seen``."""
    x, y = IMAGES.x_train[:800], IMAGES.y_train[:800]
    known = np.isin(y, seen)
    net = network(seed)
    fit(net, Momentum(0.1), data.batches(x[known], y[known], 20, 32, seed))
    return net


def scores(task: str, seed: int, rate: float) -> dict[str, tuple[float, float]]:
    """Accuracy on validation and on test images, in each of the ``WAYS``, after 100 steps on three labelled images a class.

    "new names": a body that knows all ten digits, which get other names. "new digits": a body that has
    seen 0 to 4 and is asked about 5 to 9. ``rate`` is the head's.
    """
    seen, asked = (range(10), range(10)) if task == "new names" else (range(5), range(5, 10))
    rename = np.array([(3 * y + 1) % 10 for y in range(10)]) if task == "new names" else np.arange(10)
    source = pretrained(seed, seen)
    x, y = IMAGES.x_train[800:], IMAGES.y_train[800:]  # images that the source has not seen
    rng = np.random.default_rng(seed)
    few = np.concatenate([rng.permutation(np.flatnonzero(y == digit))[:3] for digit in asked])
    held_out = [
        (images[np.isin(labels, asked)], rename[labels[np.isin(labels, asked)]])
        for images, labels in (
            (IMAGES.x_validation, IMAGES.y_validation),
            (IMAGES.x_test, IMAGES.y_test),
        )
    ]

    found = {}
    for way, share in WAYS.items():
        net = network(100 + seed)
        if way not in RANDOM:
            net.theta[net.groups["body"]] = source.theta[net.groups["body"]]
        rates = net.rates({"body": share * rate, "head": rate})
        fit(net, Adam(rates, mask=rates > 0), [(x[few], rename[y[few]])] * 100)
        found[way] = tuple(nn.accuracy(net, images, labels) for images, labels in held_out)
    return found
