"""NumPy as a user's function sees it while it is counted: arrays that it makes can hold what counts.

An array made by ``numpy.zeros`` holds plain numbers, so that nothing counted could be written into
it. While a function is counted, the names of NumPy in its module therefore make arrays of counted
constants; all else is NumPy's own.

>>> def doubled(x):
...     found = np.zeros(x.shape)
...     for t in range(len(x)):
...         found[t] = 2 * x[t]
...     return found
>>> with counting() as tally, seen_by(doubled):
...     y = doubled(lifted(np.ones((3, 2))))
>>> type(y).__name__, dict(tally.other)
('CountedArray', {'mul': 6})
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from .counting import Counted, counting
from .lifted import CountedArray, lifted, literal

__all__ = ["counting", "lifted", "seen_by"]


def _made(make: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes an array of constants; of whole numbers, as NumPy makes it."""
    return lambda *arguments, **options: literal(make(*arguments, **options))


def _array(x: Any, *arguments: Any, **options: Any) -> Any:
    """Make an array of counted scalars of anything that holds some."""
    if isinstance(x, CountedArray):
        return x.copy()
    if _holds(x):
        return lifted(np.array(x, dtype=object))
    return np.array(x, *arguments, **options)


def _as_array(x: Any, *arguments: Any, **options: Any) -> Any:
    return x if isinstance(x, CountedArray) else _array(x, *arguments, **options)


def _holds(x: Any) -> bool:
    """Whether nested lists hold a counted scalar or array."""
    if isinstance(x, list | tuple):
        return any(_holds(part) for part in x)
    return isinstance(x, Counted) or (isinstance(x, np.ndarray) and x.dtype == object)


_MAKERS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "array": _array,
        "asarray": _as_array,
        "empty": _made(np.zeros),
        "full": _made(np.full),
        "ones": _made(np.ones),
        "zeros": _made(np.zeros),
    }
)


class _NumPy:
    """NumPy with the functions that make arrays exchanged."""

    def __getattr__(self, name: str) -> Any:
        return _MAKERS[name] if name in _MAKERS else getattr(np, name)


@contextlib.contextmanager
def seen_by(function: Callable[..., Any]) -> Iterator[None]:
    """Exchange NumPy under every name that it has in the module of a function."""
    names: dict[str, Any] = getattr(inspect.unwrap(function), "__globals__", {})
    others = {id(np): _NumPy(), **{id(getattr(np, k)): made for k, made in _MAKERS.items()}}
    before = {name: value for name, value in names.items() if id(value) in others}
    names.update({name: others[id(value)] for name, value in before.items()})
    try:
        yield
    finally:
        names.update(before)
