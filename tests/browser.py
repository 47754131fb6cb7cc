"""JupyterLab in Chromium, driven by its own commands, for the tests that look at it."""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError

from tests.shorter import shorten

COURSE = Path(__file__).resolve().parents[1]
LESSON = "02_backprop.ipynb"
TOKEN = "course"
PATIENCE = 30_000  # milliseconds for one cell, one click; a busy machine is no failure
LIGHT, DARK = "JupyterLab Light", "JupyterLab Dark"
AS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0

expect.set_options(timeout=PATIENCE)


@contextlib.contextmanager
def jupyterlab(folder: Path) -> Iterator[str]:
    """Serve copies of the lessons from below ``folder``; gives the address, and stops it at the end."""
    (folder / "lessons").mkdir()
    for path in (COURSE / "lessons").glob("*.ipynb"):
        nbformat.write(shorten(path), folder / "lessons" / path.name)
    # All cells stay in the page: JupyterLab would otherwise take out those that are scrolled away.
    tracker = folder / "settings" / "@jupyterlab" / "notebook-extension" / "tracker.jupyterlab-settings"
    tracker.parent.mkdir(parents=True)
    tracker.write_text('{"windowingMode": "none"}', encoding="utf-8")

    port = free_port()
    address = f"http://127.0.0.1:{port}"
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.root_dir={folder / 'lessons'}",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={TOKEN}", "--LabApp.expose_app_in_browser=True",
    ]  # fmt: skip
    if AS_ROOT:
        command.append("--allow-root")
    environment = {name: value for name, value in os.environ.items() if name != "COURSE_CLAIMS"} | {
        "COURSE_PROGRESS_FILE": str(folder / "progress.json"),
        "JUPYTER_CONFIG_PATH": str(COURSE / "course_utils" / "jupyter"),  # as in 'make lab': no news
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    log = folder / "server.log"
    with log.open("wb") as written:
        server = subprocess.Popen(
            command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=written, stderr=written
        )
        try:
            until = time.monotonic() + 60
            while not answers(f"{address}/api/status?token={TOKEN}"):
                if server.poll() is not None or time.monotonic() > until:
                    raise RuntimeError(
                        f"JupyterLab did not start:\n{log.read_text(errors='replace')[-3000:]}"
                    )
                time.sleep(0.1)
            yield address
        finally:
            server.terminate()  # it stops its kernels first
            try:
                server.wait(20)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(address, timeout=5) as reply:
            return reply.status == 200
    except OSError:
        return False


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    """The machine's Chromium or Chrome, else playwright's own; with none, the tests are skipped."""
    installed = [path for name in ("chromium", "google-chrome") if (path := shutil.which(name))]
    options = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync"]  # fmt: skip
    if AS_ROOT:
        options.append("--no-sandbox")
    with sync_playwright() as playwright:
        browser, reasons = None, []
        for path in [*installed, None]:
            try:
                browser = playwright.chromium.launch(executable_path=path, args=options)
                break
            except BrowserError as error:
                reasons.append(str(error).strip().splitlines()[0])
        if browser is None:
            told = (
                f"no Chromium ({'; '.join(reasons)}): install chromium, or run 'playwright install chromium'"
            )
            (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
        try:
            yield browser
        finally:
            browser.close()


class Notebook:
    """One notebook open in JupyterLab, its cells called by their ids."""

    def __init__(self, page: Page, name: str) -> None:
        """Open ``name``, not yet run; ``page`` is at JupyterLab."""
        self.page = page
        page.evaluate(
            """async name => {
                await window.jupyterapp.restored;
                const panel = await window.jupyterapp.commands.execute('docmanager:open', {path: name, factory: 'Notebook'});
                await panel.context.ready;
                await panel.sessionContext.ready;
                await panel.revealed;
                for (const cell of panel.content.widgets) cell.node.dataset.id = cell.model.id;
                window.panel = panel;
            }""",
            name,
        )

    def close(self) -> None:
        """Close it unsaved, and end its kernel."""
        self.page.evaluate(
            """async () => {
                await window.panel.sessionContext.shutdown();
                window.panel.dispose();
            }"""
        )

    def cell(self, name: str) -> Locator:
        return self.page.locator(f'.jp-Cell[data-id="{name}"]')

    def shown(self, name: str) -> Locator:
        """What is seen below the cell."""
        return self.cell(name).locator(".jp-Cell-outputArea")

    def source(self, name: str) -> str:
        return next(cell["source"] for cell in self.cells() if cell["id"] == name)

    def cells(self) -> list[dict[str, Any]]:
        """The cells as they would be saved."""
        return self.page.evaluate("window.panel.content.model.sharedModel.toJSON().cells")

    def run_all(self) -> None:
        self._run("notebook:run-all-cells", 300_000)
        self.just_run = self.cells()

    def run(self, *names: str) -> None:
        for name in names:
            self.page.evaluate(
                """name => {
                    const notebook = window.panel.content;
                    notebook.deselectAll();
                    notebook.activeCellIndex = notebook.widgets.findIndex(cell => cell.model.id === name);
                }""",
                name,
            )
            self._run("notebook:run-cell", PATIENCE)

    def write(self, name: str, source: str) -> None:
        """Replace what stands in the cell, and run it."""
        self.page.evaluate(
            """([name, source]) => window.panel.content.widgets.find(cell => cell.model.id === name)
                .model.sharedModel.setSource(source)""",
            [name, source],
        )
        self.run(name)

    def _run(self, command: str, patience: float) -> None:
        self.page.evaluate(
            """command => {
                window.finished = false;
                window.jupyterapp.commands.execute(command).finally(() => { window.finished = true; });
            }""",
            command,
        )
        self.page.wait_for_function(
            "window.finished && window.panel.sessionContext.session?.kernel?.status === 'idle'",
            timeout=patience,
        )

    def theme(self, name: str) -> None:
        self.page.evaluate(
            "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})", name
        )
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)


def outputs(cells: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Every output as (id of its cell, output)."""
    return [(cell["id"], output) for cell in cells for output in cell.get("outputs", [])]


def troubles(cells: list[dict[str, Any]]) -> list[str]:
    """Errors, and whatever was written to stderr."""
    return [
        f"{name}: {output.get('evalue') or output.get('text')}"
        for name, output in outputs(cells)
        if output["output_type"] == "error" or output.get("name") == "stderr"
    ]
