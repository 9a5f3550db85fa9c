"""Formulas at many sizes at once: exact where whole numbers of 64 bits hold the result.

On integer arrays a formula is evaluated in whole numbers, quotients being divided at the end, so
that a million sizes give the same numbers as one after another; see :mod:`.grids`. What 64 bits do
not hold becomes a float at the end. On other arrays it is evaluated in floating point (53 bits).

>>> import numpy as np
>>> from .polynomials import poly
>>> poly("n**2/2 + n/2").evaluate(n=np.array([3, 10**9]))
array([                 6, 500000000500000000])
>>> poly("n**2 + n").evaluate(n=np.array([3.0, 1e12])).dtype
dtype('float64')
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np

from .grids import evaluate
from .programs import Quotient, program
from .sizes import FUNCTIONS, Atom, Poly, SizeError

Arrays: TypeAlias = Mapping[str, Any]


def evaluate_arrays(cost: Poly, values: Mapping[str, Any]) -> Any:
    """Return the values of a cost, elementwise; int64 where all of them are whole and exact.

    Parameters
    ----------
    cost
        A formula of sizes.
    values
        A number or an array for each size, of shapes that NumPy broadcasts.
    """
    arrays = {name: np.asarray(values[name]) for name in cost.sizes}
    if arrays and all(a.dtype.kind in "iu" and a.size for a in arrays.values()):
        with contextlib.suppress(SizeError):  # floats have infinity where there is no value
            return _exact(cost, arrays)
    return _floating(cost, {name: a.astype(float) for name, a in arrays.items()})


def _exact(cost: Poly, arrays: Arrays) -> Any:
    """Return values in whole numbers, divided at the end; floats where 64 bits do not hold them."""
    axes = max(1, *(a.ndim for a in arrays.values()))
    whole = {
        name: a.astype(np.int64, copy=False).reshape((1,) * (axes - a.ndim) + a.shape)
        for name, a in arrays.items()
    }
    found = evaluate(_compiled(cost), whole)
    values = found.above if found.below is None else found.above / found.below
    values = values.astype(float) if values.dtype == object else values
    return values if any(a.ndim for a in arrays.values()) else values[0]


@functools.lru_cache(maxsize=256)
def _compiled(cost: Poly) -> Quotient:
    return program(cost)


# --- floating point -------------------------------------------------------------------------------


def _floating(cost: Poly, arrays: Arrays) -> Any:
    total: Any = 0.0
    for monomial, coefficient in cost.terms.items():
        product: Any = float(coefficient)
        for atom, k in monomial:
            product = product * _floating_atom(atom, arrays) ** k
        total = total + product
    return total


def _floating_atom(atom: Atom, arrays: Arrays) -> Any:
    if atom.kind == "size":
        return arrays[atom.args[0]]
    return FUNCTIONS[atom.kind].array(*(_floating(a, arrays) for a in atom.args))
