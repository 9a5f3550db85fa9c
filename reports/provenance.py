"""Provenance: which versions, which source, which platform and which day a result is of."""

from __future__ import annotations

import functools
import hashlib
import inspect
import json
import os
import platform
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, distribution, version
from pathlib import Path

NEEDED = ("sympy", "networkx", "numpy")
FURTHER = ("torch", "transformers", "pyarrow", "distributed", "fvcore", "typst")
"""Libraries that take part in some results."""
EPOCH = "SOURCE_DATE_EPOCH"
COMMIT = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
LATEST = 253402300799
"""The last second of the year 9999, after which a date has no four digits."""


class ProvenanceError(ValueError):
    """An environment that says something that makes no sense."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """What a result was made by."""

    version: str
    source: str
    """SHA-256 of the names and the contents of the Python files of the library."""
    software: Mapping[str, str]
    """Python and the libraries that took part, with their versions."""
    platform: str
    date: str
    """A day in UTC."""
    seed: int
    """What the inputs and parameters of runs are drawn with."""
    commit: str | None = None
    """What the library was checked out at or installed from, if that is known; whether files were
    changed since, ``source`` says."""


def provenance() -> Provenance:
    """Return what a result of this process was made by: of further libraries, those it loaded.

    Raises
    ------
    ProvenanceError
        If ``SOURCE_DATE_EPOCH`` is set to what is no time.
    """
    from workspan import __version__

    from ..analysis.runs import run

    loaded = (name for name in FURTHER if name in sys.modules)
    others = {name: version(name) for name in (*NEEDED, *loaded)}
    return Provenance(
        __version__,
        _source(),
        {platform.python_implementation(): platform.python_version(), **others},
        platform.platform(),
        day(os.environ),
        inspect.signature(run).parameters["seed"].default,
        _commit(),
    )


def day(environment: Mapping[str, str]) -> str:
    """Return the day that ``SOURCE_DATE_EPOCH`` names, or today.

    >>> day({"SOURCE_DATE_EPOCH": "86400"})
    '1970-01-02'
    """
    given = environment.get(EPOCH, "")
    if not given:
        return datetime.now(UTC).date().isoformat()
    if not re.fullmatch("[0-9]{1,12}", given) or int(given) > LATEST:
        raise ProvenanceError(
            f"expected {EPOCH} to be whole seconds since 1970, up to {LATEST}, got {given[:40]!r}"
        )
    return datetime.fromtimestamp(int(given), UTC).date().isoformat()


@functools.cache
def _source() -> str:
    """Return the digest of the names and contents of all Python files of the library."""
    import workspan
    from workspan import analysis, graphs, reports

    files = {
        f"workspan/{p.name}": p for folder in workspan.__path__ for p in Path(folder).glob("*.py")
    }
    for package in (graphs, analysis, reports):
        top = package.__name__.replace(".", "/")
        for folder in map(Path, package.__path__):
            files |= {f"{top}/{p.relative_to(folder).as_posix()}": p for p in folder.rglob("*.py")}
    found = hashlib.sha256()
    for name, path in sorted(files.items()):
        found.update(f"{name}\n{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def _commit() -> str | None:
    """Return the commit that was checked out, or that the installation records (PEP 610)."""
    import workspan

    found = checked_out(Path(workspan.__path__[0]).parent)
    if found is not None:
        return found
    try:
        text = distribution("workspan").read_text("direct_url.json")
        told = json.loads(text or "{}").get("vcs_info", {}).get("commit_id")
    except (PackageNotFoundError, ValueError, AttributeError):
        return None
    return told if isinstance(told, str) else None


def checked_out(folder: Path) -> str | None:
    """Return the commit that is checked out in a folder; None if it is no repository of git."""
    git = folder / ".git"
    try:
        head = (git / "HEAD").read_text(encoding="ascii").strip()
        name = head.removeprefix("ref: ")
        if name != head and (git / name).is_file():
            head = (git / name).read_text(encoding="ascii").strip()
        elif name != head:
            packed = (git / "packed-refs").read_text(encoding="utf-8").splitlines()
            head = next((line.split()[0] for line in packed if line.endswith(f" {name}")), "")
    except (OSError, ValueError):
        return None
    return head if COMMIT.fullmatch(head) else None
