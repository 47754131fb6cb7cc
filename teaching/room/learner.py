"""What runs when a learner's server starts, as the learner: limits, lessons, then the server itself.

The hub (of the room, and of the cluster) starts this in place of ``jupyterhub-singleuser`` and hands on
its arguments. It runs with the learner's rights only, so nothing here can touch another's files.
"""

import os
import sys
import tempfile
from pathlib import Path

from course_utils.learner import workspace


def set_limits() -> None:
    """Give every process of this server at most $MEM_LIMIT bytes of data, and the account $PROCESSES_LIMIT of them.

    RLIMIT_DATA counts what a process may write, not the gigabyte of libraries that PyTorch maps. One
    array too many is then a MemoryError in its cell, and the kernel lives on. It counts each process by
    itself: only SystemdSpawner and Kubernetes limit a learner as a whole. The number of processes is
    that of the account, so it is set only where each learner has one. Elsewhere than on Linux: nothing.
    """
    if sys.platform != "linux":
        return
    import resource

    for name, limit in (("MEM_LIMIT", resource.RLIMIT_DATA), ("PROCESSES_LIMIT", resource.RLIMIT_NPROC)):
        if value := os.environ.get(name):
            resource.setrlimit(limit, (int(value), int(value)))


def main(arguments: list[str]) -> None:
    """Set limits, bring the lessons up to date, become the server. Never returns."""
    home = Path.home()
    os.chdir(home)
    os.umask(0o077)  # what a learner writes, only they can read
    set_limits()
    # Kernels are reached through files in here, and the path of such a file must be short.
    os.environ["JUPYTER_RUNTIME_DIR"] = tempfile.mkdtemp(prefix="kernels-")
    os.environ.setdefault("COURSE_PROGRESS_FILE", str(home / "my_progress.json"))
    try:
        workspace.update(workspace.COURSE / "lessons", home / "my_lessons")
    except (workspace.WorkspaceError, OSError) as problem:  # a full disk must not keep anybody out
        print(f"The lessons could not be copied: {problem}", file=sys.stderr)
    os.execv(sys.executable, [sys.executable, "-m", "jupyterhub.singleuser", *arguments])


if __name__ == "__main__":
    main(sys.argv[1:])
