"""Laws of the explorer: what a reader chooses is what is shown, and all of it is what is derived."""

from __future__ import annotations

import itertools
import math
import random
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from workspan.analysis.api import compare, graph_of
from workspan.analysis.comparing.segments import segments
from workspan.analysis.deriving import derive
from workspan.analysis.figures import Comparison
from workspan.analysis.simulation.simulating import simulate
from workspan.graphs.setting import CHOICES, Setting
from workspan.reports.explorer import SCRIPTS, explorer
from workspan.reports.page import page
from workspan.reports.sections import section
from workspan.reports.tables.html import figure_table
from workspan.reports.tables.sheet import comparison_sheet

MODELS = ("lstm", "attention", "causal_windowed_attention", "linear_recurrence_scan")
AT = {"n": 96, "d": 32, "h": 4, "w": 9}
FIGURES = ("params", "work", "span", "parallelism", "state")


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    """Compare a few models, without other witnesses than their formulas."""
    return compare(MODELS, at=AT, figures=FIGURES, witnesses=("derived",))


@pytest.fixture(scope="module")
def text(comparison: Comparison) -> str:
    """Write a page with the explorer and a table once."""
    explored = explorer(comparison)
    assert explored is not None
    table = section("figures", "Figures", figure_table(comparison_sheet(comparison)))
    return page("Explored", [table, explored])


def go(shown: Page, address: str) -> None:
    """Go to an address of the explorer in the page that is open."""
    shown.evaluate(
        """(address) => new Promise((resolve) => {
          addEventListener("hashchange", () => setTimeout(resolve), { once: true });
          location.hash = address;
        })""",
        f"explore&{address}",
    )
    shown.wait_for_selector("#explore:not([aria-busy])")


def written(value: int | Fraction) -> str:
    """Write an exact number as pages do."""
    exact = Fraction(value)
    below = "" if exact.denominator == 1 else f"/{exact.denominator:,}"
    return f"{exact.numerator:,}{below}"


def ranking(shown: Page) -> list[tuple[str, str]]:
    """Return the models in their order, with the texts of their values."""
    listed = shown.get_by_role("list", name="Ranking").get_by_role("listitem")
    lines = listed.evaluate_all(
        "items => items.map(i => ['.name', '.value'].map(s => i.querySelector(s).innerText))"
    )
    return [(name, value) for name, value in lines]


def expected(figure: str, setting: Setting, at: dict[str, int]) -> dict[str, Fraction | None]:
    """Return what is derived for each model at sizes; None where it has no value."""
    found: dict[str, Fraction | None] = {}
    for model in MODELS:
        graph = graph_of(model, [AT])
        known = derive(figure, graph, setting)
        inside = known.formula is not None and all(at[s] >= v for s, v in known.least.items())
        found[model] = (
            Fraction(known.formula.evaluate(**{s: at[s] for s in known.formula.sizes}))
            if inside and known.formula is not None
            else None
        )
    return found


def test_every_setting_shows_what_is_derived(text: str, show: Callable[..., Page]) -> None:
    """Law: in every setting on offer the ranking holds the derived values, in their order."""
    shown, draw = show(text, address="#explore"), random.Random(5)
    for figure, mode in itertools.product(("work", "span"), CHOICES["mode"]):
        axes: dict[str, Any] = {
            axis: draw.choice(CHOICES[axis]) for axis in ("reduction", "pairs", "mac")
        }
        axes |= {"mode": mode, "unit": draw.choice(("layer", "tensor", "scalar"))}
        at = {**AT, "n": draw.choice((1, 7, 96, 10**6)), "d": draw.choice((4, 64, 4096))}
        chosen = "&".join(f"{k}={v}" for k, v in {**axes, **at, "figure": figure}.items())
        go(shown, chosen)
        values = expected(figure, Setting(**axes), at)
        told = dict(ranking(shown))
        assert set(told) == {m for m, v in values.items() if v is not None}, chosen
        for model, value in told.items():
            assert value.split()[0] == written(values[model] or 0), (model, chosen)
        assert list(told) == sorted(told, key=lambda m: values[m] or 0)
        assert shown.locator('[data-part="without"] li').count() == len(MODELS) - len(told)


def test_what_holds_for_one_layer_says_so(show: Callable[..., Page]) -> None:
    """Law: a formula for one layer has no value at two, and nothing is drawn along layers."""
    explored = explorer(compare(["rnn", "gru"], figures=("work",), witnesses=("derived",)))
    assert explored is not None
    shown = show(page("One layer", [explored]), address="#explore&mode=train")
    assert [name for name, _ in ranking(shown)] == ["rnn", "gru"]
    go(shown, "mode=train&L=2")
    assert ranking(shown) == []
    told = shown.locator('[data-part="without"] li').all_inner_texts()
    assert all("derived for L = 1 alone" in text for text in told)
    assert len(told) == 2
    go(shown, "mode=train&along=L")
    assert shown.locator("#explore svg .curve").count() == 0
    go(shown, "mode=encode&along=L&L=3")
    assert shown.locator("#explore svg .curve").count() == 2


def test_the_table_has_every_figure(text: str, show: Callable[..., Page]) -> None:
    """Law: the table holds the value, the grade and the growth of every figure of every model."""
    rows = show(text).get_by_role("region", name="Every figure").locator("tbody tr")
    for model, row in zip(MODELS, rows.all(), strict=True):
        assert row.get_by_role("rowheader").inner_text() == model
        cells = row.get_by_role("cell").all_inner_texts()
        for figure, cell in zip(FIGURES, cells, strict=True):
            value = expected(figure, Setting(), AT)[model]
            if value is None:
                reason = derive(figure, graph_of(model, [AT]), Setting()).reason
                assert cell == reason
            else:
                assert cell.split()[0] == written(value)
                assert "Θ(" in cell
                assert "proved" in cell


def test_the_order_of_the_table_is_kept_up(text: str, show: Callable[..., Page]) -> None:
    """Law: a table that was sorted by a figure stays in its order when sizes change."""
    shown = show(text)
    table = shown.get_by_role("region", name="Every figure")
    table.get_by_role("button", name="work flop").click()
    for n in (20, 10**6):
        go(shown, f"n={n}")
        values = expected("work", Setting(), {**AT, "n": n})
        names = table.locator("tbody th").all_inner_texts()
        assert names == sorted(MODELS, key=lambda m: values[m] or 0)


def test_sizes_are_chosen_by_keyboard_alone(text: str, show: Callable[..., Page]) -> None:
    """Law: fields and sliders have names and say the same; the address holds what is chosen, and
    opens the same view.
    """
    shown = show(text)
    before = shown.evaluate("history.length")
    field = shown.get_by_role("spinbutton", name="n", exact=True)
    assert field.input_value() == "96"
    field.focus()
    field.press("Control+a")
    field.press_sequentially("1000")
    slider = shown.get_by_role("slider", name="d, through powers of two")
    slider.focus()
    slider.press("ArrowRight")
    assert shown.get_by_role("spinbutton", name="d", exact=True).input_value() == "64"
    assert slider.get_attribute("aria-valuetext") == "64"
    for name, choice in (("figure", "span"), ("unit", "scalar"), ("plotted along", "d")):
        shown.get_by_role("combobox", name=name, exact=True).select_option(choice)
    told = shown.locator('[data-part="told"]')
    expect(told).to_contain_text("Span at n = 1,000, d = 64")
    shown.wait_for_function("location.hash.includes('along=d')")
    address = shown.evaluate("location.hash")
    assert address.startswith("#explore&n=1000&d=64&")
    assert "unit=scalar&figure=span" in address
    assert "mode" not in address
    assert shown.evaluate("history.length") == before
    shown.evaluate("location.hash = 'explore'")
    assert told.inner_text().startswith("Span at n = 1,000, d = 64")
    again = show(text, address=address)
    assert again.locator('[data-part="told"]').inner_text() == told.inner_text()
    assert ranking(again) == ranking(shown)


def test_what_is_no_size_is_not_taken(text: str, show: Callable[..., Page]) -> None:
    """Law: a field that holds no size says so, and the values stay those of the last size."""
    shown = show(text)
    field, told = shown.get_by_role("spinbutton", name="n", exact=True), ranking(shown)
    for wrong in ("", "0", "-3", "1.5", "1e3", "10000000000000"):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true", wrong
        assert ranking(shown) == told
    field.fill("97")
    assert field.get_attribute("aria-invalid") is None
    assert ranking(shown) != told


ABSURD = (
    "q=1",
    "n=0",
    "d=1e9",
    "h=-4",
    "w=99999999999999",
    "unit=unbounded",
    "mode=constructor",
    "figure=__proto__",
    "along=toString",
    "__proto__=1",
    "constructor=1",
    "w=<img src=x onerror=alert(1)>",
    "h=2;alert(1)",
    "%zz=%e0%a4%a",
    "n",
    "processors=0x10",
)


def test_an_absurd_address_chooses_nothing(text: str, show: Callable[..., Page]) -> None:
    """Law: what is unknown or absurd in an address is named and left out, and the rest counts."""
    shown = show(text)
    plain, note = ranking(shown), shown.locator('[data-part="note"]')
    for parts in (ABSURD[:5], ABSURD[5:10], ABSURD[10:]):
        go(shown, "&".join(parts))
        told = note.inner_text()
        assert told.startswith("Left out of the address: ")
        assert told.count(" (") == 5
        assert all(f"{part[:40]} (" in told for part in parts[:5] if "<" not in part)
        assert ranking(shown) == plain
    go(shown, "n=" + "1" * 5000)
    expect(note).to_contain_text("longer than")
    go(shown, "n=3&n=4&q=1")
    assert "n=4 (named twice)" in note.inner_text()
    assert shown.get_by_role("spinbutton", name="n", exact=True).input_value() == "3"
    started = show(text, address="#explore&" + "&".join(ABSURD))
    assert ranking(started) == plain


def test_sizes_that_fit_no_model_have_no_value(text: str, show: Callable[..., Page]) -> None:
    """Law: where a model does not exist, or a formula does not hold, a reason takes its place."""
    shown = show(text, address="#explore&h=7")
    without = shown.locator('[data-part="without"] li')
    assert {m for m, _ in ranking(shown)} == {"lstm", "linear_recurrence_scan"}
    for line in without.all_inner_texts():
        assert line.endswith("no such model: d/h is not whole at d = 32, h = 7")
    least = derive("parallelism", graph_of("linear_recurrence_scan", [AT]), Setting()).least
    assert least["n"] > 1
    go(shown, "figure=parallelism&n=1")
    assert "linear_recurrence_scan: the formula holds for n ≥ 2" in without.all_inner_texts()


def order_of(one: str, other: str, along: str) -> list[tuple[int, str, str]]:
    """Return from where on which of two models has less work than the other, after the first."""
    costs = [
        derive("work", graph_of(m, [AT]), Setting(pairs="masked")).formula for m in (one, other)
    ]
    assert costs[0] is not None
    assert costs[1] is not None
    fixed = {s: v for s, v in AT.items() if s != along}
    runs = segments(costs[0].substitute(fixed) - costs[1].substitute(fixed), 1, 10**12)
    kept = [r for r in runs if r.sign or r.first < r.last]
    firsts = [next(group) for _, group in itertools.groupby(kept, key=lambda r: r.sign)]
    names = {-1: (one, other), 1: (other, one)}
    return [(r.first, *names[r.sign]) for r in firsts[1:] if r.sign]


def test_crossovers_are_where_the_order_turns(text: str, show: Callable[..., Page]) -> None:
    """Law: the listed turns are the solved ones of every pair, along any size, no more and no less."""
    shown = show(text, address="#explore")
    for along in ("n", "d"):
        go(shown, f"figure=work&pairs=masked&along={along}")
        expect(shown.locator('[data-part="turns-title"]')).to_have_text(
            f"Crossovers of work along {along}"
        )
        expect(shown.locator('[data-part="turns-told"]')).to_contain_text("solved exactly")
        told = shown.locator('[data-part="turns"] li').all_inner_texts()
        pattern = r"From \w = ([\d,]+) .*, (\w+) has less work than (\w+)"
        found = [(m[1], m[2], m[3]) for line in told if (m := re.match(pattern, line))]
        solved = [t for a, b in itertools.combinations(MODELS, 2) for t in order_of(a, b, along)]
        assert {(int(at.replace(",", "")), *names) for at, *names in found} == set(solved)
        assert len(found) == len(solved) > 0
        assert shown.locator("#explore svg circle").count() <= len(solved)


def test_schedules_lie_in_the_interval(text: str, show: Callable[..., Page]) -> None:
    """Law: the steps that a simulated schedule takes are in the interval that the page shows."""
    at = {"n": 6, "d": 4, "h": 2, "w": 3}
    shown = show(text, address="#explore")
    for unit, p in (("tensor", 3), ("scalar", 16)):
        go(shown, "&".join(f"{k}={v}" for k, v in {**at, "unit": unit, "processors": p}.items()))
        rows = shown.get_by_role("region", name="Brent's interval").locator("tbody tr").all()
        for model, row in zip(MODELS, rows, strict=True):
            own = {s: v for s, v in at.items() if s in graph_of(model, [at]).free_sizes}
            one = simulate(model, at=own, processors=(p,), setting=Setting(unit=unit))
            name, *numbers = row.locator("th, td").all_inner_texts()
            work, span, least, most = (int(x.replace(",", "")) for x in numbers)
            assert (name, work, span) == (model, one.work, one.span)
            assert least == max(math.ceil(Fraction(work, p)), span)
            assert least <= (one.runs[0].makespan or 0) <= most


def test_a_phone_shows_all_of_it(text: str, show: Callable[..., Page]) -> None:
    """Law: nothing is wider than a phone, and what is touched is at least 40 pixels high."""
    shown = show(text, address="#explore", viewport={"width": 390, "height": 900})
    explored = shown.locator("#explore")
    assert explored.evaluate("element => element.scrollWidth <= element.clientWidth")
    for control in explored.locator("input, select, .copy").all():
        box = control.bounding_box()
        assert box is not None
        assert box["height"] >= 40
    labels = shown.locator("#explore svg text[class]").all_text_contents()
    assert len(labels) == len(MODELS)
    assert all(label in "1234" for label in labels)


def test_without_scripts_it_is_not_there(text: str, browser: Browser, tmp_path: Path) -> None:
    """Law: where no script runs, the section is hidden and the rest of the page is whole."""
    file = tmp_path / "page.html"
    file.write_text(text, encoding="utf-8")
    context = browser.new_context(java_script_enabled=False)
    quiet = context.new_page()
    quiet.goto(file.as_uri())
    expect(quiet.locator("#explore")).to_be_hidden()
    expect(quiet.locator("#figures")).to_be_visible()
    context.close()


def test_other_pages_do_without_it(show: Callable[..., Page]) -> None:
    """Law: a page without the explorer's data runs the same scripts and says nothing."""
    assert show(page("Empty", [])).locator("#explore").count() == 0


def test_scripts_share_no_name() -> None:
    """Law: the scripts, which run as one program, name each of their own things once."""
    folder = files("workspan.reports.scripts")
    names: Counter[str] = Counter()
    for script in folder.iterdir():
        if script.name.endswith(".js"):
            text = script.read_text(encoding="utf-8")
            names.update(re.findall(r"^(?:async )?(?:function|const|let|class) (\w+)", text, re.M))
    assert [name for name, times in names.items() if times > 1] == []


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_parse(name: str) -> None:
    """Law: each script is a program by itself, as node reads it."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("expected node on the path")
    with as_file(files("workspan.reports.scripts").joinpath(f"{name}.js")) as path:
        subprocess.run([node, "--check", str(path)], check=True, capture_output=True)
