"""The walk back through a graph with one character too few."""

from collections.abc import Sequence

from course_utils.engine.scalar import Value
from course_utils.show.graph import Rules, in_order


def overwriting(root: Value, rules: Rules) -> None:
    """As ``backward`` of exercise 1.5, but each gradient that arrives at a node replaces the one before: = for +=."""
    order = in_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        shares: Sequence[float] = ()
        if node.inputs:
            shares = rules[node.op](node.grad, *(source.value for source in node.inputs))
        for source, share in zip(node.inputs, shares, strict=True):
            source.grad = share
