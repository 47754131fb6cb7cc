"""A PyTorch model with the parts that real ones have, for trying out what a recipe does to each of them."""

import torch
from torch import nn


class Block(nn.Module):
    """One of many layers in a row: x (N, length, width) plus what two linear layers make of it."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 2 * width)
        self.gelu = nn.GELU()  # a module without weights
        self.dropout = nn.Dropout(0.1)
        self.narrow = nn.Linear(2 * width, width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.dropout(self.narrow(self.gelu(self.widen(self.norm(x)))))


class Reader(nn.Module):
    """Reads texts x (N, length) of tokens 0 to 19 and returns logits of 10 classes, (N, 10).

    Its body is that of a language model, so ``words``, which predicted the next token, still hangs on it and
    shares its weights with ``embed``. ``pos_embed`` is a parameter and no module. ``head`` is new. ``stem`` has
    a batch norm.
    """

    def __init__(
        self, blocks: int = 12, width: int = 16, tokens: int = 20, classes: int = 10, length: int = 12
    ) -> None:
        super().__init__()
        self.embed = nn.Embedding(tokens, width)
        self.pos_embed = nn.Parameter(0.02 * torch.randn(1, length, width))
        self.stem = nn.Sequential(nn.Conv1d(width, width, 3, padding=1), nn.BatchNorm1d(width), nn.ReLU())
        self.blocks = nn.ModuleList(Block(width) for _ in range(blocks))
        self.norm = nn.LayerNorm(width)
        self.words = nn.Linear(width, tokens, bias=False)
        self.words.weight = self.embed.weight  # tied: one tensor under two names
        self.head = nn.Linear(width, classes)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = self.stem((self.embed(x) + self.pos_embed[:, : x.shape[1]]).mT).mT
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h).mean(dim=1))


def texts(count: int, seed: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Texts (count, 12) and the class of each, (count,): every second token is one of the two of its class, 2y and 2y + 1."""
    rng = torch.Generator().manual_seed(seed)
    x, y = torch.randint(20, (count, 12), generator=rng), torch.randint(10, (count,), generator=rng)
    x[:, ::2] = 2 * y[:, None] + torch.randint(2, (count, 6), generator=rng)
    return x, y
