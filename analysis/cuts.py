"""The state bound: the least that an exact implementation carries if it may compute again.

Candidates are uniform cuts: sets of equations such that all that later positions read can be
computed from them. A cut equation costs the positions of it that are needed, times its scalars.
Good sets are found by minimum cuts of the reduced graph at a few sizes; each has a formula, and the
bound is the least of them. It is a conjecture, because a cut could be finer than whole equations,
and so it is compared with maximum flows on the unrolled graph at other sizes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

import networkx as nx

from ..graphs.graph import Graph
from ..graphs.schedule import loop_axes
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, maximum, minimum, poly, size
from ..graphs.unrolling import TooLargeError
from .causality import causal, on_inputs
from .derivation import Derivation
from .layer_sums import all_layers, least_sizes
from .measure import MeasureError, measure
from .proofs.errors import ProofError
from .proofs.state import frontier, reach, sequence, starts
from .solving import UnsolvedError, prune

__all__ = ["state_bound"]

Cut: TypeAlias = frozenset[str]

SIZES = ({"n": 6}, {"n": 40}, {"h": 1, "g": 1}, {"m": 40}, {"w": 30, "k": 30}, {"n": 40, "L": 1})
"""Sizes at which cuts are sought, as changes of :data:`USUAL`."""

USUAL = {"n": 6, "d": 16, "h": 8, "g": 2, "m": 4, "w": 4, "k": 3, "L": 3, "f": 20}

HELD_OUT = (
    {"n": 1, "d": 4, "h": 2, "g": 1, "m": 2, "w": 3, "k": 2, "L": 2},
    {"n": 2, "d": 4, "h": 1, "g": 1, "m": 5, "w": 2, "k": 4, "L": 1},
    {"n": 3, "d": 8, "h": 4, "g": 4, "m": 1, "w": 5, "k": 2, "L": 3},
    {"n": 5, "d": 8, "h": 4, "g": 2, "m": 3, "w": 3, "k": 3, "L": 2},
    {"n": 7, "d": 12, "h": 6, "g": 3, "m": 2, "w": 4, "k": 4, "L": 2},
    {"n": 6, "d": 4, "h": 4, "g": 1, "m": 3, "w": 3, "k": 3, "L": 1},
    {"n": 13, "d": 6, "h": 2, "g": 1, "m": 2, "w": 6, "k": 3, "L": 1},
    {"n": 11, "d": 2, "h": 1, "g": 1, "m": 7, "w": 3, "k": 2, "L": 2},
)
"""Sizes at which the formula is compared; a size that is not named is 2, 3, 4, 5 and 6 in turn."""


MOST = 3
"""Recurrences of which every subset is tried."""

LONGEST = 20_000
"""About how many nodes are unrolled for all comparisons together."""


def state_bound(graph: Graph, setting: Setting) -> Derivation:
    """Return the minimum node cut between past inputs and later positions; causal models only."""
    looped = graph.looped
    reason = causal(looped)
    if reason is not None:
        return Derivation(None, reason=reason)
    try:
        found = {cut: _capacity(looped, cut) for cut in _candidates(looped)}
    except (ProofError, UnsolvedError) as error:
        return Derivation(None, reason=str(error))
    bound = _smallest(found.values())
    held_out = _held_out(looped)
    for at in held_out:
        try:
            measured = measure("state_bound", graph, setting, at)
        except (TooLargeError, MeasureError) as error:
            return Derivation(
                None, reason=f"{bound} could not be compared with a maximum flow: {error}"
            )
        if measured != bound.evaluate(**at):
            where = ", ".join(f"{k}={v}" for k, v in at.items())
            value = bound.evaluate(**at)
            cut = f"cuts of whole equations give {bound}, that is {value} at {where}"
            return Derivation(None, reason=f"{cut}, but a maximum flow gives {measured}")
    lines = tuple(
        sorted(
            f"cutting {', '.join(sorted(cut)) or 'nothing'}: {cost}" for cut, cost in found.items()
        )
    )
    return Derivation(
        bound,
        grade="fitted",
        least=least_sizes(bound),
        steps=(*lines, f"the least of them: {bound}"),
        details={"held_out": tuple(held_out)},
    )


def _held_out(graph: Graph) -> list[dict[str, int]]:
    """Return sizes to compare at: all of them, or for a large graph as many as keep it short."""
    drawn = [_complete(graph, at, k + 2) for k, at in enumerate(HELD_OUT)]
    complete = [at for at in drawn if _whole(graph, at)]
    work = itertools.accumulate(len(graph) * (at.get("n", 1) + 2) for at in complete)
    return [at for at, total in zip(complete, work, strict=True) if total <= LONGEST] or complete[
        1:2
    ]


def _whole(graph: Graph, at: Mapping[str, int]) -> bool:
    """Whether every axis has a whole length: halves of a head need an even one."""
    values = (a.extent.evaluate(**at) for e in graph for a in e.features if not a.relation)
    return all(v == int(v) for v in values)


def _complete(graph: Graph, at: Mapping[str, int], usual: int) -> dict[str, int]:
    """Return a value for every size; any number of layers is what L is."""
    depths = {s: "L" for a in graph.axes.values() if a.kind == "layer" for s in a.extent.sizes}
    known = {**USUAL, **at}
    return {
        name: known.get(name, known.get(depths.get(name, name), usual)) for name in graph.free_sizes
    }


def _smallest(costs: Iterable[Poly]) -> Poly:
    """Return the minimum, without their common factor inside it."""
    distinct = list(prune(sorted(set(costs), key=str), lambda x, y: at_least(y, x)))
    common = _common(distinct)
    bound = distinct[0] / common
    for cost in distinct[1:]:
        bound = minimum(bound, cost / common)
    return bound * common


def _common(costs: list[Poly]) -> Poly:
    """Return the product of sizes that divides all terms."""
    monomials = [dict(m) for cost in costs for m in cost.terms]
    if not monomials:
        return poly(1)
    shared = {a: min(m.get(a, 0) for m in monomials) for a in monomials[0] if a.kind == "size"}
    powers = sorted(((a, k) for a, k in shared.items() if k > 0), key=lambda p: p[0].text)
    return Poly({tuple(powers): 1})


# --- candidates -----------------------------------------------------------------------------------


def _candidates(graph: Graph) -> list[Cut]:
    """Return sets of equations from which all that later positions read can be computed.

    What is needed of an equation depends on what else is cut. So some of what is kept is taken as
    cut first, then the rest is cut at the least cost, with the needs that are left: around a
    cycle they are all positions if the cycle is not cut, and few if it is.
    """
    kept = frozenset(frontier(graph))
    found = dict.fromkeys([kept, *([frozenset(graph.inputs)] if kept else [])])
    for taken in _first_guesses(graph):
        needed = _needed(graph, taken)
        sizes = (_complete(graph, {**USUAL, **change}, 4) for change in SIZES)
        for at in {tuple(a.items()): a for a in sizes}.values():
            found[_minimum_cut(graph, needed, taken, at)] = None
    return [cut for cut in found if _closed(graph, cut)]


def _first_guesses(graph: Graph) -> list[Cut]:
    """Return parts of what is kept: some of the recurrences, or all from some equation on."""
    kept, loops = list(frontier(graph)), loop_axes(graph)
    along = sequence(graph).name
    recurring: dict[str, set[str]] = {}
    for name in kept:
        if along in loops[name]:
            recurring.setdefault(graph[name].layer, set()).add(name)
    groups = [frozenset(g) for g in recurring.values()]
    chosen: list[tuple[Cut, ...]] = [(), tuple(groups)]
    if len(groups) <= MOST:  # there are 2**len(groups) subsets
        sizes = range(len(groups) + 1)
        chosen = [c for k in sizes for c in itertools.combinations(groups, k)]
    guesses = [frozenset[str]().union(*c) for c in chosen]
    if len(kept) <= 4 * MOST:
        guesses += [frozenset(kept[k:]) for k in range(1, len(kept))]
    return list(dict.fromkeys(guesses))


def _minimum_cut(
    graph: Graph, needed: Mapping[str, Poly], taken: Cut, at: Mapping[str, int]
) -> Cut:
    """Cut the reduced graph at concrete sizes, at what each equation costs.

    What is ``taken`` is cut anyway, and costs only what is needed of it beyond what is kept.
    """
    capacity = {n: _cost(graph, n, positions).evaluate(**at) for n, positions in needed.items()}
    kept = _needed(graph, frozenset(frontier(graph))) if taken else {}
    for name in taken:
        capacity[name] -= _cost(graph, name, kept[name]).evaluate(**at)
    origin = _origins(graph, capacity, taken)
    network: nx.DiGraph[Any] = nx.DiGraph()
    network.add_nodes_from(("inputs", "later"))
    for name in (n for n in needed if origin[n] == n):
        network.add_edge((name, "before"), (name, "after"), capacity=capacity[name])
        if name in taken or name in graph.inputs:
            network.add_edge("inputs", (name, "before"))
            continue
        for source in _sources(graph, name):
            network.add_edge((origin[source], "after"), (name, "before"))
    for name in frontier(graph):
        if name not in taken:
            network.add_edge((origin[name], "after"), "later")
    _, (reached, _) = nx.minimum_cut(network, "inputs", "later")
    cut = (n for n in needed if (n, "before") in reached and (n, "after") not in reached)
    return taken | frozenset(cut)


def _origins(graph: Graph, capacity: Mapping[str, Any], taken: Cut) -> dict[str, str]:
    """Return, for each equation, one that determines it and costs no more to cut; often itself."""
    origin: dict[str, str] = {}
    for name in (e.name for e in graph if e.name in capacity):
        found = set() if name in taken else {origin.get(s, s) for s in _sources(graph, name)}
        first = min(found, default=name)
        origin[name] = first if len(found) == 1 and capacity[first] <= capacity[name] else name
    return origin


def _sources(graph: Graph, name: str) -> list[str]:
    dependent = on_inputs(graph)
    return [r.source for r in graph[name].reads if r.source in dependent]


def _closed(graph: Graph, cut: Cut) -> bool:
    """Whether all that is needed can be computed from the cut."""
    needed = _needed(graph, cut)
    return all(name in cut for name in needed if name in graph.inputs)


# --- what is needed -------------------------------------------------------------------------------


def _capacity(graph: Graph, cut: Cut) -> Poly:
    """Return the scalars that a cut holds."""
    needed = _needed(graph, cut)
    return sum((_cost(graph, name, needed[name]) for name in sorted(cut & set(needed))), poly(0))


def _cost(graph: Graph, name: str, positions: Poly) -> Poly:
    equation = graph[name]
    if equation.sequence != sequence(graph):
        return equation.count * equation.scalars
    return all_layers(equation, positions * equation.scalars)


def _needed(graph: Graph, cut: Cut) -> dict[str, Poly]:
    """Return how many of the last positions of each equation are needed above a cut.

    What is read is needed; what a needed value is computed from is needed unless the value is cut.
    """
    n, known = size(sequence(graph).name), starts(graph)
    needed = _reaches(graph, cut)
    every = {name: maximum(n - known[name], 0) for name in needed}
    return {
        name: every[name] if r is None else minimum(r, every[name]) for name, r in needed.items()
    }


def _reaches(graph: Graph, cut: Cut) -> dict[str, Poly | None]:
    """Return how far back each equation is needed, None for all of it.

    Around a cycle the need grows without end, and then it is all of it.
    """
    needed: dict[str, Poly | None] = {}
    visits = dict.fromkeys(graph.equations, 0)
    pending: list[str] = []

    def need(source: str, reach: Poly | None) -> None:
        before = needed.get(source, poly(-1))
        if before is None or (reach is not None and at_least(before, reach)):
            return
        visits[source] += 1
        grown = None if reach is None or visits[source] > len(graph) else maximum(before, reach)
        needed[source] = grown
        pending.append(source)

    for name, reads in frontier(graph).items():
        for read in reads:
            need(name, reach(read) if graph[name].sequence == sequence(graph) else poly(1))
    while pending:
        name = pending.pop()
        own = needed[name]
        for source, further in () if name in cut else _reads(graph, name):
            need(source, None if own is None or further is None else own + further)
    return needed


def _reads(graph: Graph, name: str) -> Iterator[tuple[str, Poly | None]]:
    """Yield what a value is computed from, with how much further back that is; None for all."""
    dependent, along = on_inputs(graph), sequence(graph)
    for read in graph[name].reads:
        if read.source in dependent:
            ahead = read.axis == along.name and not read.boundary
            yield read.source, reach(read) if ahead else poly(0)
