"""Modules that had other names in older lessons: whoever still imports one is told the new name."""

import importlib.abc
import sys
from collections.abc import Sequence

MOVED = {
    "course_utils.nn": "course_utils.engine.nn",
    "course_utils.update": "course_utils.engine.update",
    "course_utils.estimate": "course_utils.engine.estimate",
    "course_utils.blackbox": "course_utils.engine.blackbox",
    "course_utils.structure": "course_utils.engine.structure",
    "course_utils.scalar": "course_utils.engine.scalar",
    "course_utils.claims": "course_utils.show.claims",
    "course_utils.plots": "course_utils.show.plots",
    "course_utils.widgets": "course_utils.show.widgets",
    "course_utils.graph_plots": "course_utils.show.graph",
    "course_utils.data": "course_utils.beds.data",
    "course_utils.strings": "course_utils.beds.zoo.strings",
    "course_utils.zoo": "course_utils.beds.zoo.models",
    "course_utils.tails": "course_utils.beds.unknown.tails",
    "course_utils.fronts": "course_utils.beds.unknown.fronts",
    "course_utils.bars": "course_utils.beds.unknown.bars",
    "course_utils.hybrids": "course_utils.beds.unknown.hybrids",
    "course_utils.stored": "course_utils.beds.unknown.stored",
    "course_utils.query_plots": "course_utils.beds.unknown.pictures",
    "course_utils.layer_before": "course_utils.beds.two_losses.layer_before",
    "course_utils.structure_plots": "course_utils.beds.low_pass.pictures",
    "course_utils.beds.layer_before": "course_utils.beds.two_losses.layer_before",
    "course_utils.beds.structure_pictures": "course_utils.beds.low_pass.pictures",
    "course_utils.capstone": "course_utils.beds.capstone",
    "course_utils.lab": "course_utils.learner.lab",
    "course_utils.workspace": "course_utils.learner.workspace",
    "course_utils.exercises.lesson12": "course_utils.exercises.lessons.lesson13",
}


class Signpost(importlib.abc.MetaPathFinder):
    """Python asks it last, for a module that nobody else finds."""

    def find_spec(self, name: str, path: Sequence[str] | None, target: object = None) -> None:
        """Nothing. Raises ModuleNotFoundError, in one sentence, for a name of MOVED."""
        if name in MOVED:
            package, _, module = MOVED[name].rpartition(".")
            raise ModuleNotFoundError(
                f"{name} has moved: write `from {package} import {module}` and, for what was imported from it, "
                f"`from {MOVED[name]} import …`, or take the lesson as it is now with make fresh."
            )


def put_up() -> None:
    """Let Python ask the signpost, once."""
    if not any(isinstance(finder, Signpost) for finder in sys.meta_path):
        sys.meta_path.append(Signpost())
