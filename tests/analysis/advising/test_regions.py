"""Laws of maps: at every whole point, the winner is who has least by evaluating all formulas."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.examples import examples
from workspan.analysis.advising.candidates import candidate
from workspan.analysis.advising.charts import chart
from workspan.analysis.advising.regions import EVERYWHERE, NEVER, Window, envelope, winners_at
from workspan.analysis.deriving import derive
from workspan.analysis.machines.machine import load
from workspan.analysis.machines.predicting import predict
from workspan.analysis.machines.task import Task
from workspan.analysis.solving import UnsolvedError
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, minimum, poly

SMALL = Window("n", "d", (1, 40), (1, 24))
NAMES = (
    "lstm",
    "causal_attention",
    "causal_windowed_attention",
    "s4d",
    "linear_attention_recurrent",
)


def costs(figure: str, mode: str = "encode") -> dict[str, Poly]:
    """Derive a figure of some models, with all sizes but two as numbers."""
    found = {}
    for name in NAMES:
        chosen = candidate(name, {"n": 8, "d": 8, "w": 7, "s": 4, "L": 3})
        formula = derive(figure, chosen.graph, Setting(mode=mode)).formula
        assert formula is not None
        found[name] = formula.substitute(
            {s: v for s, v in chosen.sizes.items() if s not in {"n", "d"}}
        )
    return found


def least(formulas: Mapping[str, Poly], n: int, d: int) -> set[str]:
    """Return who has least, by brute force."""
    values = {name: cost.evaluate(n=n, d=d) for name, cost in formulas.items()}
    return {name for name, value in values.items() if value == min(values.values())}


@pytest.mark.parametrize("figure", ["work", "state", "decode_work", "span"])
def test_winners_are_those_of_brute_force(figure: str) -> None:
    """Law: on all whole points of a window, winners are those with the least derived figure."""
    formulas = costs(figure)
    found = envelope(formulas, SMALL)
    groups = {k: {k, *v} for k, v in found.alike.items()}
    for d in range(1, 25):
        for n in range(1, 41):
            named = set().union(*(groups.get(w, {w}) for w in winners_at(found, n, d)))
            assert named == least(formulas, n, d), (n, d)


@pytest.mark.parametrize("figure", ["work", "state", "decode_work"])
def test_a_rule_holds_exactly_in_its_region(figure: str) -> None:
    """Law: the printed rule, evaluated at every whole point, is true where the model alone wins."""
    formulas = costs(figure)
    found = envelope(formulas, SMALL)
    for region in found.regions:
        for d in range(1, 25):
            for n in range(1, 41):
                alone = winners_at(found, n, d) == (region.model,)
                assert alone == all(
                    formulas[region.model].evaluate(n=n, d=d) < formulas[o].evaluate(n=n, d=d)
                    for o in region.boundaries
                )
                if "sqrt" not in region.rule:  # a root has no exact value to compare with
                    assert alone == _true(region.rule, n, d), (region.rule, n, d)


def _true(rule: str, n: int, d: int) -> bool:
    """Evaluate a rule of our own making, with exact formulas on both sides of each relation."""
    if rule == EVERYWHERE:
        return True
    if rule.startswith(NEVER):
        return False
    for part in rule.split(" and "):
        relation = next(r for r in (" < ", " > ", " != ") if r in part)
        left, right = part.split(relation)
        a, b = (poly(side).evaluate(n=n, d=d) for side in (left, right))
        if not {" < ": a < b, " > ": a > b, " != ": a != b}[relation]:
            return False
    return True


@given(
    st.lists(st.tuples(*[st.integers(0, 9)] * 4, st.integers(0, 30)), min_size=2, max_size=5),
    st.integers(1, 30),
)
@examples(15)
def test_winners_of_any_formulas(terms: list[tuple[int, ...]], w: int) -> None:
    """Law: the same for random formulas with windows, however they cross."""
    n, d = poly("n"), poly("d")
    formulas = {
        f"model{k}": a * n * d + b * n * n + c * d * d + e * d * minimum(n, w) + f + 1
        for k, (a, b, c, e, f) in enumerate(terms)
    }
    found = envelope(formulas, SMALL)
    groups = {k: {k, *v} for k, v in found.alike.items()}
    for y in (1, 7, 24):
        for x in range(1, 41):
            named = set().union(*(groups.get(w, {w}) for w in winners_at(found, x, y)))
            assert named == least(formulas, x, y)
    assert set(found.beaten) | {r.model for r in found.regions} >= set(formulas) - {
        v for group in found.alike.values() for v in group
    }


def test_times_turn_where_the_map_says() -> None:
    """Law: at both ends of every run of a map of times, its winners are those predicted fastest."""
    names, machine, task = ("lstm", "causal_attention", "gru"), load("a100"), Task("decode")
    window = Window("n", "d", (1, 200_000), (250, 260))
    found = chart(names, window, "time", {"L": 2}, machine=machine, task=task).regions
    assert len(found.regions) > 1
    for d, runs in found.rows.items():
        assert [r.first for r in runs] == [1, *(r.last + 1 for r in runs[:-1])]
        for run in runs:
            for n in (run.first, run.last):
                chosen = [candidate(name, {"n": n, "d": d, "L": 2}) for name in names]
                times = {c.name: predict(c.graph, c.sizes, machine, task).seconds for c in chosen}
                best = min(times.values())
                assert set(run.winners) == {k for k, v in times.items() if v <= best * (1 + 1e-12)}


def test_a_size_without_a_value_is_named() -> None:
    """A formula in a third size has no map; the message names the size and the model."""
    with pytest.raises(UnsolvedError, match="value for w, a size of windowed"):
        envelope({"windowed": poly("n*w"), "other": poly("n*d")}, SMALL)
