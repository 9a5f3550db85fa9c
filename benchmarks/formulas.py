"""Formulas: adding up, comparing and evaluating polynomials in sizes."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import numpy as np
import sympy

from workspan import Setting, analyze, catalogue, poly, trace
from workspan.graphs.sizes import Poly, summed

from .timing import Row, cpu

MONOMIALS = 2000
SIZES = 1_000_000
LOOPED = 10_000


def adding() -> Iterator[Row]:
    """Add up as many different monomials, one after another."""
    names = ("n", "d", "h", "f")
    powers = list(itertools.product(range(7), repeat=4))[:MONOMIALS]
    terms = [
        poly("*".join(["1", *(f"{s}**{k}" for s, k in zip(names, p, strict=True))])) for p in powers
    ]
    symbolic = [t.sympy() for t in terms]

    def ours() -> object:
        return sum(terms, poly(0))

    def ours_at_once() -> object:
        return summed(terms)

    def theirs() -> object:
        sympy.core.cache.clear_cache()
        total = sympy.Integer(0)
        for term in symbolic:
            total += term
        return total

    def at_once() -> object:
        sympy.core.cache.clear_cache()
        return sympy.Add(*symbolic)

    what = f"sum of {MONOMIALS} monomials, one after another"
    yield Row(what, cpu(ours), "sympy, += in a loop", cpu(theirs, repeat=1))
    what = f"sum of {MONOMIALS} monomials, all at once"
    yield Row(what, cpu(ours_at_once), "sympy.Add", cpu(at_once))


def _work() -> Poly:
    graph = trace(catalogue["encoder"], L="L")
    found = analyze(graph, figures=["work"], witnesses=("derived",))["work"].formula
    assert found is not None
    return found


def evaluating() -> Iterator[Row]:
    """Evaluate the work of an encoder at a million lengths."""
    formula = _work()
    rest = {"L": 6, "d": 512, "f": 2048}
    lengths = np.arange(1, SIZES + 1)
    symbols = sympy.symbols(formula.sizes, positive=True, integer=True)
    call = sympy.lambdify(symbols, formula.sympy(), "numpy")
    ours = cpu(lambda: formula.evaluate(n=lengths, **rest))
    theirs = cpu(lambda: call(**{str(s): {**rest, "n": lengths}[str(s)] for s in symbols}))
    looped = cpu(lambda: [formula.evaluate(n=n, **rest) for n in range(1, LOOPED + 1)], repeat=1)
    yield Row(f"one formula at {SIZES:,} sizes", ours, "sympy.lambdify, compiled before", theirs)
    everything = looped * SIZES / LOOPED
    yield Row(
        f"one formula at {SIZES:,} sizes",
        ours,
        f"a loop in Python ({LOOPED:,} sizes, scaled up)",
        everything,
    )
    depth = analyze(
        "encoder", figures=["span"], setting=Setting(unit="scalar"), witnesses=("derived",)
    )
    span = depth["span"].formula
    assert span is not None
    quotient = formula / span
    yield Row(
        f"work / span at {SIZES:,} sizes",
        cpu(lambda: quotient.evaluate(n=lengths, **rest)),
        f"a loop in Python ({LOOPED:,} sizes, scaled up)",
        cpu(lambda: [quotient.evaluate(n=n, **rest) for n in range(1, LOOPED + 1)], repeat=1)
        * SIZES
        / LOOPED,
    )
