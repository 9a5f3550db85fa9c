"""Formulas as trees: text in Python syntax, parsed and never run, walked by a writer.

A writer says how each construct looks in one notation; the order of terms is that of the text.
"""

from __future__ import annotations

import ast
import math
from abc import ABC, abstractmethod
from typing import ClassVar

LONGEST = 20_000
_SUM, _QUOTIENT, PRODUCT, _FACTOR, _POWER, _ATOM = range(6)
"""How tightly a construct binds."""

_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "=",
    ast.NotEq: "!=",
}


def parse(text: str) -> ast.expr | None:
    """Parse a formula or a condition; None if the text is neither."""
    if len(text) > LONGEST:
        return None
    try:
        tree = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tree


def terms(tree: ast.expr) -> list[tuple[int, ast.expr]]:
    """Split a sum into its terms, each with its sign."""
    match tree:
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return [*terms(left), (1, right)]
        case ast.BinOp(left=left, op=ast.Sub(), right=right):
            return [*terms(left), (-1, right)]
    return [(1, tree)]


class Writer(ABC):
    """Walks a formula; subclasses say how each construct is written."""

    minus: ClassVar[str]
    slash: ClassVar[str] = "/"
    """The sign of a quotient that stands on the line."""
    widest: ClassVar[float] = math.inf
    """Characters of what may stand in a fraction or under a root, where no line can break."""

    def write(self, node: ast.expr, least: int = _SUM) -> str:
        """Write a node, in parentheses if it binds less than ``least``."""
        text, binding = self._node(node)
        return self.parentheses(text) if binding < least else text

    def _node(self, node: ast.expr) -> tuple[str, int]:
        match node:
            case ast.Constant(value=int() | float() as value):
                return self.number(str(value)), _ATOM
            case ast.Name(id=name):
                head, _, tail = name.partition("_")
                return self.name(head, tail), _ATOM
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self.row(self.operator("-"), self.write(operand, PRODUCT)), PRODUCT
            case ast.BinOp(left=left, op=op, right=right):
                return self._binary(left, op, right)
            case ast.Call(func=ast.Name(id="sqrt"), args=[inner], keywords=[]) if self._wide(inner):
                half = self.row(self.number("1"), self.slash, self.number("2"))
                return self.power(self.parentheses(self.write(inner)), half), _POWER
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(name, args), _ATOM
            case ast.Compare() | ast.BoolOp() | ast.Tuple():
                return self._statement(node), _SUM
        raise ValueError(f"expected a formula, got {type(node).__name__}")

    def _binary(self, left: ast.expr, op: ast.operator, right: ast.expr) -> tuple[str, int]:
        match op:
            case ast.Add() | ast.Sub():
                sign = "+" if isinstance(op, ast.Add) else "-"
                return self.row(
                    self.write(left), self.operator(sign), self.write(right, _QUOTIENT)
                ), _SUM
            case ast.Mult():
                times = self.times(_needs_sign(right))
                return self.row(
                    self.write(left, PRODUCT), times, self.write(right, _FACTOR)
                ), PRODUCT
            case ast.Div() if self._wide(left, right):
                over, under = self.write(left, PRODUCT), self.write(right, _POWER)
                return self.row(over, self.slash, under), _QUOTIENT
            case ast.Div():
                return self.fraction(self.write(left), self.write(right)), _FACTOR
            case ast.Pow():
                return self.power(self.write(left, _ATOM), self.write(right)), _POWER
        raise ValueError(f"expected + - * / or **, got {type(op).__name__}")

    def _wide(self, *nodes: ast.expr) -> bool:
        """Whether something is too wide to stand where no line can break."""
        return self.widest < math.inf and any(len(ast.unparse(n)) > self.widest for n in nodes)

    def _call(self, name: str, args: list[ast.expr]) -> str:
        match name, args:
            case "ceil", [inner]:
                return self.ceiling(self._ceiled(inner))
            case "log2", [inner]:
                return self.logarithm(self.number("2"), self.parentheses(self.write(inner)))
            case "log", [inner, base]:
                return self.logarithm(self.write(base), self.parentheses(self.write(inner)))
            case "sqrt", [inner]:
                return self.root(self.write(inner))
            case "log", [inner]:
                return self.logarithm("", self.parentheses(self.write(inner)))
        return self.function(name, [self.write(a) for a in args])

    def _ceiled(self, node: ast.expr) -> str:
        """Write what is inside a ceiling, where a logarithm needs no parentheses."""
        match node:
            case ast.Call(func=ast.Name(id="log2"), args=[inner], keywords=[]):
                return self.logarithm(self.number("2"), self.write(inner, _POWER))
            case ast.Call(func=ast.Name(id="log"), args=[inner, base], keywords=[]):
                return self.logarithm(self.write(base), self.write(inner, _POWER))
        return self.write(node)

    def _statement(self, node: ast.expr) -> str:
        match node:
            case ast.Compare(left=left, ops=ops, comparators=comparators):
                parts = [self.write(left)]
                for op, right in zip(ops, comparators, strict=True):
                    parts += [self.operator(_COMPARISONS.get(type(op), "?")), self.write(right)]
                return self.row(*parts)
            case ast.BoolOp(op=op, values=values):
                word = "and" if isinstance(op, ast.And) else "or"
                return self.row(*self._joined(values, self.words(f" {word} ")))
            case ast.Tuple(elts=values):
                return self.row(*self._joined(values, self.words(", ")))
        raise ValueError("expected a condition")

    def _joined(self, values: list[ast.expr], between: str) -> list[str]:
        parts = [self.write(values[0])]
        for value in values[1:]:
            parts += [between, self.write(value)]
        return parts

    @abstractmethod
    def number(self, text: str) -> str:
        """Write a number."""

    @abstractmethod
    def name(self, head: str, tail: str) -> str:
        """Write a size, whose tail is what follows an underscore."""

    @abstractmethod
    def words(self, text: str) -> str:
        """Write words between conditions."""

    @abstractmethod
    def operator(self, text: str) -> str:
        """Write a sign such as ``+`` or ``<=``."""

    @abstractmethod
    def times(self, visible: bool) -> str:
        """Write the sign of a product."""

    @abstractmethod
    def row(self, *parts: str) -> str:
        """Write things beside each other."""

    @abstractmethod
    def parentheses(self, inner: str) -> str:
        """Write something in parentheses."""

    @abstractmethod
    def fraction(self, over: str, under: str) -> str:
        """Write a quotient."""

    @abstractmethod
    def power(self, base: str, exponent: str) -> str:
        """Write a power."""

    @abstractmethod
    def root(self, inner: str) -> str:
        """Write a square root."""

    @abstractmethod
    def ceiling(self, inner: str) -> str:
        """Write the least whole number above."""

    @abstractmethod
    def logarithm(self, base: str, inner: str) -> str:
        """Write a logarithm; the base may be empty."""

    @abstractmethod
    def function(self, name: str, args: list[str]) -> str:
        """Write a call of a function."""


def _needs_sign(node: ast.expr) -> bool:
    """Whether a product needs its sign before this factor: a digit or a function's name."""
    match node:
        case ast.Constant():
            return True
        case ast.Call(func=ast.Name(id=name)):
            return name not in {"ceil", "sqrt"}
        case ast.BinOp(left=left, op=ast.Mult() | ast.Pow()):
            return _needs_sign(left)
    return False
