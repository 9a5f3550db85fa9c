"""Published lower bounds of traffic, for a fast memory of M words.

All of them are of the red-blue pebble game of Hong and Kung 1981 (*I/O complexity: the red-blue
pebble game*): at most M values are in fast memory, every value is computed from values that are
there, and each move between fast and slow memory counts as one. Inputs begin and results end in slow
memory. What the bounds speak of is found in a graph by its structure: a contraction of two arrays
that is a matrix product, and a softmax between two of them that sums over the same positions.

- A product of an m x k and a k x n matrix, each of whose m n k elementary products is computed:
  Omega(m n k / sqrt(M)) (Hong and Kung 1981); at least 2 m n k / sqrt(M) - 2 M (Smith, Lowery,
  Langou and van de Geijn 2019, *A tight I/O lower bound for matrix multiplication*); Kwasniewski et
  al. 2019, *Red-blue pebbling revisited*, attain its leading term.
- Attention of n queries, keys and values of width d, softmax(Q K^T) V, however it is fused:
  Omega(n^2 d^2 / M) if M >= d^2, and Omega(n^2 d / sqrt(M)), as of a matrix product, if M < d^2
  (Saha and Ye 2024, *The I/O complexity of attention, or how optimal is FlashAttention?*).
  FlashAttention takes Theta(n^2 d^2 / M) for d <= M <= n d (Dao et al. 2022, *FlashAttention*).

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> graph = trace(CATALOGUE["attention"])
>>> for bound in bounds(graph, Setting())[-3:]:
...     print(f"{bound.name}: {bound.text}")
layers.0.einsum_5: 2*d*n**2/sqrt(M) - 2*M
layers.0.einsum_6: 2*d**2*n/sqrt(M) - 2*M
layers.0.softmax: Omega(d**2*n**2/M) if M >= d**2, Omega(d*n**2/sqrt(M)) if M < d**2
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Axis, Equation, Graph, product
from ...graphs.primitives import Contraction, Map, Softmax
from ...graphs.relations import Relation
from ...graphs.setting import Setting
from ...graphs.sizes import Poly
from ..proofs.storage.ways import computes, reads
from .matrix_products import Sides, sides_of

GAME = "red-blue pebble game, Hong and Kung 1981"

FINE = 10**9
"""The accuracy of square roots: one part in so many."""


@dataclass(frozen=True, slots=True)
class Product:
    """A bound on matrix products of m x k and k x n matrices, exact in its constants."""

    name: str
    """The contraction."""
    m: Poly
    n: Poly
    k: Poly
    times: Poly
    """How many of them, with nothing in common."""

    @property
    def text(self) -> str:
        """The bound as a formula in M."""
        leading = 2 * self.m * self.n * self.k
        times = "" if self.times == 1 else f"{_factor(self.times)}*"
        inside = f"{_factor(leading)}/sqrt(M) - 2*M"
        return f"{times}({inside})" if times else inside

    def words(self, memory: int, **sizes: int) -> Fraction:
        """Return how many words move at least; never less than none, and never rounded up.

        Parameters
        ----------
        memory
            How many words the fast memory holds.
        """
        leading = _value(2 * self.m * self.n * self.k, sizes)
        each = leading / _root_above(memory) - 2 * memory
        return max(Fraction(0), _value(self.times, sizes) * each)

    @property
    def source(self) -> str:
        """The game and the theorem."""
        return f"{GAME}; matrix products: Smith, Lowery, Langou and van de Geijn 2019"

    def __str__(self) -> str:
        return f"at least {self.text} words ({self.source})"


@dataclass(frozen=True, slots=True)
class Attention:
    """A bound on attention, up to a constant factor."""

    name: str
    """The softmax."""
    products: tuple[str, str]
    """The contractions before and after it."""
    n: Poly
    """How many queries and keys there are."""
    d: Poly
    """The width of a head."""
    times: Poly
    """How many heads, with no keys and values in common."""

    @property
    def text(self) -> str:
        """The bound as formulas in M."""
        large, small = self.times * self.n**2 * self.d**2, self.times * self.n**2 * self.d
        square = self.d**2
        return (
            f"Omega({_factor(large)}/M) if M >= {square}, "
            f"Omega({_factor(small)}/sqrt(M)) if M < {square}"
        )

    def order(self, memory: int, **sizes: int) -> Fraction:
        """Return the bound without its constant factor."""
        n, d, times = (_value(cost, sizes) for cost in (self.n, self.d, self.times))
        if memory >= d**2:
            return times * n**2 * d**2 / memory
        return times * n**2 * d / _root_above(memory)

    @property
    def source(self) -> str:
        """The game, the theorem and what attains it."""
        found = f"{self.d} <= M <= {self.n * self.d}"
        return (
            f"{GAME}; attention, however fused: Saha and Ye 2024; attained for {found} by "
            "FlashAttention, Dao et al. 2022"
        )

    def __str__(self) -> str:
        return f"{self.text} words ({self.source})"


def bounds(graph: Graph, setting: Setting) -> tuple[Product | Attention, ...]:
    """Return the bounds that apply to a graph: of each matrix product by itself, and of attention.

    Where masked pairs are left out, what is computed is no matrix product, and has no bound here.
    """
    found = {e.name: s for e in graph.of("contraction") if (s := sides_of(graph, e, setting))}
    products = (_product(name, sides) for name, sides in found.items())
    return (*products, *_attentions(graph, found))


def _product(name: str, sides: Sides) -> Product:
    m, n, k, times = (
        product(indices.values())
        for indices in (sides.left, sides.right, sides.summed, sides.batch)
    )
    return Product(name, m, n, k, times)


# --- attention ------------------------------------------------------------------------------------


def _attentions(graph: Graph, found: Mapping[str, Sides]) -> Iterator[Attention]:
    """Yield a bound for every softmax over positions between two products."""
    for softmax in graph.of("softmax"):
        assert isinstance(softmax.primitive, Softmax)
        axis = next(a for a in softmax.features if a.name == softmax.primitive.axis)
        everything = axis.relation is not None and axis.relation == Relation.all()
        scores = _origin(graph, softmax, axis) if everything and softmax.sequence else None
        if scores is None or scores not in found:
            continue
        for mixed in _readers(graph, softmax, axis, found):
            bound = _attention(graph, softmax, scores, mixed, found)
            if bound is not None:
                yield bound


def _attention(
    graph: Graph, softmax: Equation, scores: str, mixed: str, found: Mapping[str, Sides]
) -> Attention | None:
    """Return the bound, if queries and keys are as many, and keys and values as wide."""
    before, after, along = found[scores], found[mixed], softmax.sequence
    assert along is not None
    own = f"{along.name}@"
    queries, keys = (
        (before.left, before.right) if own in before.left else (before.right, before.left)
    )
    values = after.right if own in after.left else after.left
    n, d = queries.get(own), product(before.summed.values())
    if n is None or product(keys.values()) != n or product(values.values()) != d:
        return None
    times = product(before.batch.values())
    return Attention(softmax.name, (scores, mixed), n, d, times)


def _origin(graph: Graph, equation: Equation, axis: Axis) -> str | None:
    """Return the contraction that computes what an equation is of, elementwise functions apart."""
    bases = {p.base for p in reads(graph, equation) if _has(graph[p.base], axis)}
    if len(bases) != 1:
        return None
    source = graph[bases.pop()]
    if isinstance(source.primitive, Contraction):
        return source.name
    return _origin(graph, source, axis) if isinstance(source.primitive, Map) else None


def _readers(
    graph: Graph, equation: Equation, axis: Axis, found: Mapping[str, Sides]
) -> Iterator[str]:
    """Yield the contractions that sum an equation over an axis, elementwise functions apart."""
    for reader in graph:
        if not computes(reader) or reader.phase != equation.phase:
            continue
        if all(p.base != equation.name for p in reads(graph, reader)):
            continue
        if isinstance(reader.primitive, Map) and _has(reader, axis):
            yield from _readers(graph, reader, axis, found)
        elif reader.name in found and not _has(reader, axis):
            summed = found[reader.name].summed
            if list(summed.values()) == [axis.extent] and reader.sequence == equation.sequence:
                yield reader.name


def _has(equation: Equation, axis: Axis) -> bool:
    return any(a == axis for a in equation.features)


# --- numbers --------------------------------------------------------------------------------------


def _factor(cost: Poly) -> str:
    """Write a cost as a factor."""
    return str(cost) if len(cost.terms) == 1 else f"({cost})"


def _value(cost: Poly, sizes: Mapping[str, int]) -> Fraction:
    return Fraction(cost.evaluate(**{s: sizes[s] for s in cost.sizes}))


def _root_above(number: int) -> Fraction:
    """Return a fraction that is not less than a square root, and hardly more."""
    return Fraction(math.isqrt(number * FINE**2 - 1) + 1, FINE)
