"""The pictures of lesson 00: steps down, or out of, a parabola, and two directions at once."""

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.show import plots

_WIDEST, _LOWEST, _HIGHEST = 4.5, -2.5, 21.0  # what the picture shows


def descent(path: np.ndarray, rate: float, bend: float) -> tuple[Figure, str]:
    """The weights on a ``path`` (steps + 1,) down L = a θ² with the ``bend`` a, walked with ``rate``."""
    losses = bend * path**2
    parabola = "L = θ²" if bend == 1 else f"L = {bend:g} θ²"
    if abs(path[-1]) > abs(path[0]):
        verdict = "every step lands higher than the last"
    elif abs(path[-1]) == abs(path[0]):
        verdict = "you jump to and fro for ever"
    else:
        verdict = f"after {len(path) - 1} steps the loss is {losses[-1]:.2g}"
    fig, ax = plt.subplots()
    theta = np.linspace(-_WIDEST, _WIDEST, 200)
    ax.plot(theta, bend * theta**2, linewidth=1, **plots.line("true"))
    seen = (np.abs(path) < _WIDEST) & (losses < _HIGHEST)
    # The line goes on to the first step that leaves the picture.
    end = len(path) if seen.all() else int(np.argmin(seen)) + 1
    ax.plot(path[:end], losses[:end], color=plots.COLOURS["trainable"], linewidth=2)
    dots = {
        "markersize": 6,
        "markeredgecolor": "black",
        "markeredgewidth": 0.5,
    }  # edges keep crowded dots apart
    ax.plot(path[seen], losses[seen], "o", color=plots.COLOURS["trainable"], **dots)
    ax.annotate("start", (path[0], losses[0]), xytext=(10, -4), textcoords="offset points")
    outside = int(np.sum(~seen))
    left_out = f"{outside} more outside the picture, the first at θ = {path[~seen][0]:.3g}" if outside else ""
    # Below the parabola no step passes.
    ax.text(0, _LOWEST + 0.7, left_out.replace("-", "−"), ha="center", color="0.35")
    ax.set(xlabel="weight θ", ylabel="loss L", xlim=(-5, 5), ylim=(_LOWEST, _HIGHEST), yticks=range(0, 21, 5))
    ax.set_title(f"Rate {rate:g}, {parabola}: {verdict}")
    return fig, (
        f"The path of {len(path) - 1} steps down the parabola {parabola} from θ = {path[0]:g} with rate "
        f"{rate:g}: {verdict}" + (f"; {left_out}." if left_out else ".")
    )


def two_directions(paths: dict[float, np.ndarray], bends: np.ndarray) -> tuple[Figure, str]:
    """Three walks (steps + 1, 2) by rate, seen from above; the first of the two ``bends`` is the sharper one."""
    fig, ax = plt.subplots()
    flat, sharp = np.meshgrid(np.linspace(-0.5, 6, 200), np.linspace(-3.6, 3.6, 200))
    heights = bends[0] * sharp**2 + bends[1] * flat**2
    ax.contour(flat, sharp, heights, levels=[0.3, 1, 3, 10, 30, 70], colors="0.8", linewidths=0.8)
    told = []
    for (rate, path), role in zip(paths.items(), ("train", "trainable", "wrong"), strict=True):
        losses, steps = path**2 @ bends, len(path) - 1
        climbs = losses[-1] > losses[0]
        label = "climbs out" if climbs else f"{losses[2]:.2f}, {losses[-1]:.2f}"
        told.append(
            f"rate {rate:g} climbs out"
            if climbs
            else f"rate {rate:g} leaves a loss of {losses[2]:.2f} after 2 steps and {losses[-1]:.2f} after {steps}"
        )
        shown = path[:2] if climbs else path  # two points are enough to see it leave
        marks = {"marker": "o", "markersize": 4, "label": f"{rate:g}: {label}"}
        ax.plot(shown[:, 1], shown[:, 0], linewidth=1.3, **marks, **plots.line(role))
    start = next(iter(paths.values()))[0]
    ax.annotate("start", start[::-1], xytext=(8, -3), textcoords="offset points")
    ax.plot(0, 0, "+", color="black", markersize=10)
    ax.set(xlabel="flat direction θ₁", ylabel="sharp direction θ₀", xlim=(-0.5, 6), ylim=(-3.6, 3.6))
    ax.legend(loc="lower right", title=f"rate: loss after 2 steps, after {steps}", alignment="left")
    ax.set_title("The sharp direction is soon done; the flat one waits")
    return fig, (
        f"Walks from θ = ({start[0]:g}, {start[1]:g}), seen from above, where θ₀ bends {bends[0] / bends[1]:g} "
        f"times as much as θ₁: {'; '.join(told)}."
    )
