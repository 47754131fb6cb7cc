"""The picture of lesson 00: steps down, or out of, a parabola."""

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
    ax.plot(theta, bend * theta**2, **plots.line("true"))
    seen = (np.abs(path) < _WIDEST) & (losses < _HIGHEST)
    # The line goes on to the first step that leaves the picture.
    end = len(path) if seen.all() else int(np.argmin(seen)) + 1
    ax.plot(path[:end], losses[:end], color=plots.COLOURS["trainable"], linewidth=1)
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
