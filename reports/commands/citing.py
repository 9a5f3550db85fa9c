"""The command ``workspan cite``: one figure, a table, or a claim, with its digest."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from ...graphs.setting import Setting
from .app import FINE, app, format_of, put
from .options import SIZES, OptionError, parse_at, parse_figures, parse_format
from .progress import progress

if TYPE_CHECKING:
    from ..citing import Citation

CITED = ("bibtex", "csl", "text")


@app.command
def cite(
    *subjects: Annotated[
        str,
        Parameter(
            help="MODEL.FIGURE such as lstm.work, models of a table, or the id of a claim (C017)."
        ),
    ],
    at: Annotated[
        tuple[str, ...], Parameter(help="Sizes such as n=64,d=32; may be repeated.", negative=())
    ] = (),
    figures: Annotated[
        str | None, Parameter(help="For a table: names of figures such as work,span.")
    ] = None,
    setting: Annotated[Setting, Parameter(name="*")] = Setting(),  # noqa: B008 - frozen
    style: Annotated[str, format_of(*CITED)] = "bibtex",
) -> int:
    """Print how to cite a figure, a table or a claim: version, setting and digest.

    The digest is another one as soon as the formulas, the setting, the graph or the version is.
    """
    from ..citation_formats import FORMATS

    parse_format(style, CITED)
    found = _found(subjects, at, figures, setting)
    put(style, {style: lambda: FORMATS[style](found)})
    return FINE


def _found(
    subjects: tuple[str, ...], at: tuple[str, ...], figures: str | None, setting: Setting
) -> Citation:
    from ...analysis.figures import NAMES
    from ...graphs.models import CATALOGUE

    if not subjects:
        raise OptionError("expected MODEL.FIGURE, models or a claim, such as lstm.work, got none")
    model, dot, figure = subjects[0].rpartition(".")
    if (model in CATALOGUE or ".py:" in model) and len(parse_figures(figure, NAMES)) > 1:
        raise OptionError(
            f"expected one figure of {model}, got {figure}; several are a table: "
            f"{model} --figures {figure}"
        )
    if dot and figure in NAMES and len(subjects) == 1:
        if figures is not None:
            raise OptionError(f"expected --figures only for a table, got it with {subjects[0]}")
        return _figure(model, figure, at, setting)
    named = next((s for s in subjects if s.rpartition(".")[2] in NAMES), None)
    if named is not None:
        raise OptionError(f"expected one MODEL.FIGURE by itself, got {named} beside others")
    if len(subjects) == 1 and _is_claim(subjects[0]):
        return _claim(subjects[0], at, figures, setting)
    return _table(subjects, at, figures, setting)


def _is_claim(subject: str) -> bool:
    """Whether a name is that of a claim, or of nothing and no model is nearly it."""
    from ...analysis.claims import literature
    from ...graphs.models import CATALOGUE

    if subject in CATALOGUE or ".py" in subject:
        return False
    known = any(claim.id == subject for claim in literature())
    return known or not difflib.get_close_matches(subject, CATALOGUE, n=1)


def _claim(name: str, at: tuple[str, ...], figures: str | None, setting: Setting) -> Citation:
    from ..citing import claim_citation

    citation = claim_citation(name)
    if at or figures is not None or setting != Setting():
        raise OptionError(f"expected no sizes, figures or setting for a claim, got some for {name}")
    return citation


def _figure(model: str, figure: str, at: tuple[str, ...], setting: Setting) -> Citation:
    from ...analysis.api import analyze
    from ..citing import figure_citation
    from .loading import load

    found = load(model)
    sizes = parse_at(at, sorted({*SIZES, *found.sizes}))
    with progress("deriving") as tell:
        analysis = analyze(
            found.subject,
            at=sizes,
            setting=setting,
            figures=[figure],
            witnesses=["derived"],
            progress=tell,
        )
    return figure_citation(analysis, model, sizes)


def _table(
    models: tuple[str, ...], at: tuple[str, ...], figures: str | None, setting: Setting
) -> Citation:
    from ...analysis.api import compare
    from ...analysis.figures import COMPARED, NAMES
    from ..citing import table_citation
    from .loading import load_all

    chosen = COMPARED if figures is None else parse_figures(figures, NAMES)
    found = load_all(models)
    sizes = parse_at(at, sorted({*SIZES, *(s for m in found for s in m.sizes)}))
    with progress("deriving") as tell:
        comparison = compare(
            [m.subject for m in found],
            at=sizes,
            setting=setting,
            figures=chosen,
            witnesses=["derived"],
            progress=tell,
        )
    return table_citation(comparison, models, chosen, sizes, setting)
