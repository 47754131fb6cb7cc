"""The pictures of lesson 10. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.spikes.layers import SHAPES, in_time
from course_utils.beds.spikes.smoothed import Likeness
from course_utils.show import plots

ROLES = {"true slope": "true", "straight through": "wrong", "window": "trainable", "fast sigmoid": "train"}


def stand_ins(width: float) -> tuple[Figure, str]:
    """The step, and below it every stand-in at one width."""
    x = np.linspace(-4, 4, 801)
    fig, (above, below) = plt.subplots(2, 1, figsize=(7.5, 4), sharex=True, height_ratios=[1, 1.6])
    for side in (x < 0, x > 0):
        above.plot(x[side], (x[side] > 0).astype(float), **plots.line("true"), linewidth=2.4)
    above.set(
        ylabel="forwards",
        ylim=(-0.1, 1.2),
        title=f"A stand-in of width {width:g}: how far from the step it still passes",
    )
    for name, shape in SHAPES.items():
        below.plot(x, shape(x / width), **plots.line(ROLES[name]), linewidth=2)
        plots.label_end(below, 4, float(shape(x / width)[-1]), name, ROLES[name])
    below.set(xlabel="x, what goes into the step", ylabel="share passed back", ylim=(-0.05, 1.1))
    reach = ", ".join(
        f"{name} {float(shape(np.array([1.5 / width]))[0]):.2f}" for name, shape in SHAPES.items()
    )
    return fig, f"The step forwards and its stand-ins at width {width:g}. At x = 1.5 they pass: {reach}."


def depth(accuracies: Mapping[str, Mapping[int, np.ndarray]]) -> tuple[Figure, str]:
    """Accuracy against the number of hidden layers, a curve for each shape; arrays (seeds,) for each depth."""
    fig, ax = plt.subplots(figsize=(7.5, 4))
    for name, by_depth in accuracies.items():
        plots.spread(ax, list(by_depth), np.array(list(by_depth.values())).T, ROLES[name], name)
    deepest = max(next(iter(accuracies.values())))
    ax.set(
        xlabel="hidden layers of 0/1 units",
        ylabel="test accuracy, five seeds",
        ylim=(0, 1),
        xticks=list(by_depth),
    )
    ax.set_title("The deeper the network, the more the stand-in's shape decides")
    told = "; ".join(f"{name} {np.median(by_depth[deepest]):.0%}" for name, by_depth in accuracies.items())
    return fig, f"Test accuracy by depth. Medians with {deepest} hidden layers: {told}."


def widths(accuracies: Mapping[str, Mapping[float, np.ndarray]], layers: int) -> tuple[Figure, str]:
    """Accuracy against the stand-in's width, a curve for each shape; arrays (seeds,) for each width."""
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    best = {}
    for name, by_width in accuracies.items():
        plots.spread(ax, list(by_width), np.array(list(by_width.values())).T, ROLES[name], name)
        best[name] = max(by_width, key=lambda width: np.median(by_width[width]))
    ax.set(
        xlabel="width of the stand-in, as x has a spread of about 1",
        ylabel="test accuracy, five seeds",
        xscale="log",
        ylim=(0, 1),
    )
    ax.set_xticks(list(by_width), [f"{width:g}" for width in by_width])
    ax.minorticks_off()
    ax.set_title("Too narrow starves, too wide misleads")
    told = "; ".join(f"{name} is best at width {width:g}" for name, width in best.items())
    return fig, f"Test accuracy by width, {layers} hidden layers: {told}."


def likeness(found: Mapping[str, Mapping[int, Sequence[Likeness]]]) -> tuple[Figure, str]:
    """The cosine to the true gradient by depth: a dot a network, a line through the medians."""
    fig, ax = plt.subplots(figsize=(7.5, 3.8))
    told = []
    for place, (name, by_depth) in enumerate(found.items()):
        role = ROLES.get(name, "heldout")
        cosines = np.array([[one.cosine for one in of] for of in by_depth.values()])
        medians = np.median(cosines, axis=1)
        beside = np.array(list(by_depth)) + 0.12 * (place - (len(found) - 1) / 2)
        ax.plot(beside, cosines, ".", color=plots.COLOURS[role], markersize=4, alpha=0.5)
        ax.plot(beside, medians, **plots.line(role), linewidth=2)
        plots.label_end(ax, max(by_depth) + 0.2, medians[-1], name, role)
        told.append(f"{name} {medians[-1]:.2f}")
    ax.set(
        xlabel="layers of noisy steps",
        ylabel="cosine to the true gradient (axis from 0.4)",
        ylim=(0.4, 1.02),
        xticks=list(by_depth),
        title="The noise's own slope points right; straight through strays furthest",
    )
    return fig, (
        f"Cosine of the lowest layer's gradient to the true one; medians with {max(by_depth)} layers: "
        f"{'; '.join(told)}."
    )


def membrane(keeps: float, current: float) -> tuple[Figure, str]:
    """One neuron over 30 moments under a steady current: its membrane, its threshold and its spikes."""
    v, fired, kept = [], [], 0.0
    for _ in range(30):
        v.append(kept + current)
        fired.append(v[-1] > 1)
        kept = 0.0 if fired[-1] else keeps * v[-1]
    fig, ax = plt.subplots(figsize=(7.5, 2.8))
    ax.plot(range(30), v, ".-", color=plots.COLOURS["train"])
    ax.axhline(1, color="0.5", linewidth=1)
    ax.text(29.5, 1.03, "threshold", ha="right", color="0.35")
    at = np.flatnonzero(fired)
    ax.plot(
        at, np.full(len(at), 1.5), "|", color=plots.COLOURS["estimate"], markersize=16, markeredgewidth=2.5
    )
    limit = current / (1 - keeps) if keeps < 1 else np.inf
    why = f"{len(at)} spikes in 30 moments" if len(at) else f"no spike: it would settle at {limit:.2f}"
    ax.set(
        xlabel="moment t",
        ylabel="v, its membrane",
        ylim=(0, 1.8),
        title=f"Keeps {keeps:g}, gets {current:g}: {why}",
    )
    return fig, f"A neuron that keeps {keeps:g} of its membrane and gets {current:g} each moment: {why}."


def spikes(images: np.ndarray, steps: int) -> tuple[Figure, str]:
    """Digits (n, 64) as they arrive, moment by moment: a row for each, a column for each moment."""
    frames = in_time(images, steps).reshape(len(images), steps, 8, 8)
    fig, axes = plt.subplots(len(images), steps + 1, figsize=(0.95 * (steps + 1), 1.05 * len(images)))
    for row, (image, moments) in enumerate(zip(images, frames, strict=True)):
        for column, picture in enumerate([image.reshape(8, 8), *moments]):
            ax = axes[row, column]
            ax.imshow(picture, cmap="gray_r", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#BBBBBB")
            if row == 0:
                ax.set_title("image" if column == 0 else f"t = {column - 1}", fontsize=9, fontweight="normal")
    fig.suptitle("The darker a pixel, the sooner it fires", x=0.01, ha="left", fontweight="bold", fontsize=11)
    first = [int(f.reshape(steps, -1)[: steps // 2].sum()) for f in frames]
    return (
        fig,
        f"Digits as spikes over {steps} moments, the darkest pixels first; in the first half {first} of 64 pixels fire.",
    )


def bars(accuracies: Mapping[str, np.ndarray], title: str) -> tuple[Figure, str]:
    """A row for each setting with a dot for each seed and a bar at the median; arrays (seeds,)."""
    fig, ax = plt.subplots(figsize=(8, 0.5 * len(accuracies) + 0.9))
    for row, scores in enumerate(accuracies.values()):
        ax.plot(
            scores,
            row + np.linspace(-0.15, 0.15, len(scores)),
            "o",
            color=plots.COLOURS["heldout"],
            alpha=0.8,
            markeredgecolor="w",
        )
        ax.plot(np.median(scores), row, "k|", markersize=16)
    ax.set(yticks=range(len(accuracies)), yticklabels=accuracies, ylim=(len(accuracies) - 0.5, -0.5))
    ax.set(xlim=(0, 1.02), xlabel="test accuracy, five seeds", title=title)
    told = "; ".join(f"{name} {np.median(scores):.0%}" for name, scores in accuracies.items())
    return fig, f"Test accuracy, medians of five seeds: {told}."
