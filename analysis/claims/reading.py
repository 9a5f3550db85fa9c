"""Claims as data: reading TOML that comes from outside, bounded, with a path to every wrong field.

>>> text = '''
... [[claim]]
... id = "a"
... statement = "One layer."
... source = "nobody"
... models = ["lstm"]
... figure = "span"
... relation = "is"
... '''
>>> parse(text, "mine.toml")
Traceback (most recent call last):
    ...
workspan.analysis.claims.reading.ClaimError: mine.toml: claim[0].relation: expected one of equals, ...
"""

from __future__ import annotations

import tomllib
from pathlib import Path

import msgspec

from .statements import Claim
from .subjects import Models

LARGEST_FILE = 1_000_000
MOST_CLAIMS = 1_000


class ClaimError(ValueError):
    """A claims file with a wrong field; the message has the path to it."""


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    claim: tuple[Claim, ...]
    family: str = ""
    """Of all claims in the file that name none."""
    since: str = ""


def read(path: Path, models: Models | None = None) -> tuple[Claim, ...]:
    """Read a claims file.

    Parameters
    ----------
    path
        A TOML file.
    models
        Models of the user's own that its claims may name, besides those of the catalogue.

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
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise ClaimError(f"{path}: expected a claims file, but {reason}") from None
    return parse(text, str(path), models)


def parse(text: str, where: str, models: Models | None = None) -> tuple[Claim, ...]:
    """Read claims from the text of a TOML file; ``where`` is its name in errors."""
    from .validating import validate

    try:
        found = msgspec.convert(tomllib.loads(text), _File)
    except msgspec.ValidationError as error:
        raise ClaimError(f"{where}: {error}".replace("$.", "")) from None
    except RecursionError:
        raise ClaimError(f"{where}: expected TOML that is not nested hundreds deep") from None
    except ValueError as error:  # no TOML, or a number of thousands of digits
        raise ClaimError(f"{where}: expected TOML: {error}") from None
    if len(found.claim) > MOST_CLAIMS:
        raise ClaimError(f"{where}: expected at most {MOST_CLAIMS} claims, got {len(found.claim)}")
    claims = tuple(
        msgspec.structs.replace(c, family=c.family or found.family, since=c.since or found.since)
        for c in found.claim
    )
    seen: set[str] = set()
    for k, claim in enumerate(claims):
        field = f"{where}: claim[{k}]"
        validate(field, claim, models or {})
        if claim.id in seen:
            raise ClaimError(f"{field}.id: expected a name of its own, got {claim.id!r} twice")
        seen.add(claim.id)
    return claims
