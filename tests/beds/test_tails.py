"""The unknown tails: the same for the same seed, and rough, stepped or smooth where they say so."""

import numpy as np
import pytest

from course_utils.beds.data import digits
from course_utils.beds.unknown.tails import (
    SIDE,
    centred_digits,
    draw_bars,
    fern_tail,
    rough_tail,
    side_by_side,
    smooth_tail,
    trained_network,
)
from course_utils.engine.nn import Linear, Network, Tanh, accuracy

H = np.random.default_rng(0).uniform(-1, 1, (40, 16))


@pytest.fixture(scope="module")
def rough():
    return rough_tail(0)


@pytest.fixture(scope="module")
def ferns():
    return fern_tail(0)


def test_digits_are_centred_on_the_training_images_and_doubled():
    d, raw = centred_digits(), digits()
    np.testing.assert_allclose(d.x_train.mean(axis=0), 0, atol=1e-12)
    mean = raw.x_train.mean(axis=0)
    np.testing.assert_allclose(d.x_test, 2 * (raw.x_test - mean))
    np.testing.assert_allclose(d.x_validation, 2 * (raw.x_validation - mean))
    for ours, theirs in (
        (d.y_train, raw.y_train),
        (d.y_validation, raw.y_validation),
        (d.y_test, raw.y_test),
    ):
        np.testing.assert_array_equal(ours, theirs)


def test_a_smooth_tail_is_its_seeds_own():
    first, again, other = (smooth_tail(seed).forward(H) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert first.shape == (40, 10) and np.abs(first - other).max() > 0.1


def test_front_and_smooth_tail_read_digits_together():
    d = centred_digits()
    front, tail = trained_network(0, 8, [Linear(8, 32), Tanh(), Linear(32, 10)])
    h = front.forward(d.x_test)
    assert h.shape == (500, 8) and np.abs(h).max() <= 1
    assert accuracy(tail, h, d.y_test) > 0.94


def test_only_the_last_layer_of_a_rough_tail_was_trained(rough):
    """The lower ones still hold the random weights of their seed, ten times as large; biases start at 0."""
    fresh = Network(
        **{f"part{i}": [layer] for i, layer in enumerate([Linear(16, 64), Tanh(), Linear(64, 64), Tanh(), Linear(64, 10)])},
        seed=1,
    )  # fmt: skip
    last = fresh.mask("part4").astype(bool)
    np.testing.assert_array_equal(rough.theta[~last], 10 * fresh.theta[~last])
    assert np.all(rough.theta[last] != fresh.theta[last])


def test_a_rough_tail_is_steep_and_can_still_be_read(rough):
    """A small step in h moves its hidden layer far; that of the smooth tail hardly."""
    step = 0.05 * np.random.default_rng(1).choice([-1, 1], H.shape)

    def moved(tail):
        """How far, in units of how the outputs spread over h."""
        return np.abs(tail.forward(H + step) - tail.forward(H)).mean() / tail.forward(H).std()

    assert moved(rough) > 3 * moved(smooth_tail(0))


def test_ferns_are_log_probabilities_of_their_seed(ferns):
    out = ferns(H)
    assert out.shape == (40, 10) and np.all(out < 0)
    np.testing.assert_array_equal(out, fern_tail(0)(H))
    assert np.abs(out - fern_tail(1)(H)).max() > 0.1


def test_ferns_are_flat_between_steps(ferns):
    """Along a line each output takes no more values than there are thresholds to cross, and a tiny step changes nothing."""
    np.testing.assert_array_equal(ferns(H + 1e-9), ferns(H))
    fine = np.tile(H[0], (2001, 1))
    fine[:, 3] = np.linspace(-1, 1, 2001)
    out = ferns(fine)
    changes = np.any(np.diff(out, axis=0) != 0, axis=1)
    assert 10 < changes.sum() <= 200 * 6
    assert changes.mean() < 0.2


def test_ferns_read_digits_behind_the_front_they_were_made_for(ferns):
    d = centred_digits()
    front = trained_network(0, 16, [Linear(16, 32), Tanh(), Linear(32, 10)])[0]
    assert np.mean(ferns(front.forward(d.x_test)).argmax(axis=1) == d.y_test) > 0.9


def test_a_smooth_tail_takes_h_of_another_width():
    assert smooth_tail(0, k=4).forward(np.zeros((3, 4))).shape == (3, 10)


def test_several_tails_are_each_what_its_seed_alone_makes():
    h = np.random.default_rng(1).uniform(-1, 1, (2, 5, 16))
    together, rough = smooth_tail((2, 3)), rough_tail((2, 3))
    for i, seed in enumerate((2, 3)):
        np.testing.assert_allclose(together.forward(h)[i], smooth_tail(seed).forward(h[i]), rtol=1e-6)
        held = ~rough.mask(list(rough.groups)[-1]).astype(
            bool
        )  # behind them, steep weights blow up any rounding
        np.testing.assert_array_equal(rough.theta[i][held], rough_tail(seed).theta[held])
    gs = [lambda h: 2 * h, lambda h: -h]
    np.testing.assert_array_equal(side_by_side(gs)(h), [2 * h[0], -h[1]])
    with pytest.raises(ValueError):
        side_by_side(gs)(h[:1])


# --- the renderer ---


def test_pictures_are_pixels_from_0_to_1():
    h = 3 * np.random.default_rng(0).normal(size=(200, 5))
    pictures = draw_bars(h)
    assert pictures.shape == (200, SIDE * SIDE)
    assert pictures.min() >= 0 and pictures.max() <= 1
    assert np.all(pictures.max(axis=1) > 0.5), "a bar is nowhere to be seen"
    assert len(np.unique(pictures)) > 1000


def centre(picture):
    """The bar's middle, across and down, from -1 to 1."""
    at = (np.arange(SIDE) + 0.5) / SIDE * 2 - 1
    picture = picture.reshape(SIDE, SIDE) / picture.sum()
    return picture.sum(axis=0) @ at, picture.sum(axis=1) @ at


def test_each_number_does_what_it_says():
    bar = np.zeros((1, 5))
    (middle,) = draw_bars(bar)
    np.testing.assert_allclose(centre(middle), (0, 0), atol=1e-12)

    def changed(entry, by=0.5):
        h = bar.copy()
        h[0, entry] = by
        return draw_bars(h)[0]

    across, down = centre(changed(0))
    assert across > 0.1 and abs(down) < 0.02
    across, down = centre(changed(1))
    assert down > 0.1 and abs(across) < 0.02
    upright = changed(2, by=100).reshape(SIDE, SIDE)  # a quarter turn
    np.testing.assert_allclose(upright, middle.reshape(SIDE, SIDE).T, atol=1e-12)
    for entry, side in ((3, 1), (4, 0)):  # longer: more columns; wider: more rows
        more, before = (p.reshape(SIDE, SIDE).max(axis=1 - side) > 0.5 for p in (changed(entry, 5.0), middle))
        assert more.sum() > before.sum()
        assert changed(entry).sum() > middle.sum() > changed(entry, -0.5).sum()
