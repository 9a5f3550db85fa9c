"""Laws of files in every format: the same bytes for the same input, and numbers without loss."""

from __future__ import annotations

import csv
import hashlib
import html
import importlib.util
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workspan.analysis.figures import Value
from workspan.reports.cli import main
from workspan.reports.commands.app import ENDINGS, RICH
from workspan.reports.notation.markup import code, markdown_escape, printable
from workspan.reports.tables.records import analyses_record, dumps
from workspan.reports.tables.separated import analyses_csv, comparison_csv

from .samples import analysis, comparison, figure, verdict

ROOT = Path(__file__).parents[2]
FRACTIONS = (Value({"n": 3}, Fraction(7, 3), Fraction(7, 3), 10**30),)
TYPST = importlib.util.find_spec("typst") is not None

Canned = Callable[..., None]


def made(folder: Path, **environment: str) -> dict[str, str]:
    """Return the digests of all files of a report that a process of its own makes in a folder."""
    folder.mkdir()
    model = "from workspan import linear, tanh\n\ndef mine(x):\n    return tanh(linear(x, 'd'))\n"
    (folder / "mine.py").write_text(model, encoding="utf-8")
    pdf, picture = (["--pdf"], "draw.pdf") if TYPST else ([], "draw.svg")
    report = ["report", "mine.py:mine", "rnn", "--figures", "work,parallelism", *pdf]
    commands = ([*report, "--at", "n=5,d=3", "-o", "out"], ["draw", "rnn", "-o", f"out/{picture}"])
    code = f"from workspan.reports.cli import main\nassert not any(map(main, {commands!r}))\n"
    clean = {k: v for k, v in os.environ.items() if k not in {"LC_ALL", "SOURCE_DATE_EPOCH"}}
    subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**clean, **environment},
        capture_output=True,
        check=True,
    )
    files = (folder / "out").iterdir()
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    """No file of a report depends on hash order, time zone, language, terminal or folder."""
    one = made(tmp_path / "one", PYTHONHASHSEED="1", TZ="Asia/Tokyo", LANG="C", COLUMNS="60")
    two = made(tmp_path / "a b", PYTHONHASHSEED="2", TZ="America/Lima", LANG="de_DE.UTF-8")
    assert one == two
    endings = {Path(name).suffix for name in one}
    assert endings == {".csv", ".html", ".json", ".md", ".svg", ".tex", ".typ"} | (
        {".pdf"} if TYPST else set()
    )


@pytest.mark.parametrize("command", ["analyze", "compare"])
def test_a_file_is_what_is_printed(
    command: str, canned: Canned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The ending of a file says its format, and it holds what would be printed."""
    canned()
    for ending, style in ENDINGS.items():
        if style not in RICH or style == "pdf":
            continue
        path = tmp_path / f"table{ending}"
        assert main([command, "lstm", "-o", str(path)]) == 0
        assert capsys.readouterr().out == ""
        assert main([command, "lstm", "--format", style]) == 0
        printed = capsys.readouterr().out.replace("FILE", path.name).splitlines()
        written = path.read_text(encoding="utf-8").splitlines()
        assert [line.rstrip() for line in written] == [line.rstrip() for line in printed]


def test_a_format_goes_before_the_ending(canned: Canned, tmp_path: Path) -> None:
    """A format that is given is written, whatever the file is called."""
    canned()
    assert main(["compare", "--format", "json", "-o", str(tmp_path / "table.data")]) == 0
    assert json.loads((tmp_path / "table.data").read_text())["schema"] == 1


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["compare", "-o", "table.docx"], "to end in one of .txt, .json, .csv"),
        (["compare", "--format", "pdf"], "such as -o table.pdf"),
        (["compare", "--format", "word", "-o", "table.tex"], "one of text, json, csv"),
        (["draw", "gru", "-o", "gru.tex"], "to end in one of .json, .pdf, .svg"),
    ],
)
def test_a_file_that_is_no_format_is_one_line(
    arguments: list[str],
    told: str,
    canned: Canned,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An ending that says no format, or a PDF without a file, names the way out."""
    canned()
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert told in error
    assert list(tmp_path.iterdir()) == []


def test_an_older_file_stays_until_the_new_one_is_whole(
    canned: Canned, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A folder in the place of a table is left alone, in one line."""
    canned()
    (tmp_path / "table.tex").mkdir()
    assert main(["compare", "-o", str(tmp_path / "table.tex")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert [p.name for p in tmp_path.iterdir()] == ["table.tex"]


def read(text: str) -> list[dict[str, str]]:
    """Return the rows of a table in CSV."""
    return list(csv.DictReader(io.StringIO(text)))


def test_csv_loses_nothing() -> None:
    """A whole number has all of its digits, a fraction is one, and a formula is its own text."""
    work = figure("work", "7*n/9 + 1", "n", values=FRACTIONS)
    rows = [r for r in read(analyses_csv([analysis("lstm", work=work)])) if r["figure"] == "work"]
    assert [r["derived"] for r in rows] == ["7/3"]
    assert [r["run"] for r in rows] == [str(10**30)]
    assert [r["agree"] for r in rows] == ["false"]
    assert [r["formula"] for r in rows] == [str(work.formula)]
    assert [r["n"] for r in rows] == ["3"]


def test_csv_has_every_cell() -> None:
    """Each figure of each model is there, at each size, with its setting; a reason if it has no formula."""
    shown = comparison()
    rows = read(comparison_csv(shown))
    assert {r["setting_unit"] for r in rows if r["title"] == "sequential operations"} == {"layer"}
    (none,) = [r for r in rows if r["reason"]]
    assert (none["model"], none["figure"], none["formula"]) == ("attention", "state", "")
    for r in rows:
        if r["figure"] == "params" and r["model"] == "lstm":
            assert r["derived"] == str(8 * int(r["d"]) ** 2 + 8 * int(r["d"]))


def test_json_has_fractions_exactly() -> None:
    """A value that is no whole number stands beside its float as text that loses nothing."""
    work = figure("work", "7*n/9 + 1", "n", values=FRACTIONS)
    record = json.loads(dumps(analyses_record([analysis("lstm", work=work)])))
    (value,) = record["models"][0]["figures"]["work"]["values"]
    assert value["exact"] == {"derived": "7/3", "measured": "7/3"}
    assert value["run"] == 10**30
    assert Fraction(value["exact"]["derived"]) == FRACTIONS[0].derived


def rendered(text: str) -> str:
    """Return what a parser of CommonMark with tables makes of a text."""
    markdown_it = pytest.importorskip("markdown_it")
    return str(markdown_it.MarkdownIt("commonmark").enable("table").render(text))


@given(st.text(min_size=1).filter(str.strip))
@example("&lt; &copy; &#35; #1 ~a~ www.a.b")
def test_markdown_shows_text_as_it_is(text: str) -> None:
    """Any text in a cell of a table, escaped or as code, is shown as it is."""
    page = rendered(f"| a | b |\n| --- | --- |\n| x{markdown_escape(text)}x | {code(text)} |\n")
    shown = " ".join(html.unescape(re.sub("<[^>]*>", "", page)).split())
    assert shown == " ".join(f"a b x{printable(text)}x {printable(text)}".split())


def test_the_founding_report_renders_on_code_hosts() -> None:
    """Every row of the report in Markdown is a row of a table, as wide as its header."""
    text = (ROOT / "reports" / "founding" / "report.md").read_text(encoding="utf-8")
    page = rendered(text)
    lines = [line for line in text.splitlines() if line.startswith("|")]
    rules = [line for line in lines if set(line) <= set("|- :")]
    assert page.count("<table>") == len(rules) > 10
    assert page.count("<tr>") == len(lines) - len(rules)
    for table in page.split("<table>")[1:]:
        rows = table.split("</table>")[0].split("<tr>")[1:]
        assert (
            len(
                {
                    row.count("</t") - row.count("</tr") - row.count("</tb") - row.count("</thead")
                    for row in rows
                }
            )
            == 1
        )
    assert "\\" not in page


def test_claims_are_in_every_paper() -> None:
    """What holds instead of a claim, and that its source was not seen, is printed as in Markdown."""
    from workspan.reports.tables.latex import LATEX
    from workspan.reports.tables.typst import TYPST

    found = replace(verdict(), corrected="span is n", verified=False)
    for notation in (LATEX, TYPST):
        (section,) = [s for s in notation.comparison(comparison(), [found]) if s.title == "Claims"]
        assert "instead: span is n" in section.body
        assert "(citation not verified)" in section.body
