"""Tracing: what is no model says why, with the equation, the axis and the sizes."""

from __future__ import annotations

from typing import Any

import networkx as nx
import pytest

import workspan as ws
from workspan.graphs.graph import Equation, Graph, GraphError, Read
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import elementwise
from workspan.graphs.primitives import Map
from workspan.graphs.relations import Relation
from workspan.graphs.schedule import loop_axes, steps
from workspan.graphs.tracing import sizes_of


def test_a_recurrence_is_a_cycle_over_time_and_attention_is_none() -> None:
    """The two paradigms are visible in the graph: only a recurrence loops along the sequence."""
    assert any("n" in axes for axes in loop_axes(ws.trace(CATALOGUE["lstm"])).values())
    assert not any("n" in axes for axes in loop_axes(ws.trace(CATALOGUE["attention"])).values())
    assert any("L" in axes for axes in loop_axes(ws.trace(CATALOGUE["attention"], L="L")).values())


def test_input_projections_leave_the_loop() -> None:
    """Only what depends on the state loops: an LSTM's input projection does not."""
    graph = ws.trace(CATALOGUE["lstm"])
    looping = {name for name, axes in loop_axes(graph).items() if "n" in axes}
    projections = [e for e in graph if e.primitive.name == "contraction"]
    assert [p.name in looping for p in projections] == [False, True]


def test_the_reduced_graph_is_a_multidigraph_with_relations() -> None:
    """An edge runs from what is read to what reads, and says which positions."""
    graph = ws.trace(CATALOGUE["causal_attention"])
    assert isinstance(graph.reduced, nx.MultiDiGraph)
    relations = {str(d["relation"]) for _, _, d in graph.reduced.edges(data=True)}
    assert relations == {"same", "prefix"}


def test_a_cycle_without_a_positive_shift_names_itself() -> None:
    """Two equations that read each other in place cannot be computed."""
    axis = ws.trace(CATALOGUE["rnn"])["x"].positions
    a = Equation("a", Map("tanh", (None,)), (Read("b"),), axis)
    b = Equation("b", Map("tanh", (None,)), (Read("a"),), axis)
    with pytest.raises(
        GraphError,
        match=r"expected every cycle to cross a positive shift.*(a -> b -> a|b -> a -> b)",
    ):
        steps(Graph("loop", {"a": a, "b": b}, (), ("a",), {}))


def test_a_cycle_over_all_positions_is_refused() -> None:
    """A state that reads every position of itself has no order of evaluation."""

    def impossible(x: Any) -> Any:
        def step(h: Any, x: Any) -> tuple[Any, Any]:
            seen = ws.gather(h, Relation.all())
            h = ws.tanh(ws.total(seen, seen.axes[0]) + x)
            return h, h

        return ws.scan(step, ws.zeros("d"), x)[1]

    with pytest.raises(GraphError, match="positive shift"):
        ws.trace(impossible)


def _fails(function: Any, **sizes: Any) -> str:
    with pytest.raises(GraphError) as error:
        ws.trace(function, **sizes)
    return str(error.value)


def test_sizes_that_do_not_match_are_named() -> None:
    """The error names the equation, the label and the two sizes."""
    message = _fails(lambda x: ws.einsum("i, o i -> o", x, ws.parameter("weight", "f", "k")))
    assert "einsum" in message
    assert "label i" in message
    assert "d and k" in message


def test_a_carry_that_changes_its_axes_is_refused() -> None:
    """A state must have the same axes after every step."""

    def widening(x: Any) -> Any:
        return ws.scan(lambda h, x: (ws.linear(h, "f"), x), ws.zeros("d"), x)[1]

    assert "expected a carry with axes (d), got (f)" in _fails(widening)


def test_heads_that_do_not_divide_are_refused() -> None:
    """Numbers that leave a rest are an error when the model is traced."""
    message = _fails(CATALOGUE["attention"], d=512, h=7)
    assert "7" in message
    assert "512" in message


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (lambda x: 3, "expected <lambda> to return an array"),
        (lambda x: x if x else None, "does not depend on values"),
        (lambda: 1, "expected a model that takes 1 arrays"),
        (lambda x: ws.softmax(x, "nothing"), "expected an axis of (d), got nothing"),
        (
            lambda x: elementwise("tanh", "x"),  # type: ignore[arg-type]
            "expected arrays or numbers for tanh, got str",
        ),
        (lambda x: ws.rearrange(x, "(h e) -> h e"), "expected a size for h or e"),
        (3, "expected a model function, got int"),
    ],
)
def test_what_is_no_model_says_why(function: Any, said: str) -> None:
    """One clear line for each way to get a model wrong."""
    assert said in _fails(function)


@pytest.mark.parametrize("value", [0, -3])
def test_sizes_are_positive(value: int) -> None:
    """A size of zero or less is refused when the model is traced."""
    assert "expected d to be a whole number of at least 1" in _fails(CATALOGUE["lstm"], d=value)


def test_operations_outside_a_model_say_so() -> None:
    """The vocabulary needs a model that is being traced."""
    with pytest.raises(GraphError, match="inside a model that is being traced"):
        ws.zeros("d")


def test_an_unknown_elementwise_function_is_named() -> None:
    """No operation without a rule: an unknown function is an error, not a zero."""
    with pytest.raises(GraphError, match=r"expected an elementwise function of .*, got erfinv"):
        Map("erfinv", (None,))


def test_every_operation_has_a_name_of_its_own() -> None:
    """Work is broken down by the names of what computes; views that hold constants share one."""
    from workspan.graphs import primitives

    found = [getattr(primitives, name) for name in primitives.__all__]
    named: list[Any] = [p for p in found if isinstance(p, type) and hasattr(p, "name")]
    computing = [p.name for p in named if not issubclass(p, primitives.View)]
    assert len(computing) == len(set(computing)) >= 7
    assert len({p.name for p in named}) >= 18


def test_a_size_that_a_model_does_not_have_is_refused() -> None:
    """A size is a keyword of the model or an axis of its inputs; the error lists those it has."""
    message = _fails(CATALOGUE["cross_attention"], L=4)
    assert message == "expected a size of cross_attention (n, d, m, h), got L=4"
    assert "got widht=3" in _fails(CATALOGUE["lstm"], widht=3)
    assert sizes_of(CATALOGUE["encoder"]) == ("n", "d", "h", "f", "L")


def test_a_graph_is_traced_again_with_the_sizes_that_its_model_has() -> None:
    """Law: to trace a graph again at a size that its model lacks changes nothing."""
    graph = ws.trace(CATALOGUE["cross_attention"])
    assert graph.source is not None
    assert graph.source(L=4) == graph.source() == graph
    deeper = graph.source(L=4, stacked=3)
    assert len(deeper.of("parameter")) == 3 * len(graph.of("parameter"))


def test_models_that_lack_a_size_are_compared_at_it() -> None:
    """Law: a size that only some of the models have is used for those."""
    compared = ws.compare(
        ["cross_attention", "lstm"], at=[{"n": 4, "d": 2, "L": 2}], figures=["params"]
    )
    (cross,), (lstm,) = (a["params"].values for a in compared.analyses)
    assert "L" not in cross.at
    assert lstm.at == {"L": 2, "d": 2, "n": 4}
    assert lstm.derived == lstm.measured == 2 * (8 * 2**2 + 8 * 2)


def test_names_of_layers_in_a_loop_are_numbered_without_gaps() -> None:
    """Law: the k-th equation of a name has the number k, whatever was tried and dropped between."""

    def deep(x: Any) -> Any:
        for _ in range(5):
            x = ws.stack(ws.tanh, x, 2, name="pair")
        return x

    names = [e.name for e in ws.trace(deep) if e.primitive.name == "map"]
    numbers = ("", "_2", "_3", "_4", "_5")
    assert names == [f"pair.{l}.tanh{k}" for k in numbers for l in (0, 1)]


def test_an_output_without_axes_is_no_input() -> None:
    """A single number is a result like any other, but no layer can be put on top of it."""

    def number(x: Any) -> Any:
        everywhere = ws.collect(x)
        return ws.total(ws.total(everywhere, everywhere.axes[0]), "d")

    graph = ws.trace(number)
    assert graph[graph.outputs[0]].domain == ()
    assert not graph.stackable


def test_layers_of_layers_have_the_outer_axis_first() -> None:
    """Law: inside nested stacks every equation has the position axes in one order."""

    def nested(x: Any, *, L: Any = "L", k: Any = "k") -> Any:
        return ws.stack(
            lambda x: ws.tanh(ws.stack(lambda y: ws.linear(y, "d"), ws.sigmoid(x), k)), x, L
        )

    orders = {tuple(a.name for a in e.positions) for e in ws.trace(nested) if len(e.positions) > 1}
    assert orders == {("L", "n"), ("L", "k"), ("L", "k", "n")}
