"""Fill what examples print into the pages that show it: ``python docs/filling.py [PAGE...]``.

A page is run from its top in an empty folder: a block with a ``:caption:``, or after the words
"into `FILE`:", is written to that file, the commands of a console or of a shell run one after
another, and Python runs at its prompts. What a page shows already stays where it is what is printed;
``...`` in it stands for anything. What is drawn into ``pictures/`` is put beside the page. What stands between markers is filled as in any document.
"""

import contextlib
import doctest
import importlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from workspan.reports.cli import main

HERE = Path(__file__).parent
README = HERE.parent / "README.md"
BLOCK = re.compile(
    r"^(?P<fence>`{3,})(?P<kind>[^\s`]+)(?P<rest>[^\n]*)\n(?P<body>.*?)^(?P=fence)$",
    re.DOTALL | re.MULTILINE,
)
NAME = r"\.?[a-z_-]+\.(?:ipynb|md|py|qmd|rst|tex|toml|typ|yaml)"
CAPTION = re.compile(rf"\A:caption: ({NAME})\n+")
INTO = re.compile(rf"into `({NAME})`[^`\n]*:\n\n\Z")
LAYOUT = {"{toctree}", "{workspan}"}
"""Blocks that show no code."""
ELSEWHERE = ("python3 -m venv ", ".venv/bin/")
"""How commands begin that install, build and test; the checks run those themselves."""


class PageError(ValueError):
    """A page whose examples do not run."""


def pages() -> list[Path]:
    """Return the pages that are written by hand."""
    made = {HERE / "generated", HERE / "_build"}
    return [README, *sorted(p for p in HERE.rglob("*.md") if not made & set(p.parents))]


def filled(text: str) -> str:
    """Return the text of a page with what its examples print; runs in the current folder.

    Raises
    ------
    PageError
        If a command or an example fails that is not shown to fail, or a block is none of these.
    """
    names: dict[str, Any] = {}

    def run(match: re.Match[str]) -> str:
        kind, body = match["kind"], match["body"]
        into = INTO.search(text, 0, match.start())
        if kind == "console":
            lines = _console(body)
        elif kind == "python" and into is None:
            lines = _python(body, names)
        else:
            if kind == "sh":
                _shell(body)
            elif into is not None:
                _write(into[1], body)
            elif kind not in LAYOUT:
                _write(*_captioned(kind, body))
            return match[0]
        return "\n".join((f"{match['fence']}{kind}{match['rest']}", *lines, match["fence"]))

    return BLOCK.sub(run, text)


def _captioned(kind: str, body: str) -> tuple[str, str]:
    caption = CAPTION.match(body)
    if kind != "{code-block}" or caption is None:
        raise PageError(f"expected a console, a shell, Python or a file with a name, got {kind}")
    return caption[1], body[caption.end() :]


def _write(name: str, body: str) -> None:
    Path(name).write_text(body, encoding="utf-8")
    importlib.invalidate_caches()


def _shell(body: str) -> None:
    """Run commands whose output is not shown; what installs is run by the checks."""
    for line in body.splitlines():
        if line.startswith(ELSEWHERE):
            continue
        code, _ = _ran(line)
        if code != 0:
            raise PageError(f"expected {line} to succeed, its exit code is {code}")


def _ran(line: str) -> tuple[int, str]:
    """Run a command of workspan, or a build of Sphinx; return its exit code and what it prints."""
    program, *arguments = shlex.split(line, comments=True)
    if program == "sphinx-build":
        command = [sys.executable, "-m", "sphinx", "--no-color", *arguments]
        whole = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        done: Any = subprocess.run(command, check=False, **whole)
        return done.returncode, done.stdout.replace(f"{os.getcwd()}{os.sep}", "")
    if program != "workspan":
        raise PageError(f"expected a command of workspan, got {line}")
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = main(arguments)
    return code, out.getvalue()


def _console(body: str) -> Iterator[str]:
    """Yield commands and what they print; one that fails is followed by a look at its code."""
    parts = [part.partition("\n") for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]]
    code = 0
    for (line, _, shown), after in zip(parts, [*parts[1:], ("", "", "")], strict=True):
        yield f"$ {line}"
        if line == "echo $?":
            yield str(code)
            continue
        code, printed = _ran(line)
        if code != 0 and after[0] != "echo $?":
            raise PageError(f"expected {line} to succeed, its exit code is {code}: {printed}")
        yield from _kept(shown, printed)


def _python(body: str, names: dict[str, Any]) -> Iterator[str]:
    """Yield examples and what they print."""
    for example in doctest.DocTestParser().get_examples(body):
        first, *rest = example.source.splitlines()
        yield f">>> {first}"
        yield from (f"... {line}" for line in rest)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            try:
                exec(compile(example.source, "<page>", "single"), names)
            except Exception as error:
                if example.exc_msg is None:
                    raise PageError(f"expected {first} to run, got {error!r}") from error
                kind = type(error)
                print("Traceback (most recent call last):\n    ...")  # noqa: T201
                print(f"{kind.__module__}.{kind.__qualname__}: {error}")  # noqa: T201
        yield from _kept(example.want, out.getvalue())


def _kept(shown: str, printed: str) -> list[str]:
    """Return what is shown if that is what is printed, and what is printed if not."""
    old, new = (
        [row.rstrip() for row in text.strip("\n").splitlines()] for text in (shown, printed)
    )
    new = new[next((k for k, row in enumerate(new) if row), len(new)) :]
    while new and not new[-1]:
        new.pop()
    compared = any(row.strip(".") for row in old)
    want, got = ("\n".join(rows) + "\n" for rows in (old, new))
    same = compared and doctest.OutputChecker().check_output(want, got, doctest.ELLIPSIS)
    return old if same else new


@contextlib.contextmanager
def folder(path: str) -> Iterator[None]:
    """Run a page in a folder of its own, and forget the modules that it wrote."""
    known = set(sys.modules)
    sys.path.insert(0, path)
    try:
        with contextlib.chdir(path):
            yield
    finally:
        sys.path.remove(path)
        for name in {file.stem for file in Path(path).glob("*.py")} - known:
            sys.modules.pop(name, None)


def pictures() -> dict[str, str]:
    """Return the pictures that a page drew into the folder of pictures, by name."""
    return {p.name: p.read_text(encoding="utf-8") for p in sorted(Path("pictures").glob("*.svg"))}


def fill(page: Path) -> None:
    """Write what the examples of a page print into it, and what they draw beside it."""
    text = page.read_text(encoding="utf-8")
    with tempfile.TemporaryDirectory() as path, folder(path):
        made, drawn = filled(text), pictures()
    for name, drawing in drawn.items():
        _replace(page.parent / "pictures" / name, drawing)
    _replace(page, made)


def _replace(path: Path, text: str) -> None:
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        written = path.with_suffix(".new")
        written.write_text(text, encoding="utf-8")
        os.replace(written, path)
        print(f"{path}: filled")  # noqa: T201


if __name__ == "__main__":
    wanted = [Path(name).absolute() for name in sys.argv[1:]] or pages()
    for given in wanted:
        fill(given)
    sys.exit(main(["embed", *map(str, wanted)]))
