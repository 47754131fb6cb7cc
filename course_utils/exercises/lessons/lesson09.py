"""Exercises of lesson 09: gradients of what has none: smoothing, straight-through, a plane through noise, a corrected guess."""

from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry


def bowl(h):
    """A smooth loss for each row of h (N, k)."""
    return (h**2).sum(axis=1) + 0.5 * np.tanh(h[:, 0])


def staircase(h):
    """A loss made of steps for each row of h (N, k)."""
    return np.round(4 * np.sin(h) + h**2).sum(axis=1)


def smoothed(losses, h, sigma, directions, other=None, divide=None, along=None, scale=None):
    """``smoothed_gradient`` with one part changed."""
    other = directions if other is None else other
    along = directions if along is None else along
    grad = np.zeros_like(h)
    for u, v, w in zip(directions, other, along, strict=True):
        slope = (losses(h + sigma * u) - losses(h - sigma * v)) / (2 * sigma if divide is None else divide)
        grad += slope[:, None] * w
    return grad / (len(directions) * len(h) if scale is None else scale)


def smoothed_case(losses, pairs: int, n: int, k: int, sigma: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return dict(
        losses=losses,
        h=rng.standard_normal((n, k)),
        sigma=sigma,
        directions=rng.standard_normal((pairs, n, k)),
    )


SMOOTHED = Entry(
    "9.1",
    returns=("grad",),
    batch="h",
    checked="The estimate is right on a smooth loss and on a staircase, for two batches, sizes of noise and numbers of pairs.",
    cases=(
        Case("a smooth loss: 3 rows of 2, 2 pairs, sigma 0.5", lambda: smoothed_case(bowl, 2, 3, 2, 0.5, 91)),
        Case(
            "a staircase: 2 rows of 4, 3 pairs, sigma 0.7", lambda: smoothed_case(staircase, 3, 2, 4, 0.7, 92)
        ),
    ),
    hints=(
        "For one pair u: the losses at h + sigma·u and h − sigma·u, with the same u, are 2·sigma apart along u.",
        "slope[:, None] * u has shape (N, k): a row's slope times its direction. Then a mean over pairs, and 1/N for the batch.",
    ),
)


@SMOOTHED.reference
def smoothed_gradient(losses, h, sigma, directions):
    """The gradient of the loss smoothed by Gaussian noise, estimated from pairs of queries.

    losses(h): one loss for each row, (N, k) → (N,). h: shape (N, k). sigma: size of the noise.
    directions: standard normal draws, shape (pairs, N, k).
    For each pair u and each row, the slope from h − sigma · u to h + sigma · u, times u. Average over
    the pairs. Return the gradient of the mean loss over the N rows, shape (N, k).
    """
    grad = np.zeros_like(h)
    for u in directions:
        slope = (losses(h + sigma * u) - losses(h - sigma * u)) / (2 * sigma)
        grad += slope[:, None] * u
    return grad / len(directions) / len(h)


@SMOOTHED.wrong(
    "The two sides of a pair use different noise, so their difference is not a slope along anything: "
    "use the same u on both sides."
)
def fresh_noise_below(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, other=np.roll(directions, 1, axis=0))


@SMOOTHED.wrong(
    "The two points of a pair are 2·sigma apart, and you divide by sigma: the factor 2 is missing."
)
def half_forgotten(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, divide=sigma)


@SMOOTHED.wrong(
    "Yours is sigma times the right one: a difference becomes a slope by dividing by the whole distance, 2·sigma, and then only u multiplies it."
)
def sigma_not_divided(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, divide=2)


@SMOOTHED.wrong(
    "You divide by sigma twice. The direction u in front is not scaled by sigma, so one sigma is enough."
)
def sigma_squared(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, divide=2 * sigma**2)


@SMOOTHED.wrong(
    "You compare with the loss at h itself. Take the pair's other side, h − sigma·u: what is "
    "symmetric about h then cancels."
)
def loss_here_below(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, other=0 * directions, divide=sigma)


@SMOOTHED.wrong("You add the pairs up. Divide by their number: each is an estimate by itself.")
def pairs_added_up(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, scale=len(h))


@SMOOTHED.wrong(
    "Your gradient is that of the sum over the batch. The loss is a mean over N rows: one 1/N is missing."
)
def batch_added_up(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, scale=len(directions))


@SMOOTHED.wrong("You divide by the batch size twice. The mean over the batch brings one 1/N.")
def batch_averaged_twice(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, scale=len(directions) * len(h) ** 2)


@SMOOTHED.wrong(
    "That is the first form of the formula: right on average, and very noisy. Use the pair: subtract "
    "the loss at h − sigma·u, and divide by 2·sigma."
)
def one_side_only(losses, h, sigma, directions):
    above = np.stack([losses(h + sigma * u) for u in directions])
    return (above[:, :, None] * directions).mean(axis=0) / sigma / len(h)


@SMOOTHED.wrong("You multiply by the sign of u. For Gaussian directions the slope goes with u itself.")
def signs_only(losses, h, sigma, directions):
    return smoothed(losses, h, sigma, directions, along=np.sign(directions))


@SMOOTHED.wrong(
    "Every row gets the change of the mean loss, so each hears the noise of all others. Keep one loss, and one slope, a row."
)
def mean_loss_for_all(losses, h, sigma, directions):
    return smoothed(lambda h: np.full(len(h), losses(h).mean()), h, sigma, directions)


@SMOOTHED.right
def smoothed_all_at_once(losses, h, sigma, directions):
    pairs, n, k = directions.shape
    above = losses((h + sigma * directions).reshape(-1, k)).reshape(pairs, n)
    below = losses((h - sigma * directions).reshape(-1, k)).reshape(pairs, n)
    return np.einsum("pn,pnk->nk", above - below, directions) / (2 * sigma * pairs * n)


@SMOOTHED.right
def smoothed_by_means(losses, h, sigma, directions):
    estimates = []
    for u in directions:
        up, down = h + sigma * u, h - sigma * u
        estimates.append((losses(up) - losses(down)).reshape(-1, 1) * u / (2 * sigma))
    return np.mean(estimates, axis=0) / h.shape[0]


def rounded_case(n: int, d: int, k: int, step: float, limit: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return dict(
        x=rng.standard_normal((n, d)),
        W=rng.standard_normal((d, k)),
        step=step,
        limit=limit,
        grad_h=rng.standard_normal((n, k)),
    )


def positions(x, W, step, limit):
    """h of ``rounded_linear``."""
    return np.clip(step * np.round(x @ W / step), -limit, limit)


def inside(x, W, limit):
    """Where x W lies between the end stops."""
    return np.abs(x @ W) <= limit


ROUNDED = Entry(
    "9.2",
    returns=("h", "grad_W", "grad_x"),
    upstream="grad_h",
    batch="x",
    checked="h is a position that the motor has, and both gradients pass where h follows, for two batches and steps.",
    cases=(
        Case(
            "2 examples, 3 inputs, 4 outputs, step 0.5, limit 1",
            lambda: rounded_case(2, 3, 4, 0.5, 1.0, 93),
        ),
        Case(
            "5 examples, 2 inputs, 4 outputs, step 0.3, limit 0.9",
            lambda: rounded_case(5, 2, 4, 0.3, 0.9, 94),
        ),
    ),
    hints=(
        "Forward: count in steps. Divide by step, round, multiply by step again, and np.clip at -limit and limit.",
        "Move x W by a few steps. Between the end stops h goes along: grad_h passes whole. Beyond one h stands still: 0.",
    ),
)


@ROUNDED.reference
def rounded_linear(x, W, step, limit, grad_h):
    """A linear layer that sets motors: positions are multiples of step, with an end stop at -limit and at limit.

    x: shape (N, d). W: shape (d, k). limit: a multiple of step. grad_h: dL/dh, shape (N, k), of the mean loss.
    Forward: h = x W, rounded to multiples of step and stopped at the ends.
    Backward: decide for each entry whether h follows when x W moves by a few steps. Where it does, grad_h
    passes whole, where it does not, nothing. While |x W| is at most limit, x W counts as between the ends.
    Return h (N, k), grad_W (d, k) and grad_x (N, d).
    """
    exact = x @ W
    h = np.clip(step * np.round(exact / step), -limit, limit)
    passed = grad_h * (np.abs(exact) <= limit)
    return h, x.T @ passed, passed @ W.T


@ROUNDED.wrong(
    "That is the true derivative of a rounding, 0, and nothing in front would ever learn: between the ends, pass grad_h as it is."
)
def true_derivative(x, W, step, limit, grad_h):
    return positions(x, W, step, limit), np.zeros_like(W), np.zeros_like(x)


@ROUNDED.wrong(
    "Your gradient passes the end stops. Beyond one, h stands still however far x W moves, on average too: nothing passes there."
)
def passes_the_end_stops(x, W, step, limit, grad_h):
    return positions(x, W, step, limit), x.T @ grad_h, grad_h @ W.T


@ROUNDED.wrong("You pass grad_h beyond the end stops and hold it between them. Where does h follow?")
def passes_only_beyond(x, W, step, limit, grad_h):
    passed = grad_h * ~inside(x, W, limit)
    return positions(x, W, step, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong(
    "You stop the gradient at the last position. An x W that was rounded to it may still lie between the ends, where h follows: ask where x W is, not h."
)
def stopped_at_the_last_position(x, W, step, limit, grad_h):
    h = positions(x, W, step, limit)
    passed = grad_h * (np.abs(h) < limit)
    return h, x.T @ passed, passed @ W.T


@ROUNDED.wrong("Only one end stops your gradient. Beyond -limit h stands still as well.")
def one_end_forgotten(x, W, step, limit, grad_h):
    passed = grad_h * (x @ W <= limit)
    return positions(x, W, step, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong("Your motor passes its end stops: after rounding, np.clip at -limit and limit.")
def not_stopped(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return step * np.round(x @ W / step), x.T @ passed, passed @ W.T


@ROUNDED.wrong(
    "You round the gradient too. Only the forward pass is rounded: small gradients must not be lost."
)
def gradient_rounded(x, W, step, limit, grad_h):
    grad = step * np.round(grad_h / step) * inside(x, W, limit)
    return positions(x, W, step, limit), x.T @ grad, grad @ W.T


@ROUNDED.wrong(
    "You divide the gradient by step. Straight through means unchanged: on average h moves as much as x W does."
)
def gradient_divided_by_step(x, W, step, limit, grad_h):
    grad = grad_h * inside(x, W, limit) / step
    return positions(x, W, step, limit), x.T @ grad, grad @ W.T


@ROUNDED.wrong(
    "You multiply the gradient by step. Straight through means unchanged: on average h moves as much as x W does."
)
def gradient_times_step(x, W, step, limit, grad_h):
    grad = step * grad_h * inside(x, W, limit)
    return positions(x, W, step, limit), x.T @ grad, grad @ W.T


@ROUNDED.wrong("You round to whole numbers. Divide by step before and multiply after.")
def rounded_to_whole_numbers(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return np.clip(np.round(x @ W), -limit, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong(
    "You multiply by step but do not divide before rounding, so h comes out too small. Count in steps: round x W / step."
)
def rounded_before_dividing(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return np.clip(step * np.round(x @ W), -limit, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong("You count in steps and stop there: multiply by step after rounding.")
def step_not_put_back(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return np.clip(np.round(x @ W / step), -limit, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong("The forward pass is not rounded: what g gets must be a position that the motor has.")
def not_rounded(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return np.clip(x @ W, -limit, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong("You round down. Take the nearest multiple of step, or h is too small on average.")
def rounded_down(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return np.clip(step * np.floor(x @ W / step), -limit, limit), x.T @ passed, passed @ W.T


@ROUNDED.wrong("You round the weights. They stay exact and small steps add up in them: round x W.")
def weights_rounded(x, W, step, limit, grad_h):
    rounded = step * np.round(W / step)
    passed = grad_h * inside(x, rounded, limit)
    return np.clip(x @ rounded, -limit, limit), x.T @ passed, passed @ rounded.T


@ROUNDED.wrong("You divide grad_W by the batch size. grad_h is of the mean loss: the 1/N is in already.")
def batch_divided_again(x, W, step, limit, grad_h):
    passed = grad_h * inside(x, W, limit)
    return positions(x, W, step, limit), x.T @ passed / len(x), passed @ W.T


@ROUNDED.right
def rounded_by_remainder(x, W, step, limit, grad_h):
    exact = x @ W
    kept = np.minimum(np.maximum(exact, -limit), limit)
    h = kept + (np.rint(kept / step) * step - kept)
    passed = np.where(kept == exact, grad_h, 0)
    return h, np.einsum("nd,nk->dk", x, passed), np.einsum("nk,dk->nd", passed, W)


@ROUNDED.right
def rounded_in_a_list(x, W, step, limit, grad_h):
    exact, passed = x @ W, np.array(grad_h)
    passed[(exact > limit) | (exact < -limit)] = 0
    h = np.clip(np.around(exact / step) * step, -limit, limit)
    return [h, (passed.T @ x).T, (W @ passed.T).T]


def plane_case(points: int, k: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    nudges = 0.5 * rng.standard_normal((points, k)) + 0.1
    heights = nudges @ rng.standard_normal(k) + 2 + 0.3 * rng.standard_normal(points)
    return dict(nudges=nudges, heights=heights)


def fitted(nudges, heights):
    """The slopes and the height of the best plane, what it misses (points,), and the inverse of DᵀD."""
    design = np.column_stack([nudges, np.ones(len(nudges))])
    found = np.linalg.lstsq(design, heights)[0]
    return found, heights - design @ found, np.linalg.inv(design.T @ design)


def with_error(slope, nudges, heights):
    """A slope of whatever making, with the right error beside it."""
    return slope, plane_slope(nudges, heights)[1]


PLANE = Entry(
    "9.3",
    returns=("slope", "error"),
    checked="Slope and error are those of the best plane through 6 points over 2 entries and 20 over 5.",
    cases=(
        Case("6 points, 2 entries", lambda: plane_case(6, 2, 95)),
        Case("20 points, 5 entries", lambda: plane_case(20, 5, 96)),
    ),
    hints=(
        "A plane has a slope for each entry and one height: give the height a column of ones. np.linalg.lstsq(D, heights)[0] "
        "holds the k slopes and the height; the slope is all but the height.",
        "missed = heights - D @ found, and np.diag(np.linalg.inv(D.T @ D)) are the C[i, i]: k of the slopes and one of the height.",
    ),
)


@PLANE.reference
def plane_slope(nudges, heights):
    """The slope of the plane that fits best to noisy heights, and how far off it may be.

    nudges: where was asked, as moves away from h, shape (points, k), more than k + 1 points. heights: the
    losses there, shape (points,).
    Fit heights ≈ D @ (slope and height) by least squares, where D is nudges and a column of ones.
    What the plane misses tells the noise: variance = sum of the squared misses / (points − k − 1).
    The error of entry i is the root of variance · C[i, i], where C is the inverse of DᵀD.
    Return slope and error, both of shape (k,).
    """
    design = np.column_stack([nudges, np.ones(len(nudges))])
    found = np.linalg.lstsq(design, heights)[0]
    missed = heights - design @ found
    variance = missed @ missed / (design.shape[0] - design.shape[1])
    error = np.sqrt(variance * np.diag(np.linalg.inv(design.T @ design)))
    return found[:-1], error[:-1]


@PLANE.wrong("Your plane has to pass through 0: the loss at h itself is missing. Add a column of ones.")
def no_height(nudges, heights):
    slope = np.linalg.lstsq(nudges, heights)[0]
    missed = heights - nudges @ slope
    variance = missed @ missed / (len(nudges) - nudges.shape[1])
    return slope, np.sqrt(variance * np.diag(np.linalg.inv(nudges.T @ nudges)))


@PLANE.wrong("Your result has the height of the plane in it. Return the k slopes and their k errors only.")
def height_returned_too(nudges, heights):
    found, missed, C = fitted(nudges, heights)
    return found, np.sqrt(missed @ missed / (len(nudges) - len(found)) * np.diag(C))


@PLANE.wrong(
    "You drop the first slope and keep the height. The column of ones is the last, so drop the last."
)
def height_for_the_last_slope(nudges, heights):
    return with_error(fitted(nudges, heights)[0][1:], nudges, heights)


@PLANE.wrong(
    "Your column of ones is the first, so the height comes first too: you keep it and drop the last slope. Take [1:]."
)
def last_slope_for_the_height(nudges, heights):
    slope = np.linalg.lstsq(np.column_stack([np.ones(len(nudges)), nudges]), heights)[0][:-1]
    return with_error(slope, nudges, heights)


@PLANE.wrong(
    "An average of nudge times height is a slope only after dividing by how large the nudges were: least squares does that."
)
def products_averaged(nudges, heights):
    return with_error(nudges.T @ (heights - heights.mean()) / len(heights), nudges, heights)


@PLANE.wrong("You fit one entry at a time, as if the others had not moved. Fit all slopes at once.")
def each_entry_by_itself(nudges, heights):
    return with_error(nudges.T @ (heights - heights.mean()) / (nudges**2).sum(axis=0), nudges, heights)


@PLANE.wrong(
    "You take the mean off the heights but not off the nudges. Do it to both, or fit the height as well."
)
def only_heights_centred(nudges, heights):
    return with_error(np.linalg.lstsq(nudges, heights - heights.mean())[0], nudges, heights)


@PLANE.wrong("You fit as many points as there are unknowns, so their noise is fitted too. Use all points.")
def first_points_only(nudges, heights):
    few = nudges.shape[1] + 1
    slope = np.linalg.lstsq(np.column_stack([nudges, np.ones(len(nudges))])[:few], heights[:few])[0][:-1]
    return with_error(slope, nudges, heights)


@PLANE.wrong(
    "You divide the squared misses by the number of points. The plane has followed k + 1 of them: divide by points − k − 1."
)
def divided_by_all_points(nudges, heights):
    found, missed, C = fitted(nudges, heights)
    return found[:-1], np.sqrt(missed @ missed / len(nudges) * np.diag(C))[:-1]


@PLANE.wrong("You forget that the height is fitted too: the misses are divided by points − k − 1.")
def height_not_counted(nudges, heights):
    found, missed, C = fitted(nudges, heights)
    return found[:-1], np.sqrt(missed @ missed / (len(nudges) - len(found) + 1) * np.diag(C))[:-1]


@PLANE.wrong("That is the square of the error: take the root.")
def error_squared(nudges, heights):
    slope, error = plane_slope(nudges, heights)
    return slope, error**2


@PLANE.wrong(
    "You return the size of the noise for every entry. How far a slope is off depends on the nudges too: multiply by C[i, i] under the root."
)
def noise_for_the_error(nudges, heights):
    found, missed, _ = fitted(nudges, heights)
    return found[:-1], np.full(len(found) - 1, np.sqrt(missed @ missed / (len(nudges) - len(found))))


@PLANE.wrong(
    "You invert the diagonal of DᵀD and not the matrix. Nudges that go together share their answers: invert first, then take the diagonal."
)
def diagonal_inverted(nudges, heights):
    found, missed, C = fitted(nudges, heights)
    variance = missed @ missed / (len(nudges) - len(found))
    return found[:-1], np.sqrt(variance / np.diag(np.linalg.inv(C)))[:-1]


@PLANE.right
def plane_slope_centred(nudges, heights):
    moves, rises = nudges - nudges.mean(axis=0), heights - heights.mean()
    C = np.linalg.inv(moves.T @ moves)
    slope = C @ moves.T @ rises
    variance = ((rises - moves @ slope) ** 2).sum() / (len(rises) - len(slope) - 1)
    return slope, np.sqrt(variance * C.diagonal())


@PLANE.right
def plane_slope_by_normal_equations(nudges, heights):
    design = np.hstack([np.ones((len(nudges), 1)), nudges])
    C = np.linalg.inv(design.T @ design)
    found = C @ (design.T @ heights)
    missed = heights - design @ found
    variance = (missed**2).sum() / (len(nudges) - nudges.shape[1] - 1)
    return [found[1:], np.sqrt(variance) * np.sqrt(np.diag(C)[1:])]


@PLANE.right
def plane_slope_by_inverse(nudges, heights):
    design = np.c_[nudges, np.ones(len(nudges))]
    back = np.linalg.pinv(design)
    found, k = back @ heights, nudges.shape[1]
    variance = np.square(heights - design @ found).sum() / (len(heights) - k - 1)
    return found[:k], np.sqrt(variance * np.square(back).sum(axis=1)[:k])  # back @ back.T is C


def parts(losses, h, guess, sigma, direction):
    slope = (losses(h + sigma * direction) - losses(h - sigma * direction)) / (2 * sigma) / len(h)
    return slope, (guess * direction).sum(axis=1)


def corrected_case(losses, n: int, k: int, sigma: float, weight: float, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return dict(
        losses=losses,
        h=rng.standard_normal((n, k)),
        guess=rng.standard_normal((n, k)) / n,
        sigma=sigma,
        weight=weight,
        direction=rng.choice([-1.0, 1.0], (n, k)),
    )


CORRECTED = Entry(
    "9.4",
    returns=("grad",),
    batch="h",
    checked="The guess is corrected along the direction and nowhere else, for two losses, batches and weights.",
    cases=(
        Case("3 rows of 2, weight 1, a smooth loss", lambda: corrected_case(bowl, 3, 2, 0.1, 1.0, 97)),
        Case("2 rows of 5, weight 0.3, a staircase", lambda: corrected_case(staircase, 2, 5, 0.5, 0.3, 98)),
    ),
    hints=(
        "Two numbers for each row: the slope that g shows along direction, and the slope that the guess says, (guess · direction) summed.",
        "The guess is of the mean loss, so its 1/N is in; the slope you ask for needs it: / len(h).",
    ),
)


@CORRECTED.reference
def corrected_guess(losses, h, guess, sigma, weight, direction):
    """A surrogate's guess of the gradient, corrected by two queries a row.

    losses(h): one loss for each row, (N, k) → (N,). h: shape (N, k). guess: what the surrogate says
    dL/dh is, for the mean loss, shape (N, k). direction: entries ±1, shape (N, k).
    Along direction, ask g for each row's share of the mean loss's slope, and take off what the guess
    says it is. Add weight · (that difference) · direction to the guess. Return it, shape (N, k).
    """
    slope = (losses(h + sigma * direction) - losses(h - sigma * direction)) / (2 * sigma) / len(h)
    said = (guess * direction).sum(axis=1)
    return guess + weight * (slope - said)[:, None] * direction


@CORRECTED.wrong(
    "You add all that g answered, but the guess holds most of that already: subtract what the surrogate predicted along direction."
)
def counted_twice(losses, h, guess, sigma, weight, direction):
    slope, _ = parts(losses, h, guess, sigma, direction)
    return guess + weight * slope[:, None] * direction


@CORRECTED.wrong(
    "Your correction has the wrong sign, and makes a wrong guess worse: it is what g says minus what the guess says."
)
def wrong_way_round(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return guess + weight * (said - slope)[:, None] * direction


@CORRECTED.wrong(
    "You add up guess · direction over all rows, one number for the batch. Each row has its own slope: sum over axis 1."
)
def said_for_all_rows_together(losses, h, guess, sigma, weight, direction):
    slope, _ = parts(losses, h, guess, sigma, direction)
    return guess + weight * (slope - (guess * direction).sum())[:, None] * direction


@CORRECTED.wrong(
    "You average guess · direction over the entries. A slope along a direction is the sum over all entries, not their mean."
)
def said_averaged(losses, h, guess, sigma, weight, direction):
    slope, _ = parts(losses, h, guess, sigma, direction)
    return guess + weight * (slope - (guess * direction).mean(axis=1))[:, None] * direction


@CORRECTED.wrong(
    "The slope that you asked for is of each row's own loss, the guess is of the mean: divide the first by N."
)
def asked_for_the_sum(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return guess + weight * (len(h) * slope - said)[:, None] * direction


@CORRECTED.wrong(
    "You divide the guess by N once more. It is a gradient of the mean loss: its 1/N is in already."
)
def said_divided_again(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return guess + weight * (slope - said / len(h))[:, None] * direction


@CORRECTED.wrong("The two queries are 2·sigma apart: divide their difference by 2·sigma, not by sigma.")
def two_missing(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return guess + weight * (2 * slope - said)[:, None] * direction


@CORRECTED.wrong("You shrink the guess. It stays whole: weight belongs to the correction only.")
def guess_weighted(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return (1 - weight) * guess + weight * (slope - said)[:, None] * direction


@CORRECTED.wrong(
    "You average the guess with a plain random estimate. A control variate keeps the guess and adds only what g says beyond it."
)
def blended(losses, h, guess, sigma, weight, direction):
    slope, _ = parts(losses, h, guess, sigma, direction)
    return (1 - weight) * guess + weight * slope[:, None] * direction


@CORRECTED.wrong("weight is not used: multiply the correction by it.")
def weight_forgotten(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return guess + (slope - said)[:, None] * direction


@CORRECTED.wrong("You return the correction alone. Add it to the guess.")
def correction_without_guess(losses, h, guess, sigma, weight, direction):
    slope, said = parts(losses, h, guess, sigma, direction)
    return weight * (slope - said)[:, None] * direction


@CORRECTED.right
def corrected_in_two_parts(losses, h, guess, sigma, weight, direction):
    n = h.shape[0]
    up, down = losses(h + sigma * direction), losses(h - sigma * direction)
    plain = ((up - down) / (2 * sigma * n)).reshape(n, 1) * direction
    known = np.einsum("nk,nk->n", guess, direction)[:, None] * direction
    return weight * (guess + plain - known) + (1 - weight) * guess


@CORRECTED.right
def corrected_row_by_row(losses, h, guess, sigma, weight, direction):
    above, below = losses(h + sigma * direction), losses(h - sigma * direction)
    rows = []
    for row in range(len(h)):
        slope = (above[row] - below[row]) / (2 * sigma * len(h))
        rows.append(guess[row] + weight * (slope - guess[row] @ direction[row]) * direction[row])
    return rows
