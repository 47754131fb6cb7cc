"""How fast the engine is beside named peers, and what each lesson costs: ``python -m benchmarks``.

Everything runs with one thread on one core, which has to be said before NumPy loads.
"""

import os

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

if hasattr(os, "sched_setaffinity"):  # Linux; kernels that we start inherit it
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})


def verdict(holds: bool, sentence: str) -> bool:
    """Print one budget as a PASS or FAIL line; returns whether it holds."""
    print(f"{'PASS' if holds else 'FAIL'}  {sentence}", flush=True)
    return holds
