"""``graded`` in the notebooks of a class."""

import functools

import pytest

from course_utils import exercises
from course_utils.exercises import all_exercises, graded
from course_utils.exercises.class_cell import judged


def named(name, function):
    function.__name__ = name
    return function


def mine(grad_y, x):
    return grad_y * (x > 0)


def attempt(function):
    return exercises.exercise(named("relu_backward", function))


def gate_missing(grad_y, x):
    return grad_y


def test_graded_says_what_is_earned_and_stops_nothing(capsys):
    stands = {
        "4 of 4 points, solved": [attempt(mine), mine],
        "0 of 4 points, not yet": [
            attempt(gate_missing),
            gate_missing,
            3,
            all_exercises()["relu_backward"].reference,
            functools.wraps(all_exercises()["relu_backward"].reference)(lambda *a: 1),
        ],
        "0 of 4 points, not attempted": [exercises.course_versions("02")["relu_backward"], None],
    }
    capsys.readouterr()
    for line, things in stands.items():
        for thing in things:
            graded("relu_backward", {"relu_backward": thing}, points=4)
            assert capsys.readouterr().out == f"Exercise 2.2 relu_backward: {line}.\n"
    graded("relu_backward", {}, points=4)
    assert "not attempted" in capsys.readouterr().out
    graded("relu_backward", {"relu_backward": functools.partial(mine)}, points=4)  # it has no __name__
    assert "4 of 4 points" in capsys.readouterr().out


def test_graded_raises_for_nbgrader(monkeypatch, capsys):
    """Which is what the student's Validate button shows."""
    attempted = exercises.course_versions("02")["relu_backward"]
    monkeypatch.setenv("NBGRADER_EXECUTION", "validate")
    graded("relu_backward", {"relu_backward": mine}, points=4)
    assert "4 of 4" in capsys.readouterr().out
    for thing, told in (
        (None, "not attempted. "),
        (3, "not yet. relu_backward is not a function."),
        (attempted, "not attempted. "),
    ):
        with pytest.raises(AssertionError) as error:
            graded("relu_backward", {"relu_backward": thing}, points=4)
        assert str(error.value) == f"Exercise 2.2 relu_backward: 0 of 4 points, {told}"
    with pytest.raises(AssertionError, match="0 of 4 points, not yet. .+"):
        graded("relu_backward", {"relu_backward": gate_missing}, points=4)
    with pytest.raises(
        AssertionError, match="This is the course's own version, which earns no points: write your own.$"
    ):
        graded("relu_backward", {"relu_backward": all_exercises()["relu_backward"].reference}, points=4)


def test_in_a_class_the_teacher_shows_solutions(monkeypatch, capsys):
    blank = exercises.course_versions("02")["relu_backward"]
    monkeypatch.setenv("COURSE_CLASS", "1")
    exercises.decorator.hints_given.clear()
    blank.solution()
    blank.hint()
    blank.hint()
    out = capsys.readouterr().out
    assert "your teacher shows" in out and "return" not in out and "solution()" not in out
    assert "That was the last one." in out


def test_a_function_that_calls_its_own_name_is_checked_by_itself():
    """In the notebook its name may still stand for the course's version."""
    names = exercises.course_versions("02")
    exec("def relu_backward(grad_y, x):\n    return relu_backward(grad_y, x)\n", names)
    own = names["relu_backward"]
    names["relu_backward"] = exercises.course_versions("02")["relu_backward"]
    assert "calls itself" in judged("relu_backward", own)[1]
