"""Laws of proofs of training's span: stacked recurrences, there and back, with symbols for sizes."""

from __future__ import annotations

import functools
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.modes import in_training
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.spans.chains import Link
from workspan.analysis.proofs.spans.potentials import SpanCertificate, check_span
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import trace

STACKED = ("rnn", "lstm", "gru", "bidirectional_rnn", "bidirectional_lstm", "mamba")
SMALL = {"d": 2, "k": 3, "s": 2, "r": 1, "v": 5, "e": 4, "c": 4}


@functools.cache
def model(name: str) -> Graph:
    """Return a stack of as many layers as a size says."""
    return trace(CATALOGUE[name], L="L")


@functools.cache
def proved(name: str, unit: Any) -> SpanCertificate:
    """Return the certificate of the span of both passes together."""
    found = derive("span", model(name), Setting(unit=unit, mode="train")).certificate
    assert isinstance(found, SpanCertificate)
    return found


def accepted(name: str, certificate: SpanCertificate, unit: Any = "tensor") -> bool:
    """Whether the checker accepts a certificate."""
    try:
        check_span(in_training(model(name), "span"), Setting(unit=unit), certificate)
    except ProofError:
        return False
    return True


@pytest.mark.parametrize("unit", ["layer", "tensor"])
@pytest.mark.parametrize("name", STACKED)
def test_the_span_of_training_is_proved(name: str, unit: Any) -> None:
    """Law: with symbols for the layers and the length, it is proved, and it is what is measured."""
    graph, setting = model(name), Setting(unit=unit, mode="train")
    found = derive("span", graph, setting)
    assert found.grade == "proved"
    assert found.formula is not None
    assert accepted(name, proved(name, unit), unit)
    for depth, n in ((1, 3), (2, 1), (2, 4), (3, 3), (4, 2)):
        at = {s: SMALL.get(s, n) for s in graph.free_sizes} | {"L": depth, "n": n}
        if all(at.get(s, 1) >= v for s, v in found.least.items()):
            assert found.formula.evaluate(**at) == measure("span", graph, setting, at)


@pytest.mark.parametrize("name", STACKED[:4])
def test_what_is_tight_cannot_be_changed(name: str) -> None:
    """Law: another formula, other directions of loops, or earlier starts of chains are refused."""
    certificate = proved(name, "tensor")
    for off in (-1, 1):
        wrong = tuple(term + off for term in certificate.formula)
        assert not accepted(name, replace(certificate, formula=wrong))
    assert not accepted(name, replace(certificate, reverse=frozenset()))
    late = [
        (owner, k)
        for owner, links in certificate.chains.items()
        for k, link in enumerate(links)
        if any(link.start.values())
    ]
    assert late
    for owner, k in late[:: max(1, len(late) // 8)]:
        links = list(certificate.chains[owner])
        links[k] = Link(links[k].cost, {})
        changed = {**certificate.chains, owner: tuple(links)}
        assert not accepted(name, replace(certificate, chains=changed))


@examples(25)
@given(st.data())
def test_no_changed_chain_attains_more(data: st.DataObject) -> None:
    """Law: links of random equations, moved or raised, never prove more than is measured."""
    name = data.draw(st.sampled_from(("rnn", "gru")))
    certificate = proved(name, "layer")
    owner = data.draw(st.sampled_from(sorted(n for n, ls in certificate.chains.items() if ls)))
    links = list(certificate.chains[owner])
    k = data.draw(st.integers(0, len(links) - 1))
    start = {a: data.draw(st.integers(0, 2)) for a in links[k].start}
    links[k] = Link(links[k].cost + data.draw(st.integers(0, 1)), start)
    formula = tuple(
        term + data.draw(st.sampled_from([poly(0), poly(1)])) for term in certificate.formula
    )
    changed = replace(
        certificate, chains={**certificate.chains, owner: tuple(links)}, formula=formula
    )
    if accepted(name, changed, "layer"):
        at = {"n": 3, "L": 3, "d": 2}
        measured = measure("span", model(name), Setting(unit="layer", mode="train"), at)
        assert max(t.evaluate(**at) for t in formula) == measured
