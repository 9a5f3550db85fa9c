"""Laws of tables that a reader sorts."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Page

from workspan.reports.page import page
from workspan.reports.tables.html import table

ROWS = (("lstm", "1,000"), ("gru", "900"), ("attention", "not taken"), ("rnn", "20,000"))


def test_a_column_of_numbers_is_sorted_by_value(show: Callable[..., Page]) -> None:
    """Law: the second click turns the order around, and what is no number stands at one end."""
    shown = show(page("Sizes", [table(("model", "work"), ROWS)]))
    head = shown.get_by_role("button", name="work")
    names = shown.locator("tbody td:first-child")
    head.click()
    assert names.all_inner_texts() == ["gru", "lstm", "rnn", "attention"]
    head.click()
    assert names.all_inner_texts() == ["attention", "rnn", "lstm", "gru"]
    assert shown.get_by_role("columnheader", name="work").get_attribute("aria-sort") == "descending"
