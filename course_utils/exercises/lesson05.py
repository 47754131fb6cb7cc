"""Exercises of lesson 05: strings of logic, soft tokens, a stack of frozen models, and a step that moves only the bread.

torch is imported inside the functions: every lesson loads this file, and most do without torch.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry, WrongResult, describe
from course_utils.strings import VARIABLES, sample_strings
from course_utils.zoo import SHAPES, attention, feed_forward, norm, transformer

CONTRADICTS = Entry(
    "5.1",
    returns=("answers",),
    checked="Your answers agree with trying all 16 assignments of true and false, on short and on long strings.",
    cases=(
        Case("A b and A b a", lambda: dict(strings=np.array([[0, 5, 0], [0, 5, 4]]))),
        Case(
            "six strings of four literals",
            lambda: dict(strings=sample_strings(6, 4, np.random.default_rng(1))[0]),
        ),
        Case(
            "ten strings with several variables both ways",
            lambda: dict(strings=np.random.default_rng(3).integers(8, size=(10, 12))),
        ),
        Case(
            "40 strings of twelve literals",
            lambda: dict(strings=sample_strings(40, 12, np.random.default_rng(2))[0]),
        ),
    ),
    hints=(
        "For one variable: does its literal v occur in the row, and does v + 4 occur in the same row?",
        "(strings == v).any(axis=1) says for every row whether v occurs. Combine v and v + 4 with &, then the four variables with |.",
    ),
)


@CONTRADICTS.reference
def contradicts(strings):
    """Which strings hold some variable both ways, as in A b a.

    strings: shape (N, length), numbers from 0 to 7. 0 to 3 say that A, B, C, D is true; 4 to 7 that it is false.
    Return an array of N entries, True where the string contradicts itself.
    """
    present = np.array([(strings == literal).any(axis=1) for literal in range(8)])  # (8, N)
    return (present[:4] & present[4:]).any(axis=0)


@CONTRADICTS.truth
def satisfiable(strings):
    """The truth by its definition: no assignment of true and false to A, B, C, D makes every literal true."""
    answers = []
    for string in strings:
        tried = product([True, False], repeat=VARIABLES)
        answers.append(
            not any(all(values[literal % 4] == (literal < 4) for literal in string) for values in tried)
        )
    return np.array(answers)


@CONTRADICTS.wrong("Your answers are the other way round: True stands for a string that contradicts itself.")
def the_other_way_round(strings):
    return ~contradicts(strings)


@CONTRADICTS.wrong("You ask whether a variable occurs twice. A and A agree; only A and a contradict.")
def any_repeated_variable(strings):
    counts = np.array([(strings % 4 == variable).sum(axis=1) for variable in range(4)])
    return (counts >= 2).any(axis=0)


@CONTRADICTS.wrong(
    "You ask whether there are true and false literals. A b has both and is fine: they must be of the same variable."
)
def true_and_false_literals(strings):
    return (strings < 4).any(axis=1) & (strings >= 4).any(axis=1)


@CONTRADICTS.wrong(
    "You compare neighbours only. A b a contradicts itself too: the two literals may stand anywhere."
)
def only_neighbours(strings):
    return (np.abs(strings[:, 1:] - strings[:, :-1]) == 4).any(axis=1)


@CONTRADICTS.wrong(
    "You ask whether a literal occurs twice. A A repeats and is fine; look for v together with v + 4."
)
def any_repeated_literal(strings):
    counts = np.array([(strings == literal).sum(axis=1) for literal in range(8)])
    return (counts >= 2).any(axis=0)


@CONTRADICTS.wrong("You ask for all four variables both ways. One is enough: combine them with any.")
def every_variable_both_ways(strings):
    present = np.array([(strings == literal).any(axis=1) for literal in range(8)])
    return (present[:4] & present[4:]).all(axis=0)


@CONTRADICTS.wrong(
    "You compare the others with the first literal only. Any two literals of the string can contradict."
)
def only_the_first_literal(strings):
    return (strings[:, 1:] == (strings[:, :1] + 4) % 8).any(axis=1)


@CONTRADICTS.wrong("You give one answer for all strings together. Answer for each row: any(axis=1).")
def one_answer_for_all(strings):
    present = {int(literal) for literal in strings.ravel()}
    return any({v, v + 4} <= present for v in range(4))


@CONTRADICTS.wrong(
    "You answer False for every string. Literals are numbers here, not letters: v and v + 4 are the two of one variable."
)
def letters_for_numbers(strings):
    return np.array(
        [any(letter in row and letter.lower() in row for letter in "ABCD") for row in strings.tolist()]
    )


@CONTRADICTS.wrong("You find A before a, and miss a before A: the two literals may come in either order.")
def only_in_this_order(strings):
    later = strings[:, None, :] == strings[:, :, None] + 4
    return np.triu(later, 1).any(axis=(1, 2))


@CONTRADICTS.wrong("You look at A, B and C only. There are four variables: range(4).")
def last_variable_forgotten(strings):
    present = np.array([(strings == literal).any(axis=1) for literal in range(8)])
    return (present[:3] & present[4:7]).any(axis=0)


@CONTRADICTS.right
def contradicts_with_sets(strings):
    return [any({v, v + 4} <= set(row.tolist()) for v in range(4)) for row in strings]


@CONTRADICTS.right
def contradicts_by_pairs(strings):
    return (np.abs(strings[:, :, None] - strings[:, None, :]) == 4).any(axis=(1, 2))


def with_gradient(value: str, source: str) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """Observe a result and the gradient that flows from it back to the argument ``source``."""

    def observe(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
        import torch

        if not isinstance(result, torch.Tensor):
            raise WrongResult(
                f"Return {value} as a tensor, so that gradient can flow; yours returned {describe(result)}."
            )
        grad = torch.zeros_like(arguments[source])
        if result.requires_grad:
            # Weights that differ from entry to entry: a plain sum would hide entries that are swapped.
            upstream = torch.linspace(-1, 2, result.numel(), dtype=result.dtype).view(result.shape)
            (flowing,) = torch.autograd.grad(result, arguments[source], upstream, allow_unused=True)
            grad = grad if flowing is None else flowing
        return {value: result.detach(), f"grad_{source}": grad}

    return observe


def soft_case(m: int, n: int, t: int, d: int, seed: int) -> dict[str, Any]:
    import torch

    rng = torch.Generator().manual_seed(seed)
    logits = torch.randn(n, t, 8, generator=rng, dtype=torch.float64, requires_grad=True)
    return dict(logits=logits, embedding=torch.randn(m, 8, d, generator=rng, dtype=torch.float64))


SOFT = Entry(
    "5.2",
    returns=("tokens",),
    observe=with_gradient("tokens", "logits"),
    checked="The tokens are right for every model, and so is the gradient that flows back to the logits.",
    cases=(
        Case("one query of two places, two models", lambda: soft_case(2, 1, 2, 3, 1)),
        Case("three queries of four places, two models", lambda: soft_case(2, 3, 4, 5, 2)),
    ),
    hints=(
        "logits.softmax(dim=-1) are the shares of the 8 literals; a mixture is shares @ rows.",
        'einsum with the letters n query, t place, v literal, m model, d feature: einsum("ntv,mvd->mntd", shares, embedding).',
    ),
)


@SOFT.reference
def soft_tokens(logits, embedding):
    """Mixtures of literals, in the embedding of each model.

    logits: shape (n, t, 8), for each of n queries and t places one number for each literal.
    embedding: shape (m, 8, d), what each of m models reads for each literal.
    Softmax turns the logits of a place into shares of the 8 literals; the token is the mixture of their rows.
    Return the tokens, shape (m, n, t, d), so that gradient flows back to the logits.
    """
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.softmax(dim=-1), embedding)


@SOFT.wrong("The softmax is missing: raw logits are no shares, they do not add up to 1.")
def softmax_left_out(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits, embedding)


@SOFT.wrong(
    "Your softmax runs over the places. The shares of the 8 literals at one place add up to 1: dim=-1."
)
def softmax_over_places(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.softmax(dim=1), embedding)


@SOFT.wrong(
    "Your softmax runs over the queries. The shares of the 8 literals at one place add up to 1: dim=-1."
)
def softmax_over_queries(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.softmax(dim=0), embedding)


@SOFT.wrong(
    "You take the largest literal. argmax has no slope, so no gradient reaches the logits: mix the rows by their shares."
)
def hard_tokens(logits, embedding):
    return embedding[:, logits.argmax(dim=-1)]


@SOFT.wrong(
    "Every model gets the first model's rows. The same query looks different to each: use its own embedding."
)
def first_embedding_for_all(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.softmax(dim=-1), embedding[:1].expand_as(embedding))


@SOFT.wrong(
    "Every model gets the mean of all embeddings. The same query looks different to each: use its own embedding."
)
def mean_embedding_for_all(logits, embedding):
    from torch import einsum

    mean = embedding.mean(dim=0, keepdim=True).expand_as(embedding)
    return einsum("ntv,mvd->mntd", logits.softmax(dim=-1), mean)


@SOFT.wrong("The tokens are right, but no gradient flows back from them: leave detach and no_grad out.")
def tokens_detached(logits, embedding):
    return soft_tokens(logits, embedding).detach()


@SOFT.wrong("Your axes are (n, m, t, d). Models come first here: (m, n, t, d).")
def queries_before_models(logits, embedding):
    return soft_tokens(logits, embedding).transpose(0, 1)


@SOFT.wrong("A sigmoid treats each literal alone. The 8 shares add up to 1: softmax.")
def sigmoid_for_softmax(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.sigmoid(), embedding)


@SOFT.wrong("Those are the logarithms of the shares. Use softmax, not log_softmax.")
def log_softmax_for_softmax(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.log_softmax(dim=-1), embedding)


@SOFT.wrong(
    "NumPy functions cannot take part in PyTorch's graph, and detaching would cut the gradient. Stay in torch: logits.softmax(dim=-1)."
)
def softmax_with_numpy(logits, embedding):
    from torch import einsum

    shares = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    return einsum("ntv,mvd->mntd", shares, embedding)


@SOFT.wrong(
    "Your shares add up to 1 over all queries and places together. They add up to 1 at each place: softmax(dim=-1)."
)
def softmax_over_everything(logits, embedding):
    from torch import einsum

    return einsum("ntv,mvd->mntd", logits.flatten().softmax(dim=0).view(logits.shape), embedding)


@SOFT.right
def soft_tokens_with_broadcasting(logits, embedding):
    return logits.softmax(dim=-1) @ embedding[:, None]


@SOFT.right
def soft_tokens_by_model(logits, embedding):
    import torch

    shares = torch.exp(logits) / torch.exp(logits).sum(dim=2, keepdim=True)
    return torch.stack([shares @ of_one for of_one in embedding])


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
