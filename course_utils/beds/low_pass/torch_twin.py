"""The networks of lesson 11 as PyTorch sees them."""

from collections.abc import Callable

import torch
from torch import Tensor

from course_utils.engine.layers import Filter


def front(net) -> Callable[[Tensor], Tensor]:
    """All layers of ``net`` up to its last filter, as a function of a tensor x (N, 1, time)."""
    last = max(i for i, layer in enumerate(net.layers) if isinstance(layer, Filter))

    def up_to_the_filter(x: Tensor) -> Tensor:
        h = x.numpy()
        for layer in net.layers[: last + 1]:
            h = layer.forward(h)
        return torch.tensor(h)

    return up_to_the_filter
