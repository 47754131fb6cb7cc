"""What a design of lesson 13 may be: the demands of the task, put to a dictionary."""

from collections.abc import Mapping
from typing import Any

import numpy as np

GROUPS = ("stage", "filter", "body", "new")
PARTS = {"rates", "frozen", "strength", "projection", "gradient"}


def is_number(value: Any) -> bool:
    return isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)


def broken_rule(chosen: Any) -> str:
    """The first rule that a design breaks, in a sentence that says what to do; "" if it keeps them all."""
    if not isinstance(chosen, Mapping) or set(chosen) != PARTS:
        return f"Return a dictionary with {', '.join(sorted(PARTS))}, no more and no less."
    rates, frozen, strength, projection = (
        chosen[part] for part in ("rates", "frozen", "strength", "projection")
    )
    if not isinstance(rates, Mapping):
        return (
            "One rate for all has to be said for each group: a dictionary with stage, filter, body and new."
        )
    if missing := [name for name in GROUPS if name not in rates]:
        return f"{missing[0]} has no rate. Give all four groups one, the stage too: the mask holds it, not a missing rate."
    if extra := [name for name in rates if name not in GROUPS]:
        return f"There is no group {extra[0]!r} to have a rate: the groups are {', '.join(GROUPS)}, and g is not yours to train."
    if wrong := [name for name in GROUPS if not (is_number(rates[name]) and 0 < rates[name] <= 1)]:
        return (
            f"The rate of {wrong[0]} is no number above 0 and at most 1. To hold a group, put it into frozen."
        )
    if not isinstance(frozen, (list, tuple, set)):
        return 'frozen is a list of names: ["stage"], with brackets, even for a single one.'
    if unknown := [name for name in frozen if name not in GROUPS]:
        return f"frozen names {unknown[0]!r}, which is no group: the groups are {', '.join(GROUPS)}."
    if "stage" not in frozen:
        return 'Your stage trains. It belongs to others too: put "stage" into "frozen".'
    if set(frozen) == set(GROUPS):
        return "All four groups are frozen, so nothing trains. Take some out of the list."
    if not is_number(strength) or not abs(strength) <= 1e6:
        return "strength is λ, a number, and one that a gradient survives: 0, or up to a few hundred."
    if strength < 0:
        return "A strength below 0 rewards leaving the structure. λ is 0 or more."
    if not isinstance(projection, (bool, np.bool_)):
        return "projection is True or False, without quotation marks."
    if not projection and strength == 0:
        return "Nothing keeps your filter low-pass. Set projection to True, or strength above 0."
    if not projection and strength < 0.01:
        return f"A strength of {strength:g} is too faint to pull your filter anywhere. Try 1 or more, or set projection to True."
    if not projection and "filter" in frozen:
        return "A frozen filter stays as open as it came, and a penalty cannot move it. Set projection to True: Π is applied once before the first step."
    if not isinstance(chosen["gradient"], str):
        return '"gradient" is the name of an entry of GRADIENTS, a string.'
    return ""
