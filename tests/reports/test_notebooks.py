"""Notebooks, and the books and papers made of them, show results as tables, formulas and pictures."""

from __future__ import annotations

import ast
import html
import importlib.util
import os
import re
import subprocess
import sys
import tomllib
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import workspan as ws
from workspan.analysis.figures import Verdicts
from workspan.reports.cli import main
from workspan.reports.display import html_of, latex_of, markdown_of
from workspan.reports.notation.mathematics import mathml_terms
from workspan.reports.notebooks.flat import THIN, flat
from workspan.reports.notebooks.pages import page_of
from workspan.reports.notebooks.records import page_from

from .samples import HOSTILE, analysis, comparison, figure, verdict

ROOT = Path(__file__).parent.parent.parent

JUPYTER = (
    *("text/html", "text/markdown", "text/latex", "image/svg+xml"),
    *("image/png", "image/jpeg", "text/plain"),
)
"""What JupyterLab takes, the first of what there is: packages/rendermime/src/factories.ts."""
QUARTO_HTML = (
    *("application/javascript", "text/html", "text/markdown"),
    *("image/svg+xml", "image/png", "image/jpeg", "text/plain"),
)
QUARTO_LATEX = (
    *("text/markdown", "image/svg+xml", "image/png", "image/jpeg"),
    *("text/latex", "application/pdf", "text/plain"),
)
"""What Quarto takes: quarto-cli, src/core/jupyter/display-data.ts."""


def results() -> dict[str, Any]:
    """Return one result of each kind."""
    graph = ws.trace(ws.catalogue["lstm"], L="L")
    task = ws.Task("decode", batch=8)
    sizes = {"n": 512, "d": 1024, "L": 4}
    return {
        "figure": figure("work", "16*d**2*n"),
        "nothing": figure("work", None),
        "analysis": analysis(),
        "comparison": comparison(),
        "verdict": verdict(),
        "verdicts": Verdicts([verdict()]),
        "advice": ws.advise(ws.Request({"n": 64, "d": 32}, models=("lstm", "causal_attention"))),
        "prediction": ws.predict(graph, sizes, ws.Machine.load("a100"), task),
        "simulation": ws.simulate("rnn", at={"n": 8, "d": 4}, processors=(1, 2)),
        "graph": graph,
    }


@pytest.fixture(scope="module")
def shown() -> dict[str, tuple[dict[str, Any], dict[str, Any]]]:
    """Return what IPython hands to a front end, for each kind of result."""
    formatters = pytest.importorskip("IPython.core.formatters")
    formatter = formatters.DisplayFormatter()
    return {name: formatter.format(result) for name, result in results().items()}


@pytest.mark.parametrize(
    ("order", "tables", "graphs"),
    [
        (JUPYTER, "text/html", "image/svg+xml"),
        (QUARTO_HTML, "text/html", "image/svg+xml"),
        (QUARTO_LATEX, "text/markdown", "image/svg+xml"),
    ],
)
def test_front_ends_find_what_they_show_best(
    shown: dict[str, Any], order: tuple[str, ...], tables: str, graphs: str
) -> None:
    """A page shows HTML, paper Markdown, which Quarto prefers to LaTeX; a graph is a picture."""
    for name, (data, _) in shown.items():
        taken = next(kind for kind in order if kind in data)
        assert taken == (graphs if name == "graph" else tables), name


def test_only_formulas_are_latex(shown: dict[str, Any]) -> None:
    """MyST-NB sets LaTeX as mathematics, so that a table or a sentence must not be offered as it."""
    latex = {name for name, (data, _) in shown.items() if "text/latex" in data}
    assert latex == {"figure"}
    assert shown["figure"][0]["text/latex"] == "$16 d^{2} n$"


def test_a_terminal_shows_a_table(shown: dict[str, Any]) -> None:
    """Where a front end takes nothing else, a result is a table and a graph is a line."""
    assert "| work (flop) | `16*d**2*n + 20*d*n` |" in shown["analysis"][0]["text/plain"]
    assert "\n" not in shown["graph"][0]["text/plain"]


def test_markdown_stands_in_a_document(shown: dict[str, Any]) -> None:
    """It has no headings of its own, and what takes lines is parted by empty ones."""
    for name, (data, _) in shown.items():
        text = data.get("text/markdown", "")
        assert not re.search(r"^(#|```)", text, re.MULTILINE), name
        for table in re.findall(r"(?:^\|.*\n)+(.*)", text, re.MULTILINE):
            assert table == "", name


def test_styles_stay_in_their_fragment(shown: dict[str, Any]) -> None:
    """Each rule is for what is inside of the fragment, and colours no text of it but a warning."""
    for name in set(shown) - {"graph"}:
        text = shown[name][0]["text/html"]
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
        selectors = re.findall(r"([^{}]+)\{", style)
        assert selectors
        for selector in (s for rule in selectors for s in rule.split(",")):
            assert selector.strip().startswith("div.workspan-shown "), (name, selector)
        coloured = re.findall(r"([^{}]+)\{[^}]*(?<!-)color: #", style)
        assert [c.strip() for c in coloured] == ["div.workspan-shown .disagree"]
        assert text.count("<table") == text.count('<table data-quarto-disable-processing="true"')


@pytest.mark.parametrize("model", ["lstm", "attention", "linear_recurrence_scan", "mamba", "fnet"])
def test_formulas_are_plain_html(model: str) -> None:
    """What is left where all but powers and indices is taken away can still be read, and is equal."""
    found = ws.analyze(model, witnesses=("derived",))
    assert not re.search(r"<m(ath|row|i|n|o|frac)\b", html_of(found))
    formulas = [f.formula for f in found.figures.values() if f.formula is not None]
    assert formulas
    for formula in formulas:
        text = re.sub("</?i>", "", flat(mathml_terms(str(formula))))
        text = re.sub(rf"log<sub>2</sub>{THIN}?(\([^()]*\)|\w+)", r"log2(\1)", text)
        text = re.sub(r"<sub>(\w+)</sub>", r"_\1", text)
        text = re.sub(r"<sup>(.*?)</sup>", r"**(\1)", text)
        for sign, meant in (
            (THIN, "*"),
            ("·", "*"),
            ("\u2212", "-"),
            ("\u2308", "ceil("),
            ("\u2309", ")"),
        ):
            text = text.replace(sign, meant)
        assert ws.poly(html.unescape(text)) == formula


def test_a_picture_is_on_paper_of_its_own(shown: dict[str, Any]) -> None:
    """It can be read in a dark notebook, whatever the system's colours are."""
    svg = shown["graph"][0]["image/svg+xml"]
    assert "svg.ws { background: #ffffff; }" in svg
    assert re.search(r"prefers-color-scheme: dark\) \{ svg\.ws \{ background", svg)


def test_what_stands_beside_is_read_back(shown: dict[str, Any]) -> None:
    """A page comes back from its record; what is no record, or has ragged rows, is none."""
    for name, result in results().items():
        if name != "graph":
            record = shown[name][1]["text/markdown"]["workspan"]
            assert page_from(record) == page_of(result), name
    wrong: tuple[Any, ...] = (None, 3, {}, [3], [{"rows": 3}], [{"heading": ["x"]}])
    wrong += ([{"header": ["a", "b"], "rows": [[["x"]]]}], [{"cell": [{"math": 3}]}])
    assert [page_from(record) for record in wrong] == [None] * len(wrong)


def test_hostile_names_are_escaped() -> None:
    """A model's name ends no table, no element and no environment."""
    hostile = analysis("lstm", HOSTILE, work=figure("work", None, reason=HOSTILE))
    for result in (hostile, hostile["work"], Verdicts([verdict(statement=HOSTILE)])):
        assert "<script" not in html_of(result)
        table = markdown_of(result) if isinstance(result, Verdicts) else ""
        rows = [line for line in table.splitlines() if line.startswith("|")]
        assert len({len(re.findall(r"(?<!\\)\|", row)) for row in rows}) <= 1
    found = latex_of(Verdicts([verdict(statement=HOSTILE)]))
    assert found is not None
    assert "\\end{document}" not in found


CONF = """
project = "book"
extensions = ["myst_nb"]
nb_execution_raise_on_error = True
latex_documents = [("index", "book.tex", "Book", "Nobody", "howto")]
exclude_patterns = ["out", "jupyter_execute"]
"""
NOTEBOOK = """\
---
file_format: mystnb
kernelspec:
  name: python3
---

# A notebook

```{code-cell} python
import workspan as ws

analysis = ws.analyze("lstm", figures=["work", "state"], witnesses=("derived",))
analysis
```

```{code-cell} python
analysis["work"]
```

```{code-cell} python
analysis.graph
```

```{code-cell} python
ws.check(claims=[])
```
"""
BUILDS = """
import sys
from sphinx.cmd.build import main

for name in ("html", "latex", "text"):
    print(f"[{name}] {main(['-q', '-W', '-b', name, '-d', 'doctrees', '.', f'out/{name}'])}", flush=True)
"""


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Execute a notebook once, and build a web page, LaTeX and text of it."""
    for module in ("myst_nb", "ipykernel"):
        pytest.importorskip(module)
    folder = tmp_path_factory.mktemp("book")
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    (folder / "index.md").write_text(NOTEBOOK, encoding="utf-8")
    (folder / "builds.py").write_text(BUILDS, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "builds.py"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(_installed(folder / "packages"))},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert re.findall(r"\[\w+\] \d", done.stdout) == ["[html] 0", "[latex] 0", "[text] 0"], (
        done.stderr
    )
    return folder / "out"


def _installed(folder: Path) -> Path:
    """Write what an installation says of entry points, whenever this one was made."""
    information = folder / "declared-0.dist-info"
    information.mkdir(parents=True)
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: declared\nVersion: 0\n")
    text = f"[myst_nb.mime_renderers]\nworkspan = {_declared()}\n"
    (information / "entry_points.txt").write_text(text, encoding="utf-8")
    return folder


def _declared() -> str:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["entry-points"]["myst_nb.mime_renderers"]["workspan"])


def test_a_web_page_has_the_html(book: Path) -> None:
    """Formulas are HTML, a graph is a picture in a file, and the style comes along."""
    text = (book / "html" / "index.html").read_text(encoding="utf-8")
    assert '<div class="workspan-shown">' in text
    assert "<i>d</i><sup>2</sup>" in text
    (image,) = re.findall(r'src="(_images/[^"]+\.svg)"', text)
    assert "</svg>" in (book / "html" / image).read_text(encoding="utf-8")


def test_latex_and_text_have_tables(book: Path) -> None:
    """A result is a table of the paper with formulas in it, not a table within a formula."""
    tex = (book / "latex" / "book.tex").read_text(encoding="utf-8")
    assert "\\begin{tabulary}" in tex
    assert "\\(16 d^{2} n + 21 d n\\)" in tex
    assert "\\begin{equation*}\n\\begin{split}16 d^{2} n + 21 d n\\end{split}" in tex
    assert "longtable" not in tex.partition("\\begin{document}")[2]
    if importlib.util.find_spec("typst"):
        assert "sphinxincludegraphics{{" in tex.partition("\\begin{document}")[2]
    text = (book / "text" / "index.txt").read_text(encoding="utf-8")
    assert re.search(r"^\| state \(scalar\) +\| 2 d +\| Θ\(d\)", text, re.MULTILINE)
    assert "dependence graph of lstm" in text


def test_a_quarto_document_is_what_its_page_says(tmp_path: Path) -> None:
    """Its markers are filled, its cell runs, and what it gets for paper is a table with formulas."""
    page = (ROOT / "docs/howto/use-in-notebooks.md").read_text(encoding="utf-8")
    block = re.search(r"^````\S+ markdown\n:caption: (\S+)\n\n(.*?)^````$", page, re.M | re.S)
    assert block is not None
    paper = tmp_path / block[1]
    paper.write_text(block[2], encoding="utf-8")
    assert main(["embed", str(paper)]) == 0
    text = paper.read_text(encoding="utf-8")
    assert text.startswith("---\n")
    assert "-->1,091,584<!--" in text
    assert "-->`2*d`<!--" in text
    (cell,) = re.findall(r"^```\{python\}\n(.*?)^```$", text, re.M | re.S)
    *statements, last = ast.parse(cell).body
    assert isinstance(last, ast.Expr)
    names: dict[str, Any] = {}
    exec(compile(ast.Module(statements, []), "cell", "exec"), names)
    formatters = pytest.importorskip("IPython.core.formatters")
    result = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    data, _ = formatters.DisplayFormatter().format(result)
    taken = next(kind for kind in QUARTO_LATEX if kind in data)
    whole = text.replace(f"```{{python}}\n{cell}```", data[taken])
    tokens = pytest.importorskip("markdown_it").MarkdownIt().enable("table").parse(whole)
    kinds = [token.type for token in tokens]
    assert kinds.count("table_open") == 1
    cells = [b.content for a, b in pairwise(tokens) if a.type in {"th_open", "td_open"}]
    assert len(cells) == 4 * 3
    assert "$16 d^{2} n + 21 d n$" in cells
