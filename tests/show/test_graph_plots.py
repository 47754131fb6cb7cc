"""The picture of a scalar graph: legible, and its arrows keep clear of the boxes."""

import sys
from itertools import pairwise
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from course_utils.show import graph as graph_plots


def texts(ax):
    return [text.get_text() for text in ax.texts]


def course(arrow):
    """The path that an arrow was given: Matplotlib's own ``get_path`` is the outline, head and all."""
    return arrow._path_original


def node(value, op="", inputs=(), name="", grad=None):
    return SimpleNamespace(value=value, op=op, inputs=tuple(inputs), name=name, grad=grad)


def neuron():
    x1, w1, x2, w2 = (
        node(v, name=n, grad=g) for v, n, g in [(2, "x1", -1.5), (-3, "w1", 1), (0, "x2", 0.5), (1, "w2", 0)]
    )
    first, second = node(-6, "*", (x1, w1)), node(0, "*", (x2, w2))
    total = node(-6, "+", (first, second), "s")
    shifted = node(0.8814, "+", (total, node(6.88137, name="b")), "n")
    return node(0.70710678, "tanh", (shifted,), "o", 1)


def square():
    x = node(3, name="x", grad=6)
    return node(9, "*", (x, x), "y", 1)


def diamond():
    x = node(3, name="x")
    double, cube = node(6, "*", (x, node(2))), node(27, "**3", (x,))
    return node(33, "+", (double, cube, x), "L")


def random_graph(seed):
    rng = np.random.default_rng(seed)
    nodes = [node(float(i), name=f"a{i}") for i in range(4)]
    while len(nodes) < 12:
        nodes.append(node(1.0, "+", [nodes[i] for i in rng.integers(len(nodes), size=2)], grad=0.5))
    unused = [n for n in nodes if not any(n is source for other in nodes for source in other.inputs)]
    return node(0.0, "sum", unused, "L")


GRAPHS = [neuron(), square(), diamond(), node(1.5), *(random_graph(seed) for seed in range(8))]


@pytest.mark.parametrize("root", GRAPHS)
def test_boxes_do_not_overlap_and_no_arrow_runs_through_a_box(root):
    fig = graph_plots.graph(root)
    fig.draw_without_rendering()
    [ax] = fig.axes
    boxes = [patch.get_bbox() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    nodes = graph_plots.in_order(root)
    assert len(boxes) == len(nodes) and len(arrows) == sum(len(n.inputs) for n in nodes)
    for i, box in enumerate(boxes):
        for other in boxes[:i]:
            assert box.x1 < other.x0 or other.x1 < box.x0 or box.y1 < other.y0 or other.y1 < box.y0
    for arrow in arrows:
        path = course(arrow).interpolated(1).to_polygons(closed_only=False)[0]
        # The two ends touch a box; everything between must be outside all of them.
        for a, b in pairwise(path):
            for t in np.linspace(0.02, 0.98, 9):
                x, y = a + t * (b - a)
                # above and below with room to spare, or a line would seem to touch the box
                inside = [q for q in boxes if q.x0 + 1e-6 < x < q.x1 - 1e-6 and q.y0 - 0.1 < y < q.y1 + 0.1]
                assert not inside
    limits = ax.viewLim
    assert all(limits.x0 < q.x0 and q.x1 < limits.x1 and limits.y0 < q.y0 and q.y1 < limits.y1 for q in boxes)


@pytest.mark.parametrize("root", GRAPHS)
def test_every_text_stays_inside_its_box(root):
    fig = graph_plots.graph(root)
    fig.draw_without_rendering()
    [ax] = fig.axes
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    for text in ax.texts:
        extent = text.get_window_extent()
        assert any(
            q.x0 < extent.x0 and extent.x1 < q.x1 and q.y0 < extent.y0 and extent.y1 < q.y1 for q in boxes
        )


def test_inputs_are_left_of_what_they_feed_and_leaves_stand_in_the_first_column():
    nodes = graph_plots.in_order(neuron())
    column = graph_plots.columns(nodes)
    assert all(column[id(source)] < column[id(n)] for n in nodes for source in n.inputs)
    assert {column[id(n)] for n in nodes if not n.inputs} == {0}


def test_x_times_x_has_two_arrows_that_are_apart():
    fig = graph_plots.graph(square())
    ends = [
        course(patch).vertices[[0, -1], 1]
        for patch in fig.axes[0].patches
        if isinstance(patch, FancyArrowPatch)
    ]
    assert len(ends) == 2 and (abs(ends[0] - ends[1]) > 0.1).all()


def shared_leaf():
    # In the order of computation (a, b, c) the arrow of b crosses the second one of a.
    a, b, c = (node(1.0, name=name) for name in "abc")
    return node(2.0, "+", (node(1.0, "*", (a, b)), node(1.0, "*", (c, a))))


@pytest.mark.parametrize("root", [neuron(), shared_leaf(), square()])
def test_a_graph_that_can_be_drawn_without_a_crossing_is(root):
    fig = graph_plots.graph(root)
    arrows = [course(patch) for patch in fig.axes[0].patches if isinstance(patch, FancyArrowPatch)]
    assert not any(a.intersects_path(b, filled=False) for i, a in enumerate(arrows) for b in arrows[:i])


def test_boxes_say_value_and_gradient_and_no_gradient_before_there_is_one():
    said = texts(graph_plots.graph(square()).axes[0])
    assert said == ["x", "value 3", "grad 6", "y = x · x", "value 9", "grad 1"]
    assert not any("grad" in text for text in texts(graph_plots.graph(diamond()).axes[0]))


def test_a_box_says_what_made_it_by_the_names_of_its_inputs():
    x, y = node(1, name="x"), node(2, name="y")
    made = [node(0, op, of) for op, of in (("+", (x, y)), ("*", (x, y)), ("tanh", (x,)), ("**3", (x,)))]
    assert [graph_plots.formula(one) for one in made] == ["x + y", "x · y", "tanh x", "**3"]
    assert graph_plots.formula(node(0, "+", (x, made[0]))) == "+"  # one input has no name
    assert graph_plots.formula(x) == ""


def test_describe_graph_says_each_node_after_its_inputs():
    assert graph_plots.describe_graph(square()) == (
        "A graph of 2 nodes. x = 3 (grad 6), a leaf; y = 9 (grad 1), made by * from x and x."
    )
    assert graph_plots.describe_graph(diamond()) == (
        "A graph of 5 nodes. x = 3, a leaf; constant 2, a leaf; step 1 = 6, made by * from x and constant 2; "
        "step 2 = 27, made by **3 from x; L = 33, made by + from step 1 and step 2 and x."
    )
    assert (
        graph_plots.describe_graph(node(-123456.0, name="a", grad=-0.0))
        == "A graph of 1 node. a = -1.23e5 (grad 0), a leaf."
    )
    assert graph_plots.describe_graph(neuron()) == graph_plots.describe_graph(neuron())


@pytest.mark.parametrize("draw", [graph_plots.graph, graph_plots.describe_graph])
def test_a_cycle_is_one_clear_sentence(draw):
    a = node(1.0, "+")
    b = node(1.0, "+", (a,))
    a.inputs = (b,)
    with pytest.raises(ValueError, match="has a cycle"):
        draw(a)


def test_a_chain_longer_than_the_recursion_limit_is_described():
    last = node(0.0, name="x")
    for _ in range(sys.getrecursionlimit() + 10):
        last = node(1.0, "+", (last,))
    assert f"step {sys.getrecursionlimit() + 10} = 1" in graph_plots.describe_graph(last)


RULES = {
    "+": lambda g, a, b: (g, g),
    "*": lambda g, a, b: (g * b, g * a),
    "tanh": lambda g, x: (g * (1 - 0.5),),
}


def used_twice():
    a, b = node(2, name="a", grad=-2), node(-3, name="b", grad=2)
    c = node(-6, "*", (a, b), "c", 1)
    return node(-4, "+", (c, a), "L", 1)


def test_with_rules_each_arrow_goes_back_and_carries_what_it_adds():
    fig = graph_plots.graph(used_twice(), RULES)
    fig.draw_without_rendering()
    [ax] = fig.axes
    arrows = [patch for patch in ax.patches if isinstance(patch, FancyArrowPatch)]
    assert {type(arrow.get_arrowstyle()).__name__ for arrow in arrows} == {
        "CurveFilledA"
    }  # head at the input
    labels = [text for text in ax.texts if text.get_bbox_patch()]
    assert [text.get_text() for text in labels] == ["−3", "2", "1", "1"]
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    extents = [text.get_window_extent() for text in labels]
    for i, extent in enumerate(extents):
        assert not any(extent.overlaps(other) for other in [*boxes, *extents[:i]])
    assert "c = -6 (grad 1), made by * from a and b, passes -3 to a and 2 to b" in graph_plots.describe_graph(
        used_twice(), RULES
    )


def test_a_title_stands_above_all_boxes():
    fig = graph_plots.graph(square(), title="Two uses")
    fig.draw_without_rendering()
    [ax] = fig.axes
    [title] = [text for text in ax.texts if text.get_text() == "Two uses"]
    boxes = [patch.get_window_extent() for patch in ax.patches if isinstance(patch, FancyBboxPatch)]
    assert all(box.y1 < title.get_window_extent().y0 for box in boxes)
    assert title.get_window_extent().y1 <= fig.bbox.y1
