"""Pictures in the course's style, each stored with a description in words.

Importing this module applies ``course.mplstyle``. A picture is made with matplotlib or one of the
helpers below and handed to ``show`` with a description built from the data.
"""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import as_file, files
from io import BytesIO
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.text import Annotation
from PIL import Image  # Pillow comes with matplotlib

from course_utils.show.output import emit, escape

with as_file(files("course_utils") / "course.mplstyle") as _style:
    plt.style.use(_style)

# One colour for each role, the same in every lesson (Okabe-Ito, safe for colour-blind readers).
COLOURS: dict[str, str] = {
    "trainable": "#E69F00",
    "frozen": "#56B4E9",
    "tail": "#4D4D4D",
    "true": "#000000",
    "estimate": "#D55E00",
    "train": "#0072B2",
    "heldout": "#009E73",
    "wrong": "#CC79A7",
}
FROZEN_HATCH = "///"

# Dash and end marker of each role: what tells curves apart without colour.
_LINES: dict[str, tuple[Any, str]] = {
    "trainable": ("-", "s"),
    "frozen": ((0, (1.2, 1.2)), "D"),
    "tail": ((0, (6, 2)), "X"),
    "true": ("-", "o"),
    "estimate": ((0, (4, 1.5)), "^"),
    "train": ("-", "o"),
    "heldout": ((0, (4, 1.5)), "s"),
    "wrong": ((0, (5, 1.5, 1.2, 1.5)), "X"),
}
_END_LABEL = "course: label at the end of a curve"
BLUE_ORANGE = LinearSegmentedColormap.from_list("blue_orange", ["#0072B2", "#FFFFFF", "#E66100"])
INK = "#1A1A1A"


# Showing


def show(fig: Figure, description: str) -> None:
    """Show ``fig`` with ``description`` as its alternative text, and close it.

    JupyterLab ignores the alternative text of a plain PNG output, so the picture goes out as HTML;
    the description is also the plain form, which is what the tests compare. Beside it lies the PNG, which is
    what a PDF is made from.
    """
    description = _described(description)
    picture = png(fig)
    plt.close(fig)
    emit(img(picture, description), description, as_data(picture))


def png(fig: Figure) -> bytes:
    """``fig`` as the bytes of a PNG file of 256 colours that carries neither a date nor a software version."""
    for ax in fig.axes:
        _separate_end_labels(ax)
    drawn, out = BytesIO(), BytesIO()
    fig.savefig(drawn, format="png")
    # A notebook holds each picture twice: a palette makes it less than half as large, and nobody sees it.
    Image.open(drawn).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def as_data(picture: bytes) -> dict[str, str]:
    """A PNG ``picture`` as a notebook stores it."""
    return {"image/png": b64encode(picture).decode()}


def img(picture: bytes, description: str) -> str:
    """HTML of a PNG ``picture`` with its alternative text."""
    source = f"data:image/png;base64,{b64encode(picture).decode()}"
    return f'<img alt="{escape(_described(description))}" src="{source}" style="max-width:100%">'


def _described(description: str) -> str:
    if not isinstance(description, str) or not description.strip():
        raise ValueError(
            "A picture needs a description in words: say what it shows, with the numbers, "
            "for somebody who cannot see it."
        )
    return " ".join(description.split())


# Curves


def line(role: str) -> dict[str, Any]:
    """Colour and dash of ``role`` as keywords: ``ax.plot(x, y, **line("train"))``."""
    _known(role)
    return {"color": COLOURS[role], "linestyle": _LINES[role][0]}


def ink(colour: str) -> tuple[float, float, float]:
    """``colour`` darkened as far as text on white needs it (contrast of at least 4.5 to 1)."""
    rgb = np.array(to_rgb(colour))
    while 1.05 / (luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.95
    return tuple(float(part) for part in rgb)


def label_end(ax: Axes, x: float, y: float, text: str, role: str) -> None:
    """Write ``text`` to the right of the point (x, y), the end of a curve of ``role``.

    Labels that would lie on each other are moved apart when the picture is shown. Where y is not finite,
    as for a run that never arrives, the label stands at the top.
    """
    _known(role)
    finite = np.isfinite(y)
    label = ax.annotate(
        text,
        (x, y if finite else 1.0),
        xycoords="data" if finite else ("data", "axes fraction"),
        xytext=(8, 0),
        textcoords="offset points",
        va="center",
        color=ink(COLOURS[role]),
        annotation_clip=False,
    )
    label.set_gid(_END_LABEL)


def spread(ax: Axes, x: Sequence[float], runs: np.ndarray, role: str, label: str) -> None:
    """Draw a thin line for each seed and a bold median, with ``label`` at the end of the curve.

    ``x`` has shape (n,), ``runs`` (seeds, n).
    """
    _known(role)
    x = np.asarray(x, dtype=float)
    runs = np.asarray(runs, dtype=float)
    if x.ndim != 1 or x.size == 0 or runs.ndim != 2 or runs.shape[0] == 0 or runs.shape[1] != x.size:
        raise ValueError(
            f"spread needs x of shape (n,) and runs of shape (seeds, n), not {x.shape} and {runs.shape}."
        )
    dash, marker = _LINES[role]
    # A run that diverged is part of the picture: its line ends where the numbers do, quietly.
    with np.errstate(all="ignore"):
        median = np.median(runs, axis=0)
    ax.plot(x, runs.T, color=COLOURS[role], linestyle="-", linewidth=0.7, alpha=0.45)
    ax.plot(x, median, color=COLOURS[role], linestyle=dash, linewidth=2.4)
    finite = np.flatnonzero(np.isfinite(median))
    if finite.size:
        end = finite[-1]
        ax.plot(x[end], median[end], marker=marker, markersize=6, color=COLOURS[role], clip_on=False)
        label_end(ax, x[end], median[end], label, role)


def _known(role: str) -> None:
    if role not in COLOURS:
        raise ValueError(f"There is no role {role!r}; the roles are {', '.join(COLOURS)}.")


def _separate_end_labels(ax: Axes) -> None:
    """Move the labels at the ends of curves apart vertically, keeping their order."""
    found = [text for text in ax.texts if text.get_gid() == _END_LABEL and isinstance(text, Annotation)]
    if len(found) < 2:
        return
    # Axes limits and the layout are final only once the figure has been drawn.
    ax.figure.draw_without_rendering()
    points = 72 / ax.figure.dpi
    columns: dict[float, list[tuple[float, Annotation]]] = {}
    for label in found:
        x, y = ax.transData.transform(label.xy)
        if np.isfinite([x, y]).all():
            columns.setdefault(round(x), []).append((y * points, label))
    for column in columns.values():
        column.sort(key=lambda entry: entry[0])
        wanted = np.array([y for y, _ in column])
        height = 1.25 * column[0][1].get_fontsize()
        for (y, label), place in zip(column, apart(wanted, height), strict=True):
            label.set_position((8, place - y))


def apart(wanted: np.ndarray, gap: float) -> np.ndarray:
    """Places at least ``gap`` apart, in the order of ``wanted`` (n,), and near to it.

    Labels that touch form a block centred on the places they want.
    """
    blocks: list[list[float]] = []  # each: how many labels, the sum of (wanted - offset in the block)
    for place in wanted:
        blocks.append([1, place])
        while len(blocks) > 1:
            (n, total), (m, other) = blocks[-2], blocks[-1]
            if other / m - total / n >= n * gap:
                break
            blocks[-2:] = [[n + m, total + other - m * n * gap]]
    return np.concatenate([total / n + gap * np.arange(n) for n, total in blocks])


# Arrays


def matrix(ax: Axes, A: np.ndarray, title: str, largest: float | None = None) -> None:
    """Draw ``A`` of shape (rows, columns) as a heat map, blue below 0 and orange above, with its numbers.

    ``largest`` is the size that gets the full colour (by default A's own largest entry): give tables
    that stand side by side the same one.
    """
    A = np.asarray(A, dtype=float)
    if A.ndim != 2 or A.size == 0:
        raise ValueError(f"matrix draws an array of shape (rows, columns), not {A.shape}.")
    finite = np.abs(A[np.isfinite(A)])
    limit = largest or (float(finite.max()) if finite.size and finite.max() > 0 else 1.0)
    ax.imshow(A, cmap=BLUE_ORANGE.with_extremes(bad="#BBBBBB"), vmin=-limit, vmax=limit)
    ax.set_title(title)
    ax.set_xticks(range(A.shape[1]))
    ax.set_yticks(range(A.shape[0]))
    ax.tick_params(length=0, labelsize=8, labelcolor="#555555")
    ax.spines[:].set_visible(False)

    texts = [[_short(value) for value in row] for row in A]
    longest = max(len(text) for row in texts for text in row)
    box = ax.get_window_extent()
    cell = min(box.width / A.shape[1], box.height / A.shape[0]) * 72 / ax.figure.dpi
    size = min(10.0, cell / (0.68 * longest), cell / 1.3)
    if size < 5:  # nobody can read them: the colours alone have to do
        ax.set_xticks([])
        ax.set_yticks([])
        return
    for (row, column), value in np.ndenumerate(A):
        shade = BLUE_ORANGE((value / limit + 1) / 2)[:3] if np.isfinite(value) else (0.7, 0.7, 0.7)
        colour = "white" if luminance(np.array(shade)) < 0.2 else INK
        ax.text(column, row, texts[row][column], ha="center", va="center", fontsize=size, color=colour)


def digits(images: np.ndarray, titles: Sequence[str]) -> Figure:
    """Draw 8x8 grey images, shape (n, 64) or (n, 8, 8), ten in a row, each under its short title."""
    images = np.atleast_1d(np.asarray(images, dtype=float))
    if len(images) == 0 or images.shape[1:] not in ((64,), (8, 8)):
        raise ValueError(f"digits draws images of shape (n, 64) or (n, 8, 8), not {images.shape}.")
    images = images.reshape(-1, 8, 8)
    titles = [str(title) for title in titles]
    if len(titles) != len(images):
        raise ValueError(
            f"digits needs one title for each image: {len(images)} images, {len(titles)} titles."
        )
    columns = min(10, len(images))
    rows = -(-len(images) // columns)
    lines = max(title.count("\n") + 1 for title in titles)
    fig = Figure(figsize=(0.82 * columns, (0.8 + 0.17 * lines) * rows))
    for place, (image, title) in enumerate(zip(images, titles, strict=True)):
        ax = fig.add_subplot(rows, columns, place + 1)
        # One scale for all: a pale image is pale, not stretched to full ink.
        ax.imshow(image, cmap="gray_r", vmin=min(0.0, images.min()), vmax=max(images.max(), 1e-12))
        ax.set_title(title, fontsize=9, fontweight="normal", loc="center", pad=3)
        ax.set_xticks([])
        ax.set_yticks([])
        ax.spines[:].set(visible=True, color="#BBBBBB")
    return fig


def _short(value: float) -> str:
    """Two significant digits, as short as they can be written, with a real minus sign."""
    if 100 <= abs(value) < 10_000:
        return f"{value:.0f}".replace("-", "−")
    return short_exponent(f"{value + 0.0:.2g}").replace("-", "−")


def short_exponent(number: str) -> str:
    """1e-07 becomes 1e-7, 1e+07 becomes 1e7."""
    return number.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def luminance(rgb: np.ndarray) -> float:
    """Relative luminance of a colour (3,), 0 for black to 1 for white, as WCAG defines it."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])
