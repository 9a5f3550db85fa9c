"""Relations between two sides: equal, at most, at least, within a distance, of the same lead."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from ...graphs.sizes import Poly, at_least, poly
from ..comparing.crossovers import condition
from ..comparing.growth import leading, order
from ..derivation import Derivation
from .domains import Domain, compared
from .finding import Finding, formula_of, missing, searched, shown, smallest
from .subjects import Case, figure_of, graph_of


def sides(case: Case) -> tuple[Derivation, Derivation]:
    """Derive both sides."""
    return case.left(), case.value()


def equals(case: Case) -> Finding:
    """Both sides are the same formula, or differ somewhere."""
    found, value = sides(case)
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    if case.domain.decided(found.formula) == case.domain.decided(value.formula):
        return Finding(True, _proved(found, value), f"{case.name} = {formula_of(found)}")
    return searched(found, value.formula, operator.ne, case.name, "is", case.domain)


def at_most(case: Case) -> Finding:
    """The left side is never above the right one."""
    found, value = sides(case)
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    return _below(found, value, case.name, case.domain)


def no_less(case: Case) -> Finding:
    """The left side is never below the right one."""
    found, value = sides(case)
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    if at_least(found.formula, value.formula, given=case.domain.given):
        text = f"{case.name} = {formula_of(found)} >= {value.formula}"
        return Finding(True, _proved(found, value), text)
    return searched(found, value.formula, operator.lt, case.name, "is below", case.domain)


def no_more(case: Case) -> Finding:
    """The figure of one model is never above that of another."""
    other = figure_of(
        case.figure, graph_of(case.claim.value, case.claim.options, case.own), case.setting
    )
    found = case.left()
    if found.formula is None or other.formula is None:
        return missing(found if found.formula is None else other)
    name = f"{case.figure} (against {other.formula} of {case.claim.value})"
    return _below(found, other, name, case.domain)


def _below(found: Derivation, value: Derivation, name: str, domain: Domain) -> Finding:
    assert found.formula is not None
    assert value.formula is not None
    if at_least(domain.decided(value.formula), domain.decided(found.formula), given=domain.given):
        text = f"{name} = {formula_of(found)} <= {value.formula}"
        return Finding(True, _proved(found, value), text)
    return searched(found, value.formula, operator.gt, name, "is above", domain)


def _proved(*found: Derivation) -> bool:
    return all(f.grade == "proved" for f in found)


def within(case: Case) -> Finding:
    """Both sides are numbers that are no further apart than the claim says."""
    found, value = sides(case)
    apart = case.formula(case.claim.within)
    for side in (found, value, apart):
        if side.formula is None:
            return missing(side)
        if side.formula.constant is None:
            left = ", ".join(side.formula.sizes)
            return Finding(None, False, f"expected numbers for {left} in at, got {side.formula}")
    mine, theirs, limit = (_number(side) for side in (found, value, apart))
    difference = abs(mine - theirs)
    holds = difference <= limit
    text = f"{case.name} = {shown(mine)}"
    if difference:
        part = f" ({float(difference / abs(theirs)):.2%})" if theirs else ""
        far = f"{'' if holds else 'not '}within {shown(limit)}" if limit else "not equal"
        text += f", {shown(difference)}{part} from {shown(theirs)}: {far}"
    right = "" if holds else f"{case.name} = {shown(mine)}"
    return Finding(holds, not holds or _proved(found), text, corrected=right)


def _number(side: Derivation) -> Fraction:
    assert side.formula is not None
    value = side.formula.constant
    assert value is not None
    return Fraction(value)


def leads(case: Case) -> Finding:
    """Both sides have the same terms of highest order, coefficients included."""
    found, value = sides(case)
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    mine, theirs = leading(found.formula), leading(value.formula)
    text = f"{case.name} = {formula_of(found)}, whose leading terms are {mine}"
    right = f"{case.name} is {mine} to leading order"
    same = mine == theirs
    return Finding(same, _proved(found, value), text, corrected="" if same else right)


def tends(case: Case) -> Finding:
    """The quotient of both sides tends to one as each of some sizes grows, the others fixed."""
    found, value = sides(case)
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    error = found.formula - value.formula
    names = case.claim.sizes or found.formula.sizes
    near = [s for s in names if error == 0 or _smaller(error, value.formula, s)]
    far = [s for s in names if s not in near]
    told = _quotient(error, value.formula)
    text = f"{case.name} = {formula_of(found)}; the relative error is of order {told}"
    if far:
        text += f", which does not vanish as {', '.join(far)} grows"
    else:
        text += f", which vanishes as {', '.join(near)} grows"
    right = f"{case.name} = {found.formula}, off by {told} of it" if far else ""
    return Finding(not far, _proved(found, value), text, corrected=right)


def _smaller(error: Poly, value: Poly, name: str) -> bool:
    mine, theirs = order(error, name), order(value, name)
    return theirs.above(mine) and not mine.above(theirs)


def _quotient(error: Poly, value: Poly) -> str:
    top, bottom = leading(error) if error else poly(0), leading(value)
    return str(top / bottom) if len(bottom.terms) == 1 else f"({top})/({bottom})"


def cheaper(case: Case) -> Finding:
    """The left side is below the right one exactly where the claim says, else everywhere."""
    found, value = sides(case)
    first, sign, second = compared(case.claim.when or "0 < 1")
    low, high = case.formula(first).formula, case.formula(second).formula
    if found.formula is None or value.formula is None:
        return missing(found if found.formula is None else value)
    if low is None or high is None:
        return Finding(None, False, f"no figure for {case.claim.when}")
    left, right, wanted = found.formula, value.formula, _compares(low, sign, high)
    claimed = condition(low, high) if sign == "<" else condition(high, low)
    solved = condition(left, right)
    told = solved if solved in {"always", "never"} else f"exactly when {solved}"
    text = f"{left} < {right}: {told}"
    if solved == claimed and sign in "<>":
        return Finding(True, _proved(found, value), text)

    def bad(at: Any) -> bool:
        return bool((left.evaluate(**at) < right.evaluate(**at)) != wanted(at))

    names = sorted({*left.sizes, *right.sizes, *low.sizes, *high.sizes})
    least = {s: max(found.least.get(s, 1), value.least.get(s, 1)) for s in names}
    at = smallest(names, bad, case.domain, least)
    if at is None:
        return Finding(True, False, f"{text}; as claimed at all sizes tried")
    where = ", ".join(f"{k}={v}" for k, v in at.items())
    values = f"{shown(left.evaluate(**at))} against {shown(right.evaluate(**at))}"
    correct = f"{case.name} < {case.claim.value} {told}"
    return Finding(False, True, f"{text}; at {where}: {values}", (), at, correct)


SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


def _compares(low: Poly, sign: str, high: Poly) -> Callable[[Any], bool]:
    return lambda at: SIGNS[sign](low.evaluate(**at), high.evaluate(**at))
