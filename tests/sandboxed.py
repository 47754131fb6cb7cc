"""The mark of tests that run student code: they need the sandbox, and under CI on Linux they run whatever is missing."""

import os
import shutil
import sys

import pytest

needs_sandbox = pytest.mark.skipif(
    shutil.which("bwrap") is None and not (os.environ.get("CI") and sys.platform == "linux"),
    reason="no bubblewrap, so student code does not run here",
)
