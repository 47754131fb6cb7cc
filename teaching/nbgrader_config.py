"""nbgrader's settings for the course. ``python -m teaching.course`` puts a copy into the course folder."""

import sys
from pathlib import Path

import course_utils

sys.path.append(str(Path(course_utils.__file__).parents[1]))  # teaching/ lies beside course_utils/

from teaching.exchange import tidy  # noqa: E402

c = get_config()  # noqa: F821 - nbgrader brings it

c.CourseDirectory.course_id = "which-weights-move"
# What a learner's notebook leaves beside itself is not handed out, handed in or graded.
c.CourseDirectory.ignore = [".ipynb_checkpoints", "*.pyc", "__pycache__", "feedback", "my_*.json*"]

# One odd submission stops nobody else's: collecting and giving back as in teaching/exchange.py.
tidy(Path(__file__).parent / "submitted")
c.ExchangeFactory.collect = "teaching.exchange.Collect"
c.ExchangeFactory.release_feedback = "teaching.exchange.ReleaseFeedback"
c.ZipCollectApp.extractor_plugin = "teaching.exchange.Extractor"
c.ZipCollectApp.collector_plugin = "teaching.exchange.Collector"

c.ClearSolutions.code_stub = {"python": "raise NotImplementedError  # your lines here"}

# Student code runs only in the sandbox of teaching/sandbox.py, exercise by exercise.
c.Autograde.pre_convert_hook = "teaching.grading.before_grading"
c.Autograde.sanitize_preprocessors = [
    "nbgrader.preprocessors.OverwriteCells",
    "nbgrader.preprocessors.CheckCellMetadata",
]
c.Autograde.autograde_preprocessors = [
    "teaching.grading.CheckExercises",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Submissions downloaded from a learning platform lie in downloaded/<assignment>/archive/, as zip files,
# folders or notebooks. The student is what stands before the first underscore: meyeranna in
# "meyeranna_LATE_31415_92653_02_backprop-1.ipynb" (Canvas), Anna Meyer in the folder
# "Anna Meyer_31415_assignsubmission_file" (Moodle). If yours writes other names, change this line.
c.Collector.named_regexp = (
    r".*/extracted/(?P<student_id>[^/_]+)[_/](?:.*[_/])?(?P<file_id>\d\d_[a-z_]*[a-z])[^/]*\.ipynb$"
)
