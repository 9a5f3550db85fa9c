"""The commands about models: ``workspan list | analyze | compare | confirm | audit | draw | report``.

Nothing heavy is imported before a command needs it, so that help is instant.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from ...graphs.setting import Setting
from .app import (
    DRAWN,
    FAILED,
    FINE,
    PLAIN,
    RICH,
    Output,
    app,
    format_of,
    named_format_of,
    put,
    style_of,
)
from .files import prepare, write_all
from .notes import note_digest, note_measured
from .options import SIZES, parse_at, parse_figures, parse_format
from .progress import progress

if TYPE_CHECKING:
    from ...graphs.graph import Graph
    from .loading import Model

Models = Annotated[str, Parameter(help="Names of the catalogue, or path/to/file.py:function.")]
At = Annotated[
    tuple[str, ...], Parameter(help="Sizes such as n=64,d=32; may be repeated.", negative=())
]
Figures = Annotated[
    str | None, Parameter(help="Names of figures such as work,span; all if not given.")
]
Cost = Annotated[Setting, Parameter(name="*")]


@app.command(name="list")
def list_models(*, style: Annotated[str, format_of(*PLAIN)] = "text") -> int:
    """List the models of the catalogue."""
    parse_format(style, PLAIN)
    from ..catalogue import catalogue_json, catalogue_markdown, catalogue_printer

    put(style, {"text": catalogue_printer, "json": catalogue_json, "markdown": catalogue_markdown})
    return FINE


@app.command
def analyze(
    *models: Models,
    at: At = (),
    figures: Figures = None,
    setting: Cost = Setting(),  # noqa: B008 - frozen
    style: Annotated[str | None, named_format_of(*RICH)] = None,
    output: Output = None,
) -> int:
    """Derive the figures of models, each by itself."""
    style = style_of(style, output, RICH)
    from ...analysis.api import analyze as analyzed
    from ...analysis.digests import digest_of
    from ...analysis.figures import NAMES
    from .. import page
    from ..tables import markdown, records, separated, text
    from .typesetting import typeset

    chosen, found, sizes = parse_figures(figures, NAMES), *_models(models, at)
    with progress("analyzing") as tell:
        analyses = [
            analyzed(m.subject, at=sizes, setting=setting, figures=chosen, progress=tell)
            for m in found
        ]
    title = ", ".join(m.name for m in found)
    note_digest(lambda: digest_of(analyses, sizes))
    put(
        style,
        {
            "text": lambda: text.analyses_printer(analyses, values=bool(at)),
            "json": lambda: records.dumps(records.analyses_record(analyses)),
            "markdown": lambda: markdown.analyses_markdown(analyses),
            "csv": lambda: separated.analyses_csv(analyses),
            "html": lambda: page.analyses_page(analyses, title=title),
            **typeset(lambda notation: notation.analyses(analyses), title, output),
        },
        output,
    )
    return FINE if all(a.agree for a in analyses) else FAILED


@app.command
def compare(
    *models: Models,
    at: At = (),
    figures: Figures = None,
    setting: Cost = Setting(),  # noqa: B008 - frozen
    style: Annotated[str | None, named_format_of(*RICH)] = None,
    output: Output = None,
) -> int:
    """Compare models side by side, and say who is cheaper where.

    Without models, the founding comparison of attention and recurrence.
    """
    style = style_of(style, output, RICH)
    from .. import page
    from ..tables import markdown, records, separated, text
    from .typesetting import typeset

    comparison, title = _compared(models, at, figures, setting)
    put(
        style,
        {
            "text": lambda: text.comparison_printer(comparison),
            "json": lambda: records.dumps(records.comparison_record(comparison)),
            "markdown": lambda: markdown.comparison_markdown(comparison),
            "csv": lambda: separated.comparison_csv(comparison),
            "html": lambda: page.comparison_page(comparison, title=title),
            **typeset(lambda notation: notation.comparison(comparison), title, output),
        },
        output,
    )
    return FINE if comparison.agree else FAILED


@app.command
def confirm(
    *models: Models,
    engine: Annotated[
        tuple[str, ...],
        Parameter(
            help="numpy, torch or transformers; all that are installed if not given.", negative=()
        ),
    ] = (),
    at: At = (),
    figures: Figures = None,
    against: Annotated[
        str | None, Parameter(help="A plain NumPy function of yours: path/to/file.py:function.")
    ] = None,
    time: Annotated[bool, Parameter(help="Time scaling as well.", negative=())] = False,
    gradient: Annotated[
        bool, Parameter(help="Take gradients by distance as well.", negative=())
    ] = False,
    store: Annotated[Path | None, Parameter(help="Where finished measurements are kept.")] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Run models as other people wrote them, and hold what is seen against the derivations.

    Finished measurements are kept, so that an interrupted run goes on where it was.
    """
    parse_format(style, PLAIN)
    from .. import confirmation
    from ..tables import records
    from . import confirming as running

    if time:
        note_measured()
    chosen = running.figures_of(figures)
    engines = running.engines_of(engine, alone=against is not None)
    asked = [name for name, wanted in (("time", time), ("gradient", gradient)) if wanted]
    found, sizes = _models(models, at)
    with progress("confirming") as tell:
        confirmed = running.confirm_all(
            found,
            sizes,
            engines=engines,
            figures=chosen,
            asked=asked,
            against=against,
            folder=store,
            tell=tell,
        )
    put(
        style,
        {
            "text": lambda: confirmation.confirmations_printer(confirmed),
            "json": lambda: records.dumps(confirmation.confirmations_record(confirmed)),
            "markdown": lambda: confirmation.confirmations_markdown(confirmed),
        },
    )
    return FINE if all(c.agree for c in confirmed) else FAILED


@app.command
def audit(
    *models: Models,
    at: At = (),
    counters: Annotated[
        str | None,
        Parameter(
            help="Names of counters such as torch,fvcore; all that are installed by default."
        ),
    ] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Hold public counters of operations against the derived work, with reasons."""
    parse_format(style, PLAIN)
    from .. import audit as shown
    from ..tables import records

    chosen = tuple(c.strip() for c in (counters or "").split(",") if c.strip())
    found = shown.audited(models, parse_at(at), chosen)
    put(
        style,
        {
            "text": lambda: shown.audit_printer(found),
            "json": lambda: records.dumps(shown.audit_record(found)),
            "markdown": lambda: shown.audit_markdown(found),
        },
    )
    return FINE


@app.command
def draw(
    model: Annotated[str, Parameter(help="A name of the catalogue, or path/to/file.py:function.")],
    /,
    *,
    at: Annotated[
        str | None, Parameter(help="Sizes to fix, such as L=3 for three explicit layers.")
    ] = None,
    unrolled: Annotated[
        bool,
        Parameter(
            help="Draw positions and depth at the sizes of --at instead, in the unit of --unit.",
            negative=(),
        ),
    ] = False,
    setting: Cost = Setting(),  # noqa: B008 - frozen
    style: Annotated[str | None, named_format_of(*DRAWN)] = None,
    output: Output = None,
) -> int:
    """Draw the reduced dependence graph: columns are depth, arcs are cycles.

    Layers are drawn as one cycle unless --at gives their number. With --unrolled, what happens in
    time: every task as early as can be, the critical path, and what each position reaches.
    """
    style = style_of(style, output, ("svg", "pdf") if unrolled else DRAWN)
    from ..pictures import diagrams
    from ..pictures.draw import svg
    from ..pictures.unrolled import unrolled_svg
    from ..tables import records
    from ..typesetting import picture_pdf

    (found,), sizes = _models([model], () if at is None else (at,))
    graph = _layered(found, dict(*sizes), whole=unrolled)

    def picture() -> str:
        return unrolled_svg(graph, setting, dict(*sizes)) if unrolled else svg(graph)

    put(
        style,
        {
            "svg": picture,
            "pdf": lambda: picture_pdf(picture(), f"dependence graph of {graph.name}"),
            "dot": lambda: diagrams.dot(graph),
            "mermaid": lambda: diagrams.mermaid(graph),
            "json": lambda: records.dumps(diagrams.graph_record(graph)),
        },
        output,
    )
    return FINE


@app.command
def report(
    *models: Models,
    at: At = (),
    figures: Figures = None,
    setting: Cost = Setting(),  # noqa: B008 - frozen
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="The folder to write to.")
    ] = Path("workspan-report"),
    engine: Annotated[
        tuple[str, ...],
        Parameter(help="Put what torch or transformers shows into the cells.", negative=()),
    ] = (),
    store: Annotated[Path | None, Parameter(help="Where finished measurements are kept.")] = None,
    pdf: Annotated[
        bool, Parameter(help="Write report.pdf as well (extra pdf: Typst).", negative=())
    ] = False,
    style: Annotated[str, format_of("text", "json", "markdown")] = "text",
) -> int:
    """Compare models, print the table, and write the report: a page, Markdown, LaTeX, Typst, data.

    Without models, the founding comparison of attention and recurrence, with its claims checked,
    and the experiments that are on record.
    """
    parse_format(style, PLAIN)
    from ...analysis.claims import check as checked
    from ...analysis.claims import founding
    from ..report import PDF, TITLE, report_texts, with_pdf
    from ..tables import markdown, records, text
    from ..typesetting import expect_typst
    from .experimenting import recorded

    if pdf:
        expect_typst()
    prepare(output)
    comparison, title = _compared(models, at, figures, setting)
    if engine:
        from . import confirming as running

        with progress("confirming") as tell:
            comparison = running.with_runs(
                comparison, running.engines_of(engine, alone=True), folder=store, tell=tell
            )
    with progress("checking claims") as tell:
        verdicts = [] if models else checked(claims=founding(), progress=tell)
    experiments = [] if models else recorded()
    with progress("writing the report"):
        name = title if models else TITLE
        texts = report_texts(comparison, verdicts, experiments, title=name)
        files: Mapping[str, str | bytes] = with_pdf(texts) if pdf else texts
        paths = write_all(output, files)
    put(
        style,
        {
            "text": lambda: text.report_printer(comparison, verdicts, experiments),
            "json": lambda: records.dumps(
                records.comparison_record(comparison, verdicts, experiments)
            ),
            "markdown": lambda: markdown.comparison_markdown(comparison, verdicts, experiments),
        },
    )
    print(f"Written to {output}: {', '.join(p.name for p in paths)}", file=sys.stderr)  # noqa: T201
    if not pdf and (output / PDF).exists():
        print(f"{PDF} is of an older report; --pdf renews it.", file=sys.stderr)  # noqa: T201
    refuted = any(v.verdict == "refuted" for v in verdicts)
    return FINE if comparison.agree and not refuted else FAILED


def _compared(
    models: Sequence[str], at: Sequence[str], figures: str | None, setting: Setting
) -> tuple[Any, str]:
    from ...analysis.api import compare as compared
    from ...analysis.digests import comparison_digest
    from ...analysis.figures import COMPARED, NAMES
    from ..report import FOUNDING, TITLE

    chosen = COMPARED if figures is None else parse_figures(figures, NAMES)
    found, sizes = _models(models or FOUNDING, at)
    with progress("comparing") as tell:
        comparison = compared(
            [m.subject for m in found], at=sizes, setting=setting, figures=chosen, progress=tell
        )
    note_digest(lambda: comparison_digest(comparison, sizes))
    return comparison, ", ".join(m.name for m in found) if models else TITLE


def _models(
    arguments: Sequence[str], at: Sequence[str]
) -> tuple[list[Model], list[dict[str, int]]]:
    from .loading import ModelError, load_all

    if not arguments:
        raise ModelError("expected at least one model, got none; see 'workspan list'")
    found = load_all(arguments)
    known = sorted({*SIZES, *(s for m in found for s in m.sizes)})
    return found, parse_at(at, known)


def _layered(model: Model, fixed: dict[str, int], *, whole: bool) -> Graph:
    """Return the graph with its layers as a cycle, or as many as are given; ``whole``, as it is."""
    from ...graphs.tracing import trace

    if model.function is None:
        return model.graph
    if whole:
        from ...analysis.api import graph_of

        return graph_of(model.subject, [fixed] if fixed else ())
    given: dict[str, Any] = {"L": "L"} if "L" in model.options else {}
    return trace(model.function, **given | fixed)
