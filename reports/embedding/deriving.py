"""From a directive to its content: the figures are derived, and what they came from is digested."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ...analysis.api import analyze, compare, graph_of
from ...analysis.deriving import derive
from ...graphs.models import CATALOGUE
from ..commands.loading import load_all
from ..commands.options import PLOTS, SIZES, parse_at
from ..tables.records import figure_record
from ..tables.sheet import at_text, counts_text, domain_of, number_text, sheet_of
from .content import Cell, Console, Content, Grid, Image, Inline, Math
from .digests import Digests, short
from .errors import EmbeddingError

if TYPE_CHECKING:
    from ...analysis.figures import Figure
    from ...graphs.graph import Graph
    from ...graphs.sizes import Poly
    from ..commands.loading import Model
    from .directives import Directive

Sizes: TypeAlias = Mapping[str, int]

LARGEST_DRAWN = 64
"""A size that a picture fixes: so many layers are drawn one by one."""


def allowed(arguments: Sequence[str], folder: Path | None = None) -> dict[str, Model]:
    """Load the models that documents may name besides the catalogue's, by argument and function.

    Parameters
    ----------
    arguments
        ``path/to/file.py:function``, as they are named outside documents.
    folder
        Where such a path starts; where the program runs if there is none.

    Raises
    ------
    EmbeddingError, ModelError
        If one is missing, is no model, or has the name of another one.
    """
    found: dict[str, Model] = {}
    places = [str(folder / a) if folder and ":" in a else a for a in arguments]
    for argument, loaded in zip(arguments, load_all(places), strict=True):
        if loaded.name in CATALOGUE and loaded.function is not CATALOGUE[loaded.name]:
            raise EmbeddingError(
                f"expected a model whose name is not in the catalogue, got {loaded.name}"
            )
        found |= {argument: loaded, loaded.name: loaded}
    return found


@dataclass(frozen=True, slots=True)
class Derived:
    """What a directive asks for."""

    content: Content
    digests: Digests
    files: Mapping[str, str] = field(default_factory=dict)
    """Pictures, by the name that the directive gives."""


@dataclass(frozen=True, slots=True)
class Deriver:
    """Derives what documents ask for, each thing once.

    A name in a document is one of the catalogue or one of ``models``; nothing else is looked for.
    """

    models: Mapping[str, Model]
    """What was named outside documents, by function and by argument."""
    version: str
    allow: str = "run embed with --model {name}"
    """How a model in a file is named there."""
    found: dict[str, Derived] = field(default_factory=dict)

    def derive(self, directive: Directive) -> Derived:
        """Return what a directive asks for.

        Raises
        ------
        ValueError
            If a model, a figure or a size is unknown, or if there is no such formula.
        """
        key = directive.describe()
        if key not in self.found:
            self.found[key] = _MAKERS[directive.kind](self, directive)
        return self.found[key]

    def graphs(self, directive: Directive) -> tuple[list[Graph], list[dict[str, int]]]:
        """Return the graphs of the models, in which the sizes that are named are symbols."""
        subjects = [self._subject(name) for name in directive.models]
        known = {*SIZES, *(s for m in self.models.values() for s in m.sizes)}
        at = parse_at(directive.at, sorted(known))
        graphs = [graph_of(subject, at) for subject in subjects]
        have = {"L", "h", *(s for g in graphs for s in g.free_sizes)}
        foreign = next((s for sizes in at for s in sizes if s not in have), None)
        if foreign is not None:
            raise EmbeddingError(f"expected sizes among {', '.join(sorted(have))}, got {foreign!r}")
        return graphs, at

    def _subject(self, name: str) -> Any:
        if name in self.models:
            return self.models[name].subject
        if name in CATALOGUE:
            return name
        near = difflib.get_close_matches(name, [*self.models, *CATALOGUE], n=1)
        if name.rpartition(":")[0].endswith(".py"):
            hint = f"to allow it, {self.allow.format(name=name)}"
        else:
            hint = f"did you mean {near[0]}?" if near else "see 'workspan list'"
        raise EmbeddingError(
            f"expected a model of the catalogue or one that was allowed, got {name!r}; {hint}"
        )

    def digest(self, name: str) -> str:
        """Return the digest of a model's graph, in which all its sizes are symbols.

        Raises
        ------
        ValueError
            If there is no such model.
        """
        return short(graph_of(self._subject(name)))

    def digests(self, directive: Directive, graphs: Sequence[Graph], record: object) -> Digests:
        """Return the digests of something that was derived."""
        return Digests(
            short(repr(record)),
            short(directive.describe()),
            tuple(short(g) for g in graphs),
            self.version,
        )


def _table(deriver: Deriver, directive: Directive) -> Derived:
    graphs, at = deriver.graphs(directive)
    if directive.style == "console":
        return _console(deriver, directive, graphs, at)
    analyses = [analyze(g, figures=directive.figures, setting=directive.setting) for g in graphs]
    sheet = sheet_of(analyses)
    rows = []
    for row in sheet.rows:
        unit = f" ({row.unit})" if row.unit else ""
        cells = [_cell(f, at, directive.show) for f in row.cells if f is not None]
        rows.append(((f"{row.title}{unit}",), *cells))
    sizes = f" At {'; '.join(map(at_text, at))}." if at and directive.show != "formula" else ""
    notes = (
        f"Setting: {sheet.setting}.{sizes}",
        f"{counts_text(sheet)}. Witnesses were taken at small sizes.",
    )
    record = [figure_record(f) for a in analyses for f in a.figures.values()]
    header = ("figure", *directive.models)
    return Derived(Grid(header, tuple(rows), notes), deriver.digests(directive, graphs, record))


def _console(
    deriver: Deriver, directive: Directive, graphs: Sequence[Graph], at: Sequence[Sizes]
) -> Derived:
    """Return what the command that compares the models prints."""
    from ..tables.text import comparison_printer, text_of

    comparison = compare(list(graphs), at=at, figures=directive.figures, setting=directive.setting)
    words = ["$ workspan compare", *directive.models, "--figures", ",".join(directive.figures)]
    words += [word for sizes in directive.at for word in ("--at", sizes)]
    default = type(directive.setting)().as_dict()
    for name, value in directive.setting.as_dict().items():
        words += [f"--{name}", str(value)] if value != default[name] else []
    printed = text_of(comparison_printer(comparison)).strip("\n")
    record = [figure_record(f) for f in comparison.cells]
    content = Console(f"{' '.join(words)}\n{printed}")
    return Derived(content, deriver.digests(directive, graphs, record))


def _figure(deriver: Deriver, directive: Directive) -> Derived:
    graphs, at = deriver.graphs(directive)
    (name,) = directive.figures
    analysis = analyze(graphs[0], figures=[name], setting=directive.setting, witnesses=("derived",))
    figure = analysis[name]
    formula = figure.formula
    if directive.part:
        if directive.part not in figure.by_primitive:
            parts = ", ".join(sorted(figure.by_primitive)) or "none"
            raise EmbeddingError(f"expected --part among {parts}, got {directive.part!r}")
        formula = figure.by_primitive[directive.part]
    if formula is None:
        reason = figure.reason or "none was found"
        raise EmbeddingError(
            f"expected {name} of {directive.models[0]} to have a formula: {reason}"
        )
    cell = _formula(figure, formula, at, directive.show, alone=True)
    record = figure_record(figure)
    return Derived(Inline(cell, directive.name), deriver.digests(directive, graphs, record))


def _cell(figure: Figure, at: Sequence[Sizes], show: str) -> Cell:
    if figure.formula is None:
        return (f"none: {figure.reason}" if figure.reason else "none",)
    cell = _formula(figure, figure.formula, at, show)
    if domain_of(figure) != "all sizes":
        cell += (" for ", Math(domain_of(figure)))
    if figure.grade != "proved":
        cell += (f" ({figure.grade})",)
    return (*cell, " WITNESSES DISAGREE") if figure.agree is False else cell


def _formula(
    figure: Figure, formula: Poly, at: Sequence[Sizes], show: str, *, alone: bool = False
) -> Cell:
    """Return a formula, its values at the sizes, or both."""
    values: list[str] = []
    for sizes in at if show != "formula" else ():
        missing = [s for s in formula.sizes if s not in sizes]
        if missing and show == "value":
            raise EmbeddingError(
                f"expected sizes for {', '.join(missing)} to evaluate {figure.name}, "
                f"got {at_text(sizes) or 'none'}"
            )
        if not missing and (formula.sizes or show == "value"):
            values.append(_value(figure, formula, sizes))
    if show == "value" and not at:
        raise EmbeddingError("expected --at with sizes for --show value, got none")
    if show == "value" or (alone and values and show == "both"):
        return (", ".join(values),)
    # One after another, as the sizes that a note lists; they do not equal each other.
    return (Math(str(formula)), *([f" = {'; '.join(values)}"] if values else []))


def _value(figure: Figure, formula: Poly, sizes: Sizes) -> str:
    from ..notation.domains import holds

    if not holds(figure.domain, sizes):
        return f"not known at {at_text(sizes)}"
    return number_text(formula.evaluate(**{s: sizes[s] for s in formula.sizes}))


def _plot(deriver: Deriver, directive: Directive) -> Derived:
    from ...analysis.machines.machine import names
    from ..pictures.plots import standing
    from ..plotting.asking import asked_of
    from ..plotting.making import plot

    graphs, at = deriver.graphs(directive)
    if directive.machine and directive.machine not in names():
        known = ", ".join(names())
        raise EmbeddingError(f"expected --machine to be one of {known}, got {directive.machine!r}")
    kind = directive.style if directive.style in PLOTS else "growth"
    asked = asked_of(
        kind,
        dict(zip(directive.models, graphs, strict=True)),
        at,
        directive.setting,
        figures=",".join(directive.figures) or None,
        machine=directive.machine or None,
        number=directive.number or None,
    )
    drawn = plot(kind, asked)
    derived = (derive(name, g, directive.setting) for name in directive.figures for g in graphs)
    record = [drawn.told, drawn.notes, *(str(d.formula) for d in derived)]
    return Derived(
        Image(directive.output, f"{drawn.title}: {', '.join(directive.models)}"),
        deriver.digests(directive, graphs, record),
        {directive.output: standing(drawn)},
    )


def _picture(deriver: Deriver, directive: Directive) -> Derived:
    from ..pictures.draw import svg

    graphs, at = deriver.graphs(directive)
    graph = graphs[0]
    if at:
        large = next((f"{s}={v}" for s, v in at[0].items() if v > LARGEST_DRAWN), None)
        if large is not None:
            raise EmbeddingError(f"expected sizes of at most {LARGEST_DRAWN} to draw, got {large}")
        if graph.source is None:
            raise EmbeddingError(f"expected a traced model to draw at sizes, got {graph.name}")
        graph = graph.source(**at[0])
    drawing = svg(graph)
    return Derived(
        Image(directive.output, f"dependence graph of {directive.models[0]}"),
        deriver.digests(directive, graphs, drawing),
        {directive.output: drawing},
    )


_MAKERS = {"table": _table, "figure": _figure, "plot": _plot, "picture": _picture}
