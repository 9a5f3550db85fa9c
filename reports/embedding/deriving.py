"""From a directive to its content: the figures are derived, and what they came from is digested."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ...analysis.api import analyze, compare, graph_of
from ...analysis.deriving import derive
from ...analysis.digests import LENGTH, parts_of, stated
from ...graphs.digest import graph_digest
from ...graphs.models import CATALOGUE
from ..commands.loading import load_all
from ..commands.options import PLOTS, SIZES, parse_at
from ..tables.sheet import at_text, counts_text, domain_of, number_text, sheet_of
from .content import Cell, Console, Content, Grid, Image, Inline, Math
from .errors import EmbeddingError

if TYPE_CHECKING:
    from ...analysis.digests import Digest
    from ...analysis.figures import Analysis, Figure
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
    digest: Digest
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

    def derived(
        self,
        directive: Directive,
        graphs: Sequence[Graph],
        result: Sequence[Any],
        content: Content,
        files: Mapping[str, str] | None = None,
    ) -> Derived:
        """Return what was derived, with the digest of what it is, what was asked, and of what."""
        drawn = files or {}
        shown = {"result": result, "shown": content, "files": drawn}
        digest = parts_of(shown, directive.describe(), [graph_digest(g) for g in graphs])
        return Derived(content, replace(digest, version=self.version), drawn)

    def digest(self, name: str) -> str:
        """Return the digest of a model's graph, in which all its sizes are symbols.

        Raises
        ------
        ValueError
            If there is no such model.
        """
        return graph_digest(graph_of(self._subject(name)))[:LENGTH]


def _table(deriver: Deriver, directive: Directive) -> Derived:
    graphs, at = deriver.graphs(directive)
    if directive.style == "console":
        return _console(deriver, directive, graphs, at)
    analyses = [analyze(g, figures=directive.figures, setting=directive.setting) for g in graphs]
    taken = [_at_sizes(analysis, at) for analysis in analyses] if at else analyses
    sheet = sheet_of(taken)
    rows = []
    for row in sheet.rows:
        unit = f" ({row.unit})" if row.unit else ""
        cells = [_cell(f, at, directive.show) for f in row.cells if f is not None]
        rows.append(((f"{row.title}{unit}",), *cells))
    sizes = f" At {'; '.join(map(at_text, at))}." if at and directive.show != "formula" else ""
    figures = [f for a in taken for f in a.figures.values()]
    notes = (
        f"Setting: {sheet.setting}.{sizes}",
        f"{counts_text(sheet)}. Witnesses were taken {_where(figures, at)}.",
    )
    grid = Grid(("figure", *directive.models), tuple(rows), notes)
    return deriver.derived(directive, graphs, [stated(f) for f in figures], grid)


def _at_sizes(analysis: Analysis, at: Sequence[Sizes]) -> Analysis:
    """Return an analysis with the witnesses that can be taken at sizes, beside those it has."""
    free = {"L", "h", *analysis.graph.free_sizes}
    own = [{s: v for s, v in sizes.items() if s in free} for sizes in at]
    found = analyze(
        analysis.graph, at=own, figures=tuple(analysis.figures), setting=analysis.setting
    )
    figures = {
        name: replace(figure, values=(*found[name].values, *figure.values))
        for name, figure in analysis.figures.items()
    }
    return replace(analysis, figures=figures)


def _where(figures: Sequence[Figure], at: Sequence[Sizes]) -> str:
    """Say at which sizes how many figures were measured and run."""
    told = []
    for sizes in at:
        own = [
            [v for v in f.values if all(v.at.get(s, sizes[s]) == sizes[s] for s in sizes)]
            for f in figures
        ]
        measured = sum(any(v.measured is not None for v in values) for values in own)
        ran = sum(any(v.run is not None for v in values) for values in own)
        told.append(f"at {at_text(sizes)} ({measured} measured, {ran} run)")
    return ", ".join([*told, "otherwise at small sizes" if told else "at small sizes"])


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
    content = Console(f"{' '.join(words)}\n{printed}")
    return deriver.derived(directive, graphs, [stated(f) for f in comparison.cells], content)


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
    return deriver.derived(directive, graphs, [stated(figure)], Inline(cell, directive.name))


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
    formulas = [derive(f, g, directive.setting).formula for f in directive.figures for g in graphs]
    image = Image(directive.output, f"{drawn.title}: {', '.join(directive.models)}")
    return deriver.derived(directive, graphs, formulas, image, {directive.output: standing(drawn)})


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
    image = Image(directive.output, f"dependence graph of {directive.models[0]}")
    return deriver.derived(directive, graphs, [], image, {directive.output: drawing})


_MAKERS = {"table": _table, "figure": _figure, "plot": _plot, "picture": _picture}
