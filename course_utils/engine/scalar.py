"""A number that remembers how it was made: the smallest possible computation graph (lesson 01).

>>> a, b = Value(2.0, name="a"), Value(-3.0, name="b")
>>> y = a * b + a
>>> y.value, y.op, [node.op for node in y.inputs]
(-4.0, '+', ['*', ''])
"""

import math


class Value:
    """One node: its ``value``, the operation ``op`` that made it, and the nodes it was made from.

    A leaf has op "" and no inputs. ``grad`` is dL/d(this value); it is None until a backward pass
    has filled it in.
    """

    def __init__(self, value: float, op: str = "", inputs: tuple["Value", ...] = (), name: str = "") -> None:
        self.value = float(value)
        self.op = op
        self.inputs = inputs
        self.name = name
        self.grad: float | None = None

    def __add__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.value + other.value, "+", (self, other))

    def __mul__(self, other: "Value | float") -> "Value":
        other = as_value(other)
        return Value(self.value * other.value, "*", (self, other))

    __radd__ = __add__
    __rmul__ = __mul__

    def tanh(self) -> "Value":
        return Value(math.tanh(self.value), "tanh", (self,))

    def called(self, name: str) -> "Value":
        """Give this node a name, for pictures and messages; returns the node."""
        self.name = name
        return self

    def __repr__(self) -> str:
        return f"Value({self.name or self.op or 'leaf'} = {self.value:.4g})"


def as_value(number: "Value | float") -> Value:
    """A Value as it is; a plain number as a leaf named by its digits."""
    return number if isinstance(number, Value) else Value(number, name=f"{number:g}")
