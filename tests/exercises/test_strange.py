"""Functions that crash, loop, print, leave, or change what they were given: one sentence, and nothing lost."""

import importlib
import inspect
import signal
import sys

import numpy as np
import pytest

from course_utils.exercises import all_exercises, check
from course_utils.exercises.cards import draw

ALL = list(all_exercises().values())
NAMES = [e.name for e in ALL]
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=NAMES)


def raises(*a):
    return 1 / 0


def recurses(*a):
    return recurses(*a)


def loops_in_a_generator(*a):
    def without_end():
        while True:
            yield 1

    return sum(1 for _ in without_end())


def loops(*a):
    while True:
        pass


def loops_and_catches(*a):
    while True:
        try:
            while True:
                pass
        except Exception:  # noqa: BLE001, SIM105 - what learners write
            pass


def leaves(*a):
    raise SystemExit


def storms(*a):
    for _ in range(20_000):
        print("storm")
    return "wrong"


@each_exercise
@pytest.mark.parametrize("strange", [raises, recurses, leaves, storms], ids=lambda f: f.__name__)
def test_strange_functions_get_one_clear_card(exercise, strange, capsys):
    outcome = check(exercise.name, strange)
    assert outcome.status == "not yet"
    html, plain = draw(exercise, outcome)
    assert len(plain) < 2500 and "Traceback" not in plain
    assert len(outcome.printed) <= 1000  # a storm is counted, not kept
    assert capsys.readouterr().out == ""


@each_exercise
def test_whatever_is_returned_the_check_answers(exercise):
    import torch

    odd = [
        np,
        torch,
        np.ndarray,
        torch.Tensor,
        torch.zeros(2, dtype=torch.bfloat16),
        torch.zeros(2).to_sparse(),
    ]
    odd += [
        object(),
        print,
        iter([1]),
        {},
        {1: 2},
        np.array([None, 1]),
        np.array(["a"]),
        10**400,
        b"a",
        1j,
        type,
    ]
    for value in odd:
        for returned in (value, (value,) * len(exercise.returns)):
            # A parameter of each name, as learners have: the check looks them up.
            names = ", ".join(inspect.signature(exercise.reference).parameters)
            world = {"returned": returned}
            exec(f"def odd({names}):\n    return returned", world)
            outcome = check(exercise.name, world["odd"])
            assert outcome.message and (outcome.status == "not yet" or not exercise.returns)


def test_a_call_that_computes_nothing_yet_is_told():
    async def later(grad_y, x):
        return grad_y * (x > 0)

    def one_by_one(grad_y, x):
        yield grad_y * (x > 0)

    assert "`async def`" in check("relu_backward", later).message
    assert "`yield`" in check("relu_backward", one_by_one).message


def test_error_names_the_line():
    outcome = check("relu_backward", raises)
    assert "return 1 / 0" in outcome.message and "ZeroDivisionError" in outcome.message


needs_timer = pytest.mark.skipif(
    not hasattr(signal, "setitimer"), reason="this system has no timer signal, and looks at every line"
)


@pytest.fixture(params=["by a timer", "by tracing"])
def limit(request, monkeypatch):
    """Both ways to stop a call; without a timer as on Windows and in a browser."""
    monkeypatch.setattr("course_utils.exercises.running.SECONDS", 0.2)
    if request.param == "by tracing":
        monkeypatch.delattr(signal, "setitimer", raising=False)
    elif not hasattr(signal, "setitimer"):
        pytest.skip("this system has no timer signal")
    return request.param


@pytest.mark.parametrize(
    "endless", [loops, loops_in_a_generator, loops_and_catches], ids=lambda f: f.__name__
)
def test_endless_loop_is_stopped(endless, limit):
    outcome = check("relu_backward", endless)
    assert outcome.status == "not yet" and "never ends" in outcome.message


def test_what_is_right_stays_right_however_it_is_timed(limit):
    assert check("relu_backward", lambda grad_y, x: grad_y * (x > 0)).status == "solved"
    before = sys.gettrace()
    check("relu_backward", loops)
    assert sys.gettrace() is before  # a debugger that was there goes on


RING = "import signal; signal.raise_signal(signal.SIGALRM)"  # as if the learner's time were up, here


@pytest.fixture
def slow_import(tmp_path, monkeypatch):
    """The name of a module that is not imported yet, in whose import the time is up, as in PyTorch's it can be."""
    name = f"slow_{tmp_path.name}"
    (tmp_path / f"{name}.py").write_text(f"{RING}\n{RING}\nWHOLE = True\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield name
    sys.modules.pop(name, None)


@needs_timer
def test_an_import_is_not_cut_off_nor_counted(slow_import):
    """PyTorch, cut off half-way, stays broken until the kernel restarts."""

    def imports_first(grad_y, x):
        assert importlib.import_module(slow_import).WHOLE
        return np.where(x > 0, grad_y, 0.0)

    assert check("relu_backward", imports_first).status == "solved"


@needs_timer
def test_the_time_of_an_import_is_not_told_as_a_loop(slow_import):
    """The bell rings after the import, in the learner's own line, which has hardly begun."""

    def imports_then_works(grad_y, x):
        if slow_import not in sys.modules:
            importlib.import_module(slow_import)
            signal.raise_signal(signal.SIGALRM)
        return np.where(x > 0, grad_y, 0.0)

    assert check("relu_backward", imports_then_works).status == "solved"


@needs_timer
def test_a_loop_after_an_import_is_stopped(slow_import):
    def imports_and_loops(grad_y, x):
        importlib.import_module(slow_import)
        while True:
            signal.raise_signal(signal.SIGALRM)

    assert "never ends" in check("relu_backward", imports_and_loops).message


@needs_timer
def test_an_import_that_never_ends_is_stopped(slow_import, tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.exercises.running.IMPORT_SECONDS", 1.0)
    (tmp_path / f"{slow_import}.py").write_text(f"while True: {RING}")

    def imports(grad_y, x):
        importlib.import_module(slow_import)

    assert check("relu_backward", imports).status == "not yet"


def test_stop_button_gives_a_card():
    def stopped(grad_y, x):
        raise KeyboardInterrupt

    assert "stopped" in check("relu_backward", stopped).message


def test_in_place_change_is_named_even_when_the_result_is_right():
    def in_place(grad_y, x):
        result = grad_y * (x > 0)
        x[:] = 0
        return result

    outcome = check("relu_backward", in_place)
    assert outcome.status == "not yet" and "input x in place" in outcome.message


def test_numpy_warnings_and_stderr_count_for_nothing():
    def noisy(logits, y):
        import sys

        print("note", file=sys.stderr)
        np.log(np.zeros(1))
        return exercises_reference(logits, y)

    exercises_reference = all_exercises()["cross_entropy_backward"].reference
    assert check("cross_entropy_backward", noisy).status == "solved"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda g: 3 * g, "3 times"),
        (lambda g: -g, "wrong sign"),
        (lambda g: 0.5 * g, "0.5 times"),
        (lambda g: g + 0.1, "too large by 0.1, everywhere"),
        (lambda g: g.astype(complex), "complex"),
        (lambda g: g * np.nan, "nan"),
        (lambda g: np.where(g == g[0, 0], np.inf, g), "inf"),
        (lambda g: g[:, :-1], "shape"),
        (lambda g: (g, g), "shape"),
    ],
)
def test_diagnosis(change, says):
    reference = all_exercises()["relu_backward"].reference
    assert says in check("relu_backward", lambda grad_y, x: change(reference(grad_y, x))).message


def test_comparison_shows_the_smallest_failing_case():
    def only_small(grad_y, x):
        return all_exercises()["relu_backward"].reference(grad_y, x) + (0.1 if len(x) > 2 else 0)

    comparison = check("relu_backward", only_small).comparison
    assert comparison.case.startswith("5 examples, 3 units") and comparison.yours.shape == (5, 3)
