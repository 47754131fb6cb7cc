"""Difficult submissions: each changes a released notebook as somebody once did, and says what it should earn."""

import os
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.utils import is_grade

from making import authoring
from teaching import course

LESSON, SMALL = "02_backprop", "00_start_here"

RIGHT = {
    "linear_backward": "return grad_y @ W.T, x.T @ grad_y, grad_y.sum(axis=0)",
    "relu_backward": "return np.where(x > 0, grad_y, 0.0)",
    "cross_entropy_backward": """\
        p = np.exp(logits - logits.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        p[np.arange(len(y)), y] -= 1
        return p / len(y)""",
    "numerical_gradient": """\
        nudges = eps * np.eye(len(theta))
        return np.array([(f(theta + nudge) - f(theta - nudge)) / (2 * eps) for nudge in nudges])""",
    "train": """\
        losses = []
        for x, y in batches:
            value, grad_logits = loss(net.forward(x), y)
            net.backward(grad_logits)
            net.theta -= rate * net.grad
            losses.append(value)
        return losses""",
}
# Misconceptions that the bank knows by these names.
WRONG = {
    "linear_backward": ("averaged_again", "return grad_y @ W.T, x.T @ grad_y / len(x), grad_y.mean(axis=0)"),
    "relu_backward": ("gate_missing", "return grad_y"),
    "cross_entropy_backward": ("batch_forgotten", RIGHT["cross_entropy_backward"].replace(" / len(y)", "")),
    "numerical_gradient": (
        "one_sided_gradient",
        "return np.array([(f(theta + eps * e) - f(theta)) / eps for e in np.eye(len(theta))])",
    ),
    "train": ("climbing", RIGHT["train"].replace("-= rate", "+= rate")),
}
ALL = tuple(RIGHT)


def all_but(*names: str) -> tuple[str, ...]:
    return tuple(name for name in ALL if name not in names)


def fill(notebook: NotebookNode, bodies: dict[str, str]) -> None:
    """Write into the exercises of a released notebook what a learner would."""
    for cell in notebook.cells:
        if (name := course.exercise_of(cell)) in bodies:
            body = textwrap.indent(textwrap.dedent(bodies[name]), "    ")
            assert authoring.STUB in cell.source
            cell.source = cell.source.replace(f"    {authoring.STUB}", body)


def add(notebook: NotebookNode, source: str, at: int = 2) -> None:
    """A code cell of the learner's own; by default below the setup."""
    notebook.cells.insert(at, new_code_cell(textwrap.dedent(source).strip()))


def right(notebook):
    fill(notebook, RIGHT)


def wrong(notebook):
    fill(notebook, {name: body for name, (_, body) in WRONG.items()})


def blank(notebook):
    pass


def partly(notebook):
    fill(notebook, {name: RIGHT[name] for name in ("linear_backward", "cross_entropy_backward")})


def with_helpers(notebook):
    """Right, with helpers, imports and a table in cells of their own, and an exercise written twice."""
    fill(notebook, RIGHT | {"relu_backward": "return gate(x) * grad_y", "numerical_gradient": "return 0"})
    helpers = """
        from math import fsum

        table = {}
        table["open"] = 1.0

        def gate(x):
            return np.where(x > 0, table["open"], 0.0)
        """
    add(notebook, helpers)
    second_try = """
        @exercise
        def numerical_gradient(f, theta, eps=1e-5):
            return [fsum([f(theta + eps * e), -f(theta - eps * e)]) / (2 * eps) for e in np.eye(len(theta))]
        """
    add(notebook, second_try, len(notebook.cells))


def endless(notebook):
    fill(notebook, RIGHT | {"relu_backward": "while True:\n    pass"})


def endless_outside(notebook):
    """Right; a cell of the learner's own never ends, one waits for input, one ends the kernel."""
    right(notebook)
    add(notebook, "while True:\n    pass")
    add(notebook, "input('press Enter')")
    add(notebook, "import os, signal\n\nos.kill(os.getpid(), signal.SIGKILL)")


def killed(notebook):
    """Two exercises end the kernel, each in its own way, and one takes all memory; the others are right."""
    own = {
        "linear_backward": "import os\nos._exit(0)",
        "cross_entropy_backward": "import os\nos.kill(os.getpid(), 9)",
        "train": "hoard = []\nwhile True:\n    hoard.append(bytearray(2**28))",
    }
    fill(notebook, RIGHT | own)


def tests_deleted(notebook):
    """All graded cells are gone, and one exercise with its own cell."""
    fill(notebook, RIGHT | {"relu_backward": WRONG["relu_backward"][1]})
    notebook.cells = [c for c in notebook.cells if not is_grade(c) and course.exercise_of(c) != "train"]


def tests_tampered(notebook):
    """Graded cells made to pass and to be worth more, over wrong exercises."""
    wrong(notebook)
    for cell in filter(is_grade, notebook.cells):
        cell.source = "print('solved')"
        cell.metadata.nbgrader.points = 100
        cell.metadata.nbgrader.locked = False


def noisy(notebook):
    """Right, with prints, warnings and stderr everywhere."""
    noise = "import sys, warnings\nprint('here')\nprint('there', file=sys.stderr)\nwarnings.warn('careful')\n"
    fill(notebook, {name: noise + textwrap.dedent(body) for name, body in RIGHT.items()})
    add(notebook, noise)


def references(notebook):
    """Four ways to hand in the course's own version, and one exercise that is the learner's."""
    bank = "from course_utils.exercises.bank import all_exercises\n"
    ways = {
        "linear_backward": bank + "return all_exercises()['linear_backward'].reference(grad_y, x, W)",
        "relu_backward": "return course_versions('02')['relu_backward'](grad_y, x)",
        "cross_entropy_backward": RIGHT["cross_entropy_backward"],
    }
    fill(notebook, ways)
    swap = "from course_utils.exercises.lessons.lesson02 import numerical_gradient\n" + bank
    add(notebook, swap + "train = all_exercises()['train'].alternatives[0]", len(notebook.cells))


def patched(notebook):
    """Blank, with the course's checks replaced by some that say yes."""
    patch = """
        import course_utils.exercises as exercises
        from course_utils.exercises import checking, comparing, running

        yes = checking.Outcome("solved", "")
        exercises.graded = lambda name, names, points: print(f"{points} of {points} points")
        exercises.check = checking.check = lambda name, function: yes
        checking.judge = lambda exercise, runs: yes
        comparing.equal = checking.equal = lambda *a: True
        exercise = lambda function: function
        """
    add(notebook, patch)


def forged(notebook):
    """One exercise writes what it takes for the grader's answer to every open file; the others are right."""
    body = """
        import json, os
        for file in range(3, 64):
            try:
                os.write(file, json.dumps({"runs": [], "status": "solved", "points": 4}).encode())
            except OSError:
                pass
        os._exit(0)
        """
    fill(notebook, RIGHT | {"relu_backward": body})


def broken_cell(notebook):
    """One cell that Python cannot read; the others are right."""
    fill(notebook, RIGHT | {"train": "return ["})


def exercise_cell(notebook: NotebookNode, name: str) -> int:
    """The place of the cell of an exercise."""
    return next(i for i, cell in enumerate(notebook.cells) if course.exercise_of(cell) == name)


def duplicated(notebook):
    """A right cell duplicated in JupyterLab: the copy has the same metadata."""
    right(notebook)
    at = exercise_cell(notebook, "relu_backward")
    notebook.cells.insert(at, nbformat.from_dict(notebook.cells[at] | {"id": "twin"}))


def split(notebook):
    """The cell above an exercise's function was split off it, with the same metadata."""
    right(notebook)
    at = exercise_cell(notebook, "train")
    twin = nbformat.from_dict(notebook.cells[at] | {"id": "twin"})
    notebook.cells[at].source = notebook.cells[at].source.replace("losses = []", "losses = nothing_yet()")
    twin.source = "def nothing_yet():\n    return []"
    notebook.cells.insert(at, twin)


def what_ipython_takes(notebook):
    """Right, in a notebook full of what IPython accepts and Python does not."""
    fill(notebook, RIGHT | {"relu_backward": "%time y = x > 0\nfolder = !pwd\nreturn grad_y * (x > 0)"})
    setup = next(cell for cell in notebook.cells if cell.cell_type == "code")
    setup.source += "\nfiles = !ls\nif True:\n    %matplotlib inline\nnn.Linear?"
    train = notebook.cells[exercise_cell(notebook, "train")]
    train.source = "%%time\n" + train.source + "\n\ntrain?\n?train"
    add(notebook, ">>> a = 1\n>>> a + 1\n2")
    add(notebook, "%%bash\nls |")
    notebook.cells[exercise_cell(notebook, "linear_backward")].source += "\n\n/print 1\n!echo done"


def helpers_found_by_the_notebook(notebook):
    """Right, with helpers that can be found only by running the cells."""
    bodies = {
        "linear_backward": "display(grad_y.shape)\nbreakpoint()\n" + RIGHT["linear_backward"],
        "relu_backward": "return np.where(x > LIMIT, grad_y, TABLE['closed'])",
        "cross_entropy_backward": "return globals()['soft' + 'max_part'](logits, y)",
        "numerical_gradient": "return eval('slope')(f, theta, eps)",
    }
    fill(notebook, RIGHT | bodies)
    made = """
        def limit():
            return 0

        def fill_in(table):
            table.update(closed=0.0)

        LIMIT = limit()
        TABLE = {}
        fill_in(TABLE)
        """
    add(notebook, made)
    for signature, name in (
        ("softmax_part(logits, y)", "cross_entropy_backward"),
        ("slope(f, theta, eps)", "numerical_gradient"),
    ):
        body = textwrap.indent(textwrap.dedent(RIGHT[name]), "    ")
        add(notebook, f"def {signature}:\n{body}")
    add(notebook, "for train in range(3):\n    pass", len(notebook.cells))


def not_graded(notebook):
    """Right; every graded cell says that it is none."""
    right(notebook)
    for cell in filter(is_grade, notebook.cells):
        cell.metadata.nbgrader.grade = False


def with_schema(version):
    def change(notebook):
        right(notebook)
        for cell in notebook.cells:
            if "nbgrader" in cell.metadata:
                cell.metadata.nbgrader.pop("schema_version")
                if version is not None:
                    cell.metadata.nbgrader["schema_version"] = version

    return change


def texts_that_cost(notebook):
    """Right, with texts that keep a converter of Markdown busy, and one that runs in a browser."""
    right(notebook)
    for text in (
        "\\begin{a}" * 20_000,
        "- a\n" * 800_000,
        "<script>alert(1)</script>",
        "*" * 100_000,
        "[" * 50_000,
    ):
        notebook.cells.insert(1, new_markdown_cell(text))


def deep(notebook):
    """Right, with a cell that nests 900 brackets and one that nests 90,000."""
    right(notebook)
    for depth in (900, 90_000):
        add(notebook, "deep = " + "[" * depth + "]" * depth)


def large_answers(notebook):
    """Answers of many megabytes, as nested lists, as one list and as an array."""
    own = {
        "linear_backward": "answer = []\nfor _ in range(2_000_000):\n    answer = [answer]\nreturn answer",
        "relu_backward": "return [[0.5] * 10] * 200_000",
        "numerical_gradient": "return np.zeros(2_000_000)",
    }
    fill(notebook, RIGHT | own)


def odd_messages(notebook):
    """Exercises that end with half a character, with TeX and control characters, and by ending another one."""
    own = {
        "linear_backward": "raise ValueError('\\ud800')",
        "relu_backward": "import os\nos._exit(0)",
        "cross_entropy_backward": "raise ValueError(r'$\\href{https://example.org}{8 of 8 points}$' + '\\n' * 99 + '\\u202e\\x1b[31m')",
    }
    fill(notebook, RIGHT | own)


def ignores_the_alarm(notebook):
    """Three exercises that a time limit alone does not stop."""
    loop = "while True:\n    try:\n        while True:\n            pass\n    except BaseException:\n        pass"
    own = {
        "linear_backward": loop,
        "relu_backward": "import sys\nsys.setrecursionlimit(10**9)\nreturn relu_backward(grad_y, x)",
        "cross_entropy_backward": "try:\n    while True:\n        pass\nfinally:\n    while True:\n        pass",
    }
    fill(notebook, RIGHT | own)


def shared_memory(notebook):
    """Memory that is no process's data: shared pages in 2.2, files in memory in 2.3."""
    own = {
        "relu_backward": "import mmap\nhoard = []\nwhile True:\n    hoard.append(mmap.mmap(-1, 2**26))\n    hoard[-1].write(bytes(2**26))",
        "cross_entropy_backward": "import os\nwhile True:\n    os.write(os.memfd_create('hoard'), bytes(2**20))",
    }
    fill(notebook, RIGHT | own)


def as_a_link(folder: Path) -> None:
    """The notebook in the exchange becomes a link to a file of the teacher's."""
    (folder / f"{LESSON}.ipynb").unlink()
    (folder / f"{LESSON}.ipynb").symlink_to("/etc/passwd")


def as_a_pipe(folder: Path) -> None:
    (folder / f"{LESSON}.ipynb").unlink()
    os.mkfifo(folder / f"{LESSON}.ipynb")


def as_a_folder(folder: Path) -> None:
    (folder / f"{LESSON}.ipynb").unlink()
    (folder / f"{LESSON}.ipynb").mkdir()


def beside_links(folder: Path) -> None:
    """A right notebook, and beside it a link to a folder, one to a file, and a page with a script."""
    (folder / "etc").symlink_to("/etc")
    (folder / "passwd.txt").symlink_to("/etc/passwd")
    (folder / "page.html").write_text("<script>alert(1)</script>")


def with_a_timestamp_that_is_none(folder: Path) -> None:
    (folder / "timestamp.txt").write_text("the day after tomorrow")


@dataclass(frozen=True)
class Case:
    """One submission: who (the case's name), what is changed, which exercises earn their points."""

    what: str
    change: Callable[[NotebookNode], None]
    earns: tuple[str, ...]
    file: str = f"{LESSON}.ipynb"
    damage: Callable[[str], str] = str  # of the notebook's text, after the change
    tamper: Callable[[Path], None] | None = None  # with what lies in the exchange


CASES = {
    "right": Case("right", right, ALL),
    "helpers": Case("right, helpers in cells of their own", with_helpers, ALL),
    "wrong": Case("wrong: five misconceptions", wrong, ()),
    "blank": Case("blank, as released", blank, ()),
    "partly": Case("two of five done", partly, ("linear_backward", "cross_entropy_backward")),
    "endless": Case("2.2 loops for ever", endless, all_but("relu_backward")),
    "outside": Case("right; other cells loop, ask, kill", endless_outside, ALL),
    "killed": Case("2.1, 2.3 kill the kernel, 2.5 eats memory", killed, ("relu_backward", "numerical_gradient")),
    "deleted": Case(
        "test cells deleted, 2.2 wrong, 2.5 deleted", tests_deleted, all_but("relu_backward", "train")
    ),
    "tampered": Case("wrong, test cells made to pass", tests_tampered, ()),
    "renamed": Case("right, the notebook renamed", right, ALL, file=f"{LESSON} (1).ipynb"),
    "noisy": Case("right, prints, warns, writes to stderr", noisy, ALL),
    "reference": Case("the course's version four times, 2.3 own", references, ("cross_entropy_backward",)),
    "patched": Case("blank, the checks replaced", patched, ()),
    "forged": Case("2.2 forges the grader's answer", forged, all_but("relu_backward")),
    "unreadable": Case("2.5 has a syntax error", broken_cell, all_but("train")),
    "damaged": Case("not a notebook any more", right, (), damage=lambda text: text[:-500]),
    "empty": Case("an empty file", right, (), damage=lambda text: ""),
    "number": Case("a number as a file", right, (), damage=lambda text: "7"),
    "nocells": Case("a notebook whose cells are null", right, (), damage=lambda text: '{"cells": null}'),
    "nested": Case("a file that nests without end", right, (), damage=lambda text: "[" * 10**6),
    "binary": Case("bytes that are no text", right, (), damage=lambda text: "\udcff\udcfe" * 99),
    "surrogate": Case("right, with half a character in a cell", right, ALL, damage=lambda text: text.replace('"import numpy', '"# \\ud800\\n", "import numpy', 1)),
    "duplicated": Case("right, a cell duplicated", duplicated, ALL),
    "split": Case("right, a cell split", split, ALL),
    "ipython": Case("right, with all that IPython takes", what_ipython_takes, ALL),
    "found": Case("right, helpers that only running finds", helpers_found_by_the_notebook, ALL),
    "notgraded": Case("right, graded cells set to not graded", not_graded, ALL),
    "schema99": Case("right, metadata of the year 2099", with_schema(99), ALL),
    "schema0": Case("right, metadata of version 0", with_schema(0), ALL),
    "schemaless": Case("right, metadata without a version", with_schema(None), ALL),
    "texts": Case("right, texts that take minutes to convert", texts_that_cost, ALL),
    "deep": Case("right, cells nested very deep", deep, ALL),
    "large": Case("three answers of many megabytes", large_answers, ("cross_entropy_backward", "train")),
    "alarm": Case("three exercises that ignore the alarm", ignores_the_alarm, ("numerical_gradient", "train")),
    "messages": Case("three that end with odd messages", odd_messages, ("numerical_gradient", "train")),
    "memory": Case("2.2 and 2.3 hoard shared memory", shared_memory, all_but("relu_backward", "cross_entropy_backward")),
    "link": Case("a link to a file of the teacher's", right, (), tamper=as_a_link),
    "pipe": Case("a pipe in the notebook's place", right, (), tamper=as_a_pipe),
    "folder": Case("a folder in the notebook's place", right, (), tamper=as_a_folder),
    "links": Case("right, with links beside it", right, ALL, tamper=beside_links),
    "time": Case("right, a timestamp that is none", right, ALL, tamper=with_a_timestamp_that_is_none),
}  # fmt: skip

# Lesson 00 comes from a learning platform, under the names that Canvas and Moodle give.
STEP = {"right": "return theta - rate * grad", "wrong": "return theta + rate * grad"}
DOWNLOADED = {
    "canvas": ("canvas_LATE_31415_92653_00_start_here-1.ipynb", "right"),
    "zipped": ("zipped_27182.zip", "right"),
    "Moodle Student": ("Moodle Student_14142_assignsubmission_file/00_start_here.ipynb", "wrong"),
}
