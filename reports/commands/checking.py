"""Checking claims on the command line: which ones, against which record, and what is printed."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import write

if TYPE_CHECKING:
    from ...analysis.claims import Claim
    from ...analysis.figures import Verdict

HOLDS = {"proved", "confirmed", "conditional"}
MOST_PROCESSES = 8


@dataclass(frozen=True, slots=True)
class Checked:
    """What checking some claims found."""

    verdicts: Sequence[Verdict]
    changed: tuple[str, ...]
    """Claims whose verdict differs from the record, one line each."""
    compared: bool
    """Whether there is a record to compare with."""

    @property
    def fine(self) -> bool:
        """As on record; without a record, whether every claim holds."""
        if self.compared:
            return not self.changed
        return all(v.verdict in HOLDS for v in self.verdicts)


def run_check(
    files: Sequence[Path],
    families: Sequence[str],
    names: Sequence[str],
    models: Sequence[str],
    *,
    record: bool,
    tell: Callable[[str], None] | None,
) -> Checked:
    """Check claims of files, or those that come with workspan.

    Parameters
    ----------
    files
        Claims files; the built-in claims if there are none.
    families
        Which families of the built-in claims; all if there are none.
    names
        Ids of single built-in claims, besides those of the families.
    models
        Models of the user's own, each ``path/to/file.py:function``. Only these files are run.
    record
        Whether the record is written anew instead of compared with.
    tell
        Called with one line now and then.
    """
    from ...analysis.claims import check

    if files and (families or names):
        raise ValueError("expected files of claims, or --family and --id, got both")
    own = own_models(models)
    verdicts: list[Verdict] = []
    changed: list[str] = []
    known = False
    for path, claims in groups(files, families, names, own):
        found = check(claims=claims, models=own, processes=processes(), progress=tell)
        verdicts += found
        kept, lines = against(path, found, record=record, whole=not families and not names)
        known = known or kept
        changed += lines
    return Checked(verdicts, tuple(changed), known)


def groups(
    files: Sequence[Path], families: Sequence[str], names: Sequence[str], own: dict[str, Any]
) -> list[tuple[Path, list[Claim]]]:
    """Return claims with the record that they belong to."""
    from ...analysis.claims import claim_of, literature, of_family, read
    from ...analysis.claims.record import BUILT_IN, beside

    if files:
        return [(beside(path), list(read(path, own))) for path in files]
    chosen = [c for family in families for c in of_family(family)]
    chosen += [c for c in map(claim_of, names) if c not in chosen]
    return [(BUILT_IN, chosen if families or names else list(literature()))]


def against(
    path: Path, verdicts: Sequence[Verdict], *, record: bool, whole: bool
) -> tuple[bool, tuple[str, ...]]:
    """Compare verdicts with the record at a path, or write it."""
    from ...analysis.claims.record import changed, entry, read_record, record_text

    new = {v.claim: entry(v) for v in verdicts}
    old = read_record(path)
    if record:
        write(path, record_text(new if whole else {**old, **new}))
        return True, ()
    return bool(old), changed(old, new) if old else ()


def own_models(arguments: Sequence[str]) -> dict[str, Any]:
    """Load the models that a user names; claims name them by their functions, or in the same way."""
    from .loading import load_all

    own: dict[str, Any] = {}
    for argument, model in zip(arguments, load_all(arguments), strict=True):
        if model.function is None:
            raise ValueError(f"expected {model.name} to be a model function, got a graph")
        own[model.name] = own[argument] = model.function
    return own


def processes() -> int:
    """Return how many processes share the work."""
    return min(os.cpu_count() or 1, MOST_PROCESSES)
