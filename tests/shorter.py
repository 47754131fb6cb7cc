"""The long lessons with less training, for tests that are to find an error and no result.

A lesson runs at full length once, as a solution, where every claim is asked for. Blank, with each
exercise broken in turn, and in a browser it trains less; what it finds then is no finding.
"""

from pathlib import Path

import nbformat

SHORTER = {
    "02": {"EPOCHS, SIZE = 30, 32": "EPOCHS, SIZE = 2, 32"},
    "03": {"epochs=10": "epochs=1"},
    "05": {
        "STEPS = 300": "STEPS = 6",
        "6), 64, seed=0)": "6), 8, seed=0)",
        "SEEDS = range(5)": "SEEDS = range(2)",
    },
    "06": {
        "STEPS = 36": "STEPS = 3",
        "SEEDS = range(5)": "SEEDS = range(2)",
        "steps=600, size=100": "steps=60, size=100",
        "steps=400, size=64": "steps=40, size=64",
    },
    "07": {
        "BUDGET, BAR = [0.005, 0.01, 0.02, 0.04], 12_000": "BUDGET, BAR = [0.01], 200",
        "SEEDS = range(5)": "SEEDS = range(2)",
    },
    "08": {
        "SEEDS = range(5)": "SEEDS = range(2)",
        "STEPS = 512": "STEPS = 20",
        "[0.001, 0.003, 0.01, 0.03]": "[0.01]",
        "FIT = 1024": "FIT = 20",
        "QUERIES, LENGTH, BARS_RATE = 1800, 900,": "QUERIES, LENGTH, BARS_RATE = 90, 45,",
        "(225, None)": "(9, None)",
        "FURTHER = 300": "FURTHER = 10",
        "20_000": "1000",
        "24_000": "1000",
        "rough.forward, 1024,": "rough.forward, 64,",
        "budget=384": "budget=64",
        "COST_RATES, NEAR = [0.01, 0.03, 0.1]": "COST_RATES, NEAR = [0.01]",
    },
    "09": {
        "BUDGET = 24_000": "BUDGET = 200",
        "SEEDS = range(5)": "SEEDS = range(2)",
        "standard_normal(1000)": "standard_normal(20)",
        "standard_normal((4000,": "standard_normal((40,",
    },
    "10": {
        "EPOCHS = 8": "EPOCHS = 1",
        "SEEDS = range(5)": "SEEDS = range(2)",
        "CHOOSING = range(100, 102)": "CHOOSING = range(100, 101)",
        "3 * seed + n) for seed in SEEDS for n in range(3)": "seed) for seed in SEEDS",
        "hard_tokens.train(zoo, seed, choose, rate)": "hard_tokens.train(zoo, seed, choose, rate, 2)",
    },
    "11": {"STEPS = 250": "STEPS = 10", "SEEDS = range(5)": "SEEDS = range(2)"},
    "12": {"STEPS = 600": "STEPS = 60", "SEEDS = range(5)": "SEEDS = range(2)"},
    "13": {
        "capstone.task(seed)": "capstone.task(seed, 128)",
        "SEEDS = range(5)": "SEEDS = range(2)",
        "CHOOSING = range(100, 102)": "CHOOSING = range(100, 101)",
    },
}


def shorten(path: Path) -> nbformat.NotebookNode:
    """The notebook with its constants replaced; AssertionError if it no longer says one of them."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for long, short in SHORTER.get(path.name[:2], {}).items():
        assert sum(long in cell.source for cell in cells) == 1, f"{path.name} no longer says {long}"
        for cell in cells:
            cell.source = cell.source.replace(long, short)
    return notebook
