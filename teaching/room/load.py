"""Many learners at once, each running a solved lesson: ``python -m teaching.room.load --learners 20 --lesson 02``.

Every learner does what a browser does: fills in the login form, waits for the server, opens JupyterLab
and the notebook, and runs it cell by cell over the kernel's websocket. What comes out must be what the
solution stores: no error, nothing on stderr, every claim holds, the same text in the same order, its
numbers within what the cell's tags allow (as in the tests). The exit code is 1 if that failed for anybody.

Without more, this opens a room of its own and closes it at the end. For a room that is open already,
or a cluster, give its address and accounts, as 'python -m teaching.room.accounts' prints them:

    python -m teaching.room.load --address https://room.example --accounts accounts.txt --lesson 02
"""

import argparse
import asyncio
import contextlib
import json
import re
import signal
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import nbformat
from yarl import URL

from making.figures import agrees, allowed_by
from teaching.room.__main__ import COURSE, RoomError, open_room

PATIENCE = 1200  # seconds for one learner's whole lesson: slow is a result, not a failure
PICTURE = re.compile(r"data:image/png;base64,[A-Za-z0-9+/=]+")
STRICT = "import os; os.environ['COURSE_CLAIMS'] = 'strict'"  # a claim that does not hold is an error
# The kernel looks at itself and at its parent, the server: that works wherever they run.
PROBE = """
import json, os
def memory(pid):
    lines = [*open(f"/proc/{pid}/status"), *open(f"/proc/{pid}/smaps_rollup")]
    wanted = {"VmHWM": "peak", "VmData": "data", "Pss": "shared"}
    return {wanted[n]: int(v.split()[0]) / 1024 for n, _, v in (l.partition(":") for l in lines) if n in wanted}
print(json.dumps([memory(os.getppid()), memory(os.getpid())]))
"""


class Trouble(Exception):
    """What kept a learner from going on."""


@dataclass
class Learner:
    """One learner, and what was measured of them. Times in seconds, memory in MB."""

    name: str
    password: str
    address: URL
    session: aiohttp.ClientSession
    started: float = 0.0  # until JupyterLab was there
    ran: float = 0.0  # the lesson, from its first cell to its last
    server: float = 0.0  # the most that the server ever held
    kernel: float = 0.0  # the most that the kernel ever held
    data: float = 0.0  # what the limit of each process counts, the larger of the two
    share: float = 0.0  # both together now, what is shared with others divided among them (PSS)
    wrong: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)  # how each lost connection ended; it was taken up again
    kernel_id: str = ""

    @property
    def home(self) -> URL:
        return self.address / "user" / self.name

    # What a browser does

    async def log_in(self) -> None:
        """Fill in the login form, as it is sent by the hub."""
        login = self.address / "hub" / "login"
        page = await self._page(login)
        token = re.search(r'name="_xsrf" value="([^"]*)"', page)
        if not token:
            raise Trouble("the login page has no form")
        form = {"username": self.name, "password": self.password, "_xsrf": token[1]}
        page = await self._page(login, data=form)
        if 'name="password"' in page:
            raise Trouble("name or password is not accepted")

    async def start_server(self) -> None:
        """Ask for the server, follow the progress that its page shows, open JupyterLab."""
        page = await self._page(self.address / "hub" / "spawn")
        if progress := re.search(r'new EventSource\("([^"]+)"\)', page):
            address = self.address.join(URL(progress[1].replace("&amp;", "&").replace("\\u0026", "&")))
            async with self.session.get(address) as events:
                async for line in events.content:
                    if line.startswith(b"data:"):
                        event = json.loads(line[5:])
                        if event.get("failed"):
                            raise Trouble(f"the server did not start: {event.get('message')}")
                        if event.get("ready"):
                            break
        page = await self._page(self.home / "lab")
        if "jupyter-config-data" not in page:
            raise Trouble("JupyterLab did not open")

    async def open_notebook(self, name: str, notebook: nbformat.NotebookNode) -> None:
        """Put the notebook into the learner's home and start its kernel."""
        content = {"type": "notebook", "format": "json", "content": notebook}
        await self._api("PUT", f"api/contents/{name}", content)
        about = {"path": name, "name": name, "type": "notebook", "kernel": {"name": "python3"}}
        self.kernel_id = (await self._api("POST", "api/sessions", about))["kernel"]["id"]

    @contextlib.asynccontextmanager
    async def websocket(self) -> AsyncIterator["Kernel"]:
        kernel = Kernel(self.session, self.home / "api" / "kernels" / self.kernel_id / "channels")
        await kernel.connect()
        try:
            yield kernel
        finally:
            self.lost += kernel.lost
            await kernel.socket.close()

    async def stop_server(self) -> None:
        """As the button in the hub's control panel does; returns when the server is gone."""
        user = self.address / "hub" / "api" / "users" / self.name
        token = self._token(self.address / "hub/")
        async with self.session.delete(user / "server", headers=token) as reply:
            if reply.status not in (202, 204):
                raise Trouble(f"the server did not stop: {reply.status}")
            gone = reply.status == 204
        while not gone:  # 202: it takes a while, and until then nobody can start it again
            await asyncio.sleep(1)
            async with self.session.get(user, headers=token) as reply:
                gone = (await reply.json())["servers"] == {}

    # The lesson

    async def attend(self, name: str, notebook: nbformat.NotebookNode) -> None:
        """All of it, from the login page to the last cell."""
        begin = time.monotonic()
        await self.log_in()
        await self.start_server()
        self.started = time.monotonic() - begin
        await self.open_notebook(name, notebook)
        await self.run(notebook)

    async def run(self, notebook: nbformat.NotebookNode) -> None:
        """Run the notebook, cell by cell; differences from what it stores go to ``wrong``."""
        async with self.websocket() as kernel:
            await kernel.run(STRICT)
            begin = time.monotonic()
            for cell in notebook.cells:
                if cell.cell_type != "code":
                    continue
                outputs = await kernel.run(cell.source)
                self.wrong += differences(cell, outputs)
            self.ran = time.monotonic() - begin

    async def measure(self) -> None:
        """What server and kernel take. Nothing where there is no /proc."""
        async with self.websocket() as kernel:
            outputs = await kernel.run(PROBE)
        with contextlib.suppress(ValueError):
            server, own = json.loads("".join(o.get("text", "") for o in outputs))
            self.server, self.kernel = server["peak"], own["peak"]
            self.data = max(server["data"], own["data"])
            self.share = server["shared"] + own["shared"]

    # Requests

    async def _page(self, address: URL, data: dict[str, str] | None = None) -> str:
        # A browser says so when somebody opens a page; only then does the hub set its token.
        headers = {
            "Sec-Fetch-Mode": "navigate",
            "Sec-Fetch-Dest": "document",
            "Sec-Fetch-Site": "same-origin",
        }
        headers |= {"Origin": str(self.address.origin())} if data else {}
        async with self.session.request(
            "POST" if data else "GET", address, data=data, headers=headers
        ) as reply:
            text = await reply.text()
            if reply.status >= 400 and reply.status != 403:
                raise Trouble(f"{reply.status} at {reply.url.path}")
            return text

    async def _api(self, method: str, path: str, content: dict[str, Any]) -> dict[str, Any]:
        async with self.session.request(
            method, self.home / path, json=content, headers=self._token(self.home / "")
        ) as reply:
            if reply.status >= 400:
                raise Trouble(f"{reply.status} at {path}: {(await reply.text())[:200]}")
            return await reply.json()

    def _token(self, address: URL) -> dict[str, str]:
        cookie = self.session.cookie_jar.filter_cookies(address).get("_xsrf")
        return {"X-XSRFToken": cookie.value} if cookie else {}


class Kernel:
    """A kernel at the other end of a websocket."""

    def __init__(self, browser: aiohttp.ClientSession, channels: URL) -> None:
        self.browser = browser
        self.session = uuid.uuid4().hex
        self.channels = channels.with_query(session_id=self.session)
        self.shown: dict[str, dict[str, Any]] = {}  # outputs that may be replaced, by their display_id
        self.lost: list[str] = []

    async def connect(self) -> None:
        """Also after a loss: the server keeps what the kernel says meanwhile for whoever names the session."""
        self.socket = await self.browser.ws_connect(self.channels, max_msg_size=0)

    async def run(self, source: str) -> list[dict[str, Any]]:
        """Run one cell; gives its outputs once the kernel has answered and is idle again."""
        request = uuid.uuid4().hex
        header = {"msg_id": request, "msg_type": "execute_request", "session": self.session,
                  "username": "", "version": "5.3"}  # fmt: skip
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {},
                   "allow_stdin": False, "stop_on_error": True}  # fmt: skip
        await self.socket.send_json(
            {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
        )
        outputs: list[dict[str, Any]] = []
        answered = idle = clear = False
        while not (answered and idle):
            message = await self.socket.receive()
            if message.type == aiohttp.WSMsgType.BINARY:
                continue  # the buffers of a widget
            if message.type != aiohttp.WSMsgType.TEXT:  # JupyterLab connects again, too
                how = f"{message.type.name} {self.socket.close_code} {self.socket.exception()!r}"
                self.lost.append(how)
                if len(self.lost) > 5:
                    raise Trouble(f"the kernel's connection was closed again and again ({how})")
                await self.connect()
                continue
            message = message.json()
            kind, content = message["header"]["msg_type"], message["content"]
            if kind == "update_display_data":  # may come from any cell, for any cell
                if old := self.shown.get(content.get("transient", {}).get("display_id")):
                    old["data"] = content["data"]
                continue
            if message["parent_header"].get("msg_id") != request:
                if kind == "status" and content["execution_state"] in ("dead", "restarting"):
                    raise Trouble("the kernel died (out of memory?)")
                continue
            if kind in ("stream", "display_data", "execute_result", "error") and clear:
                outputs.clear()
                clear = False
            match kind:
                case "execute_reply":
                    answered = True
                case "status":
                    idle = content["execution_state"] == "idle"
                case "clear_output":
                    clear = content["wait"]
                    if not clear:
                        outputs.clear()
                case "stream" if outputs and outputs[-1].get("name") == content["name"]:
                    outputs[-1]["text"] += content["text"]
                case "stream" | "display_data" | "execute_result" | "error":
                    outputs.append({"output_type": kind} | content)
                    if name := content.get("transient", {}).get("display_id"):
                        self.shown[name] = outputs[-1]
        return outputs


def differences(cell: nbformat.NotebookNode, outputs: list[dict[str, Any]]) -> list[str]:
    """What is wrong with the outputs of a cell of a solution, one sentence each."""
    wrong = []
    for output in outputs:
        if output["output_type"] == "error":
            wrong.append(f"cell '{cell.id}' fails: {output['ename']}: {output['evalue']}")
        elif output.get("name") == "stderr":
            wrong.append(f"cell '{cell.id}' writes to stderr: {output['text'][:200]}")
    tags = cell.metadata.get("tags", [])
    if not wrong and "nbval-ignore-output" not in tags:
        stored, got = text(cell.outputs), text(outputs)
        if not agrees(got, stored, allowed_by(tags)):
            at = next(
                (i for i, (a, b) in enumerate(zip(stored, got, strict=False)) if a != b),
                min(len(stored), len(got)),
            )
            wrong.append(f"cell '{cell.id}' shows …{got[max(0, at - 30) : at + 60]!r}, "
                         f"its solution …{stored[max(0, at - 30) : at + 60]!r}")  # fmt: skip
    return wrong


def text(outputs: list[dict[str, Any]]) -> str:
    """All that is printed and all plain forms, in order; a picture's bytes depend on fonts."""
    return "\n".join(
        PICTURE.sub("IMAGE", o["text"] if o["output_type"] == "stream" else o["data"].get("text/plain", ""))
        for o in outputs
    )


# Everybody at once


@contextlib.asynccontextmanager
async def everybody(address: str, accounts: list[tuple[str, str]]) -> AsyncIterator[list[Learner]]:
    """A learner for each account, in a browser of their own."""
    async with contextlib.AsyncExitStack() as stack:
        learners = []
        for name, password in accounts:
            session = aiohttp.ClientSession(
                cookie_jar=aiohttp.CookieJar(unsafe=True),  # of an address without a name, too
                timeout=aiohttp.ClientTimeout(total=None),
                headers={"User-Agent": "course load test"},
            )
            await stack.enter_async_context(session)
            learners.append(Learner(name, password, URL(address), session))
        yield learners


async def each(learners: list[Learner], what: Callable[[Learner], Awaitable[None]]) -> None:
    """Let all do the same at the same moment; what keeps one from it is written down, the others go on."""

    async def one(learner: Learner) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await what(learner)
        except TimeoutError:
            learner.wrong.append(f"not done after {PATIENCE} seconds")
        except (Trouble, aiohttp.ClientError, OSError, ValueError, KeyError) as error:
            learner.wrong.append(f"{type(error).__name__}: {error}")

    await asyncio.gather(*(one(learner) for learner in learners))


async def one_round(address: str, accounts: list[tuple[str, str]], path: Path) -> list[Learner]:
    """Everybody logs in, runs the notebook, is measured while all are still there, and leaves."""
    notebook = nbformat.read(path, nbformat.NO_CONVERT)
    async with everybody(address, accounts) as learners:
        await each(learners, lambda learner: learner.attend(f"load_{path.name}", notebook))
        await each([learner for learner in learners if not learner.wrong], Learner.measure)
        await each(learners, Learner.stop_server)
        return learners


async def least_available(stop: asyncio.Event) -> float:
    """The least memory that this machine had available until ``stop`` is set, in MB."""
    least = available()
    while not stop.is_set():
        least = min(least, available())
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), 0.5)
    return least


def available() -> float:
    """What this machine could still give, in MB (0 where it cannot be asked)."""
    with contextlib.suppress(OSError), open("/proc/meminfo") as lines:
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("MemAvailable"))
    return 0.0


def table(learners: list[Learner]) -> str:
    """A line for each learner, and the sums."""
    lines = ["learner     start    lesson   server   kernel    share   result",
             "                s         s       MB       MB       MB"]  # fmt: skip
    for one in learners:
        lines.append(
            f"{one.name:10} {one.started:6.1f} {one.ran:9.1f} {one.server:8.0f} {one.kernel:8.0f} {one.share:8.0f}"
            f"   {'right' if not one.wrong else 'WRONG'}"
        )
        lines += [f"    {sentence}" for sentence in one.wrong[:5]]
    if lost := [f"{one.name}: {how}" for one in learners for how in one.lost]:
        lines.append(f"{len(lost)} connections lost and taken up again: {', '.join(lost[:5])}")
    right = [one for one in learners if not one.wrong]
    lines.append(f"{len(right)} of {len(learners)} right")
    if shares := [one.share for one in right if one.share]:
        lines.append(
            f"Memory: {sum(shares):.0f} MB in all, {sum(shares) / len(shares):.0f} MB a learner "
            f"({min(shares):.0f} to {max(shares):.0f}); alone, at most {max(one.server + one.kernel for one in right):.0f} MB; "
            f"largest data segment {max(one.data for one in right):.0f} MB"
        )
    return "\n".join(lines)


async def load(
    address: str, accounts: list[tuple[str, str]], path: Path, rounds: int, wave: int, here: bool
) -> bool:
    """All rounds, each printed as it ends; True if every learner was right in every one.

    ``wave`` learners come at once, and the next when these have left.
    """
    good = True
    for number in range(1, rounds + 1):
        before, stop, begin = available(), asyncio.Event(), time.monotonic()
        watch = asyncio.create_task(least_available(stop))
        learners = []
        for first in range(0, len(accounts), wave):
            learners += await one_round(address, accounts[first : first + wave], path)
        stop.set()
        least = await watch
        print(
            f"\nRound {number} of {rounds}: {path.stem}, {len(learners)} learners, "
            f"{min(wave, len(learners))} at once\n\n{table(learners)}"
        )
        print(f"Time: {time.monotonic() - begin:.0f} s from the first login to the last logout")
        if here and before:
            print(
                f"This machine: {before - least:.0f} MB taken at the most, {least:.0f} MB were still available"
            )
        sys.stdout.flush()
        good = good and all(not one.wrong for one in learners)
    return good


def read_accounts(path: Path) -> list[tuple[str, str]]:
    """Name and password of each line."""
    return [(name, password) for name, password in (line.split() for line in path.read_text().splitlines() if line)]  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m teaching.room.load",
        description="Many learners at once, each running a solved lesson.",
    )
    parser.add_argument("--learners", type=int, default=20)
    parser.add_argument(
        "--wave", type=int, help="so many at once, the next when these have left (default: all)"
    )
    parser.add_argument("--lesson", default="02", help="its number, or a notebook with stored outputs")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--address", help="a room that is open already")
    parser.add_argument("--accounts", type=Path, help="names and passwords for it, a line each")
    options = parser.parse_args(arguments)
    if options.learners < 1 or (options.wave is not None and options.wave < 1):
        parser.error("there is nobody in such a room")
    if bool(options.address) != bool(options.accounts):
        parser.error("--address needs --accounts, and the other way round")
    found = [Path(options.lesson)] if options.lesson.endswith(".ipynb") else sorted((COURSE / "solutions").glob(f"{options.lesson}_*.ipynb"))  # fmt: skip
    if len(found) != 1 or not found[0].exists():
        parser.error(f"there is no solution of lesson {options.lesson}")

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the room is closed then, too
    try:
        with contextlib.ExitStack() as stack:
            address, accounts = options.address, None
            if address:
                accounts = read_accounts(options.accounts)[: options.learners]
            else:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="room-")))
                room = stack.enter_context(open_room(folder, port=0))
                address = room.address
                accounts = [(f"learner{n:02d}", room.password) for n in range(1, options.learners + 1)]
            wave = options.wave or len(accounts)
            good = asyncio.run(
                load(address, accounts, found[0], options.rounds, wave, here=not options.address)
            )
    except RoomError as problem:
        print(problem, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Stopped.", file=sys.stderr)
        return 1
    print("\nEverybody was right." if good else "\nNot everybody was right.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
