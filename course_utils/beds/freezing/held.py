"""front → body → head in PyTorch, the body held in one of several ways. (The one module here with torch.)"""

import copy
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.utils.checkpoint import checkpoint

from course_utils.beds import data
from course_utils.pytorch.freezing import hold_rows
from course_utils.pytorch.memory import kept_for_backward

DIGITS = data.digits()
IMAGES, LABELS = torch.from_numpy(DIGITS.x_train[:200]), torch.from_numpy(DIGITS.y_train[:200])


@dataclass
class Run:
    """What came of 20 steps around a held body."""

    moved: bool  # whether the body did
    first: Tensor | None  # the front's gradient after the first backward()
    losses: list[float]
    left: Tensor | None  # what stands in the body's .grad at the end


def parts(seed: int) -> tuple[nn.Sequential, nn.Sequential, nn.Linear]:
    """Front (64-32), body (32-32) and head (32-10) in float64; the same seed gives the same first weights."""
    torch.manual_seed(seed)
    front = nn.Sequential(nn.Linear(64, 32), nn.Tanh()).double()
    body = nn.Sequential(nn.Linear(32, 32), nn.Tanh()).double()
    return front, body, nn.Linear(32, 10).double()


def weights_of(module: nn.Module) -> Tensor:
    """A copy of all its weights in one vector."""
    return nn.utils.parameters_to_vector(module.parameters()).detach().clone()


def table(held: Mapping[str, Sequence[Run]]) -> str:
    """A row for each way to hold the body, from the first seed of each."""
    lines = [f"{'':<16}{'body':<8}{'front: gradient':<17}{'body: .grad at the end':<24}loss in 20 steps"]
    for way, runs in held.items():
        run, loss = runs[0], f"{runs[0].losses[0]:.2f} → {runs[0].losses[-1]:.2f}"
        body = "moves" if run.moved else "same"
        lines.append(f"{way:<16}{body:<8}{_size(run.first):<17}{_size(run.left):<24}{loss}")
    return "\n".join(lines)


def _size(grad: Tensor | None) -> str:
    return "None" if grad is None else f"{grad.norm():.3f}"


def freeze_late(make: Callable[[list], torch.optim.Optimizer], set_to_none: bool, seed: int) -> float:
    """20 steps with everything, then ``body.requires_grad_(False)`` and 100 more: the body's drift since.

    ``make`` builds the optimizer of a list of parameters; the drift is relative to the body's size.
    """
    front, body, head = parts(seed)
    optimizer = make([*front.parameters(), *body.parameters(), *head.parameters()])
    for step in range(120):
        if step == 20:
            body.requires_grad_(False)
            frozen = weights_of(body)
        optimizer.zero_grad(set_to_none=set_to_none)
        cross_entropy(head(body(front(IMAGES))), LABELS).backward()
        optimizer.step()
    return ((weights_of(body) - frozen).norm() / frozen.norm()).item()


# A body with batch norm


def train(body: nn.Module, head: nn.Module, weights: Iterable[Tensor], batches: Iterable) -> None:
    """Adam at rate 0.01 on ``weights``, one step a batch (x, y)."""
    optimizer = torch.optim.Adam(weights, lr=0.01)
    for x, y in batches:
        optimizer.zero_grad()
        cross_entropy(head(body(torch.from_numpy(x))), torch.from_numpy(y)).backward()
        optimizer.step()


def accuracy(body: nn.Module, head: nn.Module, x: np.ndarray) -> float:
    """The share of the test images x, shape (500, 64), that are read right, with the body in eval mode."""
    with torch.no_grad():
        said = head(body.eval()(torch.from_numpy(x))).argmax(dim=1).numpy()
    return float(np.mean(said == DIGITS.y_test))


def with_batch_norm(seed: int) -> tuple[nn.Sequential, nn.Linear]:
    """Body (64-64 with batch norm and ReLU) and head, trained on ordinary digits for ten epochs."""
    torch.manual_seed(seed)
    body = nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU()).double()
    head = nn.Linear(64, 10).double()
    batches = data.batches(DIGITS.x_train, DIGITS.y_train, 10, 32, seed)
    train(body, head, [*body.parameters(), *head.parameters()], batches)
    return body, head


@dataclass
class Frozen:
    """A frozen body with batch norm, after its head has learned for 100 steps more."""

    weights_moved: bool
    mean_moved: float  # the running mean, relative to its size
    old_task: float  # accuracy of the old head on ordinary digits
    new_task: float  # accuracy of the new head on the digits that it learned from


def learn_frozen(body: nn.Sequential, head: nn.Linear, digits: str, mode: str) -> Frozen:
    """Freeze a copy of ``body`` and train a copy of ``head`` on "ordinary" or "inverted" digits.

    ``mode`` is that of the body while the head learns: "train" or "eval".
    """
    kept, fresh = copy.deepcopy(body).requires_grad_(False).train(mode == "train"), copy.deepcopy(head)
    x, x_test = DIGITS.x_train, DIGITS.x_test
    if digits == "inverted":
        x, x_test = 1 - x, 1 - x_test
    train(kept, fresh, fresh.parameters(), list(data.batches(x, DIGITS.y_train, 3, 32, 100))[:100])
    old, new = body[1].running_mean, kept[1].running_mean
    return Frozen(
        not torch.equal(weights_of(kept), weights_of(body)),
        ((new - old).norm() / old.norm()).item(),
        accuracy(kept, head, DIGITS.x_test),
        accuracy(kept, fresh, x_test),
    )


# What a project meets


def rows_move(make: Callable[[list], torch.optim.Optimizer], how: str, free: int, seed: int) -> float:
    """How far nine of the eleven rows of an embedding move in 100 steps that should hold them, at most.

    ``free`` ordinary steps come first. ``how`` is "hook", which zeroes the gradient of those rows, or
    "put back", by ``hold_rows``.
    """
    torch.manual_seed(seed)
    embedding, head, rows = nn.Embedding(11, 8), nn.Linear(8, 3), torch.arange(9)
    optimizer = make([*embedding.parameters(), *head.parameters()])
    words = torch.randint(0, 11, (64, 6))
    trains = torch.ones(11, 1).index_fill(0, rows, 0)
    for step in range(free + 100):
        if step == free:
            kept = embedding.weight[rows].detach().clone()
            if how == "hook":
                embedding.weight.register_hook(lambda grad: grad * trains)
            else:
                hold_rows(embedding.weight, rows, optimizer)
        optimizer.zero_grad()
        cross_entropy(head(embedding(words).mean(dim=1)), words.sum(dim=1) % 3).backward()
        optimizer.step()
    return (embedding.weight[rows] - kept).abs().max().item()


@dataclass
class Memory:
    """Bytes in one step of Adam."""

    kept: int  # by the forward pass, for backward
    gradients: int
    optimizer: int
    front_gradient_same: bool  # as without checkpointing, to rounding


def memory(trained: Sequence[str], checkpointed: bool = False) -> Memory:
    """One step of front, twelve layers (linear, batch norm, ReLU, dropout) and head, on a batch of 256.

    ``trained`` names the parts that train; a body that does not is in eval mode. With ``checkpointed``
    each layer of the body keeps its input only.
    """
    torch.manual_seed(0)
    layers = [
        nn.Sequential(nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU(), nn.Dropout(0.1)) for _ in range(12)
    ]
    model = nn.ModuleDict(dict(front=nn.Linear(64, 64), body=nn.Sequential(*layers), head=nn.Linear(64, 10)))
    for name, part in model.items():
        part.requires_grad_(name in trained).train(name in trained)
    x, y = torch.randn(256, 64), torch.arange(256) % 10
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])

    def loss(checkpointed: bool) -> Tensor:
        h = model["front"](x)
        for layer in model["body"]:
            h = checkpoint(layer, h, use_reentrant=False) if checkpointed else layer(h)
        return cross_entropy(model["head"](h), y)

    with kept_for_backward(model) as kept:
        found = loss(checkpointed)
    found.backward()
    grads = {name: p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
    same = True
    if checkpointed:
        model.zero_grad()
        loss(False).backward()
        same = all(torch.allclose(grad, model.get_parameter(n).grad, atol=1e-6) for n, grad in grads.items())
    optimizer.step()
    remembered = [t for state in optimizer.state.values() for t in state.values() if torch.is_tensor(t)]
    return Memory(kept.bytes, sum(g.nbytes for g in grads.values()), sum(t.nbytes for t in remembered), same)
