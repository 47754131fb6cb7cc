"""Lesson 05: a thousand small Transformers that come trained, and the strings that they judge."""
