"""Laws of rules of thumb: every boundary that is printed is where the derived figures cross."""

from __future__ import annotations

import pytest

from workspan.analysis.advising.candidates import candidate
from workspan.analysis.advising.rules import (
    VERDICTS,
    Part,
    Question,
    RuleError,
    answered,
    longest,
    rule,
    rules,
)
from workspan.analysis.deriving import derive
from workspan.analysis.experiments.definitions import define
from workspan.analysis.experiments.judging import judge
from workspan.analysis.experiments.record import read_results
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly

ADVICE = {
    "long-sequences": "in a region",
    "streaming": "yes",
    "short-memory": "in a region",
    "inductive-bias": "confirmed",
    "parallel-training": "in a region",
    "context-fits": "in a region",
    "long-dependence": "in a region",
    "scale": "out of reach",
}
"""The founding comparison, rule by rule, and what of it a graph or an experiment can decide."""


@pytest.mark.parametrize("name", ADVICE)
def test_every_rule_of_the_founding_comparison_is_answered(name: str) -> None:
    """Each has a verdict, and each of its parts a sentence with evidence."""
    found = answered(rule(name))
    assert found.verdict == ADVICE[name]
    assert all(p.says and p.evidence for p in found.parts)
    assert VERDICTS.index(found.verdict) == max(
        VERDICTS.index(p.verdict) for p in found.parts if not p.aside
    )


def test_experiments_speak_by_their_own_tests() -> None:
    """Law: a statement on learning is confirmed if the test that was stated for it confirms it."""
    seen = []
    for asked in rules():
        for part, told in zip(asked.parts, answered(asked).parts, strict=True):
            if part["asks"] != "experiment":
                continue
            result = read_results()[part["experiment"]]
            judged = judge(define(part["experiment"]), result)
            confirmed = [t.confirmed for t in judged if t.test.statement == part["statement"]]
            assert [told.verdict == "confirmed"] == confirmed
            assert len(told.evidence) == len(judged)
            seen.append(told.verdict)
    assert {"confirmed", "out of reach"} == set(seen)


def test_these_are_all_rules() -> None:
    """The list of rules is the list of the founding comparison."""
    assert [r.name for r in rules()] == list(ADVICE)


@pytest.mark.parametrize("name", ADVICE)
def test_comparisons_agree_with_brute_force(name: str) -> None:
    """Law: always, never, or exactly when: as evaluating both figures at every small size says."""
    asked = rule(name)
    for part, told in zip(asked.parts, answered(asked).parts, strict=True):
        if part["asks"] != "less":
            continue
        formulas = []
        for side in ("left", "right"):
            chosen = candidate(part[side], {"n": 4, "d": 4})
            found = derive(part["figure"], chosen.graph, Setting(**part.get("setting", {})))
            assert found.formula is not None
            formulas.append(found.formula)
        left, right = formulas
        signs = {
            (n, d): left.evaluate(n=n, d=d) < right.evaluate(n=n, d=d)
            for n in range(1, 60)
            for d in range(1, 30)
        }
        assert (told.verdict == "yes") == all(signs.values())
        assert (told.verdict == "no") == (not any(signs.values()))
        if told.verdict == "in a region":
            assert {k for k, v in signs.items() if v} == _region(told, signs)


def _region(told: Part, points: object) -> set[tuple[int, int]]:
    """Evaluate a printed boundary exactly, at all points."""
    relation = " < " if " < " in told.boundary else " > "
    sides = [poly(side) for side in told.boundary.split(relation)]
    assert isinstance(points, dict)
    found = set()
    for n, d in points:
        a, b = (side.evaluate(n=n, d=d) for side in sides)
        if a < b if relation == " < " else a > b:
            found.add((n, d))
    return found


def test_what_fits_is_the_longest_that_does() -> None:
    """Law: the longest length within a budget fits, and one more does not."""
    for text, budget in (("4*d*n + 7", 1000), ("d*n**2 + n", 10**6), ("2*d*min(n, w)", 10**6)):
        sizes = {"d": 3, "w": 50, "n": 1}
        needed = poly(text)
        found = longest(needed, sizes, "n", budget)
        if found is None:
            assert all(needed.evaluate(n=n, d=3, w=50) <= budget for n in (1, 10**6, 10**12))
            continue
        assert needed.evaluate(n=found, d=3, w=50) <= budget
        assert needed.evaluate(n=found + 1, d=3, w=50) > budget


def test_memory_decides_where_a_context_fits() -> None:
    """Half of the memory is half of the context, in bytes of the cache that the paper counts."""
    whole, half = (
        answered(rule("context-fits"), Question({"n": 4096, "d": 512}, memory)).parts[0].boundary
        for memory in (2 * 512 * 2 * 1000, 2 * 512 * 2 * 500)
    )
    assert (whole, half) == (
        "causal_attention fits for n <= 1000",
        "causal_attention fits for n <= 500",
    )


def test_a_rule_that_does_not_exist_is_named() -> None:
    """The message names the rule and all that there are."""
    with pytest.raises(RuleError, match=r"expected a rule among long-sequences, .* got 'speed'"):
        rule("speed")
