"""Runs inside the sandbox: call one exercise of a submission on its cases and print what came out.

Reads ``{"name": exercise, "cells": [source, ...], "seconds": for one call}`` and prints one line of
JSON with the runs. It does not judge them: code that shares a process with a submission can be made to
say anything, so all that leaves the sandbox is values, and whether they are right is decided outside
(:mod:`teaching.grading`).

Of a submission only those lines run that the exercise needs: its own definition, and what is above it
and gives a meaning to a name in it. Training, plots and experiments cost no time and can break nothing.
Where that is not enough, as with a helper that is found through ``globals()``, all of the notebook runs as
far as :data:`WHOLE` allows, and the exercise is tried again.
"""

import ast
import base64
import contextlib
import json
import linecache
import os
import re
import symtable
import sys
import time
import types
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

import course_utils
from course_utils import exercises
from course_utils.exercises import running
from course_utils.exercises.bank import Exercise, all_exercises
from course_utils.exercises.checking import run_all
from course_utils.exercises.probes import cases_of
from course_utils.exercises.running import time_limit

TO_DEFINE = 30.0  # seconds for one statement above the exercise: a cold import of PyTorch takes many
WHOLE = 7.0  # seconds for all of the notebook, where the exercise needs more than can be seen: less than its share
AT_ONCE = 0.5  # seconds for one statement of it: what takes longer trains, and is no helper

Statement = tuple[ast.stmt, str]  # with the name of its cell, for error messages
SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
DEFINING = (*SCOPES, ast.Assign, ast.AnnAssign, ast.Import, ast.ImportFrom, ast.If, ast.Try, ast.With)


def statements(cells: list[str]) -> Iterator[Statement]:
    """The statements of all cells in order. A cell that does not parse has none."""
    for number, source in enumerate(cells, 1):
        file = f"<cell {number}>"
        linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
        with contextlib.suppress(SyntaxError, ValueError, RecursionError, MemoryError):
            yield from ((statement, file) for statement in ast.parse(source).body)


def changed(node: ast.AST) -> Iterator[str]:
    """Names whose object a statement may change without binding them: a[i] = …, a.b = …, a.append(…), fill(a)."""
    if isinstance(node, (*SCOPES, ast.Lambda)):
        return
    targets = []
    if isinstance(node, (ast.Subscript, ast.Attribute)) and not isinstance(node.ctx, ast.Load):
        targets = [node]
    elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        targets = [node.value.func] if isinstance(node.value.func, ast.Attribute) else []
        targets += node.value.args  # fill(table)
    for target in targets:
        while isinstance(target, (ast.Subscript, ast.Attribute)):
            target = target.value
        if isinstance(target, ast.Name):
            yield target.id
    for child in ast.iter_child_nodes(node):
        yield from changed(child)


def binds_and_uses(statement: ast.stmt) -> tuple[set[str], set[str]]:
    """The names that a statement gives a meaning to, and those that it (or a function in it) looks up."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    binds = {s.get_name() for s in table.get_symbols() if s.is_assigned() or s.is_imported()}
    uses = {s.get_name() for s in table.get_symbols() if s.is_referenced()}
    inner = list(table.get_children())
    while inner:
        scope = inner.pop()
        uses |= {s.get_name() for s in scope.get_symbols() if s.is_global()}
        inner += scope.get_children()
    return binds | set(changed(statement)), uses


def needed(name: str, others: set[str], everything: list[Statement]) -> list[Statement]:
    """The statements that define ``name``, in order, and above them those that these need.

    Empty when nothing defines it. ``others`` are the exercises that stand for the course's versions.
    """
    wanted, chosen = {name}, []
    for statement, file in reversed(everything):
        binds, uses = binds_and_uses(statement)
        if not chosen and not (name in binds and isinstance(statement, DEFINING)):
            continue  # below the last definition; a loop that uses the name for its own is none
        star = isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*"
        if star or binds & wanted and not binds & others:
            if isinstance(statement, (ast.Import, ast.ImportFrom)) and not star:
                # One line imports much; take only what is wanted, since plotting alone costs a second.
                statement.names = [a for a in statement.names if (a.asname or a.name.split(".")[0]) in wanted]
            chosen.append((statement, file))
            wanted |= uses
    return chosen[::-1]


def withhold_answers(exercise: Exercise) -> Exercise:
    """From here on the course's own versions of this exercise only raise: they must not earn points.

    Returns the exercise with cases that still work: some are made with the course's version.
    """

    def answer(*arguments: Any, **named: Any) -> None:
        raise AssertionError("the course's own version earns no points, write your own")

    cases_of(exercise)  # asks the course's own version which probes have a meaning, while it still answers
    genuine = {}
    for function in (exercise.reference, exercise.truth, *exercise.alternatives):
        if isinstance(function, types.FunctionType) and not function.__code__.co_freevars:
            genuine[function.__name__] = with_names(function, {})
            function.__code__ = answer.__code__
    return replace(
        exercise, cases=tuple(replace(case, make=with_names(case.make, genuine)) for case in exercise.cases)
    )


def with_names(function: Callable, names: dict[str, Any]) -> Callable:
    """A copy of a function that finds ``names`` among its globals."""
    if not isinstance(function, types.FunctionType):
        return function
    copy = types.FunctionType(
        function.__code__,
        function.__globals__ | names,
        closure=function.__closure__,
        argdefs=function.__defaults__,
    )
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


def define(chosen: list[Statement], names: dict[str, Any], seconds: float = TO_DEFINE) -> str:
    """Run statements in a namespace; one that fails is passed over, as a cell is. Returns the last error."""
    error = ""
    for statement, file in chosen:
        try:
            with time_limit(seconds):
                exec(compile(ast.Module([statement], []), file, "exec"), names)
        except BaseException as problem:  # noqa: BLE001 - SystemExit and endless loops included
            text = str(problem) or (f"still running after {seconds:g} seconds" if not problem.args else "")
            error = f"{type(problem).__name__}: {text}"
    return error


def plain(value: Any) -> Any:
    """A value as JSON can carry it, to the last bit; of an unknown object only the name of its type."""
    if isinstance(value, np.ndarray) and value.dtype.kind in "biufc":
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"array": data, "type": value.dtype.str, "shape": list(value.shape)}
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    if isinstance(value, (tuple, list, set)):
        return {type(value).__name__: [plain(v) for v in value]}
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {"dict": [[key, plain(v)] for key, v in value.items()]}
    return {"other": type(value).__name__}


def answer(name: str, cells: list[str]) -> dict[str, Any]:
    """What is to be known of an exercise of a submission: its runs, or why there are none."""
    exercise = all_exercises()[name]
    others = {e.name: e.reference for e in all_exercises().values() if e.lesson == exercise.lesson}
    del others[name]
    everything = list(statements(cells))
    chosen = needed(name, set(others), everything)
    if not chosen:
        return {"missing": unreadable(name, cells)}

    for module in (course_utils, exercises, exercises.decorator):
        module.exercise = lambda function: function  # nothing is checked or drawn while it is defined
    exercise = withhold_answers(exercise)
    names = notebook_names(others)
    error = define(chosen, names)
    function = names.get(name)
    runs = run_all(exercise, function_of(function)) if callable(function) else []
    if not runs or any(run.error for run in runs):  # it may need what cannot be seen: a helper by globals()
        again = in_the_whole_notebook(exercise, others, everything)
        if again and not any(run.error for run in again):
            runs = again
    if not runs:
        return {"missing": error or f"{name} is not a function."}
    return {"runs": [vars(run) | {"values": {n: plain(v) for n, v in run.values.items()}} for run in runs]}


def notebook_names(others: dict[str, Callable]) -> dict[str, Any]:
    """What a notebook's cells find: the other exercises, and what IPython puts there, which does nothing here."""

    class Nothing:
        def __getattr__(self, name: str) -> Callable:
            return lambda *arguments, **named: None

    quiet = Nothing()
    return {
        "__name__": "__main__",
        "get_ipython": lambda: quiet,
        "display": lambda *things, **options: None,
        "exercise": lambda function: function,
        **others,
    }


def function_of(thing: Callable) -> Callable:
    return getattr(thing, "yours", None) or thing


def in_the_whole_notebook(
    exercise: Exercise, others: dict[str, Callable], everything: list[Statement]
) -> list[running.Run]:
    """The runs of the exercise's function as it stands after all cells; [] if there is none."""
    names = notebook_names(others)
    until = time.monotonic() + WHOLE
    function = None
    for statement in everything:
        if time.monotonic() > until:
            break
        if isinstance(statement[0], SCOPES) and statement[0].name in others:
            continue  # another exercise: what is wrong with that one is no matter here
        define([statement], names, min(AT_ONCE, until - time.monotonic()))
        if isinstance(statement[0], SCOPES) and callable(names.get(exercise.name)):
            function = names[exercise.name]  # not what a later loop makes of the name
    if callable(names.get(exercise.name)):
        function = names[exercise.name]
    return run_all(exercise, function_of(function)) if function else []


def unreadable(name: str, cells: list[str]) -> str:
    """The SyntaxError of the cell that was to define ``name``, or ''."""
    for source in cells:
        if re.search(rf"^\s*def {name}\b", source, re.MULTILINE):
            try:
                ast.parse(source)
            except (SyntaxError, ValueError) as error:
                return f"Python cannot read the cell of {name}: {error}."
    return ""


def main() -> None:
    job = json.load(sys.stdin)
    out = os.fdopen(os.dup(1), "w")
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):  # what a submission prints goes nowhere
        os.dup2(nothing, stream)
    sys.breakpointhook = lambda *arguments, **named: None  # one left in a function stops nothing
    running.SECONDS = job["seconds"]
    json.dump(answer(job["name"], job["cells"]), out)
    out.flush()
    os._exit(0)  # threads and exit handlers that a submission left behind do not matter


if __name__ == "__main__":
    main()
