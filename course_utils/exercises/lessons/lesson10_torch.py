"""Exercise 10.5: a hard choice with a soft slope, in PyTorch."""

from collections.abc import Mapping
from typing import Any

from course_utils.exercises.bank import Case, Entry, WrongResult, describe


def observe_choice(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The choice, and the gradient that flows from it back to the logits."""
    import torch

    if not isinstance(result, torch.Tensor):
        raise WrongResult(f"Return a tensor, so that gradient can flow; yours returned {describe(result)}.")
    logits = arguments["logits"]
    grad = torch.zeros_like(logits)
    if result.requires_grad:
        upstream = torch.linspace(-1, 2, result.numel(), dtype=result.dtype).view(result.shape) ** 2
        (flowing,) = torch.autograd.grad(result, logits, upstream, allow_unused=True)
        grad = grad if flowing is None else flowing
    return {"choice": result.detach(), "grad_logits": grad}


def choice_case(n: int, options: int, temperature: float, seed: int) -> dict[str, Any]:
    import torch

    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, options, generator=rng, dtype=torch.float64, requires_grad=True)
    return dict(logits=logits, temperature=temperature)


CHOICE = Entry(
    "10.5",
    returns=("choice",),
    observe=observe_choice,
    checked="The choice is hard, and its gradient is that of the softmax at this temperature.",
    cases=(
        Case("1 row of 3 options, temperature 1", lambda: choice_case(1, 3, 1.0, 111)),
        Case("4 rows of 5 options, temperature 0.5", lambda: choice_case(4, 5, 0.5, 112)),
        Case("2 rows of 4 options, temperature 2", lambda: choice_case(2, 4, 2.0, 113)),
    ),
    hints=(
        "soft = (logits / temperature).softmax(dim=-1) has the slope that you want, one_hot(argmax) the values.",
        "hard − soft, detached, is a constant: adding it changes the values and no gradient.",
        "return soft + (hard - soft).detach()",
    ),
)


def parts(logits, temperature):
    """Soft and hard choice, both (N, C)."""
    from torch.nn.functional import one_hot

    hard = one_hot(logits.argmax(dim=-1), logits.shape[-1]).to(logits.dtype)
    return (logits / temperature).softmax(dim=-1), hard


@CHOICE.reference
def hard_choice(logits, temperature):
    """The largest of several options as a one-hot row, with the gradient of a softmax.

    logits: shape (N, C), a tensor. temperature: a number; small ones make the softmax sharper.
    Forwards, each row is 1 at its largest logit and 0 elsewhere. Backwards, it has the gradient of
    softmax(logits / temperature). Return a tensor of shape (N, C).
    """
    from torch.nn.functional import one_hot

    soft = (logits / temperature).softmax(dim=-1)
    hard = one_hot(logits.argmax(dim=-1), logits.shape[-1])
    return soft + (hard - soft).detach()


@CHOICE.wrong(
    "No gradient comes back. argmax has none, and a soft part that is added and taken away cancels its own: "
    "add soft with its gradient, and take it away as a constant, by detach()."
)
def only_hard(logits, temperature):
    return parts(logits, temperature)[1]


@CHOICE.wrong("Forwards your choice is soft: the rows are shares, where one 1 and zeros are asked for.")
def only_soft(logits, temperature):
    return parts(logits, temperature)[0]


@CHOICE.wrong(
    "Your gradient has the wrong sign: detach what is taken away, soft.detach(), and add soft itself."
)
def soft_taken_away(logits, temperature):
    soft, hard = parts(logits, temperature)
    return hard + soft.detach() - soft


@CHOICE.wrong("The temperature is left out: the softmax is of logits / temperature.")
def temperature_left_out(logits, temperature):
    soft, hard = parts(logits, 1.0)
    return soft + (hard - soft).detach()


@CHOICE.wrong("The temperature is turned round: a small one makes the softmax sharper, so divide by it.")
def temperature_multiplied(logits, temperature):
    soft, hard = parts(logits, 1 / temperature)
    return soft + (hard - soft).detach()


@CHOICE.wrong(
    "Straight through without the softmax: here the gradient is that of softmax(logits / temperature)."
)
def straight_to_the_logits(logits, temperature):
    _, hard = parts(logits, temperature)
    return logits + (hard - logits).detach()


@CHOICE.wrong(
    "Your rows add up to 2: take soft away again, detached, so that only hard is left of the values."
)
def soft_not_taken_away(logits, temperature):
    soft, hard = parts(logits, temperature)
    return soft + hard


@CHOICE.right
def hard_choice_by_torch(logits, temperature):
    import torch

    soft = torch.softmax(logits / temperature, dim=1)
    hard = torch.zeros_like(soft).scatter(1, soft.argmax(dim=1, keepdim=True), 1.0)
    return hard - soft.detach() + soft


@CHOICE.right
def hard_choice_by_function(logits, temperature):
    import torch

    class Choice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, logits):
            soft, hard = parts(logits, temperature)
            ctx.save_for_backward(soft)
            return hard

        @staticmethod
        def backward(ctx, grad):
            (soft,) = ctx.saved_tensors
            return soft * (grad - (grad * soft).sum(dim=-1, keepdim=True)) / temperature

    return Choice.apply(logits)
