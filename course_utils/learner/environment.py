"""The environment that runs the course knows this folder, also after the folder was moved, renamed or copied.

An environment in which the course is installed (``pip install -e .``) remembers where its folder was. A
lesson's kernel asks there for ``course_utils``: moved, it finds nothing; copied, it finds the old folder's.
Every command that starts kernels calls :func:`point_here` first.
"""

import json
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[2]
# As JSON, which is plain ASCII: a path may hold letters that the output does not.
ASK = "import course_utils, json, pathlib; print(json.dumps(str(pathlib.Path(course_utils.__file__).resolve().parents[1])))"


def points_to() -> str:
    """The folder whose ``course_utils`` a kernel imports that runs a lesson; '' if it finds none."""
    done = subprocess.run(
        [sys.executable, "-c", ASK], cwd=COURSE / "lessons", capture_output=True, check=False
    )
    return json.loads(done.stdout) if done.returncode == 0 else ""


def point_here() -> int:
    """Mend an environment that points elsewhere. Returns 0, or 1 with a sentence if that fails."""
    old = points_to()
    if old == str(COURSE):
        return 0
    print(
        f"This folder is new to the environment, which knows {old or 'none'}. Installing the course from here."
    )
    command = [
        sys.executable,
        "-m",
        "pip",
        "install",
        "-qq",
        "--disable-pip-version-check",
        "--no-deps",
        "-e",
    ]
    if subprocess.call([*command, str(COURSE)]) == 0 and points_to() == str(COURSE):
        return 0
    print(
        "That did not work, and the lessons would not find the course. Connect to the internet and try again, "
        f"or delete the environment ({sys.prefix}) and make it anew. Nothing you wrote was changed or lost.",
        file=sys.stderr,
    )
    return 1
