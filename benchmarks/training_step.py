"""One training step (forward, loss, backward, SGD) of this engine beside its peers, side by side in one run.

Every competitor is a function that takes a :class:`Problem` and returns two functions: ``step``
does one training step and returns the loss, ``weights`` gives all weights as one vector in the
order of ``net.theta``. What is checked first is what is timed afterwards: one step of everybody,
from the same weights, must give the same loss and the same new weights.
"""

import gc
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from itertools import pairwise
from statistics import median

import numpy as np

from benchmarks.budgets import Budgets
from course_utils.nn import Linear, Network, ReLU, softmax_cross_entropy
from course_utils.update import sgd_step

Competitor = tuple[Callable[[], float], Callable[[], np.ndarray]]

SMALL, LARGE = ((64, 32, 32, 10), 32), ((64, 128, 64, 10), 64)  # widths, batch size
ROUNDS = 41
SECONDS_A_BLOCK = 0.01
PACKAGES = ("torch", "jax", "autograd", "micrograd")


@dataclass(frozen=True)
class Problem:
    """What all competitors are given: the same first weights, inputs and labels."""

    widths: tuple[int, ...]
    batch: int
    dtype: type
    rate: float = 1e-6  # so small that the numbers, and with them the work, stay as they are

    def network(self) -> Network:
        layers = [layer for n_in, n_out in pairwise(self.widths) for layer in (Linear(n_in, n_out), ReLU())]
        return Network(*layers[:-1], seed=0, dtype=self.dtype)

    @property
    def x(self) -> np.ndarray:
        return np.random.default_rng(1).random((self.batch, self.widths[0])).astype(self.dtype)

    @property
    def y(self) -> np.ndarray:
        return np.random.default_rng(2).integers(0, self.widths[-1], self.batch)

    def weights(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Copies of the first weights, one (W, b) a linear layer."""
        return [(la.W.copy(), la.b.copy()) for la in self.network().layers if isinstance(la, Linear)]


# ---------------------------------------------------------------- the competitors


def this_engine(problem: Problem) -> Competitor:
    net, x, y, rate = problem.network(), problem.x, problem.y, problem.rate

    def step() -> float:
        loss, grad_logits = softmax_cross_entropy(net.forward(x), y)
        net.backward(grad_logits)
        sgd_step(net.theta, net.grad, rate)
        return loss

    return step, lambda: net.theta


def pytorch_eager(problem: Problem) -> Competitor:
    import torch

    torch.set_num_threads(1)
    x, y, rate = torch.tensor(problem.x), torch.tensor(problem.y), problem.rate
    modules = []
    for W, b in problem.weights():
        linear = torch.nn.Linear(*W.shape, dtype=x.dtype)
        linear.weight.data, linear.bias.data = torch.tensor(W.T.copy()), torch.tensor(b)
        modules += [linear, torch.nn.ReLU()]
    model = torch.nn.Sequential(*modules[:-1])
    parameters = list(model.parameters())
    cross_entropy = torch.nn.functional.cross_entropy

    def step() -> float:
        loss = cross_entropy(model(x), y)
        gradients = torch.autograd.grad(loss, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, gradients, alpha=-rate)  # half the time of torch.optim.SGD
        return loss.item()

    def weights() -> np.ndarray:
        return flat([(m.weight.detach().numpy().T, m.bias.detach().numpy()) for m in modules[::2]])

    return step, weights


def jax_compiled(problem: Problem) -> Competitor:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)  # allows float64; float32 arrays stay float32
    rate = problem.rate

    def loss_of(weights, x, y):
        *hidden, (W, b) = weights
        for V, c in hidden:
            x = jax.nn.relu(x @ V + c)
        log_p = jax.nn.log_softmax(x @ W + b)
        return -jnp.mean(log_p[jnp.arange(len(y)), y])

    def update(weights, x, y):
        loss, gradients = jax.value_and_grad(loss_of)(weights, x, y)
        return loss, jax.tree.map(lambda w, g: w - rate * g, weights, gradients)

    compiled = jax.jit(update)
    x, y = jnp.asarray(problem.x), jnp.asarray(problem.y)
    state = jax.tree.map(jnp.asarray, problem.weights())

    def step() -> float:
        nonlocal state
        loss, state = compiled(state, x, y)
        return float(loss)  # waits for the result

    return step, lambda: flat([(np.asarray(W), np.asarray(b)) for W, b in state])


def hips_autograd(problem: Problem) -> Competitor:
    import autograd.numpy as anp
    from autograd import value_and_grad
    from autograd.scipy.special import logsumexp

    x, rate = problem.x, problem.rate
    onehot = np.eye(problem.widths[-1], dtype=problem.dtype)[problem.y]  # quicker here than an index

    def loss_of(weights):
        *hidden, (W, b) = weights
        y = x
        for V, c in hidden:
            y = anp.maximum(anp.dot(y, V) + c, 0)
        logits = anp.dot(y, W) + b
        return anp.sum(logsumexp(logits, axis=1) - anp.sum(onehot * logits, axis=1)) / len(x)

    loss_and_gradients = value_and_grad(loss_of)
    state = problem.weights()

    def step() -> float:
        loss, gradients = loss_and_gradients(state)
        for pair, grad_pair in zip(state, gradients, strict=True):
            for weight, grad in zip(pair, grad_pair, strict=True):
                sgd_step(weight, grad, rate)
        return float(loss)

    return step, lambda: flat(state)


def micrograd_one_example(problem: Problem) -> Competitor:
    """Scalars only, so one example has to do: the first of the batch. It knows no exp and no log: they are here."""
    from micrograd.engine import Value
    from micrograd.nn import MLP

    def exp(a: Value) -> Value:
        out = Value(math.exp(a.data), (a,), "exp")

        def backward() -> None:
            a.grad += out.data * out.grad

        out._backward = backward
        return out

    def log(a: Value) -> Value:
        out = Value(math.log(a.data), (a,), "log")

        def backward() -> None:
            a.grad += out.grad / a.data

        out._backward = backward
        return out

    model = MLP(problem.widths[0], list(problem.widths[1:]))
    for (W, b), layer in zip(problem.weights(), model.layers, strict=True):
        for column, bias, neuron in zip(W.T.tolist(), b.tolist(), layer.neurons, strict=True):
            neuron.b.data = bias
            for weight, number in zip(neuron.w, column, strict=True):
                weight.data = number
    x, y, rate = problem.x[0].tolist(), int(problem.y[0]), problem.rate

    def step() -> float:
        logits = model(x)
        loss = log(sum(exp(z) for z in logits)) - logits[y]
        model.zero_grad()
        loss.backward()
        for p in model.parameters():
            p.data -= rate * p.grad
        return loss.data

    def weights() -> np.ndarray:
        layers = [layer.neurons for layer in model.layers]
        W = [np.array([[w.data for w in neuron.w] for neuron in neurons]).T for neurons in layers]
        return flat(list(zip(W, [np.array([n.b.data for n in neurons]) for neurons in layers], strict=True)))

    return step, weights


def bare_products(problem: Problem) -> Callable[[], None]:
    """The matrix products of the engine's step, on the arrays that the engine has there, and nothing else."""
    net = problem.network()
    _, grad_y = softmax_cross_entropy(net.forward(problem.x), problem.y)
    linear = []
    for layer in reversed(net.layers):
        if isinstance(layer, Linear):
            linear.insert(0, (layer.x, layer.W, grad_y, layer.grad_W))
        grad_y = layer.backward(grad_y)
    first = linear[0]

    def step() -> None:
        for x, W, _, _ in linear:
            x @ W
        for x, W, grad_y, grad_W in reversed(linear):
            np.matmul(x.T, grad_y, out=grad_W)
            if W is not first[1]:
                grad_y @ W.T

    return step


def flat(weights: list[tuple[np.ndarray, np.ndarray]]) -> np.ndarray:
    return np.concatenate([array.ravel() for pair in weights for array in pair])


# ---------------------------------------------------------------- the same numbers, then the times

WHOLE_BATCH = {
    "PyTorch, eager": pytorch_eager,
    "JAX, compiled": jax_compiled,
    "HIPS autograd": hips_autograd,
}


def disagreements(widths: tuple[int, ...], batch: int, dtype: type) -> list[str]:
    """Who does not compute the engine's loss and gradient, each as a sentence.

    One step at rate 1: the new weights are the old ones minus the gradient.
    """
    whole, one = Problem(widths, batch, dtype, rate=1), Problem(widths, 1, dtype, rate=1)
    pairs = [(name, make, whole) for name, make in WHOLE_BATCH.items()]
    if dtype is np.float64:  # Python's numbers are float64
        pairs.append(("micrograd", micrograd_one_example, one))
    tolerance = 1e-10 if dtype is np.float64 else 1e-5
    found = []
    for name, make, problem in pairs:
        (step, weights), (their_step, their_weights) = this_engine(problem), make(problem)
        losses, before = (step(), their_step()), problem.network().theta
        grad, theirs = before - weights(), before - their_weights()
        off = max(
            abs(losses[0] - losses[1]) / losses[0], np.max(np.abs(grad - theirs)) / np.max(np.abs(grad))
        )
        if not off <= tolerance:
            found.append(f"{name} is off by {off:.1g} in {dtype.__name__}")
    return found


def median_times(steps: dict[str, Callable]) -> dict[str, float]:
    """Seconds a step of each: the median over short blocks that take turns, so that noise hits all alike."""
    repeats = {}
    for name, step in steps.items():
        for _ in range(3):  # warm up: compile, fill the caches
            start = time.perf_counter()
            step()
            once = time.perf_counter() - start
        repeats[name] = max(1, round(SECONDS_A_BLOCK / once))

    blocks = {name: [] for name in steps}
    gc.collect()
    gc.disable()
    for number in range(ROUNDS):
        for name, step in steps.items():
            if repeats[name] == 1 and number % 8:  # the very slow take fewer turns
                continue
            step()  # brings its own arrays back into the cache
            start = time.perf_counter()
            for _ in range(repeats[name]):
                step()
            blocks[name].append((time.perf_counter() - start) / repeats[name])
    gc.enable()
    return {name: median(times) for name, times in blocks.items()}


def competition(widths: tuple[int, ...], batch: int) -> dict[tuple[str, str], float]:
    """Seconds a step by (competitor, dtype), all of them in one interleaved run."""
    steps = {}
    for dtype in (np.float32, np.float64):
        problem = Problem(widths, batch, dtype)
        steps["this engine", dtype.__name__] = this_engine(problem)[0]
        steps["bare products", dtype.__name__] = bare_products(problem)
        for name, make in WHOLE_BATCH.items():
            steps[name, dtype.__name__] = make(problem)[0]
    steps["micrograd", "float64"] = micrograd_one_example(Problem(widths, 1, np.float64))[0]
    times = median_times(steps)
    times["micrograd", "float64"] *= batch
    return times


def table(times: dict[tuple[str, str], float]) -> str:
    """Microseconds and ratios to this engine; a row each."""
    lines = [f"  {'':16}{'float32':>12}{'ratio':>8}{'float64':>14}{'ratio':>8}"]
    for name in dict.fromkeys(name for name, _ in times):
        line = f"  {name:16}"
        for dtype, width in (("float32", 9), ("float64", 11)):
            if (name, dtype) in times:
                ratio = times[name, dtype] / times["this engine", dtype]
                line += f"{times[name, dtype] * 1e6:>{width},.0f} µs{ratio:>8,.{2 if ratio < 100 else 0}f}"
            else:
                line += " " * (width + 11)
        lines.append(line)
    return "\n".join(lines)


def measure(budgets: Budgets) -> None:
    """Print both tables and check the budgets of the training step."""
    if missing := [name for name in PACKAGES if find_spec(name) is None]:
        budgets.check(False, f"not measured without {', '.join(missing)}: pip install -e .[bench]")
        return
    for widths, batch in (SMALL, LARGE):
        title = f"{'-'.join(map(str, widths))}, batch {batch}"
        print(f"\nOne training step of {title}, one thread; ratios to this engine, so above 1 is slower")
        wrong = [s for dtype in (np.float32, np.float64) for s in disagreements(widths, batch, dtype)]
        budgets.check(not wrong, "; ".join(wrong) or "all compute the same loss and gradients")
        times = competition(widths, batch)
        print(table(times))

        def ratio(name: str, dtype: str, to: str = "this engine", times: dict = times) -> float:
            return times[name, dtype] / times[to, dtype]

        if (widths, batch) == SMALL:
            for dtype, limit in (("float32", 3), ("float64", 2)):
                budgets.at_least(
                    f"PyTorch eager, {dtype}", ratio("PyTorch, eager", dtype), limit, "× the engine"
                )
                budgets.at_least(f"JAX compiled, {dtype}", ratio("JAX, compiled", dtype), 1, "× the engine")
        else:
            over = ratio("this engine", "float64", to="bare products")
            budgets.at_most("the engine, float64", over, 1.5, "× the bare products")
    print("  micrograd: the time of one example times the batch size")
