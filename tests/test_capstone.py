"""The task of lesson 12 is what its text says, and the board of scores survives whatever its file holds."""

import json

import numpy as np
import pytest

from course_utils import capstone, structure
from course_utils.blackbox import BudgetSpent
from course_utils.nn import softmax_cross_entropy


@pytest.fixture
def scores_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "my_progress.json"))
    return tmp_path / "my_progress_scores.json"


def test_source_reads_slow_tones_and_the_tail_reads_behind_its_own_receiver():
    x, y = capstone.tones(400, 5, "absent", cycles=(1, 3, 5))
    assert np.mean(capstone.source().forward(x).argmax(axis=1) == y) > 0.9
    logits = capstone.unknown_tail()(np.random.default_rng(0).normal(size=(500, capstone.K)))
    assert logits.shape == (500, 3) and set(logits.argmax(axis=1)) == {0, 1, 2}


def test_a_receiver_begins_with_the_source_and_a_filter_that_lets_all_through():
    front, box, x, y = capstone.task(3)
    for name in ("stage", "body"):
        part = front.groups[name]
        assert np.array_equal(front.theta[part], capstone.source().theta[part])
    assert capstone.stop_band_share(front) > 0.5
    assert x.shape == (capstone.LABELS, 1, 96) and set(y) == {0, 1, 2}
    assert not np.array_equal(front.theta, capstone.new_front(4).theta)
    assert front.forward(x).shape == (60, capstone.K)
    with pytest.raises(BudgetSpent):
        box(np.zeros((capstone.BUDGET + 1, capstone.K)))
    assert box.left == capstone.BUDGET


def test_projection_moves_the_filter_alone_and_once():
    front = capstone.new_front(0)
    project = capstone.low_pass(front)
    before = front.theta.copy()
    once = project(front.theta)
    part = front.groups["filter"]
    outside = np.ones(len(once), bool)
    outside[part] = False
    assert np.array_equal(once[outside], before[outside]) and np.array_equal(front.theta, before)
    np.testing.assert_allclose(project(once), once, atol=1e-6)
    front.theta = once
    assert capstone.stop_band_share(front) < 0.1
    kernels = once[part].reshape(4, 21)
    np.testing.assert_allclose(structure.project(kernels, capstone.LOW_PASS), kernels, atol=1e-6)


def test_penalty_is_the_gradient_of_the_share_times_its_strength():
    front = capstone.new_front(1)
    gradient = capstone.stop_band_gradient(front, 7.0)(front.theta.astype(float))
    outside = np.ones(len(gradient), bool)
    outside[front.groups["filter"]] = False
    assert not gradient[outside].any()
    before = capstone.stop_band_share(front)
    step = 1e-2 * gradient / np.linalg.norm(gradient)
    front.theta = front.theta - step
    fell = before - capstone.stop_band_share(front)
    np.testing.assert_allclose(fell, step @ gradient / 7.0, rtol=0.05)


def test_hidden_recordings_differ_in_their_hum_and_from_each_other():
    (x, _), (other, _) = capstone.heard("validation"), capstone.heard("test")
    assert x.shape == (400, 1, 96) and other.shape == (500, 1, 96)
    assert not np.array_equal(x[:10], other[:10])
    front, _, x, y = capstone.task(0)
    loss, _ = softmax_cross_entropy(capstone.unknown_tail()(front.forward(x)), y)
    assert np.isfinite(loss) and 0.1 < capstone.accuracy(front, "test") < 0.7  # untrained


def test_scores_are_kept_beside_the_progress_and_replaced_by_name(scores_file, capsys):
    assert capstone.scores() == {}
    capstone.keep_score("a", 0.5)
    capstone.keep_score("b", np.float64(0.75))
    capstone.keep_score("a", 0.625)
    assert json.loads(scores_file.read_text()) == {"a": 0.625, "b": 0.75} == capstone.scores()
    capstone.show_board({"a baseline": 0.7})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1] for line in lines[1:]] == ["you: b", "a baseline", "you: a"]
    assert [path.name for path in scores_file.parent.iterdir()] == [scores_file.name]  # no draft is left


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"a": "x", "b": true, "c": 7, "d": NaN}', "[" * 10_000, '{"a": [0.5]}']
)
def test_a_bad_file_never_raises(scores_file, text, capsys):
    scores_file.write_text(text)
    assert capstone.scores() == {}
    capstone.show_board({})
    capstone.keep_score("new", 0.5)
    assert capstone.scores() == {"new": 0.5}


def test_a_file_that_cannot_be_read_or_written_never_raises(scores_file):
    scores_file.mkdir()
    capstone.keep_score("a", 0.5)
    assert capstone.scores() == {}
    scores_file.rmdir()
    scores_file.write_bytes(b"\xff\xfe\x00")
    assert capstone.scores() == {}


def test_a_name_cannot_break_the_board(scores_file, capsys):
    capstone.keep_score("<b>", 0.5)
    capstone.show_board({})
    assert "you: <b>" in capsys.readouterr().out
