"""Rules of operators that reduce, normalise, scan, transform and sort."""

from __future__ import annotations

import math
from typing import Any

from .counts import Call, Counts, rounds, rule, soft
from .rules_attention import layer_norm


def sums(call: Call) -> int:
    """Return how many operations reduce the first argument to the result."""
    return int(call[0].numel() - call.out.numel())


def _reduced(call: Call) -> Counts:
    numbers = call[0].is_floating_point() or call[0].is_complex()
    return Counts(reduction=sums(call)) if numbers else Counts(index=sums(call))


@rule("sum", "amax", "amin", "prod")
def _sum(call: Call) -> Counts:
    return _reduced(call)


@rule("max", "min")
def _extreme(call: Call) -> Counts:
    """Reduce over an axis (two results) or everything, or compare two arrays."""
    if isinstance(call.out, tuple):
        return Counts(reduction=call[0].numel() - call.out[0].numel())
    if call.operator._overloadname == "other":
        return Counts(elementwise=call.out.numel())
    return _reduced(call)


@rule("mean")
def _mean(call: Call) -> Counts:
    """A sum and one quotient."""
    return Counts(elementwise=call.out.numel(), reduction=sums(call))


@rule("var", "std")
def _variance(call: Call) -> Counts:
    """Mean, differences, squares, mean of squares, and the root of a standard deviation."""
    terms, results = call[0].numel(), call.out.numel()
    root = call.name == "std"
    return Counts(elementwise=2 * terms + (2 + root) * results, reduction=2 * sums(call))


@rule("linalg_vector_norm")
def _norm(call: Call) -> Counts:
    """A power of each component, a sum, and a root of it."""
    return Counts(elementwise=call[0].numel() + call.out.numel(), reduction=sums(call))


@rule("any", "all", "argmax", "argmin")
def _place(call: Call) -> Counts:
    return Counts(index=sums(call))


@rule("histc", "bincount", "one_hot")
def _histogram(call: Call) -> Counts:
    return Counts(index=call[0].numel())


@rule("logsumexp")
def _log_sum(call: Call) -> Counts:
    """Maximum, differences, exp, sum; the logarithm and the maximum for each row."""
    terms, rows = call[0].numel(), call.out.numel()
    return Counts(elementwise=2 * (terms + rows), reduction=2 * sums(call))


def _rows(x: Any, axis: int) -> tuple[int, int]:
    terms = x.shape[axis] if x.dim() else 1
    return x.numel() // max(terms, 1), terms


@rule("_softmax")
def _softmax(call: Call) -> Counts:
    return soft(*_rows(call.out, call["dim"]))


@rule("_softmax_backward_data")
def _softmax_backward(call: Call) -> Counts:
    """Count y g - y sum(y g): two products, a sum and a difference."""
    rows, terms = _rows(call.out, call["dim"])
    return Counts(softmax=(4 * terms - 1) * rows)


@rule("_log_softmax")
def _log_softmax(call: Call) -> Counts:
    """Maximum, difference, exp, sum, logarithm, difference."""
    rows, terms = _rows(call.out, call["dim"])
    return Counts(softmax=(5 * terms - 1) * rows)


@rule("_log_softmax_backward_data")
def _log_softmax_backward(call: Call) -> Counts:
    """Count g - exp(y) sum(g): a sum, exp, a product and a difference."""
    rows, terms = _rows(call.out, call["dim"])
    return Counts(softmax=(4 * terms - 1) * rows)


@rule("nll_loss_forward")
def _loss(call: Call) -> Counts:
    """One term for each row, their mean."""
    rows = call["target"].numel()
    return Counts(elementwise=rows + 1, reduction=max(rows - 1, 0))


@rule("nll_loss_backward")
def _loss_backward(call: Call) -> Counts:
    return Counts(elementwise=call["target"].numel())


@rule("native_layer_norm")
def _layer_norm(call: Call) -> Counts:
    width = math.prod(call["normalized_shape"])
    parameters = (call["weight"] is not None) + (call["bias"] is not None)
    return layer_norm(call[0].numel() // width, width, parameters)


@rule("native_layer_norm_backward")
def _layer_norm_backward(call: Call) -> Counts:
    """Gradients of the input, of the weight and of the bias, those that are asked for.

    With z the normalised input (two maps) and u = g times the weight: the input's is
    r (u - mean(u) - z mean(u z)), the weight's the sum of g z over rows, the bias's that of g.
    """
    x, wanted = call["input"], call["output_mask"]
    width = math.prod(call["normalized_shape"])
    rows = x.numel() // width
    found = Counts(elementwise=2 * x.numel()) if wanted[0] or wanted[1] else Counts()
    if wanted[0]:
        weighted = (call["weight"] is not None) * width
        found += rows * Counts(elementwise=weighted + 5 * width + 2, reduction=2 * (width - 1))
    if wanted[1]:
        found += width * Counts(elementwise=rows, reduction=rows - 1)
    if wanted[2]:
        found += width * Counts(reduction=rows - 1)
    return found


@rule("_fused_rms_norm")
def _root_mean_square_norm(call: Call) -> Counts:
    """Squares, their mean, a root, a quotient for each component, and the weight."""
    width = math.prod(call["normalized_shape"])
    maps = 2 * width + 3 + (call["weight"] is not None) * width
    return call[0].numel() // width * Counts(elementwise=maps, reduction=width - 1)


@rule("cumsum", "cumprod", "cummax", "cummin", "logcumsumexp")
def _cumulative(call: Call) -> Counts:
    """Count m - 1 operations along each row of m."""
    rows, terms = _rows(call[0], call["dim"])
    count = rows * max(terms - 1, 0)
    return Counts(scan=count) if call[0].is_floating_point() else Counts(index=count)


@rule("_fft_c2c", "_fft_r2c", "_fft_c2r")
def _fourier(call: Call) -> Counts:
    """Radix-2 butterflies of ten real operations, log2 m rounds of m/2 (Cooley and Tukey 1965).

    The complex algorithm: what a real input or output saves is not taken off. The transforms of
    several axes follow one another.
    """
    half = call.name == "_fft_c2r"
    full = call.out if half else call[0]
    lengths = [full.shape[axis] for axis in call["dim"]]
    return Counts(fft=sum(5 * full.numel() * rounds(m) for m in lengths))


@rule("topk", "sort", "kthvalue")
def _sort(call: Call) -> Counts:
    """A bitonic network over each row (Batcher 1968)."""
    axis = call["dim"] if call["dim"] is not None else -1
    rows, terms = _rows(call[0], axis)
    k = rounds(terms)
    comparators = rows * terms * k * (k + 1) // 4
    if call[0].is_floating_point():
        return Counts(sort=comparators)
    return Counts(index=comparators)


@rule("embedding_dense_backward")
def _embedding_backward(call: Call) -> Counts:
    """Every row of the gradient is added to the row of its token."""
    return Counts(reduction=call[0].numel())


@rule("index_add", "scatter_add", "index_put", "_index_put_impl", "_unsafe_index_put")
def _added(call: Call) -> Counts:
    """One sum for each component that is added; a component that is only put takes none."""
    name = call.name
    if "put" in name:
        values = call["values"]
        broadcast = values.numel()
        return Counts(reduction=broadcast) if call["accumulate"] else Counts()
    values = call["source"] if name == "index_add" else call["src"]
    return Counts(reduction=values.numel())
