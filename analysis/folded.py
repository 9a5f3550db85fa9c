"""Figures of graphs whose layers are written out, from one layer over an axis of symbolic length.

A formula that is derived for any number of layers is evaluated at the number that was written. That
is done only if :func:`check_folding` finds the written graph in the folded one, and if the number
is in the formula's domain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ..graphs.folding import Folding, fold
from ..graphs.graph import Graph
from ..graphs.sizes import Poly
from .causality import causal
from .derivation import Derivation
from .proofs.errors import ProofError
from .proofs.folding import FoldedCertificate, check_activity, check_folding

FOLDED = {
    "params",
    "work",
    "span",
    "path_length",
    "mixing_hops",
    "receptive_field",
    "layers_to_connect",
    "state",
    "state_bound",
    "decode_work",
    "activations",
}
"""Figures that are the same whether or not views carry values along the layers."""

DIFFERENTIATED = {"activations"}
"""Figures that are read off the backward pass: all layers must be differentiated alike."""

CONJECTURED = {"state_bound"}
"""Figures that are compared with measurements at held-out sizes, however they are derived."""


def folding_of(graph: Graph) -> Folding | None:
    """Fold a graph and have it checked, once; None if nothing repeats or the check fails."""
    if "folding" not in graph.memory:
        graph.memory["folding"] = _checked(graph, fold(graph))
    found: Folding | None = graph.memory["folding"]
    return found


def _checked(graph: Graph, folding: Folding | None) -> Folding | None:
    if folding is None:
        return None
    try:
        check_folding(graph, folding)
    except ProofError:
        return None
    return folding


def written_out(name: str, graph: Graph, folding: Folding, found: Derivation) -> Derivation | None:
    """Return what was derived of a folded graph at the number of layers that were written.

    Parameters
    ----------
    name
        The figure.
    graph
        The graph whose layers are written out.
    folding
        How it was folded, after its check.
    found
        What was derived of the folded graph.

    Returns
    -------
    Derivation or None
        None where the formula is not proved, does not hold for that number, or was not found for
        a reason that may lie in the folding: then the written graph has to be asked.
    """
    if found.formula is None:
        return found if found.reason == causal(folding.graph.looped) else None
    certain = found.grade == "proved" or name in CONJECTURED
    if not certain or found.least.get(folding.axis, 1) > folding.depth:
        return None
    if name in DIFFERENTIATED and not _is_even(graph, folding):
        return None
    at = {folding.axis: folding.depth}
    formula = found.formula.substitute(at)
    return replace(
        found,
        formula=formula,
        least={s: v for s, v in found.least.items() if s != folding.axis},
        steps=(_told(folding), *found.steps, f"for {folding.axis} = {folding.depth}: {formula}"),
        certificate=FoldedCertificate(folding, found.certificate),
        by_primitive=_evaluated(found.by_primitive, at),
        details=_evaluated(found.details, at),
    )


def _is_even(graph: Graph, folding: Folding) -> bool:
    try:
        check_activity(graph, folding)
    except ProofError:
        return False
    return True


def _told(folding: Folding) -> str:
    """Say what was folded."""
    rows = list(folding.layers.values())
    layers = f"{folding.depth} times, up to {rows[-1][-1]}: {folding.axis} is the number of layers"
    if len(rows) == 1:
        return f"the equation {rows[0][0]} repeats {layers}"
    return f"the equations from {rows[0][0]} to {rows[-1][0]} repeat {layers}"


def _evaluated(value: Any, at: Mapping[str, int]) -> Any:
    """Put a number in the place of a size, in formulas and in lines of text."""
    if isinstance(value, Poly):
        return value.substitute(at)
    if isinstance(value, str):
        for size, number in at.items():
            value = re.sub(rf"(?<![\w.]){size}(?![\w.])", str(number), value)
        return value
    if isinstance(value, Mapping):
        return {key: _evaluated(inner, at) for key, inner in value.items()}
    return tuple(_evaluated(inner, at) for inner in value) if isinstance(value, tuple) else value
