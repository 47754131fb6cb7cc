"""The task of lesson 12 is what its text says, and the board of scores survives whatever its file holds."""

import json

import numpy as np
import pytest

from course_utils import exercises
from course_utils.beds import capstone
from course_utils.engine import structure
from course_utils.engine.blackbox import BudgetSpent
from course_utils.engine.nn import softmax_cross_entropy
from course_utils.exercises import board
from course_utils.exercises.lessons import lesson12


@pytest.fixture
def scores_file(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "my_progress.json"))
    return tmp_path / "my_progress_scores.json"


def solved():
    """The exercise as it stands in a notebook, solved with a design of one's own."""

    def design():
        return lesson12.design() | {"penalty": 0.5}

    return exercises.exercise(design)


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
    assert board.scores() == {}
    board.keep_score("a", 0.5)
    board.keep_score("b", np.float64(0.75))
    board.keep_score("a", 0.625)
    assert json.loads(scores_file.read_text()) == {"a": 0.625, "b": 0.75} == board.scores()
    board.show_board({"a baseline": 0.7})
    lines = capsys.readouterr().out.splitlines()
    assert [line.split("  ")[-1] for line in lines[1:]] == ["you: b", "a baseline", "you: a"]
    assert [path.name for path in scores_file.parent.iterdir()] == [scores_file.name]  # no draft is left


@pytest.mark.parametrize(
    "text", ["", "{", "[1]", "null", '{"a": "x", "b": true, "c": 7, "d": NaN}', "[" * 10_000, '{"a": [0.5]}']
)
def test_a_bad_file_never_raises(scores_file, text, capsys):
    scores_file.write_text(text)
    assert board.scores() == {}
    board.show_board({})
    board.keep_score("new", 0.5)
    assert board.scores() == {"new": 0.5}


def test_a_file_that_cannot_be_read_or_written_never_raises(scores_file):
    scores_file.mkdir()
    board.keep_score("a", 0.5)
    assert board.scores() == {}
    scores_file.rmdir()
    scores_file.write_bytes(b"\xff\xfe\x00")
    assert board.scores() == {}


def test_a_name_cannot_break_the_board(scores_file, capsys):
    board.keep_score("<b>", 0.5)
    board.show_board({})
    assert "you: <b>" in capsys.readouterr().out


def test_half_a_character_in_a_name_cannot_break_the_board(scores_file, capsys):
    board.keep_score("half \ud800", 0.5)
    scores_file.write_text('{"other \\udc00": 0.25}')
    board.keep_score("half \ud800", 0.5)
    board.show_board({})
    assert board.scores() == {"other ?": 0.25, "half ?": 0.5}
    capsys.readouterr().out.encode()


def projected(seed):
    front = capstone.new_front(seed)
    front.theta = capstone.low_pass(front)(front.theta)
    return front


def test_a_receiver_meets_every_demand_or_is_told_which_it_breaks():
    front = projected(0)
    assert capstone.broken_demand(front) == ""
    assert "leaks" in capstone.broken_demand(capstone.new_front(0))
    front.theta[front.groups["stage"].start] *= 1 + 1e-6
    assert "bitwise" in capstone.broken_demand(front)


def test_the_budget_ends_at_its_last_query():
    box = capstone.task(0).box
    box(np.zeros((capstone.BUDGET, capstone.K)))
    with pytest.raises(BudgetSpent):
        box(np.zeros((1, capstone.K)))
    assert capstone.measure({0: (projected(0), box.left), 1: (projected(1), 48)})["left"].tolist() == [0, 48]


def test_measuring_tells_each_seed_by_itself():
    still, moved = projected(1), projected(2)
    moved.theta[moved.groups["body"]] *= 3
    found = capstone.measure({1: (still, 0), 2: (moved, 0)})
    np.testing.assert_allclose(found["body moved"], [0, 2], atol=1e-6)
    assert found["test"][0] == capstone.accuracy(still, "test") and list(found["breaks"]) == ["", ""]


def nothing_handed_over(front, box, x, y, seed):
    return None


def no_numbers(front, box, x, y, seed):
    for value in (1.0, np.nan):
        front.grad = np.full_like(front.grad, value)
        yield


def steps_by_itself(front, box, x, y, seed):
    front.theta = 2 * front.theta
    yield


def breaks_down(front, box, x, y, seed):
    yield
    box(np.zeros((capstone.BUDGET + 1, capstone.K)))


GRADIENTS = {
    wrong.__name__: wrong for wrong in (nothing_handed_over, no_numbers, steps_by_itself, breaks_down)
}


def measured(chosen):
    front, box, x, y = capstone.task(0)
    for _ in capstone.filled(GRADIENTS[chosen["gradient"]](front, box, x, y, 0), front):
        pass
    return capstone.measure({0: (front, box.left)})


@pytest.mark.parametrize(
    ("gradient", "told"),
    [
        ("nothing_handed_over", "no generator"),
        ("no_numbers", "the gradient of step 2 holds NaN"),
        ("steps_by_itself", "at step 1 your gradient changes front.theta"),
        ("breaks_down", "BudgetSpent: This call needs 1201 queries"),
        ("not there", "GRADIENTS has no entry 'not there'"),
    ],
)
def test_a_gradient_that_is_none_costs_a_sentence_and_gets_no_score(scores_file, capsys, gradient, told):
    chosen = lesson12.design() | {"gradient": gradient}
    design = solved()
    capsys.readouterr()
    board.score("mine", chosen, design, GRADIENTS, measured)
    said = capsys.readouterr().out
    assert said.startswith("Nothing was put on the board: ") and told in said and said.count("\n") == 1
    assert board.scores() == {}


def test_a_step_far_too_large_is_told_with_its_number():
    front, box, x, y = capstone.task(0)

    def two(front, box, x, y, seed):
        yield
        yield

    steps = capstone.filled(two(front, box, x, y, 0), front)
    next(steps)
    front.theta = np.full_like(front.theta, np.inf)
    with pytest.raises(capstone.WrongGradient, match="step 1 leaves NaN"):
        next(steps)


@pytest.mark.parametrize("wrong", lesson12.DESIGN.misconceptions, ids=lambda wrong: wrong.name)
def test_a_design_that_breaks_a_rule_gets_no_score(scores_file, capsys, wrong):
    board.score("mine", wrong.wrong(), solved(), {"surrogate": None}, None)
    assert wrong.message in capsys.readouterr().out and board.scores() == {}


def test_only_a_solved_design_that_meets_the_demands_gets_a_score(scores_file, capsys):
    found = {"validation": np.array([0.5, 0.75]), "breaks": ["", ""]}

    def put_on_the_board(name, design):
        board.score(name, lesson12.design(), design, {"surrogate": None}, lambda chosen: found)

    for not_checked in (exercises.course_versions("12")["design"], lesson12.design):
        put_on_the_board("mine", not_checked)
        assert board.scores() == {} and "12.4 is not solved" in capsys.readouterr().out
    put_on_the_board("mine", solved())
    assert board.scores() == {"mine": 0.625}
    found["breaks"][1] = "the stage is not bitwise what it was."
    put_on_the_board("again", solved())
    assert board.scores() == {"mine": 0.625}
