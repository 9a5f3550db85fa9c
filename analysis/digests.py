"""What a cited figure stands on, as a short digest of four parts, each of which can be named.

>>> from .api import analyze
>>> before = digest_of([analyze("lstm", figures=["span"])])
>>> after = digest_of([analyze("lstm", figures=["span"], setting=Setting(unit="layer"))])
>>> before.changed(after), before.changed(before)
(('result', 'setting'), ())
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from ..graphs.digest import digest, graph_digest
from ..graphs.setting import Setting
from .figures import Analysis, Figure

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
    graphs: str
    """Of the reduced graph of each model, in the order of the models."""
    version: str
    """Of the library, as it stands."""

    @property
    def parts(self) -> dict[str, str]:
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
    figures = [f for a in analyses for f in a.figures.values()]
    return parts_of(
        [[_stated(f) for f in a.figures.values()] for a in analyses],
        {"setting": [f.setting.as_dict() for f in figures], "at": list(at)},
        [graph_digest(a.graph) for a in analyses],
    )


def parts_of(result: Any, setting: Any, graphs: Any) -> Digest:
    """Return the digest of plain data: what is stated, in which setting, of which graphs."""
    from workspan import __version__

    if isinstance(setting, Setting):
        setting = setting.as_dict()
    own = (digest(part)[:LENGTH] for part in (result, setting, graphs))
    return Digest(*own, __version__)


def _stated(figure: Figure) -> dict[str, Any]:
    told = {"figure": figure.name, "formula": figure.formula, "grade": figure.grade}
    return {**told, "domain": figure.domain, "reason": figure.reason}
