"""Lesson 00: its one picture."""
