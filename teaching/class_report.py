"""What did the class misunderstand? A folder of submitted notebooks in, one table and one picture out.

    python -m teaching.class_report FOLDER [--picture FILE.png] [--names]

FOLDER is nbgrader's ``submitted`` folder or any other with one folder (or one notebook) for each
learner. Only what learners chose to share is read: the output of ``share_attempts(..., True)`` in
their notebooks. Nothing in a notebook is run. Names of learners appear only with ``--names``.
"""

import argparse
import json
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

from course_utils.exercises import all_exercises
from course_utils.exercises.attempts import MIME, Made, is_attempt
from course_utils.exercises.bank import Exercise
from course_utils.show import plots
from teaching.submission import KEPT, Unreadable, read_file

SHOWN = 4  # misconceptions of an exercise in table and picture; the rest is summed up
SHARE, WORTH = 0.2, 5  # worth a minute in front of all: the five commonest of those that a fifth has met


@dataclass(frozen=True)
class Class:
    """What was shared: {learner: their attempts, oldest first}, and the notebooks without, in numbers."""

    attempts: dict[str, list[Made]]
    silent: int  # notebooks that share nothing
    unreadable: list[Path]  # no notebooks, or with shared attempts that are not ours


@dataclass(frozen=True)
class Row:
    """How a class did on one exercise. Learners are counted once, however often they tried."""

    exercise: Exercise
    tried: list[str]
    solved: list[str]
    tries: float  # in the median over learners; the solving one counts, later ones do not
    met: dict[str, list[str]]  # misconception: the learners who met it, commonest first

    @property
    def summary(self) -> str:
        tries = f"{self.tries:g} {'try' if self.tries == 1 else 'tries'} in the median"
        return f"{len(self.solved)} of {len(self.tried)} solved it, {tries}"


def read_class(folder: Path) -> Class:
    """Everything shared in the notebooks below ``folder``. A damaged notebook is named and skipped.

    Of what has been graded, what was handed in counts, which grading keeps beside ``submitted``.
    """
    attempts: dict[str, list[Made]] = {}
    silent, unreadable = 0, []
    kept = folder.parent / KEPT
    for path in sorted(folder.rglob("*.ipynb")):
        if ".ipynb_checkpoints" in path.parts:
            continue
        learner = path.relative_to(folder).parts[0].removesuffix(".ipynb")
        if path.parent != folder:
            path = next(iter(sorted((kept / path.relative_to(folder).parent).glob("*.ipynb"))), path)
        try:
            shared = _shared(path)
        except (Unreadable, OSError, ValueError, RecursionError, LookupError, TypeError, AttributeError):
            unreadable.append(path)
            continue
        if shared is None:
            silent += 1
            continue
        have = attempts.setdefault(learner, [])
        have += [made for made in shared if made not in have]  # the same log in two notebooks counts once
    for made in attempts.values():
        made.sort(key=lambda one: one["when"])  # stable: the log's order within a minute
    return Class(attempts, silent, unreadable)


def _shared(path: Path) -> list[Made] | None:
    """The attempts shared in one notebook, None if it shares nothing. Raises ValueError if they are made up."""
    found: list[Made] | None = None
    for cell in json.loads(read_file(path))["cells"]:
        for output in cell.get("outputs", []):
            if MIME not in output.get("data", {}):
                continue
            shared = output["data"][MIME]["attempts"]
            if not (isinstance(shared, list) and all(map(is_attempt, shared))):
                raise ValueError("not what share_attempts writes")
            found = (found or []) + shared
    return found


def rows(attempts: dict[str, list[Made]]) -> list[Row]:
    """One row for each exercise that anybody tried, in the order of the course."""
    tries: dict[str, dict[str, list[Made]]] = defaultdict(lambda: defaultdict(list))
    for learner, theirs in attempts.items():
        for made in theirs:
            tries[made["name"]][learner].append(made)
    return [
        _row(exercise, tries[exercise.name])
        for exercise in all_exercises().values()
        if exercise.name in tries
    ]


def _row(exercise: Exercise, tries: dict[str, list[Made]]) -> Row:
    known = {misconception.name for misconception in exercise.misconceptions}
    counts, solved = [], []
    met: dict[str, list[str]] = defaultdict(list)
    for learner, theirs in tries.items():
        until = next((i for i, made in enumerate(theirs) if made["status"] == "solved"), None)
        if until is not None:
            solved.append(learner)
        counts.append(len(theirs) if until is None else until + 1)
        for name in {made["misconception"] for made in theirs} & known:
            met[name].append(learner)
    commonest = dict(sorted(met.items(), key=lambda item: (-len(item[1]), item[0])))
    return Row(exercise, list(tries), solved, median(counts), commonest)


def worth_a_minute(of: Class) -> list[tuple[Row, str]]:
    """The misconceptions to speak about in front of all, commonest first, each with its exercise's row."""
    common = [
        (row, met)
        for row in rows(of.attempts)
        for met, learners in row.met.items()
        if len(learners) > 1 and len(learners) >= SHARE * len(row.tried)
    ]
    return sorted(common, key=lambda found: -len(found[0].met[found[1]]))[:WORTH]


def table(of: Class, names: bool = False) -> str:
    """The report as text; with ``names``, who met each misconception is in it."""
    lines = [
        f"Learners who share their attempts: {len(of.attempts)}. "
        f"Notebooks that share nothing, and are not in these counts: {of.silent}."
    ]
    lines += [f"Skipped, not readable as a notebook of this course: {path}" for path in of.unreadable]
    for row in rows(of.attempts):
        lines.append(f"\n{row.exercise.number} {row.exercise.name}: {row.summary}")
        for met, learners in list(row.met.items())[:SHOWN]:
            who = f"  ({', '.join(sorted(learners))})" if names else ""
            lines.append(f"  {len(learners):>4}  {met}{who}")
        if len(row.met) > SHOWN:
            lines.append(f"        and {len(row.met) - SHOWN} more, met by no more learners than these")
        if names and (stuck := sorted(set(row.tried) - set(row.solved))):
            lines.append(f"        not solved yet: {', '.join(stuck)}")
    for row, met in worth_a_minute(of):
        message = next(m.message for m in row.exercise.misconceptions if m.name == met)
        lines.append(
            f"\nWorth a minute in front of all: {row.exercise.number} {met}, "
            f"met by {len(row.met[met])}. Their card said:\n  {message}"
        )
    return "\n".join(lines)


def picture(of: Class) -> Figure:
    """Bars of learners: for each exercise who solved it among who tried, below it the commonest misconceptions."""
    fig, ax = plt.subplots(layout="constrained")
    worth = {(row.exercise.name, met) for row, met in worth_a_minute(of)}
    ticks, y = {}, 0.0
    for row in rows(of.attempts):
        ticks[y] = f"{row.exercise.number} {row.exercise.name}"
        ax.barh(y, len(row.tried), 0.8, color="none", edgecolor=plots.COLOURS["tail"])
        ax.barh(y, len(row.solved), 0.8, color=plots.COLOURS["heldout"])
        ax.annotate(row.summary, (len(row.tried), y), (6, 0), textcoords="offset points", va="center")
        for met, learners in list(row.met.items())[:SHOWN]:
            y += 1
            ticks[y] = met
            ax.barh(y, len(learners), 0.8, color=plots.COLOURS["wrong"])
            told = (
                f"{len(learners)}  worth a minute"
                if (row.exercise.name, met) in worth
                else f"{len(learners)}"
            )
            ax.annotate(told, (len(learners), y), (6, 0), textcoords="offset points", va="center")
        y += 1.6
    fig.set_size_inches(9, 1.2 + 0.27 * y)
    ax.set_yticks(list(ticks), list(ticks.values()))
    for at, label in zip(ticks, ax.get_yticklabels(), strict=True):
        label.set_fontweight("bold" if ticks[at][0].isdigit() else "normal")
    ax.set(
        ylim=(y - 0.6, -0.9),
        xlim=(0, 1.6 * len(of.attempts)),
        xlabel="learners (green: solved it; outline: tried it; pink: met this misconception)",
        title=f"What {len(of.attempts)} learners solved, and the misconceptions they met on the way",
    )
    ax.set_xticks(range(0, len(of.attempts) + 1, max(1, len(of.attempts) // 6)))
    ax.grid(axis="y", visible=False)
    ax.tick_params(axis="y", length=0)
    return fig


def main(arguments: list[str] | None = None) -> int:
    """The command line. Returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m teaching.class_report", description="What did the class misunderstand?"
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help="a folder of submitted notebooks")
    parser.add_argument("--picture", type=Path, metavar="FILE", help="draw it too, as PNG or PDF")
    parser.add_argument("--names", action="store_true", help="say who met each misconception")
    options = parser.parse_args(arguments)
    if not options.folder.is_dir():
        print(f"{options.folder} is no folder. Name the one that holds the submissions.", file=sys.stderr)
        return 1
    of = read_class(options.folder)
    print(table(of, options.names))
    if options.picture and of.attempts:
        picture(of).savefig(options.picture, dpi=150)
        print(f"\nThe picture is in {options.picture}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
