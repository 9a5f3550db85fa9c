"""Steps in unit layer: entering a layer, moving along a recurrence, and rounds of a scan.

This unit is the column *sequential operations* of Vaswani et al. 2017, *Attention Is All You
Need*, Table 1. The steps are free in the other units, and on numbers they do nothing.

References: Hillis and Steele 1986, *Data Parallel Algorithms* (the scan); Ladner and Fischer 1980.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .counting import Counted, active, advance, counting, synchronous
from .hops import carry, hop_in_scan, leave_scan
from .operations import Array, is_counted, lift

Elements = tuple[Array, ...]


def enter(x: Array) -> Array:
    """Enter a layer: one step in unit layer for every element."""
    return _each(lambda v: advance(v, layer=1), x) if is_counted(x) else x


def recur(h: Array, leap: int = 1) -> Array:
    """Carry a state some positions on: a hop, and one step in unit layer for every element."""
    return _each(lambda v: carry(v, leap), h) if is_counted(h) else h


def _each(step: Callable[[Counted], Counted], x: Array) -> Array:
    return np.asarray(np.frompyfunc(step, 1, 1)(lift(x)), dtype=object)


def associative_scan(
    combine: Callable[[Elements, Elements], Elements], elements: Elements
) -> Elements:
    """Combine every prefix of a sequence in K = ceil(log2 n) rounds.

    In the round of shift s = 1, 2, 4, ... element i combines with element i - s where i >= s and
    passes where i < s: n K - 2^K + 1 combinations altogether. Rounds are synchronous, as in the
    data-parallel machine of the paper: for every element, combined or not, a round takes one step
    in unit layer, and in the other units what one combination takes. A result reads the elements
    before it with one hop, whatever the rounds.

    Parameters
    ----------
    combine : callable
        An associative function of an earlier and a later group of elements, each a tuple of
        arrays [positions, ...].
    elements : tuple of Array
        Arrays [n, ...].
    """
    n, shift = len(elements[0]), 1
    while shift < n:
        earlier = tuple(array[:-shift] for array in elements)
        later = tuple(array[shift:] for array in elements)
        if not is_counted(*elements):
            combined = combine(earlier, later)
            elements = _rejoined(elements, combined, shift)
        else:
            tensor, scalar = _depth(combine, elements)
            with synchronous():
                combined = combine(tuple(_each(hop_in_scan, x) for x in earlier), later)
            elements = tuple(
                _advanced(array, tensor, scalar) for array in _rejoined(elements, combined, shift)
            )
        shift *= 2
    return tuple(_each(leave_scan, x) if is_counted(x) else x for x in elements)


def _rejoined(elements: Elements, combined: Elements, shift: int) -> Elements:
    return tuple(
        np.concatenate([array[:shift], new]) for array, new in zip(elements, combined, strict=True)
    )


def _depth(
    combine: Callable[[Elements, Elements], Elements], elements: Elements
) -> tuple[int, int]:
    """Return the array and the scalar steps of one combination, by carrying one out."""
    fresh = tuple(lift(np.ones_like(array[:1], dtype=float)) for array in elements)
    with counting(reduction=active().reduction):
        result = [x for array in combine(fresh, fresh) for x in lift(array).flat]
    return max(x.tensor for x in result), max(x.scalar for x in result)


def _advanced(x: Array, tensor: int, scalar: int) -> Array:
    return _each(lambda v: advance(v, layer=1, tensor=tensor, scalar=scalar), x)
