"""Exercises of lesson 12: the PCA loss, its rules, the way back to orthonormal columns, and two losses on one layer.

torch is imported inside the functions: every lesson loads this file, and most do without torch.
"""

from typing import Any

import numpy as np

from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.structure import covariance, oja_direction, pca_loss, retract, sanger_direction
from course_utils.exercises.bank import Case, Entry, numbers


def some_covariance(d: int, seed: int) -> np.ndarray:
    """A symmetric S (d, d) whose directions differ a lot."""
    return covariance(np.random.default_rng(seed).standard_normal((3 * d, d)) * np.arange(1, d + 1))


PCA_LOSS = Entry(
    "12.1",
    returns=("loss", "grad_W"),
    checked="The loss is right by its definition, and the gradient agrees with central differences of it.",
    cases=(
        Case("3 inputs, 1 output", lambda: numbers(1, W=(3, 1)) | dict(S=some_covariance(3, 2))),
        Case("5 inputs, 2 outputs", lambda: numbers(3, W=(5, 2)) | dict(S=some_covariance(5, 4))),
        Case("4 inputs, 3 outputs", lambda: numbers(5, W=(4, 3)) | dict(S=some_covariance(4, 6))),
    ),
    hints=(
        "For one column w the loss is −wᵀSw / tr S. What is the derivative of a square, s·w²? S is symmetric, so here it is the same.",
        "The gradient of tr(WᵀSW) is 2SW. Do not lose the minus and the division by np.trace(S).",
    ),
)
PCA_LOSS.reference(pca_loss)


@PCA_LOSS.truth
def pca_loss_by_definition(W, S):
    def loss(W):
        kept = sum(
            W[i, j] * S[i, m] * W[m, j]
            for j in range(W.shape[1])
            for i in range(len(S))
            for m in range(len(S))
        )
        return -kept / np.trace(S)

    return loss(W), numerical_gradient(loss, W)


@PCA_LOSS.wrong(
    "Your gradient lacks a factor 2. W stands twice in tr(WᵀSW), and each of them gives SW: that is where the textbook rule W + ηSW and the gradient differ."
)
def without_the_two(W, S):
    return -np.trace(W.T @ S @ W) / np.trace(S), -S @ W / np.trace(S)


@PCA_LOSS.wrong(
    "The loss is right, its gradient has the wrong sign: the loss is minus the variance, so its gradient is −2SW / tr S."
)
def gradient_uphill(W, S):
    return -np.trace(W.T @ S @ W) / np.trace(S), 2 * S @ W / np.trace(S)


@PCA_LOSS.wrong(
    "You return the variance kept, which is to be large. A loss is to be small: put a minus before both."
)
def variance_for_loss(W, S):
    return np.trace(W.T @ S @ W) / np.trace(S), 2 * S @ W / np.trace(S)


@PCA_LOSS.wrong("You return the variance, not its share: divide loss and gradient by tr S.")
def share_forgotten(W, S):
    return -np.trace(W.T @ S @ W), -2 * S @ W


@PCA_LOSS.wrong(
    "You divide by d, the number of inputs. A share is out of the whole variance: divide by np.trace(S)."
)
def divided_by_the_number_of_inputs(W, S):
    return -np.trace(W.T @ S @ W) / len(S), -2 * S @ W / len(S)


@PCA_LOSS.wrong("The loss is a share, its gradient is not: divide that by tr S as well.")
def gradient_without_the_share(W, S):
    return -np.trace(W.T @ S @ W) / np.trace(S), -2 * S @ W


@PCA_LOSS.wrong(
    "You sum all entries of WᵀSW. The trace sums its diagonal only: the products of different outputs do not belong to the loss."
)
def all_pairs_summed(W, S):
    return -np.sum(W.T @ S @ W) / np.trace(S), -2 * S @ W / np.trace(S)


@PCA_LOSS.wrong("Your gradient is transposed. It has the shape of W, (d, k): one entry for every weight.")
def gradient_transposed(W, S):
    return -np.trace(W.T @ S @ W) / np.trace(S), (-2 * S @ W / np.trace(S)).T


@PCA_LOSS.wrong(
    "S is missing from the numerator. tr(WWᵀ) is how long the columns are; the variance of the outputs is tr(WᵀSW)."
)
def outputs_for_inputs(W, S):
    return -np.trace(W @ W.T) / np.trace(S), -2 * W / np.trace(S)


@PCA_LOSS.wrong(
    "You divide by tr(WᵀW), the Rayleigh quotient. That is another loss, bounded by itself; here divide by tr S."
)
def lengths_taken_out(W, S):
    kept, length = np.trace(W.T @ S @ W), np.trace(W.T @ W)
    return -kept / length, -2 * (S @ W - kept / length * W) / length


@PCA_LOSS.right
def pca_loss_with_einsum(W, S):
    kept = np.einsum("ij,im,mj->", W, S, W)
    return -kept / np.trace(S), -(S + S.T) @ W / np.trace(S)


@PCA_LOSS.right
def pca_loss_by_column(W, S):
    total = np.trace(S)
    loss = -sum(w @ S @ w for w in W.T) / total
    return [loss, np.stack([-2 * (S @ w) / total for w in W.T], axis=1)]


OJA = Entry(
    "12.2",
    returns=("direction",),
    batch="x",
    checked="The direction is right for one output and for several, and for batches of two sizes.",
    cases=(
        Case("2 examples, 3 inputs, 1 output", lambda: numbers(7, W=(3, 1), x=(2, 3))),
        Case("4 examples, 5 inputs, 2 outputs", lambda: numbers(8, W=(5, 2), x=(4, 5))),
        Case("6 examples, 4 inputs, 3 outputs", lambda: numbers(9, W=(4, 3), x=(6, 4))),
    ),
    hints=(
        "Two terms. With h = x @ W, the first, summed over the batch, is x.T @ h. What has that shape and holds h hᵀ?",
        "h.T @ h is the sum of h hᵀ over the batch, shape (k, k). Take W @ (h.T @ h) away and divide both by len(x).",
    ),
)
OJA.reference(oja_direction)


@OJA.wrong(
    "This is the plain rule, xhᵀ without − W h hᵀ: with nothing that holds it back, W grows without end."
)
def plain_hebb(W, x):
    return x.T @ (x @ W) / len(x)


@OJA.wrong(
    "You take W away, which is weight decay: it pulls equally hard whatever the outputs are. Oja's term is W h hᵀ: it grows with the outputs."
)
def plain_decay(W, x):
    return x.T @ (x @ W) / len(x) - W


@OJA.wrong(
    "Each output subtracts only its own part, h². Then all of them run to the same first direction. h hᵀ has the products of different outputs too."
)
def every_output_alone(W, x):
    h = x @ W
    return x.T @ h / len(x) - W * (h**2).mean(axis=0)


@OJA.wrong("Your second term is W WᵀW, which does not look at the data. Oja's is W h hᵀ, with the outputs h.")
def weights_for_outputs(W, x):
    return x.T @ (x @ W) / len(x) - W @ (W.T @ W)


@OJA.wrong("There is a WWᵀ or WᵀW too many: the second term is W @ (h.T @ h), and h holds the W already.")
def outer_for_inner(W, x):
    h = x @ W
    return (x.T @ h - W @ W.T @ W @ (h.T @ h)) / len(x)


@OJA.wrong(
    "You sum over the batch, so it is too large by the batch size. The rule takes the mean: divide by len(x)."
)
def summed_over_the_batch(W, x):
    h = x @ W
    return x.T @ h - W @ (h.T @ h)


@OJA.wrong(
    "Only the first term is a mean over the batch. Divide both by len(x): alone, the second would grow with the batch."
)
def decay_without_the_mean(W, x):
    h = x @ W
    return x.T @ h / len(x) - W @ (h.T @ h)


@OJA.wrong("Your direction has the wrong sign. The rule adds xhᵀ: it climbs towards more variance.")
def oja_downhill(W, x):
    return -oja_direction(W, x)


@OJA.wrong("You add W h hᵀ. It has to be taken away: it is what keeps W from growing.")
def oja_growing(W, x):
    h = x @ W
    return (x.T @ h + W @ (h.T @ h)) / len(x)


@OJA.wrong("Check the order in the second term. W h hᵀ is W (WᵀSW), with W on the right as well.")
def covariance_twice(W, x):
    S = x.T @ x / len(x)
    return S @ W - W @ W.T @ S


@OJA.truth
def oja_by_example(W, x):
    step = np.zeros_like(W)
    for one in x:
        h = W.T @ one
        step += np.outer(one - W @ h, h)
    return step / len(x)


@OJA.right
def oja_with_the_covariance(W, x):
    SW = x.T @ x @ W / x.shape[0]
    return SW - W @ W.T @ SW


OJA.wrong(
    "This is Sanger's rule: output j gives way to the outputs before it only. Oja's has the whole of h hᵀ, without np.triu."
)(sanger_direction)


OJA.right(oja_by_example)


RETRACT = Entry(
    "12.3",
    returns=("Q",),
    checked="The columns are orthonormal, span what they spanned, and none has turned round.",
    cases=(
        Case("3 inputs, 1 output", lambda: numbers(11, W=(3, 1))),
        Case("5 inputs, 2 outputs", lambda: numbers(12, W=(5, 2))),
        Case("6 inputs, 4 outputs", lambda: numbers(13, W=(6, 4))),
        Case(
            "columns of length 1, not at right angles",
            lambda: dict(W=np.array([[1.0, 0.6], [0.0, 0.8], [0.0, 0.0]])),
        ),
        Case(
            "columns that are orthonormal already", lambda: dict(W=retract(numbers(14, W=(4, 3))["W"]).copy())
        ),
    ),
    hints=(
        "Q, R = np.linalg.qr(W) gives orthonormal columns. But NumPy chooses their signs: look at the diagonal of R.",
        "Where R[j, j] is negative, column j of Q has turned round: multiply the columns by the signs of np.diagonal(R).",
    ),
)
RETRACT.reference(retract)


@RETRACT.wrong("Every column has turned round: you flipped those that were right.")
def sign_left_open(W):
    return -np.linalg.qr(W)[0] * np.sign(np.diagonal(retract(W).T @ W))


@RETRACT.wrong(
    "Orthonormal, but columns may turn round: QR leaves their signs open, and NumPy's often come out negative. Multiply each column by the sign of its R[j, j]."
)
def plain_qr(W):
    return np.linalg.qr(W)[0]


@RETRACT.wrong(
    "Your columns have length 1 but are not orthogonal to each other. Length alone does not stop them from all becoming the same."
)
def unit_columns(W):
    return W / np.linalg.norm(W, axis=0)


@RETRACT.wrong("You made the rows of length 1. The columns are to be orthonormal.")
def unit_rows(W):
    return W / np.linalg.norm(W, axis=1, keepdims=True)


@RETRACT.wrong(
    "You divide by the length of the whole matrix. Each column is to have length 1, and they are to be orthogonal."
)
def unit_as_a_whole(W):
    return W / np.linalg.norm(W)


@RETRACT.wrong(
    "This is the polar way, the nearest orthonormal matrix: also a way back, but another one. Here the first column keeps its direction, the second what is left of it, and so on: QR."
)
def polar(W):
    U, _, Vt = np.linalg.svd(W, full_matrices=False)
    return U @ Vt


@RETRACT.wrong(
    "The left singular vectors span the right space in an order of their own. Use QR: its columns stay next to those of W."
)
def left_singular_vectors(W):
    return np.linalg.svd(W, full_matrices=False)[0]


@RETRACT.wrong(
    "np.abs makes every entry positive. Only the sign of whole columns is free: multiply each by the sign of R[j, j]."
)
def all_entries_positive(W):
    return np.abs(np.linalg.qr(W)[0])


@RETRACT.wrong("np.linalg.qr returns two matrices, Q and R. Keep Q, with its signs fixed.")
def all_of_qr(W):
    return np.linalg.qr(W)


@RETRACT.wrong("Q @ R is W again. R holds what is to be thrown away, but for its signs.")
def q_times_r(W):
    Q, R = np.linalg.qr(W)
    return Q @ R


@RETRACT.wrong(
    "You take the signs from a row of Q. A column that was right can turn round that way: the signs of R's diagonal say which have turned."
)
def signs_of_the_first_row(W):
    Q = np.linalg.qr(W)[0]
    return Q * np.sign(Q[0])


@RETRACT.wrong(
    "You made the other side orthonormal. Columns of W are its outputs: np.linalg.qr(W), not of W.T."
)
def sides_swapped(W):
    return np.linalg.qr(W.T)[0]


@RETRACT.wrong(
    "The signs belong to the columns: Q * signs, without [:, None], multiplies column j by sign j."
)
def signs_turn_rows(W):
    Q, R = np.linalg.qr(W)
    return np.sign(np.diagonal(R))[:, None] * Q


@RETRACT.wrong("You begin with the last column. The first one keeps its direction, the others give way.")
def last_column_first(W):
    return retract(W[:, ::-1])[:, ::-1]


@RETRACT.truth
def retract_by_gram_schmidt(W):
    columns = []
    for w in W.T:
        for q in columns:
            w = w - (q @ w) * q
        columns.append(w / np.linalg.norm(w))
    return np.array(columns).T


@RETRACT.right
def retract_with_cholesky(W):
    return np.linalg.solve(np.linalg.cholesky(W.T @ W), W.T).T


@RETRACT.right
def retract_with_a_loop(W):
    Q, R = np.linalg.qr(W)
    for j in range(W.shape[1]):
        if R[j, j] < 0:
            Q[:, j] = -Q[:, j]
    return Q


RETRACT.right(retract_by_gram_schmidt)


def step_case(d: int, k: int, c: int, rate: float, alpha: float, seed: int) -> dict[str, Any]:
    made = numbers(seed, W=(d, k), V=(k, c), grad_W=(d, k), grad_V=(k, c))
    made["W"] = retract(made["W"])
    return made | dict(S=some_covariance(d, seed), rate=rate, alpha=alpha)


STEP = Entry(
    "12.4",
    returns=("new_W", "new_V"),
    checked="Both matrices are right, for three shapes, rates and shares alpha.",
    cases=(
        Case("3 inputs, 1 output, alpha 0.3", lambda: step_case(3, 1, 2, 0.1, 0.3, 21)),
        Case("5 inputs, 2 outputs, alpha 0.8", lambda: step_case(5, 2, 3, 0.5, 0.8, 22)),
        Case("6 inputs, 3 outputs, alpha 0.6", lambda: step_case(6, 3, 5, 1.0, 0.6, 23)),
    ),
    hints=(
        "In the order of the equation: the mixed gradient, the step, the retraction last. V takes a plain step.",
        "step = (1 - alpha) * grad_W + alpha * pca_loss(W, S)[1]; pca_loss returns the loss and the gradient.",
    ),
    rtol=1e-7,
)


@STEP.reference
def two_loss_step(W, V, grad_W, grad_V, S, rate, alpha):
    """One step of gradient descent on two losses, W back to orthonormal columns.

    W: shape (d, k), orthonormal columns. V: the head, shape (k, c).
    grad_W, grad_V: the gradients of the cross-entropy. S: covariance, shape (d, d). rate, alpha: numbers.
    The loss of W is (1 − alpha) · cross-entropy + alpha · PCA loss; that of V is the cross-entropy.
    After the step W is retracted. Return the new W and the new V.
    """
    step = (1 - alpha) * grad_W + alpha * pca_loss(W, S)[1]
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "There is no retraction after the step. Before it W is orthonormal already; it is the step that leads away, so the retraction comes last."
)
def retracted_before_the_step(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W + alpha * pca_loss(W, S)[1]
    return retract(W) - rate * step, V - rate * grad_V


@STEP.wrong("You make the step orthonormal. It is the new weights that have to be: retract(W − rate · step).")
def step_retracted(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W + alpha * pca_loss(W, S)[1]
    return W - rate * retract(step), V - rate * grad_V


@STEP.wrong(
    "The PCA loss never reaches W. Adding a term to the loss moves nothing by itself: its gradient has to be in the step."
)
def loss_without_its_gradient(W, V, grad_W, grad_V, S, rate, alpha):
    return retract(W - rate * (1 - alpha) * grad_W), V - rate * grad_V


@STEP.wrong(
    "You add the PCA loss, one number, to every entry. pca_loss returns a pair: the gradient is its second part."
)
def loss_for_gradient(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W + alpha * pca_loss(W, S)[0]
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong("alpha and 1 − alpha are swapped: alpha belongs to the PCA loss.")
def alpha_swapped(W, V, grad_W, grad_V, S, rate, alpha):
    return two_loss_step(W, V, grad_W, grad_V, S, rate, 1 - alpha)


@STEP.wrong(
    "The cross-entropy enters W in full. Its share is 1 − alpha, so at alpha = 1 W is trained by PCA alone."
)
def cross_entropy_in_full(W, V, grad_W, grad_V, S, rate, alpha):
    step = grad_W + alpha * pca_loss(W, S)[1]
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "The PCA part is half as large as it should be: the textbook rule SW lacks the 2 of the gradient. Use pca_loss(W, S)[1]."
)
def textbook_rule(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W - alpha * S @ W / np.trace(S)
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "Your PCA part is the bare rule SW. The gradient of the PCA loss is −2SW / tr S: use pca_loss(W, S)[1]."
)
def bare_rule(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W - alpha * S @ W
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "You add SW to the gradient, so the step goes away from variance. The gradient of the PCA loss is −2SW / tr S: use pca_loss(W, S)[1]."
)
def bare_rule_taken_away(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W + alpha * S @ W
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "You retract twice, once after each loss. Both gradients belong to the same W: add them, take one step, retract once."
)
def retracted_twice(W, V, grad_W, grad_V, S, rate, alpha):
    between = retract(W - rate * (1 - alpha) * grad_W)
    return retract(between - rate * alpha * pca_loss(W, S)[1]), V - rate * grad_V


@STEP.wrong(
    "You retract twice, once after each loss. Both gradients belong to the same W: add them, take one step, retract once. (Yours takes the second gradient where the first step ended.)"
)
def retracted_twice_pca_at_the_new_place(W, V, grad_W, grad_V, S, rate, alpha):
    between = retract(W - rate * (1 - alpha) * grad_W)
    return retract(between - rate * alpha * pca_loss(between, S)[1]), V - rate * grad_V


@STEP.wrong(
    "Your step goes away from variance. The PCA loss has its minus inside: its gradient is added to the other one."
)
def variance_thrown_away(W, V, grad_W, grad_V, S, rate, alpha):
    step = (1 - alpha) * grad_W - alpha * pca_loss(W, S)[1]
    return retract(W - rate * step), V - rate * grad_V


@STEP.wrong(
    "The PCA part is added after the retraction, so W leaves the orthonormal set again. Everything that moves W comes before."
)
def pca_after_the_retraction(W, V, grad_W, grad_V, S, rate, alpha):
    new = retract(W - rate * (1 - alpha) * grad_W)
    return new - rate * alpha * pca_loss(W, S)[1], V - rate * grad_V


@STEP.wrong("The PCA part escapes the rate: both gradients are multiplied by it.")
def pca_escapes_the_rate(W, V, grad_W, grad_V, S, rate, alpha):
    new = W - rate * (1 - alpha) * grad_W - alpha * pca_loss(W, S)[1]
    return retract(new), V - rate * grad_V


@STEP.wrong("The head is slowed down by 1 − alpha. It has one loss only, the cross-entropy, in full.")
def head_weakened_too(W, V, grad_W, grad_V, S, rate, alpha):
    new_W, _ = two_loss_step(W, V, grad_W, grad_V, S, rate, alpha)
    return new_W, V - rate * (1 - alpha) * grad_V


@STEP.wrong("You retract the head as well. Only W is to have orthonormal columns.")
def head_retracted_too(W, V, grad_W, grad_V, S, rate, alpha):
    new_W, new_V = two_loss_step(W, V, grad_W, grad_V, S, rate, alpha)
    return new_W, retract(new_V.T).T


@STEP.right
def two_loss_step_in_parts(W, V, grad_W, grad_V, S, rate, alpha):
    _, pull = pca_loss(W, S)
    moved = W - rate * alpha * pull
    moved = moved - rate * (1 - alpha) * grad_W
    return [retract(moved), V - rate * grad_V]


@STEP.right
def two_loss_step_by_hand(W, V, grad_W, grad_V, S, rate, alpha):
    total = grad_W + alpha * (-2 * S @ W / np.trace(S) - grad_W)
    Q, R = np.linalg.qr(W - rate * total)
    return Q @ np.diag(np.sign(np.diag(R))), V - rate * grad_V
