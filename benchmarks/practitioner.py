"""What a practitioner would pick, beside what the course teaches: ``python -m benchmarks.practitioner``.

An unknown tail stands behind a front of 2608 weights. An optimiser off the shelf is handed one function,
all weights → the mean loss over 200 images: 200 queries a call (CMA-ES also over 50). What it is compared
with asks g only about the 16 numbers between the two, and leaves the rest to backprop.

Every method has one number to choose, its rate or its first step, from a grid of five: the one with the
highest mean validation accuracy over the budget, on three seeds of their own. With it, five seeds are
run. That is ``--store``, about half an hour; it writes ``course_utils/datasets/practitioner.json``. Without
it, the stored figures are printed, and the first part of one seed of each is run to see that they hold.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np

from benchmarks import verdict
from course_utils.beds.unknown.fronts import (
    Estimator,
    Run,
    new_front,
    train_front,
    train_online,
)
from course_utils.beds.unknown.stored import FILE, stored_runs
from course_utils.beds.unknown.tails import centred_digits, smooth_tail
from course_utils.beds.unknown.tasks import accuracy_through
from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import Estimate, Losses, forward_difference, spsa
from course_utils.engine.nn import (
    Linear,
    Network,
    Tanh,
    cross_entropies,
    mean_squared_error,
    softmax_cross_entropy,
)
from course_utils.engine.update import Adam

IMAGES = 200  # an evaluation, for the optimisers off the shelf
BUDGET = 1_500_000  # queries, for all that works on the weights
SEEDS, TUNING_SEEDS = range(5), range(5, 8)
WHITE_BOX, OURS = "backprop through g", "activation differences"
OFF_THE_SHELF = (
    "separable CMA-ES",
    "separable CMA-ES, 50 images",
    "nevergrad OnePlusOne",
    "nevergrad NGOpt",
    "scipy differences + Adam",
)
AT_LEAST = 20  # times the queries of ours
PART, TOLERANCE = 30_000, 0.05  # queries that are repeated; other processors round otherwise, and that grows


class Bed:
    """A new front before an unknown tail, all its weights as one function, and what was reached at what cost."""

    def __init__(self, seed: int, images: int = IMAGES) -> None:
        self.d, self.front, self.tail = centred_digits(), new_front(seed), smooth_tail(seed)
        self.box, self.rng, self.images = (
            BlackBox(self.tail.forward, chunk=10_000),
            np.random.default_rng(seed),
            images,
        )
        self.queries, self.accuracy = [], []
        self.draw()

    def draw(self) -> None:
        """Other training images for the evaluations to come."""
        rows = self.rng.choice(len(self.d.x_train), self.images, replace=False)
        self.x, self.y = self.d.x_train[rows], self.d.y_train[rows]

    def loss(self, theta: np.ndarray) -> np.float64:
        """The mean loss over these images of a front with the weights theta (P,)."""
        self.front.theta = theta
        return cross_entropies(self.box(self.front.forward(self.x)), self.y).mean()

    def record(self, theta: np.ndarray) -> None:
        """Note what these weights reach, and at how many queries."""
        self.front.theta = theta
        self.queries.append(self.box.queries)
        self.accuracy.append(self.accuracy_on(self.d.x_validation, self.d.y_validation))

    def accuracy_on(self, x: np.ndarray, y: np.ndarray) -> float:
        """The share of these images that g reads right behind the front as it is now."""
        return accuracy_through(self.front, self.tail.forward, x, y)

    def run(self) -> Run:
        """All that was noted, and what the last weights reach on the test images."""
        test = self.accuracy_on(self.d.x_test, self.d.y_test)
        return Run(np.array(self.queries), np.array(self.accuracy), test)


# --- off the shelf, on the weights ---


def separable_cma_es(images: int, seed: int, sigma0: float, budget: int) -> Run:
    """CMA-ES with a diagonal covariance (Ros and Hansen 2008); other images for each generation, which helps it."""
    import cma

    bed = Bed(seed, images)
    options = {"CMA_diagonal": True, "seed": seed + 1, "verbose": -9}
    search = cma.CMAEvolutionStrategy(bed.front.theta.copy(), sigma0, options)
    while bed.box.queries < budget:
        bed.draw()
        thetas = search.ask()
        search.tell(thetas, [bed.loss(theta) for theta in thetas])
        bed.record(search.mean)
    return bed.run()


def nevergrad(optimiser: str, seed: int, sigma0: float, budget: int) -> Run:
    """One of nevergrad's by its name, told the budget; always the same images, as it remembers its best loss."""
    import nevergrad

    bed = Bed(seed)
    start = nevergrad.p.Array(init=bed.front.theta.copy()).set_mutation(sigma=sigma0)
    start.random_state.seed(seed)
    search = nevergrad.optimizers.registry[optimiser](start, budget=BUDGET // IMAGES)
    while bed.box.queries < budget:
        for _ in range(25):
            candidate = search.ask()
            search.tell(candidate, bed.loss(candidate.value))
        bed.record(search.provide_recommendation().value)
    return bed.run()


def scipy_and_adam(seed: int, rate: float, budget: int) -> Run:
    """Forward differences as scipy makes them: 2609 evaluations a step."""
    from scipy.optimize import approx_fprime

    bed, rule = Bed(seed), Adam(rate)
    theta = bed.front.theta.copy()
    while bed.box.queries < budget:
        bed.draw()
        rule.step(theta, approx_fprime(theta, bed.loss))
        bed.record(theta)
    return bed.run()


# --- the course's estimators, on the weights and on the activations ---


def on_weights(estimator: Estimator, images: int, seed: int, rate: float, budget: int) -> Run:
    """Adam on what an estimator says of all weights at once; other images at each step."""
    bed, rule = Bed(seed, images), Adam(rate)
    theta = bed.front.theta.copy()
    while bed.box.queries < budget:
        bed.draw()
        rule.step(theta, estimator(bed.loss, theta, bed.rng).grad)
        bed.record(theta)
    return bed.run()


def on_activations(estimator: Estimator, seed: int, rate: float, budget: int) -> Run:
    """Our own loop: dL/dh by an estimator on 16 images a step, and backprop through the front."""
    return train_front(new_front(seed), smooth_tail(seed).forward, estimator, budget, rate, seed)


def online_surrogate(seed: int, rate: float, budget: int) -> Run:
    """Our own loop: queries only fit a network of 64 hidden units to g, and the front learns through that."""
    surrogate = Network(Linear(16, 64), Tanh(), Linear(64, 10), seed=200 + seed)
    return train_online(new_front(seed), surrogate, smooth_tail(seed).forward, budget, rate, seed)


def backprop(seed: int, rate: float, budget: int) -> Run:
    """The white-box reference: one query an example, and the true gradient."""
    bed, rule = Bed(seed, 16), Adam(rate)
    theta = bed.front.theta.copy()
    while bed.box.queries < budget:
        bed.draw()
        bed.loss(theta)  # counts
        logits = bed.tail.forward(bed.front.forward(bed.x))
        grad_logits = softmax_cross_entropy(logits, bed.y)[1]
        bed.front.backward(bed.tail.backward(grad_logits, need_grad_x=True))
        rule.step(theta, bed.front.grad)
        bed.record(theta)
    return bed.run()


def cma_es_on_targets(seed: int, sigma0: float, budget: int) -> Run:
    """Ten searches for the h (16,) that g reads as this digit; the front learns to return it, without queries."""
    import cma

    bed, rule, targets = Bed(seed), Adam(5e-3), np.zeros((10, 16))
    options = {"verbose": -9}
    searches = [
        cma.CMAEvolutionStrategy(np.zeros(16), sigma0, options | {"seed": 10 * seed + digit + 1})
        for digit in range(10)
    ]
    while bed.box.queries < budget:
        for digit, search in enumerate(searches):
            asked = search.ask()
            answers = bed.box(np.tanh(asked))  # what a front can return lies between -1 and 1
            search.tell(asked, cross_entropies(answers, np.full(len(asked), digit)))
            targets[digit] = np.tanh(search.mean)
        for _ in range(100):
            bed.draw()
            _, grad_h = mean_squared_error(bed.front.forward(bed.x), targets[bed.y])
            bed.front.backward(grad_h)
            rule.step(bed.front.theta, bed.front.grad)
        bed.record(bed.front.theta)
    return bed.run()


class Method(NamedTuple):
    """How to run it, the settings to choose from, and its budget in queries."""

    run: Callable[[int, float, int], Run]  # (seed, setting, budget)
    settings: tuple[float, ...]
    budget: int


def weight_differences(losses: Losses, theta: np.ndarray, rng: np.random.Generator) -> Estimate:
    return forward_difference(losses, theta, 1e-5)


def weight_spsa(losses: Losses, theta: np.ndarray, rng: np.random.Generator) -> Estimate:
    return spsa(losses, theta, 1e-3, rng)


def activation_differences(losses: Losses, h: np.ndarray, rng: np.random.Generator) -> Estimate:
    return forward_difference(losses, h, 1e-4)


def one_direction(losses: Losses, h: np.ndarray, rng: np.random.Generator) -> Estimate:
    return spsa(losses, h, 0.01, rng)


RATES, LARGE_RATES = (0.001, 0.002, 0.005, 0.01, 0.02), (0.005, 0.01, 0.02, 0.05, 0.1)
STEPS, LARGE_STEPS = (0.01, 0.03, 0.1, 0.3, 1.0), (0.1, 0.3, 1.0, 3.0, 10.0)
SMALL_STEPS = (0.0003, 0.001, 0.003, 0.01, 0.03)
METHODS = {
    "backprop through g": Method(backprop, RATES, 40_000),
    "on-line surrogate": Method(online_surrogate, LARGE_RATES, 10_000),
    "one random direction": Method(partial(on_activations, one_direction), RATES, 40_000),
    "activation differences": Method(partial(on_activations, activation_differences), LARGE_RATES, 40_000),
    "CMA-ES on ten targets": Method(cma_es_on_targets, LARGE_STEPS, 4_000),
    "SPSA on the weights": Method(partial(on_weights, weight_spsa, 64), RATES, BUDGET),
    "weight differences": Method(partial(on_weights, weight_differences, 16), LARGE_RATES, BUDGET),
    "separable CMA-ES": Method(partial(separable_cma_es, IMAGES), STEPS, BUDGET),
    "separable CMA-ES, 50 images": Method(partial(separable_cma_es, 50), STEPS, BUDGET),
    "nevergrad OnePlusOne": Method(partial(nevergrad, "OnePlusOne"), SMALL_STEPS, BUDGET),
    "nevergrad NGOpt": Method(partial(nevergrad, "NGOpt"), SMALL_STEPS, BUDGET),
    "scipy differences + Adam": Method(scipy_and_adam, LARGE_RATES, BUDGET),
}


def thin(run: Run) -> dict:
    """A run as JSON: every step that is better than all before, and about forty others, evenly in log queries."""
    best = np.maximum.accumulate(np.r_[-1, run.accuracy])
    better = np.flatnonzero(run.accuracy > best[:-1])
    spread = np.searchsorted(run.queries, np.geomspace(run.queries[0], run.queries[-1], 40))
    kept = np.union1d(better, spread)
    return {
        "queries": run.queries[kept].tolist(),
        "accuracy": run.accuracy[kept].round(4).tolist(),
        "test": round(run.test, 4),
    }


def measure(name: str) -> dict:
    """Choose the method's number, then run it on every seed: what is stored of it."""
    method, start = METHODS[name], time.perf_counter()
    scores = [
        np.mean([method.run(seed, setting, method.budget).accuracy.mean() for seed in TUNING_SEEDS])
        for setting in method.settings
    ]
    setting = method.settings[np.argmax(scores)]
    runs = [thin(method.run(seed, setting, method.budget)) for seed in SEEDS]
    edge = " (the edge of the grid)" if setting in (method.settings[0], method.settings[-1]) else ""
    print(f"{name}: {setting}{edge}, {time.perf_counter() - start:.0f} s; {np.round(scores, 3)}", flush=True)
    return {
        "setting": setting,
        "settings": method.settings,
        "scores": np.round(scores, 4).tolist(),
        "seeds": list(SEEDS),
        "runs": runs,
    }


def store(names: list[str]) -> None:
    """Measure these methods anew and write them among those that are stored, a run to a line."""
    known = json.loads(FILE.read_text()) if FILE.exists() else {}
    for name in names:
        known[name] = measure(name)
        text = json.dumps({name: known[name] for name in METHODS if name in known})
        FILE.write_text(text.replace('{"queries"', '\n{"queries"').replace('}]}, "', '}]},\n"') + "\n")


# --- what is stored, and whether it holds ---


def print_table(runs: dict[str, list[Run]]) -> bool:
    """The stored figures, and how many times the queries of activation differences each method needs."""
    white_box = np.median([run.test for run in runs[WHITE_BOX]])
    levels = [share * white_box for share in (0.8, 0.9, 0.95)]
    until = {
        name: [np.median([run.until(level) for run in those]) for level in levels]
        for name, those in runs.items()
    }
    ratio = {name: values[0] / until[OURS][0] for name, values in until.items()}
    print(
        f"\nTraining through an unknown tail: queries until 80, 90 and 95 % of {white_box:.3f}, which backprop "
        f"reaches (medians of {len(runs[OURS])} seeds), times {OURS} until 80 %, accuracy at the end of the budget\n"
    )
    for name, those in runs.items():
        cells = [f"{value:,.0f}" if np.isfinite(value) else "never" for value in until[name]]
        tests = [run.test for run in those]
        print(
            f"{name:28}{cells[0]:>11}{cells[1]:>11}{cells[2]:>11}{ratio[name]:>9.2f}   "
            f"{np.median(tests):.3f} ({min(tests):.3f} to {max(tests):.3f}) of {METHODS[name].budget:,}"
        )
    best = min(OFF_THE_SHELF, key=ratio.get)
    return verdict(
        ratio[best] >= AT_LEAST,
        f"the best off the shelf, {best}, asks {ratio[best]:.0f} times the queries of {OURS} (at least {AT_LEAST})",
    )


def check(name: str, known: Run, setting: float) -> bool:
    """Run the first part of what is stored for the first seed, and compare wherever something was stored."""
    part = max(min(PART, METHODS[name].budget), known.queries[0])
    run = METHODS[name].run(SEEDS[0], setting, part)
    shared = np.isin(known.queries, run.queries)
    now = run.accuracy[np.isin(run.queries, known.queries)]
    off = np.abs(now - known.accuracy[shared]).max()
    return verdict(
        off <= TOLERANCE,
        f"{name}: the first {run.queries[-1]:,} queries repeat the stored curve to {off:.3f} (at most {TOLERANCE})",
    )


def main(names: list[str] | None = None) -> int:
    """Print the stored figures, then repeat a part of all methods or of these; returns 0 if all hold."""
    runs, known = stored_runs(), json.loads(FILE.read_text())
    results = [print_table(runs)]
    print()
    for name in names or METHODS:
        try:
            results.append(check(name, runs[name][0], known[name]["setting"]))
        except ImportError as error:
            print(f"LEFT OUT  {name}: {error.name} is not installed: pip install -e '.[bench]'")
    return 0 if all(results) else 1


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--store", action="store_true", help="choose settings and run all seeds anew")
    parser.add_argument("methods", nargs="*", metavar="method", help=f"of {', '.join(METHODS)}")
    arguments = parser.parse_args()
    if unknown := set(arguments.methods) - set(METHODS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; the methods are {', '.join(METHODS)}")
    if arguments.store:
        store(arguments.methods or list(METHODS))
    sys.exit(main(arguments.methods))
