"""What a layer should stay while it learns: a loss for the structure, a way back onto it, and how far off it is."""

import numpy as np

# A layer that keeps variance: PCA. W (d, k) are the weights of a linear layer h = xW, a column for each output.


def covariance(x: np.ndarray) -> np.ndarray:
    """S (d, d), the mean over the examples x (N, d) of (x - mean)(x - mean)ᵀ."""
    centred = x - x.mean(axis=0)
    return centred.T @ centred / len(x)


def pca_loss(W: np.ndarray, S: np.ndarray) -> tuple[float, np.ndarray]:
    """Minus the share of the variance S (d, d) that W (d, k) carries, and its gradient.

    Return the loss, −tr(Wᵀ S W) / tr S, and its gradient with respect to W, shape (d, k).
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

    Return the mean over the batch of x hᵀ − W h hᵀ with h = Wᵀx, for columns x and h; shape (d, k).
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
