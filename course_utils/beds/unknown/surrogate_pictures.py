"""The pictures of lesson 08. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.unknown.fronts import Run
from course_utils.show import plots

Picture = tuple[Figure, str]


def dip(counts: Sequence[int], accuracies: np.ndarray, white: float, unknowns: int = 17) -> Picture:
    """Test accuracy (seeds, counts) of fronts trained through planes from so many queries, beside the white box's."""
    fig, ax = plt.subplots(figsize=(7.5, 3.2))
    ax.axvline(unknowns, color="0.6", linewidth=6, alpha=0.4)
    ax.text(unknowns, 0.33, f"  {unknowns} unknowns", color=plots.ink(plots.COLOURS["tail"]))
    plots.spread(ax, counts, accuracies, "estimate", "through the plane")
    ax.plot([counts[0], counts[-1]], [white] * 2, **plots.line("tail"))
    ax.text(counts[0], white + 0.015, "white box", color=plots.ink(plots.COLOURS["tail"]))
    ax.set(xscale="log", xlabel="queries", ylabel="test accuracy", ylim=(0.3, 1.05))
    ax.set(xticks=counts, xticklabels=counts, title="As many queries as unknowns: a dip")
    ax.minorticks_off()
    medians = np.median(accuracies, axis=0)
    told = ", ".join(f"{value:.2f} from {count}" for count, value in zip(counts, medians, strict=True))
    return fig, f"Test accuracy through planes, medians: {told} queries. White box: {white:.2f}."


def where(
    accuracies: Mapping[str, np.ndarray], roles: Sequence[str], fits: Mapping[str, np.ndarray]
) -> Picture:
    """Left a row of dots (seeds,) for each way to train; right R² (seeds, 2) of two surrogates, at the start and at the end."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9, 2.9), width_ratios=[1.2, 1])
    for row, (values, role) in enumerate(zip(accuracies.values(), roles, strict=True)):
        left.plot(values, row + np.linspace(-0.15, 0.15, len(values)), "o", color=plots.COLOURS[role])
    rows = len(accuracies)
    left.set(yticks=range(rows), yticklabels=accuracies, ylim=(rows - 0.5, -0.5), xlim=(0.75, 1))
    left.set(xlabel="test accuracy, five seeds", title="Rough tail: random points win")
    for (name, values), role in zip(fits.items(), ("heldout", "estimate"), strict=True):
        plots.spread(right, [0, 1], values, role, name)
    right.set(
        xticks=[0, 1],
        xticklabels=["f untrained", "f trained\nthrough it"],
        xlim=(-0.15, 1.1),
        ylim=(0.35, 0.9),
    )
    right.set(ylabel="R² of the surrogate", title="Why: f moves away")
    told = ", ".join(f"{name} {np.median(values):.2f}" for name, values in accuracies.items())
    ends = [f"{name} {np.median(v[:, 0]):.2f} to {np.median(v[:, 1]):.2f}" for name, v in fits.items()]
    return (
        fig,
        f"Median test accuracy behind the rough tail: {told}. R² of the surrogate from the front's start to its own end: {', '.join(ends)}.",
    )


def bars(rows: Mapping[str, np.ndarray], title: str, description: str) -> Picture:
    """Eight pictures of bars a row, each (8, 144)."""
    fig, axes = plt.subplots(len(rows), 8, figsize=(8.5, 0.5 + len(rows)))
    for line, (name, drawn) in zip(axes, rows.items(), strict=True):
        for ax, image in zip(line, drawn, strict=True):
            ax.imshow(image.reshape(12, 12), cmap="gray", vmin=0, vmax=1)
            ax.set(xticks=[], yticks=[])
        line[0].set_ylabel(name, rotation=0, ha="right", va="center")
    fig.suptitle(title)
    return fig, description


def promises(steps: Sequence[int], losses: Mapping[str, np.ndarray], blank: float) -> Picture:
    """A panel for each schedule of ``losses``: (seeds, steps, 2), promised by the surrogate and real; ``blank``: the mean image's."""
    titles = {
        "once": "Once, at f's first activations:\nnot even a good promise",
        "random ±2": "Random ±2: a good promise,\nnot kept",
        "on-line": "On-line: kept,\nafter the first 100 steps",
        "random ±1.2": "Random ±1.2: kept,\nand the lowest",
    }
    fig, axes = plt.subplots(2, 2, figsize=(9.5, 6.2), sharex=True, sharey=True)
    axes = axes.ravel()
    told = []
    for ax, (schedule, title) in zip(axes, titles.items(), strict=True):
        ax.axhline(blank, **plots.line("tail"))
        apart = schedule == "random ±2"  # elsewhere the two ends are too close for two names
        plots.spread(ax, steps, losses[schedule][:, :, 0], "estimate", "promised" if apart else "")
        plots.spread(ax, steps, losses[schedule][:, :, 1], "true", "real" if apart else "")
        ax.set(title=title, ylim=(0, 10))
        promised, real = np.median(losses[schedule][:, -1], axis=0)
        told.append(f"{schedule}: {promised:.1f} promised, {real:.1f} real")
    axes[0].text(120, blank - 0.7, "the mean image", color=plots.ink(plots.COLOURS["tail"]))
    for ax in axes[::2]:
        ax.set(ylabel="pixel loss")
    for ax in axes[2:]:
        ax.set(xlabel="step of f")
    return fig, f"Pixel loss on held-out images at the end; {'; '.join(told)}; mean image: {blank:.1f}."


def bill(runs: Mapping[str, tuple[Run, str]], title: str, white: float | None = None) -> Picture:
    """Validation accuracy against queries: a curve with a spread for each run of S fronts, in the colour of its role."""
    fig, ax = plt.subplots(figsize=(8, 3.4))
    told = []
    for name, (run, role) in runs.items():
        plots.spread(ax, run.queries, run.accuracy, role, name)
        told.append(f"{name}: {np.median(run.accuracy[:, -1]):.2f} after {run.queries[-1]:,} queries")
    if white is not None:
        ax.axhline(white, **plots.line("tail"))
        place = {"transform": ax.get_yaxis_transform(), "color": plots.ink(plots.COLOURS["tail"])}
        ax.text(0.02, white + 0.015, "white box", **place)
    ax.set(xscale="log", xlabel="queries to g", ylabel="validation accuracy", ylim=(0, 1.05), title=title)
    return fig, f"Validation accuracy, medians of the seeds: {'; '.join(told)}."
