"""The pictures of lesson 06. Each takes what was measured and returns ``(figure, description)``."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.layer_groups.fine_tuning import Sweep
from course_utils.show import plots

Rows = Mapping[str, np.ndarray]  # what was done -> accuracies (seeds,)


def digit_rows(
    rows: Mapping[str, np.ndarray], labels: Mapping[str, Sequence[int]] | None = None
) -> tuple[Figure, str]:
    """Ten images (10, 64) in each row, under their labels (0 to 9 if not given), with the row's name at its left."""
    labels = labels or {name: range(10) for name in rows}
    fig, grid = plt.subplots(len(rows), 10, figsize=(9.2, 0.98 * len(rows)), squeeze=False)
    darkest = max(images.max() for images in rows.values())
    for axes, name in zip(grid, rows, strict=True):
        palest = min(0.0, rows[name].min())  # white, or grey where ink can be negative
        for ax, image, label in zip(axes, rows[name], labels[name], strict=True):
            ax.imshow(image.reshape(8, 8), cmap="gray_r", vmin=palest, vmax=darkest)
            ax.set_title(str(label), fontsize=9, fontweight="normal", loc="center", pad=3)
            ax.set(xticks=[], yticks=[])
            ax.spines[:].set(visible=True, color="#BBBBBB")
        axes[0].set_ylabel(name, rotation=0, ha="right", va="center", labelpad=8)
    named = "; ".join(f"{name}, labels {' '.join(str(label) for label in labels[name])}" for name in rows)
    return fig, f"Ten digits of 8 by 8 pixels in each row: {named}."


def hills(sweeps: Mapping[str, Sweep], rules: Mapping[str, str]) -> tuple[Figure, str]:
    """Test accuracy against the top rate; ``rules``: the role of each rule that is drawn. Dots: at its best top rate."""
    fig, ax = plt.subplots(figsize=(7, 3.8))
    title = "Dividing moves the hill to the right, and lifts it a little"
    ax.set_title(title)
    told = []
    for rule, role in rules.items():
        sweep = sweeps[rule]
        low, high, middle = sweep.test.min(axis=1), sweep.test.max(axis=1), np.median(sweep.test, axis=1)
        ax.fill_between(sweep.rates, low, high, color=plots.COLOURS[role], alpha=0.2, linewidth=0)
        ax.plot(sweep.rates, middle, linewidth=2.4, label=rule, **plots.line(role))
        ax.plot(sweep.best_rate, middle[sweep.best], "o", color=plots.COLOURS[role], markersize=8)
        told.append(f"{rule} {sweep.at_best.mean():.0%} at {sweep.best_rate:g}")
    ax.set(xscale="log", xlabel="top rate", ylim=(0, 1), xticks=sweep.rates, ylabel="test accuracy")
    ax.set_xticklabels([f"{rate:g}" for rate in sweep.rates], fontsize=8.5)
    ax.minorticks_off()
    ax.legend(loc="lower center", fontsize=9, frameon=False)
    return (
        fig,
        f"Test accuracy against the top rate. {title}. Bands reach from the worst seed to the best, lines are "
        f"medians, dots are at each rule's best top rate. Means there: {'; '.join(told)}.",
    )


def rows(
    panels: Mapping[str, Rows],
    coloured: Mapping[str, str],
    *,
    role: str = "heldout",
    before: Mapping[str, float] | None = None,
    title: str = "",
    lowest: float = 0.0,
    scored: str = "test accuracy",
) -> tuple[Figure, str]:
    """A dot for each seed and a bar at their mean: a panel for each task, a row for each thing that was done.

    ``coloured`` names the row of a panel that has the colour of ``role``. ``before`` is the accuracy before any
    of it, dashed. The axis begins at ``lowest`` and is what is ``scored``; the mean of a row that lies below it
    is written at the edge.
    """
    count = max(len(panel) for panel in panels.values())
    size = (11 if len(panels) > 1 else 7, 1.1 + 0.42 * count + (0.3 if title else 0))
    fig, axes = plt.subplots(1, len(panels), figsize=size, sharex=True, sharey=True)
    for ax, name in zip(np.atleast_1d(axes), panels, strict=True):
        if before:
            ax.axvline(before[name], color=plots.COLOURS["frozen"], linestyle="--")
        for row, (done, found) in enumerate(panels[name].items()):
            colour = plots.COLOURS[role if done == coloured.get(name) else "tail"]
            place = row + np.linspace(-0.16, 0.16, len(found))
            ax.plot(found, place, "o", color=colour, markersize=5)
            ax.plot(found.mean(), place.mean(), "k|", markersize=17)
            if found.mean() < lowest:
                ax.text(lowest, row, f"← {found.mean():.0%}", va="center", color=plots.ink(colour))
        ax.set(
            yticks=range(count),
            ylim=(count - 0.5, -0.5),
            xlim=(lowest - 0.02 * (1 - lowest), 1),
            xticks=np.linspace(lowest, 1, 3),
        )
        ax.set(yticklabels=list(panels[name]))
        ax.set_title(name if len(panels) > 1 else "", fontsize=10.5)
    key = [scored + (f" (axis from {lowest:g})" if lowest else "")]
    key += ["dashed: before this training"] if before else []
    fig.supxlabel("; ".join(key), fontsize=10)
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    told = "; ".join(
        (f"{name}: " if name else "")
        + ", ".join(f"{done} {found.mean():.2f}" for done, found in panel.items())
        for name, panel in panels.items()
    )
    return fig, f"{scored.capitalize()}, a dot for each seed. {title}{'.' if title else ''} Means: {told}."


def beside(start: np.ndarray, yours: np.ndarray) -> tuple[Figure, str]:
    """Accuracies on validation images (seeds,), at the start of the sliders and where they stand; the axis from 0.7."""
    found = {"at the start": start, "your rates": yours}
    title = f"Your rates {yours.mean():.1%}, the start {start.mean():.1%}"
    named = "accuracy on validation images"
    return rows({"": found}, {"": "your rates"}, title=title, scored=named, lowest=0.7)
