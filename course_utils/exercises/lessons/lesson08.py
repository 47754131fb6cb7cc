"""Exercises of lesson 08: fit an imitation of g to its answers, train f through it, and keep asking."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.nn import Linear, Network, ReLU, Tanh, mean_squared_error, softmax_cross_entropy
from course_utils.engine.update import SGD, Adam
from course_utils.exercises.bank import Case, Entry, observe_results


def linear_case(n: int, k: int, out: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    h = rng.uniform(-1, 1, (n, k)) + 0.3
    return dict(h=h, answers=np.tanh(h @ rng.standard_normal((k, out))) + rng.standard_normal(out))


def with_a_small_column(n: int, k: int, out: int, seed: int) -> dict[str, Any]:
    case = linear_case(n, k, out, seed)
    case["h"][:, 1] *= 1e-3
    return case


PLANE = Entry(
    "8.1",
    returns=("W", "b"),
    checked="Slopes and heights for more queries than unknowns, as many, and fewer.",
    cases=(
        Case("6 queries, 2 activations, 3 outputs", lambda: linear_case(6, 2, 3, 81)),
        Case("30 queries, 4 activations, 2 outputs", lambda: linear_case(30, 4, 2, 82)),
        Case("5 queries, 4 activations, 3 outputs", lambda: linear_case(5, 4, 3, 83)),
        Case("3 queries, 4 activations, 2 outputs", lambda: linear_case(3, 4, 2, 84)),
        Case("8 queries, one activation a thousand times smaller", lambda: with_a_small_column(8, 2, 2, 86)),
    ),
    hints=(
        "Give h one more column, of ones. Then W and b are the rows of one solution.",
        "solution = np.linalg.lstsq(np.column_stack([h, np.ones(len(h))]), answers)[0]; its last row is b.",
    ),
)


@PLANE.reference
def fit_linear(h, answers):
    """The W and b for which h W + b comes closest to what g answered, in squared error.

    h: what was asked, shape (N, k). answers: g(h), shape (N, out). np.linalg.lstsq(A, B)[0] is the X
    that brings A X closest to B. (With fewer rows than unknowns many X do; it returns the smallest of
    them, which is what is wanted: add nothing to it.) b is one more row of weights, for an input that is always 1.
    Return W, shape (k, out), and b, shape (out,).
    """
    with_ones = np.column_stack([h, np.ones(len(h))])
    solution = np.linalg.lstsq(with_ones, answers)[0]
    return solution[:-1], solution[-1]


@PLANE.wrong("Your plane passes through 0: fit b as well, as the weights of one more column of h, all ones.")
def no_height(h, answers):
    return np.linalg.lstsq(h, answers)[0], np.zeros(answers.shape[1])


@PLANE.wrong(
    "You fit W without b and add b afterwards. W then has to make up for the missing b: fit both together."
)
def height_added_afterwards(h, answers):
    W = np.linalg.lstsq(h, answers)[0]
    return W, (answers - h @ W).mean(axis=0)


@PLANE.wrong("Your b is the mean answer, which is the height at the mean of h. b is the height at h = 0.")
def mean_answer_as_height(h, answers):
    W, _ = fit_linear(h - h.mean(axis=0), answers - answers.mean(axis=0))
    return W, answers.mean(axis=0)


@PLANE.wrong(
    "Your W is fitted without a b, and your b is the mean answer. Fit both together, b as the weights of one more column of h, all ones."
)
def mean_answer_beside_slopes_through_0(h, answers):
    return np.linalg.lstsq(h, answers)[0], answers.mean(axis=0)


@PLANE.wrong(
    "You take the mean answer as b and fit W to what is left. b is the mean answer only where the h have mean 0: fit both together, with a column of ones."
)
def slopes_after_the_mean_answer(h, answers):
    b = answers.mean(axis=0)
    return np.linalg.lstsq(h, answers - b)[0], b


@PLANE.wrong(
    "Right while queries are more than unknowns. With fewer, many planes fit, and the smallest counts b as well: fit W and b together, with a column of ones."
)
def slopes_of_the_centred(h, answers):
    middle, mean = h.mean(axis=0), answers.mean(axis=0)
    W = np.linalg.lstsq(h - middle, answers - mean)[0]
    return W, mean - middle @ W


@PLANE.wrong(
    "Right while queries are at least as many as unknowns. With fewer, this matrix is singular: many planes fit, and np.linalg.lstsq takes the smallest."
)
def normal_equations(h, answers):
    with_ones = np.column_stack([h, np.ones(len(h))])
    solution = np.linalg.solve(with_ones.T @ with_ones, with_ones.T @ answers)
    return solution[:-1], solution[-1]


@PLANE.wrong("Your ones are the first column of h, so b is the first row of the solution, not the last.")
def ones_first_but_height_last(h, answers):
    solution = np.linalg.lstsq(np.column_stack([np.ones(len(h)), h]), answers)[0]
    return solution[:-1], solution[-1]


@PLANE.wrong(
    "You predict h from the answers. lstsq(A, B) wants what was asked as A and what g answered as B."
)
def fitted_the_other_way(h, answers):
    solution = np.linalg.lstsq(np.column_stack([answers, np.ones(len(h))]), h)[0]
    return solution[:-1], solution[-1]


@PLANE.wrong(
    "You fit which output is the largest. Fit the answers themselves: they say far more than their largest."
)
def fitted_to_the_winners(h, answers):
    return fit_linear(h, np.eye(answers.shape[1])[answers.argmax(axis=1)])


@PLANE.wrong("Your W is transposed: h W wants one row for each activation, (k, out).")
def plane_transposed(h, answers):
    W, b = fit_linear(h, answers)
    return W.T, b


@PLANE.wrong("You return b before W: W comes first.")
def height_before_slopes(h, answers):
    return fit_linear(h, answers)[::-1]


@PLANE.right
def plane_with_pinv(h, answers):
    solution = np.linalg.pinv(np.concatenate([np.ones((len(h), 1)), h], axis=1)) @ answers
    return solution[1:], solution[0]


@PLANE.right
def plane_output_by_output(h, answers):
    with_ones = np.hstack([h, np.ones((h.shape[0], 1))])
    columns = [np.linalg.lstsq(with_ones, column, rcond=None)[0] for column in answers.T]
    return np.array(columns).T[:-1], [column[-1] for column in columns]


def observe_through(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """Loss and gradient, and whether both networks still have the weights that they came with."""
    front, surrogate = arguments["front"], arguments["surrogate"]
    return {
        **observe_results(("loss", "grad"))(arguments, result),
        "surrogate": still(surrogate, "The surrogate's weights"),
        "front": still(front, "The front's weights"),
    }


def still(net: Network, what: str) -> str:
    moved = np.abs(net.theta - net.first_theta).max() > 1e-12
    return f"{what} {'changed' if moved else 'are as they were'}."


def small_net(d: int, width: int, out: int, seed: int, bounded: bool = False) -> Network:
    """A network that remembers its first weights, and holds the gradient of an earlier batch, as in a training loop."""
    net = Network(
        Linear(d, width), Tanh() if bounded else ReLU(), Linear(width, out), *[Tanh()] * bounded, seed=seed
    )
    rng = np.random.default_rng(seed)
    net.theta += 0.1 * rng.standard_normal(net.theta.size)
    net.first_theta = net.theta.copy()
    net.forward(rng.standard_normal((3, d)))
    net.backward(rng.standard_normal((3, out)))
    return net


def through_case(n: int, d: int, k: int, out: int, seed: int, loss: Callable) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    target = rng.integers(out, size=n) if loss is softmax_cross_entropy else rng.standard_normal((n, out))
    return dict(
        front=small_net(d, 4, k, seed, bounded=True),
        surrogate=small_net(k, 7, out, seed + 1),
        x=rng.standard_normal((n, d)),
        target=target,
        loss=loss,
    )


THROUGH = Entry(
    "8.2",
    returns=("loss", "grad"),
    observe=observe_through,
    may_change=(
        "front",
        "surrogate",
    ),  # passes leave their traces in both; whether weights moved is looked at
    checked="The gradient equals central differences over the front's weights, for labels and for pictures, and no weight moved.",
    cases=(
        Case(
            "2 examples, 3 activations, 4 classes",
            lambda: through_case(2, 5, 3, 4, 85, softmax_cross_entropy),
        ),
        Case("5 examples, 2 activations, 6 pixels", lambda: through_case(5, 3, 2, 6, 87, mean_squared_error)),
        Case(
            "4 examples, 3 activations, 3 classes",
            lambda: through_case(4, 6, 3, 3, 89, softmax_cross_entropy),
        ),
    ),
    hints=(
        "Forward through both, then loss, then backward through both: what the surrogate's backward returns is the front's grad_y.",
        "grad_h = surrogate.backward(grad_output, need_grad_x=True); front.backward(grad_h); return value, front.grad",
    ),
)


@THROUGH.reference
def through_surrogate(front, surrogate, x, target, loss):
    """The loss behind front and surrogate, and its gradient for the front's weights.

    front, surrogate: networks with forward(x), backward(grad_y, need_grad_x=False), theta and grad.
    A network's backward returns dL/dx only when you say need_grad_x=True: its default is False.
    x: shape (N, d). target: what loss compares the surrogate's output with.
    loss(output, target) returns the mean loss and its gradient with respect to output.
    Change no weights. Return the loss and dL/d(front.theta), shape (P,).
    """
    output = surrogate.forward(front.forward(x))
    value, grad_output = loss(output, target)
    grad_h = surrogate.backward(grad_output, need_grad_x=True)
    front.backward(grad_h)
    return value, front.grad.copy()


@THROUGH.truth
def through_by_differences(front, surrogate, x, target, loss):
    """What is right: central differences of the loss over all of the front's weights."""

    def at(theta: np.ndarray) -> float:
        front.theta = theta
        return loss(surrogate.forward(front.forward(x)), target)[0]

    theta = front.theta.copy()
    grad = numerical_gradient(at, theta)
    return at(theta), grad


@THROUGH.wrong(
    "That is the gradient for the surrogate's weights, which hold still here. The front's is in front.grad, after front.backward."
)
def gradient_of_the_surrogate(front, surrogate, x, target, loss):
    value, _ = through_surrogate(front, surrogate, x, target, loss)
    return value, surrogate.grad.copy()


@THROUGH.wrong(
    "You give the front the gradient of the surrogate's output. It wants dL/dh: what surrogate.backward(…, need_grad_x=True) returns."
)
def surrogate_left_out_of_backward(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    front.backward(grad_output)
    return value, front.grad.copy()


@THROUGH.wrong(
    "surrogate.backward returns None unless you ask: need_grad_x=True. Its input is h here, not data, and you need dL/dh."
)
def grad_x_not_asked_for(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    front.backward(surrogate.backward(grad_output))
    return value, front.grad.copy()


@THROUGH.wrong(
    "You give loss the activations h. It takes the surrogate's output: loss(surrogate.forward(h), target)."
)
def loss_of_the_activations(front, surrogate, x, target, loss):
    value, grad_h = loss(front.forward(x), target)
    front.backward(surrogate.backward(grad_h, need_grad_x=True))
    return value, front.grad.copy()


@THROUGH.wrong("You call surrogate.forward and then give loss h. Give loss what surrogate.forward returned.")
def output_not_given_to_the_loss(front, surrogate, x, target, loss):
    h = front.forward(x)
    surrogate.forward(h)
    value, grad_h = loss(h, target)
    front.backward(surrogate.backward(grad_h, need_grad_x=True))
    return value, front.grad.copy()


@THROUGH.wrong(
    "You push x through the surrogate. It stands in the place of g: its input is h = front.forward(x)."
)
def surrogate_sees_the_image(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(x), target)
    front.backward(surrogate.backward(grad_output, need_grad_x=True))
    return value, front.grad.copy()


@THROUGH.wrong(
    "That is dL/dh, one row for each example. Go on: front.backward(grad_h) makes the gradient of the front's weights of it."
)
def slopes_of_the_activations(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    return value, surrogate.backward(grad_output, need_grad_x=True)


@THROUGH.wrong(
    "front.backward returns nothing here: it leaves the gradient for the weights in front.grad. Call it, then return front.grad."
)
def what_backward_returns(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    return value, front.backward(surrogate.backward(grad_output, need_grad_x=True))


@THROUGH.wrong(
    "The surrogate moved. Trained on the front's loss, it learns to flatter the front instead of to mimic g: leave its weights alone."
)
def surrogate_trained_too(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    surrogate.theta -= 0.01 * surrogate.grad
    return value, grad


@THROUGH.wrong("The front moved. Return its gradient only: the step belongs to the update rule.")
def front_stepped_already(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    front.theta -= 0.01 * grad
    return value, grad


@THROUGH.wrong("You divide by N once more. The loss is a mean already, and so is its gradient.")
def mean_taken_twice(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    return value, grad / len(x)


@THROUGH.wrong("You return the gradient before the loss: the loss comes first.")
def gradient_before_loss(front, surrogate, x, target, loss):
    return through_surrogate(front, surrogate, x, target, loss)[::-1]


@THROUGH.wrong(
    "front.grad still holds the gradient of an earlier batch: backward was not called on the surrogate and the front."
)
def nothing_flows_back(front, surrogate, x, target, loss):
    value, _ = loss(surrogate.forward(front.forward(x)), target)
    return value, front.grad.copy()


@THROUGH.right
def through_layer_by_layer(front, surrogate, x, target, loss):
    for layer in (*front.layers, *surrogate.layers):
        x = layer.forward(x)
    value, grad = loss(x, target)
    for layer in reversed((*front.layers, *surrogate.layers)):
        grad = layer.backward(grad, True)
    return value, front.grad


@THROUGH.right
def through_slopes_of_h(front, surrogate, x, target, loss):
    h = front.forward(x)
    value, grad_output = loss(surrogate.forward(h), target)
    front.backward(surrogate.backward(grad_output, True))
    return [value, np.array(front.grad)]


def stepped(surrogate, rule, grad_output):
    surrogate.backward(grad_output)
    rule.step(surrogate.theta, surrogate.grad)


def observe_step(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    return {"loss": result, "weights": arguments["surrogate"].theta.copy()}


def step_case(n: int, k: int, out: int, seed: int, rule: SGD) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    h = rng.uniform(-1, 1, (n, k))
    answers = np.sin(h @ rng.standard_normal((k, out))) + 0.5
    return dict(surrogate=small_net(k, 5, out, seed), rule=rule, h=h, answers=answers)


STEP = Entry(
    "8.3",
    returns=("loss",),
    observe=observe_step,
    may_change=("surrogate", "rule"),
    checked="Loss and new weights, for three batches and two update rules.",
    cases=(
        Case("3 queries, 4 outputs, gradient descent", lambda: step_case(3, 2, 4, 91, SGD(0.1))),
        Case("6 queries, 5 outputs, gradient descent", lambda: step_case(6, 3, 5, 92, SGD(0.3))),
        Case("5 queries, 2 outputs, Adam", lambda: step_case(5, 4, 2, 93, Adam(0.01))),
    ),
    hints=(
        "Four lines: forward, the difference to the answers, backward with the gradient of the loss, rule.step.",
        "The gradient of the mean of difference² is 2 * difference / difference.size.",
    ),
)


@STEP.reference
def surrogate_step(surrogate, rule, h, answers):
    """One step of fitting the surrogate to what g answered, in place.

    surrogate: a network with forward, backward, theta and grad, as in 8.2.
    rule: an update rule of lesson 03; rule.step(theta, grad) changes theta in place.
    h: what was asked, shape (N, k). answers: g(h), shape (N, out).
    The loss is the mean over all entries of (surrogate(h) - answers)².
    Return the loss before the step.
    """
    difference = surrogate.forward(h) - answers
    surrogate.backward(2 * difference / difference.size)
    rule.step(surrogate.theta, surrogate.grad)
    return (difference**2).mean()


@STEP.wrong("You sum over all entries. The loss is their mean, and so is its gradient.")
def summed_over_entries(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference)
    return (difference**2).sum()


@STEP.wrong(
    "You take the mean over the rows and the sum over the outputs. Here it is the mean over all entries: divide by difference.size."
)
def mean_over_rows_only(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference / len(h))
    return (difference**2).sum() / len(h)


@STEP.wrong(
    "Your loss is right; its gradient is divided by the number of rows only. Divide by the number of all entries, difference.size."
)
def gradient_over_rows_only(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference / len(h))
    return (difference**2).mean()


@STEP.wrong("The 2 is missing: the derivative of difference² is 2 * difference.")
def two_forgotten(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, difference / difference.size)
    return (difference**2).mean()


@STEP.wrong(
    "You give backward the difference itself. The gradient of the mean of difference² is 2 * difference / difference.size."
)
def difference_itself(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, difference)
    return (difference**2).mean()


@STEP.wrong("Your loss is a mean and your gradient that of a sum: divide it by difference.size.")
def not_a_mean_in_the_gradient(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference)
    return (difference**2).mean()


@STEP.wrong("You climb: the difference is surrogate(h) − answers, in this order.")
def climbing(surrogate, rule, h, answers):
    difference = answers - surrogate.forward(h)
    stepped(surrogate, rule, 2 * difference / difference.size)
    return (difference**2).mean()


@STEP.wrong(
    "You fit the winning class by cross-entropy. The surrogate must return what g returns, all outputs, by squared error."
)
def fitted_to_labels(surrogate, rule, h, answers):
    loss, grad = softmax_cross_entropy(surrogate.forward(h), answers.argmax(axis=1))
    stepped(surrogate, rule, grad)
    return loss


@STEP.wrong("You fit which output is the largest, as ones and zeros. Fit g's answers themselves.")
def fitted_to_one_hot(surrogate, rule, h, answers):
    return surrogate_step(surrogate, rule, h, np.eye(answers.shape[1])[answers.argmax(axis=1)])


@STEP.wrong("Your loss is that after the step: compute it before.")
def loss_after_the_step(surrogate, rule, h, answers):
    surrogate_step(surrogate, rule, h, answers)
    return ((surrogate.forward(h) - answers) ** 2).mean()


@STEP.wrong("The surrogate does not move: rule.step(surrogate.theta, surrogate.grad) is missing.")
def step_left_out(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    surrogate.backward(2 * difference / difference.size)
    return (difference**2).mean()


@STEP.wrong(
    "You step along the gradient of an earlier batch: call surrogate.backward with the gradient of this loss first."
)
def stale_gradient(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    rule.step(surrogate.theta, surrogate.grad)
    return (difference**2).mean()


@STEP.wrong(
    "backward wants the derivative of the loss with respect to the output, 2 * difference / size, not the squares themselves."
)
def loss_given_backward(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, difference**2 / difference.size)
    return (difference**2).mean()


@STEP.right
def step_with_the_loss_of_the_course(surrogate, rule, h, answers):
    loss, grad = mean_squared_error(surrogate.forward(h), answers)
    surrogate.backward(grad)
    rule.step(surrogate.theta, surrogate.grad)
    return loss


@STEP.right
def step_by_example(surrogate, rule, h, answers):
    total, grad, n = 0.0, np.zeros_like(surrogate.theta), len(h)
    for row in range(n):
        loss, grad_row = mean_squared_error(surrogate.forward(h[row : row + 1]), answers[row : row + 1])
        surrogate.backward(grad_row)
        total, grad = total + loss / n, grad + surrogate.grad / n
    rule.step(surrogate.theta, grad)
    return total
