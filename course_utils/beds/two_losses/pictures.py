"""The pictures of lesson 12. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.beds.two_losses.pair import Measured
from course_utils.show import plots


def lengths(runs: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """The length of W over the steps, a curve for each rule; arrays (seeds, steps)."""
    fig, ax = plt.subplots(figsize=(7, 3.4))
    told = []
    for (name, of), role in zip(runs.items(), ("wrong", "estimate", "trainable", "heldout"), strict=True):
        plots.spread(ax, np.arange(1, of.shape[1] + 1), of, role, name)
        told.append(f"{name} {'grows' if np.median(of[:, -1]) > np.median(of[:, 0]) else 'shrinks'}")
    ax.set(yscale="log", xlabel="step", ylabel="length of W")
    ax.set_title("The PCA rule has no end, and an L2 pull is all or nothing")
    return fig, f"Length of W over {of.shape[1]} steps on a log scale: {', '.join(told)}, on straight lines."


def _column(ax: Axes, w: np.ndarray) -> None:
    """One column of W (64,) as an image, blue below 0 and orange above."""
    ax.imshow(w.reshape(8, 8), cmap=plots.BLUE_ORANGE, vmin=-0.4, vmax=0.4)
    ax.set(xticks=[], yticks=[])
    ax.spines[:].set(visible=True, color="#BBBBBB")


def columns(eigenvectors: np.ndarray, held: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """The columns of W (64, 4) for each way beside the eigenvectors, each turned to agree with them in sign."""
    fig, axes = plt.subplots(4, 1 + len(held), figsize=(8.4, 5.6))
    told = []
    for place, (name, W) in enumerate({"eigenvectors": eigenvectors, **held}.items()):
        unit = W / np.linalg.norm(W, axis=0)
        like = eigenvectors.T @ unit  # cosines, a row for each eigenvector
        for row in range(4):
            _column(axes[row, place], W[:, row] * np.sign(like[np.abs(like[:, row]).argmax(), row]))
        axes[0, place].set_title(name, fontsize=10)
        if (np.abs(like[0]) > 0.95).all():
            told.append(f"{name}: four times the first")
        elif (np.abs(np.diagonal(like)) > 0.95).all():
            told.append(f"{name}: one by one the eigenvectors")
        else:
            told.append(f"{name}: mixtures")
    fig.suptitle(
        "QR and Sanger find the eigenvectors; Oja and the penalty mix them; unit columns are one column",
        fontsize=12,
    )
    return fig, f"Four columns of W as images. {'; '.join(told)}."


def front(runs: Mapping[float, Sequence[Measured]]) -> tuple[Figure, str]:
    """Test accuracy against variance kept: a line through the means for each α, and a dot for each seed."""
    fig, ax = plt.subplots(figsize=(6, 3.4))
    kept, test = _front(ax, runs)
    return fig, (
        f"Test accuracy against the share of variance kept, a dot a seed: from {test[0]:.2f} at {kept[0]:.2f} for α = 0 "
        f"the front falls, slowly and then steeply, to {test[-1]:.2f} at {kept[-1]:.2f} for α = 1."
    )


def _front(ax: Axes, runs: Mapping[float, Sequence[Measured]]) -> tuple[np.ndarray, np.ndarray]:
    kept = np.array([np.mean([run.kept for run in of]) for of in runs.values()])
    test = np.array([np.mean([run.test for run in of]) for of in runs.values()])
    ax.plot(kept, test, color="#888888")
    for (alpha, of), y in zip(runs.items(), test, strict=True):
        x = [run.kept for run in of]
        ax.plot(x, [run.test for run in of], "o", color=plots.COLOURS["heldout"], alpha=0.35, markersize=5)
        # The front falls to the right, so a label right of all seeds meets neither it nor a mark on it.
        ax.annotate(f"α {alpha:g}", (max(x), y), xytext=(9, 2), textcoords="offset points", fontsize=9)
    ax.set(xlabel="variance kept", ylabel="test accuracy (axis from 0.75)", xlim=(0.22, 0.52))
    ax.set(ylim=(0.75, 0.98), title="What variance W keeps is paid for in accuracy")
    return kept, test


def one_alpha(
    alpha: float, W: np.ndarray, here: Measured, runs: Mapping[float, Sequence[Measured]]
) -> tuple[Figure, str]:
    """The front with one network marked on it, and the four columns of its W (64, 4)."""
    fig = plt.figure(figsize=(9, 3.4))
    left, right = fig.subfigures(1, 2, width_ratios=[1.5, 1])
    ax = left.subplots()
    _front(ax, runs)
    ax.set_title(f"α = {alpha:g}: {here.kept:.0%} of the variance, {here.test:.0%} right")
    colour = plots.COLOURS["estimate"]
    ax.plot(here.kept, here.test, "s", color=colour, markersize=11, markerfacecolor="none", markeredgewidth=2.5)  # fmt: skip
    ax.annotate("yours", (here.kept, here.test), xytext=(-8, -16), textcoords="offset points", ha="right", color=plots.ink(colour))  # fmt: skip
    right.suptitle("the four columns of W", fontsize=10)
    for cell, w in zip(right.subplots(2, 2).flat, W.T, strict=True):
        _column(cell, w)
    return fig, f"At α = {alpha:g}: {here.kept:.2f} of the variance kept, test accuracy {here.test:.2f}."


def layer_before(found: Mapping[str, Mapping[str, np.ndarray]]) -> tuple[Figure, str]:
    """A row for each kind, a dot for each seed: test accuracy, variance kept, directions in use; arrays (seeds,)."""
    panels = {
        "kept": "share of h's variance that W keeps",
        "directions": "directions in use in h (of 32)",
        "test": "test accuracy (axis from 0.9)",
    }
    fig, axes = plt.subplots(1, 3, figsize=(11.5, 2.9), sharey=True, layout="constrained")
    for ax, (name, label) in zip(axes, panels.items(), strict=True):
        for row, of in enumerate(found.values()):
            apart = row + np.linspace(-0.15, 0.15, len(of[name]))
            ax.plot(of[name], apart, "o", color=plots.COLOURS["trainable"])
            ax.plot(of[name].mean(), row, "k|", markersize=18)
        ax.set_xlabel(label)
    axes[0].set(yticks=range(len(found)), yticklabels=found, ylim=(len(found) - 0.5, -0.5), xlim=(0.4, 1))
    axes[1].set(xlim=(0, None))
    axes[2].set(xlim=(0.9, 1))
    fig.get_layout_engine().set(wspace=0.06)
    fig.suptitle("Where the PCA loss flows, W keeps nearly all of an h with less in it, and accuracy falls")
    told = "; ".join(
        f"{kind} {of['test'].mean():.2f}, {of['kept'].mean():.2f}, {of['directions'].mean():.1f}"
        for kind, of in found.items()
    )
    return fig, f"Test accuracy, variance kept and directions in use, means of {len(apart)} seeds: {told}."
