"""What each lesson costs on one core: Run All, memory, slowest cell: ``python -m benchmarks.lessons``.

Every solution runs in a fresh kernel. The clock starts when the kernel is ready; the memory is the
highest the kernel's process ever held. Time is judged in yards, a fixed piece of NumPy work done right before
and right after the lesson. Arguments choose lessons: ``python -m benchmarks.lessons 03 07``.
"""

import json
import os
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

from benchmarks import verdict, yard

SOLUTIONS = Path(__file__).parent.parent / "solutions"
YARDS, YARDS_OF = 80, {"05": 200}  # lesson 05 trains around a zoo of a thousand Transformers
MEGABYTES, MEGABYTES_WITHOUT_TORCH = 700, 250
PROBE = """
import json, resource, sys
try:  # Linux; getrusage there also counts the process that started the kernel
    kilobytes = int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
except OSError:
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024  # macOS counts bytes
print(json.dumps({"megabytes": kilobytes / 1024, "torch": "torch" in sys.modules}))
"""


@dataclass
class Cost:
    """What running one notebook took."""

    seconds: float
    megabytes: float
    torch: bool  # whether the lesson loaded it
    slowest_id: str
    slowest_seconds: float


def run_all(path: Path) -> Cost:
    """Run a notebook cell by cell in a fresh kernel. Raises CellExecutionError where a cell fails."""
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        extra_arguments=["--log-level=40"],
        resources={"metadata": {"path": str(path.parent)}},
    )
    seconds = {}
    with tempfile.TemporaryDirectory() as scratch:
        os.environ["COURSE_PROGRESS_FILE"] = str(Path(scratch) / "progress.json")  # not yours
        with client.setup_kernel():
            for index, cell in enumerate(notebook.cells):
                if cell.cell_type == "code":
                    start = time.perf_counter()
                    client.execute_cell(cell, index)
                    seconds[cell.id] = time.perf_counter() - start
            notebook.cells.append(nbformat.v4.new_code_cell(PROBE))
            probe = client.execute_cell(notebook.cells[-1], len(notebook.cells) - 1)
    found = json.loads(probe.outputs[0].text)
    slowest = max(seconds, key=seconds.get)
    return Cost(sum(seconds.values()), found["megabytes"], found["torch"], slowest, seconds[slowest])


def main(numbers: list[str] | None = None) -> int:
    """Print a line for every lesson (or for these numbers); returns 0 if all hold their budgets."""
    paths = [p for p in sorted(SOLUTIONS.glob("*.ipynb")) if not numbers or p.name[:2] in numbers]
    print(f"\nRun All of every lesson's solution, one core, without the kernel's start ({SOLUTIONS})\n")
    if not paths:
        verdict(False, "there is no notebook to measure")
        return 1
    results = []
    for path in paths:
        before = yard()
        try:
            cost = run_all(path)
        except CellExecutionError as error:
            results.append(verdict(False, f"{path.stem}: a cell fails: {error.ename}: {error.evalue}"))
            continue
        yards, most_yards = 2 * cost.seconds / (before + yard()), YARDS_OF.get(path.name[:2], YARDS)
        most_megabytes = MEGABYTES if cost.torch else MEGABYTES_WITHOUT_TORCH
        results.append(
            verdict(
                yards <= most_yards and cost.megabytes <= most_megabytes,
                f"{path.stem}: {yards:.0f} yards (at most {most_yards}; {cost.seconds:.1f} s), "
                f"{cost.megabytes:.0f} MB (at most {most_megabytes}{', torch' if cost.torch else ''}), "
                f"slowest cell '{cost.slowest_id}' {cost.slowest_seconds:.1f} s",
            )
        )
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
