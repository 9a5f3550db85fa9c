"""Laws of dilated graphs: their figures are those of one class of positions, at ceil(n/s) of them."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.derivation import Derivation
from workspan.analysis.deriving import RULES
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.classes import ClassCertificate, check_classes, dilated, rises
from workspan.analysis.proofs.paths.lengths import LengthCertificate, check_length
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, ceil_div, ceil_log2, maximum, minimum, poly
from workspan.testing import (
    Attention,
    Block,
    Chain,
    Convolution,
    FeedForward,
    Recurrent,
    Residual,
    Shift,
    Stack,
    Sum,
    sizes,
)

Sizes: TypeAlias = Mapping[str, int]

LAYER = Setting(unit="layer")
FIGURES = ("mixing_hops", "path_length", "receptive_field", "layers_to_connect")

SOLVED: tuple[Block, ...] = (
    Convolution("window", "k", 2),
    Stack(Convolution("window", "k", 2)),
    Stack(Residual(Convolution("window", "k", 3))),
    Stack(Residual(Convolution("centred", 3, 2))),
    Stack(Attention("centred", "w", 1, 2)),
    Stack(Residual(Attention("window", "w", 1, 2))),
    Stack(Chain(Residual(Attention("window", "w", 1, 2)), Residual(FeedForward()))),
    Stack(Residual(Shift(2))),
    Stack(Residual(Shift(-3))),
    Stack(Chain(Residual(Shift(2)), FeedForward())),
)


@functools.lru_cache(maxsize=256)
def derived(figure: str, model: Block, setting: Setting) -> Derivation:
    """Derive a figure once."""
    return RULES[figure](model.graph, setting)


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("model", SOLVED, ids=repr)
def test_dilated_stacks_are_proved(model: Block, figure: str) -> None:
    """Law: all figures of paths are proved for windows of one dilation, for any number of layers."""
    for setting in (LAYER, Setting()):
        found = derived(figure, model, setting)
        assert found.grade == "proved", found.reason
        assert figure == "path_length" or isinstance(found.certificate, ClassCertificate)


def bodies() -> st.SearchStrategy[Block]:
    """Draw what a layer does, with dilations that may or may not be the same."""
    part = st.one_of(
        st.builds(Attention, st.just("window"), st.sampled_from(["w", 3]), st.just(1), st.just(2)),
        st.builds(
            Convolution, st.sampled_from(["window", "centred"]), st.just(3), st.sampled_from([2, 3])
        ),
        st.sampled_from([Shift(2), Shift(-2), FeedForward(), Recurrent()]),
    )
    return st.recursive(
        part,
        lambda inner: st.one_of(
            st.builds(Residual, inner), st.builds(Chain, inner, inner), st.builds(Sum, inner, inner)
        ),
        max_leaves=3,
    )


@pytest.mark.parametrize("figure", FIGURES)
@examples(40)
@given(data=st.data(), model=st.sampled_from(SOLVED) | bodies().map(Stack))
def test_dilated_stacks_are_measured(figure: str, data: st.DataObject, model: Block) -> None:
    """Law: what is derived from one class is measured on the whole graph, from one position on."""
    at = data.draw(sizes(model.graph, longest=14))
    for setting in (LAYER, Setting()):
        found = derived(figure, model, setting)
        if found.formula is None or any(at.get(s, v) < v for s, v in found.least.items()):
            continue
        claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert claimed == measure(figure, model.graph, setting, at), found.formula


@pytest.mark.parametrize(
    "model",
    [
        Stack(Attention("window", "w")),
        Chain(Attention("window", 3, 1, 2), Shift(1)),
        Chain(Attention("window", 3, 1, 2), Convolution("window", 3, 3)),
        Chain(Attention("window", 3, 1, 2), Recurrent()),
        Chain(Attention("window", 3, 1, 2), Attention("block", 2)),
        Stack(Convolution("window", 3, None)),
        FeedForward(),
    ],
    ids=repr,
)
def test_what_is_crossed_otherwise_has_no_classes(model: Block) -> None:
    """Law: one crossing by something else, and all positions may meet."""
    with pytest.raises(ProofError, match="not crossed by multiples of one number"):
        dilated(model.graph)


ATOMS = st.sampled_from(["n", "d", "n - 1", "1 - n", "2*n*d", "n/d", "d/n", "3 - d"]).map(poly)
COSTS = st.recursive(
    ATOMS,
    lambda inner: st.one_of(
        st.builds(minimum, inner, inner),
        st.builds(maximum, inner, inner),
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y: x * y, ATOMS, inner),
        st.builds(lambda x: ceil_div(x, 3), inner),
        st.builds(lambda x: ceil_log2(maximum(x, 1)), inner),
    ),
    max_leaves=4,
)


@examples(300)
@given(cost=COSTS, n=st.integers(1, 12), d=st.integers(1, 6))
@example(minimum("n", 3 - poly("d")) * poly("n"), 1, 4)
def test_what_rises_never_falls(cost: Poly, n: int, d: int) -> None:
    """Law: a cost that is said not to fall does not, from one length to the next."""
    if rises(cost, "n"):
        assert cost.evaluate(n=n, d=d) <= cost.evaluate(n=n + 1, d=d)


def certificate(model: Block, figure: str) -> ClassCertificate:
    """Return the certificate of a figure."""
    found = derived(figure, model, LAYER).certificate
    assert isinstance(found, ClassCertificate)
    return found


def accepted(model: Block, wrong: ClassCertificate) -> bool:
    """Whether the checker accepts a certificate."""
    try:
        check_classes(model.graph, LAYER, wrong, weighted=True)
    except ProofError:
        return False
    return True


@pytest.mark.parametrize("figure", FIGURES)
@pytest.mark.parametrize("model", [m for m in SOLVED if m != SOLVED[0]], ids=repr)
def test_corrupted_certificates_are_refused(model: Block, figure: str) -> None:
    """Law: no other dilation, formula or domain follows from the figure of one class."""
    if figure == "path_length" and not isinstance(
        derived(figure, model, LAYER).certificate, ClassCertificate
    ):
        return
    right = certificate(model, figure)
    assert accepted(model, right)
    for off in (-1, 1):
        assert not accepted(model, replace(right, step=right.step + off))
        assert not accepted(model, replace(right, formula=right.formula + off))
        assert not accepted(model, replace(right, inner_formula=right.inner_formula + off))
    falling = 100 - poly("n")
    wrong = replace(right, inner_formula=falling, formula=100 - ceil_div("n", right.step))
    assert not accepted(model, wrong)
    if right.least:
        assert not accepted(model, replace(right, least={}))
    assert not accepted(Stack(Attention("window", "w")), right)


def test_the_figure_of_one_class_is_checked_by_itself() -> None:
    """Law: the inner certificate is one of the graph of one class, and of no other graph."""
    model = Stack(Residual(Convolution("window", "k", 2)))
    right = certificate(model, "path_length")
    inner = check_classes(model.graph, LAYER, right, weighted=True)
    assert isinstance(right.inner, LengthCertificate)
    check_length(inner, LAYER, right.inner)
    with pytest.raises(ProofError):
        check_length(model.graph, LAYER, right.inner)


def test_a_dilation_of_two_halves_the_sequence() -> None:
    """Kernels of k with dilation two cross half as many positions, each twice as far.

    So L layers of them take as many hops as without dilation over ceil(n/2) positions.
    """
    wide = derived("mixing_hops", Stack(Convolution("window", "k", 2)), LAYER).formula
    narrow = derived("mixing_hops", Stack(Convolution("window", "k")), LAYER).formula
    assert wide is not None
    assert narrow is not None
    assert wide == narrow.substitute({"n": ceil_div("n", 2)})
