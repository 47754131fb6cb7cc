"""The notebooks as files, and the lessons in every state an exercise can be in."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from pathlib import Path

import matplotlib
import nbformat
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell
from nbval.plugin import find_comment_markers
from traitlets.config import Config

from course_utils.exercises import all_exercises
from course_utils.exercises.decorator import Attempt
from course_utils.show import claims, widgets
from making import authoring
from making.figures import TAG
from tests.shorter import SHORTER, shorten

SOLUTIONS = sorted(authoring.SOLUTIONS.glob("*.ipynb"))
LESSONS = sorted(authoring.LESSONS.glob("*.ipynb"))
each_solution = pytest.mark.parametrize("path", SOLUTIONS, ids=lambda p: p.stem)
each_notebook = pytest.mark.parametrize(
    "path", SOLUTIONS + LESSONS, ids=lambda p: f"{p.parent.name}/{p.stem}"
)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


# ------------------------------------------------- files


def test_every_lesson_has_a_solution_and_the_other_way_round():
    assert SOLUTIONS and [p.name for p in SOLUTIONS] == [p.name for p in LESSONS]


@each_solution
def test_lesson_equals_a_fresh_derivation(path):
    fresh = authoring.as_text(authoring.derive_lesson(read(path)))
    stored = (authoring.LESSONS / path.name).read_text(encoding="utf-8")
    assert stored == fresh, "run make notebooks; lessons are never edited by hand"


@each_solution
def test_solution_was_executed_whole_and_in_order(path):
    notebook = read(path)
    assert authoring.is_up_to_date(notebook), "its code has changed since it was executed: make notebooks"
    counts = [cell.execution_count for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))
    for cell in code_cells(notebook):
        for output in cell.outputs:
            assert output.output_type != "error" and output.get("name") != "stderr", cell.id
            assert authoring.WIDGET_VIEW not in output.get("data", {}), "a view of a kernel that is gone"


def test_what_a_kernel_leaves_behind_is_dropped():
    notebook = read(SOLUTIONS[0])
    cell = code_cells(notebook)[0]
    shown = {authoring.WIDGET_VIEW: {"model_id": "gone"}, "text/plain": "kept"}
    cell.outputs = [nbformat.v4.new_output("display_data", shown, metadata={"of": "a kernel"})]
    cell.metadata["collapsed"] = True
    authoring.make_canonical(notebook)
    assert cell.outputs[0].data == {"text/plain": "kept"} and cell.outputs[0].metadata == {}
    assert "collapsed" not in cell.metadata


def test_a_changed_solution_is_seen(tmp_path):
    notebook = read(SOLUTIONS[0])
    code_cells(notebook)[0].source += "\n# changed"
    assert not authoring.is_up_to_date(notebook)


@each_notebook
def test_notebook_is_in_its_one_form(path):
    notebook = read(path)
    nbformat.validate(notebook)
    authoring.make_canonical(notebook)
    assert path.read_text(encoding="utf-8") == authoring.as_text(notebook)


@each_notebook
def test_cell_ids_are_unique_names(path):
    ids = [cell.id for cell in read(path).cells]
    assert len(set(ids)) == len(ids)
    for name in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name), name


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_lesson_is_blank(path):
    notebook = read(path)
    text = path.read_text(encoding="utf-8")
    assert "BEGIN SOLUTION" not in text
    assert all(not cell.outputs and cell.execution_count is None for cell in code_cells(notebook))
    blanks = [cell for cell in code_cells(notebook) if "@exercise" in cell.source]
    assert all(authoring.STUB in cell.source for cell in blanks)


@each_solution
def test_every_exercise_of_the_bank_stands_in_its_lesson_once(path):
    defined = {}
    for cell in code_cells(read(path)):
        if cell.source.startswith("@exercise"):
            function = ast.parse(cell.source).body[0]
            assert function.name not in defined
            defined[function.name] = function
    lesson = {e.name: e for e in all_exercises().values() if e.lesson == path.name[:2]}
    assert list(defined) == list(lesson)
    headings = " ".join(cell.source for cell in read(path).cells if cell.cell_type == "markdown")
    for name, function in defined.items():
        parameters = list(inspect.signature(lesson[name].reference).parameters)
        assert [a.arg for a in function.args.args] == parameters
        assert ast.get_docstring(function) == inspect.getdoc(lesson[name].reference), "one docstring, twice"
        assert f"### Exercise {lesson[name].number} ·" in headings


@each_solution
def test_every_picture_has_a_description(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            html = "".join(output.get("data", {}).get("text/html", ""))
            for picture in re.findall(r"<img[^>]*>", html):
                assert re.search(r'alt="[^"]{20,}"', picture), cell.id


@each_notebook
def test_links_to_other_lessons_lead_somewhere(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\(([^)#]+\.ipynb)\)", cell.source):
                assert (path.parent / target).exists(), f"{cell.id}: {target}"


def typed_answers(source):
    """The lines that reveal an answer which was typed: where nothing that ran decides between the options.

    The last option may be what is left when none of the others holds.
    """
    for call in ast.walk(ast.parse(source)):
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "reveal":
            measured = call.args[1]
            parts = measured.values if isinstance(measured, ast.Dict) else [measured]
            if len(parts) > 1 and ast.unparse(parts[-1]) == "True":
                parts = parts[:-1]
            if not all(any(isinstance(node, ast.Name) for node in ast.walk(part)) for part in parts):
                yield call.lineno


@each_solution
def test_what_is_revealed_comes_out_of_the_run(path):
    typed = {cell.id: [*typed_answers(cell.source)] for cell in code_cells(read(path))}
    assert {name: lines for name, lines in typed.items() if lines} == {}


def test_a_typed_answer_is_seen():
    for typed in ("'yes'", "{'yes': True}", "{'yes': True, 'no': gain < 0}", "{'yes': 1 > 0, 'no': True}"):
        assert [*typed_answers(f"reveal('moves', {typed})")] == [1]
    for measured in ("min(cost, key=cost.get), 'why'", "{'yes': gain > 0, 'no': True}"):
        assert [*typed_answers(f"reveal('moves', {measured})")] == []


# ------------------------------------------------- cells

SAYS_ITSELF = ("@exercise", "predict(", "reveal(", "claim(", "recap(", "progress(", "what_if(", "plots.show(")


def lines_of(source):
    return [line for line in source.splitlines() if line.strip()]


@pytest.mark.parametrize("lessons", [SOLUTIONS[:7], SOLUTIONS[7:]], ids=["00 to 06", "07 to 13"])
def test_cells_are_short(lessons):
    """In a cell one thing happens: something is measured, drawn or claimed."""
    lengths = [len(lines_of(cell.source)) for path in lessons for cell in code_cells(read(path))]
    assert np.median(lengths) <= 8
    assert np.mean([length > 20 for length in lengths]) <= 0.03
    assert max(lengths) <= 30


@each_solution
def test_the_first_line_of_a_cell_says_what_it_is_for(path):
    mute = [
        cell.id
        for cell in code_cells(read(path))
        if cell.id != "setup" and not cell.source.startswith(("#", *SAYS_ITSELF))
    ]
    assert mute == [], "begin with a comment that says what is measured, drawn or claimed"


@each_solution
def test_pictures_are_drawn_in_the_lessons_room(path):
    """All of Matplotlib is: what stays in the notebook is one call a picture."""
    code = "\n".join(cell.source for cell in code_cells(read(path)))
    assert not re.search(r"matplotlib|\b(plt|ax|fig)\.", code)


@each_solution
def test_a_lesson_goes_on_in_ones_own_project(path):
    cells = read(path).cells
    (start,) = [i for i, c in enumerate(cells) if c.source.startswith("## In your own project")]
    end = next((i for i, c in enumerate(cells) if i > start and c.source.startswith("## ")), len(cells))
    part = cells[start:end]
    assert "torch" in "".join(c.source for c in part if c.cell_type == "code")
    assert any("### " in c.source for c in part), "its questions stand in the table of contents"


@each_solution
def test_a_lesson_ends_before_what_is_to_be_looked_up(path):
    """What you measured and the short answer first: who reads to there has read the lesson."""
    headings = [c.source.splitlines()[0] for c in read(path).cells if c.source.startswith("## ")]
    own = headings.index("## In your own project")
    assert all(heading.startswith("## Optional: ") for heading in headings[own + 1 : -1]), headings[own:]
    if path.name[:2] != "00":
        assert headings[own - 2 : own] == ["## What you measured", "## The short answer"]
        assert headings[-1] == "## References"


@pytest.mark.parametrize("command", [["check"], ["format", "--check"]], ids=" ".join)
def test_ruff(command):
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    done = subprocess.run(
        [ruff, *command, "."], check=False, cwd=authoring.ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_few_cells_are_compared_with_nothing():
    """Timings, the board, and what no two machines find alike; all else allows no more than its tags say."""
    ignored = []
    for path in SOLUTIONS:
        for cell in code_cells(read(path)):
            tags = cell.metadata.get("tags", [])
            assert not dict(find_comment_markers(cell.source)), f"{cell.id}: a tag, not a comment"
            known = [tag for tag in tags if tag == "nbval-ignore-output" or TAG.fullmatch(tag)]
            assert known == tags, f"{path.stem}, {cell.id}: {tags}"
            if "nbval-ignore-output" in tags:
                ignored.append(f"{path.stem}, {cell.id}")
                assert len(tags) == 1, f"{cell.id} allows something and is not compared"
    assert 0 < len(ignored) <= 8, ignored


@each_solution
def test_a_lesson_that_trains_long_shows_a_bar(path):
    """The name that this looks for is the one that lessons import."""
    used = sum("with_bar(" in cell.source for cell in code_cells(read(path)))
    assert (used > 0) == (path.name[:2] in ("02", "05", "06", "07", "08", "09", "10", "11", "12", "13"))
    assert callable(widgets.with_bar)


# ------------------------------------------------- lessons with an exercise wrong or crashing


def with_body(source, body):
    """An exercise cell with the solution region replaced by ``body``."""
    return re.sub(
        r"^( *)### BEGIN SOLUTION.*### END SOLUTION", rf"\1{body}", source, flags=re.DOTALL | re.MULTILINE
    )


STRANGE = {
    "crash": "raise ValueError('broken')",
    "recursion": "return {name}(*[{arguments}])",
    "print storm": "[print('storm') for _ in range(5000)]; return 'storm'",
    "string": "return 'a string'",
    "nan": "return float('nan')",
}


def code_to_run(path):
    """Sources of the code cells, with less training where the lesson is long."""
    return [cell.source for cell in shorten(path).cells if cell.cell_type == "code"]


@pytest.fixture
def shell():
    """A notebook's interpreter in this process: cells run as in a kernel, without its start-up time."""
    matplotlib.use("agg")
    claims.session.clear()  # a session of its own, as a kernel has
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance(config=Config({"HistoryManager": {"enabled": False}}))
    InteractiveShell.clear_instance()


def run(shell, source):
    """Run one cell; an error in it is an error here."""
    shell.run_cell(source, silent=True).raise_error()


@pytest.mark.skipif(bool(shutil.which("chromium")), reason="the same is done in the browser")
@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_blank_lesson_runs_to_its_end(path, shell, capfd, monkeypatch):
    """As in the browser, for machines that have none."""
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    for cell in code_to_run(path):
        run(shell, cell)
    assert path.name[:2] in SHORTER or "does not hold here" not in capfd.readouterr().out


@each_solution
def test_lesson_survives_each_exercise_wrong_and_crashing(path, shell, capfd, monkeypatch):
    """Each goes wrong in all ways when its turn comes; every other one stays so, those between are solved then."""
    if path.name[:2] in SHORTER:
        monkeypatch.delenv("COURSE_CLAIMS", raising=False)
    met = 0
    for cell in code_to_run(path):
        if not cell.startswith("@exercise"):
            run(shell, cell)
            continue
        met += 1
        function = ast.parse(cell).body[0]
        arguments = ", ".join(a.arg for a in function.args.args)
        for strange, body in STRANGE.items():
            capfd.readouterr()
            run(shell, with_body(cell, body.format(name=function.name, arguments=arguments)))
            out = capfd.readouterr().out
            assert "not yet" in out and "Traceback" not in out, (function.name, strange)
            stands_for = shell.user_ns[function.name]
            assert isinstance(stands_for, Attempt) and not stands_for.solved
            assert "stands for the course's version" in repr(stands_for)
        if met % 2 == 0:
            run(shell, cell)
            assert shell.user_ns[function.name].solved
    assert path.name[:2] in SHORTER or "does not hold here" not in capfd.readouterr().out


def test_a_cell_that_does_not_parse_leaves_no_gap(shell):
    """Skipping exercise 0.1 altogether: its name still stands for the course's version."""
    for cell in code_cells(read(SOLUTIONS[0])):
        if not cell.source.startswith("@exercise"):
            run(shell, cell.source)
