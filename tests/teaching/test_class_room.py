"""A room whose learners have accounts, on a machine of its own: who enters, and what they can reach there.

The machine is a namespace. It sees this one read-only, has accounts, homes and processes of its own, and
ends with the test. That takes root and bubblewrap; where either is missing the tests are skipped, but
not by root under CI.
"""

import asyncio
import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook

if sys.platform != "linux" or os.geteuid() != 0:
    pytest.skip("only root can start servers as other accounts", allow_module_level=True)
if shutil.which("bwrap") is None and not os.environ.get("CI"):
    pytest.skip("no bubblewrap", allow_module_level=True)

from teaching import sandbox
from teaching.room import load
from teaching.room.__main__ import COURSE, find_proxy

EXERCISE = "import os, pathlib\npathlib.Path('answer.txt').write_text('mine')\nprint(os.getuid())"


@dataclass
class Machine:
    """A machine with a room that is open."""

    address: str
    accounts: dict[str, str]
    folder: Path  # holds its /etc, /home and /srv

    def learners(self, *names: str, password: str = ""):
        return load.everybody(self.address, [(n, password or self.accounts.get(n, "none")) for n in names])


def closed(path: Path) -> Path | None:
    """The first folder on the way to ``path`` that only its owner may pass."""
    return next((part for part in [*path.parents][::-1] if not part.stat().st_mode & 0o001), None)


def boot(folder: Path) -> list[str]:
    """The beginning of a command that runs on the machine in ``folder``."""
    command = ["bwrap", "--ro-bind", "/", "/", "--dev", "/dev", "--unshare-pid", "--proc", "/proc"]
    for name in ("etc", "home", "srv"):
        command += ["--bind", str(folder / name), f"/{name}"]
    command += ["--perms", "1777", "--tmpfs", "/tmp", "--tmpfs", "/run"]
    for path in {COURSE, Path(sys.prefix), Path(sys.base_prefix).resolve()}:
        if (wall := closed(path)) and wall != Path("/tmp"):
            command += ["--perms", "0755", "--tmpfs", str(wall)]
    for path in {COURSE, Path(sys.prefix), Path(sys.base_prefix).resolve()}:
        command += [*sandbox.folders(str(path)), "--ro-bind", str(path), str(path)]
    # Root keeps its rights, as a hub needs them to start servers as others.
    return [*command, "--cap-add", "ALL", "--die-with-parent", "--chdir", str(COURSE), "--"]


PYTHON = shlex.quote(sys.executable)
BOOT = f"""
if ! [ -e /srv/accounts.txt ]; then
    {PYTHON} -m teaching.room.accounts /srv/names.txt > /srv/accounts.txt
    useradd --create-home guest && echo guest:guest | chpasswd
fi
exec {PYTHON} -m teaching.room --class --port 0 --folder /srv/room
"""


@contextlib.contextmanager
def room_on(folder: Path) -> Iterator[Machine]:
    """Boot the machine, with what it had when it was last on, and open its room."""
    (folder / "said").unlink(missing_ok=True)
    with (folder / "said").open("wb") as said:
        secret = os.environ | {"TEACHERS_PASSWORD": "hush"}
        hub = subprocess.Popen(
            [*boot(folder), "sh", "-c", BOOT], stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=secret
        )
    try:
        until = time.monotonic() + 120
        while not (found := re.search(r"open at (\S+)", (folder / "said").read_text())):
            assert hub.poll() is None and time.monotonic() < until, (folder / "said").read_text()
            time.sleep(0.2)
        lines = (folder / "srv" / "accounts.txt").read_text().splitlines()
        yield Machine(found[1], dict(line.split() for line in lines), folder)
    finally:
        hub.kill()  # as if somebody pulled the plug: the machine ends with all that runs on it
        hub.wait(60)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the machine keeps."""
    find_proxy()
    folder = tmp_path_factory.mktemp("machine")
    shutil.copytree("/etc", folder / "etc", symlinks=True)
    for name in ("home", "srv"):
        (folder / name).mkdir()
    (folder / "srv" / "names.txt").write_text("ada\nemmy\n")
    return folder


@pytest.fixture(scope="module")
def machine(disk: Path) -> Iterator[Machine]:
    with room_on(disk) as machine:
        yield machine


async def attend(learner: load.Learner, source: str, expected: str | None = None) -> str:
    """Log in and run one cell; gives what it printed."""
    if not learner.kernel_id:
        await learner.log_in()
        await learner.start_server()
        await learner.open_notebook("lesson.ipynb", new_notebook(cells=[new_code_cell(source)]))
    async with learner.websocket() as kernel:
        outputs = await kernel.run(source)
    return "".join(o.get("text", "") + o.get("evalue", "") for o in outputs)


def test_a_room_closed_and_opened_again_has_lost_nothing(disk, request):
    async def emmy(machine: Machine, source: str) -> str:
        async with machine.learners("emmy") as (emmy,):
            return await attend(emmy, source)

    with room_on(disk) as before:
        asyncio.run(emmy(before, EXERCISE))
    looks = "print(open('answer.txt').read(), __import__('os').path.isdir('my_lessons'))"
    assert asyncio.run(emmy(request.getfixturevalue("machine"), looks)) == "mine True\n"


def test_who_has_an_account_of_the_class_enters_and_nobody_else(machine):
    async def enters(name: str, password: str) -> bool:
        async with machine.learners(name, password=password) as (learner,):
            try:
                await learner.log_in()
            except load.Trouble:
                return False
            return True

    async def all_of_them() -> list[bool]:
        good = machine.accounts["ada"]
        tried = [
            ("ada", good),
            ("ada", "wrong"),
            ("nobody-here", good),
            ("guest", "guest"),  # an account, but none of the class
            ("root", ""),
            ("../ada", good),
            ("ada/../emmy", good),
            ("%61da", good),
            ("", good),
        ]
        return await asyncio.gather(*(enters(*one) for one in tried))

    assert asyncio.run(all_of_them()) == [True] + 8 * [False]


REACH = """
import json, os, pathlib, signal, socket, subprocess, urllib.error, urllib.request

def tries(what):
    try:
        return bool(what())
    except (OSError, subprocess.CalledProcessError):
        return False

def ask(path, token=""):
    request = urllib.request.Request({address!r} + path, headers={{"Authorization": "token " + token}} if token else {{}})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return "login" not in reply.url

path = pathlib.Path
others = [p for p in path("/proc").iterdir() if p.name.isdigit() and p.stat().st_uid != os.getuid()]
own = os.environ["JUPYTERHUB_API_TOKEN"]
print(json.dumps({{name: tries(what) for name, what in {{
    "has a home": lambda: path.home() == path("/home/ada") and path("answer.txt").write_text("ada's"),
    "uses own token": lambda: ask("/hub/api/users/ada", own),
    "sees others": lambda: others,
    "is root": lambda: os.getuid() == 0,
    "becomes root": lambda: os.setuid(0) or True,
    "sudo": lambda: subprocess.run(["su", "-c", "true"], check=True, stdin=subprocess.DEVNULL, capture_output=True),
    "teacher's environment": lambda: "TEACHERS_PASSWORD" in os.environ,
    "lists another's home": lambda: os.listdir("/home/emmy"),
    "reads another's file": lambda: path("/home/emmy/answer.txt").read_text(),
    "writes another's file": lambda: path("/home/emmy/answer.txt").write_text("ada's"),
    "follows a link": lambda: os.symlink("/home/emmy", "emmy") or os.listdir("emmy"),
    "writes into homes": lambda: path("/home/new").mkdir() or True,
    "another's environment": lambda: any(tries(lambda p=p: (p / "environ").read_bytes()) for p in others),
    "another's memory": lambda: any(tries(lambda p=p: (p / "mem").open("rb")) for p in others),
    "ends another's process": lambda: any(tries(lambda p=p: os.kill(int(p.name), 0) or True) for p in others),
    "another's kernel": lambda: any(tries(lambda p=p: os.listdir(p)) for p in path("/tmp").glob("kernels-*") if p.stat().st_uid != os.getuid()),
    "lists the room": lambda: os.listdir("/srv/room"),
    "reads the hub's log": lambda: path("/srv/room/hub.log").read_text(),
    "reads its database": lambda: path("/srv/room/jupyterhub.sqlite").read_bytes(),
    "reads its cookies' secret": lambda: path("/srv/room/cookie_secret").read_bytes(),
    "changes its settings": lambda: path("/srv/room/config/nbgrader_config.json").write_text("{{}}"),
    "reads passwords": lambda: path("/etc/shadow").read_text(),
    "changes the course": lambda: path({course!r}, "README.md").write_text(""),
    "lists who is there": lambda: ask("/hub/api/users", own),
    "asks as another": lambda: ask("/hub/api/users/emmy", own),
    "starts another's server": lambda: ask("/user/emmy/api/status", own),
    "another's file by the web": lambda: ask("/user/emmy/api/contents/answer.txt", own),
    "climbs by the web": lambda: ask("/user/ada/files/..%2F..%2Femmy/answer.txt", own),
    "the proxy's routes": lambda: ask("/api/routes", own),
    "more processes than 200": lambda: makes_processes(),
    "an array of 2 GB": lambda: makes_array(),
}}.items()}}))
"""
MAKES = """
def makes_processes():
    made = []
    try:
        for _ in range(220):
            made.append(subprocess.Popen(["sleep", "60"]))
        return True
    finally:
        for process in made:
            process.kill()
            process.wait()
def makes_array():
    try:
        return bytearray(2 * 1024**3)
    except MemoryError:
        return False
"""
ALLOWED = {"has a home", "uses own token", "sees others"}


def test_a_learner_reaches_what_is_their_own_and_nothing_else(machine):
    async def together() -> tuple[str, str, str, list[bool]]:
        async with machine.learners("emmy", "ada") as (emmy, ada):
            await attend(emmy, EXERCISE)
            tried = await attend(ada, MAKES + REACH.format(address=machine.address, course=str(COURSE)))
            by_browser = []
            for page in (
                "lab",
                "api/contents/answer.txt",
                "files/answer.txt",
                "api/kernels",
                "api/terminals",
            ):
                async with ada.session.get(emmy.home / page) as reply:
                    by_browser.append(reply.status == 200 and "/user/emmy" in reply.url.path)
            kept = await attend(emmy, "print(pathlib.Path('answer.txt').read_text(), os.getcwd())")
            kernels = await attend(emmy, "print(len(list(pathlib.Path('/tmp').glob('kernels-*'))))")
            return tried, kept, kernels, by_browser

    tried, kept, kernels, by_browser = asyncio.run(together())
    # What could not be reached is there.
    kept_by_hub = ("hub.log", "jupyterhub.sqlite", "cookie_secret", "config/nbgrader_config.json")
    for name in ("home/emmy/answer.txt", "etc/shadow", *(f"srv/room/{kept}" for kept in kept_by_hub)):
        assert (machine.folder / name).exists(), name
    assert kernels == "2\n"
    reached = {name for name, did in json.loads(tried).items() if did}
    assert reached == ALLOWED
    assert not any(by_browser)
    assert kept == "mine /home/emmy\n"


HAND_IN = """
import pathlib, subprocess, sys
def nbgrader(*command):
    done = subprocess.run([sys.executable, "-m", "nbgrader", *command], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
nbgrader("fetch_assignment", "00_start_here")
notebook = pathlib.Path("00_start_here/00_start_here.ipynb")
assert notebook.exists()
nbgrader("submit", "00_start_here")
inbound = pathlib.Path("/srv/room/exchange/which-weights-move/inbound")
try:
    print("sees", len(list(inbound.iterdir())))
except PermissionError:
    print("sees none")
"""


def test_learners_hand_in_and_only_the_teacher_sees_it(machine):
    """The exchange with accounts, from the teacher's release to what is collected."""

    def as_teacher(*lines: str) -> None:
        subprocess.run(
            [*boot(machine.folder), "sh", "-ec", "\n".join(lines)], check=True, stdin=subprocess.DEVNULL
        )

    exchange = "--Exchange.root=/srv/room/exchange"
    as_teacher(
        f"{PYTHON} -m teaching.course --to /srv/course 00",
        f"cd /srv/course; {PYTHON} -m nbgrader release_assignment 00_start_here {exchange}",
    )

    async def both() -> list[str]:
        async with machine.learners("ada", "emmy") as learners:
            return await asyncio.gather(*(attend(one, HAND_IN) for one in learners))

    assert list(asyncio.run(both())) == ["sees none\n", "sees none\n"]
    as_teacher(f"cd /srv/course; {PYTHON} -m nbgrader collect 00_start_here {exchange}")
    collected = sorted(p.parent.parent.name for p in machine.folder.glob("srv/course/submitted/*/*/*.ipynb"))
    assert collected == ["ada", "emmy"]
