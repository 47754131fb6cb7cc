"""Things to click and to watch: a prediction before an experiment, sliders that ask "what if", a progress bar.

What is stored in a notebook is the same whatever the learner clicks: beside the live widget each
output carries a static form in HTML and in words, for a page without a running kernel.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from course_utils.show import plots
from course_utils.show.output import card, emit, escape, in_notebook

T = TypeVar("T")


def with_bar(items: Iterable[T], doing: str) -> Iterator[T]:
    """Go through ``items`` with a progress bar that is gone at the end.

    Call it in a cell that prints nothing: taking the bar away clears the cell's output.
    """
    from tqdm.auto import tqdm

    yield from tqdm(items, desc=doing, leave=False)
    if in_notebook():
        from IPython.display import clear_output

        clear_output()


class Prediction:
    """What the learner committed to: ``choice`` is None until a button is clicked."""

    def __init__(self, question: str, options: Sequence[str]) -> None:
        if isinstance(options, str) or not all(
            isinstance(option, str) and option.strip() for option in options
        ):
            raise ValueError("A prediction offers a list of options, each a text that is not empty.")
        if len(options) < 2 or len(set(options)) < len(options):
            raise ValueError("A prediction offers at least two options, no two of them the same.")
        self.question = question
        self.options = list(options)
        self.choice: str | None = None
        self.buttons = [
            widgets.Button(
                description=option, tooltip=option, layout=widgets.Layout(width="auto", max_width="100%")
            )
            for option in self.options
        ]
        self.status = widgets.HTML()
        for button, option in zip(self.buttons, self.options, strict=True):
            button.on_click(lambda _, option=option: self._choose(option))
        self._mark()

    def _choose(self, option: str) -> None:
        self.choice = option
        self._mark()

    def _mark(self) -> None:
        for button, option in zip(self.buttons, self.options, strict=True):
            chosen = option == self.choice
            button.description = f"✓ {option}" if chosen else option
            button.style.font_weight = "bold" if chosen else "normal"
            # A frame in the theme's text colour; the coloured button styles are too pale to read.
            button.layout.border = (
                f"2px solid {'var(--jp-ui-font-color1, #444444)' if chosen else 'transparent'}"
            )
        said = (
            "Choose one, then run on."
            if self.choice is None
            else f"You predict: <b>{escape(self.choice)}</b>. You can still change it."
        )
        self.status.value = f'<div role="status" style="font-size:13px;line-height:1.4">{said}</div>'

    def _show(self) -> None:
        asked = escape(self.question)
        live = widgets.VBox(
            [
                widgets.HTML(f'<div style="font-size:14px;line-height:1.5"><b>Predict.</b> {asked}</div>'),
                widgets.HBox(self.buttons, layout=widgets.Layout(flex_flow="row wrap")),
                self.status,
            ]
        )
        offered = "".join(f"<li>{escape(option)}</li>" for option in self.options)
        display_live(
            live,
            card("plain", f"Predict. {asked}", f'<ul style="margin:4px 0">{offered}</ul>'),
            "\n".join([f"Predict. {self.question}", *(f"  ( ) {option}" for option in self.options)]),
        )

    def _ipython_display_(self) -> None:
        """Nothing: ``predict`` as the last line of a cell has already shown the buttons."""


# The predictions of this session by name: a cell that reveals an answer needs none of them.
_asked: dict[str, Prediction] = {}


def predict(name: str, question: str, options: Sequence[str] = ()) -> Prediction:
    """Ask ``question`` with one button for each of ``options``. Never waits for an answer.

    ``reveal(name, ...)`` answers it, in the same cell or in any later one.
    """
    if not isinstance(question, str):
        raise TypeError(
            "predict takes a name, a question and its options. If you have not written this line yourself, "
            "your copy of the lesson is older than the course: run make fresh LESSON=NN in the course's "
            "folder, which keeps your copy and brings the new one."
        )
    _asked[name] = Prediction(question, options)
    _asked[name]._show()
    return _asked[name]


def reveal(name: str, measured: str | Mapping[str, bool], why: str = "") -> None:
    """Show what was measured beside what was predicted under ``name``; alone, if that cell was skipped.

    ``measured`` comes out of the run: the option itself, or for options whether they are true; the first
    that is counts, and where none is, that is said, without the reason ``why``.
    """
    prediction = _asked.get(name)
    if isinstance(measured, str):
        measured = {measured: True}
    for option in measured if prediction else ():
        if option not in prediction.options:
            raise ValueError(
                f"The answer {option!r} is none of the options: {', '.join(prediction.options)}."
            )
    answer = next((option for option, holds in measured.items() if holds), None)
    if answer is None:
        answer, why = "none of these", ""
    choice = prediction.choice if prediction else None
    if choice is None:
        kind, heading, comment = "plain", f"Measured: {answer}.", ""
    elif choice == answer:
        kind, heading = "good", f"You predicted {choice}; measured: {answer}."
        comment = "Your prediction is right."
    else:
        kind, heading = "wait", f"You predicted {choice}; measured: {answer}."
        comment = "It came out different, and that difference is worth a minute."
    lines = [part for part in (comment, why) if part]
    emit(
        card(kind, escape(heading), "".join(f"<div>{escape(part)}</div>" for part in lines)),
        "\n".join([heading, *lines]),
    )


def what_if(
    draw: Callable[..., tuple[Figure, str]],
    /,
    *,
    start: Mapping[str, Any] | None = None,
    **values: Sequence[Any] | str,
) -> None:
    """Redraw a picture as the learner moves sliders, one for each keyword.

    ``what_if(draw, rate=[0.01, 0.1, 1.0], momentum=[0.0, 0.9])`` calls ``draw(rate=...,
    momentum=...)``, which returns ``(figure, description)``. The first picture is at ``start``
    (``start={"rate": 0.1}``), for a slider not named there at the middle of its values. A keyword
    whose value is a text, ``word="A b"``, becomes a box to type in. A picture once drawn is kept.
    """
    offered = {name: of if isinstance(of, str) else list(of) for name, of in values.items()}
    _WhatIf(draw, offered, _first(offered, dict(start or {}))).show()


def _first(offered: dict[str, Any], start: dict[str, Any]) -> list[Any]:
    """Where each slider stands at first, checked; for a box, the text in it."""
    if not offered:
        raise ValueError("what_if needs at least one slider, such as rate=[0.01, 0.1, 1.0].")
    boxes = {name for name, of in offered.items() if isinstance(of, str)}
    for name, choices in offered.items():
        if name in boxes:
            continue
        if not choices:
            raise ValueError(f"The slider {name!r} has no values.")
        if name in start and _place(start[name], choices) is None:
            raise ValueError(f"start gives {name!r} the value {start[name]!r}, which is not on its slider.")
    if unknown := set(start) - (set(offered) - boxes):
        raise ValueError(f"start names {', '.join(sorted(unknown))}, for which there is no slider.")
    return [
        choices
        if name in boxes
        else _place(start[name], choices)
        if name in start
        else (len(choices) - 1) // 2
        for name, choices in offered.items()
    ]


def _place(value: Any, choices: list[Any]) -> int | None:
    """Where a value stands among the choices, which may be arrays; None if it does not."""
    return next((place for place, choice in enumerate(choices) if np.array_equal(choice, value)), None)


class _WhatIf:
    def __init__(
        self, draw: Callable[..., tuple[Figure, str]], offered: dict[str, Any], first: list[Any]
    ) -> None:
        self.draw = draw
        self.offered = offered
        self.drawn: dict[tuple[Any, ...], tuple[bytes | None, str]] = {}
        self.sliders = [
            _box(name, at) if isinstance(choices, str) else _slider(name, choices, at)
            for (name, choices), at in zip(offered.items(), first, strict=True)
        ]
        # ipywidgets' Image can carry no alternative text (and a tooltip on it breaks JupyterLab's view
        # of it), so the picture goes into HTML, as plots.show does it.
        self.picture = widgets.HTML()
        for slider in self.sliders:
            slider.observe(lambda _: self.update(), names="value")
        self.update()

    def show(self) -> None:
        now = ", ".join(
            f"{slider.description} = {slider.value}"
            if isinstance(slider, widgets.Text)
            # not slider.label, which is empty until a slider has been moved away from its first value
            else f"{slider.description} = {slider.options[slider.index][0]} "
            f"(of {', '.join(label for label, _ in slider.options)})"
            for slider in self.sliders
        )
        display_live(
            widgets.VBox([*self.sliders, self.picture]),
            _caption(f"What if: {now}") + self.picture.value,
            f"What if: {now}\n{self.state()[1]}",
            plots.as_data(self.state()[0]) if self.state()[0] else {},
        )

    def update(self) -> None:
        """Show the picture where the sliders stand; where there is none, only the reason."""
        picture, description = self.state()
        self.picture.value = (plots.img(picture, description) if picture else "") + _caption(
            description, "status"
        )

    def state(self) -> tuple[bytes | None, str]:
        """Picture and description where the sliders stand now."""
        at = tuple(slider.value for slider in self.sliders)
        if at not in self.drawn:
            chosen = {
                name: place if isinstance(choices, str) else choices[place]
                for (name, choices), place in zip(self.offered.items(), at, strict=True)
            }
            self.drawn[at] = _draw(self.draw, chosen)
        return self.drawn[at]


def _slider(name: str, choices: list[Any], at: int) -> widgets.SelectionSlider:
    # Sliders move over positions, not values: no trouble with 0.1 + 0.2 or with arrays.
    return widgets.SelectionSlider(
        options=[(_label(value), place) for place, value in enumerate(choices)],
        value=at,
        description=name.replace("_", " "),
        continuous_update=False,
        style={"description_width": "initial"},
        layout=widgets.Layout(width="30em", max_width="100%"),
    )


def _box(name: str, text: str) -> widgets.Text:
    return widgets.Text(
        value=text,
        description=name.replace("_", " "),
        continuous_update=False,  # redraw at Enter, not at every letter
        style={"description_width": "initial"},
        layout=widgets.Layout(width="40em", max_width="100%"),
    )


def _draw(draw: Callable[..., tuple[Figure, str]], chosen: dict[str, Any]) -> tuple[bytes | None, str]:
    before = set(plt.get_fignums())
    try:
        # A rate that is too large overflows, which is what the learner is here to see: no warnings.
        with np.errstate(all="ignore"):
            fig, description = draw(**chosen)
        plots.img(b"", description)
        return plots.png(fig), " ".join(description.split())
    except Exception as error:  # noqa: BLE001 - draw may call what the learner wrote
        said = " ".join(str(error).split()) or type(error).__name__
        return None, f"This value could not be drawn: {said}"
    finally:
        # Figures left open here would appear under whichever cell runs next.
        for number in set(plt.get_fignums()) - before:
            plt.close(number)


def _label(value: Any) -> str:
    return (
        f"{value:g}"
        if isinstance(value, int | float | np.number) and not isinstance(value, bool)
        else str(value)
    )


def _caption(text: str, role: str = "note") -> str:
    return f'<div role="{role}" style="font-size:13px;line-height:1.45;max-width:52em">{escape(text)}</div>'


def display_live(live: widgets.Widget, html: str, plain: str, data: Mapping[str, str] | None = None) -> None:
    """Show the widget where there is a kernel behind the page, and its static form elsewhere.

    ``data`` {MIME type: value} is one more form, for where neither can be shown.
    """
    if not in_notebook():
        print(plain)
        return
    from IPython.display import display

    bundle = live._repr_mimebundle_()
    display({**bundle, "text/html": html, "text/plain": plain, **(data or {})}, raw=True)
