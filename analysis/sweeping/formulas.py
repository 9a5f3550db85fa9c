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
from ...graphs.misfits import Whole, demands_of
from ...graphs.programs import Quotient, program
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..api import UNITS, graph_of
from ..deriving import derive


class Demand(msgspec.Struct, frozen=True):
    """What sizes must satisfy for the model to exist: a count is whole, or not negative."""

    refusal: str
    """What is the case where it does not hold."""
    count: Quotient
    whole: bool


class Formula(msgspec.Struct, frozen=True):
    """One figure of one model in one setting."""

    unit: str
    quotient: Quotient | None = None
    """None if there is none; ``reason`` says why."""
    grade: str = ""
    reason: str = ""
    least: dict[str, int] = {}
    """Sizes below which the formula does not hold."""
    demands: tuple[Demand, ...] = ()
    timed: bool = False
    """Whether it is the predicted time of a task, which is no formula of whole numbers."""


def formula_of(
    subject: str | Graph, symbols: tuple[str, ...], figure: str, setting: Setting
) -> Formula:
    """Derive a figure; where there is no formula, the reason stands in its place."""
    graph = graph_of(subject, [dict.fromkeys(symbols, 1)])
    unit, demands = UNITS[figure], demands_on(graph)
    found = derive(figure, graph, setting)
    if found.formula is None:
        return Formula(unit, reason=found.reason or "no formula was found", demands=demands)
    try:
        quotient = program(found.formula)
    except SizeError as error:
        return Formula(unit, reason=str(error), demands=demands)
    return Formula(unit, quotient, found.grade or "", "", dict(found.least), demands)


def demands_on(graph: Graph) -> tuple[Demand, ...]:
    """Return what sizes of a graph must satisfy."""
    return tuple(
        Demand(demand.refusal, program(demand.count), isinstance(demand, Whole))
        for demand in demands_of(graph)
    )
