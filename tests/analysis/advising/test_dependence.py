"""Laws of dependence: what does not reach an output does not change it, in the whole catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import WORDS, fitting, symbolic
from tests.compositions import models, sizes
from tests.examples import examples
from workspan.analysis.advising.dependence import dependence
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import tanh
from workspan.graphs.primitives import View
from workspan.graphs.tracing import trace

AT = {**WORDS, "n": 5, "m": 4, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 1}
CHOOSING = {"lsh_attention"}
"""Models in which a position attends to those of its bucket, which the values choose."""


@pytest.mark.parametrize("name", CATALOGUE)
def test_only_what_reaches_an_output_changes_it(name: str) -> None:
    """Law: what does not reach an output leaves it as it is, to the last bit; what does changes it.

    All that does not reach is replaced at once; what does, one position after another, unless its
    path carries nothing, or a choice hides it.
    """
    graph = symbolic(name)
    at = {s: v for s, v in fitting(name, AT).items() if s in graph.free_sizes}
    found = dependence(graph, {**dict.fromkeys(graph.free_sizes, 4), **at})
    assert found.changed == ()
    assert found.untouched > 0
    assert bool(found.silent) == (name in CHOOSING)


@given(models(), sizes(), st.integers(0, 99))
@examples(12)
def test_the_same_of_random_models(graph: Graph, at: Mapping[str, int], seed: int) -> None:
    """Law: it holds of any composition of layers that recur, attend, convolve or shift."""
    assert dependence(graph, at, seed=seed).holds


@dataclass(frozen=True, slots=True)
class Leak(View):
    """Claims to compute at one position, and takes the position before as well."""

    name: ClassVar[str] = "leak"

    def features(self, *inputs: Any) -> Any:
        """Return those of the input."""
        return inputs[0]

    def run(self, frame: Any, site: Any, arrays: Sequence[Any]) -> Any:
        """Add the position before."""
        return arrays[0] + np.roll(arrays[0], 1, axis=0)


def test_an_operation_that_hides_a_read_is_caught() -> None:
    """An operation that takes another position than its graph says changes what it must not."""
    graph = trace(lambda x: tanh(x), name="model")
    (name,) = (e.name for e in graph.of("map"))
    false = replace(
        graph, equations={**graph.equations, name: replace(graph[name], primitive=Leak())}
    )
    assert dependence(graph, {"n": 4, "d": 2}).holds
    found = dependence(false, {"n": 4, "d": 2})
    assert not found.holds
    assert found.changed == (0, 1, 2, 3)
