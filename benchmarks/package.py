"""The helper package against its budgets: ``python -m benchmarks.package``.

How long an import takes, and the slowest check of any exercise.
"""

import subprocess
import sys
import time
from statistics import median

from benchmarks import verdict, yard
from course_utils.exercises import all_exercises, check
from course_utils.exercises.checking import expected_values
from making.bank_table import blank

YARDS_TO_IMPORT = 0.5
YARDS_TO_CHECK = 0.5
TRIES = 5

IMPORT = """
import sys, time
start = time.perf_counter()
import course_utils
print(time.perf_counter() - start, "torch" in sys.modules)
"""


def time_import() -> tuple[float, bool]:
    """Seconds of ``import course_utils`` in a fresh process (the median), and whether that loads torch."""
    answers = [
        subprocess.check_output([sys.executable, "-c", IMPORT], text=True).split() for _ in range(TRIES)
    ]
    return median(float(seconds) for seconds, _ in answers), answers[0][1] == "True"


def time_check(name: str, function) -> float:
    """Seconds that the check of one version takes when it is the first of its lesson (the median)."""
    times = []
    for _ in range(TRIES):
        expected_values.cache_clear()
        start = time.perf_counter()
        check(name, function)
        times.append(time.perf_counter() - start)
    return median(times)


def time_checks() -> list[tuple[float, str]]:
    """Seconds and name of every version of every exercise: wrong, right and blank."""
    return [
        (time_check(e.name, function), f"{e.number} {e.name}, given {function.__name__}")
        for e in all_exercises().values()
        for function in (*(m.wrong for m in e.misconceptions), *e.alternatives, e.reference, blank)
    ]


def main() -> int:
    """Print a line for every budget; returns 0 if all hold."""
    print("\nThe package\n")
    before = yard()
    seconds, loads_torch = time_import()
    times = time_checks()
    slowest, which = max(times)
    a_yard = (before + yard()) / 2
    results = [
        verdict(
            seconds <= YARDS_TO_IMPORT * a_yard,
            f"import course_utils: {seconds / a_yard:.2f} yards (at most {YARDS_TO_IMPORT}; {seconds:.2f} s)",
        ),
        verdict(not loads_torch, f"import course_utils {'loads' if loads_torch else 'does not load'} torch"),
        verdict(
            slowest <= YARDS_TO_CHECK * a_yard,
            f"slowest of {len(times)} checks: {slowest / a_yard:.2f} yards "
            f"(at most {YARDS_TO_CHECK}; {slowest:.3f} s): {which}",
        ),
    ]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
