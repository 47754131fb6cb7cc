"""What hints, solutions and the board of progress show, word for word."""

import datetime
import inspect
import json

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises import all_exercises, decorator
from course_utils.learner import files

RELU = all_exercises()["relu_backward"]
HEADING = "The course's version · 2.2 relu_backward"


@pytest.fixture
def blank(monkeypatch):
    monkeypatch.setattr(decorator, "hints_given", type(decorator.hints_given)())
    return exercises.course_versions("02")["relu_backward"]


def test_hints_come_one_by_one_and_begin_again(blank, shown):
    first, second = RELU.hints
    last = " That was the last one; `relu_backward.solution()` shows the course's version."
    for n, hint in [(1, first), (2, second + last), (1, first)]:
        blank.hint()
        assert shown.plain == f"Hint {n} of 2 · 2.2 relu_backward\n  {hint}"
        assert "".join(shown.words) == shown.plain.replace("\n  ", "").replace("`", "")
        assert "#56B4E9" in shown[-1][0]


def test_hints_of_two_exercises_are_counted_apart(blank, shown):
    blank.hint()
    exercises.course_versions("02")["linear_backward"].hint()
    assert shown.plain.startswith("Hint 1 of")


def test_a_solution_is_shown_as_a_cell_to_paste(blank, shown):
    blank.solution()
    source = inspect.getsource(RELU.reference).rstrip().replace("@RELU.reference", "@exercise")
    assert source.startswith("@exercise\ndef relu_backward(grad_y, x):")
    assert shown.plain == f"{HEADING}\n{source}"
    assert shown.words == [HEADING, source]


@pytest.mark.parametrize("name", all_exercises())
def test_every_solution_begins_as_its_cell_does(name):
    assert decorator.to_paste(all_exercises()[name].reference).startswith(f"@exercise\ndef {name}(")


@pytest.mark.parametrize(
    "name", ["step", "topological_order", "cross_entropy_backward", "numerical_gradient"]
)
def test_a_solution_that_is_pasted_solves_its_exercise(name, shown):
    lesson = all_exercises()[name].lesson
    names = {"np": np, "exercise": exercises.exercise} | exercises.course_versions(lesson)
    exec(decorator.to_paste(all_exercises()[name].reference), names)
    assert names[name].solved


def test_the_hint_on_the_card_is_not_given_again(blank, shown):
    def relu_backward(grad_y, x):
        raise NotImplementedError

    again = exercises.exercise(relu_backward)
    assert RELU.hints[0] in "".join(shown.words)
    again.hint()
    assert shown.plain.startswith("Hint 2 of 2")
    exercises.exercise(relu_backward).hint()  # that was the last, so they begin again
    assert shown.plain.startswith("Hint 1 of 2")


def test_a_missing_return_names_no_variable_as_if_it_were_the_learners(shown):
    def step(theta, grad, rate):
        theta = theta - rate * grad

    exercises.exercise(step)
    assert "It returns nothing: end it with return and what you computed for new_theta." in "".join(
        shown.words
    )


def test_in_a_class_the_last_hint_promises_no_solution(blank, shown, monkeypatch):
    monkeypatch.setenv("COURSE_CLASS", "1")
    blank.hint()
    blank.hint()
    assert shown.plain.endswith(f"{RELU.hints[1]} That was the last one.")
    blank.solution()
    assert shown.plain == "In this class your teacher shows the course's versions."
    assert shown.words == [shown.plain]


@pytest.mark.parametrize(
    "name, ask",
    [("relu_backwards", " Did you mean `relu_backward`?"), ("zzz", ""), ("linear_backwar", " Did you mean `linear_backward`?")],
)  # fmt: skip
def test_a_name_that_no_exercise_has(shown, name, ask):
    def renamed():
        pass

    renamed.__name__ = name
    assert exercises.exercise(renamed) is renamed
    told = f"No exercise is called `{name}`, so nothing was checked.{ask} Keep the name in the `def` line as it was."
    assert shown.plain == told.replace("`", "") == "".join(shown.words)
    assert "#CC79A7" in shown[-1][0]


def test_what_stands_for_an_exercise_takes_named_arguments_and_says_what_it_is(blank):
    ones = np.ones((1, 2))
    np.testing.assert_array_equal(blank(grad_y=ones, x=-ones), [[0, 0]])
    assert (blank.status, blank.yours, blank.__name__) == ("not attempted", None, "relu_backward")
    assert repr(blank) == "<exercise 2.2 relu_backward: not attempted, stands for the course's version>"


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "my_progress.json"))
    return files.progress_file()


def test_the_board_shows_every_exercise_solved_or_open(progress_file, shown):
    exercises.progress()
    names = all_exercises()
    lines = shown.plain.splitlines()
    lessons = sorted({exercise.lesson for exercise in names.values()})
    assert lines[0] == f"0 of {len(names)} exercises solved"
    assert lines[1] == "Lesson 00   ○ 0.1 step"
    assert [line[:9] for line in lines[1:]] == [f"Lesson {lesson}" for lesson in lessons]
    assert "#888888" in shown[-1][0]
    exercises.solved.remember("step")
    exercises.progress()
    lines = shown.plain.splitlines()
    assert lines[:2] == [f"1 of {len(names)} exercises solved", "Lesson 00   ✓ 0.1 step"]
    for lesson, line in zip(lessons, lines[1:], strict=True):
        here = [exercise for exercise in names.values() if exercise.lesson == lesson]
        marks = [f"{'✓' if e.name == 'step' else '○'} {e.number} {e.name}" for e in here]
        assert line == f"Lesson {lesson}   " + "   ".join(marks)
    assert "#009E73" in shown[-1][0]
    words = [word.replace("\u2002", "").strip() for word in shown.words]
    assert [word for word in words if word] == [
        lines[0], *(piece for line in lines[1:] for piece in line.split("   "))
    ]  # fmt: skip


def test_the_board_of_one_lesson_has_the_total_and_that_lesson(progress_file, shown):
    exercises.solved.remember("step")
    exercises.progress("00")
    assert shown.plain == f"1 of {len(all_exercises())} exercises solved\nLesson 00   ✓ 0.1 step"
    with pytest.raises(ValueError, match="no lesson '0'; they are called 00, 01"):
        exercises.progress("0")


def test_what_is_remembered_of_a_solved_exercise(progress_file):
    exercises.solved.remember("step")
    today = datetime.date.today().isoformat()
    assert json.loads(progress_file.read_text()) == {"step": {"exercise": "0.1", "solved": today}}
