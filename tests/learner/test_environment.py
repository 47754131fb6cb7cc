"""A course folder that is moved, renamed or copied runs its own package, in a path with spaces and letters beyond ASCII."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from course_utils.learner import environment

COURSE = Path(__file__).resolve().parents[2]


def python(course: Path) -> Path:
    return course / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(course: Path, *command: str, folder: str = "") -> str:
    """What the course's own Python prints, run in the course's folder or in one inside it."""
    alone = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [python(course), "-X", "utf8", *command],
        cwd=course / folder,
        env=alone,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A small course, installed in an environment of its own as README says; its packages are ours."""
    folder = tmp_path_factory.mktemp("place") / "Kurs für Łódź"
    for part in ("course_utils", "lessons"):
        shutil.copytree(COURSE / part, folder / part, ignore=shutil.ignore_patterns("*.npz", "__pycache__"))
    for part in ("pyproject.toml", "README.md"):
        shutil.copy(COURSE / part, folder)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / ".venv"], check=True)
    inside = run(folder, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
    Path(inside, "ours.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    run(folder, "-m", "pip", "install", "-qq", "--no-deps", "-e", ".")
    return folder


@pytest.mark.parametrize("how", ["moved", "copied"])
def test_lab_mends_an_environment_that_points_elsewhere(course, how):
    new = course.with_name(f"{how} to here")
    assert environment.points_to() == str(COURSE)
    shutil.copytree(course, new, symlinks=True)
    hidden = course.with_name("not there")
    if how == "moved":
        course.rename(hidden)
    where = ["-c", environment.ASK]
    assert json.dumps(str(new)) not in run(new, *where, folder="lessons")  # this is what has to be mended

    said = run(new, "-m", "course_utils.learner.lab", "--version")
    assert "This folder is new to the environment" in said and "copied to my_lessons" in said
    assert run(new, *where, folder="my_lessons").strip() == json.dumps(str(new))
    assert "This folder is new" not in run(new, "-m", "course_utils.learner.lab", "--version")
    if how == "moved":
        hidden.rename(course)


def test_what_cannot_be_mended_is_told_in_a_sentence(monkeypatch, capfd):
    monkeypatch.setattr(environment, "points_to", lambda: "/old/place")
    monkeypatch.setattr(environment.subprocess, "call", lambda command: 1)
    assert environment.point_here() == 1
    said = capfd.readouterr()
    assert "/old/place" in said.out and "Connect to the internet" in said.err and "Traceback" not in said.err
