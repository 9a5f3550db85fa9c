"""The checker of timelines refuses what is wrong, wherever it is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.examples import examples
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.storage.peaks import Peak, check_peak, highest
from workspan.analysis.proofs.storage.workspace import (
    Instant,
    WorkspaceCertificate,
    check_workspace,
    total,
)
from workspan.analysis.storage.peaks import peak_of
from workspan.analysis.storage.workspace import workspace
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly, size

SETTING = Setting()
GRAPHS = {
    "attention": symbolic("attention", L=1),
    "stacked lstm": symbolic("lstm"),
    "training of an rnn": training(symbolic("rnn", L=1)),
}


def certificate(graph: Graph) -> WorkspaceCertificate:
    """Return a certificate that the checker accepts."""
    found = workspace(graph, SETTING).certificate
    assert isinstance(found, WorkspaceCertificate)
    check_workspace(graph, SETTING, found)
    return found


def refused(graph: Graph, wrong: WorkspaceCertificate, message: str | None = None) -> None:
    """Hand the checker something wrong."""
    with pytest.raises(ProofError, match=message):
        check_workspace(graph, SETTING, wrong)


def changed(right: WorkspaceCertificate, k: int, live: Mapping[str, Poly]) -> WorkspaceCertificate:
    """Replace what is live at one moment, with a sum that fits."""
    instants = list(right.instants)
    instants[k] = Instant(instants[k].moment, live, total(live.values()))
    return replace(right, instants=tuple(instants))


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_freed_too_early_is_refused(name: str) -> None:
    """Law: no array may be missing at any moment at which it is live."""
    graph = GRAPHS[name]
    right = certificate(graph)
    for k, instant in enumerate(right.instants):
        for array in instant.live:
            left = {n: amount for n, amount in instant.live.items() if n != array}
            refused(graph, changed(right, k, left), "was freed before")


@pytest.mark.parametrize("name", GRAPHS)
def test_what_is_kept_too_long_is_refused(name: str) -> None:
    """Law: no array may be held when nothing reads it any more, or before it is computed."""
    graph = GRAPHS[name]
    right = certificate(graph)
    amounts = {n: a for instant in right.instants for n, a in instant.live.items()}
    for k, instant in enumerate(right.instants):
        for array in amounts.keys() - instant.live.keys():
            wrong = changed(right, k, {**instant.live, array: amounts[array]})
            refused(graph, wrong, "it is not freed")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("error", ["1", "-1", "n", "d"])
def test_amounts_that_are_off_are_refused(name: str, error: str) -> None:
    """Law: each array holds what the schedule says, at each moment."""
    graph = GRAPHS[name]
    right = certificate(graph)
    for k, instant in enumerate(right.instants):
        for array, amount in instant.live.items():
            wrong = changed(right, k, {**instant.live, array: amount + poly(error)})
            refused(graph, wrong, f"expected {_quoted(amount)} at")


def _quoted(amount: Poly) -> str:
    return str(amount).replace("*", r"\*").replace("+", r"\+")


@pytest.mark.parametrize("name", GRAPHS)
def test_moments_out_of_order_are_refused(name: str) -> None:
    """Law: the moments are those of the schedule that is named, all of them, in its order."""
    graph = GRAPHS[name]
    right = certificate(graph)
    count = len(right.instants)
    for k in range(count):
        without = right.instants[:k] + right.instants[k + 1 :]
        refused(graph, replace(right, instants=without), "expected the moments")
        twice = right.instants[: k + 1] + right.instants[k:]
        refused(graph, replace(right, instants=twice), "expected the moments")
    for k in range(count - 1):
        swapped = list(right.instants)
        swapped[k], swapped[k + 1] = swapped[k + 1], swapped[k]
        refused(graph, replace(right, instants=tuple(swapped)), "expected the moments")


@pytest.mark.parametrize("name", GRAPHS)
def test_sums_that_are_off_are_refused(name: str) -> None:
    """Law: what is live adds up to the total."""
    graph = GRAPHS[name]
    right = certificate(graph)
    for k, instant in enumerate(right.instants):
        instants = list(right.instants)
        instants[k] = replace(instant, total=instant.total + 1)
        refused(graph, replace(right, instants=tuple(instants)), "expected the sum")


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("what", ["peak", "bound"])
def test_peaks_that_are_no_peaks_are_refused(name: str, what: str) -> None:
    """Law: a peak is the largest of the totals: none is missing, none was made up."""
    graph = GRAPHS[name]
    right = certificate(graph)
    peak = right.peak if what == "peak" else right.bound

    def with_peak(terms: tuple[Poly, ...], formula: Poly) -> WorkspaceCertificate:
        wrong = replace(peak, terms=terms, formula=formula)
        return replace(right, peak=wrong) if what == "peak" else replace(right, bound=wrong)

    for term in peak.terms:
        rest = tuple(t for t in peak.terms if t != term)
        if rest:
            refused(graph, with_peak(rest, highest(rest)))
        larger = tuple(t + 1 if t == term else t for t in peak.terms)
        refused(graph, with_peak(larger, highest(larger)), "is none of the totals")
    for error in (1, -1, size("n")):
        refused(graph, with_peak(peak.terms, peak.formula + error), "expected the largest")
    refused(graph, with_peak((), poly(0)), "expected the largest")


@pytest.mark.parametrize("name", GRAPHS)
def test_floors_that_are_off_are_refused(name: str) -> None:
    """Law: a floor is what its reason gives, not more and not less."""
    graph = GRAPHS[name]
    right = certificate(graph)
    for k, floor in enumerate(right.floors):
        for error in (1, -1):
            floors = list(right.floors)
            floors[k] = replace(floor, total=floor.total + error)
            refused(graph, replace(right, floors=tuple(floors)))


def test_a_floor_without_its_proof_is_refused() -> None:
    """What the backward pass reads counts only with a proof of it, for the same sizes."""
    graph = GRAPHS["training of an rnn"]
    right = certificate(graph)
    (own,) = (k for k, floor in enumerate(right.floors) if floor.why == "saved")
    proof = right.floors[own].saved
    assert proof is not None
    for wrong in (None, replace(proof, least={"n": 2}), replace(proof, saved=proof.saved[1:])):
        floors = list(right.floors)
        floors[own] = replace(floors[own], saved=wrong)
        refused(graph, replace(right, floors=tuple(floors)))


def test_a_proof_of_one_model_proves_nothing_of_another() -> None:
    """A timeline of full attention is refused for a recurrence, and for another length."""
    refused(GRAPHS["stacked lstm"], certificate(GRAPHS["attention"]), "expected the moments")


def test_axes_that_may_be_empty_are_refused() -> None:
    """What holds for two layers is no proof for one, where an axis would be empty."""
    graph = symbolic("bidirectional_rnn")
    right = certificate(graph)
    assert right.least == {"L": 2}
    refused(graph, replace(right, least={}), "expected at least one position")


# --- the largest of many --------------------------------------------------------------------------

MONOMIALS = [poly("n"), poly("d"), poly("n*d"), poly("n**2"), poly("d/h"), poly(1)]
TOTALS = st.lists(
    st.lists(st.integers(-1, 3), min_size=6, max_size=6).map(
        lambda cs: sum((c * m for c, m in zip(cs, MONOMIALS, strict=True)), poly(0))
    ),
    min_size=1,
    max_size=6,
)


@examples(150)
@given(TOTALS, st.integers(1, 3))
def test_the_peak_is_the_largest_at_all_sizes(totals: list[Poly], first: int) -> None:
    """Law: evaluated, the formula is the largest of the totals, from the least sizes on."""
    peak = peak_of(totals, {"n": first})
    check_peak("it", totals, peak, {"n": first})
    for n, d, h in np.ndindex(7, 7, 3):
        at: dict[str, Any] = {"n": n + first, "d": d + 1, "h": h + 1}
        values = [t.evaluate(**{s: at[s] for s in t.sizes}) for t in totals]
        assert peak.formula.evaluate(**{s: at[s] for s in peak.formula.sizes}) == max(values)


def test_a_mean_must_be_a_mean_of_terms() -> None:
    """Weights that do not sum to one, are negative or are of something else prove nothing."""
    x, y, low = poly("4*n"), poly("4*d"), poly("n + d")
    half = Fraction(1, 2)
    right = Peak((x, y), highest((x, y)), {low: ((x, half), (y, half))})
    check_peak("it", (x, y, low), right, {})
    for wrong in (
        ((x, half), (y, Fraction(1, 3))),
        ((x, Fraction(2)), (y, Fraction(-1))),
        ((x, half), (poly("9*d"), half)),
        ((x, Fraction(1)),),
        (),
    ):
        with pytest.raises(ProofError):
            check_peak("it", (x, y, low), replace(right, above={low: wrong}), {})
