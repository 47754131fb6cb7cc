"""Two pictures about queries: estimates of a gradient as arrows, and what every method pays for its accuracy."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.unknown.fronts import Run
from course_utils.engine.estimate import central_difference, smoothing
from course_utils.show import plots

PLACES = np.array([[-1.2, 0.6], [0.2, -1.0], [1.1, 0.9]])
SAMPLES = 12  # estimates drawn at each place


def smooth_loss(h: np.ndarray) -> np.ndarray:
    """A tilted bowl with a ripple: h (N, 2) → (N,)."""
    return 0.5 * (h[:, 0] + 0.5) ** 2 + 0.8 * (h[:, 1] + 0.3 * h[:, 0]) ** 2 + 0.15 * np.sin(4 * h[:, 0])


def staircase_loss(h: np.ndarray) -> np.ndarray:
    """The same loss, rounded to multiples of 0.4: flat almost everywhere."""
    return 0.4 * np.round(smooth_loss(h) / 0.4)


def draw_estimates(surface: str, sigma: float, pairs: int, noise: float) -> tuple[Figure, str]:
    """Contours of the surface ("smooth" or "stairs"), and at three places the gradient of the smooth one
    beside twelve estimates (``smoothing``) from ``pairs`` pairs of queries with ``noise`` on each loss.
    """
    loss, rng = {"smooth": smooth_loss, "stairs": staircase_loss}[surface], np.random.default_rng(0)

    def noisy(h: np.ndarray) -> np.ndarray:
        return loss(h) + noise * rng.standard_normal(len(h))

    true = central_difference(smooth_loss, PLACES, 1e-5).grad * len(PLACES)
    found = np.stack([smoothing(noisy, PLACES, sigma, rng, pairs).grad * len(PLACES) for _ in range(SAMPLES)])
    at = np.linspace(-2, 2, 200)
    grid = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
    fig, ax = plt.subplots(figsize=(5.2, 4.6))
    height = loss(grid).reshape(200, 200)
    if surface == "stairs":  # each tread one grey, and its edge drawn
        levels = np.arange(-0.2, height.max() + 0.4, 0.4)
        ax.contourf(at, at, height, levels=levels, cmap="Greys", alpha=0.7)
        ax.contour(at, at, height, levels=levels, colors="#666666", linewidths=0.8)
    else:
        ax.contourf(at, at, height, levels=12, cmap="Greys", alpha=0.7)
    for grads, role, width, alpha in ((found, "estimate", 0.003, 0.6), (true[None], "true", 0.014, 1)):
        arrows = -0.35 * grads.reshape(-1, 2)  # downhill, as the step would go
        tails = np.tile(PLACES, (len(grads), 1))
        size = np.maximum(np.linalg.norm(arrows, axis=1, keepdims=True), 1e-12)
        arrows *= np.minimum(1, 1.0 / size)  # a wild estimate stays in the picture
        ax.quiver(*tails.T, *arrows.T, color=plots.COLOURS[role], angles="xy", scale_units="xy", scale=1, width=width, alpha=alpha, zorder=3)  # fmt: skip
    ax.plot(*PLACES.T, "o", color=plots.COLOURS["true"], markersize=6)
    norms = np.linalg.norm(found, axis=2)
    zeros = float(np.mean(norms == 0))
    cosines = (found * true).sum(axis=2) / np.maximum(norms, 1e-12) / np.linalg.norm(true, axis=1)
    ax.set(xlabel="h₁", ylabel="h₂", xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    ax.set_title(f"Mean cosine to the true direction: {cosines.mean():.2f}")
    asked = f"σ {sigma:g}, pairs {pairs:g}, noise {noise:g}"
    described = f"Contours of a {surface} loss over two numbers. Black arrows: downhill on the smooth loss; {SAMPLES} thin arrows at each of 3 places: estimates with {asked}."
    return fig, f"{described} Their mean cosine is {cosines.mean():.2f}, and {zeros:.0%} of them are zero."


def draw_race(
    runs: Mapping[str, Sequence[Run]],
    roles: Mapping[str, str],
    goal: float,
    curves: Mapping[str, tuple[str, float]],
) -> Figure:
    """The best accuracy so far against queries (the median of the seeds) for those named in ``curves``, and
    below it, on the same axis, a row for every method: a dot for each seed at the queries until ``goal``, a
    cross where its budget ended before.

    ``roles`` names the colour of each method. ``curves`` says on which side of a curve, "left" or
    "right", and at which accuracy its name is written. Rows are sorted by the median queries.
    """
    ranked = sorted(
        runs, key=lambda name: (np.median([run.until(goal) for run in runs[name]]), -final(runs[name]))
    )
    fig, (top, bottom) = plt.subplots(
        2, 1, figsize=(9.5, 3.6 + 0.3 * len(runs)), sharex=True, height_ratios=[3.4, 0.3 * len(runs)]
    )
    for name, (side, level) in curves.items():
        start = max(run.queries[0] for run in runs[name])
        at = np.geomspace(start, min(run.queries[-1] for run in runs[name]), 200)
        so_far = [
            np.maximum.accumulate(run.accuracy)[np.searchsorted(run.queries, at * (1 + 1e-9)) - 1]
            for run in runs[name]
        ]
        median = np.median(so_far, axis=0)
        top.plot(at, median, linewidth=1.8, **plots.line(roles[name]))
        if np.isclose(at[0], at[-1]):  # asked once, at the start
            top.plot(at[0], median[0], "o", color=plots.COLOURS[roles[name]], markersize=6)
        beside = np.argmax(median >= level)
        top.annotate(
            name,
            (at[beside], level),
            xytext=(8 if side == "right" else -8, 0),
            textcoords="offset points",
            ha="left" if side == "right" else "right",
            va="center",
            fontsize="small",
            color=plots.ink(plots.COLOURS[roles[name]]),
        )
    for row, name in enumerate(ranked, start=1):
        colour = plots.COLOURS[roles[name]]
        for seed, run in enumerate(runs[name]):
            until = run.until(goal)
            y = row + 0.12 * (seed - (len(runs[name]) - 1) / 2)
            if np.isfinite(until):
                bottom.plot(until, y, "o", color=colour, markersize=5)
            else:
                bottom.plot(run.queries[-1], y, "x", color=colour, markersize=5)
    top.axhline(goal, color="#888888", linewidth=0.8)
    top.text(1, goal, f" {goal:.0%}", transform=top.get_yaxis_transform(), va="center", color="#555555")
    top.set(xscale="log", ylim=(0, 1), ylabel="best validation accuracy so far")
    bottom.set(
        ylim=(len(ranked) + 0.6, 0.4),
        yticks=range(1, len(ranked) + 1),
        xlabel=f"queries until {goal:.0%}, for each seed (×: not there when the budget ended)",
    )
    bottom.set_yticklabels(ranked)
    for label, name in zip(bottom.get_yticklabels(), ranked, strict=True):
        label.set_color(plots.ink(plots.COLOURS[roles[name]]))
    bottom.grid(axis="x", alpha=0.4)
    return fig


def final(runs: Sequence[Run]) -> float:
    """The median accuracy at the end."""
    return float(np.median([run.accuracy[-1] for run in runs]))
