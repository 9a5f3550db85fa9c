"""Reasons why a public counter prints another number than what ran: arithmetic, never a guess.

The counter's unit is taken off, and what it says that it counts besides. Then the operators that
ran, counted with our rules, are searched for those whose absence closes the difference exactly.
What is left over is said to be unexplained.

>>> missing({"mm": 8, "bmm": 4, "conv": 4}, 12)
('mm', 'bmm')
>>> missing({"mm": 8, "bmm": 4}, 5) is None
True
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ..runs.pytorch.counters import Reading

MOST_PARTS = 14
"""How many operators are searched, all subsets, for those that a counter leaves out."""


@dataclass(frozen=True, slots=True)
class Ran:
    """What torch did in a module, counted with our rules."""

    contraction: int
    others: int
    """Operations on numbers that are no contractions."""
    tables: tuple[Mapping[str, int], ...]
    """Contractions by operator, in one or several ways to name operators."""
    positions: int
    """The length."""


def explain(reading: Reading, ran: Ran) -> tuple[list[str], bool]:
    """Say how a reading comes about from what ran; whether the difference is closed exactly."""
    said = ["multiply-adds counted as one"] if reading.mac == 1 else []
    known = Fraction(2, reading.mac) * (reading.value - (reading.besides or 0))
    if reading.besides:
        said.append(f"{reading.besides} of it are {reading.kinds}")
    if known == ran.contraction:
        return said, True
    if reading.besides is None:
        return _by_rules(reading, known, ran, said)
    for table in _suspected(reading, ran.tables):
        left_out = missing(table, ran.contraction - known)
        if left_out is not None:
            return [*said, f"not counted: {_listed(left_out, table)}"], True
    sign = "more" if known > ran.contraction else "less"
    return [*said, f"{abs(known - ran.contraction)} {sign} than what ran, unexplained"], False


def _suspected(
    reading: Reading, tables: Sequence[Mapping[str, int]]
) -> Iterator[Mapping[str, int]]:
    """Return operators that a counter may lack, the likely ones first.

    A counter with a registry of operators lacks those that are not in it. The others know tensor
    products by the names of functions, and what is one operator in torch escapes them first.
    """
    if reading.operators is not None:
        for table in tables:
            yield {n: v for n, v in table.items() if _operator(n) not in reading.operators}
        return
    joined = [_joined(table) for table in tables]
    for table in joined:
        yield {n: v for n, v in table.items() if n.startswith(("_", "mkldnn"))}
    yield from joined
    yield from tables


def _joined(parts: Mapping[str, int]) -> dict[str, int]:
    """Add up the parts of one operator in modules of one class."""
    sums: dict[str, int] = {}
    for name, value in parts.items():
        short = f"{_operator(name)} in {_class(name)}" if _class(name) else name
        sums[short] = sums.get(short, 0) + value
    return sums


def missing(parts: Mapping[str, int], amount: Fraction | int) -> tuple[str, ...] | None:
    """Return the fewest parts that add up to an amount exactly, None if there are none."""
    candidates = sorted(parts, key=lambda name: -parts[name])[:MOST_PARTS]
    for size in range(1, len(candidates) + 1):
        for chosen in itertools.combinations(candidates, size):
            if sum(parts[name] for name in chosen) == amount:
                return chosen
    return None


def _by_rules(
    reading: Reading, known: Fraction, ran: Ran, said: list[str]
) -> tuple[list[str], bool]:
    """Take off what runs in modules without a rule; what is left over are other operations."""
    parts, notes = ran.tables[-1], list(said)
    unit, lost = Fraction(2, reading.mac), Fraction(0)
    strange = [n for n in parts if reading.rules is not None and _class(n) not in reading.rules]
    if strange and reading.patches:
        # It also replaces functions, so that some of these are counted: nobody says which.
        lost = max(sum(parts.values()) - known, Fraction(0))
        where = f"among {_listed(strange, parts)}"
        notes += [f"not counted: at least {lost}, {where}"] if lost else []
    elif strange:
        lost += sum(parts[n] for n in strange)
        notes.append(f"not counted: {_listed(strange, parts)}")
    single = [n for n in parts if _class(n) in reading.once]
    if single:
        lost += sum(Fraction(parts[n] * (ran.positions - 1), ran.positions) for n in single)
        notes.append("linear layers counted for one position of each sequence")
    rest = (known - (sum(parts.values()) - lost)) / unit
    if not 0 <= rest <= ran.others:
        sign = "more" if rest > 0 else "less"
        return [*notes, f"{abs(rest)} {sign} than that, unexplained"], False
    if rest:
        notes.append(f"{rest} operations besides ({reading.kinds})")
    return notes, not rest and not (strange and reading.patches)


def _listed(names: Sequence[str], parts: Mapping[str, int]) -> str:
    """Name operators, each once, with what they contract."""
    sums = _joined({name: parts[name] for name in names})
    return ", ".join(f"{name} ({value})" for name, value in sums.items())


def _operator(name: str) -> str:
    """Return the operator of a part.

    >>> _operator("addmm in Linear q_proj"), _class("addmm in Linear q_proj")
    ('addmm', 'Linear')
    """
    return name.partition(" in ")[0]


def _class(name: str) -> str:
    """Return the class of the module that a part runs in, empty if nobody asked."""
    return name.partition(" in ")[2].partition(" ")[0]
