"""Laws of LaTeX: it compiles, nothing is wider than its column, and a document takes a table in."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from workspan.reports.cli import main
from workspan.reports.notation.mathematics import latex
from workspan.reports.notation.tex import latex_escape
from workspan.reports.report import report_texts
from workspan.reports.tables.latex import LATEX
from workspan.reports.tables.typeset import Section

from .samples import HOSTILE, analysis, comparison, figure, verdict
from .test_typesetting import LONG

FOUNDING = Path(__file__).parents[2] / "reports" / "founding"
TEX = pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs a TeX")
NOTICED = 3.0
"""Points by which a line may be too long before anybody sees it."""


def log_of(text: str, folder: Path, *, draft: bool = True) -> str:
    """Compile a document, and return what TeX says of it."""
    (folder / "paper.tex").write_text(text, encoding="utf-8")
    mode = ["-draftmode"] if draft else []
    command = ["pdflatex", *mode, "-interaction=nonstopmode", "-halt-on-error", "paper.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=60)
    assert done.returncode == 0, done.stdout[-3000:].decode(errors="replace")
    return (folder / "paper.log").read_text(encoding="utf-8", errors="replace")


def faults(log: str) -> list[str]:
    """Return missing glyphs, and lines that are too long by more than is noticed."""
    wide = [
        line
        for line in re.findall(r"Overfull \\hbox \([\d.]+pt too wide\).*", log)
        if float(re.findall(r"\(([\d.]+)pt", line)[0]) > NOTICED
    ]
    return [*wide, *re.findall(r"Missing character:.*|LaTeX Font Warning:.*undefined.*", log)]


@TEX
def test_the_founding_report_compiles(tmp_path: Path) -> None:
    """The report that is kept beside the code has no line that is too long, and every glyph."""
    text = (FOUNDING / "report.tex").read_text(encoding="utf-8")
    assert faults(log_of(text, tmp_path)) == []


@TEX
def test_nothing_is_wider_than_its_column(tmp_path: Path) -> None:
    """Names without an end and long formulas break, in every table of a report."""
    name = "a_name_" * 12 + "withoutend" * 12
    odd = analysis("lstm", name, work=replace(figure("work", "n", "n"), domain=LONG[0]))
    crossovers = tuple(replace(comparison().crossovers[0], left=name, condition=t) for t in LONG)
    shown = replace(comparison(), analyses=(odd,), crossovers=crossovers, spans={})
    claim = verdict(statement="x" * 300, reason=" ".join(LONG), source=HOSTILE)
    text = report_texts(shown, [claim], title="y" * 200)["report.tex"]
    assert faults(log_of(text, tmp_path)) == []


@TEX
def test_a_fault_is_found(tmp_path: Path) -> None:
    """What finds faults finds a line that is too long, and a glyph that no font has."""
    body = "\\hbox to \\linewidth{\\rule{2\\linewidth}{1pt}}\\font\\x=cmr10 \\x\\char200"
    found = faults(log_of(LATEX.document([], "t").replace("\\end{", body + "\\end{"), tmp_path))
    assert len(found) == 2


@TEX
def test_a_table_is_taken_into_a_paper(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], canned: Callable[..., None]
) -> None:
    """With the packages that its first lines name, one line is all that a paper needs."""
    canned()
    assert main(["compare", "-o", str(tmp_path / "table.tex")]) == 0
    told, include, needs, *_ = (tmp_path / "table.tex").read_text(encoding="utf-8").splitlines()
    assert told.startswith("% Attention and recurrence: derived by workspan ")
    (package,) = re.findall(r"\\usepackage\{[a-z,]+\}", needs)
    (command,) = re.findall(r"\\input\{table.tex\}", include)
    paper = f"\\documentclass{{article}}\n{package}\n\\begin{{document}}\nA\n{command}\nB\n"
    assert faults(log_of(f"{paper}\\end{{document}}\n", tmp_path)) == []


@TEX
def test_a_picture_is_taken_into_a_paper(tmp_path: Path) -> None:
    """What ``draw`` and ``embed`` write as PDF is what pdfTeX includes, without a warning."""
    pytest.importorskip("typst")
    marker = "% workspan: picture gru --at L=2 --output g/own.pdf\n% /workspan\n"
    head = "\\documentclass{article}\\usepackage{graphicx}\\begin{document}\n"
    drawn = "\\includegraphics[width=\\linewidth]{drawn.pdf}\n"
    paper = tmp_path / "paper.tex"
    paper.write_text(f"{head}{marker}\n\\noindent{drawn}\\end{{document}}\n", encoding="utf-8")
    assert main(["draw", "gru", "-o", str(tmp_path / "drawn.pdf")]) == 0
    assert main(["embed", str(paper)]) == 0
    assert main(["embed", "--check", str(paper)]) == 0
    log = log_of(paper.read_text(encoding="utf-8"), tmp_path, draft=False)
    assert faults(log) == []
    assert "PDF inclusion" not in log
    assert log.count("<use ") == 2
    (tmp_path / "g" / "own.pdf").write_bytes(b"%PDF- of somebody else")
    assert main(["embed", str(paper)]) == 2


@TEX
def test_every_character_is_seen(tmp_path: Path) -> None:
    """No character stops TeX or is left out: what no font has is written as its number."""
    characters = [chr(c) for c in (*range(0x21, 0x500), *range(0x2000, 0x2300), 0x4E2D, 0x1F600)]
    shown = "".join(c for c in characters if c.isprintable())
    lines = (latex_escape(shown[k : k + 10]) for k in range(0, len(shown), 10))
    section = Section(shown[:90], "\n\n".join(lines))
    assert faults(log_of(LATEX.document([section], "αβ"), tmp_path)) == []


def test_a_quotient_that_is_long_stands_on_the_line() -> None:
    """A fraction or a root too wide for a column becomes a slash or a power, in parentheses."""
    assert latex("(n + 1)/d") == "\\frac{n + 1}{d}"
    sum_ = " + ".join(f"{k}*d*n" for k in range(2, 12))
    assert latex(f"({sum_})/(2*d)").endswith("11 d n) /\\allowbreak  \\left(2 d\\right)")
    assert "/" in latex(f"n*(({sum_})/(2*d))")
    assert latex(f"n*(({sum_})/(2*d))").startswith("n (")
    assert latex(f"n + ({sum_})/d").startswith("n + (2 d n")
    assert latex(f"sqrt({sum_})").endswith(")^{1 /\\allowbreak  2}")
