"""The room of lesson 10: layers with steps, the exact smoothed loss, digits in time, strings, pictures."""

import numpy as np
import pytest
import torch

from course_utils.beds.spikes import hard_tokens, pictures, smoothed
from course_utils.beds.spikes.layers import SHAPES, BinaryLinear, Membranes, Step, Unroll, in_time
from course_utils.beds.zoo.models import load_zoo
from course_utils.engine import nn
from course_utils.exercises import all_exercises

FAST = SHAPES["fast sigmoid"]


def reference(name):
    return all_exercises()[name].reference


def test_every_shape_is_one_at_the_step_but_the_true_slope():
    at = {name: float(shape(np.zeros(1))[0]) for name, shape in SHAPES.items()}
    assert at == {"true slope": 0, "straight through": 1, "window": 1, "fast sigmoid": 1}


def test_step_passes_zeros_and_ones_and_hands_shape_and_width_to_the_learner():
    layer = Step(lambda grad_y, x, shape, width: grad_y * shape(x / width), FAST, 2.0)
    x = np.array([[-1.0, 0.0, 4.0]])
    assert layer.forward(x).tolist() == [[0, 0, 1]]
    np.testing.assert_allclose(layer.backward(np.ones((1, 3))), FAST(x / 2))
    assert layer.backward(np.ones((1, 3)), need_grad_x=False) is None


@pytest.mark.parametrize("seed", [0, [0, 1]])
def test_membranes_are_pytorchs_with_several_networks_too(seed):
    """The layer beside a loop in PyTorch with the same stand-in: values and gradients."""
    steps, n, d, hidden = 5, 3, 4, 6
    layer = Membranes(steps, 0.8, reference("membrane_backward"), FAST)
    net = nn.Network(Unroll(steps), nn.Linear(d, hidden), layer, seed=seed)
    x = np.random.default_rng(0).random((*np.shape(seed), n, steps * d)) * 2
    y = net.forward(x)
    upstream = np.random.default_rng(1).standard_normal(y.shape)
    net.backward(upstream)

    class Spike(torch.autograd.Function):
        @staticmethod
        def forward(ctx, v):
            ctx.save_for_backward(v)
            return (v > 1).to(v.dtype)

        @staticmethod
        def backward(ctx, grad):
            return grad / (1 + (ctx.saved_tensors[0] - 1).abs()) ** 2

    W = torch.from_numpy(net.layers[1].W.copy()).requires_grad_()
    moments = torch.from_numpy(x).reshape(*np.shape(seed), n, steps, d)
    v, total = 0.0, 0.0
    for t in range(steps):
        v = v + moments[..., t, :] @ W
        spikes = Spike.apply(v)
        total, v = total + spikes / steps, 0.8 * v * (1 - spikes.detach())
    total.backward(torch.from_numpy(upstream))
    np.testing.assert_allclose(y, total.detach().numpy())
    np.testing.assert_allclose(net.layers[1].grad_W, W.grad.numpy(), atol=1e-12)


def test_a_pixel_fires_once_and_the_darker_the_sooner():
    image = np.zeros((1, 64))
    image[0, :3] = 1.0, 0.5, 0.1
    moments = in_time(image, 8).reshape(8, 64)
    assert moments.sum(axis=0)[:4].tolist() == [1, 1, 1, 0]
    assert moments[:, :3].argmax(axis=0).tolist() == [0, 4, 6]


@pytest.mark.parametrize("straight", [True, False])
def test_binary_linear_computes_with_signs_and_has_their_gradient(straight):
    net = nn.Network(BinaryLinear(3, 2, straight), seed=0)
    layer, x = net.layers[0], np.random.default_rng(0).standard_normal((4, 3))
    signs = np.sign(layer.W) / np.sqrt(3)
    np.testing.assert_allclose(net.forward(x), x @ signs)
    grad_y = np.random.default_rng(1).standard_normal((4, 2))
    np.testing.assert_allclose(layer.backward(grad_y), grad_y @ signs.T)
    np.testing.assert_allclose(layer.grad_W, straight * x.T @ grad_y / np.sqrt(3))
    np.testing.assert_allclose(layer.grad_b, grad_y.sum(axis=0))


def test_the_average_loss_is_what_sampling_finds():
    net = smoothed.noisy_network(2, 1.0, seed=3)
    rng, h = np.random.default_rng(0), np.tile(net.x, (40_000, 1))
    for W, b in zip(net.W, net.b, strict=True):
        h = (h @ W + b + net.sigma * rng.standard_normal((len(h), 6)) > 0).astype(float)
    sampled = smoothed.cross_entropy(h @ net.V, net.y)
    assert abs(smoothed.average_loss(net) - sampled.mean()) < 4 * sampled.std() / 200


def test_with_one_layer_the_noises_own_slope_is_nearly_the_true_gradient_and_weights_stay():
    net = smoothed.noisy_network(1, 1.0, seed=1)
    before = net.W[0].copy()
    own, straight = smoothed.likeness(net, [lambda x: reference("noisy_slope")(x, 1.0), np.ones_like])
    assert own.cosine > 0.95 and 0.7 < own.size < 1.4 and straight.size > 2
    assert np.array_equal(net.W[0], before)
    (nothing,) = smoothed.likeness(net, [np.zeros_like])
    assert (nothing.cosine, nothing.size) == (0, 0)


def test_strings_are_trained_hard_or_soft():
    zoo = load_zoo()
    hard = hard_tokens.train(zoo, 0, lambda logits: reference("hard_choice")(logits, 1.0), 0.1, 3)
    soft = hard_tokens.train(zoo, 0, lambda logits: logits.softmax(dim=-1), 0.2, 3)
    assert hard.auc == pytest.approx(hard.auc_hard) and soft.auc != soft.auc_hard
    assert len(hard.losses) == 3 and all(0 <= run.auc <= 1 for run in (hard, soft))
    rows = hard_tokens.strongest(torch.tensor([[1.0, 3.0], [2.0, 0.0]]))
    assert rows.tolist() == [[0, 1], [1, 0]]


def test_pictures_say_what_they_show():
    five = np.linspace(0.2, 0.6, 5)
    fig, said = pictures.stand_ins(0.5)
    assert (
        "At x = 1.5 they pass: true slope 0.00, straight through 1.00, window 0.00, fast sigmoid 0.06" in said
    )
    fig, said = pictures.depth({"window": {1: five, 6: five / 2}, "straight through": {1: five, 6: five}})
    assert "with 6 hidden layers: window 20%; straight through 40%" in said
    fig, said = pictures.widths({"window": {0.1: five / 2, 1.0: five}}, 6)
    assert "window is best at width 1" in said
    found = {"window": {n: [smoothed.Likeness(0.5, 10.0)] * 3 for n in (1, 2)}}
    fig, said = pictures.likeness(found)
    assert "medians with 2 layers: window 0.50." in said
    fig, said = pictures.spikes(np.eye(2, 64), 8)
    assert len(fig.axes) == 2 * 9 and "[1, 1] of 64" in said
    fig, said = pictures.bars({"a": five, "b": five / 2}, "title")
    assert said.endswith("a 40%; b 20%.")


@pytest.mark.parametrize(
    "leak, current, said", [(0.9, 0.15, "2 spikes"), (0.5, 0.3, "settle at 0.60"), (0.0, 1.2, "30 spikes")]
)
def test_membrane_counts_its_spikes(leak, current, said):
    assert said in pictures.membrane(leak, current)[1]
