"""Counts on the meta device, interpolated, are the derived formulas: two ways to one polynomial."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.modules import NAMES
from workspan.analysis.runs.pytorch.oracle import Range, catalogue, fit, on_meta
from workspan.graphs.sizes import poly

from .agreement import WINDOWED, derived

FAR = 65
"""How far lengths are held out here: torch takes a step of a recurrence apart on the meta device."""


@pytest.mark.parametrize("name", NAMES)
def test_interpolated_contractions_are_the_derived_formula(name: str) -> None:
    """The polynomial in all sizes is the same, symbol by symbol, for every module."""
    fixed = {"L": 2} if name == "decoder" else {}  # it has six sizes
    found = catalogue(name, far=FAR, at=fixed)
    # A window is a mask over all pairs in torch's own module: that of full attention.
    expected = derived("attention" if name in WINDOWED else name, "contraction")
    assert poly(found.formula) == expected.substitute(fixed)
    assert found.grade == "fitted"
    assert all(at not in found.fitted for at in found.held_out)
    assert max(at["n"] for at in found.held_out) >= FAR


@pytest.mark.parametrize("line", ["contraction", "total"])
@pytest.mark.parametrize(
    "name", ["rnn", "grouped_query_attention", *WINDOWED, "encoder", "dilated_convolution"]
)
def test_plain_operators_have_the_derived_formula(name: str, line: str) -> None:
    """Written out in plain operators, all operations have the derived polynomial as well."""
    found = catalogue(name, line, fused=False, far=FAR)
    assert poly(found.formula) == derived(name, line)


def test_a_formula_comes_with_its_domain() -> None:
    """Sizes that have to be odd, or to divide others, are part of the formula."""
    found = catalogue("windowed_attention", fused=False, far=FAR)
    assert set(found.domain.split(", ")) == {
        "L >= 1", "h >= 1", "n >= 1", "w >= 1", "w % 2 == 1", "d % h == 0"
    }  # fmt: skip
    causal = catalogue("causal_windowed_attention", fused=False, far=FAR)
    assert "w % 2" not in causal.domain
    assert {at["w"] % 2 for at in causal.held_out} == {0, 1}


def chunked(size: int) -> Callable[[Mapping[str, int]], Callable[[], Any]]:
    """Return how to build linear attention in chunks: a length is padded to whole chunks."""

    def make(at: Mapping[str, int]) -> Callable[[], Any]:
        n, d = at["n"], at["d"]
        q, k, v = (torch.empty(n, d) for _ in range(3))

        def run() -> Any:
            rest = -n % size
            a, b, c = (
                torch.nn.functional.pad(x, (0, 0, 0, rest)).unflatten(0, (-1, size))
                for x in (q, k, v)
            )
            inside = (a @ b.mT).tril() @ c
            states = torch.cumsum(b.mT @ c, 0)
            return inside + a @ states

        return run

    return make


def test_a_length_below_its_chunk_looks_constant_and_is_wrong_far_out() -> None:
    """Three near points agree on a formula that is wrong at 512; the far size says so."""
    counted = on_meta(chunked(32))
    near = [counted({"n": n, "d": 4}) for n in (4, 5, 6)]
    assert near[0] == near[1] == near[2]
    assert counted({"n": 512, "d": 4}) == 16 * near[0]
    with pytest.raises(EngineError, match=r"to hold at n=512, d=\d+: .* works in chunks"):
        fit(counted, {"n": Range.length(), "d": Range()})


def test_steps_of_whole_chunks_give_the_formula_and_its_domain() -> None:
    """In steps of the chunk it is a polynomial: 2 n (c + c + d + d) d operations, for whole chunks."""
    found = fit(on_meta(chunked(32)), {"n": Range.length(32), "d": Range()})
    assert poly(found.formula) == poly("4*d**2*n + 128*d*n")
    assert found.domain == "d >= 1, n >= 32, n % 32 == 0"
    assert [at["n"] for at in found.held_out] == [512, 224]
    assert found.value({"n": 4096, "d": 3}) == on_meta(chunked(32))({"n": 4096, "d": 3})


def test_several_chunks_take_the_common_multiple() -> None:
    """Two chunk sizes have one step, their least common multiple."""
    parts = [on_meta(chunked(size)) for size in (4, 6)]
    found = fit(lambda at: sum(part(at) for part in parts), {"n": Range.length(4, 6), "d": Range()})
    assert "n % 12 == 0" in found.domain
    assert poly(found.formula) == poly("8*d**2*n + 40*d*n")


def test_a_step_that_is_not_needed_does_not_narrow_the_domain() -> None:
    """A formula that also holds between the steps holds for every size."""
    found = fit(lambda at: 3 * at["n"] ** 2, {"n": Range.length(8)})
    assert found.formula == "3*n**2"
    assert found.domain == "n >= 8"
    assert {at["n"] % 8 for at in found.held_out} > {0}


def test_a_parity_is_seen_at_the_odd_size() -> None:
    """A count that is a polynomial at even sizes only is not passed off as one."""
    with pytest.raises(EngineError, match="expected"):
        fit(lambda at: at["n"] + at["n"] % 2, {"n": Range.length()})
    found = fit(lambda at: at["n"] + at["n"] % 2, {"n": Range.length(2)})
    assert found.domain == "n >= 2, n % 2 == 0"


def test_what_has_no_polynomial_is_an_error() -> None:
    """The scan's rounds go with the logarithm; a model that torch lacks is named."""
    with pytest.raises(EngineError, match="expected the count to be a polynomial in n"):
        catalogue("linear_recurrence_scan", "total", fused=False, far=FAR)
    with pytest.raises(EngineError, match="expected a model that exists in torch"):
        catalogue("perceptron")
