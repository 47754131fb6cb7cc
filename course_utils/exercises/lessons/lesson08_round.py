"""Exercise 8.4: a round of asking, fitting and stepping."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from course_utils.engine.blackbox import BlackBox
from course_utils.engine.nn import Network
from course_utils.exercises.bank import Case, Entry, observe_results
from course_utils.exercises.lessons.lesson08 import small_net


class Log:
    """What a round did: ``fit`` notes what it was given, and ``step`` moves the front, as training would."""

    def __init__(self, front: Network) -> None:
        self.front = front
        self.calls: list[str] = []
        self.asked = self.answers = np.zeros((0, 0))

    def fit(self, asked: np.ndarray, answers: np.ndarray) -> None:
        self.calls.append(f"fit on {len(asked)} rows")
        self.asked, self.answers = np.array(asked, float), np.array(answers, float)

    def step(self) -> None:
        self.calls.append("step")
        self.front.theta *= 0.9


def observe_round(arguments: Mapping[str, Any], result: Any) -> dict[str, Any]:
    """What was returned, what fit was given, what it cost and in which order things happened."""
    log = arguments["fit"].__self__
    return {
        **observe_results(("asked", "answers"))(arguments, result),
        "queries": f"It cost {arguments['g'].queries} queries.",
        "calls": f"It called: {', '.join(log.calls) or 'nothing'}.",
        "asked as given to fit": log.asked,
        "answers as given to fit": log.answers,
    }


def round_case(n: int, m: int, steps: int, seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    front, V = small_net(5, 4, 3, seed, bounded=True), rng.standard_normal((3, 2))
    asked, log = rng.uniform(-1, 1, (m, 3)), Log(front)
    return dict(
        front=front,
        g=BlackBox(lambda h: np.tanh(h @ V) + 1),
        x=rng.standard_normal((n, 5)),
        asked=asked,
        answers=np.tanh(asked @ V) + 1,
        fit=log.fit,
        step=log.step,
        steps=steps,
    )


ROUND = Entry(
    "8.4",
    returns=("asked", "answers"),
    observe=observe_round,
    may_change=("front", "g"),  # steps move the one, and queries to the other are counted
    checked="Each h keeps its own answer, old ones are kept, and every row is asked once, before fit and steps.",
    cases=(
        Case("first round: 2 examples, nothing asked so far, 3 steps", lambda: round_case(2, 0, 3, 94)),
        Case("3 examples, 4 asked so far, 2 steps", lambda: round_case(3, 4, 2, 95)),
        Case("4 examples, 2 asked so far, 4 steps", lambda: round_case(4, 2, 4, 96)),
    ),
    hints=(
        "Compute h = front.forward(x) once, and use this h both for asking g and for what you keep.",
        "np.concatenate([asked, h]) and np.concatenate([answers, g(h)]), then fit with both, then the steps in a loop.",
    ),
)


@ROUND.reference
def online_round(front, g, x, asked, answers, fit, step, steps):
    """One round of asking and training.

    front: has forward(x). g: the box, one query for each row. x: a batch, shape (N, d).
    asked, answers: all h asked so far, shape (M, k), and what g answered, shape (M, out); M may be 0.
    fit(asked, answers) refits the surrogate to the rows it is given: call it once.
    step() trains the front by one step through the surrogate: call it steps times.
    Make N queries. New rows stand behind old ones.
    Return the new asked, shape (M + N, k), and the new answers, shape (M + N, out).
    """
    h = front.forward(x)
    asked = np.concatenate([asked, h])
    answers = np.concatenate([answers, g(h)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


@ROUND.wrong("The old answers are gone. g does not change, so they stay true: put the new rows behind them.")
def old_answers_forgotten(front, g, x, asked, answers, fit, step, steps):
    return online_round(front, g, x, asked[:0], answers[:0], fit, step, steps)


@ROUND.wrong("You keep the old answers but fit to the new ones only: give fit all that was asked so far.")
def fit_on_new_ones_only(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    fit(h, new)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, new])


@ROUND.wrong(
    "You ask g about the old rows again, and pay for them again. Their answers are in answers already."
)
def everything_asked_again(front, g, x, asked, answers, fit, step, steps):
    asked = np.concatenate([asked, front.forward(x)])
    answers = g(asked)
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


@ROUND.wrong("You call g twice on the same h, which costs twice: keep its result.")
def asked_twice(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    fit(np.concatenate([asked, h]), np.concatenate([answers, g(h)]))
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


@ROUND.wrong(
    "You keep the h of the trained front beside the answers for the h before. Compute h once: an answer belongs to the h that was asked."
)
def paired_with_the_new_front(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    fit(np.concatenate([asked, h]), np.concatenate([answers, new]))
    for _ in range(steps):
        step()
    return np.concatenate([asked, front.forward(x)]), np.concatenate([answers, new])


@ROUND.wrong(
    "You train first and ask afterwards: the surrogate that the front trained through knew nothing of this round."
)
def trained_before_asking(front, g, x, asked, answers, fit, step, steps):
    for _ in range(steps):
        step()
    return online_round(front, g, x, asked, answers, fit, step, 0)


@ROUND.wrong(
    "You ask, and then train before the surrogate is refitted: fit first, so that the steps profit from what was asked."
)
def trained_before_fitting(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for _ in range(steps):
        step()
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    fit(asked, answers)
    return asked, answers


@ROUND.wrong(
    "You ask and fit before every step. A round asks once and then takes all its steps: that is where queries are saved."
)
def asked_before_every_step(front, g, x, asked, answers, fit, step, steps):
    for _ in range(steps):
        asked, answers = online_round(front, g, x, asked, answers, fit, step, 1)
    return asked, answers


@ROUND.wrong("You refit before every step, to the same answers: once is enough, before the loop.")
def refitted_before_every_step(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    for _ in range(steps):
        fit(asked, answers)
        step()
    return asked, answers


@ROUND.wrong("You fit before you ask: the new answers come too late for this round's steps.")
def fit_on_old_ones_only(front, g, x, asked, answers, fit, step, steps):
    fit(asked, answers)
    h = front.forward(x)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


@ROUND.wrong(
    "You ask about the mean of the batch. Every row of h is a query of its own, with an answer of its own."
)
def one_query_for_the_batch(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x).mean(axis=0, keepdims=True)
    asked, answers = np.concatenate([asked, h]), np.concatenate([answers, g(h)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


@ROUND.wrong("You push x through g. Its input is h = front.forward(x), which you keep beside its answer.")
def asked_about_the_images(front, g, x, asked, answers, fit, step, steps):
    asked, answers = np.concatenate([asked, front.forward(x)]), np.concatenate([answers, g(x)])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


@ROUND.wrong("Your new rows are in front of the old ones: put them behind.")
def new_rows_first(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    asked, answers = np.concatenate([h, asked]), np.concatenate([g(h), answers])
    fit(asked, answers)
    for _ in range(steps):
        step()
    return asked, answers


@ROUND.wrong("fit is never called: the front trains through a surrogate that learns nothing.")
def never_refitted(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for _ in range(steps):
        step()
    return np.concatenate([asked, h]), np.concatenate([answers, g(h)])


@ROUND.wrong("You take one step whatever steps says: call step() steps times.")
def one_step_only(front, g, x, asked, answers, fit, step, steps):
    return online_round(front, g, x, asked, answers, fit, step, 1)


@ROUND.right
def round_row_by_row(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    for i in range(len(h)):
        asked, answers = np.vstack([asked, h[i : i + 1]]), np.vstack([answers, g(h[i : i + 1])])
    fit(asked, answers)
    while steps:
        step()
        steps -= 1
    return [asked, answers]


@ROUND.right
def round_with_lists(front, g, x, asked, answers, fit, step, steps):
    h = front.forward(x)
    new = g(h)
    asked, answers = np.array([*asked, *h]), np.array([*answers, *new])
    fit(asked, answers)
    [step() for _ in range(steps)]
    return asked, answers
