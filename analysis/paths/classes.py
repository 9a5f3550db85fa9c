"""Figures of dilated graphs, from those of one class of positions; see :mod:`..proofs.paths.classes`."""

from __future__ import annotations

from collections.abc import Callable

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import ceil_div
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.paths.classes import ClassCertificate, check_classes, dilated, one_class
from ..solving import UnsolvedError


def is_dilated(graph: Graph) -> bool:
    """Whether all that crosses positions does so by multiples of one number."""
    try:
        dilated(graph)
    except ProofError:
        return False
    return True


def by_class(
    graph: Graph, setting: Setting, derive: Callable[[Graph], Derivation], *, weighted: bool
) -> Derivation:
    """Derive a figure of one class of positions, and from that the figure of all.

    Parameters
    ----------
    derive
        Derives the figure of a graph.
    weighted
        Whether the figure counts the steps of equations.

    Raises
    ------
    UnsolvedError, ProofError
        If there is no such figure, or the classes differ.
    """
    along, step = dilated(graph)
    inner = derive(one_class(graph))
    if inner.formula is None:
        raise UnsolvedError(f"modulo {step}: {inner.reason}")
    least = dict(inner.least)
    number, value = step.constant, least.pop(along.name, 1)
    if value > 1:
        if number is None:
            raise UnsolvedError(f"modulo {step}: from {along.name} = {value} on")
        least[along.name] = int(number) * (value - 1) + 1
    formula = inner.formula.substitute({along.name: ceil_div(along.extent, step)})
    certificate = ClassCertificate(
        step, inner.certificate, inner.formula, formula, inner.least, least
    )
    check_classes(graph, setting, certificate, weighted=weighted)
    told = f"positions meet only modulo {step}; of {along.name} positions of one class:"
    return Derivation(formula, "proved", least, (told, *inner.steps), certificate)
