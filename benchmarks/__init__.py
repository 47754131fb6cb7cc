"""How fast the engine is beside named peers, and what each lesson costs: ``python -m benchmarks``.

Everything runs with one thread on one core, which has to be said before NumPy loads.
"""

import os
import time

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

if hasattr(os, "sched_setaffinity"):  # Linux; kernels that we start inherit it
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import numpy as np  # noqa: E402


def yard() -> float:
    """Seconds that a fixed piece of NumPy work takes now: 20,000 products of 64 x 64 with a tanh, as in training.

    Budgets of time are counted in these, so that they mean the same on a slow machine.
    """
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((2, 64, 64))
    start = time.perf_counter()
    for _ in range(20_000):
        np.tanh(x @ W)
    return time.perf_counter() - start


def verdict(holds: bool, sentence: str) -> bool:
    """Print one budget as a PASS or FAIL line; returns whether it holds."""
    print(f"{'PASS' if holds else 'FAIL'}  {sentence}", flush=True)
    return holds
