"""The exercise machinery: every wrong, right and strange version of every exercise gets what it deserves."""

import importlib
import json
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from course_utils import exercises
from course_utils.exercises import all_exercises, check
from course_utils.exercises.cards import draw
from course_utils.exercises.checking import expected_values
from course_utils.exercises.comparing import equal, same
from course_utils.exercises.diagnosis import diagnose
from course_utils.learner import files as my_files
from making import authoring
from making.bank_table import blank, table, try_out

ALL = list(all_exercises().values())
NAMES = [e.name for e in ALL]
each_exercise = pytest.mark.parametrize("exercise", ALL, ids=NAMES)
returning = pytest.mark.parametrize(
    "exercise", [e for e in ALL if e.returns], ids=[e.name for e in ALL if e.returns]
)


@each_exercise
def test_bank(exercise):
    """All wrong versions refused with their own message, all right ones accepted, the blank recognised."""
    assert try_out(exercise).faults == ()


def test_bank_is_rich_enough_and_printed(capsys):
    with capsys.disabled():
        print("\n" + table([try_out(e) for e in ALL]))
    for e in ALL:
        assert len(e.misconceptions) >= 4 and len(e.alternatives) >= 2 and e.hints, e.name
        assert len({m.message for m in e.misconceptions}) == len(e.misconceptions), e.name
    assert sum(e.lesson in ("01", "02") for e in ALL) >= 9
    wrong, right = sum(len(e.misconceptions) for e in ALL), sum(len(e.alternatives) + 1 for e in ALL)
    readme = (authoring.ROOT / "README.md").read_text(encoding="utf-8")
    assert f"The {len(ALL)} exercises know {wrong} misconceptions" in readme
    assert f"accept {right} right versions" in readme


def test_a_table_with_a_fault_says_so():
    """The table is worth nothing if it cannot fail."""
    entry = all_exercises()["relu_backward"]
    wrong = type(entry.misconceptions[0])(entry.reference, "this is in fact right")
    row = try_out(type(entry)(**{**entry.__dict__, "misconceptions": (*entry.misconceptions, wrong)}))
    assert row.refused == 7 and row.faults and "FAULT" in table([row])


# ------------------------------------------------- generic wrong results, made from the right ones


def changed_results(exercise, change):
    """The course's version with ``change(array, arguments)`` applied to every result; tensors stay tensors."""
    names = list(exercise.cases[0].make())

    def altered(result, arguments):
        if hasattr(result, "detach"):
            from torch import from_numpy

            return from_numpy(np.ascontiguousarray(change(result.detach().numpy(), arguments)))
        return change(np.asarray(result, float), arguments)

    def wrong(*arguments):
        results = exercise.reference(*arguments)
        several = len(exercise.returns) > 1
        new = [
            altered(r, dict(zip(names, arguments, strict=True))) for r in (results if several else [results])
        ]
        return tuple(new) if several else new[0]

    return wrong


numeric = pytest.mark.parametrize(
    "exercise",
    [
        e
        for e in ALL
        if e.returns and all(isinstance(v, np.ndarray) for v in expected_values(e.name)[0].values())
    ],
    ids=lambda e: e.name,
)


@numeric
def test_all_zero_is_refused(exercise):
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: np.zeros_like(r)))
    assert outcome.status == "not yet"


@numeric
def test_turned_sign_is_refused(exercise):
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: -r))
    assert outcome.status == "not yet"


@numeric
def test_transposed_is_refused(exercise):
    # An exercise with an ``observe`` may compare more than it returns: sandwich_step returns one number.
    returned = [
        v for case in expected_values(exercise.name) for name, v in case.items() if name in exercise.returns
    ]
    if all(v.ndim < 2 for v in returned):
        pytest.skip("its results have no rows and columns")
    outcome = check(exercise.name, changed_results(exercise, lambda r, a: r.T))
    assert outcome.status == "not yet"
    assert "transposed" in outcome.message or "shape" in outcome.message


def test_complex_numbers_are_told_how_to_become_plain():
    def squared(kernel, frequencies):
        return (kernel @ np.exp(-2j * np.pi * np.outer(np.arange(len(kernel)), frequencies))) ** 2

    assert "np.abs" in check("frequency_response", squared).message


@pytest.mark.parametrize("exercise", [e for e in ALL if e.upstream], ids=lambda e: e.name)
def test_ignored_upstream_is_refused(exercise):
    names = list(exercise.cases[0].make())
    at = names.index(exercise.upstream)

    def ignores(*arguments):
        arguments = list(arguments)
        arguments[at] = np.ones_like(arguments[at])
        return exercise.reference(*arguments)

    outcome = check(exercise.name, ignores)
    assert outcome.status == "not yet" and (
        "above" in outcome.message or exercise.upstream in outcome.message
    )


@pytest.mark.parametrize("exercise", [e for e in ALL if e.batch], ids=lambda e: e.name)
@pytest.mark.parametrize("power", [1, -1])
def test_off_by_the_batch_size_is_refused_and_named(exercise, power):
    def off(result, arguments):
        return result * float(len(arguments[exercise.batch])) ** power

    outcome = check(exercise.name, changed_results(exercise, off))
    assert outcome.status == "not yet" and ("1/N" in outcome.message or "batch size" in outcome.message)


@returning
def test_a_number_beyond_all_floats_is_refused(exercise):
    assert check(exercise.name, lambda *a: 10**4000).status == "not yet"


@returning
def test_empty_list_is_refused(exercise):
    assert check(exercise.name, lambda *a: []).status == "not yet"


@returning
@pytest.mark.parametrize(
    "junk", ["a string", {"a": 1}, object(), float("nan"), [[1, 2], [3]], np.float64(3), 1j, print, True]
)
def test_junk_is_refused_in_one_sentence(exercise, junk):
    outcome = check(exercise.name, lambda *a: junk)
    assert outcome.status == "not yet" and outcome.message.endswith((".", ")"))


def stub_pass(*a):
    """doc"""


def stub_dots(*a): ...


def stub_return_dots(*a):
    return ...


@each_exercise
@pytest.mark.parametrize("stub", [blank, stub_pass, stub_dots, stub_return_dots], ids=lambda f: f.__name__)
def test_every_kind_of_blank_is_not_attempted(exercise, stub):
    assert check(exercise.name, stub).status == "not attempted"


@returning
def test_forgotten_return_is_told_apart_from_a_blank(exercise):
    def forgot(*arguments):
        result = exercise.reference(*arguments)  # noqa: F841

    outcome = check(exercise.name, forgot)
    assert outcome.status == "not yet" and "return" in outcome.message


# ------------------------------------------------- strange behaviour


def raises(*a):
    return 1 / 0


def recurses(*a):
    return recurses(*a)


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


def test_error_names_the_line():
    outcome = check("relu_backward", raises)
    assert "return 1 / 0" in outcome.message and "ZeroDivisionError" in outcome.message


@pytest.mark.parametrize("endless", [loops, loops_and_catches], ids=lambda f: f.__name__)
def test_endless_loop_is_stopped(endless, monkeypatch):
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no timer signal; there the stop button does it")
    monkeypatch.setattr("course_utils.exercises.running.SECONDS", 0.2)
    outcome = check("relu_backward", endless)
    assert outcome.status == "not yet" and "never ends" in outcome.message


@pytest.fixture
def slow_import(tmp_path, monkeypatch):
    """The name of a module that is not imported yet and takes longer than a check may, as PyTorch can."""
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no timer signal; there the stop button does it")
    name = f"slow_{tmp_path.name}"
    body = "import time\nuntil = time.monotonic() + 0.5\nwhile time.monotonic() < until: pass\nWHOLE = True\n"
    (tmp_path / f"{name}.py").write_text(body)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr("course_utils.exercises.running.SECONDS", 0.2)
    yield name
    sys.modules.pop(name, None)


def test_an_import_is_not_cut_off_nor_counted(slow_import):
    """PyTorch, cut off half-way, stays broken until the kernel restarts."""

    def imports_first(grad_y, x):
        assert importlib.import_module(slow_import).WHOLE
        return np.where(x > 0, grad_y, 0.0)

    assert check("relu_backward", imports_first).status == "solved"


def test_the_time_of_an_import_is_not_told_as_a_loop(slow_import, monkeypatch):
    """The bell rings after the import, in the learner's own line, which has hardly begun."""
    monkeypatch.setattr("course_utils.exercises.running.SECONDS", 0.6)

    def imports_then_works(grad_y, x):
        if slow_import not in sys.modules:
            importlib.import_module(slow_import)
            time.sleep(0.3)
        return np.where(x > 0, grad_y, 0.0)

    assert check("relu_backward", imports_then_works).status == "solved"


def test_a_loop_after_an_import_is_stopped(slow_import):
    def imports_and_loops(grad_y, x):
        importlib.import_module(slow_import)
        while True:
            pass

    assert "never ends" in check("relu_backward", imports_and_loops).message


def test_an_import_that_never_ends_is_stopped(slow_import, tmp_path, monkeypatch):
    monkeypatch.setattr("course_utils.exercises.running.IMPORT_SECONDS", 1.0)
    (tmp_path / f"{slow_import}.py").write_text("while True: pass")

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
        (lambda g: g + 0.1, "compare the numbers"),
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


# ------------------------------------------------- the decorator


def named(name, function):
    function.__name__ = name
    return function


def attempt(name, function):
    return exercises.exercise(named(name, function))


def test_solved_is_yours_and_remembered(capsys):
    def mine(grad_y, x):
        return grad_y * (x > 0)

    result = attempt("relu_backward", mine)
    assert result._function is mine and result.yours is mine
    assert "relu_backward" in json.loads(my_files.progress_file().read_text())
    exercises.progress()
    out = capsys.readouterr().out
    assert "solved" in out and "✓ 2.2 relu_backward" in out


@pytest.mark.parametrize(
    "function", [blank, raises, lambda grad_y, x: grad_y], ids=["blank", "crash", "wrong"]
)
def test_unsolved_stands_for_the_course_version(function, capsys):
    result = attempt("relu_backward", function)
    grad_y, x = np.array([[1.0, 2.0]]), np.array([[-1.0, 1.0]])
    assert np.array_equal(result(grad_y, x), [[0.0, 2.0]]) and result.yours is function
    assert "stands for the course's own version" in capsys.readouterr().out


def test_hints_go_on_after_a_new_try(capsys):
    exercises.decorator.hints_given.clear()
    attempt("relu_backward", blank).hint()
    attempt("relu_backward", raises).hint()
    out = capsys.readouterr().out
    assert "Hint 1 of 2" in out and "Hint 2 of 2" in out and "solution()" in out


def test_solution_shows_the_course_version(capsys):
    attempt("relu_backward", blank).solution()
    assert "return grad_y * (x > 0)" in capsys.readouterr().out


def test_a_solved_function_that_prints_is_silenced(capsys):
    def chatty(grad_y, x):
        print("noise")
        return grad_y * (x > 0)

    result = attempt("relu_backward", chatty)
    capsys.readouterr()
    result(np.ones((1, 1)), np.ones((1, 1)))
    assert capsys.readouterr().out == ""


def test_a_right_but_slow_function_is_solved_and_does_not_slow_the_lesson(capsys):
    loops = next(
        f for f in all_exercises()["linear_backward"].alternatives if f.__name__ == "linear_with_loops"
    )
    result = attempt("linear_backward", named("linear_backward", lambda *a: loops(*a)))
    assert result._function is all_exercises()["linear_backward"].reference
    out = capsys.readouterr().out
    assert "solved" in out and "slow" in out and "linear_backward.yours" in out


def test_the_right_results_are_known_before_the_learners_time_runs(monkeypatch):
    """The first to use PyTorch waits for its imports: that must not be the learner, who has a time limit."""
    entry, called = all_exercises()["relu_backward"], []

    def truth(*arguments):
        called.append("course")
        return entry.truth(*arguments)

    def learners(grad_y, x):
        called.append("learner")
        return grad_y * (x > 0)

    monkeypatch.setitem(all_exercises(), "relu_backward", replace(entry, truth=truth))
    expected_values.cache_clear()
    try:
        assert check("relu_backward", learners).status == "solved"
    finally:
        expected_values.cache_clear()
    assert called[0] == "course" and called[-1] == "learner"


def test_a_renamed_exercise_gets_a_sentence(capsys):
    def relu_backwards(grad_y, x):
        return grad_y

    assert exercises.exercise(relu_backwards) is relu_backwards
    assert "Did you mean relu_backward?" in capsys.readouterr().out


def test_nbgrader_gets_an_error_and_the_learners_own_function(monkeypatch):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    with pytest.raises(AssertionError, match="not attempted"):
        attempt("relu_backward", blank)
    with pytest.raises(AssertionError, match="gate"):
        attempt("relu_backward", lambda grad_y, x: grad_y)

    def mine(grad_y, x):
        return grad_y * (x > 0)

    assert attempt("relu_backward", mine) is mine
    assert exercises.course_versions("02") == {}


def test_course_versions_fill_the_gaps():
    names = exercises.course_versions("02")
    assert set(names) == {e.name for e in ALL if e.lesson == "02"}
    assert np.array_equal(names["relu_backward"](np.ones((1, 1)), np.ones((1, 1))), [[1.0]])


# ------------------------------------------------- the progress file


@pytest.fixture
def progress_file(tmp_path, monkeypatch):
    path = tmp_path / "my_progress.json"
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(path))
    return path


@pytest.mark.parametrize("damage", ["", "{", "[1, 2]", '{"relu_backward": 3}', "\x00\x01"])
def test_a_damaged_progress_file_is_kept_aside(progress_file, damage, capsys):
    progress_file.write_text(damage)
    exercises.progress()
    exercises.remember("relu_backward")
    assert "kept as my_progress.json.damaged" in capsys.readouterr().out
    assert progress_file.with_name("my_progress.json.damaged").read_text() == damage
    assert "relu_backward" in json.loads(progress_file.read_text())


def test_a_locked_progress_file_is_left_alone(progress_file, monkeypatch, capsys):
    progress_file.write_text('{"step": {"exercise": "0.1", "solved": "2020-01-01"}}')
    read_text = Path.read_text

    def locked(path, *arguments, **named):
        if path == progress_file:
            raise PermissionError(13, "used by another program")
        return read_text(path, *arguments, **named)

    monkeypatch.setattr(Path, "read_text", locked)
    exercises.remember("relu_backward")
    assert "could not be read, so it was not changed" in capsys.readouterr().out
    monkeypatch.undo()
    assert json.loads(progress_file.read_text()) == {"step": {"exercise": "0.1", "solved": "2020-01-01"}}


def test_progress_that_cannot_be_saved_is_said_once_and_harms_nothing(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROGRESS_FILE", str(tmp_path / "no such folder" / "p.json"))
    result = attempt("relu_backward", lambda grad_y, x: grad_y * (x > 0))
    assert result(np.ones((1, 1)), np.ones((1, 1))) == 1
    assert "could not be saved" in capsys.readouterr().out


def test_progress_keeps_what_was_there(progress_file):
    progress_file.write_text('{"step": {"exercise": "0.1", "solved": "2020-01-01"}}')
    exercises.remember("relu_backward")
    exercises.remember("step")
    stored = json.loads(progress_file.read_text())
    assert stored["step"]["solved"] == "2020-01-01" and "relu_backward" in stored


def test_what_was_printed_belongs_to_the_case_that_is_shown():
    def wrong_for_three(grad_y, x):
        print(f"{len(x)} examples")
        return all_exercises()["relu_backward"].reference(grad_y, x) + (0.1 if len(x) > 2 else 0)

    outcome = check("relu_backward", wrong_for_three)
    assert outcome.comparison.case.startswith("5 examples") and outcome.printed == "5 examples\n"


def test_solved_is_what_the_last_check_found():
    assert attempt("relu_backward", lambda grad_y, x: grad_y * (x > 0)).solved
    assert not attempt("relu_backward", lambda grad_y, x: grad_y).solved
    assert not exercises.course_versions("02")["relu_backward"].solved


def test_a_lesson_that_does_not_exist_is_named(capsys):
    with pytest.raises(ValueError, match="no lesson '2'; they are called 00, 01"):
        exercises.course_versions("2")
    exercises.share_attempts("2", True)
    assert "No exercise belongs to a lesson '2'" in capsys.readouterr().out


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


def test_a_sum_over_the_wrong_axis_is_told_both_axes():
    exercise = all_exercises()["relu_backward"]
    made = [np.arange(9.0).reshape(3, 3) ** 2, np.arange(4.0).reshape(2, 2)]
    for axis in (0, 1):
        told = diagnose(
            exercise,
            "total",
            [{"grad_y": m, "x": m} for m in made],
            [m.sum(axis=1 - axis) for m in made],
            [m.sum(axis=axis) for m in made],
            lambda: [np.full(len(m), np.nan) for m in made],
        )
        assert told == f"Your total sums grad_y over axis {1 - axis}; it should be axis {axis}."


def test_inputs_of_every_type_are_looked_into():
    """A mark in a dictionary, a weight inside an object, an emptied list."""

    def empties(theta_groups, *rest):
        result = all_exercises()["rate_vector"].reference(theta_groups, *rest)
        for thing in (theta_groups, *rest):
            if isinstance(thing, dict):
                thing.clear()
        return result

    outcome = check("rate_vector", empties)
    assert outcome.status == "not yet" and "changes its input" in outcome.message

    right = all_exercises()["sandwich_step"].reference

    def moves_the_frozen(front, frozen, back, z, labels, optimizer):
        loss = right(front, frozen, back, z, labels, optimizer)
        frozen.weights = frozen.weights + 1.0
        return loss

    def moves_a_bias(front, frozen, back, z, labels, optimizer):
        loss = right(front, frozen, back, z, labels, optimizer)
        front.bias.data += 5
        return loss

    assert check("sandwich_step", moves_the_frozen).status == "not yet"
    assert check("sandwich_step", moves_a_bias).status == "not yet"


def test_a_function_that_calls_its_own_name_is_not_helped_by_the_course_version(capsys):
    names = {"exercise": exercises.exercise} | exercises.course_versions("02")
    exec("@exercise\ndef relu_backward(grad_y, x):\n    return relu_backward(grad_y, x)\n", names)
    assert "calls itself without end" in capsys.readouterr().out
    assert names["relu_backward"](np.ones((1, 1)), np.ones((1, 1))) == 1


def test_rounding_dust_is_shown_as_no_difference():
    reference = all_exercises()["relu_backward"].reference

    def dusty(grad_y, x):
        grad_x = reference(grad_y, x) * (1 + 1e-13)
        grad_x[0, 0] += 1
        return grad_x

    outcome = check("relu_backward", dusty)
    _, plain = draw(all_exercises()["relu_backward"], outcome)
    assert "e-1" not in plain.split("difference")[1]
