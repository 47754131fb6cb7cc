"""The small JSON files that belong to the learner: what is solved, what was tried, which scores.

A missing file is an empty one. A damaged file is set aside under another name, and one that cannot be
read now is left alone: neither is ever overwritten. A file is written whole or not at all, and a full or
locked disk loses only the note, never an answer.
"""

import contextlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from course_utils.show.output import card, emit, escape


def progress_file() -> Path:
    """``my_progress.json`` in the folder the notebook runs in (COURSE_PROGRESS_FILE moves it).

    The learner's other files lie beside it.
    """
    return Path(os.environ.get("COURSE_PROGRESS_FILE", "my_progress.json"))


def load(path: Path, is_whole: Callable[[dict], bool]) -> dict[str, Any]:
    """The dictionary in ``path``; {} if the file is missing, unreadable, damaged or not ``is_whole``."""
    return read(path, is_whole) or {}


def read(path: Path, is_whole: Callable[[dict], bool]) -> dict[str, Any] | None:
    """As ``load``, but None for a file that is there and cannot be read, which nobody may write over."""
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(kept, dict) and is_whole(kept):
            return kept
    except FileNotFoundError:
        return {}
    except OSError:  # locked, by an anti-virus say
        return None
    except (ValueError, RecursionError):  # not JSON, not text, or nested without end
        pass
    aside = path.with_name(f"{path.name}.damaged")
    number = 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.damaged{number}")
    with contextlib.suppress(OSError):
        path.rename(aside)
        note(f"{path.name} could not be read; it is kept as {aside.name}, and a new one is begun.")
    return {}


def update(
    path: Path,
    is_whole: Callable[[dict], bool],
    change: Callable[[dict[str, Any]], dict[str, Any]],
    silent: bool = False,
) -> None:
    """Write what ``change`` makes of the dictionary in ``path``, whole or not at all.

    If that fails, or the file cannot be read now, say so in one sentence (unless ``silent``).
    """
    kept = read(path, is_whole)
    if kept is None:
        if not silent:
            note(f"{path} could not be read, so it was not changed; your answers are safe in the notebook.")
        return
    content = change(kept)
    if content == kept:
        return
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        draft.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
        os.replace(draft, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        if not silent:
            note(f"{path} could not be saved ({error.strerror}); your answers are safe in the notebook.")


def note(sentence: str) -> None:
    """One sentence on a card of no colour."""
    emit(card("plain", escape(sentence)), sentence)
