"""Gradients of recurrences and stacks: what is carried, where it starts, and where it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from tests.graphs.backward.checking import SIZES, agree, agree_with_torch, draw
from workspan.graphs.operations import (
    associative_scan,
    collect,
    concatenate,
    einsum,
    elementwise,
    exp,
    layer,
    linear,
    mean,
    parameter,
    scan,
    split,
    stack,
    tanh,
    zeros,
)
from workspan.graphs.sizes import Sized
from workspan.graphs.tracing import Array, trace

Body = Callable[..., Any]


def both(x: Any) -> tuple[Any, Any]:
    """Carry a value on and put it out."""
    return x, x


def complex_state(x: Array, *, reverse: bool = False) -> Any:
    """A linear recurrence of complex numbers, in real and imaginary parts."""
    a, b = parameter("a", "d"), parameter("b", "d")

    def step(carry: Any, x: Array) -> Any:
        r, i = carry
        r, i = a * r - b * i + x, a * i + b * r
        return (r, i), r * i

    (r, i), y = scan(step, (zeros("d"), parameter("start", "d")), x, reverse=reverse)
    return y + r - 2.0 * i


def delay_line(x: Array, *, reverse: bool = False) -> Any:
    """A state of second order: what was carried is carried on."""

    def step(carry: Any, x: Array) -> Any:
        a, b = carry
        new = tanh(a * b + x + b)
        return (new, a), new

    starts = (parameter("a", "d"), parameter("b", "d"))
    (a, b), y = scan(step, starts, x, reverse=reverse)
    return y + b * a


def constant_carry(x: Array, *, reverse: bool = False) -> Any:
    """A component that is carried on as it is."""

    def step(carry: Any, x: Array) -> Any:
        a, b = carry
        new = tanh(a + b + x)
        return (new, b), new

    (a, b), y = scan(step, (zeros("d"), parameter("b", "d")), x, reverse=reverse)
    return y + a * b


def twin_carries(x: Array, *, reverse: bool = False) -> Any:
    """Two carries with the same values from the same start, each read at its end."""
    start = zeros("d")

    def step(carry: Any, x: Array) -> Any:
        a, b = carry
        new = tanh(a + 2.0 * b + x)
        return (new, new), new

    (a, b), y = scan(step, (start, start), x, reverse=reverse)
    return y + a * tanh(y) + 3.0 * b


def end_alone(x: Array, *, reverse: bool = False) -> Any:
    """Only the value after the last step is read."""
    end, _ = scan(lambda h, x: both(tanh(linear(h, "d") + x)), zeros("d"), x, reverse=reverse)
    return x * end


def last_component(x: Array, *, reverse: bool = False) -> Any:
    """Nothing is carried: the end is the last element of the sequence."""
    end, y = scan(lambda h, x: (tanh(x), x), zeros("d"), x, reverse=reverse)
    return y * end


def start_from_an_end(x: Array, *, reverse: bool = False) -> Any:
    """One recurrence starts where another has ended."""
    first, y = scan(lambda h, x: both(tanh(h + x)), zeros("d"), x, reverse=not reverse)
    end, y = scan(lambda h, y: both(tanh(linear(h, "d") * y)), first, y, reverse=reverse)
    return y + end


def through_a_step(x: Array, *, reverse: bool = False) -> Any:
    """What is carried is read through a function that passes no gradient, and at its end."""

    def step(h: Array, x: Array) -> Any:
        return both(tanh(elementwise("step", h) + linear(x, "d")))

    end, y = scan(step, zeros("d"), x, reverse=reverse)
    return y + end


def carried_but_unused(x: Array, *, reverse: bool = False) -> Any:
    """A carry depends on the state, and no output on it."""

    def step(carry: Any, x: Array) -> Any:
        a, b = carry
        return (tanh(a + x), a * b), tanh(a) * x

    return scan(step, (zeros("d"), parameter("b", "d")), x, reverse=reverse)[1]


def two_directions(x: Array, *, reverse: bool = False) -> Any:
    """Both directions, side by side."""
    _, ahead = scan(lambda h, x: both(tanh(h * x + x)), zeros("d"), x)
    _, back = scan(lambda h, x: both(tanh(linear(h, "d") + x)), zeros("d"), ahead, reverse=True)
    return concatenate(ahead, back)


RECURRENCES: dict[str, Body] = {
    f.__name__: f
    for f in (
        *(complex_state, delay_line, constant_carry, twin_carries, end_alone, last_component),
        *(start_from_an_end, through_a_step, carried_but_unused, two_directions),
    )
}


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("name", RECURRENCES)
def test_recurrences_are_differentiated(name: str, reverse: bool) -> None:
    """Law: the adjoint recurs the other way, from the end; one step is start and end at once."""
    graph = trace(lambda x: RECURRENCES[name](x, reverse=reverse))
    for n in (5, 2, 1):
        agree(graph, {**SIZES, "n": n})


@pytest.mark.parametrize("name", RECURRENCES)
def test_recurrences_in_stacks_are_differentiated(name: str) -> None:
    """Law: the same in each layer of a stack of any depth, with parameters for each layer."""
    block = layer(RECURRENCES[name])

    def stacked(x: Array, *, L: Sized = "L") -> Any:
        return stack(lambda x: linear(block(x), "d", name="out"), x, L)

    for depth in ("L", 2):
        agree_with_torch(draw(trace(stacked, L=depth), SIZES))
    agree_with_torch(draw(trace(stacked, L="L"), {**SIZES, "L": 1, "n": 1}))


def shared_weights(x: Array, *, L: Sized = "L") -> Any:
    """All layers have the same weights."""
    weight = parameter("weight", "d", "d")
    return stack(lambda y: tanh(einsum("i, o i -> o", y, weight)), x, L)


def input_to_all(x: Array, *, L: Sized = "L") -> Any:
    """Every layer reads the input of the stack as well."""
    memory = tanh(linear(x, "d", name="memory"))
    return stack(lambda y: tanh(linear(y, "d")) * memory, memory, L)


def layers_alone(x: Array, *, L: Sized = "L") -> Any:
    """No layer reads the one before: only the last one matters."""
    return stack(lambda y: tanh(linear(x, "d")), x, L)


def stacks_in_a_row(x: Array, *, L: Sized = "L") -> Any:
    """One stack after another, of the same depth."""
    x = stack(lambda y: tanh(linear(y, "d")), x, L)
    return stack(lambda y: y * tanh(linear(y, "d")), x, L, name="other")


def stacks_inside(x: Array, *, L: Sized = "L", k: Sized = "k") -> Any:
    """A stack in every layer of a stack."""
    return stack(lambda y: stack(lambda z: tanh(linear(z, "d")) + y, y, k), x, L)


def pair_of_carries(x: Array, *, L: Sized = "L") -> Any:
    """Two arrays go through the layers, and one of them becomes the other."""
    block = lambda c: (tanh(linear(c[0], "d") + c[1]), c[0] * c[1])  # noqa: E731
    a, b = stack(block, (x, tanh(x)), L)
    return a + b


def stack_in_a_recurrence(x: Array, *, L: Sized = "L") -> Any:
    """Every step along the sequence goes through a stack."""

    def step(h: Array, x: Array) -> Any:
        return both(stack(lambda h: tanh(linear(h, "d") + x), h, L))

    return scan(step, zeros("d"), x)[1]


def normed_by_all(x: Array, *, L: Sized = "L") -> Any:
    """Every layer reads a mean over all positions of the input."""
    centre = mean(collect(tanh(linear(x, "d", name="centre"))), "n:all")
    return stack(lambda y: tanh(linear(y, "d") - centre), x, L)


STACKS: dict[str, Body] = {
    f.__name__: f
    for f in (
        *(shared_weights, input_to_all, layers_alone, stacks_in_a_row, stacks_inside),
        *(pair_of_carries, stack_in_a_recurrence, normed_by_all),
    )
}


@pytest.mark.parametrize("name", STACKS)
def test_stacks_are_differentiated(name: str) -> None:
    """Law: a stack is climbed down; what all layers read gets the sum of what they pass back."""
    for depth in ("L", 1, 3):
        graph = trace(STACKS[name], L=depth)
        for layers, n in ((3, 5), (1, 1), (2, 2)):
            agree(graph, {**SIZES, "L": layers, "n": n})


def add(a: Array, b: Array) -> Array:
    """Cumulative sums."""
    return a + b


def halves(a: Array, b: Array) -> Array:
    """Cumulative sums, with numbers that cancel."""
    return (a * 2.0 + b * 2.0) / 2.0


def log_sum_exp(a: Array, b: Array) -> Array:
    """Cumulative sums of exponentials, by their logarithms."""
    return elementwise("log", exp(a) + exp(b))


def larger(a: Array, b: Array) -> Array:
    """Cumulative maxima."""
    return elementwise("maximum", a, b)


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize(
    ("combine", "neutral"), [(add, 0.0), (halves, 0.0), (log_sum_exp, -1e3), (larger, -1e3)]
)
def test_prefixes_of_one_array_are_differentiated(
    combine: Any, neutral: float, reverse: bool
) -> None:
    """Law: the adjoint of a scan is a scan the other way."""
    graph = trace(lambda x: associative_scan(combine, tanh(x), (neutral,), reverse=reverse))
    for n in (7, 4, 2, 1):
        agree(graph, {**SIZES, "n": n})


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("outputs", [(0,), (1,), (2, 3), (0, 1, 2, 3)])
def test_prefixes_of_coupled_arrays_are_differentiated(
    outputs: tuple[int, ...], reverse: bool
) -> None:
    """Law: complex affine maps, with a gradient for some of the four components or for all."""

    def combine(early: Any, late: Any) -> Any:
        (ar, ai, xr, xi), (br, bi, yr, yi) = early, late
        real, imaginary = ar * br - ai * bi, ar * bi + ai * br
        return real, imaginary, br * xr - bi * xi + yr, br * xi + bi * xr + yi

    def scanned(x: Array) -> Any:
        elements = split(tanh(linear(x, 4)), 4)
        found = associative_scan(combine, elements, (1.0, 0.0, 0.0, 0.0), reverse=reverse)
        return tuple(tanh(found[k]) for k in outputs)

    for n in (6, 2, 1):
        agree(trace(scanned), {**SIZES, "n": n})


def test_a_scan_of_layers_is_differentiated() -> None:
    """Gates for each layer of a stack, one of them the same at all positions of the features."""

    def scanned(x: Array, *, L: Sized = "L") -> Any:
        def block(x: Array) -> Array:
            gate = elementwise("sigmoid", linear(x, "d"))
            found: Array = associative_scan(
                lambda a, b: (a[0] * b[0], b[0] * a[1] + b[1]), (gate, x), (1.0, 0.0)
            )[1]
            return found

        return stack(block, x, L)

    for depth in ("L", 2):
        agree_with_torch(draw(trace(scanned, L=depth), SIZES))


EXPRESSIONS = st.recursive(
    st.sampled_from(["a", "b", "x"]),
    lambda inner: (
        st.tuples(st.sampled_from(["add", "multiply", "maximum", "subtract"]), inner, inner)
        | st.tuples(st.sampled_from(["tanh", "step", "linear", "sin"]), inner)
    ),
    max_leaves=5,
)


def written(expression: Any, values: dict[str, Array]) -> Array:
    """Write an expression down."""
    if isinstance(expression, str):
        return values[expression]
    function, *arguments = expression
    arrays = [written(e, values) for e in arguments]
    return (
        linear(arrays[0], "d", name="w") if function == "linear" else elementwise(function, *arrays)
    )


@examples(80)
@given(EXPRESSIONS, EXPRESSIONS, EXPRESSIONS, st.booleans(), st.sampled_from(["L", 2]), st.data())
def test_cells_that_nobody_wrote_are_differentiated(
    a: Any, b: Any, y: Any, reverse: bool, depth: Sized, data: st.DataObject
) -> None:
    """Law: two carries, any expressions for them and for the output, ends read or not."""
    ends = data.draw(st.sampled_from([(), (0,), (1,), (0, 1)]))

    def step(carry: Any, x: Array) -> Any:
        values = {"a": carry[0], "b": carry[1], "x": x}
        new = (written(a, values), written(b, values))
        return new, written(y, {"a": new[0], "b": new[1], "x": x})

    def cell(x: Array, *, L: Sized = depth) -> Any:
        def block(x: Array) -> Array:
            last, y = scan(step, (parameter("s", "d"), zeros("d")), tanh(x), reverse=reverse)
            for k in ends:
                y = y + x * last[k]
            return y

        return stack(layer(block), x, L)

    n, layers = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 3))
    agree_with_torch(draw(trace(cell), {"n": n, "d": 2, "L": layers}))
