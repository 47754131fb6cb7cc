"""Exercises of lesson 06: groups of layers, a rate for each, thawing them one by one, and PyTorch's own idiom.

torch is imported inside the functions: every lesson loads this file, and most do without torch.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry, WrongResult, describe


def observe_slices(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The pairs as an array; a tuple of pairs or an array with two columns will do as well."""
    try:
        pairs = np.asarray(result, dtype=float)
    except (TypeError, ValueError):  # slice objects, generators, pieces of unequal length
        pairs = np.empty(0)
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        begins = (
            f" that begins with {describe(result[0])}" if isinstance(result, (list, tuple)) and result else ""
        )
        raise WrongResult(
            f"Return a list of pairs of numbers, (start, stop) for each group; yours returned {describe(result)}{begins}."
        )
    if len(pairs) != len(arguments["counts"]):
        raise WrongResult(
            f"Return one pair for each group, {len(arguments['counts'])} here; yours returned {len(pairs)}."
        )
    return {"slices": pairs}


GROUPS = Entry(
    "6.1",
    returns=("slices",),
    observe=observe_slices,
    checked="Every group starts where the one before it stops, and takes all weights of its own layers.",
    cases=(
        # Layers and weights can be divided by the groups: equal parts are the same, however somebody rounds.
        Case("four layers in two groups", lambda: dict(sizes=[3, 2, 4, 1], counts=[3, 1])),
        Case("six layers in three groups", lambda: dict(sizes=[80, 1168, 0, 164, 65, 8], counts=[1, 3, 2])),
        Case("a first group without layers", lambda: dict(sizes=[3, 2, 4], counts=[0, 2, 1])),
    ),
    hints=(
        "Walk through the groups and remember two things: which layer comes next, and where it starts in theta.",
        "stop = start + sum(sizes[layer : layer + count]); then layer += count and start = stop.",
    ),
)


@GROUPS.reference
def group_slices(sizes, counts):
    """Where each group of layers lies in theta.

    sizes: how many weights each layer has, from first to last; theta holds them in this order.
    counts: how many layers each group takes, from first to last.
    Return a list with one pair (start, stop) for each group: its weights are theta[start:stop].
    """
    slices, layer, start = [], 0, 0
    for count in counts:
        stop = start + sum(sizes[layer : layer + count])
        slices.append((start, stop))
        layer, start = layer + count, stop
    return slices


@GROUPS.wrong(
    "You give one slice to each layer. A group is several layers that share a rate: counts says how many."
)
def one_slice_for_each_layer(sizes, counts):
    return group_slices(sizes, [1] * len(sizes))


@GROUPS.wrong("You count layers where theta counts weights: add up the sizes of the group's layers.")
def counts_taken_for_weights(sizes, counts):
    return group_slices([1] * len(sizes), counts)


@GROUPS.wrong("Your groups come last to first. theta begins with the first layer, and so do they.")
def groups_from_the_last(sizes, counts):
    return group_slices(sizes, counts)[::-1]


@GROUPS.wrong("Your stops are one too small: theta[start:stop] leaves out stop itself.")
def stop_included(sizes, counts):
    return [(start, stop - 1) for start, stop in group_slices(sizes, counts)]


@GROUPS.wrong("Each of your groups starts at 0. A group starts where the one before it stops.")
def every_group_from_zero(sizes, counts):
    return [(0, stop - start) for start, stop in group_slices(sizes, counts)]


@GROUPS.wrong("Your second number is the length of the group. It should be where the group stops.")
def lengths_for_stops(sizes, counts):
    return [(start, stop - start) for start, stop in group_slices(sizes, counts)]


@GROUPS.wrong("Every group takes the first layers again: go on from the layer where the last one ended.")
def same_layers_again(sizes, counts):
    slices, start = [], 0
    for count in counts:
        stop = start + sum(sizes[:count])
        slices.append((start, stop))
        start = stop
    return slices


@GROUPS.wrong(
    "After a group you go on one layer further. Go on by as many layers as the group took: layer += count."
)
def layer_moved_by_one(sizes, counts):
    slices, start = [], 0
    for layer, count in enumerate(counts):
        stop = start + sum(sizes[layer : layer + count])
        slices.append((start, stop))
        start = stop
    return slices


@GROUPS.wrong(
    "You leave out a weight between groups: stop is not in the group before, so the next one starts at stop itself."
)
def one_weight_skipped(sizes, counts):
    return [(start + group, stop + group) for group, (start, stop) in enumerate(group_slices(sizes, counts))]


@GROUPS.wrong("Your stops are right, but every start is 0: after each group, set start = stop.")
def start_never_moved(sizes, counts):
    return [(0, stop) for _, stop in group_slices(sizes, counts)]


@GROUPS.wrong(
    "You cut the layers into equal numbers. counts says how many layers each group takes, and they differ."
)
def equal_numbers_of_layers(sizes, counts):
    return group_slices(sizes, [len(sizes) // len(counts)] * len(counts))


@GROUPS.wrong(
    "You cut theta into equal parts. A group ends where its last layer ends: count layers first, then add up their sizes."
)
def equal_parts_of_theta(sizes, counts):
    part = sum(sizes) // len(counts)
    return [(group * part, (group + 1) * part) for group in range(len(counts))]


@GROUPS.wrong(
    "You take counts for the layers at which groups end. They are how many layers each group has: add them up as you go."
)
def counts_taken_for_borders(sizes, counts):
    borders = [0, *counts]
    return [(sum(sizes[:a]), sum(sizes[:b])) for a, b in zip(borders[:-1], borders[1:], strict=True)]


@GROUPS.wrong(
    "Your groups all begin with the first layer, at 0. A group begins where the one before it ends: "
    "sizes[layer : layer + count], not sizes[:count]."
)
def first_layers_from_zero(sizes, counts):
    return [(0, sum(sizes[:count])) for count in counts]


@GROUPS.wrong(
    "Those are slice objects: return pairs of numbers, (start, stop) instead of slice(start, stop)."
)
def slice_objects(sizes, counts):
    return [slice(start, stop) for start, stop in group_slices(sizes, counts)]


@GROUPS.right
def group_slices_with_cumsum(sizes, counts):
    ends = np.concatenate([[0], np.cumsum(sizes)])[np.concatenate([[0], np.cumsum(counts)])]
    return np.column_stack([ends[:-1], ends[1:]])


@GROUPS.right
def group_slices_popping(sizes, counts):
    left, at, slices = list(sizes), 0, []
    for count in counts:
        here = at
        for _ in range(count):
            at += left.pop(0)
        slices.append([here, at])
    return slices


def rates_like(powers):
    """The rates with ``powers(group, groups)`` as the number of divisions."""

    def wrong(slices, top, divide):
        rates = np.empty(slices[-1][1])
        for group, (start, stop) in enumerate(slices):
            rates[start:stop] = top / float(divide) ** powers(group, len(slices))
        return rates

    return wrong


RATES = Entry(
    "6.2",
    returns=("rates",),
    checked="The last group has the top rate, and each group before it the next one's divided, for 2, 3 and 4 groups.",
    cases=(
        Case("two groups", lambda: dict(slices=[(0, 2), (2, 3)], top=0.1, divide=10)),
        Case("three groups", lambda: dict(slices=[(0, 3), (3, 5), (5, 9)], top=0.01, divide=2.6)),
        Case("four groups", lambda: dict(slices=[(0, 1), (1, 4), (4, 6), (6, 7)], top=0.5, divide=3)),
    ),
    hints=(
        "How often is the rate of a group divided? The last one never, the one before it once.",
        "rates[start:stop] = top / divide ** (len(slices) - 1 - group)",
    ),
)


@RATES.reference
def layered_rates(slices, top, divide):
    """A rate for every weight, smaller for earlier groups.

    slices: pairs (start, stop) as in 6.1, from the first group to the last, together all of theta.
    The last group gets the rate top, each group before it the rate of the next one divided by divide.
    Return the rates, shape (P,), P weights in all.
    """
    rates = np.empty(slices[-1][1])
    for group, (start, stop) in enumerate(slices):
        rates[start:stop] = top / divide ** (len(slices) - 1 - group)
    return rates


@RATES.wrong(
    "Your rates fall towards the head: the first group has the largest. The last group gets top, earlier ones less."
)
def divided_upwards(slices, top, divide):
    return rates_like(lambda group, groups: group)(slices, top, divide)


@RATES.wrong("Your earlier groups have larger rates than top: divide, do not multiply.")
def multiplied_downwards(slices, top, divide):
    return rates_like(lambda group, groups: group + 1 - groups)(slices, top, divide)


@RATES.wrong("You divide once too often: the last group gets top itself.")
def last_divided_too(slices, top, divide):
    return rates_like(lambda group, groups: groups - group)(slices, top, divide)


@RATES.wrong(
    "All groups but the last get the same rate. Each one is divided again: top / divide, then top / divide²."
)
def divided_once_for_all(slices, top, divide):
    return rates_like(lambda group, groups: int(group < groups - 1))(slices, top, divide)


@RATES.wrong("Every group has the rate top: divide for each step towards the input.")
def one_rate_for_all(slices, top, divide):
    return rates_like(lambda group, groups: 0)(slices, top, divide)


@RATES.wrong("You divide by divide · steps. It is a power: divide ** steps.")
def divided_by_steps(slices, top, divide):
    rates = np.empty(slices[-1][1])
    for group, (start, stop) in enumerate(slices):
        rates[start:stop] = top / max(divide * (len(slices) - 1 - group), 1)
    return rates


@RATES.wrong(
    "You multiply by the number of steps, so the last group, 0 steps away, gets 0. It is a power: divide ** steps, and any number to the power 0 is 1."
)
def times_steps(slices, top, divide):
    rates = np.empty(slices[-1][1])
    for group, (start, stop) in enumerate(slices):
        rates[start:stop] = top / divide * (len(slices) - 1 - group)
    return rates


@RATES.wrong(
    "That is one rate for each group. theta needs one for each weight: repeat it over the group's slice."
)
def one_rate_for_each_group(slices, top, divide):
    return [top / divide ** (len(slices) - 1 - group) for group in range(len(slices))]


@RATES.wrong(
    "Your vector begins with the last group. theta begins with the first: rates[start:stop] belongs to theta[start:stop]."
)
def laid_out_from_the_last(slices, top, divide):
    sizes = [stop - start for start, stop in reversed(slices)]
    return np.repeat([top / divide**steps for steps in range(len(slices))], sizes)


@RATES.wrong(
    "Your rates fall towards the head, and even the first group's is divided. The last group gets top, earlier ones less."
)
def divided_from_here_on(slices, top, divide):
    return rates_like(lambda group, groups: group + 1)(slices, top, divide)


@RATES.wrong(
    "The last weight of each group has no rate: [start:stop] leaves out stop by itself, so do not subtract 1."
)
def stop_left_out(slices, top, divide):
    rates, wanted = np.zeros(slices[-1][1]), layered_rates(slices, top, divide)
    for start, stop in slices:
        rates[start : stop - 1] = wanted[start : stop - 1]
    return rates


@RATES.wrong(
    "Every rate is 0. If your array holds whole numbers (dtype=int), it cuts 0.1 down to 0: np.zeros(P) without dtype keeps fractions."
)
def whole_numbers(slices, top, divide):
    rates = np.zeros(slices[-1][1], dtype=int)
    rates[:] = layered_rates(slices, top, divide)
    return rates


@RATES.right
def layered_rates_with_repeat(slices, top, divide):
    sizes = [stop - start for start, stop in slices]
    return np.repeat(top / divide ** np.arange(len(slices) - 1.0, -1.0, -1.0), sizes)


@RATES.right
def layered_rates_from_the_top(slices, top, divide):
    rates, rate = [], top
    for start, stop in reversed(slices):
        rates = [rate] * (stop - start) + rates
        rate = rate / divide
    return rates


def gradual_or(other):
    """The mask with ``other(step, steps, groups)`` groups awake in "gradual"; "head first" is right."""

    def wrong(step, steps, groups, plan):
        if plan != "gradual":
            return thawed(step, steps, groups, plan)
        return (np.arange(groups) >= groups - other(step, steps, groups)) * 1.0

    return wrong


def head_first_or(until):
    """The mask with all groups awake in "head first" once ``until(step, steps, groups)``; "gradual" is right."""

    def wrong(step, steps, groups, plan):
        if plan == "gradual":
            return thawed(step, steps, groups, plan)
        return ((np.arange(groups) == groups - 1) | until(step, steps, groups)) * 1.0

    return wrong


THAWED = Entry(
    "6.3",
    returns=("mask",),
    checked="Both plans thaw the right groups, before, at and after every change.",
    cases=tuple(
        Case(
            f"{plan}, {groups} groups, step {step} of {steps}",
            lambda step=step, steps=steps, groups=groups, plan=plan: dict(
                step=step, steps=steps, groups=groups, plan=plan
            ),
        )
        for groups, steps in (
            (2, 6),
            (3, 60),
            (4, 12),
            (3, 11),
            (3, 7),
        )  # 11 and 7 steps: no part is a whole number of them
        for plan in ("gradual", "head first")
        for step in sorted(
            {
                0,
                steps // 3 - 1,
                steps // 3,
                steps // 3 + 1,
                steps // 2,
                2 * steps // 3,
                2 * steps // 3 + 1,
                steps - 1,
            }
        )
    ),
    hints=(
        "Count how many groups are awake. They are always the last ones.",
        'For "gradual" it is 1 + step * groups // steps; for "head first" 1, and from the step with 3 * step >= steps on all of them.',
    ),
)


@THAWED.reference
def thawed(step, steps, groups, plan):
    """Which groups train at a step: 1 for a group that does, 0 for one that is still frozen.

    step: from 0 to steps - 1. groups: how many there are, from first (nearest the input) to last (the head).
    plan "gradual": steps are cut into as many equal parts as there are groups. In the first part only the
    last group trains; at the start of each further part one more thaws, from the last towards the first.
    plan "head first": in the first third of the steps only the last group trains, then all do.
    Return the mask of the groups, shape (groups,).
    """
    if plan == "gradual":
        awake = 1 + step * groups // steps
    elif 3 * step >= steps:
        awake = groups
    else:
        awake = 1
    return np.array([float(group >= groups - awake) for group in range(groups)])


@THAWED.wrong(
    "You thaw from the first group on. The head comes first: what it learned is what the others then adapt to."
)
def thawed_from_the_first(step, steps, groups, plan):
    return thawed(step, steps, groups, plan)[::-1]


@THAWED.wrong(
    "Only the newest group trains; those thawed before are frozen again. Once thawed, a group goes on training."
)
def refrozen_behind(step, steps, groups, plan):
    mask = thawed(step, steps, groups, plan)
    if plan == "gradual":
        first = int(np.argmax(mask))
        mask[first + 1 :] = 0
    return mask


@THAWED.wrong("Every group trains from the first step: nothing is thawed one by one.")
def everything_from_the_start(step, steps, groups, plan):
    return np.ones(groups)


@THAWED.wrong("Only the last group ever trains: thaw the others as the plan says.")
def last_never_let_go(step, steps, groups, plan):
    return np.arange(groups) == groups - 1.0


@THAWED.wrong("At first nothing trains. The last group is awake from step 0.")
def nothing_at_first(step, steps, groups, plan):
    awake = step * groups // steps if plan == "gradual" else (groups if 3 * step >= steps else 0)
    return np.array([float(group >= groups - awake) for group in range(groups)])


@THAWED.wrong("You have exchanged the two plans.")
def plans_exchanged(step, steps, groups, plan):
    return thawed(step, steps, groups, "head first" if plan == "gradual" else "gradual")


@THAWED.wrong("Head first lasts for a third of the steps, not for half of them.")
def head_first_for_half(step, steps, groups, plan):
    return head_first_or(lambda step, steps, groups: 2 * step >= steps)(step, steps, groups, plan)


@THAWED.wrong(
    "Head first ends one step too late: at step = steps / 3 the first third is over, so there all train. Steps count from 0."
)
def head_first_one_step_late(step, steps, groups, plan):
    return head_first_or(lambda step, steps, groups: 3 * step > steps)(step, steps, groups, plan)


@THAWED.wrong(
    "Head first lasts for steps / groups in yours. It is a third of the steps, however many groups there are."
)
def head_first_for_one_part(step, steps, groups, plan):
    return head_first_or(lambda step, steps, groups: step >= steps // groups)(step, steps, groups, plan)


@THAWED.wrong(
    "You thaw group by group in both plans. In head first all train at once after the first third: look at plan."
)
def gradual_in_both(step, steps, groups, plan):
    return thawed(step, steps, groups, "gradual")


@THAWED.wrong(
    "You thaw all at once in both plans. In gradual one group thaws at the start of each part: look at plan."
)
def head_first_in_both(step, steps, groups, plan):
    return thawed(step, steps, groups, "head first")


@THAWED.wrong(
    "In gradual nothing trains in the first part, and the first group never does. How many groups are awake at step 0?"
)
def gradual_without_the_head(step, steps, groups, plan):
    return gradual_or(lambda step, steps, groups: step * groups // steps)(step, steps, groups, plan)


@THAWED.wrong(
    "In the first part of gradual all groups train: with 0 awake, mask[-0:] is the whole mask. How many groups are awake at step 0?"
)
def all_of_minus_zero(step, steps, groups, plan):
    mask = np.zeros(groups)
    awake = step * groups // steps if plan == "gradual" else (groups if 3 * step >= steps else 1)
    mask[-awake:] = 1
    return mask


@THAWED.wrong(
    "You cut gradual into three parts, whatever the number of groups: there are as many parts as groups."
)
def gradual_in_three_parts(step, steps, groups, plan):
    return gradual_or(lambda step, steps, groups: 1 + 3 * step // steps)(step, steps, groups, plan)


@THAWED.wrong(
    "In gradual each group thaws one step too late: it is awake from the first step of its part. Round down, then add 1."
)
def gradual_one_step_late(step, steps, groups, plan):
    return gradual_or(lambda step, steps, groups: max(1, -(-step * groups // steps)))(
        step, steps, groups, plan
    )


@THAWED.wrong(
    "You thaw one step too early: step counts from 0, so after the first third step is steps / 3, and no 1 is added to it."
)
def steps_counted_from_one(step, steps, groups, plan):
    return thawed(step + 1, steps, groups, plan)


@THAWED.wrong(
    "Head first is right, but gradual goes from the first group to the last: the last one is awake first, then the one before it."
)
def gradual_from_the_first(step, steps, groups, plan):
    mask = thawed(step, steps, groups, plan)
    return mask[::-1] if plan == "gradual" else mask


@THAWED.wrong("Your mask is turned round: 1 trains, 0 is frozen.")
def mask_turned_round_here(step, steps, groups, plan):
    return 1 - thawed(step, steps, groups, plan)


@THAWED.wrong("After the first third all groups train, the head as well.")
def head_left_alone_afterwards(step, steps, groups, plan):
    if plan == "gradual" or 3 * step < steps:
        return thawed(step, steps, groups, plan)
    return np.array([float(group < groups - 1) for group in range(groups)])


ROUNDED = (
    "Right where the parts are whole numbers of steps, not where they aren't: with 11 steps a third is 3.67, and "
    "steps // 3 cuts it to 3. Multiply first: {}."
)


@THAWED.wrong(ROUNDED.format("1 + step * groups // steps"))
def gradual_in_rounded_parts(step, steps, groups, plan):
    return gradual_or(lambda step, steps, groups: 1 + step // (steps // groups))(step, steps, groups, plan)


@THAWED.wrong(ROUNDED.format("3 * step >= steps"))
def head_first_until_a_rounded_third(step, steps, groups, plan):
    return head_first_or(lambda step, steps, groups: step >= steps // 3)(step, steps, groups, plan)


@THAWED.wrong(ROUNDED.format("1 + step * groups // steps, and 3 * step >= steps"))
def both_rounded(step, steps, groups, plan):
    wrong = gradual_in_rounded_parts if plan == "gradual" else head_first_until_a_rounded_third
    return wrong(step, steps, groups, plan)


@THAWED.right
def thawed_with_parts(step, steps, groups, plan):
    mask = np.zeros(groups)
    part = int(step / (steps / groups))
    count = part + 1 if plan == "gradual" else (1 if step < steps / 3 else groups)
    mask[-count:] = 1
    return mask


@THAWED.right
def thawed_as_list(step, steps, groups, plan):
    starts = [steps * k / groups if plan == "gradual" else steps / 3 * min(k, 1) for k in range(groups)]
    return [int(step >= start) for start in reversed(starts)]
