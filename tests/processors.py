"""The solutions under other arithmetics on this one machine: ``python -m tests.processors`` (``make processors``).

A processor without AVX-512 rounds otherwise than one with it, and training carries a last digit far. The
libraries can be told which instructions to use, so one machine can stand for several: every solution runs
under each of ARITHMETICS, and a table says where a cell prints something else than is stored, with both
texts. ``python -m tests.processors 02 06`` runs these lessons only.
"""

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from xml.etree import ElementTree

import nbformat
from numpy._core import _multiarray_umath as numpy_core

import course_utils  # noqa: F401 - so that the table can be printed anywhere

COURSE = Path(__file__).resolve().parents[1]
NOTEBOOKS = [
    "--nbval", "--nbval-sanitize-with", "tests/nbval_sanitize.cfg", "--nbval-current-env",
    "--nbval-cell-timeout=120", "-n", "2", "--dist", "loadfile", "--no-loadscope-reorder",
]  # fmt: skip
# Two files run at once, so the longest begins first.
SOLUTIONS = sorted(
    (COURSE / "solutions").glob("*.ipynb"), key=lambda path: ("transformer" not in path.name, path.name)
)
LONGEST_FIRST = [f"solutions/{path.name}" for path in SOLUTIONS]
SHORT = [f"solutions/{path.name}" for path in sorted((COURSE / "solutions").glob("0[0-4]_*.ipynb"))]


def arithmetic(openblas: str, torch: str, mkl: str, onednn: str, numpy_without: str) -> dict[str, str]:
    """Environment variables that hold OpenBLAS, NumPy, and PyTorch with its two libraries to some instructions."""
    here = [name for name in numpy_core.__cpu_dispatch__ if numpy_core.__cpu_features__.get(name)]
    return {
        "OPENBLAS_CORETYPE": openblas,
        "NPY_DISABLE_CPU_FEATURES": " ".join(name for name in here if re.match(numpy_without, name)),
        "ATEN_CPU_CAPABILITY": torch,
        "MKL_ENABLE_INSTRUCTIONS": mkl,
        "ONEDNN_MAX_CPU_ISA": onednn,
    }


WITH_512, WITH_FMA = "X86_V4|AVX512", "X86_V[34]|AVX512|AVX2|FMA"
ARITHMETICS = {
    "as it is": {},
    "AVX2": arithmetic("Haswell", "avx2", "AVX2", "AVX2", WITH_512),
    "AVX": arithmetic("Sandybridge", "default", "SSE4_2", "AVX", WITH_FMA),
    "none": arithmetic("Prescott", "default", "SSE4_2", "SSE41", ".") | {"MKL_CBWR": "COMPATIBLE"},
    # No processor, but what every other mathematical library does: all normal numbers are drawn with
    # another last bit. Lessons see it as they would see another rounding of log and exp.
    "last bit": {"PYTHONPATH": str(COURSE / "tests" / "last_bit")},
}


def run(variables: dict[str, str], notebooks: list[str]) -> dict[str, dict[str, str]]:
    """Notebook -> cell id -> how its output differs, for the notebooks run with these variables."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [sys.executable, "-m", "pytest", "-vv", "--color=no", f"--junitxml={report}"]
        done = subprocess.run(
            [*command, *NOTEBOOKS, *notebooks],
            cwd=COURSE,
            env=os.environ | variables,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        if done.returncode not in (0, 1):  # 1 is: some cells differ
            raise SystemExit(f"{done.stdout}\n{done.stderr}")
        cases = list(ElementTree.parse(report).iter("testcase"))
    found: dict[str, dict[str, str]] = {name: {} for name in notebooks}
    for case in cases:
        name = case.get("classname").replace(".", "/").removesuffix("/ipynb") + ".ipynb"
        problem = case.find("failure") if case.find("failure") is not None else case.find("error")
        if problem is not None:
            code = [c.id for c in nbformat.read(COURSE / name, as_version=4).cells if c.cell_type == "code"]
            cell = code[int(case.get("name").removeprefix("Cell "))]
            found[name][cell] = problem.text or ""
    return found


def main(lessons: list[str]) -> int:
    """Print the table and what differs. Returns 1 if anything does."""
    paths = sorted((COURSE / "solutions").glob("*.ipynb"))
    notebooks = [f"solutions/{path.name}" for path in paths if not lessons or path.name[:2] in lessons]
    if not notebooks:
        raise SystemExit(f"No lesson is called {' or '.join(lessons)}.")
    found = {}
    for name, variables in ARITHMETICS.items():
        print(
            f"{name}: {' '.join(f'{k}={v!r}' for k, v in variables.items()) or 'nothing held back'}",
            flush=True,
        )
        found[name] = run(variables, notebooks)

    print(f"\n{'':28}" + "".join(f"{name:>12}" for name in ARITHMETICS))
    for notebook in notebooks:
        cells = [len(found[name][notebook]) for name in ARITHMETICS]
        print(f"{Path(notebook).stem:28}" + "".join(f"{f'{n} cells' if n else 'same':>12}" for n in cells))
    differing = [
        f"\n── {name}, {notebook}, cell {cell}\n{told}"
        for name in ARITHMETICS
        for notebook in notebooks
        for cell, told in found[name][notebook].items()
    ]
    print("\n".join(differing))
    return int(bool(differing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
