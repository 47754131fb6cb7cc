"""Runs that take too long for a lesson, made once: ``python -m benchmarks.practitioner --store``."""

import json
from pathlib import Path

import numpy as np

from course_utils.beds.unknown.fronts import Run

FILE = Path(__file__).parents[2] / "datasets" / "practitioner.json"


def stored_runs() -> dict[str, list[Run]]:
    """Method → its runs, one for each of five seeds, on the smooth tail of that seed and ``new_front(seed)``.

    The curves are thinned: they keep every step that read more validation images right than all before,
    so that ``until`` is exact, and about forty others.
    """
    stored = json.loads(FILE.read_text())
    return {
        name: [
            Run(np.array(run["queries"]), np.array(run["accuracy"]), run["test"]) for run in method["runs"]
        ]
        for name, method in stored.items()
    }
