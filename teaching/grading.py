"""How nbgrader grades the course: what ``nbgrader autograde`` does differently here (see nbgrader_config.py).

nbgrader by itself runs the whole notebook in one kernel, on the teacher's account. One killed kernel
loses all points, a lesson's training takes minutes, and a submission can change the test that judges
it. Here each exercise is called by itself in a sandbox, only values come out, and they are judged here.
"""

import base64
import json
import math
import os
import re
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
from IPython.core.inputtransformer2 import TransformerManager
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Float

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import Outcome, expected_values, judge
from course_utils.exercises.running import SECONDS, Run
from teaching import sandbox
from teaching.submission import make_safe

SHARE = 15.0  # seconds that an exercise has at least, whatever the others took
ALONE = "`{name}` is not there when this exercise is called by itself: define it in the exercise's cell or in one above."
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

    budget = Float(
        sandbox.SECONDS,
        help="Seconds that the exercises of one notebook may take together. Once they are spent, each of the "
        f"others still has {SHARE:g}, several times what right work takes.",
    ).tag(config=True)

    def preprocess(self, nb: NotebookNode, resources: dict) -> tuple[NotebookNode, dict]:
        sources = [as_python(c.source) for c in nb.cells if c.cell_type == "code" and not is_grade(c)]
        cells = {
            cell.metadata.nbgrader.grade_id.removeprefix(PREFIX): cell for cell in nb.cells if is_grade(cell)
        }
        left = self.budget

        def answer(name: str) -> str:
            nonlocal left
            if not any(name in source for source in sources):
                return json.dumps({"missing": ""})
            start = time.monotonic()
            said = ask(name, sources, self.seconds, max(left, SHARE))
            left -= time.monotonic() - start
            return said

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(answer, cells))
        for (name, cell), said in zip(cells.items(), answers, strict=True):
            cell.outputs = outputs(name, read(name, said), cell.metadata.nbgrader.points)
        return nb, resources


def as_python(source: str) -> str:
    """The source of a cell as IPython hands it to Python: magics, ``!commands``, ``name?`` and pasted ``>>>`` taken care of."""
    magic, _, body = source.partition("\n")
    if magic.startswith("%%"):
        if magic.split()[0] not in ("%%time", "%%timeit", "%%capture", "%%prun"):
            return ""  # HTML, a shell script, a file to be written: nothing that an exercise needs
        source = f"# {magic}\n{body}"
    try:
        return TransformerManager().transform_cell(source)
    except Exception:  # noqa: BLE001 - somebody else's text; what IPython cannot take apart stays as it is
        return source


def before_grading(notebooks: list[str], assignment: str, **names: Any) -> None:
    """nbgrader's hook before each submission: is there a sandbox, and a notebook that is safe to open?

    Without a sandbox grading ends here, before anything is written. What nbgrader goes through next is
    what :mod:`teaching.submission` has made of the notebook that was handed in.
    """
    try:
        sandbox.require()
    except sandbox.NoSandbox as reason:
        raise SystemExit(str(reason)) from None
    folder = Path(notebooks[0]).parent
    release = folder.parents[2] / "release" / assignment / f"{assignment}.ipynb"
    notebooks[:] = [str(make_safe(folder, nbformat.read(release, as_version=4), assignment))]


def ask(name: str, sources: list[str], seconds: float, limit: float = sandbox.SECONDS) -> str:
    """What the sandbox says of exercise ``name`` of a submission whose code cells are ``sources``.

    ``seconds`` for one call, ``limit`` for all of it.
    """
    return sandbox.run(INSIDE, json.dumps({"name": name, "cells": sources, "seconds": seconds}), limit)


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
    if lacking := re.search(r"NameError: name '(\w+)' is not defined", outcome.message):
        return replace(outcome, message=f"{outcome.message} {ALONE.format(name=lacking[1])}")
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
        case "set":
            return {value_of(v) for v in content}
        case "dict":
            return {str(key): value_of(v) for key, v in content}
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
