"""Laws of Typst and PDF: text stays text, formulas fit their columns, pages hold all of it."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.figures import Comparison, Verdict
from workspan.graphs.sizes import Poly
from workspan.reports.cli import main
from workspan.reports.notation.markup import printable, typst_escape
from workspan.reports.notation.mathematics import typst
from workspan.reports.report import report_texts, with_pdf
from workspan.reports.tables.typst import TYPST
from workspan.reports.typesetting import document_pdf, picture_pdf

from .samples import HOSTILE, analysis, comparison, figure, verdict
from .test_escaping import hostile
from .test_notation import FORMULAS

compiler = pytest.importorskip("typst")
POPPLER = pytest.mark.skipif(shutil.which("pdftotext") is None, reason="needs poppler")
LONG = (
    "w < (-3*2**(ceil(log2(n)))*d - 8*d**2*n + 3*ceil(log2(n))*d*n + 3*d + 2*n)/(4*d*n + 6*n)",
    "max(d*n + 2*n**2, max(3*d*n + n**2, 4*d*n), 16*d**2*n + 20*d*n + 4*d*f*n + 7*d*n*w)",
    "d < (4*w - 17 + sqrt(16*w**2 + 56*w*n + 225*n**2 + 11*n*w**3 + 13*n**2*w))/16",
    "ceil((n - 1)*(d*n + 2*n**2 + 3*d*n + n**2 + 4*d*n + 7)/(k/2 - 1/2 + n + d + w + 1))",
)


def pdf_of(shown: Comparison, claim: Verdict, title: str) -> bytes:
    """Return a report as PDF."""
    made = with_pdf(report_texts(shown, [claim], title=title))["report.pdf"]
    assert isinstance(made, bytes)
    return made


def queried(source: str, label: str) -> list[Any]:
    """Return the values that a document holds under a label."""
    whole = f"#set document(date: none)\n{source}".encode()
    return list(json.loads(compiler.query(whole, label, field="value", ignore_system_fonts=True)))


@settings(max_examples=20)
@given(st.lists(st.text(), min_size=1, max_size=20))
def test_escaped_text_is_text(texts: list[str]) -> None:
    """Any text, once escaped, is the same text to Typst, and nothing else: no list, no code."""
    texts = [*texts, HOSTILE, "1. a", "- a", "= a", "/ a: b", "a...b -- c", "@a <b> `c` // d"]
    source = "\n".join(f"#metadata([{typst_escape(t)}]) <text>" for t in texts)
    for text, found in zip(texts, queried(source, "<text>"), strict=True):
        parts = found["children"] if found["func"] == "sequence" else [found]
        assert {p["func"] for p in parts} <= {"text", "symbol", "space"}
        assert "".join(p.get("text", " ") for p in parts).split() == printable(text).split()


@settings(max_examples=10)
@given(st.lists(FORMULAS, min_size=1, max_size=20))
def test_typst_takes_every_formula(formulas: list[Poly]) -> None:
    """Any formula is mathematics to Typst."""
    shown = "\n".join(f"#metadata([${typst(str(f))}$]) <formula>" for f in formulas)
    assert len(queried(shown, "<formula>")) == len(formulas)


def test_long_formulas_break_into_lines() -> None:
    """No line of a long formula is wider than the column that it stands in."""
    asked = "\n".join(
        f"#context [#metadata(measure(width: 150pt, ${typst(text)}$).width.pt()) <width>]"
        for text in LONG
    )
    widths = queried(f"#set text(size: 9pt)\n{asked}", "<width>")
    assert len(widths) == len(LONG)
    assert max(widths) <= 150


def test_documents_compile_hostile_names_and_all() -> None:
    """A report whose every text is hostile becomes a PDF, with its drawings."""
    shown = hostile()
    claim = verdict(statement=HOSTILE, reason=HOSTILE, source=HOSTILE)
    for title, found in (("plain", comparison()), (HOSTILE, shown)):
        assert pdf_of(found, claim, title).startswith(b"%PDF-")


def test_a_table_is_included_in_a_document(tmp_path: Path) -> None:
    """What ``#include`` takes changes nothing but its own place in a document."""
    table = TYPST.fragment(TYPST.comparison(comparison()), "about\nthis", "table.typ")
    assert table.startswith('// about this\n// In a document: #include "table.typ"\n')
    around = '#set document(date: none)\n#set text(size: 12pt)\n#include "table.typ"\n'
    after = "#context [#metadata(text.size.pt()) <size>]\n"
    (tmp_path / "main.typ").write_text(around + after, encoding="utf-8")
    (tmp_path / "table.typ").write_text(table, encoding="utf-8")
    found = compiler.query(str(tmp_path / "main.typ"), "<size>", field="value")
    assert json.loads(found) == [12.0]


def words(pdf: bytes, folder: Path) -> list[tuple[float, float, float, float, str]]:
    """Return the words of a PDF with the share of the page at which each begins and ends."""
    (folder / "a.pdf").write_bytes(pdf)
    command = ["pdftotext", "-bbox", "a.pdf", "-"]
    text = subprocess.run(command, cwd=folder, capture_output=True, check=True).stdout.decode()
    found: list[tuple[float, float, float, float, str]] = []
    for page in re.findall(r"<page .*?</page>", text, re.DOTALL):
        width, height = map(float, re.findall(r'(?:width|height)="([\d.]+)"', page)[:2])
        for box in re.findall(r"<word (.*?)>(.*?)</word>", page):
            x0, y0, x1, y1 = map(float, re.findall(r'"([\d.-]+)"', box[0]))
            spot = (x0 / width, y0 / height, x1 / width, y1 / height)
            found.append((*spot, html.unescape(box[1])))
    return found


@POPPLER
def test_nothing_is_cut_off(tmp_path: Path) -> None:
    """Names without an end, long formulas and wide graphs all stay within the margins."""
    name = "a_name_" * 12 + "withoutend" * 12
    odd = analysis("lstm", name, work=replace(figure("work", "n", "n"), domain=LONG[0]))
    crossover = replace(comparison().crossovers[0], left=name, condition=LONG[0])
    shown = replace(comparison(), analyses=(odd,), crossovers=(crossover,), spans={})
    claim = verdict(statement="x" * 300, reason=" ".join(LONG))
    found = words(pdf_of(shown, claim, "y" * 200), tmp_path)
    margin = 2 / 21  # of a page of A4, less than a letter is wide
    assert min(w[0] for w in found) > margin - 0.002
    assert max(w[2] for w in found) < 1 - margin + 0.002
    assert min(w[1] for w in found) > 0.05
    assert max(w[3] for w in found) < 0.99


@POPPLER
def test_a_report_says_what_it_is(tmp_path: Path) -> None:
    """The PDF has the title, sections, setting, grades, witnesses, drawings and page numbers."""
    found = words(pdf_of(comparison(), verdict(), "Attention and recurrence"), tmp_path)
    text = " ".join(w[4] for w in found)
    for said in (
        "Attention and recurrence",
        "Who is cheaper where",
        "Setting: encode, unit tensor",
        "proved m= r=",
        "conditional",
        "The graphs",
        "critical path",
    ):
        assert said in text
    pages = [w[4] for w in found if w[1] > 0.93]
    assert pages[:3] == ["1", "/", pages[-1]]


def test_pictures_are_as_large_as_they_are() -> None:
    """A picture in PDF is one page of its own size, a pixel being three quarters of a point."""
    svg = '<svg xmlns="http://www.w3.org/2000/svg" width="400" height="80" viewBox="0 0 400 80"/>'
    pdf = picture_pdf(svg, 'a "name"')
    assert re.findall(rb"/MediaBox\s?\[(.*?)\]", pdf) == [b"0 0 300 60"]


def test_every_picture_is_a_pdf_by_its_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What a command draws is PDF in a file called so; a file that is no picture is refused."""
    asked = ["simulate", "rnn", "--at", "n=2,d=1", "--processors", "1", "-o"]
    assert main([*asked, str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-1.5")
    capsys.readouterr()
    assert main([*asked, str(tmp_path / "a.png")]) == 2
    assert "expected --output to be an .svg or .pdf file" in capsys.readouterr().err


def test_without_the_extra_it_is_one_line(
    monkeypatch: pytest.MonkeyPatch,
    canned: Callable[..., None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Without Typst every command that writes PDF says how to get it, and nothing is written."""
    monkeypatch.setitem(sys.modules, "typst", None)
    target = tmp_path / "a.pdf"
    paper = tmp_path / "a.tex"
    text = "% workspan: picture gru --output b.pdf\n% /workspan\n"
    paper.write_text(text, encoding="utf-8")
    for command in (
        ["embed", str(paper)],
        ["draw", "gru", "-o", str(target)],
        ["simulate", "rnn", "-o", str(target)],
        ["predict", "rnn", "-o", str(target)],
        ["map", "-o", str(target)],
        ["experiment", "copying", "-o", str(target)],
        ["compare", "-o", str(target)],
        ["report", "--pdf", "-o", str(tmp_path / "report")],
    ):
        assert main(command) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "pip install 'workspan[pdf]'" in error
    assert [p.name for p in tmp_path.iterdir()] == ["a.tex"]
    assert paper.read_text(encoding="utf-8") == text
    canned()
    assert main(["report", "-o", str(tmp_path / "report")]) == 0
    assert not (tmp_path / "report" / "report.pdf").exists()


def test_a_document_reads_nothing_of_the_machine(tmp_path: Path) -> None:
    """A file of the disk is not found from within a document."""
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    with pytest.raises(compiler.TypstError):
        document_pdf(f'#read("{tmp_path}/secret.txt")')
