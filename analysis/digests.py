"""What a cited figure stands on, as a short digest of four parts, each of which can be named.

>>> from ..graphs.setting import Setting
>>> from .api import analyze
>>> before = digest_of([analyze("lstm", figures=["span"])])
>>> after = digest_of([analyze("lstm", figures=["span"], setting=Setting(unit="layer"))])
>>> before.changed(after), before.changed(before)
(('result', 'setting'), ())
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from ..graphs.digest import digest, graph_digest
from .figures import Analysis, Comparison, Figure

if TYPE_CHECKING:
    from .claims import Claim
    from .claims.record import Entry

LENGTH = 16
"""How many of the 64 hexadecimal digits are kept: 64 bits tell the figures of a document apart."""


@dataclass(frozen=True, slots=True)
class Digest:
    """The digests of the parts that a result stands on; its text is that of all of them.

    Equal results of equal models in equal settings by the same version have equal digests, in
    every process; a change of any part changes the text, and :meth:`changed` says of which.
    """

    result: str
    """Of what is stated: each figure's name, formula, grade, domain and, if there is no formula,
    the reason. Values that a witness took are checks of it and no part of it."""
    setting: str
    """Of the setting of each figure, and of the sizes at which values are shown."""
    graphs: tuple[str, ...]
    """Of the reduced graph of each model, in the order of the models."""
    version: str
    """Of the library, as it stands."""

    @property
    def parts(self) -> dict[str, str | tuple[str, ...]]:
        """The parts by name, in order."""
        return {f.name: getattr(self, f.name) for f in fields(self)}

    def changed(self, other: Digest) -> tuple[str, ...]:
        """Return the names of the parts in which two digests differ."""
        return tuple(name for name, part in self.parts.items() if other.parts[name] != part)

    def __str__(self) -> str:
        return digest(self.parts)[:LENGTH]


def digest_of(analyses: Sequence[Analysis], at: Sequence[Mapping[str, int]] = ()) -> Digest:
    """Return the digest of the figures of some models: of one figure, or of a table.

    Parameters
    ----------
    analyses
        As they are shown; every figure that they hold is covered.
    at
        The sizes at which values are shown.
    """
    return parts_of(
        [[stated(f) for f in a.figures.values()] for a in analyses],
        _where((f for a in analyses for f in a.figures.values()), at),
        [graph_digest(a.graph) for a in analyses],
    )


def comparison_digest(comparison: Comparison, at: Sequence[Mapping[str, int]] = ()) -> Digest:
    """Return the digest of all that a comparison shows: every cell, and who is cheaper where."""
    duels = [[c.left, c.right, c.figure, c.counted, c.condition] for c in comparison.crossovers]
    return parts_of(
        {"cells": [stated(f) for f in comparison.cells], "crossovers": duels},
        _where(comparison.cells, at),
        [graph_digest(a.graph) for a in comparison.analyses],
    )


def claim_digest(claim: Claim, entry: Entry | None, settings: Sequence[str] = ()) -> Digest:
    """Return the digest of a checked claim: how it is read, what was found, and of which models.

    What is only told about a claim (its family, notes, the version it is there since) is no part
    of it, and neither are the lines of evidence.
    """
    import msgspec

    from ..graphs.models import CATALOGUE
    from .memory import traced

    told = {"family", "note", "since"}
    stated = {k: v for k, v in msgspec.to_builtins(claim).items() if k not in told}
    found = {} if entry is None else msgspec.to_builtins(entry)
    found.pop("evidence", None)
    models = dict.fromkeys(m for _, reading in claim.readable() for m in reading.models)
    graphs = [graph_digest(traced(m, ())) if m in CATALOGUE else digest(m) for m in models]
    return parts_of({"claim": stated, "found": found}, list(settings), graphs)


def parts_of(result: Any, setting: Any, graphs: Iterable[str]) -> Digest:
    """Return the digest of plain data: what is stated, in which setting, of which graphs.

    Parameters
    ----------
    result, setting
        Whatever :func:`~workspan.graphs.digest.digest` takes.
    graphs
        The digests of the graphs.
    """
    from workspan import __version__

    found, where = (digest(part)[:LENGTH] for part in (result, setting))
    return Digest(found, where, tuple(graph[:LENGTH] for graph in graphs), __version__)


def _where(figures: Iterable[Figure], at: Sequence[Mapping[str, int]]) -> dict[str, Any]:
    return {"setting": [f.setting.as_dict() for f in figures], "at": list(at)}


def stated(figure: Figure) -> dict[str, Any]:
    """Return what is stated of a figure, without what witnesses say of it."""
    told = {"figure": figure.name, "formula": figure.formula, "grade": figure.grade}
    return {**told, "domain": figure.domain, "reason": figure.reason}
