"""What a machine asks of every exercise: is it right again, with other keys first, other functions, other numbers?"""

import numpy as np
import pytest

from course_utils.engine import nn
from course_utils.exercises import all_exercises, check
from course_utils.exercises.probes import SENTENCES, cases_of


def reference(name):
    return all_exercises()[name].reference


def refused(name, function, kind):
    outcome = check(name, function)
    assert (outcome.status, outcome.message) == ("not yet", SENTENCES[kind])


def kinds(name):
    return {case.probe for case in cases_of(all_exercises()[name])} - {""}


def test_a_default_argument_that_remembers():
    def once(root, seen=set()):  # noqa: B006
        order = []

        def visit(node):
            if node not in seen:
                seen.add(node)
                for below in node.inputs:
                    visit(below)
                order.append(node)

        visit(root)
        return order

    refused("topological_order", once, "again")


def test_a_mark_left_on_what_it_is_given():
    def marked(root):
        order = []

        def visit(node):
            if not getattr(node, "visited", False):
                node.visited = True
                for below in node.inputs:
                    visit(below)
                order.append(node)

        visit(root)
        return order

    assert check("topological_order", marked).status == "not yet"


def test_the_courses_own_function_in_place_of_the_one_handed_in():
    def train(net, loss, batches, rate):
        losses = []
        for x, y in batches:
            value, grad = nn.softmax_cross_entropy(net.forward(x), y)
            net.backward(grad)
            net.theta -= rate * net.grad
            losses.append(value)
        return losses

    assert check("train", train).status == "not yet"
    assert "functions" in kinds("train")


def test_a_number_written_into_the_code():
    def step(theta, grad, rate):
        return theta - (0.1 if rate == 0.1 else 0.5) * grad

    assert check("step", step).status == "not yet"


def test_a_probe_that_the_courses_own_version_does_not_pass_is_no_probe():
    for name in all_exercises():
        assert kinds(name) <= set(SENTENCES)
    assert kinds("design") == {"again"}  # many are right: each is weighed with its own case


@pytest.mark.parametrize("name", ["numerical_gradient", "layered_rates", "membrane_backward"])
def test_probes_are_made_fresh_each_time(name):
    for case in cases_of(all_exercises()[name]):
        first, second = case.make(), case.make()
        for argument in first:
            if isinstance(first[argument], np.ndarray):
                assert first[argument] is not second[argument]


def test_dictionaries_of_functions_are_exchanged_too():
    def own_rules(root, rules):
        from course_utils.exercises.lessons.lesson01 import RULES

        reference("backward")(root, RULES)

    refused("backward", own_rules, "functions")


@pytest.mark.parametrize(
    ("kind", "name", "wrong"),
    [
        (
            "equal",
            "multiply_backward",
            lambda grad_y, a, b: (grad_y, grad_y) if a == b else (grad_y * b, grad_y * a),
        ),
        ("zeros", "step", lambda theta, grad, rate: theta - rate * grad * grad / grad),
        ("large", "step", lambda theta, grad, rate: theta - np.clip(rate * grad, -9, 9)),
        ("longer", "step", lambda theta, grad, rate: np.r_[(theta - rate * grad)[:5], theta[5:]]),
        ("one row", "relu_backward", lambda grad_y, x: np.squeeze(grad_y * (x > 0))),
    ],
)
def test_what_no_case_looks_at(kind, name, wrong):
    assert kind in kinds(name)
    outcome = check(name, wrong)
    assert outcome.status == "not yet"
    if kind != "one row":  # there its cases look, too
        assert outcome.message == SENTENCES[kind]


def test_a_tie_is_no_probe_where_right_versions_settle_it_in_their_own_way():
    assert "zeros" not in kinds("binary_step")  # the sign of a weight that is 0


def test_a_mask_stays_a_mask():
    for case in cases_of(all_exercises()["update"]):
        assert set(np.unique(case.make()["mask"])) <= {0, 1}


def test_a_probe_that_runs_out_of_time_says_so(monkeypatch):
    from course_utils.exercises import running

    monkeypatch.setattr(running, "SECONDS", 0.2)
    calls = []

    def slow_at_last(theta, grad, rate):
        calls.append(1)
        while len(calls) > 5:  # four calls for its cases and for being called again
            pass
        return theta - rate * grad

    assert check("step", slow_at_last).message.startswith("It was still running after 0.2 seconds")


def test_whoever_goes_every_way_is_told():
    def every_way(root):
        order = []
        for below in root.inputs:
            order += [node for node in every_way(below) if node not in order]
        return [*order, root]

    assert "once for every way that leads to it" in check("topological_order", every_way).message


def test_a_gradient_summed_over_every_way_is_slow_and_right():
    def every_way(root, rules):
        for node in reference("topological_order")(root):
            node.grad = 0.0

        def send(node, grad):
            node.grad += grad
            values = [below.value for below in node.inputs]
            for below, part in zip(
                node.inputs, rules[node.op](grad, *values) if node.op else (), strict=True
            ):
                send(below, part)

        send(root, 1.0)

    assert check("backward", every_way).status == "solved"


def test_nodes_without_a_name_are_nodes_too():
    def by_name(root, rules):
        order = reference("topological_order")(root)
        for node in order:
            node.grad = 0.0 if node.name else node.grad
        root.grad = 1.0
        for node in reversed(order):
            if node.op:
                values = [below.value for below in node.inputs]
                for below, grad in zip(node.inputs, rules[node.op](node.grad, *values), strict=True):
                    below.grad = (below.grad or 0.0) + grad

    refused("backward", by_name, "deep")
