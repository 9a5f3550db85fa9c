"""Digests: equal for equal figures in every process, another for any part that changes."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

import workspan
from workspan.analysis.api import analyze
from workspan.analysis.digests import digest_of
from workspan.analysis.figures import Analysis
from workspan.graphs.digest import DigestError, canonical, digest, graph_digest
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import trace

SEEDED = """
from workspan.analysis.api import analyze
from workspan.analysis.digests import digest_of
from workspan.graphs.digest import digest, graph_digest
from workspan.graphs.models import CATALOGUE
from workspan.graphs.tracing import trace
print(digest([graph_digest(trace(f)) for f in CATALOGUE.values()]))
print(digest_of([analyze("linear_recurrence_scan", figures=["span"])]))
"""


def spoken(figure: str = "span", **setting: str) -> Analysis:
    """Return one figure of one model, derived and not measured."""
    given = Setting().but(**setting)
    return analyze("lstm", figures=[figure], setting=given, witnesses=["derived"])


def test_every_model_of_the_catalogue_has_a_digest_of_its_own() -> None:
    """Law: graphs that differ have digests that differ, and the catalogue holds no graph twice."""
    found = [graph_digest(trace(function)) for function in CATALOGUE.values()]
    assert len(set(found)) == len(CATALOGUE)


def test_a_graph_with_anything_renamed_is_another_one() -> None:
    """Law: the name of the graph, of an equation, or of an axis is part of the digest."""
    graph = trace(CATALOGUE["attention"])
    first, *others = graph.equations.values()
    renamed = replace(first, layer="elsewhere")
    changes = (
        replace(graph, name="other"),
        replace(graph, outputs=graph.inputs),
        replace(graph, equations={e.name: e for e in (renamed, *others)}),
    )
    assert len({graph_digest(g) for g in (graph, *changes)}) == 1 + len(changes)


def test_a_digest_says_nothing_of_prose_and_order() -> None:
    """Law: what a graph computes has one digest, however it is described or written down."""
    graph = trace(CATALOGUE["attention"])
    turned = dict(reversed(list(graph.equations.items())))
    same = (replace(graph, doc="other words"), replace(graph, equations=turned))
    assert {graph_digest(g) for g in same} == {graph_digest(graph)}


def test_a_digest_is_the_same_in_another_process() -> None:
    """Law: the seed of hashes changes no digest of any model, nor of a figure."""
    outputs = {
        subprocess.run(
            [sys.executable, "-c", SEEDED],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
    assert len(outputs.pop().split()) == 2


def test_each_part_that_changes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Law: a change of formula, grade, setting, sizes, graph or version changes the digest there."""
    own = spoken()
    before = digest_of([own])
    span = own["span"]

    def with_span(**changes: object) -> Analysis:
        return replace(own, figures={"span": replace(span, **changes)})  # type: ignore[arg-type]

    assert span.formula is not None
    for other in (
        with_span(formula=span.formula + poly(1)),
        with_span(grade="fitted"),
        with_span(domain="n >= 2"),
        with_span(formula=None, reason="unknown"),
    ):
        assert before.changed(digest_of([other])) == ("result",)
    masked = with_span(setting=Setting(pairs="masked"))
    assert before.changed(digest_of([masked])) == ("setting",)
    assert before.changed(digest_of([own], [{"n": 8}])) == ("setting",)
    moved = replace(own, graph=replace(own.graph, name="other"))
    assert before.changed(digest_of([moved])) == ("graphs",)
    assert before.changed(digest_of([own, own])) == ("result", "setting", "graphs")
    monkeypatch.setattr(workspan, "__version__", "99")
    assert before.changed(digest_of([own])) == ("version",)
    assert str(before) != str(digest_of([own]))


def test_an_equal_analysis_has_an_equal_digest() -> None:
    """Law: what is derived again has the digest that it had, whatever witnesses are taken."""
    measured = analyze("lstm", figures=["span"], witnesses=["derived", "measured"])
    assert str(digest_of([spoken()])) == str(digest_of([measured]))


def test_what_has_no_canonical_form_is_refused() -> None:
    """Law: nothing enters a digest by its place in memory; lists and numbers of types are apart."""
    with pytest.raises(DigestError, match="got a object"):
        canonical([object()])
    assert len({digest(v) for v in (1, 1.0, "1", [1], {"1": 1}, True, None)}) == 7
