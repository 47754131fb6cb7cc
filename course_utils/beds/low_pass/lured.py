"""A network whose second layer should stay low-pass, and recordings whose hum lures it away from that."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from course_utils.beds import data
from course_utils.engine import nn, structure
from course_utils.engine.layers import Conv1d, Filter, MeanOverPositions
from course_utils.engine.update import Adam

CHANNELS, TAPS = 4, 21
CUTOFF = 1 / 8  # in cycles per sample, as all frequencies of the lesson
TONES = np.array([2, 4, 6]) / 64
HUMS = np.array([18, 22, 26]) / 64

Signals = tuple[np.ndarray, np.ndarray]  # x (count, 1, 96) in single precision, y (count,)
Kernels = Callable[[np.ndarray], np.ndarray]  # of kernels (channels, taps), of the same shape


def recordings(count: int, seed: int, cue: str = "tied") -> Signals:
    """Signals x (count, 1, 96), in single precision for speed, and their classes y (count,)."""
    x, y = data.tones(count, seed, cue)
    return x.astype(np.float32), y


TEST = {cue: recordings(1000, 200, cue) for cue in ("tied", "random")}
VALIDATION = {cue: recordings(400, 100, cue) for cue in ("tied", "random")}


def network(
    seed: int,
    basis: np.ndarray | None = None,
    before: Sequence[nn.Layer] = (),
    on_the_input: np.ndarray | None = None,
) -> nn.Network:
    """Convolution, filter layer, ReLU, convolution, mean over time, three logits; groups "front", "filter", "rest".

    ``basis`` (taps, k) makes the filter's kernels of k coefficients a channel. ``before`` stands before the filter
    instead of the one linear convolution. The kernel ``on_the_input`` (taps,) filters the signal before anything
    else, as a group named "input": a mask keeps it as it is.
    """
    parts = dict(
        front=list(before) or [Conv1d(1, CHANNELS, 7)],
        filter=[Filter(CHANNELS, TAPS, basis)],
        rest=[nn.ReLU(), Conv1d(CHANNELS, 8, 9), nn.ReLU(), MeanOverPositions(), nn.Linear(8, 3)],
    )
    if on_the_input is None:
        return nn.Network(**parts, seed=seed, dtype=np.float32)
    net = nn.Network(input=[Filter(1, len(on_the_input))], **parts, seed=seed, dtype=np.float32)
    net.theta[net.groups["input"]] = on_the_input
    return net


def behind_a_relu(seed: int, kernel: np.ndarray, on_the_input: bool = False) -> nn.Network:
    """The network with a ReLU before its filter layer, all four kernels ``kernel`` (taps,).

    ``on_the_input``: the same kernel filters the signal as well, before anything else.
    """
    first = [Conv1d(1, CHANNELS, 7), nn.ReLU()]
    net = network(seed, before=first, on_the_input=kernel if on_the_input else None)
    net.theta[net.groups["filter"]] = np.tile(kernel, CHANNELS)
    return net


def from_a_filter(seed: int, V: np.ndarray, basis: np.ndarray | None = None) -> nn.Network:
    """Network ``seed`` with its random kernels brought into the span of V (taps, k): the same whatever the basis."""
    net, plain = network(seed, basis), network(seed)
    kernels = structure.project_kernels(kernels_of(plain), V)
    for group in ("front", "rest"):
        net.theta[net.groups[group]] = plain.theta[plain.groups[group]]
    net.theta[net.groups["filter"]] = (kernels if basis is None else kernels @ basis).ravel()
    return net


def kernels_of(net: nn.Network) -> np.ndarray:
    """The kernels of the filter layer (channels, taps)."""
    return [layer for layer in net.layers if isinstance(layer, Filter)][-1].kernels


def in_the_filter(change: Kernels, elsewhere: float) -> Callable[[np.ndarray], np.ndarray]:
    """A function of kernels as one of θ (P,): all other entries are multiplied by ``elsewhere``, 0 or 1."""
    part = network(0).groups["filter"]

    def lifted(theta: np.ndarray) -> np.ndarray:
        vector = elsewhere * theta
        vector[part] = change(theta[part].reshape(CHANNELS, TAPS)).ravel()
        return vector

    return lifted


def fit(
    net: nn.Network,
    signals: Signals,
    seed: int,
    steps: int,
    rate: float | np.ndarray = 0.01,
    **symbols,
) -> nn.Network:
    """Train ``net`` in place with Adam on batches of 32, and return it.

    ``symbols`` are the update's: mask, penalty, projection.
    """
    (x, y), rng, rule = signals, np.random.default_rng(seed), Adam(rate, **symbols)
    for _ in range(steps):
        rows = rng.integers(len(x), size=32)
        _, grad = nn.softmax_cross_entropy(net.forward(x[rows]), y[rows])
        net.backward(grad)
        rule.step(net.theta, net.grad)
    return net


def forty_steps(net: nn.Network, signals: Signals, step: Callable[[nn.Network], None]) -> np.ndarray:
    """The kernels after 40 batches of 32 on which ``step(net)`` moved the weights."""
    (x, y), rng = signals, np.random.default_rng(0)
    for _ in range(40):
        rows = rng.integers(len(x), size=32)
        net.backward(nn.softmax_cross_entropy(net.forward(x[rows]), y[rows])[1])
        step(net)
    return kernels_of(net)


# What is measured of a trained network, and told


def measure(net: nn.Network) -> dict[str, float]:
    """Accuracy on test and validation recordings, and the share of its kernels in the stop band."""
    S = structure.stop_band(TAPS, CUTOFF)
    return {
        "tied": nn.accuracy(net, *TEST["tied"]),
        "random": nn.accuracy(net, *TEST["random"]),
        "validation, tied": nn.accuracy(net, *VALIDATION["tied"]),
        "validation, random": nn.accuracy(net, *VALIDATION["random"]),
        "share": structure.stop_band_share(kernels_of(net).astype(float), S)[0],
    }


def by_name(runs: Sequence[Mapping[str, float]]) -> dict[str, np.ndarray]:
    """What was measured of each seed, as one array (seeds,) for each measure."""
    return {name: np.array([run[name] for run in runs]) for name in runs[0]}


def table(rows: Mapping[str, Mapping[str, np.ndarray]], validation: bool = False) -> str:
    """Means over the seeds, a row for each strategy; for a random hum with the standard deviation.

    ``validation``: the accuracy on the validation recordings as well.
    """
    told = [f"{'':30}old hum     random hum     share" + validation * "   validation: old hum, random hum"]
    for name, row in rows.items():
        random, mean = row["random"], {key: values.mean() for key, values in row.items()}
        line = (
            f"{name:30}{mean['tied']:7.3f}  {mean['random']:.3f} ± {random.std():.3f}  {mean['share']:8.4f}"
        )
        if validation:
            line += f"{mean['validation, tied']:22.3f}{mean['validation, random']:12.3f}"
        told.append(line)
    return "\n".join(told)
