"""Exercises of lesson 10: a stand-in for the slope of a step, the slope that noise gives it, spikes in time, binary weights."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry, numbers


def fast_sigmoid(u):
    """The shape of a stand-in: 1 at 0, and falling to both sides."""
    return 1 / (1 + np.abs(u)) ** 2


def window(u):
    """1 for |u| < 1, 0 elsewhere."""
    return (np.abs(u) < 1).astype(float)


def lopsided(u):
    """1 for −1 < u < 2: not the same on both sides, so a sign that is turned round shows."""
    return ((u > -1) & (u < 2)).astype(float)


STEP = Entry(
    "10.1",
    returns=("grad_x",),
    upstream="grad_y",
    batch="x",
    checked="The stand-in is taken where the step was, at its width, for two shapes, widths and batches.",
    cases=(
        Case(
            "2 rows of 3, a window of width 0.5",
            lambda: numbers(101, grad_y=(2, 3), x=(2, 3)) | dict(shape=window, width=0.5),
        ),
        Case(
            "4 rows of 5, a fast sigmoid of width 2",
            lambda: numbers(102, grad_y=(4, 5), x=(4, 5)) | dict(shape=fast_sigmoid, width=2.0),
        ),
        Case(
            "3 rows of 2, a lopsided window of width 0.3",
            lambda: numbers(103, grad_y=(3, 2), x=(3, 2)) | dict(shape=lopsided, width=0.3),
        ),
    ),
    hints=(
        "As in 2.2, backward through something elementwise is grad_y times a slope at x. Only the slope is another one.",
        "A stand-in of width 2 has at x = 2 what one of width 1 has at x = 1: shape(x / width).",
    ),
)


@STEP.reference
def step_backward(grad_y, x, shape, width):
    """Backward through y = 1 where x > 0, else 0, with a stand-in for the step's slope.

    grad_y: dL/dy, shape (N, d). x: what went in, shape (N, d).
    shape: a function of an array, 1 at 0 and no larger elsewhere: shape(u) is the stand-in at u
    widths from the step. width: a number.
    Return grad_x, shape (N, d).
    """
    return grad_y * shape(x / width)


@STEP.wrong(
    "That is the step's true slope: 0 everywhere but at the edge. Nothing flows back; use the stand-in."
)
def true_slope(grad_y, x, shape, width):
    return np.zeros_like(grad_y)


@STEP.wrong(
    "You hand the gradient on as it is, whatever x was: multiply it by the stand-in, shape(x / width)."
)
def straight_through(grad_y, x, shape, width):
    return grad_y.copy()


@STEP.wrong(
    "The width turned round: a wide stand-in reaches far, so x is divided by the width, not multiplied."
)
def width_multiplied(grad_y, x, shape, width):
    return grad_y * shape(x * width)


@STEP.wrong("You leave out the width: the shape is asked at x / width, which is x counted in widths.")
def width_left_out(grad_y, x, shape, width):
    return grad_y * shape(x)


@STEP.wrong("You ask for the stand-in at what came out, which is 0 or 1. It belongs to x, which went in.")
def taken_at_the_output(grad_y, x, shape, width):
    return grad_y * shape((x > 0) / width)


@STEP.wrong(
    "You gate with the ReLU's slope: the gradient passes at every positive x, however far from the step."
)
def gate_of_a_relu(grad_y, x, shape, width):
    return grad_y * (x > 0)


@STEP.wrong(
    "Your stand-in is there on one side of the step only. It stands on both: no gate by x > 0 beside it."
)
def one_side_only(grad_y, x, shape, width):
    return grad_y * shape(x / width) * (x > 0)


@STEP.wrong("You ignore the gradient from above: multiply by grad_y.")
def upstream_ignored(grad_y, x, shape, width):
    return shape(x / width)


@STEP.wrong(
    "You divide by the width once more. Here a shape is 1 at the step whatever its width, so that widths can be "
    "compared: shape(x / width) and nothing else."
)
def height_by_the_width(grad_y, x, shape, width):
    return grad_y * shape(x / width) / width


@STEP.right
def step_backward_by_rows(grad_y, x, shape, width):
    return np.array([g * shape(row / width) for g, row in zip(grad_y, x, strict=True)])


@STEP.right
def step_backward_in_widths(grad_y, x, shape, width):
    u = np.divide(x, width)
    return np.multiply(shape(u), grad_y)


# The slope that noise gives a step


def average_step(x: np.ndarray, sigma: float) -> np.ndarray:
    """How often x + sigma · noise is above 0: the normal distribution function at x / sigma."""
    return np.array([0.5 * (1 + math.erf(v / sigma / math.sqrt(2))) for v in x.ravel()]).reshape(x.shape)


NOISY = Entry(
    "10.2",
    returns=("slope",),
    checked="It is the slope of the average step, by central differences, for three sizes of noise.",
    cases=(
        Case("3 numbers, sigma 1", lambda: dict(x=np.array([-0.7, 0.2, 1.5]), sigma=1.0)),
        Case("5 numbers, sigma 0.5", lambda: numbers(104, x=5) | dict(sigma=0.5)),
        Case("4 numbers, sigma 2", lambda: numbers(105, x=4) | dict(sigma=2.0)),
    ),
    hints=(
        "x + sigma · noise > 0 where noise > −x / sigma. How does that probability grow with x?",
        "The slope of a distribution function is its density. The chain rule adds a factor for x / sigma.",
        "exp(−(x / sigma)² / 2) / (sigma · √(2π))",
    ),
)


@NOISY.reference
def noisy_slope(x, sigma):
    """The slope of the average step: how fast the chance of x + sigma · noise > 0 grows with x.

    x: shape (d,). sigma: size of the noise, which is standard normal times sigma.
    Return the slope at each x, shape (d,).
    """
    return np.exp(-((x / sigma) ** 2) / 2) / (sigma * np.sqrt(2 * np.pi))


@NOISY.truth
def slope_by_differences(x, sigma):
    eps = 1e-5 * sigma
    return (average_step(x + eps, sigma) - average_step(x - eps, sigma)) / (2 * eps)


@NOISY.wrong(
    "The factor 1 / sigma is missing: more noise makes the average step less steep. Chain rule, for x / sigma."
)
def sigma_not_divided_out(x, sigma):
    return np.exp(-((x / sigma) ** 2) / 2) / np.sqrt(2 * np.pi)


@NOISY.wrong("The 2 below x² is missing: the density is exp(−u² / 2) / √(2π), with u = x / sigma.")
def exponent_not_halved(x, sigma):
    return np.exp(-((x / sigma) ** 2)) / (sigma * np.sqrt(2 * np.pi))


@NOISY.wrong(
    "The √(2π) is missing. Without it the slope does not add up to the height of the step, which is 1."
)
def not_normalised(x, sigma):
    return np.exp(-((x / sigma) ** 2) / 2) / sigma


@NOISY.wrong(
    "Your bell is 1 at 0. A stand-in may be, a slope may not: the step is 1 high, so what lies under its slope "
    "is 1, which takes the factor 1 / (sigma · √(2π))."
)
def one_at_the_step(x, sigma):
    return np.exp(-((x / sigma) ** 2) / 2)


@NOISY.wrong("That is the average step itself, which climbs from 0 to 1. Its slope is asked for.")
def the_average_step(x, sigma):
    return average_step(np.asarray(x, dtype=float), sigma)


@NOISY.wrong("That is the slope of the sigmoid, which belongs to logistic noise. The noise here is normal.")
def slope_of_a_sigmoid(x, sigma):
    s = 1 / (1 + np.exp(-x / sigma))
    return s * (1 - s) / sigma


@NOISY.wrong(
    "You use sigma as the variance. It is the size of the noise, so x is divided by sigma and then squared."
)
def sigma_as_variance(x, sigma):
    return np.exp(-(x**2) / sigma / 2) / np.sqrt(2 * np.pi * sigma)


@NOISY.wrong("Sigma is not squared in the exponent: it is (x / sigma)² / 2, which is x² / (2 · sigma²).")
def sigma_not_squared(x, sigma):
    return np.exp(-(x**2) / (2 * sigma)) / (sigma * np.sqrt(2 * np.pi))


@NOISY.wrong("You ignore sigma: this is the slope for noise of size 1.")
def noise_of_size_one(x, sigma):
    return np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)


@NOISY.right
def noisy_slope_by_differences(x, sigma):
    eps = 1e-4 * sigma
    return (average_step(np.asarray(x) + eps, sigma) - average_step(np.asarray(x) - eps, sigma)) / (2 * eps)


@NOISY.right
def noisy_slope_by_entry(x, sigma):
    return [math.exp(-(v**2) / (2 * sigma**2)) / math.sqrt(2 * math.pi * sigma**2) for v in x]


# Spikes in time


def lif(current: np.ndarray, beta: float) -> tuple[np.ndarray, np.ndarray]:
    """Membranes v and spikes of leaky integrate-and-fire neurons, all of shape (T, N, H)."""
    v, spikes = np.zeros_like(current), np.zeros_like(current)
    for t in range(len(current)):
        kept = beta * v[t - 1] * (1 - spikes[t - 1]) if t else 0.0
        v[t] = kept + current[t]
        spikes[t] = v[t] > 1
    return v, spikes


def lif_case(steps: int, n: int, neurons: int, beta: float, shape: Callable, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    v, spikes = lif(rng.normal(0.4, 0.8, (steps, n, neurons)), beta)
    return dict(grad_spikes=rng.standard_normal(v.shape), v=v, spikes=spikes, beta=beta, shape=shape)


LIF = Entry(
    "10.3",
    returns=("grad_current",),
    upstream="grad_spikes",
    checked="The gradient reaches back through every membrane, as far as its last reset, for three lengths, leaks and shapes.",
    cases=(
        Case("2 steps, 1 row, 2 neurons", lambda: lif_case(2, 1, 2, 0.5, fast_sigmoid, 106)),
        Case("5 steps, 3 rows, 2 neurons", lambda: lif_case(5, 3, 2, 0.9, fast_sigmoid, 107)),
        Case("6 steps, 2 rows, 4 neurons", lambda: lif_case(6, 2, 4, 0.8, lopsided, 108)),
    ),
    hints=(
        "v[t] has two users: the spike at t, and v[t + 1]. Add what comes back from both, as in lesson 01.",
        "Walk from the last step to the first, and carry the gradient of v[t + 1] along.",
        "grad_v = grad_spikes[t] · shape(v[t] − 1) + beta · (1 − spikes[t]) · grad_v of the step after it; "
        "the current is added to v, so its gradient is grad_v.",
    ),
)


@LIF.reference
def membrane_backward(grad_spikes, v, spikes, beta, shape):
    """Backward through time, for neurons that leak, fire and start anew.

    Forward was: v[t] = beta · v[t − 1] · (1 − spikes[t − 1]) + current[t], and spikes[t] = 1 where v[t] > 1.
    grad_spikes: dL/d(spikes), v, spikes: all of shape (T, N, H). beta: a number.
    shape: the stand-in for the slope of the step, shape(v − 1). The factor (1 − spikes[t − 1]) counts as a
    constant: no gradient goes through the reset.
    Return grad_current, shape (T, N, H).
    """
    grad_current = np.zeros_like(v)
    grad_v = 0.0
    for t in reversed(range(len(v))):
        grad_v = grad_spikes[t] * shape(v[t] - 1) + beta * (1 - spikes[t]) * grad_v
        grad_current[t] = grad_v
    return grad_current


@LIF.wrong(
    "Nothing comes back from later steps. v[t + 1] used v[t] as well: add beta · (1 − spikes[t]) · its gradient."
)
def no_memory(grad_spikes, v, spikes, beta, shape):
    return grad_spikes * shape(v - 1)


@LIF.wrong("You look at v where the step is at 0. The neuron fires at 1, so the stand-in is shape(v − 1).")
def threshold_left_out(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes, shape(v), beta * (1 - spikes))


def backward_with(grad_spikes, slope, keep):
    """``membrane_backward`` with its two factors given."""
    grad_current, grad_v = np.zeros_like(slope), 0.0
    for t in reversed(range(len(slope))):
        grad_v = grad_spikes[t] * slope[t] + keep[t] * grad_v
        grad_current[t] = grad_v
    return grad_current


@LIF.wrong(
    "The reset is missing: after a spike nothing of v is kept, so nothing comes back either: (1 − spikes[t])."
)
def reset_left_out(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes, shape(v - 1), beta * np.ones_like(v))


@LIF.wrong("The leak is missing: of v[t] only beta is kept, so only beta of the gradient comes back.")
def leak_left_out(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes, shape(v - 1), 1 - spikes)


@LIF.wrong("Your reset is one step off. What v[t + 1] keeps of v[t] is cut by the spike at t.")
def reset_one_step_off(grad_spikes, v, spikes, beta, shape):
    before = np.concatenate([np.zeros_like(spikes[:1]), spikes[:-1]])
    return backward_with(grad_spikes, shape(v - 1), beta * (1 - before))


@LIF.wrong(
    "The spike before cuts your carry. What v[t + 1] keeps of v[t] is cut by the spike at t: (1 − spikes[t])."
)
def reset_of_the_moment_before(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes, shape(v - 1), beta * (1 - np.roll(spikes, 1, axis=0)))


@LIF.wrong(
    "What comes back from v[t + 1] goes through your stand-in. That is the slope of the spike only: multiply "
    "grad_spikes[t] by it, then add the memory."
)
def memory_through_the_stand_in(grad_spikes, v, spikes, beta, shape):
    slope = shape(v - 1)
    return backward_with(grad_spikes, slope, beta * (1 - spikes) * slope)


@LIF.wrong("You walk forwards in time. A gradient comes from what is later: begin at the last step.")
def forwards_in_time(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes[::-1], shape(v - 1)[::-1], beta * (1 - spikes)[::-1])[::-1]


@LIF.wrong("Your reset is turned round: what is kept, and comes back, is what did not spike.")
def reset_turned_round(grad_spikes, v, spikes, beta, shape):
    return backward_with(grad_spikes, shape(v - 1), beta * spikes)


@LIF.wrong("The spike's true slope is 0: use the stand-in, shape(v − 1), in its place.")
def spikes_as_slope(grad_spikes, v, spikes, beta, shape):
    return np.zeros_like(v)


@LIF.wrong("You ignore the gradient from above: multiply the stand-in by grad_spikes.")
def spikes_upstream_ignored(grad_spikes, v, spikes, beta, shape):
    return backward_with(np.ones_like(v), shape(v - 1), beta * (1 - spikes))


@LIF.right
def membrane_backward_by_recursion(grad_spikes, v, spikes, beta, shape):
    slope, found = shape(v - 1), []
    for t in range(len(v) - 1, -1, -1):
        later = beta * (1 - spikes[t]) * found[-1] if found else 0
        found.append(grad_spikes[t] * slope[t] + later)
    return np.stack(found[::-1])


@LIF.right
def membrane_backward_by_sums(grad_spikes, v, spikes, beta, shape):
    direct = grad_spikes * shape(v - 1)
    grad = direct.copy()
    for t in range(len(v)):
        reach = np.ones_like(v[0])
        for later in range(t + 1, len(v)):
            reach = reach * beta * (1 - spikes[later - 1])
            grad[t] += reach * direct[later]
    return grad


# Binary weights


class Pull:
    """The gradient of a quadratic loss at the weights it is asked about, which it remembers."""

    def __init__(self, target: np.ndarray) -> None:
        self.target, self.asked = target, []

    def __call__(self, weights: np.ndarray) -> np.ndarray:
        self.asked.append(np.array(weights, dtype=float))
        return np.asarray(weights, dtype=float) - self.target


def binary_case(size: int, rate: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return dict(latent=rng.uniform(-1, 1, size), gradient=Pull(rng.normal(0, 1.5, size)), rate=rate)


def observe_binary(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    asked = arguments["gradient"].asked
    return {"the weights that gradient was asked at": asked[0] if asked else None, "new latent": result}


BINARY = Entry(
    "10.4",
    returns=("new_latent",),
    observe=observe_binary,
    may_change=("gradient",),
    checked="The gradient is taken at the signs, the step at the latent weights, and none leaves [−1, 1].",
    cases=(
        Case("3 weights, a small rate", lambda: binary_case(3, 0.1, 109)),
        Case("6 weights, a rate that reaches the ends", lambda: binary_case(6, 0.8, 110)),
    ),
    hints=(
        "The network computes with the signs, so that is where the loss and its gradient are. What moves is what the signs are taken of.",
        "np.sign for the one, np.clip for the other.",
    ),
)


@BINARY.reference
def binary_step(latent, gradient, rate):
    """One step of gradient descent for weights that the network sees as −1 or 1.

    latent: shape (P,), numbers between −1 and 1 behind the binary weights, none of them 0; the network
    computes with their signs. gradient(weights): the gradient of the loss at weights, shape (P,).
    Take the gradient where the network is, and the step where small steps add up; keep every latent
    weight in [−1, 1]. Return the new latent weights, shape (P,).
    """
    return np.clip(latent - rate * gradient(np.sign(latent)), -1, 1)


@BINARY.wrong(
    "You ask for the gradient at the latent weights. The network never computes with these: ask at their signs."
)
def gradient_at_the_latent(latent, gradient, rate):
    return np.clip(latent - rate * gradient(latent), -1, 1)


@BINARY.wrong(
    "You step from the signs: the step is lost as soon as a sign is taken again, unless it is longer than 1. "
    "Step from the latent weights."
)
def step_from_the_signs(latent, gradient, rate):
    signs = np.sign(latent)
    return np.clip(signs - rate * gradient(signs), -1, 1)


@BINARY.wrong(
    "Nothing keeps the latent weights in [−1, 1]: one that has run far away takes as long to come back. Clip them."
)
def not_clipped(latent, gradient, rate):
    return latent - rate * gradient(np.sign(latent))


@BINARY.wrong("You clip the gradient. It is the new latent weight that must stay in [−1, 1].")
def gradient_clipped(latent, gradient, rate):
    return latent - rate * np.clip(gradient(np.sign(latent)), -1, 1)


@BINARY.wrong(
    "You return signs: what is returned has to remember small steps. Take the sign in the network only."
)
def signs_returned(latent, gradient, rate):
    return np.sign(np.clip(latent - rate * gradient(np.sign(latent)), -1, 1))


@BINARY.wrong("You step uphill: take the step away.")
def binary_uphill(latent, gradient, rate):
    return np.clip(latent + rate * gradient(np.sign(latent)), -1, 1)


@BINARY.wrong("You leave out the rate.")
def binary_rate_left_out(latent, gradient, rate):
    return np.clip(latent - gradient(np.sign(latent)), -1, 1)


@BINARY.right
def binary_step_where(latent, gradient, rate):
    binary = np.where(np.asarray(latent) > 0, 1.0, -1.0)
    return np.minimum(1, np.maximum(-1, latent - rate * gradient(binary)))


@BINARY.right
def binary_step_by_entry(latent, gradient, rate):
    grads = gradient(np.sign(latent))
    return [max(-1.0, min(1.0, w - rate * g)) for w, g in zip(latent, grads, strict=True)]
