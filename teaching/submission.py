"""What a student handed in, made safe before anything of the teacher's opens it.

A submission is written by somebody else: it may be no notebook, carry metadata that stop nbgrader, or HTML
that runs in the browser of whoever reads it. So nbgrader never sees it. It gets a notebook that is built
anew here: the course's own cells as they were released, the student's code as it is, and what the student
wrote between them as text. What was handed in is kept beside it, untouched, in ``as_handed_in/``.
"""

import json
import os
import re
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

KEPT = "as_handed_in"  # the folder of the course that keeps the originals
LARGEST = 20 * 2**20  # bytes of a file that is read: lesson 05, run, with all its pictures, has about one
LONGEST = 100_000  # characters of one code cell
LONGEST_TEXT = 10_000  # … and of one text that a student wrote
MOST_CELLS = 1000
OWN_FILES = ("timestamp.txt", "submission_secret.txt")  # what nbgrader's exchange puts beside a notebook


class Unreadable(Exception):
    """Why a file is no notebook that can be graded, in a sentence for the student."""


@dataclass(frozen=True)
class Cell:
    """What is taken over of a cell: its kind ("code", or anything else, which is text), its text, its place."""

    kind: str
    source: str
    grade_id: str = ""  # which of the course's cells it says it is


def read_file(path: Path, folder: int | None = None) -> bytes:
    """The bytes of a plain file, in an open ``folder`` if there is one. Raises Unreadable.

    Links, pipes and devices are not followed, also where one takes a file's place at this moment.
    """
    try:
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        opened = os.open(path, flags, dir_fd=folder)
    except FileNotFoundError:
        raise Unreadable("The file is missing.") from None
    except OSError:
        raise Unreadable("The file is a link or cannot be opened; hand in the notebook itself.") from None
    about = os.fstat(opened)
    plain, short = stat.S_ISREG(about.st_mode), about.st_size <= LARGEST
    if plain and short:
        with os.fdopen(opened, "rb") as file:
            return file.read()
    os.close(opened)
    if plain:
        told = f"The file has more than {LARGEST // 2**20} MB; clear all outputs and hand in again."
    else:
        told = "This is a folder, a pipe or a device; hand in the notebook itself."
    raise Unreadable(told)


def read_cells(path: Path) -> list[Cell]:
    """The cells of a notebook file, whatever else is in it. Raises Unreadable."""
    try:
        notebook = json.loads(read_file(path))
    except (ValueError, RecursionError):  # no JSON, no text, or nested without end
        raise Unreadable(
            "The file is no notebook, or was damaged on its way: open it in JupyterLab, save it and hand in again."
        ) from None
    cells = notebook.get("cells") if isinstance(notebook, dict) else None
    if not isinstance(cells, list):
        raise Unreadable("The notebook has no cells: open it in JupyterLab, save it and hand in again.")
    return [cell for raw in cells[:MOST_CELLS] if (cell := as_cell(raw)) is not None]


def as_cell(raw: object) -> Cell | None:
    """One cell of a file, or None if it has not the form of one."""
    if not isinstance(raw, dict):
        return None
    source = raw.get("source", "")
    if isinstance(source, list) and all(isinstance(line, str) for line in source):
        source = "".join(source)
    if not isinstance(source, str):
        return None
    # Half characters, which cannot be written to a file, and what no terminal or page should get to see.
    source = re.sub("[\ud800-\udfff\x00-\x08\x0b\x0c\x0e-\x1f\x7f]", "�", source)
    try:
        grade_id = raw["metadata"]["nbgrader"]["grade_id"]
    except (KeyError, TypeError):
        grade_id = ""
    return Cell(str(raw.get("cell_type")), source, grade_id if isinstance(grade_id, str) else "")


def rebuild(released: NotebookNode, cells: list[Cell]) -> NotebookNode:
    """The notebook to be graded: the student's ``cells`` among the course's own.

    Each of the course's graded cells stands once, as released, where the student has it, or else at the
    end. A cell that was split or duplicated counts once as the exercise's own, the last of them, and all its
    parts are there.
    """
    graded = {c.metadata.nbgrader.grade_id: c for c in released.cells if is_graded(c)}
    own = {
        c.metadata.nbgrader.grade_id: c
        for c in released.cells
        if c.metadata.get("nbgrader") and not is_graded(c)
    }
    prose = {c.source for c in released.cells if c.cell_type == "markdown"}
    last = {cell.grade_id: place for place, cell in enumerate(cells)}
    built, here = [], set()
    for place, cell in enumerate(cells):
        if cell.grade_id in graded:
            if cell.grade_id not in here:
                built.append(nbformat.from_dict(graded[cell.grade_id]))
            here.add(cell.grade_id)
        elif cell.kind == "code":
            built.append(new_code_cell(shortened(cell.source)))
            if cell.grade_id in own and last[cell.grade_id] == place:
                built[-1].metadata["nbgrader"] = own[cell.grade_id].metadata["nbgrader"]
        elif cell.source in prose:
            built.append(new_markdown_cell(cell.source))
        elif cell.source.strip():
            built.append(new_markdown_cell(as_text(cell.source)))
    built += [nbformat.from_dict(cell) for grade_id, cell in graded.items() if grade_id not in here]
    for number, cell in enumerate(built):
        cell["id"] = f"cell-{number}"
    return new_notebook(cells=built, metadata=released.metadata)


def is_graded(cell: NotebookNode) -> bool:
    """Whether a cell of a released notebook is one that nbgrader gives points for."""
    return cell.metadata.get("nbgrader", {}).get("grade", False)


def shortened(source: str) -> str:
    if len(source) <= LONGEST:
        return source
    return f"# This cell had {len(source):,} characters, more than {LONGEST:,}, and was not read.\n"


def as_text(source: str) -> str:
    """What a student wrote, to be shown to the letter: no HTML, no link, no formula of it comes to life."""
    if len(source) > LONGEST_TEXT:
        left_out = len(source) - LONGEST_TEXT
        source = f"{source[:LONGEST_TEXT]}\n[… {left_out:,} characters more, in {KEPT}/]"
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", source)), default=0))
    return f"{fence}text\n{source}\n{fence}"


def not_read(released: NotebookNode, why: Unreadable) -> NotebookNode:
    """What is graded, with nothing, and given back in the place of a file that could not be read."""
    notebook = rebuild(released, [])
    told = f"**This notebook could not be read, so nothing in it was graded.** {why}"
    notebook.cells.insert(0, new_markdown_cell(told, id="not-read"))
    return notebook


def make_safe(folder: Path, released: NotebookNode, name: str) -> Path:
    """Put the notebook to be graded in the place of what a student handed in, and keep that; returns its path.

    ``folder`` is submitted/student/assignment, ``name`` the notebook's name without ending. Of several
    notebooks the one of that name counts, else the newest. What is kept is taken again the next time, unless
    the student has handed in anew.
    """
    course = folder.parents[2]
    kept = course / KEPT / folder.parent.name / folder.name
    ours = folder / f"{name}.ipynb"
    mark = kept.with_name(
        f"{kept.name}.built"
    )  # what we built of it, to tell that from something handed in anew
    if not (
        mark.exists() and ours.is_file() and not ours.is_symlink() and mark.read_bytes() == ours.read_bytes()
    ):
        if kept.exists():
            shutil.rmtree(kept)
        kept.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(kept)
        folder.mkdir()
    try:
        if kept.is_symlink():
            raise Unreadable("It is a link; hand in the notebook itself.")
        notebook = rebuild(released, read_cells(handed_in(kept, name)))
    except Unreadable as why:
        notebook = not_read(released, why)
    text = nbformat.writes(notebook) + "\n"
    ours.write_text(text, encoding="utf-8")
    mark.write_text(text, encoding="utf-8")
    for file in OWN_FILES:
        copy_own(kept / file, folder / file)
    return ours


def handed_in(kept: Path, name: str) -> Path:
    """Which of the files handed in is the notebook."""
    wanted = kept / f"{name}.ipynb"
    others = [path for path in kept.glob("*.ipynb") if path.is_file() and not path.is_symlink()]
    return (
        wanted
        if os.path.lexists(wanted) or not others
        else max(others, key=lambda path: path.stat().st_mtime)
    )


def copy_own(source: Path, target: Path) -> None:
    """A line of text that nbgrader reads; a timestamp only if it is one."""
    try:
        text = read_file(source)[:1000].decode()
    except (Unreadable, UnicodeDecodeError):
        return
    if source.name == "timestamp.txt":
        from nbgrader.utils import parse_utc  # here, as a learner who only reads cells has no nbgrader

        try:
            parse_utc(text)
        except (ValueError, OverflowError, TypeError):
            return
    target.write_text(text, encoding="utf-8")
