"""The README and the pages of docs/ say what is true: examples run, and print what is printed."""

from __future__ import annotations

import importlib.util
import re
import shutil
import string
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cyclopts import App

import workspan
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import CHOICES, Setting
from workspan.reports import cli
from workspan.reports.commands.app import app
from workspan.reports.embedding.deriving import Deriver
from workspan.reports.embedding.directives import OPTIONS
from workspan.reports.embedding.documents import read
from workspan.reports.embedding.filling import fill

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
NEEDS = {
    "docs/howto/confirm-on-pytorch.md": "torch",
    "docs/howto/embed-in-a-paper.md": "typst",
    "docs/howto/use-in-sphinx.md": "sphinx",
}
"""Pages that need more than the core."""


def _filling() -> Any:
    spec = importlib.util.spec_from_file_location("filling", DOCS / "filling.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILLING = _filling()
FENCED = FILLING.BLOCK
MARKED = re.compile(r"<!-- workspan: [^>]*-->(?P<body>.*?)<!-- /workspan [^>]*-->", re.DOTALL)
PAGES = [page.relative_to(ROOT).as_posix() for page in FILLING.pages()]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_examples_print(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Filling it with what they print changes nothing, and would change any other digit."""
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    text = (ROOT / page).read_text(encoding="utf-8")
    seen: list[tuple[str, str]] = []
    kept = FILLING._kept

    def watched(shown: str, printed: str) -> list[str]:
        seen.append((shown, printed))
        return kept(shown, printed)

    monkeypatch.setattr(FILLING, "_kept", watched)
    with FILLING.folder(str(tmp_path)):
        assert FILLING.filled(text) == text
        for name, drawing in FILLING.pictures().items():
            kept_there = (ROOT / page).parent / "pictures" / name
            assert kept_there.read_text(encoding="utf-8") == drawing
    for shown, printed in seen:
        for wrong in _miscopied(shown, 0, len(shown)):
            assert "\n".join(kept(wrong, printed)) != wrong.strip("\n")


def _miscopied(text: str, start: int, end: int) -> Iterator[str]:
    """Yield a text with one digit of a part of it wrong, for each digit there."""
    for place in range(start, end):
        if text[place] in string.digits:
            other = str((int(text[place]) + 1) % 10)
            yield text[:place] + other + text[place + 1 :]


def test_what_stands_between_markers_is_derived() -> None:
    """Each table, figure and picture is what the tool makes, and would not be with another digit."""
    deriver = Deriver({}, workspan.__version__)
    seen = 0
    for page in FILLING.pages():
        document = read(page)
        assert not fill(document, deriver).changed, page
        code = [fence.span() for fence in FENCED.finditer(document.text)]
        for part in MARKED.finditer(document.text):
            if any(start < part.start() < end for start, end in code):
                continue
            for wrong in _miscopied(document.text, part.start("body"), part.end()):
                seen += 1
                made = replace(document, text=wrong, data=document.encode(wrong))
                assert fill(made, deriver).changed, wrong[part.start() : part.end()]
    assert seen > 200


NAMES = re.compile(
    r"""\b(?:1[89]|20)[0-9]{2}\b              # a year
    | \b(?:C[0-9]{3}|GPT-2|T5|Mamba-2|SHA-256)\b      # a claim, a model
    | \b(?:Python|RO-Crate)[ ][0-9]+\.[0-9]+  # a version
    | `(?:workspan[ ]|--|@|:[a-z]+:)[^`\n]*`  # commands and options
    | (?:code[ ]is|exits[ ]with|and)[ ][01]\b  # an exit code
    | [012][ ](?:if|when|for)[ ]
    | \]\([^)]*\)                             # the target of a link
    | ^[ ]{4}.*                               # an equation that is given
    | ^\|[ ]mac[ ].*                          # an axis of a setting, compared by another test
    """,
    re.VERBOSE | re.MULTILINE,
)


@pytest.mark.parametrize("page", PAGES)
def test_prose_holds_no_number_that_could_be_wrong(page: str) -> None:
    """Numbers stand where they are derived: in examples, and between markers."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for part in (FENCED, MARKED, NAMES):
        text = part.sub("", text)
    assert not re.findall(r"^.*[0-9].*$", text, re.MULTILINE)


STATE = "$ workspan analyze lstm --figures state --format markdown\n"


@pytest.mark.parametrize("shown", ["", "...\n", "| lstm | `3*d` |\n"])
def test_a_wrong_output_is_replaced(shown: str) -> None:
    """So is one that is missing, and one that would hold of anything."""
    made = FILLING.filled(f"```console\n{STATE}{shown}```\n")
    assert "`2*d`" in made
    assert "`3*d`" not in made
    assert FILLING.filled(made) == made
    some = re.sub(r"\| `Theta.*", "...", made)
    assert some != made
    assert FILLING.filled(some) == some


@pytest.mark.parametrize(
    "block",
    [
        "```console\n$ workspan analyze nothing\n```\n",
        "```console\n$ rm points.csv\n```\n",
        "```python\n>>> undefined\n```\n",
        "```ruby\nputs 1\n```\n",
    ],
)
def test_an_example_that_fails_is_an_error(block: str) -> None:
    """Commands that fail unseen, other programs, exceptions and other languages are refused."""
    with pytest.raises(FILLING.PageError):
        FILLING.filled(block)


def _options(commands: App) -> set[str]:
    """Return the options of commands, and of the commands below them."""
    below = (commands[name] for name in commands if not name.startswith("-"))
    found = {option for command in below for option in _options(command)}
    if commands.default_command is not None:
        found |= {n for argument in commands.assemble_argument_collection() for n in argument.names}
    return found


def test_commands_within_sentences_exist() -> None:
    """So do their options, and those of markers; examples are run by another test."""
    assert cli.COMMANDS, "importing these is what makes them commands"
    markers = {f"--{name}" for options in OPTIONS.values() for name in options}
    known = {"--help", *_options(app), *_options(app.meta), *markers}
    for page in FILLING.pages():
        text = MARKED.sub("", FENCED.sub("", page.read_text(encoding="utf-8")))
        for code in re.findall(r"`([^`\n]+)`", text):
            command = re.match(r"workspan ([a-z]+)", code)
            assert command is None or command[1] in app, code
            assert set(re.findall(r"(?<![\w-])--[a-z][\w-]*", code)) <= known, code


def test_the_axes_of_a_setting_are_listed() -> None:
    """The table of the cost model has every axis, its values and its default."""
    text = (DOCS / "cost-model.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in text.splitlines()]
    wanted = [
        (axis, ", ".join(str(v) for v in values), str(getattr(Setting(), axis)))
        for axis, values in CHOICES.items()
    ]
    table = [row for row in rows if len(row) == 3]
    assert table[2 : 2 + len(wanted)] == wanted


def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    """Sphinx reads all pages but those of claims; every public name and every model has a place."""
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    pages, built = tmp_path / "docs", tmp_path / "built"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("_build", "generated"))
    (tmp_path / "reports").symlink_to(ROOT / "reports")
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-t", "short", "-b", "text"]
    done = subprocess.run(
        [*command, str(pages), str(built)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    made = built / "generated"
    reference, models = (
        "\n".join(page.read_text(encoding="utf-8") for page in (made / part).glob("*.txt"))
        for part in ("reference", "models")
    )
    for name in set(workspan.__all__) - {"__version__", "catalogue"}:
        assert re.search(
            rf"^(class )?workspan\.{name}\(|^(class )?{name}\(", reference, re.MULTILINE
        ), name
    for name in CATALOGUE:
        assert re.search(rf"^{name}$", models, re.MULTILINE), name
        assert (pages / "generated" / "models" / f"{name}.svg").is_file()
