"""The room of lesson 11: the lured network, what is measured of it, and its pictures."""

import numpy as np
import pytest

from course_utils.beds.low_pass import lured, pictures
from course_utils.engine import structure

S = structure.stop_band(lured.TAPS, lured.CUTOFF)
Q = structure.slepian(lured.TAPS, lured.CUTOFF)
V = Q[:, :3]


def test_a_network_from_a_filter_is_the_same_with_and_without_a_basis():
    plain, short = lured.from_a_filter(3, V), lured.from_a_filter(3, V, basis=V)
    x, _ = lured.recordings(4, 0)
    np.testing.assert_allclose(plain.forward(x), short.forward(x), rtol=0, atol=1e-4)
    assert structure.stop_band_share(lured.kernels_of(plain), S)[0] < 0.002
    random = lured.network(3)
    np.testing.assert_array_equal(plain.theta[plain.groups["rest"]], random.theta[random.groups["rest"]])
    np.testing.assert_allclose(lured.kernels_of(plain), lured.kernels_of(random) @ V @ V.T, atol=1e-6)


def test_a_change_of_the_kernels_reaches_the_filter_alone():
    net = lured.network(0)
    penalty = lured.in_the_filter(lambda kernels: 3 * kernels, elsewhere=0)(net.theta)
    projection = lured.in_the_filter(lambda kernels: 0 * kernels, elsewhere=1)(net.theta)
    inside = net.mask("filter") == 1
    np.testing.assert_allclose(penalty, np.where(inside, 3 * net.theta, 0))
    np.testing.assert_array_equal(projection, np.where(inside, 0, net.theta))


def test_behind_a_relu_the_filter_is_the_kernel_and_a_filter_on_the_input_stops_the_hum():
    kernel, t = structure.windowed_sinc(lured.TAPS, 0.09), np.arange(96)
    hum = np.sin(2 * np.pi * lured.HUMS[0] * t)[None, None].astype(np.float32)
    heard = {}
    for on_the_input in (False, True):
        net = lured.behind_a_relu(0, kernel, on_the_input)
        np.testing.assert_allclose(lured.kernels_of(net), np.tile(kernel, (4, 1)), atol=1e-6)
        heard[on_the_input] = np.abs(net.forward(hum) - net.forward(0 * hum)).max()
    assert heard[True] < 0.1 * heard[False]


def test_training_moves_only_what_the_mask_lets():
    net = lured.network(0)
    before = net.theta.copy()
    signals = lured.recordings(64, 0)
    lured.fit(net, signals, 0, 3, mask=net.mask("rest"))
    np.testing.assert_array_equal(net.theta == before, net.mask("rest") == 0)


def test_measures_are_those_of_the_kernels():
    net = lured.network(0)
    net.theta[net.groups["filter"]] = np.tile(2 * Q[:, -1], 4)  # all of it in the stop band
    found = lured.measure(net)
    assert found["share"] == pytest.approx(1, abs=1e-5)
    runs = lured.by_name([found, {name: value + 1 for name, value in found.items()}])
    assert runs["share"].shape == (2,) and "0.500" in lured.table({"free": runs})  # the ± of a random hum
    assert "validation" not in lured.table({"free": runs})
    more = lured.table({"free": runs}, validation=True).splitlines()[1].split()
    assert more[-1] == f"{runs['validation, random'].mean():.3f}"


def test_forty_steps_hand_on_the_kernels():
    net, steps = lured.from_a_filter(0, V), []
    kernels = lured.forty_steps(net, lured.recordings(64, 0), steps.append)
    assert len(steps) == 40
    np.testing.assert_array_equal(kernels, lured.kernels_of(net))


RUNS = {name: np.linspace(0.4, 0.9, 5) for name in ("tied", "random", "share")}


def test_pictures_say_what_is_in_them():
    x, y = lured.recordings(300, 0)
    assert "class 2 has peaks at 0.09 and 0.41" in pictures.spectra(x, y)[1]
    assert "< 0.01 %, < 0.01 %, 0.2 %, 3 %" in pictures.slepian(Q, [Q[:, k] @ S @ Q[:, k] for k in range(4)], 3)[1]  # fmt: skip
    assert "0.75 on the diagonal, -0.23 for taps side by side" in pictures.energy_matrix(S)[1]
    assert "at 1/16 more" in pictures.taps_needed({1 / 16: {3: 0.6}, 1 / 8: {3: 0.3, 11: 0.002}, 1 / 4: {5: 0.001}}, 0.005)[1]  # fmt: skip
    assert pictures.trained([Q[:, 0]] * 3, 30)[1].endswith("in bold: 0.0% in the stop band.")
    assert "40% of the power" in pictures.demodulation()[1]
    frequencies = np.linspace(0, 0.5, 65)
    high = structure.frequency_response(Q[:, -1:].T, frequencies)
    assert "highest at 0.50" in pictures.responses(frequencies, {"a": high, "b": high})[1]
    assert "from 0.65 to 0.65" in pictures.sweep({1: RUNS, 3: RUNS})[1]


def test_strategies_have_a_row_each_with_every_seed_and_the_limit():
    fig, told = pictures.strategies({"free": RUNS, "held": RUNS}, limit=0.005)
    left, right = fig.axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["free", "held"]
    assert [len(line.get_xdata()) for line in left.lines] == [5] * 4  # two hums for each strategy
    *dots, line = right.lines
    np.testing.assert_allclose([np.mean(dot.get_ydata()) for dot in dots], [0, 1], atol=1e-12)
    assert line.get_xdata() == [0.005, 0.005] and "free 0.65 (from 0.40 to 0.90)" in told


def test_a_kernel_on_the_input_filters_before_anything_else():
    kernel = structure.windowed_sinc(lured.TAPS, 0.09)
    net = lured.network(0, on_the_input=kernel)
    x, _ = lured.recordings(4, 0)
    np.testing.assert_allclose(net.layers[0].forward(x)[0, 0, 0], kernel @ x[0, 0, : lured.TAPS], atol=1e-5)
    assert list(net.groups) == ["input", "front", "filter", "rest"]
    assert lured.kernels_of(net).shape == (4, lured.TAPS)  # those of the layer, not of the input


def test_the_front_ends_with_the_filter():
    torch = pytest.importorskip("torch")
    from course_utils.beds.low_pass import torch_twin

    x, _ = lured.recordings(4, 0)
    for net, upto in ((lured.network(0), 2), (lured.network(0, on_the_input=Q[:, 0]), 3)):
        h = x
        for layer in net.layers[:upto]:
            h = layer.forward(h)
        np.testing.assert_array_equal(torch_twin.front(net)(torch.tensor(x)).numpy(), h)
