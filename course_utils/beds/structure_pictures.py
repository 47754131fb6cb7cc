"""Two pictures about structure: what leaks under each strategy, and what kept variance costs."""

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.show import plots


def draw_strategies(results: Mapping[str, Mapping[str, np.ndarray]], limit: float) -> Figure:
    """A row for each strategy, from top to bottom, and in it a dot for each seed.

    Left the accuracy with the old and with a random hum, right the share in the stop band and a line at
    ``limit``. ``results`` gives for each name three arrays (seeds,): "tied", "random" and "share".
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 0.46 * len(results) + 0.46), sharey=True)
    for row, of in enumerate(results.values()):
        apart = np.linspace(-0.08, 0.08, len(of["share"]))
        for cue, marker, role, shift in (("tied", "o", "train", -0.22), ("random", "s", "heldout", 0.22)):
            left.plot(of[cue], row + shift + apart, marker, color=plots.COLOURS[role], markersize=4.5, markeredgecolor="w", markeredgewidth=0.4, clip_on=False)  # fmt: skip
        right.plot(of["share"], row + apart, "D", color=plots.COLOURS["trainable"], markeredgecolor="w")
    left.set(
        yticks=range(len(results)),
        yticklabels=results,
        ylim=(len(results) - 0.5, -0.5),
        xlim=(0.3, 1),
        xlabel="accuracy: ● old hum, ■ random hum",
        title="Free, or held too loosely, it is lured",
    )
    right.axvline(limit, color="#888888", linewidth=1)
    right.set(
        xscale="log",
        xlabel=f"share in the stop band (line: {limit:.1%})",
        title="What leaks, from seed to seed",
    )
    return fig


def draw_front(ax: Axes, runs: Mapping[float, np.ndarray]) -> None:
    """Test accuracy against variance kept: a line through the means for each α, and a dot for each seed.

    ``runs`` gives for each α an array (seeds, 3): variance kept, accuracy on validation and on test images.
    """
    kept, _, test = np.array([of.mean(axis=0) for of in runs.values()]).T
    ax.plot(kept, test, color="#888888")
    for (alpha, of), y in zip(runs.items(), test, strict=True):
        ax.plot(of[:, 0], of[:, 2], "o", color=plots.COLOURS["heldout"], alpha=0.35, markersize=5)
        # The front falls to the right, so a label right of all seeds meets neither it nor a mark on it.
        ax.annotate(
            f"α {alpha:g}", (of[:, 0].max(), y), xytext=(9, 2), textcoords="offset points", fontsize=9
        )
    ax.set(
        xlabel="variance kept",
        ylabel="test accuracy (axis from 0.75)",
        xlim=(0.22, 0.52),
        ylim=(0.75, 0.98),
        title="What variance W keeps is paid for in accuracy",
    )
