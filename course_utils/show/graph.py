"""The graph of a scalar computation as a picture: a box for each node, no arrow through a box (lesson 01)."""

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch
from matplotlib.path import Path

from course_utils.show.plots import COLOURS, INK, apart, ink, short_exponent

_BOX_WIDTH, _BOX_HEIGHT = 1.12, 0.72
_COLUMN, _ROW = 1.62, 0.86  # inches from box to box
_ROOM = 0.36  # more from column to column where the arrows carry numbers

# For each operation: what arrives at a node and the values of its inputs → one gradient for each input.
Rules = Mapping[str, Callable[..., Sequence[float]]]


def graph(root: Any, rules: Rules | None = None, title: str = "") -> Figure:
    """Draw the scalar computation that ends in ``root``, inputs at the left.

    A node has ``value`` (float), ``grad`` (float or None), ``op`` ("" for a leaf), ``name`` (may
    be "") and ``inputs`` (tuple of nodes). A box shows the name and what made it, the value and, once
    there is one, the gradient. With ``rules`` the arrows are walked backwards, and each carries what it
    adds to the gradient of the node that it leads to.
    """
    nodes = in_order(root)
    column = columns(nodes)
    pitch = _COLUMN + (_ROOM if rules else 0)
    places, routes = _layout(nodes, column, pitch)

    passed = [y for route in routes for _, y in route]
    low = min([y - _BOX_HEIGHT / 2 for _, y in places.values()] + passed)
    high = max([y + _BOX_HEIGHT / 2 for _, y in places.values()] + passed) + (0.36 if title else 0)
    width = max(column.values()) * pitch + _BOX_WIDTH
    fig = Figure(figsize=(width + 0.16, high - low + 0.16), layout="none")
    ax = fig.add_axes((0, 0, 1, 1))
    ax.set(xlim=(-_BOX_WIDTH / 2 - 0.08, width - _BOX_WIDTH / 2 + 0.08), ylim=(low - 0.08, high + 0.08))
    ax.set_axis_off()
    style = {"arrowstyle": "<|-", "color": INK} if rules else {"arrowstyle": "-|>", "color": "#666666"}
    for route in routes:
        ax.add_patch(FancyArrowPatch(path=_curve(route), mutation_scale=11, linewidth=1.2, **style))
    for node in nodes:
        _box(ax, node, *places[id(node)])
    if rules:
        _write_contributions(ax, [share for node in nodes for share in contributions(node, rules)], routes)
    if title:
        ax.text(-_BOX_WIDTH / 2, high, title, ha="left", va="top", fontsize=11, fontweight="bold", color=INK)
    return fig


def contributions(node: Any, rules: Rules) -> list[float]:
    """What ``node`` passes to each of its inputs, in their order; nothing where it has none."""
    return [
        float(share)
        for share in (rules[node.op](node.grad, *(of.value for of in node.inputs)) if node.inputs else ())
    ]


def _write_contributions(ax: Axes, shares: list[float], routes: list[list[tuple[float, float]]]) -> None:
    """A number on each arrow, in the gap behind the box that it leads to."""
    for share, ((x0, y0), (x1, y1), *_) in zip(shares, routes, strict=True):
        ax.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2,
            _three(share).replace("-", "−"),
            ha="center",
            va="center",
            fontsize=9,
            fontweight="bold",
            color=ink(COLOURS["estimate"]),
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 1},
        )


def describe_graph(root: Any, rules: Rules | None = None) -> str:
    """Say what ``graph`` draws, each node after its inputs, numbers to three digits."""
    nodes = in_order(root)
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
        if rules and node.inputs:
            shares = zip(contributions(node, rules), node.inputs, strict=True)
            said += ", passes " + " and ".join(f"{_three(share)} to {names[id(of)]}" for share, of in shares)
        sentences.append(said)
    count = "1 node" if len(nodes) == 1 else f"{len(nodes)} nodes"
    return f"A graph of {count}. " + "; ".join(sentences) + "."


def in_order(root: Any) -> list[Any]:
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


def columns(nodes: list[Any]) -> dict[int, int]:
    """Column of each node by id: 0 for a leaf, else one to the right of its furthest input."""
    column: dict[int, int] = {}
    for node in nodes:
        column[id(node)] = 1 + max((column[id(source)] for source in node.inputs), default=-1)
    return column


def _layout(
    nodes: list[Any], column: dict[int, int], pitch: float
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

    places = {id(node): (column[id(node)] * pitch, -float(y[id(node)])) for node in nodes}
    routes = []
    for chain in chains:
        first, last = chain[0], chain[-1]
        x, level = places[first]
        route = [(x + _BOX_WIDTH / 2, level)]
        for _, _, where in chain[1:-1]:
            level = -float(y[chain[where - column[first]]])
            route += [(where * pitch - _BOX_WIDTH / 2, level), (where * pitch + _BOX_WIDTH / 2, level)]
        x, level = places[last]
        route.append((x - _BOX_WIDTH / 2, level))
        routes.append(route)
    _ports(chains, routes)
    return places, routes


def _settle(wanted: np.ndarray, heights: np.ndarray) -> np.ndarray:
    """Centres near ``wanted`` (n,) for things of ``heights`` (n,) stacked in this order, none overlapping."""
    offset = np.concatenate([[0.0], np.cumsum((heights[1:] + heights[:-1]) / 2)])
    # Once the offsets are taken off, "no overlap" is "never decreasing".
    return apart(wanted - offset, 0.0) + offset


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
            edgecolor=INK,
            linewidth=1.2,
        )
    )
    head = " = ".join(filter(None, (str(node.name), formula(node)))) or "constant"
    numbers = {"value": node.value} | ({} if node.grad is None else {"grad": node.grad})
    texts = [(head, "bold")]
    texts += [(f"{word} {_three(number).replace('-', '−')}", "normal") for word, number in numbers.items()]
    for place, (text, weight) in enumerate(texts):
        level = y + 0.2 * ((len(texts) - 1) / 2 - place)
        size = min(10.0, 72 * (_BOX_WIDTH - 0.1) / (0.66 * max(len(text), 1)))
        ax.text(x, level, text, ha="center", va="center", fontsize=size, fontweight=weight, color=INK)


def formula(node: Any) -> str:
    """What made ``node``, by the names of its inputs: "a · b". The operation alone where one has no name; "" for a leaf."""
    names = [str(source.name) for source in node.inputs]
    if not names or not all(names):
        return str(node.op)
    if node.op in ("+", "*"):
        return {"+": " + ", "*": " · "}[node.op].join(names)
    return f"{node.op} {' '.join(names)}" if node.op.isalpha() else str(node.op)


def _three(value: float) -> str:
    """Three significant digits, never a negative zero."""
    return short_exponent(f"{float(value) + 0.0:.3g}")
