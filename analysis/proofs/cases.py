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
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from ...graphs.sizes import (
    Atom,
    Poly,
    at_least,
    ceil_div,
    ceil_log,
    ceil_log2,
    maximum,
    minimum,
    poly,
    power,
    size,
)

Region = Mapping[str, Poly]

DEEPEST = 24
LARGEST = 64


def vanishes(cost: Poly, depth: int = DEEPEST) -> bool:
    """Whether a cost is certain to be zero for all whole sizes; False if that is not certain."""
    if not cost.terms:
        return True
    choice = _undecided(cost)
    if choice is None:
        whole = cleared(cost)
        return whole is not None and vanishes(whole, depth)
    if depth == 0:
        return False
    left, right = choice.args
    try:
        return all(
            vanishes(cost.substitute(region), depth - 1)
            for condition in (left - right, right - left - 1)
            for region in regions(condition, cost.sizes)
        )
    except UndecidedError:
        return False


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
    both = rises and falls
    for choice in _compared(rises[0], falls[0], new) if both else _first([*rises, *falls][0], new):
        here = condition.substitute(choice)
        for inner in regions(here, {*taken, *new.sizes, *condition.sizes}, depth - 1):
            own = {name: value.substitute(inner) for name, value in choice.items()}
            yield own | {name: value for name, value in inner.items() if name in condition.sizes}


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
