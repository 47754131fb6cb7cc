"""What belongs to the learner: the lessons in their folder, their files, the way into JupyterLab."""
