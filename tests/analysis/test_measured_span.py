"""Laws of the measured span where layers differ: every layer has the weight of its own windows."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.adapters import symbolic
from workspan.analysis.measured.measure import measure, weights
from workspan.analysis.runs import run
from workspan.graphs.setting import Setting

MASKED = Setting(pairs="masked", unit="scalar")
DILATED = symbolic("dilated_convolution")

lengths, kernels, layers = st.integers(1, 12), st.integers(1, 4), st.integers(1, 3)


def sum_over(terms: int, reduction: str) -> int:
    """Return the scalar steps of a sum."""
    return math.ceil(math.log2(terms)) if reduction == "tree" else terms - 1


def by_hand(n: int, d: int, k: int, L: int, reduction: str) -> int:
    """Follow the longest path through dilated convolutions, position by position.

    A layer multiplies, sums over the d components of the slots inside the sequence, as many as its
    widest position has, and adds a bias.
    """
    done = [0] * n
    for layer in range(L):
        read = [[j for m in range(k) if (j := i - m * k**layer) >= 0] for i in range(n)]
        widest = max(len(slots) for slots in read)
        steps = 1 + sum_over(widest * d, reduction) + 1
        done = [max(done[j] for j in slots) + steps for slots in read]
    return max(done)


@settings(deadline=None, max_examples=60)
@given(lengths, st.integers(1, 3), kernels, layers, st.sampled_from(["tree", "sequential"]))
def test_layers_of_other_dilation_have_other_spans(
    n: int, d: int, k: int, L: int, reduction: str
) -> None:
    """Law: the masked span of a dilated stack is that of a brute force with windows by layer."""
    at, setting = {"n": n, "d": d, "k": k, "L": L}, MASKED.but(reduction=reduction)
    assert measure("span", DILATED, setting, at) == by_hand(n, d, k, L, reduction)


@settings(deadline=None, max_examples=25)
@given(lengths, kernels, layers)
def test_masked_spans_are_those_of_code_that_ran(n: int, k: int, L: int) -> None:
    """Law: sums being trees, the masked span of a dilated stack is that of the plain code."""
    at = {"n": n, "d": 2, "k": k, "L": L}
    found = run("dilated_convolution", sizes=at, pairs="masked")
    assert measure("span", DILATED, MASKED, at) == found.span["scalar"]


@pytest.mark.parametrize("name", ["causal_convolution", "causal_windowed_attention", "encoder"])
def test_layers_of_one_kind_weigh_the_same(name: str) -> None:
    """Law: where no relation depends on the layer, all layers of an equation have one weight."""
    at = {"n": 5, "d": 4, "h": 2, "f": 3, "k": 3, "w": 3, "L": 3}
    found: dict[str, set[int]] = {}
    for (equation, *_), steps in weights(symbolic(name), MASKED, at).items():
        found.setdefault(equation, set()).add(steps)
    assert all(len(steps) == 1 for steps in found.values())
