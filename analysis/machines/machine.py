"""Machines: rates, bandwidth, memory and latency of a processor, read from TOML, with their sources.

>>> machine = load("a100")
>>> machine.rate("bf16"), machine.bandwidth, machine.memory
(312000000000000.0, 2039000000000.0, 80000000000.0)
>>> machine.rate("bf16", contraction=False)
19500000000000.0
>>> load("a1000")
Traceback (most recent call last):
    ...
workspan.analysis.machines.machine.MachineError: expected a machine of a100, ..., or a TOML file, got 'a1000'
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from .quantities import QuantityError, quantity
from .task import BYTES

FOLDER = Path(__file__).parent
LARGEST_FILE = 1 << 16
"""The longest file that is read, in bytes."""

BOUNDS: Mapping[str, tuple[str, float, float]] = {
    "rates": ("flop/s", 1e6, 1e21),
    "vector_rate": ("flop/s", 1e6, 1e21),
    "function_rate": ("flop/s", 1e6, 1e21),
    "bandwidth": ("byte/s", 1e6, 1e18),
    "cache_bandwidth": ("byte/s", 1e6, 1e18),
    "memory": ("byte", 1e6, 1e18),
    "cache": ("byte", 1e3, 1e15),
    "latency": ("s", 1e-9, 1.0),
    "power": ("W", 1e-3, 1e9),
    "energy_per_flop": ("J", 1e-18, 1e-3),
    "energy_per_byte": ("J", 1e-18, 1e-3),
    "link.bandwidth": ("byte/s", 1e3, 1e18),
    "link.latency": ("s", 1e-9, 1.0),
}
"""By field: its unit, and between what any machine lies that was built or is planned."""

MOST_CORES, MOST_DEVICES = 10**8, 10**6


class MachineError(ValueError):
    """A machine that cannot be read; the message names the file, the field and the way out."""


@dataclass(frozen=True, slots=True)
class Link:
    """How several devices are connected."""

    devices: int
    bandwidth: float
    """Byte/s of one device, in and out together as datasheets state it."""
    latency: float
    """Seconds of a message."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What a processor does in a second, and what it holds."""

    name: str
    sources: tuple[str, ...]
    """Title and date of the documents that state the figures."""
    rates: Mapping[str, float]
    """Operations per second in matrix products, by number format; a multiply-add is two."""
    bandwidth: float
    """Byte/s between the processor and its memory."""
    memory: float
    """Bytes."""
    cache: float
    """Bytes of the last cache."""
    latency: float
    """Seconds that one launch takes at least."""
    cores: int
    vector_rate: float | None = None
    """Operations per second of elementwise arithmetic; that of fp32 if None."""
    function_rate: float | None = None
    """Functions such as exp and tanh per second; that of arithmetic if None."""
    cache_bandwidth: float | None = None
    """Byte/s if all that an operation moves fits into the cache; no faster than memory if None."""
    power: float | None = None
    """Watts while it works."""
    energy_per_flop: float | None = None
    """Joules."""
    energy_per_byte: float | None = None
    """Joules."""
    link: Link | None = None
    estimates: tuple[str, ...] = ()
    """Which figures no document states, and where they are from."""
    file: str = field(default="", compare=False)

    @staticmethod
    def load(name_or_path: str) -> Machine:
        """Read a machine that is shipped, by its name, or one of a TOML file; see :func:`load`."""
        return load(name_or_path)

    @property
    def speeds(self) -> tuple[object, ...]:
        """All that times depend on."""
        return (
            *sorted(self.rates.items()),
            self.vector_rate,
            self.function_rate,
            self.bandwidth,
            self.cache_bandwidth,
            self.cache,
            self.latency,
        )

    def rate(self, number: str, *, contraction: bool = True) -> float:
        """Return operations per second in a number format.

        Raises
        ------
        MachineError
            If the machine's file states none.
        """
        if number not in self.rates:
            raise MachineError(
                f"expected a number format that {self.name} has a rate for "
                f"({', '.join(self.rates)}), got {number!r}"
            )
        if contraction:
            return self.rates[number]
        vector = self.vector_rate or self.rates.get("fp32", self.rates[number])
        return min(vector, self.rates[number])


class _Link(msgspec.Struct, forbid_unknown_fields=True):
    devices: int
    bandwidth: str
    latency: str


class _File(msgspec.Struct, forbid_unknown_fields=True):
    """The fields of a machine's file: quantities are texts with a unit."""

    name: str
    sources: list[str]
    rates: dict[str, str]
    bandwidth: str
    memory: str
    cache: str
    latency: str
    cores: int
    vector_rate: str | None = None
    function_rate: str | None = None
    cache_bandwidth: str | None = None
    power: str | None = None
    energy_per_flop: str | None = None
    energy_per_byte: str | None = None
    link: _Link | None = None
    estimates: list[str] = []


def names() -> tuple[str, ...]:
    """Return the names of the machines that are shipped, sorted."""
    return tuple(sorted(path.stem for path in FOLDER.glob("*.toml")))


def load(name_or_path: str) -> Machine:
    """Read a machine that is shipped, by its name, or one of a TOML file.

    Raises
    ------
    MachineError
        If there is none, or its file is wrong; the message names the file and the field.
    """
    if name_or_path in names():
        return read(FOLDER / f"{name_or_path}.toml")
    path = Path(name_or_path)
    if path.suffix != ".toml" or not path.is_file():
        raise MachineError(
            f"expected a machine of {', '.join(names())}, or a TOML file, got {name_or_path!r}"
        )
    return read(path)


def read(path: Path) -> Machine:
    """Read a machine's file."""
    if path.stat().st_size > LARGEST_FILE:
        raise MachineError(f"{path}: expected at most {LARGEST_FILE:,} bytes")
    return parse(path.read_bytes(), path.name)


def parse(text: bytes, file: str) -> Machine:
    """Read a machine from TOML.

    Parameters
    ----------
    file
        What messages call it.
    """
    try:
        found = msgspec.toml.decode(text, type=_File)
    except (msgspec.ValidationError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise MachineError(f"{file}: {_first_line(error)}") from None
    if not found.rates:
        raise MachineError(f"{file}: rates: expected a rate by number format, got none")
    for number in found.rates:
        if number not in BYTES:
            raise MachineError(
                f"{file}: rates: expected number formats of {', '.join(BYTES)}, got {number!r}"
            )
    if not found.sources or not all(s.strip() for s in found.sources):
        raise MachineError(f"{file}: sources: expected where the figures are from, got none")

    def value(name: str, text: str | None) -> Any:
        return None if text is None else _bounded(file, name, text)

    link = found.link
    return Machine(
        found.name,
        tuple(found.sources),
        {number: _bounded(file, "rates", text, number) for number, text in found.rates.items()},
        value("bandwidth", found.bandwidth),
        value("memory", found.memory),
        value("cache", found.cache),
        value("latency", found.latency),
        _count(file, "cores", found.cores, MOST_CORES),
        value("vector_rate", found.vector_rate),
        value("function_rate", found.function_rate),
        value("cache_bandwidth", found.cache_bandwidth),
        value("power", found.power),
        value("energy_per_flop", found.energy_per_flop),
        value("energy_per_byte", found.energy_per_byte),
        None
        if link is None
        else Link(
            _count(file, "link.devices", link.devices, MOST_DEVICES),
            value("link.bandwidth", link.bandwidth),
            value("link.latency", link.latency),
        ),
        tuple(found.estimates),
        file,
    )


def _first_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def _bounded(file: str, name: str, text: str, part: str = "") -> float:
    unit, least, most = BOUNDS[name]
    where = f"{file}: {name}{'.' + part if part else ''}"
    try:
        value = quantity(text, unit)
    except QuantityError as error:
        raise MachineError(f"{where}: {error}") from None
    if not least <= value <= most:
        raise MachineError(f"{where}: expected {least:g} to {most:g} {unit}, got {text!r}")
    return value


def _count(file: str, name: str, value: int, most: int) -> int:
    if not 1 <= value <= most:
        raise MachineError(f"{file}: {name}: expected 1 to {most:,}, got {value}")
    return value
