"""Claims: shown in both forms, strict when asked, listed once by recap."""

import numpy as np
import pytest

from course_utils.show import claims
from course_utils.show.claims import claim, recap


@pytest.fixture(autouse=True)
def fresh_session(monkeypatch):
    monkeypatch.setattr(claims, "session", {})
    monkeypatch.delenv("COURSE_CLAIMS", raising=False)


@pytest.fixture
def shown(monkeypatch):
    """The (html, plain) pairs that were shown."""
    pairs = []
    monkeypatch.setattr(claims, "emit", lambda html, plain: pairs.append((html, plain)))
    return pairs


def test_a_claim_that_holds_has_a_tick_the_sentence_and_the_figure(shown):
    claim("Decay moves the body", True, "81 %")
    [(html, plain)] = shown
    assert plain == "✓ Decay moves the body: 81 % [this run]"
    assert all(part in html for part in ("✓", "Decay moves the body", "81 %"))
    assert "does not hold" not in html


def test_a_claim_that_fails_says_so_in_words_and_in_red(shown):
    claim("Decay moves the body", False, "0 %")
    [(html, plain)] = shown
    assert plain == "✗ does not hold here: Decay moves the body: 0 %"
    assert "✗ does not hold here" in html and "#B3261E" in html and "✓" not in html + plain


def test_a_claim_says_how_it_was_seen(shown, monkeypatch):
    monkeypatch.setattr(claims, "replicated", lambda: {"It was seen on others", "It is always so"})
    claim("It was seen on others.", True, "3")
    claim("It is always so", True, exact=True)
    claim("Nobody else saw it", True)
    claim("It was seen on others", False)
    assert [plain for _, plain in shown] == [
        "✓ It was seen on others: 3 [25 seeds]",
        "✓ It is always so [exact]",
        "✓ Nobody else saw it [this run]",
        "✗ does not hold here: It was seen on others",
    ]
    assert ["[25 seeds]" in html for html, _ in shown] == [True, False, False, False]


def test_without_ipython_the_plain_form_is_printed(capsys):
    claim("Two is less than three.", np.float64(2) < 3)
    assert capsys.readouterr().out == "✓ Two is less than three [this run]\n"


@pytest.mark.parametrize("truth", [True, np.True_, np.bool_(True), np.all(np.ones(3) > 0)])
def test_every_kind_of_true_is_accepted(shown, truth):
    claim("It holds", truth)
    assert shown[0][1].startswith("✓")


@pytest.mark.parametrize("not_bool", ["yes", 1, None, np.array([True]), np.array(True), 0.5])
def test_what_is_neither_true_nor_false_is_refused_in_one_sentence(shown, not_bool):
    with pytest.raises(TypeError, match="one True or False") as error:
        claim("It holds", not_bool)
    assert "\n" not in str(error.value)
    assert shown == []


def test_an_empty_sentence_is_refused():
    with pytest.raises(ValueError, match="needs a sentence"):
        claim("  ", True)


def test_strict_raises_after_showing_and_only_for_what_fails(shown, monkeypatch):
    monkeypatch.setenv("COURSE_CLAIMS", "strict")
    claim("This holds", True)
    with pytest.raises(AssertionError, match="This fails"):
        claim("This fails", False, "3")
    assert [plain[0] for _, plain in shown] == ["✓", "✗"]


def test_markup_in_a_sentence_is_shown_not_interpreted(shown):
    claim("a < b & c", True, "<b>3</b>")
    assert "a &lt; b &amp; c" in shown[0][0] and "&lt;b&gt;3" in shown[0][0]


def test_recap_lists_each_claim_once_in_order_with_its_latest_result(shown):
    claim("First", False, "1")
    claim("Second", True, "2")
    claim("First", True, "1.5")
    recap()
    html, plain = shown[-1]
    assert plain.splitlines() == [
        "Claims of this session",
        "✓ First: 1.5 [this run]",
        "✓ Second: 2 [this run]",
    ]
    assert html.index("First") < html.index("Second") and html.count("First") == 1


def test_recap_before_any_claim_says_what_to_do(shown):
    recap()
    assert "run the cells above" in shown[0][1]
