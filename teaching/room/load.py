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
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiohttp
import nbformat
from yarl import URL

from teaching.room.__main__ import COURSE, RoomError, open_room
from teaching.room.browser import Learner, Trouble

PATIENCE = 1200  # seconds for one learner's whole lesson: slow is a result, not a failure


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
