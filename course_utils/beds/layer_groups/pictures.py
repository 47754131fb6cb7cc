"""The pictures of lesson 06. Each takes what was measured and returns ``(figure, description)``."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.beds.layer_groups.fine_tuning import Sweep
from course_utils.show import plots

FLOOR = 0.6  # where the axis of ``hills`` is cut
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
    """Test accuracy against the top rate; ``rules``: the role of each rule that is drawn.

    The axis is cut at FLOOR: a median below it is written at the edge, under an arrow.
    """
    fig, ax = plt.subplots(figsize=(7, 3.8))
    title = "Dividing moves the hill to the right, and hardly lifts it"
    ax.set_title(title)
    told = []
    for number, (rule, role) in enumerate(rules.items()):
        sweep = sweeps[rule]
        low, high = sweep.test.min(axis=1), sweep.test.max(axis=1)
        ax.fill_between(sweep.rates, low, high, color=plots.COLOURS[role], alpha=0.2, linewidth=0)
        ax.plot(sweep.rates, np.median(sweep.test, axis=1), linewidth=2.4, label=rule, **plots.line(role))
        _write_below(ax, sweep, role, 4 + 11 * number)
        told.append(f"{rule} {sweep.at_best.mean():.0%} at {sweep.best_rate:g}")
    ax.set(xscale="log", xlabel="top rate", ylim=(FLOOR, 0.96), xticks=sweep.rates)
    ax.set_xticklabels([f"{rate:g}" for rate in sweep.rates], fontsize=8.5)
    ax.minorticks_off()
    ax.set_ylabel(f"test accuracy (axis from {FLOOR:g})")
    ax.legend(loc="lower center", fontsize=9, frameon=False)
    return (
        fig,
        f"Test accuracy against the top rate. {title}. Bands reach from the worst seed to the best, lines are "
        f"medians. Means at each rule's best top rate: {'; '.join(told)}.",
    )


def _write_below(ax: Axes, sweep: Sweep, role: str, above: float) -> None:
    """The medians of a sweep that lie below the axis, in words, ``above`` its edge by so many points."""
    for rate, median in zip(sweep.rates, np.median(sweep.test, axis=1), strict=True):
        if median < FLOOR:
            ax.annotate(
                f"↓ {median:.0%}",
                (rate, FLOOR),
                xytext=(-6 if rate == sweep.rates[0] else 6, above),
                textcoords="offset points",
                ha="left" if rate == sweep.rates[0] else "right",
                fontsize=8.5,
                color=plots.ink(plots.COLOURS[role]),
            )


def rows(
    panels: Mapping[str, Rows],
    coloured: Mapping[str, str],
    *,
    role: str = "heldout",
    before: Mapping[str, float] | None = None,
    hollow: Mapping[str, Rows] | None = None,
    hollow_is: str = "at the shared rate, none where that was the best",
    title: str = "",
    lowest: float = 0.0,
    scored: str = "test accuracy",
) -> tuple[Figure, str]:
    """A dot for each seed and a bar at their mean: a panel for each task, a row for each thing that was done.

    ``coloured`` names the row of a panel that has the colour of ``role``. ``before`` is the accuracy before any
    of it, dashed. ``hollow`` has further accuracies of the same rows, drawn as hollow dots, which are
    ``hollow_is``; where they are the same, there are none. The axis begins at ``lowest`` and is what is ``scored``;
    the mean of a row that lies below it is written at the edge.
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
            if hollow:  # the filled ones above, the hollow ones below
                place = row + np.linspace(-0.26, -0.02, len(found))
                if not np.array_equal(hollow[name][done], found):
                    below = row + np.linspace(0.12, 0.36, len(found))
                    ax.plot(hollow[name][done], below, "o", color=colour, markersize=4.5, fillstyle="none")
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
    key += [f"hollow: {hollow_is}"] if hollow else []
    fig.supxlabel("; ".join(key), fontsize=10)
    if title:
        fig.suptitle(title, x=0.01, ha="left", fontsize=11, fontweight="bold")
    told = "; ".join(
        (f"{name}: " if name else "")
        + ", ".join(f"{done} {found.mean():.2f}" for done, found in panel.items())
        for name, panel in panels.items()
    )
    said = f"{scored.capitalize()}, a dot for each seed. {title}{'.' if title else ''} Means: {told}."
    return fig, said + (f" Hollow dots: {hollow_is}." if hollow else "")


def beside(start: np.ndarray, yours: np.ndarray) -> tuple[Figure, str]:
    """Accuracies on validation images (seeds,), at the start of the sliders and where they stand; the axis from 0.7."""
    found = {"at the start": start, "your rates": yours}
    title = f"Your rates {yours.mean():.1%}, the start {start.mean():.1%}"
    named = "accuracy on validation images"
    return rows({"": found}, {"": "your rates"}, title=title, scored=named, lowest=0.7)
