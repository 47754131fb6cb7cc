"""What a learner's function shows is held back, counted, and reaches the page nowhere."""

import io
import os
import subprocess
import sys

import matplotlib.pyplot as plt
import pytest
from IPython.core.interactiveshell import InteractiveShell
from IPython.display import display
from traitlets.config import Config

from course_utils.exercises import check
from course_utils.exercises.quiet import Shown, held_back

plt.switch_backend("Agg")

WAYS = {
    "print": lambda: print("it"),
    "stderr": lambda: print("it", file=sys.stderr),
    "no end of line": lambda: print("it", end=""),
    "a program": lambda: subprocess.run([sys.executable, "-c", "print('it')"], check=True),
    "the shell": lambda: os.system("echo it >&2"),
    "a figure": lambda: plt.plot([1, 2]),
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_show_something_is_held_back(way, capfd):
    shown = Shown()
    with held_back(shown):
        WAYS[way]()
    assert shown.lines == 1 and shown.kept.startswith("(a figure)" if way == "a figure" else "it")
    assert capfd.readouterr() == ("", "") and not plt.get_fignums()


def test_a_display_is_held_back_in_a_notebook(capfd):
    InteractiveShell.instance(config=Config(HistoryManager={"enabled": False}))
    try:
        shown = Shown()
        with held_back(shown):
            display("it")
        assert shown.kept == "(a display: 'it')\n" and capfd.readouterr().out == ""
    finally:
        InteractiveShell.clear_instance()


def test_what_was_there_before_stays():
    figure = plt.figure()
    with held_back(Shown()):
        plt.figure()
    assert plt.get_fignums() == [figure.number]


def test_the_streams_come_back_after_an_error(capfd):
    with pytest.raises(ZeroDivisionError), held_back(Shown()):
        print(1 / 0)
    print("seen")
    os.system("echo seen too")
    assert capfd.readouterr().out.split() == ["seen", "seen", "too"]


def test_a_storm_costs_nothing():
    shown = Shown()
    assert isinstance(shown, io.TextIOBase) and shown.writable() and shown.write("a\nb") == 3
    for _ in range(3000):
        print("line", file=shown)
    assert shown.kept == ("a\nb" + "line\n" * 300)[:1000] and shown.lines == 3001


def test_nobody_is_asked():
    def step(theta, grad, rate):
        return theta - float(input("rate? ")) * grad

    assert check("step", step).message.startswith("It asks with input(), and nobody answers here")
