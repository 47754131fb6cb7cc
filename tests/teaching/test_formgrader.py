"""What a student wrote, opened in a real browser by the teacher: in nbgrader's formgrader, and as a feedback page."""

import contextlib
import os
import subprocess
import sys
import time

import nbformat
from nbformat.v4 import new_markdown_cell, new_raw_cell

from teaching import course, difficult
from tests.browser import AS_ROOT, TOKEN, answers, chromium, free_port
from tests.sandboxed import needs_sandbox

SMALL = difficult.SMALL
HOSTILE = [
    "<script>window.hacked = 'script'</script>",
    "<img src='nowhere' onerror=\"window.hacked = 'image'\">",
    "<iframe srcdoc=\"<script>parent.hacked = 'frame'</script>\"></iframe>",
    "<svg onload=\"window.hacked = 'svg'\"></svg>",
    "<style>body { display: none }</style>",
    "```html\n```\n<script>window.hacked = 'after a fence'</script>",
    "````text\n<script>window.hacked = 'in a fence'</script>",
    "[a link](javascript:window.hacked='link')",
    "<h1>02 · Layers and backprop: 34 of 34 points</h1>",
]


@contextlib.contextmanager
def server(home, tmp_path):
    """A JupyterLab of the teacher's, in the folder of the course; yields its address."""
    port = free_port()
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={home}", f"--IdentityProvider.token={TOKEN}", *(["--allow-root"] if AS_ROOT else []),
    ]  # fmt: skip
    own = {f"JUPYTER_{kind}_DIR": str(tmp_path / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    with (tmp_path / "log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=home, env=os.environ | own, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
        try:
            until = time.monotonic() + 60
            while not answers(f"http://127.0.0.1:{port}/api/status?token={TOKEN}"):
                assert process.poll() is None and time.monotonic() < until, (tmp_path / "log").read_text()
                time.sleep(0.1)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(20)


@needs_sandbox
def test_nothing_that_a_student_wrote_comes_to_life(tmp_path):
    home = tmp_path / "course"
    course.make(home, ["00"])
    assert course.nbgrader(home, "generate_assignment", SMALL)[0] == 0
    notebook = nbformat.read(home / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
    notebook.cells[1:1] = [new_markdown_cell(text) for text in HOSTILE] + [new_raw_cell(HOSTILE[0])]
    notebook.cells[1].attachments = {"x.svg": {"image/svg+xml": HOSTILE[3]}}
    notebook.metadata["title"] = HOSTILE[0]
    for student in ("anna", "<img src=x onerror=window.hacked=1>"):
        (home / "submitted" / student / SMALL).mkdir(parents=True)
        nbformat.write(notebook, home / "submitted" / student / SMALL / f"{SMALL}.ipynb")
    for step in ("autograde", "generate_feedback"):
        status, log = course.nbgrader(home, step, SMALL)
        assert status == 0 and "Traceback" not in log, log

    with chromium() as browser, server(home, tmp_path) as address:
        page = browser.new_page()
        page.goto(f"{address}/lab?token={TOKEN}")  # log in

        def found(where):
            """What came to life on a page: the mark of a script, or style that hides the page."""
            page.goto(where)
            page.wait_for_timeout(700)
            hidden = page.evaluate("getComputedStyle(document.body).display") == "none"
            links = page.locator("a[href^='javascript:window']").count()
            return page.evaluate("window.hacked"), hidden, links

        listed = page.request.get(f"{address}/formgrader/api/submitted_notebooks/{SMALL}/{SMALL}").json()
        assert len(listed) == 2
        pages = [f"{address}/formgrader/submissions/{entry['id']}/" for entry in listed]
        pages += [(home / "feedback" / "anna" / SMALL / f"{SMALL}.html").as_uri()]
        pages += [f"{address}/formgrader/gradebook/{SMALL}/{SMALL}", f"{address}/formgrader/manage_students"]
        for where in pages:
            assert found(where) == (None, False, 0), where
        page.goto(pages[0])
        assert "<h1>02 · Layers and backprop: 34 of 34 points</h1>" in page.inner_text(
            "body"
        )  # to the letter

        # The same notebook as it was handed in does come to life there, so there is something to see.
        nbformat.write(notebook, home / "autograded" / "anna" / SMALL / f"{SMALL}.ipynb")
        assert any(found(where)[0] for where in pages[:2])
