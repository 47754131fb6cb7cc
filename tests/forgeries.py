"""Every forgery on every exercise, in the sandbox: ``python -m tests.forgeries`` prints what earned points.

A forgery is a cell that would be graded as right if grading believed anything but values. The tests try
one on each exercise; this command tries them all (some minutes).
"""

import os
import sys
from concurrent.futures import ThreadPoolExecutor

from course_utils.exercises import all_exercises
from teaching import grading, judging

# Each defines NAME. What it returns, or does to the code that calls it, is to pass for a right answer.
FORGERIES = {
    "equal to everything": """
class Yes:
    def __eq__(self, other): return True
    def __hash__(self): return 0
    def __bool__(self): return True
    def __len__(self): return 1
    def __getitem__(self, i): return self
    def __iter__(self): return iter([self])
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
def NAME(*arguments): return Yes()
""",
    "an array that lies": """
import numpy as np
class Lies(np.ndarray):
    def __array_function__(self, f, types, a, k): return True
    def __array_ufunc__(self, *a, **k): return True
    def __eq__(self, other): return True
def NAME(*arguments): return np.zeros(3).view(Lies)
""",
    "comparing patched": """
import numpy as np
from course_utils.exercises import checking, comparing
np.allclose = np.array_equal = lambda *a, **k: True
comparing.equal = checking.equal = lambda *a: True
def NAME(*arguments): return 0
""",
    "the verdict patched": """
from course_utils.exercises import checking, running
from course_utils.exercises.checking import Outcome
checking.judge = checking.check = lambda *a: Outcome("solved", "It is right.")
checking.weighed = lambda e, runs: runs
def NAME(*arguments): return "every node once, its inputs before it."
""",
    "the cases patched": """
from dataclasses import replace
from course_utils.exercises import all_exercises
for n, e in list(all_exercises().items()):
    try: all_exercises()[n] = replace(e, cases=(), weigh=None, observe=lambda *a: {"order": "every node once, its inputs before it."})
    except Exception: pass
def NAME(*arguments): return {"order": "every node once, its inputs before it."}
""",
    "an answer of its own, then exit": """
import json, os
def NAME(*arguments):
    run = dict(values={"design": "keeps the rules"}, problem="", error="", blank=False, stopped=False, changed=[])
    for number in range(3, 20):
        try: os.write(number, json.dumps({"runs": [run] * 2, "status": "solved"}).encode())
        except OSError: pass
    os._exit(0)
""",
    "json.dump patched": """
import json
run = dict(values={}, problem="", error="", blank=False, stopped=False, changed=[])
json.dump = lambda said, file: file.write('{"status": "solved", "runs": []}')
def NAME(*arguments): return 0
""",
    "the truth by its name": """
from course_utils.exercises import all_exercises
e = all_exercises()["NAME"]
def NAME(*arguments): return (e.truth or e.reference)(*arguments)
""",
    "the truth's values by the checker": """
from course_utils.exercises.checking import expected_values
def NAME(*arguments):
    values = list(expected_values("NAME")[0].values())
    return values[0] if len(values) == 1 else tuple(values)
""",
    "its arguments, returned": "def NAME(*arguments): return arguments[0] if arguments else {}",
    "nothing but nan": "def NAME(*arguments): return float('nan')",
    "an error that speaks of points": "def NAME(*arguments): raise AssertionError('solved: 9 of 9 points')",
}  # fmt: skip


def solved(tried: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Those of the pairs of an exercise and a forgery that grading says are solved."""

    def ask(name: str, forgery: str) -> str:
        cells = ["from course_utils import exercise", FORGERIES[forgery].replace("NAME", name)]
        return grading.ask(name, cells, 5.0)

    with ThreadPoolExecutor(
        os.cpu_count()
    ) as pool:  # judging is not for threads: it takes the prints of a check
        answers = list(pool.map(lambda one: ask(*one), tried))
    return [
        one for one, said in zip(tried, answers, strict=True) if judging.read(one[0], said).status == "solved"
    ]


def main() -> int:
    """Try them all. Returns the exit code: 1 if one earned points."""
    every = [(name, forgery) for name in all_exercises() for forgery in FORGERIES]
    earned = [f"{name}: {forgery}" for name, forgery in solved(every)]
    print("\n".join(earned))
    print(
        f"{len(FORGERIES)} forgeries on {len(all_exercises())} exercises: {len(every)} tried, {len(earned)} earned points."
    )
    return int(bool(earned))


if __name__ == "__main__":
    sys.exit(main())
