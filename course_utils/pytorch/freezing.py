"""Hold a part of a PyTorch model, let it go again, and hold some rows of a tensor. Needs nothing but torch.

freeze(model.encoder)                       # also after the optimizer was built
...                                         # your own steps, as they are
thaw(model.encoder, optimizer, rate=1e-4)

rows = hold_rows(model.embedding.weight, [0, 1, 2], optimizer)
...
rows.remove()
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.optim import LBFGS, Optimizer
from torch.utils.hooks import RemovableHandle

VECTOR = "LBFGS steps all its weights as one vector, held or not: build a new one from those that train."


def freeze(part: nn.Module) -> None:
    """Hold every weight and buffer of ``part`` as it is, under any optimizer that skips a gradient of None.

    No weight of it wants a gradient, ``.grad`` is None, and it runs in eval mode, whatever a later
    ``model.train()`` says. What lies below it still gets gradients. Returns nothing; ``thaw`` undoes it.

    Not covered: LBFGS, which skips nothing (build a new one from what trains); a weight that a part
    outside shares (tied: it is held in both); modules of ``part`` that run by ``.forward(x)`` in place of
    a call, where eval mode may be lost; buffers that the part's own code writes in eval mode, too.
    """
    part.requires_grad_(False).eval()
    for p in part.parameters():
        p.grad = None  # what an optimizer skips; zeros it would not skip
    for module in part.modules():
        if not hasattr(module, "held_in_eval"):
            module.register_forward_pre_hook(_stays_in_eval)
        module.held_in_eval = True


def _stays_in_eval(module: nn.Module, _: tuple) -> None:
    if module.held_in_eval and module.training:
        module.training = False


def thaw(part: nn.Module, optimizer: Optimizer, rate: float) -> None:
    """Train every weight of ``part`` at ``rate`` from now on, whether or not ``optimizer`` has it already.

    What the optimizer remembers of the part is forgotten. Its weights move into groups of their own, which
    keep the other settings (weight decay, betas) of the groups that they were in; what no group had gets the
    optimizer's defaults. The part is in train mode again. Returns nothing.

    Weights that were held before ``freeze`` train as well. Not covered: a scheduler of the rate, which
    does not know the new groups (build a new one). Raises ValueError for LBFGS.
    """
    if isinstance(optimizer, LBFGS):
        raise ValueError(VECTOR)
    part.requires_grad_(True)
    for module in part.modules():
        module.held_in_eval = False
    part.train()
    left = {id(p): p for p in part.parameters()}
    for p in left.values():
        p.grad = None
        optimizer.state.pop(p, None)
    groups = []
    for group in optimizer.param_groups:
        mine = [left.pop(id(p)) for p in group["params"] if id(p) in left]
        if len(mine) == len(group["params"]) and mine:
            group["lr"] = rate  # a group of its own already
        elif mine:
            ours = {id(p) for p in mine}
            group["params"] = [p for p in group["params"] if id(p) not in ours]
            groups.append({**group, "params": mine, "lr": rate})
    if left:
        groups.append({"params": list(left.values()), "lr": rate})
    for group in groups:
        optimizer.add_param_group(group)


def hold_rows(weight: Tensor, rows: Sequence[int] | Tensor, optimizer: Optimizer) -> RemovableHandle:
    """Put ``rows`` of ``weight`` back after every step of ``optimizer``: bitwise as they are now.

    ``rows`` is what stands in ``weight[rows]``: numbers, or a mask of booleans. Returns a handle;
    ``.remove()`` lets the rows go.

    Not covered: another optimizer that has ``weight``; their gradient, which ``clip_grad_norm_`` counts
    as before; what the optimizer remembers of them, with which they move on once they are let go; an
    optimizer that is copied or loaded from a file (call this again).
    """
    kept = weight.detach()[rows].clone()

    def put_back(*_: object) -> None:
        with torch.no_grad():
            weight[rows] = kept

    return optimizer.register_step_post_hook(put_back)
