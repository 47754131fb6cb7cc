"""What lesson 05 measures around the sandwich: splits of the zoo, scores of models, simpler readers, and what was asked.

A *query* is soft, logits (t, 8) that a front emits, or hard, a string (t,) of literals. A *reader* turns what
the models said into one score for each.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from course_utils.beds.zoo.models import Zoo, answers, auc, embed, transformer
from course_utils.beds.zoo.strings import VARIABLES, occurrences, sample_strings
from course_utils.engine import nn as layers
from course_utils.engine.train import fit
from course_utils.engine.update import Adam

# ---------------------------------------------------------------- which models, and what the lesson scores them by


@dataclass(frozen=True)
class Split:
    """Numbers of models: to train on (700), to choose with (100, the same in each split), to report on (200)."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray


def split(seed: int) -> Split:
    """The split of a seed. None reports on a model that any of them chose with."""
    others = np.random.default_rng(seed).permutation(900)
    return Split(others[:700], np.arange(900, 1000), others[700:])


@dataclass(frozen=True)
class Sandwich:
    """A front and a back that were trained around models, and the loss of every step."""

    front: nn.Module  # z (32,) to queries (n, t, 8)
    back: nn.Module  # answers (m, n) to scores (m,)
    losses: list[float]


def noise(draws: int) -> Tensor:
    """The noise that trained fronts are asked with: shape (draws, 32), the same every time."""
    return torch.randn(draws, 32, generator=torch.Generator().manual_seed(0))


def scores(
    ask: Callable[[dict[str, Tensor]], nn.Module], run: Sandwich, zoo: Zoo, models: np.ndarray
) -> np.ndarray:
    """The score of every one of ``models`` (k,), a mean over four draws of noise: shape (k,).

    ``ask`` makes, of stacked weights, the module that answers queries. Ten groups, or memory runs out.
    """
    run.back.eval()
    scores = []
    with torch.no_grad():
        for some in np.array_split(models, 10):
            said = ask(zoo[some].weights)
            asked = [run.front(z) for z in noise(4)]
            if torch.equal(asked[0], asked[1]):  # a front that makes nothing of its noise
                asked = asked[:1]
            scores.append(torch.stack([run.back(said(queries)).sigmoid() for queries in asked]).mean(dim=0))
    return torch.cat(scores).numpy()


# ---------------------------------------------------------------- simpler readers


def read_off(features: np.ndarray, zoo: Zoo, seed: int) -> float:
    """Test AUC of a small network on features (1000, k), its weight decay chosen on the validation models.

    One hidden layer of 32, as in the back of the sandwich; it sees all 700 models in each of its 200 steps.
    """
    part = split(seed)
    x = (features - features[part.train].mean(axis=0)) / features[part.train].std(axis=0)
    best, reported = -1.0, 0.0
    for decay in (0.0, 0.003, 0.03):
        net = layers.Network(layers.Linear(x.shape[1], 32), layers.ReLU(), layers.Linear(32, 2), seed=seed)
        rule = Adam(0.01, penalty=lambda theta, decay=decay: decay * theta)
        fit(net, rule, [(x[part.train], zoo.generalizer[part.train].astype(int))] * 200)
        score = np.diff(net.forward(x), axis=1)[:, 0]
        chosen_by = auc(score[part.validation], zoo.generalizer[part.validation])
        if chosen_by > best:
            best, reported = chosen_by, auc(score[part.test], zoo.generalizer[part.test])
    return reported


def weight_statistics(zoo: Zoo) -> np.ndarray:
    """151 numbers on the weights of each model, (m, 151): of each tensor the mean, two sizes and seven quantiles.

    The bias of the answer is a single number, and stands for itself.
    """
    columns = []
    for tensor in zoo.weights.values():
        flat = tensor.numpy().reshape(len(tensor), -1)
        if tensor.ndim == 1:
            columns.append(flat)
            continue
        quantiles = np.quantile(flat, [0, 0.1, 0.25, 0.5, 0.75, 0.9, 1], axis=1)
        columns.append(
            np.column_stack([flat.mean(axis=1), flat.std(axis=1), np.abs(flat).mean(axis=1), *quantiles])
        )
    return np.concatenate(columns, axis=1)


def squashed(zoo: Zoo, strings: np.ndarray) -> np.ndarray:
    """What every model answers to strings (n, t), brought between -2 and 2 as in the sandwich: (m, n)."""
    return 2 * np.tanh(answers(zoo.weights, strings).numpy() / 8)


def cheats(length: int, seed: int) -> tuple[float, float]:
    """How often two cheats are right on new strings: a linear fit on 13 counts, and "A occurs".

    The counts of a string: of each literal, of each variable, and how many variables occur at all. Fitted by
    least squares on 10 000 strings and tried on 10 000 others.
    """
    strings, labels = sample_strings(20_000, length, np.random.default_rng(seed))
    literals = (strings[:, :, None] == np.arange(2 * VARIABLES)).sum(axis=1)
    variables = occurrences(strings % VARIABLES)
    counts = np.column_stack([literals, variables, (variables > 0).sum(axis=1), np.ones(len(strings))])
    half = len(strings) // 2
    w = np.linalg.lstsq(counts[:half], 2 * labels[:half] - 1, rcond=None)[0]
    by_sum = np.mean((counts[half:] @ w > 0) == labels[half:])
    return float(by_sum), float(np.mean((literals[:, 0] > 0) == labels))


# ---------------------------------------------------------------- what a front asks


def spelled(front: Callable[[Tensor], Tensor], draws: int = 4) -> np.ndarray:
    """What a front asks in some draws of noise, as strings (16 · draws, t): the strongest literal at every place."""
    with torch.no_grad():
        return front(noise(draws)).argmax(dim=-1).flatten(0, 1).numpy()


def both_ways(strings: np.ndarray) -> np.ndarray:
    """How many of the four variables each string (n, t) holds both ways: shape (n,), 0 to 4."""
    literals = (strings[:, :, None] == np.arange(2 * VARIABLES)).sum(axis=1)
    return (np.minimum(literals[:, :VARIABLES], literals[:, VARIABLES:]) > 0).sum(axis=1)


def parted(zoo: Zoo, strings: np.ndarray) -> np.ndarray:
    """How far each string parts the camps among the first 200 models: the difference of their mean logits, (n,)."""
    some = zoo[np.arange(200)]
    said = answers(some.weights, strings).numpy()
    return np.abs(said[some.generalizer].mean(axis=0) - said[~some.generalizer].mean(axis=0))


def right_at(zoo: Zoo, strings: np.ndarray, contradicts: np.ndarray, places: Tensor) -> np.ndarray:
    """Of each model, the share of right answers to strings (n, t) whose literals stand at ``places`` (t,): (m,)."""
    right = []
    with torch.no_grad():
        for models in np.array_split(np.arange(len(zoo)), 10):
            weights = zoo[models].weights
            together = torch.from_numpy(strings).expand(len(models), -1, -1)
            said = transformer(weights, embed(weights, together, places)).numpy()
            right.append(((said > 0) == contradicts).mean(axis=1))
    return np.concatenate(right)
