"""The relations that a claim may state, one rule each: what is derived, searched, measured and run.

A rule looks at one model in one setting and says whether the relation holds there, and why. The
verdict on a claim is made of all of them, in ``checking``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import HealthCheck, Phase, find, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, at_least, maximum, poly
from ..bounding import certify_growth
from ..derivation import Derivation
from ..deriving import derive
from ..figures import NAMES
from ..growth import dominates, growth, theta
from ..memory import traced
from ..proofs.errors import ProofError
from ..proofs.growth import GrowthCertificate
from ..reach import certified
from ..solving import UnsolvedError
from .reading import Claim

FIGURES = (*NAMES, "intermediate", "gradient")
SEARCHED = 300
PERMUTATIONS = 20
SAME = 1e-9


@dataclass(frozen=True, slots=True)
class Finding:
    """What one model in one setting says of a claim."""

    holds: bool | None
    """None if the figure does not exist there."""
    certain: bool
    """Whether that is a proof, and not a search that found nothing."""
    text: str
    certificates: tuple[GrowthCertificate, ...] = ()
    """Of a claim about growth: constants that the checker accepted, in each size that grows."""


def figure_of(name: str, graph: Graph, setting: Setting) -> Derivation:
    """Derive a figure, or the size of the largest array that is computed."""
    if name != "intermediate":
        return derive(name, graph, setting)
    largest = poly(0)
    for equation in graph:
        if equation.primitive.name in {
            "contraction",
            "map",
            "softmax",
            "reduction",
            "associative_scan",
        }:
            one_layer = [a.extent for a in equation.positions if a.kind != "layer"]
            count = equation.scalars
            for extent in one_layer:
                count = count * extent
            largest = maximum(largest, count)
    return Derivation(largest, "proved")


def _missing(found: Derivation) -> Finding:
    return Finding(None, False, found.reason or "no such figure")


def _same(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    found = figure_of(name, graph, setting)
    if found.formula is None:
        return _missing(found)
    value = poly(claim.value)
    if found.formula == value:
        return Finding(True, found.grade == "proved", f"{name} = {found.formula}")
    return _searched(found, value, lambda a, b: a != b, name, "is")


def _at_most(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    found = figure_of(name, graph, setting)
    return _missing(found) if found.formula is None else _below(found, poly(claim.value), name)


def _below(found: Derivation, value: Poly, name: str) -> Finding:
    assert found.formula is not None
    if at_least(value, found.formula):
        return Finding(True, found.grade == "proved", f"{name} = {found.formula} <= {value}")
    return _searched(found, value, lambda a, b: a > b, name, "is above")


def _searched(
    found: Derivation, value: Poly, contradicts: Callable[[Any, Any], bool], name: str, word: str
) -> Finding:
    """Search sizes for a counterexample; hypothesis shrinks it."""
    formula = found.formula
    assert formula is not None
    names = sorted({*formula.sizes, *value.sizes})
    least = {s: found.least.get(s, 1) for s in names}
    sizes = st.fixed_dictionaries({s: st.integers(least[s], 4096) for s in names})

    def bad(at: Mapping[str, int]) -> bool:
        return contradicts(formula.evaluate(**at), value.evaluate(**at))

    options = settings(
        max_examples=SEARCHED,
        database=None,
        derandomize=True,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    try:
        at = find(sizes, bad, settings=options)
    except NoSuchExample:
        return Finding(True, False, f"{name} = {formula}; no counterexample among {SEARCHED} sizes")
    where = ", ".join(f"{k}={v}" for k, v in at.items()) or "every size"
    return Finding(
        False,
        True,
        f"at {where} {name} = {formula} {word} {formula.evaluate(**at)}, against {value.evaluate(**at)}",
    )


def _theta(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    return _grows(claim, figure_of(name, graph, setting), name, below=True)


def _big_o(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    return _grows(claim, figure_of(name, graph, setting), name, below=False)


def _grows(claim: Claim, found: Derivation, name: str, *, below: bool) -> Finding:
    """Compare classes in each size that grows, or in all together, and look for constants.

    What holds is proved by constants between which the formula stays; what does not, by those of
    the formula's own class, which is another one.
    """
    if found.formula is None:
        return _missing(found)
    value, sizes = poly(claim.value), claim.sizes or ("",)
    compared = [_compared(found, value, size, below=below) for size in sizes]
    told = (
        f"Theta({_class(found.formula, size)})" + (f" in {size}" if size else "") for size in sizes
    )
    certificates = [certificate for _, certificate in compared if certificate is not None]
    proved = len(certificates) == len(compared) or not {*found.formula.sizes, *value.sizes}
    constants = [_constants(c) for c in certificates] if proved else ["no constants were found"]
    text = "; ".join([f"{name} = {found.formula}, {', '.join(told)}", *constants])
    holds = all(same for same, _ in compared)
    return Finding(holds, proved and found.grade == "proved", text, tuple(certificates))


def _compared(
    found: Derivation, value: Poly, size: str, *, below: bool
) -> tuple[bool, GrowthCertificate | None]:
    """Compare classes in one size, or in all, and find constants for what is the case."""
    assert found.formula is not None
    mine, theirs = (_class(cost, size) for cost in (found.formula, value))
    ours, given = (poly_of(mine), poly_of(theirs)) if size else (found.formula, value)
    same = mine == theirs if below else dominates(given, ours)
    names = (size,) if size else tuple(sorted({*found.formula.sizes, *value.sizes}))
    if not names:
        return same, None
    bound, both = (value, below) if same else (poly_of(mine), True)
    return same, certify_growth(found.formula, bound, names, found.least, below=both)


def _class(cost: Poly, size: str) -> str:
    return growth(cost, (size,))[size] if size else theta(cost)


def _constants(found: GrowthCertificate) -> str:
    """Write a certificate as a sentence."""
    low = "" if found.lower is None else f"{_times(found.lower, found.bound)} <= "
    least = {**found.start, **{s: poly(v) for s, v in found.least.items()}}
    where = ", ".join(f"{s} >= {v}" for s, v in least.items() if v != 1)
    between = f"{low}it <= {_times(found.upper, found.bound)}"
    return f"{between} for {where}" if where else between


def _times(constant: Poly, bound: Poly) -> str:
    return str(constant * bound)


def poly_of(growth_class: str) -> Poly:
    """Return a growth class as a cost of that class."""
    return poly(_logs(growth_class) if "log(" in growth_class else growth_class)


def _logs(text: str) -> str:
    """Write ``log(n)`` as ``ceil(log2(n))``, which grows alike."""
    head, _, rest = text.partition("log(")
    inner, _, tail = rest.partition(")")
    return (
        f"{head}ceil(log2({inner})){tail}"
        if "log(" not in tail
        else f"{head}ceil(log2({inner})){_logs(tail)}"
    )


def _no_more(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    found = figure_of(name, graph, setting)
    other = figure_of(name, traced(claim.value), setting)
    if found.formula is None or other.formula is None:
        return _missing(found if found.formula is None else other)
    return _below(found, other.formula, f"{name} (against {other.formula} of {claim.value})")


def _local(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    """The shortest path grows with the distance, or far positions are not reached at all."""
    try:
        certificate = certified(graph, setting)
    except (ProofError, UnsolvedError, ValueError) as error:
        return Finding(None, False, str(error))
    pieces = [p for ps in certificate.pieces.values() for o in graph.outputs for p in ps[o]]
    flat = [p for p in pieces if p.side == 0 or (p.high is None and p.slope == 0)]
    shown = "; ".join(str(p) for p in pieces)
    return Finding(not flat, True, f"shortest path from j to i: {shown}")


def _equivariant(claim: Claim, name: str, graph: Graph, setting: Setting) -> Finding:
    """Permuting the input positions permutes the outputs: by structure, and on numbers."""
    crossing = [
        (e.name, r.relation)
        for e in graph
        for r in e.reads
        if r.axis is not None and graph.axes[r.axis].kind == "sequence" and not r.relation.is_same
    ]
    odd = [
        f"{equation} reads {relation}"
        for equation, relation in crossing
        if relation.slots("n_") != poly("n_") or relation.causal
    ]
    worst = _permuted(graph)
    if odd:
        differ = "differ" if worst > SAME else "are the same"
        return Finding(
            worst <= SAME,
            True,
            f"{odd[0]}, which depends on order; outputs of permuted inputs {differ}",
        )
    text = f"every crossing reads all positions alike; at {PERMUTATIONS} random permutations outputs differ by less than {SAME}"
    return Finding(worst <= SAME, True, text)


def _permuted(graph: Graph) -> float:
    """Return the largest difference between permuted outputs and outputs of permuted inputs."""
    sizes = {
        s: {"n": 7, "m": 7, "d": 8, "h": 2, "g": 1, "w": 3, "k": 3, "f": 8}.get(s, 2)
        for s in graph.free_sizes
    }
    worst = 0.0
    for seed in range(PERMUTATIONS):
        rng = np.random.default_rng(seed)
        order = rng.permutation(sizes["n"])
        parameters = random_parameters(graph, seed=seed, **sizes)
        inputs = {
            i: rng.normal(size=tuple(int(a.extent.evaluate(**sizes)) for a in graph[i].domain))
            for i in graph.inputs
        }
        plain = execute(graph, inputs, parameters, **sizes)[0]
        moved = execute(graph, {k: v[order] for k, v in inputs.items()}, parameters, **sizes)[0]
        worst = max(worst, float(np.abs(plain[order] - moved).max()))
    return worst


Rule = Callable[[Claim, str, Graph, Setting], Finding]

RELATIONS: Mapping[str, Rule] = {
    "equals": _same,
    "at most": _at_most,
    "Theta": _theta,
    "O": _big_o,
    "no more than": _no_more,
    "grows with distance": _local,
    "permutation equivariant": _equivariant,
}
"""Relations by the name that a claims file uses."""
