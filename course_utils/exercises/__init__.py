"""Self-checking exercises: ``@exercise`` in a lesson, ``check`` underneath, the bank of misconceptions behind."""

from course_utils.exercises.attempts import share_attempts
from course_utils.exercises.bank import all_exercises
from course_utils.exercises.checking import check
from course_utils.exercises.class_cell import graded
from course_utils.exercises.decorator import course_versions, exercise
from course_utils.exercises.solved import progress

__all__ = [
    "all_exercises",
    "check",
    "course_versions",
    "exercise",
    "graded",
    "progress",
    "share_attempts",
]
