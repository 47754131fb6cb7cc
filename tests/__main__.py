"""Everything that must hold, in parts: ``python -m tests`` (or ``make test``).

Every part runs, whatever the others say; the exit code is 0 only if all of them pass. What stands
behind the command goes to pytest in every part: ``python -m tests -k browser``.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

from course_utils.learner import environment
from tests.processors import ARITHMETICS, LONGEST_FIRST, NOTEBOOKS, SHORT

COURSE = Path(__file__).resolve().parents[1]
ROOMS = [
    f"tests/{room}"
    for room in ("whole", "teaching", "exercises", "learner", "beds", "engine", "show", "pytorch", "making")
]
PARTS = [
    ("solutions: every notebook prints what it stores", [*NOTEBOOKS, *LONGEST_FIRST], {}),
    (
        "short solutions once more, without vector instructions",
        [*NOTEBOOKS, *SHORT],
        ARITHMETICS["none"],
    ),
    (
        "tests: the package, the checks, the blank lessons, a real browser",
        # In this order: a browser and a class take long, and what comes last should not.
        ["-n", "2", "--dist", "loadfile", "--no-loadscope-reorder", *ROOMS],
        {},
    ),
]


def main(options: list[str]) -> int:
    """Run the parts in turn, then say how each went and how long it took."""
    if environment.point_here() != 0:
        return 1
    began = time.monotonic()
    summary, failed = [], 0
    for part, arguments, variables in PARTS:
        print(f"\n── {part}", flush=True)
        start = time.monotonic()
        # No tests found is pytest's code 5, and a failure like any other.
        code = subprocess.call(
            [sys.executable, "-m", "pytest", "-q", "-rs", *arguments, *options],
            cwd=COURSE,
            env=os.environ | variables,
        )
        failed += code != 0
        summary.append(f"{'passed' if code == 0 else 'FAILED'}  {time.monotonic() - start:4.0f} s  {part}")
    print("\n" + "\n".join(summary))
    print(
        f"{'All passed' if not failed else f'{failed} of {len(PARTS)} parts failed'}, {time.monotonic() - began:.0f} s in all."
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
