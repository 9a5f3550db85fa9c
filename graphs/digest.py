"""A name of a graph made of all that it says, the same in every process.

>>> from .models import CATALOGUE
>>> from .tracing import trace
>>> lstm, gru = (graph_digest(trace(CATALOGUE[name])) for name in ("lstm", "gru"))
>>> len(lstm), lstm == gru
(64, False)
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any

from .graph import Graph
from .sizes import Poly

KEY = "digest of the graph"
"""Where a graph remembers its digest."""


class DigestError(ValueError):
    """A graph that holds what has no canonical form; the message names the type."""


def graph_digest(graph: Graph) -> str:
    """Return the SHA-256 of a graph's canonical form.

    It covers the name, the inputs, the outputs, and every equation with its primitive, reads,
    domain, layer and phase: a graph in which anything is renamed is another one. It does not cover
    what says nothing of the graph: the description, the sizes that a model is tried at, and the
    order in which equations were written.
    """
    if KEY not in graph.memory:
        graph.memory[KEY] = digest(graph)
    return str(graph.memory[KEY])


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical JSON of a value, in hexadecimal digits."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def canonical(value: Any) -> str:
    """Write a value as JSON with sorted keys and no blanks; formulas are text.

    >>> from .sizes import poly
    >>> canonical({"span": poly("n + 1"), "at": (8, None)})
    '{"at":[8,null],"span":"n + 1"}'

    Raises
    ------
    DigestError
        If a part of the value is of a type that has no such form.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def _plain(value: Any) -> Any:
    """Return what JSON can hold; a record becomes its fields under the name of its type."""
    match value:
        case None | bool() | int() | str():
            return value
        case float() | Fraction():
            return [type(value).__name__, str(value)]
        case Poly():
            return str(value)
        case Graph():
            own = {"name": value.name, "inputs": value.inputs, "outputs": value.outputs}
            return _plain({**own, "equations": value.equations})
        case Mapping():
            return {str(k): _plain(v) for k, v in value.items()}
        case list() | tuple():
            return [_plain(v) for v in value]
    if is_dataclass(value) and not isinstance(value, type):
        own = {f.name: _plain(getattr(value, f.name)) for f in fields(value) if f.compare}
        return {"": type(value).__name__, **own}
    raise DigestError(f"expected numbers, text, formulas and records, got a {type(value).__name__}")
