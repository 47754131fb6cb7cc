"""A learner as the load test has them: logs in, opens JupyterLab, runs a notebook over the kernel's websocket."""

import asyncio
import contextlib
import json
import re
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import nbformat
from yarl import URL

from making.figures import agrees, allowed_by

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
