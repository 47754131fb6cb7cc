"""The pictures of lesson 07. Each function returns the figure and what it shows, in words."""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.unknown.fronts import Run
from course_utils.show import plots

Picture = tuple[Figure, str]
RACERS = ("true", "heldout", "estimate", "train", "wrong")  # a role for each method, in the order of the race


def step_errors(steps: np.ndarray, errors: Mapping[str, Mapping[str, np.ndarray]]) -> Picture:
    """A curve for each precision and each kind of difference; ``errors`` gives for both an array (steps,)."""
    fig, ax = plt.subplots(figsize=(8, 3.6))
    told = []
    for (precision, by_kind), dash in zip(errors.items(), ("-", "--"), strict=True):
        for (kind, values), role in zip(by_kind.items(), ("train", "estimate"), strict=True):
            best = steps[values.argmin()]
            ax.plot(steps, values, color=plots.COLOURS[role], linestyle=dash, label=f"{kind}, {precision}")
            ax.plot(best, values.min(), "o", color=plots.COLOURS[role])
            told.append(f"{kind}, {precision}: {plots.short_exponent(f'{best:.0e}')}")
    ax.legend(loc="lower left", fontsize=9)
    ax.set(xscale="log", yscale="log", ylim=(1e-12, 1e2), xlabel="step", ylabel="relative error")
    ax.set_title("Each difference has its best step, and smaller is worse")
    shape = "Four curves: the error falls with the step, turns, and rises again. In float32 it stays at 1 for the smallest steps, where h + ε rounds back to h."
    return fig, f"{shape} Lowest at: {'; '.join(told)}."


def race(runs: Mapping[str, Sequence[Run]], bar: float, costs: Mapping[str, float]) -> Picture:
    """Accuracy against queries, a line for each seed, and a dot for each method at the bar.

    ``runs`` gives for each method its runs (of several fronts at once, or of one each); ``costs`` its median queries at the bar.
    """
    fig, ax = plt.subplots(figsize=(9, 4))
    for (name, found), role in zip(runs.items(), RACERS, strict=True):
        for run in found:
            ax.plot(run.queries, run.accuracy.T, "-", color=plots.COLOURS[role], linewidth=0.8, alpha=0.6)
        style = {"color": plots.COLOURS[role], "markeredgecolor": "white", "markersize": 10, "zorder": 5}
        ax.plot(costs[name], bar, "o", label=name, **style)
    ax.axhline(bar, color="grey", linewidth=0.8)
    ax.set(xscale="log", ylim=(0, 1), xlabel="queries to g", ylabel="validation accuracy")
    ax.set_title("Ask at h, not at the weights")
    place = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.16), "ncols": 3}
    ax.legend(fontsize=9, title=f"dot: the median at {bar:.0%}", **place)
    order = ", ".join(sorted(costs, key=costs.__getitem__))
    return (
        fig,
        f"Accuracy against queries on a logarithmic axis. In the order in which the medians reach {bar:.0%}: {order}.",
    )


def width(
    ks: Sequence[int], noise: np.ndarray, each: Sequence[float], one: Sequence[float], bar: float
) -> Picture:
    """Left the ``noise`` (seeds, ks) of one direction beside √(k-1), right the queries until the bar, each and one (ks,)."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(10, 3.6))
    left.plot(ks, np.sqrt(np.array(ks) - 1), color=plots.COLOURS["true"], linewidth=1)
    left.annotate("√(k − 1)", (ks[2], np.sqrt(ks[2] - 1)), (-12, 10), textcoords="offset points", ha="right")
    left.plot(ks, noise.T, "^", color=plots.COLOURS["estimate"], markersize=5)
    left.set(xscale="log", yscale="log", yticks=[2, 4, 8, 16, 32], yticklabels=[2, 4, 8, 16, 32])
    left.set(ylabel="error, in lengths of the gradient")
    left.set_title("One direction: the noise grows with √k")
    for values, role, name in (
        (each, "heldout", "a difference for each"),
        (one, "estimate", "one direction"),
    ):
        right.plot(ks, values, marker="o", **plots.line(role))
        plots.label_end(right, ks[-1], values[-1], name, role)
    arrived = np.isfinite([*each, *one]).any()  # a logarithmic axis needs a number to show
    right.set(xscale="log", yscale="log" if arrived else "linear", ylabel=f"queries until {bar:.0%}")
    right.set_title("The price grows more slowly")
    for ax in (left, right):
        ax.set(xticks=ks, xticklabels=ks, xlabel="k, the activations at h")
        ax.minorticks_off()
    lies = f"For k from {ks[0]} to {ks[-1]}: the error of one direction lies on the line √(k − 1)."
    if not np.isfinite([one[0], one[-1], each[0], each[-1]]).all():
        return fig, f"{lies} Not every front reached {bar:.0%}."
    return fig, (
        f"{lies} The queries of one direction grow {one[-1] / one[0]:.0f} times,"
        f" those of a difference for each activation {each[-1] / each[0]:.0f} times."
    )


def training(
    run_at: Callable[[int, float, float], Run], directions: int, nudge: float, rate: float
) -> Picture:
    """Accuracy against queries of ``run_at(directions, nudge, rate)``, the fronts of three seeds."""
    found = run_at(directions, nudge, rate)
    fig, ax = plt.subplots(figsize=(7, 2.8))
    plots.spread(ax, found.queries, found.accuracy, "estimate", "median of 3")
    ax.set(xlabel="queries", ylabel="validation accuracy", ylim=(0, 1))
    ax.set_title(
        f"Directions {directions}, nudge {nudge:g}, rate {rate:g}: test accuracy {np.mean(found.test):.2f}"
    )
    first, last = np.median(found.accuracy, axis=0)[[0, -1]]
    return (
        fig,
        f"Validation accuracy against queries, three seeds: from {first:.2f} to {last:.2f} in the median.",
    )
