"""The checker of state bounds refuses every certificate that is off by anything."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.adapters import symbolic
from workspan.analysis.proofs.cases import never_less, proper
from workspan.analysis.proofs.cuts.flows import Arc, Flow
from workspan.analysis.proofs.cuts.state_bound import BoundCertificate, Keeping, Part, check_bound
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.storage.state import state_bound
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly, size

MODELS = ["lstm", "causal_attention", "multi_query_attention", "causal_convolution", "decoder"]


@functools.cache
def proved(name: str) -> tuple[Graph, BoundCertificate]:
    """Return a graph and a certificate that the checker accepts."""
    graph = symbolic(name)
    found = state_bound(graph, Setting()).certificate
    assert isinstance(found, BoundCertificate)
    check_bound(graph, found)
    return graph, found


def refuse(name: str, wrong: BoundCertificate, match: str) -> None:
    """Expect that a certificate is refused with this reason."""
    with pytest.raises(ProofError, match=match):
        check_bound(proved(name)[0], wrong)


def with_flow(right: BoundCertificate, flow: Flow) -> BoundCertificate:
    """Return the certificate with another flow."""
    return replace(right, flow=flow)


def with_cut(right: BoundCertificate, k: int, cut: Keeping) -> BoundCertificate:
    """Return the certificate with another cut in one place."""
    return replace(right, cuts=(*right.cuts[:k], cut, *right.cuts[k + 1 :]))


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("error", ["1", "-1", "d", "min(n, 3)"])
def test_a_formula_that_is_off_is_refused(name: str, error: str) -> None:
    """More than the flow is not proved from below, and less than every cut not from above."""
    _, right = proved(name)
    refuse(name, replace(right, formula=right.formula + poly(error)), "the flow is|less than every")


@pytest.mark.parametrize("name", MODELS)
def test_what_holds_on_a_smaller_domain_only_is_refused(name: str) -> None:
    """Without one of the cuts the formula is right for some sizes only, and not proved."""
    _, right = proved(name)
    for k in range(len(right.cuts)):
        fewer = replace(right, cuts=right.cuts[:k] + right.cuts[k + 1 :])
        refuse(name, fewer, "less than every cut")


def _smaller(cut: Keeping) -> Iterator[Keeping]:
    """Yield cuts that leave something out of what is kept."""
    for k, part in enumerate(cut.parts):
        if part.computed == 0:
            rest = cut.parts[:k] + cut.parts[k + 1 :]
            yield replace(cut, parts=rest)
            yield replace(cut, parts=(*rest, replace(part, computed=part.needed)))


@pytest.mark.parametrize("name", MODELS)
def test_a_cut_that_does_not_separate_is_refused(name: str) -> None:
    """What is needed must be kept or computed: nothing can be left out, even if it is for free."""
    _, right = proved(name)
    for k, cut in enumerate(right.cuts):
        for smaller in _smaller(cut):
            refuse(name, with_cut(right, k, smaller), "needed|kept|an input that is computed")


@pytest.mark.parametrize("name", ["lstm", "causal_convolution"])
def test_a_cut_that_keeps_one_position_less_is_refused(name: str) -> None:
    """Of what is kept, the last positions are all needed."""
    _, right = proved(name)
    for k, cut in enumerate(right.cuts):
        for j, part in enumerate(cut.parts):
            if part.needed == 1 or part.computed != 0:
                continue
            fewer = Part(part.name, part.part, part.needed - 1, part.computed)
            parts = (*cut.parts[:j], fewer, *cut.parts[j + 1 :])
            refuse(name, with_cut(right, k, replace(cut, parts=parts)), "needed|kept|negative")


@pytest.mark.parametrize("name", MODELS)
def test_a_capacity_that_is_off_is_refused(name: str) -> None:
    """What a cut keeps is added up again."""
    _, right = proved(name)
    for k, cut in enumerate(right.cuts):
        cheaper = replace(cut, capacity=cut.capacity - 1)
        refuse(name, with_cut(right, k, cheaper), "scalars are kept|negative")


def test_parts_of_a_cut_that_are_none_are_refused() -> None:
    """A cut cannot be made cheaper by layers or equations that do not exist."""
    _, right = proved("causal_attention")
    for name, layers in (("x", "first"), ("nothing", ""), ("layers.previous", "")):
        parts = (*right.cuts[0].parts, Part(name, layers, poly(-1), poly(0)))
        wrong = with_cut(right, 0, replace(right.cuts[0], parts=parts))
        refuse("causal_attention", wrong, "there is no part")


@pytest.mark.parametrize("name", MODELS)
def test_a_flow_over_capacity_is_refused(name: str) -> None:
    """Twice the flow obeys every law but one: no value holds it, whatever formula is claimed."""
    _, right = proved(name)
    flow = right.flow
    twice = Flow(
        tuple(replace(arc, amount=arc.amount * 2) for arc in flow.arcs),
        {name: end * 2 for name, end in flow.ends.items()},
        {name: begun * 2 for name, begun in flow.begins.items()},
        flow.names,
    )
    wrong = replace(with_flow(right, twice), formula=right.formula * 2)
    cuts = tuple(replace(c, capacity=c.capacity * 2) for c in right.cuts)
    refuse(name, replace(wrong, cuts=cuts), "scalars are kept")
    refuse(name, with_flow(right, twice), "may be more than its|the flow is")


@pytest.mark.parametrize("name", MODELS)
def test_a_flow_that_loses_something_is_refused(name: str) -> None:
    """What comes to a value goes on or ends there: no arc can be left out or doubled."""
    _, right = proved(name)
    arcs = right.flow.arcs
    for k, arc in enumerate(arcs):
        for changed in ((), (arc, arc)):
            broken = replace(right.flow, arcs=(*arcs[:k], *changed, *arcs[k + 1 :]))
            refuse(name, with_flow(right, broken), "comes|more than its|sum of what begins")


@pytest.mark.parametrize("name", ["lstm", "causal_convolution"])
def test_a_flow_that_goes_farther_than_a_read_is_refused(name: str) -> None:
    """A recurrence goes one position ahead, and a window no more than it reaches back."""
    _, right = proved(name)
    arcs = right.flow.arcs
    ahead = [k for k, arc in enumerate(arcs) if arc.ahead != 0]
    assert ahead
    for k in ahead:
        farther = replace(arcs[k], ahead=arcs[k].ahead + 1)
        broken = replace(right.flow, arcs=(*arcs[:k], farther, *arcs[k + 1 :]))
        refuse(name, with_flow(right, broken), "no flow can take")


@pytest.mark.parametrize("name", MODELS)
def test_a_flow_through_reads_that_are_none_is_refused(name: str) -> None:
    """An arc names a read of the graph."""
    _, right = proved(name)
    wrong = Arc(right.flow.arcs[0].reader, 99, poly(0), poly(1))
    broken = replace(right.flow, arcs=(*right.flow.arcs, wrong))
    refuse(name, with_flow(right, broken), "there is no read 99")


def test_a_flow_that_ends_where_nobody_reads_is_refused() -> None:
    """Of a recurrence only the last position is read later, of a feed-forward part none."""
    _, right = proved("lstm")
    ends = {name: end.substitute({"n_": "n_ + 1"}) for name, end in right.flow.ends.items()}
    refuse("lstm", with_flow(right, replace(right.flow, ends=ends)), "no later position reads it")
    _, decoder = proved("decoder")
    ends = {**decoder.flow.ends, "layers.relu": poly(0)}
    refuse("decoder", with_flow(decoder, replace(decoder.flow, ends=ends)), "do not read it")


@pytest.mark.parametrize("name", MODELS)
def test_a_wrong_sum_of_what_begins_is_refused(name: str) -> None:
    """What begins is added up position by position."""
    _, right = proved(name)
    for source, begun in right.flow.begins.items():
        for wrong in (begun + 1, begun * 2, poly(0)):
            begins = {**right.flow.begins, source: wrong}
            broken = replace(right.flow, begins=begins)
            refuse(name, with_flow(right, broken), "begin")
        refuse(name, with_flow(right, replace(right.flow, begins={})), "begin|the flow is")


def test_amounts_go_by_positions_of_their_own() -> None:
    """An amount by another axis's position, or by a name that says nothing, is refused."""
    _, right = proved("decoder")
    arc, *rest = right.flow.arcs
    for symbol in ("m_", "other_"):
        wrong = replace(arc, amount=arc.amount + size(symbol))
        refuse("decoder", with_flow(right, replace(right.flow, arcs=(wrong, *rest))), "goes by")
    for names in ({"n_": poly("n")}, {"start": poly("n")}, {"start_": poly("n - d")}):
        refuse("decoder", with_flow(right, replace(right.flow, names=names)), "at least zero")


def test_minima_that_may_be_negative_are_refused() -> None:
    """The order of costs takes a minimum for at least zero, so one that is not proves nothing."""
    assert not proper(poly("min(n - d, 3)"))
    _, right = proved("causal_attention")
    hidden = poly("min(n - 2*d, 3)")
    refuse("causal_attention", replace(right, formula=right.formula + hidden), "may be negative")
    arc, *rest = right.flow.arcs
    wrong = replace(arc, amount=arc.amount + hidden)
    flow = replace(right.flow, arcs=(wrong, *rest))
    refuse("causal_attention", with_flow(right, flow), "may be negative")


def test_a_bound_of_a_model_that_looks_ahead_is_refused() -> None:
    """No certificate proves a bound where there is no past."""
    with pytest.raises(ProofError, match="not causal"):
        check_bound(symbolic("attention"), proved("causal_attention")[1])


@pytest.mark.parametrize(
    ("cost", "others", "certain"),
    [
        ("2*n", ["n"], True),
        ("n", ["2*n"], False),
        ("L*d", ["d", "n"], True),
        ("min(n, 2*w)", ["n", "w"], True),
        ("min(n, w)", ["n", "2*w"], False),
        ("(L - 1)*w + 1", ["L", "w"], True),
        ("(L - 1)*w", ["L", "w"], False),
    ],
)
def test_never_less_is_never_a_guess(cost: str, others: list[str], certain: bool) -> None:
    """What is certain holds at every small size, and what fails at one is not certain."""
    costs = [poly(x) for x in (cost, *others)]
    holds = all(
        costs[0].evaluate(n=n, d=d, w=w, L=layers)
        >= min(c.evaluate(n=n, d=d, w=w, L=layers) for c in costs[1:])
        for n in (1, 2, 5)
        for d in (1, 3)
        for w in (1, 2, 4)
        for layers in (1, 2, 3)
    )
    assert holds == certain
    assert never_less(costs[0], costs[1:]) <= holds
