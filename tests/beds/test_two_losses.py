"""The room of lesson 12: W and its head, turns, the layer before, and the pictures."""

import numpy as np
import pytest

from course_utils.beds.two_losses import alternation, pair, pictures
from course_utils.engine import structure


def some(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_networks_side_by_side_give_w_a_share_and_everything_else_the_cross_entropy_in_full():
    torch = pytest.importorskip("torch")
    from course_utils.beds.two_losses import layer_before

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
    from course_utils.beds.two_losses import layer_before

    x, y = np.tile(some(1, 64), (200, 1)), np.zeros(200, int)
    start = layer_before.fresh_weights(range(1), 1)
    one, two = (layer_before.train_side_by_side(None, [1e-3], range(1), x, y, steps)[0] for steps in (1, 2))
    for first, once, twice in zip(start, one, two, strict=True):
        if first.shape != start[2].shape:  # W is brought back after each step
            ratio = (twice - first).norm() / (once - first).norm()
            torch.testing.assert_close(ratio, torch.tensor(1.95), rtol=0.02, atol=0)


def test_a_network_side_by_side_that_is_not_finite_is_counted():
    pytest.importorskip("torch")
    from course_utils.beds.two_losses import layer_before

    x, y = some(200, 64), np.arange(200) % 10
    _, finite = layer_before.train_side_by_side(
        lambda h, W: -((h @ W) ** 2).sum((1, 2)), [1e-3, 1e6], range(2), x, y, 6
    )
    assert finite.shape == (2, 2)
    assert (finite[0] == 6).all() and (finite[1] < 6).all()


@pytest.mark.filterwarnings("error")
def test_five_numbers_are_measured_of_each_network_and_none_of_one_that_is_not_finite():
    """The first layer hands h = relu(x) of four pixels on, W and the head read the largest of them."""
    torch = pytest.importorskip("torch")
    from course_utils.beds import data
    from course_utils.beds.two_losses import layer_before

    rng = np.random.default_rng(0)
    labels = rng.integers(4, size=600)
    x = np.eye(64)[labels] * rng.uniform(1, 2, (600, 1))
    parts = [part for n in (0, 300, 400) for part in (x[n : n + 200], labels[n : n + 200])]
    weights = [torch.zeros_like(w) for w in layer_before.fresh_weights(range(4), 1)]
    W1, b1, W, _, V, _ = weights
    with torch.no_grad():
        W1[:2, :4, :4] = torch.eye(4)  # network 0 and 1 see the label; network 1 reads it turned by one
        W[:2, :4] = torch.eye(4)
        V[0, :, :4] = torch.eye(4)
        V[1, :, :4] = torch.eye(4).roll(1, 1)
        W1[2] = torch.nan
        b1[3] = -1  # every unit of network 3 is dead
    found = layer_before.measure_each(weights, data.Digits(*parts))
    assert list(found) == list(layer_before.MEASURES)
    assert [found[name][0] for name in ("validation", "test", "read-out")] == [1, 1, 1]
    assert found["validation"][1] == found["test"][1] == 0  # its head is wrong,
    assert found["read-out"][1] == 1  # and what it hands on still holds the label
    assert 2.5 < found["directions"][0] < 3.1  # four classes: three directions
    np.testing.assert_allclose(found["kept"][:2], 1)  # W reads the four entries that vary
    assert all(np.isnan(of[2]) for of in found.values())
    assert np.isnan(found["kept"][3]) and np.isfinite(found["test"][3])  # of no variance there is no share


def test_batches_are_the_same_each_time_and_bring_their_covariance():
    first, again = list(pair.batches(3, 12)), list(pair.batches(3, 12))
    assert len(first) == 12 and first[0].x.shape == (100, 64)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one.x, other.x)
        np.testing.assert_allclose(one.S, structure.covariance(one.x))
    assert abs(pair.digits().x_train.mean(axis=0)).max() < 1e-12


def test_a_change_of_w_reaches_w_alone():
    net = pair.network(0)
    size = net.layers[0].W.size
    changed = pair.on_W(net, lambda W: 2 * W, elsewhere=0)(net.theta)
    np.testing.assert_allclose(changed, np.append(2 * net.theta[:size], 0 * net.theta[size:]))
    np.testing.assert_allclose(net.layers[0].W.T @ net.layers[0].W, np.eye(4), atol=1e-12)
    batch = next(pair.batches(0, 1))
    full, share = (pair.cross_entropy_grad(net, batch.x, batch.y, alpha).copy() for alpha in (0, 0.7))
    np.testing.assert_allclose(share[:size], 0.3 * full[:size])
    np.testing.assert_allclose(share[net.groups["head"]], full[net.groups["head"]])


def test_w_of_the_eigenvectors_is_measured_as_that():
    S = structure.covariance(pair.digits().x_train)
    exact = structure.leading_directions(S, 4)
    net = pair.network(0)
    net.layers[0].W = exact
    values = np.linalg.eigvalsh(S)
    assert pair.measure(net).kept == pytest.approx(values[-4:].sum() / values.sum())
    assert pair.column_angle(exact, S) < 1e-4 and pair.subspace_angle(exact, S) < 1e-6
    turned = exact[:, [1, 0, 2, 3]]
    assert pair.column_angle(turned, S) > 89 and pair.subspace_angle(turned, S) < 1e-6
    one = np.repeat(exact[:, :1], 4, axis=1)
    table = pair.held_table({"QR": [turned], "unit": [one]}, S).splitlines()
    assert "k = 4" in table[0] and table[2].endswith("90.0° ± 0.0")
    assert "2.00, 0.00" in table[3] and table[3].endswith("a span of rank one")


def test_turns_lower_the_joint_loss_and_end_with_orthonormal_columns():
    def pull(net, alpha, S):
        return pair.on_W(net, lambda W: alpha * structure.pca_loss(W, S)[1], elsewhere=0)

    def projection(net):
        return pair.on_W(net, structure.retract, elsewhere=1)

    start = alternation.joint_loss(pair.network(0), 0.7)
    nets = [
        alternation.in_turns(0, 40, 0.4, 20, 0.7, pull, projection),
        alternation.admm(0, 40, 0.4, 20, 0.7),
    ]
    for net in nets:
        W = net.layers[0].W
        np.testing.assert_allclose(W.T @ W, np.eye(4), atol=1e-9)
        assert alternation.joint_loss(net, 0.7) < start - 0.1


def test_pictures_say_what_is_in_them():
    up, down = np.geomspace(1, 50, 20)[None], np.geomspace(1, 0.02, 20)[None]
    told = pictures.lengths({"a": up, "b": up, "c": up, "d": down})[1]
    assert "c grows, d shrinks" in told
    Q = np.linalg.qr(some(64, 4))[0]
    mixed = Q @ np.linalg.qr(some(4, 4, seed=1))[0]
    ways = {"same": 2 * Q, "mixed": mixed, "one": np.repeat(Q[:, :1], 4, axis=1)}
    told = pictures.columns(Q, ways)[1]
    assert "same: one by one" in told and "mixed: mixtures" in told and "one: four times the first" in told
    front = {0: [pair.Measured(0.2, 0, 0.9), pair.Measured(0.3, 0, 0.94)], 1: [pair.Measured(0.5, 0, 0.8)]}
    fig, told = pictures.front(front)
    np.testing.assert_allclose(fig.axes[0].lines[0].get_xydata(), [[0.25, 0.92], [0.5, 0.8]])
    assert [label.get_text() for label in fig.axes[0].texts] == ["α 0", "α 1"] and "0.92 at 0.25" in told
    fig, told = pictures.one_alpha(0.5, Q, pair.Measured(0.41, 0, 0.87), front)
    assert fig.axes[0].get_title(loc="left") == "α = 0.5: 41% of the variance, 87% right"
    runs = {name: np.array([0.95, 0.97]) for name in ("test", "kept", "directions")}
    assert "stopped 0.96, 0.96, 1.0" in pictures.layer_before({"stopped": runs, "flowing": runs})[1]
