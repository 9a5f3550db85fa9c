"""Laws of flights of stairs: what they say is what is measured, and wrong ones are refused."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES
from workspan.analysis.measured.measure import measure
from workspan.analysis.paths.lengths import path_length
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.flights import counts, height, singles
from workspan.analysis.proofs.paths.lengths import LengthCertificate, check_length
from workspan.analysis.proofs.paths.pieces import Piece
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.testing import (
    Attention,
    Block,
    Chain,
    Convolution,
    FeedForward,
    Norm,
    Recurrent,
    Residual,
    Shift,
    Stack,
    Sum,
    sizes,
)

Sizes: TypeAlias = Mapping[str, int]

LAYER = Setting(unit="layer")
WINDOW, CENTRED = Attention("window", "w"), Attention("centred", "w")

SOLVED: tuple[Block, ...] = (
    Stack(WINDOW),
    Stack(CENTRED),
    Stack(Convolution("window", "k")),
    Stack(Convolution("centred", "k")),
    Stack(Attention("window", 2)),
    Stack(Residual(Convolution("centred", 3))),
    Stack(Chain(Residual(CENTRED), Residual(FeedForward()))),
    Stack(Residual(Chain(WINDOW, FeedForward()))),
    Stack(Chain(WINDOW, WINDOW)),
    Chain(Stack(Residual(WINDOW)), Stack(Residual(WINDOW), 2)),
    Chain(FeedForward(), Stack(Residual(WINDOW)), Norm()),
    Chain(Stack(CENTRED), Attention()),
    Stack(Sum(Attention("window", 6), Attention("window", 3))),
)
"""Stacks of windows that a user would write."""


def settings_of(figure: str) -> tuple[Setting, ...]:
    """Return the settings in which a figure is tried: hops have no unit."""
    return (LAYER,) if figure == "mixing_hops" else (LAYER, Setting())


@functools.lru_cache(maxsize=256)
def derived(figure: str, model: Block, setting: Setting) -> Derivation:
    """Derive a figure once."""
    return RULES[figure](model.graph, setting)


def agrees(figure: str, model: Block, setting: Setting, at: Sizes) -> None:
    """A formula with a proof gives what is measured, wherever it holds."""
    found = derived(figure, model, setting)
    if found.formula is None or any(at.get(s, v) < v for s, v in found.least.items()):
        return
    claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    measured = measure(figure, model.graph, setting, at)
    assert claimed == measured, f"{figure} of {model} is {measured} at {at}, not {found.formula}"


@pytest.mark.parametrize("figure", ["mixing_hops", "path_length"])
@pytest.mark.parametrize("model", SOLVED, ids=repr)
def test_stacks_of_windows_are_proved(model: Block, figure: str) -> None:
    """Law: hops and paths of stacks of windows have a proved formula for any number of layers."""
    for setting in settings_of(figure):
        found = derived(figure, model, setting)
        assert found.grade == "proved", found.reason
        assert found.formula is not None
        assert "L" in found.formula.sizes or isinstance(model, Chain)


@pytest.mark.parametrize("figure", ["mixing_hops", "path_length"])
@examples(60)
@given(data=st.data(), model=st.sampled_from(SOLVED))
def test_stacks_of_windows_are_measured(figure: str, data: st.DataObject, model: Block) -> None:
    """Law: their formulas are measured on the unrolled graph, at sizes that start at one."""
    at = data.draw(sizes(model.graph, longest=14))
    for setting in settings_of(figure):
        agrees(figure, model, setting, at)


def bodies() -> st.SearchStrategy[Block]:
    """Draw what a layer of a stack does: windows in a row or side by side, with residual sums."""
    width = st.sampled_from(["w", 2, 3, 4])
    window = st.one_of(
        st.builds(Attention, st.just("window"), width),
        st.builds(Attention, st.just("centred"), st.sampled_from(["w", 3])),
        st.builds(Convolution, st.just("window"), st.sampled_from(["k", 2, 3])),
        st.just(FeedForward()),
        st.just(Norm()),
        st.sampled_from([Shift(1), Shift(-1), Recurrent()]),
    )
    return st.recursive(
        window,
        lambda inner: st.one_of(
            st.builds(Residual, inner), st.builds(Chain, inner, inner), st.builds(Sum, inner, inner)
        ),
        max_leaves=3,
    )


@examples(12)
@given(data=st.data(), body=bodies(), above=bodies())
def test_random_stacks_are_measured(data: st.DataObject, body: Block, above: Block) -> None:
    """Law: whatever is stacked, and put on the stack, is measured where it has a formula."""
    model = data.draw(st.sampled_from([Stack(body), Chain(Stack(body), above)]))
    at = data.draw(sizes(model.graph, longest=12))
    for figure in ("mixing_hops", "path_length"):
        for setting in settings_of(figure):
            agrees(figure, model, setting, at)


def test_a_window_of_one_position_is_no_window() -> None:
    """The formula holds from w = 2 on, and says so: a window of one position crosses nothing."""
    found = RULES["mixing_hops"](Stack(WINDOW).graph, LAYER)
    assert found.formula == poly("min(L, ceil((n - 1)/(w - 1)))")
    assert found.least == {"w": 2}
    assert measure("mixing_hops", Stack(WINDOW).graph, LAYER, {"n": 5, "w": 1, "L": 3, "d": 1}) == 0


# --- flights by themselves ------------------------------------------------------------------------


@given(
    first=st.integers(0, 3),
    width=st.integers(1, 4),
    rise=st.integers(0, 3),
    last=st.integers(0, 5),
    distance=st.integers(0, 30),
)
def test_the_height_is_that_of_the_cheapest_piece(
    first: int, width: int, rise: int, last: int, distance: int
) -> None:
    """Law: a flight costs what its cheapest piece that goes so far costs, or its last one."""
    c = poly("c_")
    flight = Piece(1, poly(0), first + width * c, 2 + rise * c, last=poly(last))
    found = height(flight, poly(distance), {})
    costs = [2 + rise * k for k in range(last + 1) if first + width * k >= distance]
    assert found == min(costs, default=2 + rise * last)


@examples(40)
@given(slope=st.integers(1, 3), offset=st.integers(-3, 3), first=st.integers(0, 2))
def test_counts_are_covered(slope: int, offset: int, first: int) -> None:
    """Law: each whole count up to the last is one of the cases, for some value of their sizes."""
    last = slope * poly("L_") + offset
    known = {"L_": first + poly("L_k_")}
    cases = [(count, dict(values)) for count, values in counts(last, known)]
    for layer in range(first, first + 3):
        for count in range(slope * layer + offset + 1):
            assert any(_is(case, count, layer) for case in cases), (count, layer)


def _is(case: tuple[Poly, Mapping[str, object]], count: int, layer: int) -> bool:
    """Whether a case says of some quantities that there is this count in this layer."""
    number, known = case
    value = poly(known["L_"])  # type: ignore[arg-type]
    return any(
        number.evaluate(**at) == count and value.evaluate(**at) == layer
        for above in range(9)
        for rest in range(9)
        for more in ((0,) if "L_k_" not in (*number.sizes, *value.sizes) else range(4))
        for at in [{"c_k_": above, "c_r_": rest, "L_k_": more}]
    )


# --- corrupted certificates -----------------------------------------------------------------------

SHORT: tuple[Block, ...] = (Stack(Residual(WINDOW)), Stack(CENTRED), Stack(Chain(WINDOW, WINDOW)))
TINY: tuple[Sizes, ...] = tuple(
    {"n": n, "w": w, "L": depth, "d": 1}
    for n, w, depth in ((1, 3, 1), (2, 3, 1), (5, 3, 1), (5, 3, 2), (9, 3, 3), (6, 5, 2), (4, 1, 2))
)


@functools.cache
def certificate(model: Block, hops: int | None) -> LengthCertificate:
    """Return the certificate of a path length, or of hops."""
    found = path_length(model.graph, LAYER, hops=hops).certificate
    assert isinstance(found, LengthCertificate)
    return found


def accepted(model: Block, wrong: LengthCertificate) -> bool:
    """Whether the checker accepts a certificate."""
    try:
        check_length(model.graph, LAYER, wrong)
    except ProofError:
        return False
    return True


def corrupted(data: st.DataObject, flight: Piece) -> Piece:
    """Change one thing of a flight."""
    off = data.draw(st.sampled_from([-1, 1]))
    kind = data.draw(st.sampled_from(["last", "cost", "rise", "width", "low", "side", "single"]))
    assert flight.last is not None
    assert flight.high is not None
    return {
        "last": replace(flight, last=flight.last + off),
        "cost": replace(flight, cost=flight.cost + off),
        "rise": replace(flight, cost=flight.cost + off * poly("c_")),
        "width": replace(flight, high=flight.high + off * poly("c_")),
        "low": replace(flight, low=flight.low + off),
        "side": replace(flight, side=data.draw(st.sampled_from([-1, 0, 1]))),
        "single": flight.single(data.draw(st.sampled_from([0, 1, 2]))),
    }[kind]


@examples(80)
@given(data=st.data(), case=st.sampled_from([*((m, 1) for m in SHORT), (SHORT[0], None)]))
def test_no_corrupted_flight_proves_a_wrong_formula(
    data: st.DataObject, case: tuple[Block, int | None]
) -> None:
    """Law: whatever is changed in a flight, what is accepted is a formula that is measured."""
    model, hops = case
    right = certificate(model, hops)
    pieces = right.paths.pieces["x"]
    name = data.draw(st.sampled_from(sorted(n for n, ps in pieces.items() if _flights(ps))))
    old = data.draw(st.sampled_from(_flights(pieces[name])))
    new = corrupted(data, old)
    where = data.draw(st.sampled_from(["pieces", "achieved", "both"]))

    def changed(side: Mapping[str, Mapping[str, tuple[Piece, ...]]]) -> Any:
        own = tuple(new if p == old else p for p in side["x"].get(name, ()))
        return {"x": {**side["x"], name: own}}

    paths = replace(
        right.paths,
        pieces=right.paths.pieces if where == "achieved" else changed(right.paths.pieces),
        achieved=right.paths.achieved if where == "pieces" else changed(right.paths.achieved),
    )
    wrong = replace(right, paths=paths)
    if data.draw(st.booleans()):
        off = data.draw(st.sampled_from([-1, 1]))
        wrong = replace(wrong, formula=tuple(t + off for t in wrong.formula))
    if accepted(model, wrong):
        assert _is_measured(model, wrong, hops)


def _flights(pieces: tuple[Piece, ...]) -> list[Piece]:
    return [p for p in pieces if p.last is not None]


def _is_measured(model: Block, found: LengthCertificate, hops: int | None) -> bool:
    figure = "path_length" if hops is None else "mixing_hops"
    least = {**found.paths.least, **found.least}
    return all(
        max(term.evaluate(**at) for term in found.formula)
        == measure(figure, model.graph, LAYER, at)
        for at in TINY
        if all(at[s] >= v for s, v in least.items())
    )


@pytest.mark.parametrize("model", SHORT, ids=repr)
@pytest.mark.parametrize("off", [-1, 1])
def test_a_step_more_or_less_is_refused(model: Block, off: int) -> None:
    """Law: the output's flight has exactly as many steps as there are layers that cross."""
    right = certificate(model, 1)
    (output,) = model.graph.outputs
    for side in ("pieces", "achieved"):
        found = getattr(right.paths, side)["x"]
        own = tuple(p if p.last is None else replace(p, last=p.last + off) for p in found[output])
        changes: dict[str, Any] = {side: {"x": {**found, output: own}}}
        assert not accepted(model, replace(right, paths=replace(right.paths, **changes)))


def test_without_its_domain_a_flight_is_refused() -> None:
    """Law: steps that may go nowhere prove nothing: a window of one position has to be excluded."""
    right = certificate(Stack(Residual(WINDOW)), None)
    assert not accepted(Stack(Residual(WINDOW)), replace(right, least={}))


def test_every_piece_of_a_flight_is_a_case() -> None:
    """Law: the last piece and all before it are looked at, each with what it says of the layer."""
    flight = Piece(1, poly(0), poly("4*c_"), poly("c_"), last=poly("L_"))
    cases = [str(count) for _, _, count in singles(flight, {"L_": poly(2)})]
    assert cases == ["L_", "0", "1"]
