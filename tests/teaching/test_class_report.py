"""What the class misunderstood: the counts that were put in come out, and nothing else."""

import json
import shutil
from pathlib import Path

import nbformat
import pytest

from course_utils.exercises import all_exercises
from course_utils.exercises.attempts import MIME
from teaching import class_report
from teaching.example_class import LEARNERS, write_class
from teaching.submission import make_safe


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("class") / "submitted"


@pytest.fixture(scope="module")
def put_in(folder):
    return write_class(folder, seed=1)


def test_the_counts_that_were_put_in_come_out(folder, put_in):
    found = class_report.read_class(folder)
    assert 20 < len(found.attempts) < LEARNERS == len(found.attempts) + found.silent
    assert not found.unreadable
    for row in class_report.rows(found.attempts):
        expected = dict(put_in[row.exercise.name])
        assert (len(row.tried), len(row.solved)) == (expected.pop("tried"), expected.pop("solved"))
        assert {name: len(learners) for name, learners in row.met.items()} == expected
        text = class_report.table(found)
        for name in list(row.met)[: class_report.SHOWN]:
            assert f"{expected[name]:>4}  {name}\n" in text + "\n"


def test_grading_changes_nothing_in_the_report(folder, put_in, tmp_path):
    """What nbgrader grades is made anew, without the outputs that hold what was shared; the originals are kept."""
    shutil.copytree(folder, tmp_path / "submitted")
    before = class_report.read_class(tmp_path / "submitted")
    for path in sorted((tmp_path / "submitted").rglob("*.ipynb")):
        make_safe(path.parent, nbformat.read(path, as_version=4), path.stem)
    assert class_report.read_class(tmp_path / "submitted") == before
    shutil.rmtree(tmp_path / "as_handed_in")
    assert class_report.read_class(tmp_path / "submitted").attempts == {}


def test_the_picture_shows_them(folder, put_in):
    found = class_report.read_class(folder)
    fig = class_report.picture(found)
    fig.canvas.draw()
    ax = fig.axes[0]
    widths = {round(bar.get_y() + 0.4, 6): bar.get_width() for bar in ax.patches}  # the last bar at a height
    exercise = ""
    for at, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True):
        name = label.get_text()
        if name[0].isdigit():
            exercise = name.split()[1]
        expected = put_in[exercise]["solved" if name[0].isdigit() else name]
        assert widths[round(at, 6)] == expected, name
    drawn = [label.get_text() for label in ax.get_yticklabels()]
    assert sum(name[0].isdigit() for name in drawn) == len(put_in) < len(drawn)
    inside = fig.get_tightbbox()
    assert inside.x0 > -0.1 and inside.x1 < fig.get_figwidth() + 0.1  # no label is cut off


def test_no_names_unless_asked_for(folder, put_in, capsys):
    assert class_report.main([str(folder)]) == 0
    assert "learner0" not in capsys.readouterr().out
    assert class_report.main([str(folder), "--names"]) == 0
    assert "learner0" in capsys.readouterr().out


def test_what_to_speak_about_is_the_commonest(folder, put_in):
    worth = class_report.worth_a_minute(class_report.read_class(folder))
    most = max(
        count
        for counts in put_in.values()
        for name, count in counts.items()
        if name not in ("tried", "solved")
    )
    assert len(worth) == class_report.WORTH
    assert len(worth[0][0].met[worth[0][1]]) == most


def submission(path, *attempts, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs = [{"output_type": "display_data", "data": {MIME: data or {"attempts": list(attempts)}}}]
    path.write_text(json.dumps({"cells": [{"cell_type": "code", "outputs": outputs}]}))


def made(misconception="", when="2026-01-01T10:00", name="relu_backward", status=None):
    return {
        "exercise": "2.2",
        "name": name,
        "when": when,
        "status": status or ("not yet" if misconception else "solved"),
        "misconception": misconception,
    }


def test_a_learner_counts_once_and_a_log_in_two_notebooks_too(tmp_path):
    wrong, late = made("gate_missing"), made("gate_missing", when="2026-01-02T10:00")
    submission(tmp_path / "ada" / "02" / "02.ipynb", wrong, late, made(when="2026-01-03T10:00"))
    submission(tmp_path / "ada" / "03" / "03.ipynb", wrong)
    submission(tmp_path / "ada" / ".ipynb_checkpoints" / "02.ipynb", made("gate_inverted"))
    submission(tmp_path / "bob.ipynb", made(), made("gate_inverted", when="2026-01-04T10:00"))
    (row,) = class_report.rows(class_report.read_class(tmp_path).attempts)
    assert row.tried == ["ada", "bob"] == row.solved
    assert row.tries == 2  # ada 3; bob 1: what he broke after it was right is no try to solve it
    assert row.met == {"gate_inverted": ["bob"], "gate_missing": ["ada"]}


@pytest.mark.parametrize(
    "broken",
    [
        "", "{", "[]", '{"cells": 3}', '{"cells": [3]}', "[" * 10_000,
        json.dumps({"cells": [{"outputs": [{"data": {MIME: {"attempts": [{"name": "x"}]}}}]}]}),
        json.dumps({"cells": [{"outputs": [{"data": {MIME: []}}]}]}),
        json.dumps({"cells": [{"outputs": [{"data": {MIME: {"attempts": 3}}}]}]}),
    ],
)  # fmt: skip
def test_a_damaged_submission_is_named_and_the_others_count(tmp_path, broken, capsys):
    submission(tmp_path / "ada.ipynb", made())
    (tmp_path / "bob.ipynb").write_text(broken)
    (tmp_path / "cy.ipynb").write_bytes(b"\xff\xfe\x00")
    assert class_report.main([str(tmp_path)]) == 0
    out = capsys.readouterr().out
    assert "attempts: 1." in out and "bob.ipynb" in out and "cy.ipynb" in out and "1 of 1 solved" in out


def test_made_up_names_are_not_counted(tmp_path):
    submission(tmp_path / "ada.ipynb", made("<b>nonsense</b>"), made("gate_missing", name="no_such_exercise"))
    (row,) = class_report.rows(class_report.read_class(tmp_path).attempts)
    assert row.exercise is all_exercises()["relu_backward"] and row.met == {}


def test_an_empty_class_and_no_folder_get_a_sentence(tmp_path, capsys):
    assert class_report.main([str(tmp_path), "--picture", str(tmp_path / "p.png")]) == 0
    assert "attempts: 0." in capsys.readouterr().out
    assert class_report.main([str(tmp_path / "none")]) == 1
    assert "is no folder" in capsys.readouterr().err


def test_the_guide_shows_what_the_example_prints(tmp_path):
    write_class(tmp_path / "class")
    lines = class_report.table(class_report.read_class(tmp_path / "class")).splitlines()
    guide = (Path(class_report.__file__).parent / "README.md").read_text()
    assert "\n".join(["```text", *lines[:8], "```"]).replace("\n\n```", "\n```") in guide
