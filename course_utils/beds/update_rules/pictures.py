"""The pictures of lesson 03. Each takes what was measured and returns ``(figure, description)``."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.update_rules.ravine import MARK, arrival, ravine, shares_left
from course_utils.beds.update_rules.tasting import Taste
from course_utils.show import plots

DOTTED = (0, (1.2, 1.2))  # for a third rule: plain SGD is dashed
FLOOR = 0.8  # where the axis of ``windows`` begins; what lies below is written at its edge


def descent(path: np.ndarray, rate: float, momentum: float) -> tuple[Figure, str]:
    """A path (n, 2) over the contours of the ravine; the title says what is left of the loss."""
    left = shares_left(path)[-1]
    steps = len(path) - 1
    verdict = (
        f"{left:.1g} of the loss is left after {steps} steps" if left <= 1 else "it climbs out"
    )  # NaN too
    fig, ax = plt.subplots(figsize=(7, 3.2))
    x, y = np.meshgrid(np.linspace(-9, 5, 140), np.linspace(-2.4, 2.4, 80))
    ax.contour(x, y, ravine(np.stack([x, y], axis=-1)), levels=12, colors="0.75", linewidths=0.8)
    ax.plot(*path.T, "o-", color=plots.COLOURS["trainable"], markersize=4, linewidth=1)
    ax.plot(0, 0, "k+", markersize=14)
    ax.annotate("start", path[0], xytext=(-4, 8), textcoords="offset points")
    ax.set(xlim=(-9, 5), ylim=(-2.4, 2.4), xlabel="θ₀, the flat direction", ylabel="θ₁, steep")
    ax.set_title(f"Rate {rate:g}, momentum {momentum:g}: {verdict}")
    where = f"({path[0, 0]:g}, {path[0, 1]:g})".replace("-", "−")
    return (
        fig,
        f"{steps} steps in the ravine from {where} with rate {rate:g} and momentum {momentum:g}: {verdict}.",
    )


def arrivals(paths: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """The share of the loss that is left against steps, a curve for each path (n, 2)."""
    fig, ax = plt.subplots(figsize=(7, 3.2))
    for role, (name, path) in zip(("estimate", "train", "heldout", "wrong"), paths.items(), strict=False):
        style = plots.line(role) | ({"linestyle": DOTTED, "linewidth": 2.2} if role == "heldout" else {})
        ax.plot(shares_left(path), label=name, **style)
    ax.axhline(MARK, color="0.5", linewidth=1)
    steps = max(len(path) for path in paths.values()) - 1
    ax.text(0.55 * steps, 1.6 * MARK, "a ten-thousandth", ha="center", fontsize=9, color="0.35")
    ax.set(yscale="log", ylim=(1e-30, 3), xlabel="steps", ylabel="share of the loss that is left")
    title = "Momentum 0.9 and Adam are there soon, and come out again"
    ax.set_title(title)
    ax.legend(loc="lower left", fontsize=9)
    arrived = {name: arrival(path) for name, path in paths.items()}
    told = "; ".join(
        f"{name} first after {one.first}, stays below after {one.stays}" for name, one in arrived.items()
    )
    return (
        fig,
        f"Share of the loss that is left against {steps} steps, from one start. {title}. Below a ten-thousandth: {told}.",
    )


def leaves(rates: Sequence[float], found: Sequence[float]) -> float:
    """The rate at which the line through the points, on a logarithmic axis of rates, last falls below FLOOR."""
    at = max(i for i, right in enumerate(found) if right >= FLOOR)
    share = (found[at] - FLOOR) / (found[at] - found[at + 1])
    return rates[at] * (rates[at + 1] / rates[at]) ** share


def windows(scores: Mapping[str, Mapping[float, float]], best: Mapping[str, float]) -> tuple[Figure, str]:
    """Validation accuracy of each rule against its rate as a multiple of its best rate: rule -> rate -> accuracy.

    The axis begins at FLOOR; an accuracy below it at a rule's largest rate is written where its line leaves.
    """
    fig, ax = plt.subplots(figsize=(7, 3.2))
    told = []
    for role, name in zip(("estimate", "train", "heldout"), scores, strict=True):
        found = scores[name]
        rates = sorted(found)
        style = plots.line(role) | ({"linestyle": DOTTED, "linewidth": 2.2} if role == "heldout" else {})
        ax.plot(
            [rate / best[name] for rate in rates],
            [found[rate] for rate in rates],
            marker="o",
            markersize=4,
            label=f"{name}, chosen {best[name]:g}",
            **style,
        )
        told.append(f"{name} {found[best[name]]:.0%} at {best[name]:g}")
        last = rates[-1]
        if found[last] < FLOOR <= max(found.values()):
            text = f"falls to {found[last]:.0%}"
            place = (leaves(rates, [found[rate] for rate in rates]) / best[name], FLOOR + 0.003)
            ax.annotate(
                text,
                place,
                xytext=(5, 0),
                textcoords="offset points",
                fontsize=9,
                color=plots.ink(plots.COLOURS[role]),
            )
    ax.set(
        xscale="log",
        ylim=(FLOOR, 1),
        xlabel="rate, as a multiple of the one that the rule chose",
        ylabel=f"right, of validation images\n(axis from {FLOOR:.0%})",
    )
    ax.set(xticks=[0.03, 0.1, 0.3, 1, 3, 10], xticklabels=["0.03", "0.1", "0.3", "1", "3", "10"])
    ax.minorticks_off()
    title = "Plain SGD falls off a little above its best rate, the others later"
    ax.set_title(title)
    ax.legend(loc="lower left", fontsize=9)
    return (
        fig,
        f"Validation accuracy against the rate, relative to the one that each rule chose. {title}. {'; '.join(told)}.",
    )


def ties(scores: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """A dot for each seed and a bar at their median: rule -> test accuracies (seeds,)."""
    fig, ax = plt.subplots(figsize=(7, 2.4))
    for row, found in enumerate(scores.values()):
        place = row + np.linspace(-0.2, 0.2, len(found))
        ax.plot(found, place, "o", color=plots.COLOURS["heldout"], markersize=8, markeredgecolor="white")
        ax.plot(np.median(found), row, "k|", markersize=18)
    ax.set(yticks=range(len(scores)), yticklabels=scores, ylim=(len(scores) - 0.4, -0.6), xlim=(0.9, 1))
    ax.set_xlabel("test accuracy (dots: seeds; line: their median)")
    title = "On the digits the three rules tie"
    ax.set_title(title)
    told = "; ".join(f"{name} {min(found):.0%} to {max(found):.0%}" for name, found in scores.items())
    return fig, f"Test accuracy of each seed. {title}: {told}."


def who_moves(tastes: Mapping[str, Taste]) -> tuple[Figure, str]:
    """Two bars for each: how far body and head have moved, medians, with a dot for each seed."""
    fig, ax = plt.subplots(figsize=(8, 0.9 + 0.48 * len(tastes)))
    for row, one in enumerate(tastes.values()):
        for offset, name, hatch, alpha in ((-0.18, "body", "//", 0.45), (0.18, "head", "", 1.0)):
            moved = 100 * one.moved[name]
            colour = plots.COLOURS["trainable"]
            ax.barh(
                row + offset,
                np.median(moved),
                0.32,
                color=colour,
                alpha=alpha,
                hatch=hatch,
                edgecolor="white",
            )
            ax.plot(moved, [row + offset] * len(moved), "k.", markersize=4, clip_on=False)
            if row == 0:
                ax.text(moved.max() + 3, row + offset, name, va="center")
    ax.set(yticks=range(len(tastes)), yticklabels=tastes)
    ax.set_xlabel("distance from the start, in % of the size there (dots: seeds)")
    ax.invert_yaxis()
    title = "η and m shift the work to the head"
    ax.set_title(title)
    told = "; ".join(
        f"{name}: {np.median(one.moved['body']):.0%} and {np.median(one.moved['head']):.0%}"
        for name, one in tastes.items()
    )
    return fig, f"Distance of body and head from the start, medians of the seeds. {title}. {told}."
