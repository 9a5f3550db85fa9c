"""Rules of thumb as queries: each is answered by computation, with its boundary and derivation.

>>> answer = answered(rule("long-sequences"))
>>> answer.verdict, answer.parts[1].boundary
('in a region', 'n > (8*d**2 + 17*d + 2)/(4*d + 6)')
>>> answered(rule("streaming")).parts[0].verdict
'yes'
"""

from __future__ import annotations

import functools
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from importlib import resources
from typing import Any

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, poly
from ..comparing.crossovers import condition
from ..comparing.growth import growth
from ..comparing.segments import segments
from ..derivation import Derivation
from ..deriving import derive
from ..experiments.definitions import define
from ..experiments.judging import Outcome
from ..experiments.record import read_results
from ..solving import UnsolvedError
from .candidates import candidate
from .properties import length_of, properties

VERDICTS = ("yes", "in a region", "confirmed", "no", "out of reach")
"""What a rule can be, the strongest first: a rule is as strong as its weakest part. All but two are
derived: *confirmed* is the verdict of a pre-stated test on an experiment's numbers."""

SIDES = ("left", "right", "fails", "lasts")
"""Where a part of a rule names one model."""
STANDING = ("lstm", "causal_attention")
"""The recurrence and the attention that rules compare if nobody names others."""

LARGEST = 10**12


class RuleError(ValueError):
    """A rule that does not exist, or that makes no sense; the message names it."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A piece of advice, and what it takes to be true."""

    name: str
    advice: str
    parts: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Question:
    """Where a rule is asked."""

    sizes: Mapping[str, int] = field(default_factory=lambda: {"n": 4096, "d": 512})
    memory: int = 16 * 10**9
    """Bytes."""
    batch: int = 1
    bytes: Fraction = Fraction(2)
    """Of one number."""
    instead: Mapping[str, str] = field(default_factory=dict)
    """Models that stand for the recurrence and the attention of the comparisons."""


@dataclass(frozen=True, slots=True)
class Part:
    """One part of an answer."""

    says: str
    verdict: str
    boundary: str
    """The condition under which it holds; empty if it does not depend on sizes."""
    here: str
    """What it is at the sizes that were asked about."""
    evidence: tuple[str, ...]
    aside: bool = False
    """Whether it only qualifies the rule, which stands without it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A rule, answered."""

    rule: Rule
    question: Question
    parts: tuple[Part, ...]

    @property
    def verdict(self) -> str:
        """The weakest of its parts, what only qualifies it apart."""
        return max((p.verdict for p in self.parts if not p.aside), key=VERDICTS.index)


@functools.cache
def rules() -> tuple[Rule, ...]:
    """Return all rules, in the order of their file."""
    text = resources.files(__package__).joinpath("rules.toml").read_text(encoding="utf-8")
    return tuple(Rule(r["id"], r["advice"], tuple(r["part"])) for r in tomllib.loads(text)["rule"])


def rule(name: str) -> Rule:
    """Return a rule.

    Raises
    ------
    RuleError
        If there is none of that name.
    """
    found = next((r for r in rules() if r.name == name), None)
    if found is None:
        names = ", ".join(r.name for r in rules())
        raise RuleError(f"expected a rule among {names}, got {name!r}")
    return found


def answered(asked: Rule, question: Question | None = None) -> Answer:
    """Compute the answer to a rule."""
    question = question or Question()
    parts = (
        replace(
            _ASKS[part["asks"]](_with(part, question.instead), question),
            aside=part.get("aside", False),
        )
        for part in asked.parts
    )
    return Answer(asked, question, tuple(parts))


def _with(part: Mapping[str, Any], instead: Mapping[str, str]) -> Mapping[str, Any]:
    """Put other models in the places of those that are compared."""
    sides = {side: instead.get(part[side], part[side]) for side in SIDES if side in part}
    return {**part, **sides}


def _graph(name: str, question: Question) -> Graph:
    depth = {"L": 1} if "L" in question.sizes else {}
    return candidate(name, {**question.sizes, **depth}).graph


def _derived(name: str, part: Mapping[str, Any], question: Question) -> Derivation:
    setting = Setting(**part.get("setting", {}))
    return derive(part["figure"], _graph(name, question), setting)


def _line(name: str, part: Mapping[str, Any], found: Derivation) -> str:
    where = ", ".join(f"{k} {v}" for k, v in part.get("setting", {}).items())
    title = f"{part['figure']} of {name}" + (f" ({where})" if where else "")
    if found.formula is None:
        return f"{title}: {found.reason}"
    least = ", ".join(f"{s} >= {v}" for s, v in found.least.items() if v > 1)
    domain = f", for {least}" if least else ""
    return f"{title} = {found.formula} ({found.grade}{domain})"


def _less(part: Mapping[str, Any], question: Question) -> Part:
    """Whether the left model has less of a figure: always, never, or exactly when."""
    left, right = (_derived(part[side], part, question) for side in ("left", "right"))
    lines = [_line(part[s], part, d) for s, d in (("left", left), ("right", right))]
    if left.formula is None or right.formula is None:
        return Part(part["says"], "out of reach", "", "", tuple(lines))
    when = condition(left.formula, right.formula)
    lines.append(f"{left.formula} < {right.formula} exactly when: {when}")
    verdict = {"always": "yes", "never": "no"}.get(when, "in a region")
    values = [_value(d.formula, part[s], question) for s, d in (("left", left), ("right", right))]
    relation = "less" if values[0] < values[1] else "equal" if values[0] == values[1] else "more"
    here = f"{part['left']} {_number(values[0])}, {part['right']} {_number(values[1])}: {relation}"
    if verdict == "in a region":
        here = f"{here}; {_where(left.formula - right.formula, part['left'], question)}"
    boundary = "" if verdict != "in a region" else when
    steps = [f"  {s}" for d in (left, right) for s in d.steps]
    return Part(part["says"], verdict, boundary, here, (*lines, *steps))


def _where(difference: Poly, name: str, question: Question) -> str:
    """Say for which lengths a difference is negative, all other sizes as asked."""
    sizes = candidate(name, question.sizes).sizes
    fixed = {s: sizes.get(s, 1) for s in difference.sizes if s != "n"}
    at = ", ".join(f"{s} = {v}" for s, v in sorted(fixed.items()))
    try:
        runs = segments(difference.substitute(fixed), 1, LARGEST)
    except UnsolvedError as error:
        return f"along n: {error}"
    less = [_interval(r.first, r.last) for r in runs if r.sign < 0]
    return f"with {at}: {' or '.join(less) or 'at no n'}" if at else " or ".join(less)


def _interval(first: int, last: int) -> str:
    if last >= LARGEST:
        return f"n >= {first:,}" if first > 1 else "at any n"
    return f"n <= {last:,}" if first <= 1 else f"{first:,} <= n <= {last:,}"


def _value(formula: Poly | None, name: str, question: Question) -> Any:
    assert formula is not None
    chosen = candidate(name, question.sizes)
    return formula.evaluate(
        **{**chosen.sizes, **{s: 1 for s in formula.sizes if s not in chosen.sizes}}
    )


def _number(value: Any) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{float(value):,.4g}"


def _property(part: Mapping[str, Any], question: Question) -> Part:
    """Whether models have a property as the rule says; who does not is the counterexample."""
    lines, wrong = [], []
    for name, expected in part["expected"].items():
        fact = properties(_graph(name, question))[part["property"]]
        lines.append(f"{name}: {fact.name}: {fact.value}: {fact.text}")
        if fact.value != expected:
            wrong.append(f"{name}: {fact.value}, not {expected}")
    return Part(part["says"], "no" if wrong else "yes", "", "; ".join(wrong), tuple(lines))


def _growth(part: Mapping[str, Any], question: Question) -> Part:
    """Whether figures grow as the rule says."""
    lines, wrong = [], []
    for name, expected in part["expected"].items():
        found = _derived(name, part, question)
        lines.append(_line(name, part, found))
        rate = (
            "unknown"
            if found.formula is None
            else growth(found.formula, (part["along"],))[part["along"]]
        )
        lines.append(f"  in {part['along']} it is Theta({rate})")
        if rate != expected:
            wrong.append(f"{name}: Theta({rate}), not Theta({expected})")
    return Part(part["says"], "no" if wrong else "yes", "", "; ".join(wrong), tuple(lines))


def _fits(part: Mapping[str, Any], question: Question) -> Part:
    """Whether one model gives out at some length while another one never does."""
    lines, most = [], {}
    for side in ("fails", "lasts"):
        name = part[side]
        chosen = candidate(name, question.sizes)
        found = derive(part["figure"], chosen.graph, Setting())
        lines.append(_line(name, part, found))
        if found.formula is None:
            return Part(part["says"], "out of reach", "", "", tuple(lines))
        needed = found.formula * question.batch * question.bytes
        limit = longest(needed, chosen.sizes, length_of(chosen.graph) or "n", question.memory)
        told = f"n = {limit:,}" if limit is not None else "any length"
        lines.append(
            f"  {needed} bytes <= {question.memory:,} bytes at {_at(chosen.sizes)} up to {told}"
        )
        most[side] = limit
    verdict = "in a region" if most["fails"] is not None and most["lasts"] is None else "no"
    boundary = "" if most["fails"] is None else f"{part['fails']} fits for n <= {most['fails']}"
    n = question.sizes.get("n")
    here = (
        ""
        if n is None or most["fails"] is None
        else f"n = {n:,} {'fits' if n <= most['fails'] else 'does not fit'}"
    )
    return Part(part["says"], verdict, boundary, here, tuple(lines))


def longest(needed: Poly, sizes: Mapping[str, int], along: str, budget: int) -> int | None:
    """Return the most positions with which no more than a budget is needed; None if any number is.

    It is 0 if one position needs more.

    Raises
    ------
    UnsolvedError
        If the formula has a function that no rule splits.
    """
    fixed = {s: v for s, v in sizes.items() if s != along}
    runs = segments(needed.substitute(fixed) - poly(budget), 1, LARGEST)
    over = next((r for r in runs if r.sign > 0), None)
    return None if over is None else over.first - 1


def _at(sizes: Mapping[str, int]) -> str:
    return ", ".join(f"{s}={v}" for s, v in sorted(sizes.items()) if s != "n")


def _experiment(part: Mapping[str, Any], question: Question) -> Part:
    """Whether an experiment on record confirms a statement on signal or learning, by its own test."""
    name, statement = part["experiment"], part["statement"]
    result = read_results().get(name)
    if result is None:
        missing = f"no record; 'workspan experiment {name}' measures it"
        return Part(part["says"], "out of reach", "", missing, (missing,))
    tests = Outcome.of(define(name), result).tests
    found = next((t for t in tests if t.test.statement == statement), None)
    lines = tuple(f"{t.verdict}: {t.test.statement}: {t.told}" for t in tests)
    if found is None:
        return Part(part["says"], "out of reach", "", f"{name} does not test: {statement}", lines)
    verdict = "confirmed" if found.confirmed else "out of reach"
    here = f"experiment {name}: {found.verdict}: {found.test.statement}: {found.told}"
    return Part(part["says"], verdict, "", here, lines)


def _beyond(part: Mapping[str, Any], question: Question) -> Part:
    return Part(part["says"], "out of reach", "", "", (part["reason"],))


_ASKS: Mapping[str, Callable[[Mapping[str, Any], Question], Part]] = {
    "less": _less,
    "property": _property,
    "growth": _growth,
    "fits": _fits,
    "experiment": _experiment,
    "beyond": _beyond,
}
