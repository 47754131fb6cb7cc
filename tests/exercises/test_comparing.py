"""When a value is right, what is said of its form, and whether an input is what it was."""

import numpy as np
import pytest

from course_utils.exercises.comparing import equal, plain, same, wrong_form


def test_a_value_is_right_to_its_tolerance_and_no_further():
    right = np.array([0.0, 2.0])
    assert equal(right + [5e-10, 1e-5], right, rtol=1e-5)
    assert not equal(right + [0, 3e-5], right, rtol=1e-5)
    assert not equal(np.array([1e-7]), np.array([0.0]), rtol=1e-5)


def test_an_input_is_the_same_to_rounding_and_no_further():
    x = np.array([1.0, 1e-3])
    assert same({"x": [x]}, {"x": [x * (1 + 1e-15)]}) and not same({"x": [x]}, {"x": [x * 1.01]})
    assert not same({"a": 1}, {"a": 1, "b": 2}) and not same([slice(0, 2)], [slice(0, 3)])
    ring = [1.0]
    ring.append(ring)
    assert same(ring, ring)


@pytest.mark.parametrize(
    "got, expected, right",
    [
        (np.ones((2, 1)), np.ones(2), False),
        (np.ones(2, dtype=int), np.ones(2), False),  # what is compared has been made floats
        (1.0, np.ones(()), False),
        (np.array([np.nan, 1.0]), np.array([np.nan, 1.0]), True),
        (np.array([np.inf, 1.0]), np.array([np.inf, 1.0 + 1e-6]), True),
        (np.array([0.0, 1.0]), np.array([np.nan, 1.0]), False),
        (np.zeros(0), np.zeros(0), True),
        ("a", "a", True),
        ("a", "b", False),
        (None, "a", False),
        ([np.ones(1), np.ones(2)], [np.ones(1), np.ones(2) + 1e-6], True),
        ([np.ones(1), np.ones(2)], [np.ones(1), np.zeros(2)], False),
        ([np.ones(1)], [np.ones(1), np.ones(2)], False),
        ((np.ones(1),), [np.ones(1)], False),
    ],
)
def test_equal_is_the_same_kind_the_same_form_and_near(got, expected, right):
    assert equal(got, expected, 1e-5) is right


@pytest.mark.parametrize(
    "got, expected, told",
    [
        (np.ones(2, complex), np.ones(2),
         "y should hold plain numbers; yours has entries of type complex128. "
         "Take np.abs of complex numbers, before you square them."),
        (np.array(["a"]), np.ones(1), "y should hold plain numbers; yours has entries of type <U1."),
        ("a", np.ones((2, 3)), "y should be an array of shape (2, 3); yours is a string."),
        (None, np.array(1.0), "y should be a single number; yours is nothing (None)."),
        (np.ones(0), np.ones(2), "y should be an array of shape (2,); yours is empty."),
        (np.ones((3, 2)), np.ones((2, 3)),
         "y should be an array of shape (2, 3); yours is an array of shape (3, 2). Is it transposed? "
         "Check the order of the product, and the .T."),
        (np.ones((2, 2, 3)), np.ones((3, 2, 2)),
         "y should be an array of shape (3, 2, 2); yours is an array of shape (2, 2, 3)."),
        (np.ones(3), np.array(1.0), "y should be a single number; yours is an array of shape (3,)."),
        (np.array([np.nan, np.inf, 1]), np.ones(3),
         "y has nan in 2 of 3 entries: look for 0/0, log(0), the root of a negative number, or an exp that overflows."),
        (np.array([1, -np.inf, 1]), np.ones(3),
         "y has inf in 1 of 3 entries: look for 0/0, log(0), the root of a negative number, or an exp that overflows."),
        (np.array([np.nan]), np.array([np.inf]), ""),
        (np.zeros(0), np.zeros(0), ""),
        (np.ones(2), np.zeros(2), ""),
    ],
)  # fmt: skip
def test_a_wrong_form_is_told_in_one_sentence(got, expected, told):
    assert wrong_form("y", got, expected) == told


def test_a_tensor_is_compared_as_its_numbers():
    torch = pytest.importorskip("torch")
    tensor = torch.ones(2, requires_grad=True) * 2
    np.testing.assert_array_equal(plain(tensor), [2.0, 2.0])
    assert same(tensor, 2 * torch.ones(2)) and not same(tensor, torch.ones(2))


class Thing:
    def __init__(self, **held):
        vars(self).update(held)


def ring_of(value):
    ring = [value]
    ring.append(ring)
    return ring


@pytest.mark.parametrize(
    "a, b, alike",
    [
        (1, 1, True), (1, 2, False), (1, 1.0, False), (float("nan"), float("nan"), True), (None, None, True),
        (None, 0, False), ("a", "b", False), (slice(0, 2), slice(0, 2), True), (range(3), range(4), False),
        ({1, 2}, {2, 1}, True), (len, max, True), (Thing, Thing, True), (np, np, True),
        (np.ones(2), np.ones((2, 1)), False), (np.ones(2), np.ones(2) * (1 + 1e-9), False),
        (np.array([np.nan, 1]), np.array([np.nan, 1]), True), (np.arange(3), np.arange(3), True),
        (np.array(["a"]), np.array(["a"]), True), (np.array(["a"]), np.array(["b"]), False),
        (np.array([[1], "a"], object), np.array([[2], "a"], object), False),
        (np.array(["a"]), np.array([["a"]]), False),
        ([1, [2]], [1, [2]], True), ([1, [2]], [1, [3]], False), ([1], [1, 2], False), ((1,), [1], False),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, False), ({"a": [1]}, {"a": [1]}, True), ({"a": [1]}, {"a": [2]}, False),
        (np.random.default_rng(0), np.random.default_rng(0), True),
        (np.random.default_rng(0), np.random.default_rng(1), False),
        (Thing(w=np.ones(2)), Thing(w=np.ones(2)), True), (Thing(w=np.ones(2)), Thing(w=np.zeros(2)), False),
        (Thing(w=1), Thing(w=1, more=2), False), (ring_of(1), ring_of(1), True), (ring_of(1), ring_of(2), False),
        (Thing(of=Thing(w=[1])), Thing(of=Thing(w=[2])), False),
        (object(), object(), False),  # what cannot be looked into is not taken for unchanged
    ],
)  # fmt: skip
def test_inputs_are_looked_into_whatever_they_are(a, b, alike):
    assert same(a, b) is alike
