"""Rules of operators that contract: matrix products and convolutions, forward and backward.

A convolution respects its groups in both directions: an output reads in/groups channels.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .counts import Call, Counts, Found, Masked, rule


def product(rows: int, inner: int, columns: int) -> Counts:
    """Count a matrix product."""
    return Counts(contraction=2 * rows * inner * columns)


@rule("mm", "mv", "dot", "vdot", "bmm")
def _product(call: Call) -> Counts:
    left = call[0]
    return Counts(contraction=2 * call.out.numel() * left.shape[-1])


@rule("addmm", "addmv", "baddbmm")
def _product_and_sum(call: Call) -> Counts:
    """A product, the array that is added (none if beta is 0), and factors that are not 1."""
    inner, results = call[1].shape[-1], call.out.numel()
    maps = (call["beta"] != 0) + (call["beta"] not in (0, 1)) + (call["alpha"] != 1)
    return Counts(contraction=2 * results * inner, elementwise=maps * results)


@rule("addbmm")
def _summed_products(call: Call) -> Counts:
    batch, rows, inner = call[1].shape
    columns, maps = call[2].shape[-1], int(call["beta"] != 0)
    size = rows * columns
    return Counts(2 * batch * size * inner, maps * size, (batch - 1) * size)


@rule("_grouped_mm")
def _grouped(call: Call) -> Counts:
    """Every row is multiplied by the matrix of its group: the groups cut rows, columns or terms."""
    left, right = call[0], call[1]
    batch = left.shape[0] if left.dim() == right.dim() == 3 else 1
    return batch * product(left.shape[-2], left.shape[-1], right.shape[-1])


@rule("linalg_solve_triangular")
def _substitution(call: Call) -> Counts:
    """Row i takes i multiply-adds for each column, and a quotient unless the diagonal is one."""
    n = call[0].shape[-1]
    columns = call.out.numel() // max(n, 1)
    quotients = 0 if call["unitriangular"] else n
    return Counts(contraction=n * (n - 1) * columns, elementwise=quotients * columns)


@rule("convolution", "_convolution", "mkldnn_convolution")
def _convolution(call: Call) -> Found:
    x, weight = call[0], call[1]
    dense = _taps(x, weight, call.out, call)
    bias = 0 if call["bias"] is None else call.out.numel()
    found = Counts(contraction=dense, elementwise=bias)
    share = _inside(x, call.out, weight, call)
    if share is None:
        return found
    return Masked(found, Counts(contraction=dense // share[1] * share[0], elementwise=bias))


@rule("convolution_backward")
def _convolution_backward(call: Call) -> Found:
    """Each gradient that is asked for takes the forward's multiply-adds; a bias takes a sum."""
    gradient, x, weight = call[0], call[1], call[2]
    wanted = call["output_mask"]
    dense = _taps(x, weight, gradient, call) * (bool(wanted[0]) + bool(wanted[1]))
    channels = gradient.shape[1]
    sums = gradient.numel() - channels if wanted[2] else 0
    found = Counts(contraction=dense, reduction=sums)
    share = _inside(x, gradient, weight, call)
    if share is None:
        return found
    return Masked(found, Counts(contraction=dense // share[1] * share[0], reduction=sums))


def _taps(x: Any, weight: Any, out: Any, call: Call) -> int:
    """Two operations for each pair of an output (input, if transposed) and what it reads."""
    per_position = math.prod(weight.shape[1:])
    return int(2 * (x if call["transposed"] else out).numel() * per_position)


def _inside(x: Any, out: Any, weight: Any, call: Call) -> tuple[int, int] | None:
    """Return how many of all taps read inside the input, None where no position is padded."""
    if call["transposed"] or not any(call["padding"]):
        return None
    inside = total = 1
    spatial = range(2, x.dim())
    for k, axis in enumerate(spatial):
        step, dilation, padding = (_at(call[name], k) for name in ("stride", "dilation", "padding"))
        width = weight.shape[axis]
        starts = [step * i - padding for i in range(out.shape[axis])]
        reads = [start + dilation * tap for start in starts for tap in range(width)]
        inside *= sum(0 <= place < x.shape[axis] for place in reads)
        total *= len(reads)
    return inside, total


def _at(values: Sequence[int], place: int) -> int:
    return values[place] if place < len(values) else values[-1]
