"""Laws of sparse patterns: sinks, marks and blocks are counted and kept as on the unrolled graph."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from workspan.analysis.counting.counts import decode_work, work
from workspan.analysis.counting.position_sums import last_row, law
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.counting.slots import check_law, check_row, generic
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.storage.state import StateCertificate, check_state
from workspan.analysis.storage.state import state
from workspan.analysis.storage.traffic import traffic
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.models.sparse_attention import several
from workspan.graphs.operations import gather, layer, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import minimum, poly, size
from workspan.graphs.tracing import Array, trace

MASKED = Setting(pairs="masked")
MODELS = ("sink_attention", "fixed_sparse_attention", "strided_sparse_attention")
ROWS = (
    Relation.sinks("s", "w"),
    Relation.sinks(2, "w"),
    Relation.marks("c", "s"),
    Relation.marks("c", 1),
    Relation.block_prefix("c"),
)
READ: tuple[tuple[Relation, ...], ...] = (
    (Relation.sinks("s", "w"), Relation.window("w")),
    (Relation.sinks(1, 5), Relation.window("w")),
    (Relation.sinks("s", "w"), Relation.window(1)),
    (Relation.block_prefix("c"),),
    (Relation.block_prefix("c"), Relation.marks("c", "s")),
    (Relation.block_prefix(3), Relation.marks(3, 2)),
    (Relation.prefix(), Relation.sinks("s", "w")),
)
AT = st.fixed_dictionaries(
    {"n": st.integers(1, 17)} | {name: st.integers(1, 5) for name in ("w", "s", "c")}
)


def reading(*relations: Relation) -> Graph:
    """Trace a layer of attention over what several relations read."""
    return trace(lambda x: layer(lambda y: several(y, 1, *relations))(x), name="several")


GRAPHS = [reading(*relations) for relations in READ]
TOLD = [" and ".join(map(str, relations)) for relations in READ]


def at_sizes(graph: Graph, at: dict[str, int]) -> dict[str, int]:
    """Return the sizes that a graph has."""
    return {s: {"d": 2, "h": 1, "L": 2, **at}[s] for s in graph.free_sizes}


@pytest.mark.parametrize("relation", ROWS, ids=str)
def test_laws_are_checked_and_wrong_ones_refused(relation: Relation) -> None:
    """Law: how many are read by all, and by the last one, is proved; anything else is not."""
    shape, right, last = generic(relation), law(relation), last_row(relation)
    check_law(shape, right)
    check_row(shape, last)
    n, width = size("n"), size("size")
    for wrong in (right + 1, right + n, right * 2, right.substitute({"size": width + 1})):
        with pytest.raises(ProofError):
            check_law(shape, wrong)
    for wrong in (last + 1, last * 2, minimum(last, width)):
        if wrong != last:
            with pytest.raises(ProofError):
                check_row(shape, wrong)


@pytest.mark.parametrize("graph", [*GRAPHS, *map(symbolic, MODELS)], ids=[*TOLD, *MODELS])
@settings(max_examples=8)
@given(at=AT)
def test_patterns_are_counted_and_kept_as_measured(graph: Graph, at: dict[str, int]) -> None:
    """Law: masked work, decode work and state are proved, and equal to those of the unrolled graph."""
    at = at_sizes(graph, at)
    for name, found in (
        ("work", work(graph, MASKED)),
        ("decode_work", decode_work(graph, Setting())),
        ("state", state(graph, Setting())),
    ):
        assert found.grade == "proved", (name, found.reason)
        assert found.formula is not None
        if all(at[s] >= v for s, v in found.least.items()):
            assert measure(name, graph, MASKED, at) == found.formula.evaluate(**at), name


@pytest.mark.parametrize("name", ["sink_attention", "strided_sparse_attention"])
@settings(max_examples=6)
@given(at=AT)
def test_what_sparse_attention_moves_and_keeps_is_as_measured(
    name: str, at: dict[str, int]
) -> None:
    """Law: traffic and activations of what lies apart are proved, and equal to those of a run."""
    graph = symbolic(name)
    at = at_sizes(graph, at)
    for figure, found in (
        ("traffic", traffic(graph, MASKED)),
        ("activations", derive("activations", graph, MASKED)),
    ):
        assert found.grade == "proved", (figure, found.reason)
        assert found.formula is not None
        assert measure(figure, graph, MASKED, at) == found.formula.evaluate(**at), figure


@pytest.mark.parametrize("name", ["retnet_chunked", "ssd_chunked", "hierarchical_attention"])
@settings(max_examples=6)
@given(chunks=st.integers(1, 4), c=st.integers(1, 4), s=st.integers(1, 3))
def test_what_chunks_move_is_as_measured(name: str, chunks: int, c: int, s: int) -> None:
    """Law: the traffic of chunkwise models is proved, and equal to that of a run, chunk or chunks."""
    graph = symbolic(name)
    at = at_sizes(graph, {"n": chunks * c, "c": c, "s": s})
    for setting in (Setting(), MASKED):
        found = traffic(graph, setting)
        assert found.grade == "proved", found.reason
        assert found.formula is not None
        assert measure("traffic", graph, setting, at) == found.formula.evaluate(**at)


def test_states_of_sparse_attention_are_those_of_the_literature() -> None:
    """Sinks and a window, a block and the marks before it, and all positions for a stride."""
    d, n, s, w, c = (size(x) for x in "dnswc")
    blocks = poly("ceil((n + 1)/c) - 1")
    expected = {
        "sink_attention": 2 * d * minimum(n, s + w - 1),
        "fixed_sparse_attention": 2 * d * (n - (c - minimum(c, s)) * blocks),
        "strided_sparse_attention": 2 * d * n,
    }
    for name, value in expected.items():
        assert state(trace(CATALOGUE[name]), Setting()).formula == value, name


@pytest.mark.parametrize("graph", [GRAPHS[0], GRAPHS[4]], ids=[TOLD[0], TOLD[4]])
def test_a_state_that_is_wrong_is_refused(graph: Graph) -> None:
    """Law: one position more or less of what is kept, and the checker says which equation."""
    found = state(graph, Setting()).certificate
    assert isinstance(found, StateCertificate)
    check_state(graph, found)
    for k, kept in enumerate(found.kept):
        for other in (kept.positions + 1, kept.positions - 1, minimum(kept.positions, "w")):
            wrong = replace(kept, positions=other)
            with pytest.raises(ProofError, match=kept.name):
                check_state(
                    graph, replace(found, kept=(*found.kept[:k], wrong, *found.kept[k + 1 :]))
                )


@pytest.mark.parametrize(
    "relations",
    [
        (Relation.block_prefix(2), Relation.block_prefix(3)),
        (Relation.block_prefix(4), Relation.marks(3, 1)),
        (Relation.sinks(2, 3), Relation.block_prefix(2)),
        (Relation.marks(3, 1),),
    ],
    ids=lambda relations: " and ".join(map(str, relations)),
)
def test_patterns_that_do_not_fit_together_have_a_reason(relations: tuple[Relation, ...]) -> None:
    """What is kept for blocks of different sizes has no rule, and is no guess."""

    def summed(x: Array) -> Array:
        first, *others = (total(y, y.axes[0]) for y in (gather(x, r) for r in relations))
        for other in others:
            first = first + other
        return first

    found = state(trace(lambda x: layer(summed)(x), name="several"), Setting())
    assert found.formula is None
    assert found.reason is not None
    assert "has no rule" in found.reason or "several sizes" in found.reason
