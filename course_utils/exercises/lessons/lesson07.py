"""Exercises of lesson 07: a gradient from differences, with a step of the right size, over activations, along one direction."""

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import numpy as np

from course_utils.engine.blackbox import BlackBox
from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.nn import Linear, Network, Tanh, cross_entropies
from course_utils.exercises.bank import Case, Entry, WrongResult, describe


def valley(seed, size, digits, steps):
    """A loss with slopes and bends that differ in every direction, told to so many digits behind the point.

    So small steps drown in rounding, and the smallest sees no change at all.
    """
    rng = np.random.default_rng(seed)
    A, b = rng.normal(size=(size, size)), rng.normal(size=size)

    def loss(theta):
        z = A @ np.asarray(theta, float) + b
        return round(float(np.sum(np.exp(0.3 * z)) + z @ z), digits)

    return dict(loss=loss, theta=rng.normal(size=size), steps=steps)


def flat(theta):
    """Slopes so small that a gradient lost in rounding, all 0, lies nearer to them than they to each other."""
    return 1e8 + 0.001 * theta[0] - 0.002 * theta[1] + 10.0 * np.sum(np.asarray(theta) ** 3)


NUDGE = Entry(
    "7.1",
    returns=("grad", "step"),
    checked="Gradient and step are right for 2, 3 and 5 weights, where the smallest steps drown in rounding.",
    cases=(
        Case("2 weights, 7 steps", lambda: valley(1, 2, 3, [1e-5, 1e-3, 0.01, 0.03, 0.1, 0.3, 1.0])),
        Case("3 weights, 7 steps", lambda: valley(2, 3, 4, [1e-7, 1e-6, 1e-4, 1e-3, 0.01, 0.1, 1.0])),
        Case(
            "2 weights, nearly flat, the smallest step lost",
            lambda: dict(loss=flat, theta=np.array([0.0, 0.0]), steps=[1e-12, 0.01, 0.1, 1.0]),
        ),
        Case("5 weights, 6 steps", lambda: valley(3, 5, 2, [1e-4, 1e-3, 0.01, 0.1, 0.5, 1.0])),
    ),
    hints=(
        "First the gradients: grads = [estimate.numerical_gradient(loss, theta, step) for step in steps]. Then compare each with the next.",
        "np.linalg.norm(grads[i + 1] - grads[i]) is how far two neighbours are apart; where grads[i] is all 0, count it as np.inf. Return grads[i + 1] and steps[i + 1] for the i with the smallest.",
    ),
)


@NUDGE.reference
def nudge_weights(loss, theta, steps):
    """The gradient of a loss by central differences, with a step that you choose without the true gradient.

    loss: takes weights of theta's shape and returns a number. theta: shape (P,). steps: a list of steps, growing.
    estimate.numerical_gradient(loss, theta, step) is exercise 2.4: the central difference for one step, shape (P,).
    Take it with every step. Find the two neighbours in the list whose gradients are nearest to each other
    (np.linalg.norm of what is between them), and trust the larger of these two steps.
    A gradient that is all 0 is nobody's neighbour: its nudge was lost in rounding.
    Return the gradient at the step that you trust, shape (P,), and the step. theta stays as it is.
    """
    grads = [numerical_gradient(loss, theta, step) for step in steps]
    apart = [np.linalg.norm(b - a) if a.any() and b.any() else np.inf for a, b in pairwise(grads)]
    best = int(np.argmin(apart)) + 1
    return grads[best], steps[best]


def trusted(difference, steps):
    """What ``nudge_weights`` returns with another ``difference(step)`` in place of the central one."""
    grads = [np.asarray(difference(step)) for step in steps]
    apart = [np.linalg.norm(b - a) if a.any() and b.any() else np.inf for a, b in pairwise(grads)]
    best = int(np.argmin(apart)) + 1
    return grads[best], steps[best]


@NUDGE.wrong(
    "That is a forward difference: above minus here. Take above minus below, over two steps: the error is far smaller."
)
def nudged_to_one_side(loss, theta, steps):
    return trusted(
        lambda step: [(loss(theta + nudge) - loss(theta)) / step for nudge in step * np.eye(len(theta))],
        steps,
    )


@NUDGE.wrong("From below to above are two steps: divide by 2 * step. Yours is twice too large.")
def divided_by_one_step(loss, theta, steps):
    grad, step = nudge_weights(loss, theta, steps)
    return 2 * grad, step


@NUDGE.wrong("theta + step moves all weights at once. Nudge one at a time: add step at place i only.")
def all_nudged_together(loss, theta, steps):
    def slope(step):
        return np.full(len(theta), (loss(theta + step) - loss(theta - step)) / (2 * step))

    return trusted(slope, steps)


@NUDGE.wrong(
    "You do not set a weight back before you nudge the next: from the second on you measure somewhere else."
)
def never_set_back(loss, theta, steps):
    def difference(step):
        moved, grad = theta.copy(), np.zeros(len(theta))
        for i in range(len(theta)):
            moved[i] += step
            above = loss(moved)
            moved[i] -= 2 * step
            grad[i] = (above - loss(moved)) / (2 * step)
        return grad

    return trusted(difference, steps)


@NUDGE.wrong(
    "You take the smallest step. Below some size the two losses differ by rounding only: compare neighbours."
)
def smallest_step_trusted(loss, theta, steps):
    return numerical_gradient(loss, theta, steps[0]), steps[0]


@NUDGE.wrong(
    "You compare every gradient with that of the smallest step, as if it were the true one. It is the least to be trusted: compare neighbours."
)
def compared_with_the_smallest_step(loss, theta, steps):
    grads = [numerical_gradient(loss, theta, step) for step in steps]
    best = 1 + int(np.argmin([np.linalg.norm(grad - grads[0]) for grad in grads[1:]]))
    return grads[best], steps[best]


@NUDGE.wrong("You found the right two neighbours, and trust the smaller step. Rounding has more say in it.")
def smaller_of_the_two(loss, theta, steps):
    _, step = nudge_weights(loss, theta, steps)
    smaller = steps[list(steps).index(step) - 1]
    return numerical_gradient(loss, theta, smaller), smaller


@NUDGE.wrong(
    "You take the two neighbours that are furthest apart. The nearest ones agree, and so have little error of either kind."
)
def furthest_apart(loss, theta, steps):
    grads = [numerical_gradient(loss, theta, step) for step in steps]
    best = 1 + int(np.argmax([np.linalg.norm(b - a) for a, b in pairwise(grads)]))
    return grads[best], steps[best]


@NUDGE.wrong(
    "Two gradients of zeros agree, and neither is right: their nudges were lost in rounding. Leave out what is all 0."
)
def zeros_taken_for_agreement(loss, theta, steps):
    grads = [numerical_gradient(loss, theta, step) for step in steps]
    best = 1 + int(np.argmin([np.linalg.norm(b - a) for a, b in pairwise(grads)]))
    return grads[best], steps[best]


@NUDGE.right
def nudge_weights_in_a_loop(loss, theta, steps):
    nearest, last, answer = np.inf, None, None
    for step in steps:
        grad = np.array([loss(theta + e) - loss(theta - e) for e in step * np.eye(len(theta))]) / (2 * step)
        if not np.any(grad):
            last = None
            continue
        if last is not None and np.linalg.norm(grad - last) < nearest:
            nearest, answer = np.linalg.norm(grad - last), (grad, step)
        last = grad
    return answer


@NUDGE.right
def nudge_weights_in_place(loss, theta, steps):
    def difference(step):
        moved, grad = np.array(theta, float), []
        for i in range(len(theta)):
            moved[i] = theta[i] + step
            above = loss(moved)
            moved[i] = theta[i] - step
            grad.append((above - loss(moved)) / (2 * step))
            moved[i] = theta[i]
        return grad

    return trusted(difference, steps)


def tail_losses(seed, n, k, step):
    """The losses of n examples behind a small tail that bends."""
    tail = Network(Linear(k, 4), Tanh(), Linear(4, 3), seed=seed)
    rng = np.random.default_rng(seed)
    y = rng.integers(3, size=n)
    return dict(losses=lambda h: cross_entropies(tail.forward(h), y), h=rng.normal(size=(n, k)), step=step)


AT_H = Entry(
    "7.2",
    returns=("grad", "spent"),
    batch="h",
    checked="Gradient of the mean loss and queries are right for batches of 2, 3 and 5.",
    cases=(
        Case("2 examples, 3 activations", lambda: tail_losses(1, 2, 3, 0.1)),
        Case("3 examples, 2 activations", lambda: tail_losses(2, 3, 2, 0.5)),
        Case("5 examples, 4 activations", lambda: tail_losses(3, 5, 4, 0.01)),
    ),
    hints=(
        "losses(h + nudge), with a nudge of shape (k,), moves the same column of every example, and each row answers for itself.",
        "grad[:, j] = (losses(h + nudge) - losses(h - nudge)) / (2 * step); at the end divide by N, because the loss is a mean.",
    ),
)


@AT_H.reference
def central_difference(losses, h, step):
    """The gradient of the mean loss with respect to the activations h, by central differences.

    losses: takes activations of h's shape (N, k) and returns one loss for each example, shape (N,).
    step: how far to nudge. Nudge one column for all N examples at once: an example's loss depends on its own row only.
    Return the gradient of the mean of the N losses, shape (N, k), and the queries spent (one for each loss asked for).
    """
    N, k = h.shape
    grad = np.zeros((N, k))
    for j in range(k):
        nudge = np.zeros(k)
        nudge[j] = step
        grad[:, j] = (losses(h + nudge) - losses(h - nudge)) / (2 * step)
    return grad / N, 2 * N * k


@AT_H.wrong("That is a forward difference. Ask on both sides of h, above minus below, over two steps.")
def one_side_of_h(losses, h, step):
    here = losses(h)
    columns = [(losses(h + e) - here) / step for e in step * np.eye(h.shape[1])]
    return np.stack(columns, axis=1) / len(h), len(h) * (h.shape[1] + 1)


@AT_H.wrong("From below to above are two steps: divide by 2 * step.")
def factor_two_missing_at_h(losses, h, step):
    grad, spent = central_difference(losses, h, step)
    return 2 * grad, spent


@AT_H.wrong("That is the gradient of each example's own loss. The loss is their mean: one 1/N is missing.")
def mean_forgotten(losses, h, step):
    grad, spent = central_difference(losses, h, step)
    return len(h) * grad, spent


@AT_H.wrong("You divide by N twice. The mean over the batch brings one 1/N.")
def mean_taken_twice(losses, h, step):
    grad, spent = central_difference(losses, h, step)
    return grad / len(h), spent


@AT_H.wrong(
    "Every row of your gradient is the same: you average the losses first. Keep them apart, losses(...) has one for each row."
)
def examples_mixed(losses, h, step):
    columns = [
        np.full(len(h), (losses(h + e).mean() - losses(h - e).mean()) / (2 * step))
        for e in step * np.eye(h.shape[1])
    ]
    return np.stack(columns, axis=1) / len(h), 2 * h.size


@AT_H.wrong(
    "You nudge a column of all rows and take the mean loss. That is the sum of N entries: keep the N losses apart, then divide by N."
)
def mean_loss_of_every_column(losses, h, step):
    columns = [
        np.full(len(h), (losses(h + e).mean() - losses(h - e).mean()) / (2 * step))
        for e in step * np.eye(h.shape[1])
    ]
    return np.stack(columns, axis=1), 2 * h.size


@AT_H.wrong("You count calls. One query is one example pushed through g: a call of losses costs N of them.")
def calls_counted(losses, h, step):
    return central_difference(losses, h, step)[0], 2 * h.shape[1]


@AT_H.wrong("Each entry of h costs two queries, one above and one below.")
def examples_counted_once(losses, h, step):
    return central_difference(losses, h, step)[0], h.size


@AT_H.wrong("h + step moves all k activations together. Nudge one column at a time.")
def every_entry_nudged(losses, h, step):
    slopes = (losses(h + step) - losses(h - step)) / (2 * step)
    return np.repeat(slopes[:, None], h.shape[1], axis=1) / len(h), 2 * len(h)


@AT_H.wrong(
    "You nudge one entry and ask for all N losses each time: N times too dear. Nudge a column for all N examples at once."
)
def one_example_after_the_other(losses, h, step):
    return central_difference(losses, h, step)[0], 2 * h.size * len(h)


@AT_H.wrong(
    "All your differences are 0: above and below are the same. (up = down = h.copy() makes one array with two names.)"
)
def two_names_for_one_array(losses, h, step):
    return np.zeros_like(h), 2 * h.size


@AT_H.wrong("You go one step up and divide by two. Go down as well: losses(h + nudge) - losses(h - nudge).")
def up_only_by_two_steps(losses, h, step):
    grad, spent = one_side_of_h(losses, h, step)
    return grad / 2, 2 * h.size


@AT_H.wrong("Return two values: the gradient and the queries spent.")
def spent_left_out(losses, h, step):
    return central_difference(losses, h, step)[0]


@AT_H.right
def difference_by_entry(losses, h, step):
    grad = np.zeros_like(h)
    for n, j in np.ndindex(h.shape):
        above, below = h.copy(), h.copy()
        above[n, j] += step
        below[n, j] -= step
        grad[n, j] = (losses(above).mean() - losses(below).mean()) / (2 * step)
    return grad, 2 * h.size


@AT_H.right
def difference_by_column(losses, h, step):
    grad = np.empty(h.shape)
    for j in range(h.shape[1]):
        nudge = step * np.eye(h.shape[1])[j]
        grad[:, j] = losses(h + nudge) / len(h) - losses(h - nudge) / len(h)
    return grad / (2 * step), grad.size * 2


def front_case(seed, n, wide=False):
    """A small front, a tail in a box that has been asked before, and an estimator that counts wrongly by one."""
    rng = np.random.default_rng(seed)
    front = Network(Linear(5, 4), Tanh(), Linear(4, 3), seed=seed)
    tail = Network(Linear(3, 4), seed=seed + 1)
    box = BlackBox(tail.forward)
    box(rng.normal(size=(7, 3)))

    def estimator(losses, h):
        def by_row(rows):
            found = losses(rows)
            if np.shape(found) != (len(rows),):
                raise WrongResult(
                    f"losses has to return one loss for each example, shape (N,); yours returned {describe(found)}."
                    " Hand over cross_entropies(box(...), y) as it is, with no mean over it."
                )
            return found

        grad, spent = central_difference(by_row, h, 1e-3) if wide else one_side_of_h(by_row, h, 1e-3)
        return grad, spent + 1

    return dict(
        front=front, box=box, x=rng.normal(size=(n, 5)), y=rng.integers(4, size=n), estimator=estimator
    )


def observe_front(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    if not isinstance(result, (int, float, np.integer, np.floating)):
        raise WrongResult(f"Return one number, the queries spent; yours returned {describe(result)}.")
    front = arguments["front"]
    return {"front.grad": front.grad.copy(), "front.theta": front.theta.copy(), "spent": result}


FRONT = Entry(
    "7.3",
    returns=("spent",),
    observe=observe_front,
    may_change=("front", "box"),
    checked="front.grad and the count are right for two estimators, two batches, and a box that had been asked before.",
    cases=(
        Case("2 examples, forward differences", lambda: front_case(1, 2)),
        Case("4 examples, central differences", lambda: front_case(2, 4, wide=True)),
    ),
    hints=(
        "Three steps: h = front.forward(x); ask the estimator for dL/dh; front.backward of that. Look at box.queries before and after.",
        "grad_h, _ = estimator(lambda h: cross_entropies(box(h), y), h)",
    ),
)


@FRONT.reference
def front_gradient(front, box, x, y, estimator):
    """Fill front.grad with the gradient of the mean loss behind an unknown tail.

    front: a Network, h = front.forward(x), with h of shape (N, k). box: the BlackBox, logits = box(h).
    estimator(losses, h): returns dL/dh, shape (N, k), and the queries that it thinks it spent;
    losses takes activations (N, k) and returns one loss for each example: cross_entropies(box(...), y).
    Backpropagate from h into the front. Return the queries spent, as the box counted them.
    """
    before = box.queries
    h = front.forward(x)
    grad_h, _ = estimator(lambda h: cross_entropies(box(h), y), h)
    front.backward(grad_h)
    return box.queries - before


@FRONT.wrong("You send h back. What goes into front.backward is dL/dh, which the estimator returns.")
def h_for_its_gradient(front, box, x, y, estimator):
    before = box.queries
    h = front.forward(x)
    estimator(lambda h: cross_entropies(box(h), y), h)
    front.backward(h)
    return box.queries - before


@FRONT.wrong(
    "You return all queries that the box ever had. This step's are those after it minus those before."
)
def all_queries_ever(front, box, x, y, estimator):
    front_gradient(front, box, x, y, estimator)
    return box.queries


@FRONT.wrong("You believe the estimator's own count. The box knows better: box.queries after minus before.")
def estimators_own_count(front, box, x, y, estimator):
    h = front.forward(x)
    grad_h, spent = estimator(lambda h: cross_entropies(box(h), y), h)
    front.backward(grad_h)
    return spent


@FRONT.wrong(
    "You count one query for each example. An estimator asks many times: box.queries after minus before."
)
def one_query_for_each_example(front, box, x, y, estimator):
    front_gradient(front, box, x, y, estimator)
    return len(x)


@FRONT.wrong(
    "front.grad is still zero: send dL/dh back into the front with front.backward. (If you do: losses must ask the box about its own argument, or every nudge sees the same loss.)"
)
def never_sent_back(front, box, x, y, estimator):
    before = box.queries
    estimator(lambda h: cross_entropies(box(h), y), front.forward(x))
    return box.queries - before


@FRONT.wrong("You divide by N again. dL/dh is the gradient of the mean loss already.")
def mean_once_more(front, box, x, y, estimator):
    before = box.queries
    h = front.forward(x)
    grad_h, _ = estimator(lambda h: cross_entropies(box(h), y), h)
    front.backward(grad_h / len(x))
    return box.queries - before


@FRONT.wrong("You move front.theta. Only fill front.grad here: the step is the rule's.")
def stepped_as_well(front, box, x, y, estimator):
    spent = front_gradient(front, box, x, y, estimator)
    front.theta -= 0.01 * front.grad
    return spent


@FRONT.wrong("Your loss compares the logits with the tail's own answer. It has to compare them with y.")
def labels_shifted(front, box, x, y, estimator):
    before = box.queries
    h = front.forward(x)
    grad_h, _ = estimator(lambda h: cross_entropies(box(h), box(h).argmax(axis=1)), h)
    front.backward(grad_h)
    return box.queries - before


@FRONT.right
def front_gradient_with_a_function(front, box, x, y, estimator):
    spent = -box.queries

    def losses(h):
        logits = box(h)
        top = logits.max(axis=1, keepdims=True)
        return np.log(np.exp(logits - top).sum(axis=1)) + top[:, 0] - logits[np.arange(len(y)), y]

    front.backward(estimator(losses, front.forward(x))[0])
    return spent + box.queries


@FRONT.right
def front_gradient_after_a_second_forward(front, box, x, y, estimator):
    start = box.queries
    grad_h = estimator(lambda h: cross_entropies(box(h), y), front.forward(x).copy())[0]
    front.forward(x)
    front.backward(np.asarray(grad_h))
    end = box.queries
    return end - start


def direction_case(seed, n, k, step):
    return {**tail_losses(seed, n, k, step), "rng": np.random.default_rng(seed + 10)}


DIRECTION = Entry(
    "7.4",
    returns=("grad", "spent"),
    batch="h",
    may_change=("rng",),
    checked="The estimate is right for batches of 2, 3 and 5, with one direction used on both sides.",
    cases=(
        Case("2 examples, 3 activations", lambda: direction_case(1, 2, 3, 0.1)),
        Case("3 examples, 2 activations", lambda: direction_case(2, 3, 2, 0.5)),
        Case("5 examples, 4 activations", lambda: direction_case(3, 5, 4, 0.01)),
    ),
    hints=(
        "As in 7.2, but all activations move at once, each up or down as the direction says. One number for each example comes out.",
        "slope = (losses(h + step * direction) - losses(h - step * direction)) / (2 * step), shape (N,); then slope[:, None] * direction / N.",
    ),
)


@DIRECTION.reference
def one_direction(losses, h, step, rng):
    """An estimate of dL/dh from one random direction, with two queries for each example.

    losses: takes activations (N, k), returns one loss for each example, shape (N,). h: shape (N, k).
    Draw the direction once, all examples together: rng.choice([-1.0, 1.0], h.shape). Ask at h + step * direction
    and at h - step * direction. The slope along the direction, times the direction, is the estimate.
    Return it for the mean loss, shape (N, k), and the queries spent.
    """
    direction = rng.choice([-1.0, 1.0], h.shape)
    slope = (losses(h + step * direction) - losses(h - step * direction)) / (2 * step)
    return slope[:, None] * direction / len(h), 2 * len(h)


@DIRECTION.wrong(
    "You draw a new direction for the other side. Both sides need the same one: then what is common to both cancels."
)
def drawn_anew_for_the_other_side(losses, h, step, rng):
    first, second = rng.choice([-1.0, 1.0], h.shape), rng.choice([-1.0, 1.0], h.shape)
    slope = (losses(h + step * first) - losses(h - step * second)) / (2 * step)
    return slope[:, None] * first / len(h), 2 * len(h)


@DIRECTION.wrong("You ask on one side only. Ask at h - step * direction as well.")
def one_side_along_the_direction(losses, h, step, rng):
    direction = rng.choice([-1.0, 1.0], h.shape)
    slope = (losses(h + step * direction) - losses(h)) / step
    return slope[:, None] * direction / len(h), 2 * len(h)


@DIRECTION.wrong("The slope is a number for each example, not a gradient: multiply it by the direction.")
def direction_left_out(losses, h, step, rng):
    direction = rng.choice([-1.0, 1.0], h.shape)
    slope = (losses(h + step * direction) - losses(h - step * direction)) / (2 * step)
    return np.repeat(slope[:, None], h.shape[1], axis=1) / len(h), 2 * len(h)


@DIRECTION.wrong("From one side to the other are two steps: divide by 2 * step.")
def factor_two_missing_along(losses, h, step, rng):
    grad, spent = one_direction(losses, h, step, rng)
    return 2 * grad, spent


@DIRECTION.wrong("The loss is the mean over N examples: one 1/N is missing.")
def mean_forgotten_along(losses, h, step, rng):
    grad, spent = one_direction(losses, h, step, rng)
    return len(h) * grad, spent


@DIRECTION.wrong(
    "You average the losses before multiplying: every example gets the noise of all others. Keep one slope for each row."
)
def losses_averaged_first(losses, h, step, rng):
    direction = rng.choice([-1.0, 1.0], h.shape)
    slope = (losses(h + step * direction).mean() - losses(h - step * direction).mean()) / (2 * step)
    return slope * direction, 2 * len(h)


@DIRECTION.wrong(
    "You divide by k. Nothing to divide: on average over directions, each entry comes out right as it is."
)
def divided_by_k(losses, h, step, rng):
    grad, spent = one_direction(losses, h, step, rng)
    return grad / h.shape[1], spent


@DIRECTION.wrong(
    "All examples share one direction of shape (k,). Draw one for each: rng.choice([-1.0, 1.0], h.shape)."
)
def one_draw_for_all_examples(losses, h, step, rng):
    direction = rng.choice([-1.0, 1.0], h.shape[1])
    slope = (losses(h + step * direction) - losses(h - step * direction)) / (2 * step)
    return slope[:, None] * direction / len(h), 2 * len(h)


@DIRECTION.wrong(
    "You draw Gaussian directions. They work as well; here the check wants entries of ±1, rng.choice([-1.0, 1.0], h.shape)."
)
def gaussian_directions(losses, h, step, rng):
    direction = rng.standard_normal(h.shape)
    slope = (losses(h + step * direction) - losses(h - step * direction)) / (2 * step)
    return slope[:, None] * direction / len(h), 2 * len(h)


@DIRECTION.wrong(
    "You average the losses, and divide by N as well. Keep one slope for each row; then divide by N, once."
)
def losses_averaged_and_divided(losses, h, step, rng):
    grad, spent = losses_averaged_first(losses, h, step, rng)
    return grad / len(h), spent


@DIRECTION.wrong("You count calls. One query is one example pushed through g: two calls of losses cost 2 N.")
def two_counted_for_the_batch(losses, h, step, rng):
    return one_direction(losses, h, step, rng)[0], 2


@DIRECTION.wrong("Wrong sign: it is the loss at h + step * direction minus the other.")
def sides_exchanged(losses, h, step, rng):
    grad, spent = one_direction(losses, h, step, rng)
    return -grad, spent


@DIRECTION.right
def one_direction_by_row(losses, h, step, rng):
    direction, grad = rng.choice([-1.0, 1.0], h.shape), []
    above, below = losses(h + step * direction), losses(h - step * direction)
    for n in range(len(h)):
        grad.append((above[n] - below[n]) * direction[n] / (2 * step * len(h)))
    return np.array(grad), 2 * len(h)


@DIRECTION.right
def one_direction_dividing(losses, h, step, rng):
    nudge = step * rng.choice([-1.0, 1.0], h.shape)
    change = losses(h + nudge) - losses(h - nudge)
    return change[:, None] / (2 * nudge) / len(h), h.shape[0] * 2
