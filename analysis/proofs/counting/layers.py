"""Sums over layers, verified by telescoping: no layer costs nothing, one more adds its own cost.

Where a layer's cost has powers ``k**l`` that are compared with a length n (dilated windows), the
claim may use ``p = ceil(log(n, k))``, the least p with ``k**p >= n``. It is verified in regions:
layers up to p - 1, where ``k**l < n``, and all others, where ``k**l >= n``; k is at least 2.
"""

from __future__ import annotations

from collections.abc import Iterator

from ....graphs.graph import Axis, Equation
from ....graphs.sizes import Atom, Poly, at_least, poly, power, size
from ..cases import rewritten, vanishes
from ..errors import ProofError

DEPTH, P = size("depth_"), size("p_")


def check_layers(equation: Equation, claimed: Poly, each: Poly) -> None:
    """Verify that ``claimed`` is the sum over all layers of ``each``, a cost in their positions.

    Raises
    ------
    ProofError
        If it is not certain to be; the message names the equation.
    """
    layers = [a for a in equation.positions if a.kind == "layer"]
    differing = [a for a in layers if a.position in each.sizes]
    for axis in layers:
        each = each * (1 if axis in differing else axis.extent)
    if not differing:
        if not vanishes(claimed - each):
            raise ProofError(f"{equation.name}: expected {each}, got {claimed}")
        return
    if len(differing) > 1:
        raise ProofError(f"{equation.name}: layers differ along more than one axis")
    claim = _by_depth(equation, differing[0], claimed, each)
    if not (_holds(*claim) or _holds(*_with_one_before(*claim))):
        raise ProofError(f"{equation.name}: expected the sum of {each} over layers, got {claimed}")


def _by_depth(equation: Equation, axis: Axis, claimed: Poly, each: Poly) -> tuple[Poly, Poly]:
    """Return the claim by the number of layers, and the cost of the layer after as many."""
    names = axis.extent.sizes
    offset = axis.extent - size(names[0]) if len(names) == 1 else poly("none")
    if offset.constant is None or names[0] in each.sizes:
        raise ProofError(f"{equation.name}: the cost of a layer depends on the number of layers")
    return claimed.substitute({names[0]: DEPTH - offset}), each.substitute({axis.position: DEPTH})


def _holds(total: Poly, layer: Poly) -> bool:
    return all(vanishes(part) for part in _differences(total, layer))


def _with_one_before(total: Poly, layer: Poly) -> tuple[Poly, Poly]:
    """Return the same claim about one layer more, in front of the others; ``k*k**l`` is ``k**l``."""
    layer = layer.substitute({"depth_": DEPTH - 1})
    return total.substitute({"depth_": DEPTH - 1}) + layer.substitute({"depth_": 0}), layer


def _differences(total: Poly, layer: Poly) -> Iterator[Poly]:
    """Yield what must vanish."""
    growth = total.substitute({"depth_": DEPTH + 1}) - total - layer
    threshold = _threshold(total)
    if threshold is None:
        yield total.substitute({"depth_": 0})
        yield growth
        return
    base, length = threshold.args
    if len(base.sizes) != 1 or base != size(base.sizes[0]) or length != size(str(length)):
        raise ProofError(f"no rule for {threshold.text}")

    def named(cost: Poly) -> Poly:
        return rewritten(cost, lambda atom: P if atom is threshold else None)

    yield _ceilings(named(total.substitute({"depth_": 0})), base)
    n = str(length)
    # The first layer, where k**0 < n.
    first = named(growth).substitute({"depth_": 0, "p_": P + 1})
    yield _ceilings(first, base).substitute({n: 2 + size("rest_")})
    # A later one with k**l < n, where j = k**(l - 1).
    j = size("power__j")
    later = named(growth).substitute({"depth_": size("l_") + 1, "p_": size("l_") + 2 + P})
    later = _renamed(later, power(base, "l_"), j)
    known = rewritten(later, lambda atom: _long(atom, length / j, base))
    yield known.substitute({n: base * j + 1 + size("rest_")})
    # One with k**l >= n, where j = k**l.
    wide = _renamed(named(growth), power(base, DEPTH), j)
    wide = rewritten(wide, lambda atom: poly(1) if _ceiling_of(atom, length / j) else None)
    yield wide.substitute({"depth_": P + size("r_")}).substitute(
        {"power__j": length + size("rest_"), str(base): size("power__k") + 1}
    )


def _threshold(total: Poly) -> Atom | None:
    """The logarithm of the claim, if it has one."""
    found: list[Atom] = []
    rewritten(total, lambda atom: found.append(atom) if atom.kind == "ceil_log" else None)
    if len(set(found)) > 1:
        raise ProofError("no rule for sums with several logarithms")
    return found[0] if found else None


def _renamed(cost: Poly, old: Poly, new: Poly) -> Poly:
    (target,) = old.atoms
    return rewritten(cost, lambda atom: new if atom is target else None)


def _ceiling_of(atom: Atom, value: Poly) -> bool:
    return atom.kind == "ceil" and bool(atom.args[0] == value)


def _long(atom: Atom, value: Poly, base: Poly) -> Poly | None:
    """``ceil(n/j)`` is more than k, since n is more than k*j."""
    return base + 1 + size("long_") if _ceiling_of(atom, value) else None


def _ceilings(cost: Poly, base: Poly) -> Poly:
    """Write ``ceil(x)`` with x >= k as k and a rest, one for each x."""
    seen: dict[Atom, Poly] = {}

    def rule(atom: Atom) -> Poly | None:
        if atom.kind != "ceil" or not at_least(atom.args[0], base):
            return None
        return seen.setdefault(atom, base + size(f"ceil{len(seen)}_"))

    return rewritten(cost, rule)
