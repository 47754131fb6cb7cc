"""Draw an outcome: one card under the cell, in HTML for the notebook and in plain text."""

from typing import Any

import numpy as np

from course_utils.exercises.bank import Exercise
from course_utils.exercises.checking import Comparison, Outcome
from course_utils.show.output import card, escape

MARKS = {"solved": ("good", "✓"), "not attempted": ("wait", "○"), "not yet": ("bad", "✗")}
SHOWN = 6  # rows and columns of a compared array that fit on a card


def draw(exercise: Exercise, outcome: Outcome) -> tuple[str, str]:
    """The card of an outcome as (HTML, plain text)."""
    kind, mark = MARKS[outcome.status]
    heading = f"{mark} Exercise {exercise.number} · {exercise.name} · {outcome.status}"
    paragraphs = [outcome.message]
    if outcome.lines_printed:
        paragraphs.append(printed_note(outcome))
    paragraphs.append(what_runs_now(exercise, outcome))

    plain = [heading, *(f"  {p}" for p in paragraphs)]
    html = [f"<div>{code(p)}</div>" for p in paragraphs]
    if outcome.comparison:
        plain[2:2] = compare_plain(outcome.comparison)
        html.insert(1, compare_html(outcome.comparison))
    if outcome.status == "not attempted":
        html.append(
            f'<details style="margin-top:4px"><summary style="cursor:pointer">First hint</summary>{code(exercise.hints[0])}</details>'
        )
    return card(kind, escape(heading), "".join(html)), "\n".join(plain)


def what_runs_now(exercise: Exercise, outcome: Outcome) -> str:
    if outcome.slow_call:
        return (
            f"Right, and slow: {outcome.slow_call * 1000:.0f} ms for one batch of this lesson, so training would take "
            f"minutes. The lesson trains with the course's version; yours is `{exercise.name}.yours`. Array operations "
            "in place of loops over entries would let yours train."
        )
    if outcome.status == "solved":
        return f"From here on, `{exercise.name}` is your own function."
    return (
        f"Until it is solved, `{exercise.name}` stands for the course's own version, so the lesson runs on. "
        f"A hint: `{exercise.name}.hint()`"
    )


def printed_note(outcome: Outcome) -> str:
    if outcome.status == "solved":
        return "It also prints; from here on its printing is switched off, so that training does not flood the page."
    count = f"{outcome.lines_printed:,} line" + ("" if outcome.lines_printed == 1 else "s")
    beginning = " | ".join(outcome.printed.splitlines()[:3])[:160]
    return f"It printed {count}, beginning: {beginning}"


def code(text: str) -> str:
    """Escape a sentence and set its `backquoted` parts as code."""
    parts = escape(text).split("`")
    return "".join(f"<code>{part}</code>" if i % 2 else part for i, part in enumerate(parts))


def window(comparison: Comparison) -> tuple[np.ndarray, np.ndarray] | None:
    """Yours and expected as small 2-D tables around the worst entry, or None if they cannot be compared so."""
    yours, expected = comparison.yours, comparison.expected
    if not (
        isinstance(yours, np.ndarray) and isinstance(expected, np.ndarray) and yours.shape == expected.shape
    ):
        return None
    if expected.size == 0:
        return None
    table = (lambda a: a.reshape(-1, a.shape[-1])) if expected.ndim > 1 else (lambda a: a.reshape(1, -1))
    yours, expected = table(yours), table(expected)
    worst = np.unravel_index(np.argmax(np.abs(np.nan_to_num(yours) - expected)), expected.shape)
    cut = tuple(
        slice(start := max(0, min(w - SHOWN // 2, n - SHOWN)), start + SHOWN)
        for w, n in zip(worst, expected.shape, strict=True)
    )
    yours, expected = yours[cut], expected[cut]
    return yours, np.where(
        np.isclose(yours, expected, rtol=1e-9, atol=1e-9), yours, expected
    )  # no rounding dust


def number(value: float) -> str:
    """Four digits, and no minus on a rounded zero."""
    text = f"{value:.4g}"
    return "0" if text == "-0" else text


def compare_plain(comparison: Comparison) -> list[str]:
    """'yours', 'expected' and 'difference' as rows of numbers."""
    tables = window(comparison)
    if tables is None:
        return []
    yours, expected = tables
    lines = [f"  {comparison.name} on the case: {comparison.case}"]
    for label, table in (("yours", yours), ("expected", expected), ("difference", yours - expected)):
        for i, row in enumerate(table):
            lines.append(f"    {label if i == 0 else '':<11}" + "".join(f"{number(v):>11}" for v in row))
    return lines


def compare_html(comparison: Comparison) -> str:
    """Three small tables side by side; the shade of a cell is its size, orange positive and blue negative."""
    tables = window(comparison)
    if tables is None:
        return ""
    yours, expected = tables
    blocks = (("yours", yours), ("expected", expected), ("difference", yours - expected))
    inside = "".join(
        f'<div><div style="font-size:12px">{label}</div>'
        f'<table style="border-collapse:collapse;margin:0">{"".join(map(table_row, table.tolist(), [table] * len(table)))}</table></div>'
        for label, table in blocks
    )
    caption = f"<div>{code(f'`{comparison.name}` on the case: {comparison.case}')}</div>"
    return f'{caption}<div style="display:flex;flex-wrap:wrap;gap:18px;margin:4px 0 8px">{inside}</div>'


def table_row(row: list[float], table: np.ndarray) -> str:
    largest = np.max(np.abs(table), initial=0.0, where=np.isfinite(table)) or 1.0
    return "<tr>" + "".join(f'<td style="{cell_style(v, largest)}">{number(v)}</td>' for v in row) + "</tr>"


def cell_style(value: float, largest: Any) -> str:
    """A see-through shade keeps the theme's own text colour legible on both themes."""
    strength = 0.45 * min(1.0, abs(value) / largest) if np.isfinite(value) else 0
    red, green, blue = (230, 159, 0) if value > 0 else (0, 114, 178)
    return (
        f"background:rgba({red},{green},{blue},{strength:.2f});border:1px solid rgba(128,128,128,.4);"
        "padding:2px 7px;text-align:right;font-family:monospace;font-size:12px"
    )
