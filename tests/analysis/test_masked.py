"""Laws of masked work: sorting, coarser windows and positions that read nothing are counted too."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.counting.counts import decode_work, work
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.counting.counts import CountCertificate, check_counts
from workspan.analysis.proofs.errors import ProofError
from workspan.graphs.graph import Graph
from workspan.graphs.operations import einsum, gather, layer, softmax, top_k, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import Array, trace

MASKED = Setting(pairs="masked")

Block = Callable[[Array, Relation], Any]


def summed(x: Array, relation: Relation) -> Array:
    """Sum what is read."""
    slots = gather(x, relation)
    return total(slots, slots.axes[0])


def attended(x: Array, relation: Relation) -> Array:
    """Attend to what is read."""
    slots = gather(x, relation)
    scores = einsum("d, j d -> j", x, slots)
    return einsum("j, j d -> d", softmax(scores, scores.axes[-1]), slots)


def chosen(x: Array, relation: Relation) -> Array:
    """Sort the scores of what is read, and keep the largest."""
    scores = einsum("d, j d -> j", x, gather(x, relation))
    return einsum("k, d -> d", top_k(scores, scores.axes[-1], 1), x)


def traced(block: Block, relation: Relation) -> Graph:
    """Trace one layer that reads by a relation."""
    return trace(lambda x: layer(lambda y: block(y, relation))(x), name=str(relation))


def before(near: int, far: int | str | None, step: int = 1) -> Relation:
    """Positions before one's own, from the near-th multiple of a step on."""
    back = None if far is None else poly(far)
    return Relation(back=back, ahead=poly(-near), step=poly(step))


STRICT = (before(1, None), before(2, None, 2), before(1, "w"), before(2, 4), before(3, 3))
AFTER = (Relation(back=poly(-1), ahead=None), Relation(back=poly(-2), ahead=poly(4)))
WIDE = (Relation.stride(2, 3), Relation.stride(1, 4), Relation.stride(2, 5), Relation.stride("w"))
SORTING = (Relation.prefix(), Relation.suffix(), Relation.window("w"), Relation.window(5))

CASES: tuple[tuple[Block, Relation], ...] = (
    *((block, relation) for block in (summed, attended) for relation in (*STRICT, *AFTER)),
    *((summed, relation) for relation in WIDE),
    *((chosen, relation) for relation in SORTING),
)
GRAPHS = [traced(*case) for case in CASES]
NAMES = [f"{block.__name__} {relation}" for block, relation in CASES]
AT = st.fixed_dictionaries(
    {"n": st.integers(1, 24), "w": st.integers(1, 6), "d": st.integers(1, 3)}
)


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
def test_masked_work_is_proved(graph: Graph) -> None:
    """Law: the masked work of all of these has a proved formula."""
    found = work(graph, MASKED)
    assert found.grade == "proved", found.reason


@examples(300)
@given(graph=st.sampled_from(GRAPHS), at=AT)
def test_masked_work_is_measured(graph: Graph, at: dict[str, int]) -> None:
    """Law: masked work, and that of the last position, is what is counted position by position."""
    for figure, derive in (("work", work), ("decode_work", decode_work)):
        found = derive(graph, MASKED)
        if found.formula is None or any(at[s] < v for s, v in found.least.items()):
            continue
        claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert claimed == measure(figure, graph, MASKED, at), f"{figure} = {found.formula}"


@pytest.mark.parametrize("relation", STRICT, ids=str)
def test_the_last_position_reads_something(relation: Relation) -> None:
    """Law: the work of one more token holds from where the last position reads something."""
    found = decode_work(traced(attended, relation), MASKED)
    assert found.grade == "proved", found.reason
    assert relation.ahead is not None
    first = int((-relation.ahead * relation.step).evaluate()) + 1
    assert found.least == {"n": first}


@pytest.mark.parametrize(
    ("block", "relation", "why"),
    [
        (chosen, Relation.window(5, centred=True), "no law for sorting"),
        (chosen, Relation.block("w"), "no law for sorting"),
        (summed, Relation.stride(3, 2), "narrower than their step"),
        (summed, Relation.stride(2, "w"), "narrower than their step"),
    ],
)
def test_what_has_no_law_has_a_reason(block: Block, relation: Relation, why: str) -> None:
    """Law: nothing is made up for what nobody has counted."""
    found = work(traced(block, relation), MASKED)
    assert found.formula is None
    assert why in (found.reason or "")


def certificate(graph: Graph) -> CountCertificate:
    """Return the certificate of masked work."""
    found = work(graph, MASKED).certificate
    assert isinstance(found, CountCertificate)
    return found


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
@pytest.mark.parametrize("error", ["1", "n", "min(n, 1)", "-min(n, 2)"])
def test_totals_that_are_off_are_refused(graph: Graph, error: str) -> None:
    """Law: no equation has a total that is off, as by positions that read nothing."""
    right = certificate(graph)
    k = next(k for k, c in enumerate(right.equations) if c.total != 0)
    counts = list(right.equations)
    counts[k] = replace(counts[k], total=counts[k].total + poly(error))
    wrong = replace(right, equations=tuple(counts), formula=right.formula + poly(error))
    with pytest.raises(ProofError):
        check_counts(graph, MASKED, wrong)


@pytest.mark.parametrize("graph", GRAPHS, ids=NAMES)
@pytest.mark.parametrize("error", ["1", "n - 1", "rounds_", "m"])
def test_laws_that_are_off_are_refused(graph: Graph, error: str) -> None:
    """Law: no law counts other positions, or other comparators."""
    right = certificate(graph)
    for k, count in enumerate(right.equations):
        for axis in count.laws:
            counts = list(right.equations)
            laws = {**count.laws, axis: count.laws[axis] + poly(error)}
            counts[k] = replace(counts[k], laws=laws)
            with pytest.raises(ProofError):
                check_counts(graph, MASKED, replace(right, equations=tuple(counts)))


def test_windows_that_do_not_fit_are_outside_the_domain() -> None:
    """Law: a domain that is too large is refused: there has to be a window."""
    graph = traced(summed, Relation.stride(2, 5))
    right = certificate(graph)
    assert right.least == {"n": 4}
    with pytest.raises(ProofError, match="no position"):
        check_counts(graph, MASKED, replace(right, least={}))
