"""The longest path that autograd recorded, against the derived span."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from itertools import pairwise

import pytest

pytest.importorskip("torch")

import torch

from tests.adapters import symbolic
from workspan.analysis.api import analyze
from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.depth import depth, longest, observe, operator, slopes
from workspan.analysis.runs.pytorch.modules import MODULES, NAMES
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly

AT = {"n": 4, "m": 3, "d": 4, "h": 2, "g": 2, "f": 3, "k": 3, "w": 3, "L": 2}
CELLS = {"rnn": 4, "lstm": 8, "gru": 9}
"""Array operations of one step that follow on each other, counted by hand: U h, + b, + W x, tanh;
after the first three an LSTM's sigmoid, product, sum, tanh, product; a GRU's U h, + b, + read,
sigmoid, product, sum, tanh, product, sum."""
STACKED = [name for name in NAMES if "L" in MODULES[name].sizes]
RECURRENT = [name for name in NAMES if name.removeprefix("bidirectional_") in CELLS]


@cache
def derived(name: str, unit: str) -> Poly:
    """Return the derived span of a model, with all sizes symbols."""
    graph = symbolic(name)
    found = analyze(graph, setting=Setting(unit=unit), figures=["span"], witnesses=["derived"])
    formula = found["span"].formula
    assert formula is not None
    return formula


def span(name: str, unit: str, at: Mapping[str, int]) -> int:
    """Evaluate the derived span."""
    formula = derived(name, unit)
    value = formula.evaluate(**{s: at[s] for s in formula.sizes})
    assert value == int(value)
    return int(value)


def own(name: str, **changes: int) -> dict[str, int]:
    """Return the sizes that a model has."""
    return {s: v for s, v in {**AT, **changes}.items() if s in MODULES[name].sizes}


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_depth_is_the_derived_span(name: str) -> None:
    """Law: in plain operators the longest recorded path is the span in unit tensor, exactly."""
    for changes in ({}, {"n": 1, "m": 1}, {"n": 8}, {"L": 1}, {"n": 5, "L": 4}):
        at = own(name, **changes)
        assert depth(name, at) == span(name, "tensor", at)


@pytest.mark.parametrize(
    ("name", "size"), [(m, s) for m in NAMES for s in "nL" if s in MODULES[m].sizes]
)
def test_slopes_are_those_of_the_derived_span(name: str, size: str) -> None:
    """Law: each step of n and of L deepens the record by as much as the derived span in tensor."""
    at = own(name)
    expected = [span(name, "tensor", {**at, size: at[size] + k}) for k in range(4)]
    differences = [b - a for a, b in pairwise(expected)]
    assert slopes(name, at, size) == differences


@pytest.mark.parametrize("name", [n for n in RECURRENT if "bidirectional" not in n])
def test_a_stack_is_a_wavefront(name: str) -> None:
    """Zhang et al. 2016: a stack of recurrent layers is c (n + L - 1) deep, the same in n and L."""
    c = CELLS[name]
    for n, layers in ((4, 1), (4, 3), (7, 2), (2, 5)):
        assert depth(name, own(name, n=n, L=layers)) == c * (n + layers - 1)
        assert span(name, "layer", own(name, n=n, L=layers)) == n + layers - 1
    assert slopes(name, own(name), "n") == slopes(name, own(name), "L") == [c] * 3


@pytest.mark.parametrize("name", [n for n in RECURRENT if "bidirectional" in n])
def test_a_bidirectional_stack_waits_for_both_ends(name: str) -> None:
    """A layer of both directions needs the whole layer below: c n L, so c L in n and c n in L."""
    c, at = CELLS[name.removeprefix("bidirectional_")], own(name)
    for n, layers in ((4, 1), (4, 3), (7, 2), (2, 5)):
        assert depth(name, own(name, n=n, L=layers)) == c * n * layers
    assert slopes(name, at, "n") == [c * at["L"]] * 3
    assert slopes(name, at, "L") == [c * at["n"]] * 3


@pytest.mark.parametrize("name", [n for n in STACKED if "attention" in n])
@pytest.mark.parametrize("fused", [False, True])
def test_attention_is_as_deep_as_it_has_layers(name: str, fused: bool) -> None:
    """Attention is c L deep whatever n, in the library's module as well.

    Projection and bias, scores, scale, softmax, mix, projection and bias: c = 8.
    """
    assert slopes(name, own(name), "n", fused=fused) == [0] * 3
    assert slopes(name, own(name), "L", fused=fused) == [8] * 3


@pytest.mark.parametrize("name", [n for n in STACKED if "bidirectional" not in n])
def test_the_modules_of_the_library_are_never_less_deep(name: str) -> None:
    """Law: nothing that the library does shortens the critical path."""
    at = own(name)
    assert depth(name, at, fused=True) >= span(name, "tensor", at)


@pytest.mark.parametrize("name", RECURRENT)
def test_the_recurrent_modules_work_layer_by_layer(name: str) -> None:
    """Torch.nn projects the inputs of a layer at once, so its own record is c n L, no wavefront.

    Its GRU computes (h - n) z + n, where Cho et al. 2014 have (1 - z) n + z h: a difference, a
    product and a sum after the candidate instead of a product and a sum.
    """
    cell = name.removeprefix("bidirectional_")
    c = CELLS[cell] + (cell == "gru")
    for n, layers in ((4, 1), (4, 3), (6, 2)):
        assert depth(name, own(name, n=n, L=layers), fused=True) == c * n * layers


def test_observations_say_what_ran() -> None:
    """An observation has the library, the subject and the unit, and none comes for other figures."""
    (found,) = observe("lstm", own("lstm"))
    assert found.value == 8 * (4 + 2 - 1)
    assert found.exact
    assert (found.figure, found.part, found.source.library) == ("span", "tensor", "torch")
    assert observe("lstm", own("lstm"), figures=("work",)) == ()


def test_an_operator_without_a_depth_is_an_error() -> None:
    """Law: what is unknown is named, never counted as zero."""
    x = torch.randn(3, 3, requires_grad=True)
    with pytest.raises(EngineError, match="LinalgInvEx"):
        longest(torch.linalg.inv(x))


def test_what_was_not_recorded_is_an_error() -> None:
    """A run without gradients leaves no graph to read, while an input alone has depth 0."""
    x = torch.randn(3, 3)
    with pytest.raises(EngineError, match="recorded nothing"):
        longest(x + x)
    assert longest(x.requires_grad_()) == 0


def test_the_longest_path_is_not_the_first() -> None:
    """Of a short and a long way to the same sum the long one counts, whichever comes first."""
    x = torch.randn(2, requires_grad=True)
    y = x.tanh().tanh().tanh()
    assert longest(x + y) == longest(y + x) == 4
    assert longest((x + y) * y) == 5


def test_a_long_chain_needs_no_recursion() -> None:
    """Law: depth is not bounded by Python's recursion limit."""
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(3000):
        y = y + x
    assert longest(y) == 3000
    assert operator(y.grad_fn) == "Add"
