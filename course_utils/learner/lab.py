"""Open JupyterLab at the first of your lessons: ``python -m course_utils.learner.lab``.

Your copies are brought up to date first (see :mod:`course_utils.learner.workspace`), and an environment that was
moved along with the course is mended (:mod:`course_utils.learner.environment`). Numerical libraries get
one thread, so that your figures and times agree with the text, and JupyterLab asks no questions about
news. Options after the command go to JupyterLab, for example ``--no-browser``.
"""

import os
import sys

from course_utils.learner import environment, workspace

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(options: list[str]) -> int:
    """Update the copies, then serve until JupyterLab is stopped. Returns the exit code."""
    if (problem := environment.point_here() or workspace.main([])) != 0:
        return problem
    first = min(path.name for path in (workspace.COURSE / "lessons").glob("*.ipynb"))

    for name in THREADS:
        os.environ.setdefault(name, "1")
    settings = [str(workspace.COURSE / "course_utils" / "jupyter"), os.environ.get("JUPYTER_CONFIG_PATH")]
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, settings))

    print(f"Opening JupyterLab at my_lessons/{first}. Press Ctrl-C here to stop it.", flush=True)
    from jupyterlab.labapp import main as jupyterlab

    ours = [f"--ServerApp.root_dir={workspace.COURSE}", f"--LabApp.default_url=/lab/tree/my_lessons/{first}"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        ours.append("--allow-root")
    return jupyterlab(ours + options)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
