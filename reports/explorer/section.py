"""The section of a page in which a reader explores: its controls, and places for what they show.

It is hidden until its scripts run: without them nothing would answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..notation.markup import Markup, element, join
from ..notation.mathematics import mathml
from ..scripts import data_block
from ..sections import Section, section
from .content import content

if TYPE_CHECKING:
    from ...analysis.figures import Comparison

LARGEST = 10**12
OCTAVES = 39
"""The last position of a slider: 2**39 is the largest power of two below the largest size."""
PREFERRED = ("work", "span")
"""Figures that a reader sees first, if they are there."""

WHAT = (
    "Choose sizes and a setting: every figure is computed here, exactly, from the formulas that "
    "were derived for this page; nothing is sent anywhere, and the address of the page holds what "
    "you choose."
)
AXES: Mapping[str, str] = {
    "mode": "what is asked of the model",
    "unit": "what one step is",
    "reduction": "how a sum is added up",
    "pairs": "whether masked pairs are computed",
    "mac": "operations per multiply-add",
}


def explorer(comparison: Comparison) -> Section | None:
    """Return the section; None for a comparison without sizes to choose."""
    found = content(comparison)
    sizes, figures = found.data["sizes"], found.data["figures"]
    if not sizes or not figures:
        return None
    names = [f["name"] for f in figures]
    first = next((f for f in PREFERRED if f in names), names[0])
    data = {**found.data, "first": {"figure": first, "along": sizes[0]["name"]}}
    return section(
        "explore",
        "Explore",
        element("p", WHAT, class_="quiet"),
        _form(data),
        element("p", class_="note", role="status", data_part="note"),
        element("p", class_="told", aria_live="polite", data_part="told"),
        element("div", _ranking(), _plot(), class_="columns"),
        *_turns(),
        *(_brent() if "steps" in data["cells"] else ()),
        *_table(data),
        _growths(found.growths),
        data_block("explore-data", data),
        scripted=True,
    )


# --- controls -------------------------------------------------------------------------------------


def _form(data: Mapping[str, Any]) -> Markup:
    sizes, figures = data["sizes"], data["figures"]
    left_out = (
        " Unit unbounded is left out here." if "unbounded" not in data["choices"]["unit"] else ""
    )
    return element(
        "form",
        _fieldset(
            "View",
            (
                _choice("figure", "figure", [(f["name"], f["title"]) for f in figures], ""),
                _choice("along", "plotted along", [(s["name"], s["name"]) for s in sizes], ""),
                _number("processors", "processors p", 64, "processors"),
                element(
                    "button", "Copy link to this", type="button", class_="copy", data_part="copy"
                ),
            ),
        ),
        _fieldset(
            "Sizes", (_number(f"size-{s['name']}", s["name"], s["value"], s["name"]) for s in sizes)
        ),
        _fieldset(
            "Setting",
            (
                _choice(axis, axis, [(c, c) for c in choices], AXES[axis])
                for axis, choices in data["choices"].items()
            ),
            element("p", f"Scope {data['setting']['scope']}.{left_out}", class_="quiet"),
        ),
        autocomplete="off",
        data_part="form",
    )


def _fieldset(legend: str, controls: Iterable[Markup], *after: Markup) -> Markup:
    inside = element("div", join(list(controls)), class_="choices")
    return element("fieldset", element("legend", legend), inside, *after)


def _number(key: str, label: str, value: int, name: str) -> Markup:
    field = element(
        "input",
        id=f"explore-{key}",
        name=f"number-{key}",
        type="number",
        inputmode="numeric",
        min=1,
        max=LARGEST,
        step=1,
        value=value,
    )
    slider = element(
        "input",
        name=f"slider-{key}",
        type="range",
        min=0,
        max=OCTAVES,
        step=1,
        value=(value - 1).bit_length(),
        aria_label=f"{name}, through powers of two",
    )
    return element("div", element("label", label, for_=f"explore-{key}"), field, slider)


def _choice(key: str, label: str, choices: Sequence[tuple[Any, Any]], hint: str) -> Markup:
    options = [element("option", text, value=value) for value, text in choices]
    made = element(
        "select", *options, id=f"explore-{key}", name=f"choice-{key}", title=hint or None
    )
    note = element("small", class_="hint", data_part=f"hint-{key}") if hint else Markup("")
    return element("div", element("label", label, for_=f"explore-{key}"), made, note)


# --- places ---------------------------------------------------------------------------------------


def _ranking() -> Markup:
    return element(
        "div",
        element("h3", "Ranking", id="explore-ranking", data_part="title"),
        element("p", "The bars are on a logarithmic scale.", class_="quiet"),
        element("ol", class_="ranking", aria_labelledby="explore-ranking", data_part="ranking"),
        element("ul", class_="without", aria_label="without a value", data_part="without"),
    )


def _plot() -> Markup:
    caption = (
        "The upright line is what is chosen; dots are crossovers. Equal lines lie on each other; "
        "on a narrow page they have their places in the ranking."
    )
    drawing = element("div", class_="drawing", data_part="plot")
    return element("figure", drawing, element("figcaption", caption), class_="curves")


def _turns() -> list[Markup]:
    rest = element("ul", data_part="all-turns")
    return [
        element("h3", "Crossovers", data_part="turns-title"),
        element("p", class_="quiet", data_part="turns-told"),
        element("ul", class_="turns", data_part="turns"),
        element("details", element("summary", "the rest"), rest, hidden="", data_part="more-turns"),
    ]


def _brent() -> list[Markup]:
    heads = ("model", "T₁: one processor", "T∞: span", "at least", "at most")
    head = element("tr", *(element("th", h, scope="col") for h in heads))
    whole = element("table", element("thead", head), element("tbody"), data_part="brent")
    return [
        element("h3", "Time on p processors: Brent's interval"),
        element("p", class_="quiet", data_part="brent-told"),
        element(
            "div", whole, class_="wide", tabindex="0", role="region", aria_label="Brent's interval"
        ),
    ]


def _table(data: Mapping[str, Any]) -> list[Markup]:
    """Return a table with a row for each model, which a column's head sorts."""
    heads = [
        element("th", f["title"], element("span", f" {f['unit']}", class_="quiet"), scope="col")
        for f in data["figures"]
    ]
    rows = [
        element(
            "tr",
            element("th", model["name"], scope="row"),
            *(element("td") for _ in heads),
            data_model=k,
        )
        for k, model in enumerate(data["models"])
    ]
    head = element("thead", element("tr", element("th", "model", scope="col"), *heads))
    whole = element(
        "table", head, element("tbody", *rows), class_="sortable figures", data_part="table"
    )
    return [
        element("h3", "Every figure at these sizes"),
        element(
            "div", whole, class_="wide", tabindex="0", role="region", aria_label="Every figure"
        ),
    ]


def _growths(texts: Sequence[str]) -> Markup:
    """Return the Theta classes as mathematics, inert until they are copied."""
    written = [element("span", Markup(mathml(text))) for text in texts]
    return element("template", *written, data_part="growths")
