"""Folding: layers are found whoever wrote them, and the folded graph unrolls to the written one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import workspan as ws
from tests.adapters import TYPICAL
from tests.examples import examples
from workspan.graphs.folding import Folding, fold
from workspan.graphs.graph import Equation, Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.models.attention import multi_head
from workspan.graphs.primitives import Final, Shift
from workspan.graphs.relations import Relation
from workspan.testing import Block, Chain, Scan, Stack, layers, models, sizes

DEPTH = 8


def _attended(x: Any, memory: Any = None) -> Any:
    memory = x if memory is None else memory
    return ws.layer(lambda x, y: multi_head(x, y, Relation.all(), 1))(x, memory)


def in_a_loop(x: Any) -> Any:
    """Layers written in a plain loop, without any stack."""
    for _ in range(DEPTH):
        x = ws.layer_norm(x + _attended(x))
    return x


def weights_first(x: Any) -> Any:
    """The weights of all layers, and then the layers."""
    weights = [ws.parameter(f"w{k}", "d", "d") for k in range(DEPTH)]
    for w in weights:
        x = ws.tanh(ws.einsum("i, o i -> o", x, w))
    return x


def cells_in_a_step(x: Any) -> Any:
    """All layers of a recurrent network inside one step along the sequence."""

    def step(states: Any, x: Any) -> tuple[Any, Any]:
        new = []
        for h in states:
            x = ws.tanh(ws.linear(x, "d") + ws.linear(h, "d"))
            new.append(x)
        return tuple(new), x

    return ws.scan(step, tuple(ws.zeros("d") for _ in range(DEPTH)), x)[1]


def deep_step(x: Any) -> Any:
    """A recurrence whose step is deep: the last layer feeds the first one of the next step."""

    def step(h: Any, x: Any) -> tuple[Any, Any]:
        h = h + x
        for _ in range(DEPTH):
            h = ws.tanh(ws.linear(h, "d"))
        return h, h

    return ws.scan(step, ws.zeros("d"), x)[1]


def shared_weights(x: Any) -> Any:
    """One weight for all layers (Lan et al. 2020)."""
    w = ws.parameter("w", "d", "d")
    for _ in range(DEPTH):
        x = x + ws.tanh(ws.einsum("i, o i -> o", x, w))
    return x


def all_added(x: Any) -> Any:
    """What all layers put out, added up: two arrays are carried."""
    total = x
    for _ in range(DEPTH):
        x = ws.tanh(ws.linear(x, "d"))
        total = total + x
    return total


def two_stacks(x: Any) -> Any:
    """A stack that reads what another one put out."""
    memory = x
    for _ in range(DEPTH):
        memory = ws.layer_norm(memory + _attended(memory))
    for _ in range(DEPTH):
        x = ws.layer_norm(x + _attended(x))
        x = ws.layer_norm(x + _attended(x, memory))
    return x


def read_in_the_middle(x: Any) -> Any:
    """The fourth of twelve layers is read after the last one: eight come after it."""
    early = x
    for k in range(DEPTH + 4):
        x = ws.tanh(ws.linear(x, "d"))
        early = x if k == 3 else early
    return x + early


WRITTEN: Mapping[Callable[..., Any], int] = {
    in_a_loop: DEPTH,
    weights_first: DEPTH,
    cells_in_a_step: DEPTH,
    deep_step: DEPTH,
    shared_weights: DEPTH,
    all_added: DEPTH,
    two_stacks: DEPTH,
    read_in_the_middle: DEPTH,
}
"""Models that people write, and how many layers of them are folded."""


def folded(graph: Graph, fewest: int = 4) -> Folding:
    """Fold a graph that has layers."""
    folding = fold(graph, fewest=fewest)
    assert folding is not None
    return folding


def _unrolled(graph: Graph, at: Mapping[str, int]) -> tuple[set[Any], set[Any]]:
    unrolled = ws.unroll(graph, **at)
    return set(unrolled.nodes), set(unrolled.edges)


def _written(folding: Folding, at: Mapping[str, int]) -> tuple[set[Any], set[Any]]:
    """Unroll a folded graph, drop its views along the layers, and name nodes as they were."""
    graph, axis = folding.graph, folding.axis
    unrolled = ws.unroll(graph, **at, **{axis: folding.depth})

    def is_view(equation: Equation) -> bool:
        primitive = equation.primitive
        return isinstance(primitive, Shift | Final) and primitive.axis == axis

    def seen(node: Any) -> Any:
        """Return what a view shows, under its old name."""
        equation = graph[node[0]]
        if is_view(equation):
            (source,) = unrolled.predecessors(node)
            return seen(source)
        if not equation.has(axis):
            return node
        place = 1 + [a.name for a in equation.positions].index(axis)
        return (folding.layers[node[0]][node[place]], *node[1:place], *node[place + 1 :])

    computed = [node for node in unrolled if not is_view(graph[node[0]])]
    edges = {(seen(s), seen(node)) for node in computed for s in unrolled.predecessors(node)}
    return {seen(node) for node in computed}, edges


def _foldings(graph: Graph, fewest: int) -> Iterator[tuple[Graph, Folding]]:
    """Fold again and again."""
    folding = fold(graph, fewest=fewest)
    while folding is not None:
        yield graph, folding
        graph = folding.graph
        folding = fold(graph, fewest=fewest)


@pytest.mark.parametrize("function", WRITTEN, ids=lambda f: f.__name__)
def test_layers_are_found_whoever_wrote_them(function: Callable[..., Any]) -> None:
    """Law: a model with repeated layers is folded, and unrolls to what was written."""
    found = list(_foldings(ws.trace(function), 4))
    assert [f.depth for _, f in found][:1] == [WRITTEN[function]]
    depths: dict[str, int] = {}
    for graph, folding in found:
        at = {"n": 3, "d": 2, **depths}
        assert _written(folding, at) == _unrolled(graph, at)
        depths[folding.axis] = folding.depth


def test_both_of_two_stacks_are_folded() -> None:
    """Law: a graph is folded again until nothing repeats, each time along an axis of its own."""
    found = [f for _, f in _foldings(ws.trace(two_stacks), 4)]
    assert [f.axis for f in found] == ["K", "K2"]
    assert {a.name for a in found[-1].graph.axes.values()} == {"n", "K", "K2"}


COMPOSED: st.SearchStrategy[Block] = st.builds(
    lambda before, body, depth, written, after: Chain(
        *before, *([Stack(body, depth)] if written else [body] * depth), *after
    ),
    st.lists(layers(), max_size=1),
    models(deepest=2),
    st.integers(2, 5),
    st.booleans(),
    st.lists(layers(), max_size=1),
)
"""Layers in a stack of a number or one after another, between others."""


@examples(80)
@given(st.data(), COMPOSED)
def test_a_folded_graph_unrolls_to_the_written_one(data: st.DataObject, model: Block) -> None:
    """Law: the same nodes and the same edges, views along the layers and names apart."""
    depths: dict[str, int] = {}
    at = data.draw(sizes(model.graph, longest=4))
    for graph, folding in _foldings(model.graph, 2):
        assert len(folding.graph) < len(graph) + 2 * len(folding.layers)
        assert _written(folding, {**at, **depths}) == _unrolled(graph, {**at, **depths})
        depths[folding.axis] = folding.depth


@pytest.mark.parametrize("name", TYPICAL)
def test_the_catalogue_folds(name: str) -> None:
    """Law: a stack of the catalogue is folded to one layer, unless its layers differ."""
    function = CATALOGUE[name]
    if "L" not in (function.__kwdefaults__ or {}):
        assert fold(ws.trace(function)) is None
        return
    found = {d: fold(ws.trace(function, L=d)) for d in (8, 24)}
    if name in {"dilated_convolution", "dilated_rnn", "tcn", "wavenet", "bytenet"}:
        assert found == {8: None, 24: None}
        return
    own = 1 if name.startswith(("bidirectional", "awd")) else 0  # one layer has other widths
    if name in {"global_windowed_attention", "big_bird", "star_transformer"}:
        own = 1  # the last layer makes no rows
    assert {d: f.depth + own for d, f in found.items() if f is not None} == {8: 8, 24: 24}
    if name in {"transformer", "t5"}:  # encoder and decoder are two stacks
        found = {d: f and fold(f.graph) for d, f in found.items()}
    assert len({len(f.graph) for f in found.values() if f is not None}) == 1


def test_what_does_not_repeat_is_not_folded() -> None:
    """Law: layers that differ, or that are read one by one from outside, stay as they are."""

    def scaled(x: Any) -> Any:
        for k in range(DEPTH):
            x = 1.0 / (k + 1) * ws.tanh(x)
        return x

    def skipping(x: Any) -> Any:
        kept = []
        for _ in range(DEPTH):
            x = ws.tanh(ws.linear(x, "d"))
            kept.append(x)
        for k in reversed(kept):
            x = ws.sigmoid(ws.linear(x + k, "d"))
        return x

    def two_before(x: Any) -> Any:
        a = b = x
        for _ in range(DEPTH):
            a, b = ws.tanh(a) + b, a
        return a

    for function in (scaled, skipping, two_before):
        assert fold(ws.trace(function)) is None


def test_a_taken_name_is_not_used_again() -> None:
    """Law: the axis has a name that no size and no axis of the graph has."""

    def model(x: Any, *, L: Any = DEPTH) -> Any:
        return ws.stack(lambda x: ws.tanh(ws.linear(x, "d")), x, L)

    folding = fold(ws.trace(model, d="K"))
    assert folding is not None
    assert folding.axis == "K2"


def test_a_folded_graph_is_traced_again_with_its_layers_folded() -> None:
    """Law: the loops of a folded graph are the folded graph of the loops."""
    graph = Stack(Scan(), DEPTH).graph
    folding, looped = fold(graph), fold(graph.looped)
    assert folding is not None
    assert looped is not None
    assert folding.graph.looped == looped.graph
    assert folding.graph.of("associative_scan")
    assert not folding.graph.looped.of("associative_scan")
