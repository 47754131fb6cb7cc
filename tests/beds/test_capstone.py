"""The task of lesson 13 is what its text says."""

import numpy as np
import pytest

from course_utils.beds import capstone
from course_utils.beds.capstone import pictures
from course_utils.beds.data import tones
from course_utils.engine import structure
from course_utils.engine.blackbox import BudgetSpent
from course_utils.engine.nn import softmax_cross_entropy


def test_source_reads_slow_tones_and_the_tail_reads_behind_its_own_receiver():
    x, y = tones(400, 5, "absent", cycles=(1, 3, 5))
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
    np.testing.assert_allclose(structure.project_kernels(kernels, capstone.LOW_PASS), kernels, atol=1e-6)


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
    assert found["leak"][1] == capstone.stop_band_share(moved)


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


def test_a_new_surrogate_takes_what_the_front_hands_over_and_is_its_seeds():
    h = np.random.default_rng(0).standard_normal((5, capstone.K))
    first, again, other = (capstone.new_surrogate(seed).forward(h) for seed in (0, 0, 1))
    assert first.shape == (5, 3) and np.array_equal(first, again) and not np.array_equal(first, other)


def test_exchanged_recordings_keep_what_is_low_and_take_the_hum_from_another():
    x, y = capstone.recordings(capstone.LABELS, 2003, "tied")
    mixed, labels = capstone.exchanged(3)
    assert mixed.shape == x.shape and mixed.dtype == x.dtype and np.array_equal(labels, y)
    before, after = np.fft.rfft(x, axis=-1), np.fft.rfft(mixed, axis=-1)
    beyond = np.arange(before.shape[-1]) * 64 / 96 >= 14
    np.testing.assert_allclose(after[..., ~beyond], before[..., ~beyond], atol=1e-3)
    hums = (np.abs(after[:, 0] * beyond).argmax(axis=-1) * 64 / 96 - 18) / 4
    assert 0.2 < np.mean(np.round(hums) == y) < 0.5  # the hum says the class no more often than by chance
    many, labels = capstone.exchanged(3, copies=3)
    assert np.array_equal(many[:60], mixed) and np.array_equal(labels, np.tile(y, 3))
    assert not np.array_equal(many[60:120], mixed)


def test_the_module_with_copied_weights_hands_the_same_h_to_g():
    import torch

    from course_utils.beds.capstone.in_torch import copy_weights

    front = capstone.new_front(2)
    pooled = torch.nn.AdaptiveAvgPool1d(1), torch.nn.Flatten(), torch.nn.Linear(8, 8)
    convolutions = (
        torch.nn.Conv1d(1, 4, 7),
        torch.nn.Conv1d(4, 4, 21, groups=4, bias=False),
        torch.nn.Conv1d(4, 8, 9),
    )
    relu = torch.nn.ReLU()
    module = torch.nn.Sequential(convolutions[0], relu, convolutions[1], relu, convolutions[2], relu, *pooled)
    copy_weights(front, module)
    x = capstone.task(2).x
    np.testing.assert_allclose(module(torch.from_numpy(x)).detach().numpy(), front.forward(x), atol=1e-4)


def found(test, like_training=0.9):
    five = np.array([-0.02, -0.01, 0, 0.01, 0.02])
    return {"test": test + five, "like training": like_training + five}


def test_the_picture_of_parts_taken_out_says_what_nothing_replaces():
    held = {"m: the stage trains": found(0.5), "ĝ: no surrogate": found(0.4)}
    retuned = {
        "m: the stage trains": found(0.84),
        "ĝ: no surrogate": found(0.42),
        "(Π: λ in its place)": found(0.83),
    }
    fig, said = pictures.ablation(found(0.86), held, retuned)
    assert fig.axes[0].get_title(loc="left") == "No re-tuning replaces ĝ"
    assert "all parts in 0.86" in said and "without m: the stage trains 0.50, then 0.84" in said
    assert pictures.verdict(found(0.86), {"η: x": found(0.85)}) == "Re-tuning the rest replaces every part"


def test_pictures_tell_the_two_scores_of_a_design_and_how_they_rank():
    assert "a: 0.90 and 0.40" in pictures.baselines({"a": found(0.4), "b": found(0.6)})[1]
    fig, said = pictures.rates({"the filter": 0.1}, {"like training": 0.9, "validation": 0.5})
    assert fig.axes[0].get_title(loc="left").startswith("40 points") and "0.1 for the filter" in said
    designs = [(0.3, 0.9, 0.3), (0.5, 0.8, 0.4), (0.7, 0.95, 0.6)]
    said = pictures.exchanges(designs)[1]
    assert "3 designs" in said and "0.5 for recordings" in said and "1.0 for one's own" in said
    assert "filter, becomes low-pass" in pictures.receiver(capstone.new_front(0))[1]


def test_a_project_needs_all_six_symbols():
    project = dict.fromkeys(pictures.SYMBOLS, "something") | {"Π": "-"}
    fig, said = pictures.six_symbols(project)
    assert "not needed" in [text.get_text() for text in fig.axes[0].texts] and "η: something" in said
    with pytest.raises(ValueError, match="Say what ĝ is"):
        pictures.six_symbols(project | {"ĝ": " "})
