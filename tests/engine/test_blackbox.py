"""BlackBox: what it computes, counts, refuses and hides."""

import copy
import operator
import pickle
import subprocess
import sys

import numpy as np
import pytest

from course_utils.engine.blackbox import BlackBox, BudgetSpent
from course_utils.engine.nn import Linear, Network, Tanh

H = np.random.default_rng(0).normal(size=(70, 3))  # two full chunks and a short one
TAIL = Network(Linear(3, 8), Tanh(), Linear(8, 2), seed=1).forward


def spy(seen):
    """A g that keeps what it is given: the chunks, as they were."""

    def g(h):
        seen.append(h.copy())
        return 2 * h

    return g


# --- what it computes and counts ---


def test_it_returns_g_of_h_as_float64_and_counts_examples():
    box = BlackBox(lambda h: h[:, :2].astype(np.float32))
    y = box(H)
    assert y.dtype == np.float64
    np.testing.assert_array_equal(y, H[:, :2].astype(np.float32))
    assert (box.queries, box.left) == (70, None)
    box(H[:1])
    assert box.queries == 71


def test_g_gets_the_rows_in_order_and_at_most_chunk_at_a_time():
    seen = []
    BlackBox(spy(seen))(H)
    assert [len(rows) for rows in seen] == [32, 32, 6]
    np.testing.assert_array_equal(np.concatenate(seen), H)
    seen.clear()
    BlackBox(spy(seen), chunk=100)(H.astype(np.float32))
    assert [rows.dtype for rows in seen] == [np.float64]


def test_g_can_change_neither_h_nor_what_was_returned_before():
    h, kept = H.copy(), np.empty((70, 3))

    def g(h):
        h *= 2
        kept[:] = h
        return kept

    box = BlackBox(g, chunk=70)
    first = box(h)
    np.testing.assert_array_equal(h, H)
    box(h + 1)
    np.testing.assert_array_equal(first, 2 * H)


def test_a_call_past_the_budget_evaluates_and_counts_nothing():
    seen = []
    box = BlackBox(spy(seen), budget=5)
    box(H[:3])
    with pytest.raises(BudgetSpent, match=r"needs 3 queries and 2 of 5 are left: push fewer rows") as told:
        box(H[:3])
    assert isinstance(told.value, RuntimeError)
    assert (len(seen), box.queries, box.left) == (1, 3, 2)
    box(H[:2])  # all of what is left may be spent
    assert box.left == 0
    with pytest.raises(BudgetSpent):
        BlackBox(TAIL, budget=0)(H)


def test_noise_is_gaussian_of_that_size_and_comes_from_the_seed():
    zeros = np.zeros((2000, 3))
    noise = BlackBox(operator.pos, noise=0.1, seed=1)(zeros)
    assert abs(noise.mean()) < 0.01 and abs(noise.std() - 0.1) < 0.01
    assert abs((np.abs(noise) < 0.1).mean() - 0.683) < 0.03  # within one standard deviation
    np.testing.assert_array_equal(BlackBox(operator.pos, noise=0.1, seed=1)(zeros), noise)
    assert (BlackBox(operator.pos, noise=0.1, seed=2)(zeros) != noise).all()
    box = BlackBox(operator.pos, noise=0.1)
    first = box(zeros)
    assert (first != box(zeros)).all()
    np.testing.assert_array_equal(first, BlackBox(operator.pos, noise=0.1, seed=0)(zeros))


def test_noise_is_added_to_what_g_answers():
    answers = BlackBox(TAIL, noise=0.01, seed=1)(H)
    assert 0 < np.abs(answers - TAIL(H)).max() < 0.06


# --- what it refuses ---


@pytest.mark.parametrize(
    ("h", "told"),
    [
        (H[0], r"h must be an array of shape \(N, width\).*not \(3,\)"),
        (H[None], r"not \(1, 70, 3\)"),
        (H[:0], r"not \(0, 3\)"),
        (H[:, :0], r"not \(70, 0\)"),
        (H.tolist(), "not list"),
        (1.0, "not float"),
        (np.where(np.arange(70)[:, None] == 4, np.nan, H), "h must be finite, and holds NaN"),
        (np.array([[np.inf]]), "h must be finite, and holds NaN or infinity"),
        (np.array([["a"]]), "could not convert string"),
    ],
)
def test_a_wrong_h_is_refused_before_it_counts(h, told):
    seen = []
    box = BlackBox(spy(seen), budget=100)
    with pytest.raises(ValueError, match=told):
        box(h)
    assert (seen, box.queries, box.left) == ([], 0, 100)


@pytest.mark.parametrize(
    "wrong",
    [
        {"budget": -1},
        {"noise": -0.1},
        {"noise": np.nan},
        {"noise": np.inf},
        {"chunk": 0},
    ],
    ids=str,
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValueError, match="^budget and noise are finite and at least 0, and chunk at least 1"):
        BlackBox(TAIL, **wrong)


def test_the_smallest_settings_that_make_sense_are_taken():
    assert BlackBox(TAIL, budget=0).left == 0
    np.testing.assert_allclose(BlackBox(TAIL, chunk=1)(H), TAIL(H), rtol=1e-12)


@pytest.mark.parametrize(
    ("g", "told"),
    [
        (lambda h: h[:, 99], "IndexError: index 99"),
        (lambda h: h[1:], r"its result must be an array of shape \(32, width\).*not \(31, 3\)"),
        (lambda h: h[:, 0], r"not \(32,\)"),
        (lambda h: None, "not NoneType"),
        (lambda h: h.tolist(), "not list"),
        (lambda h: np.where(h == H[69], np.nan, h), "its result must be finite"),
        (lambda h: np.ones((len(h), len(h))), "dimensions"),
    ],
)
def test_what_goes_wrong_in_g_is_said_to_be_from_g_and_counts(g, told):
    box = BlackBox(g, budget=100)
    with pytest.raises(RuntimeError, match=rf"g failed on these 70 queries.*\(70 so far\): .*{told}") as e:
        box(H)
    assert e.value.__cause__ is not None
    assert (box.queries, box.left) == (70, 30)


def test_a_tensor_that_requires_a_gradient_is_refused_and_a_detached_one_is_not():
    import torch

    box, h = BlackBox(TAIL), torch.tensor(H, requires_grad=True)
    for refused in (h, h * 2):
        with pytest.raises(TypeError, match="^This box has no backward: pass h.detach.*engine.estimate"):
            box(refused)
    assert box.queries == 0
    np.testing.assert_array_equal(box(h.detach()), box(H))


def test_pytorch_is_not_loaded():
    script = "import sys, numpy; from course_utils.engine.blackbox import BlackBox; BlackBox(numpy.tanh)(numpy.ones((1, 1)))"
    subprocess.run([sys.executable, "-c", f"{script}; assert 'torch' not in sys.modules"], check=True)


@pytest.mark.parametrize("name", ["g", "_g", "__g", "theta", "grad", "backward", "__dict__", "__wrapped__"])
def test_nothing_of_g_can_be_read(name):
    box = BlackBox(TAIL)
    with pytest.raises(
        AttributeError, match=f"g is unknown: push inputs.*there is no .{name} here, only .queries"
    ):
        getattr(box, name)
    with pytest.raises(AttributeError):
        setattr(box, name, 1)


def test_the_box_shows_its_counts_only_and_they_cannot_be_set():
    box = BlackBox(TAIL, budget=9)
    assert repr(box) == "BlackBox(queries=0, left=9)"
    assert [name for name in dir(box) if not name.startswith("_")] == ["left", "queries"]
    with pytest.raises(TypeError):
        vars(box)
    for name in ("queries", "left"):
        with pytest.raises(AttributeError):
            setattr(box, name, 100)


@pytest.mark.parametrize("double", [copy.copy, copy.deepcopy, pickle.dumps])
def test_there_is_one_count(double):
    with pytest.raises(TypeError, match="^A BlackBox is not copied or pickled: pass it as it is"):
        double(BlackBox(TAIL))
