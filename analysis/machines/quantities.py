"""Quantities with units as text: ``3.35 TB/s``, ``80 GB``, ``40 MiB``, ``312 Tflop/s``.

>>> quantity("80 GB", "byte"), quantity("40 MiB", "byte"), quantity("3.35 TB/s", "byte/s")
(80000000000.0, 41943040.0, 3350000000000.0)
>>> quantity("16", "byte")
Traceback (most recent call last):
    ...
workspan.analysis.machines.quantities.QuantityError: expected a number with a unit such as 80 GB, got '16'
"""

from __future__ import annotations

import math
import re

EXAMPLES = {
    "byte": "80 GB",
    "byte/s": "2.0 TB/s",
    "flop/s": "312 Tflop/s",
    "s": "4.5 us",
    "W": "400 W",
    "J": "0.5 pJ",
}
"""By unit, how it is written."""

BASES = {
    "byte": ("B",),
    "byte/s": ("B/s",),
    "flop/s": ("flop/s", "op/s"),
    "s": ("s",),
    "W": ("W",),
    "J": ("J",),
}
"""By unit, what may stand behind the prefix."""

PREFIXES = {
    "": 1.0,
    "k": 1e3,
    "K": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
    "P": 1e15,
    "E": 1e18,
    "m": 1e-3,
    "u": 1e-6,
    "n": 1e-9,
    "p": 1e-12,
    "f": 1e-15,
    "Ki": 2.0**10,
    "Mi": 2.0**20,
    "Gi": 2.0**30,
    "Ti": 2.0**40,
}
"""Decimal and binary prefixes; a binary one only before bytes."""

FORM = re.compile(r"([0-9]{1,15}(?:\.[0-9]{1,15})?(?:e[+-]?[0-9]{1,2})?) ?([A-Za-z/]{1,10})\Z")


class QuantityError(ValueError):
    """A text that is no quantity of the unit that is asked for."""


def quantity(text: str, unit: str) -> float:
    """Read a number with a unit.

    Parameters
    ----------
    text
        Such as ``80 GB``.
    unit
        ``byte``, ``byte/s``, ``flop/s``, ``s``, ``W`` or ``J``: in which it is returned.

    Raises
    ------
    QuantityError
        If the text is anything else, has no unit, or another one.
    """
    found = FORM.match(text.strip()) if len(text) <= 60 else None
    scale = None if found is None else _scale(found[2], unit)
    if found is None or scale is None:
        raise QuantityError(
            f"expected a number with a unit such as {EXAMPLES[unit]}, got {text[:40]!r}"
        )
    value = float(found[1]) * scale
    if not math.isfinite(value):
        raise QuantityError(f"expected a finite number, got {text[:40]!r}")
    return value


def _scale(written: str, unit: str) -> float | None:
    """Return what a prefix multiplies by; None if the rest is not the unit."""
    for base in BASES[unit]:
        prefix = written.removesuffix(base)
        if prefix == written or prefix not in PREFIXES:
            continue
        small, binary = PREFIXES[prefix] < 1, prefix.endswith("i")
        bytes_ = unit.startswith("byte")
        if (binary and not bytes_) or (small and unit not in {"s", "J"}):
            continue
        return PREFIXES[prefix]
    return None


def shown(value: float, unit: str) -> str:
    """Write a quantity with three significant digits and a decimal prefix.

    >>> shown(2.039e12, "byte/s"), shown(3e-6, "s"), shown(0, "byte")
    ('2.04 TB/s', '3 us', '0 B')
    """
    if value == 0:
        return f"0 {BASES[unit][0]}"
    scales = [(p, s) for p, s in PREFIXES.items() if not p.endswith("i") and p != "K"]
    if unit not in {"s", "J"}:
        scales = [(p, s) for p, s in scales if s >= 1]
    if unit == "s":
        scales = [(p, s) for p, s in scales if s <= 1]
    ordered = sorted(scales, key=lambda pair: pair[1])
    prefix, scale = next(
        ((p, s) for p, s in reversed(ordered) if abs(value) * (1 + 1e-12) >= s), ordered[0]
    )
    number = value / scale
    digits = f"{number:.3g}" if abs(number) < 999.5 else f"{number:,.0f}"
    return f"{digits} {prefix}{BASES[unit][0]}"
