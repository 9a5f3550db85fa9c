"""Rules of elementwise operators: so many operations for each component of the result.

Every scalar function is one operation, whatever it is: the machine that is counted has it as an
instruction. Its derivative is counted as the equations that pass a gradient on. Operators on whole
numbers and truth values make positions and masks: they have the line ``index``.
"""

from __future__ import annotations

from typing import Any

import torch

from .counts import Call, Counts, rule

ONCE = (
    *("abs", "ceil", "cos", "erf", "exp", "expm1", "floor", "frac", "gelu", "log", "log1p"),
    *("log2", "log_sigmoid_forward", "maximum", "minimum", "neg", "reciprocal", "relu", "round"),
    *("rsqrt", "sigmoid", "sign", "silu", "sin", "softplus", "sqrt", "square", "tan", "tanh"),
    *("atan", "elu", "hardtanh", "leaky_relu", "mish", "relu6", "trunc", "mul", "div", "fmod"),
    *("atan2", "floor_divide", "remainder", "pow", "clamp_min", "clamp_max"),
)
"""One operation for each component."""

TRUTHS = (
    *("bitwise_and", "bitwise_not", "bitwise_or", "bitwise_xor", "logical_and", "logical_not"),
    *("logical_or", "logical_xor", "eq", "ge", "gt", "le", "lt", "ne", "isnan", "isinf"),
    *("isneginf", "isposinf", "isin", "__and__", "__or__", "__lshift__", "__rshift__"),
)
"""Comparisons and connectives: their results are truth values or whole numbers."""

SEVERAL = {
    # g (step of y), g (1 - y y), g y (1 - y)
    "threshold_backward": 2,
    "tanh_backward": 3,
    "sigmoid_backward": 3,
    # g times the slope: one function, or s + y (1 - s) with s the logistic function
    "gelu_backward": 2,
    "softplus_backward": 2,
    "silu_backward": 5,
    "leaky_relu_backward": 2,
    "hardtanh_backward": 2,
    "elu_backward": 2,
    # a mask is drawn elsewhere; it is multiplied and scaled
    "native_dropout": 2,
    "native_dropout_backward": 2,
    # a + w (b - a)
    "lerp": 3,
}
"""Several operations for each component."""


def each(call: Call, times: int = 1) -> Counts:
    """Count so many operations for each component of the result, by what the result is."""
    return on(_result(call), times)


def on(result: Any, times: int = 1) -> Counts:
    """Count so many operations for each component of an array."""
    if not (result.is_floating_point() or result.is_complex()):
        return Counts(index=times * result.numel())
    return Counts(elementwise=times * result.numel())


def _result(call: Call) -> Any:
    return call.out if isinstance(call.out, torch.Tensor) else call.out[0]


@rule(*ONCE)
def _once(call: Call) -> Counts:
    return each(call)


@rule(*TRUTHS)
def _truths(call: Call) -> Counts:
    return Counts(index=call.out.numel())


@rule(*SEVERAL)
def _several(call: Call) -> Counts:
    name = call.name
    return each(call, SEVERAL[name])


@rule("add", "sub", "rsub")
def _sum(call: Call) -> Counts:
    """One sum, and a product where the second term has a factor."""
    return each(call, 1 + (call["alpha"] != 1))


@rule("addcmul", "addcdiv")
def _sum_of_product(call: Call) -> Counts:
    return each(call, 2 + (call["value"] != 1))


@rule("clamp")
def _clamp(call: Call) -> Counts:
    """One comparison for each bound."""
    return each(call, (call["min"] is not None) + (call["max"] is not None))
