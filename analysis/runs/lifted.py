"""NumPy arrays of counted scalars, so that a plain NumPy function counts while it runs.

Functions of NumPy that compute go to this package's operations, which have rules for counting;
those that move values run as they are; any other is refused by name, since what is not counted
would be taken for free.

>>> from .counting import counting
>>> x = lifted(np.arange(6.0).reshape(2, 3))
>>> with counting() as tally:
...     y = np.exp(x @ np.ones((3, 2))) / 2.0
>>> y.shape, tally.multiply_adds, dict(tally.other), y[0, 0].tensor
((2, 2), 12, {'exp': 4, 'div': 4}, 3)
>>> with counting():
...     y = np.sort(x)
Traceback (most recent call last):
    ...
workspan.analysis.runs.errors.NoRuleError: expected an operation with a counting rule, got numpy.sort

A value that is compared, or turned into a plain number, is no longer counted; both are refused.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import logistic, operations
from .counting import Counted, combine
from .errors import NoRuleError
from .products import contraction, product

Array = NDArray[Any]


class CountedArray(np.ndarray[Any, Any]):
    """An array whose elements are counted scalars; plain numbers that enter become constants."""

    step: logistic.Part | None = None
    """The step of a logistic function that this is."""
    part: logistic.Part | None = None
    """The same, or the step that this is a view of."""

    literal: bool = False
    """Whether it has been made of plain numbers and nothing counted has been written into it."""

    def __array_finalize__(self, source: Any) -> None:
        self.part = getattr(source, "part", None)
        self.literal = getattr(source, "literal", False)

    def __setitem__(self, index: Any, value: Any) -> None:
        self.literal = self.literal and _all_literal(value)
        super().__setitem__(_plain(index), operations.lift(_bare(value)))

    def __getitem__(self, index: Any) -> Any:
        return super().__getitem__(_plain(index))

    def __array_ufunc__(
        self, ufunc: Any, method: str, *inputs: Any, out: Any = None, **options: Any
    ) -> Any:
        if _all_literal((*inputs, *(out or ()))):
            found = getattr(ufunc, method)(*map(_plain, inputs), **options)
            return _into(out, literal(found))
        if method == "__call__" and ufunc in _UFUNCS and not options:
            return _into(out, _UFUNCS[ufunc](*inputs))
        if method == "reduce" and ufunc in _REDUCTIONS:
            return _into(out, _reduced(_REDUCTIONS[ufunc], *inputs, **options))
        raise refusal(ufunc.__name__ if method == "__call__" else f"{ufunc.__name__}.{method}")

    def __array_function__(self, function: Any, types: Any, arguments: Any, options: Any) -> Any:
        if _all_literal((arguments, *options.values())):
            plain = {name: _plain(x) for name, x in options.items()}
            return literal(function(*_plain(arguments), **plain))
        if function in _FUNCTIONS:
            return _FUNCTIONS[function](*arguments, **options)
        if function.__name__ not in MOVES:
            raise refusal(f"numpy.{function.__name__}")
        moved = super().__array_function__(function, types, arguments, dict(options))
        return _again(moved)

    # NumPy writes out these methods for arrays of any kind, without asking the functions above.
    sum: Any = lambda x, axis=None, **options: _reduced(operations.total, x, axis, **options)
    max: Any = lambda x, axis=None, **options: _reduced(operations.maximum, x, axis, **options)
    mean: Any = lambda x, axis=None, **options: _mean(x, axis, **options)
    var: Any = lambda x, axis=None, **options: _variance(x, axis, **options)
    astype: Any = lambda x, kind, *_, **options: _converted(x, kind)
    dot: Any = lambda x, other: _matmul(x, other)


def lifted(x: Any) -> CountedArray:
    """Return an array of counted scalars for `numpy` to compute on."""
    return operations.lift(_bare(x)).view(CountedArray)


def refusal(name: str) -> NoRuleError:
    """Return the error that names an operation without a rule."""
    return NoRuleError(f"expected an operation with a counting rule, got {name}")


def _bare(x: Any) -> Any:
    return x.view(np.ndarray) if isinstance(x, CountedArray) else x


def literal(x: Any) -> Any:
    """Return an array of constants that were plain numbers; anything else as it is."""
    if isinstance(x, list | tuple):
        return type(x)(map(literal, x))
    if not isinstance(x, np.ndarray) or x.dtype.kind != "f":
        return x
    found = lifted(x)
    found.literal = True
    return found


def _plain(x: Any) -> Any:
    """Return plain numbers for arrays that were made of them, and anything else as it is."""
    if isinstance(x, list | tuple):
        return type(x)(map(_plain, x))
    if isinstance(x, CountedArray) and x.literal:
        return np.vectorize(lambda element: element.value, otypes=[np.float64])(_bare(x))
    return x


def _all_literal(x: Any) -> bool:
    """Whether nothing in nested lists counts: then it is known beforehand, and computed for free."""
    if isinstance(x, list | tuple):
        return all(map(_all_literal, x))
    if isinstance(x, np.ndarray) and x.dtype == object:
        return getattr(x, "literal", False)
    return not isinstance(x, Counted)


def _again(x: Any) -> Any:
    """Wrap what a function of NumPy returned."""
    if isinstance(x, (list, tuple)):
        return type(x)(map(_again, x))
    return lifted(x) if isinstance(x, np.ndarray) and x.dtype == object else x


def _element(x: Array) -> Any:
    """Return an array, or its one element if it has no axes."""
    found = lifted(x)
    return found if found.ndim else found[()]


def _into(out: Any, result: Any) -> Any:
    """Write into an array where the call named one, as `x += y` does."""
    if out is None:
        return result
    if not isinstance(out[0], CountedArray):
        raise refusal("an array of plain numbers to write into")
    out[0][...] = result
    return out[0]


def _read(*arrays: Any) -> None:
    """Note that arrays are read by something else than the next step of a logistic function."""
    for array in arrays:
        if isinstance(array, CountedArray) and array.part is not None:
            array.part.read()


def _unary(kind: str) -> Callable[[Any], Any]:
    def apply(x: Any) -> Any:
        _read(x)
        return _element(operations.elementwise(kind, _bare(x)))

    return apply


def _binary(kind: str) -> Callable[[Any, Any], Any]:
    step = np.frompyfunc(lambda a, b: combine(kind, a, b, tensor=1), 2, 1)

    def apply(a: Any, b: Any) -> Any:
        _read(a, b)
        return _element(step(operations.lift(_bare(a)), operations.lift(_bare(b))))

    return apply


def _negative(x: Any) -> Any:
    return _stepped(_unary("neg")(x), logistic.starts(x) if np.ndim(x) else None)


def _next(kind: str, compute: Callable[..., Any]) -> Callable[..., Any]:
    """Return an operation that may be the next step of a logistic function."""

    def apply(*operands: Any) -> Any:
        before = logistic.follows(kind, *operands)
        if before is None:
            return compute(*operands)
        if kind == "div" and logistic.folds(before):
            return lifted(before.fold())
        if kind == "div":
            return compute(*operands)
        own = logistic.Part(kind, before.x, before)
        return _stepped(compute(*map(_bare, operands)), own)

    return apply


def _stepped(result: Any, part: logistic.Part | None) -> Any:
    if part is not None:
        result.step = result.part = part
    return result


def _power(x: Any, exponent: Any) -> Any:
    if np.ndim(exponent) == 0 and exponent == 2:
        return _binary("mul")(x, x)
    if np.ndim(exponent) == 0 and exponent == 0.5:
        return _unary("sqrt")(x)
    raise refusal(f"power {exponent}" if np.ndim(exponent) == 0 else "power")


def _matmul(a: Any, b: Any) -> Any:
    _read(a, b)
    return _element(product(operations.lift(_bare(a)), operations.lift(_bare(b))))


def _einsum(pattern: Any, *operands: Any, **options: Any) -> Any:
    if not isinstance(pattern, str) or set(options) - {"optimize"}:
        raise refusal("numpy.einsum without a pattern, or with options")
    _read(*operands)
    return _element(contraction(pattern, *(operations.lift(_bare(x)) for x in operands)))


def _reduced(
    fold: Callable[..., Array], x: Any, axis: Any = None, *, keepdims: bool = False, **options: Any
) -> Any:
    """Reduce over some axes by one operation along all of them together."""
    chosen = {k: v for k, v in options.items() if v is not None and v is not np._NoValue}
    if set(chosen) - {"dtype", "out", "ddof"}:
        raise refusal(f"a reduction with {sorted(chosen)[0]}")
    if "out" in chosen:
        raise refusal("a reduction with out")
    _read(x)
    array = operations.lift(_bare(x))
    axes = range(array.ndim) if axis is None else np.atleast_1d(axis).tolist()
    axes = sorted({k % array.ndim for k in axes}) if array.ndim else []
    kept = [k for k in range(array.ndim) if k not in axes]
    rows = array.transpose([*kept, *axes]).reshape(*(array.shape[k] for k in kept), -1)
    found = fold(rows, axis=-1)
    if keepdims:
        found = found.reshape([1 if k in axes else s for k, s in enumerate(array.shape)])
    return _element(found)


def _mean(x: Any, axis: Any = None, **options: Any) -> Any:
    """Sum, then divide once."""
    summed = _reduced(operations.total, x, axis, **options)
    return summed / float(np.size(x) // max(np.size(summed), 1))


def _converted(x: Any, kind: Any) -> Any:
    """Keep counted scalars, which are as precise as they get."""
    if np.dtype(kind).kind != "f":
        raise refusal(f"astype {np.dtype(kind)}")
    return x.copy()


def _variance(x: Any, axis: Any = None, **options: Any) -> Any:
    """Average the squared differences from the mean."""
    if options.get("ddof"):
        raise refusal("numpy.var with ddof")
    centred = x - _mean(x, axis, keepdims=True)
    return _mean(centred * centred, axis, **options)


def _where(condition: Any, *choices: Any) -> Any:
    if isinstance(condition, CountedArray) or len(choices) != 2:
        raise refusal("numpy.where on what the function computes")
    _read(*choices)
    return _element(np.where(condition, *(operations.lift(_bare(x)) for x in choices)))


def _full_like(x: Any, fill: Any, dtype: Any = None, *, shape: Any = None, **_: Any) -> Any:
    """Return an array of constants in the shape of another; of truth values, a plain one."""
    filled = np.full(np.shape(x) if shape is None else shape, fill, dtype)
    return filled if filled.dtype == bool else lifted(filled)


def _filled(value: float) -> Callable[..., Any]:
    return lambda x, dtype=None, **options: _full_like(x, value, dtype, **options)


def _of(method: str) -> Callable[..., Any]:
    return lambda x, *arguments, **options: getattr(lifted(x), method)(*arguments, **options)


_UFUNCS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.add: _next("add", _binary("add")),
        np.subtract: _binary("sub"),
        np.multiply: _binary("mul"),
        np.divide: _next("div", _binary("div")),
        np.maximum: _binary("max"),
        np.negative: _negative,
        np.exp: _next("exp", _unary("exp")),
        np.tanh: _unary("tanh"),
        np.sqrt: _unary("sqrt"),
        np.square: lambda x: _binary("mul")(x, x),
        np.power: _power,
        np.matmul: _matmul,
    }
)
_REDUCTIONS: Mapping[Any, Callable[..., Array]] = MappingProxyType(
    {np.add: operations.total, np.maximum: operations.maximum}
)
_FUNCTIONS: Mapping[Any, Callable[..., Any]] = MappingProxyType(
    {
        np.einsum: _einsum,
        np.dot: _matmul,
        np.where: _where,
        np.sum: _of("sum"),
        np.max: _of("max"),
        np.mean: _of("mean"),
        np.var: _variance,
        np.zeros_like: _filled(0.0),
        np.empty_like: _filled(0.0),
        np.ones_like: _filled(1.0),
        np.full_like: _full_like,
    }
)
MOVES = frozenset(
    [
        "append",
        "array_split",
        "atleast_1d",
        "atleast_2d",
        "atleast_3d",
        "broadcast_arrays",
        "broadcast_to",
        "column_stack",
        "concatenate",
        "copy",
        "copyto",
        "delete",
        "diagonal",
        "dsplit",
        "dstack",
        "expand_dims",
        "flip",
        "fliplr",
        "flipud",
        "hsplit",
        "hstack",
        "insert",
        "moveaxis",
        "ndim",
        "pad",
        "ravel",
        "repeat",
        "reshape",
        "roll",
        "rollaxis",
        "rot90",
        "shape",
        "size",
        "sliding_window_view",
        "split",
        "squeeze",
        "stack",
        "swapaxes",
        "take",
        "take_along_axis",
        "tile",
        "transpose",
        "tril",
        "triu",
        "vsplit",
        "vstack",
    ]
)
"""Functions of NumPy that move values and compute none."""
