"""Layers with a step inside: what passes forwards is 0 or 1, what comes back is a stand-in's.

The two backward passes are handed in, since they are what lesson 10 has learners write (10.1 and 10.3).
"""

from collections.abc import Callable

import numpy as np

from course_utils.engine import nn

Shape = Callable[[np.ndarray], np.ndarray]  # of a stand-in: 1 at 0, and the same shape as what it is given

# The shapes of the lesson, by u = how many widths from the step.
SHAPES: dict[str, Shape] = {
    "true slope": np.zeros_like,
    "straight through": np.ones_like,
    "window": lambda u: (np.abs(u) < 1).astype(u.dtype),
    "fast sigmoid": lambda u: 1 / (1 + np.abs(u)) ** 2,
}


class Step(nn.Layer):
    """y = 1 where x > 0, else 0. ``backward(grad_y, x, shape, width)`` is that of exercise 10.1."""

    def __init__(self, backward: Callable, shape: Shape, width: float = 1.0) -> None:
        super().__init__()
        self.stand_in, self.shape, self.width = backward, shape, width

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x = x
        return (x > 0).astype(x.dtype)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        return np.asarray(self.stand_in(grad_y, self.x, self.shape, self.width)) if need_grad_x else None


class Unroll(nn.Layer):
    """(N, T · d) → (N · T, d): each of T moments becomes a row, so that one Linear serves all of them."""

    def __init__(self, steps: int) -> None:
        super().__init__()
        self.steps = steps

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.shape_x = x.shape
        return x.reshape(*x.shape[:-2], x.shape[-2] * self.steps, x.shape[-1] // self.steps)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        return grad_y.reshape(self.shape_x) if need_grad_x else None


class Membranes(nn.Layer):
    """Leaky integrate-and-fire neurons: currents (N · T, H) → the share of the T moments with a spike (N, H).

    v[t] = keeps · v[t − 1] · (1 − spikes[t − 1]) + current[t], and a spike where v[t] > 1.
    ``backward(grad_spikes, v, spikes, keeps, shape)`` is that of exercise 10.3, time first: (T, N, H).
    """

    def __init__(self, steps: int, keeps: float, backward: Callable, shape: Shape) -> None:
        super().__init__()
        self.steps, self.keeps, self.through_time, self.shape = steps, keeps, backward, shape

    def forward(self, current: np.ndarray) -> np.ndarray:
        *networks, rows, neurons = current.shape
        current = np.moveaxis(current.reshape(*networks, rows // self.steps, self.steps, neurons), -2, 0)
        self.v, self.spikes = np.zeros_like(current), np.zeros_like(current)
        for t in range(self.steps):
            kept = self.keeps * self.v[t - 1] * (1 - self.spikes[t - 1]) if t else 0
            self.v[t] = kept + current[t]
            self.spikes[t] = self.v[t] > 1
        return self.spikes.mean(axis=0)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        if not need_grad_x:
            return None
        # Several networks at once are more rows to the learner's function, which knows (T, N, H).
        rows = (self.steps, -1, self.v.shape[-1])
        each = np.broadcast_to(grad_y / self.steps, self.v.shape).reshape(rows)
        grad = self.through_time(
            each, self.v.reshape(rows), self.spikes.reshape(rows), self.keeps, self.shape
        )
        grad = np.moveaxis(np.asarray(grad).reshape(self.v.shape), 0, -2)
        return grad.reshape(*grad.shape[:-3], -1, grad.shape[-1])


class BinaryLinear(nn.Linear):
    """A linear layer that computes with the signs of its weights, scaled to keep the size of what passes.

    ``straight`` is False: the signs' true slope, 0. True: grad_W is the gradient at the signs, as if the
    sign were not there (Courbariaux and others 2015).
    """

    def __init__(self, n_in: int, n_out: int, straight: bool = True) -> None:
        super().__init__(n_in, n_out)
        self.straight, self.scale = straight, 1 / np.sqrt(n_in)

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.x, self.signs = x, np.where(self.W > 0, self.scale, -self.scale).astype(self.W.dtype)
        y = x @ self.signs + self.b[..., None, :]
        self.shape_y = y.shape
        return y

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        self.grad_W[...] = self.x.mT @ grad_y * (self.scale if self.straight else 0)
        self.grad_b[...] = grad_y.sum(axis=-2)
        return grad_y @ self.signs.mT if need_grad_x else None


def in_time(images: np.ndarray, steps: int) -> np.ndarray:
    """Digits (N, 64) as spikes (N, steps · 64): each pixel with ink fires once, the darker the sooner."""
    moment = np.rint((1 - images) * (steps - 1)).astype(int)
    spikes = (moment[..., None, :] == np.arange(steps)[:, None]) & (images[..., None, :] > 0)
    return spikes.reshape(*images.shape[:-1], -1).astype(images.dtype)
