"""Plots of models by kind: growth, roofline, profile, memory and gradient.

Each is derived, or measured on the unrolled graph, at sizes that its caption states. A model that
cannot be drawn is named in the caption with the reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from ..analysis.api import LARGEST, Model, graph_defaults, graph_of
from ..analysis.deriving import derive
from ..analysis.figures import NAMES
from ..analysis.measured.graph import MeasureError
from ..analysis.modes import ModeError, in_training
from ..graphs.graph import GraphError
from ..graphs.misfits import misfit, nearest
from ..graphs.setting import Setting
from ..graphs.sizes import SizeError
from .commands.options import PLOTS, parse_figures
from .pictures.curves import LENGTH, SIZES
from .pictures.growth import growth
from .pictures.plots import Plot
from .tables.sheet import Row, at_text, number_text

if TYPE_CHECKING:
    from ..analysis.derivation import Derivation
    from ..analysis.simulation.liveness import Curve
    from ..graphs.graph import Graph

UNROLLED: Mapping[str, int] = {
    "n": 32, "m": 16, "d": 16, "h": 2, "g": 1, "e": 8, "f": 32, "L": 2, "b": 1, "k": 3,
    "w": 9, "v": 32, "s": 8, "c": 8, "r": 4, "q": 8, "t": 4, "i": 8, "E": 4,
}  # fmt: skip
"""Usual sizes where a graph is unrolled."""
MACHINE, NUMBER = "a100", "bf16"
WHOLE = ("encode", "prefill", "train")
"""Modes in which a schedule in order has a workspace."""

Found = TypeVar("Found")


class PlotError(ValueError):
    """A plot that cannot be made; the message says why."""


@dataclass(frozen=True)
class Asked:
    """What a plot is asked for."""

    models: Mapping[str, Graph]
    """By name."""
    at: Mapping[str, int] = field(default_factory=dict)
    """Sizes that are named; usual ones for the others."""
    setting: Setting = field(default_factory=Setting)
    figure: str = "work"
    """What grows."""
    machine: str = MACHINE
    """Whose roofline: one that is shipped, or a TOML file."""
    number: str = NUMBER
    """Format of all words under the roofline."""

    def __post_init__(self) -> None:
        have = {"L", "h", *(s for graph in self.models.values() for s in graph.free_sizes)}
        for name, value in self.at.items():
            if name not in have:
                raise SizeError(f"expected sizes among {', '.join(sorted(have))}, got {name!r}")
            if value > LARGEST:
                raise SizeError(f"expected {name} to be at most {LARGEST:,}, got {name}={value}")

    def sizes(self, graph: Graph, usual: Mapping[str, int]) -> dict[str, int]:
        """Return a value for each size of a graph, at which there is such a model."""
        own = {s: v for s, v in self.at.items() if s in graph.free_sizes}
        known = {**graph_defaults(graph), **usual, **own}
        return nearest(graph, {s: known.get(s, 4) for s in graph.free_sizes}, fixed=own)

    @cached_property
    def exists(self) -> Callable[[str, Mapping[str, int]], bool]:
        """Whether there is a model, by its name, at sizes."""
        found: dict[tuple[str, tuple[int, ...]], bool] = {}

        def ask(model: str, at: Mapping[str, int]) -> bool:
            graph = self.models[model]
            known = {**graph_defaults(graph), **at}
            sizes = {s: known.get(s, 4) for s in graph.free_sizes}
            key = (model, tuple(sizes.values()))
            if key not in found:
                found[key] = misfit(graph, sizes) is None
            return found[key]

        return ask


def asked_of(
    kind: str,
    models: Mapping[str, Model],
    at: Sequence[Mapping[str, int]] = (),
    setting: Setting | None = None,
    *,
    figures: str | None = None,
    machine: str | None = None,
    number: str | None = None,
) -> Asked:
    """Return what a plot is asked for, from options as people give them.

    Parameters
    ----------
    models
        By name.
    at
        Sizes, one choice at most.
    figures, machine, number
        Names; None for the usual ones.

    Raises
    ------
    PlotError, OptionError, SizeError
        If there is no such kind or figure, or an option is of another kind.
    """
    _known(kind)
    for name, value, own in (
        ("figures", figures, "growth"),
        ("machine", machine, "roofline"),
        ("number", number, "roofline"),
    ):
        if value is not None and kind != own:
            raise PlotError(f"expected --{name} of a plot of kind {own} only, got one of {kind}")
    if len(at) > 1:
        raise PlotError(f"expected --at once for a plot, got it {len(at)} times")
    chosen = parse_figures(figures or "work", NAMES)
    if len(chosen) > 1:
        raise PlotError(f"expected one figure for a plot, got {','.join(chosen)}")
    return Asked(
        {name: graph_of(model, at) for name, model in models.items()},
        dict(at[0]) if at else {},
        setting or Setting(),
        chosen[0],
        machine or MACHINE,
        number or NUMBER,
    )


def plot(kind: str, asked: Asked) -> Plot:
    """Make a plot.

    Raises
    ------
    PlotError
        If there is no such kind, or no model can be drawn; the message says why.
    """
    _known(kind)
    return KINDS[kind](asked)


def _known(kind: str) -> None:
    if kind not in PLOTS:
        near = difflib.get_close_matches(kind, PLOTS, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise PlotError(f"expected a kind of plot among {', '.join(PLOTS)}, got {kind!r}{hint}")


def of_growth(asked: Asked) -> Plot:
    """Plot a figure against n."""
    from ..analysis.api import figure

    cells = [
        figure(asked.figure, graph, asked.setting, (), ("derived",))
        for graph in asked.models.values()
    ]
    row = Row(asked.figure, asked.figure, cells[0].title, tuple(cells))
    drawn = grown(row, asked)
    if drawn is None:
        reasons = [f"{m}: {c.reason}" for m, c in zip(asked.models, cells, strict=True) if c.reason]
        told = f": {'; '.join(reasons)}" if reasons else ""
        raise PlotError(f"expected a figure that varies with n or d, got {asked.figure}{told}")
    return drawn


def grown(row: Row, asked: Asked) -> Plot | None:
    """Plot a row of a table against n."""
    settings = dict.fromkeys(c.setting.describe() for c in row.cells if c is not None)
    return growth(row, list(asked.models), "; ".join(settings), asked.at, asked.exists)


def of_roofline(asked: Asked) -> Plot:
    """Put models under the roofline of a machine."""
    from ..analysis.machines.machine import load
    from ..analysis.machines.placing import Place, place
    from .pictures.roofs import rooflines

    machine, usual = load(asked.machine), {"n": LENGTH, **SIZES}
    machine.rate(asked.number)

    def one(graph: Graph) -> tuple[dict[str, int], Place]:
        at = asked.sizes(graph, usual)
        return at, place(graph, at, machine, asked.number, asked.setting)

    found, without = _each(asked.models, one)
    notes = (
        f"The roofs of {machine.name} are what its data sheet or calibration states, and nothing "
        f"is measured here: {'; '.join(machine.sources)}.",
        "Each model stands at its derived work for each byte of its derived unfused traffic, as "
        "high as no execution of it gets: each kind of operation at the rate that it has, all "
        "words at the bandwidth.",
        *_at({name: at for name, (at, _) in found.items()}),
        f"Setting: {asked.setting.describe()}; one sequence, words in {asked.number}.",
        *without,
    )
    places = {name: spot for name, (_, spot) in found.items()}
    return rooflines(places, machine, asked.number, notes)


def of_profile(asked: Asked) -> Plot:
    """Plot how many operations run at each depth."""
    from ..analysis.simulation.profile import Profile, profile
    from .pictures.panels import Area, Panel, panels, sample

    def one(graph: Graph) -> tuple[dict[str, int], Profile]:
        at = asked.sizes(graph, UNROLLED)
        found = profile(graph, asked.setting, at)
        if not found.span:
            raise PlotError("no operation takes a step")
        return at, found

    found, without = _each(asked.models, one)
    drawn = [
        Panel(
            name,
            f"work {p.work:,}, span {p.span:,}; at most {p.running.peak:,} at once, "
            f"mean {float(p.mean):,.3g}",
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
        f"span.{_parted(longest, 'the mean of each of')}",
        *_at({name: at for name, (at, _) in found.items()}),
        f"Setting: {asked.setting.describe()}.",
        *without,
    )
    return panels("Parallelism along the critical path", drawn, ("steps", "operations"), key, notes)


def of_memory(asked: Asked) -> Plot:
    """Plot how many scalars are live at each step of the schedule in order."""
    from ..analysis.measured.workspace import Moment, moments
    from .pictures.panels import Area, Mark, Panel, panels

    if asked.setting.mode not in WHOLE:
        raise PlotError(
            f"expected mode {', '.join(WHOLE)} for memory over a schedule, got {asked.setting.mode}"
        )
    plain = asked.setting.but(mode="encode")

    def one(graph: Graph) -> tuple[dict[str, int], list[Moment], str]:
        at = asked.sizes(graph, UNROLLED)
        seen = in_training(graph, "workspace") if asked.setting.mode == "train" else graph
        found = list(moments(seen, plain, at))
        peak = max(moment.live for moment in found)
        return at, found, _held(derive("workspace", graph, asked.setting), at, peak)

    found, without = _each(asked.models, one)
    drawn, formulas = [], dict[str, list[str]]()
    for name, (_, lines, derived) in found.items():
        live = [moment.live for moment in lines]
        peak = max(live)
        at = live.index(peak)
        mark = Mark(at + 0.5, peak, f"peak, {_short(lines[at].line)}")
        area = Area(_curve(live), len(live), 2, tops=True)
        drawn.append(Panel(name, f"at most {peak:,} in {len(live):,} lines", (area,), (mark,)))
        formulas.setdefault(derived, []).append(name)
    proved = "; ".join(f"{' and '.join(names)} {told}" for told, names in formulas.items())
    longest = max(len(lines) for _, lines, _ in found.values())
    notes = (
        "Scalars that are live at each line of the schedule in order, loops carried out, on the "
        "graph unrolled; parameters are not counted. The peak is the figure workspace."
        f"{_parted(longest, 'the most in each of')}",
        f"Derived of it: {proved}.",
        *_at({name: at for name, (at, _, _) in found.items()}),
        f"Setting: {asked.setting.describe()}.",
        *without,
    )
    return panels("Memory over the schedule in order", drawn, ("lines", "scalars"), (), notes)


def of_gradient(asked: Asked) -> Plot:
    """Plot the way of a gradient against the distance of positions."""
    from ..analysis.measured.paths import path_by_distance
    from .pictures.gradients import Way, gradients

    train, plain = asked.setting.but(mode="train"), asked.setting.but(mode="encode")

    def one(graph: Graph) -> tuple[dict[str, int], tuple[tuple[int, int], ...], str]:
        at = asked.sizes(graph, UNROLLED)
        found = path_by_distance(in_training(graph, "path_length"), plain, at)
        if not found:
            raise PlotError("no gradient gets from a position to another of the same sequence")
        most: dict[int, int] = {}
        for gap, (_, longest) in found.items():
            most[abs(gap)] = max(most.get(abs(gap), 0), longest)
        told = _proved(derive("path_length", graph, train), at)
        return at, tuple(sorted(most.items())), told

    found, without = _each(asked.models, one)
    ways = [Way(name, points, told) for name, (_, points, told) in found.items()]
    farthest = max(max(at.get("n", 1) - 1, p[-1][0]) for at, p, _ in found.values())
    notes = (
        "The longest of the shortest ways of a gradient from an output back to inputs at each "
        "distance, before it or after it, on the backward graph unrolled; rings: the longest of "
        "all, beside it what is derived of it for all sizes.",
        *_at({name: at for name, (at, _, _) in found.items()}),
        f"Setting: {train.describe()}.",
        *without,
    )
    return gradients(ways, f"steps of unit {train.unit}", farthest, notes)


KINDS: Mapping[str, Callable[[Asked], Plot]] = dict(
    zip(PLOTS, (of_growth, of_roofline, of_profile, of_memory, of_gradient), strict=True)
)
"""What each kind of plot is made by."""


# --- words ----------------------------------------------------------------------------------------


def _each(
    models: Mapping[str, Graph], one: Callable[[Graph], Found]
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
            found[name] = one(graph)
        # All of these say of a model, in one line, why there is no such figure at these sizes.
        except (PlotError, ModeError, MeasureError, SizeError, GraphError, ValueError) as error:
            reasons.append(f"{name} ({error})")
    if not found:
        raise PlotError(f"expected a model to draw, got {'; '.join(reasons) or 'none'}")
    return found, (f"Not drawn: {'; '.join(reasons)}.",) if reasons else ()


def _at(found: Mapping[str, Mapping[str, int]]) -> Iterable[str]:
    """Say at which sizes: those that models share, and those of each that has others."""
    common: dict[str, int] = {}
    for at in found.values():
        for name, value in at.items():
            common.setdefault(name, value)
    yield f"At {at_text(common)}."
    for model, at in found.items():
        others = {s: v for s, v in at.items() if common[s] != v}
        if others:
            yield f"{model} at {at_text(others)}."


def _held(found: Derivation, at: Mapping[str, int], peak: int) -> str:
    """Say what the workspace is for all sizes, and whether it is what was seen."""
    if found.formula is None:
        return f"no formula: {found.reason}"
    value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    told = f"{found.formula} ({found.grade})"
    within = all(at.get(s, v) >= v for s, v in found.least.items())
    return told if not within or value == peak else f"{told}, which DISAGREES: {number_text(value)}"


def _proved(found: Derivation, at: Mapping[str, int]) -> str:
    """Say what the longest way of a gradient is for all sizes."""
    if found.formula is None:
        return f"no formula: {found.reason}"
    value = number_text(found.formula.evaluate(**{s: at[s] for s in found.formula.sizes}))
    formula = str(found.formula)
    return f"at most {value if formula == value else f'{formula} = {value}'}, {found.grade}"


def _parted(steps: int, what: str) -> str:
    """Say what is drawn of so many steps, if not all are."""
    from .pictures.panels import COLUMNS

    parted = f" Where there are more than {COLUMNS}, {what} so many equal parts is drawn."
    return parted if steps > COLUMNS else ""


def _curve(values: list[int]) -> Curve:
    import numpy as np

    from ..analysis.simulation.liveness import Curve

    return Curve(np.arange(len(values)), np.array(values))


def _short(line: str) -> str:
    """Return the name of an equation, without those of what it is in if it is long."""
    return line if len(line) <= 20 else line.rpartition(".")[2]
