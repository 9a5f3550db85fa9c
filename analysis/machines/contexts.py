"""Contexts: the longest sequence that a memory budget holds, solved exactly for n.

The bytes that a task holds grow with n, and with every minimum and maximum in them. So a maximum is
within the budget where all of its branches are, a minimum where any is; a branch of degree one or
two in n is solved.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> sizes = dict(d=8192, h=64, g=8, f=28672, v=32000, L=80)
>>> graph = trace(CATALOGUE["llama"], L="L", v=32000)
>>> found = contexts(graph, Task("decode"), kinds=("state",))
>>> found.formula
'floor(M/(4*L*d*g/h))'
>>> found.most(327680 * 1000, sizes)
1000
>>> found.most(327680 * 1000 - 1, sizes)
999
>>> contexts(trace(CATALOGUE["lstm"], L="L"), Task("decode")).formula
'no limit'
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.sizes import Poly, poly, size, summed
from ..proofs.errors import ProofError
from ..proofs.storage.state import sequence
from .memory import widths, words
from .operations import OperationError
from .task import Task

BUDGET = "M"
"""The symbol of a memory budget, in bytes."""

NO_LIMIT = "no limit"
MOST_BRANCHES = 512


@dataclass(frozen=True, slots=True)
class Branch:
    """A part of the bytes that has no minimum or maximum that grows with n: a polynomial in n."""

    powers: tuple[Poly, ...]
    """Coefficients of 1, n and n**2."""

    def most(self, budget: int, sizes: Mapping[str, int]) -> int | None:
        """Return the largest n within a budget: None for any, -1 if none is."""
        constant, linear, square = (_exact(p, sizes) for p in (*self.powers, *_ZEROS)[:3])
        left = budget - constant
        if left < 0:
            return -1
        if square:
            # The largest n with square n**2 + linear n <= left: n <= (root - linear) / (2 square).
            scale = math.lcm(square.denominator, linear.denominator, left.denominator)
            a, b, c = (int(x * scale) for x in (square, linear, left))
            return (math.isqrt(b * b + 4 * a * c) - b) // (2 * a)
        return None if not linear else math.floor(left / linear)

    @property
    def text(self) -> str:
        """The largest n as a formula of the budget."""
        constant, linear, square = (*self.powers, *_ZEROS)[:3]
        left = size(BUDGET) - constant
        if square:
            inside = linear**2 + 4 * square * left
            return f"floor((sqrt({inside}) - ({linear}))/({2 * square}))"
        if linear:
            above = f"({BUDGET} - ({constant}))" if constant else BUDGET
            return f"floor({above}/({linear}))"
        return f"any if {constant} <= {BUDGET} else none"

    def decisive(self, budget: int, sizes: Mapping[str, int]) -> Branch:
        """Return itself, with what decides in place of minima and maxima that do not grow."""
        return Branch(tuple(_settled(power, sizes) for power in self.powers))


@dataclass(frozen=True, slots=True)
class Node:
    """A minimum or a maximum of several parts."""

    kind: str
    parts: tuple[Node | Branch, ...]

    def most(self, budget: int, sizes: Mapping[str, int]) -> int | None:
        """Return the largest n within a budget: None for any, -1 if none is."""
        found = [part.most(budget, sizes) for part in self.parts]
        known = [n for n in found if n is not None]
        if self.kind == "max":
            return min(known) if known else None
        return None if len(known) < len(found) else max(known)

    @property
    def text(self) -> str:
        """The largest n as a formula of the budget."""
        texts = list(dict.fromkeys(part.text for part in self.flat))
        if len(texts) == 1:
            return texts[0]
        return f"{'min' if self.kind == 'max' else 'max'}({', '.join(texts)})"

    @property
    def flat(self) -> tuple[Node | Branch, ...]:
        """The parts, and in place of those of the same kind their parts."""
        found: list[Node | Branch] = []
        for part in self.parts:
            same = isinstance(part, Node) and part.kind == self.kind
            found.extend(part.flat if isinstance(part, Node) and same else (part,))
        return tuple(found)

    def decisive(self, budget: int, sizes: Mapping[str, int]) -> Branch:
        """Return the part that decides at a budget and sizes."""
        most = self.most(budget, sizes)
        part = next(p for p in self.parts if p.most(budget, sizes) == most)
        return part.decisive(budget, sizes)


@dataclass(frozen=True, slots=True)
class Contexts:
    """How the bytes of a task grow with n, and for which n they fit."""

    bytes: Poly
    """All bytes, as a formula."""
    tree: Node | Branch
    along: str
    """The size that is solved for."""

    @property
    def grows(self) -> bool:
        """Whether the bytes depend on n at all."""
        return self.along in self.bytes.sizes

    @property
    def formula(self) -> str:
        """The longest sequence as a formula of the budget M in bytes; ``no limit`` if any fits."""
        return self.tree.text if self.grows else NO_LIMIT

    def decisive(self, budget: int, sizes: Mapping[str, int]) -> str:
        """Return the part of the formula that decides at a budget and sizes."""
        return self.tree.decisive(budget, sizes).text if self.grows else NO_LIMIT

    def most(self, budget: int, sizes: Mapping[str, int]) -> int | None:
        """Return the longest sequence within a budget in bytes.

        Returns
        -------
        int or None
            None if sequences of every length fit, 0 if not even one position does.
        """
        found = self.tree.most(budget, sizes)
        return None if found is None else max(found, 0)


def contexts(graph: Graph, task: Task, *, kinds: Sequence[str] = ()) -> Contexts:
    """Solve for the longest sequence that fits.

    Parameters
    ----------
    kinds
        What of :func:`.memory.words` counts; all of it if empty.

    Raises
    ------
    OperationError
        If one of them has no formula, or grows with n in a way that is not solved.
    """
    found, width = words(graph, task), widths(task)
    unknown = [k for k in kinds if k not in found]
    if unknown:
        raise OperationError(f"expected kinds of memory among {', '.join(found)}, got {unknown[0]}")
    try:
        along = sequence(graph).name
    except ProofError as error:
        raise OperationError(f"{graph.name}: {error}") from None
    total = summed(width[k] * words for k, words in found.items() if not kinds or k in kinds)
    return Contexts(total, _branched(graph, total, along, [0]), along)


def _branched(graph: Graph, cost: Poly, along: str, count: list[int]) -> Node | Branch:
    """Write bytes as minima and maxima of polynomials in n."""
    atoms = [a for a in cost.atoms if a.kind != "size" and along in Poly({((a, 1),): 1}).sizes]
    if not atoms:
        return Branch(_powers(graph, cost, along))
    atom = min(atoms, key=lambda a: a.text)
    count[0] += 1
    positive = all(
        coefficient > 0 and exponent > 0
        for monomial, coefficient in cost.terms.items()
        for other, exponent in monomial
        if other is atom
    )
    if atom.kind not in {"min", "max"} or not positive or count[0] > MOST_BRANCHES:
        raise OperationError(f"{graph.name}: the largest {along} has no known formula: {cost}")
    parts = tuple(_branched(graph, _with(cost, atom, branch), along, count) for branch in atom.args)
    return Node(atom.kind, parts)


def _with(cost: Poly, atom: object, branch: Poly) -> Poly:
    """Put one branch in the place of a minimum or maximum."""
    found = poly(0)
    for monomial, coefficient in cost.terms.items():
        product = Poly({tuple(p for p in monomial if p[0] is not atom): coefficient})
        for other, exponent in monomial:
            if other is atom:
                product = product * branch**exponent
        found = found + product
    return found


def _powers(graph: Graph, cost: Poly, along: str) -> tuple[Poly, ...]:
    """Return the coefficients of a polynomial in n of degree two at most."""
    found = [poly(0), poly(0), poly(0)]
    for monomial, coefficient in cost.terms.items():
        power = next((k for a, k in monomial if a.kind == "size" and a.args[0] == along), 0)
        if not 0 <= power <= 2:
            raise OperationError(f"{graph.name}: the largest {along} has no known formula: {cost}")
        rest = tuple(p for p in monomial if not (p[0].kind == "size" and p[0].args[0] == along))
        found[power] = found[power] + Poly({rest: coefficient})
    return tuple(found)


def _settled(cost: Poly, sizes: Mapping[str, int]) -> Poly:
    """Put in the place of each minimum and maximum the argument that it is at some sizes."""
    while True:
        atom = next((a for a in cost.atoms if a.kind in {"min", "max"}), None)
        if atom is None:
            return cost
        pick = min if atom.kind == "min" else max
        cost = _with(cost, atom, pick(atom.args, key=lambda a: _exact(a, sizes)))


def _exact(cost: Poly, sizes: Mapping[str, int]) -> Fraction:
    return Fraction(cost.evaluate(**{s: sizes[s] for s in cost.sizes}))


_ZEROS = (poly(0), poly(0), poly(0))
