"""Exercise 11.5: kernels made of coefficients, and the gradient of these."""

import numpy as np

from course_utils.engine import structure
from course_utils.engine.estimate import numerical_gradient
from course_utils.exercises.bank import Case, Entry, normal

BASIS = Entry(
    "11.5",
    returns=("kernels", "grad_coefficients"),
    upstream="grad_kernels",
    checked="The kernels, and the gradient against central differences, for a basis at right angles and for one that is not.",
    cases=(
        Case(
            "2 channels, 2 coefficients, 4 taps",
            lambda: dict(
                coefficients=normal(2, 2, seed=111),
                V=structure.slepian(4, 0.15)[:, :2],
                grad_kernels=normal(2, 4, seed=112),
            ),
        ),
        Case(
            "3 channels, 2 coefficients, 5 taps, columns not at right angles",
            lambda: dict(
                coefficients=normal(3, 2, seed=113),
                V=normal(5, 2, seed=114),
                grad_kernels=normal(3, 5, seed=115),
            ),
        ),
        Case(
            "1 channel, 5 coefficients, 7 taps",
            lambda: dict(
                coefficients=normal(1, 5, seed=123),
                V=normal(7, 5, seed=124),
                grad_kernels=normal(1, 7, seed=125),
            ),
        ),
    ),
    hints=(
        "Look at the shapes: (channels, k) to (channels, taps) and back. It is the linear layer of lesson 02, with V in place of the weights.",
        "If y = xW, then grad_x = grad_y Wᵀ. Here W is V.T.",
    ),
    rtol=1e-6,
)


@BASIS.reference
def through_basis(coefficients, V, grad_kernels):
    """Kernels made of coefficients, and the gradient of the coefficients.

    coefficients: shape (channels, k). V: shape (taps, k). A kernel is the sum of V's columns, each times its coefficient.
    grad_kernels: dL/d(kernels), shape (channels, taps).
    Return the kernels, shape (channels, taps), and grad_coefficients = dL/d(coefficients), shape (channels, k).
    """
    return coefficients @ V.T, grad_kernels @ V


@BASIS.truth
def through_basis_truth(coefficients, V, grad_kernels):
    return (
        coefficients @ V.T,
        numerical_gradient(lambda a: np.sum(grad_kernels * (a @ V.T)), coefficients),
    )


@BASIS.wrong(
    "You keep the first entries of grad_kernels. A coefficient moves all taps of its column: its gradient sums over all of them."
)
def first_taps_of_the_gradient(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels[:, : V.shape[1]]


@BASIS.wrong(
    "You project the gradient of the taps and stay among the taps. The coefficients have a gradient of their own: "
    "grad_kernels @ V, without the way back."
)
def gradient_projected(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels @ V @ V.T


@BASIS.wrong(
    "You hand on grad_kernels as it is, the gradient of the taps. A coefficient moves every tap of its kernel: multiply by V."
)
def gradient_of_the_taps(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels


@BASIS.wrong(
    "You look for coefficients that would make grad_kernels. The chain rule asks for a product with V, not for a solution; "
    "the two agree only if the columns are at right angles and of length 1."
)
def solved_instead_of_differentiated(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels @ np.linalg.pinv(V).T


@BASIS.wrong("You send the kernels back through V. What goes back is the gradient: grad_kernels.")
def from_the_kernels(coefficients, V, grad_kernels):
    kernels = coefficients @ V.T
    return kernels, kernels @ V


@BASIS.wrong(
    "You divide by the number of channels. Nothing here is a mean: each channel has its own coefficients."
)
def averaged_over_channels(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels @ V / len(coefficients)


@BASIS.wrong("You add the channels up. Each has coefficients of its own, and a gradient of its own.")
def summed_over_channels(coefficients, V, grad_kernels):
    return coefficients @ V.T, np.tile((grad_kernels @ V).sum(axis=0), (len(coefficients), 1))


@BASIS.wrong(
    "You multiply by the coefficients once more. The kernels are linear in them, so the slope is V alone."
)
def times_the_coefficients(coefficients, V, grad_kernels):
    return coefficients @ V.T, coefficients * (grad_kernels @ V)


@BASIS.wrong("Your columns are in reverse order: the first coefficient goes with the first.")
def columns_turned_round(coefficients, V, grad_kernels):
    return coefficients @ V[:, ::-1].T, grad_kernels @ V[:, ::-1]


@BASIS.wrong("You return coefficients after a step. Asked is the gradient; the rule takes the step.")
def updated_coefficients(coefficients, V, grad_kernels):
    return coefficients @ V.T, coefficients - grad_kernels @ V


@BASIS.wrong(
    "Your gradient is transposed. It has the shape of the coefficients, one row a channel: grad_kernels comes first."
)
def gradient_transposed(coefficients, V, grad_kernels):
    return coefficients @ V.T, V.T @ grad_kernels.T


@BASIS.wrong(
    "Your kernels are transposed. They have one row a channel, as the coefficients do: coefficients come first."
)
def kernels_transposed(coefficients, V, grad_kernels):
    return V @ coefficients.T, grad_kernels @ V


@BASIS.wrong(
    "Both are transposed. One row a channel: the coefficients, or grad_kernels, come first in the product."
)
def both_transposed(coefficients, V, grad_kernels):
    return V @ coefficients.T, V.T @ grad_kernels.T


@BASIS.right
def through_basis_by_einsum(coefficients, V, grad_kernels):
    return np.einsum("ck,tk->ct", coefficients, V), np.einsum("ct,tk->ck", grad_kernels, V)


@BASIS.right
def through_basis_by_channel(coefficients, V, grad_kernels):
    kernels = [sum(a * v for a, v in zip(row, V.T, strict=True)) for row in coefficients]
    return [np.array(kernels), np.array([[g @ v for v in V.T] for g in grad_kernels])]
