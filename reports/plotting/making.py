"""Plots of models by kind: growth, roofline, profile, memory and gradient.

Each is derived, or measured on the unrolled graph, at sizes that its caption states. A model that
cannot be drawn is named in the caption with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from ...analysis.deriving import derive
from ...analysis.modes import in_training
from ..commands.options import PLOTS
from ..pictures.curves import LENGTH, SIZES
from ..pictures.growth import GrowthError, growth
from ..pictures.plots import Plot
from ..tables.sheet import Row
from .asking import Asked, PlotError, expect_kind
from .wording import parted, short, sizes_told, value_of, way_told, workspace_told

if TYPE_CHECKING:
    from ...analysis.simulation.liveness import Curve
    from ...graphs.graph import Graph

UNROLLED: Mapping[str, int] = {
    "n": 32, "m": 16, "d": 16, "h": 2, "g": 1, "e": 8, "f": 32, "L": 2, "b": 1, "k": 3,
    "w": 9, "v": 32, "s": 8, "c": 8, "r": 4, "q": 8, "t": 4, "i": 8, "E": 4,
}  # fmt: skip
"""Usual sizes where a graph is unrolled."""
WHOLE = ("encode", "prefill", "train")
"""Modes in which a schedule in order has a workspace."""

Found = TypeVar("Found")


def plot(kind: str, asked: Asked) -> Plot:
    """Make a plot.

    Raises
    ------
    PlotError
        If there is no such kind, or no model can be drawn; the message says why.
    """
    expect_kind(kind)
    return KINDS[kind](asked)


def of_growth(asked: Asked) -> Plot:
    """Plot a figure against n."""
    from ...analysis.api import figure

    cells = [
        figure(asked.figure, graph, asked.setting, (), ("derived",))
        for graph in asked.models.values()
    ]
    return grown(Row(asked.figure, asked.figure, cells[0].title, tuple(cells)), asked)


def grown(row: Row, asked: Asked) -> Plot:
    """Plot a row of a table against n.

    Raises
    ------
    PlotError
        If it has no curve.
    """
    settings = dict.fromkeys(c.setting.describe() for c in row.cells if c is not None)
    try:
        return growth(row, list(asked.models), "; ".join(settings), asked.at, asked.refusals)
    except GrowthError as error:
        raise PlotError(str(error)) from None


def of_roofline(asked: Asked) -> Plot:
    """Put models under the roofline of a machine."""
    from ...analysis.machines.machine import load
    from ...analysis.machines.placing import Place, place
    from ..pictures.roofs import rooflines

    machine, usual = load(asked.machine), {"n": LENGTH, **SIZES}
    machine.rate(asked.number)

    def one(name: str, graph: Graph) -> tuple[dict[str, int], Place]:
        at = asked.sizes(graph, usual)
        return at, place(graph, at, machine, asked.number, asked.setting)

    found, without = _each(asked.models, one)
    notes = (
        f"The roofs of {machine.name} are what its data sheet or calibration states, and nothing "
        f"is measured here: {'; '.join(machine.sources)}.",
        "Each model stands at its derived work for each byte of its derived unfused traffic, at the "
        "height that no execution with this traffic exceeds: each kind of operation runs at the "
        "rate that it has, all words move at the bandwidth.",
        *sizes_told({name: at for name, (at, _) in found.items()}),
        f"Setting: {asked.setting.describe()}; one sequence, words in {asked.number}.",
        *without,
    )
    places = {name: spot for name, (_, spot) in found.items()}
    return rooflines(places, machine, asked.number, notes)


def of_profile(asked: Asked) -> Plot:
    """Plot how many operations run at each depth."""
    from ...analysis.simulation.profile import Profile, profile
    from ..pictures.panels import Area, Panel, panels, sample

    def one(name: str, graph: Graph) -> tuple[dict[str, int], Profile]:
        at = asked.sizes(graph, UNROLLED)
        found = profile(graph, asked.setting, at)
        if not found.span:
            raise PlotError("no operation takes a step")
        return at, found

    found, without = _each(asked.models, one)
    drawn = [
        Panel(
            name,
            f"work {p.work:,}, span {p.span:,}, most {p.running.peak:,}, "
            f"mean {_decimal(float(p.mean))}",
            (Area(p.running, p.span, 0), Area(p.critical, p.span, 1, strong=True)),
            mean=float(p.mean),
        )
        for name, (_, p) in found.items()
    ]
    key = (
        ("all that are ready, and run", sample("area s0")),
        ("of these, on a longest path", sample("area strong s1")),
        ("mean: work over span", sample("mean")),
    )
    longest = max(p.span for _, p in found.values())
    notes = (
        "How many operations run at each depth with as many processors as are wanted, on the graph "
        f"unrolled. The area is the work in steps of unit {asked.setting.unit}, the length the "
        f"span.{parted(longest, 'the mean of each of')}",
        *sizes_told({name: at for name, (at, _) in found.items()}),
        f"Setting: {asked.setting.describe()}.",
        *without,
    )
    return panels("Parallelism along the critical path", drawn, ("steps", "operations"), key, notes)


def of_memory(asked: Asked) -> Plot:
    """Plot how many scalars are live at each step of the schedule in order."""
    from ...analysis.measured.workspace import Moment, moments
    from ..pictures.panels import Area, Mark, Panel, panels

    if asked.setting.mode not in WHOLE:
        raise PlotError(
            f"expected mode {', '.join(WHOLE)} for memory over a schedule, got {asked.setting.mode}"
        )
    plain = asked.setting.but(mode="encode")

    def one(name: str, graph: Graph) -> tuple[dict[str, int], list[Moment], str]:
        at = asked.sizes(graph, UNROLLED)
        seen = in_training(graph, "workspace") if asked.setting.mode == "train" else graph
        found = list(moments(seen, plain, at))
        peak = max(moment.live for moment in found)
        return at, found, workspace_told(derive("workspace", graph, asked.setting), at, peak)

    found, without = _each(asked.models, one)
    drawn, formulas = [], dict[str, list[str]]()
    for name, (_, lines, derived) in found.items():
        live = [moment.live for moment in lines]
        peak = max(live)
        at = live.index(peak)
        mark = Mark(at + 0.5, peak, f"peak, {short(lines[at].line)}")
        area = Area(_curve(live), len(live), 2, tops=True)
        drawn.append(Panel(name, f"at most {peak:,} in {len(live):,} lines", (area,), (mark,)))
        formulas.setdefault(derived, []).append(name)
    proved = "; ".join(f"{' and '.join(names)} {told}" for told, names in formulas.items())
    longest = max(len(lines) for _, lines, _ in found.values())
    notes = (
        "Scalars that are live at each line of the schedule in order, loops carried out, on the "
        "graph unrolled; parameters are not counted. The peak is the figure workspace."
        f"{parted(longest, 'the most in each of')}",
        f"Derived of it: {proved}.",
        *sizes_told({name: at for name, (at, _, _) in found.items()}),
        f"Setting: {asked.setting.describe()}.",
        *without,
    )
    return panels("Memory over the schedule in order", drawn, ("lines", "scalars"), (), notes)


def of_gradient(asked: Asked) -> Plot:
    """Plot the way of a gradient against the distance of positions."""
    from ...analysis.measured.paths import path_by_distance
    from ..pictures.gradients import Way, gradients

    train, plain = asked.setting.but(mode="train"), asked.setting.but(mode="encode")

    def one(name: str, graph: Graph) -> tuple[dict[str, int], Way]:
        at = asked.sizes(graph, UNROLLED)
        found = path_by_distance(in_training(graph, "path_length"), plain, at)
        if not found:
            raise PlotError("no gradient gets from a position to another of the same sequence")
        most: dict[int, int] = {}
        for gap, (_, longest) in found.items():
            most[abs(gap)] = max(most.get(abs(gap), 0), longest)
        derived = derive("path_length", graph, train)
        bound, told = value_of(derived, at), way_told(derived, at, max(most.values()))
        return at, Way(name, tuple(sorted(most.items())), told, bound)

    found, without = _each(asked.models, one)
    ways = [way for _, way in found.values()]
    farthest = max(max(at.get("n", 1) - 1, way.points[-1][0]) for at, way in found.values())
    notes = (
        "The longest of the shortest ways of a gradient from an output back to inputs at each "
        "distance, before it or after it, counted on the backward graph unrolled. Rings: the "
        "longest way of all as it is derived for all sizes, at the first distance that has it.",
        *sizes_told({name: at for name, (at, _) in found.items()}),
        f"Setting: {train.describe()}.",
        *without,
    )
    return gradients(ways, f"steps of unit {train.unit}", farthest, notes)


KINDS: Mapping[str, Callable[[Asked], Plot]] = dict(
    zip(PLOTS, (of_growth, of_roofline, of_profile, of_memory, of_gradient), strict=True)
)
"""What each kind of plot is made by."""


def _each(
    models: Mapping[str, Graph], one: Callable[[str, Graph], Found]
) -> tuple[dict[str, Found], tuple[str, ...]]:
    """Return what is found of each model, and a line about those of which nothing is.

    Raises
    ------
    PlotError
        If nothing is found of any.
    """
    found, reasons = {}, []
    for name, graph in models.items():
        try:
            found[name] = one(name, graph)
        except ValueError as error:  # it says why there is no such figure of the model
            reasons.append(f"{name} ({error})")
    if not found:
        raise PlotError(f"expected a model to draw, got {'; '.join(reasons) or 'none'}")
    return found, (f"Not drawn: {'; '.join(reasons)}.",) if reasons else ()


def _decimal(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _curve(values: list[int]) -> Curve:
    import numpy as np

    from ...analysis.simulation.liveness import Curve

    return Curve(np.arange(len(values)), np.array(values))
