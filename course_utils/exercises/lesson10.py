"""Exercises of lesson 10: how low-pass a kernel is, the gradient of that, and three ways to keep it so."""

from typing import Any

import numpy as np

from course_utils import structure
from course_utils.estimate import numerical_gradient
from course_utils.exercises.bank import Case, Exercise, Misconception


def normal(*shape: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


# ---------------------------------------------------------------- 10.1 frequency response


def frequency_response(kernel, frequencies):
    """How strongly a sine of each frequency ν comes through a kernel: |H(ν)|², H(ν) = Σ_n kernel[n] e^(−2πi ν n).

    kernel: shape (taps,), n counts from 0. frequencies: shape (F,), in cycles per sample.
    Return the response |H(ν)|² at each of the frequencies, real numbers of shape (F,).
    """
    waves = np.exp(-2j * np.pi * np.outer(np.arange(len(kernel)), frequencies))
    return np.abs(kernel @ waves) ** 2


def waves_of(kernel, frequencies, turn=2 * np.pi):
    return np.exp(-1j * turn * np.outer(np.arange(len(kernel)), frequencies))


def two_pi_missing(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies, 1)) ** 2


def half_a_turn(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies, np.pi)) ** 2


def amplitude_returned(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies))


def cosine_only(kernel, frequencies):
    return (kernel @ waves_of(kernel, frequencies)).real ** 2


def squared_without_abs(kernel, frequencies):
    return ((kernel @ waves_of(kernel, frequencies)) ** 2).real


def squared_before_the_sum(kernel, frequencies):
    return (np.abs(kernel[:, None] * waves_of(kernel, frequencies)) ** 2).sum(axis=0)


def mean_over_the_taps(kernel, frequencies):
    return np.abs(kernel @ waves_of(kernel, frequencies) / len(kernel)) ** 2


def counted_from_one(kernel, frequencies):
    n = np.arange(1, len(kernel) + 1)
    return (kernel @ np.cos(2 * np.pi * np.outer(n, frequencies))) ** 2


def rfft_of_the_kernel(kernel, frequencies):
    return np.abs(np.fft.rfft(kernel)) ** 2


def rfft_made_as_long(kernel, frequencies):
    return np.abs(np.fft.rfft(kernel, 2 * (len(frequencies) - 1))) ** 2


def fft_made_as_long(kernel, frequencies):
    return np.abs(np.fft.fft(kernel, len(frequencies))) ** 2


def response_by_sine_and_cosine(kernel, frequencies):
    response = []
    for nu in frequencies:
        real = sum(w * np.cos(2 * np.pi * nu * n) for n, w in enumerate(kernel))
        imaginary = sum(w * np.sin(2 * np.pi * nu * n) for n, w in enumerate(kernel))
        response.append(real**2 + imaginary**2)
    return response


RESPONSE = Exercise(
    number="10.1",
    reference=frequency_response,
    returns=("response",),
    checked="|H(ν)|² is right for kernels of 3 and 5 taps, neither of them symmetric.",
    cases=(
        Case(
            "3 taps, 4 frequencies",
            lambda: dict(kernel=np.array([1.0, 2, -0.5]), frequencies=np.array([0, 0.1, 0.25, 0.4])),
        ),
        Case(
            "5 taps, 3 frequencies",
            lambda: dict(kernel=normal(5, seed=101), frequencies=np.array([0.05, 0.3, 0.5])),
        ),
    ),
    hints=(
        "e^(−2πi ν n) is np.exp(-2j * np.pi * nu * n); np.outer gives it for all n and all ν at once.",
        "Sum over n first, with the kernel as weights: kernel @ waves, waves of shape (taps, F). Then abs, then the square.",
    ),
    misconceptions=(
        Misconception(
            two_pi_missing,
            "Your frequencies are angles. They come in cycles per sample: one cycle is 2π.",
        ),
        Misconception(half_a_turn, "You turn by π a cycle. A whole cycle is 2π."),
        Misconception(amplitude_returned, "This is |H|, the amplitude. Asked is its square, the energy."),
        Misconception(
            cosine_only,
            "You square the real part only. A sine shifted by a quarter of a cycle has none: |H|² is real² + imaginary².",
        ),
        Misconception(
            squared_without_abs, "You square the complex number itself. Take np.abs first, then the square."
        ),
        Misconception(
            squared_before_the_sum,
            "You square each tap's part before the sum, so no two parts can cancel: add them up first, as complex numbers.",
        ),
        Misconception(
            mean_over_the_taps, "You divide by the number of taps. H is a sum over the taps, not a mean."
        ),
        Misconception(
            counted_from_one,
            "You sum cosines alone, with n from 1. Sines belong to it too: use e^(−2πi ν n), and |·|² of the sum.",
        ),
        Misconception(
            rfft_of_the_kernel,
            "np.fft.rfft has frequencies of its own: 0, 1/taps, 2/taps, … up to 1/2. Here they are given; write the sum, with e^(−2πi ν n).",
        ),
        Misconception(
            rfft_made_as_long,
            "An np.fft.rfft as long as frequencies has the right shape, but frequencies of its own, evenly from 0 to 1/2. "
            "Use the given ones: write the sum, with e^(−2πi ν n).",
        ),
        Misconception(
            fft_made_as_long,
            "An np.fft.fft as long as frequencies has the right shape, but frequencies of its own, evenly from 0 to 1. "
            "Use the given ones: write the sum, with e^(−2πi ν n).",
        ),
    ),
    alternatives=(response_by_sine_and_cosine, structure.frequency_response),
)

# ---------------------------------------------------------------- 10.2 the share and its gradient


def stop_band_share(kernels, S):
    """The share of the kernels' energy that lies in the stop band, and its gradient.

    kernels: shape (channels, taps), w is one row. S: symmetric, shape (taps, taps); w S w is the energy of w
    in the stop band, w w (the sum of its squares) the energy in all.
    The share of a row is (w S w) / (w w); the share of the layer is the mean over its channels.
    Return the share of the layer (a number), and grad_kernels, its gradient, shape (channels, taps).
    """
    energy = (kernels**2).sum(axis=1, keepdims=True)
    leaked = kernels @ S
    shares = (leaked * kernels).sum(axis=1, keepdims=True) / energy
    return shares.mean(), 2 * (leaked - shares * kernels) / energy / len(kernels)


def mean_share(kernels, S):
    return np.mean([w @ S @ w / (w @ w) for w in kernels])


def share_truth(kernels, S):
    return mean_share(kernels, S), numerical_gradient(lambda kernels: mean_share(kernels, S), kernels)


def by_row(kernels, S):
    """wSw, ww and the share of each row, each (channels, 1)."""
    energy = (kernels**2).sum(axis=1, keepdims=True)
    stop = ((kernels @ S) * kernels).sum(axis=1, keepdims=True)
    return stop, energy, stop / energy


def energy_instead_of_share(kernels, S):
    return by_row(kernels, S)[0].mean(), 2 * kernels @ S / len(kernels)


def energy_in_the_gradient(kernels, S):
    return mean_share(kernels, S), 2 * kernels @ S / len(kernels)


def denominator_held_fixed(kernels, S):
    return mean_share(kernels, S), 2 * kernels @ S / by_row(kernels, S)[1] / len(kernels)


def two_forgotten(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, grad / 2


def mean_forgotten_in_the_gradient(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, grad * len(kernels)


def sum_over_channels(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share * len(kernels), grad * len(kernels)


def channels_thrown_together(kernels, S):
    energy = (kernels**2).sum()
    share = ((kernels @ S) * kernels).sum() / energy
    return share, 2 * (kernels @ S - share * kernels) / energy


def pass_band_share(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return 1 - share, -grad


def downhill_already(kernels, S):
    share, grad = stop_band_share(kernels, S)
    return share, -grad


def divided_by_the_norm(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    share = (stop / np.sqrt(energy)).mean()
    return share, 2 * (kernels @ S - stop / energy * kernels) / np.sqrt(energy) / len(kernels)


def quotient_rule_turned_round(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (kernels - energy / stop * (kernels @ S)) / stop / len(kernels)


def share_of_the_mean_in_every_channel(kernels, S):
    share = mean_share(kernels, S)
    return share, 2 * (kernels @ S - share * kernels) / by_row(kernels, S)[1] / len(kernels)


def divided_by_the_energy_once(kernels, S):
    stop, energy, _ = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (energy * (kernels @ S) - stop * kernels) / energy / len(kernels)


def quotient_rule_with_a_plus(kernels, S):
    _, energy, share = by_row(kernels, S)
    return mean_share(kernels, S), 2 * (kernels @ S + share * kernels) / energy / len(kernels)


def one_energy_for_all_channels(kernels, S):
    energy = (kernels**2).sum()
    shares = by_row(kernels, S)[0] / energy
    return shares.mean(), 2 * (kernels @ S - shares * kernels) / energy / len(kernels)


def share_by_channel(kernels, S):
    share, grad = 0.0, np.zeros(np.shape(kernels))
    for c, w in enumerate(kernels):
        stop, energy = w @ S @ w, w @ w
        share += stop / energy / len(kernels)
        grad[c] = (2 * S @ w * energy - stop * 2 * w) / energy**2 / len(kernels)
    return share, grad


def symmetric(size: int, seed: int) -> np.ndarray:
    A = normal(size, size, seed=seed)
    return A @ A.T / size


SHARE = Exercise(
    number="10.2",
    reference=stop_band_share,
    truth=share_truth,
    returns=("share", "grad_kernels"),
    checked="The share, and its gradient against central differences, for layers of 1, 2 and 3 channels.",
    cases=(
        Case("1 channel, 3 taps", lambda: dict(kernels=normal(1, 3, seed=102), S=symmetric(3, 103))),
        Case(
            "2 channels, 3 taps", lambda: dict(kernels=normal(2, 3, seed=104), S=structure.stop_band(3, 0.1))
        ),
        Case(
            "3 channels, 5 taps", lambda: dict(kernels=normal(3, 5, seed=105), S=structure.stop_band(5, 0.2))
        ),
    ),
    hints=(
        "For one row, the gradient of w S w is 2 S w and that of w w is 2 w. Put them into the quotient rule.",
        "It simplifies to 2 (S w − share · w) / (w w), with the row's own share; the mean divides by the number of channels. "
        "kernels @ S has S w in every row.",
    ),
    misconceptions=(
        Misconception(
            energy_instead_of_share,
            "This is the energy in the stop band, not the share of it: a kernel that shrinks would do. Divide by w w.",
        ),
        Misconception(
            energy_in_the_gradient,
            "Your share is right, but the gradient is that of w S w alone. Differentiate the quotient.",
        ),
        Misconception(
            denominator_held_fixed,
            "You differentiate w S w and take w w for a constant. It changes with w too: the quotient rule subtracts share · w.",
        ),
        Misconception(
            two_forgotten,
            "Half the gradient: both w S w and w w are quadratic, and each brings a factor of 2.",
        ),
        Misconception(
            mean_forgotten_in_the_gradient,
            "The share is a mean over the channels, and your gradient that of the sum: divide it by the number of channels.",
        ),
        Misconception(sum_over_channels, "You sum over the channels. The share of the layer is their mean."),
        Misconception(
            channels_thrown_together,
            "You divide all stop-band energy by all energy, so a loud channel hides the others. Take each row's share, then the mean.",
        ),
        Misconception(pass_band_share, "This is the share of the pass band, 1 minus what is asked."),
        Misconception(
            downhill_already,
            "Your gradient points downhill. Return the gradient itself; the update takes it away.",
        ),
        Misconception(
            divided_by_the_norm,
            "You divide by the length of w. The energy w w is its square: leave the root out.",
        ),
        Misconception(
            quotient_rule_turned_round,
            "Your quotient rule has w w above and w S w below; it is the other way round.",
        ),
        Misconception(
            share_of_the_mean_in_every_channel,
            "You subtract the layer's share in every row. Each row's quotient has its own share in its gradient.",
        ),
        Misconception(
            divided_by_the_energy_once,
            "Your gradient divides by w w. The quotient rule divides by its square, (w w)².",
        ),
        Misconception(
            quotient_rule_with_a_plus,
            "You add the second part of the quotient rule. It has a minus: S w − share · w.",
        ),
        Misconception(
            one_energy_for_all_channels,
            "You divide every row by the energy of all rows together. Sum the squares of one row at a time: axis=1, keepdims=True.",
        ),
    ),
    alternatives=(share_by_channel, structure.stop_band_share),
    rtol=1e-6,
)

# ---------------------------------------------------------------- 10.3 the projection


def project_kernels(kernels, V):
    """The nearest kernels that are made of given ones.

    kernels: shape (channels, taps). V: shape (taps, k), its columns have length 1 and are at right angles.
    Return near, shape (channels, taps): for each row of kernels the nearest row that is a sum of multiples of V's columns.
    """
    return kernels @ V @ V.T


def coordinates_returned(kernels, V):
    return kernels @ V


def rest_returned(kernels, V):
    return kernels - kernels @ V @ V.T


def first_column_only(kernels, V):
    return np.outer(kernels @ V[:, 0], V[:, 0])


def energy_restored(kernels, V):
    near = kernels @ V @ V.T
    lengths = [np.linalg.norm(rows, axis=1, keepdims=True) for rows in (kernels, near)]
    return near * lengths[0] / lengths[1]


def mirrored(kernels, V):
    return 2 * kernels @ V @ V.T - kernels


def all_channels_alike(kernels, V):
    return np.tile(kernels.mean(axis=0) @ V @ V.T, (len(kernels), 1))


def taps_cut_off(kernels, V):
    return kernels * (np.arange(kernels.shape[1]) < V.shape[1])


def unit_coefficients(kernels, V):
    return np.tile(V.sum(axis=1), (len(kernels), 1))


def projected_by_least_squares(kernels, V):
    return (V @ np.linalg.lstsq(V, kernels.T, rcond=None)[0]).T


def projected_column_by_column(kernels, V):
    near = np.zeros(kernels.shape)
    for v in V.T:
        near += (kernels @ v)[:, None] * v
    return near.tolist()


def projection_case(channels: int, taps: int, k: int, seed: int) -> dict[str, Any]:
    return dict(kernels=normal(channels, taps, seed=seed), V=structure.slepian(taps, 0.15)[:, :k])


PROJECT = Exercise(
    number="10.3",
    reference=project_kernels,
    returns=("near",),
    checked="The nearest kernels, for 2 channels of 4 taps and for 3 of 7.",
    cases=(
        Case("2 channels, 4 taps, 2 columns", lambda: projection_case(2, 4, 2, 106)),
        Case("3 channels, 7 taps, 3 columns", lambda: projection_case(3, 7, 3, 107)),
    ),
    hints=(
        "How much of column v is in w? As the columns are at right angles and of length 1: w v, one number for each column.",
        "kernels @ V are these numbers, shape (channels, k). Multiply the columns by them and add: @ V.T.",
    ),
    misconceptions=(
        Misconception(
            coordinates_returned,
            "These are coordinates: how much of each column of V is in each row. Multiply the columns by them and add, "
            "and you are back at rows of taps.",
        ),
        Misconception(rest_returned, "This is what the projection takes away. Return what remains."),
        Misconception(
            first_column_only, "Only the first column is used. Add up the parts along all of them."
        ),
        Misconception(
            energy_restored,
            "You stretch the result to its old length. Then it is no longer the nearest: the projection shortens.",
        ),
        Misconception(mirrored, "You go twice as far as the nearest point, to the mirror image."),
        Misconception(all_channels_alike, "All channels come out alike. Each row has its own nearest row."),
        Misconception(
            taps_cut_off,
            "You keep the first k taps. What is kept are the parts along V's k columns, each of which spans all taps.",
        ),
        Misconception(
            unit_coefficients,
            "Every column has weight 1, whatever the kernel was. Its weight is the kernel's product with it.",
        ),
    ),
    alternatives=(projected_by_least_squares, projected_column_by_column, structure.project),
    rtol=1e-6,
)

# ---------------------------------------------------------------- 10.4 the step


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


def penalised(theta, grad, part, shape, strength, share_grad):
    total = grad.copy()
    total[part] += strength * share_grad(theta[part].reshape(shape)).ravel()
    return total


def projected(theta, part, shape, nearest):
    new = theta.copy()
    new[part] = nearest(theta[part].reshape(shape)).ravel()
    return new


def penalty_in_the_loss_only(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta - rate * grad, part, shape, nearest)


def projection_before_the_step(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta, part, shape, nearest) - rate * penalised(
        theta, grad, part, shape, strength, share_grad
    )


def step_made_low_pass(theta, grad, rate, part, shape, strength, share_grad, nearest):
    total = penalised(theta, grad, part, shape, strength, share_grad)
    return theta - rate * projected(total, part, shape, nearest)


def projection_left_out(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return theta - rate * penalised(theta, grad, part, shape, strength, share_grad)


def penalty_not_scaled_by_the_rate(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] -= strength * share_grad(theta[part].reshape(shape)).ravel()
    return projected(new, part, shape, nearest)


def strength_left_out(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(theta - rate * penalised(theta, grad, part, shape, 1, share_grad), part, shape, nearest)


def penalty_instead_of_gradient(theta, grad, rate, part, shape, strength, share_grad, nearest):
    total = grad.copy()
    total[part] = strength * share_grad(theta[part].reshape(shape)).ravel()
    return projected(theta - rate * total, part, shape, nearest)


def penalty_at_the_new_place(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] -= rate * strength * share_grad(new[part].reshape(shape)).ravel()
    return projected(new, part, shape, nearest)


def only_the_layer_moves(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta.copy()
    new[part] = structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part]
    return new


def only_the_rest_moves(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = theta - rate * grad
    new[part] = nearest(theta[part].reshape(shape)).ravel()
    return new


def kernels_alone_returned(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part].reshape(shape)


def layer_alone_returned(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return structured_step(theta, grad, rate, part, shape, strength, share_grad, nearest)[part]


def leak_rewarded(theta, grad, rate, part, shape, strength, share_grad, nearest):
    return projected(
        theta - rate * penalised(theta, grad, part, shape, -strength, share_grad), part, shape, nearest
    )


def all_of_it_from_the_projected_kernels(theta, grad, rate, part, shape, strength, share_grad, nearest):
    theta = projected(theta, part, shape, nearest)
    return theta - rate * penalised(theta, grad, part, shape, strength, share_grad)


def penalty_of_the_projected_kernels(theta, grad, rate, part, shape, strength, share_grad, nearest):
    near = projected(theta, part, shape, nearest)
    push = penalised(near, grad, part, shape, strength, share_grad)
    return projected(theta - rate * push, part, shape, nearest)


def penalty_after_the_projection(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = projected(theta - rate * grad, part, shape, nearest)
    new[part] -= rate * strength * share_grad(theta[part].reshape(shape)).ravel()
    return new


def penalty_of_what_the_projection_left(theta, grad, rate, part, shape, strength, share_grad, nearest):
    new = projected(theta - rate * grad, part, shape, nearest)
    new[part] -= rate * strength * share_grad(new[part].reshape(shape)).ravel()
    return new


def step_in_pieces(theta, grad, rate, part, shape, strength, share_grad, nearest):
    start, stop = part.start, part.stop
    kernels = theta[part].reshape(shape)
    kernels = kernels - rate * (grad[part].reshape(shape) + strength * share_grad(kernels))
    before, after = (theta[s] - rate * grad[s] for s in (slice(0, start), slice(stop, None)))
    return np.concatenate([before, np.ravel(nearest(kernels)), after])


def step_with_a_padded_penalty(theta, grad, rate, part, shape, strength, share_grad, nearest):
    R = np.zeros(len(theta))
    R[part] = share_grad(theta[part].reshape(shape)).ravel()
    new = theta - rate * (grad + strength * R)
    new[part] = nearest(new[part].reshape(shape)).ravel()
    return list(new)


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
        share_grad=lambda kernels: structure.stop_band_share(kernels, S)[1],
        nearest=lambda kernels: structure.project(kernels, V),
    )


STEP = Exercise(
    number="10.4",
    reference=structured_step,
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
    misconceptions=(
        Misconception(
            penalty_in_the_loss_only,
            "The penalty does not reach the step. Adding it to the loss that you print changes nothing: add its gradient to grad[part].",
        ),
        Misconception(
            projection_before_the_step,
            "You project, and then step out again. Π comes last, so that what you return is low-pass.",
        ),
        Misconception(
            step_made_low_pass,
            "You project the step, not the kernels. What was outside before stays outside: project the new weights.",
        ),
        Misconception(
            projection_left_out, "The projection is missing: after the step, new[part] goes through nearest."
        ),
        Misconception(
            penalty_not_scaled_by_the_rate,
            "The penalty escapes the rate. Its gradient belongs into the bracket that η multiplies.",
        ),
        Misconception(strength_left_out, "λ is missing: multiply share_grad by strength."),
        Misconception(
            penalty_instead_of_gradient,
            "In the layer the penalty's gradient replaces that of the loss. Add it: +=, not =.",
        ),
        Misconception(
            penalty_at_the_new_place,
            "You take the penalty's gradient after the step on the loss. Both gradients belong to the old θ.",
        ),
        Misconception(
            only_the_layer_moves, "Only the layer moves. The other weights take their step as always."
        ),
        Misconception(
            only_the_rest_moves,
            "The layer is projected but takes no step: project what the step has made of it, not the old weights.",
        ),
        Misconception(
            kernels_alone_returned,
            "You return the layer's kernels and nothing else. Write them back, flat, into the stepped theta: "
            "new_theta[part] = kernels.ravel().",
        ),
        Misconception(
            layer_alone_returned,
            "You return the layer's part alone. Asked is all of theta: let every weight step, then write the layer into new_theta[part].",
        ),
        Misconception(
            leak_rewarded, "Your penalty rewards the leak: its gradient is added to that of the loss."
        ),
        Misconception(
            all_of_it_from_the_projected_kernels,
            "You project first and step from there. Start from theta as it is; Π comes last.",
        ),
        Misconception(
            penalty_of_the_projected_kernels,
            "You take ∇R at the projected kernels. Take it at theta as it is: the equation says ∇R(θ), and projects once, at the end.",
        ),
        Misconception(
            penalty_after_the_projection,
            "You subtract the penalty's gradient after Π. Add it to grad before the step; nothing comes after Π.",
        ),
        Misconception(
            penalty_of_what_the_projection_left,
            "You take ∇R of what Π has left, and step on. Take it at theta, before the step; nothing comes after Π.",
        ),
    ),
    alternatives=(step_in_pieces, step_with_a_padded_penalty),
    rtol=1e-6,
)

# ---------------------------------------------------------------- 10.5 the parametrisation


def through_basis(coefficients, V, grad_kernels):
    """Kernels made of coefficients, and the gradient of the coefficients.

    coefficients: shape (channels, k). V: shape (taps, k). A kernel is the sum of V's columns, each times its coefficient.
    grad_kernels: dL/d(kernels), shape (channels, taps).
    Return the kernels, shape (channels, taps), and grad_coefficients = dL/d(coefficients), shape (channels, k).
    """
    return coefficients @ V.T, grad_kernels @ V


def through_basis_truth(coefficients, V, grad_kernels):
    return (
        coefficients @ V.T,
        numerical_gradient(lambda a: np.sum(grad_kernels * (a @ V.T)), coefficients),
    )


def first_taps_of_the_gradient(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels[:, : V.shape[1]]


def solved_instead_of_differentiated(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels @ np.linalg.pinv(V).T


def from_the_kernels(coefficients, V, grad_kernels):
    kernels = coefficients @ V.T
    return kernels, kernels @ V


def averaged_over_channels(coefficients, V, grad_kernels):
    return coefficients @ V.T, grad_kernels @ V / len(coefficients)


def summed_over_channels(coefficients, V, grad_kernels):
    return coefficients @ V.T, np.tile((grad_kernels @ V).sum(axis=0), (len(coefficients), 1))


def times_the_coefficients(coefficients, V, grad_kernels):
    return coefficients @ V.T, coefficients * (grad_kernels @ V)


def columns_turned_round(coefficients, V, grad_kernels):
    return coefficients @ V[:, ::-1].T, grad_kernels @ V[:, ::-1]


def updated_coefficients(coefficients, V, grad_kernels):
    return coefficients @ V.T, coefficients - grad_kernels @ V


def gradient_transposed(coefficients, V, grad_kernels):
    return coefficients @ V.T, V.T @ grad_kernels.T


def kernels_transposed(coefficients, V, grad_kernels):
    return V @ coefficients.T, grad_kernels @ V


def both_transposed(coefficients, V, grad_kernels):
    return V @ coefficients.T, V.T @ grad_kernels.T


def through_basis_by_einsum(coefficients, V, grad_kernels):
    return np.einsum("ck,tk->ct", coefficients, V), np.einsum("ct,tk->ck", grad_kernels, V)


def through_basis_by_channel(coefficients, V, grad_kernels):
    kernels = [sum(a * v for a, v in zip(row, V.T, strict=True)) for row in coefficients]
    return [np.array(kernels), np.array([[g @ v for v in V.T] for g in grad_kernels])]


BASIS = Exercise(
    number="10.5",
    reference=through_basis,
    truth=through_basis_truth,
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
    ),
    hints=(
        "Look at the shapes: (channels, k) to (channels, taps) and back. It is the linear layer of lesson 02, with V in place of the weights.",
        "If y = xW, then grad_x = grad_y Wᵀ. Here W is V.T.",
    ),
    misconceptions=(
        Misconception(
            first_taps_of_the_gradient,
            "You keep the first entries of grad_kernels. A coefficient moves all taps of its column: its gradient sums over all of them.",
        ),
        Misconception(
            solved_instead_of_differentiated,
            "You look for coefficients that would make grad_kernels. The chain rule asks for a product with V, not for a solution; "
            "the two agree only if the columns are at right angles and of length 1.",
        ),
        Misconception(
            from_the_kernels,
            "You send the kernels back through V. What goes back is the gradient: grad_kernels.",
        ),
        Misconception(
            averaged_over_channels,
            "You divide by the number of channels. Nothing here is a mean: each channel has its own coefficients.",
        ),
        Misconception(
            summed_over_channels,
            "You add the channels up. Each has coefficients of its own, and a gradient of its own.",
        ),
        Misconception(
            times_the_coefficients,
            "You multiply by the coefficients once more. The kernels are linear in them, so the slope is V alone.",
        ),
        Misconception(
            columns_turned_round,
            "Your columns are in reverse order: the first coefficient goes with the first.",
        ),
        Misconception(
            updated_coefficients,
            "You return coefficients after a step. Asked is the gradient; the rule takes the step.",
        ),
        Misconception(
            gradient_transposed,
            "Your gradient is transposed. It has the shape of the coefficients, one row a channel: grad_kernels comes first.",
        ),
        Misconception(
            kernels_transposed,
            "Your kernels are transposed. They have one row a channel, as the coefficients do: coefficients come first.",
        ),
        Misconception(
            both_transposed,
            "Both are transposed. One row a channel: the coefficients, or grad_kernels, come first in the product.",
        ),
    ),
    alternatives=(through_basis_by_einsum, through_basis_by_channel),
    rtol=1e-6,
)

EXERCISES = [RESPONSE, SHARE, PROJECT, STEP, BASIS]
