"""What a tail may say: whole numbers, a label, a label through noise; and a service that is asked in pieces."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from course_utils.beds.unknown import answers


def g(h):
    return np.stack([h.sum(axis=-1), -h.sum(axis=-1), np.zeros(h.shape[:-1])], axis=-1)


def test_answers_are_rounded_and_labels_are_ten_and_zeros():
    h = np.array([[0.6, 0.9], [-2.0, 0.1]])
    np.testing.assert_array_equal(answers.rounded(g, 0.5)(h), [[1.5, -1.5, 0], [-2, 2, 0]])
    np.testing.assert_array_equal(answers.label_only(g)(h), [[10, 0, 0], [0, 10, 0]])
    assert answers.label_only(g, 3)(h[None, None]).shape == (1, 1, 2, 3)


def test_noise_turns_close_labels_and_leaves_clear_ones():
    noisy = answers.label_through_noise(g, 1.0, 0)
    close, clear = np.zeros((500, 2)), np.full((500, 2), 50.0)
    assert len(set(noisy(close).argmax(axis=1))) == 3
    assert set(noisy(clear).argmax(axis=1)) == {0}


def test_a_service_counts_refuses_too_many_at_once_and_ends_with_its_budget():
    service = answers.LabelService(g, 0.0, budget=40, seed=0, most=10)
    with ThreadPoolExecutor(4) as pool:
        labels = np.concatenate(list(pool.map(service, [np.full((10, 2), 3.0), np.full((10, 2), -3.0)] * 2)))
    assert labels.tolist() == ([0] * 10 + [1] * 10) * 2 and service.asked == 40
    with pytest.raises(ValueError, match="takes 10"):
        service(np.zeros((11, 2)))
    with pytest.raises(RuntimeError, match="spent"):
        service(np.zeros((1, 2)))
    assert service.asked == 40
