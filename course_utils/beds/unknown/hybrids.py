"""Half surrogate, half queries: a surrogate guesses the gradient behind an unknown tail, a few queries correct it."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown import bars
from course_utils.beds.unknown.fronts import Run, accuracy_through
from course_utils.beds.unknown.tails import Tail, centred_digits, draw_bars
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import Estimate, Losses
from course_utils.engine.nn import Linear, Network, ReLU, Tanh, cross_entropies, softmax_cross_entropy
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

Correct = Callable[[Losses, np.ndarray, np.ndarray, np.random.Generator], Estimate]


class Task(NamedTuple):
    """What to train a front on: inputs x (n, d), what they should give, and the unknown tail behind the front.

    ``losses(outputs, target)`` is (N,), ``gradient(outputs, target)`` that of their mean, of the shape
    of ``outputs`` (N, out). ``score(front, part)`` is 1 for a perfect front, on the "validation" or
    the "test" part.
    """

    g: Tail
    x: np.ndarray
    target: np.ndarray
    losses: Callable[[np.ndarray, np.ndarray], np.ndarray]
    gradient: Callable[[np.ndarray, np.ndarray], np.ndarray]
    score: Callable[[Network, str], float]


def digit_task(g: Tail) -> Task:
    """Read digits through g: cross-entropy, scored by accuracy."""
    d = centred_digits()
    parts = {"validation": (d.x_validation, d.y_validation), "test": (d.x_test, d.y_test)}
    return Task(
        g,
        d.x_train,
        d.y_train,
        cross_entropies,
        lambda logits, y: softmax_cross_entropy(logits, y)[1],
        lambda front, part: accuracy_through(front, g, *parts[part]),
    )


def bar_task() -> Task:
    """Look at a bar and return the five numbers that draw it, as in lesson 08 (``bars``): squared error summed
    over the 144 pixels, scored by the share of the pictures' variance that is drawn right (R²)."""
    wanted = bars.pictures("train")
    return Task(
        draw_bars,
        bars.as_input(wanted),
        wanted,
        lambda drawn, target: ((drawn - target) ** 2).sum(axis=1),
        lambda drawn, target: 2 * (drawn - target) / len(drawn),
        bars.redrawn,
    )


def train_hybrid(
    front: Network,
    surrogate: Network,
    task: Task,
    correct: Correct,
    budget: int,
    rate: float,
    seed: int,
    size: int = 16,
    surrogate_steps: int = 8,
    every: int = 1,
    keep: int = 128,
) -> Run:
    """Train the front in place until ``budget`` queries are spent, with a surrogate refitted at every step.

    Each step guesses dL/dh through the surrogate, lets ``correct(losses, h, guess, rng)`` ask g and
    return the gradient to use, and then fits the surrogate to the last ``keep`` calls of g: the queries
    that correct the guess also teach it. The score is taken after every ``every`` steps.
    """
    rng, rule, surrogate_rule = np.random.default_rng(seed), Adam(rate), Adam(3e-3)
    box = BlackBox(task.g, chunk=10_000)
    asked, answers = deque(maxlen=keep), deque(maxlen=keep)
    queries, scores = [], []
    while box.queries < budget:
        for _ in range(every):
            rows = rng.integers(len(task.x), size=size)
            target, h = task.target[rows], front.forward(task.x[rows])
            guess = surrogate.backward(task.gradient(surrogate.forward(h), target), need_grad_x=True)

            def losses(h: np.ndarray, target: np.ndarray = target) -> np.ndarray:
                asked.append(h)
                answers.append(box(h))
                return task.losses(answers[-1], target)

            front.backward(correct(losses, h, guess, rng).grad)
            rule.step(front.theta, front.grad)
            fit_surrogate(
                surrogate,
                surrogate_rule,
                np.concatenate(asked),
                np.concatenate(answers),
                surrogate_steps,
                rng,
            )
        queries.append(box.queries)
        scores.append(task.score(front, "validation"))
    return Run(np.array(queries), np.array(scores), task.score(front, "test"))


def train_behind_renderer(
    task: Task, correct: Correct, budget: int, rate: float, seed: int, fits: int
) -> Run:
    """``train_hybrid`` of a new front and a new surrogate on the ``bar_task``, the surrogate refitted in
    ``fits`` steps after each batch."""
    front = Network(Linear(144, 64), ReLU(), Linear(64, 5), seed=seed)
    renderer = Network(Linear(5, 64), Tanh(), Linear(64, 144), seed=200 + seed)
    return train_hybrid(
        front, renderer, task, correct, budget, rate, seed, surrogate_steps=fits, every=25, keep=32
    )
