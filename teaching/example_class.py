"""A made-up class, to see what the report of a real one looks like.

    python -m teaching.example_class FOLDER
    python -m teaching.class_report FOLDER --picture class.png

Thirty learners submit lesson 02. What each of them met is drawn by chance from the bank, and put into
their notebook as ``share_attempts`` does.
"""

import argparse
import sys
from collections import Counter, defaultdict
from pathlib import Path

import nbformat
import numpy as np

from course_utils.exercises import all_exercises
from course_utils.exercises.attempts import MIME, Made
from course_utils.exercises.bank import Exercise

LEARNERS, CONSENT, LESSON = 30, 0.9, "02"
Counts = dict[str, Counter[str]]  # exercise name: misconception, "tried" or "solved": learners


def write_class(folder: Path, seed: int = 0) -> Counts:
    """Write the submissions below ``folder`` as nbgrader keeps them; returns what was put in, of those who share."""
    rng = np.random.default_rng(seed)
    lesson = [exercise for exercise in all_exercises().values() if exercise.lesson == LESSON]
    counts: Counts = defaultdict(Counter)
    for number in range(LEARNERS):
        attempts = [made for exercise in lesson for made in _attempts(exercise, rng, number)]
        shares = rng.random() < CONSENT
        if shares:
            for exercise in lesson:
                here = [made for made in attempts if made["name"] == exercise.name]
                counts[exercise.name] += Counter({made["misconception"] for made in here} - {""})
                counts[exercise.name] += Counter(tried=bool(here), solved=here[-1]["status"] == "solved")
        target = folder / f"learner{number:02d}" / "02_backprop" / "02_backprop.ipynb"
        target.parent.mkdir(parents=True)
        nbformat.write(_submission(attempts if shares else None), target)
    return counts


def _attempts(exercise: Exercise, rng: np.random.Generator, learner: int) -> list[Made]:
    """Some misconceptions, early ones of the bank more often, then most often the solution."""
    names = [misconception.name for misconception in exercise.misconceptions]
    weights = 0.6 ** np.arange(len(names))
    met = rng.choice(names, size=rng.integers(0, 4), p=weights / weights.sum())
    results = [("not yet", str(name)) for name in met]
    if rng.random() < 0.8 or not results:
        results.append(("solved", ""))
    return [
        Made(
            exercise=exercise.number,
            name=exercise.name,
            when=f"2026-01-{1 + learner % 28:02d}T10:{minute:02d}",
            status=status,
            misconception=name,
        )
        for minute, (status, name) in enumerate(results)
    ]


def _submission(attempts: list[Made] | None) -> nbformat.NotebookNode:
    cell = nbformat.v4.new_code_cell(f'share_attempts("{LESSON}", {attempts is not None})')
    if attempts is not None:
        data = {"text/plain": "What I share", MIME: {"lesson": LESSON, "attempts": attempts}}
        cell.outputs = [nbformat.v4.new_output("display_data", data)]
    return nbformat.v4.new_notebook(cells=[cell])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Write the submissions of a made-up class of thirty.")
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a new folder")
    target = parser.parse_args().folder
    if target.exists():
        sys.exit(f"{target} is there already, and this command only writes into a new folder.")
    write_class(target)
    print(f"{LEARNERS} submissions are in {target}.")
