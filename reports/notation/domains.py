"""Whether sizes lie in the domain of a formula, as far as the domain's text says.

>>> holds("n >= w and d >= 1", {"n": 4, "w": 5, "d": 1})
False
>>> holds("n >= 2", {"n": 4})
True
>>> holds("n >= 1 and n/c whole", {"n": 6, "c": 4})
False
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    ">=": operator.ge,
    "<=": operator.le,
    ">": operator.gt,
    "<": operator.lt,
    "==": operator.eq,
}


def holds(domain: str, sizes: Mapping[str, int]) -> bool:
    """Whether all conditions of a domain hold; what cannot be read does not restrict."""
    return all(_holds(part, sizes) for part in re.split(r",|\band\b", domain))


def _holds(text: str, sizes: Mapping[str, int]) -> bool:
    from ...graphs.sizes import SizeError, poly

    parts = re.split(r"(>=|<=|==|>|<)", text)
    part = re.fullmatch(r"(.+) whole", text.strip())
    if len(parts) < 3 and part is None:
        return True
    try:
        if part is not None:
            return Fraction(poly(part[1]).evaluate(**sizes)).denominator == 1
        numbers = [poly(p.strip()).evaluate(**sizes) for p in parts[::2]]
    except SizeError:
        return True
    pairs = zip(numbers, parts[1::2], numbers[1:], strict=False)
    return all(_COMPARE[sign](left, right) for left, sign, right in pairs)
