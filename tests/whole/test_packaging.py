"""Every way to install the course gives the same course, and what the documents say is there."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from making.readme_pictures import PICTURES, stored_picture

COURSE = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((COURSE / "pyproject.toml").read_text())["project"]
ENVIRONMENT = yaml.safe_load((COURSE / "environment.yml").read_text())
README = (COURSE / "README.md").read_text(encoding="utf-8")
ON_WINDOWS = pytest.mark.skipif(
    os.name == "nt", reason="a checkout on Windows has no links and no executable bits"
)

# What a package of the registry is called on conda-forge, where the names differ.
CONDA = {"torch": "pytorch-cpu", "matplotlib": "matplotlib-base", "playwright": "playwright-python"}


def ranges(*lists: list[str]) -> dict[str, SpecifierSet]:
    """Package -> range, for requirements as pyproject.toml writes them; an extra named in another adds nothing."""
    requirements = [Requirement(text) for texts in lists for text in texts]
    return {r.name: r.specifier for r in requirements if r.name != PROJECT["name"]}


LEARNER = ranges(PROJECT["dependencies"])
EXTRAS = PROJECT["optional-dependencies"]


def pins() -> dict[str, str]:
    """Package -> version, from constraints.txt; every line must be an exact one."""
    lines = (COURSE / "constraints.txt").read_text().splitlines()
    entries = [line for line in lines if line and not line.startswith("#")]
    for line in entries:
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", line), (
            f"not an exact version of a published package: {line}"
        )
    return {
        name.lower().replace("_", "-"): version
        for name, version in (line.split(" ; ")[0].split("==") for line in entries)
    }


# --- the three lists of packages agree ---


def test_learners_get_these_packages_and_nothing_else():
    assert set(LEARNER) == {"numpy", "matplotlib", "ipywidgets", "jupyterlab", "torch", "tqdm"}


def test_environment_yml_is_pyproject_in_other_names():
    conda = {}
    for entry in ENVIRONMENT["dependencies"]:
        name, spec = re.fullmatch(r"([\w-]+)(.*)", entry).groups()
        conda[name] = spec
    python = conda.pop("python")
    assert SpecifierSet(PROJECT["requires-python"]).contains(python.lstrip("="))
    assert conda.pop("pip") == ""  # binder/postBuild needs it

    everything = LEARNER | ranges(EXTRAS["test"])
    del everything["axe-playwright-python"]  # may be missing there, and would stop Binder; its test skips
    wanted = {CONDA.get(name, name): spec for name, spec in everything.items()}
    assert {name: SpecifierSet(spec) for name, spec in conda.items()} == wanted
    assert ENVIRONMENT["channels"] == ["conda-forge"]


def test_constraints_satisfy_every_range():
    pinned = pins()
    for name, allowed in (LEARNER | ranges(*EXTRAS.values())).items():
        assert name in pinned, f"{name} is asked for and not pinned"
        assert allowed.contains(pinned[name]), f"{name}=={pinned[name]} is outside {allowed}"


def test_torch_is_pinned_exactly():
    """A torch left open brings gigabytes of GPU libraries."""
    assert pins()["torch"] == "2.13.0"
    assert not [name for name in pins() if name.startswith(("nvidia", "triton", "cuda"))]


def test_the_installed_packages_are_the_pinned_ones():
    """What the tests run on is what learners install (where the tests run in the environment that make builds)."""
    if Path(sys.prefix).name != ".venv":
        pytest.skip("not in the environment that 'make test' builds")
    from importlib.metadata import version

    pinned = pins()
    wrong = {n: v for n in LEARNER | ranges(EXTRAS["test"]) if (v := version(n).split("+")[0]) != pinned[n]}
    assert wrong == {}


# --- Binder ---


@ON_WINDOWS
def test_binder_uses_the_environment_of_the_root():
    link = COURSE / "binder" / "environment.yml"
    assert link.is_symlink() and os.readlink(link) == "../environment.yml"
    for script in ("postBuild", "start"):
        assert os.access(COURSE / "binder" / script, os.X_OK), f"binder/{script} is not executable"


@pytest.mark.skipif(os.name == "nt", reason="repo2docker does not run on Windows")
def test_binder_builds_what_we_expect(tmp_path):
    """repo2docker's own Dockerfile, without docker: our conda environment, then postBuild, then start."""
    shutil.copy(COURSE / "environment.yml", tmp_path)
    shutil.copytree(COURSE / "binder", tmp_path / "binder", symlinks=True)
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id",
        "1000",
        "--user-name",
        "jovyan",
        ".",
    ]
    # A docker that cannot be reached, so that the answer does not depend on the machine.
    environment = os.environ | {"DOCKER_HOST": "unix:///nowhere", "NO_COLOR": "1"}
    result = subprocess.run(
        command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert result.returncode == 0, result.stderr
    dockerfile, log = result.stdout, result.stderr

    python = next(d for d in ENVIRONMENT["dependencies"] if d.startswith("python"))
    assert f"Building conda environment for {python}" in log
    in_order = [
        r"FROM \S+",
        r"COPY \S+ src/binder/environment\.yml \$\{REPO_DIR\}/binder/environment\.yml",
        r"env update -p \$\{NB_PYTHON_PREFIX\} --file \"binder/environment\.yml\"",
        r"COPY \S+ src/ \$\{REPO_DIR\}/",
        r"RUN \./binder/postBuild",
        r"ENV R2D_ENTRYPOINT=\"\$\{REPO_DIR\}/binder/start\"",
    ]
    places = [(found.start() if (found := re.search(line, dockerfile)) else line) for line in in_order]
    assert all(isinstance(place, int) for place in places), f"missing: {places}"
    assert places == sorted(places)


@ON_WINDOWS
def test_binder_start_runs_what_it_is_given_on_one_thread():
    script = 'import os, sys; print(os.environ["OMP_NUM_THREADS"], os.environ["JUPYTER_CONFIG_PATH"], sys.argv[1:])'
    environment = {"PATH": os.environ["PATH"], "REPO_DIR": "/home/someone"}
    command = [COURSE / "binder" / "start", sys.executable, "-c", script, "two words"]
    result = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert result.stdout == "1 /home/someone/course_utils/jupyter ['two words']\n"


def test_badge_opens_the_first_lesson():
    (address,) = re.findall(r"^\[binder\]: (\S+)$", README, re.MULTILINE)
    found = re.fullmatch(r"https://mybinder\.org/v2/gh/[\w.-]+/[\w.-]+/HEAD\?urlpath=lab/tree/(\S+)", address)
    assert (COURSE / found[1]).exists()
    assert README.count("][binder]") == 1 and README.count("mybinder.org/v2") == 1


# --- what the documents promise ---


def test_commands_in_the_documents_exist():
    targets = set(re.findall(r"^([a-z]+):", (COURSE / "Makefile").read_text(), re.MULTILINE))
    text = README + (COURSE / "CONTRIBUTING.md").read_text(encoding="utf-8")
    used = set(re.findall(r"(?:^ +|`)make ([a-z]+)", text, re.MULTILINE))
    assert {"lab", "test", "fresh", "notebooks", "bench"} <= used <= targets
    for module in set(re.findall(r"-m ((?:course_utils|tests|benchmarks)[.\w]*)", text)):
        path = COURSE / module.replace(".", "/")
        assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), f"python -m {module}"


def test_make_help_lists_every_target():
    makefile = (COURSE / "Makefile").read_text()
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    assert re.findall(r"^([a-z]+):.*## ", makefile, re.MULTILINE) == phony.split()


def test_lessons_in_the_readme_are_the_ones_that_exist():
    in_readme = re.findall(r"^\| (\d\d) \|", README, re.MULTILINE)
    assert in_readme == sorted(path.name[:2] for path in (COURSE / "lessons").glob("*.ipynb"))


def test_ci_runs_make_test_and_swallows_nothing():
    script = (COURSE / ".ci" / "run").read_text()
    assert "set -euo pipefail" in script and script.rstrip().endswith("\nmake test")
    assert "||" not in script and "set +e" not in script
    workflow = yaml.safe_load((COURSE / ".github/workflows/test.yml").read_text())
    assert "continue-on-error" not in str(workflow)
    matrix = workflow["jobs"]["test"]["strategy"]["matrix"]
    assert (len(matrix["os"]), len(matrix["python"])) == (3, 4)
    assert workflow["jobs"]["processors"]["steps"][-1]["run"] == "make processors"
    assert {"lowest-direct", "highest"} == {
        row["resolution"] for row in workflow["jobs"]["packages"]["strategy"]["matrix"]["include"]
    }
    assert all(SpecifierSet(PROJECT["requires-python"]).contains(version) for version in matrix["python"])
    # The Windows commands that the workflow runs are the ones in the README.
    windows = workflow["jobs"]["test"]["steps"][-1]["run"]
    for command in (
        r".venv\Scripts\python -m pip install -c constraints.txt -e",
        r".venv\Scripts\python -m tests",
    ):
        assert command in windows and command in README


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_commands_and_claims_print_where_the_output_has_no_such_letters(encoding):
    """A pipe on Windows; before, the first line of ``python -m tests`` ended it."""
    narrow = os.environ | {"PYTHONIOENCODING": encoding, "COURSE_CLAIMS": ""}
    for command in (
        ["-m", "tests", "--version"],
        ["-m", "making.authoring", "--help"],
        ["-c", "from course_utils import claim; claim('ĝ → θ', True, '½'); claim('ĝ', False)"],
    ):
        result = subprocess.run(
            [sys.executable, *command], cwd=COURSE, env=narrow, capture_output=True, check=False
        )
        assert result.returncode == 0 and result.stdout, result.stderr


def test_import_is_light():
    """Torch loads only in the cells that show it, and importing the package takes no time."""
    script = "import course_utils, course_utils.learner.workspace, course_utils.learner.lab, sys; print({'torch', 'jupyterlab'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], cwd=COURSE, capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"


def test_lab_opens_your_copy_of_the_first_lesson(tmp_path, monkeypatch):
    """Also when a dated older copy lies beside it, and as root; settings and threads reach JupyterLab."""
    import jupyterlab.labapp

    from course_utils.learner import lab, workspace

    for name in ("00_start_here.ipynb", "01_more.ipynb"):
        (tmp_path / "lessons").mkdir(exist_ok=True)
        (tmp_path / "lessons" / name).write_text('{"cells": []}')
    (tmp_path / "my_lessons").mkdir()
    (tmp_path / "my_lessons" / "00_start_here.2026-01-01.ipynb").write_text("{}")
    monkeypatch.setattr(workspace, "COURSE", tmp_path)
    monkeypatch.setattr(os, "environ", {"JUPYTER_CONFIG_PATH": "theirs"})
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    calls = []
    monkeypatch.setattr(jupyterlab.labapp, "main", lambda options: calls.append(options) or 0)

    assert lab.main(["--no-browser"]) == 0
    (options,) = calls
    assert "--LabApp.default_url=/lab/tree/my_lessons/00_start_here.ipynb" in options
    assert f"--ServerApp.root_dir={tmp_path}" in options
    assert options[-2:] == ["--allow-root", "--no-browser"]
    assert {os.environ[name] for name in lab.THREADS} == {"1"}
    assert os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1:] == ["theirs"]


@pytest.mark.parametrize("name", PICTURES)
def test_the_pictures_of_the_readme_are_those_of_the_solutions(name):
    """Otherwise: make notebooks."""
    assert (COURSE / "pictures" / name).read_bytes() == stored_picture(*PICTURES[name])[0]
    (alt,) = re.findall(rf"!\[([^]]+)\]\(pictures/{re.escape(name)}\)", README)
    assert len(alt) > 50
