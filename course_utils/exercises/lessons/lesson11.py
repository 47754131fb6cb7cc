"""Exercises 11.1 to 11.4: how low-pass a kernel is, the gradient of that, and penalty and projection in the step."""

from typing import Any

import numpy as np

from course_utils.engine import structure
from course_utils.engine.estimate import numerical_gradient
from course_utils.engine.structure import stop_band_share
from course_utils.exercises.bank import Case, Entry, normal


def waves_of(kernel, frequencies, turn=2 * np.pi):
    return np.exp(-1j * turn * np.outer(np.arange(len(kernel)), frequencies))


RESPONSE = Entry(
    "11.1",
    returns=("response",),
    checked="|H(ν)|² is right for kernels of 3, 5 and 8 taps, none of them symmetric.",
    cases=(
        Case(
            "3 taps, 4 frequencies",
            lambda: dict(kernel=np.array([1.0, 2, -0.5]), frequencies=np.array([0, 0.1, 0.25, 0.4])),
        ),
        Case(
            "5 taps, 3 frequencies",
            lambda: dict(kernel=normal(5, seed=101), frequencies=np.array([0.05, 0.3, 0.5])),
        ),
        Case("8 taps, 1 frequency", lambda: dict(kernel=normal(8, seed=121), frequencies=np.array([0.2]))),
    ),
    hints=(
        "e^(−2πi ν n) is np.exp(-2j * np.pi * nu * n); np.outer gives it for all n and all ν at once.",
        "Sum over n first, with the kernel as weights: kernel @ waves, waves of shape (taps, F). Then abs, then the square.",
    ),
)


@RESPONSE.reference
def frequency_response(kernel, frequencies):
    """How strongly a sine of each frequency ν comes through a kernel: |H(ν)|², H(ν) = Σ_n kernel[n] e^(−2πi ν n).

    kernel: shape (taps,), n counts from 0. frequencies: shape (F,), in cycles per sample.
    Return the response |H(ν)|² at each of the frequencies, real numbers of shape (F,).
    """
    waves = np.exp(-2j * np.pi * np.outer(np.arange(len(kernel)), frequencies))
    return np.abs(kernel @ waves) ** 2


@RESPONSE.wrong("Your frequencies are angles. They come in cycles per sample: one cycle is 2π.")
def two_pi_missing(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies, 1)) ** 2


@RESPONSE.wrong("You turn by π a cycle. A whole cycle is 2π.")
def half_a_turn(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies, np.pi)) ** 2


@RESPONSE.wrong("This is |H|, the amplitude. Asked is its square, the energy.")
def amplitude_returned(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies))


@RESPONSE.wrong(
    "You square the real part only. A sine shifted by a quarter of a cycle has none: |H|² is real² + imaginary²."
)
def cosine_only(kernel, frequencies):
    return (kernel @ waves_of(kernel, frequencies)).real ** 2


@RESPONSE.wrong("You square the complex number itself. Take np.abs first, then the square.")
def squared_without_abs(kernel, frequencies):
    return ((kernel @ waves_of(kernel, frequencies)) ** 2).real


@RESPONSE.wrong(
    "You square each tap's part before the sum, so no two parts can cancel: add them up first, as complex numbers."
)
def squared_before_the_sum(kernel, frequencies):
    return (np.abs(kernel[:, None] * waves_of(kernel, frequencies)) ** 2).sum(axis=0)


@RESPONSE.wrong("You divide by the number of taps. H is a sum over the taps, not a mean.")
def mean_over_the_taps(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies) / len(kernel)) ** 2


@RESPONSE.wrong(
    "You sum cosines alone, with n from 1. Sines belong to it too: use e^(−2πi ν n), and |·|² of the sum."
)
def counted_from_one(kernel, frequencies):
    n = np.arange(1, len(kernel) + 1)
    return (kernel @ np.cos(2 * np.pi * np.outer(n, frequencies))) ** 2


@RESPONSE.wrong(
    "np.fft.rfft has frequencies of its own: 0, 1/taps, 2/taps, … up to 1/2. Here they are given; write the sum, with e^(−2πi ν n)."
)
def rfft_of_the_kernel(kernel, frequencies):
    return np.abs(np.fft.rfft(kernel)) ** 2


@RESPONSE.wrong(
    "An np.fft.rfft as long as frequencies has the right shape, but frequencies of its own, evenly from 0 to 1/2. "
    "Use the given ones: write the sum, with e^(−2πi ν n)."
)
def rfft_made_as_long(kernel, frequencies):
    return np.abs(np.fft.rfft(kernel, 2 * (len(frequencies) - 1))) ** 2


@RESPONSE.wrong(
    "An np.fft.fft as long as frequencies has the right shape, but frequencies of its own, evenly from 0 to 1. "
    "Use the given ones: write the sum, with e^(−2πi ν n)."
)
def fft_made_as_long(kernel, frequencies):
    return np.abs(np.fft.fft(kernel, len(frequencies))) ** 2


@RESPONSE.right
def response_by_sine_and_cosine(kernel, frequencies):
    response = []
    for nu in frequencies:
        real = sum(w * np.cos(2 * np.pi * nu * n) for n, w in enumerate(kernel))
        imaginary = sum(w * np.sin(2 * np.pi * nu * n) for n, w in enumerate(kernel))
        response.append(real**2 + imaginary**2)
    return response


RESPONSE.right(structure.frequency_response)


def mean_share(kernels, S):
    return np.mean([w @ S @ w / (w @ w) for w in kernels])


def by_row(kernels, S):
    """wSw, ww and the share of each row, each (channels, 1)."""
    energy = (kernels**2).sum(axis=1, keepdims=True)
    stop = ((kernels @ S) * kernels).sum(axis=1, keepdims=True)
    return stop, energy, stop / energy


def symmetric(size: int, seed: int) -> np.ndarray:
    A = normal(size, size, seed=seed)
    return A @ A.T / size


SHARE = Entry(
    "11.2",
    returns=("share", "grad_kernels"),
    checked="The share, and its gradient against central differences, for layers of 1 to 6 channels.",
    cases=(
        Case("1 channel, 3 taps", lambda: dict(kernels=normal(1, 3, seed=102), S=symmetric(3, 103))),
        Case(
            "2 channels, 3 taps", lambda: dict(kernels=normal(2, 3, seed=104), S=structure.stop_band(3, 0.1))
        ),
        Case(
            "3 channels, 5 taps", lambda: dict(kernels=normal(3, 5, seed=105), S=structure.stop_band(5, 0.2))
        ),
        Case(
            "6 channels, 4 taps", lambda: dict(kernels=normal(6, 4, seed=122), S=structure.stop_band(4, 0.1))
        ),
    ),
    hints=(
        "For one row, the gradient of w S w is 2 S w and that of w w is 2 w. Put them into the quotient rule.",
        "It simplifies to 2 (S w − share · w) / (w w), with the row's own share; the mean divides by the number of channels. "
        "kernels @ S has S w in every row.",
    ),
    rtol=1e-6,
)


SHARE.reference(stop_band_share)


@SHARE.truth
def share_truth(kernels, S):
    return mean_share(kernels, S), numerical_gradient(lambda kernels: mean_share(kernels, S), kernels)


@SHARE.wrong(
    "This is the energy in the stop band, not the share of it: a kernel that shrinks would do. Divide by w w."
)
def energy_instead_of_share(kernels, S):
    return by_row(kernels, S)[0].mean(), 2 * kernels @ S / len(kernels)


@SHARE.wrong("Your share is right, but the gradient is that of w S w alone. Differentiate the quotient.")
def energy_in_the_gradient(kernels, S):
    return mean_share(kernels, S), 2 * kernels @ S / len(kernels)


@SHARE.wrong(
    "You differentiate w S w and take w w for a constant. It changes with w too: the quotient rule subtracts share · w."
)
def denominator_held_fixed(kernels, S):
    return mean_share(kernels, S), 2 * kernels @ S / by_row(kernels, S)[1] / len(kernels)


@SHARE.wrong("Half the gradient: both w S w and w w are quadratic, and each brings a factor of 2.")
def two_forgotten(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, grad / 2


@SHARE.wrong(
    "The share is a mean over the channels, and your gradient that of the sum: divide it by the number of channels."
)
def mean_forgotten_in_the_gradient(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, grad * len(kernels)


@SHARE.wrong("You sum over the channels. The share of the layer is their mean.")
def sum_over_channels(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share * len(kernels), grad * len(kernels)


@SHARE.wrong(
    "You divide all stop-band energy by all energy, so a loud channel hides the others. Take each row's share, then the mean."
)
def channels_thrown_together(kernels, S):
    energy = (kernels**2).sum()
    share = ((kernels @ S) * kernels).sum() / energy
    return share, 2 * (kernels @ S - share * kernels) / energy


@SHARE.wrong("This is the share of the pass band, 1 minus what is asked.")
def pass_band_share(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return 1 - share, -grad


@SHARE.wrong("Your gradient points downhill. Return the gradient itself; the update takes it away.")
def downhill_already(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, -grad


@SHARE.wrong("You divide by the length of w. The energy w w is its square: leave the root out.")
def divided_by_the_norm(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    share = (stop / np.sqrt(energy)).mean()
    return share, 2 * (kernels @ S - stop / energy * kernels) / np.sqrt(energy) / len(kernels)


@SHARE.wrong("Your quotient rule has w w above and w S w below; it is the other way round.")
def quotient_rule_turned_round(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (kernels - energy / stop * (kernels @ S)) / stop / len(kernels)


@SHARE.wrong(
    "You subtract the layer's share in every row. Each row's quotient has its own share in its gradient."
)
def share_of_the_mean_in_every_channel(kernels, S):
    share = mean_share(kernels, S)
    return share, 2 * (kernels @ S - share * kernels) / by_row(kernels, S)[1] / len(kernels)


@SHARE.wrong("Your gradient divides by w w. The quotient rule divides by its square, (w w)².")
def divided_by_the_energy_once(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (energy * (kernels @ S) - stop * kernels) / energy / len(kernels)


@SHARE.wrong("You add the second part of the quotient rule. It has a minus: S w − share · w.")
def quotient_rule_with_a_plus(kernels, S):
    _, energy, share = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (kernels @ S + share * kernels) / energy / len(kernels)


@SHARE.wrong(
    "You divide every row by the energy of all rows together. Sum the squares of one row at a time: axis=1, keepdims=True."
)
def one_energy_for_all_channels(kernels, S):
    energy = (kernels**2).sum()
    shares = by_row(kernels, S)[0] / energy
    return shares.mean(), 2 * (kernels @ S - shares * kernels) / energy / len(kernels)


@SHARE.right
def share_by_channel(kernels, S):
    share, grad = 0.0, np.zeros(np.shape(kernels))
    for c, w in enumerate(kernels):
        stop, energy = w @ S @ w, w @ w
        share += stop / energy / len(kernels)
        grad[c] = (2 * S @ w * energy - stop * 2 * w) / energy**2 / len(kernels)
    return share, grad


@SHARE.right
def share_of_unit_kernels(kernels, S):
    """A kernel of length 1 has its leak for a share; the gradient has no part along the kernel."""
    lengths = np.linalg.norm(kernels, axis=1, keepdims=True)
    u = kernels / lengths
    leaked = u @ S
    shares = np.sum(u * leaked, axis=1, keepdims=True)
    return shares.mean(), (leaked - shares * u) * 2 / lengths / len(u)


def projection_case(channels: int, taps: int, limit: float, seed: int, cut: float = 0.2) -> dict[str, Any]:
    S, Q = structure.stop_band(taps, cut), structure.slepian(taps, cut)
    return dict(kernels=normal(channels, taps, seed=seed), Q=Q, S=S, limit=limit)


def kept(Q, S, limit):
    return Q[:, np.diagonal(Q.T @ S @ Q) <= limit]


PROJECT = Entry(
    "11.3",
    returns=("near",),
    checked="The right columns are kept, and the kernels are the nearest, for 2 channels of 4 taps and for 3 of 7.",
    cases=(
        # Of these two limits, one on the mean of the shares keeps one more, one on their sum one less.
        Case("2 channels, 4 taps, limit 0.47", lambda: projection_case(2, 4, 0.47, 106)),
        Case("3 channels, 7 taps, limit 0.35", lambda: projection_case(3, 7, 0.35, 107)),
        # With Q in the place of its transpose all seven would be kept.
        Case("3 channels, 7 taps, limit 0.9", lambda: projection_case(3, 7, 0.9, 108, cut=0.1)),
    ),
    hints=(
        "Column v has length 1, so its share is v S v. A kernel made of several columns leaks as much as the worst of them "
        "at most: keep those whose own share is within the limit.",
        "np.diagonal(Q.T @ S @ Q) are the shares; V = Q[:, shares <= limit]. How much of a column v is in w? w v, so "
        "kernels @ V are these numbers. Multiply the columns by them and add: @ V.T.",
    ),
    rtol=1e-6,
)


@PROJECT.reference
def project_kernels(kernels, Q, S, limit):
    """The nearest kernels in the largest span that keeps a limit.

    kernels: shape (channels, taps). S: shape (taps, taps), as in exercise 11.2; limit: a share.
    Q: shape (taps, taps), its columns have length 1 and are at right angles: the eigenvectors of S, the one that leaks
    least first. Keep as many of its first columns as you can, so that no kernel made of them leaks more than limit.
    Return near, shape (channels, taps): for each row of kernels the nearest row that is a sum of multiples of the
    columns that you keep.
    """
    V = Q[:, np.diagonal(Q.T @ S @ Q) <= limit]
    return kernels @ V @ V.T


@PROJECT.wrong(
    "You keep too many columns: the mean of their shares is within the limit. A kernel may be the worst column alone, "
    "so each of them has to keep it."
)
def limit_on_the_mean(kernels, Q, S, limit):
    shares = np.diagonal(Q.T @ S @ Q)
    V = Q[:, np.cumsum(shares) / np.arange(1, len(Q) + 1) <= limit]
    return kernels @ V @ V.T


@PROJECT.wrong(
    "You keep too few columns: you add up their shares. A kernel spreads its energy over the columns, so its share is a "
    "mean of theirs, and never more than the worst."
)
def limit_on_the_sum(kernels, Q, S, limit):
    V = Q[:, np.cumsum(np.diagonal(Q.T @ S @ Q)) <= limit]
    return kernels @ V @ V.T


@PROJECT.wrong("This is what the projection takes away: the columns over the limit. Return what remains.")
def leaky_columns_kept(kernels, Q, S, limit):
    V = Q[:, np.diagonal(Q.T @ S @ Q) > limit]
    return kernels @ V @ V.T


@PROJECT.wrong("You keep three columns, whatever the limit. How many keep it depends on S.")
def always_three(kernels, Q, S, limit):
    return kernels @ Q[:, :3] @ Q[:, :3].T


@PROJECT.wrong("All columns are kept, and together they make every kernel there is. Choose by the limit.")
def every_column_kept(kernels, Q, S, limit):
    return kernels @ Q @ Q.T


@PROJECT.wrong("These are coordinates. Multiply the columns by them and add: that gives rows of taps again.")
def coordinates_returned(kernels, Q, S, limit):
    return kernels @ kept(Q, S, limit)


@PROJECT.wrong(
    "These are coordinates, of three columns whatever the limit. Choose the columns by the limit, then multiply them by "
    "the coordinates and add: that gives rows of taps again."
)
def coordinates_of_three(kernels, Q, S, limit):
    return kernels @ Q[:, :3]


@PROJECT.wrong("You go twice as far as the nearest point, to the mirror image.")
def mirrored(kernels, Q, S, limit):
    return 2 * project_kernels(kernels, Q, S, limit) - kernels


@PROJECT.wrong("You stretch the result to its old length. The nearest point is shorter: leave it so.")
def energy_restored(kernels, Q, S, limit):
    near = project_kernels(kernels, Q, S, limit)
    lengths = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in (kernels, near)]
    return near * lengths[0] / lengths[1]


@PROJECT.right
def projected_by_least_squares(kernels, Q, S, limit):
    V = kept(Q, S, limit)
    return (V @ np.linalg.lstsq(V, kernels.T, rcond=None)[0]).T


@PROJECT.right
def projected_column_by_column(kernels, Q, S, limit):
    near = np.zeros(kernels.shape)
    for v in Q.T:
        if v @ S @ v <= limit:
            near += (kernels @ v)[:, None] * v
    return near.tolist()


@PROJECT.right
def what_is_outside_taken_away(kernels, Q, S, limit):
    k = int(np.sum(np.linalg.eigvalsh(S) <= limit))
    return kernels - kernels @ Q[:, k:] @ Q[:, k:].T


def penalised(theta, grad, part, shape, strength, share_grad):
    total = grad.copy()
    total[part] += strength * share_grad(theta[part].reshape(shape)).ravel()
    return total


def projected(theta, part, shape, nearest):
    new = theta.copy()
    new[part] = nearest(theta[part].reshape(shape)).ravel()
    return new


def step_case(shape: tuple[int, int], around: tuple[int, int], seed: int) -> dict[str, Any]:
    channels, taps = shape
    size = channels * taps
    S, V = structure.stop_band(taps, 0.15), structure.slepian(taps, 0.15)[:, :2]
    return dict(
        theta=normal(size + sum(around), seed=seed),
        grad=normal(size + sum(around), seed=seed + 1),
        rate=0.3,
        part=slice(around[0], around[0] + size),
        shape=shape,
        strength=2.5,
        share_grad=lambda kernels: stop_band_share(kernels, S)[1],
        nearest=lambda kernels: kernels @ V @ V.T,
    )


STEP = Entry(
    "11.4",
    returns=("new_theta",),
    checked="Penalty and projection stand in their places and touch the layer only; the other weights step as before.",
    cases=(
        Case("a layer of 1 x 4 among 7 weights", lambda: step_case((1, 4), (1, 2), 108)),
        Case("a layer of 2 x 5 among 15 weights", lambda: step_case((2, 5), (2, 3), 110)),
    ),
    hints=(
        "Read the equation from right to left: λ ∇R(θ) is added to the gradient, then the step, then Π. "
        "theta[part].reshape(shape) are the kernels; .ravel() makes them flat again.",
        "On a copy of grad: copy[part] += strength * share_grad(…).ravel(). Then new = theta - rate * copy, "
        "and last new[part] = nearest(new[part].reshape(shape)).ravel().",
    ),
    rtol=1e-6,
)


@STEP.reference
def structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest):
    """One step of θ ← Π( θ − η (ĝ + λ ∇R(θ)) ), where R and Π are about one layer of the network only.

    theta, grad: shape (P,). rate is η, strength is λ, both numbers.
    part: the slice of theta with the layer's weights; reshaped to shape (channels, taps) they are its kernels.
    share_grad(kernels): gradient of R, shape (channels, taps). nearest(kernels): their projection, shape (channels, taps).
    Return new_theta, shape (P,).
    """
    step = grad.copy()
    step[part] += strength * share_grad(theta[part].reshape(shape)).ravel()
    new = theta - rate * step
    new[part] = nearest(new[part].reshape(shape)).ravel()
    return new


@STEP.wrong(
    "The penalty does not reach the step. Adding it to the loss that you print changes nothing: add its gradient to grad[part]."
)
def penalty_in_the_loss_only(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta - rate * grad, part, shape, nearest)


@STEP.wrong("You project, and then step out again. Π comes last, so that what you return is low-pass.")
def projection_before_the_step(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta, part, shape, nearest) - rate * penalised(
        theta, grad, part, shape, strength, share_grad
    )


@STEP.wrong(
    "You project the step, not the kernels. What was outside before stays outside: project the new weights."
)
def step_made_low_pass(theta, grad, rate, part, shape, strength, share_grad, nearest):
    total = penalised(theta, grad, part, shape, strength, share_grad)
    return theta - rate * projected(total, part, shape, nearest)


@STEP.wrong(
    "The projection is missing, or what it returns is not used: after the step, new[part] goes through nearest."
)
def projection_left_out(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return theta - rate * penalised(theta, grad, part, shape, strength, share_grad)


@STEP.wrong("The penalty escapes the rate. Its gradient belongs into the bracket that η multiplies.")
def penalty_not_scaled_by_the_rate(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] -= strength * share_grad(theta[part].reshape(shape)).ravel()
    return projected(new, part, shape, nearest)


@STEP.wrong("λ is missing: multiply share_grad by strength.")
def strength_left_out(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta - rate * penalised(theta, grad, part, shape, 1, share_grad), part, shape, nearest)


@STEP.wrong("In the layer the penalty's gradient replaces that of the loss. Add it: +=, not =.")
def penalty_instead_of_gradient(theta, grad, rate, part, shape, strength, share_grad, nearest):
    total = grad.copy()
    total[part] = strength * share_grad(theta[part].reshape(shape)).ravel()
    return projected(theta - rate * total, part, shape, nearest)


@STEP.wrong("You take the penalty's gradient after the step on the loss. Both gradients belong to the old θ.")
def penalty_at_the_new_place(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] -= rate * strength * share_grad(new[part].reshape(shape)).ravel()
    return projected(new, part, shape, nearest)


@STEP.wrong("Only the layer moves. The other weights take their step as always.")
def only_the_layer_moves(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta.copy()
    new[part] = structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part]
    return new


@STEP.wrong(
    "The layer is projected but takes no step: project what the step has made of it, not the old weights."
)
def only_the_rest_moves(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] = nearest(theta[part].reshape(shape)).ravel()
    return new


@STEP.wrong(
    "You return the layer's kernels and nothing else. Write them back, flat, into the stepped theta: "
    "new_theta[part] = kernels.ravel()."
)
def kernels_alone_returned(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part].reshape(shape)


@STEP.wrong(
    "You return the layer's part alone. Asked is all of theta: let every weight step, then write the layer into new_theta[part]."
)
def layer_alone_returned(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part]


@STEP.wrong("Your penalty rewards the leak: its gradient is added to that of the loss.")
def leak_rewarded(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(
        theta - rate * penalised(theta, grad, part, shape, -strength, share_grad), part, shape, nearest
    )


@STEP.wrong("You project first and step from there. Start from theta as it is; Π comes last.")
def all_of_it_from_the_projected_kernels(theta, grad, rate, part, shape, strength, share_grad, nearest):
    theta = projected(theta, part, shape, nearest)
    return theta - rate * penalised(theta, grad, part, shape, strength, share_grad)


@STEP.wrong(
    "You take ∇R at the projected kernels. Take it at theta as it is: the equation says ∇R(θ), and projects once, at the end."
)
def penalty_of_the_projected_kernels(theta, grad, rate, part, shape, strength, share_grad, nearest):
    near = projected(theta, part, shape, nearest)
    push = penalised(near, grad, part, shape, strength, share_grad)
    return projected(theta - rate * push, part, shape, nearest)


@STEP.wrong(
    "You subtract the penalty's gradient after Π. Add it to grad before the step; nothing comes after Π."
)
def penalty_after_the_projection(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = projected(theta - rate * grad, part, shape, nearest)
    new[part] -= rate * strength * share_grad(theta[part].reshape(shape)).ravel()
    return new


@STEP.wrong(
    "You take ∇R of what Π has left, and step on. Take it at theta, before the step; nothing comes after Π."
)
def penalty_of_what_the_projection_left(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = projected(theta - rate * grad, part, shape, nearest)
    new[part] -= rate * strength * share_grad(new[part].reshape(shape)).ravel()
    return new


@STEP.right
def step_in_pieces(theta, grad, rate, part, shape, strength, share_grad, nearest):
    start, stop = part.start, part.stop
    kernels = theta[part].reshape(shape)
    kernels = kernels - rate * (grad[part].reshape(shape) + strength * share_grad(kernels))
    before, after = (theta[s] - rate * grad[s] for s in (slice(0, start), slice(stop, None)))
    return np.concatenate([before, np.ravel(nearest(kernels)), after])


@STEP.right
def step_with_a_padded_penalty(theta, grad, rate, part, shape, strength, share_grad, nearest):
    R = np.zeros(len(theta))
    R[part] = share_grad(theta[part].reshape(shape)).ravel()
    new = theta - rate * (grad + strength * R)
    new[part] = nearest(new[part].reshape(shape)).ravel()
    return list(new)


@STEP.right
def step_projected_twice(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = step_in_pieces(theta, grad, rate, part, shape, strength, share_grad, nearest)
    return projected(new, part, shape, nearest)
