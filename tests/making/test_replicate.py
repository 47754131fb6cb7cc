"""Claims on other seeds: the stored table is whole, and what the lessons claim today is in it."""

import json
import re

import nbformat
import pytest

from making import authoring, replicate

STORED = replicate.stored()
LESSONS = [path.stem for path in replicate.lessons()]


def notebook(*sources):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])


def test_a_notebook_says_once_which_seeds_it_uses():
    changed = replicate.with_seeds(notebook("x = 1\nSEEDS = range(5)", "y = 2"), range(10, 15))
    assert [cell.source for cell in changed.cells] == ["x = 1\nSEEDS = range(10, 15)", "y = 2"]
    for sources in (("x = 1",), ("SEEDS = range(5)", "SEEDS = range(5)")):
        with pytest.raises(ValueError, match="one cell has to say"):
            replicate.with_seeds(notebook(*sources), range(10, 15))


def test_what_a_lesson_claims_is_found_and_a_cell_that_fails_is_named(tmp_path):
    lesson = notebook(
        "from course_utils import claim\nSEEDS = range(5)",
        "claim('The first seed is small', SEEDS[0] < 5, f'{SEEDS[0]}')",
        "raise OSError('no')",
        "claim('There are five', len(SEEDS) == 5)",
    )
    nbformat.write(lesson, tmp_path / "lesson.ipynb")
    found = replicate.run(tmp_path / "lesson.ipynb", range(5, 10))
    assert found == {
        "The first seed is small": [False, "5"],
        "There are five": [True, ""],
        f"cell {lesson.cells[2].id} runs": [False, "OSError: no"],
    }


def test_the_table_has_a_mark_for_each_block_and_the_figures_of_what_fails():
    blocks = {"5 to 9": {"A": [True, "1"], "B": [False, "2"]}, "10 to 14": {"A": [True, "3"]}}
    assert replicate.table("07_lesson", blocks) == ["07  ✓ ✓  A", "07  ✗ ·  B  5 to 9: 2"]
    found = {"07_lesson": {"blocks": blocks}}
    assert replicate.count(found) == (3, 1)
    assert replicate.held_everywhere(found) == []  # two blocks of four
    whole = {str(n): {"A": [True, ""], "B": [n > 0, ""]} for n in range(4)}
    assert replicate.held_everywhere({"07_lesson": {"blocks": whole}}) == ["A"]


def claims_of(name):
    """What a solution printed of its claims, less the recap."""
    solution = nbformat.read(authoring.SOLUTIONS / f"{name}.ipynb", as_version=4)
    for cell in solution.cells:
        for output in cell.get("outputs", []):
            text = output.get("data", {}).get("text/plain", "")
            if re.match(r"✓ .* \[(exact|25 seeds|this run)\]$", text):
                yield text.removeprefix("✓ ")


@pytest.mark.parametrize("name", LESSONS)
def test_every_claim_was_tried_on_every_block(name):
    """If this fails: you have changed what a lesson claims, and ``make replicate`` tries it on other seeds."""
    blocks = STORED[name]["blocks"]
    assert list(blocks) == [replicate.name(seeds) for seeds in replicate.BLOCKS]
    for found in blocks.values():
        assert [
            text for text in claims_of(name) if not any(text.startswith(sentence) for sentence in found)
        ] == []


def test_at_most_two_in_a_hundred_do_not_hold_and_the_readme_counts_them():
    cells, fail = replicate.count({name: STORED[name] for name in LESSONS})
    assert fail <= 0.02 * cells
    readme = (authoring.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"of {cells} claims and blocks, {fail} " in readme


def test_what_claim_marks_is_what_the_table_says():
    assert json.loads(replicate.HELD.read_text(encoding="utf-8")) == replicate.held_everywhere(STORED)
