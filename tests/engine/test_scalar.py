"""A number that remembers how it was made."""

import math

import pytest

from course_utils.engine.scalar import Value, as_value


def test_a_node_knows_its_value_its_operation_and_what_it_was_made_from():
    a, b = Value(2, name="a"), Value(-3.0, name="b")
    for node, value, op in [(a + b, -1.0, "+"), (a * b, -6.0, "*")]:
        assert (node.value, node.op, node.name, node.grad) == (value, op, "", None)
        assert node.inputs[0] is a and node.inputs[1] is b
    bent = b.tanh()
    assert (bent.value, bent.op, bent.inputs) == (math.tanh(-3), "tanh", (b,))


def test_a_leaf_has_no_operation_no_inputs_and_no_gradient_yet():
    leaf = Value(2)
    assert isinstance(leaf.value, float)
    assert (leaf.value, leaf.op, leaf.inputs, leaf.name, leaf.grad) == (2.0, "", (), "", None)
    whole = Value(1.5, "+", (leaf,), "sum")
    assert (whole.op, whole.inputs, whole.name) == ("+", (leaf,), "sum")


@pytest.mark.parametrize("make", [lambda x: x + 0.5, lambda x: 0.5 + x, lambda x: x * 0.5, lambda x: 0.5 * x])
def test_a_plain_number_becomes_a_leaf_named_by_its_digits(make):
    x = Value(3.0)
    node = make(x)
    assert node.inputs[0] is x  # on either side
    number = node.inputs[1]
    assert (number.value, number.name, number.op) == (0.5, "0.5", "")
    assert as_value(x) is x


def test_a_name_is_given_to_the_node_itself():
    x = Value(1)
    assert x.called("total") is x
    assert x.name == "total"


def test_a_node_is_shown_by_its_name_else_its_operation():
    x = Value(2.0, name="x")
    assert repr(x) == "Value(x = 2)"
    assert repr(x * 1.23456) == "Value(* = 2.469)"
    assert repr(Value(0.5)) == "Value(leaf = 0.5)"
