"""Products of arrays as NumPy writes them, by the one counted contraction of this package.

>>> product(np.ones((2, 3)), np.ones(3)).tolist()
[3.0, 3.0]
>>> contraction("ij,j->ij", np.ones((2, 3)), np.arange(3.0)).tolist()
[[0.0, 1.0, 2.0], [0.0, 1.0, 2.0]]
"""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np

from .errors import NoRuleError
from .operations import Array, contract, total


def product(a: Array, b: Array) -> Array:
    """Multiply as `numpy.matmul` does: matrices, vectors, and stacks of matrices."""
    if not a.ndim or not b.ndim:
        raise NoRuleError("expected arrays with axes to multiply by @, got a single number")
    if a.shape[-1] != b.shape[-2 if b.ndim > 1 else 0]:
        raise ValueError(f"expected shapes that fit for @, got {a.shape} and {b.shape}")
    stacked = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    rows, columns = a.shape[-2:-1], b.shape[-1:] if b.ndim > 1 else ()
    a = np.broadcast_to(a, (*stacked, *rows, a.shape[-1]))
    b = np.broadcast_to(b, (*stacked, *b.shape[-2:]))
    letters = ascii_lowercase[: len(stacked)]
    left, right = "y" * len(rows), "z" * len(columns)
    return contract(f"{letters}{left}x,{letters}x{right}->{letters}{left}{right}", a, b)


def contraction(pattern: str, *operands: Array) -> Array:
    """Multiply and sum as `numpy.einsum` does, one or two operands, each letter once in each."""
    left, _, out = pattern.replace(" ", "").partition("->")
    parts = left.split(",")
    letters = "".join(parts)
    if not 0 < len(parts) == len(operands) <= 2 or not letters.isalpha():
        raise NoRuleError(f"expected numpy.einsum of one or two arrays, got {pattern!r}")
    if "->" not in pattern:
        out = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    if any(len(set(part)) < len(part) for part in (*parts, out)) or not set(out) <= set(letters):
        raise NoRuleError(f"expected each letter once in each array, got {pattern!r}")
    if any(len(part) != x.ndim for part, x in zip(parts, operands, strict=True)):
        raise ValueError(f"expected a letter for each axis, got {pattern!r}")
    if len(operands) == 1:
        return _summed(parts[0], out, operands[0])
    if set(out) == set(letters):
        aligned = (_aligned(part, out, x) for part, x in zip(parts, operands, strict=True))
        return np.asarray(np.multiply(*aligned))
    return contract(f"{parts[0]},{parts[1]}->{out}", *operands)


def _summed(letters: str, out: str, x: Array) -> Array:
    rest = [c for c in letters if c not in out]
    moved = x.transpose([letters.index(c) for c in (*out, *rest)])
    return total(moved.reshape(*moved.shape[: len(out)], -1), axis=-1) if rest else moved


def _aligned(letters: str, out: str, x: Array) -> Array:
    present = [c for c in out if c in letters]
    moved = x.transpose([letters.index(c) for c in present])
    return moved.reshape([moved.shape[present.index(c)] if c in letters else 1 for c in out])
