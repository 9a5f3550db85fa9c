"""Whether sizes lie in the domain of a formula, as far as the domain's text says.

>>> holds("n >= w and d >= 1", {"n": 4, "w": 5, "d": 1})
False
>>> holds("n >= 2", {"n": 4})
True
>>> holds("n >= 1 and n/c whole", {"n": 6, "c": 4})
False
"""

from __future__ import annotations

import contextlib
import functools
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from ...graphs.sizes import Poly, SizeError, poly

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


def holds(domain: str, sizes: Mapping[str, int]) -> bool:
    """Whether all conditions of a domain hold; what cannot be read does not restrict."""
    return all(_holds(condition, sizes) for condition in _conditions(domain))


@functools.lru_cache(maxsize=1024)
def _conditions(domain: str) -> tuple[tuple[tuple[Poly, ...], tuple[str, ...]], ...]:
    """Read a domain: what is compared, and how; nothing is compared with what is to be whole."""
    found = []
    for text in re.split(r",|\band\b", domain):
        parts = re.split(r"(>=|<=|==|>|<)", text)
        whole = re.fullmatch(r"(.+) whole", text.strip())
        if len(parts) < 3 and whole is None:
            continue
        costs = parts[::2] if whole is None else [whole[1]]
        with contextlib.suppress(SizeError):
            found.append((tuple(poly(c.strip()) for c in costs), tuple(parts[1::2])))
    return tuple(found)


def _holds(condition: tuple[tuple[Poly, ...], tuple[str, ...]], sizes: Mapping[str, int]) -> bool:
    costs, signs = condition
    try:
        numbers = [cost.evaluate(**{s: sizes[s] for s in cost.sizes}) for cost in costs]
    except (SizeError, KeyError):
        return True
    if not signs:
        return Fraction(numbers[0]).denominator == 1
    pairs = zip(numbers, signs, numbers[1:], strict=False)
    return all(_COMPARE[sign](left, right) for left, sign, right in pairs)
