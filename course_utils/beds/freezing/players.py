"""Two players who share one vector θ = (a, w, b): the smallest adversarial net (Goodfellow and others 2014).

The generator makes z + a from noise z ~ N(0, 1); real numbers come from N(3, 1). The discriminator
D(x) = σ(wx + b) says how likely x is real.
"""

from collections.abc import Sequence

import numpy as np

from course_utils.engine.update import SGD


def sigmoid(s: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-s))


def discriminator_grad(theta: np.ndarray, real: np.ndarray, z: np.ndarray) -> np.ndarray:
    """∇ of L_D = −log D(real) − log(1 − D(z + a)), means over the batch; θ (3,) → (3,)."""
    a, w, b = theta
    fake = z + a
    on_real, on_fake = sigmoid(w * real + b) - 1, sigmoid(w * fake + b)  # dL/d(wx + b)
    return np.array(
        [(on_fake * w).mean(), (on_real * real).mean() + (on_fake * fake).mean(), (on_real + on_fake).mean()]
    )


def generator_grad(theta: np.ndarray, z: np.ndarray) -> np.ndarray:
    """∇ of L_G = −log D(z + a), mean over the batch; θ (3,) → (3,)."""
    a, w, b = theta
    fake = z + a
    on_fake = sigmoid(w * fake + b) - 1
    return np.array([(on_fake * w).mean(), (on_fake * fake).mean(), on_fake.mean()])


def play(seed: int, mask: Sequence[float], rate: float, rounds: int) -> np.ndarray:
    """θ after every round, shape (rounds + 1, 3), from θ = 0; ``mask`` is the generator's, over (a, w, b).

    In each round first the discriminator takes a step, which moves w and b, and then the generator.
    """
    rng, theta = np.random.default_rng(seed), np.zeros(3)
    discriminator = SGD(rate, mask=np.array([0.0, 1.0, 1.0]))
    generator = SGD(rate, mask=np.array(mask))
    path = [theta.copy()]
    for _ in range(rounds):
        real, z = 3 + rng.standard_normal(64), rng.standard_normal(64)
        discriminator.step(theta, discriminator_grad(theta, real, z))
        generator.step(theta, generator_grad(theta, rng.standard_normal(64)))
        path.append(theta.copy())
    return np.array(path)


def says_real(path: np.ndarray) -> float:
    """How likely D calls numbers real, on average over the last 100 rounds and over real and made ones."""
    a, w, b = path[-100:].T[:, :, None]  # each of shape (100, 1)
    z = np.random.default_rng(0).standard_normal(200)
    return float((sigmoid(w * (z + 3) + b).mean() + sigmoid(w * (z + a) + b).mean()) / 2)
