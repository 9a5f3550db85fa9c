"""Properties that decide where a model can be used, each computed, with its derivation as evidence.

>>> from ..api import graph_of
>>> for name in ("lstm", "causal_attention", "attention", "gpt2"):
...     found = properties(graph_of(name))
...     print(name, found["streamable"].value, found["limit"].value, found["latency"].text)
lstm yes none one token: 16*d**2 + 21*d operations, 8 array operations deep
causal_attention no soft one token: 8*d**2 + 4*d*n + 4*d + 6*n - 2 operations, 8 array operations deep
attention no soft the whole sequence has to be there first
gpt2 no hard one token: 8*d**2 + 4*d*f + 4*d*n + 2*d*v + 6*h*n + 29*d + 2*f - 2*h + 6 operations, 50 array operations deep

Conventions
-----------
- *causal*: no relation reaches forward along the sequence of the outputs. *constant*: the state is
  of order 1 in the length. *streamable*: both; they are two facts, and each has its own evidence.
- *limit* of context: *hard* if a parameter has a row for each position, so that there are no more
  positions than rows; *soft* if memory or work for the next token grows with the length; *none* if
  neither.
- *horizon*: how far an output sees, over all layers that the graph has.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ...graphs.graph import Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, SizeError
from ..causality import causal, output_sequence
from ..comparing.growth import growth
from ..deriving import derive
from ..measured.graph import MeasureError
from ..measured.state import causal as measured_causal
from ..memory import once
from .candidates import small
from .limits import hard_limits, relative_tables
from .reach import Reach, ahead, reach

NAMES = ("causal", "constant", "streamable", "latency", "limit", "horizon")
"""All properties, in the order of reports."""

ENCODE = Setting()


@dataclass(frozen=True, slots=True)
class Fact:
    """One property of one model."""

    name: str
    value: str
    """yes or no; hard, soft or none; all or bounded; token, ahead or sequence; unknown."""
    text: str
    """The answer in one sentence."""
    evidence: tuple[str, ...] = ()
    """The derivation, one line a step."""
    formula: Poly | None = None
    """What the answer is about, if it is a quantity."""


@dataclass(frozen=True, slots=True)
class Properties:
    """All properties of one model."""

    model: str
    facts: Mapping[str, Fact]
    survives: Mapping[str, Poly]
    """What is kept between two calls: scalars by array."""

    def __getitem__(self, name: str) -> Fact:
        return self.facts[name]


@once
def properties(graph: Graph) -> Properties:
    """Decide the properties of a model."""
    order = _causal(graph)
    kept = derive("state", graph, ENCODE)
    sight = reach(graph)
    constant = _constant(graph, order)
    found = (
        order,
        constant,
        _streamable(order, constant),
        _latency(graph, order, sight),
        _limit(graph, order, sight),
        _horizon(graph, sight),
    )
    survives: Mapping[str, Poly] = {} if kept.formula is None else kept.details.get("kept", {})
    return Properties(graph.name, {f.name: f for f in found}, survives)


def length_of(graph: Graph) -> str | None:
    """Return the size that is the length of the outputs' sequence; None if it is no such size."""
    axis = output_sequence(graph)
    if axis is None or len(axis.extent.sizes) != 1:
        return None
    return axis.extent.sizes[0]


def _causal(graph: Graph) -> Fact:
    reason = causal(graph.looped)
    if reason is None:
        lines = tuple(
            f"{e.name} reads {r.relation} of {r.source}"
            for e in graph.looped
            for r in e.reads
            if r.axis is not None and not r.boundary and str(r.relation) != "same"
        )
        return Fact("causal", "yes", "no relation reaches forward", lines)
    later, seen = _seen(graph)
    reads_ahead = reason.startswith("not causal")
    if later or (reads_ahead and later is None):  # a size at which it looks ahead is proof enough
        text = reason.removeprefix("not causal: ") if reads_ahead else seen
        return Fact("causal", "no", text, (reason, *([seen] if seen else [])))
    return Fact("causal", "unknown", f"{reason}; {seen}" if seen else reason, (reason, seen))


def _seen(graph: Graph) -> tuple[bool | None, str]:
    """Return whether the unrolled graph looks ahead at small sizes, and say so; None if unknown.

    A relation may reach forward and another one back, so that nothing depends on what is later.
    """
    try:
        at = small(graph)
        later = not measured_causal(graph, at)
    except (MeasureError, GraphError, SizeError):
        return None, ""
    sizes = ", ".join(f"{s}={v}" for s, v in sorted(at.items()))
    what = "an output depends" if later else "no output depends"
    return later, f"unrolled at {sizes}, {what} on a later input"


def _constant(graph: Graph, order: Fact) -> Fact:
    found, name = derive("state", graph, ENCODE), length_of(graph)
    if found.formula is None or name is None:
        reason = found.reason or "the length is no size"
        text = f"there is no state: {order.text}" if order.value == "no" else reason
        return Fact("constant", "no" if order.value == "no" else "unknown", text, (reason,))
    rate = growth(found.formula, (name,))[name]
    lines = (*found.steps, f"in {name} it is Theta({rate})")
    what = f"the state is {found.formula} scalars"
    if rate == "1":
        return Fact("constant", "yes", f"{what}, of order 1 in {name}", lines, found.formula)
    return Fact("constant", "no", f"{what} and grows as {rate}", lines, found.formula)


def _streamable(order: Fact, constant: Fact) -> Fact:
    facts = (order, constant)
    evidence = tuple(f"{f.name}: {f.value}: {f.text}" for f in facts)
    for value in ("no", "unknown"):
        failing = next((f for f in facts if f.value == value), None)
        if failing is not None:
            word = {"causal": "not causal", "constant": "state grows"}[failing.name]
            told = f"{word}: {failing.text}" if value == "no" else f"not known: {failing.text}"
            return Fact("streamable", value, told, evidence)
    return Fact("streamable", "yes", f"{order.text}, and {constant.text}", evidence)


def _latency(graph: Graph, order: Fact, sight: Reach) -> Fact:
    if order.value == "yes":
        return _per_token(graph)
    if order.value == "unknown":
        return Fact("latency", "unknown", order.text, order.evidence)
    if sight.ahead is not None:
        text = f"{sight.ahead} later positions have to be there first"
        return Fact("latency", "ahead", text, sight.evidence, sight.ahead)
    bound = ahead(graph)
    if bound.most is not None:
        text = f"at most {bound.most} later positions have to be there first"
        return Fact("latency", "ahead", text, bound.lines, bound.most)
    if sight.reason and not bound.everything:
        text = f"how far ahead an output reads is not known: {sight.reason}"
        return Fact("latency", "unknown", text, order.evidence)
    lines = bound.lines or order.evidence
    return Fact("latency", "sequence", "the whole sequence has to be there first", lines)


def _per_token(graph: Graph) -> Fact:
    work = derive("decode_work", graph, ENCODE)
    depth = derive("span", graph, Setting(mode="decode"))
    if work.formula is None:
        reason = work.reason or "no formula"
        return Fact("latency", "unknown", f"work per token: {reason}", (reason,))
    deep = f", {depth.formula} array operations deep" if depth.formula is not None else ""
    lines = (
        *(f"work: {line}" for line in work.steps),
        *(f"span: {line}" for line in depth.steps),
    )
    text = f"one token: {work.formula} operations{deep}"
    return Fact("latency", "token", text, lines, work.formula)


def _limit(graph: Graph, order: Fact, sight: Reach) -> Fact:
    hard = hard_limits(graph)
    if hard:
        lines = tuple(h.line for h in hard)
        return Fact("limit", "hard", lines[0], lines, hard[0].rows)
    relative = relative_tables(graph)
    name = length_of(graph)
    if name is None:
        return Fact("limit", "unknown", "the outputs have no sequence", ())
    if order.value == "unknown":
        return Fact("limit", "unknown", order.text, order.evidence)
    if order.value == "no":
        return _limit_of_whole(graph, name, sight, relative)
    growing, unknown = [], []
    for figure, title in (("state", "the state"), ("decode_work", "the work for the next token")):
        found = derive(figure, graph, ENCODE)
        if found.formula is None:
            unknown.append(f"{title}: {found.reason}")
            continue
        rate = growth(found.formula, (name,))[name]
        if rate != "1":
            growing.append(f"{title} grows as {rate}: {found.formula}")
    if growing:
        return Fact("limit", "soft", growing[0], (*growing, *relative))
    if unknown:
        return Fact("limit", "unknown", unknown[0], tuple(unknown))
    text = f"state and work for the next token are of order 1 in {name}"
    return Fact("limit", "none", text, (text, *relative))


def _limit_of_whole(graph: Graph, name: str, sight: Reach, relative: tuple[str, ...]) -> Fact:
    """Say what limits a model that needs later positions."""
    if sight.bounded:
        text = f"an output needs {sight.text}, whatever the length"
        return Fact("limit", "none", text, (*sight.evidence, *relative))
    if ahead(graph).most is not None or (sight.reason and not ahead(graph).everything):
        text = f"how far back an output reads is not known: {sight.reason}"
        return Fact("limit", "unknown", text, sight.evidence)
    work = derive("work", graph, ENCODE).formula
    rate = None if work is None else growth(work, (name,))[name]
    told = "" if rate is None else f"; work grows as {rate}: {work}"
    text = f"the whole sequence is held{told}"
    return Fact("limit", "soft", text, (text, *relative))


def _horizon(graph: Graph, sight: Reach) -> Fact:
    if sight.bounded:
        text = f"an output sees {sight.text} and nothing farther away"
        return Fact("horizon", "bounded", text, sight.evidence, sight.back)
    if sight.reason:
        return Fact("horizon", "unknown", sight.reason, (sight.reason,))
    return Fact("horizon", "all", sight.text, sight.evidence)
