"""Laws of pages that are read: on a phone, on paper, in the dark, by keyboard and by ear."""

from __future__ import annotations

import functools
import itertools
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

import workspan
from workspan.reports.notation.style import CONES, DRAWING, PAGE
from workspan.reports.page import comparison_page

from ..samples import comparison, figure, verdict

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
DARK = "@media screen and (prefers-color-scheme: dark) {"
LONGEST = 1_600_000
"""Bytes of the founding report."""

BEYOND = """() => [...document.querySelectorAll("main *")].filter((e) => {
    if (e.closest("svg svg, svg *") || !e.getClientRects().length) return false;
    if (e.getBoundingClientRect().right <= document.documentElement.clientWidth + 1) return false;
    for (let p = e.parentElement; p; p = p.parentElement)
        if (getComputedStyle(p).overflowX !== "visible") return false;
    return true;
}).map((e) => `${e.tagName} ${e.className}`)"""
"""What sticks out of the page and cannot be scrolled to in a part of its own."""


@functools.cache
def report() -> str:
    """Return a page with long formulas, long words and everything that a page can have."""
    long = " + ".join(f"{k}*d**{k}*n/(ceil(log2(n)) + {k})" for k in range(2, 12))
    shown = comparison(work=figure("work", long, "n", values=()))
    claims = [
        verdict(reason="because " * 30 + "x" * 80),
        verdict(verdict="proved", statement="linear_recurrence_scan " * 5),
    ]
    return comparison_page(shown, claims, title="Report")


@pytest.mark.parametrize(
    ("media", "screen"),
    [("screen", PHONE), ("screen", {}), ("print", {"viewport": {"width": 680, "height": 960}})],
    ids=["phone", "desk", "paper"],
)
def test_nothing_sticks_out(show: Callable[..., Page], media: str, screen: object) -> None:
    """No page is scrolled sideways: what is wider has a part of its own, and on paper none is."""
    shown = show(report(), **screen)  # type: ignore[arg-type]
    shown.emulate_media(media=media)
    assert shown.evaluate(BEYOND) == []
    width = shown.evaluate("[document.documentElement.scrollWidth, innerWidth]")
    assert width[0] <= width[1]
    if media == "print":
        assert shown.evaluate(
            """() => [...document.querySelectorAll("table, .wide")].every(
                (e) => e.scrollWidth <= e.clientWidth + 1)"""
        )


def test_paper_shows_what_is_folded_and_no_buttons(show: Callable[..., Page]) -> None:
    """On paper the evidence of claims is there, it is dark on white, and nothing asks for a click."""
    shown = show(report(), color_scheme="dark")
    evidence = shown.get_by_role("listitem").filter(has_text="span is n").first
    assert not evidence.is_visible()
    shown.emulate_media(media="print", color_scheme="dark")
    assert evidence.evaluate("e => e.getBoundingClientRect().height") > 0
    background = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"
    assert report().count("prefers-color-scheme") == report().count(DARK)
    for unwanted in ("nav", ".skip", ".filter"):
        assert not shown.locator(unwanted).is_visible()


def test_what_is_touched_is_large_enough(show: Callable[..., Page]) -> None:
    """On a phone, whatever is touched is at least 44 pixels high."""
    shown = show(report(), **PHONE)
    heights = shown.evaluate(
        """() => [...document.querySelectorAll("nav a, .marks a, .sort, summary, .filter label")]
            .filter((e) => e.getClientRects().length)
            .map((e) => e.getBoundingClientRect().height)"""
    )
    assert len(heights) > 20
    assert min(heights) >= 44


def test_a_page_is_read_by_keyboard_and_by_ear(show: Callable[..., Page]) -> None:
    """The first key skips to the content; parts, headings, links and drawings say what they are.

    There is one banner, one list of contents, one main part; no level of headings is left out.
    """
    shown = show(report())
    shown.keyboard.press("Tab")
    skip = shown.get_by_role("link", name="Skip to the content")
    assert skip.evaluate("link => link === document.activeElement")
    assert skip.evaluate("link => link.getBoundingClientRect().top") >= 0
    assert shown.evaluate("document.documentElement.lang") == "en"
    for role in ("banner", "navigation", "main"):
        assert shown.get_by_role(role).count() == 1
    levels = shown.evaluate(
        "() => [...document.querySelectorAll('h1,h2,h3,h4,h5')].map((e) => Number(e.tagName[1]))"
    )
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    contents = shown.get_by_role("navigation").get_by_role("link").all_inner_texts()
    assert contents == shown.locator("h2").all_inner_texts()
    for role in ("link", "button", "checkbox", "img"):
        named = shown.get_by_role(role, name=re.compile(r"\S"))
        assert named.count() == shown.get_by_role(role).count() > 0
    assert shown.locator("[role=group]:not([aria-label])").count() == 0
    assert shown.locator("th:not([scope])").count() == 0
    assert shown.locator("table.sheet caption").count() == 1


def test_a_page_asks_for_nothing(show: Callable[..., Page]) -> None:
    """A page is its only request, even when everything in it has been used."""
    shown = show(report())
    asked: list[str] = []
    shown.on("request", lambda request: asked.append(request.url))
    shown.reload()
    shown.evaluate("document.querySelectorAll('.sort, .sheet a').forEach((e) => e.click())")
    assert shown.get_by_role("dialog").is_visible()
    assert asked == [shown.url.partition("#")[0]]


def test_the_founding_report_is_not_heavy() -> None:
    """The report of the founding comparison opens at once, on a phone too."""
    folder = Path(workspan.__file__).parent / "reports" / "founding"
    assert (folder / "report.html").stat().st_size <= LONGEST


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """Return the contrast of WCAG 2, from 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def schemes(style: str) -> Iterator[str]:
    """Yield the light rules, and the light rules with the dark ones after them."""
    light, _, rest = style.partition(DARK)
    dark = rest.partition("\n}")[0]
    yield light
    yield light + dark


def fills(style: str) -> dict[str, str]:
    """Return the last fill of each selector."""
    return {
        selector.strip(): colour
        for selectors, colour in re.findall(r"([^{}]+)\{[^{}]*fill: (#[0-9a-f]{6})", style)
        for selector in selectors.split(",")
    }


def test_text_can_be_read() -> None:
    """Text has a contrast of at least 4.5, light and dark: of pages, of drawings, on every ground."""
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") < 4.5 < contrast("#767676", "#ffffff")
    for style in schemes(PAGE):
        colours = dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", style))
        for text, ground in itertools.product(("ink", "quiet", "link"), ("paper", "head")):
            assert contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    assert contrast("#ffffff", "#b91c1c") >= 4.5
    for style in schemes(DRAWING):
        found = fills(style)
        words = (".ws text", ".ws .quiet", ".ws .gather-text", ".ws .time-text", ".ws .layer-text")
        for text in words:
            assert contrast(found[text], found[".ws .paper"]) >= 4.5, text
        for ground in (".ws .box", ".ws .source"):
            assert contrast(found[".ws text"], found[ground]) >= 4.5
    for style, drawing in zip(schemes(CONES), schemes(DRAWING), strict=True):
        for mark in (".ws .task", ".ws .task.critical"):
            assert contrast(fills(style)[mark], fills(drawing)[".ws .paper"]) >= 3
