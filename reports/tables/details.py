"""What stands behind a cell: its derivation, and the sizes at which it was measured and run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..notation.markup import Markup, element, join
from ..notation.mathematics import mathml, mathml_terms
from .html import Keyed, anchor, domain, formula, table
from .ordering import exact
from .sheet import Row, Sheet, at_text, disagreements, number_text, taken, witness_mark

if TYPE_CHECKING:
    from ...analysis.figures import Figure

_SAID = {
    "=": "agrees",
    "!=": "DISAGREES",
    "only": "has nothing to be compared with",
    "": "was not taken",
}
DERIVED = {
    "proved": "Derivation, whose certificate was verified",
    "fitted": "Derivation, fitted to measured values",
}
PLAIN = "plain code on counting scalars"


def details(sheet: Sheet) -> list[Markup]:
    """Return the details of all cells, one part for each model."""
    parts = []
    for k, model in enumerate(sheet.models):
        found = [(row, row.cells[k]) for row in sheet.rows]
        articles = [_article(row, k, model, f) for row, f in found if f is not None]
        parts.append(element("section", element("h3", model), *articles))
    return parts


def story(figure: Figure) -> str:
    """Say in words what the grade and the witnesses are."""
    witnesses = [f"{w} {_SAID[witness_mark(figure, w)]}" for w in ("measured", "run")]
    told = "; ".join([figure.grade or "no formula", *witnesses])
    return f"{told}. Setting: {figure.setting.describe()}."


def _article(row: Row, k: int, model: str, figure: Figure) -> Markup:
    unit = f" ({figure.unit})" if figure.unit else ""
    parts = [
        element("h4", f"{model}: {row.title}{unit}"),
        element("p", formula(figure), *(domain(figure) if figure.formula is not None else [])),
        element("p", story(figure), class_="quiet"),
        *(element("p", line, class_="disagree") for line in disagreements(figure)),
    ]
    if figure.growth:
        grows = [Markup(f"{mathml(s)}: Θ({mathml(g)})") for s, g in sorted(figure.growth.items())]
        listed = join(grows, ", ")
        parts.append(element("p", "With the other sizes fixed, it grows in ", listed, "."))
    if figure.steps:
        parts.append(element("h5", DERIVED.get(figure.grade or "", "How it was derived")))
        parts.append(element("ol", *(element("li", step) for step in figure.steps)))
    if figure.by_primitive:
        parts.append(_shares(figure))
    if figure.held_out:
        sizes = "; ".join(at_text(at) for at in figure.held_out)
        parts.append(element("p", f"Checked at sizes that it was not fitted to: {sizes}."))
    if taken(figure):
        parts.append(_values(figure))
    parts.append(element("p", element("a", "back to the table", href="#figures"), class_="back"))
    return element("article", *parts, id=anchor(row, k))


def _shares(figure: Figure) -> Markup:
    """Return what each primitive adds, in order of its value at the largest sizes measured."""
    at = figure.values[-1].at if figure.values else {}
    rows = []
    for primitive, share in sorted(figure.by_primitive.items()):
        known = all(size in at for size in share.sizes)
        key = exact(share.evaluate(**at)) if known else str(share)
        rows.append((primitive, Keyed(Markup(mathml_terms(str(share))), key)))
    return table(("primitive", "share"), rows, caption="Shares by primitive")


def _values(figure: Figure) -> Markup:
    rows, sourced = [], any(v.source for v in figure.values)
    for value in taken(figure):
        numbers = (value.derived, value.measured, value.run)
        told = [Keyed(number_text(n) or "not taken", exact(n)) for n in numbers]
        rows.append((at_text(value.at), *told, *((value.source or PLAIN,) if sourced else ())))
    header = ("sizes", "derived", "measured", "run", *(("what ran",) if sourced else ()))
    return table(header, rows, numbers=True, caption="Sizes at which it was measured and run")
