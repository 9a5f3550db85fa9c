"""The pages of docs/ say what is true: their examples run, and print what is printed there."""

from __future__ import annotations

import doctest
import importlib
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import workspan
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import CHOICES, Setting
from workspan.reports.cli import main

DOCS = Path(__file__).parent.parent / "docs"
PAGES = sorted(
    page.relative_to(DOCS).as_posix()
    for page in DOCS.rglob("*.md")
    if not {"generated", "_build"} & set(page.relative_to(DOCS).parts)
)
NEEDS = {"howto/confirm-on-pytorch.md": "torch"}
"""Pages that need more than the core."""

BLOCK = re.compile(r"^```(\S+)( \S+)?\n(.*?)^```$", re.DOTALL | re.MULTILINE)
CAPTION = re.compile(r"\A:caption: (\S+)\n+")
LAYOUT = {"{toctree}", "{figure}", "{image}", "{eval-rst}"}
"""Blocks that show no code."""


def blocks(page: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of a page: its kind, or the file that it belongs into, and its text."""
    for kind, _, text in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        if kind == "{code-block}":
            caption = CAPTION.match(text)
            assert caption is not None, f"{page}: a file without a name"
            yield caption[1], text[caption.end() :]
        elif kind not in LAYOUT:
            yield kind, text


def converse(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Run the commands of a console, and hold what they print against what is printed.

    A command exits with 0 unless the next one asks for the code; a line of dots stands for any.
    """
    checker, code = doctest.OutputChecker(), 0
    commands = re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]
    assert commands, "a console without a command"
    for k, (line, _, written) in enumerate(c.partition("\n") for c in commands):
        if line == "echo $?":
            assert written.strip() == str(code)
            continue
        program, *arguments = shlex.split(line)
        assert program == "workspan", line
        code = main(arguments)
        printed = [row.rstrip() for row in capsys.readouterr().out.strip().splitlines()]
        wanted = [row.rstrip() for row in written.strip().splitlines()]
        asked = k + 1 < len(commands) and commands[k + 1].startswith("echo $?")
        assert asked or code == 0, line
        want, got = "\n".join(wanted) + "\n", "\n".join(printed) + "\n"
        assert any(row != "..." for row in wanted) or not wanted, f"{line}: nothing is compared"
        if not checker.check_output(want, got, doctest.ELLIPSIS):
            assert got == want, line


def answer(page: str, text: str, names: dict[str, object]) -> None:
    """Run an example of Python as doctest does."""
    test = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    test.globs = names
    failures: list[str] = []
    doctest.DocTestRunner().run(test, out=failures.append, clear_globs=False)
    assert not failures, "".join(failures)


@pytest.mark.parametrize("page", PAGES)
def test_the_examples_of_a_page_run(
    page: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """In the order of the page, in an empty folder: files are written, commands print the same."""
    if page in NEEDS:
        pytest.importorskip(NEEDS[page])
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    names: dict[str, object] = {}
    modules = set(sys.modules)
    for kind, text in blocks(page):
        if kind == "console":
            converse(text, capsys)
        elif kind == "python":
            answer(page, text, names)
        else:
            assert re.fullmatch(r"[a-z_]+\.(py|toml|md|tex)", kind), f"{page}: {kind} is not run"
            (tmp_path / kind).write_text(text, encoding="utf-8")
            importlib.invalidate_caches()
    for name in {p.stem for p in tmp_path.glob("*.py")} - modules:
        sys.modules.pop(name, None)


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


def test_a_wrong_output_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """A console that prints something else fails, and so does one that compares nothing."""
    right = "$ workspan analyze lstm --figures state --format markdown\n"
    with pytest.raises(AssertionError):
        converse(right + "state: 3*d\n", capsys)
    with pytest.raises(AssertionError):
        converse(right + "...\n", capsys)


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
