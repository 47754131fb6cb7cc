"""The audit: every leak of lesson 04 is named, on a model of another build, and nothing else is."""

import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from course_utils.pytorch.audit import audit


class Reader(nn.Module):
    """Tokens in, a class out: an embedding, a norm, dropout, parts without weights, a recurrent layer."""

    def __init__(self):
        super().__init__()
        self.embedding = nn.Embedding(11, 6)
        self.encoder = nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3), nn.Linear(8, 5))  # fmt: skip
        self.read = nn.Linear(5, 3)
        self.cut = False

    def forward(self, tokens):
        h = self.embedding(tokens).mean(dim=1)
        h = self.encoder(h)
        return self.read(h.detach() if self.cut else h)


TOKENS, LABELS = torch.arange(48).reshape(12, 4) % 11, torch.arange(12) % 3


def model_and(make, *, stays=(), mode="eval"):
    """A reader whose parts ``stays`` want no gradient, and the optimizer that ``make`` builds."""
    torch.manual_seed(0)
    model = Reader().train()
    for part in stays:
        model.get_submodule(part).requires_grad_(False).train(mode == "train")
    return model, make(p for p in model.parameters() if p.requires_grad)


def steps(model, optimizer, mask=(), n=3, set_to_none=True):
    for _ in range(n):
        optimizer.zero_grad(set_to_none=set_to_none)
        cross_entropy(model(TOKENS), LABELS).backward()
        for part in mask:
            for p in model.get_submodule(part).parameters():
                if p.grad is not None:
                    p.grad *= 0
        optimizer.step()


def sgd(p, **more):
    return torch.optim.SGD(p, lr=0.1, **more)


def adam(p, **more):
    return torch.optim.Adam(p, lr=0.01, **more)


def adamw(p):
    return torch.optim.AdamW(p, lr=0.01)


@pytest.mark.parametrize("make", [sgd, adam, adamw, lambda p: sgd(p, momentum=0.9, weight_decay=0.1)])
@pytest.mark.parametrize("stays", [[], ["embedding"], ["encoder"], ["embedding", "encoder"]])
def test_says_nothing_where_nothing_leaks(make, stays):
    model, optimizer = model_and(make, stays=stays)
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    assert report.leaks == [] and report.steps == 3
    assert "✓ Nothing leaks, in 3 steps." in str(report)
    for row in report.rows:
        assert (row.moved == 0) == row.stays, row.names
        assert row.is_buffer or (row.gradient is None) == row.stays
        assert row.is_buffer or len(row.held) == (not row.stays)


def test_says_nothing_of_a_part_that_is_named_and_left_out_or_masked_under_plain_descent():
    for mask in ([], ["encoder"]):
        model, _ = model_and(sgd)
        model.encoder.eval()
        held = [*model.embedding.parameters(), *model.read.parameters()]
        optimizer = sgd(held if not mask else model.parameters())
        with audit(model, optimizer, frozen=["encoder"]) as report:
            steps(model, optimizer, mask)
        assert report.leaks == []


@pytest.mark.parametrize(
    "make, warm, mover",
    [
        (lambda p: sgd(p, weight_decay=0.01), 0, "weight decay 0.01, while"),
        (lambda p: adam(p, weight_decay=0.01), 0, "weight decay 0.01"),
        (adamw, 0, "weight decay 0.01, while"),
        (lambda p: sgd(p, momentum=0.9), 3, "the optimizer's memory, while"),
        (adam, 3, "the optimizer's memory, while"),
        (lambda p: adam(p, weight_decay=0.01), 3, "weight decay 0.01 and the optimizer's memory, while"),
    ],
)
def test_decay_and_memory_behind_a_masked_gradient(make, warm, mover):
    model, optimizer = model_and(make)
    steps(model, optimizer, n=warm)
    model.encoder.eval()
    with audit(model, optimizer, frozen=["encoder"]) as report:
        steps(model, optimizer, mask=["encoder"])
    (leak,) = report.leaks
    assert leak.startswith("encoder.0.weight, encoder.0.bias, encoder.1.weight and ")
    assert "more should stay and moved" in leak
    assert mover in leak and "multiplied by 0" in leak


def test_zeros_instead_of_none():
    model, optimizer = model_and(lambda p: sgd(p, momentum=0.9))
    steps(model, optimizer)
    model.encoder.eval().requires_grad_(False)
    with audit(model, optimizer) as report:
        steps(model, optimizer, set_to_none=False)
    (leak,) = report.leaks
    assert "the optimizer's memory, while its gradient is 0 instead of None" in leak


def test_an_old_gradient_left_by_the_freeze():
    model, optimizer = model_and(sgd)
    cross_entropy(model(TOKENS), LABELS).backward()
    model.encoder.eval().requires_grad_(False)
    with audit(model, optimizer) as report:
        cross_entropy(model(TOKENS), LABELS).backward()
        optimizer.step()
    (leak,) = report.leaks
    assert "an old gradient that is still in .grad" in leak


def test_named_and_not_frozen_at_all():
    model, optimizer = model_and(sgd)
    model.encoder.eval()
    with audit(model, optimizer, frozen=["encoder.4.bias"]) as report:
        steps(model, optimizer)
    (leak,) = report.leaks
    assert (
        leak.startswith("encoder.4.bias should stay and moved")
        and "Mover: its gradient. Remedy: requires_grad_(False)" in leak
    )


@pytest.mark.parametrize("stays", [["encoder"], ["encoder", "embedding"]])
def test_running_statistics_and_dropout_in_train_mode(stays):
    model, optimizer = model_and(sgd, stays=stays, mode="train")
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    statistics, dropout = report.leaks
    assert statistics.startswith("encoder.1.running_mean, encoder.1.running_var moved")
    assert dropout.startswith("Dropout was on in encoder.3,")


def test_a_norm_without_weights_belongs_to_the_part_around_it():
    model = nn.Sequential(nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4, affine=False)), nn.Linear(4, 3))
    model[0].requires_grad_(False)
    optimizer = sgd(model[1].parameters())
    with audit(model, optimizer) as report:
        cross_entropy(model(torch.randn(12, 4)), LABELS).backward()
        optimizer.step()
    (leak,) = report.leaks
    assert leak.startswith("0.1.running_mean")


def test_dropout_inside_a_recurrent_layer():
    model = nn.ModuleDict({"body": nn.LSTM(4, 5, num_layers=2, dropout=0.2), "read": nn.Linear(5, 3)})
    model["body"].requires_grad_(False)
    optimizer = sgd(model["read"].parameters())
    for mode, leaks in ((True, 1), (False, 0)):
        model["body"].train(mode)
        with audit(model, optimizer) as report:
            optimizer.zero_grad()
            cross_entropy(model["read"](model["body"](torch.randn(12, 4))[0]), LABELS).backward()
            optimizer.step()
        assert len(report.leaks) == leaks


def test_a_detached_front():
    model, optimizer = model_and(sgd)
    model.cut = True
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    (leak,) = report.leaks
    assert leak.startswith("No gradient reached embedding.weight, encoder.0.weight")
    assert "read.weight" not in leak and "detached" in leak


def test_what_no_optimizer_has():
    model, optimizer = model_and(sgd, stays=["encoder"])
    model.encoder.requires_grad_(True)
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    (leak,) = report.leaks
    assert leak.startswith("No optimizer given to the audit has encoder.0.weight") and "never got it" in leak
    optimizer.add_param_group({"params": model.encoder.parameters(), "lr": 0.01})
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    assert report.leaks == []
    assert report.rows[1].held == ["SGD, group 1"]


def test_a_head_that_was_replaced_after_the_optimizer_was_built():
    model, optimizer = model_and(sgd)
    model.read = nn.Linear(5, 3)
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    (leak,) = report.leaks
    assert leak.startswith(
        "No optimizer given to the audit has read.weight, read.bias: it was built for tensors"
    )


def test_tied_weights_stay_together():
    model, _ = model_and(sgd)
    model.read = nn.Linear(5, 11, bias=False)
    model.embedding = nn.Embedding(11, 5)
    model.encoder = nn.Linear(5, 5)
    model.read.weight = model.embedding.weight
    optimizer = sgd(model.parameters())
    with audit(model, optimizer, frozen=["embedding"]) as report:
        steps(model, optimizer)
    moved, tied = report.leaks
    assert "Mover: its gradient" in moved
    assert tied.startswith("embedding.weight and read.weight are one tensor")
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    assert report.leaks == []


def test_moved_by_something_else():
    model, optimizer = model_and(sgd, stays=["encoder"])
    with audit(model, optimizer) as report:
        steps(model, optimizer)
        with torch.no_grad():
            model.encoder[0].weight.mul_(0.99)
    (leak,) = report.leaks
    assert leak.startswith("encoder.0.weight should stay and moved (up to 1.0%)")
    assert "outside the steps of these optimizers" in leak


def test_no_step_is_said():
    model, optimizer = model_and(sgd)
    with audit(model, optimizer) as report:
        cross_entropy(model(TOKENS), LABELS).backward()
    assert report.leaks == ["SGD took no step."]


def test_training_is_the_same_with_and_without_it():
    after = []
    for watched in (False, True):
        model, optimizer = model_and(adamw, stays=["encoder"])
        if watched:
            with audit(model, optimizer, frozen=["encoder"]):
                steps(model, optimizer)
        else:
            steps(model, optimizer)
        after.append(nn.utils.parameters_to_vector(model.parameters()))
    assert torch.equal(*after)


def test_its_hooks_are_gone_after_an_error():
    model, optimizer = model_and(sgd)
    with pytest.raises(ZeroDivisionError), audit(model, optimizer) as report:
        raise ZeroDivisionError
    steps(model, optimizer)
    assert report.steps == 0 and all(row.gradient is None for row in report.rows)


def test_a_name_that_nothing_has():
    model, optimizer = model_and(sgd)
    for frozen, said in ((["bdy"], r"'bdy', and nothing .* Its parts: \['embedding', 'encoder', 'read'\]"), ("encoder", r"frozen=\['encoder'\]")):  # fmt: skip
        with pytest.raises(ValueError, match=said), audit(model, optimizer, frozen=frozen):
            pass


def test_sparse_gradients_and_two_optimizers():
    model, _ = model_and(sgd)
    model.embedding = nn.Embedding(11, 6, sparse=True)
    rest = [p for name, p in model.named_parameters() if not name.startswith("embedding")]
    optimizers = torch.optim.SparseAdam(model.embedding.parameters()), sgd(rest)
    with audit(model, *optimizers) as report:
        for _ in range(2):
            model.zero_grad()
            cross_entropy(model(TOKENS), LABELS).backward()
            for optimizer in optimizers:
                optimizer.step()
    assert report.leaks == [] and report.rows[0].gradient > 0


# What somebody who had not seen the audit ran into


def test_gradients_put_there_by_hand():
    model, optimizer = model_and(sgd)
    with audit(model, optimizer) as report:
        for _ in range(2):
            loss = cross_entropy(model(TOKENS), LABELS)
            parameters = list(model.parameters())
            for p, grad in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                p.grad = grad
            optimizer.step()
    assert report.leaks == []


def test_a_hook_that_uses_the_gradient_up():
    model, optimizer = model_and(sgd)
    for p in model.parameters():
        p.register_post_accumulate_grad_hook(lambda p: setattr(p, "grad", None))
    with audit(model) as report:
        cross_entropy(model(TOKENS), LABELS).backward()
    assert report.leaks == []


def test_a_module_under_two_names():
    model = nn.ModuleDict({"a": nn.Linear(4, 4), "read": nn.Linear(4, 3)})
    model["b"] = model["a"]
    model["a"].requires_grad_(False)
    optimizer = sgd(model["read"].parameters())
    with audit(model, optimizer, frozen=["b"]) as report:
        cross_entropy(model["read"](model["b"](torch.randn(12, 4))), LABELS).backward()
        optimizer.step()
    assert report.leaks == []


def test_tied_weights_that_really_stay():
    model, _ = model_and(sgd)
    model.embedding, model.encoder = nn.Embedding(11, 5), nn.Linear(5, 5)
    model.read = nn.Linear(5, 11, bias=False)
    model.read.weight = model.embedding.weight
    model.embedding.requires_grad_(False)
    optimizer = sgd(p for p in model.parameters() if p.requires_grad)
    with audit(model, optimizer, frozen=["read"]) as report:
        steps(model, optimizer)
    assert report.leaks == []


def test_nan_that_stays_and_a_count_are_no_leak():
    model, optimizer = model_and(sgd, stays=["encoder"])
    model.encoder.register_buffer("lost", torch.tensor(float("nan")))
    model.encoder.register_buffer("seen", torch.tensor(0))
    with audit(model, optimizer) as report:
        steps(model, optimizer)
        model.encoder.seen += 1
    assert report.leaks == []


def test_a_running_mean_that_is_assigned_anew():
    model, optimizer = model_and(sgd, stays=["encoder"])
    model.encoder.register_buffer("mean", torch.ones(3))
    with audit(model, optimizer, frozen=(name for name in ["encoder"])) as report:
        steps(model, optimizer)
        model.encoder.mean = 0.9 * model.encoder.mean
    (leak,) = report.leaks
    assert leak.startswith("encoder.mean moved without any gradient")


def test_one_layer_of_an_lstm_throws_nothing_away():
    model = nn.ModuleDict({"body": nn.GRU(4, 5), "read": nn.Linear(5, 3)})
    model["body"].dropout = 0.2
    model["body"].requires_grad_(False)
    optimizer = sgd(model["read"].parameters())
    with audit(model, optimizer) as report:
        cross_entropy(model["read"](model["body"](torch.randn(12, 4))[0]), LABELS).backward()
        optimizer.step()
    assert report.leaks == []


def test_an_optimizer_that_takes_no_turn():
    model, first = model_and(lambda p: sgd(list(p)[:1]))
    second = sgd(list(model.parameters())[1:])
    with audit(model, first, second) as report:
        steps(model, first)
    assert report.leaks == ["SGD took no step."]


def test_a_gradient_of_exactly_zero():
    model, optimizer = model_and(sgd)
    model.encoder.append(nn.Hardtanh(5.0, 6.0))
    with audit(model, optimizer) as report:
        steps(model, optimizer)
    (leak,) = report.leaks
    assert leak.startswith("The gradient of embedding.weight, encoder.0.weight") and "exactly 0" in leak


def test_a_closure_is_called_one():
    model, _ = model_and(sgd)
    model.encoder.eval()
    optimizer = torch.optim.LBFGS(model.parameters(), max_iter=2)

    def closure():
        optimizer.zero_grad()
        loss = cross_entropy(model(TOKENS), LABELS)
        loss.backward()
        return loss

    with audit(model, optimizer, frozen=["encoder"]) as report:
        optimizer.step(closure)
        optimizer.step(closure)
    (leak,) = report.leaks
    assert "Mover: a step with a closure." in leak


@pytest.mark.parametrize("make, said", [(lambda m: (m, [sgd(m.parameters())]), "one after the other"), (lambda m: (nn.LazyLinear(3),), "run one batch")])  # fmt: skip
def test_what_cannot_be_watched_is_said(make, said):
    model, _ = model_and(sgd)
    with pytest.raises(ValueError, match=said), audit(*make(model)):
        pass
