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
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from ..crates import MADE, MEASURED, METADATA, RUN, SAME, Crate, Part, crate_text
from ..provenance import Provenance, provenance
from .app import FAILED, FINE
from .files import OutputError, prepare, tidy, write
from .notes import LISTENING, Notes
from .options import OptionError

if TYPE_CHECKING:
    from cyclopts import App

INPUTS = "inputs"
"""The folder in a crate for files from outside the folder that the command was given in."""
AGAIN = "again"
"""The crate that the command of a crate makes."""
WRITTEN = ("--output", "-o", "--pages")
"""Options that say where results go."""
KEPT = ("--keep", "--store")
"""Options that say where unfinished work is kept: no part of a crate."""
INPLACE = ("embed",)
"""Commands that change files where they are."""
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


@dataclass(frozen=True, slots=True)
class Plan:
    """A command as it is run, as a crate tells it, and what it reads."""

    run: tuple[str, ...]
    told: tuple[str, ...]
    inputs: dict[str, Path]
    """By their paths in the crate."""


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


def planned(app: App, tokens: Sequence[str]) -> Plan:
    """Return how a command is run in a folder that has only copies of what it names.

    Raises
    ------
    OptionError
        If the command makes no results, or changes files where they are.
    """
    chain = app.parse_commands(tokens)[0]
    if not chain:
        raise OptionError("expected a command with --crate, such as: workspan list --crate FOLDER")
    if chain[0] in INPLACE or "--record" in tokens:
        what = "--record" if "--record" in tokens else chain[0]
        raise OptionError(f"expected a command that only makes results with --crate, got {what}")
    inputs: dict[str, Path] = {}
    ran: list[str] = []
    told: list[str] = []
    rest = iter(tokens)
    for token in rest:
        option, equals, value = token.partition("=")
        if option in (*WRITTEN, *KEPT):
            place = Path(value if equals else next(rest, ""))
            if option in KEPT:
                ran += [option, os.path.abspath(place)]
                continue
            if not place.name or place.name == INPUTS:
                raise OptionError(f"expected a name for what is written, got {option} {place}")
            own = [option, place.name]
        elif equals and token.startswith("-"):
            own = [f"{option}={_named(value, inputs)}"]
        else:
            own = [_named(token, inputs)]
        ran, told = [*ran, *own], [*told, *own]
    taken = next((word for word in told if word in inputs and told.count(word) > 1), None)
    if taken is not None:
        raise OptionError(f"expected results in other files than they are made from, got {taken}")
    return Plan(tuple(ran), tuple(told), inputs)


def _named(text: str, inputs: dict[str, Path]) -> str:
    """Return an argument as a crate has it: with the paths of copies for those of files."""
    whole = _copied(text, inputs)
    if whole is not None:
        return whole
    return ",".join(_copied(part, inputs) or part for part in text.split(","))


def _copied(text: str, inputs: dict[str, Path]) -> str | None:
    """Return the argument for the copy of a file; None if it names no file that commands read."""
    path, colon, function = text.rpartition(":")
    name = path if colon and path.endswith(".py") else text
    file = Path(name)
    if file.suffix not in {".py", ".toml"} or not file.is_file():
        return None
    place = next((p for p, own in inputs.items() if own.resolve() == file.resolve()), None)
    if place is None:
        place = _place(file, inputs)
        inputs[place] = file
        if file.suffix == ".toml":
            _further(file, inputs)
    return f"{place}:{function}" if name != text else place


def _place(file: Path, inputs: dict[str, Path]) -> str:
    """Return where a copy goes: where the file is, if that is below the folder it is named in."""
    if not file.is_absolute() and ".." not in file.parts and file.as_posix() not in inputs:
        return file.as_posix()
    ends = ("", *(f"-{k}" for k in range(2, len(inputs) + 3)))
    names = (f"{INPUTS}/{file.stem}{end}{file.suffix}" for end in ends)
    return next(name for name in names if name not in inputs)


def _further(file: Path, inputs: dict[str, Path]) -> None:
    """Add the files that a file of data names, such as the machines of a sweep."""
    import tomllib

    try:
        texts = list(_strings(tomllib.loads(file.read_text(encoding="utf-8"))))
    except (OSError, ValueError, RecursionError):
        return  # the command says what is wrong with it
    for text in texts:
        if _copied(text, {}) not in (None, text):
            raise OptionError(
                f"expected files that {file} names to be below this folder, for a crate, got {text}"
            )
        _copied(text, inputs)


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


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
