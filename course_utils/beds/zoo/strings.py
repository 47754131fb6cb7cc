"""Strings of logic: literals joined by "and". One that holds a variable both ways cannot be true.

A literal is a number from 0 to 7: 0 to 3 say that A, B, C or D is true, 4 to 7 that it is false.
In writing, ``A b C`` means: A is true, B is false, C is true.
"""

import numpy as np

VARIABLES = 4
LITERALS = "ABCDabcd"


def sample_strings(count: int, length: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """``count`` strings of ``length`` literals, shape (count, length), and which contradict themselves, (count,).

    Every second one does. Both kinds are made in the same way: variables drawn at random until one
    occurs twice, and one truth value for each variable. A contradiction then turns round one
    occurrence of a variable that occurs twice. So lengths and variables have the same distribution
    in both kinds, and each literal occurs equally often on average.

    Raises ValueError for fewer than two literals, with which there is nothing to contradict.
    """
    if length < 2:
        raise ValueError("A string needs at least two literals, or no variable can occur twice.")
    variables = rng.integers(VARIABLES, size=(count, length))
    while (alone := occurrences(variables).max(axis=1) < 2).any():
        variables[alone] = rng.integers(VARIABLES, size=(alone.sum(), length))
    is_false = rng.integers(2, size=(count, VARIABLES))
    strings = variables + VARIABLES * np.take_along_axis(is_false, variables, axis=1)

    contradicts = np.arange(count) % 2 == 1
    repeated = np.take_along_axis(occurrences(variables), variables, axis=1) >= 2
    turned = np.argmax(repeated * rng.random((count, length)), axis=1)
    rows = np.flatnonzero(contradicts)
    strings[rows, turned[rows]] = (strings[rows, turned[rows]] + VARIABLES) % (2 * VARIABLES)
    return strings, contradicts


def occurrences(variables: np.ndarray) -> np.ndarray:
    """How often each variable occurs in each row: shape (N, 4) from (N, length)."""
    return (variables[:, :, None] == np.arange(VARIABLES)).sum(axis=1)


def spell(string: np.ndarray) -> str:
    """``[0, 5, 2]`` as ``"A b C"``."""
    return " ".join(LITERALS[literal] for literal in string)


def read(text: str) -> np.ndarray:
    """``"A b C"`` or ``"AbC"`` as ``[0, 5, 2]``. Raises ValueError, saying which letter is none of the eight."""
    letters = text.replace(" ", "")
    if not letters:
        raise ValueError("Type at least one literal, such as A b C.")
    if unknown := sorted(set(letters) - set(LITERALS)):
        raise ValueError(
            f"{' '.join(unknown)} is no literal: use A, B, C, D for true and a, b, c, d for false."
        )
    return np.array([LITERALS.index(letter) for letter in letters])
