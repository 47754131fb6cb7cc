"""The pictures of lesson 09. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.beds.unknown.fronts import Run
from course_utils.beds.unknown.pictures import draw_race
from course_utils.show import plots

Scores = Mapping[str, np.ndarray]  # a name -> one score for each seed


def slice_of_loss(at: np.ndarray, loss: np.ndarray, smoothed: np.ndarray, sigma: float) -> tuple[Figure, str]:
    """A loss against one entry of h, and the same smoothed; all of shape (places,)."""
    fig, ax = plt.subplots(figsize=(7.5, 3))
    ax.step(at, loss, where="mid", color=plots.COLOURS["tail"])
    ax.plot(at, smoothed, linewidth=2.2, **plots.line("estimate"))
    plots.label_end(ax, at[-1], loss[-1], "the loss: flat steps", "tail")
    plots.label_end(ax, at[-1], smoothed[-1], f"smoothed, σ = {sigma}", "estimate")
    ax.set(
        xlabel="one entry of h", ylabel="loss", title="The loss has no slope; its average over noise has one"
    )
    levels = len(np.unique(np.round(loss, 6)))
    return fig, (
        f"The loss of one digit against one entry of h: a staircase of {levels} levels. Its average over "
        f"Gaussian noise of σ {sigma} runs through the steps as a smooth curve."
    )


def dots(ax: Axes, scores: Scores, roles: Mapping[str, str]) -> None:
    """A row of dots for each name, one a seed, and a bar at their median."""
    for row, (name, values) in enumerate(scores.items()):
        heights = row + np.linspace(-0.15, 0.15, len(values))
        ax.plot(values, heights, "o", color=plots.COLOURS[roles.get(name, "tail")], markersize=5.5)
        ax.plot(np.median(values), row, "k|", markersize=18)
    ax.set(yticks=range(len(scores)), yticklabels=list(scores), ylim=(len(scores) - 0.5, -0.5))


def through_steps(found: Mapping[str, Scores]) -> tuple[Figure, str]:
    """Test accuracy behind each tail, a panel a tail and a row a method; arrays (seeds,)."""
    fig, axes = plt.subplots(1, len(found), figsize=(10.5, 3), sharex=True, sharey=True)
    for ax, (tail, scores) in zip(axes, found.items(), strict=True):
        dots(
            ax,
            scores,
            {
                "differences ±0.0001": "wrong",
                "smoothing": "estimate",
                "surrogate, 1,000 queries": "heldout",
                "a plane, 100 queries": "heldout",
            },
        )
        ax.set(xlim=(0, 1), title=tail)
    axes[len(axes) // 2].set_xlabel("test accuracy, five seeds")
    fig.suptitle(
        "A tiny nudge trains nothing; whoever looks further trains the front", fontweight="bold", y=1.06
    )
    said = "; ".join(f"{tail}: {told(scores)}" for tail, scores in found.items())
    return fig, f"Test accuracy behind tails of steps, in the median. {said}."


def told(scores: Scores) -> str:
    """The median of every row, in words."""
    return ", ".join(f"{name} {np.median(values):.2f}" for name, values in scores.items())


def rows(
    scores: Scores, title: str, roles: Mapping[str, str], xlabel: str = "test accuracy, five seeds"
) -> tuple[Figure, str]:
    """One panel of ``dots``."""
    fig, ax = plt.subplots(figsize=(8, 0.9 + 0.36 * len(scores)))
    dots(ax, scores, roles)
    ax.set(xlim=(0, 1), xlabel=xlabel, title=title)
    return fig, f"{title}. In the median: {told(scores)}."


def widths(accuracies: Mapping[float, np.ndarray], heard: Mapping[float, float]) -> tuple[Figure, str]:
    """Accuracy against σ, arrays (seeds,), and below it the share of pairs whose two answers differ."""
    sigmas = list(accuracies)
    fig, (above, below) = plt.subplots(2, 1, figsize=(7.5, 4.2), sharex=True, height_ratios=[2, 1])
    plots.spread(above, sigmas, np.array(list(accuracies.values())).T, "estimate", "one pair a row")
    above.set(ylabel="test accuracy", ylim=(0, 1), title="Too narrow costs more than too wide")
    below.plot(sigmas, [heard[sigma] for sigma in sigmas], "o-", color=plots.COLOURS["tail"])
    below.set(xscale="log", ylim=(0, 1), xlabel="σ", ylabel="pairs heard")
    ticks(below, sigmas)
    said = ", ".join(
        f"{np.median(accuracies[sigma]):.2f} at σ {sigma:g} with {heard[sigma]:.0%} of pairs heard"
        for sigma in sigmas
    )
    return fig, f"Test accuracy on labels alone, in the median: {said}."


def ticks(ax: Axes, at: Sequence[float]) -> None:
    """Ticks at these places and nowhere else, on a logarithmic axis."""
    ax.set_xticks(at, [f"{one:g}" for one in at])
    ax.minorticks_off()


def directions(measured: Mapping[int, Mapping[str, np.ndarray]], far: Sequence[float]) -> tuple[Figure, str]:
    """The cosine with the true gradient against how far a nudge goes, a panel for each number of queries.

    Arrays are (seeds, distances, true and promised); the first of the two is drawn.
    """
    fig, axes = plt.subplots(1, len(measured), figsize=(10.5, 3), sharey=True, gridspec_kw={"wspace": 0.3})
    said = []
    for ax, (points, found) in zip(axes, measured.items(), strict=True):
        for (name, values), role in zip(found.items(), ("estimate", "heldout"), strict=True):
            plots.spread(ax, far, values[..., 0], role, name)
            best = np.median(values[..., 0], axis=0)
            said.append(
                f"{points} queries, {name}: {', '.join(f'{c:.2f} at {at:g}' for at, c in zip(far, best, strict=True))}"
            )
        ax.set(xscale="log", ylim=(0, 1), xlabel="how far h moves", title=f"{points} queries a digit")
        ticks(ax, far)
    axes[0].set_ylabel("cosine with the true gradient")
    fig.suptitle("Through noise, ask widely, and not too widely", fontweight="bold", y=1.06)
    return fig, f"Cosine with the true gradient through noise. {'; '.join(said)}."


def promises(found: Mapping[str, np.ndarray], far: Sequence[Sequence[float]]) -> tuple[Figure, str]:
    """What the errors of a plane promise and what is true, a panel a tail: (seeds, distances, true and promised)."""
    fig, axes = plt.subplots(1, len(found), figsize=(10.5, 3), sharey=True, gridspec_kw={"wspace": 0.35})
    said = []
    for ax, (tail, runs), at in zip(axes, found.items(), far, strict=True):
        for column, (name, role) in enumerate((("true", "true"), ("promised", "estimate"))):
            plots.spread(ax, at, runs[..., column], role, name)
            medians = np.median(runs[..., column], axis=0)
            said.append(
                f"{tail}, {name}: {', '.join(f'{c:.2f} at {one:g}' for one, c in zip(at, medians, strict=True))}"
            )
        ax.set(xscale="log", ylim=(0, 1.03), xlabel="how far h moves", title=tail)
        ticks(ax, at)
    axes[0].set_ylabel("cosine with the true gradient")
    fig.suptitle("The errors hear the noise. They do not see the bend", fontweight="bold", y=1.06)
    return fig, f"Cosine of a plane's slope with the true gradient. {'; '.join(said)}."


CURVES = {  # the curves that the race draws, and where their names stand
    "plane, 30 queries": ("right", 0.99),
    "on-line surrogate": ("left", 0.72),
    "backprop through g": ("right", 0.84),
    "one random direction": ("right", 0.53),
    "CMA-ES, 50 images": ("left", 0.45),
    "weight differences": ("right", 0.3),
}
COLOUR = {
    **dict.fromkeys(("activation differences", "one random direction"), "estimate"),
    **dict.fromkeys(("on-line surrogate", "plane, 30 queries"), "heldout"),
    **dict.fromkeys(("weight differences", "SPSA on the weights"), "wrong"),
    "backprop through g": "true",
}


def race(runs: Mapping[str, Sequence[Run]], goal: float) -> tuple[Figure, str]:
    """Every method's way to the goal: ``draw_race`` of the lessons on the unknown tail."""
    fig = draw_race(runs, {name: COLOUR.get(name, "tail") for name in runs}, goal, CURVES)
    fig.axes[0].set_title("Kept answers cost hundreds of queries, estimates at h thousands, the rest more")
    until = {name: np.median([run.until(goal) for run in of]) for name, of in runs.items()}
    there = sorted((name for name in until if np.isfinite(until[name])), key=until.get)
    said = ", ".join(name for name in there)
    return fig, (
        f"Best accuracy so far against queries for six methods, and queries until {goal:.0%} for five seeds of "
        f"all. From few to many: {said}. Not there: {', '.join(name for name in until if name not in there)}."
    )
