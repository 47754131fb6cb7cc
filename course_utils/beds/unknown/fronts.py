"""Training a front f behind which stands an unknown tail g, and counting what it costs in queries."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown.tails import Tail, centred_digits
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import Estimate, Losses
from course_utils.engine.nn import Linear, Network, ReLU, Tanh, cross_entropies, softmax_cross_entropy
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

Estimator = Callable[[Losses, np.ndarray, np.random.Generator], Estimate]


class Run(NamedTuple):
    """Queries spent and accuracy on the validation images after each step, both (steps,), and on the test images at the end."""

    queries: np.ndarray
    accuracy: np.ndarray
    test: float

    def until(self, accuracy: float) -> float:
        """Queries spent when this accuracy was first reached; infinity if it never was."""
        reached = np.flatnonzero(self.accuracy >= accuracy)
        return float(self.queries[reached[0]]) if reached.size else np.inf


def new_front(seed: int, k: int = 16) -> Network:
    """f with random weights: digits (N, 64) → 32 ReLU → h (N, k), between -1 and 1 by a tanh."""
    return Network(Linear(64, 32), ReLU(), Linear(32, k), Tanh(), seed=100 + seed)


def accuracy_through(front: Network, g: Tail, x: np.ndarray, y: np.ndarray) -> float:
    """The share of images x (N, 64) that g reads right behind the front. Measuring is not training: nobody counts it."""
    return float(np.mean(g(front.forward(x)).argmax(axis=1) == y))


def train_front(
    front: Network,
    g: Tail,
    estimator: Estimator,
    budget: int,
    rate: float,
    seed: int,
    size: int = 16,
    noise: float = 0.0,
) -> Run:
    """Train in place with Adam until ``budget`` queries are spent, on batches of ``size`` digits.

    Each step asks ``estimator(losses, h, rng)`` for dL/dh at h = f(x); the rest is backprop through f.
    What g answers in training carries ``noise``, as in ``BlackBox``; accuracy is measured without.
    """
    d, rng, rule = centred_digits(), np.random.default_rng(seed), Adam(rate)
    box = BlackBox(g, chunk=10_000, noise=noise, seed=1000 + seed)  # not the batches' own draws again
    queries, accuracy = [], []
    while box.queries < budget:
        rows = rng.integers(len(d.x_train), size=size)
        y = d.y_train[rows]
        h = front.forward(d.x_train[rows])
        grad_h, _ = estimator(lambda h, y=y: cross_entropies(box(h), y), h, rng)
        front.backward(grad_h)
        rule.step(front.theta, front.grad)
        queries.append(box.queries)
        accuracy.append(accuracy_through(front, g, d.x_validation, d.y_validation))
    return Run(np.array(queries), np.array(accuracy), accuracy_through(front, g, d.x_test, d.y_test))


def train_known(front: Network, tail: Network, budget: int, rate: float, seed: int, size: int = 16) -> Run:
    """What could be reached if g were known: as ``train_front``, with dL/dh by backprop through the tail, a query an example."""
    d, rng, rule = centred_digits(), np.random.default_rng(seed), Adam(rate)
    queries, accuracy = np.arange(size, budget + 1, size), []
    for _ in queries:
        rows = rng.integers(len(d.x_train), size=size)
        logits = tail.forward(front.forward(d.x_train[rows]))
        grad_logits = softmax_cross_entropy(logits, d.y_train[rows])[1]
        front.backward(tail.backward(grad_logits, need_grad_x=True))
        rule.step(front.theta, front.grad)
        accuracy.append(accuracy_through(front, tail.forward, d.x_validation, d.y_validation))
    return Run(queries, np.array(accuracy), accuracy_through(front, tail.forward, d.x_test, d.y_test))


def train_weights(
    front: Network, g: Tail, estimator: Estimator, budget: int, rate: float, seed: int, size: int = 16
) -> Run:
    """As ``train_front``, but without backprop: the estimator is given all weights (P,) and the batch's mean loss.

    Every loss it asks for costs ``size`` queries.
    """
    d, rng, rule, box = centred_digits(), np.random.default_rng(seed), Adam(rate), BlackBox(g, chunk=10_000)
    theta, queries, accuracy = front.theta.copy(), [], []
    while box.queries < budget:
        rows = rng.integers(len(d.x_train), size=size)

        def loss(
            theta: np.ndarray, x: np.ndarray = d.x_train[rows], y: np.ndarray = d.y_train[rows]
        ) -> float:
            front.theta = theta
            return cross_entropies(box(front.forward(x)), y).mean()

        grad, _ = estimator(loss, theta, rng)
        rule.step(theta, grad)
        front.theta = theta
        queries.append(box.queries)
        accuracy.append(accuracy_through(front, g, d.x_validation, d.y_validation))
    return Run(np.array(queries), np.array(accuracy), accuracy_through(front, g, d.x_test, d.y_test))


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
    d, rng, box = centred_digits(), np.random.default_rng(seed), BlackBox(g, chunk=10_000)
    rule, surrogate_rule = Adam(rate), Adam(3e-3)
    asked, answers, queries, accuracy = [], [], [], []
    while box.queries < budget:
        asked.append(front.forward(d.x_train[rng.integers(len(d.x_train), size=size)]))
        answers.append(box(asked[-1]))
        fit_surrogate(
            surrogate, surrogate_rule, np.concatenate(asked), np.concatenate(answers), surrogate_steps, rng
        )
        for _ in range(front_steps):
            rows = rng.integers(len(d.x_train), size=size)
            logits = surrogate.forward(front.forward(d.x_train[rows]))
            grad_logits = softmax_cross_entropy(logits, d.y_train[rows])[1]
            front.backward(surrogate.backward(grad_logits, need_grad_x=True))
            rule.step(front.theta, front.grad)
        queries.append(box.queries)
        accuracy.append(accuracy_through(front, g, d.x_validation, d.y_validation))
    return Run(np.array(queries), np.array(accuracy), accuracy_through(front, g, d.x_test, d.y_test))


def train_fixed_plane(
    front: Network, g: Tail, queries: int, rate: float, seed: int, steps: int = 400, noise: float = 0.0
) -> Run:
    """Ask g at random h between -1 and 1, fit all its outputs by one plane (least squares), and train the front
    through that plane: ``queries`` in all, known before the start.
    """
    d, rng = centred_digits(), np.random.default_rng(seed)
    k = front.forward(d.x_train[:1]).shape[1]
    h = rng.uniform(-1, 1, (queries, k))
    answers = BlackBox(g, noise=noise, seed=seed)(h)
    plane, rule = Network(Linear(k, answers.shape[1])), Adam(rate)
    plane.theta[:] = np.linalg.lstsq(np.column_stack([h, np.ones(queries)]), answers)[0].ravel()
    for _ in range(steps):
        rows = rng.integers(len(d.x_train), size=16)
        logits = plane.forward(front.forward(d.x_train[rows]))
        grad_logits = softmax_cross_entropy(logits, d.y_train[rows])[1]
        front.backward(plane.backward(grad_logits, need_grad_x=True))
        rule.step(front.theta, front.grad)
    accuracy = accuracy_through(front, g, d.x_validation, d.y_validation)
    return Run(np.array([queries]), np.array([accuracy]), accuracy_through(front, g, d.x_test, d.y_test))
