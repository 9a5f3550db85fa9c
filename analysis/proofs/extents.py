"""Extents: what it says of sizes that every axis has a whole length.

If an axis has d/h indices, then d is h times something of at least one; that is stated as a
substitution, as positions inside their axes are.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["llama"], d="d", h="h", g="g")
>>> print(*(f"{name} = {value}" for name, value in sorted(whole_extents(graph).items())), sep="; ")
d = 2*g*whole_d*whole_h; h = g*whole_h
"""

from __future__ import annotations

from ...graphs.graph import Graph, product
from ...graphs.sizes import Poly, size
from ..memory import once

ROUNDS = 8


@once
def whole_extents(graph: Graph) -> dict[str, Poly]:
    """Return sizes as products of others, so that lengths that are quotients become whole.

    Each new size is at least one. What cannot be stated in this way is left out: less is known
    then, and nothing wrong.
    """
    lengths = list(dict.fromkeys(a.extent for e in graph for a in e.domain))
    known: dict[str, Poly] = {}
    for _ in range(ROUNDS):
        found = next((f for x in lengths for f in [_solved(x.substitute(known))] if f), None)
        if found is None or found[0] in {s for v in known.values() for s in v.sizes} - {found[0]}:
            break
        name, value = found
        known = {s: v.substitute({name: value}) for s, v in known.items()} | {name: value}
    return known


def _solved(length: Poly) -> tuple[str, Poly] | None:
    """Return a size, and what it is if this length is whole; None if that says nothing."""
    if len(length.terms) != 1:
        return None
    ((monomial, c),) = length.terms.items()
    if any(atom.kind != "size" for atom, _ in monomial):
        return None
    below = product(size(a.args[0]) ** -k for a, k in monomial if k < 0) * c.denominator
    above = [(a.args[0], k) for a, k in monomial if k > 0]
    if below == 1 or len(above) != 1 or above[0][1] != 1 or c.numerator != 1:
        return None
    name = above[0][0]
    whole = f"whole_{name.removeprefix('whole_')}"
    return name, below * size(whole if whole != name else f"{name}x")
