"""Lesson 00: its two pictures."""
