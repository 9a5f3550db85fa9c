"""The pages of docs/ say what is true: their examples run, and print what is printed there."""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import workspan
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import CHOICES, Setting

DOCS = Path(__file__).parent.parent / "docs"
NEEDS = {"howto/confirm-on-pytorch.md": "torch", "howto/use-in-sphinx.md": "sphinx"}
"""Pages that need more than the core."""


def _filling() -> Any:
    spec = importlib.util.spec_from_file_location("filling", DOCS / "filling.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


FILLING = _filling()
PAGES = [page.relative_to(DOCS).as_posix() for page in FILLING.pages()]


@pytest.mark.parametrize("page", PAGES)
def test_a_page_shows_what_its_examples_print(page: str, tmp_path: Path) -> None:
    """Filling it with what they print changes nothing."""
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    text = (DOCS / page).read_text(encoding="utf-8")
    with FILLING.folder(str(tmp_path)):
        assert FILLING.filled(text) == text


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


def test_the_axes_of_a_setting_are_listed() -> None:
    """The table of the cost model has every axis, its values and its default."""
    text = (DOCS / "cost-model.md").read_text(encoding="utf-8")
    rows = [tuple(cell.strip() for cell in row.split("|")[1:-1]) for row in text.splitlines()]
    wanted = [
        (axis, ", ".join(str(v) for v in values), str(getattr(Setting(), axis)))
        for axis, values in CHOICES.items()
    ]
    table = [row for row in rows if len(row) == 3]
    assert table[2:] == wanted


def test_the_pages_are_built_without_a_warning(tmp_path: Path) -> None:
    """Sphinx reads all pages but those of claims; every public name and every model has a place."""
    for module in ("sphinx", "myst_parser", "furo"):
        pytest.importorskip(module)
    pages, built = tmp_path / "docs", tmp_path / "built"
    shutil.copytree(DOCS, pages, ignore=shutil.ignore_patterns("_build", "generated"))
    command = [sys.executable, "-m", "sphinx", "-q", "-W", "-t", "short", "-b", "text"]
    done = subprocess.run(
        [*command, str(pages), str(built)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    reference = (built / "generated" / "reference.txt").read_text(encoding="utf-8")
    for name in set(workspan.__all__) - {"__version__", "catalogue"}:
        assert re.search(rf"^(class )?{name}\(", reference, re.MULTILINE), name
    models = (built / "generated" / "models.txt").read_text(encoding="utf-8")
    for name in CATALOGUE:
        assert re.search(rf"^{name}$", models, re.MULTILINE), name
