"""From a command to the same command in a folder that has only copies of the files that it names."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .options import OptionError

if TYPE_CHECKING:
    from cyclopts import App

INPUTS = "inputs"
"""The folder in a crate for files from outside the folder that the command was given in."""
WRITTEN = ("--output", "-o", "--pages")
"""Options that say where results go."""
KEPT = ("--keep", "--store")
"""Options that say where unfinished work is kept: no part of a crate."""
INPLACE = ("embed",)
"""Commands that change files where they are."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A command as it is run, as a crate tells it, and what it reads."""

    run: tuple[str, ...]
    told: tuple[str, ...]
    inputs: dict[str, Path]
    """By their paths in the crate."""


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
