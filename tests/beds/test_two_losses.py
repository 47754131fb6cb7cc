"""Networks trained side by side, with a second loss at the layer before (lesson 12)."""

import numpy as np
import pytest


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_networks_side_by_side_give_w_a_share_and_everything_else_the_cross_entropy_in_full():
    torch = pytest.importorskip("torch")
    from course_utils.beds import layer_before

    x, y = some(200, 64), np.arange(200) % 10
    seeds, alpha, rates = range(2), 0.7, [0.5, 0.1]
    zero = layer_before.train_side_by_side(lambda h, W: 0 * W.sum((1, 2)), rates, seeds, x, y, 1, alpha)[0]
    alone = layer_before.train_side_by_side(None, rates, seeds, x, y, 1)[0]
    start = layer_before.fresh_weights(seeds, len(rates))
    for i, (w, full) in enumerate(zip(zero, alone, strict=True)):
        if i == 2:  # W: back to orthonormal columns, and moved less
            torch.testing.assert_close(w.mT @ w, torch.eye(4).expand(4, 4, 4), atol=1e-5, rtol=0)
            layer_before.retract_all(start[2])
            assert (w - start[2]).norm() < 0.5 * (full - start[2]).norm()
        else:
            torch.testing.assert_close(w, full)
    moved = [(zero[0][n] - start[0][n]).norm().item() for n in (0, 2)]  # seed 0 at both rates
    assert moved[0] / moved[1] == pytest.approx(5, rel=1e-3)


def test_side_by_side_the_rate_falls_to_0():
    """With every batch alike and a tiny rate: a full step, then half of one whose velocity is 1.9 of the first."""
    torch = pytest.importorskip("torch")
    from course_utils.beds import layer_before

    x, y = np.tile(some(1, 64), (200, 1)), np.zeros(200, int)
    start = layer_before.fresh_weights(range(1), 1)
    one, two = (layer_before.train_side_by_side(None, [1e-3], range(1), x, y, steps)[0] for steps in (1, 2))
    for first, once, twice in zip(start, one, two, strict=True):
        if first.shape != start[2].shape:  # W is brought back after each step
            ratio = (twice - first).norm() / (once - first).norm()
            torch.testing.assert_close(ratio, torch.tensor(1.95), rtol=0.02, atol=0)


def test_a_network_side_by_side_that_is_not_finite_is_counted():
    pytest.importorskip("torch")
    from course_utils.beds import layer_before

    x, y = some(200, 64), np.arange(200) % 10
    _, finite = layer_before.train_side_by_side(
        lambda h, W: -((h @ W) ** 2).sum((1, 2)), [1e-3, 1e6], range(2), x, y, 6
    )
    assert finite.shape == (2, 2)
    assert (finite[0] == 6).all() and (finite[1] < 6).all()


def test_four_numbers_are_measured_of_each_network_and_none_of_one_that_is_not_finite():
    """The first layer hands h = relu(x) of four pixels on, W and the head read the largest of them."""
    torch = pytest.importorskip("torch")
    from course_utils.beds import data, layer_before

    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=600)
    x = np.eye(64)[labels] * rng.uniform(1, 2, (600, 1))
    parts = [part for n in (0, 300, 400) for part in (x[n : n + 200], labels[n : n + 200])]
    weights = [torch.zeros_like(w) for w in layer_before.fresh_weights(range(3), 1)]
    W1, _, W, _, V, _ = weights
    with torch.no_grad():
        W1[:2, :4, :4] = torch.eye(4)  # network 0 and 1 see the label; network 1 reads it turned by one
        W[:2, :4] = torch.eye(4)
        V[0, :, :4] = torch.eye(4)
        V[1, :, :4] = torch.eye(4).roll(1, 1)
        W1[2] = torch.nan
    found = layer_before.measure_each(weights, data.Digits(*parts))
    assert found.shape == (4, 3)
    np.testing.assert_array_equal(found[:, 0][[0, 1, 3]], 1)
    np.testing.assert_array_equal(found[:2, 1], 0)  # its head is wrong,
    assert found[3, 1] == 1  # and what it hands on still holds the label
    assert 2.5 < found[2, 0] < 3.1 and found[2, 0] == found[2, 1]  # four classes: three directions
    assert np.isnan(found[:, 2]).all()
