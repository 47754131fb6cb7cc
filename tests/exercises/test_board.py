"""The board of lesson 13: what gets onto it, and that it survives whatever its file holds."""

import json
import re

import numpy as np
import pytest

from course_utils import exercises
from course_utils.beds import capstone
from course_utils.exercises import board
from course_utils.exercises.lessons import lesson13


@pytest.fixture
def scores_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "my_progress.json"))
    return tmp_path / "my_progress_scores.json"


def solved():
    """The exercise as it stands in a notebook, solved with a design of one's own."""

    def design():
        return lesson13.design() | {"strength": 0.5}

    return exercises.exercise(design)


def test_scores_are_kept_beside_the_progress_and_replaced_by_name(scores_file):
    assert board.scores() == {}
    board.keep_score("a", [0.5])
    board.keep_score("b", np.array([0.5, 1.0]))
    board.keep_score("a", [0.625])
    assert json.loads(scores_file.read_text()) == {"a": [0.625], "b": [0.5, 1.0]} == board.scores()
    assert [path.name for path in scores_file.parent.iterdir()] == [scores_file.name]  # no draft is left


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1]",
        "null",
        '{"a": "x", "b": true, "c": 1.5, "d": NaN}',
        "[" * 10_000,
        '{"a": ["x"], "b": [], "c": [1.5], "d": [[0.5]]}',
    ],
)
def test_a_bad_file_never_raises(scores_file, text, capsys):
    scores_file.write_text(text)
    assert board.scores() == {}
    board.show_board({})
    board.keep_score("new", [0.5])
    assert board.scores() == {"new": [0.5]}


def test_a_file_that_cannot_be_read_or_written_never_raises(scores_file):
    scores_file.mkdir()
    board.keep_score("a", [0.5])
    assert board.scores() == {}
    scores_file.rmdir()
    scores_file.write_bytes(b"\xff\xfe\x00")
    assert board.scores() == {}


def test_a_name_cannot_break_the_board(scores_file, capsys):
    board.keep_score("<b>", [0.5])
    board.show_board({})
    assert "you: <b>" in capsys.readouterr().out


def test_half_a_character_in_a_name_cannot_break_the_board(scores_file, capsys):
    board.keep_score("half \ud800", [0.5])
    scores_file.write_text('{"other \\udc00": 0.25}')
    board.keep_score("half \ud800", [0.5])
    board.show_board({})
    assert board.scores() == {"other ?": [0.25], "half ?": [0.5]}
    capsys.readouterr().out.encode()


def nothing_handed_over(front, box, x, y, seed):
    return None


def no_numbers(front, box, x, y, seed):
    for value in (1.0, np.nan):
        front.grad = np.full_like(front.grad, value)
        yield


def steps_by_itself(front, box, x, y, seed):
    front.theta = 2 * front.theta
    yield


def breaks_down(front, box, x, y, seed):
    yield
    box(np.zeros((capstone.BUDGET + 1, capstone.K)))


GRADIENTS = {
    wrong.__name__: wrong for wrong in (nothing_handed_over, no_numbers, steps_by_itself, breaks_down)
}


def measured(chosen):
    front, box, x, y = capstone.task(0)
    for _ in capstone.filled(GRADIENTS[chosen["gradient"]](front, box, x, y, 0), front):
        pass
    return capstone.measure({0: (front, box.left)})


@pytest.mark.parametrize(
    ("gradient", "told"),
    [
        ("nothing_handed_over", "no generator"),
        ("no_numbers", "the gradient of step 2 holds NaN"),
        ("steps_by_itself", "at step 1 your gradient changes front.theta"),
        ("breaks_down", "BudgetSpent: This call needs 1201 queries"),
        ("not there", "GRADIENTS has no entry 'not there'"),
    ],
)
def test_a_gradient_that_is_none_costs_a_sentence_and_gets_no_score(scores_file, capsys, gradient, told):
    chosen = lesson13.design() | {"gradient": gradient}
    design = solved()
    capsys.readouterr()
    board.score("mine", chosen, design, GRADIENTS, measured)
    said = capsys.readouterr().out
    assert said.startswith("Nothing was put on the board: ") and told in said and said.count("\n") == 1
    assert board.scores() == {}


@pytest.mark.parametrize("wrong", lesson13.DESIGN.misconceptions, ids=lambda wrong: wrong.name)
def test_a_design_that_breaks_a_rule_gets_no_score(scores_file, capsys, wrong):
    board.score("mine", wrong.wrong(), solved(), {"surrogate": None}, None)
    assert wrong.message in capsys.readouterr().out and board.scores() == {}


def test_only_a_solved_design_that_meets_the_demands_gets_a_score(scores_file, capsys):
    found = {"validation": np.array([0.5, 0.75]), "breaks": ["", ""]}

    def put_on_the_board(name, design):
        board.score(name, lesson13.design(), design, {"surrogate": None}, lambda chosen: found)

    for not_checked in (exercises.course_versions("13")["design"], lesson13.design):
        put_on_the_board("mine", not_checked)
        assert board.scores() == {} and "13.4 is not solved" in capsys.readouterr().out
    put_on_the_board("mine", solved())
    assert board.scores() == {"mine": [0.5, 0.75]}
    found["breaks"][1] = "the stage is not bitwise what it was."
    put_on_the_board("again", solved())
    assert board.scores() == {"mine": [0.5, 0.75]}


def test_the_board_shows_yours_among_the_baselines_best_first(scores_file, shown):
    board.keep_score("mine & yours", [0.6, 0.6508])
    board.show_board({"a baseline": np.array([0.5, 0.9]), "chance": [0.05]})
    heading = "Right on hidden validation recordings (random hum): mean of five seeds, worst to best"
    rows = [
        ("a baseline", "70.0%", "50% to 90%"),
        ("you: mine & yours", "62.5%", "60% to 65%"),
        ("chance", "5.0%", "5% to 5%"),
    ]
    lines = [f"{mean:>6}  {spread:>11}  {name}" for name, mean, spread in rows]
    assert shown.plain.splitlines() == [heading, *lines]
    assert shown.words == [heading, *(word for row in rows for word in row)]
    assert re.findall("<b>(.*?)</b>", shown[-1][0]) == ["you: mine &amp; yours"]


@pytest.mark.parametrize("score", [0.0, 1.0, 1])
def test_every_share_is_a_score(scores_file, score):
    """Alone, as an older board kept it, or one for each seed."""
    scores_file.write_text(json.dumps({"a": score, "b": [score, 0.5]}))
    assert board.scores() == {"a": [score], "b": [score, 0.5]}


def test_an_error_of_the_learners_gradient_is_told_in_one_line(scores_file, shown):
    def fails(chosen):
        raise ZeroDivisionError("two\nlines")

    board.score("mine", lesson13.design(), solved(), {"surrogate": None}, fails)
    assert shown.plain == "Nothing was put on the board: training stops with ZeroDivisionError: two lines"
    assert shown.words == [shown.plain]


def test_an_entry_that_is_not_there_is_told_with_those_that_are(scores_file, shown):
    board.score("mine", lesson13.design() | {"gradient": "none"}, solved(), {"a": None, "b": None}, None)
    assert shown.plain == "Nothing was put on the board: GRADIENTS has no entry 'none', only a, b."
