"""Sets of pairs of positions as whole numbers, so that dependence is a number like any figure.

Bit number z stands for the pair of output position i and input position j, by the pairing of
Szudzik 2006, *An Elegant Pairing Function*: no length has to be known to read it.

>>> bits([(0, 0), (0, 1), (2, 1)])
131
>>> positions(131)
[(0, 0), (0, 1), (2, 1)]
"""

from __future__ import annotations

import math
from collections.abc import Iterable


def bits(pairs: Iterable[tuple[int, int]]) -> int:
    """Return a set of pairs (j, i) as a number."""
    indices = {i * i + j if j < i else j * j + j + i for j, i in pairs}
    data = bytearray(max(indices, default=0) // 8 + 1)
    for z in indices:
        data[z // 8] |= 1 << z % 8
    return int.from_bytes(data, "little")


def positions(number: int) -> list[tuple[int, int]]:
    """Return the pairs (j, i) of a number, sorted."""
    return sorted(_pair(z) for z, bit in enumerate(reversed(f"{number:b}")) if bit == "1")


def _pair(z: int) -> tuple[int, int]:
    side = math.isqrt(z)
    rest = z - side * side
    return (rest, side) if rest < side else (side, rest - side)
