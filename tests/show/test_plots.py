"""Pictures: described, deterministic, legible."""

import subprocess
import sys

import matplotlib.pyplot as plt
import numpy as np
import pytest

from course_utils.show import plots

plt.switch_backend("Agg")  # no window, on a desktop either


def texts(ax):
    return [text.get_text() for text in ax.texts]


# Showing


def test_importing_the_package_loads_neither_matplotlib_nor_widgets_nor_torch():
    code = (
        "import sys, course_utils, course_utils.show.claims;"
        "print([name for name in ('matplotlib', 'ipywidgets', 'torch') if name in sys.modules])"
    )
    assert (
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        == "[]\n"
    )


def test_show_gives_html_with_alternative_text_and_the_description_and_closes(monkeypatch):
    shown = []
    monkeypatch.setattr(plots, "emit", lambda *forms: shown.append(forms))
    fig, _ = plt.subplots()
    plots.show(fig, 'Loss < 1 and\n  "falling"')
    [(html, plain, data)] = shown
    assert list(data) == ["image/png"] and data["image/png"] in html
    assert plain == 'Loss < 1 and "falling"'
    assert html.startswith('<img alt="Loss &lt; 1 and &quot;falling&quot;" src="data:image/png;base64,iVBOR')
    assert html.endswith('style="max-width:100%">')
    assert plt.get_fignums() == []


def test_show_outside_ipython_prints_the_description(capsys):
    plots.show(plt.figure(), "A blank sheet.")
    assert capsys.readouterr().out == "A blank sheet.\n"


@pytest.mark.parametrize("nothing", ["", "  \n", None])
def test_show_without_a_description_is_refused(nothing):
    with pytest.raises(ValueError, match="needs a description"):
        plots.show(plt.figure(), nothing)


def test_png_is_the_same_every_time_and_carries_no_version():
    def draw():
        fig, ax = plt.subplots()
        ax.plot([1, 2])
        return plots.png(fig)

    first = draw()
    assert first == draw()
    assert b"Software" not in first and b"matplotlib" not in first and b"tIME" not in first


def test_the_style_is_opaque_white_without_top_and_right_spines():
    fig, ax = plt.subplots()
    assert fig.get_facecolor() == ax.get_facecolor() == (1, 1, 1, 1)
    assert not ax.spines["top"].get_visible() and not ax.spines["right"].get_visible()
    assert tuple(fig.get_size_inches()) == (7, 3.6)
    ax.set_title("Message")
    assert ax.get_title(loc="left") == "Message"


# Curves


def test_roles_differ_by_dash_or_marker_and_not_only_by_colour():
    assert set(plots.COLOURS) == {
        "trainable",
        "frozen",
        "tail",
        "true",
        "estimate",
        "train",
        "heldout",
        "wrong",
    }
    assert all(plots.line(role)["color"] == plots.COLOURS[role] for role in plots.COLOURS)
    for pair in (("trainable", "frozen"), ("true", "estimate"), ("train", "heldout"), ("true", "wrong")):
        first, second = (plots.line(role) for role in pair)
        assert first["linestyle"] != second["linestyle"] and first["color"] != second["color"]


@pytest.mark.parametrize("role", plots.COLOURS)
def test_ink_is_legible_on_white(role):
    contrast = 1.05 / (plots.luminance(np.array(plots.ink(plots.COLOURS[role]))) + 0.05)
    assert contrast >= 4.5


def test_an_unknown_role_names_the_roles():
    with pytest.raises(ValueError, match="trainable, frozen"):
        plots.line("purple")


def test_spread_draws_each_seed_the_median_and_a_label_at_the_end():
    fig, ax = plt.subplots()
    runs = np.array([[3.0, 1, 0], [4, 2, 9], [5, 3, 1]])
    plots.spread(ax, [0, 1, 2], runs, "train", "train loss")
    drawn = [curve.get_ydata().tolist() for curve in ax.lines]
    assert drawn[:3] == runs.tolist()
    assert drawn[3] == [4, 2, 1] and ax.lines[3].get_linewidth() > 2 * ax.lines[0].get_linewidth()
    [label] = ax.texts
    assert label.get_text() == "train loss" and tuple(label.xy) == (2, 1)
    plots.png(fig)


@pytest.mark.parametrize("shape", [(3,), (2, 4), (0, 3), (3, 2), (1, 3, 1)])
def test_spread_refuses_other_shapes_with_a_sentence(shape):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"\(seeds, n\)"):
        plots.spread(ax, [0, 1, 2], np.zeros(shape), "train", "train")


@pytest.mark.filterwarnings("error")
def test_a_run_that_diverged_is_drawn_without_a_warning():
    fig, ax = plt.subplots()
    plots.spread(ax, [0, 1, 2], np.array([[1, np.inf, np.nan], [1, -np.inf, np.nan]]), "wrong", "diverged")
    assert tuple(ax.texts[0].xy) == (0, 1)
    plots.png(fig)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_labels_of_curves_that_end_together_do_not_overlap_and_nothing_is_clipped(scale):
    fig, ax = plt.subplots()
    for number, role in enumerate(["train", "heldout", "true", "estimate"]):
        plots.spread(ax, [0, 1], np.full((2, 2), 1 + 0.01 * number), role, f"label of {role}")
    plots.spread(ax, [0, 1], np.full((2, 2), 7.0), "wrong", "far")
    ax.set_yscale(scale)
    plots.png(fig)
    boxes = [label.get_window_extent() for label in ax.texts]
    heights = [box.y0 for box in boxes]
    assert heights[:4] == sorted(heights[:4])
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(
        box.x0 >= 0 and box.x1 <= fig.bbox.x1 and box.y0 >= 0 and box.y1 <= fig.bbox.y1 for box in boxes
    )
    # The label that is alone stays level with its curve.
    level = ax.transData.transform((1, 7))[1]
    assert abs((boxes[4].y0 + boxes[4].y1) / 2 - level) < 3


def test_apart_keeps_what_is_far_and_centres_what_is_near():
    np.testing.assert_allclose(plots.apart(np.array([0.0, 10, 20]), 3), [0, 10, 20])
    np.testing.assert_allclose(plots.apart(np.array([5.0, 5, 5, 30]), 2), [3, 5, 7, 30])
    np.testing.assert_allclose(plots.apart(np.array([0.0, 1, 2.5]), 2), [-5 / 6, 7 / 6, 19 / 6])


# Arrays


def test_matrix_writes_the_numbers_and_is_symmetric_around_zero():
    fig, ax = plt.subplots()
    plots.matrix(ax, [[0.123, -4], [1234, 1e-9], [-0.0, np.nan]], "W")
    assert texts(ax) == ["0.12", "−4", "1234", "1e−9", "0", "nan"]
    assert ax.images[0].get_clim() == (-1234, 1234)
    assert ax.get_title(loc="left") == "W"
    blue, white, orange = (plots.BLUE_ORANGE(x) for x in (0.0, 0.5, 1.0))
    assert blue[2] > blue[0] and orange[0] > orange[2] and min(white) > 0.98
    plots.png(fig)


def test_numbers_stay_inside_their_cells():
    fig, axes = plt.subplots(1, 3)
    rng = np.random.default_rng(0)
    for ax, shape in zip(axes, [(2, 3), (4, 4), (3, 5)], strict=True):
        plots.matrix(ax, rng.normal(size=shape), "A")
    plots.png(fig)
    for ax, columns in zip(axes, (3, 4, 5), strict=True):
        assert len(ax.texts) > 0
        cell = ax.get_window_extent().width / columns
        assert all(text.get_window_extent().width < cell for text in ax.texts)


@pytest.mark.parametrize("bad", [np.zeros(3), np.zeros((0, 2)), np.zeros((2, 2, 2))])
def test_matrix_refuses_what_is_not_a_matrix(bad):
    _, ax = plt.subplots()
    with pytest.raises(ValueError, match=r"shape \(rows, columns\)"):
        plots.matrix(ax, bad, "A")


@pytest.mark.parametrize("shape", [(12, 64), (12, 8, 8)])
def test_digits_draws_every_image_in_place_on_one_scale(shape):
    images = np.arange(12 * 64, dtype=float).reshape(shape)
    fig = plots.digits(images, [f"d{i}" for i in range(12)])
    assert [ax.get_title() for ax in fig.axes] == [f"d{i}" for i in range(12)]
    np.testing.assert_array_equal(fig.axes[11].images[0].get_array(), images[11].reshape(8, 8))
    assert {ax.images[0].get_clim() for ax in fig.axes} == {(0.0, 767.0)}
    plots.png(fig)


def test_digits_refuses_wrong_shapes_and_missing_titles():
    for bad in (np.zeros((3, 63)), np.zeros(64), np.zeros((0, 64)), np.zeros((2, 4, 16))):
        with pytest.raises(ValueError, match=r"\(n, 64\) or \(n, 8, 8\)"):
            plots.digits(bad, ["a"])
    with pytest.raises(ValueError, match="2 images, 1 titles"):
        plots.digits(np.zeros((2, 64)), ["a"])
