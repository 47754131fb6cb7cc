"""A room with learners in it: they log in, run a notebook, are held to their memory, and leave.

The room's proxy needs Node.js. Where there is none, or npm cannot install the proxy, the tests that
open a room are skipped, but not under CI. JupyterHub does not run on Windows.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_notebook, new_output
from traitlets.config import PyFileConfigLoader

if os.name == "nt":
    pytest.skip("JupyterHub does not run on Windows", allow_module_level=True)

from teaching.room import __main__ as room_command
from teaching.room import accounts, load
from teaching.room.__main__ import CONFIG, COURSE, Room, RoomError, find_proxy, open_room

ON_LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the limit is one of Linux")
FACTS = """
import json, os, pathlib, resource
from ipykernel.connect import get_connection_info
print(json.dumps({
    "transport": get_connection_info(unpack=True)["transport"],
    "threads": [os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")],
    "class": os.environ["COURSE_CLASS"],
    "progress": os.environ["COURSE_PROGRESS_FILE"] == str(pathlib.Path.home() / "my_progress.json"),
    "lessons": sorted(path.name for path in (pathlib.Path.home() / "my_lessons").glob("00*")),
    "limit": resource.getrlimit(resource.RLIMIT_DATA)[1],
}))
"""


def printed(text: str) -> list[nbformat.NotebookNode]:
    return [new_output("stream", name="stdout", text=text)]


def notebook(path: Path, *cells: nbformat.NotebookNode) -> str:
    nbformat.write(new_notebook(cells=cells), path)
    return str(path)


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Room]:
    try:
        find_proxy()
    except RoomError as problem:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(str(problem))
    with open_room(tmp_path_factory.mktemp("room") / "room", port=0) as room:
        yield room


@pytest.fixture
def attend(room: Room, tmp_path: Path):
    """Let these learners run a notebook in the room; gives the exit code."""

    def run(path: str, *names: str, password: str = room.password, wave: int = 9) -> int:
        accounts_file = tmp_path / "accounts.txt"
        accounts_file.write_text("".join(f"{name} {password}\n" for name in names))
        return load.main(
            [
                "--address",
                room.address,
                "--accounts",
                str(accounts_file),
                "--lesson",
                path,
                "--wave",
                str(wave),
            ]
        )

    return run


def test_two_learners_at_once_get_what_the_notebook_stores(attend, tmp_path, capsys):
    limit = 1024**3 if sys.platform == "linux" else -1
    facts = {"transport": "ipc", "threads": ["1"] * 3, "class": "1", "progress": True, "lessons": ["00_start_here.ipynb"], "limit": limit}  # fmt: skip
    claims = "from course_utils.show.claims import claim\nclaim('Two and two', 2 + 2 == 4, 'four')"
    path = notebook(
        tmp_path / "right.ipynb",
        new_code_cell(FACTS, outputs=printed(json.dumps(facts) + "\n")),
        new_code_cell(
            claims, outputs=[new_output("display_data", {"text/plain": "✓ Two and two: four [this run]"})]
        ),
        new_code_cell("import time; print(time.time())", metadata={"tags": ["nbval-ignore-output"]}),
    )
    assert attend(path, "ada", "emmy") == 0
    told = capsys.readouterr().out
    assert "2 of 2 right" in told and "Everybody was right." in told
    if sys.platform == "linux":
        assert "MB a learner" in told


def test_a_wrong_result_an_error_and_a_broken_claim_are_found(attend, tmp_path, capsys):
    path = notebook(
        tmp_path / "wrong.ipynb",
        new_code_cell("print('4.2')", id="digits", outputs=printed("4.1\n")),
        new_code_cell("1 / 0", id="error", metadata={"tags": ["nbval-ignore-output"]}),
        new_code_cell(
            "from course_utils.show.claims import claim\nclaim('Up is down', False)",
            id="claim",
            metadata={"tags": ["nbval-ignore-output"]},
        ),
    )
    assert attend(path, "ada") == 1
    told = capsys.readouterr().out
    assert "0 of 1 right" in told
    assert "cell 'digits' shows" in told and "cell 'error' fails: ZeroDivisionError" in told
    assert "cell 'claim' fails: AssertionError: ✗ does not hold here: Up is down" in told


def test_who_does_not_know_the_password_stays_outside(attend, room, tmp_path, capsys):
    path = notebook(tmp_path / "any.ipynb", new_code_cell("1", outputs=[]))
    assert attend(path, "ada", "emmy", password="wrong-password", wave=1) == 1
    assert "0 of 2 right" in (told := capsys.readouterr().out) and told.count("is not accepted") == 2
    assert attend(path, "teacher", password=room.password) == 1
    assert "name or password is not accepted" in capsys.readouterr().out


def test_the_room_keeps_its_secrets(room):
    folder = room.log.parent
    for name in ("cookie_secret", "hub.log", "jupyterhub.sqlite", "homes"):
        assert (folder / name).stat().st_mode & 0o077 == 0, name
    assert room.password not in room.log.read_text(errors="replace")
    exchange = folder / "exchange"
    assert exchange.stat().st_mode & 0o777 == 0o777
    settings = json.loads((folder / "config" / "nbgrader_config.json").read_text())
    assert settings["Exchange"]["root"] == str(exchange)


# What needs no room


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """The hub's configuration, for a class or to try it out."""

    def load_config(for_class: bool):
        environment = {
            "ROOM_FOLDER": str(tmp_path),
            "ROOM_ADDRESS": "http://127.0.0.1:8000",
            "ROOM_PROXY": "proxy",
            "ROOM_CLASS": str(int(for_class)),
        }
        if not for_class:
            environment |= {"ROOM_PASSWORD": "p" * 8, "ROOM_TEACHER_PASSWORD": "t" * 32}
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return PyFileConfigLoader(str(CONFIG)).load_config()

    return load_config


def test_a_class_has_accounts_and_limits(settings, monkeypatch):
    monkeypatch.setattr(Path, "is_dir", lambda self: str(self) == "/run/systemd/system")
    config = settings(for_class=True)
    assert config.JupyterHub.authenticator_class == "pam"
    import grp

    for group in config.PAMAuthenticator.allowed_groups | config.PAMAuthenticator.admin_groups:
        grp.getgrnam(group)  # KeyError, and nobody could log in, for one that this machine does not have
    assert config.JupyterHub.spawner_class == "systemdspawner.SystemdSpawner"
    assert config.Spawner.mem_limit == 1024**3 and config.SystemdSpawner.cpu_limit == 1
    assert config.SystemdSpawner.isolate_tmp and config.SystemdSpawner.disable_user_sudo
    assert "SharedPasswordAuthenticator" not in config and "--allow-root" not in config.Spawner.args


def test_the_hub_admits_as_many_as_the_memory_holds(settings):
    config = settings(for_class=False)
    held = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert 1 <= config.JupyterHub.active_server_limit <= held / 600e6


def test_what_would_be_unsafe_is_refused(tmp_path, monkeypatch):
    with pytest.raises(RoomError, match=r"stays on 127\.0\.0\.1"), open_room(tmp_path, ip="0.0.0.0"):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(RoomError, match="root"), open_room(tmp_path, for_class=True):
        pass
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(room_command.Path, "is_dir", lambda self: True)  # systemd runs
    with pytest.raises(RoomError, match="in the clear"), open_room(tmp_path, for_class=True, ip="0.0.0.0"):
        pass
    assert list(tmp_path.iterdir()) == []


def test_names_that_could_leave_the_homes_are_no_accounts(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(accounts.subprocess, "run", lambda *_, **__: pytest.fail("ran a command"))
    names = tmp_path / "names.txt"
    names.write_text("ada\n../root\nX\n")
    assert accounts.main([str(names)]) == 1
    assert capsys.readouterr().err == "These cannot be names of accounts: ../root, X\n"


@ON_LINUX
def test_one_array_too_many_is_an_error_and_not_the_end():
    script = (
        "from teaching.room.learner import set_limits; set_limits()\n"
        "import numpy as np\n"
        "np.ones(10_000_000)\n"  # 80 MB
        "try: np.ones(100_000_000)\n"  # 800 MB
        "except MemoryError: print('and goes on')"
    )
    environment = os.environ | {"MEM_LIMIT": str(500 * 1024**2)}
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=COURSE,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "and goes on\n"


# The cluster

VALUES = yaml.safe_load((COURSE / "teaching" / "cluster" / "values.yaml").read_text(encoding="utf-8"))


def test_cluster_and_room_give_learners_the_same(settings):
    room = settings(for_class=True)
    learner = VALUES["singleuser"]
    given = {
        name: value
        for name, value in room.Spawner.environment.items()
        if name not in ("JUPYTER_CONFIG_PATH", "PROCESSES_LIMIT")
    }
    assert given.items() <= learner["extraEnv"].items()
    assert learner["memory"]["limit"] == "1G" and room.Spawner.mem_limit == 1024**3
    assert learner["cmd"][-1].endswith("teaching/room/learner.py")
    assert learner["defaultUrl"] == room.Spawner.default_url
    assert f"--timeout={VALUES['cull']['timeout']}" in room.JupyterHub.services[0]["command"]


def test_the_cluster_values_hold_no_secret_and_let_nobody_in():
    def names(values):
        for name, value in values.items():
            yield name
            if isinstance(value, dict):
                yield from names(value)

    secret = {"password", "cookieSecret", "secretToken", "client_secret", "api_token", "apiToken", "key"}
    assert {*names(VALUES)} & secret == {"key"}
    assert VALUES["hub"]["extraEnv"]["GRADEBOOK_URL"]["valueFrom"]["secretKeyRef"]["key"] == "url"  # a name
    assert VALUES["hub"]["db"] == {"type": "postgres", "url": "postgresql+psycopg2://hub@postgres:5432/hub"}
    assert VALUES["hub"]["config"]["JupyterHub"]["authenticator_class"] == "null"
