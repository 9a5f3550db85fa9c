"""Laws of blocks, first positions and strides: regions compose as sets do, and are measured."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES
from workspan.analysis.measured.measure import measure
from workspan.analysis.paths.lengths import path_length
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.region_lengths import (
    RegionLengthCertificate,
    check_region_length,
)
from workspan.analysis.proofs.paths.regions import SAME, Region, contains, read_through
from workspan.graphs.graph import Graph
from workspan.graphs.operations import gather, layer, linear, tanh, total
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import Array, trace
from workspan.testing import (
    Attention,
    Block,
    Chain,
    FeedForward,
    Norm,
    Recurrent,
    Residual,
    Stack,
    Sum,
    sizes,
)

Sizes: TypeAlias = Mapping[str, int]
Pairs: TypeAlias = set[tuple[int, int]]
"""Of a position i and a position j that it depends on."""

LAYER = Setting(unit="layer")
FIGURES = ("mixing_hops", "path_length", "receptive_field", "layers_to_connect", "span")
BLOCK, FIRST = Attention("block", "w"), Attention("first", "w")


# --- regions as sets ------------------------------------------------------------------------------

RELATIONS = st.one_of(
    st.just(Relation.same()),
    st.just(Relation.all()),
    st.integers(1, 6).map(Relation.block),
    st.integers(1, 6).map(Relation.first),
    st.builds(Relation.stride, st.integers(1, 3), st.integers(1, 4)),
)


def read(relation: Relation, found: Pairs, extent: int) -> tuple[Pairs, int]:
    """Return what reading positions of a sequence makes of pairs, and how many readers there are."""
    readers = range(int(relation.target_extent(extent).evaluate()))
    pairs = {
        (i, j) for i in readers for m in relation.sources(i, extent) for k, j in found if k == m
    }
    return pairs, len(readers)


def pairs_of(region: Region, readers: int, n: int) -> Pairs:
    """Return the pairs of a region by its definition."""

    def holds(i: int, j: int) -> bool:
        if region.step is not None:
            step, size = int(region.step.evaluate()), int(region.size.evaluate())
            return step * i <= j < step * i + size
        block = None if region.block is None else int(region.block.evaluate())
        below = n if region.below is None else int(region.below.evaluate())
        return (block is None or i // block == j // block) and j < below

    return {(i, j) for i in range(readers) for j in range(n) if holds(i, j)}


@examples(300)
@given(relations=st.lists(RELATIONS, min_size=1, max_size=3), n=st.integers(1, 13))
def test_reading_composes_as_sets_do(relations: list[Relation], n: int) -> None:
    """Law: what reading makes of a region is what it makes of its pairs."""
    region, found, extent = SAME, {(i, i) for i in range(n)}, n
    for relation in relations:
        assume(int(relation.target_extent(extent).evaluate()) > 0)
        try:
            region = read_through(relation, region)
        except ProofError:
            return
        found, extent = read(relation, found, extent)
        assert pairs_of(region, extent, n) == found


@examples(200)
@given(
    blocks=st.tuples(*[st.sampled_from([None, 1, 2, 3, 4, 6])] * 2),
    limits=st.tuples(*[st.sampled_from([None, 1, 2, 4])] * 2),
)
def test_what_contains_holds_all_pairs(
    blocks: tuple[int | None, ...], limits: tuple[int | None, ...]
) -> None:
    """Law: a region that contains another one has all of its pairs."""
    outer, inner = (
        Region(None if b is None else poly(b), None if m is None else poly(m))
        for b, m in zip(blocks, limits, strict=True)
    )
    if contains(outer, inner, {}):
        assert pairs_of(inner, 12, 12) <= pairs_of(outer, 12, 12)


# --- models ---------------------------------------------------------------------------------------


def pool(size: int | str, step: int | None = None) -> Callable[[Array], Any]:
    """Return a layer that sums windows."""

    def summed(x: Array) -> Array:
        slots = gather(x, Relation.stride(size if step is None else step, size))
        return total(slots, slots.axes[0])

    return layer(summed)


def once(x: Array) -> Array:
    """Sum blocks of w positions."""
    return pool("w")(x)


def twice(x: Array) -> Array:
    """Sum pairs, and pairs of these."""
    return pool(2)(tanh(pool(2)(linear(x, "d"))))


def overlapping(x: Array) -> Array:
    """Sum three positions at every second one, twice."""
    return pool(3, 2)(pool(3, 2)(x))


POOLS = {f.__name__: trace(f) for f in (once, twice, overlapping)}

SOLVED: tuple[Block, ...] = (
    BLOCK,
    Stack(BLOCK),
    Residual(BLOCK),
    Stack(Chain(Residual(BLOCK), Residual(FeedForward()))),
    Residual(FIRST),
    Stack(Residual(FIRST)),
    Chain(BLOCK, Attention()),
    Chain(Attention("block", 2), Attention("block", 4)),
    Sum(BLOCK, FIRST),
    Stack(Residual(Attention("block", 3))),
)


@functools.lru_cache(maxsize=256)
def derived(figure: str, model: Block, setting: Setting) -> Derivation:
    """Derive a figure once."""
    return RULES[figure](model.graph, setting)


def compare(found: Derivation, figure: str, graph: Graph, setting: Setting, at: Sizes) -> None:
    """A formula with a proof gives what is measured, wherever it holds."""
    if found.formula is None or any(at.get(s, v) < v for s, v in found.least.items()):
        return
    claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    assert claimed == measure(figure, graph, setting, at), f"{found.formula} at {at}"


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("model", SOLVED, ids=repr)
def test_blocks_and_first_positions_are_proved(model: Block, figure: str) -> None:
    """Law: all figures of paths are proved where blocks or first positions are read."""
    for setting in (LAYER, Setting()):
        found = derived(figure, model, setting)
        assert found.grade == "proved", found.reason


@pytest.mark.parametrize("figure", ["mixing_hops", "path_length", "receptive_field", "span"])
@pytest.mark.parametrize("name", sorted(POOLS))
def test_strides_are_proved_and_measured(name: str, figure: str) -> None:
    """Law: windows of a coarser sequence have paths, fields and spans, from the first window on."""
    for setting in (LAYER, Setting()):
        found = RULES[figure](POOLS[name], setting)
        assert found.grade == "proved", found.reason
        for n in range(1, 20):
            for w in (1, 2, 3, 5) if name == "once" else (1,):
                compare(found, figure, POOLS[name], setting, {"n": n, "d": 2, "w": w})


def test_windows_that_do_not_fit_are_outside_the_domain() -> None:
    """The span of three positions of which there are fewer is none, and the domain says so."""
    one = trace(lambda x: pool(3, 2)(x), name="one")
    found = RULES["span"](one, Setting())
    assert found.least == {"n": 2}
    assert measure("span", one, Setting(), {"n": 1, "d": 1}) == 0
    assert measure("span", one, Setting(), {"n": 2, "d": 1}) == 1


def models() -> st.SearchStrategy[Block]:
    """Draw compositions of blocks, first positions and what mixes nothing or everything."""
    part = st.one_of(
        st.builds(Attention, st.sampled_from(["block", "first"]), st.sampled_from(["w", 2, 4])),
        st.sampled_from([FeedForward(), Norm(), Attention(), Recurrent()]),
    )
    return st.recursive(
        part,
        lambda inner: st.one_of(
            st.builds(Residual, inner),
            st.builds(Chain, inner, inner),
            st.builds(Sum, inner, inner),
            st.builds(Stack, inner),
        ),
        max_leaves=4,
    )


@examples(120)
@given(data=st.data(), model=models(), figure=st.sampled_from(FIGURES), setting=st.booleans())
def test_random_compositions_are_measured(
    data: st.DataObject, model: Block, figure: str, setting: bool
) -> None:
    """Law: whatever is composed of blocks and first positions is measured where it has a formula."""
    at = data.draw(sizes(model.graph, longest=12))
    chosen = LAYER if setting else Setting()
    compare(derived(figure, model, chosen), figure, model.graph, chosen, at)


# --- corrupted certificates -----------------------------------------------------------------------

SHORT: tuple[Block, ...] = (Stack(Residual(BLOCK)), Stack(Residual(FIRST)), Sum(BLOCK, FIRST))
TINY: tuple[Sizes, ...] = tuple(
    {"n": n, "w": w, "L": depth, "d": 1}
    for n, w, depth in ((1, 1, 1), (2, 1, 1), (2, 2, 2), (5, 2, 1), (4, 4, 2), (7, 3, 3))
)


@functools.cache
def certificate(model: Block, hops: int | None) -> RegionLengthCertificate:
    """Return the certificate of a path length, or of hops."""
    found = path_length(model.graph, Setting(), hops=hops).certificate
    assert isinstance(found, RegionLengthCertificate)
    return found


def accepted(model: Block, wrong: RegionLengthCertificate) -> bool:
    """Whether the checker accepts a certificate."""
    try:
        check_region_length(model.graph, Setting(), wrong)
    except ProofError:
        return False
    return True


def corrupted(data: st.DataObject, region: Region) -> Region:
    """Change the pairs of a region, what they cost or the layers that it is claimed for."""
    off = data.draw(st.sampled_from([-1, 1]))
    kind = data.draw(st.sampled_from(["cost", "block", "below", "layers"]))
    if kind == "cost":
        return replace(region, cost=region.cost + off)
    if kind == "layers":
        return replace(region, layers=())
    changes: dict[str, Any] = {kind: data.draw(st.sampled_from([None, poly(1), poly("w")]))}
    return replace(region, **changes)


@examples(150)
@given(data=st.data(), model=st.sampled_from(SHORT), hops=st.sampled_from([None, 1]))
def test_no_corrupted_regions_prove_a_wrong_formula(
    data: st.DataObject, model: Block, hops: int | None
) -> None:
    """Law: whatever is changed in a certificate, what is accepted is measured."""
    right = certificate(model, hops)
    found = right.regions.regions["x"]
    name = data.draw(st.sampled_from(sorted(n for n, rs in found.items() if rs)))
    old = data.draw(st.sampled_from(found[name]))
    new = corrupted(data, old)
    where = data.draw(st.sampled_from(["regions", "achieved", "both"]))

    def changed(side: Mapping[str, Mapping[str, tuple[Region, ...]]]) -> dict[str, Any]:
        own = tuple(new if r == old else r for r in side["x"].get(name, ()))
        return {"x": {**side["x"], name: own}}

    below, above = right.regions.regions, right.regions.achieved
    regions = replace(
        right.regions,
        regions=below if where == "achieved" else changed(below),
        achieved=above if where == "regions" else changed(above),
    )
    wrong = replace(right, regions=regions)
    if data.draw(st.booleans()):
        off = data.draw(st.sampled_from([-1, 1]))
        wrong = replace(wrong, formula=tuple(t + off for t in wrong.formula))
    if data.draw(st.booleans()):
        wrong = replace(wrong, least={})
    if not accepted(model, wrong):
        return
    figure = "path_length" if hops is None else "mixing_hops"
    for at in TINY:
        if all(at[s] >= v for s, v in wrong.least.items()):
            claimed = max(term.evaluate(**at) for term in wrong.formula)
            assert claimed == measure(figure, model.graph, Setting(), at)


@pytest.mark.parametrize("model", SHORT, ids=repr)
@pytest.mark.parametrize("off", [-1, 1])
def test_formulas_off_by_one_are_refused(model: Block, off: int) -> None:
    """Law: no certificate proves a formula that is one more or one less, or without its places."""
    for hops in (None, 1):
        right = certificate(model, hops)
        assert accepted(model, right)
        wrong = tuple(term + off for term in right.formula)
        assert not accepted(model, replace(right, formula=wrong))
        assert not accepted(model, replace(right, places=()))
        moved = tuple(replace(p, i=p.i + right.formula[0] * 100) for p in right.places)
        assert not accepted(model, replace(right, places=moved))
