"""A learner's work survives every update of the course, and a lesson can be set back on purpose."""

import errno
import json
from datetime import date
from pathlib import Path

import pytest

from course_utils.learner import workspace

A, B = "00_start_here.ipynb", "01_chain_rule.ipynb"


def write_notebook(path: Path, *sources: str, outputs: bool = False) -> None:
    """A small notebook with these code cells, run or not."""
    cells = [
        {
            "cell_type": "code",
            "execution_count": n if outputs else None,
            "id": f"cell-{n}",
            "metadata": {},
            "outputs": [{"output_type": "stream", "name": "stdout", "text": ["1"]}] if outputs else [],
            "source": source.splitlines(keepends=True),
        }
        for n, source in enumerate(sources)
    ]
    path.write_text(
        json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}, indent=1)
    )


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two lessons; returns its folders lessons/ and my_lessons/ (the second not made yet)."""
    lessons = tmp_path / "lessons"
    lessons.mkdir()
    write_notebook(lessons / A, "x = 1")
    write_notebook(lessons / B, "y = 1", "z = 2")
    monkeypatch.setattr(workspace, "COURSE", tmp_path)
    return lessons, tmp_path / "my_lessons"


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_first_time_copies_every_lesson(course):
    lessons, mine = course
    report = workspace.update(lessons, mine)
    assert names(mine) == {A, B, workspace.RECORD}
    assert (mine / A).read_bytes() == (lessons / A).read_bytes()
    assert report == [f"{A}: copied to my_lessons.", f"{B}: copied to my_lessons."]


def test_second_time_changes_nothing(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in mine.iterdir()}
    assert workspace.update(lessons, mine) == ["2 of your lessons left as they are."]
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in mine.iterdir()} == before


def test_edited_copy_survives_an_update_and_the_newer_version_is_announced(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "y = 'my own work'", "z = 2")
    mine_before = (mine / B).read_bytes()
    assert workspace.update(lessons, mine) == [
        "2 of your lessons left as they are."
    ]  # no newer version: no noise

    write_notebook(lessons / B, "y = 1", "z = 3")
    for _ in range(2):  # said every time, not once
        report = "\n".join(workspace.update(lessons, mine))
        assert (mine / B).read_bytes() == mine_before
        assert f"{B}: left as you wrote it" in report and "01" in report.split("kept beside it")[1]


@pytest.mark.parametrize("run", [False, True], ids=["untouched", "run but not edited"])
def test_unedited_copy_is_refreshed(course, run):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "y = 1", "z = 2", outputs=run)
    write_notebook(lessons / B, "y = 1", "z = 3")
    report = workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == (lessons / B).read_bytes()
    assert f"{B}: refreshed" in report[0]
    # The refreshed copy has its own fingerprint: the next update is recognised as well.
    write_notebook(lessons / B, "y = 1", "z = 4")
    workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == (lessons / B).read_bytes()


def test_turning_code_into_text_is_an_edit(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    (mine / B).write_text((mine / B).read_text().replace('"cell_type": "code"', '"cell_type": "markdown"'))
    before = (mine / B).read_bytes()
    write_notebook(lessons / B, "new")
    workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == before


def test_a_lesson_that_only_ran_keeps_its_outputs(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "y = 1", "z = 2", outputs=True)
    before = (mine / B).read_bytes()
    workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == before


def test_editing_back_and_forth_over_versions(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "mine")
    write_notebook(lessons / B, "version 2")
    workspace.update(lessons, mine)
    write_notebook(mine / B, "version 2")  # took over the new version by hand
    workspace.update(lessons, mine)
    write_notebook(lessons / B, "version 3")
    workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == (lessons / B).read_bytes()


def test_other_files_and_lessons_no_longer_in_the_course_stay(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    (mine / "notes.txt").write_text("mine")
    (lessons / A).unlink()
    workspace.update(lessons, mine)
    assert {A, "notes.txt"} <= names(mine)


def test_a_copy_whose_lesson_has_another_number_stays_and_is_told(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "y = 2")
    (lessons / B).rename(lessons / "02_chain_rule.ipynb")
    written = (mine / B).read_bytes()
    report = workspace.update(lessons, mine)
    assert (
        "01_chain_rule.ipynb: this lesson is 02_chain_rule.ipynb now, which lies beside it. Your copy stays as it is."
        in report
    )
    assert (mine / B).read_bytes() == written and (mine / "02_chain_rule.ipynb").exists()


def test_deleted_copy_comes_back(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    (mine / A).unlink()
    assert f"{A}: copied to my_lessons." in workspace.update(lessons, mine)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"copied": 3}', "\x00\xff", "null"])
def test_damaged_record_loses_nothing(course, text):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "my own work")
    before = (mine / B).read_bytes()
    (mine / workspace.RECORD).write_text(text, encoding="latin-1")
    write_notebook(lessons / A, "new")
    report = workspace.update(lessons, mine)
    assert "damaged" in report[0]
    assert (mine / B).read_bytes() == before
    assert "x = 1" in (mine / A).read_text()  # not known to be unedited, so not replaced
    assert "damaged" not in "".join(workspace.update(lessons, mine))


def test_unreadable_notebook_counts_as_edited(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    (mine / B).write_text('{"cells": [')
    write_notebook(lessons / B, "new")
    workspace.update(lessons, mine)
    assert (mine / B).read_text() == '{"cells": ['


@pytest.mark.parametrize("number", ["01", "1", " 01 "])
def test_fresh_keeps_every_old_copy(course, number):
    lessons, mine = course
    workspace.update(lessons, mine)
    works = []
    for n in range(3):
        write_notebook(mine / B, f"work {n}")
        works.append((mine / B).read_bytes())
        workspace.fresh(number, lessons, mine)
        assert (mine / B).read_bytes() == (lessons / B).read_bytes()
    kept = [f"01_chain_rule.{date.today()}{n}.ipynb" for n in ("", ".2", ".3")]
    assert [(mine / name).read_bytes() for name in kept] == works
    assert names(mine) == {A, B, workspace.RECORD, *kept}
    assert workspace.update(lessons, mine) == ["2 of your lessons left as they are."]


def test_fresh_gives_the_newest_version_and_updates_follow_it_again(course):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "mine")
    write_notebook(lessons / B, "version 2")
    workspace.fresh("01", lessons, mine)
    write_notebook(lessons / B, "version 3")
    workspace.update(lessons, mine)
    assert (mine / B).read_bytes() == (lessons / B).read_bytes()


def test_fresh_on_a_blank_lesson_or_without_copies(course):
    lessons, mine = course
    assert "blank again" in workspace.fresh("01", lessons, mine)[-1]
    assert workspace.fresh("01", lessons, mine) == [f"{B}: blank already."]
    assert names(mine) == {B, workspace.RECORD}


def run(capsys, *arguments: str) -> tuple[int, str]:
    """The command line: its exit code and what it says about a problem (one line, no traceback)."""
    code = workspace.main(list(arguments))
    said = capsys.readouterr()
    if code:
        assert said.out == "" and said.err.count("\n") == 1 and "Traceback" not in said.err
    else:
        assert said.err == ""
    return code, said.err


@pytest.mark.parametrize("number", ["07", "", "chain", "../01", "000"])
def test_unknown_lesson(course, capsys, number):
    code, said = run(capsys, "--fresh", number)
    assert code == 1 and "00, 01" in said
    assert not course[1].exists()


def test_command_line(course, capsys):
    lessons, mine = course
    assert run(capsys)[0] == 0
    write_notebook(mine / B, "mine")
    assert run(capsys, "--fresh", "01")[0] == 0
    assert (mine / B).read_bytes() == (lessons / B).read_bytes()


def test_no_lessons(course, capsys):
    for lesson in course[0].iterdir():
        lesson.unlink()
    code, said = run(capsys)
    assert code == 1 and "no lessons" in said


def test_a_file_stands_where_the_folder_should(course, capsys):
    course[1].write_text("precious")
    code, said = run(capsys)
    assert code == 1 and "is a file" in said
    assert course[1].read_text() == "precious"


def test_a_copy_that_cannot_be_read(course, capsys):
    (course[1] / B).mkdir(parents=True)  # a folder of that name
    code, said = run(capsys)
    assert code == 1 and B in said and workspace.SAFE in said


@pytest.mark.parametrize("forbidden", ["write_bytes", "replace"])
@pytest.mark.parametrize("arguments", [(), ("--fresh", "01")], ids=["update", "fresh"])
def test_nothing_is_lost_when_the_disk_refuses(course, capsys, monkeypatch, forbidden, arguments):
    """Read-only files and folders, a full disk: one sentence, and the work is still there."""
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "precious")
    write_notebook(lessons / A, "new")
    write_notebook(lessons / B, "new")
    before = {path.name: path.read_bytes() for path in mine.iterdir()}

    def refuse(self, *_):
        raise PermissionError(errno.EACCES, "Permission denied", str(self))

    with monkeypatch.context() as patched:
        patched.setattr(Path, forbidden, refuse)
        code, said = run(capsys, *arguments)
    assert code == 1 and "Permission denied" in said and workspace.SAFE in said
    # All as it was, with nothing half-done lying about.
    assert {path.name: path.read_bytes() for path in mine.iterdir()} == before
    assert run(capsys, *arguments)[0] == 0  # and it works again afterwards


def test_fresh_interrupted_halfway_has_kept_the_work(course, monkeypatch):
    lessons, mine = course
    workspace.update(lessons, mine)
    write_notebook(mine / B, "precious")
    precious = (mine / B).read_bytes()
    replace = Path.replace

    def refuse_the_lesson(self, target):
        if Path(target).name == B:
            raise PermissionError(errno.EACCES, "Permission denied", str(self))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_the_lesson)
    with pytest.raises(workspace.WorkspaceError):
        workspace.fresh("01", lessons, mine)
    assert (mine / B).read_bytes() == precious


# --- an original that was written into by mistake, which git pull stops at


def write_original(path: Path, *sources: str) -> None:
    """A lesson as the course makes it: with its seal."""
    write_notebook(path, *sources)
    notebook = json.loads(path.read_bytes())
    notebook["metadata"]["course"] = {"original": workspace.seal(notebook)}
    path.write_text(json.dumps(notebook, indent=1))


def change(path: Path, how: str) -> None:
    """What happens to a notebook that is opened in the wrong folder."""
    notebook = json.loads(path.read_bytes())
    if how == "edited":
        notebook["cells"][0]["source"] = ["precious"]
    elif how == "run":
        notebook["cells"][0]["execution_count"] = 1
    else:
        notebook["metadata"]["language_info"] = {"name": "python", "version": "3.13.0"}
    path.write_text(json.dumps(notebook, indent=1))


@pytest.mark.parametrize("how", ["edited", "run", "saved by another Python"])
@pytest.mark.parametrize("begun", [True, False], ids=["with a copy", "without"])
def test_a_changed_original_is_told_kept_and_not_taken_for_the_courses(course, how, begun):
    lessons, mine = course
    write_original(lessons / B, "y = 1")
    original = (lessons / B).read_bytes()
    if begun:
        workspace.update(lessons, mine)
    change(lessons / B, how)
    changed = (lessons / B).read_bytes()
    for _ in range(2):  # said every time, kept once
        report = "\n".join(workspace.update(lessons, mine))
        assert f"lessons/{B} was changed by mistake" in report and "git pull" in report
        kept = [path for path in mine.glob("01*.ipynb") if path.read_bytes() == changed]
        assert len(kept) == 1 and f"kept as my_lessons/{kept[0].name}" in report
    assert not begun or (mine / B).read_bytes() == original
    (lessons / B).write_bytes(original)
    write_original(lessons / B, "y = 2")  # the course's newer version
    workspace.update(lessons, mine)
    assert kept[0].read_bytes() == changed


@pytest.mark.parametrize(("git", "how"), [(True, f"git checkout lessons/{B}"), (False, "archive")])
def test_how_to_put_an_original_back(course, git, how):
    lessons, mine = course
    if git:
        (lessons.parent / ".git").mkdir()
    write_original(lessons / B, "y = 1")
    change(lessons / B, "edited")
    assert how in "\n".join(workspace.update(lessons, mine))


def test_fresh_does_not_take_a_changed_original_for_a_blank_one(course, capsys):
    lessons, mine = course
    write_original(lessons / B, "y = 1")
    workspace.update(lessons, mine)
    write_notebook(mine / B, "precious")
    change(lessons / B, "edited")
    code, said = run(capsys, "--fresh", "01")
    assert code == 1 and "changed by mistake" in said and workspace.SAFE in said
    assert "precious" in (mine / B).read_text()


def test_every_lesson_carries_its_seal():
    for lesson in (workspace.COURSE / "lessons").glob("*.ipynb"):
        assert "original" in json.loads(lesson.read_bytes())["metadata"]["course"]
        assert workspace.is_original(lesson), lesson.name


def test_the_course_itself_is_where_the_module_says():
    assert (workspace.COURSE / "pyproject.toml").exists()
    ignored = (workspace.COURSE / ".gitignore").read_text().split()
    assert {"my_lessons/", "my_progress.json*", "my_attempts.json*"} <= set(ignored)
