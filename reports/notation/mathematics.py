r"""Mathematics from text: formulas and conditions in Python syntax as MathML, LaTeX and Typst.

The order of terms is that of the text, so that a formula reads the same everywhere. The text is
parsed, never run; what cannot be parsed is shown as it is, escaped.

>>> print(latex("8*d**2*n + ceil(log2(n))/2"))
8 d^{2} n + \frac{\lceil \log_{2} n \rceil}{2}
>>> print(latex("n >= w and d < 2*n"))
n \ge w \text{ and } d < 2 n
>>> print(typst("8*d**2*n + ceil(log2(n))/2"))
8 d^(2) n + frac(ceil(log_(2) n), 2)
>>> print(mathml("2*n"))
<math><mrow><mn>2</mn><mo>&#8290;</mo><mi>n</mi></mrow></math>
"""

from __future__ import annotations

import ast
from typing import ClassVar, final

from .formulas import PRODUCT, Writer, parse, terms
from .markup import escape, printable
from .tex import latex_escape

LONG = 60
"""Characters of LaTeX within parentheses that stand on one line."""


def mathml(text: str) -> str:
    """Return one ``math`` element."""
    tree = _tree(text)
    body = f"<mtext>{escape(text)}</mtext>" if tree is None else _MathML().write(tree)
    return f"<math>{body}</math>"


def mathml_terms(text: str) -> str:
    """Return one ``math`` element for each term of a sum, so that lines can break between them."""
    tree = _tree(text)
    if not isinstance(tree, ast.BinOp):
        return mathml(text)
    writer = _MathML()
    parts: list[str] = []
    for sign, term in terms(tree):
        form = "infix" if parts else "prefix"
        operator = f'<mo form="{form}">{writer.minus if sign < 0 else "+"}</mo>'
        body = writer.write(term, PRODUCT)
        shown = f"{operator}{body}" if parts or sign < 0 else body
        parts.append(f'<math displaystyle="true"><mrow>{shown}</mrow></math>')
    return " ".join(parts)


def latex(text: str) -> str:
    """Return LaTeX for math mode."""
    tree = _tree(text)
    return f"\\text{{{latex_escape(text)}}}" if tree is None else _LaTeX().write(tree)


def typst(text: str) -> str:
    """Return Typst for math mode."""
    tree = _tree(text)
    return typst_text(text) if tree is None else _Typst().write(tree)


def typst_text(text: str) -> str:
    """Return a string of Typst."""
    inner = printable(text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{inner}"'


def _tree(text: str) -> ast.expr | None:
    """Parse; None if the text is no formula, or holds what no formula holds."""
    tree = parse(text)
    if tree is None:
        return None
    try:
        _MathML().write(tree)
    except (ValueError, RecursionError):
        return None
    return tree


@final
class _MathML(Writer):
    """Presentation MathML, the core that browsers show."""

    minus = "\u2212"
    _SIGNS: ClassVar[dict[str, str]] = {
        "-": "\u2212",
        "<": "&lt;",
        ">": "&gt;",
        "<=": "\u2264",
        ">=": "\u2265",
        "!=": "\u2260",
    }

    def number(self, text: str) -> str:
        return f"<mn>{text}</mn>"

    def name(self, head: str, tail: str) -> str:
        base = f"<mi>{escape(head)}</mi>"
        return f"<msub>{base}<mi>{escape(tail)}</mi></msub>" if tail else base

    def words(self, text: str) -> str:
        return f"<mtext>{escape(text).replace(' ', '&#160;')}</mtext>"

    def operator(self, text: str) -> str:
        return f"<mo>{self._SIGNS.get(text, text)}</mo>"

    def times(self, visible: bool) -> str:
        return "<mo>\u00b7</mo>" if visible else "<mo>&#8290;</mo>"

    def row(self, *parts: str) -> str:
        return f"<mrow>{''.join(parts)}</mrow>"

    def parentheses(self, inner: str) -> str:
        return f"<mrow><mo>(</mo>{inner}<mo>)</mo></mrow>"

    def fraction(self, over: str, under: str) -> str:
        return f"<mfrac>{over}{under}</mfrac>"

    def power(self, base: str, exponent: str) -> str:
        return f"<msup>{base}{exponent}</msup>"

    def root(self, inner: str) -> str:
        return f"<msqrt>{inner}</msqrt>"

    def ceiling(self, inner: str) -> str:
        return f"<mrow><mo>\u2308</mo>{inner}<mo>\u2309</mo></mrow>"

    def logarithm(self, base: str, inner: str) -> str:
        log = "<mi>log</mi>"
        head = f"<msub>{log}{base}</msub>" if base else log
        return f"<mrow>{head}<mo>&#8289;</mo>{inner}</mrow>"

    def function(self, name: str, args: list[str]) -> str:
        inner = "<mo>,</mo>".join(args)
        return f"<mrow><mi>{escape(name)}</mi><mo>&#8289;</mo>{self.parentheses(inner)}</mrow>"


@final
class _LaTeX(Writer):
    """LaTeX for math mode, with amsmath."""

    minus = "-"
    slash = "/\\allowbreak "
    widest = 40
    _SIGNS: ClassVar[dict[str, str]] = {"<=": "\\le", ">=": "\\ge", "!=": "\\ne"}

    def number(self, text: str) -> str:
        return text

    def name(self, head: str, tail: str) -> str:
        base = head if len(head) == 1 else f"\\mathit{{{head}}}"
        return f"{base}_{{\\mathit{{{latex_escape(tail)}}}}}" if tail else base

    def words(self, text: str) -> str:
        return f"\\text{{{latex_escape(text)}}}"

    def operator(self, text: str) -> str:
        return self._SIGNS.get(text, text)

    def times(self, visible: bool) -> str:
        return "\\cdot" if visible else ""

    def row(self, *parts: str) -> str:
        return " ".join(p for p in parts if p)

    def parentheses(self, inner: str) -> str:
        # Between \left and \right no line can break.
        return f"({inner})" if len(inner) > LONG else f"\\left({inner}\\right)"

    def fraction(self, over: str, under: str) -> str:
        return f"\\frac{{{over}}}{{{under}}}"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^{{{exponent}}}"

    def root(self, inner: str) -> str:
        return f"\\sqrt{{{inner}}}"

    def ceiling(self, inner: str) -> str:
        return f"\\lceil {inner} \\rceil"

    def logarithm(self, base: str, inner: str) -> str:
        return f"\\log_{{{base}}} {inner}" if base else f"\\log {inner}"

    def function(self, name: str, args: list[str]) -> str:
        inner = ", ".join(args)
        head = f"\\{name}" if name in {"min", "max"} else f"\\operatorname{{{latex_escape(name)}}}"
        broken = inner if len(inner) <= LONG else ", \\allowbreak ".join(args)
        return f"{head}{self.parentheses(broken)}"


@final
class _Typst(Writer):
    """Typst for math mode."""

    minus = "-"
    slash = "\\/"
    widest = 40

    def number(self, text: str) -> str:
        return text

    def name(self, head: str, tail: str) -> str:
        base = head if len(head) == 1 else f"italic({typst_text(head)})"
        return f"{base}_{typst_text(tail)}" if tail else base

    def words(self, text: str) -> str:
        return typst_text(text)

    def operator(self, text: str) -> str:
        return text

    def times(self, visible: bool) -> str:
        return "dot" if visible else ""

    def row(self, *parts: str) -> str:
        return " ".join(p for p in parts if p)

    def parentheses(self, inner: str) -> str:
        return f"({inner})"

    def fraction(self, over: str, under: str) -> str:
        return f"frac({over}, {under})"

    def power(self, base: str, exponent: str) -> str:
        return f"{base}^({exponent})"

    def root(self, inner: str) -> str:
        return f"sqrt({inner})"

    def ceiling(self, inner: str) -> str:
        return f"ceil({inner})"

    def logarithm(self, base: str, inner: str) -> str:
        return f"log_({base}) {inner}" if base else f"log {inner}"

    def function(self, name: str, args: list[str]) -> str:
        head = name if name in {"min", "max"} else f"op({typst_text(name)})"
        return f"{head}({', '.join(args)})"
