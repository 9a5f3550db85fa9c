"""Laws of the numbers that a page computes: they are those of Python, exactly."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from importlib.resources import files
from typing import Any

import pytest
import sympy
from playwright.sync_api import Browser, Page

from workspan.analysis.api import graph_of
from workspan.analysis.comparing.crossovers import condition
from workspan.analysis.comparing.segments import segments
from workspan.analysis.deriving import derive
from workspan.graphs.misfits import demands_of, misfit
from workspan.graphs.programs import program
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, SizeError, poly, power, size
from workspan.reports.explorer.pools import Pools, demands, plain
from workspan.reports.report import FOUNDING

SOURCES = ("elements", "exact", "formulas", "signs", "address", "crossovers")
OTHERS = (
    "min_gru_scan",
    "block_local_attention",
    "fnet",
    "grouped_query_attention",
    "separable_convolution",
)
WRITTEN = (
    "n/d",
    "(n**2 + w)/(d + w)",
    "max(n/d, w/2) - n/3",
    "min((n + 1)/d, 1/w)**2",
    "ceil(n/(2*d))*ceil(log2(n/d + 1))",
    "1/max(n/2, d/3) + w",
    "ceil(log(n, d + 1))*n**7",
    "1/(1/n + 1/d)",
    "n**4*d**3 - w**6",
    "2**ceil(log2(n))*d - 3*ceil(log2(n*d))",
    "ceil(log2(n - d))/(w - 3)",
    "123456789012345678901234567890*n**9/7 - d/11",
)
LARGE = (1, 2, 3, 5, 7, 8, 64, 100, 1024, 4097, 10**6, 2**31 + 1, 10**12)
SIZES = "ndhLfkwcgesvmr"


@pytest.fixture(scope="module")
def engine(browser: Browser) -> Iterator[Callable[[str, Any], Any]]:
    """Run JavaScript with the scripts of numbers in an empty page."""
    folder = files("workspan.reports.scripts")
    source = "\n".join(folder.joinpath(f"{name}.js").read_text("utf-8") for name in SOURCES)
    page: Page = browser.new_page()
    yield lambda body, given: page.evaluate(
        f"(given) => {{ 'use strict'; {source}\n{body} }}", given
    )
    page.context.close()


def formulas() -> list[Poly]:
    """Derive figures of the founding models and of others, with every function that they have."""
    found: dict[Poly, None] = {}
    settings = Setting(unit="scalar", pairs="masked"), Setting(unit="layer"), Setting(mode="decode")
    for model, setting in itertools.product((*FOUNDING, *OTHERS), settings):
        graph = graph_of(model, [{"L": 1, "h": 1}])
        for figure in ("work", "span", "parallelism", "state", "layers_to_connect", "activations"):
            formula = derive(figure, graph, setting).formula
            if formula is not None:
                found[formula] = None
    return [*found, *map(poly, WRITTEN)]


def sizes_of(draw: random.Random) -> dict[str, int]:
    """Draw sizes, large ones and primes and powers among them."""
    return {s: draw.choice(LARGE) if draw.random() < 0.6 else draw.randint(1, 5000) for s in SIZES}


def value_of(cost: Poly, at: dict[str, int]) -> list[str] | str:
    """Return an exact value as texts, or that there is none."""
    try:
        found = Fraction(cost.evaluate(**{s: at[s] for s in cost.sizes}))
    except (SizeError, ZeroDivisionError):
        return "none"
    return [str(found.numerator), str(found.denominator)]


def true(text: str, at: dict[str, int]) -> bool:
    """Evaluate a solved condition, logarithms rounded up exactly."""
    if text in {"always", "never"}:
        return text == "always"
    names: dict[str, Any] = {s: sympy.Integer(v) for s, v in at.items()}
    names |= {"sqrt": sympy.sqrt, "min": sympy.Min, "max": sympy.Max, "ceil": sympy.ceiling}
    names["log2"] = lambda x: sympy.Integer((int(sympy.ceiling(x)) - 1).bit_length())
    return bool(eval(text, {"__builtins__": {}}, names))


EVALUATE = """
return given.map(([program, sizes]) => {
  const at = new Map(Object.entries(sizes).map(([name, value]) => [name, BigInt(value)]));
  try {
    const found = evaluated(program, at);
    return [String(found.above), String(found.below)];
  } catch (error) {
    if (!(error instanceof NoValue)) throw error;
    return "none";
  }
});
"""


def test_values_are_exact(engine: Callable[[str, Any], Any]) -> None:
    """Law: every formula has the value in the page that it has here, or none in both."""
    draw = random.Random(7)
    cases = [(f, sizes_of(draw)) for f in formulas() for _ in range(5)]
    assert len(cases) > 500
    found = engine(EVALUATE, [[plain(program(f)), at] for f, at in cases])
    for (formula, at), told in zip(cases, found, strict=True):
        assert told == value_of(formula, at), (str(formula), at)
    assert any(len(told[0]) > 40 for told in found if told != "none")
    assert "none" in found


def test_longest_powers_are_refused(engine: Callable[[str, Any], Any]) -> None:
    """Law: a power of too many bits has no value, and takes no time."""
    cost = program(power(size("n"), size("L")))
    sizes = [{"n": 3, "L": 5}, {"n": 7, "L": 1200}, {"n": 2, "L": 4097}, {"n": 10**12, "L": 10**12}]
    found = engine(EVALUATE, [[plain(cost), at] for at in sizes])
    assert found == [["243", "1"], [str(7**1200), "1"], "none", "none"]


def test_a_model_exists_where_it_does_here(engine: Callable[[str, Any], Any]) -> None:
    """Law: sizes that do not fit a model are refused in the page exactly where they are here."""
    draw, cases = random.Random(3), []
    for name in ("attention", "grouped_query_attention", "lsh_attention", "retnet_chunked"):
        graph = graph_of(name, [dict.fromkeys("hgc", 1)])
        assert demands_of(graph)
        for _ in range(40):
            at = {s: draw.choice((1, 2, 3, 4, 6, 8, 12, 64)) for s in SIZES}
            cases.append((graph, {s: at.get(s, 1) for s in graph.free_sizes}))
    made = []
    for graph, _ in cases:
        pools = Pools()
        made.append((demands(graph, pools), pools.programs.all))
    body = """
    return given.map(([data, model, sizes]) => misfit(
      data, model, new Map(Object.entries(sizes).map(([s, v]) => [s, BigInt(v)]))));
    """
    given = [
        [{"programs": p}, {"demands": d}, at] for (d, p), (_, at) in zip(made, cases, strict=True)
    ]
    told = engine(body, given)
    here = [misfit(graph, at) for graph, at in cases]
    assert [not t for t in told] == [h is None for h in here]
    assert {not t for t in told} == {True, False}


SIGNS = """
return given.map(([left, right, sizes, along, high]) => {
  const at = new Map(Object.entries(sizes).map(([name, value]) => [name, BigInt(value)]));
  try {
    return signRuns(left, right, at, along, 1n, BigInt(high))
      .map(({ first, last, sign }) => [String(first), String(last), sign]);
  } catch (error) {
    if (!(error instanceof Unsolved)) throw error;
    return "unsolved";
  }
});
"""


def test_crossovers_are_the_solved_ones(engine: Callable[[str, Any], Any]) -> None:
    """Law: runs of signs are those solved here, to the whole number, and each solved condition
    says the same at their ends.
    """
    draw, high = random.Random(11), 10**12
    works = [derive("work", graph_of(m), Setting(pairs="masked")).formula for m in FOUNDING]
    spans = [derive("span", graph_of(m), Setting(unit="scalar")).formula for m in FOUNDING]
    pairs = [
        p
        for f in (works, spans)
        for p in itertools.combinations([c for c in f if c is not None], 2)
    ]
    cases = [
        (left, right, {s: draw.choice((2, 3, 8, 64, 513, 4096)) for s in "ndkw"}, along)
        for left, right in pairs
        for along in "nd"
    ]
    given = [[plain(program(a)), plain(program(b)), at, x, high] for a, b, at, x in cases]
    for (left, right, at, along), runs in zip(cases, engine(SIGNS, given), strict=True):
        fixed = {s: v for s, v in at.items() if s != along}
        solved = segments(left.substitute(fixed) - right.substitute(fixed), 1, high)
        assert [(int(a), int(b), s) for a, b, s in runs] == [
            (r.first, r.last, r.sign) for r in solved
        ]
        less = condition(left, right)
        for first, last, sign in runs:
            end = int(last if sign > 0 else first)
            assert true(less, {**at, along: end}) == (sign < 0), (less, at, along, end)
    assert sum(len(runs) > 1 for runs in engine(SIGNS, given)) > 20


def test_functions_are_cut_where_they_turn(engine: Callable[[str, Any], Any]) -> None:
    """Law: with functions inside functions the runs are those of looking at every number."""
    texts = (
        "min(n, 7)*n - max(3*n, 40)",
        "ceil(log2(min(n, 50)))*n - 4*n - 11",
        "ceil(n/16)*16 - n - 3",
        "2**ceil(log2(n)) - 3*n/2",
        "n**3 - 60*n**2 + 1000*n - 4000",
        "ceil(log(n, 3)) - ceil(log2(n))/2 - 1/2",
        "(n**2 + 1)/(n + 1) - 37",
    )
    given = [[plain(program(poly(t))), plain(program(poly(0))), {}, "n", 300] for t in texts]
    for text, runs in zip(texts, engine(SIGNS, given), strict=True):
        signs = [s for first, last, s in runs for _ in range(int(first), int(last) + 1)]
        values = [poly(text).evaluate(n=n) for n in range(1, 301)]
        assert signs == [(v > 0) - (v < 0) for v in values], text


SAMPLED = """
const entries = given.map(([name, least], program) => ({ name, program, least }));
const data = { programs: given.map(([, , program]) => program) };
const at = new Map([["n", 7n], ["d", 64n], ["c", 100n]]);
const { turns, sampled } = turnsAlong(data, entries, at, "n");
return [turns.map((t) => [String(t.first), t.less.name, t.more.name, t.equal]), sampled];
"""


def test_where_nothing_is_solved_samples_say_so(engine: Callable[[str, Any], Any]) -> None:
    """Law: a pair with more pieces than are looked at is named, and its turns are turns all the same."""
    costs = {
        "chunked": poly("4*c**2*ceil(n/c)**2*d + 8*d**2*n"),
        "recurrent": poly("20*d**2*n + 900*d*n"),
        "smooth": poly("16*d**2*n + 3"),
    }
    given = [[name, {}, plain(program(cost))] for name, cost in costs.items()]
    found, sampled = engine(SAMPLED, given)
    assert sampled == ["chunked and recurrent", "chunked and smooth"]
    assert {frozenset(names) for _, *names, equal in found if not equal} >= {
        frozenset(("chunked", "recurrent")),
        frozenset(("chunked", "smooth")),
    }
    for at, less, more, equal in found:
        here, before = (
            costs[less].evaluate(n=n, d=64, c=100) - costs[more].evaluate(n=n, d=64, c=100)
            for n in (int(at), int(at) - 1)
        )
        assert (here == 0) if equal else (here < 0 <= before)


def test_first_pieces_are_exact(engine: Callable[[str, Any], Any]) -> None:
    """Law: before samples begin, turns are those of looking at every number."""
    left, right = poly("40*ceil(n/c)**2*c**2 + 9*d*n"), poly("n**3/2 + 41*n*c*ceil(n/c) + d")
    given = [["left", {}, plain(program(left))], ["right", {}, plain(program(right))]]
    at = {"d": 64, "c": 9}
    body = SAMPLED.replace("100n", "9n")
    found, sampled = engine(body, given)
    assert sampled == ["left and right"]
    orders = [left.evaluate(n=n, **at) - right.evaluate(n=n, **at) for n in range(1, 1500)]
    signs = [(order > 0) - (order < 0) for order in orders]
    assert 0 not in signs
    turned = [k + 1 for k in range(1, len(signs)) if signs[k] != signs[k - 1]]
    assert [int(at) for at, *_ in found if int(at) < 1500] == turned
    assert len(turned) > 0
