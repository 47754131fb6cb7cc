"""The pictures of lesson 13. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.beds.capstone.receiver import BUDGET
from course_utils.engine.nn import Network
from course_utils.show import plots

Found = Mapping[str, np.ndarray]  # what ``measure`` says of a design
CHANCE = 1 / 3
SAYS = {
    "stage": "must not change: m",
    "filter": "becomes low-pass: Π or λ∇R",
    "body": "pretrained: which η?",
    "new": "random: which η?",
    "g": "unknown: ĝ",
}


def receiver(front: Network) -> tuple[Figure, str]:
    """The five parts from left to right, with their sizes and what is demanded of them."""
    sizes = {name: part.stop - part.start for name, part in front.groups.items()}
    fig, ax = plt.subplots(figsize=(11, 1.9))
    for place, (name, role) in enumerate(zip(SAYS, ("frozen", *["trainable"] * 3, "tail"), strict=True)):
        hatch = plots.FROZEN_HATCH if role == "frozen" else None
        ax.barh(0, 0.8, left=place, color=plots.COLOURS[role], hatch=hatch, edgecolor="white", height=0.8)
        inside = f"{name}\n{sizes[name]} weights" if name in sizes else f"g\n{BUDGET} queries"
        style = dict(facecolor="white", edgecolor="none", boxstyle="round,pad=0.3")
        ax.text(place + 0.4, 0, inside, ha="center", va="center", fontsize=11, color="black", bbox=style)
        ax.text(place + 0.4, -0.62, SAYS[name], ha="center", va="top", fontsize=10)
        if place:
            ax.annotate("", (place, 0), (place - 0.2, 0), arrowprops={"arrowstyle": "->", "color": "#555555"})
    ax.set(xlim=(-0.1, 4.9), ylim=(-1, 0.5), title="Five parts, five demands, one update")
    ax.axis("off")
    told = "; ".join(f"{name}, {demand}" for name, demand in SAYS.items())
    return fig, f"The receiver from left to right: {told}."


def baselines(found: Mapping[str, Found]) -> tuple[Figure, str]:
    """Two rows of dots for each design: recordings like those with labels, and with a random hum."""
    fig, ax = plt.subplots(figsize=(8.5, 0.9 + 0.62 * len(found)))
    said = []
    for row, (name, scores) in enumerate(found.items()):
        for part, role, marker, up in (
            ("like training", "train", "o", -0.15),
            ("test", "heldout", "s", 0.15),
        ):
            values = scores[part]
            ax.plot(
                values,
                np.full(len(values), row + up),
                marker,
                color=plots.COLOURS[role],
                markersize=5,
                alpha=0.7,
            )
            ax.plot(values.mean(), row + up, "|", color=plots.ink(plots.COLOURS[role]), markersize=15, mew=2)
            if row == 0:
                ax.text(1.02, row + up, "hum as with labels" if role == "train" else "hum at random",
                        va="center", color=plots.ink(plots.COLOURS[role]))  # fmt: skip
        said.append(f"{name}: {scores['like training'].mean():.2f} and {scores['test'].mean():.2f}")
    ax.axvline(CHANCE, color="grey", linewidth=0.8, linestyle=":")
    ax.text(CHANCE, len(found) - 0.5, " chance", color="#555555", va="bottom")
    ax.set(yticks=range(len(found)), yticklabels=list(found), ylim=(len(found) - 0.5, -0.5), xlim=(0, 1))
    ax.set(xlabel="read right, five seeds", title="What the labelled recordings show is not what you get")
    return (
        fig,
        f"Read right with the hum as with labels, and with a random hum, in the mean. {'; '.join(said)}.",
    )


def rates(chosen: Mapping[str, float], heard: Mapping[str, float]) -> tuple[Figure, str]:
    """Two bars for one seed, "like training" and "validation"; the title says how far they lie apart."""
    fig, ax = plt.subplots(figsize=(7, 1.8))
    ax.barh([1, 0], heard.values(), color=[plots.COLOURS["train"], plots.COLOURS["heldout"]])
    ax.set(
        yticks=[1, 0], yticklabels=["hum as with labels", "hum at random"], xlim=(0, 1), xlabel="read right"
    )
    gap = heard["like training"] - heard["validation"]
    ax.set_title(
        f"{100 * gap:.0f} points of what you hear are the hum"
        if gap > 0.03
        else "Both alike: the hum plays no part"
    )
    told = ", ".join(f"{rate:g} for {name}" for name, rate in chosen.items())
    return (
        fig,
        f"Rates {told}: {heard['like training']:.2f} read right, like training and {heard['validation']:.2f}, validation.",
    )


def ablation(whole: Found, held: Mapping[str, Found], retuned: Mapping[str, Found]) -> tuple[Figure, str]:
    """An arrow for each part taken out: from the mean with the rest as it was to that with the rest re-tuned.

    The band is where the whole design's seeds lie, its line their mean. Small dots are seeds. No arrow where
    the re-tuning, which was chosen on other seeds, gains nothing on these.
    """
    names = list(retuned)
    fig, ax = plt.subplots(figsize=(9.5, 1.2 + 0.6 * len(names)))
    orange, ends = plots.COLOURS["trainable"], [-0.5, len(names) - 0.4]
    ax.fill_betweenx(ends, whole["test"].min(), whole["test"].max(), color=orange, alpha=0.22, linewidth=0)
    ax.plot([whole["test"].mean()] * 2, ends, color=orange, linewidth=2)
    label = "all parts in: mean (line), worst to best seed (band)"
    ax.text(whole["test"].max(), -0.6, label, ha="right", va="bottom", color=plots.ink(orange))
    said = [f"all parts in {whole['test'].mean():.2f}"]
    for row, name in enumerate(names):
        after = retuned[name]["test"]
        ax.plot(
            after,
            np.full(len(after), row + 0.2),
            "o",
            color=plots.COLOURS["train"],
            markersize=3.5,
            alpha=0.7,
        )
        if name in held:
            before = held[name]["test"]
            ax.plot(
                before,
                np.full(len(before), row - 0.2),
                "x",
                color=plots.COLOURS["wrong"],
                markersize=4,
                alpha=0.9,
            )
            ax.plot(before.mean(), row, "X", color=plots.COLOURS["wrong"], markersize=9)
            if after.mean() - before.mean() > 0.02:
                arrow = {"arrowstyle": "->", "color": "#555555", "shrinkA": 6, "shrinkB": 6}
                ax.annotate("", (after.mean(), row), (before.mean(), row), arrowprops=arrow)
            said.append(f"without {name} {before.mean():.2f}, then {after.mean():.2f}")
        else:
            said.append(f"{name} {after.mean():.2f}")
        ax.plot(
            after.mean(),
            row,
            "o",
            color=plots.COLOURS["train"],
            markersize=9,
            fillstyle="none",
            markeredgewidth=2,
        )
        lost = 100 * (whole["test"].mean() - after.mean())
        points = f"{-lost:+.0f} points" if abs(lost) >= 0.5 else "no loss"
        ax.text(1.01, row, points, va="center", color=plots.ink(plots.COLOURS["train"]))
    ax.axvline(CHANCE, color="grey", linewidth=0.8, linestyle=":")
    ax.text(CHANCE, len(names) - 0.45, " chance", color="#555555", va="bottom")
    ax.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, -0.9), xlim=(0.2, 1))
    ax.set(
        xlabel="read right where the hum is random; ✕ the rest as it was, ○ the rest re-tuned",
        title=verdict(whole, retuned),
    )
    return (
        fig,
        f"Test accuracy with one part taken out, first with the rest as it was, then re-tuned, means: {'; '.join(said)}.",
    )


def verdict(whole: Found, retuned: Mapping[str, Found]) -> str:
    """The title: which parts no re-tuning replaces, by more than 10 points in the mean."""
    needed = [
        name.split(":")[0]
        for name, found in retuned.items()
        if whole["test"].mean() - found["test"].mean() > 0.1
    ]
    return (
        f"No re-tuning replaces {' and '.join(needed)}"
        if needed
        else "Re-tuning the rest replaces every part"
    )


def exchanges(designs: Sequence[tuple[float, float, float]]) -> tuple[Figure, str]:
    """Designs as dots: "exchanged", "like training" and "test" scores (means over seeds) of each.

    Left against recordings like those with labels, right against one's own with the hums exchanged.
    """
    exchanged, alike, test = np.array(designs).T
    fig, axes = plt.subplots(1, 2, figsize=(9.5, 3.4), sharey=True)
    for ax, shown, role, label in zip(
        axes,
        (alike, exchanged),
        ("train", "heldout"),
        ("recordings like those with labels", "your own, the hums exchanged"),
        strict=True,
    ):
        ax.plot(shown, test, "o", color=plots.COLOURS[role], markersize=7, alpha=0.8)
        ax.plot([0.25, 1], [0.25, 1], color="grey", linewidth=0.8, linestyle=":")
        ax.set(xlim=(0.25, 1.02), ylim=(0.25, 1), xlabel=f"read right: {label}")
        ax.set_title(f"rank correlation {rank_correlation(shown, test):.1f}")
    axes[0].set_ylabel("hidden test recordings")
    fig.suptitle("Exchange the hums, and your own recordings rank the designs", fontweight="bold", y=1.05)
    return fig, (
        f"{len(test)} designs. Rank correlation with the hidden test recordings: {rank_correlation(alike, test):.1f} for recordings "
        f"like those with labels, {rank_correlation(exchanged, test):.1f} for one's own with the hums exchanged."
    )


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of the places of two lists, -1 to 1."""
    places = [np.argsort(np.argsort(values)) for values in (a, b)]
    return float(np.corrcoef(*places)[0, 1])


SYMBOLS = ("θ", "Π", "η", "m", "ĝ", "λ∇R")


def six_symbols(project: Mapping[str, str]) -> tuple[Figure, str]:
    """The update in large letters, and under it, line by line, what each symbol is in somebody's project.

    ValueError unless all six are said: θ, Π, η, m, ĝ and λ∇R; "-" for one that is not needed.
    """
    if missing := [symbol for symbol in SYMBOLS if not str(project.get(symbol, "")).strip()]:
        raise ValueError(f'Say what {", ".join(missing)} is in your project, or "-" where it is not needed.')
    fig, ax = plt.subplots(figsize=(9.5, 3.4))
    ax.axis("off")
    ax.text(0.5, 0.93, "θ  ←  Π( θ − η ⊙ m ⊙ ( ĝ + λ∇R ) )", ha="center", fontsize=19, transform=ax.transAxes)
    for row, symbol in enumerate(SYMBOLS):
        unused = str(project[symbol]).strip() == "-"
        colour = "#999999" if unused else "black"
        y = 0.74 - 0.14 * row
        ax.text(
            0.09, y, symbol, ha="right", fontsize=15, fontweight="bold", color=colour, transform=ax.transAxes
        )
        ax.text(
            0.12,
            y,
            "not needed" if unused else project[symbol],
            fontsize=11.5,
            color=colour,
            transform=ax.transAxes,
        )
    told = "; ".join(f"{symbol}: {project[symbol]}" for symbol in SYMBOLS)
    return fig, f"A project as six symbols. {told}."
