"""Exercise of lesson 00: one step downhill."""

import numpy as np

from course_utils.exercises.bank import Case, Exercise, Misconception


def step(theta, grad, rate):
    """One step of gradient descent.

    theta: the weights, shape (P,). grad: dL/dtheta, shape (P,). rate: a number.
    Return the new weights, shape (P,); leave theta as it is.
    """
    return theta - rate * grad


def uphill(theta, grad, rate):
    return theta + rate * grad


def step_only(theta, grad, rate):
    return -rate * grad


def step_uphill_only(theta, grad, rate):
    return rate * grad


def rate_forgotten(theta, grad, rate):
    return theta - grad


def gradient_forgotten(theta, grad, rate):
    return theta - rate


def in_place(theta, grad, rate):
    theta -= rate * grad
    return theta


def one_by_one(theta, grad, rate):
    return [t - rate * g for t, g in zip(theta, grad, strict=True)]


def on_a_copy(theta, grad, rate):
    new = theta.copy()
    new -= rate * grad
    return new


EXERCISES = [
    Exercise(
        number="0.1",
        reference=step,
        returns=("new_theta",),
        checked="The new weights are right for three sets of weights, gradients and rates.",
        cases=(
            Case(
                "two weights", lambda: dict(theta=np.array([1.0, -2.0]), grad=np.array([0.5, 4.0]), rate=0.1)
            ),
            Case("one weight", lambda: dict(theta=np.array([3.0]), grad=np.array([-6.0]), rate=0.25)),
            Case(
                "five weights",
                lambda: dict(theta=np.arange(5.0), grad=np.array([1.0, -1, 2, -2, 0.5]), rate=2.0),
            ),
        ),
        hints=(
            "The gradient points uphill. You want to go down.",
            "Read θ ← θ − η∇ from right to left: scale the gradient by the rate, then take it away from the weights.",
        ),
        misconceptions=(
            Misconception(
                uphill,
                "You step uphill: the gradient points to where the loss grows, so take it away from theta.",
            ),
            Misconception(
                step_only, "That is the step, not the new weights: take the step from where you stand, theta."
            ),
            Misconception(
                step_uphill_only,
                "That is how far to go, not where you end: take it away from where you stand, theta.",
            ),
            Misconception(
                rate_forgotten, "The rate is missing: the gradient says which way, `rate` says how far."
            ),
            Misconception(
                gradient_forgotten, "Every weight moves by the same amount: multiply the rate by grad."
            ),
            Misconception(
                in_place,
                "You change theta itself, the array that the caller gave you: write `theta - …`, which makes a new one.",
            ),
        ),
        alternatives=(one_by_one, on_a_copy),
    )
]
