"""The pictures of lesson 02. Each takes what was measured and returns the figure and its description."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from course_utils.beds.backprop.own import Trained
from course_utils.beds.data import Digits
from course_utils.show import plots

# How each way of going back through a ReLU is drawn: the right one in the colour of training,
# all wrong ones in shades of that of what is wrong; dash and marker tell them apart as well.
_SHADES = [1.0, 1.0, 0.7, 0.4]
_DASHES = ["-", (0, (5, 1.5)), (0, (1.2, 1.2)), (0, (5, 1.5, 1.2, 1.5))]
_MARKERS = ["o", "X", "D", "v"]


def first_digits(digits: Digits) -> tuple[Figure, str]:
    """One training image of each label."""
    first = [int(np.flatnonzero(digits.y_train == label)[0]) for label in range(10)]
    return plots.digits(digits.x_train[first], [str(label) for label in range(10)]), (
        "One handwritten image of each digit from 0 to 9, eight by eight pixels: coarse, but readable."
    )


def misread(digits: Digits, said: np.ndarray) -> tuple[Figure, str]:
    """The first ten test images whose label is not what several networks together ``said``, shape (500,)."""
    wrong = np.flatnonzero(said != digits.y_test)
    count, wrong = len(wrong), wrong[:10]
    titles = [f"{digits.y_test[i]}, read\nas {said[i]}" for i in wrong]
    told = "; ".join(f"{digits.y_test[i]} read as {said[i]}" for i in wrong)
    fig = plots.digits(digits.x_test[wrong], titles)
    fig.set_figheight(fig.get_figheight() + 0.4)
    heading = f"Together the networks misread {count} of {len(said)} test images"
    fig.suptitle(heading, x=0.01, ha="left", fontsize=11, fontweight="bold")
    return fig, f"{heading}: {told}{'; and so on' if count > len(wrong) else ''}."


def gate(x: np.ndarray, grad_y: np.ndarray, grad_x: np.ndarray) -> tuple[Figure, str]:
    """Three tables of one shape: what went into a ReLU, what arrives from above, what passes."""
    fig, axes = plt.subplots(1, 3, figsize=(9, 2.4))
    titles = ("x: what went in", "grad_y: what arrives", "grad_x: what passes")
    for ax, table, title in zip(axes, (x, grad_y, grad_x), titles, strict=True):
        plots.matrix(ax, np.asarray(table), title, largest=2.0)
    return fig, (
        f"Three tables of {len(x)} by {len(x[0])} numbers. Where x is not positive ({(x <= 0).sum()} entries) "
        "grad_x is 0, elsewhere grad_y."
    )


def agreement(
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]], errors: Sequence[float]
) -> tuple[Figure, str]:
    """Backprop's gradient against nudging's, one panel for each title, a dot for each weight.

    ``errors`` are the relative errors of the wrong one, one for each network that was tried.
    """
    fig, axes = plt.subplots(1, len(pairs), figsize=(9, 3.6), sharex=True, sharey=True)
    for ax, (title, (backprop, nudging)) in zip(axes, pairs.items(), strict=True):
        ax.axline((0, 0), slope=1, **plots.line("true"), linewidth=1)
        ax.plot(nudging, backprop, ".", color=plots.COLOURS["estimate"], markersize=4)
        ax.set(xlabel="gradient by nudging", ylabel="gradient by backprop", title=title)
        ax.label_outer()
    return fig, (
        "Each dot is one weight. With the right backward all dots lie on the diagonal; without the gate many "
        "leave it, most of all where the true gradient is 0. The relative errors of "
        f"{len(errors)} networks: {min(errors):.2f} to {max(errors):.2f}."
    )


def training(losses: np.ndarray, accuracies: np.ndarray, rate: float) -> tuple[Figure, str]:
    """Training losses (seeds, epochs) at one rate; ``accuracies`` (seeds,) on validation stand in the title."""
    seeds, epochs = losses.shape
    score = np.mean(accuracies)
    fig, ax = plt.subplots()
    ax.axhline(np.log(10), color="0.5", linewidth=1, zorder=0)
    ax.text(1, 5.2, "grey line: a network that knows nothing, log 10", va="center", color="0.35")
    plots.spread(ax, np.arange(1, epochs + 1), losses, "train", f"{seeds} seeds")
    ax.set(xlabel="epoch", ylabel="training loss", yscale="log", ylim=(2e-3, 8))
    ax.set_title(f"Rate {rate:g}: {score:.1%} of the validation images read right")
    return fig, (
        f"Training loss over {epochs} epochs with rate {rate:g}: from {np.median(losses[:, 0]):.2g} to "
        f"{np.median(losses[:, -1]):.2g} (median of {seeds} seeds); mean validation accuracy {score:.1%}."
    )


def trap(results: Mapping[str, Trained], epochs: int) -> tuple[Figure, str]:
    """Loss curves and test accuracies of networks trained with different gates; the first one is the right one."""
    fig, (curves, dots) = plt.subplots(1, 2, figsize=(9.5, 3.6))
    at = np.arange(1, epochs + 1)
    for row, (name, trained) in enumerate(results.items()):
        role = "train" if row == 0 else "wrong"
        colour = tuple(_SHADES[row] * part for part in to_rgb(plots.COLOURS[role]))
        losses, scores = trained.by_epoch(epochs), trained.test
        median = np.median(losses, axis=0)
        curves.plot(at, losses.T, color=colour, linestyle="-", linewidth=0.7, alpha=0.45)
        curves.plot(at, median, color=colour, linestyle=_DASHES[row], linewidth=2.2)
        curves.plot(at[-1], median[-1], marker=_MARKERS[row], markersize=6, color=colour)
        plots.label_end(curves, at[-1], median[-1], name, role)
        style = {"color": colour, "markersize": 8, "alpha": 0.8, "markeredgecolor": "white"}
        dots.plot(scores, row + np.linspace(-0.2, 0.2, len(scores)), _MARKERS[row], **style)
    curves.set(xlabel="epoch", ylabel="training loss", yscale="log", title="Each loss falls")
    lowest = min(min(trained.test) for trained in results.values())
    dots.set(yticks=range(len(results)), yticklabels=results, xlim=(np.floor(10 * lowest) / 10 - 0.01, 1.01))
    dots.set(xlabel=f"share of the test images read right, {len(scores)} seeds (chance: 0.1)")
    dots.invert_yaxis()
    dots.set_title("Gate missing reads nearly as well as right")
    told = "; ".join(f"{name} {min(t.test):.0%} to {max(t.test):.0%}" for name, t in results.items())
    return fig, (
        f"Training loss over the epochs, and test accuracy over {len(scores)} seeds. All four losses fall. "
        f"Accuracy: {told}."
    )


def precision(errors: Mapping[str, np.ndarray], steps: Sequence[float], default: float) -> tuple[Figure, str]:
    """How far a right gradient and nudging are apart, for each precision an array (seeds, steps).

    ``default`` is the step that ``gradcheck`` takes by itself, marked by a line.
    """
    fig, ax = plt.subplots()
    middle = len(steps) // 2 - 1  # there the two lie far apart
    for (name, rows), role in zip(errors.items(), ("wrong", "true"), strict=True):
        plots.spread(ax, steps, rows, role, "")
        at, ink = (steps[middle], np.median(rows[:, middle])), plots.ink(plots.COLOURS[role])
        ax.annotate(name, at, (4, 10), textcoords="offset points", color=ink, fontweight="bold")
    ax.axvline(default, color="0.6", linewidth=1, zorder=0)
    ax.text(default, 1.02, "gradcheck's eps", transform=ax.get_xaxis_transform(), ha="center", color="0.35")
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="eps, the nudge (a thin line: one network; bold: the median)",
        ylabel="relative error",
    )
    ax.set_title("In float32 a right gradient looks wrong", pad=22)
    place = list(steps).index(default)
    medians = {name: np.median(rows[:, place]) for name, rows in errors.items()}
    told = "; ".join(
        f"{name} {m:.0%}" if m > 0.01 else f"{name} below {'1e-7' if m < 1e-7 else '1%'}"
        for name, m in medians.items()
    )
    return fig, (
        f"Relative error between a right gradient and nudging, for nudges from {max(steps):g} to {min(steps):g}. "
        f"Median at {default:g}: {told}."
    )
