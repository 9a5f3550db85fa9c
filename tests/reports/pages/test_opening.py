"""Laws of cells that open: what stands behind them, in place and at an address of its own."""

from __future__ import annotations

import functools
from collections.abc import Callable

from playwright.sync_api import Page

from workspan.reports.page import comparison_page

from ..samples import comparison


@functools.cache
def report() -> str:
    """Return a page with cells."""
    return comparison_page(comparison(), title="Report")


def test_a_cell_opens_and_closes(show: Callable[..., Page]) -> None:
    """A click opens the details at their address; Escape closes them where the focus was."""
    shown = show(report())
    whole = shown.locator("main").evaluate("main => main.textContent.length")
    link = shown.locator('.sheet a[href="#work-2"]')
    link.click()
    dialog = shown.get_by_role("dialog", name="lstm: work (flop)")
    assert dialog.get_by_role("heading", name="Derivation").is_visible()
    assert dialog.get_by_role("cell", name="n=64, d=32").is_visible()
    assert shown.evaluate("location.hash") == "#work-2"
    dialog.get_by_role("button", name="share").dispatch_event("click")
    shown.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert shown.evaluate("location.hash") == ""
    assert link.evaluate("link => link === document.activeElement")
    assert shown.locator("#work-2 table").count() == 2
    assert shown.locator("main").evaluate("main => main.textContent.length") == whole


def test_an_address_opens_its_cell(show: Callable[..., Page]) -> None:
    """A page that is opened at a cell's address shows that cell; arrows go to its neighbours."""
    shown = show(report(), address="#work-1")
    dialog = shown.get_by_role("dialog")
    assert dialog.get_by_role("heading", level=4).inner_text() == "attention: work (flop)"
    shown.keyboard.press("ArrowRight")
    assert dialog.get_by_role("heading", level=4).inner_text() == "lstm: work (flop)"
    assert shown.evaluate("location.hash") == "#work-2"
    shown.keyboard.press("ArrowLeft")
    dialog.get_by_role("button", name="Previous").press("Enter")
    assert shown.evaluate("location.hash") == "#params-2"
    dialog.get_by_role("button", name="Close").click()
    assert shown.locator('.sheet a[href="#params-2"]').evaluate(
        "link => link === document.activeElement"
    )


def test_leaving_the_address_closes(show: Callable[..., Page]) -> None:
    """Another address closes what is open and stays; on paper all details are in their place."""
    shown = show(report(), address="#work-1")
    dialog = shown.get_by_role("dialog")
    assert dialog.is_visible()
    shown.evaluate("location.hash = '#graphs'")
    dialog.wait_for(state="hidden")
    assert shown.evaluate("location.hash") == "#graphs"
    shown.evaluate("location.hash = '#work-2'")
    dialog.wait_for(state="visible")
    shown.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    dialog.wait_for(state="hidden")
    assert shown.locator("main #work-2").count() == 1


def test_every_cell_has_details_without_any_script(show: Callable[..., Page]) -> None:
    """Each link of the table leads to an article with the same figure, whether or not it opens."""
    text = report()
    shown = show(text.replace("<script>", '<script type="text/plain">'))
    links = shown.locator(".sheet a")
    assert links.count() == text.count("<article")
    assert shown.evaluate(
        """() => [...document.querySelectorAll(".sheet a")].every(
            (link) => document.querySelector(link.hash).matches("article"))"""
    )
    links.last.press("Enter")
    target = shown.locator("article:target")
    assert target.is_visible()
    assert "lstm" in target.get_by_role("heading", level=4).inner_text()
    assert shown.get_by_role("button").count() == 0
