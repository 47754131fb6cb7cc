"""The machine that changes the course's own versions: enough changes, each listed one made, and the others refused."""

from course_utils.exercises import all_exercises
from making.mutants import EQUIVALENT, changed_line, mutants, survives

MUTANTS = {name: mutants(name) for name in all_exercises()}


def test_there_are_many_and_none_is_the_original():
    assert sum(map(len, MUTANTS.values())) > 2000
    assert min(map(len, MUTANTS.values())) > 5


def test_what_is_listed_as_the_same_is_made():
    made = {(name, changed_line(name, source)) for name, sources in MUTANTS.items() for source in sources}
    assert set(EQUIVALENT) <= made


def test_one_of_each_kind_is_refused():
    for name in ("relu_backward", "momentum_step", "group_slices", "hard_choice", "rates_and_mask"):
        alive = [source for source in MUTANTS[name] if survives(name, source)]
        assert all((name, changed_line(name, source)) in EQUIVALENT for source in alive)
