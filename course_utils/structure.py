"""What a layer should stay: a measure of it, the gradient of the measure, and the way back.

A low-pass filter here is a kernel w (taps,) whose frequency response |H(f)|² lies below a cut-off.
The share of it above the cut-off is a quotient of two quadratic forms, wᵀSw / wᵀw, so its gradient
is one line, and the kernels that leak least are the eigenvectors of S (Slepian 1978).
"""

import numpy as np

# Filters


def frequency_response(kernel: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """|H(f)|² with H(f) = Σ_k kernel[k] e^(-2πi f k): how strongly a sine of frequency f comes through.

    ``kernel`` (taps,) or (channels, taps); ``frequencies`` (F,) in cycles a sample, from 0 to 1/2.
    Returns (F,) or (channels, F).
    """
    waves = np.exp(-2j * np.pi * np.outer(np.arange(np.shape(kernel)[-1]), frequencies))
    return np.abs(kernel @ waves) ** 2


def stop_band(taps: int, cutoff: float) -> np.ndarray:
    """The matrix S (taps, taps) with wᵀSw = ∫ |H(f)|² df over all frequencies above ``cutoff``, in cycles a sample.

    Over all frequencies the integral is wᵀw (Parseval), so 0 ≤ wᵀSw ≤ wᵀw. The pass band, from -cutoff to
    cutoff, has the integral of e^(2πi f (j - k)) in place (j, k), which is a sinc.
    """
    lag = np.subtract.outer(np.arange(taps), np.arange(taps))
    return np.eye(taps) - 2 * cutoff * np.sinc(2 * cutoff * lag)


def stop_band_share(kernels: np.ndarray, S: np.ndarray) -> tuple[float, np.ndarray]:
    """Mean over the channels of wᵀSw / wᵀw, the share of a kernel's energy that is stop band, and its gradient.

    ``kernels`` (channels, taps), ``S`` (taps, taps) from ``stop_band``. Returns the share, from 0 to 1, and
    grad_kernels (channels, taps) = 2 (Sw - share w) / wᵀw / channels. A kernel of zeros has no share.
    """
    energy = (kernels**2).sum(axis=1, keepdims=True)
    leaked = kernels @ S
    shares = (leaked * kernels).sum(axis=1, keepdims=True) / energy
    return float(shares.mean()), 2 * (leaked - shares * kernels) / energy / len(kernels)


def slepian(taps: int, cutoff: float) -> np.ndarray:
    """An orthonormal basis (taps, taps) of kernels; the first column leaks least beyond ``cutoff``, the last most.

    Discrete prolate spheroidal sequences (DPSS), the eigenvectors of ``stop_band``. Its eigenvalues crowd
    at 0 and 1, so they are found from a tridiagonal matrix with the same eigenvectors, which keeps them
    apart.
    """
    k = np.arange(taps)
    beside = k[1:] * (taps - k[1:]) / 2
    middle = ((taps - 1) / 2 - k) ** 2 * np.cos(2 * np.pi * cutoff)
    _, vectors = np.linalg.eigh(np.diag(middle) + np.diag(beside, 1) + np.diag(beside, -1))
    vectors = vectors[:, ::-1]
    return vectors * np.where(vectors[0] < 0, -1, 1)  # eigh leaves the signs to chance


def project(kernels: np.ndarray, V: np.ndarray) -> np.ndarray:
    """The nearest kernels (channels, taps) in the span of V's orthonormal columns (taps, k): w V Vᵀ."""
    return kernels @ V @ V.T


def fft_truncate(kernels: np.ndarray, cutoff: float, length: int = 64) -> np.ndarray:
    """A trap: frequencies above ``cutoff`` set to 0 in an FFT over ``length`` samples, then cut to the old taps.

    The cut undoes part of it. Done again it moves the kernels again, so it is no projection.
    """
    taps = kernels.shape[1]
    H = np.fft.rfft(kernels, length)
    H[:, np.fft.rfftfreq(length) > cutoff] = 0
    return np.fft.irfft(H, length)[:, :taps]


def windowed_sinc(taps: int, cutoff: float) -> np.ndarray:
    """The textbook low-pass filter (taps,): the ideal one, a sinc, faded out at both ends (Hamming window)."""
    at = np.arange(taps) - (taps - 1) / 2
    return 2 * cutoff * np.sinc(2 * cutoff * at) * np.hamming(taps)
