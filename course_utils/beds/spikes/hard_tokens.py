"""Strings of literals that are trained, and stay strings: the zoo of lesson 05, asked with hard tokens."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits

from course_utils.beds.zoo.models import Zoo, auc, positions, transformer
from course_utils.beds.zoo.sandwich import split

QUERIES, LENGTH = 8, 24
Choose = Callable[[Tensor], Tensor]  # logits (n, C) to shares of C options (n, C), soft or hard


@dataclass(frozen=True)
class Asked:
    """What came of the training on one split."""

    auc: float  # on the test models, with the tokens as trained
    auc_hard: float  # with the strongest literal at every place in their stead
    losses: list[float]


def answers(zoo: Zoo, models: np.ndarray, tokens: Tensor) -> Tensor:
    """What ``models`` (m numbers) say to tokens (n, t, 8), shares of the literals: (m, n), from −2 to 2."""
    weights = zoo[models].weights
    x = torch.einsum("ntv,mvd->mntd", tokens, weights["embedding"]) + positions(tokens.shape[1])
    return 2 * torch.tanh(transformer(weights, x) / 8)


def train(zoo: Zoo, seed: int, choose: Choose, rate: float, steps: int = 80) -> Asked:
    """Train 8 strings of 24 literals and a reader of the answers to tell generalizers, on one split.

    The numbers behind the strings, (8, 24, 8), move at ``rate``, the reader at 0.006, both by Adam.
    """
    torch.manual_seed(seed)
    numbers = nn.Parameter(torch.randn(QUERIES, LENGTH, 8))
    back = nn.Sequential(nn.Dropout(0.2), nn.Linear(QUERIES, 32), nn.ReLU(), nn.Linear(32, 1), nn.Flatten(0))
    optimizer = torch.optim.Adam(
        [{"params": [numbers], "lr": rate}, {"params": back.parameters(), "lr": 0.006}]
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, [rate, 0.006], total_steps=steps)
    rng, part, losses = np.random.default_rng(seed), split(seed), []

    def scores(models: np.ndarray, choose: Choose) -> Tensor:
        tokens = choose(numbers.view(-1, 8)).view(QUERIES, LENGTH, 8)
        return back(answers(zoo, models, tokens.to(numbers.dtype)))

    for _ in range(steps):
        some = rng.choice(part.train, 6, replace=False)
        loss = binary_cross_entropy_with_logits(
            scores(some, choose), torch.tensor(zoo.generalizer[some]).float()
        )
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
    back.eval()
    with torch.no_grad():
        found = [
            auc(
                torch.cat([scores(m, way) for m in np.array_split(part.test, 4)]).numpy(),
                zoo.generalizer[part.test],
            )
            for way in (choose, strongest)
        ]
    return Asked(*found, losses)


def strongest(logits: Tensor) -> Tensor:
    """One-hot rows at the largest logit, without any gradient: (n, C) to (n, C)."""
    return torch.nn.functional.one_hot(logits.argmax(dim=-1), logits.shape[-1])
