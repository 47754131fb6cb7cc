"""Call a learner's function so that nothing it does can hurt: errors, loops, prints, exits."""

import builtins
import contextlib
import inspect
import linecache
import signal
import sys
import sysconfig
import threading
import time
import traceback
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Exercise, WrongResult
from course_utils.exercises.comparing import plain, same
from course_utils.exercises.quiet import Shown, held_back

SECONDS = 5.0  # a check that takes longer is stopped
IMPORT_SECONDS = 120.0  # an import on top of that too
AGAIN = 0.5  # seconds between one attempt to stop it and the next


@dataclass(frozen=True)
class Run:
    """What one call did. ``problem`` is a sentence when there are no values to compare."""

    values: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    error: str = ""  # type and text of the exception, to recognise the same error elsewhere
    blank: bool = False
    stopped: bool = False  # too slow, or the learner pressed stop: trying further cases is pointless
    changed: tuple[str, ...] = ()
    printed: str = ""
    lines_printed: int = 0


class TooSlow(BaseException):
    """Raised inside a learner's function when its time is up, or with a sentence that says what takes so long.

    No ``except Exception`` catches it.
    """


class Patience:
    """Decides when a call has had its time.

    An import is never cut off, since PyTorch for one cannot be imported a second time, and its time is
    not counted: on a busy machine it may take longer than all of the ``seconds``.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.rings_left = int(IMPORT_SECONDS / AGAIN)  # how often the time may be up during imports
        self.imported = len(sys.modules)

    def time_is_up(self, frame: types.FrameType | None) -> float:
        """Raise TooSlow, or say after how many seconds to ask again."""
        if self.rings_left > 0 and is_importing(frame):
            self.rings_left -= 1
            return AGAIN
        if self.rings_left > 0 and len(sys.modules) != self.imported:
            self.imported = len(sys.modules)  # the time went into an import: begin again
            return self.seconds
        raise TooSlow


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TooSlow after ``seconds``: by a timer signal where there is one, else by tracing.

    Tracing sees no loop inside a library, and a bare ``except`` outlives it; there the notebook's stop button
    does the same, since its KeyboardInterrupt becomes a card.
    """
    in_main_thread = threading.current_thread() is threading.main_thread()
    by = _by_timer if hasattr(signal, "setitimer") and in_main_thread else _by_tracing
    with by(seconds):
        yield


@contextlib.contextmanager
def _by_timer(seconds: float) -> Iterator[None]:
    patience = Patience(seconds)

    def ring(signum: int, frame: types.FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, patience.time_is_up(frame), AGAIN)

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN)  # again and again, should a bare except eat it
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


LIBRARIES = tuple(sysconfig.get_paths()[kind] for kind in ("stdlib", "purelib", "platlib"))


@contextlib.contextmanager
def _by_tracing(seconds: float) -> Iterator[None]:
    """Windows and browsers have no timer: look at the clock at every line that is not a library's."""
    patience, until = Patience(seconds), time.monotonic() + seconds

    def look(frame: types.FrameType, event: str, argument: Any) -> Callable | None:
        nonlocal until
        if time.monotonic() > until:
            until = time.monotonic() + patience.time_is_up(frame)
        return None if frame.f_code.co_filename.startswith(LIBRARIES) else look

    before = sys.gettrace()
    sys.settrace(look)
    try:
        yield
    finally:
        sys.settrace(before)


@contextlib.contextmanager
def no_questions() -> Iterator[None]:
    """input() asks nobody: a check that waits for an answer would wait until it is stopped."""

    def refuse(*prompt: object) -> str:
        raise WrongResult(
            "It asks with input(), and nobody answers here: take what it needs from its arguments."
        )

    asked = builtins.input
    builtins.input = refuse
    try:
        yield
    finally:
        builtins.input = asked


def is_importing(frame: types.FrameType | None) -> bool:
    """Whether ``frame`` belongs to an import that the checked function began, however deep inside."""
    while frame is not None and frame.f_code is not run.__code__:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def run(exercise: Exercise, function: Callable, case: Case, ours: bool = False) -> Run:
    """Call ``function`` on ``case`` and observe. Never raises, whatever the function does.

    What is ``ours`` has no time limit.
    """
    arguments = case.make()
    shown = Shown()
    try:
        with (
            held_back(shown),
            no_questions(),
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            contextlib.nullcontext() if ours else time_limit(SECONDS),
        ):
            warnings.simplefilter("ignore")
            for _ in range(case.calls):
                result = function(*arguments.values())
            problem = no_result(exercise, function, result)
            values = {} if problem else as_arrays(exercise.look(arguments, result))
    except BaseException as error:  # noqa: BLE001 - SystemExit and the like must not end the kernel
        return Run(printed=shown.kept, lines_printed=shown.lines, **account(error, function))

    fresh = case.make()
    changed = tuple(
        name
        for name in arguments
        if name not in exercise.may_change and not same(arguments[name], fresh[name])
    )
    return Run(
        values,
        problem,
        error=problem,
        blank=bool(problem) and is_blank(function),
        changed=changed,
        printed=shown.kept,
        lines_printed=shown.lines,
    )


def account(error: BaseException, function: Callable) -> dict[str, Any]:
    """What an exception out of a learner's function means, as the fields of a Run."""
    match error:
        case NotImplementedError() if is_stub(error, function):
            return {"blank": True}
        case WrongResult():
            return {"problem": str(error), "error": str(error)}
        case TooSlow():
            told = f"It was still running after {SECONDS:g} seconds and was stopped: look for a loop that never ends."
            return {"problem": str(error) or told, "stopped": True}
        case KeyboardInterrupt():
            return {
                "problem": "You stopped the check before it was done: run the cell again.",
                "stopped": True,
            }
    text = f"{type(error).__name__}: {error}"
    return {"problem": explain(error, function), "error": text, "stopped": True}


def is_stub(error: NotImplementedError, function: Callable) -> bool:
    """Whether the exercise's own stub raised it: the last line is one of the learner's cell, and says so.

    PyTorch raises the same error where a ``backward`` or a ``forward`` is missing.
    """
    frames = list(traceback.walk_tb(error.__traceback__))
    if not frames:
        return True
    frame, number = frames[-1]
    code = getattr(function, "__code__", frame.f_code)
    if frame.f_code.co_filename != code.co_filename:
        return False
    line = linecache.getline(frame.f_code.co_filename, number)
    return not line or "raise NotImplementedError" in line


def no_result(exercise: Exercise, function: Callable, result: Any) -> str:
    """A sentence when a function returned nothing that it computed: None, ``...``, a coroutine, a generator."""
    if inspect.iscoroutine(result):
        result.close()
        return "It is an `async def`, so calling it computes nothing yet: write `def`."
    if inspect.isgenerator(result):
        return (
            "It holds a `yield`, so calling it computes nothing yet: collect what you need, and `return` it."
        )
    if result is ... or (result is None and (exercise.returns or is_blank(function))):
        wanted = ", ".join(exercise.returns)
        return f"It returns nothing: end it with `return` and what you computed{f' for {wanted}' if wanted else ''}."
    return ""


def is_blank(function: Callable) -> bool:
    """True when the body does nothing: only a docstring, ``pass``, ``...`` or ``return``.

    The compiled code of such a body only loads a constant and returns it, whatever it looks like.
    """
    import dis

    code = getattr(function, "__code__", None)
    idle = {"RESUME", "LOAD_CONST", "RETURN_VALUE", "RETURN_CONST", "NOP", "COPY_FREE_VARS", "LOAD_SMALL_INT"}
    return code is not None and all(step.opname in idle for step in dis.get_instructions(code))


def as_arrays(values: Mapping[str, Any]) -> dict[str, Any]:
    """Each value as a float array where it is numbers; strings, None and tuples of matrices stay what they are."""
    arrays = {}
    for name, value in values.items():
        pair = isinstance(value, tuple) and any(getattr(part, "ndim", 0) > 1 for part in value)
        if value is None or isinstance(value, str) or pair:  # two matrices are not one array of three axes
            arrays[name] = value
            continue
        try:
            array = np.asarray(plain(value))
            arrays[name] = array.astype(float) if array.dtype.kind in "buif" else value
        except (ValueError, TypeError, RuntimeError):  # ragged lists and the like
            arrays[name] = value
    return arrays


def explain(error: BaseException, function: Callable) -> str:
    """The learner's error in one sentence, with the line of their own function that raised it."""
    text = " ".join(str(error).split()).rstrip(".")  # our sentence brings its own full stop
    told = type(error).__name__ + (f": {text[:300]}" if text else "")
    if isinstance(error, RecursionError):
        told = "RecursionError: it calls itself without end"
    if isinstance(error, SystemExit):
        told = "it tries to end the whole program (exit)"

    code = getattr(function, "__code__", None)
    if code is not None:
        for frame, number in reversed(list(traceback.walk_tb(error.__traceback__))):
            if frame.f_code.co_filename == code.co_filename:
                line = linecache.getline(code.co_filename, number).strip()
                where = f"Line {number} of the cell" + (f", `{line}`" if line else "")
                return f"{where}, stops with {told}."
    return f"It stops with {told}."
