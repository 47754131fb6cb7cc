"""One call of a learner's function: what it did, told in a sentence."""

import pytest

from course_utils.exercises import all_exercises, checking
from course_utils.exercises.bank import WrongResult
from course_utils.exercises.running import Run, TooSlow, account, explain, is_blank


def error_of(function):
    with pytest.raises(BaseException) as told:  # noqa: B017 - whatever comes
        function()
    return told.value


def raising(error):
    def fails():
        raise error

    return fails


@pytest.mark.parametrize(
    "error, told",
    [
        (ValueError("two\nlines. "), "ValueError: two lines"),
        (ValueError(), "ValueError"),
        (KeyError("a"), "KeyError: 'a'"),
        (ValueError("x" * 400), f"ValueError: {'x' * 300}"),
        (RecursionError("maximum depth"), "RecursionError: it calls itself without end"),
        (SystemExit(3), "it tries to end the whole program (exit)"),
    ],
)
def test_an_error_is_told_in_one_sentence_with_its_line(error, told):
    fails = raising(error)
    line = fails.__code__.co_firstlineno + 1
    assert explain(error_of(fails), fails) == f"Line {line} of the cell, `raise error`, stops with {told}."


def test_an_error_from_elsewhere_has_no_line():
    assert explain(error_of(lambda: int("a")), int) == (
        "It stops with ValueError: invalid literal for int() with base 10: 'a'."
    )
    typed = {}
    exec(compile("def typed():\n    return 1 / 0\n", "<typed>", "exec"), typed)  # its text is nowhere
    told = explain(error_of(typed["typed"]), typed["typed"])
    assert told == "Line 2 of the cell, stops with ZeroDivisionError: division by zero."


def test_a_body_that_does_nothing_is_blank():
    def documented():
        """Only a docstring."""

    def passes():
        pass

    def dots(): ...

    def returns():
        return

    def of_one_idea():
        return 3

    outside = 1

    def holds_on_to_something():
        def inside():
            """Nothing of it is used."""
            return

        return inside if outside else None

    assert all(map(is_blank, (documented, passes, dots, returns, of_one_idea)))

    def works(x):
        return x

    assert not is_blank(works) and not is_blank(len) and not is_blank(holds_on_to_something)


class Clock:
    """A processor's time that goes on by what a call is told to take."""

    def __init__(self, *takes):
        self.takes, self.now, self.asked = list(takes), 0.0, 0

    def thread_time(self):
        self.asked += 1
        if self.asked % 2 == 0:
            self.now += self.takes.pop(0)
        return self.now


@pytest.mark.parametrize(
    "takes, told, calls",
    [
        ([0.001], 0.0, 1),
        ([0.02, 0.001], 0.0, 2),  # it only waited for its turn
        ([0.02, 0.01, 0.03], 0.01, 3),
        ([0.06], 0.06, 1),  # far too slow: once is enough
        ([0.02, 0.06], 0.02, 2),
        ([0.005, 0.05, 0.01], 0.005, 3),
    ],
)
def test_a_slow_call_is_the_fastest_of_three(monkeypatch, takes, told, calls):
    exercise = all_exercises()["linear_backward"]
    made = []

    def spy(*arguments):
        made.append(arguments[0].shape)
        return exercise.reference(*arguments)

    monkeypatch.setattr(checking, "time", Clock(*takes))
    assert checking.time_of_slow_call(exercise, spy) == pytest.approx(told)
    assert len(made) == calls
    assert {shape[0] for shape in made} == {len(next(iter(exercise.lesson_size.make().values())))}


def test_an_exercise_that_trains_nothing_is_never_slow(monkeypatch):
    entry = next(e for e in all_exercises().values() if e.lesson_size is None)
    monkeypatch.setattr(checking, "time", Clock())
    assert checking.time_of_slow_call(entry, entry.reference) == 0.0


@pytest.mark.parametrize(
    "error, problem, stopped, blank",
    [
        (NotImplementedError(), "", False, True),
        (WrongResult("Return 2 values."), "Return 2 values.", False, False),
        (TooSlow(), "It was still running after 5 seconds and was stopped: look for a loop that never ends.", True, False),
        (KeyboardInterrupt(), "You stopped the check before it was done: run the cell again.", True, False),
        (ValueError("no"), "It stops with ValueError: no.", True, False),
    ],
)  # fmt: skip
def test_what_ends_a_call_is_told_once(error, problem, stopped, blank):
    told = Run(**account(error, len))
    assert (told.problem, told.stopped, told.blank) == (problem, stopped, blank)
    assert told.error == {WrongResult: problem, ValueError: "ValueError: no"}.get(type(error), "")


def test_a_missing_backward_is_no_blank():
    """PyTorch says NotImplementedError, too: a stub is a line of the exercise itself."""
    import torch

    def two_loss_linear(x, W, alpha):
        class Two(torch.autograd.Function):
            @staticmethod
            def forward(ctx, x, W):
                return x @ W

            @staticmethod
            def backwards(ctx, grad_h):  # a slip in the name
                return grad_h, grad_h

        return Two.apply(x, W)

    def with_a_module(x, W, alpha):
        class Layer(torch.nn.Module):
            def foward(self, x):
                return x @ W

        return Layer()(x)

    for function in (two_loss_linear, with_a_module):
        outcome = checking.check("two_loss_linear", function)
        assert outcome.status == "not yet" and "NotImplementedError" in outcome.message

    def blank(x, W, alpha):
        raise NotImplementedError

    assert checking.check("two_loss_linear", blank).status == "not attempted"
