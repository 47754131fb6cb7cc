"""Cards, word for word and number for number."""

import re

import numpy as np
import pytest

from course_utils.exercises import all_exercises
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import Comparison, Outcome

RELU = all_exercises()["relu_backward"]
NOT_YET = "✗ Exercise 2.2 · relu_backward · not yet"
GOES_ON = "Until it is solved, `relu_backward` stands for the course's own version, so the lesson runs on. A hint: `relu_backward.hint()`"


def words(html: str) -> list[str]:
    return [piece for piece in re.split(r"<[^>]*>", html) if piece]


def compared(yours, expected) -> tuple[str, str]:
    """The card of two values that differ, as HTML and as plain text."""
    outcome = Outcome("not yet", "Wrong.", comparison=Comparison("one row", "grad_x", yours, expected))
    return draw(RELU, outcome)


def tables(yours, expected) -> list[list[str]]:
    """The rows of numbers on the plain card, without their labels."""
    lines = compared(yours, expected)[1].splitlines()
    return [line[4:].split() for line in lines[3:] if line.startswith("    ")]


def test_a_card_shows_yours_expected_and_the_difference():
    html, plain = compared(np.array([[1.0, -2.0]]), np.array([[1.0, 0.5]]))
    assert plain.splitlines() == [
        NOT_YET,
        "  Wrong.",
        "  grad_x on the case: one row",
        "    yours                1         -2",
        "    expected             1        0.5",
        "    difference           0       -2.5",
        f"  {GOES_ON}",
    ]
    assert words(html) == [
        NOT_YET, "Wrong.", "grad_x", " on the case: one row", "yours", "1", "-2", "expected", "1", "0.5",
        "difference", "0", "-2.5", "Until it is solved, ", "relu_backward",
        " stands for the course&#x27;s own version, so the lesson runs on. A hint: ", "relu_backward.hint()",
    ]  # fmt: skip


def test_only_the_first_row_of_a_table_is_labelled():
    plain = compared(np.zeros((2, 1)), np.ones((2, 1)))[1].splitlines()
    assert [line[:15].strip() for line in plain[3:9]] == ["yours", "", "expected", "", "difference", ""]


def test_each_number_is_shaded_by_its_share_of_the_largest_in_its_table():
    html, _ = compared(np.array([[4.0, -2.0, np.inf]]), np.array([[0.5, 0.0, 0.0]]))
    shades = re.findall(r"rgba\((\d+,\d+,\d+),([\d.]+)\);border.*?>([^<]*)</td>", html)
    orange, blue = "230,159,0", "0,114,178"
    assert shades[:6] == [
        (orange, "0.45", "4"), (blue, "0.23", "-2"), (orange, "0.00", "inf"),
        (orange, "0.45", "0.5"), (blue, "0.00", "0"), (blue, "0.00", "0"),
    ]  # fmt: skip
    nothing, _ = compared(np.zeros((1, 1)), np.array([[2.0]]))
    assert re.findall(r",([\d.]+)\);border", nothing) == ["0.00", "0.45", "0.45"]


@pytest.mark.parametrize(
    "shape, rows, columns", [((2, 3), 2, 3), ((4,), 1, 4), ((2, 2, 3), 4, 3), ((), 1, 1), ((9, 20), 6, 6)]
)
def test_any_array_is_shown_as_one_small_table(shape, rows, columns):
    shown = tables(np.zeros(shape), np.ones(shape))
    yours = [row[-columns:] for row in shown[:rows]]
    assert yours == [["0"] * columns] * rows and len(shown) == 3 * rows


@pytest.mark.parametrize("worst, first", [(0, 0), (3, 0), (4, 1), (10, 7), (17, 14), (19, 14)])
def test_of_a_long_array_the_six_entries_around_the_worst_are_shown(worst, first):
    expected = np.arange(20.0)
    yours = expected + 0.5
    yours[worst] -= 3
    assert tables(yours, expected)[1][1:] == [f"{i}" for i in range(first, first + 6)]


def test_an_entry_that_is_no_number_is_not_the_worst():
    expected = np.arange(20.0)
    yours = expected.copy()
    yours[1], yours[15] = np.nan, 99.0
    assert "15" in tables(yours, expected)[1]


def test_rounding_dust_is_shown_as_no_difference_and_small_mistakes_are_not():
    expected = np.array([1.0, 1e-3, 0.0, 2.0, -1e-12])
    yours = np.array([1 + 1e-12, 1e-3 + 1e-7, 1e-12, 3.0, 1.0])
    assert tables(yours, expected)[2][1:] == ["0", "1e-07", "0", "1", "1"]


@pytest.mark.parametrize(
    "yours, expected",
    [
        ("a", np.ones(1)),
        (np.ones(1), "a"),
        (np.ones(2), np.ones(1)),
        (np.ones(0), np.ones(0)),
        ([1.0], [2.0]),
    ],
)
def test_what_makes_no_table_gets_none(yours, expected):
    html, plain = compared(yours, expected)
    assert plain.splitlines() == [NOT_YET, "  Wrong.", f"  {GOES_ON}"]
    assert words(html)[:3] == [NOT_YET, "Wrong.", "Until it is solved, "]


def test_no_zero_has_a_minus():
    assert tables(np.array([-0.0, 1.0]), np.array([-0.0, 2.0]))[0][1:] == ["0", "1"]


def test_one_wrong_number_is_a_table():
    assert tables(np.array(1.0), np.array(2.0)) == [["yours", "1"], ["expected", "2"], ["difference", "-1"]]


def test_a_blank_exercise_offers_its_first_hint():
    html, plain = draw(RELU, Outcome("not attempted", "Write it."))
    assert plain.splitlines() == [
        "○ Exercise 2.2 · relu_backward · not attempted",
        "  Write it.",
        f"  {GOES_ON}",
    ]
    hint = words(html)[words(html).index("First hint") + 1 :]
    assert "".join(hint) == RELU.hints[0].replace("`", "")


def test_a_solved_card_says_whose_function_runs():
    _, plain = draw(RELU, Outcome("solved", "Checked."))
    assert plain.splitlines() == [
        "✓ Exercise 2.2 · relu_backward · solved",
        "  Checked.",
        "  From here on, `relu_backward` is your own function.",
    ]
    _, slow = draw(RELU, Outcome("solved", "Checked.", slow_call=0.0124))
    assert "  Right, and slow: 12 ms for one batch of this lesson, so training would take minutes." in slow


@pytest.mark.parametrize(
    "printed, lines, told",
    [
        ("one\n", 1, "It printed 1 line, beginning: one"),
        ("a\nb\nc\nd\n", 4000, "It printed 4,000 lines, beginning: a | b | c"),
        ("x" * 500 + "\n", 2, f"It printed 2 lines, beginning: {'x' * 160}"),
    ],
)
def test_what_it_printed_is_counted_and_shown_in_part(printed, lines, told):
    _, plain = draw(RELU, Outcome("not yet", "Wrong.", printed=printed, lines_printed=lines))
    assert plain.splitlines()[2] == f"  {told}"
    _, plain = draw(RELU, Outcome("solved", "Right.", printed=printed, lines_printed=lines))
    assert plain.splitlines()[2].startswith("  It also prints; from here on its printing is switched off")
