"""The room of lesson 06: few labels, batches, sweeps, shifts, its pictures, and the two PyTorch models."""

import numpy as np
import pytest

from course_utils.beds.data import Digits
from course_utils.beds.layer_groups import fine_tuning, pictures, shifts
from course_utils.engine import nn
from course_utils.engine.layers import Conv2d, MeanPool2d, Reshape

Y = np.arange(40) % 10
X = np.arange(40.0)[:, None] * np.ones(64)


def test_few_draws_as_many_of_each_class_and_others_for_another_seed():
    x, y = fine_tuning.few(X, Y, 2, [0, 1])
    assert x.shape == (2, 20, 64)
    assert y.tolist() == [[digit for digit in range(10) for _ in range(2)]] * 2
    assert np.array_equal(x[0, :, 0] % 10, y[0]), "an image keeps its label"
    assert len({*x[0, :, 0]}) == 20 and not np.array_equal(x[0], x[1])


def test_a_batch_holds_different_examples_and_each_network_its_own():
    x, y = fine_tuning.few(X, Y, 3, [0, 1])
    batches = list(fine_tuning.draws(x, y, 4, 8, [5, 6]))
    assert len(batches) == 4 and batches[0][0].shape == (2, 8, 64)
    for images, labels in batches:
        assert np.array_equal(images[..., 0] % 10, labels)
        for one, all_of_it in zip(images, x, strict=True):
            assert len({*one[:, 0]}) == 8 and {*one[:, 0]} <= {*all_of_it[:, 0]}
    alone = list(fine_tuning.draws(x[1], y[1], 4, 8, 6))
    assert np.array_equal(alone[3][0], batches[3][0][1]), "a network trains side by side as it would alone"


def test_fewer_examples_than_a_batch_are_all_taken():
    (images, _), *_ = fine_tuning.draws(X[:5], Y[:5], 1, 32, 0)
    assert sorted(images[:, 0]) == [0, 1, 2, 3, 4]


def test_each_example_is_held_out_once_and_classes_are_shared_out():
    x, y = fine_tuning.few(np.tile(X, (2, 1)), np.tile(Y, 2), 5, [0])
    out = []
    for (kept_x, kept_y), (out_x, out_y) in fine_tuning.splits(x, y, parts=5):
        assert kept_x.shape == (1, 40, 64) and sorted(out_y[0]) == list(range(10))
        assert sorted(kept_y[0]) == [digit for digit in range(10) for _ in range(4)]
        out += [*out_x[0, :, 0]]
    assert sorted(out) == sorted(x[0, :, 0])


def test_a_sweep_chooses_on_validation_and_tells_the_test():
    validation = np.array([[0.5, 0.7], [0.9, 0.5], [0.6, 0.8]])
    test = np.array([[0.1, 0.2], [0.3, 0.4], [0.9, 0.9]])
    sweep = fine_tuning.Sweep((1.0, 2.0, 3.0), validation, test)
    assert sweep.best_rate == 2.0, "of two equal means the smaller rate"
    assert sweep.at_best.tolist() == [0.3, 0.4] and sweep.at(1.0).tolist() == [0.1, 0.2]
    assert fine_tuning.leader({"a": test[0], "b": test[1]}) == "b"


def test_of_equally_good_rates_the_middle_one_is_taken():
    scores = np.array([[0.5, 0.9, 0.1], [0.7, 0.9, 0.2], [0.7, 0.9, 0.1], [0.7, 0.1, 0.1], [0.1, 0.9, 0.2]])
    assert fine_tuning.middle_best(scores).tolist() == [2, 1, 1]


def test_scored_reads_each_set_with_each_network():
    digits = Digits(X, Y, X[:10], Y[:10], X[10:], (Y[10:] + 1) % 10)
    nets = nn.Network(nn.Linear(64, 10), seed=[0, 1])
    nets.theta[:] = 0  # all logits equal: every image is read as a 0
    sweep = fine_tuning.scored([0.1], [nets], digits)
    assert sweep.validation.tolist() == [[0.1, 0.1]] and sweep.test.tolist() == [[0.1, 0.1]]
    with pytest.raises(ValueError, match="2 rates"):
        fine_tuning.scored([0.1, 0.2], [nets], digits)


def test_distances_are_relative_and_by_group():
    nets = nn.Network(body=[nn.Linear(2, 2)], head=[nn.Linear(2, 1)], seed=[0, 1])
    start = nets.theta.copy()
    nets.theta[:, nets.groups["head"]] *= 1.5
    moved = fine_tuning.distances(nets, start)
    assert moved["body"].tolist() == [0, 0] and np.allclose(moved["head"], 0.5)


def test_shifts_change_what_they_say_and_nothing_else():
    x = np.random.default_rng(0).uniform(size=(3, 64)).astype(np.float32)
    assert np.array_equal(shifts.chessboard(x)[:, :2], x[:, :2] * [1, -1]) and shifts.CHESSBOARD[8] == -1
    dot = np.zeros((1, 64))
    dot[0, 27] = 81
    blurred = shifts.blurred(dot).reshape(8, 8)
    assert blurred[3].tolist() == [0, 3, 6, 9, 6, 3, 0, 0] and blurred.sum() == 81
    digits = Digits(x, Y[:3], x, Y[3:6], x, Y[6:9])
    seen = shifts.shifted("new names", digits)
    assert seen.y_test.tolist() == [9, 2, 5] and np.array_equal(seen.x_test, x)
    assert sorted(shifts.named("new names", np.arange(10))) == list(range(10))
    assert shifts.shifted("blurred", digits).y_train is digits.y_train
    assert not np.array_equal(shifts.shifted("blurred", digits).x_validation, x)


def test_descriptions_are_built_from_the_data():
    sweep = fine_tuning.Sweep(
        (0.01, 0.1), np.array([[0.5, 0.5], [0.9, 0.9]]), np.array([[0.2, 0.2], [0.7, 0.9]])
    )
    fig, said = pictures.hills({"one rate": sweep}, {"one rate": "train"})
    dot = fig.axes[0].lines[-1]
    assert (dot.get_xdata()[0], dot.get_ydata()[0]) == (0.1, 0.8), "a dot at the best top rate"
    assert "one rate 80% at 0.1" in said
    panels = {"here": {"head": np.array([0.2, 0.4]), "all": np.array([0.5, 0.5])}}
    fig, said = pictures.rows(panels, {"here": "head"}, before={"here": 0.1}, title="It moves")
    assert "It moves. Means: here: head 0.30, all 0.50." in said
    assert fig.axes[0].get_yticklabels()[0].get_text() == "head"
    assert len(fig.axes[0].lines) == 5, "dashed, two rows of dots and their bars"
    fig, said = pictures.beside(np.array([0.6, 0.8]), np.array([0.9, 0.9]))
    assert said.startswith("Accuracy on validation images") and "at the start 0.70, your rates 0.90" in said
    fig, said = pictures.beside(np.array([0.8, 0.8]), np.array([0.1, 0.3]))
    assert [text.get_text() for text in fig.axes[0].texts] == ["← 20%"], "a row left of the axis is written"
    _, said = pictures.digit_rows({"ink": X[:10]}, {"ink": range(10)})
    assert "ink, labels 0 1 2" in said


def conv_net():
    """The network of the lesson."""
    first = [Reshape(1, 8, 8), Conv2d(1, 8, 3), nn.ReLU(), MeanPool2d(), Conv2d(8, 16, 3), nn.ReLU()]
    middle = [Reshape(256), nn.Linear(256, 64), nn.ReLU()]
    return nn.Network(first=first, middle=middle, head=[nn.Linear(64, 10)], dtype=np.float32)


def test_the_twin_computes_what_the_network_computes():
    from course_utils.beds.layer_groups import torch_twin

    net = conv_net()
    model = torch_twin.twin(net)
    x = np.random.default_rng(0).uniform(size=(5, 64)).astype(np.float32)
    assert torch_twin.largest_difference(net, model, x) < 1e-4
    assert [name for name, _ in model.named_children()] == list(net.groups)
    net.theta[-1] += 1
    assert torch_twin.largest_difference(net, model, x) > 0.9


def test_apart_trains_both_on_the_same_batches():
    import torch

    from course_utils.beds.layer_groups import torch_twin
    from course_utils.engine.update import SGD

    for rate, same in ((0.1, True), (0.2, False)):
        net = conv_net()
        model, start = torch_twin.twin(net), net.theta.copy()
        optimizer = torch.optim.SGD(model.parameters(), lr=rate)
        batches = [(X[:8].astype(np.float32) / 40, Y[:8])] * 2
        assert (torch_twin.apart(net, SGD(0.1), model, optimizer, batches) < 1e-3) == same
        assert not np.array_equal(net.theta, start)


def test_the_reader_has_the_parts_that_real_models_have():
    import torch

    from course_utils.beds.layer_groups.reader import Reader, texts

    model = Reader()
    x, y = texts(6, 0)
    assert model(x).shape == (6, 10) and y.min() >= 0 and y.max() < 10
    assert torch.equal(x[:, ::2] // 2, y[:, None].expand(6, 6)), "every second token tells the class"
    assert model.pos_embed.ndim == 3 and "pos_embed" not in dict(model.named_modules())
    assert model.words.weight is model.embed.weight, "tied"
    kinds = {type(module) for module in model.modules()}
    assert {torch.nn.BatchNorm1d, torch.nn.Dropout, torch.nn.LayerNorm, torch.nn.GELU} <= kinds
