"""Random models for tests: layers that recur, attend, convolve or shift, one after another."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hypothesis import strategies as st

from workspan.graphs.graph import Graph
from workspan.graphs.models.attention import multi_head
from workspan.graphs.models.convolution import convolve
from workspan.graphs.models.recurrent import elman, gated_unit
from workspan.graphs.models.transformer import position_wise
from workspan.graphs.operations import associative_scan, layer, linear, shift
from workspan.graphs.relations import Relation
from workspan.graphs.tracing import Array, trace

Block = Callable[[Array], Any]


def _attention(relation: Relation) -> Block:
    return layer(lambda x: multi_head(x, x, relation, 1))


def _scan(x: Array) -> Any:
    def combine(early: Any, late: Any) -> Any:
        return early[0] * late[0], late[0] * early[1] + late[1]

    return associative_scan(combine, (linear(x, "d"), x), identity=(1.0, 0.0))[1]


CAUSAL: Mapping[str, Block] = {
    "elman": layer(lambda x: elman(x, "d")),
    "gated": layer(lambda x: gated_unit(x, "d")),
    "prefix": _attention(Relation.prefix()),
    "window": _attention(Relation.window(3)),
    "dilated": lambda x: convolve(x, Relation.window(2, dilation=2), 2),
    "scan": layer(_scan),
    "shift": layer(shift),
    "position": lambda x: position_wise(x, 3),
}
"""Blocks that look back only."""

BLOCKS: Mapping[str, Block] = {
    **CAUSAL,
    "backward": layer(lambda x: elman(x, "d", reverse=True)),
    "both": layer(lambda x: elman(x, "d") + elman(x, "d", reverse=True)),
    "full": _attention(Relation.all()),
    "centred": lambda x: convolve(x, Relation.window(3, centred=True), 3),
    "ahead": layer(lambda x: shift(x, -1)),
}
"""All blocks, all from d components to d."""


def compose(*names: str, residual: bool = False) -> Graph:
    """Trace blocks one after another, each with its input added if ``residual``."""

    def model(x: Array) -> Any:
        for name in names:
            y = BLOCKS[name](x)
            x = x + y if residual else y
        return x

    return trace(model, name=" ".join(names))


def models(blocks: Mapping[str, Block] = BLOCKS, *, most: int = 3) -> st.SearchStrategy[Graph]:
    """Draw a composition of one to ``most`` blocks."""
    names = st.lists(st.sampled_from(sorted(blocks)), min_size=1, max_size=most)
    return st.builds(lambda n, r: compose(*n, residual=r), names, st.booleans())


def sizes(most: int = 6) -> st.SearchStrategy[dict[str, int]]:
    """Draw a length and a width."""
    return st.fixed_dictionaries({"n": st.integers(1, most), "d": st.integers(1, 3)})
