"""Laws of text from outside: it is shown, and it is never markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.analysis.figures import Comparison
from workspan.graphs.sizes import poly
from workspan.reports.notation.markup import code, escape
from workspan.reports.notation.tex import latex_escape
from workspan.reports.page import comparison_page
from workspan.reports.pictures.diagrams import dot, graph_record, mermaid
from workspan.reports.pictures.draw import svg
from workspan.reports.tables.latex import LATEX, comparison_latex
from workspan.reports.tables.markdown import comparison_markdown
from workspan.reports.tables.records import comparison_record, dumps

from .samples import HOSTILE, analysis, comparison, figure, verdict


def hostile() -> Comparison:
    """A comparison in which every text from outside is hostile."""
    plain = comparison()
    bad = replace(
        figure("work", "n", "n"),
        domain=HOSTILE,
        steps=(HOSTILE,),
        unit=HOSTILE,
        by_primitive={HOSTILE: poly(1)},
    )
    graph = replace(plain.analyses[1].graph, name=HOSTILE, doc=HOSTILE)
    worst = replace(analysis("lstm", HOSTILE, work=bad), graph=graph)
    none = replace(figure("state", None), reason=HOSTILE)
    crossover = replace(plain.crossovers[0], left=HOSTILE, counted=HOSTILE, condition=HOSTILE)
    first = replace(plain.analyses[0], figures={**plain.analyses[0].figures, "state": none})
    return Comparison((first, worst), {"layer": {HOSTILE: bad}}, (crossover,))


def parsed(page: str) -> ElementTree.Element:
    """Parse a page as XML; what a script holds is taken out, and one of them is a program."""
    assert page.count("<script>") == 1
    return ElementTree.fromstring(re.sub("(?s)(<script[^>]*>).*?(</script>)", r"\1\2", page))


def test_html_escapes_every_text_from_outside() -> None:
    """A hostile name is text in the page: the page parses, and holds no element that it named."""
    page = comparison_page(hostile(), [verdict(statement=HOSTILE, reason=HOSTILE)], title=HOSTILE)
    root = parsed(page)
    assert len([e for e in root.iter("script") if "type" not in e.attrib]) == 1
    assert "alert('x')" in "".join(root.itertext())


def test_a_page_needs_nothing_from_outside() -> None:
    """A page has no script but its own, no link to elsewhere, no handler, no style attribute."""
    root = parsed(comparison_page(comparison(), [verdict()], title="t"))
    for element in root.iter():
        names = {name.rpartition("}")[2] for name in element.attrib}
        assert not {"src", "style"} & names
        assert not [n for n in names if n.startswith("on")]
        assert all(v.startswith("#") for k, v in element.attrib.items() if k.endswith("href"))


def test_links_lead_somewhere_and_ids_are_unique() -> None:
    """Every link of a page has exactly one target in it."""
    root = parsed(comparison_page(comparison(), title="t"))
    ids = [e.attrib["id"] for e in root.iter() if "id" in e.attrib]
    assert len(ids) == len(set(ids))
    assert {e.attrib["href"][1:] for e in root.iter("a")} <= set(ids)


def test_drawings_escape_names() -> None:
    """A drawing of a model with a hostile name parses as XML and holds no script."""
    graph = replace(comparison().analyses[1].graph, name=HOSTILE)
    root = ElementTree.fromstring(svg(graph).encode())
    assert not [e for e in root.iter() if e.tag.endswith("script")]
    assert "\x00" not in dot(graph) + mermaid(graph)
    json.dumps(graph_record(graph))


def test_latex_escapes_specials() -> None:
    """In LaTeX, special characters of a name are always escaped."""
    body = comparison_latex(hostile(), [verdict(statement=HOSTILE)])
    assert "50\\% \\$x\\$ \\#1" in body
    assert "\\textbackslash{}end\\{document\\}" in body
    for name in ("longtable",):
        assert body.count(f"\\begin{{{name}}}") == body.count(f"\\end{{{name}}}")


@given(st.text())
def test_escaped_text_is_balanced(text: str) -> None:
    """Any text, once escaped, opens no brace that it does not close, and no element."""
    written = latex_escape(text).replace("\\{", "").replace("\\}", "")
    assert written.count("{") == written.count("}")
    assert not set("<>\"'") & set(escape(text))
    ElementTree.fromstring(f"<p>{escape(text)}</p>")


@given(st.text())
def test_code_spans_close(text: str) -> None:
    """A code span ends with its fence, holds no bare pipe, and stays on one line."""
    span = code(text)
    fence = span[: len(span) - len(span.lstrip("`"))]
    assert span.endswith(fence)
    assert "\n" not in span
    assert "|" not in span.replace("\\|", "")


def test_markdown_cells_stay_cells() -> None:
    """Every row of a Markdown table has as many bars as its header."""
    lines = comparison_markdown(hostile(), [verdict(statement=HOSTILE)]).splitlines()
    header = 0
    for before, line in zip(["", *lines], lines, strict=False):
        bars = line.replace("\\|", "").count("|")
        if line.startswith("|") and not before.startswith("|"):
            header = bars
        if line.startswith("|"):
            assert bars == header


def test_json_holds_hostile_names_as_they_are() -> None:
    """JSON gives back every name unchanged."""
    record = json.loads(dumps(comparison_record(hostile())))
    assert record["models"][1]["model"] == HOSTILE


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs a TeX")
def test_latex_compiles(tmp_path: Path) -> None:
    """The document compiles, hostile names and all."""
    for name, shown in (("plain", comparison()), ("hostile", hostile())):
        sections = LATEX.comparison(shown, [verdict(statement=HOSTILE)])
        text = LATEX.document(sections, HOSTILE)
        (tmp_path / f"{name}.tex").write_text(text, encoding="utf-8")
        command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", f"{name}.tex"]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout[-3000:].decode(errors="replace")
