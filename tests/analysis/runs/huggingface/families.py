"""The language models of the catalogue as graphs, at the sizes that transformers builds them at."""

from __future__ import annotations

import functools
from collections.abc import Mapping

from tests.adapters import symbolic
from workspan.analysis.deriving import derive
from workspan.graphs.graph import Graph
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly

NAMES = ("gpt2", "bert", "llama", "mistral", "mamba", "jamba")
CAUSAL = ("gpt2", "llama", "mistral", "mamba", "jamba")
ATTENTIVE = ("gpt2", "llama", "mistral")
"""Causal models whose cache is keys and values only."""

MASKED = Setting(pairs="masked")


@functools.cache
def traced(name: str, a: int = 1, b: int = 1) -> Graph:
    """Trace a model with every size a symbol, the depths inside a block of a hybrid excepted."""
    return symbolic(name, **({"a": a, "b": b} if name == "jamba" else {}))


def graph_of(name: str, at: Mapping[str, int]) -> Graph:
    """Trace a model for sizes."""
    return traced(name, at.get("a", 1), at.get("b", 1))


def value(formula: Poly, at: Mapping[str, int]) -> int:
    """Evaluate a formula."""
    found: int = formula.evaluate(**{s: at[s] for s in formula.sizes})
    return found


def derived(figure: str, name: str, at: Mapping[str, int], setting: Setting | None = None) -> int:
    """Evaluate a proved figure."""
    found = derive(figure, graph_of(name, at), setting or Setting())
    assert found.grade == "proved"
    assert found.formula is not None
    return value(found.formula, at)


def contractions(
    name: str, at: Mapping[str, int], setting: Setting | None = None, figure: str = "work"
) -> int:
    """Evaluate the contractions of a proved work."""
    found = derive(figure, graph_of(name, at), setting or Setting())
    assert found.grade == "proved"
    return value(found.by_primitive["contraction"], at)
