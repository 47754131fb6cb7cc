"""What a layer should stay while it learns: a measure of it, the measure's gradient, and the way back.

First a filter that should stay low-pass (lesson 11). Its kernel w (taps,) has a frequency response
|H(ν)|², which should lie below a cut-off. The share above it is a quotient of two quadratic forms,
wᵀSw / wᵀw, so its gradient is one line, and the kernels that leak least are eigenvectors of S (Slepian
1978). Then a linear layer that should keep variance: PCA (lesson 12).
"""

import numpy as np

# ---------------------------------------------------------------- a filter that stays low-pass


def frequency_response(kernel: np.ndarray, frequencies: np.ndarray) -> np.ndarray:
    """|H(ν)|² with H(ν) = Σ_n kernel[n] e^(-2πi ν n): how strongly a sine of frequency ν comes through.

    ``kernel`` (taps,) or (channels, taps); ``frequencies`` (F,) in cycles a sample, from 0 to 1/2.
    Returns (F,) or (channels, F).
    """
    waves = np.exp(-2j * np.pi * np.outer(np.arange(np.shape(kernel)[-1]), frequencies))
    return np.abs(kernel @ waves) ** 2


def stop_band(taps: int, cutoff: float) -> np.ndarray:
    """The matrix S (taps, taps) with wᵀSw = ∫ |H(ν)|² dν over all frequencies above ``cutoff``, in cycles a sample.

    Over all frequencies the integral is wᵀw (Parseval), so 0 ≤ wᵀSw ≤ wᵀw. The pass band, from -cutoff to
    cutoff, has the integral of e^(2πi ν (j - k)) in place (j, k), which is a sinc.
    """
    lag = np.subtract.outer(np.arange(taps), np.arange(taps))
    return np.eye(taps) - 2 * cutoff * np.sinc(2 * cutoff * lag)


def stop_band_share(kernels: np.ndarray, S: np.ndarray) -> tuple[float, np.ndarray]:
    """The share of the kernels' energy that lies in the stop band, and its gradient.

    kernels: shape (channels, taps), w is one row. S: symmetric, shape (taps, taps); w S w is the energy of w
    in the stop band, w w (the sum of its squares) the energy in all.
    The share of a row is (w S w) / (w w); the share of the layer is the mean over its channels.
    Return the share of the layer (a number), and grad_kernels, its gradient, shape (channels, taps).
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


def project_kernels(kernels: np.ndarray, V: np.ndarray) -> np.ndarray:
    """The nearest kernels that are made of given ones.

    kernels: shape (channels, taps). V: shape (taps, k), its columns have length 1 and are at right angles.
    Return near, shape (channels, taps): for each row of kernels the nearest row that is a sum of multiples of V's columns.
    """
    return kernels @ V @ V.T


def fft_truncate(kernels: np.ndarray, cutoff: float) -> np.ndarray:
    """A trap: frequencies above ``cutoff`` set to 0 in an FFT over 64 samples, then cut to the old taps.

    The cut undoes part of it. Done again it moves the kernels again, so it is no projection.
    """
    taps, length = kernels.shape[1], 64
    H = np.fft.rfft(kernels, length)
    H[:, np.fft.rfftfreq(length) > cutoff] = 0
    return np.fft.irfft(H, length)[:, :taps]


def windowed_sinc(taps: int, cutoff: float) -> np.ndarray:
    """The textbook low-pass filter (taps,): the ideal one, a sinc, faded out at both ends (Hamming window)."""
    at = np.arange(taps) - (taps - 1) / 2
    return 2 * cutoff * np.sinc(2 * cutoff * at) * np.hamming(taps)


# ---------------------------------------------------------------- a layer that keeps variance
# W (d, k) are the weights of a linear layer h = xW, a column for each output.


def covariance(x: np.ndarray) -> np.ndarray:
    """S (d, d), the mean over the examples x (N, d) of (x - mean)(x - mean)ᵀ."""
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x)


def pca_loss(W: np.ndarray, S: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the share of the variance S (d, d) that W (d, k) carries, and its gradient.

    Return the loss, −tr(Wᵀ S W) / tr S, and grad_W, its gradient with respect to W, shape (d, k).
    S is symmetric. For orthonormal columns the loss is smallest on the span of the k leading
    eigenvectors of S (Fan 1949); without a constraint it has no minimum.
    """
    SW = S @ W
    total = np.trace(S)
    return float(-np.sum(W * SW) / total), -2 * SW / total


def retract(W: np.ndarray) -> np.ndarray:
    """Make the columns of W (d, k), k ≤ d, orthonormal: the Q of W = QR whose R has a positive diagonal.

    Return Q, shape (d, k). Its first j columns span what the first j of W span, for every j, and an
    orthonormal W stays what it is. A QR without the fixed sign may turn columns round from one step to the
    next. (Absil, Mahony and Sepulchre 2008, example 4.1.3.)
    """
    Q, R = np.linalg.qr(W)
    return Q * np.where(np.diagonal(R) < 0, -1.0, 1.0)


def oja_direction(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """What Oja's rule adds to W (d, k), before the rate, for a batch of centred examples x (N, d).

    Return the direction, the mean over the batch of x hᵀ − W h hᵀ with h = Wᵀx, for columns x and h; shape (d, k).
    With x (N, d) in rows, h = xW (N, k). (Oja 1982 for k = 1; Oja 1989.)
    """
    h = x @ W
    return (x.T @ h - W @ (h.T @ h)) / len(x)


def sanger_direction(W: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Oja's rule in which output j gives way to the outputs before it only; shape (d, k) (Sanger 1989).

    So column j of W goes to eigenvector j itself, where Oja's columns only span the same space.
    """
    h = x @ W
    return (x.T @ h - W @ np.triu(h.T @ h)) / len(x)


def leading_directions(S: np.ndarray, k: int) -> np.ndarray:
    """The k eigenvectors of the symmetric S (d, d) with the largest eigenvalues, in columns (d, k), largest first."""
    return np.linalg.eigh(S)[1][:, : -k - 1 : -1]


def principal_angles(A: np.ndarray, B: np.ndarray) -> np.ndarray:
    """The angles in degrees between the spans of the columns of A (d, k) and B (d, k), smallest first; shape (k,).

    The cosines are the singular values of QₐᵀQ_b, Q orthonormal bases (Björck and Golub 1973). A cosine
    near 1 is blind to small angles, so these are taken from their sines.
    """
    Qa, Qb = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    cosines = np.linalg.svd(Qa.T @ Qb, compute_uv=False)
    sines = np.linalg.svd(Qb - Qa @ (Qa.T @ Qb), compute_uv=False)[::-1]
    return np.degrees(np.arctan2(sines, cosines))


def variance_kept(W: np.ndarray, S: np.ndarray) -> float:
    """The share of the variance S (d, d) inside the span of the columns of W (d, k), whatever their lengths: 0 to 1."""
    Q = np.linalg.svd(W, full_matrices=False)[0]
    return float(np.sum(Q * (S @ Q)) / np.trace(S))
