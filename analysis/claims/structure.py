"""Relations about structure: locality, equivariance, and which distances a stack connects."""

from __future__ import annotations

import functools
import itertools
import math
from collections.abc import Mapping, Sequence

import networkx as nx
import numpy as np

from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Graph
from ...graphs.sizes import Poly, poly
from ...graphs.unrolling import unroll
from ..paths.reach import certified
from ..proofs.errors import ProofError
from ..solving import UnsolvedError
from .finding import Finding, missing
from .subjects import Case

PERMUTATIONS = 20
SAME = 1e-9
LONGEST = 24
"""Positions up to which distances are tried."""
TRIED = 60
"""Choices of sizes that are tried, smallest first."""


def local(case: Case) -> Finding:
    """The shortest path grows with the distance, or far positions are not reached at all."""
    graph = case.graph
    try:
        certificate = certified(graph, case.setting)
    except (ProofError, UnsolvedError, ValueError) as error:
        return Finding(None, False, str(error))
    pieces = [p for ps in certificate.pieces.values() for o in graph.outputs for p in ps[o]]
    flat = [p for p in pieces if p.side == 0 or (p.high is None and p.slope == 0)]
    shown = "; ".join(str(p) for p in pieces)
    return Finding(not flat, True, f"shortest path from j to i: {shown}")


def equivariant(case: Case) -> Finding:
    """Permuting the input positions permutes the outputs: by structure, and on numbers."""
    graph = case.graph
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


def connects(case: Case) -> Finding:
    """A stack connects all distances up to a formula: measured on unrolled graphs, smallest first."""
    graph, value = case.graph, case.value()
    if value.formula is None:
        return missing(value)
    names = sorted(
        {*value.formula.sizes, *(s for s in graph.free_sizes if s not in WIDTHS)} - {"n"}
    )
    seen = [
        (at, _claimed(value.formula, at), distances(graph, LONGEST, at))
        for at in itertools.islice(_small(names, case), TRIED)
    ]
    if not seen:
        return Finding(None, False, "no sizes of the domain are small enough to be tried")
    wrong = [row for row in seen if row[2] != set(range(row[1] + 1))]
    if not wrong:
        text = (
            f"all distances up to {value.formula} and no others are connected at {len(seen)} sizes"
        )
        return Finding(True, False, text)
    at, claimed, reached = wrong[0]
    first = min(reached ^ set(range(claimed + 1)))
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    does = "is" if first in reached else "is not"
    told = ", ".join(map(str, sorted(reached)[:6])) + (", ..." if len(reached) > 6 else "")
    text = f"at {where} distance {first} {does} connected: distances {told} of those up to {LONGEST - 1}"
    right = _instead(value.formula, seen) or _instead_there(reached, where)
    return Finding(False, True, text, (), {**at, "distance": first}, right)


Seen = tuple[Mapping[str, int], int, frozenset[int]]
"""Sizes, the largest distance that is claimed, and the distances that are connected."""


def _claimed(value: Poly, at: Mapping[str, int]) -> int:
    return min(int(value.evaluate(**{**at, "n": LONGEST})), LONGEST - 1)


def _instead(value: Poly, seen: Sequence[Seen]) -> str:
    """Say what holds at all sizes: that only one residue class is connected; empty if it does not."""
    for step in seen[0][0]:
        if all(reached == set(range(0, most + 1, at[step])) for at, most, reached in seen):
            return (
                f"exactly the multiples of {step} up to {value} are connected: one residue class "
                f"modulo {step}, at all of {len(seen)} choices of sizes"
            )
    return ""


def _instead_there(reached: frozenset[int], where: str) -> str:
    step = functools.reduce(math.gcd, reached)
    if step > 1:
        return f"only multiples of {step} are connected at {where}: one residue class"
    return f"at {where} the largest distance that is connected is {max(reached)}"


WIDTHS = {"d", "h", "g", "f", "e", "v", "s", "m"}
"""Sizes on which no connection depends."""


def _small(names: list[str], case: Case) -> list[dict[str, int]]:
    own = [n for n in names if n not in case.domain.equal]
    grid = sorted(itertools.product(range(1, 6), repeat=len(own)), key=lambda p: (sum(p), p))
    found = [case.domain.complete(dict(zip(own, point, strict=True))) for point in grid]
    return [at for at in found if case.domain.holds({**at, "n": LONGEST})]


def distances(graph: Graph, n: int, at: Mapping[str, int]) -> frozenset[int]:
    """Return the distances i - j at which the last output position depends on an input."""
    sizes = {**dict.fromkeys(graph.free_sizes, 1), **at, "n": n}
    unrolled = unroll(graph, **sizes)
    last = (graph.outputs[0], n - 1)
    before = nx.ancestors(unrolled, last) | {last}
    return frozenset(n - 1 - node[1] for node in before if node[0] in graph.inputs)
