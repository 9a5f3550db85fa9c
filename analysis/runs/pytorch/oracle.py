"""A second opinion on work: counts on the meta device, interpolated exactly in the sizes.

Nothing here knows a formula. A module is built at a few small sizes, run without numbers, and its
counts are interpolated over the rationals; the polynomial is then held against sizes that it was
not fitted to, far ones and odd ones. It is *fitted*, not proved.

>>> found = catalogue("lstm", "contraction")
>>> found.formula, found.domain
('16*L*d**2*n', 'L >= 1, d >= 1, n >= 1')
>>> [at["n"] for at in found.held_out]
[512, 77]

A module that works in chunks has another formula for each remainder of its length, and below one
chunk a constant that looks like a polynomial of degree zero. So the length goes in steps of the
common multiple of its chunks, and the domain says so.

>>> def padded(at):  # two operations for each position of whole chunks
...     return 2 * 16 * -(-at["n"] // 16)
>>> fit(padded, {"n": Range.length(16)}).formula
'2*n'
>>> fit(padded, {"n": Range.length(16)}).domain
'n >= 16, n % 16 == 0'
>>> fit(padded, {"n": Range.length()})
Traceback (most recent call last):
    ...
workspan.analysis.runs.observations.EngineError: expected 32, fitted at small sizes, to hold at n=512: it gives 32, counted were 1024; ...
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import torch

from ..errors import RunError
from ..observations import EngineError
from .counting import Tally, count
from .interpolation import Count, Terms, evaluate, interpolate, substituted, written
from .modules import MODULES, build

Sizes = Mapping[str, int]

FAR = 512
"""How far out lengths are held against the formula."""
ODD = 77
"""An odd size that formulas are held against."""
TALLEST = 12
"""How many values of a size are tried to find its degree."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values of a size: least, least + step, ...; the least is a step if it is not given."""

    step: int = 1
    least: int | None = None
    far: int = 11
    """About how large the size is where the formula is held out."""
    long: bool = False
    """Whether runs get long with it, so that it stays small where lengths are far out."""

    @classmethod
    def length(cls, *chunks: int, far: int = FAR) -> Range:
        """Return the values of a length that is worked on in chunks of these sizes."""
        return cls(math.lcm(*chunks), far=far)

    @property
    def start(self) -> int:
        """The least value."""
        return self.step if self.least is None else self.least

    def values(self) -> Sequence[int]:
        """Return the values that a formula may be fitted to."""
        return range(self.start, self.start + TALLEST * self.step, self.step)

    def reaching(self, value: int) -> int:
        """Return the first value of the progression that is at least ``value``."""
        return self.start - min(self.start - value, 0) // self.step * self.step

    def away(self, last: int) -> int:
        """Return a value far out, after ``last`` unless the size makes runs long."""
        return self.reaching(self.far if self.long else max(self.far, last + 1))

    def odd(self, last: int) -> int:
        """Return a value after ``last`` at an odd place of the progression, an odd one if it can."""
        found = self.reaching(max(ODD if self.far >= FAR else self.far // 2, last + 1))
        places = (found - self.start) // self.step
        wanted = found % 2 if self.step % 2 else (places + self.start // self.step) % 2
        return found if wanted else found + self.step

    def between(self) -> tuple[int, ...]:
        """Return some values between the steps."""
        return tuple(
            self.start + k for k in sorted({1, self.step // 2, self.step + 1}) if k % self.step
        )


@dataclass(frozen=True, slots=True)
class Fitted:
    """A polynomial that counts have, with the sizes at which it was checked."""

    terms: Terms
    domain: str
    """The sizes for which it holds."""
    fitted: tuple[Sizes, ...]
    """The sizes that it was fitted to."""
    held_out: tuple[Sizes, ...]
    """Sizes that it was not fitted to and holds at."""
    grade: str = field(default="fitted", init=False)

    @property
    def formula(self) -> str:
        """The polynomial in Python syntax."""
        return written(self.terms)

    def value(self, at: Sizes) -> Fraction:
        """Return the value at sizes."""
        return evaluate(self.terms, at)


def fit(counted: Count, ranges: Mapping[str, Range]) -> Fitted:
    """Fit a polynomial to counts and hold it out.

    Parameters
    ----------
    counted
        The count at sizes.
    ranges
        The values that each size may have.

    Raises
    ------
    EngineError
        If no polynomial fits, or it does not hold at the sizes that were held out.
    """
    seen: dict[tuple[int, ...], int] = {}

    def kept(at: Sizes) -> int:
        key = tuple(at[name] for name in ranges)
        if key not in seen:
            seen[key] = counted(at)
        return seen[key]

    terms = interpolate(kept, {name: r.values() for name, r in ranges.items()})
    fitted = tuple(dict(zip(ranges, key, strict=True)) for key in seen)
    last = {name: max(at[name] for at in fitted) for name in ranges}
    held: list[Sizes] = [
        {name: r.away(last[name]) for name, r in ranges.items()},
        {name: r.odd(last[name]) for name, r in ranges.items()},
    ]
    for at in held:
        _hold(terms, at, counted(at))
    domain = []
    for name, r in sorted(ranges.items()):
        others = {other: q.odd(last[other]) for other, q in ranges.items()}
        between: list[Sizes] = [{**others, name: value} for value in r.between()]
        wide = bool(between) and all(_holds(terms, at, counted) for at in between)
        held += between if wide else []
        domain.append(f"{name} >= {r.start}")
        if r.step > 1 and not wide:
            domain.append(f"{name} % {r.step} == {r.start % r.step}")
    return Fitted(terms, ", ".join(domain), fitted, tuple(held))


def _hold(terms: Terms, at: Sizes, count: int) -> None:
    value = evaluate(terms, at)
    if value != count:
        where = ", ".join(f"{name}={size}" for name, size in at.items())
        raise EngineError(
            f"expected {written(terms)}, fitted at small sizes, to hold at {where}: it gives "
            f"{value}, counted were {count}; a module that works in chunks needs steps of them"
        )


def _holds(terms: Terms, at: Sizes, counted: Count) -> bool:
    """Say whether the formula holds at sizes between the steps, where there may be no module."""
    try:
        return evaluate(terms, at) == counted(at)
    except (RunError, RuntimeError, ValueError):
        return False


def in_products(found: Fitted, products: Mapping[str, tuple[str, str]]) -> Fitted:
    """Write a formula in products of its sizes, as ``{"d": ("h", "e")}`` for h heads of width e.

    The products are in the order in which they are multiplied out.
    """
    terms, domain = found.terms, found.domain.split(", ")
    for name, (whole, part) in reversed(list(products.items())):
        terms = substituted(terms, part, {name: 1, whole: -1})
        domain = [bound for bound in domain if not bound.startswith(f"{part} ")]
        domain.append(f"{name} % {whole} == 0")

    def multiplied(at: Sizes) -> Sizes:
        full = dict(at)
        for name, (whole, part) in products.items():
            full[name] = full[whole] * full.pop(part)
        return full

    fitted, held_out = (tuple(map(multiplied, sizes)) for sizes in (found.fitted, found.held_out))
    return Fitted(terms, ", ".join(domain), fitted, held_out)


def on_meta(make: Callable[[Sizes], Callable[[], Any]], line: str = "contraction") -> Count:
    """Return how to count one line of a module, from ``make(sizes)`` that returns what to run.

    It is built on the meta device, in evaluation mode and without gradients.
    """

    def counted(at: Sizes) -> int:
        with torch.device("meta"):
            run = make(at)
            with torch.no_grad():
                return read(count(run), line)

    return counted


def read(tally: Tally, line: str) -> int:
    """Return one line of a tally, or its total."""
    found: int = getattr(tally.counts, line)
    return found


_ODD = Range(step=2, least=1)
_RANGES: Mapping[str, Range] = {
    "m": Range(far=40),
    "w": _ODD,
    "k": _ODD,
    "L": Range(far=2, long=True),
}
_PARTS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "h": {"d": ("h", "e")},
    "g": {"h": ("g", "r"), "d": ("h", "e")},
}


def catalogue(
    name: str,
    line: str = "contraction",
    *,
    fused: bool = True,
    far: int = FAR,
    at: Sizes = MappingProxyType({}),
) -> Fitted:
    """Fit the work of a module of the catalogue on the meta device.

    Parameters
    ----------
    name
        One of :data:`.modules.NAMES`.
    line
        ``total``, or a line of :class:`.counts.Counts`.
    fused
        Whether the library's module runs, or its equations in plain operators.
    far
        How far out the length is held against the formula.
    at
        Sizes that stay fixed and are no symbols of the formula.

    Raises
    ------
    EngineError
        If torch has no such model, or no polynomial fits.
    """
    if name not in MODULES:
        raise EngineError(
            f"expected a model that exists in torch ({', '.join(MODULES)}), got {name}"
        )
    fixed = dict(at)
    own = [s for s in MODULES[name].sizes if s not in fixed]
    products = _PARTS["g"] if "g" in own else _PARTS["h"] if "h" in own else {}
    parts = {part for _, part in products.values()}
    ranges = {"n": Range.length(far=far), **_RANGES}
    free = [s for s in own if s not in products] + sorted(parts)

    def counted(at: Sizes) -> int:
        full = {**fixed, **at}
        for whole, (first, second) in products.items():
            full[whole] = full[first] * full[second]
        built = build(name, full, dtype=torch.float32, device="meta", fused=fused)
        inputs = built.inputs()
        with torch.no_grad():
            return read(count(lambda: built.forward(*inputs)), line)

    found = fit(counted, {s: ranges.get(s, Range()) for s in free})
    return in_products(found, products) if products else found
