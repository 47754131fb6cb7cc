"""What a layer should stay: the measure against the integral it stands for, its gradient, and the ways back."""

import numpy as np
import pytest

from course_utils.engine import structure
from course_utils.engine.estimate import numerical_gradient

TAPS, CUTOFF = 9, 0.15


def kernels(rows: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((rows, TAPS))


def test_response_is_that_of_a_padded_fft():
    w = kernels(3)
    expected = np.abs(np.fft.rfft(w, 64)) ** 2
    assert np.allclose(structure.frequency_response(w, np.fft.rfftfreq(64)), expected)
    assert np.allclose(structure.frequency_response(w[1], np.fft.rfftfreq(64)), expected[1])


def test_stop_band_is_the_integral_of_the_response():
    w = kernels(4)
    fine = (np.arange(4000) + 0.5) / 8000
    response = structure.frequency_response(w, fine)
    share = (response[:, fine > CUTOFF].sum(axis=1) / response.sum(axis=1)).mean()
    assert structure.stop_band_share(w, structure.stop_band(TAPS, CUTOFF))[0] == pytest.approx(
        share, abs=1e-6
    )


@pytest.mark.parametrize("rows", [1, 3])
def test_gradient_of_the_share(rows):
    S, w = structure.stop_band(TAPS, CUTOFF), kernels(rows)
    numerical = numerical_gradient(lambda w: structure.stop_band_share(w, S)[0], w)
    assert np.allclose(structure.stop_band_share(w, S)[1], numerical, rtol=0, atol=1e-9)


def test_share_knows_no_scale():
    S, w = structure.stop_band(TAPS, CUTOFF), kernels(3)
    share, grad = structure.stop_band_share(w, S)
    assert structure.stop_band_share(w * [[0.01], [7], [1]], S)[0] == pytest.approx(share)
    assert np.abs((grad * w).sum(axis=1)).max() < 1e-12  # so nothing pulls along w


@pytest.mark.parametrize("taps", [9, 21, 64])
def test_slepian_basis_is_orthonormal_and_sorted_by_what_it_leaks(taps):
    Q, S = structure.slepian(taps, CUTOFF), structure.stop_band(taps, CUTOFF)
    assert np.abs(Q.T @ Q - np.eye(taps)).max() < 1e-12
    leaks = Q.T @ S @ Q
    assert np.abs(leaks - np.diag(np.diag(leaks))).max() < 1e-10  # eigenvectors of S
    assert np.all(np.diff(np.diag(leaks)) > -1e-12)
    assert np.allclose(np.diag(leaks), np.linalg.eigvalsh(S), atol=1e-10)
    assert np.all(Q[0] > 0)


def test_projection_is_idempotent_and_nearest():
    V, w = structure.slepian(TAPS, CUTOFF)[:, :3], kernels(5)
    near = structure.project_kernels(w, V)
    assert np.allclose(structure.project_kernels(near, V), near, rtol=0, atol=1e-14)
    assert np.abs((w - near) @ V).max() < 1e-14  # what is taken away is at right angles to the span
    others = near + np.random.default_rng(1).standard_normal((200, 5, 3)) @ V.T
    assert np.all(np.linalg.norm(others - w, axis=2) > np.linalg.norm(near - w, axis=1))


def test_fft_and_truncate_is_no_projection():
    w = structure.fft_truncate(kernels(5), CUTOFF)
    assert w.shape == (5, TAPS)
    assert np.linalg.norm(structure.fft_truncate(w, CUTOFF) - w) > 0.02 * np.linalg.norm(w)


def test_fft_and_truncate_keeps_what_is_at_the_cut_off_and_below():
    """Of 64 frequencies, those above 8/64 go; with all 64 samples kept, this can be seen exactly."""
    w = np.random.default_rng(0).standard_normal((3, 64))
    before, after = np.fft.rfft(w), np.fft.rfft(structure.fft_truncate(w, 8 / 64))
    assert np.allclose(after[:, :9], before[:, :9])
    assert np.abs(after[:, 9:]).max() < 1e-12
    short = structure.fft_truncate(w[:, :TAPS], 8 / 64)
    padded = np.fft.rfft(w[:, :TAPS], 64)
    padded[:, 9:] = 0
    assert np.allclose(short, np.fft.irfft(padded)[:, :TAPS])


def test_windowed_sinc_is_low_pass():
    w = structure.windowed_sinc(21, 0.1)
    assert np.allclose(w, w[::-1])
    passed, stopped = structure.frequency_response(w, np.array([0.0, 0.25]))
    assert 0.9 < passed < 1.1 and stopped < 1e-4
