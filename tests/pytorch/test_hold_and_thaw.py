"""What a learner copies to hold a part or some rows: nothing held moves, and what is let go moves as asked."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from course_utils.pytorch.audit import audit
from course_utils.pytorch.freezing import freeze, hold_rows, thaw

WORDS = torch.randint(0, 11, (32, 6), generator=torch.Generator().manual_seed(0))
TARGETS = WORDS.sum(dim=1) % 3


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.embedding = nn.EmbeddingBag(11, 8)
        self.encoder = nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.1))
        self.head = nn.Linear(8, 3)

    def forward(self, words):
        return self.head(self.encoder(self.embedding(words)))


OPTIMIZERS = {
    "momentum": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "nesterov": lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True),
    "Adam": lambda p: torch.optim.Adam(p, lr=0.01, weight_decay=0.01),
    "one at a time": lambda p: torch.optim.AdamW(p, lr=0.01, foreach=False),
} | {
    name: lambda p, name=name: getattr(torch.optim, name)(p, lr=0.01)
    for name in [
        "AdamW",
        "NAdam",
        "RAdam",
        "Adamax",
        "Adagrad",
        "Adadelta",
        "RMSprop",
        "Rprop",
        "ASGD",
        "Adafactor",
    ]
}


def new_model(seed=0):
    torch.manual_seed(seed)
    return Model()


def steps(model, optimizer, n=5, set_to_none=True):
    for _ in range(n):
        model.train()
        optimizer.zero_grad(set_to_none=set_to_none)
        loss = cross_entropy(model(WORDS), TARGETS)
        loss.backward()
        optimizer.step(lambda loss=loss: loss) if isinstance(optimizer, torch.optim.LBFGS) else optimizer.step()  # fmt: skip


def state(module):
    return {name: t.clone() for name, t in module.state_dict().items()}


def same(module, before):
    return all(torch.equal(t, before[name]) for name, t in module.state_dict().items())


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_frozen_after_free_steps_nothing_moves_and_what_lies_below_learns(name):
    model = new_model()
    optimizer = OPTIMIZERS[name](model.parameters())
    steps(model, optimizer)
    freeze(model.encoder)
    before, below = state(model.encoder), model.embedding.weight.detach().clone()
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    assert report.leaks == []
    assert same(model.encoder, before) and not torch.equal(model.embedding.weight, below)
    assert all(p.grad is None for p in model.encoder.parameters())


def test_its_limit_is_lbfgs():
    model = new_model()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=1)
    steps(model, optimizer, 3)
    freeze(model.encoder)
    before = state(model.encoder)
    steps(model, optimizer, 3)
    assert not same(model.encoder, before)
    with pytest.raises(ValueError, match="build a new one from those that train"):
        thaw(model.encoder, optimizer, 0.1)
    optimizer = torch.optim.LBFGS([p for p in model.parameters() if p.requires_grad], lr=0.1, max_iter=1)
    before = state(model.encoder)
    steps(model, optimizer, 3)
    assert same(model.encoder, before)


def test_a_child_that_is_called_by_itself_stays_in_eval_mode_and_so_does_a_copy():
    model = new_model()
    freeze(model.encoder)
    freeze(model.encoder)
    for one in (model, copy.deepcopy(model)):
        before = state(one.encoder)
        one.train()
        x = one.encoder[1](torch.randn(16, 8))
        assert same(one.encoder, before) and torch.equal(one.encoder[3](x), x)
    assert len(model.encoder._forward_pre_hooks) == 1


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize("held", [True, False])
def test_thawed_it_trains_at_the_rate_that_you_say_and_nothing_leaks(name, held):
    model = new_model()
    if not held:
        freeze(model.encoder)
    optimizer = OPTIMIZERS[name]([p for p in model.parameters() if p.requires_grad])
    others = optimizer.param_groups[0]["lr"]
    steps(model, optimizer)
    freeze(model.encoder)
    steps(model, optimizer)
    thaw(model.encoder, optimizer, 0.001)
    assert model.encoder[3].training
    rates = {id(p): group["lr"] for group in optimizer.param_groups for p in group["params"]}
    assert len(rates) == sum(len(group["params"]) for group in optimizer.param_groups)
    inside = {id(p) for p in model.encoder.parameters()}
    assert {id(p): 0.001 if id(p) in inside else others for p in model.parameters()} == rates
    before = state(model.encoder)
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    assert report.leaks == []
    moved = {n for n, p in model.encoder.named_parameters() if not torch.equal(p, before[n])}
    assert moved >= {
        "0.weight",
        "1.weight",
        "1.bias",
    }  # the bias in front of a norm has a gradient of about 0
    assert not torch.equal(model.encoder[1].running_mean, before["1.running_mean"])


def test_thawed_weights_keep_the_settings_of_their_groups():
    model = new_model()
    weights = [p for p in model.parameters() if p.ndim > 1]
    biases = [p for p in model.parameters() if p.ndim == 1]
    optimizer = torch.optim.AdamW(
        [{"params": weights, "weight_decay": 0.5, "betas": (0.8, 0.9)}, {"params": biases, "weight_decay": 0.0}], lr=0.01
    )  # fmt: skip
    freeze(model.encoder)
    thaw(model.encoder, optimizer, 0.001)
    found = {id(p): g for g in optimizer.param_groups for p in g["params"]}
    assert [found[id(p)]["weight_decay"] for p in model.encoder.parameters()] == [0.5, 0, 0, 0]
    assert found[id(model.encoder[0].weight)]["betas"] == (0.8, 0.9)
    thaw(model.encoder, optimizer, 0.002)  # a group of its own is not split again
    assert [g["lr"] for g in optimizer.param_groups] == [0.01, 0.01, 0.002, 0.002]


def test_thawed_it_does_not_jump_as_after_a_rate_of_zero():
    """Held by a rate of 0, momentum goes on summing gradients that all point the same way."""
    moved = {}
    for how in ("rate 0", "thaw"):
        model = new_model()
        inside, others = list(model.encoder.parameters()), [*model.embedding.parameters(), *model.head.parameters()]  # fmt: skip
        optimizer = torch.optim.SGD([{"params": inside}, {"params": others}], lr=0.01, momentum=0.9)
        steps(model, optimizer)
        if how == "rate 0":
            optimizer.param_groups[0]["lr"] = 0
        else:
            freeze(model.encoder)
        steps(model, optimizer, 50)
        optimizer.param_groups[0]["lr"] = 0.01
        if how == "thaw":
            thaw(model.encoder, optimizer, 0.01)
        before = nn.utils.parameters_to_vector(inside).detach().clone()
        steps(model, optimizer, 1)
        moved[how] = (nn.utils.parameters_to_vector(inside) - before).norm().item()
    assert moved["rate 0"] > 1.5 * moved["thaw"] > 0


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_rows_stay_bitwise_and_the_others_move(name):
    model = new_model()
    optimizer = OPTIMIZERS[name](model.parameters())
    steps(model, optimizer)
    before = model.embedding.weight.detach().clone()
    handle = hold_rows(model.embedding.weight, [0, 1, 5], optimizer)
    steps(model, optimizer, 10)
    held = (model.embedding.weight == before).all(dim=1)
    assert held.nonzero().flatten().tolist() == [0, 1, 5]
    handle.remove()
    steps(model, optimizer, 1)
    assert not (model.embedding.weight == before).all(dim=1).any()


def test_rows_by_a_mask_and_under_lbfgs():
    model = new_model()
    optimizer = torch.optim.LBFGS(model.parameters(), lr=0.1, max_iter=1)
    before, mask = model.embedding.weight.detach().clone(), torch.arange(11) < 9
    hold_rows(model.embedding.weight, mask, optimizer)
    steps(model, optimizer, 3)
    assert torch.equal((model.embedding.weight == before).all(dim=1), mask)
