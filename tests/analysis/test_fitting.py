"""Fitted formulas hold where nobody looked: one chunk, heads of any number, sizes never sampled."""

from __future__ import annotations

import pytest

from tests.adapters import symbolic
from workspan.analysis.deriving import derive
from workspan.analysis.fitting import fit
from workspan.analysis.measured.measure import measure
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import fourier, split
from workspan.graphs.setting import Setting
from workspan.graphs.tracing import trace

SIZES = (
    {"n": 12, "c": 12, "d": 12, "h": 1},
    {"n": 10, "c": 2, "d": 30, "h": 5},
    {"n": 18, "c": 9, "d": 12, "h": 3},
)


@pytest.mark.parametrize("unit", ["layer", "tensor", "scalar"])
@pytest.mark.parametrize("name", ["retnet_chunked", "ssd_chunked", "delta_net_chunked"])
def test_chunked_models_are_measured_where_they_are_fitted(name: str, unit: str) -> None:
    """Law: a fit that fails where a sequence is one chunk, or heads are odd, is not kept."""
    graph, setting = symbolic(name, L=1), Setting(unit=unit)
    found = derive("span", graph, setting)
    if found.formula is None:
        assert found.reason
        return
    for sizes in SIZES:
        at = {s: {**sizes, "s": 3}[s] for s in graph.free_sizes}
        value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert value == measure("span", graph, setting, at), at


def test_sizes_that_are_added_up_one_by_one_are_not_fitted_by_logarithms() -> None:
    """Law: a size that was tried at two values only is fitted by anything, and so by what is wrong."""
    graph = trace(lambda x: fourier(CATALOGUE["linformer"](x, r="r")), name="mixed")
    setting = Setting(unit="scalar", reduction="sequential")
    found = derive("path_length", graph, setting)
    if found.formula is None:
        assert found.reason
        return
    for r in (2, 3, 5):
        at = {"n": 9, "d": 3, "r": r}
        value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert value == measure("path_length", graph, setting, at), at


def test_a_model_at_none_of_the_sizes_that_are_tried_is_not_fitted() -> None:
    """Law: where nothing is measured, or nothing held out, there is a reason and no formula."""
    graph = trace(lambda x: split(x, 61)[0], name="parts")
    found = fit("span", graph, Setting(), "no proof")
    assert found.formula is None
    assert found.reason == "no proof; no small sizes were found that fit each other"
