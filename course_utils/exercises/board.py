"""The board of lesson 13: the scores of your designs, kept beside your progress."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from course_utils.beds.capstone import WrongGradient, broken_rule
from course_utils.learner.files import load, progress_file, update
from course_utils.show.output import card, emit, escape


def score(
    name: str,
    chosen: Any,
    design: Callable[[], Any],
    gradients: Mapping[str, Callable[..., Iterator[None]]],
    measured: Callable[[Any], dict[str, np.ndarray]],
) -> None:
    """Keep the score of a design under a name, or say in one sentence why not.

    ``design`` is the lesson's exercise: while it is unsolved it stands for the course's own design, whose
    score is not yours. ``measured(chosen)`` is what ``measure`` returns.
    """
    reason = ""
    if not getattr(design, "solved", False):  # a plain function was never checked
        reason = "exercise 13.4 is not solved, and until then design() is the course's own."
    elif not (reason := broken_rule(chosen)) and chosen["gradient"] not in gradients:
        reason = f"GRADIENTS has no entry {chosen['gradient']!r}, only {', '.join(gradients)}."
    if not reason:
        try:
            found = measured(chosen)
        except WrongGradient as error:
            reason = str(error)
        except Exception as error:  # noqa: BLE001 - whatever a learner's gradient does, a sentence helps more
            reason = f"training stops with {type(error).__name__}: {' '.join(str(error).split())}"
        else:
            reason = next(filter(None, found["breaks"]), "")
    if reason:
        sentence = f"Nothing was put on the board: {reason}"
        emit(card("wait", escape(sentence)), sentence)
    else:
        keep_score(name, found["validation"])


def scores_file() -> Path:
    """``my_progress_scores.json`` beside the progress file: yours to read and to delete."""
    path = progress_file()
    return path.with_name(f"{path.stem}_scores.json")


def scores() -> dict[str, list[float]]:
    """The designs tried so far and the score of each seed. What is no score is left out; never raises."""
    found = {}
    for name, score in load(scores_file(), lambda kept: True).items():
        each = score if isinstance(score, list) else [score]  # an older board kept the mean alone
        if each and all(map(is_share, each)):
            found[printable(name)] = [float(share) for share in each]
    return found


def is_share(score: object) -> bool:
    return isinstance(score, int | float) and not isinstance(score, bool) and 0 <= score <= 1


def keep_score(name: str, each: Iterable[float]) -> None:
    """Note the score of each seed under a name; the same name again replaces it."""
    kept = {printable(name): [float(share) for share in each]}
    update(scores_file(), lambda old: True, lambda old: old | kept)


def printable(name: object) -> str:
    """A name as text that any page and file can hold: half of a surrogate pair becomes a question mark."""
    return str(name).encode("utf-8", "replace").decode()


def show_board(reference: Mapping[str, Iterable[float]]) -> None:
    """Your scores among those of ``reference`` (the baselines, say), best mean first: name -> one for each seed."""
    yours = {f"you: {name}": each for name, each in scores().items()}
    rows = [
        (name, f"{np.mean(each):.1%}", f"{min(each):.0%} to {max(each):.0%}")
        for name, each in sorted((dict(reference) | yours).items(), key=lambda row: -np.mean(row[1]))
    ]
    heading = "Right on hidden validation recordings (random hum): mean of five seeds, worst to best"
    table = "".join(
        f"<tr><td>{'<b>' if name in yours else ''}{escape(name)}{'</b>' if name in yours else ''}</td>"
        f"<td>{mean}</td><td>{spread}</td></tr>"
        for name, mean, spread in rows
    )
    plain = "\n".join([heading, *(f"{mean:>6}  {spread:>11}  {name}" for name, mean, spread in rows)])
    emit(card("plain", heading, f"<table>{table}</table>"), plain)
