"""The run witness: plain implementations of models, and what they show while they run.

Nothing here knows a model's graph: the code is written from the papers and from torch.nn, and its
work, span, path lengths and dependence are read off scalars that count.

>>> x = lift([[1.0, 2.0, 3.0, 4.0]])
>>> with counting() as tally:
...     y = softmax(x, axis=-1)
>>> tally.work() == 5 * 4 - 2, y[0, 0].tensor, y[0, 0].scalar
(True, 1, 7)
>>> with counting() as tally:
...     z = contract("td,ed->te", x, x)
>>> tally.multiply_adds, z[0, 0].tensor, z[0, 0].scalar, z[0, 0].value
(4, 1, 3, 30.0)
"""

from .catalogue import PLAIN, Plain, parameters, run, sequences
from .counting import UNITS, Counted, Tally, counting
from .decoding import decode_work, frontier, length_of, state
from .errors import ArgumentError, NoRuleError, NoTallyError, RunError, UnknownNameError
from .operations import (
    contract,
    elementwise,
    exp,
    gelu,
    lift,
    linear,
    maximum,
    mean,
    relu,
    sigmoid,
    softmax,
    sqrt,
    tanh,
    total,
    where,
    zeros,
)
from .steps import associative_scan, enter, recur
from .witnesses import RunResult, witness

__all__ = [
    "PLAIN",
    "UNITS",
    "ArgumentError",
    "Counted",
    "NoRuleError",
    "NoTallyError",
    "Plain",
    "RunError",
    "RunResult",
    "Tally",
    "UnknownNameError",
    "associative_scan",
    "contract",
    "counting",
    "decode_work",
    "elementwise",
    "enter",
    "exp",
    "frontier",
    "gelu",
    "length_of",
    "lift",
    "linear",
    "maximum",
    "mean",
    "parameters",
    "recur",
    "relu",
    "run",
    "sequences",
    "sigmoid",
    "softmax",
    "sqrt",
    "state",
    "tanh",
    "total",
    "where",
    "witness",
    "zeros",
]
