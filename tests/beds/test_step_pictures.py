"""The pictures of lesson 09 say in words what was measured."""

import numpy as np

from course_utils.beds.unknown import step_pictures
from course_utils.beds.unknown.fronts import Run


def five(middle):
    return middle + np.array([-0.02, -0.01, 0, 0.01, 0.02])


def test_rows_have_a_dot_for_each_seed_and_tell_medians():
    fig, said = step_pictures.rows({"one way": five(0.4), "another": five(0.9)}, "A title", {})
    assert [label.get_text() for label in fig.axes[0].get_yticklabels()] == ["one way", "another"]
    assert {len(line.get_xdata()) for line in fig.axes[0].lines} == {5, 1}
    assert said == "A title. In the median: one way 0.40, another 0.90."


def test_each_tail_of_steps_has_a_panel():
    scores = {"differences ±0.0001": five(0.1), "smoothing": five(0.9)}
    fig, said = step_pictures.through_steps({"forest": scores, "rounded": scores})
    assert [ax.get_title(loc="left") or ax.get_title() for ax in fig.axes] == ["forest", "rounded"]
    assert said.count("smoothing 0.90") == 2


def test_widths_tell_accuracy_and_what_is_heard():
    said = step_pictures.widths({0.1: five(0.5), 0.7: five(0.9)}, {0.1: 0.07, 0.7: 0.27})[1]
    assert "0.50 at σ 0.1 with 7% of pairs heard" in said and "0.90 at σ 0.7 with 27%" in said


def test_truth_and_promise_are_told_apart():
    runs = np.stack([np.array([five(0.6), five(0.3)]).T, np.array([five(0.7), five(0.8)]).T], axis=-1)
    fig, said = step_pictures.promises({"a tail": runs, "b tail": runs}, [[0.1, 4], [1, 2]])
    assert "a tail, true: 0.60 at 0.1, 0.30 at 4" in said and "b tail, promised: 0.70 at 1, 0.80 at 2" in said
    said = step_pictures.directions(
        {32: {"differences": runs, "a plane": runs}, 64: {"x": runs, "y": runs}}, [1, 2]
    )[1]
    assert "32 queries, differences: 0.60 at 1, 0.30 at 2" in said


def test_a_slice_tells_its_levels():
    at = np.linspace(-1, 1, 9)
    assert "a staircase of 3 levels" in step_pictures.slice_of_loss(at, np.sign(at), at, 0.3)[1]


def test_the_race_names_who_is_there_and_who_is_not():
    def run(reached):
        queries = np.array([10, 100, 1000])
        return [Run(queries, np.where(queries >= reached, 0.9, 0.2), 0.9)] * 2

    runs = dict.fromkeys(step_pictures.CURVES, run(100)) | {"weight differences": run(5000)}
    said = step_pictures.race(runs, 0.88)[1]
    assert (
        said.endswith("Not there: weight differences.") and "on-line surrogate" in said.split("Not there")[0]
    )
