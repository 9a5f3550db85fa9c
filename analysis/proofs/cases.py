"""Identities between costs with minima, proved for all whole sizes by cases.

A size is at least one; a name that ends in ``_`` is at least zero. Where a minimum is undecided,
the sizes are cut into the region where one argument is the smaller and its complement, each written
as a substitution, until nothing is left but polynomials, which are compared exactly.

>>> from ...graphs.sizes import minimum, size
>>> n, w = size("n"), size("w")
>>> vanishes(minimum(n + 1, w) - minimum(n, w - 1) - 1)
True
>>> vanishes(minimum(n + 1, w) - minimum(n, w) - 1)
False
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from ...graphs.sizes import (
    Atom,
    Poly,
    at_least,
    ceil_div,
    ceil_log,
    ceil_log2,
    least,
    maximum,
    minimum,
    poly,
    power,
    size,
)

Region = Mapping[str, Poly]

DEEPEST = 24
SHALLOW = 8
MANY = 1000
"""Regions of one condition; more are too many to tell apart."""
LARGEST = 64
SMALL = 4


def vanishes(cost: Poly, depth: int = DEEPEST) -> bool:
    """Whether a cost is certain to be zero for all whole sizes; False if that is not certain."""
    if not cost.terms:
        return True
    cost = _divided(cost)
    choice = _undecided(cost)
    if choice is None:
        whole = cleared(cost)
        return whole is not None and vanishes(whole, depth)
    if depth == 0:
        return False
    return all(vanishes(case, depth - 1) for (case,) in _cases([cost], choice))


def _cases(costs: Sequence[Poly], choice: Atom) -> Iterator[list[Poly]]:
    """Yield costs without a minimum, in regions that cover all whole sizes.

    Where a region cannot be written as substitutions, products of sizes are taken for sizes of
    their own; where that does not help, all sizes are covered instead of those in the region.
    """
    for argument, other in (choice.args, choice.args[::-1]):
        condition = other - argument if choice.kind == "min" else argument - other
        here = [replaced(x, choice, argument) for x in costs]
        condition, *here = _divided(condition), *here
        for linear in (False, True):
            if linear:
                condition, *here = _linear([condition, *here])
            try:
                taken = {s for x in here for s in x.sizes}
                covering = list(itertools.islice(regions(condition, taken), MANY + 1))
            except UndecidedError:
                continue
            if len(covering) > MANY:
                continue
            yield from ([x.substitute(region) for x in here] for region in covering)
            break
        else:
            yield here


def _divided(cost: Poly) -> Poly:
    """Divide by the sizes that are a factor of every term."""
    shared = _shared([cost])
    return cost / shared if shared != 1 else cost


def _shared(costs: Sequence[Poly]) -> Poly:
    """Return the product of the sizes, of at least one, that are a factor of every term."""
    monomials = [dict(m) for cost in costs for m in cost.terms]
    if not monomials:
        return poly(1)
    powers = {
        a: min(m.get(a, 0) for m in monomials)
        for a in monomials[0]
        if a.kind == "size" and not a.args[0].endswith("_")
    }
    return Poly(
        {tuple(sorted(((a, k) for a, k in powers.items() if k > 0), key=lambda p: p[0].text)): 1}
    )


def _linear(costs: Sequence[Poly]) -> list[Poly]:
    """Take each product of several sizes for a size of its own, whatever it is."""
    names: dict[tuple[tuple[Atom, int], ...], Poly] = {}
    taken = {s for x in costs for s in x.sizes}
    above: dict[str, Poly] = {}
    for name in sorted(s for s in taken if _least(s)):
        above[name] = 1 + _fresh(taken)
        taken = {*taken, *above[name].sizes}
    costs = [x.substitute(above) for x in costs]

    def fresh(factors: tuple[tuple[Atom, int], ...]) -> Poly:
        if factors not in names:
            names[factors] = _fresh(taken)
            taken.update(names[factors].sizes)
        return names[factors]

    def linear(cost: Poly) -> Poly:
        total = poly(0)
        for monomial, c in cost.terms.items():
            sizes = tuple((a, k) for a, k in monomial if a.kind == "size")
            several = sum(k for _, k in sizes) > 1 and all(k > 0 for _, k in sizes)
            product = poly(c) * (fresh(sizes) if several else Poly({sizes: 1}))
            for atom, k in monomial:
                if atom.kind != "size":
                    product = product * _BUILD[atom.kind](*map(linear, atom.args)) ** k
            total = total + product
        return total

    return [linear(x) for x in costs]


def never_less(cost: Poly, others: Sequence[Poly], depth: int = SHALLOW) -> bool:
    """Whether a cost is certain to be at least the least of others, which one may vary.

    >>> never_less(poly("2*L*w"), [poly("n*w"), poly("L*min(n, 2*w)")])
    True
    >>> never_less(poly("n"), [poly("L"), poly("n + 1")])
    False
    """
    if any(at_least(cost, other) for other in others):
        return True
    if depth == 0:
        return False
    shared = _shared([cost, *others])
    costs = [x / shared for x in (cost, *others)]
    choice = next((c for x in costs for c in [_undecided(x)] if c is not None), None)
    if choice is not None:
        return all(never_less(x, rest, depth - 1) for x, *rest in _cases(costs, choice))
    return any(
        all(never_less(x, rest, 0) for x, *rest in _least_or_more(costs, name))
        for name in sorted({s for x in costs for s in x.sizes})
    )


def _least_or_more(costs: Sequence[Poly], name: str) -> Iterator[list[Poly]]:
    """Yield costs where a size has its least value, and where it is more."""
    new = _fresh({s for x in costs for s in x.sizes})
    for region in _first(name, new):
        yield [x.substitute(region) for x in costs]


def proper(cost: Poly) -> bool:
    """Whether no minimum or maximum in a cost can be negative, as the order of costs supposes.

    >>> proper(poly("min(n, d)")), proper(poly("max(0, n - d)")), proper(poly("min(1, n - d)"))
    (True, True, False)
    """
    for atom in cost.atoms:
        if atom.kind == "size":
            continue
        if atom.kind not in {"min", "max"} or least(atom) is None:
            return False
        if not all(proper(a) for a in atom.args):
            return False
    return True


def replaced(cost: Poly, choice: Atom, value: Poly) -> Poly:
    """Replace one atom, at every depth."""
    return rewritten(cost, lambda atom: value if atom is choice else None)


def rewritten(cost: Poly, rule: Callable[[Atom], Poly | None]) -> Poly:
    """Replace atoms at every depth, inner ones first, where a rule returns something."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        product = poly(c)
        for atom, k in monomial:
            own = Poly({((atom, 1),): 1})
            if atom.kind != "size":
                own = _BUILD[atom.kind](*(rewritten(a, rule) for a in atom.args))
            for single in own.atoms if len(own.terms) == 1 else ():
                replacement = rule(single)
                if replacement is not None:
                    own = exchanged(own, single, replacement)
            product = product * own**k
        total = total + product
    return total


def exchanged(cost: Poly, atom: Atom, value: Poly) -> Poly:
    """Replace an atom, where it is a factor."""
    total = poly(0)
    for monomial, c in cost.terms.items():
        rest = Poly({tuple((a, k) for a, k in monomial if a is not atom): c})
        total = total + rest * value ** dict(monomial).get(atom, 0)
    return total


_BUILD: dict[str, Callable[..., Poly]] = {
    "min": minimum,
    "max": maximum,
    "ceil": lambda x: ceil_div(x, 1),
    "ceil_log2": ceil_log2,
    "ceil_log": ceil_log,
    "power": power,
    "reciprocal": lambda x: 1 / x,
}


class UndecidedError(Exception):
    """A condition that cannot be written as substitutions."""


def regions(condition: Poly, taken: Iterable[str] = (), depth: int = DEEPEST) -> Iterator[Region]:
    """Yield substitutions that together cover all whole sizes with ``condition >= 0``.

    New sizes get names that are not ``taken``.
    """
    if at_least(condition, 0):
        yield {}
        return
    if at_least(-1, condition):
        return
    if depth == 0 or any(c.denominator != 1 for c in condition.terms.values()):
        raise UndecidedError(str(condition))
    condition = _tightened(condition)
    rises, falls = _alone(condition, 1), _alone(condition, -1)
    new = _fresh({*taken, *condition.sizes})
    for name in rises:
        bound = size(name) - condition
        if at_least(bound, _least(name)):
            yield {name: bound + new}
            return
    for name in falls:
        top = (condition + size(name)).constant
        if top is not None:
            if top - _least(name) > LARGEST:
                raise UndecidedError(str(condition))
            yield from ({name: poly(k)} for k in range(_least(name), int(top) + 1))
            return
    if not rises and not falls:
        raise UndecidedError(str(condition))
    parts = () if rises and falls else _modulo([*rises, *falls][0], condition, new)
    for choice in parts:
        yield from _inside(condition, choice, {*taken, *new.sizes}, depth - 1)
    if parts:
        return
    both = rises and falls
    for choice in _compared(rises[0], falls[0], new) if both else _first([*rises, *falls][0], new):
        yield from _inside(condition, choice, {*taken, *new.sizes}, depth - 1)


def _inside(
    condition: Poly, choice: Region, taken: Collection[str], depth: int
) -> Iterator[Region]:
    """Yield the regions of a condition inside one part of all whole sizes."""
    here = condition.substitute(choice)
    for inner in regions(here, {*taken, *condition.sizes}, depth):
        own = {name: value.substitute(inner) for name, value in choice.items()}
        yield own | {name: value for name, value in inner.items() if name in condition.sizes}


def _modulo(name: str, condition: Poly, new: Poly) -> tuple[Region, ...]:
    """Cut all whole sizes by the remainder of one, if what else varies has a common divisor."""
    varying = condition - condition.terms.get((), 0)
    alone = next(c for m, c in varying.terms.items() if m and m[0][0].args[0] == name)
    rest = varying - size(name) * alone
    divisor = math.gcd(*(int(c) for c in rest.terms.values()))
    if not 1 < divisor <= SMALL:
        return ()
    if _least(name):
        return tuple({name: divisor * (new + 1) - k} for k in range(divisor))
    return tuple({name: divisor * new + k} for k in range(divisor))


def _tightened(condition: Poly) -> Poly:
    """Divide by the common divisor of what varies, and round the constant down: x is whole."""
    constant = condition.terms.get((), 0)
    varying = condition - constant
    divisor = math.gcd(*(int(c) for c in varying.terms.values()))
    return varying / divisor + int(constant) // divisor


def _compared(up: str, down: str, new: Poly) -> tuple[Region, Region]:
    """Cut all whole sizes in two by which of two is further above its least value."""
    offset = _least(up) - _least(down)
    return {up: size(down) + offset + new}, {down: size(up) - offset + 1 + new}


def _first(name: str, new: Poly) -> tuple[Region, Region]:
    """Cut all whole sizes in two by whether one has its least value."""
    return {name: poly(_least(name))}, {name: new + _least(name) + 1}


def _undecided(cost: Poly) -> Atom | None:
    """The first minimum or maximum with no other one inside."""
    for atom in sorted(cost.atoms, key=lambda a: a.text):
        if atom.kind == "size":
            continue
        for argument in atom.args:
            inner = _undecided(argument)
            if inner is not None:
                return inner
        if atom.kind in {"min", "max"}:
            return atom
    return None


def cleared(cost: Poly) -> Poly | None:
    """Multiply by a denominator; None if there is none."""
    under = next(
        (a for a in sorted(cost.atoms, key=lambda a: a.text) if a.kind == "reciprocal"), None
    )
    if under is None:
        return None
    highest = max(dict(m).get(under, 0) for m in cost.terms)
    total = poly(0)
    for monomial, c in cost.terms.items():
        rest = Poly({tuple((a, k) for a, k in monomial if a is not under): c})
        total = total + rest * under.args[0] ** (highest - dict(monomial).get(under, 0))
    return total


def _alone(condition: Poly, coefficient: int) -> list[str]:
    """Sizes that appear once, to the first power, with this coefficient."""
    found = []
    for monomial, c in condition.terms.items():
        if c != coefficient or len(monomial) != 1 or monomial[0][1] != 1:
            continue
        atom = monomial[0][0]
        if atom.kind == "size" and atom.args[0] not in (condition - Poly({monomial: c})).sizes:
            found.append(atom.args[0])
    return sorted(found)


def _least(name: str) -> int:
    return 0 if name.endswith("_") else 1


def _fresh(taken: Collection[str]) -> Poly:
    return size(next(name for k in itertools.count() if (name := f"case{k}_") not in taken))
