"""Show something in two forms: rich for a notebook, plain text for everything else.

Every card, claim and picture of the course goes through :func:`emit`, so the plain form is never
forgotten: it is what a terminal prints, what a screen reader can read and what the tests compare.
"""

import sys
from html import escape
from typing import Any

__all__ = ["card", "emit", "escape", "in_notebook", "print_anything"]

# One colour for each kind of card (Okabe-Ito); the word on the card says the same as the colour.
ACCENTS = {
    "good": "#009E73",
    "wait": "#56B4E9",
    "bad": "#CC79A7",
    "plain": "#888888",
}


def emit(html: str, plain: str, data: dict[str, Any] | None = None) -> None:
    """Show ``html`` in a notebook and ``plain`` anywhere else (both are stored in the notebook).

    ``data`` {MIME type: JSON value} is stored in the notebook beside them and not shown there.
    """
    if in_notebook():
        from IPython.display import display

        display({"text/html": html, "text/plain": plain} | (data or {}), raw=True)
    else:
        print(plain)


def print_anything() -> None:
    """Let ``print`` go on where the output cannot hold a character (✓ in a pipe on Windows): it becomes a ?.

    Every command of the course begins with this, by importing the package.
    """
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure") and stream.errors == "strict":
            stream.reconfigure(errors="replace")


def in_notebook() -> bool:
    """True inside any IPython session, a notebook's kernel included."""
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return get_ipython() is not None


def card(kind: str, heading: str, body: str = "") -> str:
    """HTML of one card. ``kind`` is a key of ACCENTS; ``body`` is HTML, already escaped.

    Text and background come from JupyterLab's theme where there is one, so a card is legible in
    the light and in the dark theme; the accent is only a bar at the left.
    """
    return (
        f'<div style="border-left:5px solid {ACCENTS[kind]};padding:8px 14px;margin:6px 0;'
        "background:var(--jp-layout-color2,#f3f3f3);color:var(--jp-ui-font-color0,#1a1a1a);"
        'font-family:var(--jp-ui-font-family,sans-serif);font-size:14px;line-height:1.5;max-width:52em">'
        f'<div style="font-weight:600">{heading}</div>{body}</div>'
    )
