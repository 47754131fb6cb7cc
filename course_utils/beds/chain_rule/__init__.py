"""Lesson 01: its pictures of nudging. The graph of a computation is drawn by ``course_utils.show.graph``."""
