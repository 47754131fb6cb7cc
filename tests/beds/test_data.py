"""The digits, printed digits and tones: what is in them, and a split that is disjoint, complete and the same every time."""

import subprocess
import sys
from importlib.resources import files

import numpy as np
import pytest

from course_utils.beds.data import FACES, FINE, batches, digits, glyphs, printed_digits, tones

PARTS = {"train": 1097, "validation": 200, "test": 500}


def test_shapes_types_and_range():
    data = digits()
    for part, n in PARTS.items():
        x, y = getattr(data, f"x_{part}"), getattr(data, f"y_{part}")
        assert x.shape == (n, 64) and x.dtype == np.float64 and x.min() == 0 and x.max() == 1
        assert y.shape == (n,) and y.dtype.kind == "i" and set(y.tolist()) == set(range(10))
        assert np.bincount(y).min() > n / 20  # every part knows every digit
        assert np.array_equal(x * 16, np.round(x * 16))  # 17 shades, none lost


def test_split_is_disjoint_and_complete():
    """Every stored image, with its own label, is in the parts exactly as often as in the file."""
    with np.load(files("course_utils") / "datasets" / "digits.npz") as stored:
        whole = np.column_stack([stored["pixels"], stored["labels"]])
    data = digits()
    parts = [np.column_stack([getattr(data, f"x_{p}") * 16, getattr(data, f"y_{p}")]) for p in PARTS]
    together = np.concatenate(parts).astype(int)
    assert len(together) == len(whole) == 1797
    assert sorted(map(tuple, together.tolist())) == sorted(map(tuple, whole.tolist()))
    rows = [set(map(tuple, part.tolist())) for part in parts]
    assert not (rows[0] & rows[1] or rows[0] & rows[2] or rows[1] & rows[2])


def test_the_split_is_shuffled():
    """A part without shuffling would be the handwriting of a few people only."""
    with np.load(files("course_utils") / "datasets" / "digits.npz") as stored:
        assert np.mean(digits().y_train == stored["labels"][:1097]) < 0.2


def test_the_same_every_time_in_every_process_and_never_shared():
    first = digits()
    total = f"{first.x_train.sum()} {first.y_test.tolist()[:20]}"
    first.x_train[:] = np.nan
    code = "from course_utils.beds.data import digits; d = digits(); print(d.x_train.sum(), d.y_test.tolist()[:20])"
    np.random.seed(5)  # a global seed has no say
    second = digits()
    assert f"{second.x_train.sum()} {second.y_test.tolist()[:20]}" == total
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == total


# Printed digits


def test_batches_for_several_seeds_are_those_of_each():
    x, y = np.arange(20.0).reshape(10, 2), np.arange(10)
    together = list(batches(x, y, 2, 4, seed=(3, 5)))
    for i, seed in enumerate((3, 5)):
        for (xs, ys), (x_alone, y_alone) in zip(together, batches(x, y, 2, 4, seed), strict=True):
            np.testing.assert_array_equal(xs[i], x_alone)
            np.testing.assert_array_equal(ys[i], y_alone)


def test_batches_are_all_of_one_size_and_take_each_example_once_an_epoch():
    x, y = np.arange(10.0)[:, None], np.arange(10)
    made = list(batches(x, y, epochs=3, size=4, seed=0))
    assert [len(part) for part, _ in made] == 6 * [4]  # two are left over each time, and wait
    for part, labels in made:
        np.testing.assert_array_equal(part[:, 0], labels)
    epochs = [np.concatenate([labels for _, labels in made[i : i + 2]]) for i in (0, 2, 4)]
    assert all(len(set(epoch.tolist())) == 8 for epoch in epochs)
    assert len({tuple(epoch) for epoch in epochs}) == 3, "shuffled anew each time"
    again = list(batches(x, y, epochs=3, size=4, seed=0))
    np.testing.assert_array_equal([a for a, _ in made], [a for a, _ in again])


def test_glyphs_look_like_the_digits_in_form_and_range():
    x, y = glyphs(1005, seed=0)
    assert x.shape == (1005, 64) and x.dtype == np.float64 and x.min() == 0 and x.max() == 1
    assert np.array_equal(y, np.arange(1005) % 10)
    assert np.array_equal(x * 16, np.round(x * 16))  # the same 17 shades
    assert x.max(axis=1).min() > 0.5  # every image shows something
    assert 0.5 < x.mean() / digits().x_train.mean() < 1.5


def test_glyphs_are_the_same_for_the_same_seed_and_all_differ():
    x = glyphs(300, seed=1)[0]
    assert np.array_equal(x, glyphs(300, seed=1)[0])
    assert not np.array_equal(x, glyphs(300, seed=2)[0])
    assert len(np.unique(x, axis=0)) == 300


def test_printed_digits_are_160_different_pictures_that_fill_the_height():
    pictures = printed_digits()
    assert pictures.shape == (len(FACES), 10, FINE, FINE) == (16, 10, 64, 64)
    assert len({picture.tobytes() for picture in pictures.reshape(160, -1)}) == 160
    assert pictures[:, :, 0].any(axis=-1).all() and pictures[:, :, -1].any(axis=-1).all()


def test_each_glyph_is_nearer_to_its_own_digit_on_average():
    x, y = glyphs(2000, seed=3)
    means = np.stack([x[y == digit].mean(axis=0) for digit in range(10)])
    fresh, labels = glyphs(500, seed=4)
    nearest = ((fresh[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert np.mean(nearest == labels) > 0.5


def test_tones_differ_in_their_cue_alone():
    found = {cue: tones(300, 3, cue) for cue in ("tied", "random", "absent")}
    cycles = np.arange(49) * 64 / 96
    for x, y in found.values():
        assert x.shape == (300, 1, 96) and set(y) == {0, 1, 2}
        assert np.array_equal(y, found["absent"][1])
    loudest = {}
    for cue in ("tied", "random"):
        hum = np.abs(np.fft.rfft(found[cue][0][:, 0] - found["absent"][0][:, 0]))
        loudest[cue] = np.array([18, 22, 26])[
            [(18, 22, 26).index(round(c)) for c in cycles[hum.argmax(axis=1)]]
        ]
    y = found["tied"][1]
    assert np.array_equal(loudest["tied"], 18 + 4 * y)
    assert 0.2 < np.mean(loudest["random"] == 18 + 4 * y) < 0.45
    power = np.abs(np.fft.rfft(found["absent"][0][:, 0])) ** 2
    for label in range(3):
        assert abs(cycles[power[y == label].mean(axis=0).argmax()] - (2 + 2 * label)) < 0.7
    with pytest.raises(ValueError, match="not 'loud'"):
        tones(3, 0, "loud")
