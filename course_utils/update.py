"""The update equation, one symbol at a time.

    θ  ←  Π( θ − η ⊙ m ⊙ ( ĝ + λ ∇R(θ) ) )

Here is its plainest form, θ ← θ − η ∇: every later symbol is one more line of vector arithmetic
on the same flat vectors.
"""

import numpy as np


def sgd_step(theta: np.ndarray, grad: np.ndarray, rate: float) -> None:
    """Move theta (P,) against grad (P,) by ``rate``, in place: theta ← theta − rate · grad."""
    theta -= rate * grad
