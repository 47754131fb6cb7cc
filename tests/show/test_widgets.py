"""Widgets: what a click does, and that what is stored depends on none."""

import json
import warnings

import matplotlib.pyplot as plt
import nbformat
import numpy as np
import pytest
from nbclient import NotebookClient
from nbconvert import LatexExporter

from course_utils.show import widgets
from course_utils.show.widgets import Prediction, predict, reveal, what_if

plt.switch_backend("Agg")  # no window, on a desktop either

VIEW = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def shown(monkeypatch):
    """What was shown, in order: (live widget or None, html, plain)."""
    seen = []
    monkeypatch.setattr(
        widgets, "display_live", lambda live, html, plain, data=None: seen.append((live, html, plain))
    )
    monkeypatch.setattr(widgets, "emit", lambda html, plain: seen.append((None, html, plain)))
    return seen


def draw(rate, momentum=0.0):
    fig, ax = plt.subplots(figsize=(2, 1))
    ax.plot([rate, momentum])
    return fig, f"Rate {rate:g},\n momentum {momentum:g}."


# Predictions


def test_a_prediction_is_none_until_a_click_and_can_be_changed(shown):
    prediction = predict("moves", "Does it move?", ["not at all", "a little", "a lot"])
    assert prediction.choice is None
    prediction.buttons[1].click()
    assert prediction.choice == "a little"
    prediction.buttons[2].click()
    assert prediction.choice == "a lot"


def test_the_chosen_button_is_marked_by_more_than_colour(shown):
    prediction = predict("moves", "Does it move?", ["no", "yes"])
    prediction.buttons[0].click()
    prediction.buttons[1].click()
    assert [button.description for button in prediction.buttons] == ["no", "✓ yes"]
    assert [button.style.font_weight for button in prediction.buttons] == ["normal", "bold"]
    assert "yes" in prediction.status.value and 'role="status"' in prediction.status.value


def test_reveal_compares_kindly_and_says_why(shown):
    prediction = predict("moves", "Does <it> move?", ["no", "yes"])
    reveal("moves", "yes", "decay < mask")
    prediction.buttons[1].click()
    reveal("moves", "yes")
    prediction.buttons[0].click()
    reveal("moves", "yes", "decay < mask")
    unanswered, right, different = (plain for _, _, plain in shown[1:])
    assert unanswered == "Measured: yes.\ndecay < mask"
    assert right == "You predicted yes; measured: yes.\nYour prediction is right."
    assert different.startswith("You predicted no; measured: yes.\nIt came out different")
    assert different.endswith("\ndecay < mask") and "decay &lt; mask" in shown[-1][1]


def test_the_first_option_that_is_true_is_what_was_measured(shown):
    prediction = predict("moves", "How many?", ["none", "some", "all"])
    for measured, said in [
        ({"none": np.bool_(False), "some": np.bool_(True), "all": True}, "Measured: some.\nwhy"),
        ({"none": False, "all": False}, "Measured: none of these."),
    ]:
        reveal("moves", measured, "why")
        assert shown[-1][2] == said
    prediction.buttons[0].click()
    reveal("moves", {"none": False})
    assert shown[-1][2].startswith("You predicted none; measured: none of these.\nIt came out different")
    with pytest.raises(ValueError, match="The answer 'few' is none of the options: none, some, all"):
        reveal("moves", {"few": False})


def test_an_answer_that_is_no_option_is_an_error_that_lists_the_options(shown):
    with pytest.raises(ValueError, match=r"'maybe' is none of the options: no, yes"):
        predict("moves", "Does it move?", ["no", "yes"])
        reveal("moves", "maybe")


def test_a_prediction_that_was_skipped_leaves_nothing_behind(shown):
    reveal("never asked", {"no": False, "yes": True}, "Because.")
    assert [plain for _, _, plain in shown] == ["Measured: yes.\nBecause."]


def test_a_prediction_asked_again_forgets_the_old_choice(shown):
    predict("moves", "Does it move?", ["no", "yes"]).buttons[1].click()
    predict("moves", "Does it move?", ["no", "yes"])
    reveal("moves", "yes")
    assert shown[-1][2] == "Measured: yes."


def test_an_older_copy_of_a_lesson_is_told_how_to_get_the_new_one():
    with pytest.raises(TypeError, match="older than the course.* make fresh"):
        predict("Does it move?", ["no", "yes"])


@pytest.mark.parametrize("options", ["yes", [], ["yes"], ["yes", "yes"], ["yes", ""], [1, 2]])
def test_options_that_are_no_choice_are_refused(options):
    with pytest.raises(ValueError, match="A prediction offers"):
        Prediction("Does it move?", options)


# What if


def test_the_first_picture_is_at_start_or_in_the_middle(shown):
    what_if(draw, start={"rate": 1.0}, rate=[0.01, 0.1, 1.0], momentum=[0.0, 0.5, 0.9])
    live, html, plain = shown[0]
    assert plain == (
        "What if: rate = 1 (of 0.01, 0.1, 1), momentum = 0.5 (of 0, 0.5, 0.9)\nRate 1, momentum 0.5."
    )
    assert '<img alt="Rate 1, momentum 0.5." src="data:image/png;base64,' in html
    assert [slider.label for slider in live.children[:2]] == ["1", "0.5"]


def test_moving_a_slider_changes_picture_and_caption_and_draws_each_value_once(shown):
    calls = []

    def counted(rate):
        calls.append(rate)
        return draw(rate)

    what_if(counted, rate=[0.1, 0.2, 0.30000000000000004])
    slider, picture = shown[0][0].children
    before = picture.value
    slider.value = 2
    after = picture.value
    assert after.count("Rate 0.3, momentum 0.") == 2  # the alternative text and the caption
    assert after.split("base64,")[1] != before.split("base64,")[1]
    slider.value = 1
    assert picture.value == before
    slider.value = 2
    assert picture.value == after
    assert calls == [0.2, 0.30000000000000004]
    assert plt.get_fignums() == []


def test_an_error_in_draw_is_one_sentence_and_hides_the_stale_picture(shown):
    def fragile(rate):
        plt.figure()
        if rate > 1:
            raise ValueError("the loss is\nno longer finite")
        return draw(rate)

    what_if(fragile, start={"rate": 1}, rate=[1, 2])
    slider, picture = shown[0][0].children
    slider.value = 1
    assert "This value could not be drawn: the loss is no longer finite" in picture.value
    assert "<img" not in picture.value
    assert plt.get_fignums() == []
    slider.value = 0
    assert '<img alt="Rate 1,' in picture.value


@pytest.mark.parametrize("wrong", [None, "picture", ("picture", "words"), (None, "")])
def test_a_draw_that_returns_something_else_is_a_sentence_too(shown, wrong):
    what_if(lambda rate: wrong, rate=[1])
    assert "This value could not be drawn: " in shown[0][2]
    assert "<img" not in shown[0][1]


def test_overflow_in_draw_is_quiet(shown):
    def diverging(rate):
        return draw(float(np.float64(1e300) * rate < 0))

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        what_if(diverging, rate=[np.float64(1e300)])
    assert "Rate 0" in shown[0][2]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "at least one slider"),
        ({"rate": []}, "has no values"),
        ({"rate": [1], "start": {"rate": 2}}, "not on its slider"),
        ({"rate": [1], "start": {"speed": 1}}, "no slider"),
    ],
)
def test_a_slider_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        what_if(draw, **arguments)


def test_a_text_becomes_a_box_to_type_in(shown):
    def length(word, times):
        if "?" in word:
            raise ValueError("no question marks")
        return plt.figure(figsize=(2, 1)), f"{len(word) * times} letters."

    what_if(length, word="two words", times=[1, 2], start={"times": 2})
    live, _, plain = shown[0]
    assert plain == "What if: word = two words, times = 2 (of 1, 2)\n18 letters."
    box, _, picture = live.children
    box.value = "three"
    assert "10 letters." in picture.value
    box.value = "what?"
    assert "This value could not be drawn: no question marks" in picture.value
    box.value = ""
    assert "0 letters." in picture.value


def test_a_slider_may_offer_arrays(shown):
    small, large = np.zeros(2), np.ones(2)
    what_if(lambda W: draw(W.sum()), start={"W": large}, W=[small, large, np.full(2, 2.0)])
    assert "W = [1. 1.]" in shown[0][2]


def test_the_text_of_a_box_is_not_given_by_start():
    with pytest.raises(ValueError, match="no slider"):
        what_if(lambda word: draw(1), word="a", start={"word": "b"})


def test_a_bar_hands_on_everything_and_an_error(capsys):
    assert list(widgets.with_bar(range(3), "counting")) == [0, 1, 2]
    with pytest.raises(ZeroDivisionError):
        for number in widgets.with_bar([1, 0], "dividing"):
            1 / number
    assert "counting" in capsys.readouterr().err


# In a kernel

CELLS = [
    """
from course_utils.show.widgets import predict, reveal, what_if
from course_utils.show import plots
from course_utils.show.claims import claim, recap
import matplotlib.pyplot as plt""",
    "moves = predict('moves', 'Does it move?', ['no', 'yes'])",
    "predict('last', 'Last line?', ['no', 'yes'])",
    "reveal('moves', 'yes', 'Because.')",
    """
def draw(rate):
    fig, ax = plt.subplots()
    ax.plot([0, rate])
    return fig, f'A line up to {rate:g}.'
what_if(draw, rate=[0.1, 1, 10])""",
    """
fig, ax = plt.subplots()
plots.show(fig, 'Empty axes.')""",
    """
claim('It holds', True, '3')
recap()""",
    """
from course_utils.show.widgets import with_bar
squares = [n * n for n in with_bar(range(3), 'squares')]""",
]


@pytest.fixture(scope="module")
def notebook():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3", store_widget_state=False).execute()
    return notebook


@pytest.fixture(scope="module")
def executed(notebook):
    return [cell.outputs for cell in notebook.cells]


def test_pictures_go_into_a_pdf(notebook):
    tex, resources = LatexExporter().from_notebook_node(notebook)
    assert len(resources["outputs"]) == 2 and all(name in tex for name in resources["outputs"])


def test_a_kernel_gives_one_bundle_for_each_and_nothing_else(executed):
    kinds = [[output.output_type for output in outputs] for outputs in executed]
    assert kinds == [[], *([["display_data"]] * 5), ["display_data"] * 2, []]  # the bar is gone


def test_widgets_are_stored_with_a_static_form(executed):
    for outputs, words in (
        (executed[1], "( ) yes"),
        (executed[2], "Last line?"),
        (executed[4], "A line up to 1."),
    ):
        [output] = outputs
        picture = {"image/png"} if outputs is executed[4] else set()
        assert set(output.data) == {VIEW, "text/html", "text/plain"} | picture
        assert words in output.data["text/plain"]
        assert output.data[VIEW]["model_id"]
    for output in (output for outputs in executed for output in outputs):
        plain = json.dumps(output.data["text/plain"])
        assert not any(name in plain for name in ("VBox", "Figure", "<", "object"))


def test_pictures_claims_and_answers_are_stored_as_html_and_words(executed):
    for outputs in (executed[3], executed[5], executed[6]):
        picture = {"image/png"} if outputs is executed[5] else set()
        assert all(set(output.data) == {"text/html", "text/plain"} | picture for output in outputs)
    assert executed[3][0].data["text/plain"] == "Measured: yes.\nBecause."
    assert executed[5][0].data["text/plain"] == "Empty axes."
    assert executed[5][0].data["text/html"].startswith('<img alt="Empty axes."')
