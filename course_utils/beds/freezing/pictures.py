"""The pictures of lesson 04. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from course_utils.beds.freezing.flow import Group, one_step
from course_utils.show import plots

ROLES = ("train", "frozen", "tail", "trainable", "heldout")  # of the ways to train, in the order of WAYS


def transfer(accuracies: Mapping[str, Mapping[str, np.ndarray]], rate: float) -> tuple[Figure, str]:
    """A panel for each task, a row for each way to train, a dot for each seed, a bar at the mean.

    ``accuracies`` gives for each task and way an array (seeds,), all trained at ``rate``.
    """
    fig, axes = plt.subplots(1, len(accuracies), figsize=(9, 3), sharex=True, sharey=True)
    told = []
    for ax, (task, ways) in zip(axes, accuracies.items(), strict=True):
        for row, (scores, role) in enumerate(zip(ways.values(), ROLES, strict=True)):
            _seeds(ax, scores, row, role, "o")
            ax.plot(np.mean(scores), row, "k|", markersize=18)
        means = {way: np.mean(scores) for way, scores in ways.items()}
        best = [way for way, mean in means.items() if mean > max(means.values()) - 0.01]
        _rows(ax, list(ways))
        ax.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
        ax.set(
            xlabel="test accuracy: five seeds, and their mean (|)", title=f"{task}\nbest: {', '.join(best)}"
        )
        told.append(f"{task}: " + ", ".join(f"{way} {mean:.0%}" for way, mean in means.items()))
    return fig, f"Mean test accuracy with three labels a class, at rate {rate:g}. {'. '.join(told)}."


def drifts(drifts: Mapping[str, Mapping[str, Sequence[float]]]) -> tuple[Figure, str]:
    """Two bars for each rule, medians with a dot for each seed: masked at once, and after 20 steps.

    ``drifts`` gives for each rule and each of the two the drifts of the body (seeds,).
    """
    fig, ax = plt.subplots(figsize=(8, 3.8))
    for row, by_start in enumerate(drifts.values()):
        for (start, values), offset, role in zip(
            by_start.items(), (-0.18, 0.18), ("frozen", "wrong"), strict=True
        ):
            hatch = plots.FROZEN_HATCH if role == "frozen" else None
            middle, at = np.median(values), row + offset
            style = {"color": plots.COLOURS[role], "hatch": hatch, "edgecolor": "white"}
            ax.barh(at, middle, 0.32, label=start if row == 0 else None, **style)
            ax.plot(values, [at] * len(values), "k.", markersize=4)
            figure = f"{middle:.1%}" if middle else "0, bitwise"
            ax.text(np.max(values) + 0.015, at, figure, va="center", fontsize=8.5)
    _rows(ax, list(drifts))
    ax.xaxis.set_major_formatter(PercentFormatter(1))
    ax.set(xlim=(0, 0.8), xlabel="distance that the masked body travelled, relative to its size")
    ax.legend(loc="upper right", frameon=False)
    ax.set_title("A zero gradient does not freeze a weight")
    told = [
        f"{rule}: " + ", ".join(f"{np.median(values):.1%} {start}" for start, values in by_start.items())
        for rule, by_start in drifts.items()
    ]
    return fig, f"How far a body with a masked gradient moves in 100 steps, medians: {'; '.join(told)}."


def batch_norm(old_task: Mapping[str, np.ndarray], before: Sequence[float]) -> tuple[Figure, str]:
    """A row for each way to use the frozen body, a dot for each seed; what it lost stands beside it.

    ``old_task`` gives for each way the accuracies (seeds,), ``before`` those before the freeze.
    """
    fig, ax = plt.subplots(figsize=(8, 3))
    for row, (name, scores) in enumerate(old_task.items()):
        _seeds(ax, scores, row, *(("frozen", "D") if "eval" in name else ("trainable", "s")))
        change = 100 * (scores - np.array(before))
        kept = (
            "exactly as before" if not change.any() else f"{change.min():+.1f} to {change.max():+.1f} points"
        )
        if scores.min() > 0.6:
            ax.text(scores.min() - 0.03, row, kept, ha="right", va="center")
        else:
            ax.text(scores.max() + 0.03, row, kept, va="center")
    ax.axvline(np.median(before), color="0.5", linewidth=1, zorder=0)
    ax.text(np.median(before) + 0.01, 3.4, "before", color="0.35")
    _rows(ax, list(old_task))
    ax.set(xlim=(0, 1.12), xlabel="old head on ordinary test digits: accuracy (five seeds)")
    ax.set_title("No weight moved. In one of four cases the old task is lost")
    told = "; ".join(f"{name} {scores.min():.0%} to {scores.max():.0%}" for name, scores in old_task.items())
    return fig, f"Accuracy of the old head on ordinary digits, after a new head has learned: {told}."


def players(paths: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """The generator's weight a, by round; ``paths`` gives for each mask an array (seeds, rounds + 1, 3)."""
    fig, ax = plt.subplots(figsize=(7.5, 3.4))
    for (name, path), role in zip(paths.items(), ("trainable", "wrong"), strict=True):
        plots.spread(ax, np.arange(path.shape[1]), path[:, :, 0], role, name)
    ax.axhline(3, color="0.5", linewidth=1)
    ax.text(path.shape[1], 3.3, "mean of the real numbers", ha="right", color="0.35")
    ax.set(xlabel="round (one step each)", ylabel="a, the generator's weight")
    ax.set_title("A generator that also moves the discriminator stops short")
    ends = {name: path[:, -100:, 0].mean(axis=1) for name, path in paths.items()}
    told = " and ".join(f"{end.min():.2f} to {end.max():.2f} with {name}" for name, end in ends.items())
    return fig, f"The generator's weight a over {path.shape[1] - 1} rounds; in the last 100 it is {told}."


# Where the gradient flows


def flow(**state: str) -> tuple[Figure, str]:
    """One step of three groups, each "trains" or "frozen": arrows for the gradient, with its size on arrival."""
    groups = one_step([name for name, says in state.items() if says == "trains"])
    fig, ax = plt.subplots(figsize=(9, 2.5))
    for place, (name, group) in enumerate(groups.items()):
        _box(ax, 1.5 + 2.6 * place, name, group)
    for left in 0.43 + 2.6 * np.arange(len(groups) + 1):  # the forward pass
        ax.annotate("", (left + 1.04, 1.1), (left, 1.1), arrowprops={"arrowstyle": "->", "color": "0.5"})
    for x, y, text in ((0.2, 1.1, "x"), (9.4, 0.75, "L")):
        ax.text(x, y, text, ha="center", va="center", fontsize=14, style="italic")
    says = "grey: forward    black: the gradient, with its size on arrival    moves: relative to the group's size"
    ax.text(-0.1, 1.75, says, color="0.35", va="center")
    ax.set(xlim=(-0.1, 9.7), ylim=(-0.05, 1.95), title=_flow_title(groups))
    ax.axis("off")
    told = [f"{name} {_arrived(group)} ({state[name]})" for name, group in groups.items()]
    return fig, f"The gradient on arrival: {', '.join(told)}."


def _box(ax: Axes, left: float, name: str, group: Group) -> None:
    """One group, and the arrow that comes through the gap on its right."""
    colour, hatch = ("trainable", None) if group.trains else ("frozen", plots.FROZEN_HATCH)
    ax.add_patch(
        plt.Rectangle((left, 0), 1.5, 1.5, facecolor=plots.COLOURS[colour], hatch=hatch, edgecolor="white")
    )
    label = (
        None if group.trains else {"boxstyle": "square,pad=0.15", "facecolor": "white", "edgecolor": "none"}
    )
    says = ("trains", f"moves {group.moved:.1%}") if group.trains else ("frozen", "stays")
    for y, text, weight in ((1.2, name, "bold"), (0.75, says[0], "normal"), (0.3, says[1], "normal")):
        ax.text(left + 0.75, y, text, ha="center", va="center", weight=weight, bbox=label)
    if group.arrived is not None:
        arrow = {"arrowstyle": "-|>", "linewidth": 2.5, "color": plots.COLOURS["true"]}
        ax.annotate("", (left + 1.53, 0.4), (left + 2.57, 0.4), arrowprops=arrow)
    colour, y = ("0.35", 0.4) if group.arrived is None else ("0", 0.1)
    ax.text(left + 2.05, y, _arrived(group), ha="center", va="center", color=colour)


def _arrived(group: Group) -> str:
    return "none" if group.arrived is None else f"{group.arrived:.3f}"


def _flow_title(groups: Mapping[str, Group]) -> str:
    trained = [name for name, group in groups.items() if group.trains]
    through = [name for name, group in groups.items() if group.arrived and not group.trains]
    if not trained:
        return "All frozen: nobody needs a gradient, so none is computed"
    if through:
        return f"Through the frozen {' and '.join(through)} the gradient passes; the weights stay"
    if len(trained) < len(groups):
        return f"Backward stops at the {trained[0]} group: below it nothing is computed"
    return "All train: the gradient reaches every group"


# Rows of dots


def _seeds(ax: Axes, values: Sequence[float], row: float, role: str, marker: str) -> None:
    apart = row + np.linspace(-0.2, 0.2, len(values))
    style = {"color": plots.COLOURS[role], "markersize": 8, "alpha": 0.85, "markeredgecolor": "white"}
    ax.plot(values, apart, marker, **style)


def _rows(ax: Axes, names: Sequence[str]) -> None:
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.5, -0.5))
