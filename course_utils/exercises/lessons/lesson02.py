"""Exercises of lesson 02: layers, backprop through them, and the loop that trains."""

import numpy as np

from course_utils.engine import estimate
from course_utils.engine.nn import Linear, Network, ReLU, softmax_cross_entropy
from course_utils.exercises.bank import Case, Entry, normal


def layer_and_batch(n: int, inputs: int, outputs: int, seed: int) -> dict[str, np.ndarray]:
    shapes = {"grad_y": (n, outputs), "x": (n, inputs), "W": (inputs, outputs)}
    return {name: normal(*shape, seed=seed + i) for i, (name, shape) in enumerate(shapes.items())}


LINEAR = Entry(
    "2.1",
    returns=("grad_x", "grad_W", "grad_b"),
    upstream="grad_y",
    batch="x",
    checked="All three gradients equal central differences for five batches, of 1 to 5 examples.",
    cases=(
        Case("2 examples, 3 inputs, 2 outputs", lambda: layer_and_batch(2, 3, 2, seed=1)),
        Case("5 examples, 3 inputs, 4 outputs", lambda: layer_and_batch(5, 3, 4, seed=4)),
        Case("1 example, 2 inputs, 3 outputs", lambda: layer_and_batch(1, 2, 3, seed=7)),
        Case("4 examples, 3 inputs, 3 outputs", lambda: layer_and_batch(4, 3, 3, seed=21)),
        Case("3 examples, 2 inputs, 1 output", lambda: layer_and_batch(3, 2, 1, seed=24)),
    ),
    hints=(
        "Write the three shapes down. Each gradient has the shape of what it belongs to, and only one product of "
        "grad_y with x or W gives that shape.",
        "grad_x (N, in) from grad_y (N, out) and W (in, out): the `out` must meet. grad_W (in, out) from x (N, in) and "
        "grad_y (N, out): the `N` must meet.",
        "b was added to every row, so it is used N times, and gradients of a thing used many times add up.",
    ),
    lesson_size=Case("a batch of the lesson", lambda: layer_and_batch(32, 64, 64, seed=15)),
)


@LINEAR.reference
def linear_backward(grad_y, x, W):
    """Backward through y = xW + b.

    grad_y: dL/dy, shape (N, out). x: what went in, shape (N, in). W: shape (in, out).
    Return grad_x (N, in), grad_W (in, out) and grad_b (out,).
    """
    return grad_y @ W.T, x.T @ grad_y, grad_y.sum(axis=0)


@LINEAR.truth
def linear_truth(grad_y, x, W):
    b = np.zeros(W.shape[1])
    return (
        estimate.numerical_gradient(lambda x: np.sum(grad_y * (x @ W + b)), x),
        estimate.numerical_gradient(lambda W: np.sum(grad_y * (x @ W + b)), W),
        estimate.numerical_gradient(lambda b: np.sum(grad_y * (x @ W + b)), b),
    )


@LINEAR.wrong(
    "Your gradients do not depend on grad_y. Each of them is a product with what arrives from above."
)
def upstream_ignored(grad_y, x, W):
    ones = np.ones_like(grad_y)
    return ones @ W.T, x.T @ ones, ones.sum(axis=0)


@LINEAR.wrong(
    "Your grad_W is transposed: it has the shape of W, (in, out), so x.T comes first: x.T @ grad_y."
)
def weights_transposed(grad_y, x, W):
    return grad_y @ W.T, grad_y.T @ x, grad_y.sum(axis=0)


@LINEAR.wrong("b was added to every row, so its gradient is the sum of the rows of grad_y: sum over axis 0.")
def bias_not_summed(grad_y, x, W):
    return grad_y @ W.T, x.T @ grad_y, grad_y


@LINEAR.wrong(
    "You average the rows for grad_b; they add up. The mean over the batch is in the loss already: its 1/N comes with grad_y."
)
def bias_averaged(grad_y, x, W):
    return grad_y @ W.T, x.T @ grad_y, grad_y.mean(axis=0)


@LINEAR.wrong("You sum grad_y over the outputs (axis 1); grad_b has one entry an output: sum over axis 0.")
def bias_summed_over_outputs(grad_y, x, W):
    return grad_y @ W.T, x.T @ grad_y, grad_y.sum(axis=1)


@LINEAR.wrong(
    "You divide by the batch size here. The 1/N is in the loss already and arrives inside grad_y: once is enough."
)
def averaged_again(grad_y, x, W):
    n = len(x)
    return grad_y @ W.T, x.T @ grad_y / n, grad_y.sum(axis=0) / n


@LINEAR.wrong("The values look right, their order is not: return grad_x, grad_W, grad_b.")
def order_changed(grad_y, x, W):
    return x.T @ grad_y, grad_y.sum(axis=0), grad_y @ W.T


@LINEAR.wrong("For grad_x the outputs must meet: grad_y is (N, out) and W is (in, out), so W.T is needed.")
def W_not_transposed(grad_y, x, W):
    return grad_y @ W, x.T @ grad_y, grad_y.sum(axis=0)


@LINEAR.right
def linear_with_loops(grad_y, x, W):
    grad_x, grad_W, grad_b = np.zeros_like(x), np.zeros_like(W), np.zeros(W.shape[1])
    for n in range(len(x)):
        for j in range(W.shape[1]):
            grad_b[j] += grad_y[n, j]
            for i in range(W.shape[0]):
                grad_x[n, i] += grad_y[n, j] * W[i, j]
                grad_W[i, j] += grad_y[n, j] * x[n, i]
    return grad_x, grad_W, grad_b


@LINEAR.right
def linear_with_einsum(grad_y, x, W):
    return [np.einsum("nj,ij->ni", grad_y, W), np.einsum("ni,nj->ij", x, grad_y), np.einsum("nj->j", grad_y)]


@LINEAR.right
def linear_in_float32(grad_y, x, W):
    grad_y, x, W = (a.astype(np.float32) for a in (grad_y, x, W))
    return grad_y @ W.T, x.T @ grad_y, np.ones(len(x), np.float32) @ grad_y


def with_a_zero(x: np.ndarray) -> np.ndarray:
    x[0, 0] = 0
    return x


RELU = Entry(
    "2.2",
    returns=("grad_x",),
    upstream="grad_y",
    batch="x",
    checked="The gradient equals central differences for three batches, through open and closed gates.",
    cases=(
        Case("2 examples, 4 units", lambda: dict(grad_y=normal(2, 4, seed=11), x=normal(2, 4, seed=12))),
        Case(
            "5 examples, 3 units, one x exactly 0",
            lambda: dict(grad_y=normal(5, 3, seed=13), x=with_a_zero(normal(5, 3, seed=14))),
        ),
        Case(
            "3 examples, 2 units, all x near 0",
            lambda: dict(grad_y=normal(3, 2, seed=27), x=1e-9 * normal(3, 2, seed=28)),
        ),
    ),
    hints=(
        "Where x was negative, y is 0 whatever x does nearby. What can flow back there?",
        "`x > 0` is an array of True and False; multiplied by numbers it acts as 1 and 0.",
    ),
    lesson_size=Case(
        "a batch of the lesson", lambda: dict(grad_y=normal(32, 64, seed=18), x=normal(32, 64, seed=19))
    ),
)


@RELU.reference
def relu_backward(grad_y, x):
    """Backward through y = max(x, 0), elementwise.

    grad_y: dL/dy, shape (N, d). x: what went in, shape (N, d).
    Return grad_x, shape (N, d). Where x is exactly 0, use 0.
    """
    return grad_y * (x > 0)


@RELU.truth
def relu_truth(grad_y, x):
    """Central differences, but 0 at the kink, where they would give half of grad_y."""
    nudge = min(1e-5, 0.5 * np.abs(x[x != 0]).min())  # short of every kink
    relu = estimate.numerical_gradient(lambda x: np.sum(grad_y * np.maximum(x, 0)), x, nudge)
    return np.where(x == 0, 0, relu)


@RELU.wrong("Nearly: where x is exactly 0 the gradient should be 0, so the gate is `x > 0`, not `x >= 0`.")
def open_at_zero(grad_y, x):
    return grad_y * (x >= 0)


@RELU.wrong("Everything flows back. Where x was negative the gate was shut, and nothing may pass.")
def gate_missing(grad_y, x):
    return grad_y


@RELU.wrong("Your gate is inverted: gradients should pass where x was positive.")
def gate_inverted(grad_y, x):
    return grad_y * (x < 0)


@RELU.wrong("That is the gate. Multiply it by grad_y, which arrives from above.")
def gate_alone(grad_y, x):
    return (x > 0).astype(float)


@RELU.wrong("You cut off negative gradients. The gate depends on x, the input; gradients keep their sign.")
def relu_of_the_gradient(grad_y, x):
    return np.maximum(grad_y, 0)


@RELU.wrong("You multiply by y. The slope of an open gate is 1, however large x is.")
def scaled_by_x(grad_y, x):
    return grad_y * np.maximum(x, 0)


@RELU.wrong("`grad_y[…] = 0` changes the caller's array. Multiply, or work on grad_y.copy().")
def gradient_zeroed_in_place(grad_y, x):
    grad_y[x <= 0] = 0
    return grad_y


@RELU.right
def relu_with_where(grad_y, x):
    return np.where(x > 0, grad_y, 0.0)


@RELU.right
def relu_on_a_copy(grad_y, x):
    grad_x = grad_y.copy()
    grad_x[x <= 0] = 0
    return grad_x


def cross_entropy(logits: np.ndarray, y: np.ndarray) -> float:
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(y)), y])


def softmax(logits, axis=1):
    p = np.exp(logits - logits.max(axis=axis, keepdims=True))
    return p / p.sum(axis=axis, keepdims=True)


def onehot(logits, y):
    return np.eye(logits.shape[1])[y]


CROSS_ENTROPY = Entry(
    "2.3",
    returns=("grad_logits",),
    batch="logits",
    checked="The gradient equals central differences for two batches, and stays finite for logits of 1000. It is "
    "(p − onehot(y)) / N: too much probability on a wrong class pushes its logit down, too little on the right one "
    "pushes it up.",
    cases=(
        # More examples than classes: `p[y] -= 1` then runs, and is known by its numbers.
        Case("4 examples, 3 classes", lambda: dict(logits=normal(4, 3, seed=21), y=np.array([2, 0, 1, 0]))),
        Case(
            "5 examples, 4 classes",
            lambda: dict(logits=2 * normal(5, 4, seed=22), y=np.array([1, 3, 0, 3, 1])),
        ),
        Case(
            "logits of 1000",
            lambda: dict(
                logits=np.array([[1000.0, 0, -1000], [999.5, 1000, 998], [0, 1, 2]]), y=np.array([0, 1, 0])
            ),
        ),
        Case(
            "logits near −1000",
            lambda: dict(logits=normal(2, 3, seed=29) - 1000, y=np.array([2, 1])),
        ),
    ),
    hints=(
        "First softmax, row by row: exp, then divide by the sum of the row (axis=1, keepdims=True).",
        "Subtract 1 where the label is: `p[np.arange(N), y] -= 1` touches one entry in every row.",
        "The loss is a mean over N examples, so the gradient carries 1/N. And exp(1000) is inf: subtract the row's maximum first.",
    ),
    lesson_size=Case(
        "a batch of the lesson", lambda: dict(logits=normal(32, 10, seed=23), y=np.arange(32) % 10)
    ),
)


@CROSS_ENTROPY.reference
def cross_entropy_backward(logits, y):
    """Gradient of the mean cross-entropy of softmax(logits) with labels y.

    logits: shape (N, C). y: labels 0..C-1, shape (N,).
    Return grad_logits, shape (N, C).
    """
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    p[np.arange(len(y)), y] -= 1
    return p / len(y)


@CROSS_ENTROPY.truth
def cross_entropy_truth(logits, y):
    return estimate.numerical_gradient(lambda logits: cross_entropy(logits, y), logits)


@CROSS_ENTROPY.wrong("The 1/N is missing: the loss is the mean over the batch, so each row weighs 1/N.")
def batch_forgotten(logits, y):
    return softmax(logits) - onehot(logits, y)


@CROSS_ENTROPY.wrong(
    "You stop at the softmax. At the label the gradient is p − 1: it is what pushes that logit up."
)
def softmax_alone(logits, y):
    return softmax(logits) / len(y)


@CROSS_ENTROPY.wrong("The sign is turned round: softmax minus one-hot. With yours, training would unlearn.")
def sign_turned(logits, y):
    return (onehot(logits, y) - softmax(logits)) / len(y)


@CROSS_ENTROPY.wrong("Your softmax runs down the columns, over examples. Each row sums to 1: axis=1.")
def over_the_batch(logits, y):
    return (softmax(logits, axis=0) - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "You take the 1 away in whole columns, at labels of other rows too. Pair every row with its own label: `p[np.arange(N), y] -= 1`."
)
def whole_columns(logits, y):
    p = softmax(logits)
    p[:, y] -= 1
    return p / len(y)


@CROSS_ENTROPY.wrong("You use the logits where the probabilities belong: softmax first.")
def logits_not_softmax(logits, y):
    return (logits - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "exp(1000) overflows to inf, and inf/inf is nan. Subtract each row's maximum first: softmax is the same."
)
def exp_overflows(logits, y):
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return (p - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "You subtract one maximum for the whole batch. A row far below it becomes exp(-1000) = 0 throughout, and 0/0 is nan: "
    "each row needs its own, logits.max(axis=1, keepdims=True)."
)
def one_maximum_for_all(logits, y):
    p = np.exp(logits - logits.max())
    return (p / p.sum(axis=1, keepdims=True) - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "You subtract one maximum for the whole batch, and a row far below it becomes 0/0, nan: each row needs the largest "
    "of its own, logits.max(axis=1, keepdims=True). And the 1/N of the mean is missing."
)
def one_maximum_and_no_mean(logits, y):
    return len(y) * one_maximum_for_all(logits, y)


@CROSS_ENTROPY.wrong(
    "axis=0 takes the largest of each column, over the examples, and a row far below it becomes 0/0, nan. You want the "
    "largest of each row: logits.max(axis=1, keepdims=True)."
)
def maximum_of_each_column(logits, y):
    p = np.exp(logits - logits.max(axis=0))
    return (p / p.sum(axis=1, keepdims=True) - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "Your softmax divides by one sum for the whole batch. Each row sums to 1 by itself: axis=1 and keepdims=True, for "
    "the maximum and for the sum."
)
def one_softmax_for_all(logits, y):
    p = np.exp(logits - logits.max())
    return (p / p.sum() - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "You divide by N · C. The mean runs over the N examples only; the C logits of a row belong together."
)
def averaged_over_everything(logits, y):
    return (softmax(logits) - onehot(logits, y)) / logits.size


@CROSS_ENTROPY.wrong(
    "Something of shape (N,) stands beside something of shape (N, C). A row's sum and maximum keep their axis with "
    "keepdims=True; labels become one-hot first."
)
def keepdims_forgotten(logits, y):
    p = np.exp(logits - logits.max(axis=1))
    return (p / p.sum(axis=1) - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "The sums of the rows have shape (N,) and cannot divide an array of (N, C): p.sum(axis=1, keepdims=True) has (N, 1)."
)
def keepdims_forgotten_in_the_sum(logits, y):
    p = np.exp(logits - logits.max(axis=1, keepdims=True))
    p /= p.sum(axis=1)  # in place, as many write it, for the error's own words
    return (p - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.wrong(
    "`p[y]` picks whole rows, the examples with the numbers y. You want one entry a row: `p[np.arange(N), y] -= 1`."
)
def whole_rows(logits, y):
    p = softmax(logits)
    p[y] -= 1
    return p / len(y)


@CROSS_ENTROPY.right
def cross_entropy_with_onehot(logits, y):
    return (softmax(logits) - onehot(logits, y)) / len(y)


@CROSS_ENTROPY.right
def cross_entropy_by_rows(logits, y):
    rows = []
    for row, label in zip(logits.tolist(), y.tolist(), strict=True):
        e = np.exp(np.array(row) - max(row))
        e /= e.sum()
        e[label] -= 1
        rows.append((e / len(y)).tolist())
    return rows


def bowl(theta):
    return float(np.sum(theta**3))


def wave(theta):
    return float(np.sin(theta[0] * theta[1]) + np.exp(-theta[2]) * theta[0])


NUMERICAL = Entry(
    "2.4",
    returns=("grad",),
    checked="The gradient is right for two functions of several weights, with large and with small nudges.",
    cases=(
        Case("f = sum of cubes, eps 0.1", lambda: dict(f=bowl, theta=np.array([1.0, -2.0]), eps=0.1)),
        Case(
            "a wave in three weights, eps 0.001",
            lambda: dict(f=wave, theta=np.array([0.7, 1.1, -0.4]), eps=1e-3),
        ),
        Case(
            "f = sum of cubes, eps 0.00001",
            lambda: dict(f=bowl, theta=np.array([0.513, -0.377, 2.04, 1.09]), eps=1e-5),
        ),
    ),
    hints=(
        "It is the idea of `slope` from lesson 01, once for every weight, with all others held still.",
        "In a loop over i: copy theta twice, nudge entry i up in one and down in the other, and divide by 2 · eps.",
    ),
    rtol=1e-7,
)


@NUMERICAL.reference
def numerical_gradient(f, theta, eps=1e-5):
    """Gradient by central differences.

    f: takes all weights, shape (P,), and returns a number. theta: the weights, shape (P,). eps: the nudge.
    Return shape (P,): entry i is (f(theta + eps e_i) - f(theta - eps e_i)) / (2 eps). Leave theta as it was.
    """
    grad = np.zeros_like(theta)
    for i in range(len(theta)):
        above, below = theta.copy(), theta.copy()
        above[i] += eps
        below[i] -= eps
        grad[i] = (f(above) - f(below)) / (2 * eps)
    return grad


@NUMERICAL.wrong("You nudge all weights at once, so every entry is the same. Nudge one weight at a time.")
def all_at_once(f, theta, eps=1e-5):
    return np.full_like(theta, (f(theta + eps) - f(theta - eps)) / (2 * eps))


@NUMERICAL.wrong("You nudge to one side only: the error is of size eps. To both sides it is of size eps².")
def one_sided_gradient(f, theta, eps=1e-5):
    nudges = eps * np.eye(len(theta))
    return np.array([(f(theta + nudge) - f(theta)) / eps for nudge in nudges])


@NUMERICAL.wrong("Twice too large: between the two nudged points lie 2 · eps.")
def half_forgotten(f, theta, eps=1e-5):
    return 2 * numerical_gradient(f, theta, eps)


@NUMERICAL.wrong(
    "You nudge up and never down: after `+= eps`, `-= eps` only puts the weight back. Take away 2 * eps, and add eps again after."
)
def only_put_back(f, theta, eps=1e-5):
    return one_sided_gradient(f, theta, eps) / 2


@NUMERICAL.wrong("A nudged weight stays nudged, for the next entry and for the caller: put it back, or copy.")
def never_put_back(f, theta, eps=1e-5):
    grad = np.zeros_like(theta)
    for i in range(len(theta)):
        theta[i] += eps
        above = f(theta)
        theta[i] -= 2 * eps
        grad[i] = (above - f(theta)) / (2 * eps)
    return grad


@NUMERICAL.wrong(
    "f sees the same point twice, so every difference is 0: `a = b = theta.copy()` is one array with two names. Copy twice."
)
def copy_forgotten(f, theta, eps=1e-5):
    grad = np.zeros_like(theta)
    for i in range(len(theta)):
        above = below = theta.copy()
        above[i] += eps
        below[i] -= eps
        grad[i] = (f(above) - f(below)) / (2 * eps)
    return grad


@NUMERICAL.wrong("`/ 2 * eps` divides by 2 and then multiplies by eps: put brackets round it, `/ (2 * eps)`.")
def both_halves_multiplied(f, theta, eps=1e-5):
    nudges = eps * np.eye(len(theta))
    return np.array([(f(theta + nudge) - f(theta - nudge)) / 2 * eps for nudge in nudges])


@NUMERICAL.wrong(
    "Your own step is so small that rounding takes over: f changes in its last digits only. Use `eps`."
)
def step_too_small(f, theta, eps=1e-5):
    return numerical_gradient(f, theta, 1e-13)


@NUMERICAL.right
def gradient_with_nudges(f, theta, eps=1e-5):
    nudges = eps * np.eye(len(theta))
    return [(f(theta + nudge) - f(theta - nudge)) / (2 * eps) for nudge in nudges]


@NUMERICAL.right
def gradient_put_back(f, theta, eps=1e-5):
    grad = np.zeros_like(theta)
    for i in range(theta.size):
        theta[i] += eps
        above = f(theta)
        theta[i] -= 2 * eps
        below = f(theta)
        theta[i] += eps
        grad[i] = (above - below) / (2 * eps)
    return grad


def small_problem(batches: int = 3, rate: float = 0.2) -> dict:
    net = Network(Linear(3, 4), ReLU(), Linear(4, 2), seed=3)
    x, y = normal(batches, 5, 3, seed=31), np.array([0, 1, 1, 0, 1])
    return dict(net=net, loss=softmax_cross_entropy, batches=[(rows, y) for rows in x], rate=rate)


def of_a_generator() -> dict:
    problem = small_problem(2, 0.1)
    return problem | dict(batches=(pair for pair in problem["batches"]))


def observe_training(arguments, result):
    return {"losses": result, "net.theta": arguments["net"].theta}


TRAIN = Entry(
    "2.5",
    returns=("losses",),
    observe=observe_training,
    may_change=("net",),
    checked="The losses and the weights afterwards are right on two small problems.",
    cases=(
        Case("3 batches of 5 examples, rate 0.2", small_problem),
        Case("7 batches of 5 examples, rate 0.05", lambda: small_problem(7, 0.05)),
        Case("2 batches out of a generator, which can be gone through once", of_a_generator),
    ),
    hints=(
        "For every batch, four lines: forward, loss, backward, step. And keep the loss.",
        "`value, grad_logits = loss(net.forward(x), y)`, then `net.backward(grad_logits)` fills net.grad.",
        "The step is the equation in its plainest form: `net.theta -= rate * net.grad`.",
    ),
    rtol=1e-7,
)


@TRAIN.reference
def train(net, loss, batches, rate):
    """Gradient descent, one step a batch.

    net: a Network, with net.forward(x), net.backward(grad_logits), net.theta and net.grad.
    loss: loss(logits, y) returns the loss (a number) and grad_logits.
    batches: pairs (x, y). rate: a number.
    Change net.theta in place and return the list of losses, one a batch, each from before its step.
    """
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta -= rate * net.grad
        losses.append(value)
    return losses


@TRAIN.wrong("The rate is missing from the step: rate * net.grad.")
def full_gradient_step(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta -= net.grad
        losses.append(value)
    return losses


@TRAIN.wrong("You add the gradient: the loss climbs. Take it away.")
def climbing(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta += rate * net.grad
        losses.append(value)
    return losses


@TRAIN.wrong(
    "The weights never move. Does your step reach the network? `theta = theta - …` moves a copy: write `net.theta -= …`. And do you call net.backward(grad_logits)? Without it net.grad stays 0."
)
def backward_forgotten(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.theta -= rate * net.grad
        losses.append(value)
    return losses


@TRAIN.wrong("You step before backward, so each step uses the gradient of the batch before: backward first.")
def step_before_backward(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.theta -= rate * net.grad
        net.backward(grad_logits)
        losses.append(value)
    return losses


@TRAIN.wrong(
    "`net.backward` returns nothing, so you multiply None by the rate. What it computes stands in net.grad."
)
def step_with_what_backward_returns(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        g = net.backward(grad_logits)
        net.theta -= rate * g
        losses.append(value)
    return losses


@TRAIN.wrong(
    "What `loss` returns second belongs to the logits, (N, C): it cannot move the weights. Hand it to net.backward, and "
    "step with net.grad, which has the shape of net.theta."
)
def step_with_the_gradient_of_the_logits(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta -= rate * grad_logits
        losses.append(value)
    return losses


@TRAIN.wrong(
    "That gradient belongs to the logits, (N, C), and the weights lie in one vector, (P,). net.backward turns it into "
    "net.grad: step with that."
)
def new_weights_from_the_gradient_of_the_logits(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta = net.theta - rate * grad_logits
        losses.append(value)
    return losses


@TRAIN.wrong("It returns inside the loop, after one batch: move `return` out, to the end.")
def first_batch_only(net, loss, batches, rate):
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta -= rate * net.grad
        return [value]


@TRAIN.wrong("You divide by the batch size once more: the loss is a mean already, its gradient has the 1/N.")
def batch_mean_taken_twice(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        value, grad_logits = loss(net.forward(x), y)
        net.backward(grad_logits)
        net.theta -= rate * net.grad / len(x)
        losses.append(value)
    return losses


@TRAIN.wrong(
    "The weights are right; the losses are measured after the step. Keep the one from before: it is free."
)
def loss_after_the_step(net, loss, batches, rate):
    losses = []
    for x, y in batches:
        net.backward(loss(net.forward(x), y)[1])
        net.theta -= rate * net.grad
        losses.append(loss(net.forward(x), y)[0])
    return losses


@TRAIN.wrong("The weights are right; return all the losses, one a batch, not only the last.")
def last_loss_only(net, loss, batches, rate):
    return train(net, loss, batches, rate)[-1:]


@TRAIN.right
def train_with_assignment(net, loss, batches, rate):
    history = []
    for x, y in batches:
        logits = net.forward(x)
        history.append(loss(logits, y))
        net.backward(history[-1][1])
        net.theta = net.theta - rate * net.grad
    return tuple(value for value, _ in history)


@TRAIN.right
def train_by_index(net, loss, batches, rate):
    batches = list(batches)
    losses = np.zeros(len(batches))
    for i in range(len(batches)):
        losses[i], grad_logits = loss(net.forward(batches[i][0]), batches[i][1])
        net.backward(grad_y=grad_logits)
        net.theta[:] -= rate * net.grad
    return losses
