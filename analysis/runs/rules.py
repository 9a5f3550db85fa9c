"""The scalar operations that a run may carry out: a name and one rule per kind.

Every kind is one operation, `gelu` and `sigmoid` included. To add a kind is to add a line here.

>>> float(rule(UNARY, "relu")(-1.0))
0.0
>>> try:
...     rule(UNARY, "arcsinh")
... except NoRuleError as error:
...     print(error)
expected an operation with a counting rule, got 'arcsinh'
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from .errors import NoRuleError

F = TypeVar("F")

_erf = np.vectorize(math.erf, otypes=[np.float64])


def _sigmoid(x: Any) -> Any:
    # 1 / (1 + exp(-x)) in a form that overflows for no x.
    return 0.5 * (1.0 + np.tanh(0.5 * x))


def _gelu(x: Any) -> Any:
    return 0.5 * x * (1.0 + _erf(x / math.sqrt(2.0)))


def _tanh_gelu(x: Any) -> Any:
    return 0.5 * x * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (x + 0.044715 * x * x * x)))


UNARY: Mapping[str, Callable[[Any], Any]] = MappingProxyType(
    {
        "neg": np.negative,
        "exp": np.exp,
        "tanh": np.tanh,
        "sqrt": np.sqrt,
        "sigmoid": _sigmoid,
        "relu": lambda x: np.maximum(x, 0.0),
        "gelu": _gelu,
        "tanh_gelu": _tanh_gelu,
        "silu": lambda x: x * _sigmoid(x),
        "log": np.log,
        "cos": np.cos,
        "sin": np.sin,
        "softplus": lambda x: np.logaddexp(x, 0.0),
    }
)
"""Operations on one value, for a number and elementwise for an array of numbers."""

BINARY: Mapping[str, Callable[[float, float], float]] = MappingProxyType(
    {
        "add": operator.add,
        "sub": operator.sub,
        "mul": operator.mul,
        "div": operator.truediv,
        "max": max,
    }
)
"""Operations on two numbers."""


def rule(rules: Mapping[str, F], kind: str) -> F:
    """Return the rule of a kind; a kind without one raises an error that names it."""
    try:
        return rules[kind]
    except KeyError:
        raise NoRuleError(f"expected an operation with a counting rule, got {kind!r}") from None
