"""A real browser, driven without a screen; pages are files, and nothing is fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

PROGRAMS = ("chromium", "chromium-browser", "google-chrome", "chrome")
QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Start the Chromium of this machine; without one there is nothing to test on.

    Its driver holds an event loop, which tests elsewhere start for themselves: it ends with the
    folder.
    """
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("expected a browser where everything is checked: apt-get install chromium")
        pytest.skip(f"expected one of {', '.join(PROGRAMS)} on the path")
    with sync_playwright() as driver:
        started = driver.chromium.launch(executable_path=program, args=QUIET)
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Callable[..., Page]]:
    """Open a page's text as a file; whatever its console says, and any request, fails the test."""
    said: list[str] = []

    def heard(message: ConsoleMessage) -> None:
        said.append(message.text)

    def opened(text: str, *, address: str = "", name: str = "page.html", **screen: Any) -> Page:
        file = tmp_path / name
        file.write_text(text, encoding="utf-8")
        page = browser.new_page(**{"viewport": {"width": 1280, "height": 900}, **screen})
        page.on("console", heard)
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("requestfailed", lambda request: said.append(f"asked for {request.url}"))
        page.goto(file.as_uri() + address)
        return page

    yield opened
    for context in browser.contexts:
        context.close()
    assert said == []
