"""Do the tests see a one-line fault? ``python -m tests.mutation`` (``make mutation``), hours for all rooms.

mutmut changes one thing at a time in the functions of a room (an operator, a constant, an argument, a
text) and runs the tests of that room that reach it. Printed are the changes that no test sees, and a table;
less than AT_LEAST killed in a room whose code decides is a failure. ``python -m tests.mutation engine``
looks at one room only. A change that means the same (``strict=True`` in a zip whose lengths are equal, an
axis of 0 given or left out) counts as one that survives.

Each room is copied to ``.mutation/`` and changed there.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import course_utils  # noqa: F401 - so that the table can be printed anywhere

COURSE = Path(__file__).resolve().parents[1]
# How the workers begin: forked from a process that has run the tests is twenty times faster, but keeps what is
# cached, and the checks cache what they expect.
ROOMS = {"engine": "fork", "exercises": "forkserver", "beds": "fork"}
DECIDES = ("engine", "exercises")
AT_LEAST = 0.9
# mutmut gives each method a name for each of its changes, and this test lists the names.
NOT_OF_USE = "tests/engine/test_blackbox.py::test_the_box_shows_its_counts_only_and_they_cannot_be_set"
SETTINGS = """
[mutmut]
source_paths = course_utils
only_mutate = course_utils/{room}/*
do_not_mutate = course_utils/exercises/lessons/*
pytest_add_cli_args_test_selection = tests/{room}
pytest_add_cli_args = --deselect={not_of_use}
process_isolation = {begin}
also_copy =
    {everything}
"""


def mutmut(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run mutmut in a copy of the course, with one thread for each of its workers."""
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return subprocess.run(
        [sys.executable, "-m", "mutmut", *command], cwd=folder, env=os.environ | threads, text=True, capture_output=True
    )  # fmt: skip


def copy_of_the_course(room: str) -> Path:
    """The files that git knows, and the settings for one room."""
    folder = COURSE / ".mutation" / room
    shutil.rmtree(folder, ignore_errors=True)
    for name in subprocess.check_output(["git", "ls-files", "-z"], cwd=COURSE, text=True).split("\0")[:-1]:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(COURSE / name, folder / name)
    everything = sorted(path.name for path in folder.iterdir() if path.name not in ("course_utils", "tests"))
    settings = SETTINGS.format(
        room=room, begin=ROOMS[room], not_of_use=NOT_OF_USE, everything="\n    ".join(everything)
    )
    (folder / "setup.cfg").write_text(settings, encoding="utf-8")
    return folder


def survivors(folder: Path) -> list[str]:
    """Each change that no test sees, as the lines that differ."""
    lines = mutmut(folder, "results").stdout.splitlines()
    names = [line.strip().split(":")[0] for line in lines if line.endswith((": survived", ": no tests"))]
    shown = []
    for name in names:
        difference = mutmut(folder, "show", name).stdout.splitlines()
        changed = [x for x in difference if x[:1] in "+-" and not x.startswith(("+++", "---"))]
        shown.append("\n".join([name, *changed]))
    return shown


def main(rooms: list[str]) -> int:
    """Look at these rooms, or at all of them; returns 1 where too little is seen."""
    failed, table = 0, []
    for room in rooms or ROOMS:
        folder = copy_of_the_course(room)
        ran = mutmut(folder, "run")
        if ran.returncode != 0:
            print(ran.stdout[-3000:], ran.stderr[-3000:], sep="\n")
            return 1
        print(f"## {room}: what no test sees", *survivors(folder), sep="\n\n")
        mutmut(folder, "export-cicd-stats")
        counts = json.loads((folder / "mutants" / "mutmut-cicd-stats.json").read_text())
        seen = counts["killed"] + counts["timeout"] + counts["segfault"] + counts["suspicious"]
        share = seen / counts["total"]
        table.append(f"{room:<12} {counts['total']:>7} {seen:>8} {share:>8.1%} {counts['no_tests']:>10}")
        failed += room in DECIDES and share < AT_LEAST
    print(f"{'room':<12} {'changes':>7} {'killed':>8} {'share':>8} {'unreached':>10}", *table, sep="\n")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
