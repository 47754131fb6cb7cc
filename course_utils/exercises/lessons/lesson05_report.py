"""Exercise 5.5 of lesson 05: choose on one set of models, report on another."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.exercises.bank import Case, Entry, observe_results


def reported(candidates: Any, test: Any, chosen: int) -> tuple[Any, Any, Any, Any]:
    """What 5.5 returns once a row is chosen."""
    return candidates[chosen], np.mean(test[chosen]), np.min(test[chosen]), np.max(test[chosen])


def ahead_by(validation: Any) -> np.ndarray:
    """How far the best candidate is ahead of each on each split: shape (k, splits)."""
    validation = np.asarray(validation)
    return validation[np.argmax(validation.mean(axis=1))] - validation


RETURNS = ("chosen", "mean", "lowest", "highest")


def observe(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The candidate as a sentence, for the card; the three figures as they are."""
    found = observe_results(RETURNS)(arguments, result)
    return {**found, "chosen": f'Chosen is "{found["chosen"]}".'}


CHOOSE = Entry(
    "5.5",
    returns=RETURNS,
    observe=observe,
    checked="The simplest that ties with the best is chosen on validation models alone, and its test AUC is reported with its spread.",
    cases=(
        Case(
            "two candidates, three splits",
            lambda: dict(
                candidates=["bare", "small"],
                validation=np.array([[0.67, 0.79, 0.67], [0.69, 0.79, 0.72]]),
                test=np.array([[0.76, 0.60, 0.70], [0.69, 0.73, 0.75]]),
            ),
        ),
        Case(
            "four candidates, five splits",
            lambda: dict(
                candidates=["bare", "small", "middle", "large"],
                validation=np.array(
                    [
                        [0.83, 0.73, 0.85, 0.83, 0.79],
                        [0.81, 0.80, 0.87, 0.79, 0.84],
                        [0.86, 0.68, 0.78, 0.85, 0.83],
                        [0.77, 0.73, 0.79, 0.78, 0.88],
                    ]
                ),
                test=np.array(
                    [
                        [0.74, 0.62, 0.65, 0.95, 0.83],
                        [0.75, 0.80, 0.78, 0.93, 0.73],
                        [0.82, 0.87, 0.89, 0.88, 0.91],
                        [0.64, 0.70, 0.94, 0.63, 0.60],
                    ]
                ),
            ),
        ),
        Case(
            "five candidates, five splits",
            lambda: dict(
                candidates=["bare", "small", "middle", "large", "huge"],
                validation=np.array(
                    [
                        [0.80, 0.74, 0.84, 0.74, 0.83],
                        [0.81, 0.76, 0.87, 0.82, 0.87],
                        [0.86, 0.88, 0.90, 0.78, 0.90],
                        [0.91, 0.83, 0.93, 0.91, 0.88],
                        [0.90, 0.80, 0.86, 0.76, 0.87],
                    ]
                ),
                test=np.array(
                    [
                        [0.81, 0.72, 0.70, 0.64, 0.91],
                        [0.63, 0.76, 0.74, 0.71, 0.67],
                        [0.93, 0.86, 0.62, 0.84, 0.83],
                        [0.73, 0.79, 0.61, 0.85, 0.78],
                        [0.90, 0.65, 0.88, 0.87, 0.94],
                    ]
                ),
            ),
        ),
        Case(
            "three candidates, six splits",  # another ddof, or the root of another number, chooses another
            lambda: dict(
                candidates=["bare", "small", "large"],
                validation=np.array(
                    [
                        [0.75, 0.80, 0.75, 0.90, 0.78, 0.91],
                        [0.86, 0.94, 0.79, 0.75, 0.76, 0.76],
                        [0.73, 0.84, 0.92, 0.95, 0.94, 0.80],
                    ]
                ),
                test=np.array(
                    [
                        [0.81, 0.72, 0.70, 0.64, 0.91, 0.77],
                        [0.63, 0.76, 0.74, 0.71, 0.67, 0.83],
                        [0.93, 0.86, 0.62, 0.84, 0.83, 0.88],
                    ]
                ),
            ),
        ),
    ),
    hints=(
        "Which is best: np.argmax(np.mean(validation, axis=1)). How far it is ahead, split by split: validation[best] - validation, shape (k, splits).",
        "A tie: (ahead.mean(axis=1) <= ahead.std(axis=1, ddof=1) / np.sqrt(splits)). np.argmax of a row of True and False is the place of the first True.",
        "Everything you report comes from the row of test at that place: mean, min, max.",
    ),
)


@CHOOSE.reference
def choose_and_report(candidates, validation, test):
    """Choose on the validation models the simplest candidate that ties with the best; report it on the test models.

    candidates: k of them, the simplest first. validation, test: AUC of each on every split, shape (k, splits).
    The best is the one with the highest mean over the splits on the validation models. Take the differences
    between it and a candidate split by split: the two tie if the mean of these differences is at most their
    standard error, which is their standard deviation (ddof=1) over the root of the number of splits.
    Return the chosen candidate, then the mean, lowest and highest test AUC of that one over the splits.
    """
    validation = np.asarray(validation)
    ahead = validation[np.argmax(validation.mean(axis=1))] - validation
    error = ahead.std(axis=1, ddof=1) / np.sqrt(validation.shape[1])
    chosen = np.argmax(ahead.mean(axis=1) <= error)
    return candidates[chosen], np.mean(test[chosen]), np.min(test[chosen]), np.max(test[chosen])


@CHOOSE.wrong(
    "You choose on the test models. What you then report is the best of several tries on the same models: choose on validation."
)
def chosen_on_test(candidates, validation, test):
    return choose_and_report(candidates, test, test)


@CHOOSE.wrong(
    "You take the best on the test models and report it there: the best of several tries looks better than it is. Choose on validation."
)
def best_on_test(candidates, validation, test):
    return reported(candidates, test, np.argmax(np.mean(test, axis=1)))


@CHOOSE.wrong(
    "You report the models on which you chose; of several tries the best looks better than it is. Report test."
)
def reported_on_validation(candidates, validation, test):
    return choose_and_report(candidates, validation, validation)


@CHOOSE.wrong(
    "You take the best itself. A simpler one that ties with it, within one standard error, is to be preferred."
)
def best_taken(candidates, validation, test):
    return reported(candidates, test, np.argmax(np.mean(validation, axis=1)))


@CHOOSE.wrong(
    "You take the last that ties. The simplest stands first: np.argmax of True and False finds the first True."
)
def last_tie_taken(candidates, validation, test):
    ahead = ahead_by(validation)
    ties = ahead.mean(axis=1) <= ahead.std(axis=1, ddof=1) / np.sqrt(ahead.shape[1])
    return reported(candidates, test, np.flatnonzero(ties)[-1])


@CHOOSE.wrong(
    "You compare with the spread of the best alone. Splits that are hard for both then look like doubt: take the spread of the differences."
)
def unpaired_error(candidates, validation, test):
    best = np.asarray(validation)[np.argmax(np.mean(validation, axis=1))]
    error = best.std(ddof=1) / np.sqrt(len(best))
    return reported(candidates, test, np.argmax(ahead_by(validation).mean(axis=1) <= error))


@CHOOSE.wrong(
    "You allow a whole standard deviation. The standard error of a mean over n splits is smaller by the root of n."
)
def deviation_for_error(candidates, validation, test):
    ahead = ahead_by(validation)
    return reported(candidates, test, np.argmax(ahead.mean(axis=1) <= ahead.std(axis=1, ddof=1)))


@CHOOSE.wrong("Your standard deviation divides by n. With so few splits it matters: std(axis=1, ddof=1).")
def ddof_forgotten(candidates, validation, test):
    ahead = ahead_by(validation)
    error = ahead.std(axis=1) / np.sqrt(ahead.shape[1])
    return reported(candidates, test, np.argmax(ahead.mean(axis=1) <= error))


@CHOOSE.wrong("You choose anew in every split. Make one choice for all, by the mean over the splits.")
def best_of_every_split(candidates, validation, test):
    best = np.argmax(validation, axis=0)
    row = np.asarray(test)[best, np.arange(len(best))]
    return candidates[np.bincount(best).argmax()], np.mean(row), np.min(row), np.max(row)


@CHOOSE.wrong("You return the place in the list. Return the candidate that stands there.")
def place_for_candidate(candidates, validation, test):
    chosen, *rest = choose_and_report(candidates, validation, test)
    return [*candidates].index(chosen), *rest


@CHOOSE.wrong("You take the median. Choose and report by the mean over the splits.")
def median_for_mean(candidates, validation, test):
    validation = np.asarray(validation)
    ahead = validation[np.argmax(np.median(validation, axis=1))] - validation
    error = ahead.std(axis=1, ddof=1) / np.sqrt(ahead.shape[1])
    chosen = np.argmax(np.median(ahead, axis=1) <= error)
    return candidates[chosen], np.median(test[chosen]), np.min(test[chosen]), np.max(test[chosen])


@CHOOSE.wrong("You start from the worst candidate: a high AUC is good, so argmax.")
def worst_chosen(candidates, validation, test):
    validation = np.asarray(validation)
    return reported(candidates, test, np.argmin(validation.mean(axis=1)))


@CHOOSE.wrong("You return highest before lowest. Return the candidate, mean, lowest, highest.")
def highest_before_lowest(candidates, validation, test):
    chosen, mean, lowest, highest = choose_and_report(candidates, validation, test)
    return chosen, mean, highest, lowest


@CHOOSE.right
def choose_and_report_with_loops(candidates, validation, test):
    means = [sum(row) / len(row) for row in validation]
    best = validation[means.index(max(means))]
    for name, row, report in zip(candidates, validation, test, strict=True):
        differences = [b - v for b, v in zip(best, row, strict=True)]
        error = np.std(differences, ddof=1) / len(row) ** 0.5
        if sum(differences) / len(row) <= error:
            return [name, sum(report) / len(report), min(report), max(report)]
    raise AssertionError("the best ties with itself")


@CHOOSE.right
def choose_and_report_from_the_variance(candidates, validation, test):
    validation = np.array(validation, dtype=float)
    gap = validation[validation.mean(1).argmax()][None] - validation
    ties = np.flatnonzero(gap.mean(1) <= (gap.var(1, ddof=1) / gap.shape[1]) ** 0.5)
    row = np.asarray(test)[ties.min()]
    return candidates[ties.min()], row.mean(), row.min(), row.max()
