"""Options of the command line that are text: sizes and names of figures.

>>> parse_at(["n=64,d=32", "n=128"])
[{'n': 64, 'd': 32}, {'n': 128}]
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Collection, Sequence
from typing import Any

SIZES = ("n", "d", "h", "e", "f", "L", "b", "k", "w", "v", "s", "m", "g")
"""Names of sizes that every model may be asked about."""
PLOTS = ("growth", "roofline", "profile", "memory", "gradient")
"""Kinds of plots."""
LARGEST = 10**12
EXAMPLE = "--at n=64,d=32"


class OptionError(ValueError):
    """An option that makes no sense; the message names the value and the way out."""


def parse_at(texts: Sequence[str], known: Collection[str] = SIZES) -> list[dict[str, int]]:
    """Read sizes, one set for each ``--at``.

    Parameters
    ----------
    texts
        Such as ``n=64,d=32``.
    known
        The names that may appear.

    Raises
    ------
    OptionError
        If a text is no such list, or a value is no whole number from 1 to 10**12.
    """
    return [_sizes(text, known) for text in texts]


def _sizes(text: str, known: Collection[str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for part in text.split(","):
        name, equals, value = (p.strip() for p in part.partition("="))
        if not equals or not name or not value:
            raise OptionError(f"expected sizes such as {EXAMPLE}, got {part!r} in --at {text}")
        if name not in known:
            raise OptionError(
                f"expected one of the sizes {', '.join(sorted(known))}, got {name!r} in --at {text}"
            )
        if name in sizes:
            raise OptionError(
                f"expected each size once, got {name} twice in --at {text}; "
                "repeat --at for more sizes"
            )
        sizes[name] = _whole(name, value)
    return sizes


def _whole(name: str, value: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9][0-9_]*", value) or len(value) > 30:
        raise OptionError(
            f"expected {name} to be a whole number such as {name}=64, got {name}={value[:40]}"
        )
    number = int(value.replace("_", ""))
    if not 1 <= number <= LARGEST:
        raise OptionError(f"expected {name} to be from 1 to {LARGEST:,}, got {name}={value}")
    return number


def parse_processors(text: str) -> tuple[Any, ...]:
    """Read numbers of processors.

    >>> parse_processors("1,2,4,...,inf")
    (1, 2, 4, Ellipsis, inf)

    Raises
    ------
    OptionError
        If a part is no whole number from 1 to 10**12, no ``inf`` and no ``...``.
    """
    special: dict[str, Any] = {"...": ..., "…": ..., "inf": math.inf}
    parts = [part.strip() for part in text.split(",")]
    if not any(parts):
        raise OptionError(f"expected --processors such as 1,2,4,...,inf, got {text!r}")
    return tuple(special[p] if p in special else _whole("processors", p) for p in parts)


def parse_figures(text: str | None, names: Sequence[str]) -> tuple[str, ...]:
    """Read names of figures such as ``work,span``; all of them if there is no text."""
    if text is None:
        return tuple(names)
    chosen = [part.strip() for part in text.split(",") if part.strip()]
    for name in chosen:
        if name not in names:
            near = difflib.get_close_matches(name, names, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise OptionError(f"expected figures among {', '.join(names)}, got {name!r}{hint}")
    if not chosen:
        raise OptionError(f"expected figures such as --figures work,span, got {text!r}")
    return tuple(n for n in names if n in chosen)


def parse_format(text: str, allowed: Sequence[str]) -> str:
    """Check the name of a format."""
    if text not in allowed:
        raise OptionError(f"expected --format to be one of {', '.join(allowed)}, got {text!r}")
    return text
