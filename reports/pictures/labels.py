"""Short names for operations and relations in drawings."""

from __future__ import annotations

import re
from collections.abc import Sequence

from ...graphs.graph import Equation
from ...graphs.primitives import AssociativeScan, Contraction, Map, Reduction, Split
from ...graphs.primitives.maps import Scalar
from ...graphs.relations import Relation
from ...graphs.sizes import Poly

SYMBOLS = {
    "add": "+",
    "subtract": "\u2212",
    "multiply": "\u00d7",
    "divide": "\u00f7",
    "sigmoid": "\u03c3",
    "sqrt": "\u221a",
}


def label_of(equation: Equation, parameters: Sequence[str]) -> str:
    """Return a short label for what an equation does with parameters of these names."""
    weights = " ".join(parameters)
    match equation.primitive:
        case Contraction(pattern=pattern):
            return f"{weights} \u00b7" if weights else pattern.replace("->", "\u2192")
        case Map(function=function, constants=constants):
            return _map(function, constants, weights)
        case Reduction(function=function, axis=axis):
            return f"{function} over {axis}"
        case AssociativeScan(reverse=reverse):
            return "associative scan" + (", reversed" if reverse else "")
        case Split(part=part, parts=parts):
            return f"part {part + 1} of {parts}"
    name = equation.primitive.name.replace("_", " ")
    return f"{name} {weights}".rstrip()


def _map(function: str, constants: Sequence[float | Scalar | None], weights: str) -> str:
    symbol = SYMBOLS.get(function, function)
    numbers = [_number(c) for c in constants if c is not None]
    rest = " ".join(part for part in (*numbers, weights) if part)
    if constants and constants[0] is not None:
        return f"{rest} {symbol}"
    return f"{symbol} {rest}".rstrip()


def _number(constant: float | Scalar) -> str:
    if not isinstance(constant, Scalar):
        return f"{constant:g}"
    cost = str(constant.cost)
    if constant.exponent == 0.5:
        return f"\u221a{cost}" if cost.isalnum() else f"\u221a({cost})"
    return cost if constant.exponent == 1 else f"({cost})^{constant.exponent:g}"


def relation_label(relation: Relation, extent: Poly) -> str:
    """Name a relation: ``all``, ``prefix``, ``window w``."""
    if relation.kind != "offsets" or relation.distance is not None or not relation.bounded:
        return str(relation)
    dilation = "" if relation.step == 1 else f", step {_positions(relation.step)}"
    return f"window {relation.slots(extent)}{dilation}"


def _positions(cost: Poly) -> str:
    """Write the index of a layer as a small letter."""
    return re.sub(r"\(?\b([A-Za-z])_\b\)?", lambda m: m[1].lower(), str(cost))
