"""How nbgrader grades the course: what ``nbgrader autograde`` does differently here (see nbgrader_config.py).

nbgrader by itself runs the whole notebook in one kernel, on the teacher's account. One killed kernel
loses all points, a lesson's training takes minutes, and a submission can change the test that judges
it. Here each exercise is called by itself in a sandbox, only values come out, and they are judged here.
"""

import json
import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_output
from nbgrader.preprocessors import NbGraderPreprocessor
from nbgrader.utils import is_grade
from traitlets import Float

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import Outcome
from course_utils.exercises.running import SECONDS
from teaching import sandbox
from teaching.judging import INSIDE, as_python, read
from teaching.submission import make_safe

PREFIX = "points-"  # of the grade_id of a graded cell; the rest is the exercise's name


class CheckExercises(NbGraderPreprocessor):
    """In place of nbgrader's Execute: fills each graded cell with what its exercise earned."""

    seconds = Float(
        2 * SECONDS,
        help="Seconds for one call of a function. Learners have half of that, so a busy machine costs no points.",
    ).tag(config=True)

    budget = Float(
        sandbox.SECONDS,
        help="Seconds that the exercises of one notebook may take together. Once they are spent, each of the "
        "others still has its share.",
    ).tag(config=True)

    share = Float(
        15.0, help="Seconds that each exercise has at least: several times what right work takes."
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
            said = ask(name, sources, self.seconds, max(left, self.share))
            left -= time.monotonic() - start
            return said

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            answers = list(pool.map(answer, cells))
        for (name, cell), said in zip(cells.items(), answers, strict=True):
            cell.outputs = outputs(name, read(name, said), cell.metadata.nbgrader.points)
        return nb, resources


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


def outputs(name: str, outcome: Outcome, points: float) -> list[NotebookNode]:
    """What a graded cell shows: the card as in the lesson, and the points. An error means none."""
    html, plain = draw(all_exercises()[name], outcome)
    html = (
        f'<div class="tex2jax_ignore mathjax_ignore">{html}</div>'  # a message may hold what looks like TeX
    )
    card = new_output("display_data", {"text/html": html, "text/plain": plain})
    if outcome.status == "solved":
        return [card, new_output("stream", name="stdout", text=f"{points:g} of {points:g} points\n")]
    said = f"0 of {points:g} points: {outcome.message}"
    return [
        card,
        new_output("error", ename="AssertionError", evalue=said, traceback=[f"AssertionError: {said}"]),
    ]
