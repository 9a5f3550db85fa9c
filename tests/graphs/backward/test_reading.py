"""Gradients through what reads other positions: each relation, and what slots are used for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.graphs.backward.checking import SIZES, agree, agree_with_torch, draw
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph
from workspan.graphs.operations import (
    collect,
    einsum,
    elementwise,
    exp,
    gather,
    linear,
    parameter,
    rearrange,
    scan,
    softmax,
    stack,
    tanh,
    top_k,
    total,
    zeros,
)
from workspan.graphs.primitives import Reduction
from workspan.graphs.relations import Relation
from workspan.graphs.sizes import Sized, poly, power
from workspan.graphs.tracer import current
from workspan.graphs.tracing import Array, trace

RELATIONS = {
    "window": Relation.window(3),
    "centred": Relation.window(3, centred=True),
    "dilated": Relation.window(3, dilation=2),
    "dilated, centred": Relation.window(3, centred=True, dilation=2),
    "ahead": Relation(back=poly(0), ahead=poly(2)),
    "prefix": Relation.prefix(),
    "prefix, every other": Relation(back=None, ahead=poly(0), step=poly(2)),
    "suffix": Relation.suffix(),
    "all": Relation.all(),
    "block": Relation.block(2),
    "one": Relation.window(1),
}
BEFORE = Relation(back=poly(2), ahead=poly(-1))
"""Two positions before one's own: the first position reads nothing."""
BOUNDED = ("window", "centred", "dilated", "dilated, centred", "ahead", "one")


def pooled(x: Array, relation: Relation) -> Any:
    """Sum a function of what is read."""
    read = gather(x, relation)
    return total(tanh(read + parameter("bias", "d")), read.axes[0])


def attended(x: Array, relation: Relation) -> Any:
    """Attend by softmax."""
    read = gather(linear(x, "d"), relation)
    scores = einsum("i, j i -> j", x, read)
    return einsum("j, j i -> i", softmax(scores, scores.axes[0]), tanh(read))


def weighed(x: Array, relation: Relation) -> Any:
    """Attend without a softmax, by weights that outside of the sequence are not zero by themselves."""
    read = gather(x, relation)
    weights = exp(einsum("i, j i -> j", tanh(x), read))
    values = einsum("j i, o i -> j o", elementwise("sigmoid", read), parameter("w", "e", "d"))
    return einsum("j, j o -> o", weights, values)


def largest(x: Array, relation: Relation) -> Any:
    """Take the largest of what is read."""
    read = tanh(gather(x, relation))
    return current().apply("max", Reduction("max", read.axes[0].name), read)


def scaled(x: Array, relation: Relation) -> Any:
    """Multiply each head of each slot by a weight, between two functions."""
    read = tanh(einsum("j i, h i -> j h", gather(x, relation), parameter("in", "h", "d")))
    read = einsum("j h, h -> j h", read + parameter("bias", "h"), parameter("scale", "h"))
    return linear(total(tanh(read), read.axes[0]), "d")


def twice(x: Array, relation: Relation) -> Any:
    """Relate what two slots read, of the same position and of another array."""
    read, other = gather(x, relation), gather(tanh(x), Relation.prefix())
    scores = einsum("j i, k i -> j k", read, other)
    return einsum("j k, k i, j i -> i", softmax(scores, scores.axes[1]), other, read)


def itself(x: Array, relation: Relation) -> Any:
    """Relate what is read with itself."""
    read = gather(x, relation)
    scores = tanh(einsum("j i, k i -> j k", read, read))
    return einsum("j k, k i -> i", scores, read)


USES: dict[str, Callable[[Array, Relation], Any]] = {
    f.__name__: f for f in (pooled, attended, weighed, largest, scaled, twice, itself)
}


def convolved(x: Array, relation: Relation) -> Any:
    """Contract with a weight for each slot."""
    width = relation.slots("n")
    return einsum("j i, o i j -> o", tanh(gather(x, relation)), parameter("w", "d", "d", width))


def flattened(x: Array, relation: Relation) -> Any:
    """Put the slots side by side; outside of the sequence they are zeros."""
    read = elementwise("relu", gather(x, relation) + parameter("bias", "d"))
    return linear(rearrange(read, "j i -> (j i)"), "d")


def kept(x: Array, relation: Relation) -> Any:
    """Keep the largest slot of each component, as a sort does."""
    read = tanh(gather(x, relation))
    return total(top_k(read, read.axes[0], 1), "1")


def graph_of(use: Callable[[Array, Relation], Any], relation: Relation) -> Graph:
    """Trace a use of a relation."""
    return trace(lambda x: use(x, relation), name="use")


@pytest.mark.parametrize("relation", RELATIONS)
@pytest.mark.parametrize("use", USES)
def test_each_relation_is_transposed(use: str, relation: str) -> None:
    """Law: each position gets what its readers pass back, whatever is done with what they read."""
    graph = graph_of(USES[use], RELATIONS[relation])
    for n in (6, 3, 1):
        agree(graph, {**SIZES, "n": n})


@pytest.mark.parametrize("relation", BOUNDED)
@pytest.mark.parametrize("use", [convolved, flattened, kept])
def test_slots_of_windows_may_have_weights(use: Any, relation: str) -> None:
    """Law: the weight of a slot is met from the other side."""
    graph = graph_of(use, RELATIONS[relation])
    for n in (6, 3, 1):
        agree(graph, {**SIZES, "n": n})


@pytest.mark.parametrize("use", [pooled, weighed, scaled, itself, convolved, flattened])
def test_a_position_may_read_nothing(use: Any) -> None:
    """Where there is nothing to read, sums are zero and nothing is passed back."""
    for n in (4, 1):
        agree(graph_of(use, BEFORE), {**SIZES, "n": n})


@pytest.mark.parametrize("centred", [False, True])
@pytest.mark.parametrize("use", [convolved, attended, pooled])
def test_a_dilation_may_depend_on_the_layer(use: Any, centred: bool) -> None:
    """In a stack of any depth, layer l reads every 2**l-th position, and is read so."""

    def dilated(x: Array, *, L: Sized = "L") -> Any:
        def block(x: Array, l: Any) -> Array:
            found: Array = use(x, Relation.window(3, centred=centred, dilation=power(2, l)))
            return found

        return stack(block, x, L)

    for depth in ("L", 3):
        agree_with_torch(draw(trace(dilated, L=depth), {**SIZES, "n": 7}))


RELATED = st.sampled_from(sorted(RELATIONS))


@examples(60)
@given(RELATED, RELATED, st.sampled_from(sorted(USES)), st.sampled_from(sorted(USES)), st.data())
def test_relations_after_one_another(a: str, b: str, f: str, g: str, data: st.DataObject) -> None:
    """Law: readers of readers."""
    inner, outer = USES[f], USES[g]

    def chained(x: Array) -> Any:
        y = linear(inner(x, RELATIONS[a]), "d", name="between")
        return outer(tanh(y), RELATIONS[b])

    sizes = {**SIZES, "n": data.draw(st.integers(1, 6)), "d": data.draw(st.integers(1, 3))}
    agree_with_torch(draw(trace(chained), sizes))


def test_a_recurrence_may_attend_to_its_past() -> None:
    """A state that reads all states before it gets what all states after it pass back."""

    def attending(x: Array) -> Any:
        def step(h: Array, x: Array) -> tuple[Array, Array]:
            read = gather(h, Relation.prefix())
            scores = softmax(einsum("i, j i -> j", x, read), "n:prefix")
            h = tanh(linear(einsum("j, j i -> i", scores, tanh(read)), "d") + x)
            return h, h

        return scan(step, zeros("d"), x)[1]

    def convolving(x: Array) -> Any:
        def step(h: Array, x: Array) -> tuple[Array, Array]:
            read = gather(h, Relation.window(2, dilation=2))
            h = tanh(einsum("k i, o i k -> o", read, parameter("w", "d", "d", 2)) + x)
            return h, h

        return scan(step, zeros("d"), x)[1]

    for body in (attending, convolving):
        for n in (6, 2, 1):
            agree(trace(body), {**SIZES, "n": n})


def test_a_whole_sequence_may_be_read_at_once() -> None:
    """What all positions read at once gets the sum of what all of them pass back."""

    def attended(x: Array) -> Any:
        read = collect(linear(x, "d"))
        scores = softmax(einsum("i, j i -> j", x, read), "n:all")
        return einsum("j, j i -> i", scores, read) + x * total(read * read, "n:all")

    def summary(x: Array) -> Any:
        read = collect(tanh(x))
        return total(read, "n:all")

    for body in (attended, summary):
        agree(trace(body), SIZES)


@pytest.mark.parametrize("n", [1, 4, 5, 6])
def test_neighbours_may_be_pooled(n: int) -> None:
    """Each position of neighbours that do not overlap gets what the one reader of it passes back."""
    agree(graph_of(pooled, Relation.stride(2)), {**SIZES, "n": n})


ENDS = [Relation.first(2), Relation.first(4), Relation.last(), Relation.head()]


@pytest.mark.parametrize("relation", ENDS, ids=str)
@pytest.mark.parametrize("use", [*USES.values(), convolved, flattened, kept])
def test_what_all_positions_read(use: Any, relation: Relation) -> None:
    """Law: the few positions that all others read get what all of them pass back."""
    graph = graph_of(use, relation)
    for n in (6, 3, 1):
        agree(graph, {**SIZES, "n": n})


@pytest.mark.parametrize("size", [1, 2, 3, 5])
@pytest.mark.parametrize("use", [pooled, largest, scaled, itself, convolved, flattened, kept])
def test_windows_at_every_other_position(use: Any, size: int) -> None:
    """Law: each position gets what those windows pass back that it is in, if any."""
    graph = graph_of(use, Relation.stride(2, size))
    for n in (7, 6, 5):
        if use not in {largest, kept} or size > 1:  # of nothing there is no largest
            agree(graph, {**SIZES, "n": n})


def test_weights_of_windows_alone() -> None:
    """A convolution with a stride right on the input trains: nobody wants the input's gradient."""

    def strided(x: Array) -> Any:
        read = gather(x, Relation.stride(2))
        return tanh(einsum("j i, o i j -> o", read, parameter("w", "e", "d", 2)))

    graph = trace(strided)
    assert len(training(graph).outputs) == 2
    agree_with_torch(draw(graph, {**SIZES, "n": 6}, wanted=("w",)))
