"""Sphinx builds pages with derived tables, figures and pictures; each is derived once."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from workspan.analysis.deriving import derive
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace
from workspan.reports.notation.mathematics import latex, mathml_terms

for _module in ("sphinx", "myst_parser"):
    pytest.importorskip(_module)

CONF = """
import os
from pathlib import Path
from workspan.reports.embedding import deriving

project = "pages"
extensions = ["myst_parser", "workspan.reports.sphinx"]
workspan_models = ["models.py:gated"]
numfig = True
exclude_patterns = ["offline"]
latex_documents = [("index", "pages.tex", "Pages", "Nobody", "manual")]
LOG = Path(__file__).parent / "log"

def told(line):
    with LOG.open("a") as stream:
        stream.write(line + "\\n")

def counted(graph, **asked):
    told(f"derived {graph.name} {','.join(asked['figures'])}")
    return deriving.plain(graph, **asked)

if not hasattr(deriving, "plain"):  # all builds of these tests are made in one process
    deriving.plain, deriving.analyze = deriving.analyze, counted

def setup(app):
    app.connect("source-read", lambda app, page, text: told(f"read {page} {os.getpid()}"))
"""
MODELS = """
import workspan as ws

def gated(x):
    return ws.linear(x, "d") * ws.sigmoid(ws.linear(x, "d"))
"""
INDEX = """
Pages
=====

.. toctree::

   markdown
   pictures
   own
   again0
   again1
   again2

An LSTM takes :workspan:`lstm work` or :workspan:`lstm work --at n=64,d=32 --show value`.
Its span is |span|.

.. |span| workspan:: figure lstm span --unit layer

.. workspan:: table lstm attention
   :figures: work, span
   :at: n=64,d=32; n=128,d=32
   :unit: layer
   :caption: Two of a kind
   :name: two

See :numref:`two`.
"""
MARKDOWN = """
# In Markdown

A GRU takes {workspan}`gru work`.

```{workspan} table rnn --figures state
:mode: decode
:class: own
```
"""
PICTURES = """
Pictures
========

.. workspan:: plot lstm attention
   :figure: work
   :caption: The work
   :alt: two curves

.. workspan:: picture lstm
   :width: 80%
   :at: L=2
"""
OWN = """
Our own
=======

.. workspan:: figure gated params

.. workspan:: figure models.py:gated work
"""
AGAIN = """
Again
=====

.. workspan:: figure lstm params
"""
OFFLINE = """
extensions = ["workspan.reports.sphinx"]
html_math_renderer = "workspan"
"""
WRONG = """
Wrong
=====

.. toctree::

   markdown

.. workspan:: table lstm
   :figures: wrok

Text with :workspan:`lstn work` there.

.. workspan:: plot lstm
   :figure: work
   :show: value

.. workspan:: figure evil.py:f work

.. workspan:: table lstm
   :speed: 3
"""
WRONG_MARKDOWN = """
# Wrong

Text with {workspan}`lstm wrok`.

```{workspan} table lstm
:figures: wrok
```

```{workspan} table lstm
:speed: 3
```
"""
BUILDS = """
import os
from pathlib import Path
from sphinx.cmd.build import main

def build(name, *options):
    print(f"[{name}] {main([*options, '.', f'out/{name}'])}", flush=True)

build("html", "-q", "-W", "-j2", "-b", "html", "-d", "doctrees")
build("latex", "-q", "-W", "-b", "latex", "-d", "doctrees")
path = Path("models.py")
text = path.read_text(encoding="utf-8").replace('ws.linear(x, "d") *', "x *")
path.write_text(text, encoding="utf-8")
told = open("log", "a")
print("changed", file=told, flush=True)
build("text", "-q", "-W", "-b", "text", "-d", "doctrees")
print("offline", file=told, flush=True)
os.chdir("offline")
build("mathml", "-q", "-W", "-b", "html")
"""


def run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build pages as HTML in two processes, as LaTeX, and as text once a model changed."""
    folder = tmp_path_factory.mktemp("pages")
    files = {"conf.py": CONF, "models.py": MODELS, "index.rst": INDEX, "markdown.md": MARKDOWN}
    files |= {"pictures.rst": PICTURES, "own.rst": OWN}
    files |= {f"again{k}.rst": AGAIN for k in range(3)}
    files |= {"offline/conf.py": OFFLINE, "offline/index.rst": AGAIN}
    (folder / "offline").mkdir()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    done = run(folder, "-c", BUILDS)
    (folder / "told").write_text(f"{done.stdout}\n{done.stderr}", encoding="utf-8")
    return folder


def formula(model: str, figure: str, **setting: str) -> str:
    """Return a formula that is derived here, as LaTeX."""
    found = derive(figure, trace(CATALOGUE[model]), Setting().but(**setting)).formula
    assert found is not None
    return latex(str(found))


def logged(pages: Path) -> tuple[list[str], list[str]]:
    """Return what was read and derived, before a model changed and after."""
    log = (pages / "log").read_text(encoding="utf-8").partition("offline\n")[0]
    before, _, after = log.partition("changed\n")
    return before.splitlines(), after.splitlines()


def test_pages_are_built_without_a_warning(pages: Path) -> None:
    """HTML and text always; LaTeX where Typst makes PDF of pictures, and says so if it cannot."""
    told = (pages / "told").read_text(encoding="utf-8")
    assert "[html] 0" in told, told
    assert "[mathml] 0" in told, told
    assert "[text] 0" in told, told
    if importlib.util.find_spec("typst"):
        assert "[latex] 0" in told, told
        made = list((pages / "out/latex").glob("*-lstm-*.pdf"))
        assert len(made) == 2
        assert all(path.read_bytes().startswith(b"%PDF") for path in made)
    else:
        assert "a suitable image for latex builder not found" in told


def test_tables_are_tables_with_formulas(pages: Path) -> None:
    """A cell holds the formula of the derivation as mathematics, in HTML and in LaTeX."""
    html = (pages / "out/html/index.html").read_text(encoding="utf-8")
    work = formula("lstm", "work", unit="layer")
    table = re.search(r'<table[^>]*class="[^"]*workspan.*?</table>', html, re.DOTALL)
    assert table is not None
    assert f'<span class="math notranslate nohighlight">\\({work}\\)</span>' in table[0]
    assert "1,091,584" in table[0]
    assert "Two of a kind" in table[0]
    assert 'id="two"' in html
    assert "unit layer" in html
    tex = (pages / "out/latex/pages.tex").read_text(encoding="utf-8")
    assert f"\\({work}\\)" in tex
    assert "\\sphinxcaption{Two of a kind}" in tex


def test_figures_stand_within_lines(pages: Path) -> None:
    """A role and a substitution are the formula, or its value, in both markups."""
    html = (pages / "out/html/index.html").read_text(encoding="utf-8")
    line = re.search(r"<p>An LSTM takes.*?</p>", html, re.DOTALL)
    assert line is not None
    shown = re.sub("<[^>]*>", "", line[0])
    assert shown == (
        f"An LSTM takes \\({formula('lstm', 'work')}\\) or 1,091,584.\n"
        f"Its span is \\({formula('lstm', 'span', unit='layer')}\\)."
    )
    html = (pages / "out/html/markdown.html").read_text(encoding="utf-8")
    assert f"\\({formula('gru', 'work')}\\)</span>" in html
    assert re.search(r'<table[^>]*class="[^"]*own', html)


def test_formulas_need_no_script_if_asked(pages: Path) -> None:
    """The renderer of this name writes MathML, and a page that has nothing else loads no MathJax."""
    html = (pages / "offline/out/mathml/index.html").read_text(encoding="utf-8")
    found = derive("params", trace(CATALOGUE["lstm"]), Setting()).formula
    assert f'<div class="math">{mathml_terms(str(found))}</div>' in html
    assert "<script async" not in html


def test_pictures_are_images(pages: Path) -> None:
    """A plot and a graph are files of the built pages, with what describes them."""
    html = (pages / "out/html/pictures.html").read_text(encoding="utf-8")
    assert 'alt="two curves"' in html
    assert 'alt="dependence graph of lstm"' in html
    images = re.findall(r'<img[^>]*src="(_images/[^"]*\.svg)"', html)
    assert len(images) == 2
    for image in images:
        assert b"</svg>" in (pages / "out/html" / image).read_bytes()


def test_each_is_derived_once(pages: Path) -> None:
    """Three pages, read by two processes, share one derivation; a later build derives nothing."""
    lines, after = logged(pages)
    assert lines.count("derived lstm params") == 1
    reads = [line.split() for line in lines if line.startswith("read ")]
    assert len(reads) == 7
    assert len({process for _, _, process in reads}) > 1
    derived = [line for line in after if line.startswith("derived")]
    assert derived == ["derived gated params", "derived gated work"]


def test_a_page_is_read_again_if_its_model_changed(pages: Path) -> None:
    """So it shows the figure of the model as it is, and no other page is read."""
    _, after = logged(pages)
    assert [line.split()[1] for line in after if line.startswith("read")] == ["own"]
    # A layer has a matrix and a bias; there were two, and one is left.
    html = (pages / "out/html/own.html").read_text(encoding="utf-8")
    assert "\\[2 d^{2} + 2 d\\]" in html
    assert "   d^{2} + d\n" in (pages / "out/text/own.txt").read_text(encoding="utf-8")


def test_mistakes_are_named_with_file_and_line(tmp_path: Path) -> None:
    """A figure, a model or an option that makes no sense fails a build, in both markups."""
    conf = 'extensions = ["myst_parser", "workspan.reports.sphinx"]\n'
    for name, text in (("conf.py", conf), ("index.rst", WRONG), ("markdown.md", WRONG_MARKDOWN)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = run(tmp_path, "-m", "sphinx", "-q", "-W", "-b", "text", ".", "out")
    assert done.returncode == 1
    for place, told in (
        ("index.rst:9", "got 'wrok'; did you mean work?"),
        ("index.rst:12", "got 'lstn'; did you mean lstm?"),
        ("index.rst:14", "expected an option of plot among"),
        ("index.rst:18", "add it to workspan_models in conf.py: evil.py:f"),
        ("markdown.md:4", "got 'wrok'; did you mean work?"),
        ("markdown.md:6", "got 'wrok'; did you mean work?"),
    ):
        assert re.search(rf"{re.escape(place)}: ERROR: .*{re.escape(told)}", done.stderr), place
    assert re.search(r'index\.rst:20: ERROR: .*\n.*unknown option: "speed"', done.stderr)
    assert re.search(r"markdown\.md:11: WARNING: .*Unknown option key: 'speed'", done.stderr)


@pytest.mark.parametrize(
    ("models", "told"),
    [
        (["models.py:gated"], "expected a file, found none at"),
        ([3], "expected workspan_models to hold texts, got 3"),
    ],
)
def test_models_of_the_configuration_are_checked(
    tmp_path: Path, models: list[object], told: str
) -> None:
    """A model that is missing stops the build with one line."""
    from sphinx.errors import ConfigError

    from workspan.reports.sphinx.deriving import Derivations

    config = SimpleNamespace(workspan_models=models)
    app: Any = SimpleNamespace(config=config, confdir=tmp_path, doctreedir=tmp_path)
    with pytest.raises(ConfigError, match=told):
        Derivations().start(app)
