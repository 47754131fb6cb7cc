"""Lesson 02: layers that go backwards with functions of yours, and what its pictures and its PyTorch part need."""
