"""The measured witness against plain code that ran: where they are equal, and where they differ.

The graph's node is a whole vector at one position, the plain code's a scalar. A vector is done when
its last component is, so the graph's depths are never less; they are equal wherever a sum waits
for all its terms at once. Shortest paths take the nearest component, so in unit scalar the plain
code's are shorter: a term that enters a sum late passes fewer additions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest

from tests.adapters import HEAVY, runnable, symbolic
from workspan.analysis.measured.measure import measure
from workspan.analysis.measured.paths import reach
from workspan.analysis.runs import PLAIN, RunResult, run
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting

SIZES: tuple[Mapping[str, int], ...] = (
    {"n": 1, "m": 1, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 1},
    {"n": 2, "m": 5, "d": 4, "h": 2, "g": 2, "f": 5, "k": 3, "w": 3, "L": 2},
    {"n": 5, "m": 3, "d": 4, "h": 4, "g": 2, "f": 8, "k": 3, "w": 5, "L": 2},
    {"n": 8, "m": 4, "d": 6, "h": 2, "g": 2, "f": 4, "k": 2, "w": 3, "L": 3},
)
ODD = ("convolution", "separable_convolution")
SCAN = "linear_recurrence_scan"


def cases(name: str) -> Iterator[Mapping[str, int]]:
    """Yield sizes that the model has: odd kernels, and one layer where it does not stack."""
    for at in SIZES[:3] if name in HEAVY else SIZES:
        changes = {"k": at["k"] | 1} if name in ODD else {}
        layers = 1 if name == "cross_attention" else at["L"]
        yield runnable(name, {**at, **changes, "L": layers})


@cache
def graph_of(name: str) -> Graph:
    """Trace a model once."""
    return symbolic(name)


@cache
def ran(name: str, at: tuple[tuple[str, int], ...], pairs: str, reduction: str) -> RunResult:
    """Run a plain implementation once."""
    return run(name, sizes=dict(at), pairs=pairs, reduction=reduction)


def result(name: str, at: Mapping[str, int], pairs: str = "dense", reduction: str = "tree") -> Any:
    """Return what a plain implementation showed."""
    return ran(name, tuple(sorted(at.items())), pairs, reduction)


def full(at: Mapping[str, int], name: str) -> bool:
    """Whether some position has all slots of every window inside the sequence."""
    if name == "dilated_convolution":
        dilation: int = at["k"] ** (at["L"] - 1)
        return at["n"] > (at["k"] - 1) * dilation
    if name in {"tcn", "wavenet"}:
        return at["n"] > (at["k"] - 1) * 2 ** (at["L"] - 1)
    width = at["w"] if "windowed" in name else at["k"] if "convolution" in name else 1
    return at["n"] >= width


@pytest.mark.parametrize("name", PLAIN)
def test_params_and_dense_work(name: str) -> None:
    """Law: parameters and dense work are those that the plain code has and does."""
    for at in cases(name):
        for mac in (1, 2):
            found = run(name, sizes=at, mac=mac)
            for figure, expected in (("params", found.params), ("work", found.work)):
                assert measure(figure, graph_of(name), Setting(mac=mac), at) == expected


@pytest.mark.parametrize("name", PLAIN)
def test_masked_work(name: str) -> None:
    """Law: masked work is what the plain code does when it computes allowed pairs only."""
    for at in cases(name):
        expected = result(name, at, "masked").work
        assert measure("work", graph_of(name), Setting(pairs="masked"), at) == expected


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("unit", ["layer", "tensor"])
def test_span_and_path_in_steps(name: str, unit: str) -> None:
    """Law: span and path length in units layer and tensor are those of the plain code.

    A round of a scan is atomic in the graph, so that unit tensor agrees for whole rounds only.
    """
    for at in cases(name):
        if name == SCAN and unit == "tensor" and at["n"] & (at["n"] - 1):
            continue
        setting, found = Setting(unit=unit), result(name, at)
        assert measure("span", graph_of(name), setting, at) == found.span[unit]
        assert measure("path_length", graph_of(name), setting, at) == found.path_length[unit]


@pytest.mark.parametrize("name", PLAIN)
def test_scalar_span_with_trees(name: str) -> None:
    """Law: at fan-in two, sums as trees, spans are equal where every window fits once."""
    for at in cases(name):
        if full(at, name) and not (name == SCAN and at["n"] & (at["n"] - 1)):
            span = measure("span", graph_of(name), Setting(unit="scalar"), at)
            assert span == result(name, at).span["scalar"]


@pytest.mark.parametrize("name", PLAIN)
@pytest.mark.parametrize("reduction", ["tree", "sequential"])
@pytest.mark.parametrize("pairs", ["dense", "masked"])
def test_vectors_are_never_done_before_their_scalars(name: str, reduction: str, pairs: str) -> None:
    """Law: in unit scalar the graph's span and path length are at least the plain code's."""
    setting = Setting(unit="scalar", reduction=reduction, pairs=pairs)
    for at in cases(name):
        found = result(name, at, pairs, reduction)
        span, path = (measure(f, graph_of(name), setting, at) for f in ("span", "path_length"))
        assert span is not None
        assert path is not None
        assert span >= found.span["scalar"]
        assert path >= found.path_length["scalar"]


@pytest.mark.parametrize("name", PLAIN)
def test_dependence(name: str) -> None:
    """Law: an output position depends on the positions that reach it in the graph.

    The first coefficient of a linear recurrence multiplies no state in the scan's plain code, while
    the graph combines elements as wholes.
    """
    for at in cases(name):
        found = reach(graph_of(name), at)
        pairs = {
            (source, j, i)
            for source, column in found.items()
            for i, bits in enumerate(column)
            for j in range(bits.bit_length())
            if bits >> j & 1
        }
        extra = {("a", 0, i) for i in range(at["n"])}
        depends = result(name, at).depends
        assert pairs - (extra if name == SCAN else set()) == depends
        assert depends <= pairs


@pytest.mark.parametrize("name", PLAIN)
def test_receptive_field(name: str) -> None:
    """Law: the receptive field is the largest set that an output of the plain code depends on."""
    for at in cases(name):
        assert (
            measure("receptive_field", graph_of(name), Setting(), at)
            == result(name, at).receptive_field
        )
