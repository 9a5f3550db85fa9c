"""Reading formulas as text, safely: a small grammar, bounded in size, never evaluated as code.

>>> str(parse("2*n*(d + 1) - ceil(log2(n))"))
'2*d*n + 2*n - ceil(log2(n))'
>>> parse("__import__('os')")
Traceback (most recent call last):
    ...
workspan.graphs.atoms.SizeError: expected one of ceil, log, log2, max, min, got a call of __import__
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Collection
from fractions import Fraction
from math import comb

from .sizes import (
    Number,
    Poly,
    SizeError,
    ceil_div,
    ceil_log,
    ceil_log2,
    maximum,
    minimum,
    poly,
    power,
    size,
)

LONGEST = 2000
DEEPEST = 40
LARGEST_EXPONENT = 16
LARGEST_BITS = 4096


def parse(text: str, *, names: Collection[str] | None = None) -> Poly:
    """Read a formula in Python syntax over size names.

    Parameters
    ----------
    text
        Sums, products, quotients and powers of sizes and whole numbers, with ``ceil(log2(.))``,
        ``ceil(log(., base))``, ``ceil(./.)``, ``min`` and ``max``.
    names
        The sizes that may appear; any name if None.

    Raises
    ------
    SizeError
        If the text is too long, too deep, or holds anything else.
    """
    if len(text) > LONGEST:
        raise SizeError(f"expected a formula of at most {LONGEST} characters, got {len(text)}")
    try:
        tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise SizeError(f"expected a formula such as 4*n**2*d, got {text[:60]!r}") from None
    return _read(tree.body, names, 0)


def _read(node: ast.expr, names: Collection[str] | None, depth: int) -> Poly:
    if depth > DEEPEST:
        raise SizeError(f"expected a formula nested at most {DEEPEST} deep")
    match node:
        case ast.Constant(value=int() as value) if not isinstance(value, bool):
            return poly(value)
        case ast.Name(id=name):
            return _name(name, names)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return -_read(operand, names, depth + 1)
        case ast.UnaryOp(op=ast.UAdd(), operand=operand):
            return _read(operand, names, depth + 1)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, _read(left, names, depth + 1), _read(right, names, depth + 1))
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _call(name, args, names, depth)
    raise SizeError(f"expected sizes, whole numbers and + - * / **, got {ast.unparse(node)[:60]!r}")


def _name(name: str, names: Collection[str] | None) -> Poly:
    if names is not None and name not in names:
        raise SizeError(f"expected one of the sizes {', '.join(sorted(names))}, got {name}")
    return size(name)


def _binary(op: ast.operator, left: Poly, right: Poly) -> Poly:
    match op:
        case ast.Add():
            result = left + right
        case ast.Sub():
            result = left - right
        case ast.Mult():
            _bounded(len(left.terms) * len(right.terms))
            result = left * right
        case ast.Div():
            result = left / right
        case ast.Pow():
            result = _raise(left, right)
        case _:
            raise SizeError(f"expected + - * / or **, got {type(op).__name__}")
    if len(result.terms) > LONGEST:
        raise SizeError(f"expected a formula with at most {LONGEST} terms")
    return result


def _raise(base: Poly, exponent: Poly) -> Poly:
    value = exponent.constant
    if value is None:
        return power(base, exponent)
    if value.denominator != 1 or abs(int(value)) > LARGEST_EXPONENT:
        raise SizeError(f"expected a whole exponent of at most {LARGEST_EXPONENT}, got {value}")
    k = abs(int(value))
    _bounded(comb(len(base.terms) + k - 1, k) if base.terms else 1)
    digits = max((_bits(c) for c in base.terms.values()), default=0) * k
    if digits > LARGEST_BITS:
        raise SizeError(f"expected numbers of at most {LARGEST_BITS} bits, got a power of {digits}")
    return base ** int(value)


def _bounded(terms: int) -> None:
    """Refuse what would have too many terms, before it is multiplied out."""
    if terms > 50 * LONGEST:
        raise SizeError(f"expected a formula with at most {LONGEST} terms")


def _bits(number: Number) -> int:
    fraction = Fraction(number)
    return max(fraction.numerator.bit_length(), fraction.denominator.bit_length())


def _call(name: str, args: list[ast.expr], names: Collection[str] | None, depth: int) -> Poly:
    if name == "ceil" and len(args) == 1:
        return _ceiling(args[0], names, depth + 1)
    folds: dict[str, Callable[[Poly, Poly], Poly]] = {"min": minimum, "max": maximum}
    if name in folds and args:
        values = [_read(a, names, depth + 1) for a in args]
        result = values[0]
        for value in values[1:]:
            result = folds[name](result, value)
        return result
    if name in {"log2", "log"}:
        raise SizeError(f"expected {name} inside ceil(.), as in ceil(log2(n))")
    raise SizeError(f"expected one of ceil, log, log2, max, min, got a call of {name}")


def _ceiling(arg: ast.expr, names: Collection[str] | None, depth: int) -> Poly:
    match arg:
        case ast.Call(func=ast.Name(id="log2"), args=[x], keywords=[]):
            return ceil_log2(_read(x, names, depth + 1))
        case ast.Call(func=ast.Name(id="log"), args=[x, base], keywords=[]):
            return ceil_log(_read(base, names, depth + 1), _read(x, names, depth + 1))
    return ceil_div(_read(arg, names, depth + 1), 1)
