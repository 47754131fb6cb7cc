"""Two texts with figures in them, compared: the words to the letter, the numbers by what they mean.

Trained figures depend in their last digits on the processor. A notebook's cell that prints them says in
its tags what it allows:

    decimals-0.02   each number with a decimal point, within 0.02 of the stored one
    decimals-5%     … within 5 % of it
    wholes-10%      each whole number, within 10 % of it
    wholes-2        … within 2

A cell with no tag is compared to the letter.
"""

import re
from collections.abc import Iterable

NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e[-+]?\d+)?")
TAG = re.compile(r"(decimals|wholes)-(\d+(?:\.\d+)?)(%?)")

Allowed = dict[str, list[tuple[float, bool]]]  # "decimals" or "wholes" -> (how much, whether in percent)


def allowed_by(tags: Iterable[str]) -> Allowed:
    """What a cell's tags allow; ValueError for a tag that begins like one of these and is none."""
    found: Allowed = {"decimals": [], "wholes": []}
    for tag in tags:
        if match := TAG.fullmatch(tag):
            found[match[1]].append((float(match[2]), bool(match[3])))
        elif tag.startswith(("decimals", "wholes")):
            raise ValueError(
                f"The tag {tag!r} should look like decimals-0.02, decimals-5%, wholes-10% or wholes-2."
            )
    return found


def agrees(new: str, old: str, allowed: Allowed) -> bool:
    """Whether two texts have the same words, and numbers within what is ``allowed``.

    How many spaces stand between words is no matter: a number may be a digit longer.
    """
    return words(new) == words(old) and all(
        near(*pair, allowed) for pair in zip(NUMBER.findall(new), NUMBER.findall(old), strict=True)
    )


def words(text: str) -> str:
    """The text with every number and the spaces before it as a 0, and no more than one space in a row."""
    return re.sub(" +", " ", re.sub(f" *{NUMBER.pattern}", "0", text))


def near(new: str, old: str, allowed: Allowed) -> bool:
    """Whether one number, as printed, is within what is ``allowed`` of another."""
    if new == old:
        return True
    limits = allowed["decimals" if {".", "e"} & set(new + old) else "wholes"]
    a, b = (float(text.replace(",", "").replace("−", "-")) for text in (new, old))
    # A little more than the limit: 0.87 and 0.88 are 0.01 apart, which as floats they are not quite.
    return any(
        abs(a - b) <= 1.000001 * (how_much / 100 * abs(b) if percent else how_much)
        for how_much, percent in limits
    )
