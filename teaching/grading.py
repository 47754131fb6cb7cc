"""How nbgrader grades the course: what ``nbgrader autograde`` does differently here (see nbgrader_config.py).

nbgrader by itself runs the whole notebook in one kernel, on the teacher's account. One killed kernel
loses all points, a lesson's training takes minutes, and a submission can change the test that judges
it. Here each exercise is called by itself in a sandbox, only values come out, and they are judged here.
"""

import base64
import json
import math
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor, OverwriteCells
from nbgrader.utils import is_grade
from traitlets import Float

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import Outcome, expected_values, judge
from course_utils.exercises.running import SECONDS, Run
from teaching import sandbox

INSIDE = Path(__file__).with_name("inside.py")
PREFIX = "points-"  # of the grade_id of a graded cell; the rest is the exercise's name
BLANK = Outcome("not attempted", "There is nothing here yet.")
DIED = (
    "Nothing came back from it: it ended the whole program, used more than its memory, or did not stop. "
    "The other exercises are not touched by that."
)


class CheckExercises(NbGraderPreprocessor):
    """In place of nbgrader's Execute: fills each graded cell with what its exercise earned."""

    seconds = Float(
        2 * SECONDS,
        help="Seconds for one call of a function. Learners have half of that, so a busy machine costs no points.",
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        sources = [cell.source for cell in nb.cells if cell.cell_type == "code" and not is_grade(cell)]
        cells = {
            cell.metadata.nbgrader.grade_id.removeprefix(PREFIX): cell for cell in nb.cells if is_grade(cell)
        }
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(lambda name: ask(name, sources, self.seconds), cells))
        for (name, cell), answer in zip(cells.items(), answers, strict=True):
            cell.outputs = outputs(name, read(name, answer), cell.metadata.nbgrader.points)
        return nb, resources


class RestoreCells(OverwriteCells):
    """nbgrader's OverwriteCells, which stops with a KeyError when an exercise's own cell is gone as well.

    Deleted graded cells come back at the end of the notebook; where they stand changes nothing.
    """

    def add_missing_grade_cells(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        here = {cell.metadata.nbgrader.grade_id for cell in nb.cells if is_grade(cell)}
        notebook = self.gradebook.find_notebook(self.notebook_id, self.assignment_id)
        sources = {cell.name: cell for cell in notebook.source_cells}
        for cell in notebook.grade_cells:
            if cell.name not in here:
                restored = self.missing_cell_transform(sources[cell.name], cell.max_score)
                restored["id"] = f"restored-{cell.name}"[:64]
                nb.cells.append(restored)
        return nb, resources


def before_grading(notebooks: list[str], **names: Any) -> None:
    """nbgrader's hook before each submission: is there a sandbox, and is the notebook called as it was?

    Without a sandbox grading ends here, before anything is written. "02_backprop (1).ipynb" counts as
    02_backprop.ipynb where that is missing; of several others the newest. The original stays.
    """
    try:
        sandbox.require()
    except sandbox.NoSandbox as reason:
        raise SystemExit(str(reason)) from None
    found = [Path(notebook) for notebook in notebooks]
    wanted = found[0].with_name(f"{found[0].parent.name}.ipynb")
    if wanted not in found:
        shutil.copy2(max(found, key=lambda path: path.stat().st_mtime), wanted)
        notebooks[:] = [str(wanted)]  # this list is the one that nbgrader goes through next


def ask(name: str, sources: list[str], seconds: float) -> str:
    """What the sandbox says of exercise ``name`` of a submission whose code cells are ``sources``."""
    return sandbox.run(INSIDE, json.dumps({"name": name, "cells": sources, "seconds": seconds}))


def read(name: str, answer: str) -> Outcome:
    """The outcome of what came out of the sandbox. Trusts nothing of it but values that are right."""
    exercise = all_exercises()[name]
    expected_values(name)  # outside the 'try': if this fails it is our error, and nobody's lost points
    try:
        said = json.loads(answer)
        if "missing" in said:
            return Outcome("not yet", str(said["missing"])[:500]) if said["missing"] else BLANK
        runs = [as_run(run) for run in said["runs"]]
        outcome = judge(exercise, runs)
    except Exception:  # noqa: BLE001 - whatever a submission made of it, it is no answer
        return Outcome("not yet", DIED)
    if outcome.status == "solved" and len(runs) != len(exercise.cases):
        return Outcome("not yet", DIED)
    return outcome


def as_run(said: dict[str, Any]) -> Run:
    return Run(
        values={str(name): value_of(value) for name, value in said["values"].items()},
        problem=str(said["problem"])[:500],
        error=str(said["error"]),
        blank=bool(said["blank"]),
        stopped=bool(said["stopped"]),
        changed=tuple(map(str, said["changed"])),
    )


def value_of(said: Any) -> Any:
    """The inverse of ``inside.plain``. ValueError for what it cannot have written."""
    if not isinstance(said, dict):
        return said
    ((kind, content), *rest) = said.items()
    match kind:
        case "array":
            number = np.dtype(said["type"])
            if number.kind not in "biufc" or any(size < 0 for size in said["shape"]):
                raise ValueError("no array of numbers")
            array = np.frombuffer(base64.b64decode(content), number, math.prod(said["shape"]))
            return array.reshape(said["shape"])
        case "tuple":
            return tuple(value_of(v) for v in content)
        case "list":
            return [value_of(v) for v in content]
    return type(str(content), (), {})()  # stands for an object that is no result, under its type's name


def outputs(name: str, outcome: Outcome, points: float) -> list[NotebookNode]:
    """What a graded cell shows: the card as in the lesson, and the points. An error means none."""
    html, plain = draw(all_exercises()[name], outcome)
    card = new_output("display_data", {"text/html": html, "text/plain": plain})
    if outcome.status == "solved":
        return [card, new_output("stream", name="stdout", text=f"{points:g} of {points:g} points\n")]
    said = f"0 of {points:g} points: {outcome.message}"
    return [
        card,
        new_output("error", ename="AssertionError", evalue=said, traceback=[f"AssertionError: {said}"]),
    ]
