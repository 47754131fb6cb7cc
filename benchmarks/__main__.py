"""All parts, in turn: the training step beside its peers, each lesson's cost, the package, the practitioner's choices."""

import sys

from benchmarks import lessons, package, practitioner, steps
from course_utils.learner import environment

if __name__ == "__main__":
    if environment.point_here() != 0:
        sys.exit(1)
    results = [
        steps.main(),
        lessons.main(),
        package.main(),
        practitioner.main(),
    ]  # all run, whatever the first one says
    sys.exit(max(results))
