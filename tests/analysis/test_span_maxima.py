"""Laws of spans in which the longer of two ways depends on which of two sizes is larger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.spans.chains import Link
from workspan.analysis.proofs.spans.potentials import SpanCertificate, check_span
from workspan.analysis.solving import joined
from workspan.graphs.graph import Graph
from workspan.graphs.models.recurrent import elman
from workspan.graphs.operations import linear, stack
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.graphs.tracing import Array, trace

SCALAR = Setting(unit="scalar")
WIDTHS = ("e", "f", "g")


def wide(x: Array, width: str) -> Array:
    """Go through a layer of some width and back."""
    return linear(linear(x, width, name=width), "d", name=f"{width}.back")


def branches(count: int, *, recurrent: bool) -> Graph:
    """Trace a stack of layers that add up ways of different widths, after a recurrence or not."""

    def block(x: Array) -> Any:
        y = elman(x, "d") if recurrent else x
        total = wide(y, WIDTHS[0])
        for width in WIDTHS[1:count]:
            total = total + wide(y, width)
        return total

    return trace(lambda x: stack(block, x, "L"))


GRAPHS = {
    (count, recurrent): branches(count, recurrent=recurrent)
    for count in (2, 3)
    for recurrent in (False, True)
}


def certificate(count: int, *, recurrent: bool) -> SpanCertificate:
    """Return the certificate of the span."""
    found = derive("span", GRAPHS[count, recurrent], SCALAR).certificate
    assert isinstance(found, SpanCertificate)
    return found


@examples(25)
@given(
    st.sampled_from(sorted(GRAPHS)),
    st.fixed_dictionaries(
        {"L": st.integers(1, 3), "n": st.integers(1, 3), "d": st.integers(1, 5)}
        | {width: st.integers(1, 40) for width in WIDTHS}
    ),
)
def test_the_longer_way_may_depend_on_sizes(case: tuple[int, bool], at: dict[str, int]) -> None:
    """Law: the span is proved, one formula for all widths, and it is what is measured."""
    graph = GRAPHS[case]
    found = derive("span", graph, SCALAR)
    assert found.grade == "proved"
    assert found.formula is not None
    if all(at.get(s, 1) >= v for s, v in found.least.items()):
        assert found.formula.evaluate(**at) == measure("span", graph, SCALAR, at)


Change = Callable[[Poly], Poly]


def only(kept: int) -> Change:
    """Take one argument of every maximum for the maximum."""

    def change(cost: Poly) -> Poly:
        for atom in [a for a in cost.atoms if a.kind == "max"]:
            parts = [Poly({m: c}) for m, c in cost.terms.items()]
            cost = poly(0)
            for part in parts:
                (monomial,) = part.terms
                if any(a is atom for a, _ in monomial):
                    part = part / Poly({((atom, 1),): 1}) * atom.args[kept]
                cost = cost + part
        return cost

    return change


@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("change", [only(0), only(1), lambda c: c + 1, lambda c: c - 1])
def test_one_case_does_not_stand_for_all(change: Change, recurrent: bool) -> None:
    """Law: a formula for one case only is refused, as a bound from above and as one from below."""
    right, graph = certificate(2, recurrent=recurrent), GRAPHS[2, recurrent]
    formula = tuple(map(change, right.formula))
    potentials = {name: tuple(map(change, terms)) for name, terms in right.potentials.items()}
    chains = {
        name: tuple(Link(change(link.cost), link.start) for link in links)
        for name, links in right.chains.items()
    }
    check_span(graph, SCALAR, right)
    for wrong in (
        replace(right, formula=formula),
        replace(right, formula=formula, potentials=potentials, chains=chains),
    ):
        with pytest.raises(ProofError):
            check_span(graph, SCALAR, wrong)


@given(st.lists(st.tuples(*[st.integers(-3, 3)] * 3), min_size=1, max_size=4), st.data())
def test_joined_costs_are_the_largest(rows: list[tuple[int, ...]], data: st.DataObject) -> None:
    """Law: costs joined into one are, at all sizes, the largest of them."""
    costs = [a * poly("a") + b * poly("b") + c for a, b, c in rows]
    at = {name: data.draw(st.integers(1, 9)) for name in "ab"}
    assert joined(costs).evaluate(**at) == max(cost.evaluate(**at) for cost in costs)
