"""The guide for teachers says what the lessons say: names, times, links."""

import json
import re
from pathlib import Path

import pytest

from course_utils.exercises import all_exercises

COURSE = Path(__file__).resolve().parents[2]
GUIDE = COURSE / "teaching" / "README.md"
SCREENS = COURSE / "teaching" / "lessons.md"
EXERCISES = {exercise.number: exercise for exercise in all_exercises().values()}
MINUTES_IN_WORDS = {"Five": 5}


def read_lesson(path: Path) -> dict:
    """Title, minutes, and exercise number -> minutes of one lesson, from its own words."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = "\n\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
    stated = re.search(r"^\*?(\d+|Five) minutes", text, re.MULTILINE)[1]
    return {
        "file": path.name,
        "title": re.search(r"^# \d\d · (.+)$", text, re.MULTILINE)[1],
        "minutes": MINUTES_IN_WORDS.get(stated) or int(stated),
        "exercises": {
            number: int(minutes)
            for number, minutes in re.findall(
                r"^### Exercise (\d+\.\d+) · .+ \((\d+) minutes", text, re.MULTILINE
            )
        },
    }


LESSONS = {path.name[:2]: read_lesson(path) for path in sorted((COURSE / "solutions").glob("*.ipynb"))}
SECTIONS = dict(re.findall(r"^## (\d\d) · (.+?)(?=^## |\Z)", SCREENS.read_text("utf-8"), re.M | re.S))
each_lesson = pytest.mark.parametrize("number", LESSONS)


def rows(text: str) -> list[list[str]]:
    """The rows of all tables in Markdown, without the rules under their heads."""
    found = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in re.findall(r"^\|.+\|$", text, re.M)
    ]
    return [row for row in found if set("".join(row)) - set("-:")]


def test_every_exercise_has_its_minutes_in_a_heading():
    assert {number for lesson in LESSONS.values() for number in lesson["exercises"]} == set(EXERCISES)


def test_every_lesson_has_its_screen_in_order():
    assert list(SECTIONS) == list(LESSONS)


@each_lesson
def test_screen_has_the_lessons_title_times_and_parts(number):
    lesson, section = LESSONS[number], SECTIONS[number]
    title, _, first = section.split("\n")[:3]
    assert title == lesson["title"]
    assert first.startswith(
        f"{lesson['minutes']} minutes, {sum(lesson['exercises'].values())} of them exercises · "
        f"[lesson](../lessons/{lesson['file']}) · [solution](../solutions/{lesson['file']})"
    )
    for part in ("Aim.", "Expect", "On the board.", "To discuss", "Short of time."):
        assert section.count(f"\n**{part}**") == 1
    assert len(re.findall(r"^\d\. \*.+\* A good answer", section, re.M)) == 2

    parts = rows(section)[1:]
    assert sum(int(minutes) for minutes, _ in parts) == lesson["minutes"]
    named = [re.findall(r"\d+\.\d+", part) for _, part in parts]
    assert sum(named, []) == list(lesson["exercises"]), "each exercise in one part, in order"
    for (minutes, part), inside in zip(parts, named, strict=True):
        assert int(minutes) >= sum(lesson["exercises"][exercise] for exercise in inside), part


@each_lesson
def test_screen_names_misconceptions_that_the_bank_holds(number):
    named = re.findall(r"`(\d+\.\d+) (\w+)`", SECTIONS[number])
    assert 2 <= len(named) <= 4 and len(set(named)) == len(named)
    for exercise, name in named:
        assert f"{int(exercise.split('.')[0]):02d}" == number
        assert name in {m.name for m in EXERCISES[exercise].misconceptions}, f"{exercise} {name}"


def test_plan_adds_up_the_lessons_own_minutes():
    text = GUIDE.read_text("utf-8")
    plans = [rows(plan)[1:] for plan in re.findall(r"^### (.+?)(?=^##|\Z)", text, re.M | re.S)]
    assert len(plans) == 4
    for plan in plans:
        for name, lessons, minutes, in_the_room in plan:
            if name == "in all":
                assert [minutes, in_the_room] == [str(sum(int(row[i]) for row in plan[:-1])) for i in (2, 3)]
                continue
            total = sum(LESSONS[number]["minutes"] for number in re.findall(r"\d\d", lessons))
            assert int(minutes) == total, name
            if total:
                assert int(in_the_room) == total + (30 if total > 90 else 15), name
    for whole in plans[:2]:
        assert re.findall(r"\d\d", " ".join(row[1] for row in whole)) == list(LESSONS)


def test_guide_counts_all_minutes():
    lessons = sum(lesson["minutes"] for lesson in LESSONS.values())
    exercises = sum(sum(lesson["exercises"].values()) for lesson in LESSONS.values())
    text = GUIDE.read_text("utf-8")
    assert f"All lessons together are {lessons} minutes, {exercises} of them exercises." in text
    assert re.findall(r"the minutes in its heading, (\d+) in all", text) == [str(exercises)]


@pytest.mark.parametrize("page", [GUIDE, SCREENS], ids=lambda page: page.name)
def test_links_resolve(page):
    for link in re.findall(r"\]\(([^)]+)\)", page.read_text("utf-8")):
        path, _, anchor = link.partition("#")
        target = page.parent / path
        assert target.exists(), link
        if anchor:
            heads = re.findall(r"^#+ (.+)$", target.read_text("utf-8"), re.M)
            assert anchor in {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}, link
