"""What a store keeps: what was asked, what was seen, and with which versions on which machine.

>>> asked = Asked("numpy", "rnn", "ab12", {"n": 8}, "work", 0, {"numpy": "2.4"}, Machine("any", 2))
>>> asked.key == msgspec.structs.replace(asked, at={"n": 8}).key
True
>>> asked.key == msgspec.structs.replace(asked, at={"n": 9}).key
False
"""

from __future__ import annotations

import hashlib
import math
import os
import platform
from datetime import datetime
from typing import Annotated

import msgspec

from ..runs.observations import EngineError, Observation, Source

SCHEMA = 1
LARGEST = 1 << 20
"""Bytes of one record."""
LARGEST_NUMBER = 2**53
"""Whole numbers up to here are exact for every reader of JSON."""


class Machine(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where something ran."""

    platform: str
    cpus: int

    @classmethod
    def here(cls) -> Machine:
        """Return this machine."""
        return cls(platform.platform(), os.cpu_count() or 1)


class Asked(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was measured, with everything that the answer depends on."""

    engine: str
    model: str
    digest: str
    """Of the model's graph, or of the source of a user's function."""
    at: dict[str, int]
    figure: str
    seed: int
    versions: dict[str, str]
    machine: Machine

    @property
    def key(self) -> str:
        """A name for what was asked: equal for equal questions only."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An observation as JSON can hold it."""

    figure: str
    at: dict[str, int]
    value: int | float | str
    """A whole number that is too long for most readers of JSON is text in base 16."""
    source: tuple[str, str, str, str]
    part: str
    tolerance: float | None
    """None where any number is allowed."""
    note: str

    @classmethod
    def of(cls, seen: Observation) -> Seen:
        """Return an observation for a record.

        Raises
        ------
        EngineError
            If its value is not finite.
        """
        finite = isinstance(seen.value, int) or math.isfinite(seen.value)
        if not finite or math.isnan(seen.tolerance):
            raise EngineError(
                f"expected {seen.figure} of {seen.source.subject} to be finite, got {seen.value}"
            )
        source, value = seen.source, seen.value
        return cls(
            seen.figure,
            dict(seen.at),
            hex(value) if isinstance(value, int) and abs(value) > LARGEST_NUMBER else value,
            (source.library, str(source.version), source.subject, source.device),
            seen.part,
            None if math.isinf(seen.tolerance) else seen.tolerance,
            seen.note,
        )

    @property
    def observation(self) -> Observation:
        """What was seen.

        Raises
        ------
        DamagedError
            If a text is no number.
        """
        try:
            value = int(self.value, 16) if isinstance(self.value, str) else self.value
        except ValueError as error:
            raise DamagedError("a value is no number") from error
        tolerance = math.inf if self.tolerance is None else self.tolerance
        return Observation(
            self.figure, self.at, value, Source(*self.source), self.part, tolerance, self.note
        )


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One finished measurement."""

    schema: int
    asked: Asked
    when: Annotated[datetime, msgspec.Meta(tz=True)]
    """The time in UTC."""
    observations: tuple[Seen, ...]


class DamagedError(ValueError):
    """A file that is no record; the message says why."""


def encoded(record: Record) -> bytes:
    """Return a record as JSON.

    Raises
    ------
    EngineError
        If the record is too large.
    """
    data = msgspec.json.encode(record, order="deterministic")
    if len(data) > LARGEST:
        raise EngineError(
            f"expected a record of at most {LARGEST} bytes, got {len(data)} "
            f"for {record.asked.figure} of {record.asked.model}"
        )
    return data


def digest(data: bytes) -> str:
    """Return the name of some content."""
    return hashlib.sha256(data).hexdigest()


def decoded(data: bytes, name: str) -> Record:
    """Read a record, as data and nothing else.

    Raises
    ------
    DamagedError
        If the content is not what its name says, or has another shape than a record.
    """
    if len(data) > LARGEST:
        raise DamagedError(f"it has more than {LARGEST} bytes")
    if digest(data) != name:
        raise DamagedError("its content is not what its name says")
    try:
        record = msgspec.json.decode(data, type=Record)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise DamagedError(" ".join(str(error).split())) from error
    if record.schema != SCHEMA:
        raise DamagedError(f"its schema is {record.schema}, not {SCHEMA}")
    return record
