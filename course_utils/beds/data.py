"""Data made by code or shipped with the course, so that no lesson needs a network."""

from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import numpy as np

from course_utils.engine.nn import Seed


class Digits(NamedTuple):
    """Images x (N, 64) with pixels from 0 to 1, labels y (N,) from 0 to 9, in three parts.

    Fit on ``train``, choose between settings on ``validation``, and look at ``test`` once, at the end.
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_validation: np.ndarray
    y_validation: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


def digits(dtype: type = np.float64) -> Digits:
    """The 1797 real handwritten digits of 8x8 pixels: 1097 to train, 200 to validate, 500 to test.

    Pixels are of ``dtype``; float32 takes half the time. Source and licence: ``datasets/README.md``. The split is shuffled once with a fixed seed.
    """
    with np.load(files("course_utils") / "datasets" / "digits.npz") as stored:
        x, y = (stored["pixels"] / 16).astype(dtype), stored["labels"].astype(int)
    order = np.random.default_rng(0).permutation(len(x))
    x, y = x[order], y[order]
    return Digits(x[:1097], y[:1097], x[1097:1297], y[1097:1297], x[1297:], y[1297:])


def batches(
    x: np.ndarray, y: np.ndarray, epochs: int, size: int, seed: Seed
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs (x, y) of ``size`` examples each, ``epochs`` times through all data, shuffled anew each time.

    What is left over at the end of an epoch, fewer than ``size`` examples, waits for another shuffle.
    With a list of seeds, x (S, size, ...) and y (S, size) hold a batch for each of them.
    """
    if np.ndim(seed):
        for each in zip(*(batches(x, y, epochs, size, one) for one in seed), strict=True):
            yield tuple(np.stack(parts) for parts in zip(*each, strict=True))
        return
    rng = np.random.default_rng(seed)
    for _ in range(epochs):
        order = rng.permutation(len(x))
        for start in range(0, len(x) - size + 1, size):
            rows = order[start : start + size]
            yield x[rows], y[rows]


def tones(
    count: int, seed: int, cue: str = "tied", cycles: tuple[float, ...] = (2, 4, 6), hum: float = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """Noisy tones x (count, 1, 96) and their classes y (count,): low, middle or high, all three of them low-pass.

    A tone has about 2, 4 or 6 ``cycles`` in every 64 samples, an amplitude near 0.8, any phase, and noise of standard
    deviation 1. A second tone of 18, 22 or 26 cycles and amplitude ``hum`` is the cue: "tied" to the class (as
    in a recording with a flaw), "random", or "absent". The same seed gives the same low tones and noise, whatever
    the cue.
    """
    if cue not in ("tied", "random", "absent"):
        raise ValueError(f'the cue is "tied", "random" or "absent", not {cue!r}')
    rng = np.random.default_rng(seed)
    y, of_cue = rng.integers(3, size=(2, count))
    pitch = np.array(cycles)[y] + rng.uniform(-0.5, 0.5, count)
    amplitude = 0.8 * rng.uniform(0.6, 1.4, (count, 1))
    phase, phase_of_cue = rng.uniform(0, 2 * np.pi, (2, count, 1))
    at = 2 * np.pi * np.arange(96) / 64
    x = amplitude * np.sin(pitch[:, None] * at + phase) + rng.standard_normal((count, 96))
    if cue != "absent":
        pitch_of_cue = np.array([18, 22, 26])[y if cue == "tied" else of_cue]
        x += hum * np.sin(pitch_of_cue[:, None] * at + phase_of_cue)
    return x[:, None, :], y


# The faces that Matplotlib ships (DejaVu, STIX, Computer Modern), so that no font is needed but those.
FACES = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono", "DejaVuSansMono-Bold",
    "DejaVuSerif", "DejaVuSerif-Bold", "DejaVuSerif-Italic",
    "STIXGeneral", "STIXGeneralBol", "STIXGeneralItalic", "STIXGeneralBolIta",
    "cmr10", "cmb10", "cmss10", "cmtt10",
)  # fmt: skip
FINE = 64  # height of the pictures that are warped; drawn at 32 x 32, then averaged to 8 x 8


def glyphs(count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Printed digits, warped: images x (count, 64) with pixels from 0 to 1, labels y (count,), as those of ``digits``.

    A digit of one of 16 faces is turned, slanted and stretched, then bent by random shifts on a grid of
    4 x 4 points with straight lines between (elastic distortion, Simard et al. 2003). Labels go round 0 to 9.
    """
    rng = np.random.default_rng(seed)
    y = np.arange(count) % 10
    pictures = printed_digits()[rng.integers(len(FACES), size=count), y]
    # Where each of 32 x 32 pixels looks up its colour, as (row, column) from -0.5 to 0.5.
    at = (np.arange(32, dtype=np.float32) + 0.5) / 32 - 0.5
    pixels = np.stack(np.meshgrid(at, at, indexing="ij")).reshape(2, -1)
    turn, slant = rng.uniform(-0.2, 0.2, count), rng.uniform(-0.3, 0.3, count)
    taller, wider = rng.uniform(0.95, 1.15, count), rng.uniform(0.75, 1.25, count)
    shift = rng.uniform(-0.05, 0.05, (count, 2, 1)).astype(np.float32)
    bends = rng.normal(0, 0.1, (count, 2, 16)).astype(np.float32)
    rows = [
        [np.cos(turn) * taller, -np.sin(turn) * wider],
        [np.sin(turn) * taller + slant, np.cos(turn) * wider],
    ]
    affine = np.moveaxis(np.array(rows, dtype=np.float32), -1, 0)  # (count, 2, 2)

    # The share of each grid point in a pixel's bend: 1 at the point, 0 at its neighbours.
    grid = np.linspace(-0.5, 0.5, 4, dtype=np.float32)
    near = np.maximum(0, 1 - 3 * np.abs(pixels[:, :, None] - grid))  # (2, 1024, 4)
    shares = (near[0][:, :, None] * near[1][:, None, :]).reshape(-1, 16)

    x = np.empty((count, 64))
    for first in range(0, count, 1000):  # all at once would take gigabytes
        some = slice(first, first + 1000)
        place = affine[some] @ pixels + shift[some] + bends[some] @ shares.T
        row, column = ((place + 0.5) * FINE).astype(int).swapaxes(0, 1)
        inside = (row >= 0) & (row < FINE) & (column >= 0) & (column < FINE)
        number = np.arange(len(row))[:, None]
        ink = pictures[some][number, row.clip(0, FINE - 1), column.clip(0, FINE - 1)] & inside
        x[some] = ink.reshape(-1, 8, 4, 8, 4).mean(axis=(2, 4)).reshape(-1, 64)
    return x, y


@cache
def printed_digits() -> np.ndarray:
    """The ten digits of every face, black or white, filling the height: shape (16, 10, FINE, FINE)."""
    import matplotlib
    from matplotlib.ft2font import FT2Font

    pictures = np.zeros((len(FACES), 10, FINE, FINE), bool)
    middle = (np.arange(FINE) + 0.5) / FINE
    for face, name in enumerate(FACES):
        font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / f"{name}.ttf"))
        font.set_size(80, 72)
        for digit in range(10):
            font.set_text(str(digit))
            font.draw_glyphs_to_bitmap(antialiased=False)
            drawn = np.asarray(font.get_image()) > 0
            drawn = drawn[drawn.any(axis=1)][:, drawn.any(axis=0)]
            height, width = drawn.shape
            column = (middle - 0.5) * height + width / 2  # the same scale both ways, in the middle
            inside = (column >= 0) & (column < width)
            rows = (middle * height).astype(int)
            pictures[face, digit][:, inside] = drawn[np.ix_(rows, column[inside].astype(int))]
    return pictures
