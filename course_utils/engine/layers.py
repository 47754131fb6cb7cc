"""The layers beside Linear: filters along time, images, memory, steps. Each forward beside its backward, as in ``nn.py``.

Shapes are those of one network; several at once (``self.networks`` is (S,) then) have one more axis in front.
"""

from math import prod

import numpy as np
from numpy.lib.stride_tricks import as_strided, sliding_window_view

from course_utils.engine.nn import Layer, ShapeError, View, check_grad, is_batch


class Conv1d(Layer):
    """y[n, o, t] = Σ_{c, k} W[o, c, k] x[n, c, t + k] + b[o]: the same small weights at every position.

    x (N, channels_in, length), W (channels_out, channels_in, width), b (channels_out,),
    y (N, channels_out, length - width + 1). As in PyTorch this is a correlation: W is not flipped.
    """

    W, grad_W = View(), View()
    b, grad_b = View(), View()

    def __init__(self, channels_in: int, channels_out: int, width: int) -> None:
        super().__init__()
        self.name = f"Conv1d({channels_in}, {channels_out}, {width})"
        self.shapes = {"W": (channels_out, channels_in, width), "b": (channels_out,)}

    def initialise(self, rng: np.random.Generator) -> None:
        """As for Linear; every output is made of channels_in · width inputs."""
        shape = self.shapes["W"]
        self.W = rng.standard_normal(shape) * np.sqrt(2 / (shape[1] * shape[2]))
        self.b = np.zeros(shape[0])

    def forward(self, x: np.ndarray) -> np.ndarray:
        out, channels, width = self.shapes["W"]
        if not is_batch(self, x, 3) or x.shape[-2] != channels or x.shape[-1] < width:
            raise ShapeError(
                f"{self.name}: expected x of shape (N, {channels}, at least {width}), got {x.shape}"
            )
        # Every position's stretch of x as a row, so that all positions are one matrix product.
        stretches = sliding_window_view(x, width, axis=-1).swapaxes(-3, -2)
        *_, n, positions, _, _ = stretches.shape
        self.rows = stretches.reshape(*x.shape[:-3], n * positions, channels * width)
        y = self.rows @ self.W.reshape(*self.networks, out, -1).mT
        y += self.b[..., None, :]
        self.shape_y = (*self.networks, n, out, positions)
        return y.reshape(*self.networks, n, positions, out).mT

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """grad_W sums over all positions that shared W; grad_x over all stretches that a place lies in."""
        out, channels, width = self.shapes["W"]
        check_grad(self, grad_y, self.shape_y)
        *_, n, _, positions = self.shape_y
        grad_rows = grad_y.mT.reshape(*self.networks, n * positions, out)
        if self.needs_grad:
            self.grad_W = (grad_rows.mT @ self.rows).reshape(self.W.shape)
            self.grad_b = grad_rows.sum(axis=-2)
        if not need_grad_x:
            return None
        # What each position sends back to its stretch of x, then laid over each other.
        sent = grad_rows @ self.W.reshape(*self.networks, out, -1)
        sent = sent.reshape(*self.networks, n, positions, channels, width)
        grad_x = np.zeros((*self.networks, n, channels, positions + width - 1), grad_y.dtype)
        for k in range(width):
            grad_x[..., k : k + positions] += sent[..., k].mT
        return grad_x


class Filter(Layer):
    """A kernel of its own for every channel: y[n, c, t] = Σ_k kernel[c, k] x[n, c, t + k], with kernels = W basisᵀ.

    x (N, channels, length), basis (taps, k), W (channels, k), kernels (channels, taps),
    y (N, channels, length - taps + 1). Without a basis W is the kernels themselves; with one, the kernels
    cannot leave the span of its columns. PyTorch says Conv1d(channels, channels, taps, groups=channels).
    """

    W, grad_W = View(), View()

    def __init__(self, channels: int, taps: int, basis: np.ndarray | None = None) -> None:
        super().__init__()
        self.basis = np.eye(taps) if basis is None else np.asarray(basis)
        if self.basis.ndim != 2 or len(self.basis) != taps:
            raise ShapeError(f"Filter: expected a basis of shape ({taps}, k), got {self.basis.shape}")
        self.name = f"Filter({channels}, {taps})"
        self.shapes = {"W": (channels, self.basis.shape[1])}

    def initialise(self, rng: np.random.Generator) -> None:
        """W ~ N(0, 1 / k): with orthonormal columns, the kernels have length 1 on average."""
        shape = self.shapes["W"]
        self.W = rng.standard_normal(shape) / np.sqrt(shape[1])

    @property
    def kernels(self) -> np.ndarray:
        """What the channels are filtered with, shape (channels, taps)."""
        return self.W @ self.basis.T.astype(self.W.dtype)

    def forward(self, x: np.ndarray) -> np.ndarray:
        kernels = self.kernels
        channels, taps = kernels.shape[-2:]
        if not is_batch(self, x, 3) or x.shape[-2] != channels or x.shape[-1] < taps:
            raise ShapeError(
                f"{self.name}: expected x of shape (N, {channels}, at least {taps}), got {x.shape}"
            )
        length = x.shape[-1]
        positions = length - taps + 1
        # Each kernel as a matrix, band[c, t + k, t] = kernel[c, k]: a third of the time of windows.
        row = np.zeros((*self.networks, channels, length + positions - 1), kernels.dtype)
        row[..., positions - 1 : length] = kernels
        self.band = sliding_window_view(row, positions, axis=-1)[..., ::-1].copy()
        self.x = x.swapaxes(-3, -2).copy()
        return (self.x @ self.band).swapaxes(-3, -2)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """The gradient of kernel[c, k] is a sum over all (t + k, t) of the band; that of W follows by the chain rule."""
        channels, length, positions = self.band.shape[-3:]
        check_grad(self, grad_y, (*self.networks, self.x.shape[-2], channels, positions))
        grad_y = grad_y.swapaxes(-3, -2).copy()
        if self.needs_grad:
            grad_band = self.x.mT @ grad_y
            *across, down, right = grad_band.strides  # one down and one right: along a diagonal
            steps = (*across, down, down + right)
            taps = length - positions + 1
            diagonals = as_strided(grad_band, (*self.networks, channels, taps, positions), steps)
            self.grad_W = diagonals.sum(axis=-1) @ self.basis
        return (grad_y @ self.band.mT).swapaxes(-3, -2) if need_grad_x else None


class MeanOverPositions(Layer):
    """Each channel becomes its mean: x (N, channels, length) to y (N, channels)."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        if not is_batch(self, x, 3):
            raise ShapeError(f"{self.name}: expected x of shape (N, channels, length), got {x.shape}")
        self.shape_x = x.shape
        return x.mean(axis=-1)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """Every position gets its share, 1 / length."""
        check_grad(self, grad_y, self.shape_x[:-1])
        return np.broadcast_to(grad_y[..., None] / self.shape_x[-1], self.shape_x) if need_grad_x else None


class Conv2d(Layer):
    """y[n, o, i, j] = Σ_{c, k, l} W[o, c, k, l] x[n, c, i + k, j + l] + b[o], x framed by zeros so that y is as large as x.

    x (N, channels_in, height, width), W (channels_out, channels_in, size, size) with an odd size,
    b (channels_out,), y (N, channels_out, height, width). A correlation, as in PyTorch with padding="same".
    """

    W, grad_W = View(), View()
    b, grad_b = View(), View()

    def __init__(self, channels_in: int, channels_out: int, size: int) -> None:
        super().__init__()
        if size % 2 == 0:
            raise ValueError(f"Conv2d needs an odd size, to have a middle; got {size}")
        self.name = f"Conv2d({channels_in}, {channels_out}, {size})"
        self.shapes = {"W": (channels_out, channels_in, size, size), "b": (channels_out,)}

    def initialise(self, rng: np.random.Generator) -> None:
        """As for Linear; every output is made of channels_in · size² inputs."""
        shape = self.shapes["W"]
        self.W = rng.standard_normal(shape) * np.sqrt(2 / (shape[1] * shape[2] ** 2))
        self.b = np.zeros(shape[0])

    def forward(self, x: np.ndarray) -> np.ndarray:
        out, channels, size, _ = self.shapes["W"]
        if not is_batch(self, x, 4) or x.shape[-3] != channels:
            raise ShapeError(
                f"{self.name}: expected x of shape (N, {channels}, height, width), got {x.shape}"
            )
        self.columns = patches(x, size)
        kernels = self.W.reshape(*self.networks, out, -1)
        y = kernels @ self.columns  # one matrix product for all positions of all images
        y += self.b[..., None]
        *_, n, _, height, width = x.shape
        self.shape_y = (*self.networks, n, out, height, width)
        return y.reshape(*self.networks, out, n, height, width).swapaxes(-4, -3)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """grad_W sums over all positions that shared W; grad_x is grad_y correlated with W turned round."""
        out, channels, size, _ = self.shapes["W"]
        check_grad(self, grad_y, self.shape_y)
        if self.needs_grad:
            per_position = grad_y.swapaxes(-4, -3).reshape(*self.networks, out, -1)
            self.grad_W = (per_position @ self.columns.mT).reshape(self.W.shape)
            self.grad_b = per_position.sum(axis=-1)
        if not need_grad_x:
            return None
        turned = self.W[..., ::-1, ::-1].swapaxes(-4, -3).reshape(*self.networks, channels, -1)
        grad_x = turned @ patches(grad_y, size)
        *_, n, _, height, width = grad_y.shape
        return grad_x.reshape(*self.networks, channels, n, height, width).swapaxes(-4, -3)


def patches(x: np.ndarray, size: int) -> np.ndarray:
    """The size x size square around every position of every image, as a column: (channels · size², N · height · width)."""
    *networks, n, channels, height, width = x.shape
    frame = size // 2
    framed = np.zeros((*networks, channels, n, height + 2 * frame, width + 2 * frame), x.dtype)
    framed[..., frame : frame + height, frame : frame + width] = x.swapaxes(-4, -3)
    columns = np.empty((*networks, channels, size, size, n, height, width), x.dtype)
    for i in range(size):  # size² large copies are several times faster than one copy of many small squares
        for j in range(size):
            columns[..., i, j, :, :, :] = framed[..., i : i + height, j : j + width]
    return columns.reshape(*networks, channels * size**2, -1)


class MeanPool2d(Layer):
    """Each square of 2 x 2 becomes its mean: x (N, channels, height, width) to y (N, channels, height / 2, width / 2)."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        if not is_batch(self, x, 4) or x.shape[-2] % 2 or x.shape[-1] % 2:
            raise ShapeError(
                f"{self.name}: expected images (N, channels, even height and width), got {x.shape}"
            )
        *before, height, width = x.shape
        self.shape_y = (*before, height // 2, width // 2)
        top, bottom = x[..., ::2, :], x[..., 1::2, :]
        return (top[..., ::2] + top[..., 1::2] + bottom[..., ::2] + bottom[..., 1::2]) / 4

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """Each of the four gets a quarter."""
        check_grad(self, grad_y, self.shape_y)
        return (grad_y / 4).repeat(2, axis=-2).repeat(2, axis=-1) if need_grad_x else None


class Reshape(Layer):
    """The same numbers in another form: x (N, ...) to y (N, *shape). Reshape(1, 8, 8) makes images of rows of 64."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.name = f"Reshape{shape}"
        self.shape = shape

    def forward(self, x: np.ndarray) -> np.ndarray:
        numbers = prod(self.shape)
        each = x.shape[:1] == self.networks and x.size == prod(x.shape[:2]) * numbers
        self.before, self.rows = x.shape, x.shape[: 2 if each else 1]  # (S, N) or (N,)
        if x.size != prod(self.rows) * numbers:
            raise ShapeError(f"{self.name}: expected {numbers} numbers an example, got x of shape {x.shape}")
        return x.reshape(*self.rows, *self.shape)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        check_grad(self, grad_y, (*self.rows, *self.shape))
        return grad_y.reshape(self.before) if need_grad_x else None


class Recurrent(Layer):
    """h_t = tanh(x_t W + h_{t-1} U + b), step after step from h_0 = 0; the output is the last state (Elman 1990).

    x (N, steps, in), W (in, out), U (out, out), b (out,), y (N, out). The same weights at every step.
    """

    W, grad_W = View(), View()
    U, grad_U = View(), View()
    b, grad_b = View(), View()

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.name = f"Recurrent({n_in}, {n_out})"
        self.shapes = {"W": (n_in, n_out), "U": (n_out, n_out), "b": (n_out,)}

    def initialise(self, rng: np.random.Generator) -> None:
        """W ~ N(0, 1 / n_in); U is a random rotation, which neither grows nor shrinks the state; b = 0."""
        n_in, n_out = self.shapes["W"]
        self.W = rng.standard_normal((n_in, n_out)) * np.sqrt(1 / n_in)
        self.U = np.linalg.qr(rng.standard_normal((n_out, n_out)))[0]
        self.b = np.zeros(n_out)

    def forward(self, x: np.ndarray) -> np.ndarray:
        n_in, n_out = self.shapes["W"]
        if not is_batch(self, x, 3) or x.shape[-1] != n_in:
            raise ShapeError(f"{self.name}: expected x of shape (N, steps, {n_in}), got {x.shape}")
        self.x = x
        *_, n, steps, _ = x.shape
        self.states = [np.zeros((*self.networks, n, n_out), x.dtype)]
        for t in range(steps):
            z = x[..., t, :] @ self.W + self.states[-1] @ self.U + self.b[..., None, :]
            self.states.append(np.tanh(z))
        return self.states[-1]

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """Back through time, last step first; every step adds to the gradients of the weights it shares."""
        check_grad(self, grad_y, self.states[-1].shape)
        grad_W, grad_U, grad_b = np.zeros_like(self.W), np.zeros_like(self.U), np.zeros_like(self.b)
        steps, n_in = self.x.shape[-2:]
        grad_x = np.empty((*grad_y.shape[:-1], steps, n_in), grad_y.dtype) if need_grad_x else None
        for t in reversed(range(steps)):
            grad_z = grad_y * (1 - self.states[t + 1] ** 2)  # before the tanh
            if self.needs_grad:
                grad_W += self.x[..., t, :].mT @ grad_z
                grad_U += self.states[t].mT @ grad_z
                grad_b += grad_z.sum(axis=-2)
            if need_grad_x:
                grad_x[..., t, :] = grad_z @ self.W.mT
            grad_y = grad_z @ self.U.mT  # to the state before
        if self.needs_grad:
            self.grad_W, self.grad_U, self.grad_b = grad_W, grad_U, grad_b
        return grad_x


class StraightThrough(Layer):
    """y = x rounded to multiples of ``step``; backward pretends that it was not (Bengio et al. 2013).

    The true derivative is 0 almost everywhere, so nothing in front would ever learn.
    """

    def __init__(self, step: float) -> None:
        super().__init__()
        self.step = step

    def forward(self, x: np.ndarray) -> np.ndarray:
        return self.step * np.round(x / self.step)

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        return grad_y if need_grad_x else None
