"""What an exercise is made of, and where all exercises are found.

Each lesson has one module, ``lessonNN.py``, with an :class:`Entry` for each of its exercises: cases to try
a learner's version on and hints, then the course's own version, the wrong versions that people really
write, each under the sentence that helps, and other right ones. A wrong version is its own detector: a
learner whose results equal those of the wrong version has met that misconception.
"""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Case:
    """One input to try. ``make`` returns fresh arguments by name, so nothing leaks between calls."""

    label: str  # "3 examples, 4 inputs, 2 outputs": shown when the learner's version fails on it
    make: Callable[[], dict[str, Any]]
    calls: int = 1  # how often it is called with these arguments; what the last call gives is compared
    probe: str = ""  # the kind of probe (probes.py), where a machine made this case


def normal(*shape: int, seed: int) -> np.ndarray:
    """Normal numbers for a case, the same every time: an array of this shape."""
    return np.random.default_rng(seed).standard_normal(shape)


def numbers(seed: int, **shapes: int | tuple[int, ...]) -> dict[str, np.ndarray]:
    """Several such arrays by name, drawn one after the other."""
    rng = np.random.default_rng(seed)
    return {name: rng.standard_normal(shape) for name, shape in shapes.items()}


@dataclass(frozen=True)
class Misconception:
    """A wrong version that people write, and what to tell them. Its name is the function's name."""

    wrong: Callable
    message: str

    @property
    def name(self) -> str:
        return self.wrong.__name__


def observe_results(names: tuple[str, ...]) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
    """What is compared by default: the returned value or values, under the names they should have."""

    def observe(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
        if len(names) == 1:
            return {names[0]: result}
        returned = result
        if isinstance(result, np.ndarray) and result.ndim == 1:  # two numbers in an array are two values
            result = list(result)
        if not isinstance(result, (tuple, list)) or len(result) != len(names):
            wanted = f"{', '.join(names[:-1])} and {names[-1]}"
            raise WrongResult(
                f"Return {len(names)} values, {wanted}, in this order; yours returned {describe(returned)}."
            )
        return dict(zip(names, result, strict=True))

    return observe


class WrongResult(Exception):
    """Raised by an ``observe`` when a result has not even the form that can be compared."""


def describe(result: Any) -> str:
    """A result in a few words, for messages: 'a string', '2 values', 'an array of shape (3, 2)'."""
    if isinstance(result, (tuple, list)):
        kind = "a tuple" if isinstance(result, tuple) else "a list"
        return (
            f"{kind} of {len(result)} value{'' if len(result) == 1 else 's'}"
            if result
            else f"an empty {type(result).__name__}"
        )
    if isinstance(getattr(result, "shape", None), tuple):  # modules and classes have one that is none
        return f"an array of shape {tuple(result.shape)}"
    if isinstance(result, str):
        return "a string"
    if isinstance(result, int) and abs(result) > 1e300:
        return "a number too large to print"
    if isinstance(result, (int, float)):
        return f"the number {result:.4g}"
    return "nothing (None)" if result is None else f"an object of type {type(result).__name__}"


@dataclass(frozen=True)
class Exercise:
    """One exercise. The name the learner keeps is the name of ``reference``.

    ``truth`` gives the right results where they do not come from the reference itself (gradients:
    central differences of the forward pass). ``observe`` turns a call into named values to compare. Where
    many results are right, ``weigh`` turns these into a verdict, from fresh arguments of the same case; when
    a class is graded, that happens outside of the sandbox, so that a verdict cannot be forged.
    """

    number: str  # "2.1": lesson and place in it
    reference: Callable  # the course's own version, with the docstring learners see
    cases: tuple[Case, ...]  # smallest first
    returns: tuple[str, ...]
    checked: str  # what a solved card says was checked
    hints: tuple[str, ...]
    misconceptions: tuple[Misconception, ...]
    alternatives: tuple[Callable, ...]  # other right versions, all of which must pass
    truth: Callable | None = None
    observe: Callable[[Mapping[str, Any], Any], dict[str, Any]] | None = None
    weigh: Callable[[Mapping[str, Any], Mapping[str, Any]], dict[str, Any]] | None = None
    upstream: str | None = None  # the argument that carries the gradient from above, if there is one
    batch: str | None = None  # an argument with one row per example, if there is one
    may_change: tuple[str, ...] = ()  # arguments that the function is meant to change
    lesson_size: Case | None = None  # one call as the lesson's training makes it thousands of times
    rtol: float = 1e-5  # of the largest expected entry: float32 passes, a wrong idea does not

    @property
    def name(self) -> str:
        return self.reference.__name__

    @property
    def lesson(self) -> str:
        return f"{int(self.number.split('.')[0]):02d}"

    @property
    def look(self) -> Callable[[Mapping[str, Any], Any], dict[str, Any]]:
        return self.observe or observe_results(self.returns)


class Entry:
    """An exercise as a lesson's module writes it, from top to bottom. The settings are those of Exercise.

        STEP = Entry("0.1", returns=("theta",), checked="…", cases=(…), hints=(…))

        @STEP.reference
        def step(theta, grad, rate): …            # with the docstring that learners see

        @STEP.wrong("You walk uphill: …")
        def uphill(theta, grad, rate): …

        @STEP.right
        def step_in_a_loop(theta, grad, rate): …

    ``truth`` is a decorator, too, for the exercises that need it.
    """

    def __init__(self, number: str, **settings: Any) -> None:
        self.number = number
        self.settings = settings
        self.misconceptions: list[Misconception] = []
        self.alternatives: list[Callable] = []

    def _setting(self, name: str, function: Callable) -> Callable:
        if name in self.settings:
            raise ValueError(f"exercise {self.number} has two functions for {name}")
        self.settings[name] = function
        return function

    def reference(self, function: Callable) -> Callable:
        """The course's own version. Its name is that of the exercise."""
        return self._setting("reference", function)

    def truth(self, function: Callable) -> Callable:
        """What gives the right results, where the reference does not."""
        return self._setting("truth", function)

    def wrong(self, message: str) -> Callable[[Callable], Callable]:
        """A wrong version, under the message for whoever writes it."""

        def add(function: Callable) -> Callable:
            self.misconceptions.append(Misconception(function, message))
            return function

        return add

    def right(self, function: Callable) -> Callable:
        """Another right version."""
        self.alternatives.append(function)
        return function

    def exercise(self) -> Exercise:
        return Exercise(
            self.number,
            misconceptions=tuple(self.misconceptions),
            alternatives=tuple(self.alternatives),
            **self.settings,
        )


@cache
def all_exercises() -> dict[str, Exercise]:
    """All exercises of the course by name, in the order of the lessons."""
    package = importlib.import_module("course_utils.exercises.lessons")
    modules = sorted(m.name for m in pkgutil.iter_modules(package.__path__) if m.name.startswith("lesson"))
    exercises: dict[str, Exercise] = {}
    for module in modules:
        for entry in vars(importlib.import_module(f"{package.__name__}.{module}")).values():
            if not isinstance(entry, Entry):
                continue
            exercise = entry.exercise()
            if exercise.name in exercises:
                raise ValueError(f"two exercises are called {exercise.name}")
            exercises[exercise.name] = exercise
    return exercises
