"""Which exercises are solved: one small file beside the notebook, readable, yours to delete."""

import contextlib
import datetime
import json
import os
from pathlib import Path

from course_utils.exercises.bank import all_exercises
from course_utils.output import card, emit, escape


def progress_file() -> Path:
    """``my_progress.json`` in the folder the notebook runs in (COURSE_PROGRESS_FILE moves it)."""
    return Path(os.environ.get("COURSE_PROGRESS_FILE", "my_progress.json"))


def load() -> dict[str, dict[str, str]]:
    """The remembered exercises, {name: {"exercise": "2.1", "solved": "2026-11-21"}}.

    A missing file is an empty one. A damaged file is set aside under another name, never overwritten.
    """
    path = progress_file()
    try:
        remembered = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(remembered, dict) and all(isinstance(entry, dict) for entry in remembered.values()):
            return remembered
    except FileNotFoundError:
        return {}
    except OSError:
        return {}
    except ValueError:
        pass
    aside = path.with_name(f"{path.name}.damaged")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged{number}")
    with contextlib.suppress(OSError):
        path.rename(aside)
        note(f"{path.name} could not be read; it is kept as {aside.name}, and a new one is begun.")
    return {}


def remember(name: str) -> None:
    """Note that exercise ``name`` is solved, on the first time it is. A full or locked disk loses only the note."""
    remembered = load()
    if name in remembered:
        return
    remembered[name] = {"exercise": all_exercises()[name].number, "solved": datetime.date.today().isoformat()}
    path = progress_file()
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(json.dumps(remembered, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, path)  # whole or not at all
    except OSError as error:
        note(
            f"Your progress could not be saved in {path} ({error.strerror}); your answer itself is safe in the notebook."
        )


def note(sentence: str) -> None:
    emit(card("plain", escape(sentence)), sentence)


def progress() -> None:
    """Show the board: every exercise of the course, solved or open."""
    remembered = load()
    exercises = all_exercises()
    lines, rows = [], []
    for lesson in sorted({exercise.lesson for exercise in exercises.values()}):
        here = [exercise for exercise in exercises.values() if exercise.lesson == lesson]
        marks = [f"{'✓' if e.name in remembered else '○'} {e.number} {e.name}" for e in here]
        lines.append(f"Lesson {lesson}   " + "   ".join(marks))
        rows.append(
            f'<div style="margin-top:4px"><b>Lesson {lesson}</b>&ensp;'
            + " &ensp;".join(f'<span style="white-space:nowrap">{escape(mark)}</span>' for mark in marks)
            + "</div>"
        )
    solved = sum(name in remembered for name in exercises)
    heading = f"{solved} of {len(exercises)} exercises solved"
    emit(card("good" if solved else "plain", heading, "".join(rows)), "\n".join([heading, *lines]))
