"""Laws of tables that a reader sorts and filters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from playwright.sync_api import Locator, Page

from workspan.analysis.figures import Value
from workspan.reports.page import page
from workspan.reports.tables.html import Keyed, figure_table, table, verdict_table
from workspan.reports.tables.ordering import VERDICTS, row_values
from workspan.reports.tables.sheet import Row, Sheet, comparison_sheet

from ..samples import comparison, figure, verdict

ROWS = (
    ("lstm", "1,000", "n=64, d=32", Keyed("a third", "1/3")),
    ("gru", "900", "n=8, d=32", Keyed("a half", "1/2")),
    ("attention", "not taken", "n=8, d=4", Keyed("unknown", "")),
    ("rnn", "20,000", "n=64, d=9", Keyed("much", str(10**40 + 1))),
    ("scan", "900", "", Keyed("more", str(10**40))),
)
UPWARDS = {
    "work": ["gru", "scan", "lstm", "rnn", "attention"],
    "sizes": ["attention", "gru", "rnn", "lstm", "scan"],
    "share": ["lstm", "gru", "scan", "rnn", "attention"],
}
DOWNWARDS = {
    "work": ["rnn", "lstm", "gru", "scan", "attention"],
    "sizes": ["lstm", "rnn", "gru", "attention", "scan"],
    "share": ["rnn", "scan", "gru", "lstm", "attention"],
}


def first_cells(shown: Page) -> Locator:
    """Return what names the rows."""
    return shown.locator("tbody td:first-child")


def test_rows_are_sorted_exactly_stably_and_back(show: Callable[..., Page]) -> None:
    """Numbers go by value, sizes by their numbers, equal rows stay, and nothing stands last.

    The third click brings back the order of the page, whatever was sorted before.
    """
    shown = show(page("Sizes", [table(("model", "work", "sizes", "share"), ROWS)]))
    names = first_cells(shown)
    given = names.all_inner_texts()
    for column, upwards in UPWARDS.items():
        head = shown.get_by_role("columnheader", name=column)
        button = shown.get_by_role("button", name=column)
        button.dispatch_event("click")
        assert names.all_inner_texts() == upwards
        assert head.get_attribute("aria-sort") == "ascending"
        button.dispatch_event("click")
        assert names.all_inner_texts() == DOWNWARDS[column]
        assert head.get_attribute("aria-sort") == "descending"
        button.press("Enter")
        assert names.all_inner_texts() == given
        assert head.get_attribute("aria-sort") is None


def test_models_are_ordered_by_a_figure(show: Callable[..., Page]) -> None:
    """A figure's button moves whole columns, and says at which sizes the figure was taken."""
    shown = show(page("t", [figure_table(comparison_sheet(comparison()), linked=True)]))
    table = shown.locator("table.sheet")
    button = table.get_by_role("button", name="work")
    assert button.get_attribute("title") == "Order the models by this figure at n=64, d=32"

    def columns() -> list[list[str]]:
        rows = table.evaluate(
            "t => [...t.rows].map((r) => [...r.cells].slice(1).map((c) => c.textContent))"
        )
        return [list(column) for column in zip(*rows, strict=True)]

    given = columns()
    assert [c[0] for c in given] == ["attention", "lstm"]
    # 8*32*32*64 + 4*32*64*64 + 6*64*64 + 4*32*64 is less than 16*32*32*64 + 20*32*64.
    button.dispatch_event("click")
    assert columns() == given
    button.dispatch_event("click")
    assert columns() == given[::-1]
    table.get_by_role("button", name="state").dispatch_event("click")
    assert columns() == given[::-1], "attention has no state, and stands last"
    table.get_by_role("button", name="state").dispatch_event("click")
    assert columns() == given[::-1]
    table.get_by_role("button", name="state").dispatch_event("click")
    assert columns() == given


def test_values_of_a_row_are_taken_at_sizes_that_agree() -> None:
    """No two cells of a row are compared at different sizes, and most cells are compared."""
    small = figure("work", "n", values=(Value({"n": 4}, 4, 4), Value({"n": 8}, 8, 9)))
    window = replace(small, values=(Value({"n": 4, "w": 2}, 5), Value({"n": 8, "w": 3}, 7)))
    other = replace(small, values=(Value({"n": 4, "w": 2}, 6),))
    assert row_values(Row("k", "work", "work", (small, None, window))) == (
        {"n": 8, "w": 3},
        (9, None, 7),
    )
    assert row_values(Row("k", "work", "work", (small, other, window))) == (
        {"n": 4, "w": 2},
        (4, 6, 5),
    )
    none = replace(small, values=())
    assert row_values(Row("k", "work", "work", (none,))) == ({}, (None,))


def test_what_has_no_value_has_no_button(show: Callable[..., Page]) -> None:
    """A row that was taken nowhere orders nothing."""
    sheet = comparison_sheet(comparison())
    rows = tuple(
        replace(r, cells=tuple(f and replace(f, values=()) for f in r.cells)) for r in sheet.rows
    )
    shown = show(page("t", [figure_table(Sheet(sheet.models, rows, ""), linked=True)]))
    assert shown.locator("tbody .sort").count() == 0


def test_verdicts_are_sorted_by_what_they_mean_and_filtered(show: Callable[..., Page]) -> None:
    """Verdicts run from proved to out of reach; the boxes choose which of them are shown."""
    found = [replace(verdict(), verdict=v, statement=v) for v in reversed(VERDICTS)]
    shown = show(page("Claims", [verdict_table([*found, found[0]])]))
    shown.get_by_role("button", name="verdict").dispatch_event("click")
    assert list(dict.fromkeys(first_cells(shown).all_inner_texts())) == list(VERDICTS)
    box = shown.get_by_role("checkbox", name="out of reach (2)")
    box.uncheck()
    visible = [r for r in shown.locator("tbody tr").all() if r.is_visible()]
    assert len(visible) == len(VERDICTS) - 1
    assert shown.get_by_role("status").inner_text() == "4 of 6 shown"
    box.press("Space")
    assert all(r.is_visible() for r in shown.locator("tbody tr").all())
