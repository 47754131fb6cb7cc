"""The pictures of lesson 11. Each function returns the figure and what it shows, in words."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from course_utils.beds.low_pass.lured import CUTOFF, HUMS, TONES
from course_utils.engine import structure
from course_utils.show import plots

Row = Mapping[str, np.ndarray]  # what was measured of each seed, under "tied", "random" and "share"


def percent(share: float) -> str:
    """A share as short as it can be told."""
    return "< 0.01 %" if share < 1e-4 else f"{100 * share:.{1 if share < 0.01 else 0}f} %"


def _frequencies(ax: Axes, named: bool = True) -> None:
    """The axis of frequencies, with all of the stop band hatched."""
    ax.axvspan(CUTOFF, 0.5, facecolor="none", edgecolor="#BBBBBB", hatch="//", linewidth=0)
    ax.set(xlim=(0, 0.5), xticks=[0, CUTOFF, 0.25, 0.375, 0.5], xlabel="cycles per sample")
    ax.set_xticklabels(["0", "1/8", "1/4", "3/8", "1/2"])
    if named:
        ax.text(0.495, 0.96, "stop band", transform=ax.get_xaxis_transform(), ha="right", va="top", fontsize=9, color="#555555", backgroundcolor="w")  # fmt: skip


def spectra(x: np.ndarray, y: np.ndarray) -> tuple[Figure, str]:
    """Mean power of the signals x (N, 1, 96) of each class at each frequency."""
    fig, axes = plt.subplots(1, 3, figsize=(11, 2.6), sharey=True)
    told = []
    for label, ax in enumerate(axes):
        power = np.mean(np.abs(np.fft.rfft(x[y == label, 0])) ** 2, axis=0)
        _frequencies(ax, named=False)
        ax.plot(np.fft.rfftfreq(x.shape[-1]), power, **plots.line("train"))
        for at, what in ((TONES[label], "tone"), (HUMS[label], "hum")):
            near = np.abs(np.fft.rfftfreq(x.shape[-1]) - at) < 0.02
            ax.annotate(what, (at, power[near].max()), xytext=(0, 4), textcoords="offset points", ha="center", backgroundcolor="w", fontsize=9)  # fmt: skip
        peaks = [np.fft.rfftfreq(x.shape[-1])[part][power[part].argmax()] for part in (slice(1, 12), slice(13, None))]  # fmt: skip
        told.append(f"class {label} has peaks at {peaks[0]:.2f} and {peaks[1]:.2f} cycles per sample")
        ax.set_title(f"Class {label}: a low tone, a high hum")
    axes[0].set(ylabel="mean power", ylim=(0, 1.15 * axes[0].get_ylim()[1]))
    axes[0].text(0.49, 0.94, "hatched:\nstop band", transform=axes[0].get_xaxis_transform(), ha="right", va="top", fontsize=9, color="#555555", backgroundcolor="w")  # fmt: skip
    return (
        fig,
        f"Mean power at each frequency: {'; '.join(told)}. The taller peak, the hum, lies in the hatched stop band.",
    )


def responses(frequencies: np.ndarray, found: Mapping[str, np.ndarray]) -> tuple[Figure, str]:
    """Responses (n, F) at the frequencies, by title: a thin line a kernel, their mean bold."""
    fig, axes = plt.subplots(
        1, len(found), figsize=(5.5 * len(found) + 1, 2.9), sharey=True, squeeze=False, layout="constrained"
    )
    told = []
    for ax, role, (title, of) in zip(axes[0], ("frozen", "trainable"), found.items(), strict=False):
        _response(ax, frequencies, of, role)
        ax.set_title(title)
        mean = of.mean(axis=0)
        told.append(
            f"{title}: mean response at most {mean[frequencies > 0.2].max():.1g} above 0.2 cycles per sample, highest at {frequencies[mean.argmax()]:.2f}"
        )
    axes[0, 0].set_ylabel("|H(ν)|²")
    return fig, "; ".join(told) + ". The hatched stop band begins at 1/8."


def _response(ax: Axes, frequencies: np.ndarray, of: np.ndarray, role: str) -> None:
    _frequencies(ax)
    ax.plot(frequencies, of.T, color=plots.COLOURS[role], linestyle="-", linewidth=0.7, alpha=0.5)
    ax.plot(frequencies, of.mean(axis=0), linewidth=2.4, **plots.line(role))
    ax.set(yscale="log", ylim=(1e-6, 30))


def trained(kernels: Sequence[np.ndarray], strength: float) -> tuple[Figure, str]:
    """The responses of kernels (n, taps) that were trained with λ = ``strength``; the bold line is their mean."""
    kernels, frequencies = np.array(kernels), np.linspace(0, 0.5, 257)
    unit = kernels / np.linalg.norm(kernels, axis=1, keepdims=True)
    share = structure.stop_band_share(kernels, structure.stop_band(kernels.shape[1], CUTOFF))[0]
    fig, ax = plt.subplots(figsize=(7, 3))
    _response(ax, frequencies, structure.frequency_response(unit, frequencies), "trainable")
    ax.set(title=f"λ = {strength}: {share:.1%} of the energy in the stop band", ylabel="|H(ν)|²")
    return (
        fig,
        f"Response of {len(kernels)} kernels trained with λ = {strength}, and their mean in bold: {share:.1%} in the stop band.",
    )


def energy_matrix(S: np.ndarray) -> tuple[Figure, str]:
    """S (taps, taps) in colours, and one row of it: what a tap's neighbours do to the leak."""
    fig, (left, right) = plt.subplots(1, 2, figsize=(9.5, 3.4), width_ratios=[1, 1.5], layout="constrained")
    largest = np.abs(S).max()
    image = left.imshow(S, cmap=plots.BLUE_ORANGE, vmin=-largest, vmax=largest)
    fig.colorbar(image, ax=left, fraction=0.046, label="weight of the product of two taps")
    ends = [0, len(S) // 2, len(S) - 1]
    left.set(xticks=ends, yticks=ends, xlabel="tap n", ylabel="tap j", title="S, all 21 × 21 of it")
    row, middle = S[len(S) // 2], len(S) // 2
    right.axhline(0, color="#888888", linewidth=1)
    right.bar(np.arange(len(row)) - middle, row, color=["#E66100" if v > 0 else "#0072B2" for v in row])
    right.set(
        xlabel="how many taps apart",
        ylabel="entry of S",
        title="Neighbouring taps of equal sign lower the leak",
    )
    return (
        fig,
        f"S as colours, one band along the diagonal, and its middle row: {row[middle]:.2f} on the diagonal, {row[middle + 1]:.2f} for taps side by side, back to 0 at {4} taps apart, then small and of either sign.",
    )


def slepian(Q: np.ndarray, shares: Sequence[float], kept: int) -> tuple[Figure, str]:
    """The first columns of Q (taps, taps), each under its share; the first ``kept`` are kept."""
    fig, axes = plt.subplots(1, len(shares), figsize=(11, 2.2), sharey=True)
    for k, ax in enumerate(axes):
        ax.plot(
            Q[:, k],
            "o-" if k < kept else "o:",
            color=plots.COLOURS["frozen" if k < kept else "tail"],
            markersize=3,
        )
        ax.set(title=f"{'leaks ' if k == 0 else ''}{percent(shares[k])}", xticks=[0, 10, 20], xlabel="tap")
    told = ", ".join(map(percent, shares))
    return fig, (
        f"The first {len(shares)} Slepian sequences of {len(Q)} taps, each a slow wave with one more zero crossing than "
        f"the one before; the first {kept} are solid, the others dotted. Their shares in the stop band: {told}."
    )


def taps_needed(least: Mapping[float, Mapping[int, float]], limit: float) -> tuple[Figure, str]:
    """The smallest share that any kernel has, against its taps, a curve for each cut-off; ``limit`` as a line."""
    fig, ax = plt.subplots(figsize=(7.5, 3.3))
    told = []
    for (cutoff, by_taps), role in zip(least.items(), ("estimate", "train", "heldout"), strict=True):
        taps, shares = np.array(list(by_taps)), np.array(list(by_taps.values()))
        shown = shares > 1e-5
        ax.plot(taps[shown], shares[shown], marker="o", markersize=4, **plots.line(role))
        plots.label_end(ax, taps[shown][-1], shares[shown][-1], f"cut-off 1/{1 / cutoff:.0f}", role)
        first = taps[shares <= limit].min(initial=99)
        told.append(
            f"at cut-off 1/{1 / cutoff:.0f} {first} taps" if first < 99 else f"at 1/{1 / cutoff:.0f} more"
        )
    ax.axhline(limit, color="#888888", linewidth=1)
    ax.annotate(f"{limit:.1%}", (taps[-1], limit), xytext=(0, 3), textcoords="offset points", ha="right", fontsize=9)  # fmt: skip
    ax.set(yscale="log", ylim=(1e-5, 1), xticks=taps, xlabel="taps of the kernel")
    ax.set(
        ylabel="smallest share\n(drawn from 1e-5 on)", title="The lower the cut-off, the more taps it needs"
    )
    return (
        fig,
        f"The smallest share in the stop band that a kernel can have, by its taps. At most {limit:.1%} need {', '.join(told)}.",
    )


def sweep(rows: Mapping[float, Row]) -> tuple[Figure, str]:
    """Left accuracy against λ, right accuracy against the share; the rows by λ, arrays (seeds,)."""
    strengths = list(rows)
    swept = {name: np.array([row[name] for row in rows.values()]).T for name in ("tied", "random", "share")}
    fig, (left, right) = plt.subplots(1, 2, figsize=(11.5, 3.3), layout="constrained")
    plots.spread(left, strengths, swept["tied"], "train", "old hum")
    plots.spread(left, strengths, swept["random"], "heldout", "random hum")
    left.set(
        xscale="log",
        xlabel="λ (bold: median of the seeds)",
        ylabel="accuracy",
        ylim=(0.3, 1.02),
        xticks=strengths,
    )
    left.set(xticklabels=strengths, title="A few points with the old hum buy the random one")
    left.minorticks_off()
    share = np.median(swept["share"], axis=0)
    for cue, role in (("tied", "train"), ("random", "heldout")):
        right.plot(swept["share"].T, swept[cue].T, "o", color=plots.COLOURS[role], markersize=4, alpha=0.5)
        right.plot(share, np.median(swept[cue], axis=0), **plots.line(role))
    for i, (at, height) in enumerate(zip(share, np.median(swept["tied"], axis=0), strict=True)):
        up = 9 if i % 2 == 0 else 20  # by turns, since the shares of two λ can be close
        right.annotate(f"λ {strengths[i]}", (at, height), xytext=(0, up), textcoords="offset points", ha="center", fontsize=9)  # fmt: skip
    for cue, role, label in (("random", "heldout", "random hum"), ("tied", "train", "old hum")):
        plots.label_end(right, swept["share"].max(), np.median(swept[cue], axis=0)[0], label, role)
    right.set(xscale="log", ylim=(0.3, 1.14), xlabel="share in the stop band: median, and each seed")
    ticks = {0.001: "0.1 %", 0.003: "0.3 %", 0.01: "1 %", 0.03: "3 %"}
    right.set(title="The more leaks, the more it is lured")
    right.set_xticks(list(ticks), labels=list(ticks.values()))
    right.minorticks_off()
    ends = [np.median(swept["random"][:, i]) for i in (0, -1)]
    return fig, (
        f"Left, accuracy against λ: with the old hum it falls a little, with a random hum its median rises from "
        f"{ends[0]:.2f} to {ends[1]:.2f}. Right, accuracy against the share in the stop band: the two hums are level where the share is "
        "smallest, and the further apart the more leaks."
    )


def strategies(rows: Mapping[str, Row], limit: float) -> tuple[Figure, str]:
    """A row for each strategy, from top to bottom, and in it a dot for each seed; ``limit`` as a line.

    Left the accuracy with the old and with a random hum, right the share in the stop band.
    """
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 0.46 * len(rows) + 0.46), sharey=True)
    for row, of in enumerate(rows.values()):
        apart = np.linspace(-0.08, 0.08, len(of["share"]))
        for cue, marker, role, shift in (("tied", "o", "train", -0.22), ("random", "s", "heldout", 0.22)):
            left.plot(of[cue], row + shift + apart, marker, color=plots.COLOURS[role], markersize=4.5, markeredgecolor="w", markeredgewidth=0.4, clip_on=False)  # fmt: skip
        right.plot(of["share"], row + apart, "D", color=plots.COLOURS["trainable"], markeredgecolor="w")
    left.set(yticks=range(len(rows)), yticklabels=rows, ylim=(len(rows) - 0.5, -0.5), xlim=(0.3, 1))
    left.set(xlabel="accuracy: ● old hum, ■ random hum", title="Free on the unfiltered signal, it is lured")
    right.axvline(limit, color="#888888", linewidth=1)
    right.set(xscale="log", xlabel=f"share in the stop band (line: {limit:.1%})")
    right.set_title("Where nothing holds the layer, it leaks")
    told = "; ".join(
        f"{name} {of['random'].mean():.2f} (from {of['random'].min():.2f} to {of['random'].max():.2f}), {percent(of['share'].mean())} leaks"
        for name, of in rows.items()
    )
    return fig, f"Accuracy with a random hum, and share in the stop band, {len(apart)} seeds each: {told}."


def demodulation() -> tuple[Figure, str]:
    """The power of a pure hum at each frequency, before and after a ReLU."""
    hum = np.sin(2 * np.pi * HUMS[1] * np.arange(96))
    frequencies = np.fft.rfftfreq(96)
    both_sides = np.where((frequencies > 0) & (frequencies < 0.5), 2, 1)  # rfft has no negative frequencies
    before, after = (both_sides * np.abs(np.fft.rfft(signal)) ** 2 for signal in (hum, np.maximum(hum, 0)))
    low = after[frequencies <= CUTOFF].sum() / after.sum()
    fig, axes = plt.subplots(1, 2, figsize=(9, 2.4), sharey=True)
    titles = ("All power of a hum is high", f"After a ReLU, {low:.0%} of it is low")
    for ax, power, role, title in zip(axes, (before, after), ("train", "wrong"), titles, strict=True):
        _frequencies(ax)
        ax.vlines(frequencies, 1e-2, power, color=plots.COLOURS[role], linewidth=2.5)
        ax.set(yscale="log", ylim=(0.1, 10000), xlim=(-0.015, 0.5), title=title)
    axes[0].set_ylabel("power")
    return (
        fig,
        f"Power of a pure hum at {HUMS[1]:.2f} cycles per sample: one line in the stop band. After a ReLU: {low:.0%} of the power is below the cut-off, at 0 and other new frequencies.",
    )
