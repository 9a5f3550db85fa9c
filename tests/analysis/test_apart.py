"""Reads that leave out the reader's own position: at an end of a sequence there is nothing to read."""

from __future__ import annotations

import pytest

from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.graphs.graph import Graph
from workspan.graphs.models.attention import multi_head
from workspan.graphs.models.convolution import convolve
from workspan.graphs.models.recurrent import elman
from workspan.graphs.operations import gather, linear, stack, tanh, top_k, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import Array, trace

APART = {
    "past": Relation(back=None, ahead=poly(-1)),
    "two before": Relation(back=poly(2), ahead=poly(-1)),
    "ahead": Relation(back=poly(-1), ahead=None),
    "every second before": Relation(back=poly(2), ahead=poly(-1), step=poly(2)),
}


def attending(relation: Relation) -> Graph:
    """Attend twice."""
    return trace(lambda x: stack(lambda x: multi_head(x, x, relation, 1), x, 2), name="attending")


def convolving(relation: Relation) -> Graph:
    """Convolve what a recurrence computes, the last position first."""

    def model(x: Array) -> Array:
        width = 2 if relation.bounded else "n"
        return elman(convolve(elman(x, "d", reverse=True), relation, width), "d")

    return trace(model, name="convolving")


@pytest.mark.parametrize("name", APART)
@pytest.mark.parametrize("pairs", ["dense", "masked"])
def test_what_may_read_nothing_is_measured_as_derived(pairs: str, name: str) -> None:
    """Law: nothing carries a cost to a position that reads none, however short the sequence."""
    graphs = [attending(APART[name])]
    if APART[name].bounded:
        graphs.append(convolving(APART[name]))
    for graph in graphs:
        for unit in ("tensor", "scalar") if pairs == "dense" else ("tensor",):
            setting = Setting(mode="train", unit=unit, pairs=pairs)
            found = derive("span", graph, setting)
            if found.formula is None:
                assert found.reason
                continue
            for n in range(found.least.get("n", 1), found.least.get("n", 1) + 4):
                at = {"n": n, "d": found.least.get("d", 2)}
                measured = measure("span", graph, setting, at)
                assert found.formula.evaluate(**at) == measured, (unit, at)


@pytest.mark.parametrize(
    "relation",
    [
        *APART.values(),
        Relation.block_prefix(3),
        Relation.blocks(2, back=1, ahead=-1),
        Relation.sinks(2, 0),
        Relation.sinks(2, 1),
        Relation.marks(3, 1),
        Relation.window("w"),
    ],
    ids=str,
)
def test_one_more_token_takes_what_it_reads_of_itself(relation: Relation) -> None:
    """Law: a token waits for what it reads at its own position, and for nothing before."""

    def model(x: Array) -> Array:
        deep = gather(tanh(tanh(linear(x, "d", name="in"))), relation)
        return x * total(deep, deep.axes[0])

    graph, setting = trace(model, name="deep"), Setting(mode="decode")
    found = derive("span", graph, setting)
    if found.formula is None:
        assert found.reason
        return
    for n in range(1, 6):
        at = {"n": n, "d": 2, "w": 2}
        value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert value == measure("span", graph, setting, at)


@pytest.mark.parametrize("reduction", ["tree", "sequential"])
def test_nothing_is_sorted_or_added_where_nothing_is_read(reduction: str) -> None:
    """Law: in the first block, no block before it costs operations or steps."""

    def model(x: Array) -> Array:
        before = gather(x, Relation.blocks(3, back=1, ahead=-1))
        most = top_k(before, before.axes[0], 1)
        return total(most, most.axes[0]) + total(before, before.axes[0])

    graph, at = trace(model, name="before"), {"n": 3, "d": 2}
    setting = Setting(unit="scalar", pairs="masked", reduction=reduction)
    assert measure("work", graph, setting, at) == 3 * 2  # the additions of both parts
    assert measure("span", graph, setting, at) == 1
    assert measure("parallelism", graph, setting, at) == 6
