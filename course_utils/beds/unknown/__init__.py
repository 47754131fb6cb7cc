"""Lessons 07 to 09: unknown tails g, and fronts f that are trained before them."""
