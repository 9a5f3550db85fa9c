"""Laws of formulas as MathML, LaTeX and Typst."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workspan.graphs.sizes import Poly, ceil_log2, maximum, minimum, poly, size
from workspan.reports.notation.mathematics import latex, mathml, mathml_terms, typst

NAMES = st.sampled_from(["n", "d", "w", "d_kv"])
LEAVES = NAMES.map(size) | st.integers(0, 9).map(poly)
FORMULAS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(Poly.__add__, inner, inner),
        st.builds(Poly.__sub__, inner, inner),
        st.builds(Poly.__mul__, inner, inner),
        st.builds(lambda a, b: a / (b * b + 1), inner, inner),
        st.builds(lambda a: ceil_log2(a * a + 2), inner),
        st.builds(maximum, inner, inner),
        st.builds(minimum, inner, inner),
    ),
    max_leaves=5,
)


@given(FORMULAS)
def test_every_formula_is_well_formed(formula: Poly) -> None:
    """Any formula becomes MathML that parses and LaTeX whose braces and fences balance."""
    for text in (mathml(str(formula)), f"<p>{mathml_terms(str(formula))}</p>"):
        root = ElementTree.fromstring(text)
        assert "mtext" not in {e.tag for e in root.iter()}
    written = latex(str(formula))
    assert written.count("{") == written.count("}")
    assert written.count("\\left") == written.count("\\right")
    assert written.count("\\lceil") == written.count("\\rceil")
    written = typst(str(formula))
    assert written.count("(") == written.count(")")
    assert written.count('"') % 2 == 0


@given(FORMULAS)
def test_terms_keep_their_order(formula: Poly) -> None:
    """The letters and digits of MathML come in the order of the text, apart from functions."""
    text = str(formula).replace("**", "").replace("log2", "log")
    root = ElementTree.fromstring(f"<p>{mathml_terms(str(formula))}</p>")
    shown = "".join("".join(e.itertext()) for e in root.iter() if e.tag in {"mi", "mn"})
    for name in ("n", "d", "w"):
        kept = [c for c in text.replace("min", "").replace("and", "") if c == name]
        found = [c for c in shown.replace("min", "") if c == name]
        assert kept == found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8*d**2*n - n/2", "8 d^{2} n - \\frac{n}{2}"),
        ("2*2**ceil(log2(n))", "2 \\cdot 2^{\\lceil \\log_{2} n \\rceil}"),
        ("(n + 1)*d", "\\left(n + 1\\right) d"),
        ("(2**n)**2", "\\left(2^{n}\\right)^{2}"),
        ("max(n, 2*w)", "\\max\\left(n, 2 w\\right)"),
        ("ceil(log(n, k))", "\\lceil \\log_{k} n \\rceil"),
        ("4*d*min(n, w)", "4 d \\cdot \\min\\left(n, w\\right)"),
        ("log(d)*n", "\\log \\left(d\\right) n"),
        ("sqrt(d + 1)", "\\sqrt{d + 1}"),
        ("d_kv", "d_{\\mathit{kv}}"),
        ("n < 2*d or n != 3", "n < 2 d \\text{ or } n \\ne 3"),
        ("-2*n + 1", "- 2 n + 1"),
        ("n*(-1)", "n \\left(- 1\\right)"),
    ],
)
def test_latex_reads_as_written(text: str, expected: str) -> None:
    """LaTeX says what Python syntax says, with the parentheses that it needs."""
    assert latex(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8*d**2*n - n/2", "8 d^(2) n - frac(n, 2)"),
        ("2*2**ceil(log2(n))", "2 dot 2^(ceil(log_(2) n))"),
        ("(n + 1)*d", "(n + 1) d"),
        ("max(n, 2*w)", "max(n, 2 w)"),
        ("d_kv", 'd_"kv"'),
        ("n < 2*d or n != 3", 'n < 2 d " or " n != 3'),
        ('a "b\\', '"a \\"b\\\\"'),
    ],
)
def test_typst_reads_as_written(text: str, expected: str) -> None:
    """Typst says what Python syntax says, and a string that is no formula cannot end early."""
    assert typst(text) == expected


@pytest.mark.parametrize("text", ["import os", "f(x", "a.b", "[1]", "x" * 30_000, "(" * 500 + "n"])
def test_what_is_no_formula_is_shown_escaped(text: str) -> None:
    """Text that is no formula stays text, and never runs."""
    assert "mtext" in mathml(text)
    assert latex(text).startswith("\\text{")
    assert typst(text).startswith('"')
