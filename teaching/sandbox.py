"""Where student code runs: a process that sees Python, the course, and nothing else.

Made with bubblewrap (``bwrap``, a package of every Linux distribution): the system and the course are
read-only, files cannot be written, there is no network, no other process, no home, no submission. Where
bubblewrap does not work, student code does not run.
"""

import shutil
import subprocess
import sys
import threading
from functools import cache
from pathlib import Path

import course_utils

SECONDS = 60.0  # after which whatever still runs is killed; the check stops an endless loop long before
MEMORY = 2 * 2**30  # bytes that one process may hold; the heaviest exercise needs half of that
ADDRESSES = 16 * 2**30  # bytes that it may map: PyTorch's GPU libraries map many and use few
FILES = 2**20  # bytes of one file; a check needs none, but PyTorch tries whether it could write one
PROCESSES = 64
ANSWER = 64 * 2**20  # bytes that are read of what comes out of it

SYSTEM = ("/usr", "/bin", "/lib", "/lib64", "/etc/alternatives", "/etc/ld.so.cache")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "HOME": "/tmp",
    "USER": "student",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "NBGRADER_EXECUTION": "autograde",
}


class NoSandbox(Exception):
    """Student code would have to run unprotected, so it does not run. Says what to do in one sentence."""


def command(script: Path) -> list[str]:
    """The command that runs a Python script inside the sandbox."""
    python = {sys.prefix, sys.base_prefix}
    return [
        "bwrap",
        "--unshare-all",  # no network, no other process, no other user's anything
        "--unshare-user", "--uid", "65534", "--gid", "65534",  # nobody, also when root grades
        "--die-with-parent", "--new-session", "--clearenv",
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        "--proc", "/proc", "--dev", "/dev", "--size", f"{64 * FILES}", "--tmpfs", "/tmp",
        *(word for path in SYSTEM for word in ("--ro-bind-try", path, path)),
        *(word for path in sorted(python) for word in ("--ro-bind", path, path)),
        "--ro-bind", str(Path(course_utils.__file__).parent), "/course/course_utils",
        "--ro-bind", str(script), "/course/script.py",
        "--remount-ro", "/", "--remount-ro", "/dev",
        "--chdir", "/tmp",
        # Limits that the code inside cannot raise.
        "prlimit", f"--data={MEMORY}", f"--as={ADDRESSES}", f"--cpu={SECONDS:.0f}", f"--nproc={PROCESSES}", f"--fsize={FILES}", "--core=0",
        sys.executable, "-s", "-B", "/course/script.py",
    ]  # fmt: skip


@cache
def require() -> None:
    """Raise NoSandbox unless bubblewrap is here and allowed to work."""
    if shutil.which("bwrap") is None:
        raise NoSandbox(
            "Student code runs only in a sandbox, and bubblewrap is not installed: apt install bubblewrap "
            "(Linux; on Windows inside WSL, on a Mac in a Linux machine)."
        )
    trial = subprocess.run(
        command(Path(course_utils.__file__)),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if trial.returncode != 0:
        raise NoSandbox(
            "Student code runs only in a sandbox, and bubblewrap is not allowed to make one here; it says: "
            + trial.stderr.strip()
        )


def run(script: Path, job: str, seconds: float = SECONDS) -> str:
    """What ``script`` prints when it gets ``job`` on its standard input, in the sandbox.

    Whatever it did when the time is up is all there is. What comes back was written by somebody
    else's code: treat it so. Raises NoSandbox where there is none.
    """
    require()
    with subprocess.Popen(
        command(script), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as process:
        stop = threading.Timer(seconds, process.kill)
        stop.start()
        try:
            process.stdin.write(job.encode())
            process.stdin.close()
            return process.stdout.read(ANSWER).decode(errors="replace")
        except BrokenPipeError:  # it ended before it had read its job
            return ""
        finally:
            stop.cancel()
            process.kill()
