"""Analyze and compare: derive the figures of models, measure them, run them, and say who agrees.

>>> analysis = analyze("lstm", figures=["span", "params"], setting=Setting(unit="layer"))
>>> str(analysis["span"].formula), analysis["span"].grade, analysis["span"].agree
('n', 'proved', True)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ..graphs.graph import Graph, GraphError
from ..graphs.misfits import nearest
from ..graphs.models import CATALOGUE
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, SizeError
from ..graphs.tracing import trace
from ..graphs.unrolling import checked
from .comparing.crossovers import crossover
from .comparing.growth import growth, theta
from .derivation import Derivation
from .deriving import derive
from .figures import COMPARED, NAMES, Analysis, Comparison, Crossover, Figure, Value
from .memory import traced
from .witnesses import measured, ran

Model: TypeAlias = str | Graph | Callable[..., Any]
Sizes: TypeAlias = Mapping[str, int]
Progress: TypeAlias = Callable[[str], None]

SMALL: tuple[Sizes, ...] = (
    {"n": 8, "m": 6, "d": 8, "h": 2, "g": 1, "f": 8, "k": 3, "w": 3, "L": 2, "s": 4, "v": 16},
    {"n": 13, "m": 9, "d": 8, "h": 4, "g": 2, "f": 16, "k": 5, "w": 5, "L": 3, "s": 8, "v": 8},
)
"""Where witnesses are taken when a user names no sizes."""

LARGEST = 10**12
"""The largest size that a figure is evaluated at."""

UNITS: Mapping[str, str] = {
    "params": "parameter",
    "work": "flop",
    "span": "step",
    "parallelism": "flop/step",
    "path_length": "step",
    "mixing_hops": "hop",
    "receptive_field": "position",
    "layers_to_connect": "layer",
    "state": "scalar",
    "state_bound": "scalar",
    "decode_work": "flop",
    "activations": "scalar",
    "workspace": "scalar",
    "traffic": "word",
}


def graph_of(model: Model, at: Sequence[Sizes] = ()) -> Graph:
    """Return the graph of a model; sizes that ``at`` names are symbols in it.

    Raises
    ------
    GraphError
        If there is no such model.
    """
    if isinstance(model, Graph):
        return model
    if isinstance(model, str) and model not in CATALOGUE:
        raise GraphError(
            f"expected a model of the catalogue ({', '.join(CATALOGUE)}), got {model!r}"
        )
    function = CATALOGUE[model] if isinstance(model, str) else model
    own = getattr(function, "__kwdefaults__", None) or getattr(
        getattr(function, "__wrapped__", None), "__kwdefaults__", None
    )
    given = {s for sizes in at for s in sizes}
    symbols = tuple(s for s in own or {} if s in given)
    if isinstance(model, str):
        return traced(model, symbols)
    return trace(function, name=getattr(model, "__name__", "model"), **{s: s for s in symbols})


def analyze(
    model: Model,
    *,
    at: Sizes | Sequence[Sizes] = (),
    setting: Setting | None = None,
    figures: Sequence[str] = NAMES,
    witnesses: Sequence[str] = ("derived", "measured", "run"),
    progress: Progress | None = None,
) -> Analysis:
    """Derive the figures of a model, with their witnesses.

    Parameters
    ----------
    model
        A name of the catalogue, a graph, or a model function.
    at
        Sizes at which the witnesses are taken, or several of them. A size that is named here is a symbol in the
        formulas even if the model fixes it otherwise (as ``L=1``).
    setting
        What is counted, and in which unit.
    figures
        Which of :data:`NAMES`.
    witnesses
        Which of derived, measured and run.
    progress
        Called with one line before each figure.

    Raises
    ------
    GraphError, SizeError, SettingError
        For a model, a size or a setting that makes no sense.
    """
    setting, at = setting or Setting(), _several(at)
    for sizes in at:
        for size, value in checked(sizes).items():
            if value > LARGEST:
                raise SizeError(f"expected {size} to be at most {LARGEST:,}, got {size}={value}")
    unknown = [f for f in figures if f not in NAMES]
    if unknown:
        raise SizeError(f"expected figures of {', '.join(NAMES)}, got {unknown[0]}")
    graph = graph_of(model, at)
    points = points_of(graph, at)
    found = {}
    for name in figures:
        if progress is not None:
            progress(f"{graph.name}: {name}")
        found[name] = figure(name, graph, setting, points, witnesses)
    return Analysis(graph.name, graph, setting, found)


def _several(at: Sizes | Sequence[Sizes]) -> Sequence[Sizes]:
    """Return sizes as a list of them."""
    return [at] if isinstance(at, Mapping) else at


def domain(graph: Graph, derivation: Derivation) -> str:
    """Write for which sizes a formula holds, ``n >= 1``; what chunks divide is whole."""
    assert derivation.formula is not None
    least = derivation.domain(tuple(sorted({*derivation.formula.sizes, *derivation.least})))
    parts = {str(a.extent) for a in graph.axes.values() if is_quotient(a.extent)}
    return " and ".join([least, *(f"{part} whole" for part in sorted(parts))])


def is_quotient(extent: Poly) -> bool:
    """Whether sizes are divided by others."""
    return any(k < 0 for monomial in extent.terms for _, k in monomial)


def points_of(graph: Graph, at: Sequence[Sizes]) -> list[dict[str, int]]:
    """Complete sizes for every size of a graph.

    Sizes that nobody named are those of :data:`SMALL`, or the next ones that fit the graph.

    Raises
    ------
    SizeError
        If a size is named that the graph does not have, or sizes that do not fit each other.
    """
    for sizes in at:
        foreign = [s for s in sizes if s not in graph.free_sizes and s not in ("L", "h")]
        if foreign:
            raise SizeError(
                f"expected sizes of {graph.name} ({', '.join(graph.free_sizes)}), got {foreign[0]}"
            )
    if not at:
        return [_usual(graph, sizes) for sizes in SMALL]
    own = {**SMALL[0], **graph_defaults(graph)}
    return [nearest(graph, _of(graph, {**own, **sizes}), fixed=sizes) for sizes in at]


def _usual(graph: Graph, sizes: Sizes) -> dict[str, int]:
    """Return sizes that nobody named; what a model asks for goes before what is usual if it must."""
    own = graph_defaults(graph)
    try:
        return nearest(graph, _of(graph, {**own, **sizes}))
    except SizeError:
        return nearest(graph, _of(graph, {**sizes, **own}))


def _of(graph: Graph, sizes: Sizes) -> dict[str, int]:
    return {s: sizes.get(s, 4) for s in graph.free_sizes}


def graph_defaults(graph: Graph) -> dict[str, int]:
    """Return the sizes that a model itself asks to be tried at, where they differ from the usual."""
    from ..graphs.tracing import SAMPLE

    return {s: v for s, v in graph.sizes.items() if SAMPLE.get(s) != v}


def figure(
    name: str,
    graph: Graph,
    setting: Setting,
    points: Sequence[Sizes],
    witnesses: Sequence[str] = ("derived", "measured", "run"),
) -> Figure:
    """Derive one figure and take its witnesses."""
    derivation = (
        derive(name, graph, setting)
        if "derived" in witnesses
        else Derivation(None, reason="not asked for")
    )
    values = tuple(
        Value(
            dict(at),
            _derived(derivation, at),
            measured(name, graph, setting, at) if "measured" in witnesses else None,
            ran(name, graph, setting, at) if "run" in witnesses else None,
        )
        for at in points
    )
    formula = derivation.formula
    return Figure(
        name,
        UNITS[name],
        setting,
        formula,
        "" if formula is None else domain(graph, derivation),
        {} if formula is None else growth(formula, formula.sizes),
        "" if formula is None else theta(formula),
        derivation.grade,
        derivation.reason,
        derivation.by_primitive,
        values,
        derivation.steps,
        tuple(derivation.details.get("held_out", ())),
        {k: v for k, v in derivation.details.items() if k != "held_out"},
    )


def _derived(derivation: Derivation, at: Sizes) -> Any:
    """Value of a formula at sizes, None outside its domain."""
    if derivation.formula is None or any(at.get(s, v) < v for s, v in derivation.least.items()):
        return None
    return derivation.formula.evaluate(**{s: at[s] for s in derivation.formula.sizes})


def compare(
    models: Sequence[Model],
    *,
    at: Sizes | Sequence[Sizes] = (),
    setting: Setting | None = None,
    figures: Sequence[str] = COMPARED,
    witnesses: Sequence[str] = ("derived", "measured", "run"),
    progress: Progress | None = None,
) -> Comparison:
    """Put models side by side: their figures, their spans in three units, and who is cheaper where.

    Parameters are those of :func:`analyze`, for several models; a size that only some of the
    models have is used for those. Figures are those of :data:`COMPARED` if none are named.
    """
    setting, at = setting or Setting(), _several(at)
    analyses = []
    for model in models:
        own = [_own(model, sizes) for sizes in at]
        analyses.append(
            analyze(
                model,
                at=own,
                setting=setting,
                figures=figures,
                witnesses=witnesses,
                progress=progress,
            )
        )

    def in_units(name: str, units: Sequence[str]) -> dict[str, dict[str, Figure]]:
        return {u: {a.model: _in_unit(name, a, u, at, witnesses) for a in analyses} for u in units}

    return Comparison(
        tuple(analyses),
        in_units("span", ("layer", "tensor", "scalar")) if "span" in figures else {},
        tuple(_crossovers(analyses, setting)) if "work" in figures else (),
        in_units("path_length", ("layer", "tensor")) if "path_length" in figures else {},
        {
            name: {a.model: _in_training(name, a, at, witnesses) for a in analyses}
            for name in ("work", "span", "path_length")
            if name in figures and "activations" in figures and setting.mode == "encode"
        },
    )


def _in_training(
    name: str, analysis: Analysis, at: Sequence[Sizes], witnesses: Sequence[str]
) -> Figure:
    """Return a figure of forward and backward pass together."""
    points = points_of(analysis.graph, [_own(analysis.graph, sizes) for sizes in at])
    setting = analysis.setting.but(mode="train", unit="layer")
    return figure(name, analysis.graph, setting, points, witnesses)


def _in_unit(
    name: str, analysis: Analysis, unit: str, at: Sequence[Sizes], witnesses: Sequence[str]
) -> Figure:
    """Return a figure of an analysis in another unit."""
    if unit == analysis.setting.unit:
        return analysis.figures[name]
    graph = analysis.graph
    points = points_of(graph, [_own(graph, sizes) for sizes in at])
    return figure(name, graph, analysis.setting.but(unit=unit), points, witnesses)


def _own(model: Model, sizes: Sizes) -> dict[str, int]:
    """Return those of the sizes that a model has."""
    graph = graph_of(model, [sizes])
    return {s: v for s, v in sizes.items() if s in graph.free_sizes}


def _crossovers(analyses: Sequence[Analysis], setting: Setting) -> list[Crossover]:
    """Return who has less work where, for all pairs of models with the same inputs."""
    found: list[Crossover] = []
    for a, b in itertools.combinations(analyses, 2):
        left, right = a.figures["work"], b.figures["work"]
        if left.formula is None or right.formula is None:
            continue
        parts: list[tuple[str, Poly, Poly]] = [("all operations", left.formula, right.formula)]
        both = (left.by_primitive.get("contraction"), right.by_primitive.get("contraction"))
        if both[0] is not None and both[1] is not None:
            parts.insert(0, ("contractions", both[0], both[1]))
        found += [
            crossover("work", counted, a.model, x, b.model, y, setting) for counted, x, y in parts
        ]
    return found
