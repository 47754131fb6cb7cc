"""Exercises of lesson 05, from 5.3: a stack of frozen models, a step that moves only the bread, and a choice."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.beds.zoo.models import SHAPES, attention, feed_forward, norm, transformer
from course_utils.exercises.bank import Case, Entry, WrongResult, describe
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


@FROZEN.wrong("You put cls behind the tokens and read the one in front. cat([cls, x]) puts cls first.")
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
    frozen: Any,
    back: Any,
    z: Any,
    labels: Any,
    optimizer: Any,
    *,
    middle: Callable = lambda answers: answers,
    queries: Callable = lambda queries: queries,
    loss_of: Callable | None = None,
    clear: bool = True,
    clear_late: bool = False,
    step: bool = True,
) -> float:
    """The step with one thing done otherwise: what the wrong versions below are made of."""
    from torch.nn.functional import binary_cross_entropy_with_logits

    scores = back(middle(frozen(queries(front(z)))))
    loss = (loss_of or binary_cross_entropy_with_logits)(scores, labels)
    if clear:
        optimizer.zero_grad()
    loss.backward()
    if clear_late:
        optimizer.zero_grad()
    if step:
        optimizer.step()
    return loss.item()


def sandwich_case(seed: int) -> dict[str, Any]:
    """A sandwich of small linear layers with gradients left over from an earlier step."""
    import torch

    rng = torch.Generator().manual_seed(seed)
    front, back = torch.nn.Linear(3, 4), torch.nn.Sequential(torch.nn.Linear(4, 1), torch.nn.Flatten(0))
    bread = [*front.parameters(), *back.parameters()]
    for weight in bread:
        weight.data = torch.randn(weight.shape, generator=rng)
        weight.grad = torch.randn(weight.shape, generator=rng)
    frozen_weights = torch.randn(5, 4, 4, generator=rng)
    return dict(
        front=front,
        frozen=Frozen(frozen_weights),
        back=back,
        z=torch.randn(3, generator=rng),
        labels=torch.tensor([1.0, 0.0, 1.0, 1.0, 0.0]),
        optimizer=torch.optim.SGD(bread, lr=0.5),
    )


class Frozen:
    """A stand-in for the zoo: five models of one layer."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights

    def __call__(self, queries: Any) -> Any:
        return (queries @ self.weights).tanh()


def observe_bread(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The loss, the weights of the bread after the step, and those of the models between."""
    if getattr(result, "requires_grad", False):
        raise WrongResult(
            "Return loss.item(), a plain number: the tensor drags its whole graph along, for every step of the training."
        )
    if not isinstance(result, (float, int)) and not hasattr(result, "item"):
        raise WrongResult(f"Return the loss as a number: loss.item(); yours returned {describe(result)}.")
    return {
        "loss": float(result),
        "the front's weights": arguments["front"].weight,
        "the front's bias": arguments["front"].bias,
        "the back's weights": arguments["back"][0].weight,
        "the back's bias": arguments["back"][0].bias,
        "the frozen weights": arguments["frozen"].weights,
    }


STEP = Entry(
    "5.4",
    returns=("loss",),
    observe=observe_bread,
    may_change=("front", "back", "optimizer"),
    checked="The loss is right, front and back both move as their gradients say, and nothing else moves.",
    cases=(
        Case("five models, four queries", lambda: sandwich_case(1)),
        Case("five models, other weights", lambda: sandwich_case(2)),
    ),
    hints=(
        "Five lines: scores and loss; optimizer.zero_grad(); loss.backward(); optimizer.step(); return loss.item().",
        "scores = back(frozen(front(z))). Nothing in between may cut the gradient: what is frozen is not in the optimizer, and that is enough.",
    ),
)


@STEP.reference
def sandwich_step(front, frozen, back, z, labels, optimizer):
    """One step of training around a frozen model.

    front(z) gives queries, frozen(queries) the answers of every model, shape (m, n), and back(answers) one
    score for each model, shape (m,). labels: shape (m,), 1.0 for a generalizer and 0.0 otherwise.
    optimizer holds the weights of front and back; the gradients of the last step are still in them.
    frozen is a function; nothing in it is in the optimizer, so there is nothing to freeze.
    The loss is binary_cross_entropy_with_logits of scores and labels, a mean over the models.
    Take one step of the optimizer. Return the loss before it as a number.
    """
    from torch.nn.functional import binary_cross_entropy_with_logits

    loss = binary_cross_entropy_with_logits(back(frozen(front(z))), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()


@STEP.wrong(
    "The back learns and the front does not: no gradient passes the frozen models. Frozen means that weights stay, so leave detach and no_grad out."
)
def answers_detached_in_step(front, frozen, back, z, labels, optimizer):
    return step_with(front, frozen, back, z, labels, optimizer, middle=lambda answers: answers.detach())


@STEP.wrong(
    "The gradients of the step before are still in there, and yours are added to them: optimizer.zero_grad() before backward."
)
def old_gradients_kept(front, frozen, back, z, labels, optimizer):
    return step_with(front, frozen, back, z, labels, optimizer, clear=False)


@STEP.wrong(
    "The loss is right and no weight moves: call optimizer.step() after backward, and clear the gradients before backward, not between the two."
)
def nothing_moves(front, frozen, back, z, labels, optimizer):
    return step_with(front, frozen, back, z, labels, optimizer, clear_late=True)


@STEP.wrong("The step uses old gradients: loss.backward() is missing before optimizer.step().")
def no_backward(front, frozen, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    loss = binary_cross_entropy_with_logits(back(frozen(front(z))), labels)
    optimizer.step()
    return loss.item()


@STEP.wrong(
    "You add the losses of the models up. The loss is their mean, or the rate would depend on how many there are."
)
def sum_over_models(front, frozen, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    def summed(scores, labels):
        return binary_cross_entropy_with_logits(scores, labels, reduction="sum")

    return step_with(front, frozen, back, z, labels, optimizer, loss_of=summed)


@STEP.wrong("binary_cross_entropy_with_logits takes the scores as they are: it applies the sigmoid itself.")
def sigmoid_twice(front, frozen, back, z, labels, optimizer):
    from torch.nn.functional import binary_cross_entropy_with_logits

    def squashed(scores, labels):
        return binary_cross_entropy_with_logits(scores.sigmoid(), labels)

    return step_with(front, frozen, back, z, labels, optimizer, loss_of=squashed)


@STEP.wrong("You train towards the opposite label: 1 stands for a generalizer.")
def labels_turned_round(front, frozen, back, z, labels, optimizer):
    return sandwich_step(front, frozen, back, z, 1 - labels, optimizer)


@STEP.wrong(
    "You return the loss from after the step. Return the one the step was made from, which you already have."
)
def loss_after_the_step(front, frozen, back, z, labels, optimizer):
    import torch
    from torch.nn.functional import binary_cross_entropy_with_logits

    sandwich_step(front, frozen, back, z, labels, optimizer)
    with torch.no_grad():
        return binary_cross_entropy_with_logits(back(frozen(front(z))), labels).item()


@STEP.right
def sandwich_step_by_hand(front, frozen, back, z, labels, optimizer):
    import torch

    for group in optimizer.param_groups:
        for weight in group["params"]:
            weight.grad = None
    scores = back(frozen(front(z)))
    loss = torch.nn.BCEWithLogitsLoss()(scores, labels)
    loss.backward()
    optimizer.step()
    return float(loss.detach())


@STEP.right
def sandwich_step_from_probabilities(front, frozen, back, z, labels, optimizer):
    import torch

    optimizer.zero_grad(set_to_none=False)
    p = torch.sigmoid(back(frozen(front(z))))
    loss = -(labels * torch.log(p) + (1 - labels) * torch.log(1 - p)).mean()
    loss.backward()
    optimizer.step()
    return loss.detach()


CHOOSE = Entry(
    "5.5",
    returns=("length", "mean", "lowest", "highest"),
    checked="The length is chosen on validation models alone, and its test AUC is reported with its spread.",
    cases=(
        Case(
            "two lengths, three splits",
            lambda: dict(
                lengths=[6, 24],
                validation=np.array([[0.6, 0.55, 0.66], [0.9, 0.8, 0.94]]),
                test=np.array([[0.7, 0.58, 0.6], [0.91, 0.86, 0.81]]),
            ),
        ),
        Case(
            "four lengths, five splits, of which one is lucky",
            lambda: dict(
                lengths=[6, 10, 16, 24],
                # highest mean: 16; highest single value: 10; highest median: 24; highest minimum: 6
                validation=np.array(
                    [
                        [0.72, 0.73, 0.74, 0.71, 0.75],
                        [0.99, 0.60, 0.62, 0.61, 0.63],
                        [0.93, 0.94, 0.79, 0.70, 0.80],
                        [0.66, 0.81, 0.82, 0.83, 0.65],
                    ]
                ),
                test=np.array(
                    [
                        [0.70, 0.76, 0.71, 0.72, 0.73],
                        [0.64, 0.65, 0.97, 0.95, 0.96],
                        [0.78, 0.82, 0.91, 0.77, 0.80],
                        [0.84, 0.87, 0.83, 0.86, 0.89],
                    ]
                ),
            ),
        ),
    ),
    hints=(
        "np.mean(validation, axis=1) is one number for each length; np.argmax of it is the place of the best.",
        "Everything you report comes from the row of test at that place: mean, min, max.",
    ),
)


@CHOOSE.reference
def choose_and_report(lengths, validation, test):
    """Choose the query length that does best on the validation models, and report it on the test models.

    lengths: the k lengths that were tried. validation, test: AUC of every length on every split, shape (k, splits).
    One choice for all splits: the length with the highest mean over the splits on the validation models.
    Return the chosen length, then the mean, lowest and highest test AUC of that length over the splits.
    """
    best = np.argmax(np.mean(validation, axis=1))
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong(
    "You choose on the test models. What you then report is the best of several tries on the same models: choose on validation."
)
def chosen_on_test(lengths, validation, test):
    return choose_and_report(lengths, test, test)


@CHOOSE.wrong(
    "You report the models on which you chose; of several tries the best looks better than it is. Report test."
)
def reported_on_validation(lengths, validation, test):
    return choose_and_report(lengths, validation, validation)


@CHOOSE.wrong("You choose by the best single split, which rewards luck. Choose by the mean over the splits.")
def best_single_split(lengths, validation, test):
    best = np.argmax(np.max(validation, axis=1))
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong("You choose anew in every split. Make one choice for all, by the mean over the splits.")
def best_of_every_split(lengths, validation, test):
    best = np.argmax(validation, axis=0)
    chosen = np.asarray(test)[best, np.arange(len(best))]
    common = lengths[np.bincount(best).argmax()]
    return common, np.mean(chosen), np.min(chosen), np.max(chosen)


@CHOOSE.wrong("You return the place in the list. Return the length that stands there.")
def place_for_length(lengths, validation, test):
    best = np.argmax(np.mean(validation, axis=1))
    return best, np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong(
    "Your argmax runs over the whole table and counts its entries. Take the mean of each row first: np.mean(validation, axis=1)."
)
def place_in_the_whole_table(lengths, validation, test):
    best = np.argmax(validation)
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong("You take the median. Choose and report by the mean over the splits.")
def median_for_mean(lengths, validation, test):
    best = np.argmax(np.median(validation, axis=1))
    return lengths[best], np.median(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong("You choose by the worst split. Choose by the mean over the splits.")
def best_of_the_worst(lengths, validation, test):
    best = np.argmax(np.min(validation, axis=1))
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong("You choose the worst length: a high AUC is good, so argmax.")
def worst_chosen(lengths, validation, test):
    best = np.argmin(np.mean(validation, axis=1))
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.wrong("Your mean runs over the lengths. Rows are lengths: take the mean over axis 1.")
def mean_over_lengths(lengths, validation, test):
    best = np.argmax(np.mean(validation, axis=0)) % len(lengths)
    return lengths[best], np.mean(test[best]), np.min(test[best]), np.max(test[best])


@CHOOSE.right
def choose_and_report_with_loops(lengths, validation, test):
    means = [sum(row) / len(row) for row in validation]
    best = means.index(max(means))
    return [lengths[best], sum(test[best]) / len(test[best]), min(test[best]), max(test[best])]


@CHOOSE.right
def choose_and_report_with_zip(lengths, validation, test):
    _, length, row = max(
        (np.asarray(of).mean(), length, tuple(report))
        for length, of, report in zip(lengths, validation, test, strict=True)
    )
    return length, np.mean(row), min(row), max(row)
