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


def race(runs: Mapping[str, Sequence[Run]], bar: float, costs: Mapping[str, float], title: str) -> Picture:
    """Accuracy against queries, thin lines for the seeds and a bold median, and a dot for each method at the bar.

    ``runs`` gives for each method its runs (of several fronts at once, or of one each); ``costs`` its median queries at the bar.
    """
    order = sorted(costs, key=costs.__getitem__)
    fig, ax = plt.subplots(figsize=(9, 4.2))
    for (name, found), role in zip(runs.items(), RACERS[: len(runs)], strict=True):
        curves = [(run.queries, one) for run in found for one in np.atleast_2d(run.accuracy)]
        for queries, accuracy in curves:
            ax.plot(queries, accuracy, "-", color=plots.COLOURS[role], linewidth=0.7, alpha=0.35)
        shared = np.geomspace(max(q[0] for q, _ in curves), min(q[-1] for q, _ in curves), 100)
        middle = np.median([np.interp(shared, *curve) for curve in curves], axis=0)
        ax.plot(shared, middle, linewidth=2, **plots.line(role))
        if not np.isfinite(costs[name]):
            continue
        at = (costs[name], 1.07 + 0.14 * (order.index(name) % 3))  # the labels take turns, in three rows
        ax.plot([at[0]] * 2, [bar, at[1]], "-", color=plots.COLOURS[role], linewidth=0.8)
        ax.plot(at[0], bar, "o", color=plots.COLOURS[role], markeredgecolor="white", markersize=9, zorder=5)
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1.5}
        words = {"fontsize": 9, "ha": "center", "color": plots.ink(plots.COLOURS[role]), "bbox": box}
        ax.text(*at, f"{name}: {at[0]:,.0f}", **words)
    ax.axhline(bar, color="grey", linewidth=0.8)
    ax.set(xscale="log", ylim=(0, 1.45), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    ax.set(xlabel=f"queries to g (dot: the median of the five at {bar:.0%})")
    ax.set_ylabel("validation accuracy", y=0.35)
    ax.set_title(title)
    told = (
        f"Accuracy against queries on a logarithmic axis. In the order in which the medians reach {bar:.0%}:"
    )
    return fig, f"{told} {', '.join(order)}."


def width(ks: Sequence[int], each: Sequence[float], one: Sequence[float], bar: float) -> Picture:
    """The queries until the bar against k, of a difference for ``each`` activation and of ``one`` direction, both (ks,)."""
    fig, ax = plt.subplots(figsize=(7.5, 3.4))
    for values, role, name in (
        (each, "heldout", "a difference for each"),
        (one, "estimate", "one direction"),
    ):
        ax.plot(ks, values, marker="o", **plots.line(role))
        plots.label_end(ax, ks[-1], values[-1], name, role)
    arrived = np.isfinite([*each, *one]).any()  # a logarithmic axis needs a number to show
    ax.set(xscale="log", yscale="log" if arrived else "linear", ylabel=f"queries until {bar:.0%}")
    ax.set(xticks=ks, xticklabels=ks, xlabel="k, the activations at h")
    ax.set_title("The wider h is, the better one direction pays")
    ax.minorticks_off()
    if not np.isfinite([one[0], one[-1], each[0], each[-1]]).all():
        return fig, f"Queries against k from {ks[0]} to {ks[-1]}. Not every front reached {bar:.0%}."
    return fig, (
        f"From k = {ks[0]} to {ks[-1]} the queries of one direction grow {one[-1] / one[0]:.0f} times,"
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
