"""What tests of figures of a schedule share: sizes, settings, and attention that keeps its scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeAlias

from tests.adapters import WORDS
from workspan.graphs.graph import Graph
from workspan.graphs.operations import einsum, gather, layer, linear, rearrange, recompute, root
from workspan.graphs.operations import softmax as normalized
from workspan.graphs.relations import Relation
from workspan.graphs.sizes import Number, Poly, Sized
from workspan.graphs.tracing import Array, model, trace

Sizes: TypeAlias = Mapping[str, int]

MODES = ("encode", "train")
PAIRS = ("dense", "masked")
AT = [
    {"n": 5, "m": 4, "d": 8, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 3, **WORDS},
    {"n": 2, "m": 1, "d": 16, "h": 4, "g": 2, "f": 40, "k": 5, "w": 5, "L": 2, **WORDS},
]


def value(formula: Poly, at: Sizes) -> Number:
    """Return the value of a formula at those of the sizes that it has."""
    found: Number = formula.evaluate(**{s: at[s] for s in formula.sizes})
    return found


def naive_and_fused_attention() -> tuple[Graph, Graph]:
    """Return attention that keeps its scores for the backward pass, and one that computes them again."""
    return _attention(_core), _attention(recompute(_core))


def _attention(core: Any) -> Graph:
    @model("n d")
    @layer
    def attention(x: Array, *, h: Sized = "h") -> Array:
        d = x.axes[-1].extent
        q, k, v = (
            rearrange(linear(x, d, name=name), "(h e) -> h e", h=h) for name in ("q", "k", "v")
        )
        return linear(rearrange(core(q, k, v), "h e -> (h e)"), d, name="out")

    return trace(attention)


def _core(q: Array, k: Array, v: Array) -> Array:
    k, v = gather(k, Relation.all()), gather(v, Relation.all())
    scores = einsum("h e, j h e -> h j", q, k) / root(q.axes[-1].extent)
    return einsum("h j, j h e -> h e", normalized(scores, scores.axes[-1]), v)
