"""Every primitive has a derivative rule that is tried here, or an error that names it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.graphs.backward.checking import SIZES, Draw, agree, agree_with_torch, by_graph, draw
from workspan.graphs import primitives as kinds
from workspan.graphs.backward import gradients
from workspan.graphs.execution import execute
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.operations import (
    arg_top_k,
    associative_scan,
    backwards,
    chunk,
    collect,
    concatenate,
    dropout,
    einsum,
    elementwise,
    exp,
    first,
    fourier,
    gather,
    joint_softmax,
    layer,
    linear,
    long_convolution,
    member,
    parameter,
    rearrange,
    scan,
    shift,
    softmax,
    split,
    spread_out,
    stop_gradient,
    substitute,
    tanh,
    top_k,
    total,
    zeros,
)
from workspan.graphs.primitives import MAPS, Primitive, Reduction
from workspan.graphs.primitives.base import View
from workspan.graphs.primitives.views import Source, Spread
from workspan.graphs.relations import Relation
from workspan.graphs.sizes import poly
from workspan.graphs.tables import lookup
from workspan.graphs.tracer import current
from workspan.graphs.tracing import Array, model, trace

Body = Callable[..., Any]

POSITIVE = ("log", "sqrt", "reciprocal")
"""Functions that are tried at positive numbers."""


def largest(x: Array, axis: str) -> Array:
    """Reduce by the maximum."""
    return current().apply("max", Reduction("max", axis), x)


def elman(x: Array) -> Any:
    """Recur from a start that is learned, and use where it ends."""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = tanh(linear(h, "d") + x)
        return h, h

    last, ys = scan(step, parameter("start", "d"), x)
    return ys * last


def affine(x: Array) -> Any:
    """Scan affine maps."""
    gate = tanh(linear(x, "d"))
    return associative_scan(
        lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (gate, x), identity=(1.0, 0.0)
    )[1]


@model("n")
def looked_up(numbers: Array) -> Any:
    """Look up rows of a table, some of them several times."""
    return tanh(lookup(numbers, parameter("table", "v", "d")))


def in_chunks(x: Array) -> Any:
    """Sum over chunks, and read the sum at every position of a chunk."""
    parts = tanh(chunk(x, "n"))
    return x * member(total(parts, parts.axes[0]), x, "n")


def triangular(x: Array) -> Any:
    """Solve a triangular system of pairs in blocks as long as the sequence."""
    y = rearrange(linear(tanh(x), "d"), "(h e) -> h e", h=2)
    near = gather(y, Relation.block_prefix("n"))
    return rearrange(substitute(einsum("h e, j h e -> h j", y, near), y, "n"), "h e -> (h e)") * x


def routed(x: Array) -> Any:
    """Let the two largest of several scores choose rows, and weigh them."""
    best, chosen = arg_top_k(linear(x, "e"), "e", 2)
    rows = lookup(chosen, parameter("rows", "e", "d"))
    return einsum("k, k i -> i", softmax(best, best.axes[-1]), tanh(rows))


def paired(x: Array, y: Array) -> Array:
    """Multiply all pairs of components, whose axes have one name."""
    wide = (*x.axes, *y.axes)
    left, right = (current().apply("spread", Spread(wide, (k,)), a) for k, a in enumerate((x, y)))
    return left * right


def joint(x: Array, weight: Array) -> Any:
    """Let one softmax weigh positions and rows of a weight."""
    near = gather(tanh(x), Relation.window(3))
    scores = einsum("i, j i -> j", x, near), einsum("i, e i -> e", x, weight)
    first, second = joint_softmax(*scores)
    return einsum("j, j i -> i", first, near) + einsum("e, e i -> i", second, weight)


def weighed(relation: Relation) -> Body:
    """Read by a relation: contracted, and summed over."""

    def body(x: Array) -> Any:
        near = gather(tanh(x), relation)
        scores = einsum("i, j i -> j", x, near)
        return einsum("j, j i -> i", tanh(scores), near) * x + total(near * x, near.axes[0])

    return body


BODIES: dict[str, Body] = {
    "einsum": lambda x: einsum("i, o i -> o", tanh(x), parameter("weight", "e", "d")),
    "einsum, outer": lambda x: einsum("i, j -> j i", x, tanh(x)),
    "einsum, twice the same": lambda x: einsum("i, i ->", x, x),
    "einsum, a label that only one input has": lambda x: einsum("i, j -> i", x, tanh(x)),
    "einsum, three inputs": lambda x: einsum(
        "i, o i, o -> o", x, parameter("weight", "e", "d"), parameter("scale", "e")
    ),
    "einsum, one input": lambda x: einsum("i j -> j", einsum("i, j -> i j", x, tanh(x))),
    "sum": lambda x: total(einsum("i, j -> i j", x, tanh(x)), "d"),
    "maximum": lambda x: largest(tanh(x), "d"),
    "softmax": lambda x: softmax(linear(x, "e"), "e") * parameter("scale", "e"),
    "sort": lambda x: linear(top_k(linear(x, "e"), "e", 2), "d"),
    "sort, all": lambda x: tanh(top_k(x, "d", "d")) * x,
    "gather": lambda x: total(tanh(gather(x, Relation.window(3))), "n:window(-2..0)"),
    "collect": lambda x: x * total(tanh(collect(x)), "n:all"),
    "shift": lambda x: shift(x, 2) * shift(tanh(x), -1) + shift(shift(x), -2),
    "recurrence": elman,
    "associative scan": affine,
    "fourier": lambda x: fourier(tanh(x)) * x,
    "fourier, complex": lambda x: fourier(fourier(tanh(x), x.axes[-1], found=2), given=2) * x,
    "long convolution": lambda x: long_convolution(tanh(x), linear(x, "d")) * x,
    "long convolution, backwards": lambda x: einsum(
        "j i, j i -> i", gather(tanh(x), Relation.prefix()), backwards(linear(x, "d"))
    ),
    "kernels of positions": lambda x: einsum(
        "k i, k -> i", gather(tanh(x), Relation.window(3)), softmax(linear(x, 3), "3")
    ),
    "chunks": in_chunks,
    "prefixes of blocks": lambda x: total(
        tanh(gather(x, Relation.block_prefix(2))) * x, "n:block_prefix(2)"
    ),
    "experts": routed,
    "substitution": triangular,
    "the first position": lambda x: tanh(first(x)) * x,
    "layer": layer(lambda x: x * x),
    "rename": lambda x: rearrange(tanh(rearrange(x, "(h e) -> e h", h=2)), "e h -> (h e)") * x,
    "split": lambda x: concatenate(*(tanh(p) for p in split(x, 2)[::-1])),
    "split, some parts": lambda x: tanh(split(x, 4)[1]) * split(x, 4)[3],
    "split twice": lambda x: split(x, 2)[0] * tanh(split(x, 2)[1]) + concatenate(*split(x, 4)[1:3]),
    "concatenate": lambda x: linear(concatenate(x, tanh(linear(x, "e"))), "d"),
    "concatenate, names": lambda x: rearrange(
        concatenate(*(y for y in [rearrange(x, "(h e) -> h e", h=2)] * 2)), "h e -> (h e)"
    ),
    "dropout": lambda x: dropout(tanh(x)),
    "spread, one name": lambda x: linear(total(paired(x, tanh(x)), "d"), "d"),
    "place": lambda x: spread_out(linear(tanh(collect(x)), "d"), x) * x,
    "a softmax over several": lambda x: joint(x, parameter("weight", "e", "d")),
    **{
        f"sparse, {relation}": weighed(relation)
        for relation in (
            Relation.blocks(2, back=1, ahead=-1),
            Relation.blocks(4, dilation=2),
            Relation.sinks(2, 2),
            Relation.marks(2, 1),
            Relation.scattered(2),
            Relation(back=None, ahead=poly(-1), step=poly(2)),
        )
    },
    "lookup": looked_up,
    "stop": lambda x: x * stop_gradient(tanh(x)),
}
"""For each primitive that models are written with, something that uses it."""


def graph_of(body: Body) -> Graph:
    """Trace a body."""
    return trace(body, name="body")


@pytest.mark.parametrize("name", BODIES)
def test_each_primitive_is_differentiated(name: str) -> None:
    """Torch and central differences agree, at several positions and at one."""
    graph = graph_of(BODIES[name])
    for sizes in (SIZES, {**SIZES, "n": 1}):
        if name == "stop":  # a difference sees what a stop hides
            agree_with_torch(draw(graph, sizes))
        else:
            agree(graph, sizes)


def test_every_primitive_is_tried() -> None:
    """What models are written with is used above; the rest only derivatives are written with."""
    used = {type(e.primitive) for body in BODIES.values() for e in graph_of(body)}
    known = {k for k in vars(kinds).values() if isinstance(k, type) and issubclass(k, Primitive)}
    given = {k for k in known if issubclass(k, Source)}
    only = {
        *(kinds.Slice, kinds.Flip, kinds.Turn),
        *(kinds.Inside, kinds.Unsort, kinds.Step, kinds.Scatter, kinds.Earlier, Primitive, View),
    }
    assert known - given - only == used - given


@pytest.mark.parametrize("name", MAPS)
def test_each_function_is_differentiated(name: str) -> None:
    """Every elementwise function passes gradients as torch does, or none at all."""

    def body(x: Array) -> Any:
        x = exp(x) if name in POSITIVE else x
        return elementwise(name, *(x, tanh(x) - 0.3)[: MAPS[name].arity]) + x

    if name.endswith("slope"):
        with pytest.raises(GraphError, match=r"expected a function with a derivative rule"):
            gradients(graph_of(body), ("x",))
    elif name in {"step", "half_step", "equal", "floor"}:
        chosen = draw(graph_of(body), SIZES)
        assert np.array_equal(by_graph(chosen)["x"], chosen.weights[0])
    else:
        agree(graph_of(body), SIZES)


@pytest.mark.parametrize("name", ["add", "subtract", "multiply", "divide", "maximum"])
def test_numbers_take_part_in_maps(name: str) -> None:
    """An argument that is a number, on either side, gets no gradient and scales the other's."""
    agree(
        graph_of(lambda x: elementwise(name, exp(x), 1.5) * elementwise(name, 0.5, exp(x))), SIZES
    )


def gradient_at(graph: Graph, x: Any, **sizes: int) -> Any:
    """Return the gradient of the sum of the outputs."""
    parameters: dict[str, Any] = {}
    (y,) = execute(graph, {"x": x}, parameters, **sizes)
    chosen = Draw(graph, sizes, {"x": x}, parameters, (np.ones_like(y),), ("x",))
    return by_graph(chosen)["x"]


def test_equal_largest_terms_share_a_gradient() -> None:
    """Documented ties: terms share equally, as torch.amax and torch.maximum; a rectifier has none."""
    graph = graph_of(lambda x: largest(x, "d"))
    found = gradient_at(graph, np.array([[1.0, 2.0, 2.0, 0.0]]), n=1, d=4)
    np.testing.assert_array_equal(found, [[0.0, 0.5, 0.5, 0.0]])
    both = graph_of(lambda x: elementwise("maximum", x, 2.0))
    np.testing.assert_array_equal(
        gradient_at(both, np.array([[1.0, 2.0, 3.0]]), n=1, d=3), [[0, 0.5, 1]]
    )
    relu = graph_of(lambda x: elementwise("relu", x))
    np.testing.assert_array_equal(
        gradient_at(relu, np.array([[-1.0, 0.0, 3.0]]), n=1, d=3), [[0, 0, 1]]
    )


def test_sorting_returns_each_gradient_to_its_key() -> None:
    """Of the two largest keys each gets its own; all others get nothing."""
    graph = graph_of(lambda x: top_k(x, "d", 2) * parameter("scale", 2))
    x, scale = np.array([[3.0, 7.0, 1.0, 5.0]]), {"scale": np.array([10.0, 20.0])}
    chosen = Draw(graph, {"n": 1, "d": 4}, {"x": x}, scale, (np.ones((1, 2)),), ("x", "scale"))
    found = by_graph(chosen)
    np.testing.assert_array_equal(found["x"], [[0.0, 10.0, 0.0, 20.0]])
    np.testing.assert_array_equal(found["scale"], [7.0, 5.0])


def test_axes_of_one_name_are_told_apart() -> None:
    """A state with two axes of the same size, gated along one of them."""

    def body(x: Array) -> Any:
        key, gate = tanh(linear(x, "d", name="key")), tanh(linear(x, "d", name="gate"))

        def step(state: Array, inputs: Any) -> tuple[Array, Array]:
            key, gate, x = inputs
            state = state * gate + einsum("i, j -> i j", key, x)
            return state, einsum("i j, i -> j", state, key) + total(state, "d")

        return scan(step, zeros("d", "d"), (key, gate, x))[1]

    agree(graph_of(body), SIZES)


def test_parts_of_axes_keep_their_names() -> None:
    """An axis that is split again has the name it had when its gradients are added up."""

    def body(x: Array) -> Any:
        parts = rearrange(tanh(x), "(h e) -> h e", h=2)
        again = rearrange(parts, "h (p q) -> h q p", q=2)
        return rearrange(tanh(again), "h q p -> (p h q)") * rearrange(tanh(parts), "h e -> (h e)")

    agree(graph_of(body), SIZES)


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (
            lambda x: einsum("i i -> i", einsum("i, j -> i j", x, x)),
            r"einsum_2: expected different labels in each part of 'i i -> i', to differentiate",
        ),
        (
            lambda x: associative_scan(
                lambda a, b: einsum("i j, j k -> i k", b, a),
                rearrange(linear(x, 4), "(i j) -> i j", i=2),
                identity=(1.0,),
            ),
            "associative_scan: expected a scan over components at the same index, to "
            "differentiate it, got contraction",
        ),
        (
            lambda x: einsum("j, j i -> i", parameter("weight", 2), gather(x, Relation.block(2))),
            r"expected a slot axis for j of .*, to differentiate",
        ),
    ],
)
def test_what_has_no_rule_is_named(body: Body, message: str) -> None:
    """An operation without a derivative rule is one line that names it."""
    with pytest.raises(GraphError, match=message):
        gradients(graph_of(body), ("x",))


def test_a_primitive_without_a_rule_is_named() -> None:
    """A new primitive has no derivative until somebody writes one."""

    class Mystery(kinds.Flip):
        name = "mystery"
        pullback = Primitive.pullback

    graph = graph_of(lambda x: current().apply("odd", Mystery(0), x))
    with pytest.raises(
        GraphError, match=r"odd: expected a derivative rule for mystery, it has none"
    ):
        gradients(graph, ("x",))


def test_no_gradient_to_be_found_is_an_error() -> None:
    """What no gradient reaches is named, and nothing is returned in its place."""
    graph = graph_of(lambda x: elementwise("step", x))
    with pytest.raises(GraphError, match="expected a gradient to reach x, none does"):
        gradients(graph, ("x",))
