"""Training a front f behind which stands an unknown tail g, and counting what it costs in queries.

One loop, ``train``; the ways that the lessons compare differ in how a batch's gradient is found.

S fronts, one for each of S seeds, train at once in front of S tails (``new_front(SEEDS)``,
``smooth_tail(SEEDS)``): each has its own batches and its own queries, all have equally many of both.
"""

from collections.abc import Callable
from math import prod
from typing import Any, NamedTuple

import numpy as np

from course_utils.beds.unknown.tails import Tail
from course_utils.beds.unknown.tasks import Task, digit_task
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import Estimate, Losses
from course_utils.engine.nn import Linear, Network, ReLU, Seed, Tanh, softmax_cross_entropy
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

Estimator = Callable[[Losses, np.ndarray, np.random.Generator], Estimate]


class Run(NamedTuple):
    """Queries spent by a front and score on the validation part after each step, both (steps,), and on the test part.

    For digits, the score is accuracy. Of S fronts at once ``accuracy`` is (S, steps), and ``test`` (S,).
    """

    queries: np.ndarray
    accuracy: np.ndarray
    test: float | np.ndarray

    def until(self, accuracy: float) -> float | np.ndarray:
        """Queries spent when this accuracy was first reached; infinity if it never was."""
        there = self.accuracy >= accuracy
        first = np.where(there.any(axis=-1), self.queries[there.argmax(axis=-1)], np.inf)
        return first if first.ndim else float(first)

    def of_each(self) -> list["Run"]:
        """The S runs of S fronts, one by one."""
        return [Run(self.queries, *each) for each in zip(self.accuracy, self.test, strict=True)]


def new_front(seed: Seed, k: int = 16) -> Network:
    """f with random weights: digits (N, 64) → 32 ReLU → h (N, k), between -1 and 1 by a tanh."""
    return Network(Linear(64, 32), ReLU(), Linear(32, k), Tanh(), seed=100 + np.asarray(seed))


def train(
    front: Network,
    task: Task,
    box: BlackBox,
    fill_grad: Callable[[np.ndarray, np.ndarray], None],
    budget: int,
    rate: float,
    rng: np.random.Generator,
    size: int = 16,
    every: int = 1,
    ask: Callable[[], None] | None = None,
) -> Run:
    """Train in place with Adam, on batches of ``size``, until ``box`` has answered ``budget`` queries.

    ``fill_grad(x, target)`` fills ``front.grad`` for a batch. The score is taken after every ``every``
    steps, before which ``ask()`` may ask g without a step.
    """
    rule, networks = Adam(rate), front.theta.shape[:-1]
    fronts = prod(networks)
    queries, scores = [], []
    while box.queries < fronts * budget:
        if ask is not None:
            ask()
        for _ in range(every):
            rows = rng.integers(len(task.x), size=(*networks, size))
            fill_grad(task.x[rows], task.target[rows])
            rule.step(front.theta, front.grad)
        queries.append(box.queries // fronts)
        scores.append(task.score(front, "validation"))
    return Run(np.array(queries), np.array(scores).T, task.score(front, "test"))


def rows_of(h: np.ndarray) -> np.ndarray:
    """The rows of all fronts, one after the other: h (N, k) or (S, N, k) to (N, k) or (S · N, k)."""
    return h.reshape(-1, h.shape[-1])


def boxed(g: Tail, networks: tuple[int, ...], **settings: Any) -> BlackBox:
    """g in a box that takes the rows of all fronts, one after the other."""

    def by_row(rows: np.ndarray) -> np.ndarray:
        return rows_of(g(rows.reshape(*networks, -1, rows.shape[-1])))

    return BlackBox(by_row, chunk=10_000_000, **settings)


def backprop_through(front: Network, tail: Network, x: np.ndarray, y: np.ndarray) -> None:
    """Fill ``front.grad`` with the gradient of the cross-entropy behind a tail that is known, and holds still."""
    _, grad_logits = softmax_cross_entropy(tail.forward(front.forward(x)), y)
    front.backward(tail.backward(grad_logits, need_grad_x=True))


def train_front(
    front: Network,
    g: Tail,
    estimator: Estimator,
    budget: int,
    rate: float,
    seed: int,
    size: int = 16,
    noise: float = 0.0,
    every: int = 1,
) -> Run:
    """Digits, with dL/dh at h = f(x) from ``estimator(losses, h, rng)``; the rest is backprop through f.

    What g answers in training carries ``noise``, as in ``BlackBox``; accuracy is measured without, after every
    ``every`` steps.
    """
    task, rng, networks = digit_task(g), np.random.default_rng(seed), front.theta.shape[:-1]
    box = boxed(g, networks, noise=noise, seed=1000 + seed)  # not the batches' own draws again

    def fill_grad(x: np.ndarray, y: np.ndarray) -> None:
        h, labels = front.forward(x), y.reshape(-1)
        grad_rows, _ = estimator(lambda rows: task.losses(box(rows), labels), rows_of(h), rng)
        # The estimator means the loss over all rows, of which a front has its share.
        front.backward(prod(networks) * np.reshape(grad_rows, h.shape))

    return train(front, task, box, fill_grad, budget, rate, rng, size, every)


def train_known(front: Network, tail: Network, budget: int, rate: float, seed: int) -> Run:
    """What could be reached if g were known: dL/dh by backprop through the tail, a query an example."""
    task, box = digit_task(tail.forward), boxed(tail.forward, front.theta.shape[:-1])

    def fill_grad(x: np.ndarray, y: np.ndarray) -> None:
        logits = box(rows_of(front.forward(x)))
        grad_logits = task.gradient(logits.reshape(*y.shape, -1), y)
        front.backward(tail.backward(grad_logits, need_grad_x=True))

    return train(front, task, box, fill_grad, budget, rate, np.random.default_rng(seed))


def train_online(
    front: Network,
    surrogate: Network,
    g: Tail,
    budget: int,
    rate: float,
    seed: int,
    size: int = 32,
    front_steps: int = 4,
    surrogate_steps: int = 32,
) -> Run:
    """Train front and surrogate in turn: ask g about one batch of h, refit the surrogate on all answers so far, then
    take ``front_steps`` steps of Adam in f through it; it holds still meanwhile. Only the first part costs queries.
    """
    networks = front.theta.shape[:-1]
    task, box, rng = digit_task(g), boxed(g, networks), np.random.default_rng(seed)
    surrogate_rule, asked, answers = Adam(3e-3), [], []

    def ask() -> None:
        h = front.forward(task.x[rng.integers(len(task.x), size=(*networks, size))])
        asked.append(h)
        answers.append(box(rows_of(h)).reshape(*h.shape[:-1], -1))
        shown = np.concatenate(asked, axis=-2), np.concatenate(answers, axis=-2)
        fit_surrogate(surrogate, surrogate_rule, *shown, surrogate_steps, rng)

    def fill_grad(x: np.ndarray, y: np.ndarray) -> None:
        backprop_through(front, surrogate, x, y)

    return train(front, task, box, fill_grad, budget, rate, rng, size, front_steps, ask)


def train_fixed_plane(
    front: Network, g: Tail, queries: int, rate: float, seed: int, noise: float = 0.0
) -> Run:
    """Ask g at random h between -1 and 1, fit all its outputs by one plane (least squares), and train the front
    through that plane in 400 steps: ``queries`` in all, known before the start.
    """
    task, rng, networks = digit_task(g), np.random.default_rng(seed), front.theta.shape[:-1]
    k = front.forward(task.x[:1]).shape[-1]
    h = rng.uniform(-1, 1, (*networks, queries, k))
    answers = boxed(g, networks, noise=noise, seed=seed)(rows_of(h)).reshape(*h.shape[:-1], -1)
    plane, rule = Network(Linear(k, answers.shape[-1]), seed=np.zeros(networks, int)), Adam(rate)
    with_ones = np.concatenate([h, np.ones_like(h[..., :1])], axis=-1)
    plane.theta = (np.linalg.pinv(with_ones) @ answers).reshape(plane.theta.shape)  # least squares
    for _ in range(400):
        rows = rng.integers(len(task.x), size=(*networks, 16))
        backprop_through(front, plane, task.x[rows], task.target[rows])
        rule.step(front.theta, front.grad)
    score = task.score(front, "validation")
    return Run(np.array([queries]), np.array([score]).T, task.score(front, "test"))
