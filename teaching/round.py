"""One round of nbgrader on the hard cases: ``python -m teaching.round`` (which is ``make round``).

Generates and releases two assignments, hands in one submission a case (lesson 02 through nbgrader's
exchange, lesson 00 as files downloaded from a learning platform), collects, grades, writes and releases
feedback and exports the grades, all with nbgrader's own commands. Then prints what every case should
earn and what it got, and exits with 0 only if these are equal and every step did what it should.
"""

import csv
import shutil
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import nbformat

from course_utils.exercises.running import SECONDS
from teaching import course, sandbox
from teaching.difficult import CASES, DOWNLOADED, LESSON, SMALL, STEP, fill


class Failed(Exception):
    """A step of the round did not do what it should."""


@dataclass(frozen=True)
class Row:
    case: str
    expected: float
    awarded: float

    def __str__(self) -> str:
        mark = "" if self.expected == self.awarded else "   DIFFERENT"
        return f"{self.case:<46}{self.expected:>9g}{self.awarded:>9g}{mark}"


def play(
    folder: Path,
    seconds: float = 2 * SECONDS,
    budget: float = sandbox.SECONDS,
    share: float = 15.0,
    say: Callable[[str], None] = print,
) -> list[Row]:
    """The whole round in an empty folder; ``seconds``, ``budget`` and ``share`` as CheckExercises has them.

    Raises Failed at a step that goes wrong, NoSandbox where student code cannot run.
    """
    sandbox.require()
    home, exchange = folder / "course", folder / "exchange"
    exchange.mkdir()
    exchange.chmod(0o777)
    shared = (f"--Exchange.root={exchange}", f"--Exchange.cache={folder / 'cache'}")

    def step(*arguments: str, code: int = 0, where: Path = home) -> str:
        start = time.monotonic()
        got, log = course.nbgrader(where, *arguments, *shared)
        if where == home:  # not every student's
            say(f"{time.monotonic() - start:5.1f} s  nbgrader {' '.join(arguments)}")
        if got != code or "Traceback" in log:
            raise Failed(f"nbgrader {' '.join(arguments)} ended with {got}:\n{log}")
        return log

    course.make(home, [LESSON[:2], SMALL[:2]])
    step("generate_assignment", "*")
    step("release_assignment", LESSON)
    released = nbformat.read(home / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    inbound = exchange / "which-weights-move" / "inbound"
    for student, case in CASES.items():
        notebook = nbformat.from_dict(released)
        case.change(notebook)
        desk = folder / "students" / student
        (desk / LESSON).mkdir(parents=True)
        text = case.damage(nbformat.writes(notebook))
        (desk / LESSON / case.file).write_bytes(text.encode(errors="surrogateescape"))
        step(
            "submit",
            LESSON,
            "--course=which-weights-move",
            f"--CourseDirectory.student_id={student}",
            where=desk,
        )
        if case.tamper is not None:
            case.tamper(next(inbound.glob(f"{student}+*")))
    # Not of anybody: a date that is none, a name with a line break, a link in the place of a folder.
    for name in (
        f"mallory+{LESSON}+yesterday",
        f"mal\nlory+{LESSON}+2026-01-01 10:00:00 UTC+x",
        f"x+{LESSON}+",
    ):
        shutil.copytree(next(inbound.glob("right+*")), inbound / name)
    (inbound / f"linked+{LESSON}+2026-01-01 10:00:00 UTC+x").symlink_to("/etc")
    step("collect", LESSON)
    shutil.copytree(home / "submitted" / "right", home / "submitted" / "line\nbreak")
    download(home)
    step("zip_collect", SMALL)

    start = time.monotonic()
    step("autograde", LESSON, f"--CheckExercises.seconds={seconds}", f"--CheckExercises.budget={budget}", f"--CheckExercises.share={share}")  # fmt: skip
    say(f"       that is {(time.monotonic() - start) / len(CASES):.1f} s a submission of five exercises")
    step("autograde", SMALL)
    for assignment in (LESSON, SMALL):
        step("generate_feedback", assignment)
    for assignment in (LESSON, SMALL):
        step("release_feedback", assignment)
    desk = folder / "students" / "wrong"
    step(
        "fetch_feedback",
        LESSON,
        "--course=which-weights-move",
        "--CourseDirectory.student_id=wrong",
        where=desk,
    )
    if not list(desk.glob(f"{LESSON}/feedback/*/{LESSON}.html")):
        raise Failed("the feedback did not reach the student")
    step("export", f"--to={home / 'grades.csv'}")
    return list(rows(home))


def download(home: Path) -> None:
    """Put submissions of the small lesson where a teacher puts what a learning platform gives."""
    archive = home / "downloaded" / SMALL / "archive"
    for name, done in DOWNLOADED.values():
        notebook = nbformat.read(home / "release" / SMALL / f"{SMALL}.ipynb", as_version=4)
        fill(notebook, {"step": STEP[done]})
        (archive / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".zip"):
            with zipfile.ZipFile(archive / name, "w") as packed:
                packed.writestr(f"{SMALL}.ipynb", nbformat.writes(notebook))
        else:
            (archive / name).write_text(nbformat.writes(notebook), encoding="utf-8")


def rows(home: Path) -> Iterator[Row]:
    """Every case with what it should have earned and what the exported grades say."""
    with (home / "grades.csv").open(newline="") as file:
        awarded = {
            (row["assignment"], row["student_id"]): float(row["score"]) for row in csv.DictReader(file)
        }
    worth = {
        name: course.points(nbformat.read(home / "source" / name / f"{name}.ipynb", as_version=4))
        for name in (LESSON, SMALL)
    }
    for student, case in CASES.items():
        expected = sum(worth[LESSON][name] for name in case.earns)
        yield Row(f"02  {case.what}", expected, awarded.get((LESSON, student), float("nan")))
    for student, (_, done) in DOWNLOADED.items():
        expected = worth[SMALL]["step"] * (done == "right")
        yield Row(f"00  {done}, downloaded: {student}", expected, awarded.get((SMALL, student), float("nan")))


def table(found: list[Row]) -> str:
    different = sum(row.expected != row.awarded for row in found)
    return "\n".join(
        [
            f"{'case':<46}{'expected':>9}{'awarded':>9}",
            *map(str, found),
            f"{len(found)} cases, {different} different",
        ]
    )


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        try:
            found = play(Path(folder))
        except (Failed, sandbox.NoSandbox) as problem:
            print(problem, file=sys.stderr)
            return 1
    print("\n" + table(found))
    return int(any(row.expected != row.awarded for row in found))


if __name__ == "__main__":
    sys.exit(main())
