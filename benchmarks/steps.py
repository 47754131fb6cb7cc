"""The training step of this engine beside its peers: ``python -m benchmarks.steps``.

The contenders take turns of four milliseconds, so that a busy moment of the machine hits all of
them. Other work on the machine can only make a turn slower, never faster, so what is compared is each
contender's quick turns: the fastest tenth ends at the time that is printed.
"""

import gc
import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import numpy as np

from benchmarks import peers, verdict
from benchmarks.peers import Problem, make_problem

SMALL, LARGE = ((64, 32, 32, 10), 32), ((64, 128, 64, 10), 64)  # widths, batch
ENGINE, BARE, TORCH, JAX = "this engine", "bare matrix products", "PyTorch eager", "JAX compiled"
CONTENDERS = {
    ENGINE: peers.this_engine,
    BARE: peers.bare_products,
    TORCH: peers.pytorch,
    JAX: peers.jax,
    "HIPS autograd": peers.hips_autograd,
    "micrograd": peers.micrograd,
}
PACKAGES = {TORCH: "torch", JAX: "jax", "HIPS autograd": "autograd", "micrograd": "micrograd"}
FLOAT64_ONLY = {"HIPS autograd", "micrograd"}

TURNS = 250
TURN_SECONDS = 0.004
SLOW_SECONDS, SLOW_TURNS = 0.01, 3  # a step that takes longer than this is timed only so often

Seconds = dict[tuple[str, str], float]  # (contender, dtype) -> seconds a step


def quick_seconds(steps: dict[tuple[str, str], Callable[[], object]], turns: int = TURNS) -> Seconds:
    """Seconds a call of each: the first decile over interleaved turns."""
    calls, limits = {}, {}
    for key, step in steps.items():
        step(), step()  # compiles, allocates
        start = time.perf_counter()
        step()
        once = time.perf_counter() - start
        calls[key] = max(1, round(TURN_SECONDS / once))
        limits[key] = SLOW_TURNS if once > SLOW_SECONDS else turns

    samples = {key: [] for key in steps}
    gc.collect()
    gc.disable()  # as timeit does: micrograd alone makes so much garbage that it would be timed collecting it
    order = list(steps)
    for turn in range(turns):
        random.Random(turn).shuffle(
            order
        )  # in a fixed order another process could hit the same one every time
        for key in order:
            step = steps[key]
            if turn < limits[key]:
                step()  # brings its own arrays back into the cache
                start = time.perf_counter()
                for _ in range(calls[key]):
                    step()
                samples[key].append((time.perf_counter() - start) / calls[key])
    gc.enable()
    return {key: quick(values) for key, values in samples.items()}


def quick(values: list[float]) -> float:
    """The first decile; of a few values, the least."""
    return statistics.quantiles(values, n=10)[0] if len(values) >= 10 else min(values)


def check_same(name: str, problem: Problem, evaluate: Callable[[], tuple[float, np.ndarray]]) -> None:
    """Raise unless this contender computes the loss and the gradients of this engine."""
    loss, grad = evaluate()
    expected_loss, expected = peers.this_engine(problem)[1]()
    off = max(
        abs(loss - expected_loss) / expected_loss, np.abs(grad - expected).max() / np.abs(expected).max()
    )
    if not off < (1e-5 if problem.dtype == np.float32 else 1e-10):  # 'not' also catches nan
        raise AssertionError(f"{name} computes another loss or gradient in {problem.dtype}: off by {off:.1e}")


def measure(widths: tuple[int, ...], batch: int, names: list[str]) -> tuple[Seconds, list[str]]:
    """Check, then time these contenders in both dtypes; returns seconds a step, and who was left out."""
    steps, left_out = {}, []
    for name in names:
        for dtype in (np.float32, np.float64):
            if dtype is np.float32 and name in FLOAT64_ONLY:
                continue
            problem = make_problem(widths, batch, dtype)
            if name == "micrograd":  # one example, scaled below
                problem = Problem(problem.x[:1], problem.y[:1], problem.weights)
            try:
                step, evaluate = CONTENDERS[name](problem)
            except ImportError:
                left_out += [name] if name not in left_out else []
                continue
            check_same(name, problem, evaluate)
            steps[name, problem.dtype.name] = step
    seconds_a_step = quick_seconds(steps)
    if ("micrograd", "float64") in seconds_a_step:
        seconds_a_step["micrograd", "float64"] *= batch
    return seconds_a_step, left_out


def print_table(widths: tuple[int, ...], batch: int, names: list[str], seconds_a_step: Seconds) -> None:
    """Microseconds a step, and how many times this engine's time that is."""
    print(
        f"\nTraining step of {'-'.join(map(str, widths))} at batch {batch}: microseconds (times this engine)\n"
    )
    print(f"{'':22}{'float32':>20}{'float64':>28}")
    for name in names:
        cells = []
        for dtype in ("float32", "float64"):
            seconds = seconds_a_step.get((name, dtype))
            cells.append(
                f"{1e6 * seconds:,.0f} ({seconds / seconds_a_step[ENGINE, dtype]:,.2f})" if seconds else "-"
            )
        if set(cells) != {"-"}:
            print(f"{name:22}{cells[0]:>20}{cells[1]:>28}", flush=True)


def check_budgets(small: Seconds, large: Seconds) -> bool:
    """Print a line for every budget; returns whether all that could be measured hold."""
    results = []
    for peer, dtype, at_least in [
        (TORCH, "float32", 3),
        (TORCH, "float64", 2),
        (JAX, "float32", 1),
        (JAX, "float64", 1),
    ]:
        wanted = f"than {peer} in {dtype} at 64-32-32-10, batch 32 (at least {at_least})"
        if (peer, dtype) not in small:
            print(f"LEFT OUT  how many times faster {wanted}: {peer} is not installed")
            continue
        ratio = small[peer, dtype] / small[ENGINE, dtype]
        results.append(verdict(ratio >= at_least, f"{ratio:.2f} times faster {wanted}"))
    ratio = large[ENGINE, "float64"] / large[BARE, "float64"]
    results.append(
        verdict(
            ratio <= 1.5,
            f"{ratio:.2f} times the bare products in float64 at 64-128-64-10, batch 64 (at most 1.5)",
        )
    )
    return all(results)


def tuned_jax() -> None:
    """JAX at its best for steps this small, beside this engine. Its dispatch is settled when jax loads."""
    CONTENDERS["JAX tuned"] = lambda problem: peers.jax(problem, donate=True)
    names = [ENGINE, "JAX tuned"]
    for widths, batch in (SMALL, LARGE):
        seconds_a_step, left_out = measure(widths, batch, names)
        if not left_out:
            print_table(widths, batch, names, seconds_a_step)


def main() -> int:
    """Print both tables and the budgets; returns 0 if every budget holds."""
    print("One thread, one core. All contenders compute the same loss and gradients: checked before timing.")
    seconds_a_step = {}
    for widths, batch in (SMALL, LARGE):
        seconds_a_step[widths], left_out = measure(widths, batch, list(CONTENDERS))
        print_table(widths, batch, list(CONTENDERS), seconds_a_step[widths])
    for name in left_out:
        print(f"\nLeft out: {name}, because {PACKAGES[name]} is not installed: pip install -e '.[bench]'")

    if JAX not in left_out:
        print(
            "\nFor comparison, without a budget: JAX told to work in the calling thread "
            "(JAX_CPU_ENABLE_ASYNC_DISPATCH=0) and to reuse the memory of the weights (donate_argnums).",
            flush=True,
        )
        subprocess.run(
            [sys.executable, "-m", "benchmarks.steps", "--tuned-jax"],
            env=os.environ | {"JAX_CPU_ENABLE_ASYNC_DISPATCH": "0"},
            check=True,
        )
    print(f"\nBudgets, meant for a quiet machine (load average now: {os.getloadavg()[0]:.1f})")
    return 0 if check_budgets(seconds_a_step[SMALL[0]], seconds_a_step[LARGE[0]]) else 1


if __name__ == "__main__":
    if sys.argv[1:] == ["--tuned-jax"]:
        tuned_jax()
    else:
        sys.exit(main())
