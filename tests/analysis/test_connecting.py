"""Laws of layers to connect: the answer covers the sequence, one layer less does not."""

from __future__ import annotations

import functools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.examples import examples
from workspan.analysis.paths.reach import deepened, layers_to_connect, one_layer
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.connecting import (
    ConnectCertificate,
    RegionConnectCertificate,
    check_connecting,
    check_needed,
    check_region_connecting,
)
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, ceil_div, ceil_log, maximum, poly, power
from workspan.testing import Attention, Chain, Residual, Stack

LAYER = Setting(unit="layer")
GROWING = ("windowed_attention", "causal_windowed_attention", "convolution", "dilated_convolution")


def is_refused(high: Poly, answer: Poly, least: dict[str, int]) -> bool:
    """Whether an answer is refused, for a sequence of n positions."""
    try:
        check_needed(high, poly("n - 1"), answer, least)
    except ProofError:
        return True
    return False


def fewest(high: Poly, at: dict[str, int]) -> int:
    """Return the fewest layers that reach the whole sequence, one after another."""
    return next(L for L in range(1, 200) if high.evaluate(L=L, **at) >= at["n"] - 1)


HIGH = st.one_of(
    st.builds(lambda s, r: s * poly("L") + r, st.integers(1, 4), st.integers(0, 3)),
    st.builds(lambda r: poly("L*w - L") + r, st.integers(0, 2)),
    st.just(poly("L*w/2 - L/2")),
    st.builds(lambda b: power(b, "L") - 1, st.sampled_from([2, 3, poly("w")])),
)
ANSWERS = st.one_of(
    st.builds(
        lambda x, y: ceil_div(x, y),
        st.sampled_from(["n - 1", "n", "n - 2", "n - 3", "n - 4"]).map(poly),
        st.sampled_from(["1", "2", "3", "4", "w", "w - 1", "w/2 - 1/2"]).map(poly),
    ),
    st.builds(
        lambda b, x: ceil_log(b, x),
        st.sampled_from(["2", "3", "w"]).map(poly),
        st.sampled_from(["n", "n - 1", "n + 1"]).map(poly),
    ),
    st.sampled_from(["1", "n - 1", "n"]).map(poly),
)


@examples(400)
@given(
    high=HIGH, answer=ANSWERS, at_least_one=st.booleans(), n=st.integers(2, 30), w=st.integers(1, 5)
)
def test_what_is_accepted_is_the_fewest(
    high: Poly, answer: Poly, at_least_one: bool, n: int, w: int
) -> None:
    """Law: an answer that is accepted is the least number of layers, tried one after another."""
    chosen = maximum(answer, 1) if at_least_one else answer
    if not is_refused(high, chosen, {"n": 2, "w": 2}):
        at = {"n": n, "w": 2 * w + 1}  # a centred window is odd
        assert chosen.evaluate(**{s: at[s] for s in chosen.sizes}) == fewest(high, at)


@pytest.mark.parametrize(
    ("high", "answer"),
    [
        ("L*w - L", "ceil((n - 1)/(w - 1))"),
        ("L*w/2 - L/2", "ceil((n - 1)/(w/2 - 1/2))"),
        ("3*L", "ceil(n/3 - 1/3)"),
        ("L", "n - 1"),
        ("L + 2", "max(1, n - 3)"),
        ("2*L + 1", "max(1, ceil(n/2 - 1))"),
        ("w**L - 1", "ceil(log(n, w))"),
        ("2**L - 1", "ceil(log(n, 2))"),
    ],
)
def test_right_answers_are_accepted_and_their_neighbours_refused(high: str, answer: str) -> None:
    """Law: solutions are proved, and none that is one layer more or one less."""
    right, least = poly(answer), {"n": 2, "w": 2}
    assert not is_refused(poly(high), right, least)
    for off in (-1, 1):
        assert is_refused(poly(high), right + off, least)
    assert is_refused(poly(high), poly(1), least)


@functools.cache
def certificate(name: str) -> ConnectCertificate:
    """Return the certificate of a catalogue model."""
    found = layers_to_connect(symbolic(name), LAYER).certificate
    assert isinstance(found, ConnectCertificate)
    return found


def accepted(name: str, wrong: ConnectCertificate) -> bool:
    """Whether the checker accepts a certificate, of a stack or of one layer."""
    graph = symbolic(name)
    try:
        check_connecting(deepened(graph) if wrong.needed else one_layer(graph), LAYER, wrong)
    except ProofError:
        return False
    return True


@pytest.mark.parametrize("name", sorted(CATALOGUE))
def test_certificates_of_the_catalogue_are_accepted(name: str) -> None:
    """Law: how many layers connect is proved for every model that can be stacked."""
    found = layers_to_connect(symbolic(name), LAYER)
    if found.formula is not None:
        assert found.grade == "proved"
        if isinstance(
            found.certificate, type(certificate("rnn"))
        ):  # pairs in blocks have their own
            assert accepted(name, certificate(name))


@pytest.mark.parametrize("name", GROWING)
def test_corrupted_certificates_are_refused(name: str) -> None:
    """Law: no other number of layers is proved, for no other domain, and by no other pieces."""
    right = certificate(name)
    for off in (-1, 1):
        assert not accepted(name, replace(right, formula=right.formula + off))
        needed = tuple(answer + off for answer in right.needed)
        assert not accepted(name, replace(right, needed=needed, formula=right.formula + off))
    assert not accepted(name, replace(right, least={}))
    assert not accepted(name, replace(right, needed=right.needed * 2))
    assert not accepted(name, replace(right, needed=right.needed[:-1]))
    assert not accepted(name, replace(right, paths=replace(right.paths, hops=1)))
    others = [other for other in GROWING if certificate(other).needed != right.needed]
    for other in others:
        wrong = replace(right, needed=certificate(other).needed, formula=certificate(other).formula)
        assert not accepted(name, wrong)


def test_one_layer_is_not_enough_for_a_window() -> None:
    """Law: a certificate that says nothing of a side that grows is refused."""
    right = certificate("windowed_attention")
    assert not accepted("windowed_attention", replace(right, needed=(), formula=poly(1)))


def test_blocks_connect_at_once_and_windows_do_not() -> None:
    """Law: what one block reaches, any number of layers of blocks reach; a chain of windows more."""
    graph = Stack(Residual(Attention("block", "w"))).graph
    found = layers_to_connect(graph, LAYER)
    assert found.formula == 1
    assert isinstance(found.certificate, RegionConnectCertificate)
    check_region_connecting(deepened(graph), LAYER, found.certificate)
    wrong = replace(found.certificate.regions, hops=1)
    with pytest.raises(ProofError, match="what is reached"):
        check_region_connecting(deepened(graph), LAYER, RegionConnectCertificate(wrong))
    windows = Stack(Chain(Attention("window", "w"), Attention("window", 3))).graph
    assert layers_to_connect(windows, LAYER).formula == poly("ceil((n - 1)/(w + 1))")
