"""What is right of a submission: its cells as Python reads them, and the values that came out of them, judged.

This is all of grading that needs neither nbgrader nor a sandbox: a learner's own machine can do it as well
(:mod:`teaching.check`).
"""

import base64
import json
import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from IPython.core.inputtransformer2 import TransformerManager

from course_utils.exercises.bank import all_exercises
from course_utils.exercises.checking import Outcome, expected_values, judge, weighed
from course_utils.exercises.running import Run

INSIDE = Path(__file__).with_name("inside.py")
BLANK = Outcome("not attempted", "There is nothing here yet.")
DIED = (
    "Nothing came back from it: it ended the whole program, used more than its memory, or did not stop. "
    "The other exercises are not touched by that."
)
ALONE = "`{name}` is not there when this exercise is called by itself: define it in the exercise's cell or in one above."


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


def read(name: str, answer: str) -> Outcome:
    """The outcome of what came out of the sandbox. Trusts nothing of it but values that are right."""
    exercise = all_exercises()[name]
    expected = expected_values(name)  # outside the 'try', as judging is: what fails there is our error
    try:
        said = json.loads(answer)
        if "missing" in said:
            return Outcome("not yet", one_line(said["missing"])) if said["missing"] else BLANK
        runs = [as_run(run) for run in said["runs"]]
        if len(runs) > len(expected) or not is_whole(runs := weighed(exercise, runs), expected):
            return Outcome("not yet", DIED)
    except Exception:  # noqa: BLE001 - whatever a submission made of it, it is no answer
        return Outcome("not yet", DIED)
    outcome = judge(exercise, runs)
    if lacking := re.search(r"NameError: name '(\w+)' is not defined", outcome.message):
        return replace(outcome, message=f"{outcome.message} {ALONE.format(name=lacking[1])}")
    return outcome


def is_whole(runs: list[Run], expected: list[dict[str, Any]]) -> bool:
    """Whether there is a run for each case, up to one that ended them, and every result of those that went well."""
    if not runs:
        return False
    ended = runs[-1].blank or (runs[-1].stopped and runs[-1].problem)
    return (len(runs) == len(expected) or bool(ended)) and all(
        run.problem or run.blank or run.values.keys() == right.keys()
        for run, right in zip(runs, expected, strict=False)
    )


def one_line(said: Any) -> str:
    """What somebody else's code says, as it may stand on a page: a line, of whole and visible characters."""
    text = " ".join(str(said)[:2000].split())
    return "".join(letter if letter.isprintable() else "�" for letter in text)[:500]


def as_run(said: dict[str, Any]) -> Run:
    return Run(
        values={str(name): value_of(value) for name, value in said["values"].items()},
        problem=one_line(said["problem"]),
        error=one_line(said["error"]),
        blank=bool(said["blank"]),
        stopped=bool(said["stopped"]),
        changed=tuple(map(str, said["changed"])),
    )


def value_of(said: Any) -> Any:
    """The inverse of ``inside.plain``. ValueError for what it cannot have written."""
    if isinstance(said, str):
        return one_line(said)
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
    return type(one_line(content), (), {})()  # stands for an object that is no result, under its type's name
