"""Where student code runs: a process that sees Python, the course, and nothing else.

Made with bubblewrap (``bwrap``, a package of every Linux distribution): the system and the course are
read-only, files cannot be written, there is no network, no other process, no home, no submission, no
environment. Where bubblewrap does not work, student code does not run.

Root never runs student code. When root grades, everything inside belongs to the account ``nobody``, and
to nobody outside either: root only lays out the files (:func:`as_nobody`).
"""

import os
import platform
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

import course_utils

SECONDS = 60.0  # after which whatever still runs is killed; the check stops an endless loop long before
MEMORY = 2 * 2**30  # bytes that all of it together may hold; the heaviest exercise needs half of that
ADDRESSES = 16 * 2**30  # bytes that one process may map: PyTorch's GPU libraries map many and use few
FILES = 2**20  # bytes of one file; a check needs none, but PyTorch tries whether it could write one
OPEN_FILES = 256
PROCESSES = 64
ANSWER = 2**20  # bytes that are read of what comes out of it; honest ones need about 10,000
LOOK = 0.05  # seconds between two looks at the memory
NOBODY = 65534

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

# System calls that are refused: memory that belongs to no process, where its limit would not be seen, and
# ways into the kernel that no exercise needs. By architecture: its number for seccomp, then the calls' own.
REFUSED = {
    "x86_64": (0xC000003E, {
        "socket": 41, "memfd_create": 319, "memfd_secret": 447, "shmget": 29, "msgget": 68, "io_uring_setup": 425,
        "userfaultfd": 323, "bpf": 321, "perf_event_open": 298, "ptrace": 101, "add_key": 248, "keyctl": 250,
        "unshare": 272, "setns": 308, "mount": 165, "kexec_load": 246, "process_vm_readv": 310,
    }),
    "aarch64": (0xC00000B7, {
        "socket": 198, "memfd_create": 279, "memfd_secret": 447, "shmget": 194, "msgget": 186, "io_uring_setup": 425,
        "userfaultfd": 282, "bpf": 280, "perf_event_open": 241, "ptrace": 117, "add_key": 217, "keyctl": 219,
        "unshare": 97, "setns": 268, "mount": 40, "kexec_load": 104, "process_vm_readv": 270,
    }),
}  # fmt: skip


class NoSandbox(Exception):
    """Student code would have to run unprotected, so it does not run. Says what to do in one sentence."""


def seccomp_filter(machine: str) -> bytes:
    """The refused calls as a program for the kernel (classic BPF, seccomp(2)): EPERM for these, all else passes.

    Of sockets, the kinds pass for which there is no network inside; others, as to a virtual machine's host
    (AF_VSOCK), know no network of their own.

    Raises NoSandbox on an architecture whose numbers nobody has written down.
    """
    if machine not in REFUSED:
        raise NoSandbox(f"The sandbox knows processors of type {' and '.join(REFUSED)}, not {machine}.")
    architecture, calls = REFUSED[machine]
    load, equal, at_least, give = 0x20, 0x15, 0x35, 0x06  # BPF_LD, JEQ, JGE, RET
    kill, refuse, allow = 0x80000000, 0x00050001, 0x7FFF0000
    program = [(load, 0, 0, 4), (equal, 1, 0, architecture), (give, 0, 0, kill), (load, 0, 0, 0)]
    program += [
        (at_least, 0, 1, 0x40000000),
        (give, 0, 0, refuse),
    ]  # another set of numbers for the same calls
    for name, number in calls.items():
        if name == "socket":
            unix, inet, inet6, first_argument = 1, 2, 10, 16
            program += [(equal, 0, 6, number), (load, 0, 0, first_argument)]
            program += [(equal, 2, 0, unix), (equal, 1, 0, inet), (equal, 0, 1, inet6), (give, 0, 0, allow)]
        else:
            program += [(equal, 0, 1, number)]
        program += [(give, 0, 0, refuse)]
    program += [(give, 0, 0, allow)]
    return b"".join(struct.pack("HBBI", *step) for step in program)


def files(script: Path) -> list[str]:
    """What is there to be seen inside, read-only."""
    python = {sys.prefix, sys.base_prefix}
    return [
        *(word for path in SYSTEM for word in (*folders(path), "--ro-bind-try", path, path)),
        *(word for path in sorted(python) for word in (*folders(path), "--ro-bind", path, path)),
        *folders("/course/course_utils"),
        "--ro-bind", str(Path(course_utils.__file__).parent), "/course/course_utils",
        "--ro-bind", str(script), "/course/script.py",
    ]  # fmt: skip


def folders(path: str) -> list[str]:
    """The folders above ``path``, made so that every account may pass through them."""
    above = list(Path(path).parents)[-2::-1]
    return [word for folder in above for word in ("--perms", "0755", "--dir", str(folder))]


def command(script: Path, refused: int, as_root: bool) -> list[str]:
    """The command that runs a Python script inside the sandbox; ``refused`` is the open file of the seccomp filter."""
    # As root, what encloses all this has a /proc of its own already, in which there is nothing else to see.
    alone = ["--unshare-user", "--unshare-ipc"] if as_root else ["--unshare-all", "--unshare-user"]
    proc = (
        ["--ro-bind", "/proc", "/proc"]
        if as_root
        else ["--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys"]
    )
    inner = [
        bwrap(), *alone, "--disable-userns",  # no network, no other process, no other user's anything
        "--uid", str(NOBODY), "--gid", str(NOBODY), "--hostname", "sandbox", "--unshare-uts",
        "--die-with-parent", "--new-session", "--clearenv", "--cap-drop", "ALL", "--seccomp", str(refused),
        *(word for name, value in ENVIRONMENT.items() for word in ("--setenv", name, value)),
        *proc, "--dev", "/dev", "--size", f"{64 * FILES}", "--tmpfs", "/tmp",
        *files(script),
        "--remount-ro", "/", "--remount-ro", "/dev",
        "--chdir", "/tmp",
        # Limits that the code inside cannot raise.
        "prlimit", f"--data={MEMORY}", f"--as={ADDRESSES}", f"--cpu={SECONDS:.0f}", f"--nproc={PROCESSES}",
        f"--nofile={OPEN_FILES}", f"--fsize={FILES}", "--core=0", "--memlock=0", "--msgqueue=0",
        sys.executable, "-s", "-B", "/course/script.py",
    ]  # fmt: skip
    return [*as_nobody(script), *inner] if as_root else inner


def as_nobody(script: Path) -> list[str]:
    """What root puts in front: the same files in a place where ``nobody`` can read them, then becoming nobody.

    Also a Python in root's home, which no other account may enter, can be used so.
    """
    return [
        bwrap(), "--unshare-net", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--die-with-parent",
        "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
        *files(script), *folders(str(script)), "--ro-bind", str(script), str(script),
        *folders(str(Path(course_utils.__file__).parent)),
        "--ro-bind", str(Path(course_utils.__file__).parent), str(Path(course_utils.__file__).parent),
        "setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
        "--no-new-privs", "--inh-caps=-all", "--bounding-set=-all",
    ]  # fmt: skip


def bwrap() -> str:
    return shutil.which("bwrap") or "bwrap"


@cache
def require() -> None:
    """Raise NoSandbox unless bubblewrap is here and allowed to work."""
    if shutil.which("bwrap") is None:
        raise NoSandbox(
            "Student code runs only in a sandbox, and bubblewrap is not installed: apt install bubblewrap "
            "(Linux; on Windows inside WSL, on a Mac in a Linux machine)."
        )
    answer, complaint = start(Path(__file__).with_name("trial.py"), b"", SECONDS)
    if answer != "works\n":
        raise NoSandbox(
            "Student code runs only in a sandbox, and bubblewrap (0.8 or newer) is not allowed to make one here; "
            f"it says: {complaint.strip() or 'nothing'}"
        )


def run(script: Path, job: str, seconds: float = SECONDS) -> str:
    """What ``script`` prints when it gets ``job`` on its standard input, in the sandbox.

    Whatever it did when the time is up, or when it holds more than MEMORY, is all there is. What comes
    back was written by somebody else's code: treat it so. Raises NoSandbox where there is none.
    """
    require()
    return start(script, job.encode(errors="replace"), seconds)[0]


def start(script: Path, job: bytes, seconds: float) -> tuple[str, str]:
    """Run it; what it prints, and the beginning of what it, or bubblewrap, complains of."""
    with tempfile.TemporaryFile() as refused, tempfile.TemporaryFile() as complaints:
        refused.write(seccomp_filter(platform.machine()))
        refused.seek(0)
        with subprocess.Popen(
            command(script, refused.fileno(), as_root=os.geteuid() == 0),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=complaints,
            env={}, cwd="/", pass_fds=[refused.fileno()],
        ) as process:  # fmt: skip
            done = threading.Event()
            watch = threading.Thread(target=keep_watch, args=(process, seconds, done), daemon=True)
            watch.start()
            try:
                process.stdin.write(job)
                process.stdin.close()
                answer = process.stdout.read(ANSWER + 1)
            except BrokenPipeError:  # it ended before it had read its job
                answer = b""
            finally:
                done.set()
                process.kill()
                watch.join()
        complaints.seek(0)
        return answer.decode(errors="replace"), complaints.read(500).decode(errors="replace")


def keep_watch(process: subprocess.Popen, seconds: float, done: threading.Event) -> None:
    """Kill it when its time is up or its memory too large."""
    until = time.monotonic() + seconds
    while not done.wait(LOOK):
        if time.monotonic() > until or memory_below(process.pid) > MEMORY:
            process.kill()  # and with it all that it started: --die-with-parent
            return


def memory_below(pid: int) -> int:
    """Bytes that the processes below ``pid`` hold, memory that they share included."""
    held, waiting = 0, [pid]
    while waiting:
        at = Path("/proc", str(waiting.pop()))
        try:
            for task in (at / "task").iterdir():
                waiting += (task / "children").read_text().split()
            for line in (at / "status").read_text().splitlines():
                if line.startswith(("RssAnon:", "RssShmem:")):
                    held += 1024 * int(line.split()[1])
        except OSError:  # it has just ended
            continue
    return held
