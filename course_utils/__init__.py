"""The helper package of the course: which weights move, how far, along which gradient, inside which structure.

Open ``engine/nn.py`` first. Importing the package loads neither PyTorch nor Matplotlib.
"""

from course_utils.exercises import course_versions, exercise, progress
from course_utils.moved import put_up
from course_utils.show.claims import claim, recap
from course_utils.show.output import print_anything

__all__ = ["claim", "course_versions", "exercise", "progress", "recap"]

print_anything()
put_up()
