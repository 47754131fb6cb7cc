"""Surrogates for the tails of lesson 08: fitted to answers, five at once, and judged by R² and by the fronts they train."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown.fronts import Run, new_front, train_front
from course_utils.beds.unknown.tails import Tail, centred_digits
from course_utils.beds.unknown.tasks import accuracy_through
from course_utils.engine.estimate import Estimate, Losses, spsa
from course_utils.engine.nn import Linear, Network, Seed, Tanh
from course_utils.engine.train import fit_surrogate
from course_utils.engine.update import Adam

Train = Callable[
    [Network, Network, float], Network
]  # fronts, surrogates, rate → the fronts, trained in place


def read(front: Network, g: Tail) -> np.ndarray:
    """Accuracy of S fronts behind the real tails, on validation and on test images: (2, S)."""
    d = centred_digits()
    images = (d.x_validation, d.y_validation), (d.x_test, d.y_test)
    return np.array([accuracy_through(front, g, x, y) for x, y in images])


def planes(fit: Callable, h: np.ndarray, answers: np.ndarray) -> Network:
    """A plane for each of S tails, as networks, by ``fit(h, answers)`` (exercise 8.1); h (S, N, k), answers (S, N, out)."""
    surrogate = Network(Linear(h.shape[-1], answers.shape[-1]), seed=np.zeros(len(h), int))
    fitted = [fit(*pair) for pair in zip(h, answers, strict=True)]
    surrogate.layers[0].W, surrogate.layers[0].b = (np.array(part) for part in zip(*fitted, strict=True))
    return surrogate


def bending(seed: Seed, width: int = 64) -> Network:
    """16 → ``width`` tanh → 10: a surrogate that can bend."""
    return Network(Linear(16, width), Tanh(), Linear(width, 10), seed=200 + np.asarray(seed))


def fit_networks(seeds: Seed, g: Tail, h: np.ndarray, width: int, steps: int) -> Network:
    """A bending network for each of S tails, fitted in ``steps`` steps to what it answers at its h (S, N, 16)."""
    surrogate = bending(seeds, width)
    fit_surrogate(surrogate, Adam(0.003), h, g(h), steps, np.random.default_rng(seeds[0]))
    return surrogate


def explained(surrogate: Network, g: Tail, h: np.ndarray) -> np.ndarray:
    """R² of each of S surrogates at its h (S, N, k): the share of the variance of g's answers, (S,)."""
    answers = g(h)
    left = ((surrogate.forward(h) - answers) ** 2).sum(axis=(1, 2))
    return 1 - left / ((answers - answers.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))


def places(where: str, front: Network, count: int, seed: int) -> np.ndarray:
    """``count`` h for each of S fronts, (S, count, 16): "random points" of the cube, or "f's activations" as f is now."""
    rng, networks, x = np.random.default_rng(seed), front.theta.shape[:-1], centred_digits().x_train
    if where == "random points":
        return rng.uniform(-1, 1, (*networks, count, 16))
    return front.forward(x[rng.integers(len(x), size=(*networks, count))])


class Fitted(NamedTuple):
    """Test accuracy of S fronts, R² of their surrogates where they start and where they arrive, each (S,), and the fronts."""

    test: np.ndarray
    start: np.ndarray
    end: np.ndarray
    front: Network


def fitted_once(
    where: str, count: int, seeds: Seed, g: Tail, train: Train, rate: float, steps: int
) -> Fitted:
    """Ask ``count`` times, fit surrogates once, in ``steps`` steps, and ``train`` new fronts; R² is on test images."""
    front, x = new_front(seeds), centred_digits().x_test
    surrogate = fit_networks(seeds, g, places(where, front, count, seeds[0]), 128, steps)
    start = explained(surrogate, g, front.forward(x))
    train(front, surrogate, rate)
    return Fitted(read(front, g)[1], start, explained(surrogate, g, front.forward(x)), front)


def by_direction(seeds: Seed, g: Tail, nudge: float, rate: float, budget: int) -> Run:
    """Lesson 07's way: a random direction a step for dL/dh, with a central difference of this nudge."""

    def estimator(losses: Losses, h: np.ndarray, rng: np.random.Generator) -> Estimate:
        return spsa(losses, h, nudge, rng)

    return train_front(new_front(seeds), g, estimator, budget, rate, seeds[0], every=8)
