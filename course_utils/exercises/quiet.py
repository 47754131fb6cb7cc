"""Hold back what a function shows: prints, errors' stream, displays, figures, bars, programs that it starts.

A function that prints is called thousands of times by a lesson. What it shows is counted and kept for the
card, and reaches the page nowhere else.
"""

import contextlib
import io
import os
import sys
import tempfile
from collections.abc import Iterator

from course_utils.show.output import in_notebook

KEPT = 1000  # characters of what is shown that are kept


class Shown(io.TextIOBase):
    """Takes all that is shown, keeps the beginning, counts the lines: a print storm costs nothing.

    Something without an end of line counts as one.
    """

    def __init__(self) -> None:
        self.kept = ""
        self.ends = 0  # of lines
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 - for as long as this is: for programs that are started

    def close(self) -> None:
        self.file.close()
        super().close()

    @property
    def lines(self) -> int:
        return self.ends or int(bool(self.kept))

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self.ends += text.count("\n")
        if len(self.kept) < KEPT:
            self.kept += text[: KEPT - len(self.kept)]
        return len(text)


@contextlib.contextmanager
def held_back(shown: Shown) -> Iterator[None]:
    """Everything that is shown inside goes to ``shown``: text as it is, a display or a figure as one line."""
    with (
        contextlib.redirect_stdout(shown),
        contextlib.redirect_stderr(shown),
        _displays(shown),
        _figures(shown),
        _programs(shown),
    ):
        yield


@contextlib.contextmanager
def _displays(shown: Shown) -> Iterator[None]:
    """What goes to the page by display(): pictures, widgets, bars."""
    if not in_notebook():
        yield
        return
    from IPython.utils.capture import capture_output

    with capture_output(stdout=False, stderr=False) as captured:
        yield
    for output in captured.outputs:
        shown.write(f"(a display: {str(output.data.get('text/plain', ''))[:80]})\n")


@contextlib.contextmanager
def _figures(shown: Shown) -> Iterator[None]:
    """Matplotlib's figures, which a notebook shows at the end of the cell: those made inside are closed."""

    def numbers() -> set[int]:
        pyplot = sys.modules.get("matplotlib.pyplot")
        return set(pyplot.get_fignums()) if pyplot else set()

    before = numbers()
    try:
        yield
    finally:
        for number in numbers() - before:
            sys.modules["matplotlib.pyplot"].close(number)
            shown.write("(a figure)\n")


@contextlib.contextmanager
def _programs(shown: Shown) -> Iterator[None]:
    """What a program that is started inside prints: it writes to the process's own streams, 1 and 2."""
    with contextlib.suppress(OSError, ValueError):
        sys.__stdout__.flush()
    try:
        kept = [os.dup(1), os.dup(2)]
    except OSError:  # no such streams, as under pythonw
        yield
        return
    file = shown.file
    for stream in (1, 2):
        os.dup2(file.fileno(), stream)
    try:
        yield
    finally:
        for stream, copy in zip((1, 2), kept, strict=True):
            os.dup2(copy, stream)
            os.close(copy)
        file.seek(0)
        for part in iter(lambda: file.read(1 << 16), b""):
            shown.write(part.decode(errors="replace"))
        file.seek(0)
        file.truncate()
