"""One training step, written once for each contender, the way its own documentation writes it.

Every function here takes the same problem and returns two functions:

* ``step()`` makes one training step: forward, loss, backward, SGD;
* ``evaluate()`` returns the loss and all gradients as one vector in the order of ``net.grad``,
  so that the contenders can be shown to compute the same thing before they are timed.

A package that is not installed raises ImportError when its function is called.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from course_utils.engine.nn import Linear, Network, ReLU, softmax_cross_entropy
from course_utils.engine.update import SGD

RATE = 1e-6  # so small that thousands of timed steps stay at the same work: no weight runs away, none dies

Contender = tuple[Callable[[], object], Callable[[], tuple[float, np.ndarray]]]


@dataclass
class Problem:
    """A batch, its labels and the first weights [(W, b), ...], in one dtype."""

    x: np.ndarray
    y: np.ndarray
    weights: list[tuple[np.ndarray, np.ndarray]]

    @property
    def dtype(self) -> np.dtype:
        return self.x.dtype


def make_problem(widths: tuple[int, ...], batch: int, dtype: type) -> Problem:
    """Random data and weights; the same numbers for both dtypes, up to rounding."""
    rng = np.random.default_rng(0)
    weights = [
        ((rng.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(dtype), np.zeros(shape[1], dtype))
        for shape in pairwise(widths)
    ]
    x = rng.standard_normal((batch, widths[0])).astype(dtype)
    return Problem(x, rng.integers(0, widths[-1], batch), weights)


def flat(gradients: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    """[(grad_W, grad_b), ...] as one vector, in the order of ``net.grad``."""
    return np.concatenate([np.asarray(part).ravel() for pair in gradients for part in pair])


def make_network(problem: Problem) -> Network:
    layers = []
    for W, _ in problem.weights:
        layers += [Linear(*W.shape), ReLU()]
    net = Network(*layers[:-1], dtype=problem.dtype)
    net.theta = flat(problem.weights)
    return net


def this_engine(problem: Problem) -> Contender:
    net, x, y, rule = make_network(problem), problem.x, problem.y, SGD(RATE)

    def evaluate() -> tuple[float, np.ndarray]:
        loss, grad_logits = softmax_cross_entropy(net.forward(x), y)
        net.backward(grad_logits)
        return loss, net.grad

    def step() -> None:
        _, grad_logits = softmax_cross_entropy(net.forward(x), y)
        net.backward(grad_logits)
        rule.step(net.theta, net.grad)

    return step, evaluate


def bare_products(problem: Problem) -> Contender:
    """The matrix products of ``this_engine``'s step, on the very arrays of one such step, and nothing else."""
    net = make_network(problem)
    loss, grad_y = softmax_cross_entropy(net.forward(problem.x), problem.y)
    linears, grads = net.layers[::2], []
    for layer in reversed(net.layers):
        if isinstance(layer, Linear):
            grads.insert(0, grad_y)
        grad_y = layer.backward(grad_y)
    forward = [(layer.x, layer.W) for layer in linears]
    backward = [(layer.x.T, g, layer.grad_W, layer.W.T) for layer, g in zip(linears, grads, strict=True)][
        ::-1
    ]

    def step() -> None:
        for x, W in forward:
            x @ W
        for x_T, g, grad_W, W_T in backward[:-1]:
            np.matmul(x_T, g, out=grad_W)
            g @ W_T
        x_T, g, grad_W, _ = backward[-1]  # the first layer: nobody needs the gradient of the data
        np.matmul(x_T, g, out=grad_W)

    def evaluate() -> tuple[float, np.ndarray]:
        """The products give grad_W anew; the loss and grad_b are no products and stay the engine's."""
        for layer in linears:
            layer.grad_W = np.zeros_like(layer.W)
        step()
        return loss, net.grad

    return step, evaluate


def pytorch(problem: Problem) -> Contender:
    """Eager, with ``nn.Sequential`` and ``optim.SGD``."""
    import torch

    torch.set_num_threads(1)
    modules = []
    for W, b in problem.weights:
        linear = torch.nn.Linear(*W.shape)
        linear.weight.data, linear.bias.data = torch.tensor(W.T.copy()), torch.tensor(b)
        modules += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    optimiser = torch.optim.SGD(model.parameters(), lr=RATE)
    x, y, loss_of = torch.tensor(problem.x), torch.tensor(problem.y), torch.nn.CrossEntropyLoss()

    def evaluate() -> tuple[float, np.ndarray]:
        optimiser.zero_grad()
        loss = loss_of(model(x), y)
        loss.backward()
        return loss.item(), flat([(m.weight.grad.T, m.bias.grad) for m in model[::2]])

    def step() -> None:
        optimiser.zero_grad()
        loss_of(model(x), y).backward()
        optimiser.step()

    return step, evaluate


def jax(problem: Problem, donate: bool = False) -> Contender:
    """The whole step compiled: ``jit`` of ``value_and_grad`` and SGD; a step is over when its loss is there."""
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)
    weights = jax.tree.map(jnp.asarray, problem.weights)

    def loss_of(weights, x, y):
        for W, b in weights[:-1]:
            x = jax.nn.relu(x @ W + b)
        W, b = weights[-1]
        log_p = jax.nn.log_softmax(x @ W + b)
        return -jnp.mean(jnp.take_along_axis(log_p, y[:, None], axis=1))

    def update(weights, x, y):
        loss, grads = jax.value_and_grad(loss_of)(weights, x, y)
        return loss, jax.tree.map(lambda w, g: w - RATE * g, weights, grads)

    update = jax.jit(update, donate_argnums=(0,) if donate else ())

    def evaluate() -> tuple[float, np.ndarray]:
        loss, grads = jax.jit(jax.value_and_grad(loss_of))(weights, x, y)
        return float(loss), flat(grads)

    def step() -> None:
        nonlocal weights
        loss, weights = update(weights, x, y)
        loss.block_until_ready()

    return step, evaluate


def hips_autograd(problem: Problem) -> Contender:
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    x, y, rows = problem.x, problem.y, np.arange(len(problem.y))
    weights = [(W.copy(), b.copy()) for W, b in problem.weights]

    def loss_of(weights):
        h = x
        for W, b in weights[:-1]:
            h = anp.maximum(h @ W + b, 0)
        W, b = weights[-1]
        logits = h @ W + b
        return anp.mean(logsumexp(logits, axis=1) - logits[rows, y])

    with_gradients = value_and_grad(loss_of)

    def evaluate() -> tuple[float, np.ndarray]:
        loss, grads = with_gradients(weights)
        return float(loss), flat(grads)

    def step() -> None:
        _, grads = with_gradients(weights)
        for (W, b), (grad_W, grad_b) in zip(weights, grads, strict=True):
            W -= RATE * grad_W
            b -= RATE * grad_b

    return step, evaluate


def micrograd(problem: Problem) -> Contender:
    """The first example only (the caller scales), scalar by scalar; exp and log, which it lacks, in its style."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    def with_derivative(v: Value, y: float, slope: float) -> Value:
        out = Value(y, (v,))

        def backward() -> None:
            v.grad += slope * out.grad

        out._backward = backward
        return out

    def exp(v: Value) -> Value:
        return with_derivative(v, math.exp(v.data), math.exp(v.data))

    def log(v: Value) -> Value:
        return with_derivative(v, math.log(v.data), 1 / v.data)

    model = MLP(problem.x.shape[1], [W.shape[1] for W, _ in problem.weights])
    for layer, (W, b) in zip(model.layers, problem.weights, strict=True):
        for j, neuron in enumerate(layer.neurons):
            for weight, value in zip(neuron.w, W[:, j], strict=True):
                weight.data = float(value)
            neuron.b.data = float(b[j])
    x, label = problem.x[0].tolist(), int(problem.y[0])

    def backward() -> float:
        model.zero_grad()
        logits = model(x)
        loss = log(sum(exp(z) for z in logits)) - logits[label]
        loss.backward()
        return loss.data

    def evaluate() -> tuple[float, np.ndarray]:
        loss = backward()
        return loss, flat(
            [
                (
                    np.array([[w.grad for w in neuron.w] for neuron in layer.neurons]).T,
                    np.array([neuron.b.grad for neuron in layer.neurons]),
                )
                for layer in model.layers
            ]
        )

    def step() -> None:
        backward()
        for p in model.parameters():
            p.data -= RATE * p.grad

    return step, evaluate
