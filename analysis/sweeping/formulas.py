"""Formulas that points are evaluated with: as plain data, with where they hold.

>>> found = formula_of("attention", ("n", "d"), "span", Setting(unit="scalar"))
>>> found.grade, found.unit, found.quotient is None
('proved', 'step', False)
>>> formula_of("bidirectional_lstm", ("n", "d"), "state", Setting()).reason
'...not causal...'
"""

from __future__ import annotations

import msgspec

from ...graphs.graph import Graph
from ...graphs.programs import Quotient, program
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..api import UNITS, graph_of, is_quotient
from ..deriving import derive


class Divided(msgspec.Struct, frozen=True):
    """An extent of the graph that must be whole, such as n/c."""

    text: str
    quotient: Quotient


class Formula(msgspec.Struct, frozen=True):
    """One figure of one model in one setting."""

    unit: str
    quotient: Quotient | None = None
    """None if there is none; ``reason`` says why."""
    grade: str = ""
    reason: str = ""
    least: dict[str, int] = {}
    """Sizes below which the formula does not hold."""
    divided: tuple[Divided, ...] = ()
    timed: bool = False
    """Whether it is the predicted time of a task, which is no formula of whole numbers."""


def formula_of(
    subject: str | Graph, symbols: tuple[str, ...], figure: str, setting: Setting
) -> Formula:
    """Derive a figure; where there is no formula, the reason stands in its place."""
    graph = graph_of(subject, [dict.fromkeys(symbols, 1)])
    unit, divided = UNITS[figure], divided_of(graph)
    found = derive(figure, graph, setting)
    if found.formula is None:
        return Formula(unit, reason=found.reason or "no formula was found", divided=divided)
    try:
        quotient = program(found.formula)
    except SizeError as error:
        return Formula(unit, reason=str(error), divided=divided)
    return Formula(unit, quotient, found.grade or "", "", dict(found.least), divided)


def divided_of(graph: Graph) -> tuple[Divided, ...]:
    """Return the extents of a graph that must be whole."""
    extents = {str(a.extent): a.extent for a in graph.axes.values() if is_quotient(a.extent)}
    return tuple(Divided(text, program(extents[text])) for text in sorted(extents))
