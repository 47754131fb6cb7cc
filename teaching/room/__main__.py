"""A room of learners on this machine: ``python -m teaching.room`` (or ``make room``).

    python -m teaching.room              try it out, on this machine only, with one shared password
    sudo .venv/bin/python -m teaching.room --class --ip 0.0.0.0 --certificate room.pem --key room.key
                                         a class: accounts, homes, limits (see teaching.room.accounts)

What the room keeps (its database, in a try-out the homes, the log) is in ``my_room/``; delete that folder
to begin anew. Ctrl-C stops the room and everybody's server.
"""

import argparse
import contextlib
import json
import os
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from course_utils.learner import environment

COURSE = Path(__file__).resolve().parents[2]
CONFIG = Path(__file__).with_name("jupyterhub_config.py")
PROXY = "configurable-http-proxy"
PROXY_VERSION = "5.3.0"
PATIENCE = 120  # seconds for the hub to come up, and to stop everybody's servers
COURSE_ID = "which-weights-move"


class RoomError(Exception):
    """Something a teacher can act on, in one sentence."""


@dataclass(frozen=True)
class Room:
    """A room that is open."""

    address: str
    log: Path
    password: str  # of every learner; empty for a class, whose learners have accounts
    teacher_password: str


def find_proxy() -> str:
    """The proxy in front of hub and servers; installed by npm into this Python's environment if missing.

    Raises RoomError where there is no Node.js to run it, or npm fails.
    """
    if not shutil.which("node"):
        raise RoomError(
            "The room's proxy runs on Node.js. Install it (on Debian or Ubuntu: apt install npm)."
        )
    if found := shutil.which(PROXY):
        return found
    folder = Path(sys.prefix) / "room"
    ours = folder / "node_modules" / ".bin" / PROXY
    if not ours.exists():
        if not shutil.which("npm"):
            raise RoomError(f"There is no {PROXY}, and no npm to install it. Install npm.")
        print(f"Installing {PROXY} into {folder}", flush=True)
        command = ["npm", "install", "--silent", "--no-fund", "--no-audit", "--prefix", str(folder), f"{PROXY}@{PROXY_VERSION}"]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode or not ours.exists():
            raise RoomError(f"npm could not install {PROXY}:\n{(done.stderr or done.stdout)[-1000:]}")
    return str(ours)


def prepare(folder: Path, for_class: bool) -> None:
    """Make the room's folder: only you can list it; everybody can reach the exchange through it."""
    folder.mkdir(mode=0o711, exist_ok=True)
    folder.chmod(0o711)
    (folder / "homes").mkdir(mode=0o700, exist_ok=True)
    # nbgrader asks for an exchange that everybody may write to, and makes the folders in it itself:
    # learners may add a submission to 'inbound', but neither list it nor read another's.
    exchange = folder / "exchange"
    exchange.mkdir(exist_ok=True)
    exchange.chmod(0o777)
    config = folder / "config"
    (config / "labconfig").mkdir(parents=True, exist_ok=True)
    write(config / "nbgrader_config.json", {
        "Exchange": {"root": str(exchange)},
        "CourseDirectory": {"course_id": COURSE_ID},
        # In a try-out all files have one owner, you; in a class a submission is its owner's.
        "ExchangeCollect": {"check_owner": for_class},
    })  # fmt: skip
    # Learners need nbgrader's list of assignments and its validation; the rest costs memory in each server.
    write(config / "jupyter_server_config.json", {
        "ServerApp": {"jpserver_extensions": {
            "nbgrader.server_extensions.formgrader": False,
            "nbgrader.server_extensions.course_list": False,
        }},
        "MappingKernelManager": {"cull_idle_timeout": 1800, "cull_interval": 300},  # closed and forgotten
        # Files in place of ports: twenty servers that look for free ports at the same moment find the same
        # ones, and a kernel that came second never answers. And no other learner can knock at a file.
        "KernelManager": {"transport": "ipc"},
    })  # fmt: skip
    write(config / "labconfig" / "page_config.json", {
        "disabledExtensions": {
            "@jupyter/nbgrader:formgrader": True,
            "@jupyter/nbgrader:create-assignment": True,
            "@jupyter/nbgrader:course-list": True,
        }
    })  # fmt: skip
    for path in (config, config / "labconfig"):
        path.chmod(0o755)


def write(path: Path, settings: dict) -> None:
    path.write_text(json.dumps(settings, indent=1) + "\n", encoding="utf-8")
    path.chmod(0o644)


@contextlib.contextmanager
def open_room(
    folder: Path,
    *,
    ip: str = "127.0.0.1",
    port: int = 8000,
    for_class: bool = False,
    certificate: str = "",
    key: str = "",
) -> Iterator[Room]:
    """Run the hub until the block ends, then stop it and every server. Raises RoomError if it does not start."""
    if os.name == "nt":
        raise RoomError("JupyterHub does not run on Windows. Run the room on Linux (WSL is Linux too).")
    if for_class:
        check_class(ip, certificate)
    elif ip != "127.0.0.1":
        raise RoomError("The try-out has one password and no limits to trust: it stays on 127.0.0.1.")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            taken.bind((ip, port))
        except OSError as error:
            raise RoomError(
                f"{ip}:{port} is not free ({error.strerror}): choose another with --port."
            ) from None
        port = taken.getsockname()[1]
    proxy = find_proxy()
    folder = folder.resolve()
    prepare(folder, for_class)

    address = f"http{'s' if certificate else ''}://{ip}:{port}"
    room = Room(
        address,
        folder / "hub.log",
        "" if for_class else secrets.token_hex(4),
        "" if for_class else secrets.token_hex(16),
    )
    environment = os.environ | {
        "ROOM_FOLDER": str(folder),
        "ROOM_ADDRESS": address,
        "ROOM_PROXY": proxy,
        "ROOM_CLASS": "1" if for_class else "0",
        "ROOM_PASSWORD": room.password,
        "ROOM_TEACHER_PASSWORD": room.teacher_password,
        "ROOM_CERTIFICATE": certificate,
        "ROOM_KEY": key,
        "JUPYTERHUB_SINGLEUSER_APP": "jupyter_server.serverapp.ServerApp",
    }
    command = [sys.executable, "-m", "jupyterhub", "-f", str(CONFIG)]
    with open(room.log, "wb", opener=private) as log:
        # A session of its own: Ctrl-C reaches this process, which then stops the hub in order.
        hub = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, umask=0o077,
        )  # fmt: skip
        try:
            wait_for(hub, room)
            yield room
        finally:
            hub.send_signal(signal.SIGTERM)
            try:
                hub.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                hub.kill()
                hub.wait()


def private(path: str, flags: int) -> int:
    """A file that only its owner can read."""
    return os.open(path, flags, 0o600)


def check_class(ip: str, certificate: str) -> None:
    """Raise RoomError if this machine cannot keep the learners of a class apart."""
    if sys.platform != "linux" or os.geteuid() != 0:
        raise RoomError("A class needs a Linux machine, and root to start each server as its learner.")
    if ip != "127.0.0.1" and not certificate:
        raise RoomError("Passwords must not travel in the clear: give --certificate and --key, or put a web server that has them in front of 127.0.0.1.")  # fmt: skip
    for path in (Path(sys.executable).resolve(), COURSE / "course_utils"):
        for part in (path, *path.parents):
            if not part.stat().st_mode & 0o001:
                raise RoomError(
                    f"Learners cannot read {part}. Install the course where everybody can, such as /opt."
                )


def wait_for(hub: subprocess.Popen, room: Room) -> None:
    """Return when the hub answers. Raises RoomError with the end of its log if it ends, or takes too long."""
    # Whether it is up, not who it is: a certificate is for the name that learners use, not for this address.
    anyone = ssl._create_unverified_context() if room.address.startswith("https") else None
    until = time.monotonic() + PATIENCE
    while True:
        with (
            contextlib.suppress(OSError),
            urllib.request.urlopen(f"{room.address}/hub/health", timeout=5, context=anyone),
        ):
            return
        if hub.poll() is not None or time.monotonic() > until:
            raise RoomError(f"The hub did not start:\n{room.log.read_text(errors='replace')[-3000:]}")
        time.sleep(0.3)


TRY_OUT = """
The room is open at {address}

  learners   any name of lower-case letters and digits, password  {password}
  teacher    name teacher, password  {teacher_password}

This is a try-out: everybody's server runs as you{root}. Whoever is in can read and change whatever
you can, the other learners' work included. It listens on this machine only. For a class, see --class.

Log: {log}
Ctrl-C here stops the room and everybody's server.
"""
NO_SYSTEMD = """
There is no systemd here: each process of a learner is held to 1 GiB, but nothing holds a learner as a whole."""
CLASS = """
The room is open at {address}

Everybody logs in with name and password of their account on this machine.{limits}

Log: {log}
Ctrl-C here stops the room and everybody's server.
"""


def main(arguments: list[str] | None = None) -> int:
    """Open the room until Ctrl-C. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m teaching.room", description="A room of learners on this machine."
    )
    parser.add_argument("--class", dest="for_class", action="store_true", help="a class, with accounts and limits (root)")  # fmt: skip
    parser.add_argument("--ip", default="127.0.0.1", help="where to listen (a class only)")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--certificate", default="", help="for https: the certificate's file")
    parser.add_argument("--key", default="", help="for https: the key's file")
    parser.add_argument("--folder", type=Path, default=COURSE / "my_room", help="what the room keeps")
    options = vars(parser.parse_args(arguments))
    if environment.point_here() != 0:
        return 1
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # both end the room in order
    try:
        with open_room(**options) as room:
            root = ", and you are root" if os.geteuid() == 0 else ""
            told = CLASS if options["for_class"] else TRY_OUT
            limits = "" if Path("/run/systemd/system").is_dir() else NO_SYSTEMD
            print(told.format(**vars(room), root=root, limits=limits), flush=True)
            while True:
                time.sleep(3600)
    except KeyboardInterrupt:
        print("The room is closed.")
        return 0
    except RoomError as problem:
        print(problem, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
