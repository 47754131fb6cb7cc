"""Pictures in the course's style, each stored with a description in words.

Importing this module applies ``course.mplstyle``. A picture is made with matplotlib or one of the
helpers below and handed to ``show`` with a description built from the data.
"""

from base64 import b64encode
from collections.abc import Sequence
from importlib.resources import as_file, files
from io import BytesIO
from itertools import pairwise
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path
from matplotlib.text import Annotation

from course_utils.output import emit, escape

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
_INK = "#1A1A1A"


# Showing


def show(fig: Figure, description: str) -> None:
    """Show ``fig`` with ``description`` as its alternative text, and close it.

    JupyterLab ignores the alternative text of a plain PNG output, so the picture goes out as HTML;
    the description is also the plain form, which is what the tests compare.
    """
    description = _described(description)
    picture = png(fig)
    plt.close(fig)
    emit(img(picture, description), description)


def png(fig: Figure) -> bytes:
    """``fig`` as the bytes of a PNG file that carries neither a date nor a software version."""
    for ax in fig.axes:
        _separate_end_labels(ax)
    out = BytesIO()
    fig.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


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
    while 1.05 / (_luminance(rgb) + 0.05) < 4.5:
        rgb = rgb * 0.95
    return tuple(float(part) for part in rgb)


def label_end(ax: Axes, x: float, y: float, text: str, role: str) -> None:
    """Write ``text`` to the right of the point (x, y), the end of a curve of ``role``.

    Labels that would lie on each other are moved apart when the picture is shown.
    """
    _known(role)
    label = ax.annotate(
        text,
        (x, y),
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
        for (y, label), place in zip(column, _apart(wanted, height), strict=True):
            label.set_position((8, place - y))


def _apart(wanted: np.ndarray, gap: float) -> np.ndarray:
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
        colour = "white" if _luminance(np.array(shade)) < 0.2 else _INK
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
    return _exponent(f"{value + 0.0:.2g}").replace("-", "−")


def _three(value: float) -> str:
    """Three significant digits, never a negative zero."""
    return _exponent(f"{float(value) + 0.0:.3g}")


def _exponent(number: str) -> str:
    """1e-07 becomes 1e-7, 1e+07 becomes 1e7."""
    return number.replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


# The graph of lesson 01

_BOX_WIDTH, _BOX_HEIGHT = 1.12, 0.72
_COLUMN, _ROW = 1.62, 0.86  # inches from box to box


def graph(root: Any) -> Figure:
    """Draw the scalar computation that ends in ``root``, inputs at the left.

    A node has ``value`` (float), ``grad`` (float or None), ``op`` ("" for a leaf), ``name`` (may
    be "") and ``inputs`` (tuple of nodes). A box shows the name and operation, the value and, once
    there is one, the gradient.
    """
    nodes = _in_order(root)
    column = _columns(nodes)
    places, routes = _layout(nodes, column)

    passed = [y for route in routes for _, y in route]
    low = min([y - _BOX_HEIGHT / 2 for _, y in places.values()] + passed)
    high = max([y + _BOX_HEIGHT / 2 for _, y in places.values()] + passed)
    width = max(column.values()) * _COLUMN + _BOX_WIDTH
    fig = Figure(figsize=(width + 0.16, high - low + 0.16), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(-_BOX_WIDTH / 2 - 0.08, width - _BOX_WIDTH / 2 + 0.08), ylim=(low - 0.08, high + 0.08))
    ax.set_axis_off()
    for route in routes:
        ax.add_patch(
            FancyArrowPatch(
                path=_curve(route), arrowstyle="-|>", mutation_scale=11, color="#666666", linewidth=1.2
            )
        )
    for node in nodes:
        _box(ax, node, *places[id(node)])
    return fig


def describe_graph(root: Any) -> str:
    """Say what ``graph`` draws, each node after its inputs, numbers to three digits."""
    nodes = _in_order(root)
    names: dict[int, str] = {}
    steps = 0
    for node in nodes:
        if node.name:
            names[id(node)] = str(node.name)
        elif node.op:
            steps += 1
            names[id(node)] = f"step {steps}"
        else:
            names[id(node)] = f"constant {_three(node.value)}"
    sentences = []
    for node in nodes:
        said = names[id(node)]
        if node.name or node.op:
            said += f" = {_three(node.value)}"
        if node.grad is not None:
            said += f" (grad {_three(node.grad)})"
        if node.inputs:
            said += f", made by {node.op} from {' and '.join(names[id(source)] for source in node.inputs)}"
        else:
            said += ", a leaf"
        sentences.append(said)
    count = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
    return f"A graph of {count}. " + "; ".join(sentences) + "."


def _in_order(root: Any) -> list[Any]:
    """All nodes, each once and after its inputs. Without recursion, so a long chain is no trouble."""
    done: list[Any] = []
    finished: set[int] = set()
    open_: set[int] = {id(root)}
    stack = [(root, iter(root.inputs))]
    while stack:
        node, remaining = stack[-1]
        for source in remaining:
            if id(source) in open_:
                raise ValueError(
                    "This graph has a cycle: a node is among its own inputs, so there is no order "
                    "in which to compute it."
                )
            if id(source) not in finished:
                open_.add(id(source))
                stack.append((source, iter(source.inputs)))
                break
        else:
            stack.pop()
            open_.remove(id(node))
            finished.add(id(node))
            done.append(node)
    return done


def _columns(nodes: list[Any]) -> dict[int, int]:
    """Column of each node by id: 0 for a leaf, else one to the right of its furthest input."""
    column: dict[int, int] = {}
    for node in nodes:
        column[id(node)] = 1 + max((column[id(source)] for source in node.inputs), default=-1)
    return column


def _layout(
    nodes: list[Any], column: dict[int, int]
) -> tuple[dict[int, tuple[float, float]], list[list[tuple[float, float]]]]:
    """Centre of each box by id, and for each input of each node the points that its arrow passes.

    An arrow that crosses columns holds a place of its own in each of them, as if it were a narrow
    box; that is why no arrow can run through a box.
    """
    width = 1 + max(column.values())
    layers: list[list[Any]] = [[] for _ in range(width)]
    heights: dict[Any, float] = {}
    before: dict[Any, list[Any]] = {}
    after: dict[Any, list[Any]] = {}
    chains: list[list[Any]] = []

    def add(key: Any, where: int, height: float) -> None:
        layers[where].append(key)
        heights[key], before[key], after[key] = height, [], []

    for node in nodes:
        add(id(node), column[id(node)], _ROW)
    for node in nodes:
        for port, source in enumerate(node.inputs):
            chain = [id(source)]
            for where in range(column[id(source)] + 1, column[id(node)]):
                chain.append((id(node), port, where))
                add(chain[-1], where, 0.3)
            chain.append(id(node))
            for left, right in pairwise(chain):
                before[right].append(left)
                after[left].append(right)
            chains.append(chain)

    # Few crossings: sort each column by where its neighbours are, sweeping right to left and back.
    rank: dict[Any, float] = {}
    for layer in layers:
        rank.update({key: place for place, key in enumerate(layer)})

    def sweep(order: Sequence[int], neighbours: dict[Any, list[Any]]) -> None:
        for where in order:
            mean = {
                key: float(np.mean([rank[other] for other in neighbours[key]]))
                if neighbours[key]
                else rank[key]
                for key in layers[where]
            }
            layers[where].sort(key=mean.__getitem__)
            rank.update({key: place for place, key in enumerate(layers[where])})

    def crossings() -> int:
        total = 0
        for layer in layers[:-1]:
            ends = [(rank[left], rank[right]) for left in layer for right in after[left]]
            total += sum((a[0] - b[0]) * (a[1] - b[1]) < 0 for i, a in enumerate(ends) for b in ends[:i])
        return total

    best, fewest = [list(layer) for layer in layers], crossings()
    for _ in range(6):
        for order, neighbours in ((range(width - 2, -1, -1), after), (range(1, width), before)):
            sweep(order, neighbours)
            if (now := crossings()) < fewest:
                best, fewest = [list(layer) for layer in layers], now
    layers = best

    # Heights: each column wants to stand level with its neighbours, but nothing may overlap.
    y: dict[Any, float] = {}
    for layer in layers:
        tops = np.cumsum([heights[key] for key in layer])
        y.update({key: top - heights[key] / 2 - tops[-1] / 2 for key, top in zip(layer, tops, strict=True)})
    for _ in range(8):
        for order, neighbours in ((range(1, width), before), (range(width - 2, -1, -1), after)):
            for where in order:
                layer = layers[where]
                wanted = np.array(
                    [
                        np.mean([y[other] for other in neighbours[key]]) if neighbours[key] else y[key]
                        for key in layer
                    ]
                )
                y.update(zip(layer, _settle(wanted, np.array([heights[key] for key in layer])), strict=True))

    places = {id(node): (column[id(node)] * _COLUMN, -float(y[id(node)])) for node in nodes}
    routes = []
    for chain in chains:
        first, last = chain[0], chain[-1]
        x, level = places[first]
        route = [(x + _BOX_WIDTH / 2, level)]
        for _, _, where in chain[1:-1]:
            level = -float(y[chain[where - column[first]]])
            route += [(where * _COLUMN - _BOX_WIDTH / 2, level), (where * _COLUMN + _BOX_WIDTH / 2, level)]
        x, level = places[last]
        route.append((x - _BOX_WIDTH / 2, level))
        routes.append(route)
    _ports(chains, routes)
    return places, routes


def _settle(wanted: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Centres near ``wanted`` (n,) for things of ``heights`` (n,) stacked in this order, none overlapping."""
    offset = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2)])
    # Once the offsets are taken off, "no overlap" is "never decreasing".
    return _apart(wanted - offset, 0.0) + offset


def _ports(chains: list[list[Any]], routes: list[list[tuple[float, float]]]) -> None:
    """Spread the arrows that arrive at (or leave) one box over its side, so that x * x has two."""
    for end, neighbour in ((-1, -2), (0, 1)):
        sides: dict[Any, list[int]] = {}
        for number, chain in enumerate(chains):
            sides.setdefault(chain[end], []).append(number)
        for numbers in sides.values():
            # Highest first; equals (x * x) keep one order at both ends and so run side by side.
            numbers.sort(key=lambda number: -routes[number][neighbour][1])
            step = min(0.2, 0.5 / len(numbers))
            for place, number in enumerate(numbers):
                x, level = routes[number][end]
                routes[number][end] = (x, level + step * ((len(numbers) - 1) / 2 - place))


def _curve(route: list[tuple[float, float]]) -> Path:
    """A smooth path: level through a column, bending only between two columns."""
    points, codes = [route[0]], [Path.MOVETO]
    for number, ((x0, y0), (x1, y1)) in enumerate(pairwise(route)):
        if number % 2:  # inside a column
            points.append((x1, y1))
            codes.append(Path.LINETO)
        else:
            bend = (x0 + x1) / 2
            points += [(bend, y0), (bend, y1), (x1, y1)]
            codes += [Path.CURVE4] * 3
    return Path(points, codes)


def _box(ax: Axes, node: Any, x: float, y: float) -> None:
    ax.add_patch(
        FancyBboxPatch(
            (x - _BOX_WIDTH / 2, y - _BOX_HEIGHT / 2),
            _BOX_WIDTH,
            _BOX_HEIGHT,
            boxstyle="round,pad=0,rounding_size=0.08",
            facecolor="white" if node.op else "#ECECEC",
            edgecolor=_INK,
            linewidth=1.2,
        )
    )
    head = f"{node.name} = {node.op}" if node.name and node.op else str(node.name or node.op or "constant")
    numbers = {"value": node.value} | ({} if node.grad is None else {"grad": node.grad})
    texts = [(head, "bold")]
    texts += [(f"{word} {_three(number).replace('-', '−')}", "normal") for word, number in numbers.items()]
    for place, (text, weight) in enumerate(texts):
        level = y + 0.2 * ((len(texts) - 1) / 2 - place)
        size = min(10.0, 72 * (_BOX_WIDTH - 0.1) / (0.66 * max(len(text), 1)))
        ax.text(x, level, text, ha="center", va="center", fontsize=size, fontweight=weight, color=_INK)
