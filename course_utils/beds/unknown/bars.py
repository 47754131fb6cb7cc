"""A renderer for a tail: a front that learns to draw bars again through a surrogate, and what it was promised."""

from collections.abc import Callable, Collection
from copy import deepcopy
from functools import cache
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown.tails import draw_bars
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.nn import Layer, Linear, Network, ReLU, Tanh, mean_squared_error
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

BATCH = 32  # pictures a step of the front, and pairs a step of the surrogate


class BarsRun(NamedTuple):
    """The trained front and surrogate, and the loss through the surrogate and through g at each step logged, (logged, 2)."""

    front: Network
    surrogate: Network
    losses: np.ndarray


class Anywhere(Layer):
    """In the front's place when asking: random numbers between -reach and reach, whatever the picture."""

    def __init__(self, reach: float, rng: np.random.Generator) -> None:
        super().__init__()
        self.reach, self.rng = reach, rng

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.rng.uniform(-self.reach, self.reach, (len(x), 5))


class Within(Tanh):
    """Numbers between -reach and reach: y = reach · tanh(x / reach), near x where x is small."""

    def __init__(self, reach: float) -> None:
        super().__init__()
        self.reach = reach

    def forward(self, x: np.ndarray) -> np.ndarray:
        return np.float32(self.reach) * super().forward(x / np.float32(self.reach))


def small_bar_front(seed: int, bound: float | None = None) -> Network:
    """f: picture (N, 144) → 64 ReLU → 5 numbers, which at first draw nearly the same small bar whatever the picture.

    With a ``bound``, they stay between -bound and bound.
    """
    last = Linear(64, 5)
    layers = [Linear(144, 64), ReLU(), last, *([] if bound is None else [Within(bound)])]
    front = Network(*layers, seed=seed, dtype=np.float32)
    last.W *= np.float32(0.1)
    last.b = np.array([0, 0, 0, -1, -1])  # in the middle, level, short, thin
    return front


def bars_surrogate(seed: int) -> Network:
    """5 numbers (N, 5) → 64 ReLU → 64 ReLU → picture (N, 144)."""
    layers = [Linear(5, 64), ReLU(), Linear(64, 64), ReLU(), Linear(64, 144)]
    return Network(*layers, seed=200 + seed, dtype=np.float32)


@cache
def pictures(part: str) -> np.ndarray:
    """2000 bars to "train" on, 200 for "validation", 500 to "test": (N, 144), their five numbers between -1.2 and 1.2."""
    seed, size = {"train": (0, 2000), "validation": (1, 200), "test": (2, 500)}[part]
    return draw_bars(np.random.default_rng(seed).uniform(-1.2, 1.2, (size, 5))).astype(np.float32)


def as_input(wanted: np.ndarray) -> np.ndarray:
    """What the front sees of pictures (N, 144): minus the mean training picture, times 2."""
    return 2 * (wanted - pictures("train").mean(axis=0))


def pixel_loss(drawn: np.ndarray, wanted: np.ndarray) -> float | np.ndarray:
    """Squared error summed over the pixels of a picture, mean over the pictures; both (N, 144). Of S drawings, (S,)."""
    loss = ((drawn - wanted) ** 2).sum(axis=-1).mean(axis=-1)
    return loss if loss.ndim else float(loss)


def redrawn(front: Network, part: str) -> float | np.ndarray:
    """R² of what g draws for the front's numbers: 1 is every pixel right, 0 as bad as the mean picture."""
    wanted = pictures(part)
    return 1 - pixel_loss(draw_bars(front.forward(as_input(wanted))), wanted) / pixel_loss(
        wanted.mean(axis=0), wanted
    )


def train_on_bars(
    online_round: Callable,
    through_surrogate: Callable,
    rounds: int,
    rate: float,
    seed: int,
    queries: int,
    steps: int,
    reach: float | None = None,
    logged: Collection[int] = (),
    bound: float | None = None,
) -> BarsRun:
    """Spend ``queries`` in ``rounds`` equal rounds; front and surrogate take ``steps`` steps of Adam each in all.

    ``online_round`` and ``through_surrogate`` are those of exercises 8.4 and 8.2. A round asks about the
    front's own numbers or, with a ``reach``, about random ones between -reach and reach. A ``bound`` is the front's.
    The losses are on the validation pictures, at the steps of the front that are ``logged``.
    """
    wanted, held = pictures("train"), pictures("validation")
    x, rng = as_input(wanted), np.random.default_rng(seed)
    front, surrogate = small_bar_front(seed, bound), bars_surrogate(seed)
    rule, fit_rule = Adam(rate), Adam(3e-3)
    box, losses, count = BlackBox(draw_bars, budget=queries, chunk=queries), [], iter(range(steps))
    asker = front if reach is None else Network(Anywhere(reach, rng))

    def fit(asked: np.ndarray, answers: np.ndarray) -> None:
        pairs = asked.astype(np.float32), answers.astype(np.float32)
        fit_surrogate(surrogate, fit_rule, *pairs, steps // rounds, rng, size=BATCH)

    def step() -> None:
        if next(count) in logged:
            h = front.forward(as_input(held))
            losses.append((pixel_loss(surrogate.forward(h), held), pixel_loss(draw_bars(h), held)))
        rows = rng.integers(len(x), size=BATCH)
        rule.step(
            front.theta, through_surrogate(front, surrogate, x[rows], wanted[rows], mean_squared_error)[1]
        )

    asked, answers = np.empty((0, 5)), np.empty((0, 144))
    for _ in range(rounds):
        rows = rng.integers(len(x), size=queries // rounds)
        asked, answers = online_round(asker, box, x[rows], asked, answers, fit, step, steps // rounds)
    return BarsRun(front, surrogate, np.array(losses))


def explained_drawings(surrogate: Network, front: Network) -> float:
    """R² of the surrogate's pictures for what g draws, at the front's numbers for the validation pictures."""
    h = front.forward(as_input(pictures("validation")))
    drawn = draw_bars(h)
    return 1 - pixel_loss(surrogate.forward(h), drawn) / pixel_loss(drawn.mean(axis=0), drawn)


def promised_and_real(front: Network, surrogate: Network) -> tuple[float, float]:
    """The loss on the validation pictures that the surrogate promises for the front's numbers, and the one behind g."""
    wanted = pictures("validation")
    h = front.forward(as_input(wanted))
    return pixel_loss(surrogate.forward(h), wanted), pixel_loss(draw_bars(h), wanted)


def trained_on(
    front: Network, surrogate: Network, through_surrogate: Callable, rate: float, seed: int, steps: int
) -> Network:
    """A copy of the front after so many further steps of Adam through a surrogate that holds still."""
    further, rule, rng = deepcopy(front), Adam(rate), np.random.default_rng(seed)
    wanted = pictures("train")
    x = as_input(wanted)
    for _ in range(steps):
        rows = rng.integers(len(x), size=BATCH)
        _, grad = through_surrogate(further, surrogate, x[rows], wanted[rows], mean_squared_error)
        rule.step(further.theta, grad)
    return further
