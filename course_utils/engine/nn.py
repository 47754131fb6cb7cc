"""Layers, losses and the network: every forward beside its backward.

The whole of backpropagation is in this file, in four habits (more layers, with the same, in ``layers.py``):

* a layer keeps from its ``forward`` what its ``backward`` will need;
* ``backward(grad_y)`` receives dL/dy, stores the gradients of the layer's own weights
  and returns dL/dx, which is the ``grad_y`` of the layer below;
* a loss starts the chain: it returns the loss and dL/d(its input);
* all weights are views into one flat vector ``net.theta``, all gradients into one flat vector
  ``net.grad``, so an update rule is one line of vector arithmetic.

Rows are examples: ``x`` has shape (N, d). Losses are means over the batch, so 1/N enters there
and nowhere else.

Several networks train at once, one for each of several seeds: every array then has one more axis in front,
theta (S, P), x (S, N, d), a loss (S,). That is why axes are counted from the end here, and why ``.mT``,
the transpose of the last two, stands where you would write ``.T``.
"""

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

Seed = int | Sequence[int]  # of one network, or of several


class ShapeError(ValueError):
    """An array of the wrong shape: names the layer, what it expected and what it got."""


class View:
    """An attribute that is a view into ``theta`` or ``grad``; assigning to it writes into the view.

    So ``layer.W = new_W`` changes the network's weights and can never tear the layer from them.
    """

    def __set_name__(self, layer_class: type, name: str) -> None:
        self.name = name

    def __get__(self, layer: "Layer | None", layer_class: type) -> np.ndarray:
        if layer is None:
            return self
        try:
            return layer.views[self.name]
        except KeyError:
            raise AttributeError(
                f"{layer.name} has no {self.name} yet: put the layer into a Network first"
            ) from None

    def __set__(self, layer: "Layer", value: np.ndarray) -> None:
        view = self.__get__(layer, type(layer))
        if np.shape(value) != view.shape:
            raise ShapeError(f"{layer.name}: {self.name} has shape {view.shape}, got {np.shape(value)}")
        view[...] = value


class Layer:
    """What the network asks of a layer. A layer without weights needs no more than the two passes."""

    shapes: dict[str, tuple[int, ...]] = {}  # name of each weight -> its shape

    def __init__(self) -> None:
        self.name = type(self).__name__
        self.in_network = False
        self.networks: tuple[int, ...] = ()  # Network sets it: (S,) in S networks at once
        self.needs_grad = True  # Network.train_only sets it: does anybody want these weights' gradients?
        self.views: dict[str, np.ndarray] = {}  # filled by Network: "W", "grad_W", ...

    def initialise(self, rng: np.random.Generator) -> None:
        """Give the weights their first values (nothing to do for a layer without weights)."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        raise NotImplementedError


class Linear(Layer):
    """y = xW + b, with x (N, n_in), W (n_in, n_out), b (n_out,), y (N, n_out)."""

    W, grad_W = View(), View()
    b, grad_b = View(), View()

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.name = f"Linear({n_in}, {n_out})"
        self.shapes = {"W": (n_in, n_out), "b": (n_out,)}

    def initialise(self, rng: np.random.Generator) -> None:
        """W ~ N(0, 2 / n_in), b = 0 (He et al. 2015): a ReLU halves the variance, the 2 restores it."""
        n_in, n_out = self.shapes["W"]
        self.W = rng.standard_normal((n_in, n_out)) * np.sqrt(2 / n_in)
        self.b = np.zeros(n_out)

    def forward(self, x: np.ndarray) -> np.ndarray:
        W = self.W
        if not is_batch(self, x, 2) or x.shape[-1] != W.shape[-2]:
            raise ShapeError(f"{self.name}: expected x of shape (N, {W.shape[-2]}), got {x.shape}")
        self.x = x
        y = x @ W
        y += self.b[..., None, :]
        self.shape_y = y.shape
        return y

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """Store grad_W = xᵀ grad_y and grad_b = Σ_rows grad_y; return grad_x = grad_y Wᵀ."""
        check_grad(self, grad_y, self.shape_y)
        if self.needs_grad:
            np.matmul(self.x.mT, grad_y, out=self.grad_W)
            ones = constant(1, grad_y.shape[-2:-1], grad_y.dtype)
            self.grad_b[...] = ones.dot(grad_y)  # the sum of the rows: a third of the time of sum(axis=-2)
        return grad_y @ self.W.mT if need_grad_x else None


class ReLU(Layer):
    """y = max(x, 0), elementwise: a gate that is open where x > 0."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = np.maximum(x, constant(0, x.shape, x.dtype))
        return self.y

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """grad_x = grad_y where the gate was open, 0 elsewhere (and 0 at x = 0, as in PyTorch)."""
        check_grad(self, grad_y, self.y.shape)
        if not need_grad_x:
            return None
        grad_x = (self.y > 0).astype(grad_y.dtype)  # 1 or 0 as floats: to multiply by a bool is slower
        grad_x *= grad_y
        return grad_x


class Tanh(Layer):
    """y = tanh(x), elementwise."""

    def forward(self, x: np.ndarray) -> np.ndarray:
        self.y = np.tanh(x)
        return self.y

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        """grad_x = grad_y (1 - y²), because tanh' = 1 - tanh²."""
        check_grad(self, grad_y, self.y.shape)
        return grad_y * (1 - self.y * self.y) if need_grad_x else None


class Network:
    """Layers in a row, with all weights in ``theta`` (P,) and all gradients in ``grad`` (P,).

    ``seed`` fixes the first weights; ``dtype`` is float64 unless float32 is asked for. Layers are
    given in a row, or in named groups, lowest first; ``groups`` says where each lies in ``theta``.
    Layers in a row form a group each, if they have weights: "layer0", "layer2", ...

    With a list of S seeds these are S networks, each as its seed alone would make it: ``theta`` and ``grad``
    are (S, P), and a batch is (S, N, d), or (N, d) for all of them.

    >>> net = Network(body=[Linear(64, 32), ReLU()], head=[Linear(32, 10)], seed=0)
    >>> net.theta.shape, net.groups
    ((2410,), {'body': slice(0, 2080, None), 'head': slice(2080, 2410, None)})
    """

    def __init__(
        self, *layers: Layer, seed: Seed = 0, dtype: type = np.float64, **groups: list[Layer]
    ) -> None:
        if layers and groups:
            raise ValueError("give the layers in a row or in named groups, not both")
        groups = groups or {f"layer{i}": [layer] for i, layer in enumerate(layers)}
        layers = [layer for group in groups.values() for layer in group]
        self.layers = layers
        self.dtype = np.dtype(dtype)
        size = sum(int(np.prod(shape)) for layer in layers for shape in layer.shapes.values())
        self._theta = np.zeros((*np.shape(seed), size), self.dtype)
        self._grad = np.zeros_like(self._theta)

        for number, layer in enumerate(layers):
            if layer.in_network or any(layer is other for other in layers[:number]):
                raise ValueError(f"{layer.name} is in a network already: make a new one for each place")
        for number, layer in enumerate(layers):
            layer.in_network = True
            layer.networks = np.shape(seed)
            layer.name = f"layer {number}, {layer.name}"
        for one_seed, theta in zip(np.atleast_1d(seed), np.atleast_2d(self._theta), strict=True):
            self._give_views(theta, theta)
            rng = np.random.default_rng(one_seed)
            for layer in layers:
                layer.initialise(rng)
        self._give_views(self._theta, self._grad)

        self._layers_of = {
            name: group for name, group in groups.items() if any(layer.shapes for layer in group)
        }
        self.groups: dict[str, slice] = {}
        start = 0
        for name, group in self._layers_of.items():
            stop = start + sum(int(np.prod(shape)) for layer in group for shape in layer.shapes.values())
            self.groups[name] = slice(start, stop)
            start = stop

    def _give_views(self, theta: np.ndarray, grad: np.ndarray) -> None:
        """Give every layer its stretch of theta and of grad, under the names of its weights."""
        start, networks = 0, theta.shape[:-1]  # () or (S,)
        for layer in self.layers:
            for name, shape in layer.shapes.items():
                stop = start + int(np.prod(shape))
                layer.views[name] = theta[..., start:stop].reshape(networks + shape)
                layer.views["grad_" + name] = grad[..., start:stop].reshape(networks + shape)
                start = stop

    def __setstate__(self, state: dict) -> None:
        """A deep copy, or a network out of a pickle, has arrays of its own: its layers look into those."""
        self.__dict__.update(state)
        self._give_views(self._theta, self._grad)

    def mask(self, *names: str) -> np.ndarray:
        """1 for the weights of the named groups, 0 for all others; shape (P,)."""
        return self.rates(dict.fromkeys(names, 1.0))

    def rates(self, rates: dict[str, float]) -> np.ndarray:
        """A rate for every weight, by group; 0 for groups that are not named; shape (P,)."""
        vector = np.zeros(self._theta.shape[-1], self.dtype)
        for name, rate in rates.items():
            vector[self._group(name)] = rate
        return vector

    def train_only(self, *names: str) -> None:
        """From now on ``backward`` computes gradients for the named groups only; the others' are 0.

        It ends at the lowest layer that needs one: what lies below costs nothing. Frozen layers
        *above* it still pass gradients on. ``net.train_only(*net.groups)`` undoes it.
        """
        for name in names:
            self._group(name)
        for name, group in self._layers_of.items():
            for layer in group:
                layer.needs_grad = name in names
        self._grad[...] = 0

    def _group(self, name: str) -> slice:
        if name not in self.groups:
            raise ValueError(f"there is no group {name!r}; the groups are {', '.join(self.groups)}")
        return self.groups[name]

    @property
    def theta(self) -> np.ndarray:
        """All weights, shape (P,), or (S, P) of several networks. Assigning copies into the same memory, so layers keep their views."""
        return self._theta

    @theta.setter
    def theta(self, value: np.ndarray) -> None:
        check_vector("theta", self._theta, value)
        self._theta[...] = value

    @property
    def grad(self) -> np.ndarray:
        """All gradients, in the form and order of ``theta``; each backward writes them anew."""
        return self._grad

    @grad.setter
    def grad(self, value: np.ndarray) -> None:  # so that ``net.grad *= mask`` works, as for theta
        check_vector("grad", self._grad, value)
        self._grad[...] = value

    def forward(self, x: np.ndarray) -> np.ndarray:
        """Push a batch x (N, d) through all layers; returns the last layer's output."""
        x = np.asarray(x, self.dtype)
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = False) -> np.ndarray | None:
        """Fill ``grad`` from grad_y = dL/d(output); call it after ``forward`` on the same batch.

        Returns dL/dx (N, d) when ``need_grad_x``, else None: the input is data, which nobody
        updates, and its gradient would cost one matrix product.
        """
        grad_y = np.asarray(grad_y, self.dtype)
        lowest = 0 if need_grad_x else self._lowest_that_needs_grad()
        for number in range(len(self.layers) - 1, lowest - 1, -1):
            grad_y = self.layers[number].backward(grad_y, need_grad_x or number > lowest)
        return grad_y

    def _lowest_that_needs_grad(self) -> int:
        numbers = (i for i, layer in enumerate(self.layers) if layer.needs_grad and layer.shapes)
        return next(numbers, len(self.layers))


def softmax_cross_entropy(logits: np.ndarray, y: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over the batch of -log softmax(logits)[label], and its gradient.

    ``logits`` (N, C), ``y`` (N,) integer labels in 0..C-1. Returns the loss and
    grad_logits (N, C) = (softmax(logits) - onehot(y)) / N; of several networks, a loss for each.
    """
    at_label = find_labels("softmax_cross_entropy", logits, y)
    n, classes = logits.shape[-2:]
    z = logits.reshape(-1, classes).T.copy()  # (C, N): NumPy reduces along the first axis twice as fast
    z -= np.maximum.reduce(z, axis=0)  # exp cannot overflow now
    p = np.exp(z)
    total = np.add.reduce(p, axis=0)  # softmax is p / total
    losses = np.log(total) - z.take(at_label)

    p /= n * total
    p.reshape(-1)[at_label] -= 1 / n
    if logits.ndim == 2:
        return float(np.add.reduce(losses) / n), p.T
    return losses.reshape(-1, n).mean(axis=1), p.T.reshape(logits.shape)


def cross_entropies(logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """-log softmax(logits)[label] of every example by itself, (N,): what ``softmax_cross_entropy`` is the mean of."""
    at_label = find_labels("cross_entropies", logits, y)
    rows = logits.reshape(-1, logits.shape[-1])
    z = rows.T - rows.max(axis=1)
    return (np.log(np.exp(z).sum(axis=0)) - z.take(at_label)).reshape(logits.shape[:-1])


def mean_squared_error(prediction: np.ndarray, target: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean of (prediction - target)² over all entries, and its gradient with respect to prediction.

    Both arrays have the same shape, (N, k), or (S, N, k) of several networks, each with a mean of its own.
    Returns the loss and grad_prediction = 2 (prediction - target) / (entries in a mean).
    """
    if np.shape(prediction) != np.shape(target):
        raise ShapeError(
            f"mean_squared_error: expected target of shape {np.shape(prediction)} like the prediction, "
            f"got {np.shape(target)}"
        )
    difference = prediction - target
    if difference.ndim < 3:
        return float((difference * difference).mean()), 2 / difference.size * difference
    entries = difference[0].size
    return (difference * difference).sum(axis=(-2, -1)) / entries, 2 / entries * difference


def check_vector(name: str, vector: np.ndarray, value: np.ndarray) -> None:
    """Raise ShapeError unless ``value`` can take the place of all of theta or grad."""
    if np.shape(value) != vector.shape:
        raise ShapeError(f"{name} has shape {vector.shape}, got {np.shape(value)}")


def accuracy(net: Network, x: np.ndarray, y: np.ndarray) -> float | np.ndarray:
    """The share of examples x (N, d) whose largest logit is at their label y (N,); of several networks, (S,)."""
    share = np.mean(net.forward(x).argmax(axis=-1) == y, axis=-1)
    return share if share.ndim else float(share)


def is_batch(layer: Layer, x: np.ndarray, axes: int) -> bool:
    """Whether x has this many axes, the first for examples; of several networks, one more, or the batch is for all."""
    return x.ndim == axes or (x.ndim == axes + 1 and x.shape[:1] == layer.networks)


def check_grad(layer: Layer, grad_y: np.ndarray, expected: tuple[int, ...]) -> None:
    """Raise ShapeError unless grad_y has the shape of the layer's last output."""
    if grad_y.shape != expected:
        raise ShapeError(
            f"{layer.name}: expected grad_y of shape {expected}, like its output, got {grad_y.shape}"
        )


def find_labels(asking: str, logits: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Where each example's label lies in logits.T, counted row by row: y[i] * N + i.

    The rows of several networks follow one another. Raises on a wrong label, in the name of the loss that is
    ``asking``.
    """
    if not 2 <= logits.ndim <= 3 or logits.size == 0:
        raise ShapeError(f"{asking}: expected logits of shape (N, C), not empty, got {logits.shape}")
    n, classes = logits.shape[-2:]
    y = np.asarray(y)
    if y.shape != logits.shape[:-1]:
        if y.shape != (n,):
            raise ShapeError(f"{asking}: expected y of shape ({n},), one label a row, got {y.shape}")
        y = np.broadcast_to(y, logits.shape[:-1])  # the same examples for all networks
    if y.dtype.kind not in "iu":
        raise TypeError(f"{asking}: labels are whole numbers, got dtype {y.dtype}")
    if y.ndim == 2:
        y, n = y.reshape(-1), y.size
    try:  # this counts and checks 0 <= y < C in one go
        return np.ravel_multi_index((y, row_numbers(n)), (classes, n))
    except ValueError:
        raise ValueError(
            f"{asking}: the labels of {classes} classes are 0 to {classes - 1}, "
            f"got labels from {y.min()} to {y.max()}"
        ) from None


@lru_cache(maxsize=16)
def constant(value: float, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
    """A read-only array of one value, made once and kept: NumPy is faster with an array than with a number."""
    array = np.full(shape, value, dtype)
    array.flags.writeable = False
    return array


@lru_cache(maxsize=32)
def row_numbers(n: int) -> np.ndarray:
    """A read-only array of 0 to n - 1, kept as above: making it anew for every batch costs a tenth of the loss."""
    array = np.arange(n)
    array.flags.writeable = False
    return array
