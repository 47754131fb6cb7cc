"""Handing out, collecting and grading with nbgrader; the sandbox; ``graded`` in the notebooks of a class."""

import ast
import itertools
import json
import os
import re
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.utils import is_grade

from course_utils.exercises import all_exercises, checking, running
from making import authoring
from teaching import check, course, difficult, grading, inside, judging, round, sandbox
from tests.forgeries import FORGERIES, solved
from tests.sandboxed import needs_sandbox

ALL = list(all_exercises().values())
SOLUTIONS = sorted(authoring.SOLUTIONS.glob("*.ipynb"))
pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SAWarning")  # nbgrader's own


def read(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell.source for cell in notebook.cells if cell.cell_type == "code"]


# ------------------------------------------------- the whole round, with nbgrader's own commands


SHARE = 10  # seconds


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    folder = tmp_path_factory.mktemp("round")
    return folder / "course", round.play(folder, seconds=1.5, budget=6, share=SHARE, say=lambda line: None)


@pytest.mark.parametrize("share", [SHARE, grading.CheckExercises.share.default_value])
def test_a_share_is_enough_to_run_the_notebook_and_then_the_exercise(share):
    """Once the budget is spent, a share is all that an exercise has: a run cut off in it earns nothing."""
    assert share >= inside.WHOLE + 2 * inside.AT_ONCE + 2


@needs_sandbox
def test_every_case_earns_what_it_should(played, capsys):
    _, rows = played
    with capsys.disabled():
        print("\n" + round.table(rows))
    assert [str(row) for row in rows if row.expected != row.awarded] == []
    assert len(rows) == len(difficult.CASES) + len(difficult.DOWNLOADED)


def test_a_round_with_a_difference_says_so():
    """The table is worth nothing if it cannot fail."""
    assert "1 cases, 1 different" in round.table([round.Row("02  right", 34, 30)])


@needs_sandbox
def test_points_of_every_exercise_are_in_the_gradebook(played):
    """Not only their sum: each exercise earns its own."""
    home, _ = played
    worth = course.points(read(home / "source" / difficult.LESSON / f"{difficult.LESSON}.ipynb"))
    with Gradebook(f"sqlite:///{home / 'gradebook.db'}", "which-weights-move") as gradebook:
        for student, case in difficult.CASES.items():
            grades = gradebook.find_submission(difficult.LESSON, student).notebooks[0].grades
            awarded = {g.name.removeprefix(grading.PREFIX): g.score for g in grades}
            assert awarded == {n: worth[n] * (n in case.earns) for n in worth}, student
            assert not any(g.needs_manual_grade for g in grades)


@needs_sandbox
def test_a_message_is_a_line_of_text_and_no_formula(played):
    home, _ = played
    notebook = read(home / "autograded" / "messages" / difficult.LESSON / f"{difficult.LESSON}.ipynb")
    cards = {c.metadata.nbgrader.grade_id: c.outputs for c in notebook.cells if is_grade(c)}
    said = {name: outputs[1].get("evalue", "") for name, outputs in cards.items()}
    assert "ValueError: �" in said["points-linear_backward"]
    assert "8 of 8 points" in said["points-cross_entropy_backward"]
    for outputs in cards.values():
        assert outputs[0].data["text/html"].startswith('<div class="tex2jax_ignore mathjax_ignore">')
        text = "".join(outputs[0].data.values()) + str(outputs[1])
        assert not set(text) & set("\ud800\u202e\x1b") and "\n\n" not in text


@needs_sandbox
def test_feedback_names_the_misconceptions(played):
    home, _ = played
    page = (home / "feedback" / "wrong" / difficult.LESSON / f"{difficult.LESSON}.html").read_text(
        encoding="utf-8"
    )
    text = re.sub(r"<[^>]+>", "", page).replace("&#39;", "'").replace("&#x27;", "'")
    for name, (misconception, _) in difficult.WRONG.items():
        (known,) = [m for m in all_exercises()[name].misconceptions if m.name == misconception]
        assert known.message.replace("`", "") in text, misconception


@needs_sandbox
def test_what_was_handed_in_is_kept(played):
    home, _ = played
    names = {path.name for path in (home / "as_handed_in" / "renamed" / difficult.LESSON).glob("*.ipynb")}
    assert names == {"02_backprop (1).ipynb"}


@needs_sandbox
def test_tampered_cells_are_put_back(played):
    home, _ = played
    notebook = read(home / "autograded" / "tampered" / difficult.LESSON / f"{difficult.LESSON}.ipynb")
    assert all(cell.source.startswith("from course_utils") for cell in notebook.cells if is_grade(cell))


@needs_sandbox
def test_release_has_no_answers_and_no_outputs(played):
    home, _ = played
    source = read(home / "source" / difficult.LESSON / f"{difficult.LESSON}.ipynb")
    released = read(home / "release" / difficult.LESSON / f"{difficult.LESSON}.ipynb")
    text = "\n".join(cell.source for cell in released.cells)
    answers = re.findall(r"### BEGIN SOLUTION\n(.*?)\n *### END SOLUTION", "\n".join(code(source)), re.DOTALL)
    assert len(answers) == 5
    assert not [answer for answer in answers if answer.strip() in text] and "SOLUTION" not in text
    assert not any(cell.get("outputs") for cell in released.cells)
    assert text.count(authoring.STUB) == 5
    assert {p.name for p in (home / "release" / difficult.SMALL).iterdir()} == {
        "00_start_here.ipynb",
        "NOTATION.md",
    }


@needs_sandbox
def test_without_bubblewrap_nothing_is_run(played, monkeypatch):
    home, _ = played
    shutil.copytree(home / "submitted" / "right", home / "submitted" / "late")
    sandbox.require.cache_clear()
    monkeypatch.setattr(os, "environ", os.environ | {"PATH": str(Path(sys.executable).parent)})
    try:
        status, log = course.nbgrader(
            home, "autograde", difficult.LESSON, "--CourseDirectory.student_id=late"
        )
    finally:
        sandbox.require.cache_clear()
    assert status == 1 and "apt install bubblewrap" in log and "Traceback" not in log
    assert not (home / "autograded" / "late" / difficult.LESSON).exists()


# ------------------------------------------------- the course that is made


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
def test_assignment(path):
    """Every exercise has one graded cell right under it, worth its minutes; links lead to other assignments."""
    solution = read(path)
    notebook = course.assignment(solution, path.name[:2])
    assert notebook.cells[-1].source.endswith(
        f'share_attempts("{path.name[:2]}", False)'
    )  # consent is asked for, never given
    nbformat.validate(notebook)
    lesson = [e for e in ALL if e.lesson == path.name[:2]]
    worth = course.points(solution)
    assert list(worth) == [e.name for e in lesson] and all(2 <= p <= 20 for p in worth.values())
    cells = notebook.cells
    under = {
        course.exercise_of(a): b for a, b in zip(cells, cells[1:], strict=False) if course.exercise_of(a)
    }
    assert {name: cell.metadata.nbgrader.points for name, cell in under.items()} == worth
    assert sum(is_grade(cell) for cell in cells) == len(lesson)
    assert len({cell.id for cell in cells}) == len(cells)
    for cell in cells:
        for target in re.findall(r"\]\(([^)#:]+\.ipynb)\)", cell.source):
            assert re.fullmatch(r"\.\./(\d\d_\w+)/\1\.ipynb", target)
            assert (authoring.SOLUTIONS / Path(target).name).exists()


def test_the_stub_is_the_lessons_own():
    assert repr(authoring.STUB)[1:-1] in course.CONFIG.read_text()


# ------------------------------------------------- what of a submission is run


def lines_needed(name, *cells, others=()):
    return [
        ast.unparse(s)
        for s, _ in inside.needed(
            name, set(others), list(inside.statements([judging.as_python(c) for c in cells]))
        )
    ]


def test_only_what_an_exercise_needs_is_run():
    cells = [
        "import matplotlib.pyplot as plt\nimport numpy as np\nfrom course_utils import claim, exercise",
        "%matplotlib inline\nrate = 0.1\ntable = {}\nfor i in range(3):\n    table[i] = np.exp(i)",
        "losses = train_for_hours()\nwhile True:\n    pass",
        "def helper(x):\n    losses = x * rate\n    return losses",
        "@exercise\ndef mine(x):\n    return helper(x) + table[0] + other(x)",
        "def other(x):\n    return 7",
        "rate = 100",
        "not python (",
    ]
    assert lines_needed("mine", *cells, others=["other"]) == [
        "import numpy as np",
        "from course_utils import exercise",
        "rate = 0.1",
        "table = {}",
        "for i in range(3):\n    table[i] = np.exp(i)",
        "def helper(x):\n    losses = x * rate\n    return losses",
        "@exercise\ndef mine(x):\n    return helper(x) + table[0] + other(x)",
    ]


def test_the_last_definition_counts_and_may_use_earlier_ones():
    cells = ["def mine(x):\n    return 1", "rows = []\nrows.append(2)", "mine = wrap(mine, rows)", "mine(3)"]
    assert lines_needed("mine", *cells) == [
        "def mine(x):\n    return 1",
        "rows = []",
        "rows.append(2)",
        "mine = wrap(mine, rows)",
    ]
    assert lines_needed("mine", "x = 1", "def yours():\n    pass") == []


# Plain ones, one with PyTorch, one whose cases are made with the answer.
SAMPLE = ("multiply_backward", "structured_step", "sandwich_step", "retract", "design")


@needs_sandbox
def test_solutions_are_solved_in_the_sandbox():
    sources = {path.name[:2]: code(read(path)) for path in SOLUTIONS}
    with ThreadPoolExecutor(2) as pool:
        said = list(pool.map(lambda n: grading.ask(n, sources[all_exercises()[n].lesson], 10), SAMPLE))
    assert {n: judging.read(n, s).status for n, s in zip(SAMPLE, said, strict=True)} == dict.fromkeys(
        SAMPLE, "solved"
    )


# ------------------------------------------------- what comes out of the sandbox is not trusted


RUN = {"problem": "", "error": "", "blank": False, "stopped": False, "changed": []}


def honest(name):
    """The sandbox's answer for the reference of an exercise."""
    found = inside.run_all(all_exercises()[name], all_exercises()[name].reference)
    return [RUN | {"values": {n: inside.plain(v) for n, v in run.values.items()}} for run in found]


def test_right_values_survive_the_way_out():
    assert judging.read("relu_backward", json.dumps({"runs": honest("relu_backward")})).status == "solved"


def test_right_values_of_a_function_that_changes_its_inputs_earn_nothing():
    runs = [run | {"changed": ["x"]} for run in honest("relu_backward")]
    outcome = judging.read("relu_backward", json.dumps({"runs": runs}))
    assert outcome.status == "not yet" and "changes its input x" in outcome.message


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "{",
        "[" * 100_000,
        "null",
        '{"status": "solved"}',
        '{"runs": []}',
        '{"runs": [{}]}',
        json.dumps({"runs": honest("relu_backward")[:1]}),
        json.dumps({"runs": [RUN | {"values": {}, "stopped": True}]}),
        json.dumps({"runs": [r | {"values": {"grad_x": {"array": "", "type": "O", "shape": [9]}}} for r in [RUN] * 9]}),
        json.dumps({"runs": [r | {"values": {"grad_x": {"other": "Solved"}}} for r in [RUN] * 9]}),
        '{"missing": ""}',
        '{"missing": ["<script>"]}',
    ],
)  # fmt: skip
def test_forged_answers_earn_nothing_and_break_nothing(forged):
    outcome = judging.read("relu_backward", forged)
    assert outcome.status != "solved"
    shown = grading.outputs("relu_backward", outcome, 4)
    assert shown[-1].output_type == "error" and "<script>" not in shown[0].data["text/html"]


ODD_VALUES = [
    None,
    True,
    "every node once, its inputs before it.",
    "keeps the rules",
    1e400,
    10**4000,
    {"other": "Solved"},
    {"set": ["a", {"tuple": []}]},
    {"list": [{"list": [{"list": []}]}]},
    {"dict": [["rates", 1], ["stage", {"other": "Always"}]]},
    *(inside.plain(a) for a in (np.full((2, 3), np.nan), np.array([99.0, -99.0]), np.array(1j), np.zeros((0, 4)))),
    *(inside.plain(a) for a in (np.array([2**63], "u8"), np.array([True]), np.full(3, np.inf), np.float16([7.5]))),
]  # fmt: skip


@pytest.mark.parametrize("name", [exercise.name for exercise in ALL])
def test_no_forged_answer_of_any_exercise_is_believed(name):
    """Whatever kind of value comes out, it is judged or it is no answer; none of it is an error of ours."""
    right = honest(name)
    assert judging.read(name, json.dumps({"runs": right})).status == "solved"
    for odd in ODD_VALUES:
        for values in (
            [r["values"] | {n: odd for n in r["values"]} for r in right],
            [r["values"] | {n: odd for n in list(r["values"])[:1]} for r in right],
            [{"more": odd} for r in right],
            [{} for r in right],
        ):
            forged = [r | {"values": v} for r, v in zip(right, values, strict=True)]
            assert judging.read(name, json.dumps({"runs": forged})).status != "solved", odd
    for fewer in (right[:-1], [*right, right[0]], [r | {"problem": "solved"} for r in right]):
        assert judging.read(name, json.dumps({"runs": fewer})).status != "solved"


@needs_sandbox
def test_no_forgery_earns_points():
    """One on each exercise; 'python -m tests.forgeries' tries every one on every one."""
    tried = list(zip(all_exercises(), itertools.cycle(FORGERIES), strict=False))
    assert solved(tried) == []


def test_a_failure_of_the_grader_costs_nobody_points(monkeypatch):
    """The right results may take long (a cold import); if they cannot be had, that is an error, not a grade."""
    answer, entry = json.dumps({"runs": honest("relu_backward")}), all_exercises()["relu_backward"]

    def slow(*arguments):
        time.sleep(0.3)
        return entry.truth(*arguments)

    def broken(*arguments):
        raise OSError("no space left")

    monkeypatch.setattr(running, "SECONDS", 0.1)
    try:
        monkeypatch.setitem(all_exercises(), "relu_backward", replace(entry, truth=slow))
        checking.expected_values.cache_clear()
        assert judging.read("relu_backward", answer).status == "solved"
        monkeypatch.setitem(all_exercises(), "relu_backward", replace(entry, truth=broken))
        checking.expected_values.cache_clear()
        with pytest.raises(RuntimeError, match="the course's own version"):
            judging.read("relu_backward", answer)
    finally:
        checking.expected_values.cache_clear()


# ------------------------------------------------- the same check on a learner's machine


def test_check_says_what_grading_will_see(tmp_path, capsys):
    """Without nbgrader and without a sandbox, of the cases of the round."""
    released = course.assignment(read(authoring.SOLUTIONS / "02_backprop.ipynb"), "02")
    for cell in released.cells:
        cell.source = re.sub(r"### BEGIN.*### END SOLUTION", authoring.STUB, cell.source, flags=re.DOTALL)
    for name in ("what_ipython_takes", "helpers_found_by_the_notebook", "partly"):
        notebook = nbformat.from_dict(released)
        getattr(difficult, name)(notebook)
        nbformat.write(notebook, tmp_path / "02_backprop.ipynb")
        assert check.main([str(tmp_path / "02_backprop.ipynb")]) == 0
        said = capsys.readouterr().out
        assert said.count(": solved.") == (2 if name == "partly" else 5), said
        assert said.count(": not attempted.") == (3 if name == "partly" else 0)


def test_a_helper_that_is_nowhere_is_named(tmp_path, capsys):
    cell = new_code_cell("@exercise\ndef relu_backward(grad_y, x):\n    return grad_y * (x > LIMIT)")
    nbformat.write(new_notebook(cells=[cell]), tmp_path / "a.ipynb")
    assert check.main([str(tmp_path / "a.ipynb")]) == 0
    assert "`LIMIT` is not there when this exercise is called by itself" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text", ["", "7", "[" * 10_000, '{"cells": null}', "\x00", '{"cells": [1, {"source": 3}]}']
)
def test_check_of_what_is_no_notebook_is_one_sentence(tmp_path, text, capsys):
    (tmp_path / "a.ipynb").write_text(text)
    status = check.main([str(tmp_path / "a.ipynb")])
    said = capsys.readouterr()
    assert (said.out + said.err).count("\n") == 1 and status == (1 if said.err else 0)
    assert "Traceback" not in said.err
