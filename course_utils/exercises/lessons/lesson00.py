"""Exercise of lesson 00: one step downhill."""

import numpy as np

from course_utils.exercises.bank import Case, Entry

STEP = Entry(
    "0.1",
    returns=("new_theta",),
    checked="The new weights are right for three sets of weights, gradients and rates.",
    cases=(
        Case("two weights", lambda: dict(theta=np.array([1.0, -2.0]), grad=np.array([0.5, 4.0]), rate=0.1)),
        Case("one weight", lambda: dict(theta=np.array([3.0]), grad=np.array([-6.0]), rate=0.25)),
        Case(
            "five weights",
            lambda: dict(theta=np.arange(5.0), grad=np.array([1.0, -1, 2, -2, 0.5]), rate=2.0),
        ),
    ),
    hints=(
        "The gradient points uphill. You want to go down.",
        "Read θ ← θ − η∇L from right to left: scale the gradient by the rate, then take it away from the weights.",
    ),
)


@STEP.reference
def step(theta, grad, rate):
    """One step of gradient descent.

    theta: the P weights, shape (P,). grad: the gradient ∇L, shape (P,). rate: a number.
    Return the new weights, shape (P,); leave theta as it is.
    """
    return theta - rate * grad


@STEP.wrong("You step uphill: the gradient points to where the loss grows, so take it away from theta.")
def uphill(theta, grad, rate):
    return theta + rate * grad


@STEP.wrong("That is the step, not the new weights: take the step from where you stand, theta.")
def step_only(theta, grad, rate):
    return -rate * grad


@STEP.wrong("That is how far to go, not where you end: take it away from where you stand, theta.")
def step_uphill_only(theta, grad, rate):
    return rate * grad


@STEP.wrong("The rate is missing: the gradient says which way, `rate` says how far.")
def rate_forgotten(theta, grad, rate):
    return theta - grad


@STEP.wrong("Every weight moves by the same amount: multiply the rate by grad.")
def gradient_forgotten(theta, grad, rate):
    return theta - rate


@STEP.wrong("2θ is the gradient of θ² only. `grad` brings the gradient of whatever the loss is: use it.")
def gradient_of_the_parabola(theta, grad, rate):
    return theta - rate * 2 * theta


@STEP.wrong("You step along theta itself. Which way the loss grows, `grad` says: use it in theta's place.")
def along_theta(theta, grad, rate):
    return theta - rate * theta


@STEP.wrong(
    "You change theta itself, the array that the caller gave you: write `theta - …`, which makes a new one."
)
def in_place(theta, grad, rate):
    theta -= rate * grad
    return theta


@STEP.right
def one_by_one(theta, grad, rate):
    return [t - rate * g for t, g in zip(theta, grad, strict=True)]


@STEP.right
def on_a_copy(theta, grad, rate):
    new = theta.copy()
    new -= rate * grad
    return new
