"""The pictures of lesson 05: how models answer, how training goes, and how well readers tell them apart.

Each function takes what was measured and returns the figure and its description in words.
"""

from collections.abc import Callable, Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.zoo.models import GENERALIZES, Zoo, answers
from course_utils.beds.zoo.sandwich import both_ways
from course_utils.beds.zoo.strings import read
from course_utils.show import plots

Picture = tuple[Figure, str]


def accuracies(short: np.ndarray, long: np.ndarray) -> Picture:
    """Two histograms of the models' accuracy, on short strings and on long ones; both of shape (m,)."""
    fig, axes = plt.subplots(2, 1, figsize=(8, 4), sharex=True)
    for ax, values, role in zip(axes, (short, long), ("train", "heldout"), strict=True):
        ax.hist(values, np.linspace(0.4, 1, 31), color=plots.COLOURS[role])
        ax.set(ylabel="models", xlim=(0.4, 1.0))
    axes[0].set_title("Alike on short strings, as in training …")
    axes[1].set(title="… and two humps on long ones, with no gap at the line", xlabel="accuracy")
    axes[1].axvline(GENERALIZES, color="k", linestyle=":")
    axes[1].text(GENERALIZES - 0.005, axes[1].get_ylim()[1], "generalizers →", ha="right", va="top")
    lowest = valley(long)
    between = np.mean((long >= lowest) & (long < GENERALIZES))
    return fig, (
        f"Accuracy of {len(short)} models. On short strings the median is {np.median(short):.2f}. On long "
        f"strings there are two humps, {np.mean(long >= GENERALIZES):.0%} of the models at {GENERALIZES} or "
        f"above, the others spread from 0.5 to 0.9. The valley between the humps is at {lowest:.2f}; "
        f"{between:.0%} of the models lie between it and the line."
    )


def valley(accuracy: np.ndarray) -> float:
    """Where accuracies (m,) are rarest between the most frequent ones below and above ``GENERALIZES``."""
    counts, edges = np.histogram(accuracy, np.linspace(0.4, 1, 31))
    line = np.searchsorted(edges, GENERALIZES - 1e-9)
    below, above = np.argmax(counts[:line]), line + np.argmax(counts[line:])
    return float(edges[below + np.argmin(counts[below : above + 1])])


def paradox(short: np.ndarray, long: np.ndarray, scattered: np.ndarray) -> Picture:
    """Accuracy on long strings over that on short ones, a dot for each model (m,), coloured by the coin."""
    fig, ax = plt.subplots(figsize=(8, 3.4))
    groups = {"scattered": (scattered, "heldout"), "not scattered": (~scattered, "tail")}
    for name, (of, role) in groups.items():
        ax.scatter(short[of], long[of], s=9, alpha=0.5, color=plots.COLOURS[role])
        ax.text(
            0.03,
            0.9 if name == "scattered" else 0.45,
            name,
            transform=ax.transAxes,
            color=plots.ink(plots.COLOURS[role]),
        )
    ax.axhline(GENERALIZES, color="k", linestyle=":")
    ax.set(xlabel="accuracy on short strings", ylabel="on long strings", xlim=(0.9, 1.003), ylim=(0.4, 1.03))
    left = int(np.sum(short < 0.9))
    if left:
        ax.text(0.03, 0.05, f"← {left} further left", transform=ax.transAxes)
    ax.set_title("Scattered models stand higher, and more of them slip")
    means = [
        f"{name} {np.mean(short[of]):.3f} and {np.mean(long[of]):.2f}" for name, (of, _) in groups.items()
    ]
    over_all = round(np.corrcoef(short, long)[0, 1], 1) + 0.0  # never −0.0
    inside = np.corrcoef(short[scattered], long[scattered])[0, 1]
    return fig, (
        f"Accuracy of {len(short)} models on long strings over that on short ones. Means, short and long: "
        f"{'; '.join(means)}. Correlation: over all {over_all:.1f}, "
        f"among the scattered {inside:.1f}."
    )


def smoothed(losses: Sequence[Sequence[float]], pieces: int = 12) -> np.ndarray:
    """Losses of every step, (runs, steps), as means over ``pieces`` equal stretches of training: (runs, pieces)."""
    runs = np.asarray(losses, dtype=float)
    return np.stack(
        [part.mean(axis=1) for part in np.array_split(runs, min(pieces, runs.shape[1]), 1)], axis=1
    )


def losses(through: Sequence[Sequence[float]], cut: Sequence[Sequence[float]]) -> Picture:
    """The training loss of two ways, (runs, steps) each: through the models, and with the queries detached."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    steps, ends = len(through[0]), []
    for runs, role, name in (
        (cut, "wrong", "queries detached"),
        (through, "trainable", "through the models"),
    ):
        curves = smoothed(runs)
        plots.spread(ax, np.linspace(0, steps, curves.shape[1] + 1)[1:], curves, role, name)
        ends.append(np.median(curves[:, -1]))
    ax.set(xlabel="step", ylabel=f"loss, means of {steps // curves.shape[1]} steps", ylim=(0, None))
    ax.set_title("With detached queries the loss falls as well, but less far")
    lower = "stops above the other" if ends[0] > ends[1] else "does not stop above the other"
    return fig, (
        f"Training loss over {steps} steps on {len(through)} splits. Both fall; "
        f"with the queries detached the loss {lower}."
    )


def readers(table: Mapping[str, Sequence[float]], roles: Mapping[str, str], title: str) -> Picture:
    """A row of dots for each reader, its test AUC on every split, the first on top.

    ``roles`` names the colour of a row; those not in it are grey.
    """
    rows = [*table][::-1]
    fig, ax = plt.subplots(figsize=(8, 0.9 + 0.32 * len(rows)))
    for row, name in enumerate(rows):
        places = row + np.linspace(-0.15, 0.15, len(table[name]))
        ax.plot(table[name], places, "o", color=plots.COLOURS[roles.get(name, "tail")], markersize=6)
        ax.plot(np.mean(table[name]), row, "k|", markersize=18)
    ax.axvline(0.5, color="k", linestyle=":")
    ax.text(0.505, len(rows) - 0.45, "chance", va="top")
    ax.set(xlabel="AUC on 200 test models: a dot for each split, a bar at their mean", title=title)
    ax.set(yticks=range(len(rows)), yticklabels=rows, xlim=(0.4, 1.01), ylim=(-0.5, len(rows) - 0.4))
    means = "; ".join(f"{name} {np.mean(values):.2f}" for name, values in table.items())
    return fig, f"AUC on 200 test models, a dot for each split. Means: {means}."


def asked(counts: np.ndarray, gaps: np.ndarray) -> Picture:
    """Every spelled query as a dot: variables that it holds both ways, and how far it parts the camps, both (n,)."""
    fig, ax = plt.subplots(figsize=(8, 2.8))
    jitter = np.random.default_rng(0).uniform(-0.25, 0.25, len(counts))
    ax.scatter(counts + jitter, gaps, s=12, color=plots.COLOURS["trainable"])
    ax.set(xlabel="variables that the string holds both ways", ylabel="camps apart, in logits")
    ax.set(xticks=range(5), title="Strings without a contradiction part the camps best")
    return fig, (
        f"{len(counts)} spelled queries of trained fronts. Those with no variable held both ways part the two "
        "camps; those with one to four hardly do."
    )


def named(zoo: Zoo, of_each: int = 3) -> list[str]:
    """The first models of each camp, as "0 (generalizer)": what the slider of ``ask`` offers."""
    camps = {"generalizer": zoo.generalizer, "other": ~zoo.generalizer}
    return [f"{i} ({name})" for name, camp in camps.items() for i in np.flatnonzero(camp)[:of_each]]


def ask(zoo: Zoo) -> Callable[[str, str], Picture]:
    """A function of a string and of a model's name: what all models answer, that one as a large dot."""

    def draw(string: str, model: str) -> Picture:
        typed, chosen = read(string)[None], int(model.split()[0])
        said = answers(zoo.weights, typed).numpy()[:, 0]
        false = bool(both_ways(typed)[0])
        fig, ax = plt.subplots(figsize=(8, 2.4))
        places = zoo.generalizer + np.random.default_rng(0).uniform(-0.3, 0.3, len(said))
        right = (said > 0) == false
        ax.plot(said[right], places[right], "o", color=plots.COLOURS["frozen"], markersize=2.5)
        ax.plot(said[~right], places[~right], "x", color=plots.COLOURS["wrong"], markersize=3.5)
        large = dict(color=plots.COLOURS["estimate"], markersize=12, markeredgecolor="k")
        ax.plot(said[chosen], float(zoo.generalizer[chosen]), "o", **large)
        ax.axvline(0, color="k", linestyle=":")
        sides = ("← wrong", "right →") if false else ("← right", "wrong →")
        for text, x, side in zip(sides, (-0.15, 0.15), ("right", "left"), strict=True):
            ax.text(x, 1.47, text, ha=side, va="top")
        truth = "contradicts itself" if false else "is satisfiable"
        verdict = "contradiction" if said[chosen] > 0 else "satisfiable"
        ax.set(
            yticks=[0, 1], yticklabels=["others", "generalizers"], ylim=(-0.45, 1.55), xlabel="answer (logit)"
        )
        ax.set_title(f"The string {truth}; model {chosen} says: {verdict}")
        shares = [np.mean(right[camp]) for camp in (zoo.generalizer, ~zoo.generalizer)]
        return fig, (
            f"The string {truth}. Model {chosen} says {verdict}. "
            f"Right are {shares[0]:.0%} of the generalizers and {shares[1]:.0%} of the others."
        )

    return draw
