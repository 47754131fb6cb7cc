"""What a gradient costs that is asked for: lesson 07's fronts behind tails of any width, in queries until a bar."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np

from course_utils.beds.unknown.fronts import Estimator, Run, new_front, train_front, train_known
from course_utils.beds.unknown.tails import centred_digits, smooth_tail
from course_utils.engine.estimate import Estimate, Losses, numerical_gradient
from course_utils.engine.layers import Conv2d, MeanPool2d, Recurrent, Reshape
from course_utils.engine.nn import (
    Linear,
    Network,
    ReLU,
    Seed,
    Tanh,
    cross_entropies,
    softmax_cross_entropy,
)

Trained = Callable[[float, Sequence[int]], Run]  # (rate, seeds) → a front for each seed, trained together


@cache
def tail_of(seeds: Sequence[int], k: int = 16) -> Network:
    """The smooth tails of these seeds for h (S, N, k), trained once. Wide ones learn fast, in a quarter of the epochs."""
    return smooth_tail(seeds, k, epochs=40 if k <= 64 else 10)


@cache
def one_tail(seed: int) -> Network:
    """The smooth tail of one seed, trained once."""
    return smooth_tail(seed)


def in_float32(tail: Network) -> Network:
    """A smooth tail (or S of them) that computes in float32, with the same weights."""
    k, networks = tail.layers[0].W.shape[-2], tail.theta.shape[:-1]
    layers = [Linear(k, 32), Tanh(), Linear(32, 10)]
    copy = Network(*layers, seed=np.zeros(networks, int), dtype=np.float32)
    copy.theta = tail.theta
    return copy


def losses_behind(g: Callable[[np.ndarray], np.ndarray], y: np.ndarray) -> Losses:
    """h (N, k) → the cross-entropy of each example behind g, (N,), for labels y (N,)."""
    return lambda h: cross_entropies(g(h), y)


def true_gradient(tail: Network, h: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What nobody can know about a hidden tail: dL/dh of the mean loss, (N, k), by backprop through it."""
    return tail.backward(softmax_cross_entropy(tail.forward(h), y)[1], need_grad_x=True)


def relative_error(found: np.ndarray, true: np.ndarray) -> float:
    """How far off, in lengths of the true gradient; both of any one shape."""
    return float(np.linalg.norm(found - true) / np.linalg.norm(true))


def backprop(rate: float, seeds: Sequence[int]) -> Run:
    """What nobody can do: backprop through g, charged one query for each example."""
    return train_known(new_front(seeds), tail_of(seeds), 4_000, rate, seeds[0])


def at_h(
    estimator: Estimator,
    budget: int,
    every: int = 1,
    k: int = 16,
    make: Callable[[Seed], Network] | None = None,
) -> Trained:
    """A way to train fronts (``make(seeds)``, by default ``new_front``) on ``budget`` queries each, dL/dh from ``estimator``.

    Accuracy is measured after every ``every`` steps.
    """

    def trained(rate: float, seeds: Sequence[int]) -> Run:
        front = make(seeds) if make else new_front(seeds, k)
        return train_front(front, tail_of(seeds, k).forward, estimator, budget, rate, seeds[0], every=every)

    return trained


def tuned(
    trained: Trained, rates: Sequence[float], choosing: Sequence[int], seeds: Sequence[int], bar: float
) -> tuple[float, Run]:
    """The rate at which the fronts of the seeds ``choosing`` reach the bar first (median), and the run of ``seeds`` at it.

    Of two rates that tie, the first.
    """
    rate = min(rates, key=lambda rate: np.median(trained(rate, choosing).until(bar)))
    return rate, trained(rate, seeds)


def convolutional(seed: Seed) -> Network:
    """A front as in lesson 06: 8 kernels of 3 x 3 over the digit, a mean over 2 x 2, then h (N, 16)."""
    layers = [Reshape(1, 8, 8), Conv2d(1, 8, 3), ReLU(), MeanPool2d(), Reshape(128)]
    return Network(*layers, Linear(128, 16), Tanh(), seed=seed)


def recurrent(seed: Seed) -> Network:
    """A front that reads a digit from top to bottom, two rows at a time, and keeps a state (Elman, 1990)."""
    return Network(Reshape(4, 16), Recurrent(16, 32), Linear(32, 16), Tanh(), seed=seed)


def charged(rate: float, seeds: Sequence[int], k: int) -> Run:
    """A difference for each of k activations, without the asking: backprop gives the same gradient to four digits.

    Charged are the k + 1 queries an example that the differences would cost.
    """
    run = train_known(new_front(seeds, k), tail_of(seeds, k), 3_000 if k < 16 else 1_000, rate, seeds[0])
    return run._replace(queries=run.queries * (k + 1))


def median_queries(runs: Sequence[Run], bar: float) -> float:
    """The median over all fronts, whether they trained together or one by one, of the queries until the bar."""
    return float(np.median(np.concatenate([np.atleast_1d(run.until(bar)) for run in runs])))


def median_test(runs: Sequence[Run]) -> float:
    """The median over all fronts of the test accuracy at the end."""
    return float(np.median(np.concatenate([np.atleast_1d(run.test) for run in runs])))


class Trial(NamedTuple):
    """The step that was chosen and the relative error of its gradient; the best of the steps, and its error."""

    chosen: float
    error: float
    best: float
    least: float


def try_steps(choose: Callable, steps: Sequence[float], seed: int, precision: str) -> Trial:
    """``choose(loss, theta, steps)`` (exercise 7.1) on the 16 biases of a front's last layer, before a tail in this precision.

    The loss is the mean over 16 images, as the tail's precision gives it.
    """
    tail, digits, front = one_tail(seed), centred_digits(), new_front(seed)
    g, x, y = (
        {"float64": tail, "float32": in_float32(tail)}[precision],
        digits.x_train[:16],
        digits.y_train[:16],
    )
    last = front.layers[-2]
    front.backward(true_gradient(tail, front.forward(x), y))
    theta, true = last.b.copy(), last.grad_b.copy()

    def loss(b: np.ndarray) -> float:
        last.b = b
        return cross_entropies(g.forward(front.forward(x)), y).mean()

    errors = [relative_error(numerical_gradient(loss, theta, step), true) for step in steps]
    grad, chosen = choose(loss, theta, steps)
    best = int(np.argmin(errors))
    return Trial(chosen, relative_error(np.asarray(grad), true), steps[best], errors[best])


def by_directions(
    estimator: Callable, count: int, nudge: float, rate: float, seeds: Sequence[int], budget: int = 5_000
) -> Run:
    """Fronts before tails in float32, every step with the mean of ``count`` estimates ``estimator(losses, h, nudge, rng)``."""

    def mean_of_several(losses: Losses, h: np.ndarray, rng: np.random.Generator) -> Estimate:
        found = [estimator(losses, h, nudge, rng)[0] for _ in range(count)]
        return Estimate(np.mean(found, axis=0), 2 * len(h) * count)

    g = in_float32(tail_of(seeds)).forward
    return train_front(new_front(seeds), g, mean_of_several, budget, rate, seeds[0])
