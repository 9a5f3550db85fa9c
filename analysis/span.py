"""Span: the longest path of the unrolled graph, as a formula with a certificate.

Depths are solved symbolically component by component (Karp, Miller and Winograd 1967): what is in
no cycle is a maximum over what it reads, a loop is followed for a few steps and continued. The
result is a potential; where every term of it is also attained, the span is proved.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from ..graphs.graph import Equation, Graph, Read
from ..graphs.primitives import Final, Shift
from ..graphs.relations import Relation
from ..graphs.schedule import Step, steps
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, at_least, maximum, poly, size
from .chaining import chains
from .derivation import Derivation
from .proofs.errors import ProofError
from .proofs.positions import bound_symbol, lower_sizes, region
from .proofs.spans.chains import Link
from .proofs.spans.potentials import End, SpanCertificate, check_span, highest
from .sites import weights
from .solving import STEPS, UnsolvedError, continued, joined, largest, make_room, prune

Terms = tuple[Poly, ...]


def span(graph: Graph, setting: Setting) -> Derivation:
    """Derive the span of a graph.

    Returns
    -------
    Derivation
        Proved, with its certificate, or without a formula and with the reason.
    """
    try:
        certificate = certify(graph, setting)
        check_span(graph, setting, certificate)
    except (UnsolvedError, ProofError, ValueError) as error:
        return Derivation(None, reason=f"no proof was found: {error}")
    formula = functools.reduce(maximum, certificate.formula)
    if any(atom.kind == "max" for term in certificate.formula for atom in term.atoms):
        formula = joined(certificate.formula)
    return Derivation(
        formula, "proved", dict(certificate.least), _steps(graph, certificate), certificate
    )


def _steps(graph: Graph, certificate: SpanCertificate) -> tuple[str, ...]:
    lines = []
    for equation in graph:
        if equation.primitive.name in {"parameter", "constant"}:
            continue
        terms = " or ".join(str(t) for t in certificate.potentials[equation.name])
        where = ", ".join(f"{a.position} = position along {a.name}" for a in equation.positions)
        lines.append(
            f"{equation.name} ({equation.primitive.name}) is done after {terms} steps ({where})"
        )
    for term, end in zip(certificate.formula, certificate.ends, strict=True):
        at = ", ".join(f"{name} = {p}" for name, p in end.position.items())
        lines.append(f"the last is {end.equation} at {at}: {term} steps")
    return tuple(lines)


def certify(graph: Graph, setting: Setting) -> SpanCertificate:
    """Find potentials and chains; nothing is verified here.

    Raises
    ------
    UnsolvedError
        If a loop has no conjecture, or no end attains the potentials.
    """
    solver = Solver(graph, weights(graph, setting), _least(graph))
    solver.visit(None)
    potentials = dict(solver.terms)
    solver.own = _at_own_blocks(graph, solver)
    formula = _formula(graph, potentials, solver.least)
    begun = _begun(graph, solver)
    costs = {e.name: (*potentials[e.name], *_alternatives(e, solver, begun)) for e in graph}
    found = chains(graph, costs, solver.weight, solver.least, frozenset(solver.reverse))
    ends = tuple(_end(graph, term, found, solver) for term in formula)
    return SpanCertificate(
        formula, potentials, found, ends, frozenset(solver.reverse), solver.least
    )


def _least(graph: Graph) -> dict[str, int]:
    """Axes that could be empty at their least sizes must not be: ``L - 1`` needs ``L >= 2``."""
    least: dict[str, int] = {}
    for axis in graph.axes.values():
        for name in axis.extent.sizes:
            value = (axis.extent - size(name)).constant
            if value is not None and value < 0:
                least[name] = max(least.get(name, 1), 1 - int(value))
    for axis in graph.axes.values():
        make_room(axis, least)
    return least


def _at_own_blocks(graph: Graph, solver: Solver) -> Mapping[str, Terms]:
    """Return depths from below where there are blocks: all of them read at least themselves."""
    if not any(read.relation.kind == "block" for equation in graph for read in equation.reads):
        return {}
    narrow = {
        equation.name: replace(equation, reads=tuple(_itself(read) for read in equation.reads))
        for equation in graph
    }
    low = Solver(replace(graph, equations=narrow), solver.weight, solver.least)
    low.visit(None)
    return low.terms


def _itself(read: Read) -> Read:
    return replace(read, relation=Relation.same()) if read.relation.kind == "block" else read


@dataclass
class Solver:
    """Symbolic depths, equation by equation."""

    graph: Graph
    weight: Mapping[str, Poly]
    least: dict[str, int]
    terms: dict[str, Terms] = field(default_factory=dict)
    reverse: set[tuple[str, str]] = field(default_factory=set)
    at: dict[str, Poly] = field(default_factory=dict)
    """Positions along the axes of the loops that are being followed."""
    history: dict[str, list[dict[str, Terms]]] = field(default_factory=dict)
    """By axis, the terms of a loop's equations at its earlier steps."""
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """By axis, the equations of the loop that is being followed."""
    joined: set[str] = field(default_factory=set)
    """Axes along which what is carried has one term."""
    own: Mapping[str, Terms] = field(default_factory=dict)
    """Terms where of each block only one's own position is read, if there are blocks."""

    def visit(self, names: Iterable[str] | None) -> None:
        """Solve equations in order."""
        for step in steps(self.graph, names, frozenset(self.at)):
            if step.axis is None:
                self.terms[step.names[0]] = self._solve(self.graph[step.names[0]])
            else:
                self._loop(step, step.axis)

    def _loop(self, step: Step, axis: str) -> None:
        """Follow a loop; if its terms become more and more, with one maximum at each step."""
        if axis in self.joined:
            self._follow(step, axis)
            return
        try:
            self._follow(step, axis)
        except UnsolvedError:
            self.joined.add(axis)
            self._follow(step, axis)

    def _follow(self, step: Step, axis: str) -> None:
        extent = self.graph.axes[axis].extent
        self.history[axis], self.members[axis] = [], frozenset(step.names)
        try:
            for k in range(STEPS):
                self.at[axis] = extent - 1 - k if step.reverse else poly(k)
                self.visit(step.names)
                self.history[axis].append({name: self.terms[name] for name in step.names})
        finally:
            del self.at[axis], self.members[axis]
            followed = self.history.pop(axis)
        position = size(f"{axis}_")
        count = extent - 1 - position if step.reverse else position
        for name in step.names:
            if step.reverse:
                self.reverse.add((name, axis))
            course = [h[name] for h in followed]
            tail = continued(course, count, name)
            self.terms[name] = self._with_heads(name, tail, course, axis, step.reverse)

    def _with_heads(
        self, name: str, tail: Terms, course: list[Terms], axis: str, reverse: bool
    ) -> Terms:
        """Add the terms of first steps that are larger than what the tail says of them."""
        extent = self.graph.axes[axis].extent
        found = list(tail)
        for k, terms in enumerate(course[:-1]):
            here = {f"{axis}_": extent - 1 - k if reverse else poly(k)}
            at_k = [t.substitute(here) for t in tail]
            found.extend(t for t in terms if not any(at_least(a, t) for a in at_k))
        return self._prune(self.graph[name], found)

    def _solve(self, equation: Equation) -> Terms:
        weight = self.weight[equation.name]
        found = [weight]
        for read in equation.reads:
            found.extend(term + weight for term in self._read(equation, read))
        terms = self._prune(equation, found)
        primitive = equation.primitive
        carried = isinstance(primitive, Shift) and primitive.axis in self.joined & set(self.at)
        return (joined(terms),) if carried else terms

    def _prune(self, equation: Equation, terms: Iterable[Poly]) -> Terms:
        inside = region(equation, self.least)
        for name in self.at:
            axis = self.graph.axes[name]
            inside.pop(axis.position, None)
            symbol = bound_symbol(axis)
            if symbol is not None:  # the loop is at least as long as it was followed
                offset = axis.extent - size(symbol)
                inside[symbol] = len(self.history[name]) + 1 - offset + size(f"{name}_r_")
        return prune(terms, lambda a, b: at_least(a, b, given=inside))

    def _read(self, equation: Equation, read: Read) -> Terms:
        """Return the terms of what is read, in the symbols of the reader."""
        axis = read.axis
        if axis is not None and self._in_loop(read.source, axis):
            return self._earlier(equation, read, axis)
        if read.boundary and not self._at_start(equation):
            return () if isinstance(equation.primitive, Final) else self._placed(equation, read)
        return self._placed(equation, read)

    def _in_loop(self, name: str, axis: str | None) -> bool:
        return name in self.members.get(axis or "", ())

    def _placed(self, equation: Equation, read: Read) -> Terms:
        here = {f"{a}_": p for a, p in self.at.items()}
        found = self.terms[read.source]
        return tuple(
            highest(self.graph, equation, read, t, self.least).substitute(here) for t in found
        )

    def starting(self, equation: Equation, read: Read) -> Terms:
        """Return the terms of an initial value, with the weight of the equation that reads it."""
        return tuple(t + self.weight[equation.name] for t in self._placed(equation, read))

    def _step(self, axis: str) -> int:
        return len(self.history[axis])

    def _earlier(self, equation: Equation, read: Read, axis: str) -> Terms:
        k = self._step(axis)
        distance = read.relation.distance
        if read.relation.is_same:  # a window of one position
            found = self.terms[read.source]
        elif distance is not None and distance.constant is not None:
            before = k - abs(int(distance.constant))
            found = self.history[axis][before][read.source] if before >= 0 else ()
        else:
            found = tuple(t for past in self.history[axis] for t in past[read.source])
            if read.relation.reads_itself:
                found = (*found, *self.terms[read.source])
        return tuple(t.substitute({f"{a}_": p for a, p in self.at.items()}) for t in found)

    def _at_start(self, equation: Equation) -> bool:
        shift = next(r for r in equation.reads if not r.boundary)
        axis, distance = shift.axis, shift.relation.distance
        if axis is None or distance is None or not self._in_loop(shift.source, axis):
            return False
        return self._step(axis) < abs(int(distance.constant or 0))


def _formula(graph: Graph, potentials: Mapping[str, Terms], least: Mapping[str, int]) -> Terms:
    found: list[Poly] = []
    for name, terms in potentials.items():
        found.extend(_extremes(graph[name], term, least)[0] for term in terms)
    return largest(found)


def _extremes(
    equation: Equation, term: Poly, least: Mapping[str, int]
) -> tuple[Poly, dict[str, Poly]]:
    """Return the largest value of a term over all positions, and where it is attained."""
    where: dict[str, Poly] = {}
    for axis in equation.positions:
        place = axis.extent - 1
        if axis.position in term.sizes:
            slope = term.substitute({axis.position: size(axis.position) + 1}) - term
            if not at_least(slope, 0, given=region(equation, least)):
                place = poly(0)
        where[axis.name] = place
    return term.substitute({f"{name}_": p for name, p in where.items()}), where


def _begun(graph: Graph, solver: Solver) -> dict[str, Terms]:
    """Return what equations cost at least where loops start: what initial values bring in place."""
    found: dict[str, Terms] = {}
    pending = list(graph.equations)
    while pending:
        equation = graph[pending[-1]]
        near = [r.source for r in equation.reads if r.axis is None and not r.boundary]
        missing = [name for name in near if name not in found]
        if missing and equation.name not in found:
            pending.extend(missing)
            continue
        pending.pop()
        weight = solver.weight[equation.name]
        costs = [t + weight for name in near for t in found[name]]
        for read in equation.reads:
            if read.boundary:
                costs.extend(solver.starting(equation, read))
        found[equation.name] = prune(
            costs, functools.partial(at_least, given=region(equation, solver.least))
        )
    return found


def _alternatives(equation: Equation, solver: Solver, begun: Mapping[str, Terms]) -> Terms:
    """Return weaker costs that hold where a loop has not started yet: those of its first step."""
    found = [solver.weight[equation.name], *begun[equation.name]]
    choices: list[list[dict[str, Poly]]] = []
    for axis in equation.positions:
        ends = (
            [poly(0), axis.extent - 1]
            if any(a == axis.name for _, a in solver.reverse)
            else [poly(0)]
        )
        choices.append([{}, *({axis.position: end} for end in ends)])
    for choice in itertools.product(*choices):
        first = {name: end for part in choice for name, end in part.items()}
        found.extend(term.substitute(first) for term in solver.terms[equation.name])
    found.extend(solver.own.get(equation.name, ()))
    known = set(solver.terms[equation.name])
    return tuple(t for t in dict.fromkeys(found) if t not in known)


def _end(graph: Graph, term: Poly, chains: Mapping[str, tuple[Link, ...]], solver: Solver) -> End:
    floor = lower_sizes(solver.least)
    for name, links in chains.items():
        for k, link in enumerate(links):
            value, where = _extremes(graph[name], link.cost, solver.least)
            started = all(
                at_least(axis.extent - 1, link.start.get(axis.name, 0), given=floor)
                for axis in graph[name].positions
            )
            if value == term and started:
                return End(name, k, where)
    raise UnsolvedError(f"nothing attains {term}")
