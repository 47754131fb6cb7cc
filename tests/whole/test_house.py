"""The house: which room may import from which."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from course_utils.moved import MOVED

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "course_utils"
# A module imports from its own room and from those on a lower floor. The package's own files, which
# hand on what a lesson's first cell imports, stand above all.
FLOOR = {
    "engine": 0,
    "show": 0,
    "pytorch": 0,
    "learner": 1,
    "beds": 1,
    "exercises": 2,
    "lessons": 3,
    "course_utils": 4,
}
OUTSIDE = {"making", "teaching", "benchmarks", "tests"}
MODULES = sorted(PACKAGE.rglob("*.py"))


def room(parts: tuple[str, ...]) -> str:
    """The room of a module, from the parts of its name: lessons has one of its own in exercises."""
    if len(parts) > 1 and parts[:2] == ("exercises", "lessons"):
        return "lessons"
    return parts[0] if parts and parts[0] in FLOOR else "course_utils"


def imported(path: Path) -> list[str]:
    """The full names of all that a module imports, anywhere in it."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(PACKAGE)))
def test_imports_run_one_way(path):
    here = room(path.relative_to(PACKAGE).parent.parts + (path.stem,))
    for name in imported(path):
        top, *rest = name.split(".")
        assert top not in OUTSIDE, f"learners do not install {name}"
        if top == "course_utils" and rest:
            there = room(tuple(rest))
            assert there == here or FLOOR[there] < FLOOR[here], f"{here} may not import {name}"
        if here == "lessons" and rest[:1] == ["exercises"]:
            own = rest[1] == "lessons" and rest[2].startswith(path.stem[:8])
            assert rest[1] == "bank" or own, f"a lesson's exercises need the bank only, not {name}"


def test_every_module_imports_with_what_learners_install():
    """In an interpreter that finds nothing of the extras, and no folder of the maintainers."""
    names = [".".join(p.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for p in MODULES]
    script = (
        "import importlib, sys\n"
        "class Extras:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in {'nbgrader', 'nbval', 'pytest', 'jupyterhub', 'hypothesis', 'playwright', 'yaml',\n"
        "                                  'distributed', 'scipy', 'making', 'teaching', 'tests', 'benchmarks'}:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Extras())\n"
        "for name in sys.argv[1:]: importlib.import_module(name)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *names], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_no_file_is_long():
    for path in [*MODULES, *(p for folder in OUTSIDE for p in (ROOT / folder).rglob("*.py"))]:
        limit = 750 if path.name.startswith("lesson") else 450
        assert len(path.read_text(encoding="utf-8").splitlines()) <= limit, path


@pytest.mark.parametrize("old", MOVED)
def test_who_imports_an_old_name_is_told_the_new_one(old):
    package, _, module = old.rpartition(".")
    for line in (f"import {old}", f"from {old} import something", f"from {package} import {module}"):
        with pytest.raises(ModuleNotFoundError, match=f"{old} has moved: write `from "):
            exec(line, {})
