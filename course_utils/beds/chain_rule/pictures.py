"""The pictures of lesson 01. Each takes what was measured and returns the figure and its description."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.show import plots


def nudge(eps: float, one: float, both: float) -> tuple[Figure, str]:
    """x³ near 1, its true slope, and the slopes ``one`` and ``both`` that nudges of ``eps`` gave."""
    fig, ax = plt.subplots()
    x = np.linspace(0, 2.05, 100)
    ax.plot(x, x**3, color="0.6", linewidth=4, alpha=0.6)
    ax.axline((1, 1), slope=3, **plots.line("true"))
    # Each slope as a line through the whole frame, so that it is seen however near the two points are.
    left, right = 1 - eps, 1 + eps
    ax.axline((1, 1), slope=one, color=plots.COLOURS["wrong"], linestyle="-.")
    ax.axline((left, left**3), slope=both, color=plots.COLOURS["estimate"], linestyle="--")
    ax.plot([left, right], [left**3, right**3], "s", color=plots.COLOURS["estimate"], markersize=10)
    ax.plot([1, right], [1, right**3], "o", color=plots.COLOURS["wrong"], markersize=5)
    ax.text(0.05, 6.6, "grey: x³   black: the true slope at 1")
    ax.text(0.05, 5.7, f"● one side: {one:.2f}", color=plots.ink(plots.COLOURS["wrong"]))
    ax.text(0.05, 4.8, f"■ both sides: {both:.2f}", color=plots.ink(plots.COLOURS["estimate"]))
    ax.set(xlabel="x", ylabel="f(x)", xlim=(-0.05, 2.1), ylim=(-1.5, 8.6))
    ax.set_title(f"Both sides {both:.2f}, one side {one:.2f}, the true slope 3")
    return fig, (
        f"x³ near 1 with nudges of {eps:g}: one side gives {one:.3f}, both sides {both:.3f}, the true slope is 3."
    )


def errors(steps: Sequence[float], one: Sequence[float], both: Sequence[float]) -> tuple[Figure, str]:
    """How far the one-sided and the two-sided slope are from the true one, for each step."""
    fig, ax = plt.subplots()
    for found, role, marker in ((one, "wrong", "o"), (both, "estimate", "s")):
        ax.plot(steps, found, marker=marker, **plots.line(role), markersize=4)
    style = {"textcoords": "offset points", "va": "center"}
    ax.annotate(
        "one side", (steps[3], one[3]), xytext=(10, 8), color=plots.ink(plots.COLOURS["wrong"]), **style
    )
    ax.annotate(
        "both sides",
        (steps[3], both[3]),
        xytext=(-10, -8),
        ha="right",
        color=plots.ink(plots.COLOURS["estimate"]),
        **style,
    )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="ε, the nudge: smaller to the right",
        ylabel="how far from 3",
        ylim=(1e-12, 10),
    )
    ax.invert_xaxis()
    ax.set_title("Smaller nudges are better, until rounding takes over")
    return fig, (
        f"The error of the slope of x³ at 1, for nudges from {max(steps):g} down to {min(steps):.0e}. It falls at first, "
        f"for one side in step with the nudge, for both sides with its square, and then rises again. At {steps[4]:.0e}: "
        f"both sides {'below' if both[4] < 1e-9 else 'not below'} 1e-9."
    )
