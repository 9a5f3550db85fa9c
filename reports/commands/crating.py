"""What ``workspan report --crate`` writes beside the report: its inputs and its description."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..crates import MADE, METADATA, RUN, Crate, crate_text
from ..provenance import Provenance, provenance
from .again import shown
from .files import OutputError
from .options import parse_at

if TYPE_CHECKING:
    from ...analysis.figures import Comparison

INPUTS = "inputs"
"""The folder in a crate for the files that the report was made from."""
AGAIN = "again"
"""The folder that the command of a crate writes to."""
WITH = {"transformers": ("torch", "transformers")}
"""Engines that run by several libraries."""


@dataclass(frozen=True, slots=True)
class Making:
    """What a report is made from, known before the work is done."""

    models: tuple[str, ...]
    """As the command of the crate names them."""
    inputs: Mapping[str, str]
    """The files of models, by their paths in the crate."""
    engines: tuple[str, ...]
    provenance: Provenance
    pdf: bool = False

    @classmethod
    def of(
        cls, models: Sequence[str], engine: Sequence[str], output: Path, *, pdf: bool = False
    ) -> Making:
        """Read the files of models, and see that none of the user's own is in their way.

        Raises
        ------
        OutputError
            If a file is no text in UTF-8, or another one is where its copy goes.
        """
        engines = tuple(part.strip() for name in engine for part in name.split(","))
        libraries = [library for name in engines for library in WITH.get(name, (name,))]
        named, inputs = _copied(models)
        if not described(output):
            for name, text in inputs.items():
                _refuse(output / name, text)
            if (output / METADATA).exists():
                raise OutputError(
                    f"expected no {METADATA} in {output} but one of workspan; name another folder"
                )
        libraries += ["typst"] if pdf else []
        return cls(named, inputs, engines, provenance(libraries), pdf)


def described(folder: Path) -> bool:
    """Whether a folder holds the description of a report that workspan made."""
    try:
        entities = json.loads((folder / METADATA).read_bytes())["@graph"]
        return any(e["@id"] == RUN and e["name"] == MADE for e in entities)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def with_crate(
    making: Making,
    files: Mapping[str, str | bytes],
    comparison: Comparison,
    title: str,
    figures: Sequence[str],
    at: Sequence[str],
) -> dict[str, str | bytes]:
    """Return the files of a report with its inputs and, last, its description."""
    from ...analysis.digests import comparison_digest

    setting = comparison.analyses[0].setting
    sizes = parse_at(at, sorted({s for text in at for s in _names(text)}))
    engines = [part for name in making.engines for part in ("--engine", name)]
    crate = Crate(
        title,
        files,
        making.inputs,
        shown(
            "report",
            making.models,
            figures=figures,
            at=sizes,
            setting=setting,
            more=[*engines, *(["--pdf"] if making.pdf else []), "-o", AGAIN],
        ),
        setting.describe(),
        str(comparison_digest(comparison, sizes)),
        making.provenance,
    )
    return {**files, **making.inputs, METADATA: crate_text(crate)}


def _names(text: str) -> list[str]:
    return [part.partition("=")[0].strip() for part in text.split(",")]


def _copied(models: Sequence[str]) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return how a crate names models, and the files among them by their paths in the crate."""
    places: dict[Path, str] = {}
    texts: dict[str, str] = {}
    named = []
    for argument in models:
        path, colon, function = argument.rpartition(":")
        file = Path(path)
        if not colon or file.suffix != ".py" or not file.is_file():
            named.append(argument)
            continue
        whole = file.resolve()
        if whole not in places:
            taken = sum(p.name == whole.name for p in places)
            stem = f"{whole.stem}-{taken + 1}" if taken else whole.stem
            places[whole] = f"{INPUTS}/{stem}.py"
            texts[places[whole]] = _text(file)
        named.append(f"{places[whole]}:{function}")
    return tuple(named), texts


def _text(file: Path) -> str:
    try:
        return file.read_bytes().decode()
    except UnicodeDecodeError:
        raise OutputError(f"expected {file} in UTF-8, to be copied into the crate") from None


def _refuse(path: Path, text: str) -> None:
    """Raise where a copy would take the place of a file that is no copy."""
    if path.exists() and (not path.is_file() or path.read_bytes() != text.encode()):
        raise OutputError(
            f"expected nothing else at {path}, where the copy of a model goes; name another folder"
        )
