"""Exercises 5.3 and 5.4 of lesson 05: a stack of frozen models, and a step that moves only the bread."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.beds.zoo.models import SHAPES, attention, feed_forward, norm, transformer
from course_utils.exercises.bank import Case, Entry, WrongResult, describe, observe_results
from course_utils.exercises.lessons.lesson05 import with_gradient


def build(
    weights: Mapping[str, Any],
    x: Any,
    *,
    add: tuple[bool, bool] = (True, True),  # what attention says, what feed_forward says
    norm_before: tuple[bool, bool] = (True, True),
    norm_stays: bool = False,
    norm_last: bool = True,
    layers: tuple[int, ...] = (1, 2),
    read: Callable = lambda x: x[:, :, 0],
    cls_first: bool = True,
    one_norm: bool = False,
    with_cls: bool = True,
    one_model: bool = False,
    feed_forward_first: bool = False,
) -> Any:
    """The forward pass with one thing done otherwise: what the wrong versions below are made of."""
    from torch import cat, einsum

    m, n, _, d = x.shape
    cls = weights["cls"][:1].expand(m, d) if one_model else weights["cls"]
    cls = cls[:, None, None].expand(m, n, 1, d)
    if with_cls:
        x = cat([cls, x] if cls_first else [x, cls], dim=2)
    for layer in layers:
        first = norm(x)
        parts = [
            (lambda y, layer=layer: attention(y, y, weights, layer)),
            (lambda y, layer=layer: feed_forward(y, weights, layer)),
        ]
        for k in (1, 0) if feed_forward_first else (0, 1):
            read_by = (first if one_norm else norm(x)) if norm_before[k] else x
            if norm_stays:
                x = norm(x)
            x = x + parts[k](read_by) if add[k] else parts[k](read_by)
    at_end = norm(read(x)) if norm_last else read(x)
    answer = weights["answer"][:1].expand(m, d) if one_model else weights["answer"]
    return einsum("mnd,md->mn", at_end, answer) + weights["answer bias"][:, None]


def read_answer(weights: Mapping[str, Any], x: Any) -> Any:
    """The answers from the tokens after the last layer, cls in front."""
    from torch import einsum

    return einsum("mnd,md->mn", norm(x[:, :, 0]), weights["answer"]) + weights["answer bias"][:, None]


def stack_case(m: int, n: int, t: int, seed: int) -> dict[str, Any]:
    import torch

    rng = torch.Generator().manual_seed(seed)
    weights = {
        name: torch.randn(m, *shape, generator=rng, dtype=torch.float64) / 3 for name, shape in SHAPES.items()
    }
    x = torch.randn(m, n, t, SHAPES["cls"][0], generator=rng, dtype=torch.float64, requires_grad=True)
    return dict(weights=weights, x=x)


FROZEN = Entry(
    "5.3",
    returns=("logits",),
    observe=with_gradient("logits", "x"),
    checked="Every model gives its own answer to every query, and gradient flows back to the tokens.",
    cases=(
        Case("two models, one query of three tokens", lambda: stack_case(2, 1, 3, 1)),
        Case("three models, two queries of four tokens", lambda: stack_case(3, 2, 4, 2)),
        Case("one model, one query of nine tokens", lambda: stack_case(1, 1, 9, 3)),
    ),
    hints=(
        'cls is (m, d). weights["cls"][:, None, None].expand(m, n, 1, d) gives every query of a model its cls token; '
        "torch.cat([cls, x], dim=2) puts it in front.",
        "In each layer: normed = norm(x); x = x + attention(normed, normed, weights, layer); x = x + feed_forward(norm(x), weights, layer).",
        'At the end: norm(x[:, :, 0]) is (m, n, d). torch.einsum("mnd,md->mn", …, weights["answer"]) is each model\'s own product; add the bias as weights["answer bias"][:, None].',
    ),
)
FROZEN.reference(transformer)


@FROZEN.right
def transformer_asking_with_all(weights, x):
    from torch import cat, einsum

    m, n, t, d = x.shape
    cls = weights["cls"][:, None, None].expand(m, n, 1, d)
    x = cat([cls, x], dim=2)
    for layer in (1, 2):
        normed = norm(x)
        x = x + attention(normed, normed, weights, layer)
        x = x + feed_forward(norm(x), weights, layer)
    return einsum("mnd,md->mn", norm(x[:, :, 0]), weights["answer"]) + weights["answer bias"][:, None]


@FROZEN.wrong(
    "You replace the tokens by what attention says. Each layer adds to them: x = x + attention(…), x = x + feed_forward(…)."
)
def residuals_left_out(weights, x):
    return build(weights, x, add=(False, False))


@FROZEN.wrong("The norms inside the layers are missing: attention and feed_forward get norm(x).")
def norms_left_out(weights, x):
    return build(weights, x, norm_before=(False, False))


@FROZEN.wrong("You replace the tokens by what attention says. It is added to them: x = x + attention(…).")
def attention_replaces(weights, x):
    return build(weights, x, add=(False, True))


@FROZEN.wrong(
    "You replace the tokens by what feed_forward says. It is added to them: x = x + feed_forward(…)."
)
def feed_forward_replaces(weights, x):
    return build(weights, x, add=(True, False))


@FROZEN.wrong("attention gets the tokens as they are. Give it norm(x), twice.")
def attention_without_norm(weights, x):
    return build(weights, x, norm_before=(False, True))


@FROZEN.wrong("feed_forward gets the tokens as they are. Give it norm(x).")
def feed_forward_without_norm(weights, x):
    return build(weights, x, norm_before=(True, False))


@FROZEN.wrong(
    "You norm the tokens themselves. The norm is only for what attention and feed_forward read; what they say is added to x as it was."
)
def norm_of_the_sum_kept(weights, x):
    return build(weights, x, norm_stays=True)


@FROZEN.wrong(
    "You norm what has been added up. Here the norm stands before each part: x = x + attention(norm(x), norm(x), …)."
)
def norm_after_adding(weights, x):
    from torch import cat

    m, n, _, d = x.shape
    x = cat([weights["cls"][:, None, None].expand(m, n, 1, d), x], dim=2)
    for layer in (1, 2):
        x = norm(x + attention(x, x, weights, layer))
        x = norm(x + feed_forward(x, weights, layer))
    return read_answer(weights, x)


@FROZEN.wrong("attention reads two stacks, a and b, and you norm one of them. Both are norm(x).")
def only_those_who_ask_normed(weights, x):
    from torch import cat

    m, n, _, d = x.shape
    x = cat([weights["cls"][:, None, None].expand(m, n, 1, d), x], dim=2)
    for layer in (1, 2):
        x = x + attention(norm(x), x, weights, layer)
        x = x + feed_forward(norm(x), weights, layer)
    return read_answer(weights, x)


@FROZEN.wrong("Your feed_forward comes before attention. Tokens look first, then think.")
def feed_forward_before_attention(weights, x):
    return build(weights, x, feed_forward_first=True)


@FROZEN.wrong("`x += …` overwrites a tensor that backward still needs. Make a new one: x = x + ….")
def added_in_place(weights, x):
    from torch import cat, einsum

    m, n, _, d = x.shape
    x = cat([weights["cls"][:, None, None].expand(m, n, 1, d), x], dim=2)
    for layer in (1, 2):
        x += attention(norm(x), norm(x), weights, layer)
        x += feed_forward(norm(x), weights, layer)
    return einsum("mnd,md->mn", norm(x[:, :, 0]), weights["answer"]) + weights["answer bias"][:, None]


@FROZEN.wrong(
    'Every query of a model needs its own cls token before cat can join them: weights["cls"][:, None, None].expand(m, n, 1, d).'
)
def cls_not_expanded(weights, x):
    from torch import cat

    return cat([weights["cls"][:, None, None], x], dim=2)


@FROZEN.wrong(
    'weights["cls"] is (m, d) and the tokens are (m, n, t, d): weights["cls"][:, None, None].expand(m, n, 1, d) fits in front of them.'
)
def cls_as_it_is(weights, x):
    from torch import cat

    return cat([weights["cls"], x], dim=2)


@FROZEN.wrong("Return the logits as they are: no sigmoid here, the tanh comes later.")
def sigmoid_of_the_answers(weights, x):
    return transformer(weights, x).sigmoid()


@FROZEN.wrong("The last norm is missing: the answer is read from norm of the cls token.")
def last_norm_left_out(weights, x):
    return build(weights, x, norm_last=False)


@FROZEN.wrong("You read the last token. The answer is read from cls, which stands in front: x[:, :, 0].")
def last_token_read(weights, x):
    return build(weights, x, read=lambda x: x[:, :, -1])


@FROZEN.wrong("You read the mean over all tokens. The answer is read from cls alone: x[:, :, 0].")
def mean_of_tokens_read(weights, x):
    return build(weights, x, read=lambda x: norm(x).mean(dim=2), norm_last=False)


@FROZEN.wrong("The token cls is missing: put it in front of the tokens, then read it at the end.")
def cls_left_out(weights, x):
    return build(weights, x, with_cls=False)


@FROZEN.wrong(
    "You read the first token of the string in place of cls: cat([cls, x]) puts cls in front, and x[:, :, 0] reads it."
)
def cls_behind(weights, x):
    return build(weights, x, cls_first=False)


@FROZEN.wrong("Layer 2 is missing: for layer in (1, 2).")
def first_layer_only(weights, x):
    return build(weights, x, layers=(1,))


@FROZEN.wrong("You use the weights of layer 1 twice: hand the layer's own number on.")
def first_layer_twice(weights, x):
    return build(weights, x, layers=(1, 1))


@FROZEN.wrong(
    "feed_forward gets the tokens from before attention. Take the norm again, after attention has been added."
)
def both_from_one_norm(weights, x):
    return build(weights, x, one_norm=True)


@FROZEN.wrong(
    'Every model gets the cls and the answer of the first. weights["cls"] has one row for each model: use all of them.'
)
def first_model_for_all(weights, x):
    return build(weights, x, one_model=True)


@FROZEN.wrong('The bias is missing: add weights["answer bias"][:, None].')
def answer_bias_left_out(weights, x):
    return transformer(weights, x) - weights["answer bias"][:, None]


@FROZEN.wrong('You count the layers from 0. Their weights are named from 1 ("qkv 1" …): for layer in (1, 2).')
def layers_from_zero(weights, x):
    return build(weights, x, layers=(0, 1))


@FROZEN.wrong(
    'The bias has one number for each model, (m,), and lies along the wrong axis: weights["answer bias"][:, None].'
)
def answer_bias_along_the_queries(weights, x):
    from torch import zeros_like

    unbiased = dict(weights, **{"answer bias": zeros_like(weights["answer bias"])})
    return transformer(unbiased, x) + weights["answer bias"]


@FROZEN.wrong(
    "The answers are right, but no gradient flows back to the tokens. Frozen means that weights stay; gradient has to pass. Leave detach and no_grad out."
)
def answers_detached(weights, x):
    return transformer(weights, x).detach()


@FROZEN.wrong("Your answers are transposed: one row for each model, (m, n).")
def answers_transposed(weights, x):
    return transformer(weights, x).T


@FROZEN.right
def transformer_by_model(weights, x):
    import torch

    rows = []
    for model in range(len(x)):
        one = {name: tensor[model : model + 1] for name, tensor in weights.items()}
        cls = one["cls"].view(1, 1, 1, -1).repeat(1, x.shape[1], 1, 1)
        tokens = torch.cat((cls, x[model : model + 1]), 2)
        for layer in (1, 2):
            tokens = tokens + attention(norm(tokens), norm(tokens), one, layer)
            tokens = tokens + feed_forward(norm(tokens), one, layer)
        rows.append(norm(tokens)[0, :, 0] @ one["answer"][0] + one["answer bias"])
    return torch.stack(rows)


def step_with(
    front: Any,
    models: Any,
    back: Any,
    z: Any,
    labels: Any,
    optimizer: Any,
    *,
    freeze: Callable = lambda models: models.eval().requires_grad_(False),
    middle: Callable = lambda answers: answers,
    loss_of: Callable | None = None,
    clear: Callable = lambda optimizer: optimizer.zero_grad(),
    clear_late: bool = False,
    step: Callable = lambda optimizer: optimizer.step(),
    reached: Callable = lambda front: any(weight.grad is not None for weight in front.parameters()),
) -> tuple[float, bool]:
    """The step with one thing done otherwise: what the wrong versions below are made of."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    freeze(models)
    scores = back(middle(models(front(z))))
    loss = (loss_of or binary_cross_entropy_with_logits)(scores, labels)
    clear(optimizer)
    loss.backward()
    if clear_late:
        optimizer.zero_grad()
    step(optimizer)
    return loss.item(), reached(front)


def sandwich_case(seed: int, lets_through: bool = True) -> dict[str, Any]:
    """A sandwich of small layers with gradients left over from an earlier step, and a memory in the optimizer."""
    import torch

    rng = torch.Generator().manual_seed(seed)
    front = torch.nn.Sequential(torch.nn.Linear(3, 4))
    back = torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Flatten(0))
    bread = [*front.parameters(), *back.parameters()]
    for weight in bread:
        weight.data = torch.randn(weight.shape, generator=rng)
        weight.grad = torch.randn(weight.shape, generator=rng)
    models = stack_of_five(torch.randn(5, 4, 4, generator=rng), lets_through)
    optimizer = torch.optim.SGD(bread, lr=0.5, momentum=0.5)
    for weight in back.parameters():
        optimizer.state[weight]["momentum_buffer"] = torch.ones_like(weight)
    z, labels = torch.randn(3, generator=rng), torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0])
    return dict(front=front, models=models, back=back, z=z, labels=labels, optimizer=optimizer)


def stack_of_five(weights: Any, lets_through: bool) -> Any:
    """A stand-in for the zoo: five models of one layer, whose answers are halved while it is in training mode."""
    import torch

    class Five(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weights = torch.nn.Parameter(weights)

        def forward(self, queries: Any) -> Any:
            # A dropout that would throw away all but a half, without the chance in it.
            said = (queries @ self.weights).tanh() * (0.5 if self.training else 1.0)
            return said if lets_through else said.detach()

    return Five()


def observe_bread(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The loss, whether gradient reached the front, and what the step left behind in all three parts."""
    returned = observe_results(("loss", "reached"))(arguments, result)
    if getattr(returned["loss"], "requires_grad", False):
        raise WrongResult(
            "Return loss.item(), a plain number: the tensor drags its whole graph along, for every step of the training."
        )
    if not isinstance(returned["loss"], (float, int)) and not hasattr(returned["loss"], "item"):
        raise WrongResult(
            f"Return the loss as a number: loss.item(); yours returned {describe(returned['loss'])}."
        )
    if not isinstance(returned["reached"], bool | np.bool_) and not hasattr(returned["reached"], "item"):
        raise WrongResult(
            f"Return True or False as the second value; yours returned {describe(returned['reached'])}."
        )
    front, models, back = (arguments[name] for name in ("front", "models", "back"))
    return {
        "loss": float(returned["loss"]),
        "reached": bool(returned["reached"]),
        "the front's weights": front[0].weight,
        "the front's bias": front[0].bias,
        "the back's weights": back[0].weight,
        "the back's bias": back[0].bias,
        "the back in training mode": back.training,
        "the frozen weights": models.weights,
        "a gradient kept for the frozen weights": models.weights.grad is not None,
        "the optimizer's rate": arguments["optimizer"].param_groups[0]["lr"],
        "the optimizer's memory": arguments["optimizer"].state[back[0].weight]["momentum_buffer"],
    }


STEP = Entry(
    "5.4",
    returns=("loss", "reached"),
    observe=observe_bread,
    may_change=("front", "models", "back", "optimizer"),
    checked="The loss is right, front and back move as their gradients say, the models stay and keep no gradient, "
    "and you notice when nothing reaches the front.",
    cases=(
        Case("five models, four queries", lambda: sandwich_case(1)),
        Case("five models, other weights", lambda: sandwich_case(2)),
        Case("five models that let no gradient through", lambda: sandwich_case(3, lets_through=False)),
    ),
    hints=(
        "Which of these stops the gradient for the models' weights and lets it pass to the front: detach, no_grad, requires_grad_(False)? "
        "And which mode turns dropout off?",
        "models.eval().requires_grad_(False) first; then loss, zero_grad, backward, step. "
        "After zero_grad and backward, a weight of the front that nothing reached has .grad None.",
    ),
)


@STEP.reference
def sandwich_step(front, models, back, z, labels, optimizer):
    """One step of training around models that must not change. Says whether gradient came through them.

    front(z) gives queries, models(queries) the answers of every model, shape (m, n), and back(answers) one
    score for each model, shape (m,). labels: shape (m,), 1.0 for a generalizer and 0.0 otherwise.
    All three are torch.nn.Modules. models comes as any module does: in training mode, its weights asking for
    gradients. Let it answer as in use, and keep no gradient for its weights. back stays in training mode.
    optimizer holds the weights of front and back; the gradients of the last step are still in them.
    The loss is binary_cross_entropy_with_logits of scores and labels, a mean over the models.
    Take one step of the optimizer. Return the loss before it as a number, and True if in this step
    gradient reached the front, False if none did.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    models.eval().requires_grad_(False)
    loss = binary_cross_entropy_with_logits(back(models(front(z))), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item(), any(weight.grad is not None for weight in front.parameters())


@STEP.wrong(
    "The back learns and the front does not: no gradient passes the frozen models. Frozen means that weights stay, so leave detach and no_grad out."
)
def answers_detached_in_step(front, models, back, z, labels, optimizer):
    return step_with(front, models, back, z, labels, optimizer, middle=lambda answers: answers.detach())


@STEP.wrong(
    "No weight of the models moves, since the optimizer does not hold them, but each keeps a gradient, as large as itself, that nobody uses: models.requires_grad_(False) before the forward pass."
)
def gradients_of_the_models_kept(front, models, back, z, labels, optimizer):
    return step_with(front, models, back, z, labels, optimizer, freeze=lambda models: models.eval())


@STEP.wrong(
    "The models answer as in training, dropout and all: requires_grad_(False) does not change the mode. Call models.eval() as well."
)
def models_in_training_mode(front, models, back, z, labels, optimizer):
    def weights_only(models):
        models.requires_grad_(False)

    return step_with(front, models, back, z, labels, optimizer, freeze=weights_only)


@STEP.wrong(
    "You put the back into eval mode as well, which turns its dropout off. Only the models are frozen."
)
def back_in_eval_mode(front, models, back, z, labels, optimizer):
    back.eval()
    return step_with(front, models, back, z, labels, optimizer)


@STEP.wrong(
    "You say True although nothing reached the front. What the last step left in .grad does not count, nor do the zeros of set_to_none=False, nor does requires_grad: look whether .grad is None after zero_grad() and backward()."
)
def zeros_taken_for_a_gradient(front, models, back, z, labels, optimizer):
    def to_zeros(optimizer):
        optimizer.zero_grad(set_to_none=False)

    return step_with(front, models, back, z, labels, optimizer, clear=to_zeros)


@STEP.wrong("It is the other way round: True where gradient reached the front, so where .grad is not None.")
def reached_turned_round(front, models, back, z, labels, optimizer):
    loss, reached = sandwich_step(front, models, back, z, labels, optimizer)
    return loss, not reached


@STEP.wrong(
    "The gradients of the step before are still in there, and yours are added to them: optimizer.zero_grad() before backward."
)
def old_gradients_kept(front, models, back, z, labels, optimizer):
    return step_with(front, models, back, z, labels, optimizer, clear=lambda optimizer: None)


@STEP.wrong(
    "The loss is right and no weight moves as it should: call optimizer.step() after backward, and clear the gradients before backward, not between the two."
)
def nothing_moves(front, models, back, z, labels, optimizer):
    return step_with(front, models, back, z, labels, optimizer, clear_late=True)


@STEP.wrong("The step uses old gradients: loss.backward() is missing before optimizer.step().")
def no_backward(front, models, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    models.eval().requires_grad_(False)
    loss = binary_cross_entropy_with_logits(back(models(front(z))), labels)
    optimizer.step()
    return loss.item(), front[0].weight.grad is not None


@STEP.wrong(
    "You add the losses of the models up. The loss is their mean, or the rate would depend on how many there are."
)
def sum_over_models(front, models, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    def summed(scores, labels):
        return binary_cross_entropy_with_logits(scores, labels, reduction="sum")

    return step_with(front, models, back, z, labels, optimizer, loss_of=summed)


@STEP.wrong("binary_cross_entropy_with_logits takes the scores as they are: it applies the sigmoid itself.")
def sigmoid_twice(front, models, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    def squashed(scores, labels):
        return binary_cross_entropy_with_logits(scores.sigmoid(), labels)

    return step_with(front, models, back, z, labels, optimizer, loss_of=squashed)


@STEP.wrong("You train towards the opposite label: 1 stands for a generalizer.")
def labels_turned_round(front, models, back, z, labels, optimizer):
    return sandwich_step(front, models, back, z, 1 - labels, optimizer)


@STEP.wrong(
    "You return the loss from after the step. Return the one the step was made from, which you already have."
)
def loss_after_the_step(front, models, back, z, labels, optimizer):
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    _, reached = sandwich_step(front, models, back, z, labels, optimizer)
    with torch.no_grad():
        return binary_cross_entropy_with_logits(back(models(front(z))), labels).item(), reached


@STEP.wrong(
    "Your step leaves the optimizer out, and with it all that it remembers. Take its step: optimizer.step()."
)
def optimizer_left_out(front, models, back, z, labels, optimizer):
    def by_hand(optimizer):
        for weight in optimizer.param_groups[0]["params"]:
            if weight.grad is not None:
                weight.data -= optimizer.param_groups[0]["lr"] * weight.grad

    return step_with(front, models, back, z, labels, optimizer, step=by_hand)


@STEP.right
def sandwich_step_by_hand(front, models, back, z, labels, optimizer):
    import torch

    models.eval()
    for weight in models.parameters():
        weight.requires_grad = False
    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = None
    loss = torch.nn.BCEWithLogitsLoss()(back(models(front(z))), labels)
    loss.backward()
    optimizer.step()
    return float(loss.detach()), front[0].weight.grad is not None


@STEP.right
def sandwich_step_from_probabilities(front, models, back, z, labels, optimizer):
    import torch

    models.train(False).requires_grad_(False)
    optimizer.zero_grad(set_to_none=False)
    p = torch.sigmoid(back(models(front(z))))
    loss = -(labels * torch.log(p) + (1 - labels) * torch.log(1 - p)).mean()
    loss.backward()
    optimizer.step()
    return loss.detach(), any(weight.grad.any() for weight in front.parameters())
