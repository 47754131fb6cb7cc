"""Half surrogate, half queries: a surrogate guesses the gradient behind an unknown tail, a few queries correct it."""

from collections import deque
from collections.abc import Callable
from math import prod

import numpy as np

from course_utils.beds.unknown.fronts import Run, boxed, rows_of, train
from course_utils.beds.unknown.tasks import Task
from course_utils.engine.estimate import Estimate, Losses
from course_utils.engine.nn import Linear, Network, ReLU, Seed, Tanh
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

Correct = Callable[[Losses, np.ndarray, np.ndarray, np.random.Generator], Estimate]


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
    networks = front.theta.shape[:-1]
    rng, surrogate_rule, box = np.random.default_rng(seed), Adam(3e-3), boxed(task.g, networks)
    asked, answers = deque(maxlen=keep), deque(maxlen=keep)

    def fill_grad(x: np.ndarray, target: np.ndarray) -> None:
        h = front.forward(x)
        wanted = target.reshape(-1, *target.shape[h.ndim - 1 :])

        def losses(rows: np.ndarray) -> np.ndarray:
            drawn = box(rows)
            asked.append(rows.reshape(h.shape))
            answers.append(drawn.reshape(*h.shape[:-1], -1))
            return task.losses(drawn, wanted)

        guess = surrogate.backward(task.gradient(surrogate.forward(h), target), need_grad_x=True)
        # As in fronts: what corrects the guess means the loss over the rows of all fronts.
        fronts = prod(networks)
        grad_rows, _ = correct(losses, rows_of(h), rows_of(guess) / fronts, rng)
        front.backward(fronts * np.reshape(grad_rows, h.shape))
        shown = np.concatenate(asked, axis=-2), np.concatenate(answers, axis=-2)
        fit_surrogate(surrogate, surrogate_rule, *shown, surrogate_steps, rng)

    return train(front, task, box, fill_grad, budget, rate, rng, size, every)


def train_behind_renderer(
    task: Task, correct: Correct, budget: int, rate: float, seed: Seed, fits: int
) -> Run:
    """``train_hybrid`` of a new front and a new surrogate on the ``bar_task``, the surrogate refitted in
    ``fits`` steps after each batch."""
    front = Network(Linear(144, 64), ReLU(), Linear(64, 5), seed=seed)
    renderer = Network(Linear(5, 64), Tanh(), Linear(64, 144), seed=200 + np.asarray(seed))
    draws = int(np.ravel(seed)[0])
    return train_hybrid(
        front, renderer, task, correct, budget, rate, draws, surrogate_steps=fits, every=25, keep=32
    )
