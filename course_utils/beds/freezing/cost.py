"""What a step costs with this or that part frozen: how much quicker it is on this machine."""

from time import perf_counter

import numpy as np

from course_utils.beds.freezing.transfer import IMAGES
from course_utils.engine import nn
from course_utils.engine.update import SGD


def deep(*trained: str) -> nn.Network:
    """64-256-256-256-10 in groups first, middle and head, of which ``trained`` train; all, if none is named."""
    middle = [nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU()]
    net = nn.Network(first=[nn.Linear(64, 256), nn.ReLU()], middle=middle, head=[nn.Linear(256, 10)])
    net.train_only(*(trained or net.groups))
    return net


def seconds(net: nn.Network, x: np.ndarray, y: np.ndarray, mask: np.ndarray | None = None) -> float:
    """The time of one step."""
    rule, start = SGD(0.01, mask=mask), perf_counter()
    net.backward(nn.softmax_cross_entropy(net.forward(x), y)[1])
    rule.step(net.theta, net.grad)
    return perf_counter() - start


def times_as_fast() -> dict[str, float]:
    """Time of a full step over the time of each, batch of 64; the fastest of 60 turns counts."""
    x, y = IMAGES.x_train[:64], IMAGES.y_train[:64]
    stored = np.random.default_rng(0).random((64, 256))  # stands for features: only the time counts
    cases = {
        "all layers train": (deep(), x, y),
        "gradient × 0 below the head": (deep(), x, y, deep().mask("head")),
        "first layer only": (deep("first"), x, y),
        "head only, backward stops": (deep("head"), x, y),
        "head only, features stored": (nn.Network(head=[nn.Linear(256, 10)]), stored, y),
    }
    # In turns, so that a busy moment hits all of them.
    times = np.min([[seconds(*case) for case in cases.values()] for _ in range(60)], axis=0)
    return dict(zip(cases, (times[0] / times).tolist(), strict=True))
