"""The record of verdicts: a file beside the claims that only detects change.

Verdicts are always computed; the record says what they were when somebody last looked at them.

>>> old = {"a": Entry("proved", "span = n")}
>>> changed(old, {"a": Entry("proved", "span = n"), "b": Entry("refuted", "")})
('b: refuted, not on record',)
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

import msgspec

from ..figures import Verdict
from .reading import ClaimError

LARGEST_FILE = 8_000_000
BUILT_IN = Path(__file__).parent / "verdicts.json"
"""The record of the claims that come with workspan."""


class Entry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was found for one claim."""

    verdict: str
    reason: str
    corrected: str = ""
    counterexample: dict[str, int] = {}
    evidence: tuple[str, ...] = ()


def entry(verdict: Verdict) -> Entry:
    """Return what the record keeps of a verdict."""
    return Entry(
        verdict.verdict,
        verdict.reason,
        verdict.corrected,
        dict(verdict.counterexample),
        verdict.evidence,
    )


def beside(path: Path) -> Path:
    """Return where the record of a claims file lies.

    >>> beside(Path("claims/mine.toml")).name
    'mine.verdicts.json'
    """
    return path.with_suffix(".verdicts.json")


def read_record(path: Path) -> dict[str, Entry]:
    """Read a record; there is none if the file is not there.

    Raises
    ------
    ClaimError
        If it is too large or no record.
    """
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST_FILE:
        raise ClaimError(f"{path}: expected at most {LARGEST_FILE:,} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Entry])
    except (OSError, msgspec.DecodeError) as error:
        raise ClaimError(f"{path}: expected a record of verdicts: {error}") from None


def record_text(entries: Mapping[str, Entry]) -> str:
    """Return a record as text, the same for the same verdicts."""
    plain = {name: msgspec.to_builtins(entries[name]) for name in entries}
    return json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


def changed(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> tuple[str, ...]:
    """Return the claims whose verdict is another one than on record, one line each."""
    return tuple(_lines(old, new))


def _lines(old: Mapping[str, Entry], new: Mapping[str, Entry]) -> Iterable[str]:
    for name, found in new.items():
        if name not in old:
            yield f"{name}: {found.verdict}, not on record"
        elif old[name].verdict != found.verdict:
            yield f"{name}: {found.verdict}, {old[name].verdict} on record"
