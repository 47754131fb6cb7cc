"""What a notebook prints is compared: words to the letter, numbers within what the cell allows, by nbval itself."""

import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from making.figures import agrees, allowed_by

COURSE = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("new", "old", "tags", "same"),
    [
        ("accuracy 0.87", "accuracy 0.88", "", False),
        ("accuracy 0.87", "accuracy 0.88", "decimals-0.01", True),
        ("accuracy 0.86", "accuracy 0.88", "decimals-0.01", False),
        ("loss 1.05", "loss 1.00", "decimals-5%", True),
        ("loss 1.06", "loss 1.00", "decimals-5%", False),
        ("loss 1.06", "loss 1.00", "decimals-5% decimals-0.1", True),  # within one of them
        ("5,984 queries", "6,200 queries", "wholes-5%", True),
        ("5,984 queries", "6,200 queries", "wholes-2", False),
        ("  990 queries", "1,010 queries", "wholes-5%", True),  # a digit shorter, so a space longer
        ("86 %", "87 %", "wholes-1", True),
        ("86 %", "87 %", "decimals-5", False),  # each kind by its own tag
        ("R² -0.01 (1 to 2)", "R² 0.01 (1 to 2)", "decimals-0.05", True),
        ("−0.01", "-0.01", "decimals-0.05", True),
        ("1e-07", "2e-07", "decimals-0.5", True),
        ("0.87 read", "0.88 seen", "decimals-0.5", False),
        ("0.87 0.87", "0.88", "decimals-0.5", False),
        ("nan", "0.88", "decimals-0.5", False),
        ("W1 is 0.87", "W2 is 0.87", "decimals-0.5 wholes-5", False),  # a name with a digit is a word
        ("v1.2.3", "v1.2.4", "decimals-5 wholes-5", False),
        ("0.87\n0.9", "0.87 0.9", "decimals-5", False),
    ],
)
def test_words_to_the_letter_and_numbers_within_what_is_allowed(new, old, tags, same):
    assert agrees(new, old, allowed_by(tags.split())) == same


@pytest.mark.parametrize("tag", ["decimals", "decimals-x", "wholes-", "decimals-0.1-0.2", "wholes-5 %"])
def test_a_tag_that_allows_nothing_is_refused(tag):
    with pytest.raises(ValueError, match="should look like"):
        allowed_by([tag])


CELLS = {
    "within": ("print('accuracy', 0.87)", "accuracy 0.88\n", ["decimals-0.01"]),
    "beyond": ("print('accuracy', 0.86)", "accuracy 0.88\n", ["decimals-0.01"]),
    "another-word": ("print('accurate', 0.87)", "accuracy 0.88\n", ["decimals-0.01"]),
    "no-tag": ("print('accuracy', 0.87)", "accuracy 0.88\n", []),
    "bar": (
        "from course_utils.show.widgets import with_bar\n"
        "for n in with_bar(range(3), 'counting'): pass\nprint('it ends at', n)",
        "it ends at 2\n",
        [],
    ),
    "bar-beyond": (
        "for n in with_bar(range(3), 'counting'): pass\nprint('it ends at', n)",
        "it ends at 3\n",
        [],
    ),
}


def test_nbval_compares_so_and_sees_no_progress_bars(tmp_path):
    notebook = nbformat.v4.new_notebook()
    for count, (name, (source, stored, tags)) in enumerate(CELLS.items(), 1):
        output = nbformat.v4.new_output("stream", text=stored)
        notebook.cells.append(
            nbformat.v4.new_code_cell(
                source, id=name, metadata={"tags": tags}, outputs=[output], execution_count=count
            )
        )
    nbformat.write(notebook, tmp_path / "cells.ipynb")
    (tmp_path / "conftest.py").write_bytes((COURSE / "conftest.py").read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-rA", "--nbval", "--nbval-current-env", "--rootdir", tmp_path, tmp_path],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(COURSE)},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )  # fmt: skip
    verdicts = re.findall(r"^(PASSED|FAILED) .*Cell (\d)", done.stdout, re.MULTILINE)
    passed = {list(CELLS)[int(number)] for verdict, number in verdicts if verdict == "PASSED"}
    assert len(verdicts) == len(CELLS), done.stdout
    assert passed == {"within", "bar"}
