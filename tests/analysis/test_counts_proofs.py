"""The checker of counts refuses what is wrong, and its laws hold by brute force."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import assume, given, reject, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from workspan.analysis.counting.counts import decode_work, params, work
from workspan.analysis.counting.position_sums import SORTED, last_row, law
from workspan.analysis.proofs.cases import UndecidedError, regions, rewritten, vanishes
from workspan.analysis.proofs.counting.counts import CountCertificate, check_counts
from workspan.analysis.proofs.counting.slots import check_law, check_row, empty, generic
from workspan.analysis.proofs.counting.sorting import check_sorting
from workspan.analysis.proofs.errors import ProofError
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, ceil_div, maximum, minimum, poly, size

MASKED = Setting(pairs="masked")
DERIVE = {"params": params, "work": work, "decode_work": decode_work}


def certificate(name: str, quantity: str, setting: Setting = MASKED) -> CountCertificate:
    """Return a certificate that the checker accepts."""
    found = DERIVE[quantity](symbolic(name), setting).certificate
    assert isinstance(found, CountCertificate)
    check_counts(
        symbolic(name).looped if quantity == "decode_work" else symbolic(name), setting, found
    )
    return found


@pytest.mark.parametrize("quantity", ["params", "work", "decode_work"])
@pytest.mark.parametrize("name", ["lstm", "causal_windowed_attention", "dilated_convolution"])
@pytest.mark.parametrize("error", ["1", "-1", "n", "d", "min(n, 2)"])
def test_a_total_that_is_off_is_refused(name: str, quantity: str, error: str) -> None:
    """A formula that is off by anything is not proved."""
    right = certificate(name, quantity)
    with pytest.raises(ProofError, match="the sum"):
        check_counts(symbolic(name), MASKED, replace(right, formula=right.formula + poly(error)))


@pytest.mark.parametrize("quantity", ["params", "work"])
def test_a_missing_equation_is_refused(quantity: str) -> None:
    """Every equation in scope is counted, or there is no proof."""
    right = certificate("gru", quantity)
    for k, count in enumerate(right.equations):
        left = right.equations[:k] + right.equations[k + 1 :]
        wrong = replace(right, equations=left, formula=right.formula - count.total)
        with pytest.raises(ProofError, match=count.name.replace(".", r"\.")):
            check_counts(symbolic("gru"), MASKED, wrong)


def test_an_equation_that_is_counted_twice_is_refused() -> None:
    """No equation is counted twice."""
    right = certificate("gru", "work")
    twice = right.equations[-1]
    wrong = replace(right, equations=(*right.equations, twice), formula=right.formula + twice.total)
    with pytest.raises(ProofError, match="to be counted 1 times, not 2"):
        check_counts(symbolic("gru"), MASKED, wrong)


def test_an_equation_out_of_scope_is_refused() -> None:
    """Work that a scope leaves out does not count in it."""
    with pytest.raises(ProofError, match="to be counted 0 times"):
        check_counts(symbolic("lstm"), Setting(scope="mixing"), certificate("lstm", "work"))


@pytest.mark.parametrize("quantity", ["work", "decode_work"])
def test_an_equation_that_is_counted_wrongly_is_refused(quantity: str) -> None:
    """Errors of two equations that cancel in the sum are found in each."""
    right = certificate("causal_attention", quantity)
    counts = list(right.equations)
    busy = [k for k, c in enumerate(counts) if c.total != 0]
    counts[busy[0]] = replace(counts[busy[0]], total=counts[busy[0]].total + 1)
    counts[busy[1]] = replace(counts[busy[1]], total=counts[busy[1]].total - 1)
    with pytest.raises(ProofError, match=counts[busy[0]].name.replace(".", r"\.")):
        check_counts(symbolic("causal_attention"), MASKED, replace(right, equations=tuple(counts)))


@pytest.mark.parametrize(
    "name", ["causal_attention", "windowed_attention", "linear_recurrence_scan"]
)
@pytest.mark.parametrize("error", ["1", "n", "q", "n - 1", "rounds_"])
def test_a_wrong_law_is_refused(name: str, error: str) -> None:
    """A law that counts other positions, or other rounds, is not proved."""
    right = certificate(name, "work")
    for k, count in enumerate(right.equations):
        for axis in count.laws:
            laws = {**count.laws, axis: count.laws[axis] + poly(error)}
            counts = list(right.equations)
            counts[k] = replace(count, laws=laws)
            with pytest.raises(ProofError, match=r"position|round|adds"):
                check_counts(symbolic(name), MASKED, replace(right, equations=tuple(counts)))


def test_a_proof_for_one_model_proves_nothing_of_another() -> None:
    """A certificate of full attention is refused for causal attention."""
    with pytest.raises(ProofError):
        check_counts(symbolic("causal_attention"), MASKED, certificate("attention", "work"))


def test_decode_work_of_a_model_that_looks_ahead_is_refused() -> None:
    """There is no work of one more token where it changes the earlier ones."""
    right = certificate("causal_attention", "decode_work")
    with pytest.raises(ProofError, match="not causal"):
        check_counts(symbolic("attention"), MASKED, right)


RELATIONS = st.one_of(
    st.builds(
        lambda back, ahead, step: Relation(back=back, ahead=ahead, step=poly(step)),
        st.one_of(st.none(), st.integers(0, 5).map(poly)),
        st.one_of(st.none(), st.integers(0, 5).map(poly)),
        st.integers(1, 4),
    ),
    st.builds(
        lambda near, more, step: Relation(
            back=poly(near + more), ahead=poly(-near), step=poly(step)
        ),
        st.integers(1, 3),
        st.integers(0, 4),
        st.integers(1, 3),
    ),
    st.integers(1, 5).map(Relation.first),
    st.integers(1, 5).map(Relation.block),
    st.integers(1, 5).map(Relation.stride),
    st.builds(lambda s, more: Relation.stride(s, s + more), st.integers(1, 3), st.integers(0, 4)),
)


def _values(relation: Relation, n: int) -> dict[str, Poly | int]:
    step = relation.size if relation.kind in {"first", "block"} else relation.step
    values: dict[str, Poly | int] = {
        "n": n,
        "step": step,
        "size": relation.size,
        "q": relation.target_extent(n) if relation.kind == "stride" else ceil_div(n, step),
    }
    back, ahead = relation.back, relation.ahead
    if ahead is not None and ahead.evaluate() < 0:
        ahead = -ahead - 1
    return {
        **values,
        "back_": back if back is not None else 0,
        "ahead_": ahead if ahead is not None else 0,
    }


@settings(max_examples=150, deadline=None)
@given(relation=RELATIONS, n=st.integers(1, 14))
def test_laws_of_relations_hold_by_brute_force(relation: Relation, n: int) -> None:
    """A law that the checker accepts counts what the relation reads, position by position."""
    found = law(relation)
    check_law(generic(relation), found)
    targets = range(relation.target_extent(n).evaluate())
    assume(len(targets) > 0)
    pairs = sum(len(relation.sources(i, n)) for i in targets)
    assert found.substitute(_values(relation, n)) == pairs


@settings(max_examples=100, deadline=None)
@given(back=st.one_of(st.none(), st.integers(0, 6)), step=st.integers(1, 3), n=st.integers(1, 12))
def test_the_last_row_holds_by_brute_force(back: int | None, step: int, n: int) -> None:
    """What the last position reads is counted for every causal window."""
    relation = Relation(back=None if back is None else poly(back), step=poly(step))
    found = last_row(relation)
    check_row(generic(relation), found)
    assert found.substitute(_values(relation, n)) == len(relation.sources(n - 1, n))


@pytest.mark.parametrize(
    "relation", [Relation.last().compose(Relation.prefix()), Relation.stride(3, 2)]
)
def test_relations_without_a_law_say_so(relation: Relation) -> None:
    """No law is made up for a relation whose positions nobody has counted."""
    with pytest.raises(ProofError, match="no law"):
        law(relation)


@settings(max_examples=150, deadline=None)
@given(relation=RELATIONS, n=st.integers(1, 14))
def test_empty_positions_hold_by_brute_force(relation: Relation, n: int) -> None:
    """How many positions read nothing is counted, position by position, or it has no law."""
    try:
        found = empty(relation, poly(n))
    except ProofError:
        assert relation.kind != "offsets" or all(relation.sources(i, n) for i in range(n))
        return
    assert found == sum(not relation.sources(i, n) for i in range(n))


def test_the_law_of_sorting_holds_by_brute_force() -> None:
    """A bitonic network over m keys has m/2 comparators in each of K(K + 1)/2 rounds (Batcher 1968).

    Those of 1, ..., m keys are added up one after another.
    """
    check_sorting(SORTED)
    together = Fraction(0)
    for m in range(1, 140):
        rounds = (m - 1).bit_length()
        together += Fraction(m, 2) * (rounds * (rounds + 1) // 2)
        assert SORTED.evaluate(m=m, rounds_=rounds) == together


@pytest.mark.parametrize(
    "error", ["1", "m", "rounds_", "2**rounds_", "m*rounds_", "m - 2**rounds_"]
)
def test_a_wrong_law_of_sorting_is_refused(error: str) -> None:
    """A law that compares more or less is not proved."""
    with pytest.raises(ProofError, match="compar"):
        check_sorting(SORTED + poly(error))


TERMS = st.sampled_from(["a", "b", "c_", "2", "1", "a + 1", "b - c_", "c_ + b - 2"]).map(poly)
SIMPLE = st.sampled_from(["a", "b", "c_", "2", "1", "a + 1", "c_ + 3", "b + 2"]).map(poly)
COSTS = st.recursive(
    TERMS,
    lambda inner: st.builds(
        lambda x, y, f: f(x, y),
        inner,
        inner,
        st.sampled_from([minimum, maximum, lambda x, y: x + y, lambda x, y: x - y]),
    ),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(cost=COSTS, a=st.integers(1, 6), b=st.integers(1, 6), c=st.integers(0, 6))
def test_what_vanishes_is_zero_everywhere(cost: Poly, a: int, b: int, c: int) -> None:
    """The prover by cases never calls a cost zero that is not zero somewhere."""
    if vanishes(cost):
        assert cost.evaluate(a=a, b=b, c_=c) == 0


@settings(max_examples=100, deadline=None)
@given(x=SIMPLE, y=SIMPLE, z=SIMPLE)
def test_lattice_laws_are_proved(x: Poly, y: Poly, z: Poly) -> None:
    """Minimum and maximum distribute and add up to the sum: the prover finds it."""
    assert vanishes(minimum(x, y) + maximum(x, y) - x - y)
    assert vanishes(minimum(x + z, y + z) - minimum(x, y) - z)


@settings(max_examples=100, deadline=None)
@given(
    condition=TERMS.flatmap(lambda x: TERMS.map(lambda y: x - y)),
    a=st.integers(1, 5),
    b=st.integers(1, 5),
)
def test_regions_cover_what_they_are_of(condition: Poly, a: int, b: int) -> None:
    """All sizes with a condition lie in one of its regions, and only those."""
    at = {"a": a, "b": b, "c_": 2}
    try:
        found = list(regions(condition))
    except UndecidedError:
        reject()
    for region in found:
        inside = condition.substitute(region)
        assert inside.evaluate(**{s: at.get(s, k) for k, s in enumerate(inside.sizes)}) >= 0
    assert any(_inside(region, at) for region in found) == (condition.evaluate(**at) >= 0)


def _inside(region: Mapping[str, Poly], at: Mapping[str, int]) -> bool:
    """Whether sizes are values of a region, for some values of its new sizes."""
    new = sorted({s for cost in region.values() for s in cost.sizes if s not in at})
    return any(
        all(
            cost.evaluate(**at, **dict(zip(new, values, strict=True))) == at[name]
            for name, cost in region.items()
        )
        for values in itertools.product(range(9), repeat=len(new))
    )


def test_atoms_are_rewritten_at_every_depth() -> None:
    """Rewriting reaches into the arguments of functions."""
    cost = minimum(ceil_div("n", "k") + 1, "w")
    found = rewritten(cost, lambda atom: size("q") if atom.kind == "ceil" else None)
    assert found == minimum(size("q") + 1, "w")
