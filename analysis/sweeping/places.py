r"""Where in a TOML file a field stands, for messages: the parser does not keep it.

>>> line_of('models = ["lstm"]\n[sizes]\nd = 4\nn = { from = 1, to = 9 }', ("sizes", "n", "to"))
4
>>> line_of("[sizes.n]\nfrom = 1", ("sizes", "n", "from"))
2
>>> line_of("models = []", ("sizes",)) is None
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_TABLE = re.compile(r"\s*\[+\s*([^\]]+?)\s*\]+")
_KEY = re.compile(r"\s*([\w.\"'-]+)\s*=")


def line_of(text: str, path: Sequence[str]) -> int | None:
    """Return the line of the longest beginning of a path that a file writes down; None if none."""
    table: tuple[str, ...] = ()
    best: tuple[int, int] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        header, key = _TABLE.match(line), _KEY.match(line)
        if header and not key:
            table = found = _names(header[1])
        elif key:
            found = (*table, *_names(key[1]))
        else:
            continue
        if found == tuple(path[: len(found)]) and (best is None or len(found) > best[0]):
            best = (len(found), number)
    return None if best is None else best[1]


def _names(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))
