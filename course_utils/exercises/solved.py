"""Which exercises are solved: one small file beside the notebook, readable, yours to delete."""

import datetime

from course_utils.exercises.bank import all_exercises
from course_utils.learner.files import load, progress_file, update
from course_utils.show.output import card, emit, escape


def solved_exercises() -> dict[str, dict[str, str]]:
    """The remembered exercises, {name: {"exercise": "2.1", "solved": "2026-11-21"}}."""
    return load(progress_file(), is_board)


def is_board(kept: dict) -> bool:
    return all(isinstance(entry, dict) for entry in kept.values())


def remember(name: str) -> None:
    """Note that exercise ``name`` is solved, on the first time it is."""
    today = datetime.date.today().isoformat()
    entry = {"exercise": all_exercises()[name].number, "solved": today}
    update(progress_file(), is_board, lambda kept: kept if name in kept else kept | {name: entry})


def progress(lesson: str = "") -> None:
    """Show how many exercises of the course are solved, and each one, solved or open; of one ``lesson`` only, if given.

    Raises ValueError for a lesson that does not exist.
    """
    remembered = solved_exercises()
    exercises = all_exercises()
    lessons = sorted({exercise.lesson for exercise in exercises.values()})
    if lesson and lesson not in lessons:
        raise ValueError(f"there is no lesson {lesson!r}; they are called {', '.join(lessons)}")
    lines, rows = [], []
    for shown in [lesson] if lesson else lessons:
        here = [exercise for exercise in exercises.values() if exercise.lesson == shown]
        marks = [f"{'✓' if e.name in remembered else '○'} {e.number} {e.name}" for e in here]
        lines.append(f"Lesson {shown}   " + "   ".join(marks))
        rows.append(
            f'<div style="margin-top:4px"><b>Lesson {shown}</b>&ensp;'
            + " &ensp;".join(f'<span style="white-space:nowrap">{escape(mark)}</span>' for mark in marks)
            + "</div>"
        )
    solved = sum(name in remembered for name in exercises)
    heading = f"{solved} of {len(exercises)} exercises solved"
    emit(card("good" if solved else "plain", heading, "".join(rows)), "\n".join([heading, *lines]))
