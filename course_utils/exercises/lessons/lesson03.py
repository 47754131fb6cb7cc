"""Exercises of lesson 03: the update equation, one symbol after the other."""

import numpy as np

from course_utils.exercises.bank import Case, Entry, numbers

MOMENTUM = Entry(
    "3.1",
    returns=("new_theta", "new_velocity"),
    checked="Weights and velocity are right for four sets of weights, rates and momenta.",
    cases=(
        Case(
            "two weights, momentum 0.5",
            lambda: dict(
                theta=np.array([1.0, -2.0]),
                grad=np.array([0.5, 4.0]),
                velocity=np.array([2.0, -1.0]),
                rate=0.1,
                momentum=0.5,
            ),
        ),
        Case(
            "five weights, momentum 0.9",
            lambda: numbers(1, theta=5, grad=5, velocity=5) | dict(rate=0.3, momentum=0.9),
        ),
        Case(
            "three weights, momentum 0.2",
            lambda: numbers(2, theta=3, grad=3, velocity=3) | dict(rate=2.0, momentum=0.2),
        ),
        Case(
            "three weights, momentum 0",
            lambda: numbers(4, theta=3, grad=3, velocity=3) | dict(rate=0.5, momentum=0.0),
        ),
    ),
    hints=(
        "Two lines. The first makes the new velocity out of the old one and the gradient; the rate is not in it.",
        "`velocity = momentum * velocity + grad` makes a new array; then step along it, downhill, by the rate.",
    ),
)


@MOMENTUM.reference
def momentum_step(theta, grad, velocity, rate, momentum):
    """One step with momentum.

    theta, grad, velocity: shape (P,). rate: number. momentum: number from 0 to 1.
    First the new velocity, then the step along it, as written above.
    Return the new theta and the new velocity, both shape (P,); leave the inputs as they are.
    """
    velocity = momentum * velocity + grad
    return theta - rate * velocity, velocity


@MOMENTUM.wrong(
    "You put the rate into the velocity. Some books do, but then a change of rate reaches old gradients late; "
    "here, as in PyTorch, the velocity holds gradients and the rate multiplies it in the step."
)
def rate_in_the_velocity(theta, grad, velocity, rate, momentum):
    velocity = momentum * velocity + rate * grad
    return theta - velocity, velocity


@MOMENTUM.wrong(
    "You average: (1 − momentum) · grad. Here the gradient enters whole, so that a steady slope builds up speed."
)
def averaged_velocity(theta, grad, velocity, rate, momentum):
    velocity = momentum * velocity + (1 - momentum) * grad
    return theta - rate * velocity, velocity


@MOMENTUM.wrong("The velocity is right, and not used: the step goes along the new velocity.")
def velocity_forgotten(theta, grad, velocity, rate, momentum):
    return theta - rate * grad, momentum * velocity + grad


@MOMENTUM.wrong(
    "That is the form with the rate inside the velocity, as some books write it. Here the velocity holds gradients: "
    "momentum * velocity + grad, and the rate multiplies it in the step."
)
def textbook_sign(theta, grad, velocity, rate, momentum):
    velocity = momentum * velocity - rate * grad
    return theta + velocity, velocity


@MOMENTUM.wrong("The order is turned round: return the new theta first, then the velocity.")
def returned_in_the_wrong_order(theta, grad, velocity, rate, momentum):
    velocity = momentum * velocity + grad
    return velocity, theta - rate * velocity


@MOMENTUM.wrong("The weights are right, but you return the old velocity: the next step needs the new one.")
def old_velocity_returned(theta, grad, velocity, rate, momentum):
    return theta - rate * (momentum * velocity + grad), velocity


@MOMENTUM.wrong("Momentum multiplies the old velocity only; the new gradient enters whole.")
def gradient_slowed_too(theta, grad, velocity, rate, momentum):
    velocity = momentum * (velocity + grad)
    return theta - rate * velocity, velocity


@MOMENTUM.wrong("The step uses the velocity from before. Make the new velocity first, then step along it.")
def old_velocity_used(theta, grad, velocity, rate, momentum):
    return theta - rate * velocity, momentum * velocity + grad


@MOMENTUM.wrong(
    "Nothing slows the velocity down: multiply the old one by momentum before adding the gradient."
)
def friction_forgotten(theta, grad, velocity, rate, momentum):
    velocity = velocity + grad
    return theta - rate * velocity, velocity


@MOMENTUM.wrong(
    "`velocity *= …` changes the caller's array; write `velocity = momentum * velocity + grad`, a new one."
)
def velocity_in_place(theta, grad, velocity, rate, momentum):
    velocity *= momentum
    velocity += grad
    return theta - rate * velocity, velocity


@MOMENTUM.wrong("You step uphill: take the step away from theta.")
def uphill_with_momentum(theta, grad, velocity, rate, momentum):
    velocity = momentum * velocity + grad
    return theta + rate * velocity, velocity


@MOMENTUM.right
def momentum_entry_by_entry(theta, grad, velocity, rate, momentum):
    new_theta, new_velocity = [], []
    for t, g, v in zip(theta, grad, velocity, strict=True):
        new_velocity.append(momentum * v + g)
        new_theta.append(t - rate * new_velocity[-1])
    return new_theta, new_velocity


@MOMENTUM.right
def momentum_in_two_parts(theta, grad, velocity, rate, momentum):
    return [theta - rate * momentum * velocity - rate * grad, velocity * momentum + grad]


def adam_with(
    theta, grad, mean, square, t, rate, beta1, beta2, eps, correct=True, root=np.sqrt, keep_corrected=False
):
    """Adam with one thing changed: what the wrong versions below are made of."""
    mean = beta1 * mean + (1 - beta1) * grad
    square = beta2 * square + (1 - beta2) * grad**2
    m, s = (mean / (1 - beta1**t), square / (1 - beta2**t)) if correct else (mean, square)
    new_theta = theta - rate * m / (root(s) + eps)
    return (new_theta, m, s) if keep_corrected else (new_theta, mean, square)


def adam_case(size: int, seed: int, t: int, rate: float, eps: float) -> dict:
    state = numbers(seed, theta=size, grad=size, mean=size, square=size)
    state["square"] = state["square"] ** 2
    if t == 1:
        state["mean"], state["square"] = np.zeros(size), np.zeros(size)
    return state | dict(t=t, rate=rate, beta1=0.9, beta2=0.99, eps=eps)


ADAM = Entry(
    "3.2",
    returns=("new_theta", "mean", "square"),
    checked="Weights and both means are right at the first step, at the third and at the hundredth.",
    cases=(
        Case("the first step, two weights", lambda: adam_case(2, 3, 1, 0.1, 0.01)),
        Case("the third step, four weights", lambda: adam_case(4, 4, 3, 0.2, 0.01)),
        Case("the hundredth step, three weights", lambda: adam_case(3, 5, 100, 0.05, 0.01)),
    ),
    hints=(
        "Four lines: the new mean, the new square, both corrected into names of their own, the step.",
        "Keep `mean` and `square` as they are for returning; divide into `corrected_mean` and `corrected_square`.",
        "eps stands outside the root: `np.sqrt(corrected_square) + eps`.",
    ),
    rtol=1e-6,
)


@ADAM.reference
def adam_step(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    """One step of Adam.

    theta, grad, mean, square: shape (P,). t: number of this step, 1 for the first.
    rate, beta1, beta2, eps: numbers.
    Return the new theta, and mean and square as they are before the bias correction; all shape (P,).
    Leave the inputs as they are.
    """
    mean = beta1 * mean + (1 - beta1) * grad
    square = beta2 * square + (1 - beta2) * grad**2
    corrected_mean = mean / (1 - beta1**t)
    corrected_square = square / (1 - beta2**t)
    return theta - rate * corrected_mean / (np.sqrt(corrected_square) + eps), mean, square


@ADAM.wrong(
    "The bias correction is missing: both means begin at 0, so early on they are too small by 1 − betaᵗ. Divide by it."
)
def correction_forgotten(*arguments):
    return adam_with(*arguments, correct=False)


@ADAM.wrong("The square root is missing: divide by √square, a size, not by its square.")
def root_forgotten(*arguments):
    return adam_with(*arguments, root=lambda s: s)


@ADAM.wrong(
    "You return the corrected means, so the next step would correct them again. Return them as they were before."
)
def corrected_means_kept(*arguments):
    return adam_with(*arguments, keep_corrected=True)


@ADAM.wrong("Your correction counts one step too many: t is 1 at the first step already, use it as it is.")
def counted_from_zero(theta, grad, mean, square, t, *numbers):
    return adam_with(theta, grad, mean, square, t + 1, *numbers)


@ADAM.wrong("The power is missing: the correction is 1 − beta**t, and fades as t grows.")
def power_forgotten(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    _, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    m, s = mean / (1 - beta1), square / (1 - beta2)
    return theta - rate * m / (np.sqrt(s) + eps), mean, square


@ADAM.wrong("beta * t where beta to the power t belongs: `beta1**t`.")
def times_in_place_of_power(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    _, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    m, s = mean / (1 - beta1 * t), square / (1 - beta2 * t)
    return theta - rate * m / (np.sqrt(s) + eps), mean, square


@ADAM.wrong("You correct the mean but not the square: both begin at 0, so divide both.")
def only_the_mean_corrected(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    _, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    return theta - rate * mean / (1 - beta1**t) / (np.sqrt(square) + eps), mean, square


@ADAM.wrong("You step uphill: take the step away from theta.")
def uphill_with_adam(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    new, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    return 2 * theta - new, mean, square


@ADAM.wrong("beta1 and beta2 are swapped: beta1 belongs to the mean, beta2 to the square.")
def betas_swapped(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    return adam_with(theta, grad, mean, square, t, rate, beta2, beta1, eps)


@ADAM.wrong("You average the square of the mean; it is the mean of the squares: grad² enters.")
def square_of_the_mean(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    mean = beta1 * mean + (1 - beta1) * grad
    square = beta2 * square + (1 - beta2) * mean**2
    m, s = mean / (1 - beta1**t), square / (1 - beta2**t)
    return theta - rate * m / (np.sqrt(s) + eps), mean, square


@ADAM.wrong("The step uses this gradient alone. Its numerator is the corrected mean of all gradients.")
def gradient_in_the_step(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    _, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    return theta - rate * grad / (np.sqrt(square / (1 - beta2**t)) + eps), mean, square


@ADAM.wrong("eps stands under the root. It is added to the root: √square + eps, as in PyTorch.")
def eps_under_the_root(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    _, mean, square = adam_with(theta, grad, mean, square, t, rate, beta1, beta2, eps)
    return theta - rate * mean / (1 - beta1**t) / np.sqrt(square / (1 - beta2**t) + eps), mean, square


@ADAM.right
def adam_as_in_the_paper(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    """The paper's faster order: both corrections gathered into the rate, and eps scaled with them."""
    mean = beta1 * mean + (1 - beta1) * grad
    square = beta2 * square + (1 - beta2) * grad**2
    scale = np.sqrt(1 - beta2**t)
    return theta - rate * scale / (1 - beta1**t) * mean / (np.sqrt(square) + eps * scale), mean, square


@ADAM.right
def adam_by_moving_towards(theta, grad, mean, square, t, rate, beta1, beta2, eps):
    mean = mean + (1 - beta1) * (grad - mean)
    square = square + (1 - beta2) * (grad * grad - square)
    return [theta - rate * (mean / (1 - beta1**t)) / ((square / (1 - beta2**t)) ** 0.5 + eps), mean, square]


RATES = Entry(
    "3.3",
    returns=("vector",),
    checked="Every weight has its group's rate, for groups in any order and groups left out.",
    cases=(
        Case(
            "two groups",
            lambda: dict(groups={"body": slice(0, 3), "head": slice(3, 5)}, rates={"body": 0.1, "head": 0.5}),
        ),
        Case(
            "two groups, the last one left out",
            lambda: dict(groups={"body": slice(0, 3), "head": slice(3, 5)}, rates={"body": 0.1}),
        ),
        Case(
            "two groups, one rate a whole number",
            lambda: dict(groups={"body": slice(0, 2), "head": slice(2, 5)}, rates={"body": 1, "head": 0.5}),
        ),
        Case(
            "three groups, named in another order, one left out",
            lambda: dict(
                groups={"first": slice(0, 2), "middle": slice(2, 6), "head": slice(6, 7)},
                rates={"head": 1.0, "first": 0.01},
            ),
        ),
    ),
    hints=(
        "Begin with zeros, one for every weight: a group that rates does not name keeps them. Where does the last group stop?",
        "`vector[groups[name]] = rate` fills a whole stretch at once, since groups[name] is a slice.",
    ),
)


@RATES.reference
def rate_vector(groups, rates):
    """One rate for every weight.

    groups: {name: slice into theta}; together they cover theta. rates: {name: number}.
    Return an array of shape (P,): every weight has the rate of its group; a group that rates
    does not name has rate 0.
    """
    size = max(part.stop for part in groups.values())
    vector = np.zeros(size)
    for name, rate in rates.items():
        vector[groups[name]] = rate
    return vector


@RATES.wrong(
    "Your vector ends where the last group that rates names ends. Every weight needs an entry: take the size from all groups."
)
def named_groups_only(groups, rates):
    vector = np.zeros(max(groups[name].stop for name in rates))
    for name, rate in rates.items():
        vector[groups[name]] = rate
    return vector


@RATES.wrong(
    "You join the groups that rates names. The weights of the others need an entry too, a 0 each: begin with np.zeros for all weights."
)
def named_groups_joined(groups, rates):
    return np.concatenate([np.full(groups[n].stop - groups[n].start, rate) for n, rate in rates.items()])


@RATES.wrong(
    "You leave out the groups that rates does not name. Their weights need an entry too: `rates.get(name, 0.0)`."
)
def named_groups_joined_in_order(groups, rates):
    return np.concatenate(
        [np.full(part.stop - part.start, rates[n]) for n, part in groups.items() if n in rates]
    )


@RATES.wrong(
    "That is one rate for every group. The update multiplies entry by entry, so every single weight needs one: shape (P,)."
)
def one_rate_a_group(groups, rates):
    return np.array([rates.get(name, 0.0) for name in groups])


@RATES.wrong("You pair groups and rates by their order. Pair them by name: groups[name].")
def by_order_not_by_name(groups, rates):
    vector = np.zeros(max(part.stop for part in groups.values()))
    for part, rate in zip(groups.values(), rates.values(), strict=False):
        vector[part] = rate
    return vector


@RATES.wrong("A group that rates does not name must stay: rate 0, not 1.")
def unnamed_gets_one(groups, rates):
    vector = np.ones(max(part.stop for part in groups.values()))
    for name, rate in rates.items():
        vector[groups[name]] = rate
    return vector


@RATES.wrong("A group that rates does not name gets 0: write `rates.get(name, 0.0)`, not 1.0.")
def unnamed_gets_one_joined(groups, rates):
    return np.concatenate([np.full(part.stop - part.start, rates.get(n, 1.0)) for n, part in groups.items()])


@RATES.wrong("You share a group's rate out among its weights. Each of them has the whole rate.")
def rate_shared_out(groups, rates):
    vector = np.zeros(max(part.stop for part in groups.values()))
    for name, rate in rates.items():
        vector[groups[name]] = rate / (groups[name].stop - groups[name].start)
    return vector


@RATES.wrong(
    "The vector is made anew for every group, so only the last one is in it: make it before the loop."
)
def last_group_only(groups, rates):
    for name, rate in rates.items():
        vector = np.zeros(max(part.stop for part in groups.values()))
        vector[groups[name]] = rate
    return vector


@RATES.wrong("Only the first weight of each group has a rate: fill the whole slice.")
def first_weight_only(groups, rates):
    vector = np.zeros(max(part.stop for part in groups.values()))
    for name, rate in rates.items():
        vector[groups[name].start] = rate
    return vector


@RATES.right
def rates_joined(groups, rates):
    parts = sorted(groups, key=lambda name: groups[name].start)
    return np.concatenate([np.full(groups[n].stop - groups[n].start, rates.get(n, 0.0)) for n in parts])


@RATES.right
def rates_in_a_list(groups, rates):
    vector = [0.0] * sum(part.stop - part.start for part in groups.values())
    for name, part in groups.items():
        for i in range(part.start, part.stop):
            vector[i] = rates.get(name, 0.0)
    return vector


def onto_the_ball(theta):
    """The nearest point with a norm of at most 1."""
    return theta / max(1.0, float(np.linalg.norm(theta)))


def cut_off(theta):
    """The nearest point with all entries from −0.5 to 0.5."""
    return np.clip(theta, -0.5, 0.5)


UPDATE = Entry(
    "3.4",
    returns=("new_theta",),
    checked="All symbols stand in their places, with one rate and with many, on two projections.",
    cases=(
        Case(
            "four weights, one rate, projected onto a ball",
            lambda: (
                numbers(6, theta=4, grad=4)
                | dict(
                    rate=0.5,
                    mask=np.array([1.0, 0, 1, 1]),
                    penalty=np.array([0.3, -0.8, 0.5, 1.0]),
                    projection=onto_the_ball,
                )
            ),
        ),
        Case(
            "five weights, a rate each, cut off at ±0.5",
            lambda: (
                numbers(7, theta=5, grad=5)
                | dict(
                    rate=np.array([0.1, 0.2, 0.3, 0.4, 0.5]),
                    mask=np.array([0.0, 1, 1, 0, 1]),
                    penalty=np.array([0.5, 0.4, -0.3, 0.2, -0.1]),
                    projection=cut_off,
                )
            ),
        ),
    ),
    hints=(
        "Read the equation from the inside out: the sum in the brackets first, the projection last.",
        "One line: projection( theta − rate * mask * ( … + … ) ).",
    ),
    rtol=1e-7,
)


@UPDATE.reference
def update(theta, grad, rate, mask, penalty, projection):
    """The whole equation, once.

    theta, grad, mask, penalty: shape (P,); rate: a number or shape (P,).
    projection: a function of an array of shape (P,) that returns one.
    Return the new theta, shape (P,).
    """
    return projection(theta - rate * mask * (grad + penalty))


@UPDATE.wrong("Your mask multiplies the weights, so masked ones become 0. It belongs to the step.")
def weights_masked(theta, grad, rate, mask, penalty, projection):
    return projection(mask * (theta - rate * (grad + penalty)))


@UPDATE.wrong(
    "The penalty escapes the mask, so it moves weights that should stay. All that ends in the step must pass the mask."
)
def penalty_outside_the_mask(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * (mask * grad + penalty))


@UPDATE.wrong("The penalty escapes the rate: it is part of the gradient, so the rate scales it too.")
def penalty_outside_the_rate(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * mask * grad - mask * penalty)


@UPDATE.wrong("You project, then step, and may end outside the structure: step first, project last.")
def projected_before_the_step(theta, grad, rate, mask, penalty, projection):
    return projection(theta) - rate * mask * (grad + penalty)


@UPDATE.wrong("You project the step. The structure is a property of the weights: project the new theta.")
def step_projected(theta, grad, rate, mask, penalty, projection):
    return theta - projection(rate * mask * (grad + penalty))


@UPDATE.wrong("The projection is missing, or what it returns is not used: return projection(new weights).")
def projection_forgotten(theta, grad, rate, mask, penalty, projection):
    return theta - rate * mask * (grad + penalty)


@UPDATE.wrong("A bracket is missing: rate and mask multiply the sum (grad + penalty).")
def bracket_lost(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * mask * grad + penalty)


@UPDATE.wrong("The mask is missing: it multiplies the step, so that 0 holds a weight.")
def mask_left_out(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * (grad + penalty))


@UPDATE.wrong("The penalty is missing: add penalty to grad.")
def penalty_left_out(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * mask * grad)


@UPDATE.wrong("You step uphill: take the step away from theta.")
def uphill_update(theta, grad, rate, mask, penalty, projection):
    return projection(theta + rate * mask * (grad + penalty))


@UPDATE.wrong(
    "You put masked weights back after the projection. Here Π has the last word: what it holds is a property of all weights together."
)
def masked_after_projection(theta, grad, rate, mask, penalty, projection):
    return np.where(mask == 0, theta, projection(theta - rate * mask * (grad + penalty)))


@UPDATE.wrong("The penalty's gradient is taken away from grad: you reward what should cost. Add it.")
def penalty_rewarded(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * mask * (grad - penalty))


@UPDATE.wrong("Your mask is inverted: 1 moves, 0 stays.")
def mask_inverted(theta, grad, rate, mask, penalty, projection):
    return projection(theta - rate * (1 - mask) * (grad + penalty))


@UPDATE.right
def update_with_where(theta, grad, rate, mask, penalty, projection):
    return projection(np.where(mask == 1, theta - rate * (grad + penalty), theta))


@UPDATE.right
def update_in_steps(theta, grad, rate, mask, penalty, projection):
    total = grad + penalty
    step = np.ones(len(theta)) * rate * (mask * total)
    new = theta.copy()
    new -= step
    return projection(new)
