"""Make the nbgrader course: ``python -m teaching.course [--to FOLDER] [NN ...]`` (which is ``make course``).

Every lesson becomes an assignment of its own: ``source/`` with the solutions, for the teacher, and
``release/`` for the students, made from it by nbgrader. Nothing is written twice: the exercises are
those of ``solutions/``, and the points of an exercise are the minutes in its heading. Run it again
when the course has changed; submissions and grades stay.
"""

import argparse
import contextlib
import io
import os
import re
import shutil
import sys
from pathlib import Path

import nbformat
from jupyter_core.application import NoStart
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell
from nbgrader.apps import NbGraderApp

from course_utils.exercises.bank import all_exercises
from making import authoring
from teaching.grading import PREFIX

FOLDER = authoring.ROOT / "my_course"
CONFIG = Path(__file__).with_name("nbgrader_config.py")

SHARING = """\
## What you may share

Your teacher sees the notebook that you hand in. Beside that, the checks keep a list on your side: which exercise you tried when, and which misconception a check named. It helps your teacher to see what the class found hard, and nobody is graded by it.

The list stays with you unless you change `False` to `True` in the next cell, run it and save before you hand in. Then the cell shows exactly what is shared, and it travels with the notebook. Set back to `False` and run again, nothing is shared."""
SHARE = """\
from course_utils.exercises import share_attempts

share_attempts("{lesson}", False)"""


def points(notebook: NotebookNode) -> dict[str, int]:
    """The points of each exercise of a lesson, {name: minutes in its heading}."""
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    minutes = dict(re.findall(r"^### Exercise (\d+\.\d+) · .*\((\d+) minutes", text, re.MULTILINE))
    return {e.name: int(minutes[e.number]) for e in all_exercises().values() if e.number in minutes}


def exercise_of(cell: NotebookNode) -> str | None:
    """The name of the exercise that a cell defines."""
    if cell.cell_type != "code" or not cell.source.startswith("@exercise"):
        return None
    return re.search(r"^def (\w+)", cell.source, re.MULTILINE)[1]


def graded_cell(name: str, worth: int) -> NotebookNode:
    """The locked cell under an exercise. For nbgrader its outcome is the exercise's points."""
    source = f'from course_utils.exercises import graded\n\ngraded("{name}", globals(), points={worth})'
    return nbgrader_cell(new_code_cell(source, id=f"graded-{name.replace('_', '-')}"), PREFIX + name, worth)


def nbgrader_cell(cell: NotebookNode, grade_id: str, worth: int | None = None) -> NotebookNode:
    """The cell with nbgrader's metadata: graded and locked if it is worth points, else to be written in."""
    is_graded = worth is not None
    cell.metadata["nbgrader"] = {
        "schema_version": 3,
        "grade": is_graded,
        "locked": is_graded,
        "solution": not is_graded,
        "task": False,
        "grade_id": grade_id,
    } | ({"points": worth} if is_graded else {})
    return cell


def assignment(solution: NotebookNode, lesson: str) -> NotebookNode:
    """The source of an assignment, of lesson "02": the solution with graded cells, without outputs, and the sharing cell."""
    notebook = nbformat.from_dict(solution)
    authoring.make_canonical(notebook)
    notebook.metadata.pop("course", None)
    worth, cells = points(notebook), []
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
        else:
            cell.source = with_links_between_assignments(cell.source)
        cells.append(cell)
        if name := exercise_of(cell):
            nbgrader_cell(cell, f"exercise-{name}")
            cells.append(graded_cell(name, worth[name]))
    cells += [
        new_markdown_cell(SHARING, id="sharing"),
        new_code_cell(SHARE.format(lesson=lesson), id="share"),
    ]
    notebook.cells = cells
    return notebook


def with_links_between_assignments(text: str) -> str:
    """Every assignment has a folder of its own, and the page of symbols comes along with it."""
    text = re.sub(r"\]\((\d\d_\w+)\.ipynb\)", r"](../\1/\1.ipynb)", text)
    return text.replace("](../NOTATION.md)", "](NOTATION.md)")


def make(folder: Path, lessons: list[str]) -> list[str]:
    """Write ``source/`` and the settings; returns the names of the assignments. ``lessons``: all if empty."""
    made = []
    for path in sorted(authoring.SOLUTIONS.glob("*.ipynb")):
        if lessons and path.name[:2] not in lessons:
            continue
        target = folder / "source" / path.stem
        target.mkdir(parents=True, exist_ok=True)
        notebook = assignment(nbformat.read(path, as_version=4), path.name[:2])
        (target / path.name).write_text(authoring.as_text(notebook), encoding="utf-8")
        if any("](NOTATION.md)" in cell.source for cell in notebook.cells):
            shutil.copy(authoring.ROOT / "NOTATION.md", target)
        made.append(path.stem)
    shutil.copy(CONFIG, folder)
    return made


def nbgrader(folder: Path, *arguments: str) -> tuple[int, str]:
    """nbgrader's command line, in a course folder and in this process; returns (exit code, its log)."""
    log, before, path = io.StringIO(), Path.cwd(), os.environ["PATH"]
    app, code = NbGraderApp.instance(), 0
    os.chdir(folder)
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{path}"  # it calls alembic by name
    try:
        with contextlib.redirect_stderr(log):
            app.initialize([*arguments, "--log-level=WARN"])
            app.start()
    except NoStart:  # how a subcommand says that it is done
        pass
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1  # as Python does with a sentence
        log.write("" if isinstance(end.code, int) else f"{end.code}\n")
    finally:
        app.reset()
        os.chdir(before)
        os.environ["PATH"] = path
    return code, log.getvalue()


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Make the nbgrader course from the solutions.")
    parser.add_argument(
        "--to", type=Path, default=FOLDER, help=f"the course folder (default: {FOLDER.name}/)"
    )
    parser.add_argument("lessons", nargs="*", metavar="NN", help="only these, such as 02 (default: all)")
    options = parser.parse_args(arguments)
    made = make(options.to, options.lessons)
    if not made:
        print(f"No lesson is called {' or '.join(options.lessons)}.", file=sys.stderr)
        return 1
    for name in made:
        code, log = nbgrader(options.to, "generate_assignment", name, "--force")
        if code:
            print(log, file=sys.stderr)
            return code
        print(f"{name}: source/ for you, release/ for students", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
