"""Exercises of lesson 05: strings of logic, soft tokens, a stack of frozen models, and a step that moves only the bread.

torch is imported inside the functions: every lesson loads this file, and most do without torch.
"""

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from course_utils.beds.zoo.strings import VARIABLES, sample_strings
from course_utils.exercises.bank import Case, Entry, WrongResult, describe

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
        Case("one string", lambda: dict(strings=np.array([[3, 1, 7]]))),
        Case(
            "two strings of thirty literals, the last one decides",
            lambda: dict(strings=np.array([[0, 1] * 14 + [2, 4], [0, 1] * 14 + [2, 3]])),
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


def soft_case(m: int, n: int, t: int, d: int, seed: int, shift: float = 0.0) -> dict[str, Any]:
    import torch

    rng = torch.Generator().manual_seed(seed)
    logits = (torch.randn(n, t, 8, generator=rng, dtype=torch.float64) + shift).requires_grad_()
    return dict(logits=logits, embedding=torch.randn(m, 8, d, generator=rng, dtype=torch.float64))


SOFT = Entry(
    "5.2",
    returns=("tokens",),
    observe=with_gradient("tokens", "logits"),
    checked="The tokens are right for every model, and so is the gradient that flows back to the logits.",
    cases=(
        Case("one query of two places, two models", lambda: soft_case(2, 1, 2, 3, 1)),
        Case("three queries of four places, two models", lambda: soft_case(2, 3, 4, 5, 2)),
        Case("logits near 1000", lambda: soft_case(1, 1, 3, 2, 4, shift=1000.0)),
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
    Keep the dtype of what comes in: float32 in this lesson, float64 in the check.
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

    shares = torch.exp(logits - torch.logsumexp(logits, dim=2, keepdim=True))
    return torch.stack([shares @ of_one for of_one in embedding])
