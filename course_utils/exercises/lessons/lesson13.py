"""Exercises of lesson 13: the whole update, its vectors, the budget, and a design of one's own."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.beds.capstone import GROUPS, broken_rule
from course_utils.engine.blackbox import BlackBox
from course_utils.exercises.bank import Case, Entry, WrongResult, observe_results


def compose_case(seed: int, size: int) -> dict[str, Any]:
    """A penalty, a projection onto a plane, and a direction that remembers what it is given, not linear together."""
    rng = np.random.default_rng(seed)
    theta, grad, memory = rng.normal(size=(3, size))
    normal = rng.normal(size=size)
    normal[0] = 0  # the first weight is masked, and no projection moves it
    mask = np.ones(size)
    mask[[0, size - 2]] = 0

    def direction(gradient):
        nonlocal memory
        memory = 0.5 * memory + np.asarray(gradient, dtype=float)
        return memory / (np.sqrt(np.abs(memory)) + 0.1)

    return dict(
        theta=theta,
        grad=grad,
        rates=rng.uniform(0.05, 0.5, size),
        mask=mask,
        penalty=lambda theta: 0.7 * np.asarray(theta) ** 3,
        projection=lambda theta: theta - (normal @ theta - 0.4) / (normal @ normal) * normal,
        direction=direction,
    )


COMPOSE = Entry(
    "13.1",
    returns=("new_theta",),
    checked="One step is right for 4 and 7 weights, with a penalty, a projection and a direction that has a memory.",
    cases=(
        Case("4 weights", lambda: compose_case(121, 4)),
        Case("7 weights", lambda: compose_case(122, 7)),
    ),
    hints=(
        "Read the equation from the inside out: the penalty joins the gradient, direction makes a step of both, "
        "rate and mask multiply it, theta loses it, Π gets what is left.",
        "projection(theta - rates * mask * direction(…))",
    ),
    rtol=1e-7,
)


@COMPOSE.reference
def compose_step(theta, grad, rates, mask, penalty, projection, direction):
    """One step of the whole update: the new theta.

    theta, grad, rates, mask: shape (P,); mask is 1 where a weight may move and 0 where it stays.
    penalty(theta): λ∇R(θ), shape (P,). projection(theta): Π(θ), shape (P,).
    direction(gradient): what the rate multiplies, shape (P,): Adam's mean over root mean square, say. It
    remembers what it is given, so call it once.
    Decide the order by what is demanded: the penalty is one more gradient; a masked weight takes no step,
    whatever direction remembers of it; the new theta lies in the structure, to the last digit.
    Return the new theta, shape (P,). theta stays as it is.
    """
    return projection(theta - rates * mask * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "The penalty goes past your mask and moves frozen weights. It joins the gradient, inside the bracket that the mask multiplies."
)
def penalty_past_the_mask(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * (mask * direction(grad) + penalty(theta)))


@COMPOSE.wrong(
    "You mask what goes into direction. Its memory of earlier steps still moves frozen weights: mask what comes out."
)
def masked_before_the_direction(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * direction(mask * (grad + penalty(theta))))


@COMPOSE.wrong(
    "You mask the gradient alone, before direction. Penalty and memory both move frozen weights: mask what comes out of direction."
)
def only_the_gradient_masked_in_it(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * direction(mask * grad + penalty(theta)))


@COMPOSE.wrong("You project and then step, so every step leaves the structure again. Π comes last.")
def projected_before_the_step(theta, grad, rates, mask, penalty, projection, direction):
    theta = projection(theta)
    return theta - rates * mask * direction(grad + penalty(theta))


@COMPOSE.wrong("You project the step. Π puts weights back: give it theta after the step.")
def step_projected(theta, grad, rates, mask, penalty, projection, direction):
    return theta - projection(rates * mask * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "The rate scales your projection, so a small rate goes only a part of the way back. Rates belong to the step; Π is applied whole."
)
def rate_scales_the_projection(theta, grad, rates, mask, penalty, projection, direction):
    stepped = theta - mask * direction(grad + penalty(theta))
    return theta + rates * (projection(stepped) - theta)


@COMPOSE.wrong("The penalty joins after direction. Add it to the gradient first, direction gets both.")
def penalty_outside_the_direction(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * mask * (direction(grad) + penalty(theta)))


@COMPOSE.wrong("The penalty is missing: add penalty(theta) to the gradient.")
def penalty_dropped(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * mask * direction(grad))


@COMPOSE.wrong(
    "The projection is missing, or what it returns is not used: return projection(…) of the new weights."
)
def projection_dropped(theta, grad, rates, mask, penalty, projection, direction):
    return theta - rates * mask * direction(grad + penalty(theta))


@COMPOSE.wrong("You step along the gradient itself: give it to direction, and use what comes back.")
def direction_dropped(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * mask * (grad + penalty(theta)))


@COMPOSE.wrong("You step uphill: take the step away from theta.")
def uphill(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta + rates * mask * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "Your rates go into direction. Adam divides by the size of what it gets, and the rates would cancel: they multiply what comes out."
)
def rates_into_the_direction(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - mask * direction(rates * (grad + penalty(theta))))


@COMPOSE.wrong("The mask is missing, and frozen weights move: multiply the step by it.")
def mask_forgotten(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "Your mask is turned round: it is 1 where a weight moves, so the step is multiplied by mask itself."
)
def mask_turned_round(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * (1 - mask) * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "You subtract the penalty, so theta climbs it. It is a gradient like the other: add the two, and the step goes down both."
)
def penalty_subtracted(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * mask * direction(grad - penalty(theta)))


@COMPOSE.wrong(
    "Gradient and penalty each go through direction by themselves. It has one memory, and brings both to one size: add first, call it once."
)
def a_direction_for_each(theta, grad, rates, mask, penalty, projection, direction):
    return projection(theta - rates * mask * (direction(grad) + direction(penalty(theta))))


@COMPOSE.wrong(
    "You call direction twice in one step, and it remembers the gradient twice. Keep what the one call returns in a variable."
)
def direction_called_twice(theta, grad, rates, mask, penalty, projection, direction):
    direction(grad + penalty(theta))
    return projection(theta - rates * mask * direction(grad + penalty(theta)))


@COMPOSE.wrong(
    "You put the masked weights back after Π, and so leave the structure again. The mask belongs to the step; Π comes last."
)
def restored_after_the_projection(theta, grad, rates, mask, penalty, projection, direction):
    return np.where(mask, projection(theta - rates * direction(grad + penalty(theta))), theta)


@COMPOSE.wrong("Your mask sets weights to 0. It belongs to the step, not to theta.")
def weights_masked(theta, grad, rates, mask, penalty, projection, direction):
    return projection(mask * (theta - rates * direction(grad + penalty(theta))))


@COMPOSE.right
def compose_in_lines(theta, grad, rates, mask, penalty, projection, direction):
    pulled = np.asarray(grad) + penalty(theta)
    step = np.multiply(rates, direction(pulled))
    new = theta.copy()
    new[mask == 1] -= step[mask == 1]
    return projection(new)


@COMPOSE.right
def compose_masking_twice(theta, grad, rates, mask, penalty, projection, direction):
    pulled = mask * (grad + penalty(theta))  # for each weight by itself, so this changes no other one
    return projection(theta - mask * rates * direction(pulled))


VECTORS = Entry(
    "13.2",
    returns=("rates", "mask"),
    checked="Rates and mask are right for plain names and for names with dots, with one and with three frozen.",
    cases=(
        Case(
            "3 groups, 1 frozen",
            lambda: dict(
                groups={"a": slice(0, 2), "b": slice(2, 5), "c": slice(5, 6)},
                rates={"c": 0.3, "a": 0.01, "b": 0.2},
                frozen=["b"],
            ),
        ),
        Case(
            "6 parts of 4 groups, three names frozen",
            lambda: dict(
                groups={
                    "in": slice(0, 3),
                    "body.conv": slice(3, 5),
                    "body.norm": slice(5, 9),
                    "body2": slice(9, 11),
                    "out.w": slice(11, 13),
                    "out.b": slice(13, 14),
                },
                rates={"body.conv": 0.04, "body": 0.1, "out": 0.3, "in": 0.02, "out.b": 0.06, "body2": 0.5},
                frozen=["in", "out.w", "body"],
            ),
        ),
    ),
    hints=(
        'A part belongs to a name if it is that name or goes on with a dot: f"{part}.".startswith(f"{name}."). '
        "Without the dots, body2 would be a part of body.",
        "Of the names in rates that fit, the longest says most: max(fitting, key=len). For the mask, any name in frozen will do.",
    ),
)


def fits(part, name):
    """Whether ``name`` speaks of this part: "body" does of "body" and of "body.conv", and not of "body2"."""
    return f"{part}.".startswith(f"{name}.")


def vectors(groups, rate_of, is_frozen):
    """η and m from two functions of a part's name."""
    size = max(part.stop for part in groups.values())
    eta, mask = np.zeros(size), np.ones(size)
    for name, part in groups.items():
        eta[part] = rate_of(name)
        if is_frozen(name):
            mask[part] = 0
    return eta, mask


@VECTORS.reference
def rates_and_mask(groups, rates, frozen):
    """The vectors η and m of a design, for groups and for their parts.

    groups: from the name of each part to its slice of theta; together all P weights. "body.conv" is a part
    of "body", as in PyTorch; "body2" is not.
    rates: from a name to the rate of that part and of all its parts. Where several names fit, decide which
    one was meant: whoever writes rates for "body" and for "body.conv" wants them to differ.
    frozen: a list of names; these and all their parts stay.
    Return the rates (P,), of what is frozen too, for the mask holds it, and the mask (P,): 0 where weights stay, else 1.
    """
    size = max(part.stop for part in groups.values())
    eta, mask = np.zeros(size), np.ones(size)
    for name, part in groups.items():
        fitting = [of for of in rates if f"{name}.".startswith(f"{of}.")]
        eta[part] = rates[max(fitting, key=len)]
        if any(f"{name}.".startswith(f"{of}.") for of in frozen):
            mask[part] = 0
    return eta, mask


@VECTORS.wrong("Your mask is turned round: 0 for frozen groups, 1 for the others.")
def mask_the_wrong_way_round(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    return eta, 1 - mask


@VECTORS.wrong(
    "Where two names fit, you take the shorter. The longer one speaks of fewer weights: it was written to make an exception."
)
def the_shorter_name_wins(groups, rates, frozen):
    def rate_of(part):
        return rates[min((name for name in rates if fits(part, name)), key=len)]

    return vectors(groups, rate_of, lambda part: any(fits(part, name) for name in frozen))


@VECTORS.wrong(
    "Where two names fit, you take the one that is written last. A dictionary's order should not decide: take the longest."
)
def the_last_name_wins(groups, rates, frozen):
    def rate_of(part):
        return [rate for name, rate in rates.items() if fits(part, name)][-1]

    return vectors(groups, rate_of, lambda part: any(fits(part, name) for name in frozen))


@VECTORS.wrong(
    "Your body2 goes with body, because its name begins with the same letters. A part goes on with a dot: compare name + '.'."
)
def the_dot_forgotten(groups, rates, frozen):
    def rate_of(part):
        return rates[max((name for name in rates if part.startswith(name)), key=len)]

    return vectors(groups, rate_of, lambda part: any(part.startswith(name) for name in frozen))


@VECTORS.wrong(
    "You freeze only what is written in the list to the letter. Freezing body freezes body.conv and body.norm as well."
)
def parts_of_the_frozen_train(groups, rates, frozen):
    return rates_and_mask(groups, rates, [])[0], vectors(
        groups, lambda part: 0.0, lambda part: part in frozen
    )[1]


@VECTORS.wrong(
    "You set the rate of frozen groups to 0. Leave it: the mask holds them, and thawing one is then a change of the mask alone."
)
def rate_taken_from_the_frozen(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    return eta * mask, mask


@VECTORS.wrong(
    "You cut each name at its first dot, so freezing out.w freezes nothing. Ask whether any name of the list fits the whole name."
)
def only_whole_groups_frozen(groups, rates, frozen):
    return rates_and_mask(groups, rates, [])[0], vectors(
        groups, lambda part: 0.0, lambda part: part.split(".")[0] in frozen
    )[1]


@VECTORS.wrong(
    "You look in frozen for the name that gave the rate. Rates and frozen are two lists: any name in frozen that fits will do."
)
def frozen_by_the_name_of_the_rate(groups, rates, frozen):
    def is_frozen(part):
        return max((name for name in rates if fits(part, name)), key=len) in frozen

    return rates_and_mask(groups, rates, [])[0], vectors(groups, lambda part: 0.0, is_frozen)[1]


@VECTORS.wrong("You freeze the first name of the list only. All of its groups stay.")
def only_the_first_frozen(groups, rates, frozen):
    return rates_and_mask(groups, rates, frozen[:1])


@VECTORS.wrong("One entry for each group. The update needs one for each weight: fill the group's slice.")
def one_entry_for_each_group(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    first = [part.start for part in groups.values()]
    return eta[first], mask[first]


@VECTORS.wrong("You take the rates in the order in which they are given. Look them up by name: rates[name].")
def rates_in_their_own_order(groups, rates, frozen):
    by_place = dict(zip(groups, rates.values(), strict=False))
    return rates_and_mask(groups, by_place, frozen)


@VECTORS.wrong("You share a rate out over its group. Every weight of the group has the whole rate.")
def rate_shared_by_the_group(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    for part in groups.values():
        eta[part] /= part.stop - part.start
    return eta, mask


@VECTORS.wrong("The first weight of each group is left out: a slice includes its start.")
def first_weight_left_out(groups, rates, frozen):
    later = {name: slice(part.start + 1, part.stop) for name, part in groups.items()}
    return rates_and_mask(later, rates, frozen)


@VECTORS.wrong("Your mask holds rates. It is 0 or 1; the step multiplies by both.")
def mask_is_the_rate(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    return eta, eta * mask


@VECTORS.wrong("You return them the other way round: first the rates, then the mask.")
def mask_first(groups, rates, frozen):
    return rates_and_mask(groups, rates, frozen)[::-1]


@VECTORS.wrong(
    "Your array of rates holds whole numbers, so each rate was cut to 0. Make it with np.zeros(P), without int."
)
def rates_in_whole_numbers(groups, rates, frozen):
    eta, mask = rates_and_mask(groups, rates, frozen)
    return eta.astype(int), mask


@VECTORS.right
def vectors_from_short_to_long(groups, rates, frozen):
    size = max(part.stop for part in groups.values())
    eta, mask = np.empty(size), np.full(size, 1.0)
    for name in sorted(rates, key=len):  # the longer one overwrites the shorter
        for part, where in groups.items():
            if part == name or part.startswith(name + "."):
                eta[where] = rates[name]
                mask[where] = 1 - any(part == f or part.startswith(f + ".") for f in frozen)
    return eta, mask


@VECTORS.right
def vectors_by_lists(groups, rates, frozen):
    eta, mask = [], []
    for name, part in sorted(groups.items(), key=lambda item: item[1].start):
        above = [name.rsplit(".", cut)[0] for cut in range(name.count(".") + 1)]  # from long to short
        eta += [next(rates[of] for of in above if of in rates)] * (part.stop - part.start)
        mask += [float(not set(above) & set(frozen))] * (part.stop - part.start)
    return eta, mask


def budget_case(seed: int, left: int, rows: int, before: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    W = rng.normal(size=(3, 2))
    box = BlackBox(lambda h: np.tanh(h @ W), budget=before + left)
    asked = rng.normal(size=(before, 3))
    return dict(box=box, h=rng.normal(size=(rows, 3)), asked=asked, answers=box(asked))


def observe_budget(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    named = observe_results(("asked", "answers"))(arguments, result)
    return {**named, "queries": arguments["box"].queries}


ASK = Entry(
    "13.3",
    returns=("asked", "answers"),
    observe=observe_budget,
    may_change=("box",),  # it counts
    checked="Rows, answers and the queries spent are right with budget to spare, with too little, and with none.",
    cases=(
        Case("4 rows, 9 queries left", lambda: budget_case(123, 9, 4, 2)),
        Case("5 rows, 3 queries left", lambda: budget_case(124, 3, 5, 4)),
        Case("4 rows, nothing left", lambda: budget_case(125, 0, 4, 3)),
    ),
    hints=(
        "h[: box.left] are the rows you can pay for: all of them where box.left is larger than N.",
        "If there are none, return asked and answers. Else np.concatenate([asked, …]) and np.concatenate([answers, box(…)]).",
    ),
)


@ASK.reference
def ask_within_budget(box, h, asked, answers):
    """Ask g about as many rows of h as the budget still pays for, and remember what it said.

    box: a BlackBox; box(h) returns g(h) and costs one query for each row; box.left queries are left, and a call
    with more rows than that raises BudgetSpent, one with no rows at all a ValueError.
    h: shape (N, k). asked (M, k), answers (M, out): what was asked before, row by row.
    Ask about the first rows of h, all if the budget allows; new rows go below the old ones.
    Return the new asked and answers. With nothing left, return them as they are.
    """
    affordable = h[: box.left]
    if len(affordable) == 0:
        return asked, answers
    return np.concatenate([asked, affordable]), np.concatenate([answers, box(affordable)])


@ASK.wrong("You ask about all of h whatever is left, and the box refuses. Ask about h[: box.left].")
def budget_overrun(box, h, asked, answers):
    return np.concatenate([asked, h]), np.concatenate([answers, box(h)])


@ASK.wrong(
    "When not all rows fit you ask about none, and the rest of the budget is lost. Ask about the first box.left rows."
)
def all_or_nothing(box, h, asked, answers):
    if len(h) > box.left:
        return asked, answers
    return budget_overrun(box, h, asked, answers)


@ASK.wrong(
    "You return the new rows only. What was asked before stays true and is paid for: put the new rows below the old."
)
def past_forgotten(box, h, asked, answers):
    if not box.left:
        return asked, answers
    return h[: box.left], box(h[: box.left])


@ASK.wrong("You ask about the last rows of h. Take the first ones.")
def last_rows_asked(box, h, asked, answers):
    return ask_within_budget(box, h[max(0, len(h) - box.left) :], asked, answers)


@ASK.wrong("Your new rows are above the old ones. They go below.")
def new_on_top(box, h, asked, answers):
    if not box.left:
        return asked, answers
    return np.concatenate([h[: box.left], asked]), np.concatenate([box(h[: box.left]), answers])


@ASK.wrong(
    "You note all rows of h as asked, and have answers for some of them only. Note the rows that you paid for."
)
def asked_all_noted(box, h, asked, answers):
    known = ask_within_budget(box, h, asked, answers)[1]
    return np.concatenate([asked, h]), known


@ASK.wrong("You call the box twice for the same rows, and pay twice. Keep what it says in a variable.")
def asked_twice(box, h, asked, answers):
    half = h[: box.left // 2]
    if len(half) == 0:
        return asked, answers
    box(half)
    return np.concatenate([asked, half]), np.concatenate([answers, box(half)])


@ASK.wrong("You keep one query back. A call with box.left rows is allowed: spend the last one too.")
def one_row_kept_back(box, h, asked, answers):
    return ask_within_budget(box, h[: max(0, box.left - 1)], asked, answers)


@ASK.wrong("You ask about the old rows again and pay for them a second time. Their answers are in answers.")
def old_rows_asked_again(box, h, asked, answers):
    everything = np.concatenate([asked, h])[: box.left]
    if len(everything) == 0:
        return asked, answers
    return everything, box(everything)


@ASK.right
def ask_row_by_row(box, h, asked, answers):
    asked, answers = [*asked], [*answers]
    for row in h:
        if not box.left:
            break
        asked.append(row)
        answers.append(box(row[None])[0])
    return np.array(asked), np.array(answers)


@ASK.right
def ask_with_vstack(box, h, asked, answers):
    n = min(len(h), box.left)
    if n > 0:
        said = box(h[:n])
        asked, answers = np.vstack([asked, h[:n]]), np.vstack([answers, said])
    return asked, answers


def keeps_the_rules(arguments: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    if sentence := broken_rule(values["design"]):
        raise WrongResult(sentence)
    return {"design": "keeps the rules"}


DESIGN = Entry(
    "13.4",
    returns=("design",),
    weigh=keeps_the_rules,
    checked="Your design obeys the rules. How good it is, only its score can say.",
    cases=(Case("your design", dict),),
    hints=(
        "Which group is new, which has been trained for long, and which must change a lot? That orders the rates.",
        "The projection is exact and has no strength to choose. Of the gradients, which gets the most steps out of 1200 queries?",
    ),
)


@DESIGN.reference
def design():
    """Your design: how every symbol is set.

    Return a dictionary with
    "rates": η of each of the four groups, {"stage": …, "filter": …, "body": …, "new": …}, more than 0 and at most 1;
    "frozen": a list of the groups whose mask is 0; the stage has to be in it, and something has to train;
    "strength": λ, 0 or more; "projection": True for Π, False for none; the filter needs one of the two;
    "gradient": "surrogate", "direction" or "differences", or the name of an entry that you add to GRADIENTS.
    """
    return {
        "rates": {"stage": 0.06, "filter": 0.06, "body": 0.001, "new": 0.02},
        "frozen": ["stage"],
        "strength": 0.0,
        "projection": True,
        "gradient": "surrogate",
    }


@DESIGN.wrong('Your stage trains. It belongs to others too: put "stage" into "frozen".')
def stage_trains():
    return design() | {"frozen": []}


@DESIGN.wrong("Nothing keeps your filter low-pass. Set projection to True, or strength above 0.")
def filter_may_go_anywhere():
    return design() | {"projection": False, "strength": 0.0}


@DESIGN.wrong(
    "A strength of 1e-12 is too faint to pull your filter anywhere. Try 1 or more, or set projection to True."
)
def holds_by_a_trace_of_penalty():
    return design() | {"projection": False, "strength": 1e-12}


@DESIGN.wrong(
    "A frozen filter stays as open as it came, and a penalty cannot move it. Set projection to True: Π is applied once before the first step."
)
def frozen_and_only_penalised():
    return design() | {"projection": False, "strength": 10.0, "frozen": ["stage", "filter"]}


@DESIGN.wrong("All four groups are frozen, so nothing trains. Take some out of the list.")
def nothing_trains():
    return design() | {"frozen": list(GROUPS)}


@DESIGN.wrong(
    "stage has no rate. Give all four groups one, the stage too: the mask holds it, not a missing rate."
)
def a_group_without_a_rate():
    chosen = design()
    return chosen | {"rates": {name: chosen["rates"][name] for name in GROUPS if name != "stage"}}


@DESIGN.wrong(
    "There is no group 'tail' to have a rate: the groups are stage, filter, body, new, and g is not yours to train."
)
def a_rate_for_the_tail():
    chosen = design()
    return chosen | {"rates": chosen["rates"] | {"tail": 0.01}}


@DESIGN.wrong(
    "One rate for all has to be said for each group: a dictionary with stage, filter, body and new."
)
def one_number_for_the_rates():
    return design() | {"rates": 0.01}


@DESIGN.wrong('frozen is a list of names: ["stage"], with brackets, even for a single one.')
def frozen_by_a_word():
    return design() | {"frozen": "stage"}


@DESIGN.wrong("frozen names 'flter', which is no group: the groups are stage, filter, body, new.")
def a_group_that_is_none():
    return design() | {"frozen": ["stage", "flter"]}


@DESIGN.wrong("The rate of body is no number above 0 and at most 1. To hold a group, put it into frozen.")
def rate_of_nothing():
    chosen = design()
    return chosen | {"rates": chosen["rates"] | {"body": 0.0}}


@DESIGN.wrong("A strength below 0 rewards leaving the structure. λ is 0 or more.")
def strength_below_zero():
    return design() | {"strength": -1.0}


@DESIGN.wrong("strength is λ, a number, and one that a gradient survives: 0, or up to a few hundred.")
def strength_without_end():
    return design() | {"strength": float("inf")}


@DESIGN.wrong("projection is True or False, without quotation marks.")
def projection_by_a_word():
    return design() | {"projection": "no"}


@DESIGN.right
def everything_but_the_new_frozen():
    return design() | {"frozen": ["stage", "filter", "body"]}


@DESIGN.right
def keeps_by_penalty():
    rates = {"stage": 0.01, "filter": 0.01, "body": 0.003, "new": 0.01}
    return {
        "rates": rates,
        "frozen": ("stage",),
        "strength": 10,
        "projection": False,
        "gradient": "direction",
    }
