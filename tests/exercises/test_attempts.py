"""The log of attempts, and what of it is shared."""

import json

import nbformat
import pytest
from nbclient import NotebookClient

from course_utils import exercises
from course_utils.exercises import all_exercises, attempts, share_attempts

WRONG = {m.name: m.wrong for m in all_exercises()["relu_backward"].misconceptions}


@pytest.fixture
def log(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "my_progress.json"))
    monkeypatch.setattr(attempts, "last_code", {})
    return tmp_path / "my_attempts.json"


def attempt(function, name="relu_backward"):
    def learners(*arguments):
        return function(*arguments)

    learners.__code__ = learners.__code__.replace(
        co_name=f"{name} {id(function)}"
    )  # each wrong version its own
    learners.__name__ = name
    exercises.exercise(learners)


def blank(grad_y, x):
    raise NotImplementedError


def test_the_log_holds_what_was_met_and_no_code(log):
    first, *_ = WRONG
    attempt(blank)  # not an attempt
    assert not log.exists()
    attempt(WRONG[first])
    attempt(WRONG[first])  # the same lines again
    attempt(all_exercises()["relu_backward"].reference)
    kept = json.loads(log.read_text())["attempts"]
    assert [(made["status"], made["misconception"]) for made in kept] == [("not yet", first), ("solved", "")]
    assert all(
        set(made) == {"exercise", "name", "when", "status", "misconception"} and made["exercise"] == "2.2"
        for made in kept
    )


def test_nothing_is_logged_while_grading(log, monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError):
        attempt(next(iter(WRONG.values())))
    share_attempts("02", True)
    assert not log.exists()


@pytest.mark.parametrize("damage", ["{", "[]", '{"attempts": [{"name": 3}]}', "[" * 10_000, "\x00"])
def test_a_damaged_log_is_set_aside(log, damage, capsys):
    log.write_text(damage)
    attempt(next(iter(WRONG.values())))
    assert log.with_name("my_attempts.json.damaged").read_text() == damage
    assert len(attempts.attempts()) == 1


def test_a_log_that_cannot_be_written_disturbs_nobody(log, capsys):
    log.mkdir()
    attempt(next(iter(WRONG.values())))
    assert "saved" not in capsys.readouterr().out


def test_the_log_keeps_the_newest(log, monkeypatch):
    monkeypatch.setattr(attempts, "KEPT", 2)
    for wrong in list(WRONG.values())[:3]:
        attempt(wrong)
    assert [made["misconception"] for made in attempts.attempts()] == list(WRONG)[1:3]


@pytest.mark.parametrize(
    "share, said", [(False, "Nothing is shared"), ("yes", "Write True"), (None, "Write True")]
)
def test_without_consent_one_sentence_and_no_data(log, share, said, capsys):
    share_attempts("02", share)
    assert said in capsys.readouterr().out


def test_consent_puts_the_attempts_of_the_lesson_into_the_notebook(log, tmp_path):
    """In a real kernel: the data travel in the notebook's output, and only those of this lesson."""
    attempt(next(iter(WRONG.values())))
    attempt(lambda theta, grad, rate: theta, name="step")
    for share in (False, True):
        code = f"from course_utils.exercises import share_attempts\nshare_attempts('02', {share})"
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
        NotebookClient(notebook, timeout=60).execute()
        data = notebook.cells[0].outputs[0].data
        assert (attempts.MIME in data) is share
    assert [made["exercise"] for made in data[attempts.MIME]["attempts"]] == ["2.2"]
    assert next(iter(WRONG)) in data["text/plain"] and next(iter(WRONG)) in data["text/html"]
    nbformat.validate(notebook)


def test_what_is_shared_is_the_attempts_at_this_lesson_in_words_and_as_data(log, shown):
    wrong = next(iter(WRONG))
    attempt(WRONG[wrong])
    attempt(all_exercises()["relu_backward"].reference)
    attempt(lambda theta, grad, rate: theta, name="step")
    made = [one for one in attempts.attempts() if one["exercise"] == "2.2"]
    share_attempts("02", True)
    when = [one["when"].replace("T", " ") for one in made]
    lines = [
        "You share these attempts at lesson 02, and nothing else; run this again after new ones",
        f"{when[0]}  2.2 relu_backward: not yet, {wrong}",
        f"{when[1]}  2.2 relu_backward: solved",
    ]
    assert shown.plain.splitlines() == shown.words == lines
    assert shown[-1][2] == {attempts.MIME: {"lesson": "02", "attempts": made}}
    share_attempts("03", True)
    assert shown.plain.splitlines() == [lines[0].replace("02", "03"), "none so far"]
    assert shown[-1][2] == {attempts.MIME: {"lesson": "03", "attempts": []}}


def test_an_attempt_at_an_exercise_that_is_gone_belongs_to_no_lesson(log, shown):
    gone = {
        "exercise": "2.9",
        "name": "gone",
        "when": "2026-01-01T10:30",
        "status": "solved",
        "misconception": "",
    }
    log.write_text(json.dumps({"attempts": [gone]}))
    share_attempts("02", True)
    assert shown[-1][2][attempts.MIME]["attempts"] == []


def test_nothing_is_shared_while_grading_nor_without_a_lesson(log, shown, monkeypatch):
    share_attempts("2", True)
    assert shown.plain == (
        "No exercise belongs to a lesson '2', so nothing is shared: write its number, such as \"02\"."
    )
    share_attempts("02", "yes")
    assert shown.plain == "Write True to share your attempts, or False to keep them, and run the cell again."
    share_attempts("02", False)
    assert shown.plain == (
        "Nothing is shared. To share your attempts with your teacher, write True and run the cell again."
    )
    shown.clear()
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    share_attempts("02", True)
    assert not shown and attempts.attempts() == []
