"""Loaded by Python at its start where ``tests.processors`` asks for it: every normal number drawn is a bit larger."""

import numpy as np

NUDGE = 1 + 2.0**-23  # the last bit of a float32, so that weights in float32 differ as well
original = np.random.default_rng


class Nudged(np.random.Generator):
    """A generator whose normal numbers are a little larger."""

    def normal(self, *arguments, **named):
        return super().normal(*arguments, **named) * NUDGE

    def standard_normal(self, *arguments, **named):
        return super().standard_normal(*arguments, **named) * NUDGE


def default_rng(seed=None):
    return Nudged(original(seed).bit_generator)


np.random.default_rng = default_rng
