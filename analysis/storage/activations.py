"""Activations: what the forward pass saves for the backward pass, as a formula with its proof.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> for graph in (trace(CATALOGUE["rnn"]), trace(CATALOGUE["attention"], h="h")):
...     print(activations(graph, Setting()).formula)
2*d*n
h*n**2 + 5*d*n
"""

from __future__ import annotations

from ...graphs.backward import training
from ...graphs.graph import Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly, summed
from ..counting.layer_sums import least_sizes
from ..derivation import Derivation
from ..proofs.errors import ProofError
from ..proofs.storage.activations import (
    ActivationsCertificate,
    Need,
    Saved,
    check_activations,
    holds,
    needs,
    union,
)
from ..proofs.storage.ranges import certain
from ..solving import UnsolvedError, nonempty, require


def activations(graph: Graph, setting: Setting) -> Derivation:
    """Count the scalars of the forward pass that the backward pass reads.

    Parameters and constants do not count, since they are there anyway; inputs do. A value that
    several operations read is saved once, and views hold no values of their own.
    """
    try:
        trained = training(graph)
    except GraphError as error:
        return Derivation(None, reason=str(error))
    try:
        groups = kept(trained)
        least = _least(trained, groups)
        saved = tuple(Saved(n, union(trained, n, setting, least)) for n in groups)
        formula = sum((s.total for s in saved), poly(0))
        certificate = ActivationsCertificate(saved, formula, least)
        check_activations(trained, setting, certificate)
    except (ProofError, UnsolvedError) as error:
        return Derivation(None, reason=str(error))
    return Derivation(
        formula,
        grade="proved",
        least={**least, **least_sizes(formula)},
        steps=(*(_line(s) for s in saved), f"the sum: {formula}"),
        certificate=certificate,
        details={"saved": {_name(s): s.total for s in saved}, "flags": _flags(trained, saved)},
    )


def _flags(graph: Graph, saved: tuple[Saved, ...]) -> Poly:
    """Count those of the scalars that are true or false."""
    return summed(s.total for s in saved if graph[s.name].primitive.name == "flags")


def in_bytes(found: Derivation, *, number: int = 2, flag: int = 1) -> Poly:
    """Return the bytes of activations, for numbers and flags of so many bytes each.

    Raises
    ------
    ValueError
        If there is no formula; the message says why.
    """
    if found.formula is None:
        raise ValueError(f"expected a formula for activations, got none: {found.reason}")
    flags: Poly = found.details["flags"]
    return number * (found.formula - flags) + flag * flags


def _least(graph: Graph, groups: list[tuple[Need, ...]]) -> dict[str, int]:
    """Axes that could be empty must not be: what was written for ``L - 1`` layers needs two.

    A shift by more than one needs as many positions that there is something, or nothing, to read.
    """
    found = nonempty(graph)
    for own in (r for group in groups for need in group for r in need.ranges.values()):
        if not certain(own, found):
            require(found, own.length, 0)
    return found


def kept(graph: Graph) -> list[tuple[Need, ...]]:
    """Return what is saved, by array and part; what another need contains is not saved again."""
    found: list[Need] = []
    for need in needs(graph):
        if any(holds(other, need) for other in found):
            continue
        found = [other for other in found if not holds(need, other)]
        found.append(need)
    groups: dict[object, list[Need]] = {}
    for need in found:
        groups.setdefault((need.name, need.part), []).append(need)
    return [tuple(group) for group in groups.values()]


def _name(saved: Saved) -> str:
    part = saved.part
    return saved.name if part is None else f"{saved.name}[{part[0]}:{part[0] + part[1]}]"


def _line(saved: Saved) -> str:
    return f"{_name(saved)}, {' or '.join(_ranges(need) for need in saved.needs)}: {saved.total}"


def _ranges(need: Need) -> str:
    told = (
        f"{axis} from {first} to {last}" + ("" if step == 1 else f" by {step}")
        for axis, (first, last, step) in need.ranges.items()
    )
    return ", ".join(told) or "all"
