"""All parts, in turn: the training step beside its peers, what each lesson costs, the package itself."""

import sys

from benchmarks import lessons, package, steps

if __name__ == "__main__":
    results = [steps.main(), lessons.main(), package.main()]  # all run, whatever the first one says
    sys.exit(max(results))
