"""Lesson 01: its pictures of nudging, and its trap. A graph is drawn by ``course_utils.show.graph``."""
