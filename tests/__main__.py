"""Everything that must hold, in two parts: ``python -m tests`` (or ``make test``).

Every part runs, whatever the others say; the exit code is 0 only if all of them pass.
"""

import subprocess
import sys
import time
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
NOTEBOOKS = ["--nbval-current-env", "--nbval-cell-timeout=120", "-n", "2", "--dist", "loadfile"]
PARTS = {
    "solutions: every notebook prints what it stores": [
        "--nbval", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg", *NOTEBOOKS, "solutions",
    ],
    "tests: the package, the checks, the blank lessons, a real browser": ["-n", "2", "--dist", "loadfile", "tests"],
}  # fmt: skip


def main() -> int:
    """Run the parts in turn, then say how each went and how long it took."""
    began = time.monotonic()
    summary, failed = [], 0
    for part, arguments in PARTS.items():
        print(f"\n── {part}", flush=True)
        start = time.monotonic()
        # No tests found is pytest's code 5, and a failure like any other.
        code = subprocess.call([sys.executable, "-m", "pytest", "-q", "-rs", *arguments], cwd=COURSE)
        failed += code != 0
        summary.append(f"{'passed' if code == 0 else 'FAILED'}  {time.monotonic() - start:4.0f} s  {part}")
    print("\n" + "\n".join(summary))
    print(
        f"{'All passed' if not failed else f'{failed} of {len(PARTS)} parts failed'}, {time.monotonic() - began:.0f} s in all."
    )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
