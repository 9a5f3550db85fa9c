"""Relations about growth: Theta and O, with constants that a checker accepts."""

from __future__ import annotations

from ...graphs.sizes import Poly, poly, size
from ..comparing.bounding import certify_growth
from ..comparing.growth import dominates, growth, theta
from ..derivation import Derivation
from ..proofs.growth import GrowthCertificate
from .finding import Finding, missing
from .subjects import Case

MOST_TERMS = 64
"""Terms of formulas for which constants are sought; their search tries products of all terms."""


def theta_of(case: Case) -> Finding:
    """The left side is of the order of the right one."""
    return _grows(case, below=True)


def big_o(case: Case) -> Finding:
    """The left side is of at most the order of the right one."""
    return _grows(case, below=False)


def _grows(case: Case, *, below: bool) -> Finding:
    """Compare classes in each size that grows, or in all together, and look for constants.

    What holds is proved by constants between which the formula stays; what does not, by those of
    the formula's own class, which is another one.
    """
    found, right = case.left(), case.value()
    if found.formula is None or right.formula is None:
        return missing(found if found.formula is None else right)
    formula, value = (case.domain.decided(side) for side in (found.formula, right.formula))
    sizes = case.claim.sizes or ("",)
    compared = [_compared(formula, found, value, size, below=below) for size in sizes]
    bounded = bool(case.domain.given) and sizes == ("",) and not compared[0][0]
    if bounded:
        compared = [_within(case, found, formula, value, below=below)]
    classes = [
        f"Theta({_class(formula, size)})" + (f" in {size}" if size else "") for size in sizes
    ]
    certificates = [certificate for _, certificate in compared if certificate is not None]
    proved = len(certificates) == len(compared) or not {*formula.sizes, *value.sizes}
    if bounded:
        constants = [f"{_bounds(c, value)} for {case.domain.text}" for c in certificates]
    else:
        constants = [_constants(c) for c in certificates]
    constants = constants if proved else ["no constants were found"]
    text = "; ".join([f"{case.name} = {formula}, {', '.join(classes)}", *constants])
    holds = all(same for same, _ in compared)
    corrected = "" if holds else f"{case.name} is {', '.join(classes)}"
    certain = proved and found.grade == "proved"
    return Finding(holds, certain, text, tuple(certificates), corrected=corrected)


def _within(
    case: Case, found: Derivation, formula: Poly, value: Poly, *, below: bool
) -> tuple[bool, GrowthCertificate | None]:
    """Compare classes where some sizes are bounded by others.

    A size with a bound is the bound and what it is above that, which is a size of its own, less one.
    """
    placed = {
        name: bound - poly(rest) + size(rest.rstrip("_")) - 1
        for name, bound in case.domain.given.items()
        for rest in bound.sizes
        if rest.endswith("_")
    }
    mine, theirs = (side.substitute(case.domain.given) for side in (formula, value))
    same = dominates(theirs, mine) and (not below or dominates(mine, theirs))
    if not same or found.least or max(len(mine.terms), len(theirs.terms)) > MOST_TERMS:
        return same, None
    mine, theirs = (side.substitute(placed) for side in (formula, value))
    names = tuple(sorted({*mine.sizes, *theirs.sizes}))
    return same, certify_growth(mine, theirs, names, {}, below=below)


def _compared(
    formula: Poly, found: Derivation, value: Poly, size: str, *, below: bool
) -> tuple[bool, GrowthCertificate | None]:
    """Compare classes in one size, or in all, and find constants for what is the case."""
    mine, theirs = (_class(cost, size) for cost in (formula, value))
    ours, given = (poly_of(mine), poly_of(theirs)) if size else (formula, value)
    same = mine == theirs if below else dominates(given, ours)
    if below and not size and not same:
        same = dominates(given, ours) and dominates(ours, given)
    names = (size,) if size else tuple(sorted({*formula.sizes, *value.sizes}))
    if not names or max(len(formula.terms), len(value.terms)) > MOST_TERMS:
        return same, None
    bound, both = (value, below) if same else (poly_of(mine), True)
    return same, certify_growth(formula, bound, names, found.least, below=both)


def _class(cost: Poly, size: str) -> str:
    return growth(cost, (size,))[size] if size else theta(cost)


def _constants(found: GrowthCertificate) -> str:
    """Write a certificate as a sentence."""
    low = "" if found.lower is None else f"{_times(found.lower, found.bound)} <= "
    least = {**found.start, **{s: poly(v) for s, v in found.least.items()}}
    where = ", ".join(f"{s} >= {v}" for s, v in least.items() if v != 1)
    between = f"{low}it <= {_times(found.upper, found.bound)}"
    return f"{between} for {where}" if where else between


def _bounds(found: GrowthCertificate, value: Poly) -> str:
    """Write constants in front of the formula that is claimed."""
    low = "" if found.lower is None else f"{found.lower}*({value}) <= "
    return f"{low}it <= {found.upper}*({value})"


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
