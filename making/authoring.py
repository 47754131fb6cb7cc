"""Solutions in, lessons out: ``python -m making.authoring`` (which is ``make notebooks``).

``solutions/NN_name.ipynb`` is the one source. A solution whose code has changed since it was last
executed is executed, with failing claims as errors, and written in one canonical form; its lesson is
derived with nbgrader's own preprocessors: solutions cleared, outputs cleared. ``--all`` executes
every solution, for when the package has changed under them.
"""

import argparse
import hashlib
import json
import os
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearOutput, ClearSolutions
from traitlets.config import Config

from course_utils.learner import environment, workspace

ROOT = Path(__file__).parent.parent
SOLUTIONS, LESSONS = ROOT / "solutions", ROOT / "lessons"
STUB = "raise NotImplementedError  # your lines here"
SECONDS_PER_CELL = 120

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "COURSE_CLAIMS": "strict",
}


def code_fingerprint(notebook: NotebookNode) -> str:
    """A short hash of all code cells: what a stored execution was an execution of."""
    code = "\0".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    return hashlib.sha256(code.encode()).hexdigest()[:16]


def is_up_to_date(notebook: NotebookNode) -> bool:
    return notebook.metadata.get("course", {}).get("executed") == code_fingerprint(notebook)


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Run all cells in place in a fresh kernel. Raises CellExecutionError at the first error."""
    with tempfile.TemporaryDirectory() as scratch:
        os.environ.update(ENVIRONMENT, COURSE_PROGRESS_FILE=str(Path(scratch) / "progress.json"))
        NotebookClient(
            notebook,
            timeout=SECONDS_PER_CELL,
            kernel_name=KERNEL["name"],
            resources={"metadata": {"path": str(folder)}},
            record_timing=False,
            coalesce_streams=True,
        ).execute()
    notebook.metadata["course"] = {"executed": code_fingerprint(notebook)}


def make_canonical(notebook: NotebookNode) -> None:
    """Keep what is the course's, drop what an editor or a kernel leaves behind.

    A widget's view names a model in a kernel that is gone: its static form stays, the view goes.
    """
    executed = notebook.metadata.get("course")
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"})
    if executed:
        notebook.metadata["course"] = executed
    notebook.nbformat_minor = 5
    for cell in notebook.cells:
        cell.metadata = NotebookNode({key: cell.metadata[key] for key in ("tags",) if cell.metadata.get(key)})
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET_VIEW, None)
            if "metadata" in output:
                output.metadata = NotebookNode()


def derive_lesson(solution: NotebookNode) -> NotebookNode:
    """The lesson of a solution: exercises blank, no outputs, nothing of the execution left."""
    lesson = nbformat.from_dict(solution)
    # The solutions carry no nbgrader metadata: an exercise is whatever has a solution region.
    config = Config({"ClearSolutions": {"code_stub": {"python": STUB}, "enforce_metadata": False}})
    for preprocessor in (ClearSolutions(config=config), ClearOutput()):
        lesson, _ = preprocessor.preprocess(lesson, {})
    lesson.metadata.pop("course", None)
    make_canonical(lesson)
    lesson.metadata["course"] = {"original": workspace.seal(json.loads(as_text(lesson)))}
    return lesson


def as_text(notebook: NotebookNode) -> str:
    """The one form in which notebooks are written."""
    return nbformat.writes(notebook) + "\n"


def build(path: Path, always: bool = False) -> str:
    """Execute a solution if needed, write it and its lesson; returns what was done, in words."""
    solution = nbformat.read(path, as_version=4)
    done = "up to date"
    if always or not is_up_to_date(solution):
        execute(solution, path.parent)
        done = "executed"
    make_canonical(solution)
    path.write_text(as_text(solution), encoding="utf-8")
    LESSONS.mkdir(exist_ok=True)
    (LESSONS / path.name).write_text(as_text(derive_lesson(solution)), encoding="utf-8")
    return done


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Execute the solutions that changed and derive the lessons.")
    parser.add_argument("--all", action="store_true", help="execute every solution, changed or not")
    parser.add_argument("names", nargs="*", help="only these, such as 02 (default: all)")
    options = parser.parse_args(arguments)
    if environment.point_here() != 0:
        return 1
    failed = 0
    paths = sorted(SOLUTIONS.glob("*.ipynb"))
    for name in options.names:
        if not any(path.name.startswith(name) for path in paths):
            print(f"No solution is called {name}.", file=sys.stderr)
            failed += 1
    for path in paths:
        if options.names and not path.name.startswith(tuple(options.names)):
            continue
        try:
            print(f"{path.stem}: {build(path, options.all)}", flush=True)
        except CellExecutionError as error:  # the notebook on disk stays as it was
            print(f"{path.stem}: FAILED, nothing written\n{error}", file=sys.stderr)
            failed += 1
    for lesson in LESSONS.glob("*.ipynb"):
        if not (SOLUTIONS / lesson.name).exists():
            print(f"{lesson.stem}: this lesson has no solution; delete it or restore solutions/{lesson.name}")
            failed += 1
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
