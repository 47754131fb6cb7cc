"""``python -m making.bank_table``: run the whole bank and print what it refuses and accepts.

Every misconception must get its own message, every alternative must pass, every blank must be
recognised. Exits with 1 when one does not.
"""

import sys
from dataclasses import dataclass

from course_utils.exercises.bank import Exercise, all_exercises
from course_utils.exercises.checking import check


@dataclass(frozen=True)
class Row:
    """How one exercise did: what was refused and accepted as it should be, and every fault as a sentence."""

    exercise: Exercise
    refused: int
    accepted: int
    blank_seen: bool
    faults: tuple[str, ...]

    def __str__(self) -> str:
        e = self.exercise
        return (
            f"{e.number}  {e.name:<32}{f'{self.refused} of {len(e.misconceptions)}':>24}"
            f"{f'{self.accepted} of {1 + len(e.alternatives)}':>26}{'yes' if self.blank_seen else 'NO':>8}"
        )


def blank(*arguments):
    """A stub, as learners find it."""
    raise NotImplementedError


def try_out(exercise: Exercise) -> Row:
    """Check every wrong, every right and the blank version of one exercise."""
    faults, refused, accepted = [], 0, 0
    for misconception in exercise.misconceptions:
        outcome = check(exercise.name, misconception.wrong)
        if outcome.status == "not yet" and outcome.misconception == misconception.name:
            refused += 1
        else:
            faults.append(f"{exercise.name}: {misconception.name} got {outcome.status!r}: {outcome.message}")
    for right in (exercise.reference, *exercise.alternatives):
        outcome = check(exercise.name, right)
        if outcome.status == "solved":
            accepted += 1
        else:
            faults.append(
                f"{exercise.name}: {right.__name__} is right but got {outcome.status!r}: {outcome.message}"
            )
    blank_seen = check(exercise.name, blank).status == "not attempted"
    if not blank_seen:
        faults.append(f"{exercise.name}: a blank is not recognised")
    return Row(exercise, refused, accepted, blank_seen, tuple(faults))


def table(rows: list[Row]) -> str:
    """The rows under a heading, with the totals below."""
    heading = f"{'exercise':<37}{'misconceptions refused':>24}{'right versions accepted':>26}{'blank':>8}"
    total = (
        f"{len(rows)} exercises: {sum(r.refused for r in rows)} misconceptions refused, each with its own message, "
        f"{sum(r.accepted for r in rows)} right versions accepted, {sum(len(r.faults) for r in rows)} faults"
    )
    return "\n".join(
        [heading, *map(str, rows), total, *(f"FAULT {fault}" for r in rows for fault in r.faults)]
    )


if __name__ == "__main__":
    rows = [try_out(exercise) for exercise in all_exercises().values()]
    print(table(rows))
    sys.exit(any(row.faults for row in rows))
