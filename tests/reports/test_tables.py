"""Laws of tables: what a cell says."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from dataclasses import replace
from typing import Any

import pytest

import workspan.reports
from workspan.analysis.figures import Value
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace
from workspan.reports.display import html_of, latex_of, markdown_of, register
from workspan.reports.notation.domains import holds
from workspan.reports.page import comparison_page
from workspan.reports.pictures.growth import growth
from workspan.reports.report import report_texts
from workspan.reports.tables.latex import comparison_latex
from workspan.reports.tables.markdown import comparison_markdown
from workspan.reports.tables.sheet import comparison_sheet, counts_text, marks, number_text
from workspan.reports.tables.text import (
    analyses_printer,
    comparison_printer,
    text_of,
    verdicts_printer,
)

from .samples import analysis, comparison, disagreeing, figure, verdict


def test_marks_name_each_witness_that_was_taken() -> None:
    """A mark says what a witness found, and nothing for one that was not taken."""
    assert marks(figure("work", "n")) == "proved, measured =, run ="
    assert marks(disagreeing()) == "proved, measured !="
    assert marks(figure("work", "n", values=())) == "proved"
    alone = figure("work", None, values=(Value({"n": 2}, None, 3),))
    assert marks(alone) == "measured only"


def test_disagreement_is_in_the_cell() -> None:
    """Where witnesses differ, every format says so in the cell itself."""
    shown = comparison(work=disagreeing())
    line = "WITNESSES DISAGREE at n=4: derived 4, measured 5"
    assert line in text_of(comparison_printer(shown))
    assert line in comparison_markdown(shown)
    assert line in comparison_latex(shown)
    assert line in comparison_page(shown, title="t")
    assert "DISAGREE" not in text_of(comparison_printer(comparison()))


def test_tables_fit_a_terminal() -> None:
    """No line of a table is wider than a hundred columns."""
    text = text_of(comparison_printer(comparison()), width=100)
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "sequential operations (step), for all sizes" in text
    assert "n < 2*d" in text


def test_a_domain_that_differs_is_printed_with_its_formula() -> None:
    """A formula that holds for fewer sizes than its row says so."""
    shown = comparison(work=figure("work", "n*w", "n", domain="n >= w", values=()))
    text = text_of(comparison_printer(shown))
    assert "for n >= w" in text


def test_counts_add_up() -> None:
    """The counts are those of the cells that are shown."""
    assert counts_text(comparison_sheet(comparison())) == (
        "11 cells: 10 proved, 0 fitted, 10 measured, 10 run"
    )


def test_values_are_listed_at_the_sizes_given() -> None:
    """The text of an analysis lists every witness at every size."""
    text = text_of(analyses_printer([analysis()], values=True))
    assert "n=64, d=32" in text
    assert "1,089,536" in text


def test_claims_print_their_reason() -> None:
    """A verdict prints the condition, the evidence and the source."""
    text = text_of(verdicts_printer([verdict()]))
    assert text.startswith("conditional: sequential: recurrence needs O(n)")
    assert "for a non-linear recurrence" in text
    assert "Vaswani et al. 2017" in text


def test_everything_shows_itself() -> None:
    """Figures, analyses, comparisons, verdicts and graphs have HTML and Markdown; nothing else has."""
    for shown in (
        figure("work", "n"),
        analysis(),
        comparison(),
        verdict(),
        trace(CATALOGUE["gru"]),
    ):
        assert html_of(shown).startswith("<div")
        assert markdown_of(shown)
    assert latex_of(figure("work", "n**2")) == "$n^{2}$"
    assert latex_of(trace(CATALOGUE["gru"])) is None
    with pytest.raises(TypeError, match="expected a Figure"):
        html_of(3)


def test_registered_results_show_themselves() -> None:
    """Once registered, results have the methods that notebooks call."""
    register()
    shown: Any = analysis()
    assert shown._repr_html_() == html_of(shown)
    assert shown["work"]._repr_latex_().startswith("$")
    assert "</svg>" in shown.graph._repr_svg_()
    assert markdown_of(shown.graph).startswith("```mermaid")


def test_plots_mark_where_curves_cross() -> None:
    """A plot marks the first n at which one formula is above the other: 513 at d = 256."""
    shown = comparison()
    sheet = comparison_sheet(shown)
    (row,) = [r for r in sheet.rows if r.key == "work"]
    found = growth(row, sheet.models, sheet.setting, {})
    assert found.title == "work over n"
    assert found.notes[1].endswith(" a, n = 513: attention over lstm.")


def test_reports_are_the_same_twice() -> None:
    """Every file of a report has the same bytes for the same input."""
    first, second = (report_texts(comparison(), [verdict()]) for _ in range(2))
    assert first == second
    assert list(first) == [
        "report.html",
        "report.md",
        "report.tex",
        "report.typ",
        "report.json",
        "report.csv",
        "attention.svg",
        "lstm.svg",
    ]


def test_each_model_has_a_drawing_of_its_own() -> None:
    """Names that differ in what no file name should have do not share a file."""
    models = tuple(analysis("lstm", name) for name in ("λ_net", "net", "μ_net"))
    texts = report_texts(replace(comparison(), analyses=models, spans={}, crossovers=()))
    drawn = [name for name in texts if name.endswith(".svg")]
    assert drawn == ["net.svg", "net_2.svg", "net_3.svg"]
    assert all(f'"{name}"' in texts["report.typ"] for name in drawn)


def test_numbers_are_exact_until_they_are_long() -> None:
    """Whole numbers and small fractions are exact."""
    from fractions import Fraction

    assert number_text(1234567) == "1,234,567"
    assert number_text(Fraction(7, 3)) == "7/3"
    assert number_text(0.1) == "0.1"
    assert number_text(None) == ""


def test_domains_restrict_only_what_they_say() -> None:
    """A domain holds if all of its comparisons do; words restrict nothing."""
    assert holds("n >= 1, d >= 1", {"n": 1, "d": 1})
    assert not holds("2 <= n < w and d >= 1", {"n": 5, "w": 5, "d": 1})
    assert holds("all sizes", {"n": 1})
    assert holds("n is even", {"n": 1})


@pytest.mark.parametrize("name", [m.name for m in pkgutil.iter_modules(workspan.reports.__path__)])
def test_examples_in_docstrings_run(name: str) -> None:
    """Examples in docstrings say what the code does."""
    module = importlib.import_module(f"workspan.reports.{name}")
    assert doctest.testmod(module).failed == 0
