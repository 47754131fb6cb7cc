"""The pictures of lessons 11 and 12: every run is in them, and every label says which."""

import matplotlib.pyplot as plt
import numpy as np

from course_utils.beds.structure_pictures import draw_front, draw_strategies


def test_strategies_have_a_row_each_with_every_seed_and_the_limit():
    runs = np.linspace(0.4, 0.9, 5)
    strategies = {name: {"tied": runs, "random": runs, "share": runs / 100} for name in ("free", "held")}
    left, right = draw_strategies(strategies, limit=0.005).axes
    assert [label.get_text() for label in left.get_yticklabels()] == ["free", "held"]
    assert [len(line.get_xdata()) for line in left.lines] == [5] * 4  # two hums for each strategy
    *dots, line = right.lines
    np.testing.assert_allclose([np.mean(dot.get_ydata()) for dot in dots], [0, 1], atol=1e-12)
    assert line.get_xdata() == [0.005, 0.005]
    plt.close("all")


def test_front_goes_through_the_means_of_test_accuracy_and_names_each_alpha():
    runs = {0: np.array([[0.2, 0, 0.9], [0.3, 0, 0.94]]), 1: np.array([[0.5, 0, 0.8], [0.5, 0, 0.78]])}
    ax = plt.figure().subplots()
    draw_front(ax, runs)
    np.testing.assert_allclose(ax.lines[0].get_xydata(), [[0.25, 0.92], [0.5, 0.79]])
    assert [label.get_text() for label in ax.texts] == ["α 0", "α 1"]
    assert [len(dots.get_xdata()) for dots in ax.lines[1:]] == [2, 2]
    plt.close("all")
