"""``--crate``: what a command makes, with its inputs and its provenance, in one folder.

The command is run in a new folder that holds nothing but copies of the files that it names, which
is what a stranger does with a crate; the folder takes its place when the command is done.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..crates import MADE, MEASURED, METADATA, RUN, SAME, Crate, Part, crate_text
from ..provenance import Provenance, provenance
from .app import FAILED, FINE
from .files import OutputError, prepare, tidy, write
from .notes import LISTENING, Notes
from .options import OptionError
from .planning import Plan, planned

if TYPE_CHECKING:
    from cyclopts import App

AGAIN = "again"
"""The crate that the command of a crate makes."""
PRINTED = {"json": "json", "markdown": "md", "latex": "tex", "html": "html", "svg": "svg"}
PRINTED |= {
    "dot": "dot",
    "mermaid": "mmd",
    "bibtex": "bib",
    "csl": "json",
    "csv": "csv",
    "typst": "typ",
}
"""What a file of a format ends in; others in ``txt``."""
DRESSED = ("FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES", "COLORTERM")
"""Variables that change how something is printed."""
LARGEST = 64 * 2**20
"""Bytes of an input."""


def crated(app: App, tokens: Sequence[str], folder: Path, run: Callable[..., object]) -> object:
    """Run a command and put all that it makes into a folder, described as an RO-Crate.

    Parameters
    ----------
    app
        The command line.
    tokens
        The command with its arguments.
    folder
        Where to: a folder that is not there, is empty, or is such a crate as it was made.
    run
        Runs a command.

    Returns
    -------
    What the command returned; if it was interrupted, nothing is written.

    Raises
    ------
    OptionError, OutputError
        If the command has no results to describe, or the folder holds something else.
    """
    plan, target = planned(app, tokens), Path(os.path.realpath(folder))
    expect_free(target, folder)
    prepare(target.parent)
    provenance()  # what is wrong with the environment is said before the work
    tidy(target)
    stage = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        stage.mkdir()
        _copy(plan, stage)
        with _inside(stage), _listening() as notes, _printing() as printed:
            result = run(plan.run)
        if result in (FINE, FAILED):
            _describe(app, plan, stage, printed.getvalue(), notes, provenance())
            expect_free(target, folder)
            if target.exists():
                shutil.rmtree(target)
            stage.replace(target)
    except OSError as error:
        raise OutputError(f"expected to write {folder}, got: {error}") from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    sys.stdout.write(printed.getvalue())
    if result in (FINE, FAILED):
        told = shlex.join(["workspan", *plan.told, "--crate", AGAIN])
        print(f"Crate written to {folder}; in it, this makes it again: {told}", file=sys.stderr)  # noqa: T201
    return result


def described(folder: Path) -> dict[str, str] | None:
    """Return the files of a crate that workspan made, with their digests; None if it is none."""
    try:
        entities = json.loads((folder / METADATA).read_bytes())["@graph"]
        if not any(e["@id"] == RUN and e["name"] == MADE for e in entities):
            return None
        return {e["@id"]: e["sha256"] for e in entities if e["@type"] == "File"}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def expect_free(folder: Path, shown: Path) -> None:
    """Raise unless a folder is missing, is empty, or is a crate and nothing else."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise OutputError(f"expected --crate to be a folder, got a file: {shown}")
    there = {p.relative_to(folder).as_posix() for p in folder.rglob("*") if not p.is_dir()}
    if not there:
        return
    known = described(folder)
    if known is None:
        raise OutputError(f"expected an empty folder for --crate, got files in {shown}")
    names = {unquote(name): digest for name, digest in known.items()}
    for name in sorted(there - {METADATA}):
        if name not in names or Part.of(folder, name).sha256 != names[name]:
            raise OutputError(
                f"expected a crate as it was made at {shown}, got other contents in {name}; "
                "name another folder"
            )


def _copy(plan: Plan, stage: Path) -> None:
    for name, file in plan.inputs.items():
        if file.stat().st_size > LARGEST:
            raise OptionError(f"expected inputs of at most {LARGEST:,} bytes, got more: {file}")
        (stage / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, stage / name)


def _describe(
    app: App, plan: Plan, stage: Path, printed: str, notes: Notes, found: Provenance
) -> None:
    """Write what was printed, and what all is."""
    if printed:
        write(stage / _printed(notes), printed)
    inputs = [Part.of(stage, name) for name in plan.inputs]
    names = sorted(p.relative_to(stage).as_posix() for p in stage.rglob("*") if p.is_file())
    results = []
    for name in names:
        if name not in plan.inputs:
            measured = notes.printed if name == _printed(notes) else notes.written
            results.append(Part.of(stage, name, MEASURED if measured else SAME))
    setting = _setting(app, plan)
    text = crate_text(
        Crate(
            shlex.join(["workspan", *plan.told]),
            results,
            inputs,
            shlex.join(["workspan", *plan.told, "--crate", AGAIN]),
            setting,
            str(notes.digest or _digest(plan, setting, results, inputs)),
            found,
        )
    )
    write(stage / METADATA, text)


def _digest(plan: Plan, setting: str, results: Sequence[Part], inputs: Sequence[Part]) -> object:
    """Return a digest of all files that are the same in every run."""
    from ...analysis.digests import parts_of

    made = {part.name: part.sha256 for part in results if part.told == SAME}
    return parts_of(
        {"command": plan.told, "files": made}, setting, [part.sha256 for part in inputs]
    )


def _arguments(app: App, plan: Plan) -> dict[str, Any]:
    """Return all arguments of a command by name, those that were not given as well."""
    _, bound, _ = app.parse_args(plan.told, exit_on_error=False, print_error=False)
    bound.apply_defaults()
    return dict(bound.arguments)


def _printed(notes: Notes) -> str:
    """Return the name of the file for what a command prints."""
    return f"printed.{PRINTED.get(notes.style, 'txt')}"


def _setting(app: App, plan: Plan) -> str:
    """Return what all options are, in words."""
    from ...graphs.setting import Setting

    told: list[str] = []
    for name, value in _arguments(app, plan).items():
        if isinstance(value, Setting):
            told.insert(0, value.describe())
        elif isinstance(value, (tuple, list)):
            told += [f"{name}={' '.join(map(str, value))}"] if value else []
        elif value not in (None, False):
            told.append(f"{name}={value}")
    return "; ".join(told)


@contextlib.contextmanager
def _inside(folder: Path) -> Iterator[None]:
    with contextlib.chdir(folder):
        yield


@contextlib.contextmanager
def _listening() -> Iterator[Notes]:
    notes = Notes()
    token = LISTENING.set(notes)
    try:
        yield notes
    finally:
        LISTENING.reset(token)


@contextlib.contextmanager
def _printing() -> Iterator[io.StringIO]:
    """Keep what is printed, plain, as wide as it is in a file."""
    kept = {name: os.environ.pop(name) for name in DRESSED if name in os.environ}
    try:
        with contextlib.redirect_stdout(io.StringIO()) as stream:
            yield stream
    finally:
        os.environ.update(kept)
