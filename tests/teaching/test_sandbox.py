"""The sandbox: what runs in it reaches nothing outside, holds no more than its share, and ends."""

import http.server
import json
import os
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest

from making import authoring
from teaching import sandbox
from tests.sandboxed import needs_sandbox

ESCAPES = """
    import ctypes, json, os, pathlib, resource, socket, sys

    secret, port = json.load(sys.stdin)
    kernel = ctypes.CDLL(None, use_errno=True)

    def tried(action):
        try:
            return bool(action())
        except Exception:
            return False

    def write(folder):
        path = pathlib.Path(folder) / "left-behind"
        path.write_text("here")
        path.unlink()
        return True

    def raise_limit():
        resource.setrlimit(resource.RLIMIT_AS, (-1, -1))
        return True

    def processes():
        return len([name for name in os.listdir("/proc") if name.isdigit()]) > 9

    def environments():
        seen = b""
        for number in filter(str.isdigit, os.listdir("/proc")):
            try:
                seen += pathlib.Path("/proc", number, "environ").read_bytes()
            except OSError:
                pass
        return b"A_TOKEN" in seen

    def writable(*paths):
        for path in paths:
            try:
                open(path, "w").close()
                return True
            except OSError:
                pass
        return False

    print(json.dumps({
        "reads another's work": tried(lambda: open(secret).read()),
        "lists the course folder": tried(lambda: os.listdir(os.path.dirname(secret))),
        "writes beside it": tried(lambda: write(os.path.dirname(secret))),
        "writes into the course": tried(lambda: write(os.path.dirname(json.__file__))),
        "writes into the system": tried(lambda: write("/usr/lib")),
        "reaches the network": tried(lambda: socket.create_connection(("127.0.0.1", port), 2)),
        "sees other processes": tried(processes),
        "reaches the machine's host": tried(lambda: socket.socket(40, 1)),  # AF_VSOCK
        "sees the environment": "A_TOKEN" in os.environ,
        "sees another's environment": environments(),
        "sets up the kernel": writable("/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches", "/proc/sysrq-trigger",
                                       "/proc/sys/kernel/hostname", "/sys/kernel/uevent_helper"),
        "has a device": writable("/dev/mem", "/dev/sda", "/dev/vda", "/dev/kmsg", "/dev/shm/here"),
        "holds memory outside of processes": tried(lambda: os.memfd_create("a") >= 0)
            or kernel.shmget(0, 2**20, 0o1600) >= 0,
        "becomes root of its own": kernel.unshare(0x10000000) == 0 or kernel.unshare(0x20000) == 0,
        "has a capability": any(
            int(line.split()[1], 16)
            for line in open("/proc/self/status")
            if line.startswith(("CapEff", "CapPrm", "CapBnd", "CapAmb"))
        ),
        "writes a large file": tried(lambda: open("/tmp/large", "wb").write(bytes(2**23))),
        "raises its limits": tried(raise_limit),
        "is root": os.getuid() == 0,
    }))
    """


IN_THE_SANDBOX = "import sys; from pathlib import Path; from teaching import sandbox; print(sandbox.run(Path(sys.argv[1]), sys.stdin.read()))"


def as_this_account(who: str) -> list[str]:
    """What to put before a command to run it as root or as an ordinary user, in what both can read."""
    root = os.geteuid() == 0
    if who == "root" and not root:
        pytest.skip("the tests do not run as root, so nor does the grader")
    if who == "root" or not root:
        return []
    seen = {str(authoring.ROOT), sys.prefix, sys.base_prefix}
    return [
        "bwrap", "--bind", "/", "/", "--dev-bind", "/dev", "/dev", "--perms", "0755", "--tmpfs", "/root",
        *(word for path in sorted(seen) for word in (*sandbox.folders(path), "--ro-bind", path, path)),
        "setpriv", "--reuid=1000", "--regid=1000", "--clear-groups",
    ]  # fmt: skip


@pytest.fixture
def public():
    """A folder that every account can read."""
    with tempfile.TemporaryDirectory(prefix="course-public-") as folder:
        os.chmod(folder, 0o755)
        yield Path(folder)


@needs_sandbox
@pytest.mark.parametrize("who", ["root", "an ordinary user"])
def test_the_sandbox_keeps_in_what_runs_in_it(public, who):
    secret, script = public / "notebook.ipynb", public / "escapes.py"
    secret.write_text("another's work")
    script.write_text(textwrap.dedent(ESCAPES))
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    job = json.dumps([str(secret), server.server_port])
    environment = os.environ | {"A_TOKEN": "secret", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        found = []
        for command in (
            [*as_this_account(who), sys.executable, "-c", IN_THE_SANDBOX, script],
            [sys.executable, script],
        ):
            done = subprocess.run(
                command, cwd=authoring.ROOT, env=environment, input=job, capture_output=True, text=True, check=True
            )  # fmt: skip
            found.append(json.loads(done.stdout))
    finally:
        server.shutdown()
        server.server_close()
    inside_it, outside = found
    assert inside_it == dict.fromkeys(inside_it, False)
    # Outside, the same script does most of this, so it does try.
    for what in ("reads another's work", "writes beside it", "reaches the network", "sees the environment"):
        assert outside[what], what


HOARDS = {
    "shared pages": "m = mmap.mmap(-1, 2**26); m.write(bytes(2**26)); kept.append(m)",
    "its own data": "kept.append(bytearray(os.urandom(2**20)) * 64)",
    "many processes": "os.fork() or (kept.append(bytearray(os.urandom(2**20)) * 64), time.sleep(99))",
}


@needs_sandbox
@pytest.mark.parametrize("hoard", HOARDS)
def test_memory_of_every_kind_has_an_end(public, monkeypatch, hoard):
    """Forty times 64 MB are asked for, and 256 MB allowed in all."""
    script = public / "hoards.py"
    script.write_text(
        "import mmap, os, time\nkept = []\n"
        f"for n in range(40):\n    {HOARDS[hoard]}\n    print(n, flush=True)\n    time.sleep(0.02)\n"
    )
    monkeypatch.setattr(sandbox, "MEMORY", 2**28)
    assert "39" not in sandbox.run(script, "", seconds=30)


@needs_sandbox
def test_what_does_not_stop_is_killed_with_all_it_started(public):
    name = f"stays{os.getpid()}"  # of these processes, for there may be other sandboxes on the machine
    script = public / "stays.py"
    script.write_text(
        "import ctypes, os, signal, time\n"
        f"ctypes.CDLL(None).prctl(15, b'{name}')\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        "print('begun', flush=True)\n"
        "os.fork() or os.setsid()\n"
        "time.sleep(987)\n"
    )

    def running():
        return [path for path in Path("/proc").glob("[0-9]*/comm") if name in read_or_nothing(path)]

    seen = []
    watch = threading.Timer(2, lambda: seen.extend(running()))
    watch.start()
    assert sandbox.run(script, "", seconds=4) == "begun\n"
    watch.join()
    assert len(seen) == 2
    until = time.monotonic() + 30  # a busy machine takes a moment to bury them
    while running() and time.monotonic() < until:
        time.sleep(0.1)
    assert not running()


def read_or_nothing(path):
    try:
        return path.read_text()
    except OSError:  # ended meanwhile
        return ""
