"""What a forward pass keeps for the backward pass: the memory that runs out first."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn


@dataclass
class Kept:
    """``bytes`` that autograd keeps until backward(), beside the weights themselves."""

    bytes: int = 0


@contextmanager
def kept_for_backward(model: nn.Module) -> Iterator[Kept]:
    """Count the bytes of what the forward pass inside the ``with`` block keeps; run no backward in it.

    Each stretch of memory counts once. Weights and buffers of ``model`` do not count: they are there anyway.
    """
    kept = Kept()
    there = [t.untyped_storage() for t in [*model.parameters(), *model.buffers()]]
    counted = {storage.data_ptr(): storage for storage in there}  # held on to, so that no address comes twice

    def pack(t: Tensor) -> Tensor:
        storage = t.untyped_storage()
        if storage.data_ptr() not in counted:
            counted[storage.data_ptr()] = storage
            kept.bytes += storage.nbytes()
        return t

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        yield kept
