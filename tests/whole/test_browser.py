"""A learner's afternoon in a real JupyterLab in a real Chromium: run, drag, click, solve, read at night.

JupyterLab is driven by its own commands (``window.jupyterapp``), since clicks on its menus miss now and
then; what belongs to the course is used with the mouse. Where there is no Chromium these tests are
skipped, but not under CI.
"""

import re
from collections.abc import Iterator

import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Locator, Page, expect

from tests.browser import (
    COURSE,
    DARK,
    LESSON,
    LIGHT,
    PATIENCE,
    TOKEN,
    Notebook,
    chromium,
    jupyterlab,
    outputs,
    troubles,
)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """JupyterLab in Chromium, in a workspace and with settings of its own."""
    with chromium() as browser, jupyterlab(tmp_path_factory.mktemp("lab")) as address:
        page = browser.new_page(viewport={"width": 1100, "height": 1400})
        page.set_default_timeout(PATIENCE)
        page.goto(f"{address}/lab?token={TOKEN}")
        page.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
        yield page


@pytest.fixture(scope="module")
def lesson(page: Page) -> Notebook:
    """The blank lesson, run to its end; what the kernel then holds is all that the tests share."""
    notebook = Notebook(page, LESSON)
    notebook.run_all()
    return notebook


# What a learner meets


def test_the_blank_lesson_runs_to_its_end(lesson):
    code = [cell for cell in lesson.just_run if cell["cell_type"] == "code"]
    assert [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1))
    assert not troubles(code)


def test_every_exercise_has_a_card_that_says_not_attempted(lesson):
    exercises = [cell for cell in lesson.just_run if cell["source"].startswith("@exercise")]
    assert exercises
    for cell in exercises:
        name = cell["source"].split("def ")[1].split("(")[0]
        headings = [output["data"]["text/plain"].splitlines()[0] for output in cell["outputs"]]
        assert [heading.split(" · ")[1:] for heading in headings] == [[name, "not attempted"]]
        expect(lesson.shown(cell["id"])).to_contain_text(headings[0])


def test_every_picture_is_there_and_described(lesson):
    stored = [
        (name, output["data"]["text/plain"])
        for name, output in outputs(lesson.just_run)
        if "<img" in output.get("data", {}).get("text/html", "")
    ]
    assert stored
    page = lesson.page
    page.wait_for_function("[...document.querySelectorAll('.jp-Notebook img')].every(img => img.complete)")
    seen = page.locator(".jp-Notebook img").evaluate_all(
        "all => all.map(img => [img.closest('.jp-Cell').dataset.id, img.alt, img.naturalWidth])"
    )
    assert [name for name, _, _ in seen] == [name for name, _ in stored]
    # JupyterLab describes a picture without a description as "image"; ours say what the plain form says.
    for (name, alt, width), (_, plain) in zip(seen, stored, strict=True):
        assert len(alt) > len("image") and alt in plain and width > 0, f"{name}: {width} wide, {alt!r}"


def test_no_formula_is_left_raw_and_no_widget_is_missing(lesson):
    expect(lesson.page.locator(".jp-Notebook mjx-container").first).to_be_attached()
    text = lesson.page.locator(".jp-Notebook .jp-MarkdownOutput").all_inner_texts()
    assert text and not [cell for cell in text if "$" in cell or "\\" in cell]
    assert lesson.page.locator(".jp-Notebook mjx-merror").count() == 0
    widgets = [
        output
        for _, output in outputs(lesson.just_run)
        if any("widget-view" in kind for kind in output.get("data", {}))
    ]
    expect(lesson.page.locator(".jp-OutputArea-output > .jupyter-widgets")).to_have_count(len(widgets))


def test_dragging_the_slider_changes_the_picture_and_its_description(lesson):
    cell = lesson.shown("what-if-rate")
    handle, picture = cell.locator(".noUi-handle"), cell.locator("img")
    for end, rate in ((1, "3"), (0, "0.01")):
        before = picture.get_attribute("src")
        expect(picture).not_to_have_attribute("alt", re.compile(rf"with rate {re.escape(rate)}:"))
        handle.scroll_into_view_if_needed()
        start, track = handle.bounding_box(), cell.locator(".noUi-base").bounding_box()
        mouse = lesson.page.mouse
        mouse.move(start["x"] + start["width"] / 2, start["y"] + start["height"] / 2)
        mouse.down()
        mouse.move(track["x"] + end * track["width"], start["y"] + start["height"] / 2, steps=10)
        mouse.up()
        expect(cell.locator(".widget-readout")).to_have_text(rate)
        expect(picture).to_have_attribute("alt", re.compile(rf"with rate {re.escape(rate)}:"))
        expect(picture).to_have_js_property("complete", True)
        changed = picture.get_attribute("src") != before  # by name: a failure must not print two pictures
        assert changed
        assert picture.evaluate("img => img.naturalWidth") > 0


@pytest.mark.parametrize(
    ("asks", "answers", "option", "comment"),
    [
        ("predict-shape", "reveal-shape", "x.T @ grad_y", "Your prediction is right."),
        ("predict-loss", "reveal-loss", "10", "It came out different"),
        ("predict-trap", "trap-claims", "about 60 %", "It came out different"),
    ],
)
def test_a_prediction_is_marked_and_met_again_at_the_answer(lesson, asks, answers, option, comment):
    lesson.run(asks)
    buttons = lesson.shown(asks).get_by_role("button")
    buttons.get_by_text(option, exact=True).click()
    chosen = lesson.shown(asks).get_by_role("button", name=f"✓ {option}", exact=True)
    expect(chosen).to_have_css("font-weight", "700")
    expect(buttons.filter(has_text="✓")).to_have_count(1)
    expect(lesson.shown(asks).get_by_role("status")).to_contain_text(f"You predict: {option}")
    lesson.run(answers)
    expect(lesson.shown(answers)).to_contain_text(f"You predicted {option}; measured: ")
    expect(lesson.shown(answers)).to_contain_text(comment)


def test_an_exercise_goes_through_every_outcome_and_the_lesson_runs_on(lesson):
    blank = lesson.source("exercise-relu")
    later = ("relu-picture", "network", "both-gradients", "gradient-errors", "gradient-check", "broken")

    def card_for(line: str) -> Locator:
        lesson.write("exercise-relu", blank.replace("raise NotImplementedError  # your lines here", line))
        lesson.run(*later)
        assert not troubles(lesson.cells())
        expect(lesson.shown("gradient-check")).to_contain_text("✓ Backprop and nudging agree")
        expect(lesson.shown("exercise-relu").locator(".jp-OutputArea-output")).to_have_count(1)
        return lesson.shown("exercise-relu")

    wrong = card_for("return grad_y")
    expect(wrong).to_contain_text("relu_backward · not yet")
    expect(wrong).to_contain_text("Everything flows back. Where x was negative the gate was shut")
    expect(wrong).to_contain_text("stands for the course's own version")

    crashing = card_for("return grad_y * open_gate")
    expect(crashing).to_contain_text("relu_backward · not yet")
    expect(crashing).to_contain_text("Line 8 of the cell, return grad_y * open_gate, stops with NameError")

    right = card_for("return grad_y * (x > 0)")
    expect(right).to_contain_text("relu_backward · solved")
    expect(right).to_contain_text("From here on, relu_backward is your own function.")

    card = card_for("raise NotImplementedError  # your lines here")
    expect(card).to_contain_text("relu_backward · not attempted")
    hint = card.locator("details")
    expect(hint).not_to_have_attribute("open", "")
    hint.locator("summary").click()
    expect(hint).to_have_attribute("open", "")


# The contrast (WCAG 2) of every piece of text below the cells with what lies behind it.
CONTRASTS = """() => {
    const channels = colour => { const c = colour.match(/[\\d.]+/g).map(Number); return [c[0], c[1], c[2], c[3] ?? 1]; };
    const over = (top, under) => [0, 1, 2].map(i => top[i] * top[3] + under[i] * (1 - top[3]));
    const behind = element => {
        if (!element) return [255, 255, 255];
        const own = channels(getComputedStyle(element).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, behind(element.parentElement));
    };
    const luminance = rgb => {
        const [r, g, b] = rgb.map(c => c / 255).map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const element of document.querySelectorAll('.jp-Notebook .jp-OutputArea-output *')) {
        const text = [...element.childNodes].filter(n => n.nodeType === Node.TEXT_NODE).map(n => n.data.trim()).join('');
        if (!text || !element.checkVisibility()) continue;
        const ground = behind(element);
        const light = [luminance(over(channels(getComputedStyle(element).color), ground)), luminance(ground)];
        const contrast = (Math.max(...light) + 0.05) / (Math.min(...light) + 0.05);
        found.push([contrast, element.closest('.jp-Cell').dataset.id, text.slice(0, 60)]);
    }
    return found;
}"""


def test_every_text_below_a_cell_is_legible_in_both_themes(lesson):
    """Cards (one with a table of numbers), claims, printed lines, buttons and sliders."""
    blank, grounds = lesson.source("exercise-linear"), set()
    try:
        lesson.write(
            "exercise-linear",
            f"{blank.split('    raise')[0]}    return grad_y @ W.T, x.T @ grad_y + x[0, 0], grad_y[0]",
        )
        expect(lesson.shown("exercise-linear").locator("table").first).to_be_visible()
        for theme in (DARK, LIGHT):
            lesson.theme(theme)
            found = lesson.page.evaluate(CONTRASTS)
            assert {"exercise-linear", "reveal-loss", "gradient-check", "predict-loss", "recap"} <= {
                cell for _, cell, _ in found
            }
            faint = [f"{cell}: {contrast:.1f} {text!r}" for contrast, cell, text in found if contrast < 4.5]
            assert not faint, f"{theme}: " + "; ".join(faint)
            grounds.add(
                lesson.shown("recap")
                .locator("div[style]")
                .first.evaluate("card => getComputedStyle(card).backgroundColor")
            )
        assert len(grounds) == 2  # the cards did follow the theme
    finally:
        lesson.theme(LIGHT)
        lesson.write("exercise-linear", blank)


# The other lessons: blank, run to the end, every slider moved


@pytest.fixture(scope="module")
def tab(page: Page) -> Iterator[Page]:
    """JupyterLab once more, for these lessons one after the other."""
    tab = page.context.browser.new_page()  # a workspace of its own, so that cells of two lessons never mix
    tab.set_viewport_size({"width": 1100, "height": 1400})
    tab.set_default_timeout(PATIENCE)
    tab.goto(page.url.split("/lab")[0] + f"/lab/workspaces/others?token={TOKEN}")
    tab.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
    yield tab
    tab.close()


@pytest.mark.parametrize(
    "name",
    sorted(path.name for path in (COURSE / "lessons").glob("*.ipynb") if path.name != LESSON),
    ids=lambda n: n[:2],
)
def test_the_other_lessons_run_blank_and_their_sliders_move(tab, name):
    notebook = Notebook(tab, name)
    try:
        notebook.run_all()
        test_the_blank_lesson_runs_to_its_end(notebook)
        test_every_exercise_has_a_card_that_says_not_attempted(notebook)
        test_every_picture_is_there_and_described(notebook)
        test_no_formula_is_left_raw_and_no_widget_is_missing(notebook)
        for what_if in [cell["id"] for cell in notebook.just_run if "what_if(" in cell["source"]]:
            move_every_slider(notebook.shown(what_if))
            type_into_every_box(notebook.shown(what_if))
    finally:
        notebook.close()


def move_every_slider(below: Locator) -> None:
    """With the keyboard, one step to the right, or back from the end: each time the picture is described anew."""
    picture = below.locator("img")
    for handle in below.locator(".noUi-handle").all():
        before = picture.get_attribute("alt")
        at_the_end = float(handle.get_attribute("aria-valuenow")) >= float(
            handle.get_attribute("aria-valuemax")
        )
        handle.press("ArrowLeft" if at_the_end else "ArrowRight")
        expect(picture).not_to_have_attribute("alt", before)
        expect(picture).to_have_js_property("complete", True)
        assert picture.evaluate("img => img.naturalWidth") > 0


def type_into_every_box(below: Locator) -> None:
    """A text that nobody foresaw gets a sentence; after it, the text from before gets its picture back."""
    for box in below.locator("input[type=text]").all():
        picture, before, text = (
            below.locator("img"),
            below.locator("img").get_attribute("alt"),
            box.input_value(),
        )
        box.fill("?!")
        box.press("Enter")
        expect(below.get_by_text("could not be drawn")).to_be_visible()
        box.fill(text)
        box.press("Enter")
        expect(picture).to_have_attribute("alt", before)


# A lesson without its kernel, and as a web page


def test_without_a_kernel_choice_and_picture_are_still_there(page):
    """Saved, its kernel ended, opened in another window; then exported, with no network to fetch widgets from."""

    def opened(workspace: str) -> Page:
        tab = page.context.browser.new_page(viewport={"width": 1100, "height": 1400})
        tab.set_default_timeout(PATIENCE)
        tab.goto(page.url.split("/lab")[0] + f"/lab/workspaces/{workspace}?token={TOKEN}")
        tab.wait_for_function("window.jupyterapp !== undefined", timeout=60_000)
        return tab

    name, first = "00_start_here.ipynb", opened("saved")
    notebook = Notebook(first, name)
    notebook.run_all()
    notebook.shown("predict-step").get_by_role("button").get_by_text("2.4", exact=True).click()
    expect(notebook.shown("predict-step").get_by_role("status")).to_contain_text("You predict: 2.4")
    first.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    first.wait_for_function("!window.panel.context.model.dirty")
    first.evaluate("window.panel.sessionContext.shutdown()")
    first.close()

    again = opened("again")
    notebook = Notebook(again, name)  # with a new kernel, which knows of no widget
    chosen = notebook.shown("predict-step")
    expect(chosen.get_by_role("button").filter(has_text="✓")).to_have_text("✓ 2.4")
    expect(chosen.get_by_role("status")).to_contain_text("You predict: 2.4")
    expect(notebook.shown("what-if-rate").locator("img")).to_have_attribute("alt", re.compile("rate"))
    asked: list[str] = []
    again.on("request", lambda request: asked.append(request.url))
    again.goto(page.url.split("/lab")[0] + f"/nbconvert/html/{name}?token={TOKEN}")
    expect(again.get_by_text("Predict.").first).to_be_visible()
    assert again.locator("img[alt*='rate']").count() >= 1
    assert not [
        url for url in asked if "html-manager" in url
    ]  # what nbconvert's page draws live widgets with
    again.close()


@pytest.mark.parametrize("name", ["04_freezing", "07_differences", "12_two_losses"])
def test_an_exported_lesson_is_accessible(page, name, tmp_path):
    """axe finds nothing: contrast, descriptions of pictures, headings in order, and all its other rules.

    What nbconvert's page brings along is left out: the colours of code, and links that are not underlined.
    """
    axe = pytest.importorskip(
        "axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed"
    )
    exporter = HTMLExporter(exclude_input_prompt=True, exclude_output_prompt=True)
    html, _ = exporter.from_filename(str(COURSE / "solutions" / f"{name}.ipynb"))
    (tmp_path / "lesson.html").write_text(html, encoding="utf-8")
    tab = page.context.browser.new_page()
    try:
        tab.goto((tmp_path / "lesson.html").as_uri())
        found = axe.Axe().run(
            tab,
            context={"exclude": [[".highlight"]]},
            options={"rules": {"link-in-text-block": {"enabled": False}}},
        )
        said = [f"{v['id']}: {v['nodes'][0]['html'][:200]}" for v in found.response["violations"]]
        assert not said, "; ".join(said)
    finally:
        tab.close()
