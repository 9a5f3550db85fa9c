"""Sizes at which a conjectured minimum is compared: few positions, features of any width.

What decides between candidates is compared where it matters: at sizes at which each of them is the
least, and at those at which two of them are closest. All sizes vary independently of each other.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator, Mapping, Sequence

from ...graphs.graph import Graph
from ...graphs.sizes import Poly, SizeError, poly
from ..counting.layer_sums import least_sizes
from ..measured.graph import along, position_sizes
from ..measured.state import farthest
from ..proofs.positions import bound_symbol

Sizes = dict[str, int]

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
"""Sizes at which every formula is compared; one that is not named is 2, 3, 4, 5 and 6 in turn."""

SEEDS = ({"n": 6}, {"n": 40}, {"h": 1, "g": 1}, {"m": 40}, {"w": 30, "k": 30}, {"n": 40, "L": 1})
"""Usual sizes, some of them changed, at which cuts are sought first."""

SOUGHT = 6
"""Drawn points at which cuts are sought as well."""

WIDTHS = (1, 1, 2, 3, 5, 60, 500)
"""Values that a size of features may have."""

FAR = (1, 20, 400)
"""Values that a size of features has at a corner."""

CORNERS, FEWEST, WORK = 150, 16, 4_000
"""How many corners are drawn; how many of them are used, so that larger graphs take no longer."""

DRAWN = 400
"""Points among which those are sought that decide between candidates."""

ANYWHERE = 30
"""Drawn points that are compared whatever the candidates are."""

LONGEST = 60_000
"""About how many nodes are unrolled for all comparisons together."""


def first_points(graph: Graph) -> list[Sizes]:
    """Return the sizes at which every formula is compared."""
    found = [_complete(graph, at, k + 2) for k, at in enumerate(HELD_OUT)]
    return [at for at in found if whole(graph, at)]


def seeds(graph: Graph) -> list[Sizes]:
    """Return sizes at which cuts are sought before anything is compared."""
    usual = (_complete(graph, {**USUAL, **change}, 4) for change in SEEDS)
    chosen = [*(at for at in usual if whole(graph, at)), *drawn(graph)[:SOUGHT]]
    return list({tuple(at.items()): at for at in chosen}.values())


def drawn(graph: Graph) -> list[Sizes]:
    """Return points at which every axis has a whole length; the same ones in every run."""
    rng, positions = random.Random(0), position_sizes(graph) | {"L"}
    found: dict[tuple[tuple[str, int], ...], Sizes] = {}
    for _ in range(DRAWN):
        at = {name: _draw(name, name in positions, rng) for name in graph.free_sizes}
        at = _divisible(graph, at)
        if whole(graph, at):
            found[tuple(at.items())] = at
    return list(found.values())


def corners(graph: Graph) -> list[Sizes]:
    """Return points of which each size is far smaller or larger than another, drawn once for all.

    Where a cut is the least at all, it is so at sizes that are far apart in some order.
    """
    rng, positions = random.Random(1), position_sizes(graph) | {"L"}
    found: dict[tuple[tuple[str, int], ...], Sizes] = {}
    for _ in range(CORNERS):
        at = {
            name: rng.choice((1, 2, 12) if name == "n" else (1, 2, 5) if name in positions else FAR)
            for name in graph.free_sizes
        }
        at = _divisible(graph, at)
        if whole(graph, at):
            found[tuple(at.items())] = at
    return list(found.values())[: max(FEWEST, WORK // len(graph))]


def _draw(name: str, along: bool, rng: random.Random) -> int:
    if not along:
        return rng.choice(WIDTHS)
    if name == "n":
        return rng.choice((1, 2, 3, 4, 5, 6, 8, 12, 20, 40))
    return rng.choice((1, 1, 2, 3, 4) if name.startswith("L") else (1, 2, 3, 4, 5, 7))


def _divisible(graph: Graph, at: Sizes) -> Sizes:
    """Multiply sizes until every axis has a whole length: heads divide a width."""
    for _, axis in itertools.product(range(4), _axes(graph)):
        try:
            length = axis.evaluate(**at)
        except SizeError:
            continue
        if length == int(length):
            continue
        above = next((a for m in axis.terms for a, k in m if a.kind == "size" and k > 0), None)
        if above is not None:
            at = {**at, above.text: at[above.text] * length.denominator}
    return at


def _axes(graph: Graph) -> list[Poly]:
    return list(dict.fromkeys(a.extent for e in graph for a in e.features if not a.relation))


def whole(graph: Graph, at: Mapping[str, int]) -> bool:
    """Whether every axis has a whole length: halves of a head need an even one."""
    layers = (a.extent for a in graph.axes.values() if a.kind == "layer")
    axes = dict.fromkeys((*_axes(graph), *layers))
    return all((v := axis.evaluate(**at)) == int(v) and v >= 1 for axis in axes)


def least_depths(graph: Graph) -> dict[str, int]:
    """Return how large sizes must be for every stack to have a layer."""
    found: dict[str, int] = {}
    for axis in graph.axes.values():
        name = bound_symbol(axis) if axis.kind == "layer" else None
        if name is not None:
            least = 1 - (axis.extent - poly(name)).terms.get((), 0)
            if least > 1:
                found[name] = max(int(least), found.get(name, 1))
    return found


def _complete(graph: Graph, at: Mapping[str, int], other: int) -> Sizes:
    """Return a value for every size; any number of layers is what L is."""
    depths = {s: "L" for a in graph.axes.values() if a.kind == "layer" for s in a.extent.sizes}
    known = {**USUAL, **at}
    return {
        name: known.get(name, known.get(depths.get(name, name), other)) for name in graph.free_sizes
    }


def points(graph: Graph, costs: Sequence[Poly]) -> Iterator[Sizes]:
    """Yield sizes at which the least of these costs is to be compared, as many as keep it short."""
    found: dict[tuple[tuple[str, int], ...], Sizes] = {}
    least = {k: v for cost in costs for k, v in least_sizes(cost).items()}
    known = [at for at in drawn(graph) if all(at.get(k, v) >= v for k, v in least.items())]
    pool = sorted(known, key=lambda at: _length(graph, at))
    first = (at for at in first_points(graph) if all(at.get(k, v) >= v for k, v in least.items()))
    far = [at for at in corners(graph) if all(at.get(k, v) >= v for k, v in least.items())]
    chosen = [
        *first,
        *far[:ANYWHERE],
        *_deciding(pool, costs),
        *pool[:: max(len(pool) // ANYWHERE, 1)],
    ]
    for at in chosen:
        found[tuple(at.items())] = at
    left = LONGEST
    for at in found.values():
        length = _length(graph, at)
        if length <= left or left == LONGEST:
            left -= length
            yield at


def _deciding(pool: Sequence[Sizes], costs: Sequence[Poly]) -> Iterator[Sizes]:
    """Yield where each cost is the least, once where it is so by far, and where two are closest."""
    least: dict[int, tuple[float, Sizes]] = {}
    closest: dict[tuple[int, int], tuple[float, Sizes]] = {}
    for at in pool if len(costs) > 1 else ():
        (first, a), (second, b) = sorted((c.evaluate(**at), k) for k, c in enumerate(costs))[:2]
        gap = float(second / max(first, 1))
        if a not in least or gap > least[a][0]:
            least[a] = (gap, at)
        if first < second and ((a, b) not in closest or gap < closest[a, b][0]):
            closest[a, b] = (gap, at)
    yield from (at for _, at in (*least.values(), *closest.values()))


def _length(graph: Graph, at: Mapping[str, int]) -> int:
    """About how many nodes are unrolled, and edges where all positions are read."""
    depth = max(
        [1, *(int(a.extent.evaluate(**at)) for a in graph.axes.values() if a.kind == "layer")]
    )
    return len(graph) * (at.get("n", 1) + farthest(graph, at, along(graph)) + 4) * depth
