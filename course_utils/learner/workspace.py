"""Your own copies of the lessons, in ``my_lessons/``.

The lessons in ``lessons/`` belong to the course and change when the course does. You work on copies,
which git ignores, so an update never touches what you wrote:

    python -m course_utils.learner.workspace              copy what is missing, refresh what you never edited
    python -m course_utils.learner.workspace --fresh 02   lesson 02 blank again; your copy is kept beside it

To know which copies you edited, ``my_lessons/copied.json`` keeps the fingerprint of each lesson as it
was when it was copied.
"""

import argparse
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

COURSE = Path(__file__).resolve().parents[2]
RECORD = "copied.json"
SAFE = "Nothing you wrote was changed or lost."
ABOUT = (
    "Fingerprints of the lessons as they were copied. A copy that still has its fingerprint may be refreshed."
)


class WorkspaceError(Exception):
    """Something a learner can act on, in one sentence."""


def update(lessons: Path, mine: Path) -> list[str]:
    """Copy missing lessons to ``mine``, refresh unedited ones, leave edited ones alone; say what was done."""
    course = _all_lessons(lessons)
    _make_folder(mine)
    copied, report = _read_record(mine)
    left_alone = 0
    try:
        for lesson in course:
            copy = mine / lesson.name
            if not is_original(lesson):
                report.append(_keep_edited(lesson, copy))
                continue
            new = fingerprint(lesson)
            have = fingerprint(copy) if copy.exists() else None
            if have is None:
                _write(copy, lesson.read_bytes())
                report.append(f"{lesson.name}: copied to {mine.name}.")
            elif have == new:
                left_alone += 1
            elif have == copied.get(lesson.name):
                _write(copy, lesson.read_bytes())
                report.append(
                    f"{lesson.name}: refreshed, the course has a newer version and you had not edited yours."
                )
            else:
                left_alone += 1
                if copied.get(lesson.name) != new:
                    report.append(
                        f"{lesson.name}: left as you wrote it. The course has another version; "
                        f"to get it, with yours kept beside it: {_how_to_get(lesson)}"
                    )
                continue  # its record stays: the version this copy came from
            copied[lesson.name] = new
    finally:
        _write_record(mine, copied)
    report += _renumbered(course, mine)
    if left_alone:
        report.append(f"{left_alone} of your lessons left as they are.")
    return report


def _renumbered(course: Sequence[Path], mine: Path) -> list[str]:
    """A sentence for each copy whose lesson has another number by now: 10_low_pass is 11_low_pass."""
    now = {lesson.name[3:]: lesson.name for lesson in course}
    return [
        f"{copy.name}: this lesson is {now[copy.name[3:]]} now, which lies beside it. Your copy stays as it is."
        for copy in sorted(mine.glob("[0-9][0-9]_*.ipynb"))
        if now.get(copy.name[3:], copy.name) != copy.name
    ]


def fresh(number: str, lessons: Path, mine: Path) -> list[str]:
    """Set one lesson back to blank. The copy that was there is kept under a dated name."""
    lesson = _find(number, lessons)
    if not is_original(lesson):
        raise WorkspaceError(f"{_put_back(lesson)} Then run this again. {SAFE}")
    _make_folder(mine)
    copied, report = _read_record(mine)
    copy = mine / lesson.name
    blank = lesson.read_bytes()
    if copy.exists() and copy.read_bytes() == blank:
        return [*report, f"{lesson.name}: blank already."]
    if copy.exists():
        kept = _dated(copy)
        _write(kept, copy.read_bytes())
        report.append(f"{lesson.name}: your copy is kept as {kept.name}.")
    _write(copy, blank)
    _write_record(mine, copied | {lesson.name: fingerprint(lesson)})
    return [
        *report,
        f"{lesson.name}: blank again. If it is open in JupyterLab, close it there and open it anew.",
    ]


def fingerprint(notebook: Path) -> str:
    """A hash of what is written in the cells. Running a notebook, or opening it, does not change it."""
    data = notebook.read_bytes()
    try:
        cells = json.loads(data)["cells"]
        written = [[cell["cell_type"], "".join(cell["source"])] for cell in cells]
    except (ValueError, KeyError, TypeError):  # not a readable notebook: any change counts
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(json.dumps(written).encode()).hexdigest()


def seal(notebook: Mapping[str, Any]) -> str:
    """A hash of all of a lesson but its seal, which stands in its metadata: metadata["course"]["original"].

    Opened in ``lessons/`` by mistake, where the course's originals lie, and run, edited or only saved, a
    lesson no longer has its seal.
    """
    rest = dict(notebook) | {"metadata": {k: v for k, v in notebook["metadata"].items() if k != "course"}}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()[:16]


def is_original(lesson: Path) -> bool:
    """Whether a lesson in ``lessons/`` is still as the course made it (what has no seal may be as it likes)."""
    try:
        notebook = json.loads(lesson.read_bytes())
        made = notebook["metadata"].get("course")
        return made is None or made["original"] == seal(notebook)
    except (
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ):  # it was not damaged when it came
        return False


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m course_utils.learner.workspace", description="Your own copies of the lessons."
    )
    parser.add_argument(
        "--fresh", metavar="NN", help="set lesson NN back to blank, keeping your copy beside it"
    )
    number = parser.parse_args(arguments).fresh
    lessons, mine = COURSE / "lessons", COURSE / "my_lessons"
    try:
        report = update(lessons, mine) if number is None else fresh(number, lessons, mine)
    except WorkspaceError as problem:
        print(problem, file=sys.stderr)
        return 1
    except OSError as problem:
        print(f"{problem.filename}: {problem.strerror}. {SAFE}", file=sys.stderr)
        return 1
    print("\n".join(report))
    return 0


def _all_lessons(lessons: Path) -> list[Path]:
    found = sorted(lessons.glob("*.ipynb"))
    if not found:
        raise WorkspaceError(f"There are no lessons in {lessons}. Run this in the folder of the course.")
    return found


def _find(number: str, lessons: Path) -> Path:
    known = {_number(lesson): lesson for lesson in _all_lessons(lessons)}
    wanted = number.strip()
    if not wanted or wanted.zfill(2) not in known:
        raise WorkspaceError(
            f"Which lesson? There is no lesson {wanted!r}; the lessons are {', '.join(known)}."
        )
    return known[wanted.zfill(2)]


def _number(lesson: Path) -> str:
    return lesson.name.split("_")[0]


def _how_to_get(lesson: Path) -> str:
    windows = os.name == "nt"
    return (
        "python -m course_utils.learner.workspace --fresh " if windows else "make fresh LESSON="
    ) + _number(lesson)


def _keep_edited(lesson: Path, copy: Path) -> str:
    """Keep what was written into an original, once, beside the learner's own copy; returns what to say of it."""
    written = lesson.read_bytes()
    kept = next((p for p in copy.parent.glob(f"{copy.stem}*.ipynb") if p.read_bytes() == written), None)
    if kept is None:
        kept = _dated(copy) if copy.exists() else copy
        _write(kept, written)
    return f"{_put_back(lesson)} What is in it is kept as {copy.parent.name}/{kept.name}."


def _put_back(lesson: Path) -> str:
    """What is wrong with an original that was written into, and how to mend it."""
    here = f"lessons/{lesson.name}"
    how = (
        f"git checkout {here}"
        if (COURSE / ".git").exists()
        else f"unpack {here} from the course's archive anew"
    )
    return (
        f"{here} was changed by mistake: it is the course's original, and your place is my_lessons/. "
        f"To put the original back, without which git pull stops: {how}."
    )


def _make_folder(mine: Path) -> None:
    if mine.exists() and not mine.is_dir():
        raise WorkspaceError(
            f"{mine} is a file, and your lessons need a folder of that name. Move the file away."
        )
    mine.mkdir(exist_ok=True)


def _read_record(mine: Path) -> tuple[dict[str, str], list[str]]:
    """The fingerprints, and what to say if they could not be read (then every differing copy counts as edited)."""
    record = mine / RECORD
    if not record.exists():
        return {}, []
    try:
        copied = json.loads(record.read_bytes())["copied"]
        return {str(name): str(value) for name, value in copied.items()}, []
    except (ValueError, KeyError, TypeError, AttributeError):
        return {}, [
            f"{mine.name}/{RECORD} was damaged and is made anew; lessons that differ count as edited by you."
        ]


def _write_record(mine: Path, copied: dict[str, str]) -> None:
    text = json.dumps({"about": ABOUT, "copied": dict(sorted(copied.items()))}, indent=1) + "\n"
    record = mine / RECORD
    if not record.exists() or record.read_bytes() != text.encode():
        _write(record, text.encode())


def _dated(copy: Path) -> Path:
    """A free name such as 02_layers.2026-11-21.ipynb, then 02_layers.2026-11-21.2.ipynb."""
    stem, n = f"{copy.stem}.{date.today()}", 1
    while (kept := copy.with_name(f"{stem}.ipynb" if n == 1 else f"{stem}.{n}.ipynb")).exists():
        n += 1
    return kept


def _write(path: Path, data: bytes) -> None:
    """Write all of it or nothing: after an interruption or on a full disk, the old file is whole."""
    new = path.with_name(f".{path.name}.new")
    try:
        new.write_bytes(data)
        new.replace(path)
    except OSError as problem:
        new.unlink(missing_ok=True)
        raise WorkspaceError(f"{path} cannot be written ({problem.strerror}). {SAFE}") from problem


if __name__ == "__main__":
    sys.exit(main())
