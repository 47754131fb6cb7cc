"""Bytes kept for backward, against what each layer is known to keep."""

import torch
from torch import nn

from course_utils.pytorch.memory import kept_for_backward


def test_a_linear_layer_keeps_its_input_once_and_no_weights():
    model, x = nn.Sequential(nn.Linear(8, 4)), torch.ones(16, 8)
    with kept_for_backward(model) as kept:
        model(x)
    assert kept.bytes == 16 * 8 * 4


def test_what_nobody_needs_is_not_kept():
    model, x = nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 2)), torch.ones(16, 8)
    with kept_for_backward(model) as full:
        model(x)
    model[0].requires_grad_(False)
    with kept_for_backward(model) as head:
        model(x)
    model.requires_grad_(False)
    with kept_for_backward(model) as nothing:
        model(x)
    # x and the tanh's output; the tanh's output as the head's input; nothing.
    assert (full.bytes, head.bytes, nothing.bytes) == (2 * 16 * 8 * 4, 16 * 8 * 4, 0)
