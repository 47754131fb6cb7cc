"""The room of lesson 03: the ravine and its race, what a taste measures, the PyTorch side, and the pictures."""

import numpy as np
import pytest

from course_utils.beds import data
from course_utils.beds.update_rules import pictures, ravine, tasting
from course_utils.engine import nn


def descend(start, steps, rate):
    path = [np.array(start)]
    for _ in range(steps):
        path.append(path[-1] - rate * ravine.STEEP * path[-1])
    return np.array(path)


def test_the_ravine_has_the_gradient_that_the_walks_use():
    theta, step = np.array([0.3, -0.7]), 1e-6
    for axis in np.eye(2):
        slope = (ravine.ravine(theta + step * axis) - ravine.ravine(theta - step * axis)) / (2 * step)
        assert np.isclose(slope, (ravine.STEEP * theta) @ axis)
    assert ravine.shares_left(np.array([[2.0, 0], [1.0, 0]])).tolist() == [1, 0.25]


def test_a_path_that_comes_out_again_has_not_arrived():
    on_the_axis = np.sqrt([1.0, 0.5, 1e-5, 0.1, 1e-5, 1e-6])  # shares of the loss, along the flat direction
    path = np.stack([on_the_axis, np.zeros(6)], axis=1)
    assert ravine.arrival(path) == ravine.Arrival(first=2, stays=4)
    assert ravine.arrival(path[:2]) == ravine.Arrival(first=1, stays=1), "it never arrives"
    path[3:] = np.nan
    assert ravine.arrival(path) == ravine.Arrival(first=2, stays=5), "a walk that overflows has not arrived"


def test_a_race_chooses_on_one_half_of_the_starts_and_times_on_the_other():
    seen = []

    def walk(start, steps, rate):
        seen.append((rate, tuple(start)))
        return descend(start, steps, rate)

    won = ravine.race(walk, [(0.01,), (0.07,), (0.2,)], steps=120, timed=120)
    assert won.setting == (0.07,) and won.first == won.stays < 80 and won.out_again == 0
    chosen_on = {start for rate, start in seen if rate == 0.01}
    timed_on = {start for rate, start in seen if rate == 0.07} - chosen_on
    assert len(chosen_on) == len(timed_on) == 10


def test_a_race_in_a_steeper_ravine_counts_the_loss_of_that_ravine():
    steep = np.array([1.0, 100.0])
    assert np.isclose(ravine.ravine(np.array([1.0, 2.0]), steep), 200.5)
    losses = ravine.ravine(ravine.starts(), ravine.STEEP)
    assert np.allclose(ravine.ravine(ravine.starts(steep=steep), steep), losses), "it starts as high up"

    def walk(start, steps):
        path = np.zeros((steps + 1, 2))
        path[0] = start
        path[1:5, 1] = 0.013  # below the mark where the slope is 25, not where it is 100
        return path

    assert ravine.race(walk, [()], steps=9, timed=9).stays == 1
    assert ravine.race(walk, [()], steps=9, timed=9, steep=steep).stays == 5


def test_a_race_tells_who_comes_out_again():
    def walk(start, steps):
        path = np.zeros((steps + 1, 2))
        path[0] = path[-1] = start
        path[30] = start  # so soon after it was first below, this does not count
        return path if start[0] > 0 else path[:-1]

    won = ravine.race(walk, [()], steps=140, timed=140)
    assert won.out_again == (ravine.starts()[10:, 0] > 0).sum() and won.first == 1


def test_every_racer_has_twelve_settings():
    assert {len(settings) for settings in ravine.RACERS.values()} == {12}


def test_every_rate_is_1_6_times_the_last_but_for_the_last_racer():
    *alike, last = map(ravine.grid, ravine.RACERS.values())
    assert all(told.endswith("×1.6") for told in alike) and last == "4 rates, 0.05 to 2, ×3.4"
    assert alike[0] == "12 rates, 0.001 to 0.2, ×1.6"


def test_a_taste_measures_each_group_against_its_own_start():
    digits = data.digits()
    nets = [tasting.network(seed) for seed in (0, 1)]
    starts = [net.theta.copy() for net in nets]
    for net in nets:
        net.theta[net.groups["head"]] *= 1.5
    one = tasting.taste(nets, starts, digits)
    assert one.moved["body"].tolist() == [0, 0] and np.allclose(one.moved["head"], 0.5)
    assert np.allclose(one.norm_at_start, [np.linalg.norm(start) for start in starts])
    assert (one.norm > one.norm_at_start).all()
    assert one.right[1] == nn.accuracy(nets[1], digits.x_test, digits.y_test)
    first, line, last = tasting.table({"head up": one}).splitlines()
    assert line.split()[:4] == ["head", "up", "0%", "50%"] and last.startswith("at the start")
    _, said = pictures.who_moves({"head up": one})
    assert "head up: 0% and 50%." in said


def test_the_pytorch_side_walks_the_same_path_and_trains_the_same_network():
    torch = pytest.importorskip("torch")
    from course_utils.beds.update_rules import torch_side
    from course_utils.engine.train import fit
    from course_utils.engine.update import SGD

    theirs = torch_side.torch_walk([-8.0, 1.6], 20, torch.optim.SGD, lr=0.03)
    assert np.allclose(theirs, descend([-8.0, 1.6], 20, 0.03), atol=1e-12)
    net, digits = tasting.network(0), data.digits()
    twin = torch_side.Twin(net)
    assert np.array_equal(twin.theta(), net.theta)
    batches = [(digits.x_train[:32], digits.y_train[:32])] * 2
    torch_side.fit(twin, torch.optim.SGD(twin.parameters(), lr=0.1), batches)
    fit(net, SGD(0.1), batches)
    assert np.allclose(twin.theta(), net.theta, atol=1e-12) and not np.allclose(
        twin.theta(), tasting.network(0).theta
    )


def test_descriptions_are_built_from_the_data():
    fig, said = pictures.descent(descend([-8.0, 1.6], 40, 0.03), 0.03, 0.0)
    assert said.endswith(
        "from (−8, 1.6) with rate 0.03 and momentum 0: 0.04 of the loss is left after 40 steps."
    )
    with np.errstate(all="ignore"):
        _, said = pictures.descent(descend([-8.0, 1.6], 400, 1.0), 1.0, 0.0)
    assert said.endswith("it climbs out.")
    _, said = pictures.arrivals({"plain": descend([-8.0, 1.6], 10, 0.03)})
    assert "Below a ten-thousandth: plain first after 10, stays below after 10." in said
    fig, said = pictures.windows({name: {1.0: 0.9, 3.0: 0.5} for name in "abc"}, dict.fromkeys("abc", 1.0))
    assert "a 90% at 1" in said
    assert [text.get_text() for text in fig.axes[0].texts] == ["falls to 50%"] * 3, (
        "what the axis leaves out is written"
    )
    _, said = pictures.ties({"SGD": np.array([0.95, 0.97])})
    assert "SGD 95% to 97%" in said
