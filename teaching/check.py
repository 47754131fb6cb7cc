"""What grading will see of your notebook: ``python -m teaching.check my_lessons/02_backprop.ipynb`` (or ``make check``).

In a class each exercise is called by itself, with what its cell needs from the others. Here the same is done
with your own notebook, on your own machine, and said in the same words, before you hand in.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.running import SECONDS
from teaching.judging import INSIDE, as_python, read
from teaching.submission import Unreadable, read_cells

COURSE = Path(__file__).resolve().parents[1]


def seen(path: Path) -> list[str]:
    """A line for each exercise that the notebook defines. Raises Unreadable."""
    sources = [as_python(cell.source) for cell in read_cells(path) if cell.kind == "code"]
    lines = []
    for name, exercise in all_exercises().items():
        if not any(re.search(rf"^@exercise\s+def {name}\(", source, re.MULTILINE) for source in sources):
            continue
        job = json.dumps({"name": name, "cells": sources, "seconds": 2 * SECONDS})
        try:
            done = subprocess.run(
                [sys.executable, "-c", f"import runpy; runpy.run_path({str(INSIDE)!r}, run_name='__main__')"],
                cwd=COURSE, input=job.encode(errors="replace"), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60, check=False,
            )  # fmt: skip
            answer = done.stdout.decode(errors="replace")
        except subprocess.TimeoutExpired:
            answer = ""
        outcome = read(name, answer)
        lines.append(f"{exercise.number}  {name}: {outcome.status}. {outcome.message}")
    return lines


def main(arguments: list[str]) -> int:
    """Print what grading will see. Returns 0, or 1 if there is no notebook to be read."""
    if len(arguments) != 1:
        print("Name one notebook: python -m teaching.check my_lessons/02_backprop.ipynb", file=sys.stderr)
        return 1
    path = Path(arguments[0])
    try:
        lines = seen(path)
    except Unreadable as why:
        print(f"{path}: {why}", file=sys.stderr)
        return 1
    print("\n".join(lines) or f"{path.name} has no exercise of the course.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
