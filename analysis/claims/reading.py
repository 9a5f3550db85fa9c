"""Claims as data: reading TOML that comes from outside, bounded, with a path to every wrong field.

A claim names a subject (models of the catalogue), a figure, a relation, a right-hand side, the
settings in which it is tried, and its source. Nothing in it is ever evaluated as code.
"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from pathlib import Path

import msgspec

from ...graphs.models import CATALOGUE
from ...graphs.setting import CHOICES, Setting, SettingError
from ...graphs.sizes import SizeError, poly
from .signal import Experiment

VANISHES = "vanishes with distance"
"""The one relation of ``gradient``; it is tried by an experiment and not on a graph."""

LARGEST_FILE = 1_000_000
MOST_CLAIMS = 1_000
LONGEST_TEXT = 2_000


class ClaimError(ValueError):
    """A claims file with a wrong field; the message has the path to it."""


class Tried(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A setting in which a claim is tried; axes that it does not name have their defaults."""

    mode: str = "encode"
    unit: str = "tensor"
    reduction: str = "tree"
    scope: str = "layer"
    pairs: str = "dense"
    mac: int = 2

    def setting(self) -> Setting:
        """Return it as a setting."""
        return Setting(self.mode, self.unit, self.reduction, self.scope, self.pairs, self.mac)


class Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One claim."""

    id: str
    """A stable name: letters, digits and hyphens."""
    statement: str
    """What is claimed, in words."""
    models: tuple[str, ...]
    """Catalogue names that the claim speaks of."""
    figure: str
    """A figure, ``intermediate`` (the largest array that is computed), or ``gradient``."""
    relation: str
    """One of the relations that the checker knows, such as Theta or equals; for ``gradient`` it is
    ``vanishes with distance``."""
    source: str
    value: str = "1"
    """The right-hand side: a formula over sizes, or a model for ``no more than``."""
    sizes: tuple[str, ...] = ()
    """For Theta and O: the sizes that grow; all sizes of the formula if none is named."""
    settings: tuple[Tried, ...] = (Tried(),)
    figures: tuple[str, ...] = ()
    """Further figures that the claim may be read as speaking of."""
    experiment: Experiment | None = None
    """For ``gradient``: the numeric experiment, with its seed, sample size and tolerance."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: tuple[Claim, ...]


def read(path: Path) -> tuple[Claim, ...]:
    """Read a claims file.

    Raises
    ------
    ClaimError
        If it cannot be read, is too large, is no TOML, or has a wrong field.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            raise ClaimError(
                f"{path}: expected at most {LARGEST_FILE:,} bytes, got {path.stat().st_size:,}"
            )
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ClaimError(f"{path}: expected a claims file, but {reason}") from None
    return parse(text, str(path))


def parse(text: str, where: str) -> tuple[Claim, ...]:
    """Read claims from the text of a TOML file; ``where`` is its name in errors."""
    from .rules import FIGURES, RELATIONS

    try:
        claims = msgspec.convert(tomllib.loads(text), _File).claim
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ClaimError(f"{where}: expected TOML: {error}") from None
    except msgspec.ValidationError as error:
        raise ClaimError(f"{where}: {error}".replace("$.", "")) from None
    if len(claims) > MOST_CLAIMS:
        raise ClaimError(f"{where}: expected at most {MOST_CLAIMS} claims, got {len(claims)}")
    seen: set[str] = set()
    for k, claim in enumerate(claims):
        field = f"{where}: claim[{k}]"
        if not claim.id.replace("-", "").isalnum() or len(claim.id) > 80:
            raise ClaimError(
                f"{field}.id: expected letters, digits and hyphens, got {claim.id[:80]!r}"
            )
        if claim.id in seen:
            raise ClaimError(f"{field}.id: expected a name of its own, got {claim.id!r} twice")
        seen.add(claim.id)
        relations = (VANISHES,) if claim.figure == "gradient" else tuple(RELATIONS)
        _one_of(f"{field}.relation", claim.relation, relations)
        for j, figure in enumerate((claim.figure, *claim.figures)):
            _one_of(f"{field}.figure" if j == 0 else f"{field}.figures[{j - 1}]", figure, FIGURES)
        for j, model in enumerate(claim.models):
            _one_of(f"{field}.models[{j}]", model, tuple(CATALOGUE))
        _settings(field, claim)
        _value(field, claim)
        if max(len(claim.statement), len(claim.source), len(claim.value)) > LONGEST_TEXT:
            raise ClaimError(f"{field}: expected texts of at most {LONGEST_TEXT} characters")
    return claims


def _one_of(field: str, value: str, allowed: Sequence[str]) -> None:
    if value not in allowed:
        raise ClaimError(f"{field}: expected one of {', '.join(allowed)}, got {value[:80]!r}")


def _settings(field: str, claim: Claim) -> None:
    for j, tried in enumerate(claim.settings):
        try:
            tried.setting()
        except SettingError as error:
            axis = next((a for a in CHOICES if f"expected {a} " in str(error)), "")
            raise ClaimError(f"{field}.settings[{j}].{axis}: {error}") from None


def _value(field: str, claim: Claim) -> None:
    if claim.relation == "no more than":
        _one_of(f"{field}.value", claim.value, tuple(CATALOGUE))
        return
    try:
        poly(claim.value)
    except SizeError as error:
        raise ClaimError(f"{field}.value: {error}") from None
