"""The room of lesson 04: what its experiments hold, move and count, and what its pictures say."""

import numpy as np
import pytest
import torch

from course_utils.beds import data
from course_utils.beds.freezing import cost, flow, held, pictures, players, rules, transfer
from course_utils.engine import nn
from course_utils.engine.train import fit
from course_utils.engine.update import Momentum
from course_utils.exercises import all_exercises


def test_transfer_holds_the_body_where_only_the_head_trains(monkeypatch):
    seen = {}
    monkeypatch.setattr(transfer.nn, "accuracy", lambda net, x, y: seen.setdefault(len(seen), net) and 0.5)
    assert list(transfer.scores("new digits", 0, 0.01)) == list(transfer.WAYS)
    seen = dict(enumerate(dict.fromkeys(seen.values())))  # each is scored twice
    body = seen[0].groups["body"]
    source = transfer.pretrained(0, range(5)).theta[body]
    moved = [np.linalg.norm(net.theta[body] - source) / np.linalg.norm(source) for net in seen.values()]
    scratch, head_only, random, both, slower = moved
    assert head_only == 0 and 0 < slower < both / 3 and min(scratch, random) > 1
    assert np.array_equal(seen[2].theta[body], transfer.network(100).theta[body])


def test_transfer_is_scored_on_validation_and_on_test_images_of_the_digits_asked_for(monkeypatch):
    scored = []
    monkeypatch.setattr(transfer.nn, "accuracy", lambda net, x, y: scored.append((x, y)) or 0.5)
    assert transfer.scores("new digits", 0, 0.01)["head only"] == (0.5, 0.5)
    (x_validation, y_validation), (x_test, y_test) = scored[:2]
    d = transfer.IMAGES
    np.testing.assert_array_equal(x_validation, d.x_validation[d.y_validation >= 5])
    np.testing.assert_array_equal(x_test, d.x_test[d.y_test >= 5])
    assert set(y_validation) == set(y_test) == set(range(5, 10))


@pytest.mark.parametrize("of, name", [(rules.MomentumOf, "frozen_momentum_step"), (rules.AdamOf, "frozen_adam_step")])  # fmt: skip
def test_a_learners_step_as_a_rule_moves_all_until_it_gets_a_mask(of, name):
    rule = of(all_exercises()[name].reference)
    theta, grad = np.ones(4), np.arange(1.0, 5)
    rule.step(theta, grad)
    before = theta.copy()
    assert (theta < 1).all()
    rule.step(theta, grad, np.array([1.0, 0, 1, 0]))
    assert (theta < before).tolist() == [True, False, True, False]


def test_five_steps_are_timed_in_turn():
    times = cost.times_as_fast()
    assert len(times) == 5 and times["all layers train"] == 1 and min(times.values()) > 0
    assert not cost.deep("head").layers[0].needs_grad and cost.deep().layers[0].needs_grad


def test_flow_says_what_arrives_and_who_moves():
    groups = flow.one_step(["first", "head"])
    assert [group.arrived is not None for group in groups.values()] == [True] * 3
    assert [group.moved > 0 for group in groups.values()] == [True, False, True]
    assert [group.arrived is None for group in flow.one_step(["head"]).values()] == [True, True, False]


def test_a_frozen_body_loses_its_means_in_train_mode_only():
    body, head = held.with_batch_norm(0)
    still, drifting = (held.learn_frozen(body, head, "inverted", mode) for mode in ("eval", "train"))
    assert still.mean_moved == 0 < drifting.mean_moved and not drifting.weights_moved
    assert drifting.old_task < still.old_task == held.accuracy(body, head, held.DIGITS.x_test)


def test_late_freezing_and_rows_move_by_what_is_left_in_grad():
    def momentum(p):
        return torch.optim.SGD(p, lr=0.1, momentum=0.9)

    assert held.freeze_late(momentum, True, 0) == 0 < held.freeze_late(momentum, False, 0)
    assert held.rows_move(momentum, "put back", 20, 0) == 0 < held.rows_move(momentum, "hook", 20, 0)


def test_memory_counts_what_trains():
    head, front = held.memory(["head"]), held.memory(["front", "head"])
    assert head.gradients == 4 * (64 * 10 + 10) and front.gradients == head.gradients + 4 * (64 * 64 + 64)
    assert front.kept > 10 * head.kept
    again = held.memory(["front", "head"], checkpointed=True)
    assert again.front_gradient_same and again.kept < front.kept


def test_pytorch_says_what_the_lesson_s_table_of_messages_quotes():
    layer = torch.nn.Linear(2, 2).requires_grad_(False)
    with pytest.raises(RuntimeError, match="element 0 of tensors does not require grad"):
        layer(torch.ones(1, 2)).sum().backward()
    with torch.inference_mode():
        features = layer(torch.ones(1, 2))
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved for backward"):
        torch.nn.Linear(2, 2)(features)
    torch.nn.Linear(2, 2)(features.clone())


def test_the_table_of_ways_says_none_where_there_is_none():
    run = held.Run(False, None, [2.0, 1.0], torch.tensor([3.0, 4.0]))
    assert held.table({"detach": [run]}).splitlines()[1].split() == ["detach", "same", "None", "5.000", "2.00", "→", "1.00"]  # fmt: skip


def test_numpy_and_pytorch_agree_after_an_epoch_with_the_body_held():
    """Momentum from the same weights: train_only and a mask here, requires_grad_(False) there."""
    net = nn.Network(body=[nn.Linear(64, 32), nn.ReLU()], head=[nn.Linear(32, 10)], seed=0)
    net.train_only("head")
    layers = torch.nn.Linear(64, 32), torch.nn.ReLU(), torch.nn.Linear(32, 10)
    model = torch.nn.Sequential(*layers).double()
    with torch.no_grad():
        for mine, theirs in ((net.layers[0], model[0]), (net.layers[2], model[2])):
            theirs.weight[:], theirs.bias[:] = torch.from_numpy(mine.W.T), torch.from_numpy(mine.b)
    model[0].requires_grad_(False)
    batches = list(data.batches(held.DIGITS.x_train, held.DIGITS.y_train, 1, 32, seed=0))
    fit(net, Momentum(0.05, mask=net.mask("head")), batches)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    for x, y in batches:
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(model(torch.from_numpy(x)), torch.from_numpy(y)).backward()
        optimizer.step()
    theirs = np.concatenate([p.detach().numpy().T.ravel() for p in model.parameters()])
    np.testing.assert_allclose(net.theta, theirs, atol=1e-10)


def test_players_gradients_are_those_of_their_losses():
    rng = np.random.default_rng(0)
    theta, real, z = rng.standard_normal(3), rng.standard_normal(5), rng.standard_normal(5)

    def loss_d(a, w, b):
        return (-np.log(players.sigmoid(w * real + b)) - np.log(1 - players.sigmoid(w * (z + a) + b))).mean()

    def loss_g(a, w, b):
        return -np.log(players.sigmoid(w * (z + a) + b)).mean()

    for loss, grad in ((loss_d, players.discriminator_grad(theta, real, z)), (loss_g, players.generator_grad(theta, z))):  # fmt: skip
        nudged = [(loss(*(theta + e)) - loss(*(theta - e))) / 2e-5 for e in 1e-5 * np.eye(3)]
        np.testing.assert_allclose(grad, nudged, rtol=1e-7)


def test_players_mask_holds_the_judge():
    path = players.play(0, [1.0, 0.0, 0.0], 0.3, 20)
    assert path.shape == (21, 3) and players.says_real(path) > 0


def test_pictures_show_every_seed_and_say_what_they_show():
    five = np.linspace(0.4, 0.8, 5)
    ways = dict.fromkeys(transfer.WAYS, five)
    fig, said = pictures.transfer({"new names": ways, "new digits": ways}, 0.01)
    assert [len(line.get_xdata()) for line in fig.axes[0].lines] == [5, 1] * 5 and "head only 60%" in said
    assert fig.axes[0].get_title(loc="left") == "new names\nbest: " + ", ".join(transfer.WAYS)

    fig, said = pictures.drifts({f"rule {n}": {"at once": five * 0, "later": five} for n in range(4)})
    assert len(fig.axes[0].patches) == 8 and "rule 3: 0.0% at once, 60.0% later" in said
    assert [text.get_text() for text in fig.axes[0].texts][:2] == ["0, bitwise", "60.0%"]
    assert [text.get_text() for text in fig.axes[0].get_legend().texts] == ["at once", "later"]

    fig, said = pictures.batch_norm({"in eval mode": five, "in train mode": five - 0.1}, five)
    assert len(fig.axes[0].lines) == 3 and "in train mode 30% to 70%" in said
    assert [text.get_text() for text in fig.axes[0].texts] == [
        "exactly as before",
        "-10.0 to -10.0 points",
        "before",
    ]

    fig, said = pictures.players({"own": np.zeros((5, 201, 3)), "none": np.ones((5, 201, 3))})
    assert "0.00 to 0.00 with own and 1.00 to 1.00 with none" in said


@pytest.mark.parametrize(
    "frozen, title",
    [
        (["middle"], "Through the frozen middle"),
        (["first", "middle"], "Backward stops at the head"),
        (["first", "middle", "head"], "All frozen"),
        ([], "All train"),
    ],
)
def test_flow_titles(frozen, title):
    state = {name: "frozen" if name in frozen else "trains" for name in ("first", "middle", "head")}
    fig, said = pictures.flow(**state)
    assert fig.axes[0].get_title(loc="left").startswith(title)
    assert said.count("(frozen)") == len(frozen)
