"""Laws of drawings in time in a browser: what depends on a position stays, and the rest fades."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page

from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace
from workspan.reports.notation.markup import Markup, element
from workspan.reports.page import page
from workspan.reports.pictures.unrolled import unrolled_svg

OPACITIES = """() => [...document.querySelectorAll(".fades")].map(
    (e) => [e.classList.contains("r2"), Number(getComputedStyle(e).opacity)])"""


def faded(shown: Page) -> set[tuple[bool, float]]:
    """Return whether elements depend on position 2, with how much of them is seen."""
    return {(depends, opacity) for depends, opacity in shown.evaluate(OPACITIES)}


@pytest.mark.parametrize("standalone", [True, False], ids=["file", "page"])
def test_what_depends_on_a_position_stays(show: Callable[..., Page], standalone: bool) -> None:
    """Pointing at a position, or reaching it with the tab key, needs a style and no script."""
    graph = trace(CATALOGUE["causal_windowed_attention"])
    drawing = unrolled_svg(graph, Setting(), {"n": 6, "w": 2}, standalone=standalone)
    text = drawing if standalone else page("t", [element("figure", Markup(drawing))])
    shown = show(text, name="x.svg" if standalone else "x.html")
    assert faded(shown) == {(True, 1), (False, 1)}
    row = shown.get_by_role("img", name="position 2 reaches positions 2 to 3 after 5 steps")
    row.locator("text").first.hover()
    assert faded(shown) == {(True, 1), (False, 0.12)}
    shown.mouse.move(1, 1)
    assert faded(shown) == {(True, 1), (False, 1)}
    for _ in range(3 if standalone else 4):  # a page begins with a link past its contents
        shown.keyboard.press("Tab")
    assert row.evaluate("row => row === document.activeElement")
    assert faded(shown) == {(True, 1), (False, 0.12)}
