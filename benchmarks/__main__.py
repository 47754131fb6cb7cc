"""Both parts, in turn: the training step beside its peers, then what each lesson costs."""

import sys

from benchmarks import lessons, steps

if __name__ == "__main__":
    results = [steps.main(), lessons.main()]  # both run, whatever the first one says
    sys.exit(max(results))
