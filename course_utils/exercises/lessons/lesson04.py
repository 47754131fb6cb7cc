"""Exercises of lesson 04: hold a weight still, whatever the rule remembers, and stop backprop early."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry, WrongResult, describe, numbers

MASKS = {3: np.array([1.0, 0, 1]), 5: np.array([0.0, 1, 1, 0, 1])}


class Rule:
    """Momentum with L2 decay, already under way: what 4.1 is handed as a step that it cannot look into."""

    def __init__(self, velocity: np.ndarray, rate: float, decay: float) -> None:
        self.velocity, self.rate, self.decay, self.calls = velocity, rate, decay, 0

    def __call__(self, theta: np.ndarray, grad: np.ndarray) -> None:
        self.velocity = 0.9 * self.velocity + grad + self.decay * theta
        theta -= self.rate * self.velocity
        self.calls += 1


def any_rule_case(size: int, seed: int, rate: float, decay: float) -> dict[str, Any]:
    case = numbers(seed, theta=size, grad=size, velocity=size)
    step = Rule(case.pop("velocity"), rate, decay)
    return case | dict(mask=MASKS[size].copy(), step=step)


def not_a_number_case() -> dict[str, Any]:
    case = any_rule_case(5, 47, 0.1, 0.2)
    case["grad"][3] = np.nan  # of a masked weight
    return case


def observe_step(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    return {"theta": arguments["theta"], "number of steps": arguments["step"].calls}


MASKED = Entry(
    "4.1",
    returns=(),
    observe=observe_step,
    may_change=("theta", "step"),
    checked="Masked weights stay and the others move, under two rules that decay and remember.",
    cases=(
        Case("three weights, the middle one masked", lambda: any_rule_case(3, 41, 0.1, 0.5)),
        Case("five weights, two masked", lambda: any_rule_case(5, 42, 0.5, 0.1)),
        Case("the gradient of a masked weight is nan", not_a_number_case),
    ),
    hints=(
        "You cannot stop the rule from moving a weight. You can put it back afterwards.",
        "Keep a copy of theta before the step. A second name for it is no copy: the step changes theta itself.",
        "Then write into theta, where mask is 0: theta[mask == 0] = …",
    ),
    rtol=1e-12,  # bitwise: no float32 on the way
)


@MASKED.reference
def masked_step(theta, grad, mask, step):
    """One step of any rule in which masked weights stay.

    theta, grad, mask: shape (P,), mask is 1 where a weight moves and 0 where it stays.
    step: a rule that you cannot look into. step(theta, grad) changes theta in place and returns nothing;
    it may add a decay, and it may remember earlier gradients. Call it once.
    Change theta in place as well: moved where mask is 1, bitwise as before where mask is 0. Return nothing.
    """
    before = theta.copy()
    step(theta, grad)
    theta[mask == 0] = before[mask == 0]


@MASKED.wrong(
    "The masked weights move as they do when the rule gets mask * grad: its decay and what it remembers move them. "
    "Let it step, then put them back. If you do put them back, it never reaches theta: either what you kept is "
    "theta itself under a second name or a view of it, or `theta = …` gives the name to a new array."
)
def only_the_gradient(theta, grad, mask, step):
    step(theta, mask * grad)


@MASKED.wrong(
    "The masked weights move with all the others, so nothing was put back. Two ways to get there: what you kept "
    "is theta itself under a second name, or a view of it as any slice is (np.shares_memory(before, theta) tells), or "
    "you build a new array and theta never gets it, as in `theta = …`."
)
def no_copy(theta, grad, mask, step):
    before = theta
    step(theta, grad)
    theta[mask == 0] = before[mask == 0]


@MASKED.wrong("Your mask is turned round: 1 moves, 0 stays.")
def mask_turned_round(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[mask == 1] = before[mask == 1]


@MASKED.wrong("Your mask multiplies the weights, so masked ones become 0. Put back what they were.")
def masked_weights_zeroed(theta, grad, mask, step):
    step(theta, grad)
    theta *= mask


@MASKED.wrong("Nothing moves: you put all of theta back. Put back only where mask is 0.")
def all_put_back(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[:] = before


@MASKED.wrong("You call step twice, so the others move twice as well: once is the whole step.")
def two_steps(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[mask == 0] = before[mask == 0]
    step(theta, grad)
    theta[mask == 0] = before[mask == 0]


@MASKED.wrong("The masked entries jump to the value of the first one: index before with mask == 0, too.")
def first_entry_everywhere(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[mask == 0] = before[0]


@MASKED.wrong(
    "Finite steps you hold, but 0 · nan is nan: where the rule goes wrong, a product with the mask lets it into a "
    "held weight. Choose instead of multiplying: theta[mask == 0] = … or np.where."
)
def masked_step_by_a_product(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[:] = before + mask * (theta - before)


@MASKED.right
def masked_step_where(theta, grad, mask, step):
    before = theta.copy()
    step(theta, grad)
    theta[:] = np.where(mask == 1, theta, before)


@MASKED.right
def masked_step_by_its_move(theta, grad, mask, step):
    moved = np.array(theta)
    step(moved, grad)
    for i in range(len(theta)):
        if mask[i]:
            theta[i] = moved[i]


FROZEN_MOMENTUM = Entry(
    "4.2",
    returns=("new_theta", "new_velocity"),
    checked="Masked weights stay although they had a velocity, and forget it; the others move on as before.",
    cases=(
        Case(
            "three weights, the middle one masked",
            lambda: (
                numbers(43, theta=3, grad=3, velocity=3) | dict(rate=0.1, momentum=0.5, mask=MASKS[3].copy())
            ),
        ),
        Case(
            "five weights, two masked",
            lambda: (
                numbers(44, theta=5, grad=5, velocity=5) | dict(rate=0.3, momentum=0.9, mask=MASKS[5].copy())
            ),
        ),
    ),
    hints=(
        "A masked weight has two ways to move: through its gradient, and through the velocity it already has.",
        "Mask the new velocity as a whole: mask * (momentum * velocity + grad).",
    ),
    rtol=1e-7,
)


@FROZEN_MOMENTUM.reference
def frozen_momentum_step(theta, grad, velocity, rate, momentum, mask):
    """A step with momentum in which masked weights stay, even if they were moving before.

    theta, grad, velocity, mask: shape (P,). rate, momentum: numbers.
    As in lesson 03, velocity ← momentum · velocity + grad and theta ← theta − rate · velocity.
    The velocity of a masked weight becomes 0, so that it does not jump when it may move again.
    Return the new theta and the new velocity, both shape (P,).
    """
    velocity = mask * (momentum * velocity + grad)
    return theta - rate * velocity, velocity


@FROZEN_MOMENTUM.wrong(
    "You mask the gradient before it enters the velocity. The old velocity still moves the weight: mask what comes out."
)
def only_the_gradient_masked(theta, grad, velocity, rate, momentum, mask):
    velocity = momentum * velocity + mask * grad
    return theta - rate * velocity, velocity


@FROZEN_MOMENTUM.wrong(
    "The weight stays, but its velocity goes on growing behind the mask, and makes it jump when it may move again: mask the velocity."
)
def velocity_kept(theta, grad, velocity, rate, momentum, mask):
    velocity = momentum * velocity + grad
    return theta - rate * mask * velocity, velocity


@FROZEN_MOMENTUM.wrong(
    "The weight stays, but its old velocity only fades: let it move again soon and it jumps. Set it to 0 by masking the whole velocity."
)
def velocity_fades(theta, grad, velocity, rate, momentum, mask):
    velocity = momentum * velocity + mask * grad
    return theta - rate * mask * velocity, velocity


@FROZEN_MOMENTUM.wrong("Your mask sets the masked weights to 0. They should stay what they are.")
def frozen_weights_zeroed(theta, grad, velocity, rate, momentum, mask):
    velocity = mask * (momentum * velocity + grad)
    return mask * (theta - rate * velocity), velocity


@FROZEN_MOMENTUM.wrong("Every weight has lost its old velocity: momentum * velocity is missing.")
def velocity_lost_everywhere(theta, grad, velocity, rate, momentum, mask):
    velocity = mask * grad
    return theta - rate * velocity, velocity


@FROZEN_MOMENTUM.right
def frozen_momentum_with_where(theta, grad, velocity, rate, momentum, mask):
    velocity = np.where(mask == 1, momentum * velocity + grad, 0.0)
    return np.where(mask == 1, theta - rate * velocity, theta), velocity


@FROZEN_MOMENTUM.right
def frozen_momentum_masking_both(theta, grad, velocity, rate, momentum, mask):
    velocity = momentum * (mask * velocity) + mask * grad
    return [theta - rate * velocity, velocity]


class Spy:
    """A stand-in for a layer: y = scale · x, and it notes how its backward was called."""

    def __init__(self, name: str, needs_grad: bool, scale: float) -> None:
        self.name, self.needs_grad, self.scale = name, needs_grad, scale
        self.call: tuple[float, bool] | None = None

    def backward(self, grad_y: np.ndarray, need_grad_x: bool = True) -> np.ndarray | None:
        if grad_y is None:
            raise ValueError(f"{self.name} was given None as grad_y: the layer above was asked for no grad_x")
        self.call = (float(np.sum(grad_y)), bool(need_grad_x))
        return self.scale * grad_y if need_grad_x else None


def observe_calls(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """For every layer from the last to the first: what it was given and whether it was asked for grad_x."""
    if result is not None:
        raise WrongResult(f"Return nothing; yours returned {describe(result)}.")
    return {
        "calls": "; ".join(f"{layer.name} {call_in_words(layer)}" for layer in reversed(arguments["layers"]))
        + "."
    }


def call_in_words(layer: Spy) -> str:
    if layer.call is None:
        return "not called"
    return f"got {layer.call[0]:.4g}, {'asked' if layer.call[1] else 'not asked'} for grad_x"


def stack(*needs_grad: bool) -> dict[str, Any]:
    layers = [
        Spy(f"layer {i}", needs, scale)
        for i, (needs, scale) in enumerate(zip(needs_grad, (2.0, 3.0, 0.5, 4.0), strict=False))
    ]
    return dict(layers=layers, grad_y=np.array([1.0, 0.5]))


EARLY = Entry(
    "4.3",
    returns=(),
    observe=observe_calls,
    may_change=("layers",),
    checked="The right layers are called with the right gradients: frozen below, frozen above, frozen in the middle, all frozen.",
    cases=(
        Case("head only: frozen, frozen, trains", lambda: stack(False, False, True)),
        Case("first only: trains, frozen, frozen", lambda: stack(True, False, False)),
        Case("frozen at both ends: frozen, trains, frozen, trains", lambda: stack(False, True, False, True)),
        Case("nothing trains", lambda: stack(False, False, False)),
    ),
    hints=(
        "Find the lowest layer that needs a gradient first. Everything above it has to pass gradients on, frozen or not.",
        "Then walk from the last layer down to it; need_grad_x is False only there.",
    ),
)


@EARLY.reference
def backward_early(layers, grad_y):
    """Backpropagate, and stop at the lowest layer that needs a gradient.

    layers: from first to last; each has needs_grad (True or False) and
    backward(grad_y, need_grad_x), which returns the grad_y of the layer below (None if not asked for it).
    grad_y: dL/d(output of the last layer).
    Call backward where it is needed and nowhere else, with need_grad_x False at the lowest. If no layer
    needs a gradient, call nothing. Return nothing.
    """
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, i > lowest)


@EARLY.wrong(
    "You go down to the first layer. Below the lowest layer that needs a gradient nobody wants one: stop there."
)
def whole_way(layers, grad_y):
    for layer in reversed(layers):
        grad_y = layer.backward(grad_y, True)


@EARLY.wrong(
    "You spare the gradient of the data, and still visit frozen layers that nothing below needs: stop at the lowest that trains."
)
def whole_way_but_the_data(layers, grad_y):
    for i, layer in reversed(list(enumerate(layers))):
        grad_y = layer.backward(grad_y, i > 0)


@EARLY.wrong(
    "A frozen layer stops your walk, so what trains below it gets nothing. Frozen means its weights stay; the gradient still passes through."
)
def stopped_by_a_frozen_layer(layers, grad_y):
    for layer in reversed(layers):
        if not layer.needs_grad:
            return
        grad_y = layer.backward(grad_y, True)


@EARLY.wrong(
    "You skip frozen layers and hand the gradient on unchanged. It must pass through their backward: each still multiplies by its own slope."
)
def frozen_layers_skipped(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        if layers[i].needs_grad:
            grad_y = layers[i].backward(grad_y, i > lowest)


@EARLY.wrong(
    "You skip frozen layers: one above a layer that trains has to pass its gradient on. And you ask the lowest for a grad_x that nobody needs."
)
def frozen_layers_skipped_and_all_asked(layers, grad_y):
    for layer in reversed(layers):
        if layer.needs_grad:
            grad_y = layer.backward(grad_y, True)


@EARLY.wrong(
    "The lowest layer that trains need not compute grad_x, wherever it lies: compare i with it, not with 0."
)
def asked_but_for_the_data(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, i > 0)


@EARLY.wrong("Every layer gets the same grad_y. Hand each one what the layer above returned.")
def same_gradient_for_all(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        layers[i].backward(grad_y, i > lowest)


@EARLY.wrong(
    "You stop at the first layer from above that trains. Another one may train below it: go on to the lowest."
)
def stopped_at_the_highest(layers, grad_y):
    for layer in reversed(layers):
        grad_y = layer.backward(grad_y, not layer.needs_grad)
        if layer.needs_grad:
            return


@EARLY.wrong(
    "A layer gets no gradient, because the one above it was not asked for grad_x. Walk from the last layer down, "
    "and ask each one but the lowest that trains."
)
def from_the_first_layer(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(lowest, len(layers)):
        grad_y = layers[i].backward(grad_y, i > lowest)


@EARLY.wrong(
    "A frozen layer above one that trains has to pass the gradient on: ask it for grad_x although its own weights stay."
)
def asked_only_where_it_trains(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, layers[i].needs_grad)


@EARLY.wrong(
    "The lowest layer need not compute grad_x: nobody below uses it. Ask with need_grad_x False there."
)
def asked_at_the_lowest(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, True)


@EARLY.wrong("You stop one layer too early: the lowest layer that trains needs its own backward.")
def one_layer_too_few(layers, grad_y):
    lowest = next((i for i, layer in enumerate(layers) if layer.needs_grad), len(layers))
    for i in range(len(layers) - 1, lowest, -1):
        grad_y = layers[i].backward(grad_y, True)


NOTHING_TRAINS = (
    "With something to train you are right. Where no layer needs a gradient, there is no lowest one, and your search "
    "for it fails: there, call nothing."
)


@EARLY.wrong(NOTHING_TRAINS)
def lowest_of_none_by_min(layers, grad_y):
    lowest = min(i for i, layer in enumerate(layers) if layer.needs_grad)
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, i > lowest)


@EARLY.wrong(
    "With something to train you are right. Where no layer needs a gradient, the list of those that do is empty and "
    "has no first entry: there, call nothing."
)
def lowest_of_none_by_place(layers, grad_y):
    lowest = [i for i, layer in enumerate(layers) if layer.needs_grad][0]
    for i in range(len(layers) - 1, lowest - 1, -1):
        grad_y = layers[i].backward(grad_y, i > lowest)


@EARLY.right
def backward_early_counting(layers, grad_y):
    left = sum(layer.needs_grad for layer in layers)
    for layer in reversed(layers):
        if left == 0:
            return
        left -= layer.needs_grad
        grad_y = layer.backward(grad_y, left > 0)


@EARLY.right
def backward_early_looking_down(layers, grad_y):
    for i in reversed(range(len(layers))):
        below = any(layer.needs_grad for layer in layers[:i])
        if below or layers[i].needs_grad:
            grad_y = layers[i].backward(grad_y, below)


def adam_direction(grad, mean, square, t):
    mean = 0.9 * mean + 0.1 * grad
    square = 0.999 * square + 0.001 * grad**2
    return mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8), mean, square


def adam_mask_case(size: int, seed: int, t: int) -> dict[str, Any]:
    case = numbers(seed, theta=size, grad=size, mean=size, square=size)
    case["square"] = case["square"] ** 2
    return case | dict(t=t, rate=0.1, decay=0.3, mask=MASKS[size].copy())


FROZEN_ADAM = Entry(
    "4.4",
    returns=("new_theta", "mean", "square"),
    checked="Masked weights stay with decay and with means already built up; everything else is Adam.",
    cases=(
        Case("three weights, the third step", lambda: adam_mask_case(3, 45, 3)),
        Case("five weights, the fortieth step", lambda: adam_mask_case(5, 46, 40)),
    ),
    hints=(
        "Let Adam do all it does. Where is the last place at which you can still stop a weight?",
        "theta − rate · mask · (corrected mean / (√corrected square + eps))",
    ),
    rtol=1e-6,
)


@FROZEN_ADAM.reference
def frozen_adam_step(theta, grad, mean, square, t, rate, decay, mask):
    """Adam with L2 decay in which masked weights stay, whatever the means remember.

    theta, grad, mean, square, mask: shape (P,). t: number of this step, from 1. rate, decay: numbers.
    The gradient is grad + decay · theta; beta1 = 0.9, beta2 = 0.999, eps = 1e-8, as in lesson 03.
    The means go on as always; only the weights are held.
    Return the new theta, mean and square, all shape (P,).
    """
    grad = grad + decay * theta
    mean = 0.9 * mean + 0.1 * grad
    square = 0.999 * square + 0.001 * grad**2
    step = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.999**t)) + 1e-8)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.wrong(
    "Your mask multiplies the gradient, but the decay is added after it, and Adam divides it by its own small size: "
    "a full step. Everything that ends in the step must pass the mask, so mask the step."
)
def gradient_masked_before_decay(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(mask * grad + decay * theta, mean, square, t)
    return theta - rate * step, mean, square


@FROZEN_ADAM.wrong(
    "Gradient and decay are masked, but the mean from before the freeze still moves the weight: mask the step."
)
def gradient_masked_after_decay(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(mask * (grad + decay * theta), mean, square, t)
    return theta - rate * step, mean, square


@FROZEN_ADAM.wrong(
    "The weights stay, but you masked the gradient too. Here the means see the whole gradient: mask the step only."
)
def masked_twice(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(mask * (grad + decay * theta), mean, square, t)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.wrong(
    "Your means stop for masked weights. Here they go on as always; only the weights are held."
)
def means_frozen_too(theta, grad, mean, square, t, rate, decay, mask):
    step, new_mean, new_square = adam_direction(grad + decay * theta, mean, square, t)
    return (
        theta - rate * mask * step,
        np.where(mask == 1, new_mean, mean),
        np.where(mask == 1, new_square, square),
    )


@FROZEN_ADAM.wrong(
    "You mask the means as well. In 4.2 the velocity became 0; here the means go on, and only the weights are held."
)
def means_zeroed(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    return theta - rate * mask * step, mask * mean, mask * square


@FROZEN_ADAM.wrong(
    "Return the means as they are before the bias correction: the next step corrects them anew."
)
def corrected_means_returned(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    return theta - rate * mask * step, mean / (1 - 0.9**t), square / (1 - 0.999**t)


@FROZEN_ADAM.wrong(
    "You take the decay out of Adam: that is AdamW. Here it is part of the gradient: grad + decay * theta enters the means."
)
def decay_outside_adam(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad, mean, square, t)
    return theta - rate * mask * (step + decay * theta), mean, square


@FROZEN_ADAM.wrong("The decay goes round both Adam and the mask: it belongs into the gradient.")
def decay_past_the_mask(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad, mean, square, t)
    return theta - rate * (mask * step + decay * theta), mean, square


@FROZEN_ADAM.wrong("The bias correction is missing: divide both means by 1 − betaᵗ.")
def no_correction(theta, grad, mean, square, t, rate, decay, mask):
    grad = grad + decay * theta
    mean = 0.9 * mean + 0.1 * grad
    square = 0.999 * square + 0.001 * grad**2
    return theta - rate * mask * mean / (np.sqrt(square) + 1e-8), mean, square


@FROZEN_ADAM.wrong("eps stands under the root. It is added to the root: √square + eps, as in lesson 03.")
def eps_under_the_root(theta, grad, mean, square, t, rate, decay, mask):
    grad = grad + decay * theta
    mean = 0.9 * mean + 0.1 * grad
    square = 0.999 * square + 0.001 * grad**2
    step = mean / (1 - 0.9**t) / np.sqrt(square / (1 - 0.999**t) + 1e-8)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.wrong(
    "Both means are right, and so is the correction of the first. That of the square is 1 − 0.999ᵗ: look at its beta."
)
def square_corrected_by_099(theta, grad, mean, square, t, rate, decay, mask):
    _, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    step = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.99**t)) + 1e-8)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.wrong(
    "Both means are right, and you correct both with 0.9. The square has a beta of its own: 0.999."
)
def both_corrected_by_09(theta, grad, mean, square, t, rate, decay, mask):
    _, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    step = mean / (1 - 0.9**t) / (np.sqrt(square / (1 - 0.9**t)) + 1e-8)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.wrong("The decay is missing: Adam's gradient is grad + decay * theta.")
def no_decay(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad, mean, square, t)
    return theta - rate * mask * step, mean, square


@FROZEN_ADAM.right
def frozen_adam_with_where(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    return np.where(mask == 1, theta - rate * step, theta), mean, square


@FROZEN_ADAM.right
def frozen_adam_put_back(theta, grad, mean, square, t, rate, decay, mask):
    step, mean, square = adam_direction(grad + decay * theta, mean, square, t)
    new = theta - rate * step
    new[mask == 0] = theta[mask == 0]
    return [new, mean, square]
