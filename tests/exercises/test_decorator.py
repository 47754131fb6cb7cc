"""``@exercise`` in a notebook, and the file that remembers what is solved."""

import functools
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises import all_exercises, check, solved
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import expected_values
from course_utils.exercises.handing_on import handed_on
from course_utils.learner import files as my_files
from making.bank_table import blank
from tests.exercises.test_strange import raises

ALL = list(all_exercises().values())


def named(name, function):
    function.__name__ = name
    return function


def attempt(name, function):
    return exercises.exercise(named(name, function))


def test_solved_is_yours_and_remembered(capsys):
    def mine(grad_y, x):
        return grad_y * (x > 0)

    result = attempt("relu_backward", mine)
    assert result.solved and result.yours is mine and "stands for your function" in repr(result)
    assert "relu_backward" in json.loads(my_files.progress_file().read_text())
    exercises.progress()
    out = capsys.readouterr().out
    assert "solved" in out and "✓ 2.2 relu_backward" in out


@pytest.mark.parametrize(
    "function", [blank, raises, lambda grad_y, x: grad_y], ids=["blank", "crash", "wrong"]
)
def test_unsolved_stands_for_the_course_version(function, capsys):
    result = attempt("relu_backward", function)
    grad_y, x = np.array([[1.0, 2.0]]), np.array([[-1.0, 1.0]])
    assert np.array_equal(result(grad_y, x), [[0.0, 2.0]]) and result.yours is function
    assert "stands for the course's own version" in capsys.readouterr().out


def test_hints_go_on_after_a_new_try(capsys):
    exercises.decorator.hints_given.clear()
    attempt("relu_backward", blank).hint()
    attempt("relu_backward", raises).hint()
    out = capsys.readouterr().out
    assert "Hint 1 of 2" in out and "Hint 2 of 2" in out and "solution()" in out


def test_solution_shows_the_course_version(capsys):
    attempt("relu_backward", blank).solution()
    assert "return grad_y * (x > 0)" in capsys.readouterr().out


def test_a_solved_function_that_prints_is_silenced(capsys):
    def chatty(grad_y, x):
        print("noise")
        return grad_y * (x > 0)

    result = attempt("relu_backward", chatty)
    capsys.readouterr()
    result(np.ones((1, 1)), np.ones((1, 1)))
    assert capsys.readouterr().out == ""


def test_a_right_but_slow_function_is_solved_and_does_not_slow_the_lesson(capsys):
    loops = next(
        f for f in all_exercises()["linear_backward"].alternatives if f.__name__ == "linear_with_loops"
    )
    result = attempt("linear_backward", named("linear_backward", lambda *a: loops(*a)))
    assert result.solved and "stands for the course's version" in repr(result)
    out = capsys.readouterr().out
    assert "solved" in out and "slow" in out and "linear_backward.yours" in out


def test_the_right_results_are_known_before_the_learners_time_runs(monkeypatch):
    """The first to use PyTorch waits for its imports: that must not be the learner, who has a time limit."""
    entry, called = all_exercises()["relu_backward"], []

    def truth(*arguments):
        called.append("course")
        return entry.truth(*arguments)

    def learners(grad_y, x):
        called.append("learner")
        return grad_y * (x > 0)

    monkeypatch.setitem(all_exercises(), "relu_backward", replace(entry, truth=truth))
    expected_values.cache_clear()
    try:
        assert check("relu_backward", learners).status == "solved"
    finally:
        expected_values.cache_clear()
    assert called[0] == "course" and called[-1] == "learner"


def test_a_renamed_exercise_gets_a_sentence(capsys):
    def relu_backwards(grad_y, x):
        return grad_y

    assert exercises.exercise(relu_backwards) is relu_backwards
    assert "Did you mean relu_backward?" in capsys.readouterr().out


def test_nbgrader_gets_an_error_and_the_learners_own_function(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="not attempted"):
        attempt("relu_backward", blank)
    with pytest.raises(AssertionError, match="gate"):
        attempt("relu_backward", lambda grad_y, x: grad_y)

    def mine(grad_y, x):
        return grad_y * (x > 0)

    assert attempt("relu_backward", mine) is mine
    assert exercises.course_versions("02") == {}


def test_course_versions_fill_the_gaps():
    names = exercises.course_versions("02")
    assert set(names) == {e.name for e in ALL if e.lesson == "02"}
    assert np.array_equal(names["relu_backward"](np.ones((1, 1)), np.ones((1, 1))), [[1.0]])


# ------------------------------------------------- the progress file


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(path))
    return path


def test_brackets_after_exercise_change_nothing(capsys):
    assert exercises.exercise()(named("relu_backward", lambda grad_y, x: grad_y * (x > 0))).solved


@pytest.mark.parametrize("thing", ["relu_backward", functools.partial(print), 3])
def test_what_is_no_function_gets_a_sentence(thing, capsys):
    assert exercises.exercise(thing) is thing
    assert capsys.readouterr().out.startswith("Nothing was checked: @exercise stands above the def line")


def test_a_list_a_tensor_and_a_number_in_an_array_are_handed_on_as_what_the_lesson_uses(capsys):
    import torch

    def as_lists(theta, grad, velocity, rate, momentum):
        velocity = momentum * velocity + grad
        return [(theta - rate * velocity).tolist(), torch.from_numpy(velocity)]

    ones = np.ones(3)
    mine = attempt("momentum_step", as_lists)
    assert mine.solved and mine.yours is as_lists
    theta, velocity = mine(ones, ones, ones, 0.5, 1.0)
    np.testing.assert_array_equal(theta * ones, [0, 0, 0])
    np.testing.assert_array_equal(velocity * ones, [2, 2, 2])

    mine = attempt("tanh_backward", lambda grad_y, x: torch.tensor(grad_y * (1 - np.tanh(x) ** 2)))
    assert mine.solved and type(mine(3.0, 0.0)) is float


def test_what_the_lesson_can_use_is_handed_on_untouched():
    for entry in ALL:
        assert handed_on(entry, entry.reference) is entry.reference
        for right in entry.alternatives:
            handed_on(entry, right)


@pytest.mark.parametrize("damage", ["", "{", "[1, 2]", '{"relu_backward": 3}', "\x00\x01"])
def test_a_damaged_progress_file_is_kept_aside(progress_file, damage, capsys):
    progress_file.write_text(damage)
    exercises.progress()
    solved.remember("relu_backward")
    assert "kept as my_progress.json.damaged" in capsys.readouterr().out
    assert progress_file.with_name("my_progress.json.damaged").read_text() == damage
    assert "relu_backward" in json.loads(progress_file.read_text())


def test_a_locked_progress_file_is_left_alone(progress_file, monkeypatch, capsys):
    progress_file.write_text('{"step": {"exercise": "0.1", "solved": "2020-01-01"}}')
    read_text = Path.read_text

    def locked(path, *arguments, **named):
        if path == progress_file:
            raise PermissionError(13, "used by another program")
        return read_text(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", locked)
    solved.remember("relu_backward")
    assert "could not be read, so it was not changed" in capsys.readouterr().out
    monkeypatch.undo()
    assert json.loads(progress_file.read_text()) == {"step": {"exercise": "0.1", "solved": "2020-01-01"}}


def test_progress_that_cannot_be_saved_is_said_once_and_harms_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "no such folder" / "p.json"))
    result = attempt("relu_backward", lambda grad_y, x: grad_y * (x > 0))
    assert result(np.ones((1, 1)), np.ones((1, 1))) == 1
    assert "could not be saved" in capsys.readouterr().out


def test_progress_keeps_what_was_there(progress_file):
    progress_file.write_text('{"step": {"exercise": "0.1", "solved": "2020-01-01"}}')
    solved.remember("relu_backward")
    solved.remember("step")
    stored = json.loads(progress_file.read_text())
    assert stored["step"]["solved"] == "2020-01-01" and "relu_backward" in stored


def test_what_was_printed_belongs_to_the_case_that_is_shown():
    def wrong_for_three(grad_y, x):
        print(f"{len(x)} examples")
        return all_exercises()["relu_backward"].reference(grad_y, x) + (0.1 if len(x) > 2 else 0)

    outcome = check("relu_backward", wrong_for_three)
    assert outcome.comparison.case.startswith("5 examples") and outcome.printed == "5 examples\n"


def test_solved_is_what_the_last_check_found():
    assert attempt("relu_backward", lambda grad_y, x: grad_y * (x > 0)).solved
    assert not attempt("relu_backward", lambda grad_y, x: grad_y).solved
    assert not exercises.course_versions("02")["relu_backward"].solved


def test_a_lesson_that_does_not_exist_is_named(capsys):
    with pytest.raises(ValueError, match="no lesson '2'; they are called 00, 01"):
        exercises.course_versions("2")
    exercises.share_attempts("2", True)
    assert "No exercise belongs to a lesson '2'" in capsys.readouterr().out


def test_inputs_of_every_type_are_looked_into():
    """A mark in a dictionary, a weight inside an object, an emptied list."""

    def empties(theta_groups, *rest):
        result = all_exercises()["rate_vector"].reference(theta_groups, *rest)
        for thing in (theta_groups, *rest):
            if isinstance(thing, dict):
                thing.clear()
        return result

    outcome = check("rate_vector", empties)
    assert outcome.status == "not yet" and "changes its input" in outcome.message

    right = all_exercises()["sandwich_step"].reference

    def moves_the_frozen(front, frozen, back, z, labels, optimizer):
        loss = right(front, frozen, back, z, labels, optimizer)
        frozen.weights.data += 1.0
        return loss

    def moves_a_bias(front, frozen, back, z, labels, optimizer):
        loss = right(front, frozen, back, z, labels, optimizer)
        front.bias.data += 5
        return loss

    assert check("sandwich_step", moves_the_frozen).status == "not yet"
    assert check("sandwich_step", moves_a_bias).status == "not yet"


def test_a_function_that_calls_its_own_name_is_not_helped_by_the_course_version(capsys):
    names = {"exercise": exercises.exercise} | exercises.course_versions("02")
    exec("@exercise\ndef relu_backward(grad_y, x):\n    return relu_backward(grad_y, x)\n", names)
    assert "calls itself without end" in capsys.readouterr().out
    assert names["relu_backward"](np.ones((1, 1)), np.ones((1, 1))) == 1


def test_rounding_dust_is_shown_as_no_difference():
    reference = all_exercises()["relu_backward"].reference

    def dusty(grad_y, x):
        grad_x = reference(grad_y, x) * (1 + 1e-13)
        grad_x[0, 0] += 1
        return grad_x

    outcome = check("relu_backward", dusty)
    _, plain = draw(all_exercises()["relu_backward"], outcome)
    assert "e-1" not in plain.split("difference")[1]
