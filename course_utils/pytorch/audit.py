"""Which weights move, and what moves them: an audit of a few steps of any PyTorch training.

    with audit(model, optimizer, frozen=["body"]) as report:
        for x, y in batches:
            ...                     # your own step, as it is
    print(report)

``frozen`` says what is *meant* to stay. Where what happens differs from what is meant, there is a
sentence in ``report.leaks``.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim import Optimizer


@dataclass
class Row:
    """One parameter or buffer of the model, and what happened to it."""

    names: list[str]  # more than one where weights are tied
    tensor: Tensor
    before: Tensor
    stays: bool  # it is meant to
    is_buffer: bool = False
    moved: float = 0.0  # ‖after − before‖ / ‖before‖; 0 only if bitwise the same, inf from all zeros
    gradient: float | None = None  # the largest norm that backward() brought; None: it brought nothing
    held: list[str] = field(default_factory=list)  # the optimizers that hold it, with the group's number
    # What moved it although it is meant to stay, by what its gradient was in that step.
    movers: dict[str, set[str]] = field(default_factory=dict)

    def __str__(self) -> str:
        meant = "stay" if self.stays else "follow" if self.is_buffer else "train"
        moved = "no" if self.moved == 0 else _share(self.moved)
        arrived = "" if self.is_buffer else _arrived(self.gradient)
        held = "" if self.is_buffer else ", ".join(self.held) or "none"
        return f"{meant:<9} {moved:<8} {arrived:<9} {held}".rstrip()


@dataclass
class Report:
    """What the audited steps did: ``rows`` by parameter and buffer, ``leaks`` as sentences.

    In print, a weight is meant to "train" or to "stay", a buffer to "stay" or to "follow" the part it is in.
    """

    rows: list[Row]
    leaks: list[str] = field(default_factory=list)
    steps: int = 0

    def __str__(self) -> str:
        wide = max([len(row.names[0]) for row in self.rows] + [10])
        head = f"{'':<{wide}}  meant to  moved    gradient  optimizer"
        table = [f"{row.names[0]:<{wide}}  {row}" for row in self.rows]
        said = [f"✗ {leak}" for leak in self.leaks] or [f"✓ Nothing leaks, in {self.steps} steps."]
        return "\n".join([head, *table, *said])


@contextmanager
def audit(model: nn.Module, *optimizers: Optimizer, frozen: Sequence[str] = ()) -> Iterator[Report]:
    """Watch the training steps inside the ``with`` block, and fill the report at its end.

    ``frozen`` names parameters or modules that are meant to stay (``"body"``, ``"head.bias"``), beside
    all whose ``requires_grad`` is False already. Everything else is meant to train, so what you hold in
    another way (left out of the optimizer, masked) has to be named. Freeze before the block begins.
    Your training is not changed: the audit reads, and keeps one copy of the weights while it lasts.
    Raises ValueError for a name that nothing has.
    """
    frozen = _checked(model, optimizers, frozen)
    rows = _rows(model, frozen)
    report = Report(list(rows.values()))
    # What stays, by id: as it was before this step, what its gradient was, what could move it.
    begun: dict[int, tuple[Tensor, str, set[str]]] = {}
    stepped = dict.fromkeys(optimizers, 0)
    noisy: list[str] = []  # dropout that was on in a part that stays

    def gradient_arrives(p: Tensor) -> None:
        if p.grad is not None:  # a hook before this one may have used it up
            rows[id(p)].gradient = _larger(rows[id(p)].gradient, _size(p.grad))

    def step_begins(optimizer: Optimizer, arguments: tuple, named: dict) -> None:
        closure = any(callable(argument) for argument in (*arguments, *named.values()))
        for group in optimizer.param_groups:
            for p in group["params"]:
                row = rows.get(id(p))
                if row is not None and row.stays:
                    movers = _movers(p, group, optimizer.state.get(p, {}), closure)
                    begun[id(p)] = p.detach().clone(), *movers
                elif row is not None and p.grad is not None and row.gradient is None:
                    row.gradient = _size(p.grad) or None  # put there by hand, without backward()

    def step_ends(optimizer: Optimizer, *_: object) -> None:
        stepped[optimizer] += 1
        report.steps += 1
        for key, (before, gradient, movers) in begun.items():
            if not _same(before, rows[key].tensor):
                rows[key].movers.setdefault(gradient, set()).update(movers)
        begun.clear()

    def runs(module: nn.Module, _: object) -> None:
        if module.training and names[module] not in noisy:
            noisy.append(names[module])

    names = {module: name for name, module in model.named_modules()}
    still = [m for m, name in names.items() if _throws_away(m) and _part_stays(model, name, rows, frozen)]
    trained = [p for p in model.parameters() if p.requires_grad]
    hooks = [p.register_post_accumulate_grad_hook(gradient_arrives) for p in trained]
    hooks += [module.register_forward_pre_hook(runs) for module in still]
    hooks += [optimizer.register_step_pre_hook(step_begins) for optimizer in optimizers]
    hooks += [optimizer.register_step_post_hook(step_ends) for optimizer in optimizers]
    try:
        yield report
    finally:
        for hook in hooks:
            hook.remove()
    now = {**dict(model.named_parameters(remove_duplicate=False)), **dict(model.named_buffers())}
    for row in report.rows:
        row.moved = _moved(row.before, now.get(row.names[0], row.tensor))
        row.held = _holders(row.tensor, optimizers)
    idle = [type(optimizer).__name__ for optimizer, count in stepped.items() if not count]
    report.leaks += [f"{name} took no step." for name in idle]
    report.leaks += _leaks(report, model, optimizers, frozen, noisy)


# What there is


def _checked(model: nn.Module, optimizers: Sequence[Optimizer], frozen: Sequence[str]) -> list[str]:
    """``frozen`` as a list. ValueError for what cannot be watched, with what to write instead."""
    if isinstance(frozen, str):
        raise ValueError(f"frozen is a list of names: write frozen=[{frozen!r}].")
    if not all(isinstance(optimizer, Optimizer) for optimizer in optimizers):
        raise ValueError(
            "Behind the model come the optimizers, one after the other: audit(model, first, second)."
        )
    if any(isinstance(p, nn.parameter.UninitializedParameter) for p in model.parameters()):
        raise ValueError("A lazy layer has no weights yet: run one batch through the model first.")
    frozen, everything = list(frozen), {"remove_duplicate": False}
    known = {name for name, _ in [*model.named_modules(**everything), *model.named_parameters(**everything)]}
    known |= {name for name, _ in model.named_buffers(**everything)}
    for name in frozen:
        if name not in known or not name:
            parts = [part for part, _ in model.named_children()]
            raise ValueError(
                f"frozen names {name!r}, and nothing in the model is called so. Its parts: {parts}."
            )
    return frozen


def _rows(model: nn.Module, frozen: Sequence[str]) -> dict[int, Row]:
    """A row for each parameter and buffer, by the tensor's id; tied weights share one."""
    rows: dict[int, Row] = {}
    for name, p in model.named_parameters(remove_duplicate=False):
        row = rows.setdefault(id(p), Row([], p, p.detach().clone(), stays=not p.requires_grad))
        row.names.append(name)
        row.stays |= _named(name, frozen)
    for name, buffer in model.named_buffers():
        stays = _named(name, frozen) or _part_stays(model, name.rpartition(".")[0], rows, frozen)
        rows[id(buffer)] = Row([name], buffer, buffer.detach().clone(), stays, is_buffer=True)
    return rows


def _named(name: str, frozen: Sequence[str]) -> bool:
    return any(name == part or name.startswith(part + ".") for part in frozen)


def _part_stays(model: nn.Module, name: str, rows: dict[int, Row], frozen: Sequence[str]) -> bool:
    """Whether the smallest part around the module ``name`` that has parameters stays with all of them."""
    while not _named(name, frozen):
        parameters = list(model.get_submodule(name).parameters())
        if parameters or not name:
            return bool(parameters) and all(rows[id(p)].stays for p in parameters)
        name = name.rpartition(".")[0]
    return True


def _throws_away(module: nn.Module) -> bool:
    """Whether it is dropout, or a recurrent or attention layer with dropout inside."""
    if isinstance(module, nn.modules.dropout._DropoutNd):
        return module.p > 0
    inside = isinstance(module, nn.MultiheadAttention) or (
        isinstance(module, nn.RNNBase) and module.num_layers > 1
    )
    return inside and module.dropout > 0


def _holders(p: Tensor, optimizers: Sequence[Optimizer]) -> list[str]:
    return [
        f"{type(optimizer).__name__}, group {number}"
        for optimizer in optimizers
        for number, group in enumerate(optimizer.param_groups)
        if any(p is held for held in group["params"])
    ]


# What happened


def _size(grad: Tensor) -> float:
    return (grad.coalesce().values() if grad.is_sparse else grad).norm().item()


def _larger(a: float | None, b: float) -> float:
    """The larger of the two, and NaN if one of them is."""
    return b if a is None or b > a or b != b else a


def _same(a: Tensor, b: Tensor) -> bool:
    """Bitwise the same, where NaN is the same as NaN."""
    return a.shape == b.shape and bool(((a == b) | ((a != a) & (b != b))).all())


def _moved(before: Tensor, after: Tensor) -> float:
    after = after.detach()
    if _same(before, after):
        return 0.0
    if before.shape != after.shape:
        return float("inf")
    way, size = (
        (t.to(torch.cdouble) if t.is_complex() else t.double()).norm().item()
        for t in (after - before, before)
    )
    return way / size if size else float("inf")


def _share(moved: float) -> str:
    if moved == float("inf"):
        return "from 0"
    return "< 0.1%" if moved < 0.001 else f"{moved:.1%}" if moved < 10 else f"{moved:.2g}×"


def _arrived(gradient: float | None) -> str:
    return "none" if gradient is None else "< 1e-6" if 0 < gradient < 1e-6 else f"{gradient:.2g}"


# By what its gradient was: what to do about a weight that should stay.
REMEDIES = {
    "": "requires_grad_(False), and .grad = None.",
    "multiplied by 0": "requires_grad_(False) and .grad = None, or put the weights back after each step.",
    "0 instead of None": "zero_grad() with set_to_none=True, its default.",
}


def _movers(p: Tensor, group: dict, memory: dict, closure: bool) -> tuple[str, set[str]]:
    """What the gradient of ``p`` is as a step begins, and what could move ``p`` in it."""
    if closure:  # its gradients are made inside the step
        return "", {"a step with a closure"}
    if p.grad is None:
        return "", {"a step although its .grad is None"}
    if _size(p.grad) != 0:
        return "", {"its gradient" if p.requires_grad else "an old gradient that is still in .grad"}
    movers = {f"weight decay {group['weight_decay']:g}"} if group.get("weight_decay") else set()
    remembered = (memory.get("momentum_buffer"), memory.get("exp_avg"))  # SGD's, and Adam's
    if any(m is not None and m.any() for m in remembered):
        movers.add("the optimizer's memory")
    return "multiplied by 0" if p.requires_grad else "0 instead of None", movers or {"the optimizer's rule"}


# What that means


def _leaks(
    report: Report, model: nn.Module, optimizers: Sequence[Optimizer], frozen: Sequence[str], noisy: list[str]
) -> list[str]:
    """A sentence for each way in which what happened is not what was meant."""
    weights = [row for row in report.rows if not row.is_buffer]
    leaks: list[str] = []

    by_cause: dict[tuple[str, str], list[Row]] = {}
    for row in weights:
        if row.stays and row.moved:
            remedy = REMEDIES[next(iter(row.movers))] if row.movers else "find the line that writes it."
            by_cause.setdefault((_cause(row), remedy), []).append(row)
    for (cause, remedy), moved in by_cause.items():
        most = _share(max(row.moved for row in moved))
        leaks.append(f"{_list(moved)} should stay and moved (up to {most}). Mover: {cause}. Remedy: {remedy}")

    followed = [row for row in report.rows if row.is_buffer and row.stays and row.moved]
    followed = [row for row in followed if row.tensor.is_floating_point()]  # a count of batches does no harm
    if followed:
        leaks.append(
            f"{_list(followed)} moved without any gradient: running statistics of a part that should stay. "
            "Call .eval() on that part, after every model.train()."
        )
    if noisy:
        leaks.append(
            f"Dropout was on in {_few(noisy)}, a part that should stay: it answers differently each time. "
            "Call .eval() on it, after every model.train()."
        )
    torn = [row for row in weights if 0 < sum(_named(name, frozen) for name in row.names) < len(row.names)]
    for row in (row for row in torn if row.tensor.requires_grad):
        leaks.append(f"{' and '.join(row.names)} are one tensor: they stay together or move together.")

    train = [row for row in weights if not row.stays]
    homeless = [row for row in train if optimizers and not row.held]
    if homeless:
        ours = {id(p) for p in model.parameters()}
        stale = any(
            id(p) not in ours for o in optimizers for group in o.param_groups for p in group["params"]
        )
        built = "was built for tensors that the model no longer has" if stale else "never got it"
        leaks.append(
            f"No optimizer given to the audit has {_list(homeless)}: it {built}. Use add_param_group, or build "
            "the optimizer anew. If these should stay, name them in frozen; if another optimizer has them, "
            "hand it to the audit as well."
        )
    starved = [row for row in train if row.gradient is None and report.steps]
    if starved:
        leaks.append(
            f"No gradient reached {_list(starved)}: between it and the loss something is detached, runs under "
            "no_grad, or does not enter the loss."
        )
    flat = [row for row in train if row.gradient == 0 and report.steps > 1]
    if flat:
        leaks.append(
            f"The gradient of {_list(flat)} is exactly 0 in every step: a hard step or a closed gate is above it."
        )
    return leaks


def _cause(row: Row) -> str:
    causes = [
        " and ".join(sorted(movers, reverse=True))
        + (f", while its gradient is {gradient}" if gradient else "")
        for gradient, movers in row.movers.items()
    ]
    return "; ".join(causes) or "something outside the steps of these optimizers"


def _list(rows: Sequence[Row]) -> str:
    return _few([row.names[0] for row in rows])


def _few(names: Sequence[str]) -> str:
    return ", ".join(names) if len(names) <= 4 else f"{', '.join(names[:3])} and {len(names) - 3} more"
