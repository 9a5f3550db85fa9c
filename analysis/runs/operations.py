"""Array operations of the plain implementations, on numbers and on counted scalars alike.

One operation here is one array operation: every element of its result lies one step in unit
tensor after what that element reads. Arithmetic operators on arrays need no function of their
own. Arithmetic on plain numbers is not seen: what shall count is wrapped by `lift`.

>>> contract("td,ed->te", np.eye(2), np.array([[1.0, 2.0]])).tolist()
[[1.0], [2.0]]
>>> softmax(np.zeros((1, 4)), axis=-1).tolist()
[[0.25, 0.25, 0.25, 0.25]]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .counting import Counted, active, advance, apply, at_once, combine, fold, sum_of_products
from .errors import ArgumentError
from .rules import UNARY, rule

Array = NDArray[Any]
Fold = Callable[[Sequence[Counted]], Sequence[Counted]]


def is_counted(*arrays: Array) -> bool:
    """Say whether any of the arrays holds counted scalars."""
    return any(np.asarray(array).dtype == object for array in arrays)


def lift(x: Array | float) -> Array:
    """Return an array of counted scalars; numbers in it become constants of depth 0."""
    counted = np.frompyfunc(lambda v: v if isinstance(v, Counted) else Counted(float(v)), 1, 1)
    return np.asarray(counted(x), dtype=object)


def contract(pattern: str, a: Array, b: Array) -> Array:
    """Multiply two arrays and sum over the letters that the result lacks, as `numpy.einsum`.

    Parameters
    ----------
    pattern : str
        Letters of both operands and of the result, such as `"td,ed->te"`.
    a, b : Array
        The operands.
    """
    left, right, out, summed = _letters(pattern)
    if not is_counted(a, b):
        return np.asarray(np.einsum(pattern, a, b))
    order = out + summed
    sizes = dict(zip(left + right, a.shape + b.shape, strict=True))
    shape = tuple(sizes[letter] for letter in order)
    rows = tuple(
        np.broadcast_to(_aligned(lift(x), letters, order), shape).reshape(-1, *shape[len(out) :])
        for x, letters in ((a, left), (b, right))
    )
    result = np.empty(len(rows[0]), dtype=object)
    for i, (p, q) in enumerate(zip(*rows, strict=True)):
        result[i] = advance(sum_of_products(list(p.flat), list(q.flat)), tensor=active().step)
    return result.reshape(shape[: len(out)])


def _letters(pattern: str) -> tuple[str, str, str, str]:
    operands, arrow, out = pattern.partition("->")
    left, comma, right = operands.partition(",")
    read = dict.fromkeys(left + right)
    summed = "".join(letter for letter in read if letter not in out)
    distinct = all(len(set(part)) == len(part) for part in (left, right, out))
    letters = (left + right).isalpha() and set(out) <= set(read)
    if not (arrow and comma and letters and distinct and summed):
        raise ArgumentError(
            "expected a pattern like 'td,ed->te' with a letter to sum over, "
            f"got pattern={pattern!r} (a product without a sum is written with *)"
        )
    return left, right, out, summed


def _aligned(x: Array, letters: str, order: str) -> Array:
    present = [letter for letter in order if letter in letters]
    x = x.transpose([letters.index(letter) for letter in present])
    return x.reshape([x.shape[present.index(c)] if c in letters else 1 for c in order])


def linear(x: Array, weight: Array, bias: Array) -> Array:
    """Apply a linear map to every position: x [n, d], weight [e, d], bias [e] to [n, e]."""
    return np.asarray(contract("td,ed->te", x, weight) + bias)


def elementwise(kind: str, x: Array) -> Array:
    """Apply an operation of `rules.UNARY` to every element."""
    if not is_counted(x):
        return np.asarray(rule(UNARY, kind)(x))
    step = np.frompyfunc(lambda v: apply(kind, v, tensor=1), 1, 1)
    return np.asarray(step(lift(x)), dtype=object)


def exp(x: Array) -> Array:
    """Apply the exponential function to every element."""
    return elementwise("exp", x)


def tanh(x: Array) -> Array:
    """Apply the hyperbolic tangent to every element."""
    return elementwise("tanh", x)


def sigmoid(x: Array) -> Array:
    """Apply the logistic function to every element."""
    return elementwise("sigmoid", x)


def relu(x: Array) -> Array:
    """Replace negative elements by zero."""
    return elementwise("relu", x)


def gelu(x: Array) -> Array:
    """Apply x Φ(x) to every element, Φ the normal distribution function."""
    return elementwise("gelu", x)


def tanh_gelu(x: Array) -> Array:
    """Apply x Φ(x) to every element, Φ approximated by a hyperbolic tangent."""
    return elementwise("tanh_gelu", x)


def silu(x: Array) -> Array:
    """Multiply every element by its logistic function."""
    return elementwise("silu", x)


def softplus(x: Array) -> Array:
    """Apply log(1 + exp(x)) to every element."""
    return elementwise("softplus", x)


def sqrt(x: Array) -> Array:
    """Apply the square root to every element."""
    return elementwise("sqrt", x)


def total(x: Array, *, axis: int) -> Array:
    """Sum over one axis of m elements: m - 1 operations for each result."""
    return _along(x, axis, lambda row: [fold("add", row)])[..., 0] if is_counted(x) else x.sum(axis)


def maximum(x: Array, *, axis: int) -> Array:
    """Take the maximum over one axis of m elements: m - 1 operations for each result."""
    return _along(x, axis, lambda row: [fold("max", row)])[..., 0] if is_counted(x) else x.max(axis)


def larger(a: Array, b: Array) -> Array:
    """Take the larger of two arrays' elements."""
    if not is_counted(a, b):
        return np.asarray(np.maximum(a, b))
    step = np.frompyfunc(lambda p, q: combine("max", p, q, tensor=1), 2, 1)
    return np.asarray(step(lift(a), lift(b)), dtype=object)


def mean(x: Array, *, axis: int) -> Array:
    """Average over one axis: a sum, then one division, so two steps in unit tensor."""
    return np.asarray(total(x, axis=axis) / float(x.shape[axis]))


def softmax(x: Array, *, axis: int) -> Array:
    """Normalise exponentials over one axis of m elements, stably: 5m - 2 operations.

    The maximum (m - 1) is subtracted (m) before the exponential (m); a sum (m - 1) and a division
    (m) follow.
    """
    if is_counted(x):
        return np.moveaxis(_along(x, axis, _softmax), -1, axis)
    exponentials = np.exp(x - x.max(axis, keepdims=True))
    return np.asarray(exponentials / exponentials.sum(axis, keepdims=True))


def _softmax(row: Sequence[Counted]) -> Sequence[Counted]:
    top = fold("max", row)
    exponentials = [apply("exp", combine("sub", x, top)) for x in row]
    norm = fold("add", exponentials)
    return [combine("div", x, norm) for x in exponentials]


def _along(x: Array, axis: int, function: Fold) -> Array:
    """Replace each row along `axis`, moved to the end, by what `function` makes of it."""
    rows = np.moveaxis(lift(x), axis, -1)
    flat = [function(at_once(list(row))) for row in rows.reshape(-1, rows.shape[-1])]
    result = np.empty((len(flat), len(flat[0])), dtype=object)
    for i, row in enumerate(flat):
        result[i] = [advance(element, tensor=active().step) for element in row]
    return result.reshape(*rows.shape[:-1], -1)


def where(condition: NDArray[np.bool_], x: Array, constant: float) -> Array:
    """Choose `x` where the condition holds and a constant elsewhere; free."""
    return np.where(condition, x, lift(constant) if is_counted(x) else constant)


def zeros(shape: tuple[int, ...], *, like: Array) -> Array:
    """Return zeros that count like any value where `like` counts; free."""
    blank = np.zeros(shape)
    return lift(blank) if is_counted(like) else blank
