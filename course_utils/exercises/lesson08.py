"""Exercises of lesson 08: fit an imitation of g to its answers, train f through it, and keep asking."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from course_utils.blackbox import BlackBox
from course_utils.estimate import numerical_gradient
from course_utils.exercises.bank import Case, Exercise, Misconception, WrongResult, describe
from course_utils.nn import Linear, Network, ReLU, Tanh, mean_squared_error, softmax_cross_entropy
from course_utils.update import SGD, Adam

# ---------------------------------------------------------------- 8.1 a plane through the answers


def fit_linear(h, answers):
    """The W and b for which h W + b comes closest to what g answered, in squared error.

    h: what was asked, shape (N, k). answers: g(h), shape (N, out). np.linalg.lstsq(A, B)[0] is the X
    that brings A X closest to B (where several do, the smallest of them: keep to this solution).
    b is one more row of weights, for an input that is always 1.
    Return W, shape (k, out), and b, shape (out,).
    """
    with_ones = np.column_stack([h, np.ones(len(h))])
    solution = np.linalg.lstsq(with_ones, answers)[0]
    return solution[:-1], solution[-1]


def no_height(h, answers):
    return np.linalg.lstsq(h, answers)[0], np.zeros(answers.shape[1])


def height_added_afterwards(h, answers):
    W = np.linalg.lstsq(h, answers)[0]
    return W, (answers - h @ W).mean(axis=0)


def mean_answer_as_height(h, answers):
    W, _ = fit_linear(h - h.mean(axis=0), answers - answers.mean(axis=0))
    return W, answers.mean(axis=0)


def mean_answer_beside_slopes_through_0(h, answers):
    return np.linalg.lstsq(h, answers)[0], answers.mean(axis=0)


def slopes_of_the_centred(h, answers):
    middle, mean = h.mean(axis=0), answers.mean(axis=0)
    W = np.linalg.lstsq(h - middle, answers - mean)[0]
    return W, mean - middle @ W


def normal_equations(h, answers):
    with_ones = np.column_stack([h, np.ones(len(h))])
    solution = np.linalg.solve(with_ones.T @ with_ones, with_ones.T @ answers)
    return solution[:-1], solution[-1]


def ones_first_but_height_last(h, answers):
    solution = np.linalg.lstsq(np.column_stack([np.ones(len(h)), h]), answers)[0]
    return solution[:-1], solution[-1]


def fitted_the_other_way(h, answers):
    solution = np.linalg.lstsq(np.column_stack([answers, np.ones(len(h))]), h)[0]
    return solution[:-1], solution[-1]


def fitted_to_the_winners(h, answers):
    return fit_linear(h, np.eye(answers.shape[1])[answers.argmax(axis=1)])


def plane_transposed(h, answers):
    W, b = fit_linear(h, answers)
    return W.T, b


def height_before_slopes(h, answers):
    return fit_linear(h, answers)[::-1]


def plane_with_pinv(h, answers):
    solution = np.linalg.pinv(np.concatenate([np.ones((len(h), 1)), h], axis=1)) @ answers
    return solution[1:], solution[0]


def plane_output_by_output(h, answers):
    with_ones = np.hstack([h, np.ones((h.shape[0], 1))])
    columns = [np.linalg.lstsq(with_ones, column, rcond=None)[0] for column in answers.T]
    return np.array(columns).T[:-1], [column[-1] for column in columns]


def linear_case(n: int, k: int, out: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    h = rng.uniform(-1, 1, (n, k)) + 0.3
    return dict(h=h, answers=np.tanh(h @ rng.standard_normal((k, out))) + rng.standard_normal(out))


PLANE = Exercise(
    number="8.1",
    reference=fit_linear,
    returns=("W", "b"),
    checked="Slopes and heights for more queries than unknowns, as many, and fewer.",
    cases=(
        Case("6 queries, 2 activations, 3 outputs", lambda: linear_case(6, 2, 3, 81)),
        Case("30 queries, 4 activations, 2 outputs", lambda: linear_case(30, 4, 2, 82)),
        Case("5 queries, 4 activations, 3 outputs", lambda: linear_case(5, 4, 3, 83)),
        Case("3 queries, 4 activations, 2 outputs", lambda: linear_case(3, 4, 2, 84)),
    ),
    hints=(
        "Give h one more column, of ones. Then W and b are the rows of one solution.",
        "solution = np.linalg.lstsq(np.column_stack([h, np.ones(len(h))]), answers)[0]; its last row is b.",
    ),
    misconceptions=(
        Misconception(
            no_height,
            "Your plane passes through 0: fit b as well, as the weights of one more column of h, all ones.",
        ),
        Misconception(
            height_added_afterwards,
            "You fit W without b and add b afterwards. W then has to make up for the missing b: fit both together.",
        ),
        Misconception(
            mean_answer_as_height,
            "Your b is the mean answer, which is the height at the mean of h. b is the height at h = 0.",
        ),
        Misconception(
            mean_answer_beside_slopes_through_0,
            "Your W is fitted without a b, and your b is the mean answer. Fit both together, b as the weights of one more column of h, all ones.",
        ),
        Misconception(
            slopes_of_the_centred,
            "Right while queries are more than unknowns. With fewer, many planes fit, and the smallest counts b as well: fit W and b together, with a column of ones.",
        ),
        Misconception(
            normal_equations,
            "Right while queries are at least as many as unknowns. With fewer, this matrix is singular: many planes fit, and np.linalg.lstsq takes the smallest.",
        ),
        Misconception(
            ones_first_but_height_last,
            "Your ones are the first column of h, so b is the first row of the solution, not the last.",
        ),
        Misconception(
            fitted_the_other_way,
            "You predict h from the answers. lstsq(A, B) wants what was asked as A and what g answered as B.",
        ),
        Misconception(
            fitted_to_the_winners,
            "You fit which output is the largest. Fit the answers themselves: they say far more than their largest.",
        ),
        Misconception(
            plane_transposed, "Your W is transposed: h W wants one row for each activation, (k, out)."
        ),
        Misconception(height_before_slopes, "You return b before W: W comes first."),
    ),
    alternatives=(plane_with_pinv, plane_output_by_output),
)

# ---------------------------------------------------------------- 8.2 the front's gradient through the surrogate


def through_surrogate(front, surrogate, x, target, loss):
    """The loss behind front and surrogate, and its gradient for the front's weights.

    front, surrogate: networks as in lesson 02, with forward(x), backward(grad_y, need_grad_x=False),
    theta and grad. backward returns dL/dx only when need_grad_x is True.
    x: shape (N, d). target: what loss compares the surrogate's output with.
    loss(output, target) returns the mean loss and its gradient with respect to output.
    Change no weights. Return the loss and dL/d(front.theta), shape (P,).
    """
    output = surrogate.forward(front.forward(x))
    value, grad_output = loss(output, target)
    grad_h = surrogate.backward(grad_output, need_grad_x=True)
    front.backward(grad_h)
    return value, front.grad.copy()


def through_by_differences(front, surrogate, x, target, loss):
    """What is right: central differences of the loss over all of the front's weights."""

    def at(theta: np.ndarray) -> float:
        front.theta = theta
        return loss(surrogate.forward(front.forward(x)), target)[0]

    theta = front.theta.copy()
    grad = numerical_gradient(at, theta)
    return at(theta), grad


def observe_through(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """Loss and gradient, and whether both networks still have the weights that they came with."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise WrongResult(
            f"Return 2 values, loss and grad, in this order; yours returned {describe(result)}."
        )
    front, surrogate = arguments["front"], arguments["surrogate"]
    return {
        "loss": result[0],
        "grad": result[1],
        "surrogate": still(surrogate, "The surrogate's weights"),
        "front": still(front, "The front's weights"),
    }


def still(net: Network, what: str) -> str:
    moved = np.abs(net.theta - net.first_theta).max() > 1e-12
    return f"{what} {'changed' if moved else 'are as they were'}."


def gradient_of_the_surrogate(front, surrogate, x, target, loss):
    value, _ = through_surrogate(front, surrogate, x, target, loss)
    return value, surrogate.grad.copy()


def surrogate_left_out_of_backward(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    front.backward(grad_output)
    return value, front.grad.copy()


def grad_x_not_asked_for(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    front.backward(surrogate.backward(grad_output))
    return value, front.grad.copy()


def loss_of_the_activations(front, surrogate, x, target, loss):
    value, grad_h = loss(front.forward(x), target)
    front.backward(surrogate.backward(grad_h, need_grad_x=True))
    return value, front.grad.copy()


def output_not_given_to_the_loss(front, surrogate, x, target, loss):
    h = front.forward(x)
    surrogate.forward(h)
    value, grad_h = loss(h, target)
    front.backward(surrogate.backward(grad_h, need_grad_x=True))
    return value, front.grad.copy()


def surrogate_sees_the_image(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(x), target)
    front.backward(surrogate.backward(grad_output, need_grad_x=True))
    return value, front.grad.copy()


def slopes_of_the_activations(front, surrogate, x, target, loss):
    value, grad_output = loss(surrogate.forward(front.forward(x)), target)
    return value, surrogate.backward(grad_output, need_grad_x=True)


def surrogate_trained_too(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    surrogate.theta -= 0.01 * surrogate.grad
    return value, grad


def front_stepped_already(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    front.theta -= 0.01 * grad
    return value, grad


def mean_taken_twice(front, surrogate, x, target, loss):
    value, grad = through_surrogate(front, surrogate, x, target, loss)
    return value, grad / len(x)


def gradient_before_loss(front, surrogate, x, target, loss):
    return through_surrogate(front, surrogate, x, target, loss)[::-1]


def nothing_flows_back(front, surrogate, x, target, loss):
    value, _ = loss(surrogate.forward(front.forward(x)), target)
    return value, front.grad.copy()


def through_layer_by_layer(front, surrogate, x, target, loss):
    for layer in (*front.layers, *surrogate.layers):
        x = layer.forward(x)
    value, grad = loss(x, target)
    for layer in reversed((*front.layers, *surrogate.layers)):
        grad = layer.backward(grad, True)
    return value, front.grad


def through_slopes_of_h(front, surrogate, x, target, loss):
    h = front.forward(x)
    value, grad_output = loss(surrogate.forward(h), target)
    front.backward(surrogate.backward(grad_output, True))
    return [value, np.array(front.grad)]


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


THROUGH = Exercise(
    number="8.2",
    reference=through_surrogate,
    returns=("loss", "grad"),
    observe=observe_through,
    truth=through_by_differences,
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
    misconceptions=(
        Misconception(
            gradient_of_the_surrogate,
            "That is the gradient for the surrogate's weights, which hold still here. The front's is in front.grad, after front.backward.",
        ),
        Misconception(
            surrogate_left_out_of_backward,
            "You give the front the gradient of the surrogate's output. It wants dL/dh: what surrogate.backward(…, need_grad_x=True) returns.",
        ),
        Misconception(
            grad_x_not_asked_for,
            "surrogate.backward returns None unless you ask: need_grad_x=True. Its input is h here, not data, and you need dL/dh.",
        ),
        Misconception(
            loss_of_the_activations,
            "You give loss the activations h. It takes the surrogate's output: loss(surrogate.forward(h), target).",
        ),
        Misconception(
            output_not_given_to_the_loss,
            "You call surrogate.forward and then give loss h. Give loss what surrogate.forward returned.",
        ),
        Misconception(
            surrogate_sees_the_image,
            "You push x through the surrogate. It stands in the place of g: its input is h = front.forward(x).",
        ),
        Misconception(
            slopes_of_the_activations,
            "That is dL/dh, one row for each example. Go on: front.backward(grad_h) makes the gradient of the front's weights of it.",
        ),
        Misconception(
            surrogate_trained_too,
            "The surrogate moved. Trained on the front's loss, it learns to flatter the front instead of to mimic g: leave its weights alone.",
        ),
        Misconception(
            front_stepped_already,
            "The front moved. Return its gradient only: the step belongs to the update rule.",
        ),
        Misconception(
            mean_taken_twice, "You divide by N once more. The loss is a mean already, and so is its gradient."
        ),
        Misconception(gradient_before_loss, "You return the gradient before the loss: the loss comes first."),
        Misconception(
            nothing_flows_back,
            "front.grad still holds the gradient of an earlier batch: backward was not called on the surrogate and the front.",
        ),
    ),
    alternatives=(through_layer_by_layer, through_slopes_of_h),
)

# ---------------------------------------------------------------- 8.3 one step of the surrogate


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


def stepped(surrogate, rule, grad_output):
    surrogate.backward(grad_output)
    rule.step(surrogate.theta, surrogate.grad)


def summed_over_entries(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference)
    return (difference**2).sum()


def mean_over_rows_only(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference / len(h))
    return (difference**2).sum() / len(h)


def gradient_over_rows_only(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference / len(h))
    return (difference**2).mean()


def two_forgotten(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, difference / difference.size)
    return (difference**2).mean()


def not_a_mean_in_the_gradient(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, 2 * difference)
    return (difference**2).mean()


def climbing(surrogate, rule, h, answers):
    difference = answers - surrogate.forward(h)
    stepped(surrogate, rule, 2 * difference / difference.size)
    return (difference**2).mean()


def fitted_to_labels(surrogate, rule, h, answers):
    loss, grad = softmax_cross_entropy(surrogate.forward(h), answers.argmax(axis=1))
    stepped(surrogate, rule, grad)
    return loss


def fitted_to_one_hot(surrogate, rule, h, answers):
    return surrogate_step(surrogate, rule, h, np.eye(answers.shape[1])[answers.argmax(axis=1)])


def loss_after_the_step(surrogate, rule, h, answers):
    surrogate_step(surrogate, rule, h, answers)
    return ((surrogate.forward(h) - answers) ** 2).mean()


def step_left_out(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    surrogate.backward(2 * difference / difference.size)
    return (difference**2).mean()


def stale_gradient(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    rule.step(surrogate.theta, surrogate.grad)
    return (difference**2).mean()


def loss_given_backward(surrogate, rule, h, answers):
    difference = surrogate.forward(h) - answers
    stepped(surrogate, rule, difference**2 / difference.size)
    return (difference**2).mean()


def step_with_the_loss_of_the_course(surrogate, rule, h, answers):
    loss, grad = mean_squared_error(surrogate.forward(h), answers)
    surrogate.backward(grad)
    rule.step(surrogate.theta, surrogate.grad)
    return loss


def step_by_example(surrogate, rule, h, answers):
    total, grad, n = 0.0, np.zeros_like(surrogate.theta), len(h)
    for row in range(n):
        loss, grad_row = mean_squared_error(surrogate.forward(h[row : row + 1]), answers[row : row + 1])
        surrogate.backward(grad_row)
        total, grad = total + loss / n, grad + surrogate.grad / n
    rule.step(surrogate.theta, grad)
    return total


def observe_step(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    return {"loss": result, "weights": arguments["surrogate"].theta.copy()}


def step_case(n: int, k: int, out: int, seed: int, rule: SGD) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    h = rng.uniform(-1, 1, (n, k))
    answers = np.sin(h @ rng.standard_normal((k, out))) + 0.5
    return dict(surrogate=small_net(k, 5, out, seed), rule=rule, h=h, answers=answers)


STEP = Exercise(
    number="8.3",
    reference=surrogate_step,
    returns=("loss",),
    observe=observe_step,
    may_change=("surrogate", "rule"),
    checked="Loss and new weights, for three batches and two update rules.",
    cases=(
        Case("2 queries, 3 outputs, gradient descent", lambda: step_case(2, 2, 3, 91, SGD(0.1))),
        Case("6 queries, 4 outputs, gradient descent", lambda: step_case(6, 3, 4, 92, SGD(0.3))),
        Case("5 queries, 2 outputs, Adam", lambda: step_case(5, 4, 2, 93, Adam(0.01))),
    ),
    hints=(
        "Four lines: forward, the difference to the answers, backward with the gradient of the loss, rule.step.",
        "The gradient of the mean of difference² is 2 * difference / difference.size.",
    ),
    misconceptions=(
        Misconception(
            summed_over_entries, "You sum over all entries. The loss is their mean, and so is its gradient."
        ),
        Misconception(
            mean_over_rows_only,
            "You take the mean over the rows and the sum over the outputs. Here it is the mean over all entries: divide by difference.size.",
        ),
        Misconception(
            gradient_over_rows_only,
            "Your loss is right; its gradient is divided by the number of rows only. Divide by that of all entries, difference.size.",
        ),
        Misconception(two_forgotten, "The 2 is missing: the derivative of difference² is 2 * difference."),
        Misconception(
            not_a_mean_in_the_gradient,
            "Your loss is a mean and your gradient that of a sum: divide it by difference.size.",
        ),
        Misconception(climbing, "You climb: the difference is surrogate(h) − answers, in this order."),
        Misconception(
            fitted_to_labels,
            "You fit the winning class by cross-entropy. The surrogate must return what g returns, all outputs, by squared error.",
        ),
        Misconception(
            fitted_to_one_hot,
            "You fit which output is the largest, as ones and zeros. Fit g's answers themselves.",
        ),
        Misconception(loss_after_the_step, "Your loss is that after the step: compute it before."),
        Misconception(
            step_left_out,
            "The surrogate does not move: rule.step(surrogate.theta, surrogate.grad) is missing.",
        ),
        Misconception(
            stale_gradient,
            "You step along the gradient of an earlier batch: call surrogate.backward with the gradient of this loss first.",
        ),
        Misconception(
            loss_given_backward,
            "backward wants the derivative of the loss with respect to the output, 2 * difference / size, not the squares themselves.",
        ),
    ),
    alternatives=(step_with_the_loss_of_the_course, step_by_example),
)

# ---------------------------------------------------------------- 8.4 one round of asking and training


def online_round(front, g, x, asked, answers, fit, step, steps):
    """One round of asking and training.

    front: has forward(x). g: the box, one query for each row. x: a batch, shape (N, d).
    asked, answers: all h asked so far, shape (M, k), and what g answered, shape (M, out); M may be 0.
    fit(asked, answers) refits the surrogate to the rows it is given, and is called once.
    step() trains the front by one step through the surrogate, and is called steps times.
    The N new queries are about the activations of x before this round trains the front, and the front
    trains through a surrogate that has been fitted to every answer so far. New rows stand behind old ones.
    Return the new asked, shape (M + N, k), and the new answers, shape (M + N, out).
    """
    h = front.forward(x)
    asked = np.concatenate([asked, h])
    answers = np.concatenate([answers, g(h)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


class Log:
    """What a round did: ``fit`` notes what it was given, and ``step`` moves the front, as training would."""

    def __init__(self, front: Network) -> None:
        self.front = front
        self.calls: list[str] = []
        self.asked = self.answers = np.zeros((0, 0))

    def fit(self, asked: np.ndarray, answers: np.ndarray) -> None:
        self.calls.append(f"fit on {len(asked)} rows")
        self.asked, self.answers = np.array(asked, float), np.array(answers, float)

    def step(self) -> None:
        self.calls.append("step")
        self.front.theta *= 0.9


def observe_round(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """What was returned, what fit was given, what it cost and in which order things happened."""
    if not isinstance(result, (tuple, list)) or len(result) != 2:
        raise WrongResult(
            f"Return 2 values, asked and answers, in this order; yours returned {describe(result)}."
        )
    log = arguments["fit"].__self__
    return {
        "asked": result[0],
        "answers": result[1],
        "queries": f"It cost {arguments['g'].queries} queries.",
        "calls": f"It called: {', '.join(log.calls) or 'nothing'}.",
        "asked as given to fit": log.asked,
        "answers as given to fit": log.answers,
    }


def old_answers_forgotten(front, g, x, asked, answers, fit, step, steps):
    return online_round(front, g, x, asked[:0], answers[:0], fit, step, steps)


def fit_on_new_ones_only(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    fit(h, new)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, new])


def everything_asked_again(front, g, x, asked, answers, fit, step, steps):
    asked = np.concatenate([asked, front.forward(x)])
    answers = g(asked)
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


def asked_twice(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    fit(np.concatenate([asked, h]), np.concatenate([answers, g(h)]))
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


def paired_with_the_new_front(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    fit(np.concatenate([asked, h]), np.concatenate([answers, new]))
    for _ in range(steps):
        step()
    return np.concatenate([asked, front.forward(x)]), np.concatenate([answers, new])


def trained_before_asking(front, g, x, asked, answers, fit, step, steps):
    for _ in range(steps):
        step()
    return online_round(front, g, x, asked, answers, fit, step, 0)


def trained_before_fitting(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for _ in range(steps):
        step()
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    fit(asked, answers)
    return asked, answers


def asked_before_every_step(front, g, x, asked, answers, fit, step, steps):
    for _ in range(steps):
        asked, answers = online_round(front, g, x, asked, answers, fit, step, 1)
    return asked, answers


def refitted_before_every_step(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    for _ in range(steps):
        fit(asked, answers)
        step()
    return asked, answers


def fit_on_old_ones_only(front, g, x, asked, answers, fit, step, steps):
    fit(asked, answers)
    h = front.forward(x)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


def one_query_for_the_batch(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x).mean(axis=0, keepdims=True)
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


def asked_about_the_images(front, g, x, asked, answers, fit, step, steps):
    asked, answers = np.concatenate([asked, front.forward(x)]), np.concatenate([answers, g(x)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


def new_rows_first(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    asked, answers = np.concatenate([h, asked]), np.concatenate([g(h), answers])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


def never_refitted(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


def one_step_only(front, g, x, asked, answers, fit, step, steps):
    return online_round(front, g, x, asked, answers, fit, step, 1)


def round_row_by_row(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for i in range(len(h)):
        asked, answers = np.vstack([asked, h[i : i + 1]]), np.vstack([answers, g(h[i : i + 1])])
    fit(asked, answers)
    while steps:
        step()
        steps -= 1
    return [asked, answers]


def round_with_lists(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    asked, answers = np.array([*asked, *h]), np.array([*answers, *new])
    fit(asked, answers)
    [step() for _ in range(steps)]
    return asked, answers


def round_case(n: int, m: int, steps: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    front, V = small_net(5, 4, 3, seed, bounded=True), rng.standard_normal((3, 2))
    asked, log = rng.uniform(-1, 1, (m, 3)), Log(front)
    return dict(
        front=front,
        g=BlackBox(lambda h: np.tanh(h @ V) + 1),
        x=rng.standard_normal((n, 5)),
        asked=asked,
        answers=np.tanh(asked @ V) + 1,
        fit=log.fit,
        step=log.step,
        steps=steps,
    )


ROUND = Exercise(
    number="8.4",
    reference=online_round,
    returns=("asked", "answers"),
    observe=observe_round,
    checked="Each h keeps its own answer, old ones are kept, and every row is asked once, before fit and steps.",
    cases=(
        Case("first round: 2 examples, nothing asked so far, 3 steps", lambda: round_case(2, 0, 3, 94)),
        Case("3 examples, 4 asked so far, 2 steps", lambda: round_case(3, 4, 2, 95)),
        Case("4 examples, 2 asked so far, 4 steps", lambda: round_case(4, 2, 4, 96)),
    ),
    hints=(
        "Compute h = front.forward(x) once, and use this h both for asking g and for what you keep.",
        "np.concatenate([asked, h]) and np.concatenate([answers, g(h)]), then fit with both, then the steps in a loop.",
    ),
    misconceptions=(
        Misconception(
            old_answers_forgotten,
            "The old answers are gone. g does not change, so they stay true: put the new rows behind them.",
        ),
        Misconception(
            fit_on_new_ones_only,
            "You keep the old answers but fit to the new ones only: give fit all that was asked so far.",
        ),
        Misconception(
            everything_asked_again,
            "You ask g about the old rows again, and pay for them again. Their answers are in answers already.",
        ),
        Misconception(asked_twice, "You call g twice on the same h, which costs twice: keep its result."),
        Misconception(
            paired_with_the_new_front,
            "You keep the h of the trained front beside the answers for the h before. Compute h once: an answer belongs to the h that was asked.",
        ),
        Misconception(
            trained_before_asking,
            "You train first and ask afterwards: the surrogate that the front trained through knew nothing of this round.",
        ),
        Misconception(
            trained_before_fitting,
            "You ask, and then train before the surrogate is refitted: fit first, so that the steps profit from what was asked.",
        ),
        Misconception(
            asked_before_every_step,
            "You ask and fit before every step. A round asks once and then takes all its steps: that is where queries are saved.",
        ),
        Misconception(
            refitted_before_every_step,
            "You refit before every step, to the same answers: once is enough, before the loop.",
        ),
        Misconception(
            fit_on_old_ones_only,
            "You fit before you ask: the new answers come too late for this round's steps.",
        ),
        Misconception(
            one_query_for_the_batch,
            "You ask about the mean of the batch. Every row of h is a query of its own, with an answer of its own.",
        ),
        Misconception(
            asked_about_the_images,
            "You push x through g. Its input is h = front.forward(x), which you keep beside its answer.",
        ),
        Misconception(new_rows_first, "Your new rows are in front of the old ones: put them behind."),
        Misconception(
            never_refitted, "fit is never called: the front trains through a surrogate that learns nothing."
        ),
        Misconception(one_step_only, "You take one step whatever steps says: call step() steps times."),
    ),
    alternatives=(round_row_by_row, round_with_lists),
)

EXERCISES = [PLANE, THROUGH, STEP, ROUND]
