"""The stored runs of what a practitioner would pick: whole, chosen fairly, and repeatable."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from course_utils.beds.unknown.stored import FILE, stored_runs


@pytest.fixture(scope="module")
def runs():
    return stored_runs()


def test_every_method_has_five_seeds_and_curves_that_make_sense(runs):
    assert len(runs) == 12 and FILE.stat().st_size < 200_000
    for name, seeds in runs.items():
        assert len(seeds) == 5, name
        for run in seeds:
            assert run.queries.shape == run.accuracy.shape and len(run.queries) <= 240
            assert np.all(np.diff(run.queries) > 0) and run.queries[0] > 0
            np.testing.assert_allclose(run.accuracy * 200, np.round(run.accuracy * 200))  # of 200 images
            assert run.accuracy.max() <= 1 and 0 < run.test <= 1
            assert abs(run.test - run.accuracy[-1]) < 0.12


def test_settings_were_chosen_from_grids_of_one_size_and_inside_them():
    for name, method in json.loads(FILE.read_text()).items():
        assert len(method["settings"]) == len(method["scores"]) == 5
        place = int(np.argmax(method["scores"]))
        assert method["settings"][place] == method["setting"], name
        assert 0 < place < 4, f"{name}: the best setting is at the edge of its grid"


def test_all_on_the_weights_had_the_same_budget(runs):
    """1.5 million queries, to within a step of theirs."""
    weights = [name for name in runs if "CMA-ES on" not in name and runs[name][0].queries[-1] > 100_000]
    assert len(weights) == 7
    for name in weights:
        steps = {"weight differences": 16 * 2609, "scipy differences + Adam": 200 * 2609}
        for run in runs[name]:
            assert 1_500_000 <= run.queries[-1] < 1_500_000 + steps.get(name, 6000), name


def test_the_benchmark_repeats_the_first_part_of_what_is_stored():
    """By its own command, with what needs no package but the course's."""
    methods = ["SPSA on the weights", "weight differences"]
    result = subprocess.run(
        [sys.executable, "-m", "benchmarks.practitioner", *methods],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert "PASS  the best off the shelf" in result.stdout
    for method, queries in zip(methods, ("30,080", "41,744"), strict=True):
        assert f"PASS  {method}: the first {queries} queries repeat the stored curve" in result.stdout
