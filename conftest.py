"""What every test run sees, of notebooks (nbval) and of ``tests/`` alike. Kernels inherit it."""

import functools
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from nbval.plugin import IPyNbCell

# Before NumPy loads, hence at import: one thread gives the same digits everywhere.
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[name] = "1"

os.environ["COURSE_CLAIMS"] = "strict"  # a claim that does not hold is an error
os.environ.pop("NBGRADER_EXECUTION", None)  # set only by the tests that are about it

# A folder of our own: no test reads or writes your progress, or starts kernels with your IPython settings.
SCRATCH = Path(tempfile.mkdtemp(prefix="course-tests-"))
os.environ["COURSE_PROGRESS_FILE"] = str(SCRATCH / "progress.json")
os.environ["IPYTHONDIR"] = str(SCRATCH / "ipython")
(SCRATCH / "ipython" / "profile_default").mkdir(parents=True)
(SCRATCH / "ipython" / "profile_default" / "ipython_kernel_config.py").write_text(
    "c.IPKernelApp.log_level = 40\n"
)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Every notebook and every test file starts with no exercise solved."""
    os.environ["COURSE_PROGRESS_FILE"] = str(SCRATCH / f"{item.path.parent.name}-{item.path.stem}.json")


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """A test that draws leaves no figure to the next one, which may count them."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_itemcollected(item: pytest.Item) -> None:
    """A notebook's cell is compared as ``tests/outputs.py`` says."""
    if isinstance(item, IPyNbCell):
        from tests.outputs import compare

        item.compare_outputs = functools.partial(compare, item)


def pytest_unconfigure() -> None:
    """Leave nothing behind."""
    shutil.rmtree(SCRATCH, ignore_errors=True)
