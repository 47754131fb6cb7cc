"""Loaded by Python at its start where ``tests.processors`` asks for it: every normal number drawn has another last bit."""

import numpy as np

original = np.random.default_rng


class Nudged(np.random.Generator):
    """A generator whose normal numbers are the next larger ones."""

    def normal(self, *arguments, **named):
        return np.nextafter(super().normal(*arguments, **named), np.inf)

    def standard_normal(self, *arguments, **named):
        return np.nextafter(super().standard_normal(*arguments, **named), np.inf)


def default_rng(seed=None):
    return Nudged(original(seed).bit_generator)


np.random.default_rng = default_rng
