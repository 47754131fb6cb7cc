"""Exercises of lesson 01: the chain rule on scalars, a graph, and one pass backwards through it."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.engine.scalar import Value
from course_utils.exercises.bank import Case, Entry, WrongResult, describe

SLOPE = Entry(
    "1.1",
    returns=("value",),
    checked="The slope is right for five functions, with small and with large nudges.",
    cases=(
        Case("f(x) = x³ at 2, eps 0.1", lambda: dict(f=lambda x: x**3, x=2.0, eps=0.1)),
        Case("f(x) = sin x at 1, eps 0.01", lambda: dict(f=math.sin, x=1.0, eps=0.01)),
        Case(
            "f(x) = exp(−2x) at −0.5, eps 0.001",
            lambda: dict(f=lambda x: math.exp(-2 * x), x=-0.5, eps=0.001),
        ),
        Case("f(x) = x⁴ at 1, eps 0.00001", lambda: dict(f=lambda x: x**4, x=1.0, eps=1e-5)),
        Case("f(x) = exp x at 0, eps 0.02", lambda: dict(f=math.exp, x=0.0, eps=0.02)),
    ),
    hints=(
        "Go a little to the right, a little to the left, and see how much f changed between the two.",
        "From x − eps to x + eps you have walked 2 · eps.",
    ),
    rtol=1e-7,
)


@SLOPE.reference
def slope(f, x, eps):
    """The slope of f at x by a central difference.

    f: takes a number, returns a number. x: where. eps: how far to nudge, to both sides.
    Return a number.
    """
    return (f(x + eps) - f(x - eps)) / (2 * eps)


@SLOPE.wrong("You nudge to one side only. Nudge to both: the error then shrinks with eps², not with eps.")
def one_sided(f, x, eps):
    return (f(x + eps) - f(x)) / eps


@SLOPE.wrong("Twice too large: between x − eps and x + eps lie two eps, so divide by 2 · eps.")
def two_forgotten(f, x, eps):
    return (f(x + eps) - f(x - eps)) / eps


@SLOPE.wrong("You divide by 2, but not by eps: between x − eps and x + eps lie 2 · eps.")
def eps_forgotten(f, x, eps):
    return (f(x + eps) - f(x - eps)) / 2


@SLOPE.wrong(
    "That is how much f changed; a slope is the change divided by the distance between the two points, 2 · eps."
)
def not_divided(f, x, eps):
    return f(x + eps) - f(x - eps)


@SLOPE.wrong(
    "You nudge to the left only. Nudge to both sides: the error then shrinks with eps², not with eps."
)
def left_sided(f, x, eps):
    return (f(x) - f(x - eps)) / eps


@SLOPE.wrong("`/ 2 * eps` divides by 2 and then multiplies by eps: put brackets round it, `/ (2 * eps)`.")
def multiplied_by_eps(f, x, eps):
    return (f(x + eps) - f(x - eps)) / 2 * eps


@SLOPE.wrong("Only the second value is divided: put brackets round the difference, `(… - …) / (2 * eps)`.")
def brackets_forgotten(f, x, eps):
    return f(x + eps) - f(x - eps) / (2 * eps)


@SLOPE.wrong("You nudge by a step of your own, and so small that rounding takes over: use `eps`.")
def eps_ignored(f, x, eps):
    tiny = 1e-12
    return (f(x + tiny) - f(x - tiny)) / (2 * tiny)


@SLOPE.wrong(
    "You nudge by eps / 2 to each side. That is a central difference too, and here eps goes to each: you walk 2 · eps."
)
def half_to_each_side(f, x, eps):
    return (f(x + eps / 2) - f(x - eps / 2)) / eps


@SLOPE.wrong("The sign is turned round: right side minus left side.")
def wrong_way_round(f, x, eps):
    return (f(x - eps) - f(x + eps)) / (2 * eps)


@SLOPE.right
def slope_with_names(f, x, eps):
    right, left = f(x + eps), f(x - eps)
    return (right - left) / (eps + eps)


@SLOPE.right
def slope_as_mean(f, x, eps):
    forward = (f(x + eps) - f(x)) / eps
    backward = (f(x) - f(x - eps)) / eps
    return 0.5 * (forward + backward)


MULTIPLY = Entry(
    "1.2",
    returns=("grad_a", "grad_b"),
    upstream="grad_y",
    checked="Both gradients equal central differences of a · b for three sets of numbers.",
    cases=(
        Case("a = 2, b = −3, grad_y = 0.5", lambda: dict(grad_y=0.5, a=2.0, b=-3.0)),
        Case("a = −1.5, b = 4, grad_y = −2", lambda: dict(grad_y=-2.0, a=-1.5, b=4.0)),
        Case("a = 0, b = 7, grad_y = 3", lambda: dict(grad_y=3.0, a=0.0, b=7.0)),
    ),
    hints=(
        "Hold b still and nudge a by a little: by how much does a · b change?",
        "dy/da = b. What arrives from above is dL/dy. The chain rule multiplies the two.",
    ),
)


@MULTIPLY.reference
def multiply_backward(grad_y, a, b):
    """Backward through y = a · b.

    grad_y: dL/dy, a number. a, b: the two numbers that were multiplied.
    Return grad_a, grad_b: dL/da and dL/db.
    """
    return grad_y * b, grad_y * a


@MULTIPLY.truth
def multiply_truth(grad_y, a, b):
    eps = 1e-5
    grad_a = grad_y * (((a + eps) * b) - ((a - eps) * b)) / (2 * eps)
    grad_b = grad_y * ((a * (b + eps)) - (a * (b - eps))) / (2 * eps)
    return grad_a, grad_b


@MULTIPLY.wrong("The two are swapped: nudging a changes a · b by b times the nudge, so b belongs in grad_a.")
def swapped(grad_y, a, b):
    return grad_y * a, grad_y * b


@MULTIPLY.wrong(
    "These are dy/da and dy/db. The loss wants dL/da: multiply each by grad_y, which arrives from above."
)
def local_only(grad_y, a, b):
    return b, a


@MULTIPLY.wrong("You return the two factors themselves. Each gets grad_y times the other one.")
def factors_returned(grad_y, a, b):
    return a, b


@MULTIPLY.wrong("You pass grad_y on unchanged; that is the rule for a sum. A product scales it.")
def passed_through(grad_y, a, b):
    return grad_y, grad_y


@MULTIPLY.wrong("Both get the whole product. Each gets grad_y times the other factor, its own left out.")
def whole_product(grad_y, a, b):
    return grad_y * a * b, grad_y * a * b


@MULTIPLY.wrong("You add grad_y and the local slope. The chain rule multiplies them.")
def added(grad_y, a, b):
    return grad_y + b, grad_y + a


@MULTIPLY.right
def multiply_step_by_step(grad_y, a, b):
    dy_da = b
    dy_db = a
    return [grad_y * dy_da, grad_y * dy_db]


@MULTIPLY.right
def multiply_by_slope(grad_y, a, b):
    return grad_y * slope(lambda t: t * b, a, 0.5), grad_y * slope(lambda t: a * t, b, 0.5)


TANH = Entry(
    "1.3",
    returns=("grad_x",),
    upstream="grad_y",
    checked="The gradient equals central differences of tanh at six points, far out as well.",
    cases=(
        Case("x = 0.5, grad_y = 2", lambda: dict(grad_y=2.0, x=0.5)),
        Case("x = −1.2, grad_y = 0.7", lambda: dict(grad_y=0.7, x=-1.2)),
        Case("x = 0, grad_y = −3", lambda: dict(grad_y=-3.0, x=0.0)),
        Case("x = 2.5, grad_y = −0.4", lambda: dict(grad_y=-0.4, x=2.5)),
        Case("x = −5, grad_y = 100", lambda: dict(grad_y=100.0, x=-5.0)),
        Case("x = 800, grad_y = 1", lambda: dict(grad_y=1.0, x=800.0)),
    ),
    hints=(
        "Two things are multiplied: what arrives from above, and the slope of tanh where x is.",
        "Compute y = math.tanh(x) first; the slope is 1 − y².",
    ),
    rtol=1e-3,  # 1 − y² far out, where y is nearly 1, costs a float32 most of its digits
)


@TANH.reference
def tanh_backward(grad_y, x):
    """Backward through y = tanh(x).

    grad_y: dL/dy, a number. x: the number that went in.
    Return grad_x: dL/dx.
    """
    y = math.tanh(x)
    return grad_y * (1 - y**2)


@TANH.truth
def tanh_truth(grad_y, x):
    return grad_y * slope(math.tanh, x, 1e-5)


@TANH.wrong("You use x, what went in. The formula is in what came out, y = tanh(x).")
def squared_input(grad_y, x):
    return grad_y * (1 - x**2)


@TANH.wrong("That is the slope dy/dx. Multiply it by grad_y, which arrives from above.")
def slope_only(grad_y, x):
    return 1 - math.tanh(x) ** 2


@TANH.wrong("Nearly: at y = 0.5 this slope is 0.5, where you measured 0.75, and at −0.9 it is above 1.")
def not_squared(grad_y, x):
    return grad_y * (1 - math.tanh(x))


@TANH.wrong("The square belongs to tanh alone: 1 − y², not (1 − y)².")
def whole_squared(grad_y, x):
    return grad_y * (1 - math.tanh(x)) ** 2


@TANH.wrong("Brackets: grad_y multiplies the whole slope, `grad_y * (1 - …)`, not only the 1.")
def tanh_brackets_forgotten(grad_y, x):
    return grad_y * 1 - math.tanh(x) ** 2


@TANH.wrong(
    "You multiply by tanh(x) itself, the forward pass. Backward needs its slope: the four measured ones let you guess it."
)
def forward_again(grad_y, x):
    return grad_y * math.tanh(x)


@TANH.wrong("You take the slope at grad_y. It belongs at x, the number that went in forwards.")
def at_the_gradient(grad_y, x):
    return grad_y * (1 - math.tanh(grad_y) ** 2)


@TANH.wrong(
    "Right, until exp or cosh is too large for a float, as at x = 800. `math.tanh` has no such limit, and the slope is 1 − y²."
)
def tanh_by_cosh(grad_y, x):
    return grad_y / math.cosh(x) ** 2


@TANH.right
def tanh_by_two_factors(grad_y, x):
    y = math.tanh(x)
    return (1 - y) * (1 + y) * grad_y


@TANH.right
def tanh_by_numpy(grad_y, x):
    return grad_y - grad_y * np.tanh(x) ** 2


def chain() -> Value:
    a = Value(0.5, name="a")
    return (a * Value(3.0, name="b")).called("c").tanh().called("L")


def used_twice() -> Value:
    a, b = Value(2.0, name="a"), Value(-3.0, name="b")
    c = (a * b).called("c")
    return (c + a).called("L")


def squared() -> Value:
    x = Value(1.5, name="x")
    return (x * x).called("L")


def diamond() -> Value:
    x, w = Value(-0.8, name="x"), Value(0.6, name="w")
    u = (x * w).called("u")
    v, s = u.tanh().called("v"), (u + x).called("s")
    return (v * s).called("m").__add__(u).called("L")


def with_old_gradients() -> Value:
    root = used_twice()
    for node in every_node(root):
        node.grad = 10.0
    return root


def nameless() -> Value:
    a, b = Value(2.0, name="a"), Value(2.0, name="b")
    return (a * b + (a + b)).called("L")


def twins() -> Value:
    return (Value(2.0) * Value(2.0)).called("L")


def one_leaf() -> Value:
    return Value(1.5, name="L")


def dead_end() -> Value:
    u = (Value(2.0, name="x") * Value(3.0, name="w")).called("u")
    return (u * Value(0.0, name="z")).called("L")


def every_node(root: Value) -> list[Value]:
    """All nodes of a graph, each once, in no particular order."""
    found, waiting = [], [root]
    while waiting:
        node = waiting.pop()
        if not any(node is other for other in found):
            found.append(node)
            waiting.extend(node.inputs)
    return found


def observe_order(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """Which of the graph's nodes stands where: its number, or -1 for a node from elsewhere."""
    if not isinstance(result, (list, tuple)) or not all(isinstance(node, Value) for node in result):
        raise WrongResult(f"Return a list of the graph's nodes; yours returned {describe(result)}.")
    number = {node: i for i, node in enumerate(every_node(arguments["root"]))}
    return {"order": [number.get(node, -1) for node in result]}


def first_fault(arguments: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Many orders are right, so what is compared is the first fault found, if there is one."""
    nodes = every_node(arguments["root"])
    result = [nodes[int(i)] if i >= 0 else Value(0.0) for i in values["order"]]
    place = {}
    for i, node in enumerate(result):
        if node in place:
            return {"order": f"The node {label(node)} is in your list twice."}
        place[node] = i
    missing = sorted(label(node) for node in nodes if node not in place)
    if missing:
        return {"order": f"Your list lacks {', '.join(missing)}."}
    for node in result:
        late = [label(child) for child in node.inputs if place[child] > place[node]]
        if late:
            return {"order": f"{label(node)} stands before its input {late[0]}."}
    if len(result) != len(nodes):
        return {"order": "Your list has nodes that are not part of this graph."}
    return {"order": "every node once, its inputs before it."}


def label(node: Value) -> str:
    return node.name or f"(the nameless {node.op})"


def seen_by(root, mark):
    """The reference, but telling nodes apart by ``mark(node)``: what two wrong versions below are made of."""
    order, seen = [], set()

    def visit(node):
        if mark(node) not in seen:
            seen.add(mark(node))
            for child in node.inputs:
                visit(child)
            order.append(node)

    visit(root)
    return order


GRAPHS = (
    ("L = tanh(c), c = a · b", chain),
    ("L = c + a, c = a · b", used_twice),
    ("L = x · x", squared),
    ("L = v · s + u, with u used three times", diamond),
)


def deep_and_shallow() -> Value:
    x = Value(0.5, name="x")
    e = ((x * x).called("c").tanh().called("d") + x).called(
        "e"
    )  # one input is far from the leaves, one is a leaf
    return (e * x).called("L")


DEEP = ("L = e · x, e = tanh(x · x) + x", deep_and_shallow)
TWINS = ("L, the product of two nameless leaves, both 2", twins)
LEAF = ("a leaf alone", one_leaf)
NAMELESS = ("L = a · b + (a + b) with a = b = 2, and no names in between", nameless)


ORDER = Entry(
    "1.4",
    returns=("order",),
    observe=observe_order,
    weigh=first_fault,
    checked="On eight graphs, some with a node used twice, every node comes once and after its inputs.",
    cases=tuple(
        Case(label, lambda build=build: dict(root=build()))
        for label, build in (*GRAPHS, DEEP, NAMELESS, TWINS, LEAF)
    ),
    hints=(
        "A node may be written down once all its inputs are. So before you write a node, visit its inputs.",
        "A recursive function visit(node): leave if node was seen; mark it seen; visit each of node.inputs; append node.",
    ),
)


@ORDER.reference
def topological_order(root):
    """All nodes that root was made from, each once, every node after its inputs; root is last.

    root: a Value. Follow node.inputs. Return a list of Values.
    """
    order, seen = [], set()

    def visit(node):
        if node in seen:
            return
        seen.add(node)
        for child in node.inputs:
            visit(child)
        order.append(node)

    visit(root)
    return order


@ORDER.wrong("Your list begins with the root. Inputs come first, root last: append a node after its inputs.")
def root_first(root):
    return topological_order(root)[::-1]


@ORDER.wrong("A node that is used twice is in your list twice: remember which nodes you have seen.")
def every_visit(root):
    order = []
    for child in root.inputs:
        order += every_visit(child)
    return [*order, root]


@ORDER.wrong(
    "Level by level from the root goes wrong where a node is used on two levels. In L = e · x, e = tanh(c) + x, "
    "c = x · x you meet x early, as an input of L; turned round, it comes after c, which needs it. Visit inputs first, "
    "to the bottom."
)
def before_its_inputs(root):
    order, waiting = [], [root]
    while waiting:
        node = waiting.pop(0)
        if node not in order:
            order.append(node)
            waiting.extend(node.inputs)
    return order[::-1]


@ORDER.wrong(
    "You write a node before visiting its inputs; reversed, that goes wrong where a node is used twice. Write it after them, and leave "
    "the list as it is."
)
def written_before_its_inputs(root):
    order = []

    def visit(node):
        if node not in order:
            order.append(node)
            for child in node.inputs:
                visit(child)

    visit(root)
    return order[::-1]


@ORDER.wrong(
    "You sort by how far a node is from its nearest leaf. Its furthest one counts: 1 + the largest depth of its inputs."
)
def by_the_nearest_leaf(root):
    def depth(node):
        return 1 + min(map(depth, node.inputs), default=0)

    return sorted(topological_order(root)[::-1], key=depth)


@ORDER.wrong(
    "You tell nodes apart by their name, and two nodes may have the same one, or none: remember the node itself."
)
def told_apart_by_name(root):
    return seen_by(root, lambda node: node.name)


@ORDER.wrong(
    "You tell nodes apart by their value, and two nodes may have the same one: remember the node itself."
)
def told_apart_by_value(root):
    return seen_by(root, lambda node: node.value)


@ORDER.wrong("The leaves are missing: nodes without inputs belong in the list too.")
def leaves_forgotten(root):
    return [node for node in topological_order(root) if node.inputs]


@ORDER.wrong("The root is missing: it comes last in the list.")
def root_forgotten(root):
    return topological_order(root)[:-1]


@ORDER.wrong("You go one level down only. The inputs have inputs: visit all the way to the leaves.")
def direct_inputs(root):
    return [*dict.fromkeys(root.inputs), root]


@ORDER.right
def order_with_a_stack(root):
    order, waiting = [], [(root, False)]
    while waiting:
        node, inputs_done = waiting.pop()
        if inputs_done and node not in order:
            order.append(node)
        elif node not in order:
            waiting.append((node, True))
            waiting.extend((child, False) for child in node.inputs)
    return order


@ORDER.right
def order_right_to_left(root):
    order = []

    def visit(node):
        for child in reversed(node.inputs):
            if child not in order:
                visit(child)
        order.append(node)

    visit(root)
    return tuple(order)


RULES = {
    "+": lambda grad_y, a, b: (grad_y, grad_y),
    "*": multiply_backward,
    "tanh": lambda grad_y, x: (tanh_backward(grad_y, x),),
}


def observe_gradients(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """The gradients of all nodes, in the order of their names; None if a node has none."""
    nodes = by_name(arguments["root"])
    empty = [node.name for node in nodes if not isinstance(node.grad, (int, float))]
    if empty:
        raise WrongResult(
            f"Afterwards {', '.join(empty)} has no gradient: fill node.grad of every node that root was made from."
        )
    return {"gradients": [node.grad for node in nodes]}


def by_name(root: Value) -> list[Value]:
    return sorted(every_node(root), key=lambda node: node.name)


def backward_but(
    root,
    rules,
    zero=True,
    start=1.0,
    walk=reversed,
    add=True,
    arriving=lambda node: node.grad,
    given=lambda child: child.value,
    skip=True,
):
    """The reference with one thing changed: what the wrong versions below are made of."""
    order = topological_order(root)
    for node in order:
        node.grad = 0.0 if zero else node.grad
    if start is not None:
        root.grad = start
    for node in walk(order):
        if node.op or not skip:
            grads = rules[node.op](arriving(node), *map(given, node.inputs))
            for child, grad in zip(node.inputs, grads, strict=True):
                child.grad = child.grad + grad if add else grad


BACKWARD = Entry(
    "1.5",
    returns=(),
    observe=observe_gradients,
    may_change=("root",),
    checked="Every gradient is right on six graphs, with nodes used twice and with old gradients lying around.",
    cases=tuple(
        Case(
            f"{label}; the gradients of {', '.join(n.name for n in by_name(build()))}",
            lambda build=build: dict(root=build(), rules=RULES),
        )
        for label, build in (
            *GRAPHS,
            ("L = c + a again, with old gradients still on the nodes", with_old_gradients),
            ("L = u · z with z = 0, so that nothing reaches u", dead_end),
            LEAF,
        )
    ),
    hints=(
        "Three parts: set every gradient to 0; set the root's to 1, since dL/dL = 1; then walk the order backwards.",
        "At each node with an op, ask rules[node.op] what its inputs get, and add it to what they already have.",
    ),
)


@BACKWARD.reference
def backward(root, rules):
    """Fill node.grad with dL/d(node) for every node that root = L was made from.

    root: a Value, the loss. rules: for each op a function rule(grad_y, *input_values) that returns
    one gradient per input. Return nothing.
    """
    order = topological_order(root)
    for node in order:
        node.grad = 0.0
    root.grad = 1.0
    for node in reversed(order):
        if node.op:
            grads = rules[node.op](node.grad, *[child.value for child in node.inputs])
            for child, grad in zip(node.inputs, grads, strict=True):
                child.grad += grad


@BACKWARD.wrong(
    "You write `=` where the gradients must add up: a node that is used twice gets a gradient from each use, so `+=`."
)
def overwritten(root, rules):
    backward_but(root, rules, add=False)


@BACKWARD.wrong("All gradients are zero. Something has to start the chain: dL/dL = 1, so root.grad = 1.")
def root_not_one(root, rules):
    backward_but(root, rules, start=None)


@BACKWARD.wrong(
    "You walk from the leaves to the root. Gradients flow the other way: reversed(topological_order(root))."
)
def forwards(root, rules):
    backward_but(root, rules, walk=iter)


@BACKWARD.wrong("Old gradients are still on the nodes and are counted again: set every node.grad to 0 first.")
def not_reset(root, rules):
    for node in topological_order(root):
        node.grad = node.grad or 0.0
    backward_but(root, rules, zero=False)


@BACKWARD.wrong("You add to a gradient that is still None: first set every node.grad in the graph to 0.")
def never_begun(root, rules):
    order = topological_order(root)
    root.grad = 1.0
    for node in reversed(order):
        if node.op:
            grads = rules[node.op](node.grad, *[child.value for child in node.inputs])
            for child, grad in zip(node.inputs, grads, strict=True):
                child.grad += grad


@BACKWARD.wrong("A leaf was made by no operation: its op is '' and has no rule. Skip nodes without an op.")
def rule_for_a_leaf(root, rules):
    backward_but(root, rules, skip=False)


@BACKWARD.wrong("You pass nodes to the rule, and rules take numbers: give it the `.value` of each input.")
def nodes_for_values(root, rules):
    backward_but(root, rules, given=lambda child: child)


@BACKWARD.wrong(
    "You start every rule with 1. What arrives at a node is its own node.grad; 1 is right for the root only."
)
def always_one(root, rules):
    backward_but(root, rules, arriving=lambda node: 1.0)


@BACKWARD.right
def backward_with_a_table(root, rules):
    table = {root: 1.0}
    for node in reversed(order_with_a_stack(root)):
        node.grad = table.get(node, 0.0)
        if node.inputs:
            values = [child.value for child in node.inputs]
            for child, grad in zip(node.inputs, rules[node.op](node.grad, *values), strict=True):
                table[child] = table.get(child, 0.0) + grad


@BACKWARD.right
def backward_from_uses(root, rules):
    order = list(order_with_a_stack(root))
    for node in order:
        node.grad = float(node is root)
    while order:
        node = order.pop()
        if node.inputs:
            values = [child.value for child in node.inputs]
            for child, grad in zip(node.inputs, rules[node.op](node.grad, *values), strict=True):
                child.grad = child.grad + grad
