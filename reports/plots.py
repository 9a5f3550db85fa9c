"""Log-log plots of figures over the sequence length, with the points where two models cross.

A curve is drawn only where its formula holds. The bytes are the same for the same input.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..graphs.sizes import SizeError
from .domains import holds
from .markup import Markup, printable
from .sheet import Row

if TYPE_CHECKING:
    from ..analysis.figures import Comparison, Crossover, Figure
    from ..graphs.sizes import Poly

SIZES: Mapping[str, int] = {
    "d": 256, "h": 8, "e": 32, "f": 1024, "L": 1, "b": 1, "k": 3,
    "w": 129, "v": 32768, "s": 16, "m": 1024, "g": 2,
}  # fmt: skip
"""What the other sizes are while n varies."""
LONGEST = 17
"""Plots end at n = 2**17."""
COLOURS = (
    "#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a",
    "#66a61e", "#a6761d", "#e6ab02", "#8c8c8c",
)  # fmt: skip
DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3])


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture and what its marks mean."""

    svg: Markup
    along: str
    """The size on the horizontal axis."""
    crossings: tuple[str, ...]
    """One line for each marked point."""


def plot(row: Row, models: Sequence[str], comparison: Comparison) -> Plot | None:
    """Plot a row over n, or over d if n does not matter; None if neither does."""
    import vl_convert

    models = [printable(m) for m in models]
    curves = [(m, f) for m, f in zip(models, row.cells, strict=True) if f is not None]
    sizes = {s for _, f in curves if f.formula is not None for s in f.formula.sizes}
    along = next((s for s in ("n", "d") if s in sizes), None)
    if along is None:
        return None
    points = [p for model, figure in curves for p in _curve(model, figure, along)]
    if not points:
        return None
    marked = list(_crossings(row, curves, comparison.crossovers)) if along == "n" else []
    order = [m for m in models if any(p["model"] == m for p in points)]
    title = printable(f"{row.title} ({row.unit})" if row.unit else row.title)
    chart = _chart(points, marked, along, title, {m: models.index(m) for m in order})
    svg = Markup(vl_convert.vegalite_to_svg(chart.to_dict()))
    return Plot(svg, along, tuple(f"{m['label']}: {m['text']}" for m in marked))


def _chart(
    points: Sequence[Mapping[str, Any]],
    marked: Sequence[Mapping[str, Any]],
    along: str,
    title: str,
    order: Mapping[str, int],
) -> Any:
    import altair as alt

    x = alt.X(
        f"{along}:Q",
        scale=alt.Scale(type="log", base=2, nice=False),
        axis=alt.Axis(format=",", tickCount=6),
        title=along,
    )
    y = alt.Y(
        "value:Q", scale=alt.Scale(type="log"), axis=alt.Axis(format="~s", tickCount=6), title=title
    )

    def scale(choices: Sequence[Any]) -> Any:
        return alt.Scale(
            domain=list(order), range=[choices[k % len(choices)] for k in order.values()]
        )

    legend = alt.Legend(title=None, symbolType="stroke", labelLimit=260)
    colour = alt.Color("model:N", scale=scale(COLOURS), sort=list(order), legend=legend)
    dash = alt.StrokeDash("model:N", scale=scale(DASHES), sort=list(order), legend=None)
    chart: Any = alt.Chart({"values": points}).mark_line(strokeWidth=2).encode(x, y, colour, dash)
    if marked:
        base: Any = alt.Chart({"values": marked}).encode(x, y)
        chart += base.mark_point(size=50, filled=True, color="currentColor", opacity=1)
        chart += base.mark_text(align="left", dx=7, dy=9, color="currentColor").encode(
            text="label:N"
        )
    return chart.properties(width=420, height=260, background="transparent").configure(**_CONFIG)


_CONFIG: dict[str, Any] = {
    "font": "Liberation Sans",
    "axis": {
        "labelColor": "currentColor",
        "titleColor": "currentColor",
        "domainColor": "#8b96a3",
        "tickColor": "#8b96a3",
        "gridColor": "#8b96a3",
        "gridOpacity": 0.25,
        "titleFontWeight": "normal",
    },
    "legend": {"labelColor": "currentColor", "titleColor": "currentColor"},
    "view": {"stroke": None},
}


def sizes_text() -> str:
    """The sizes that plots hold fixed."""
    return ", ".join(f"{k}={v}" for k, v in SIZES.items())


def _curve(model: str, figure: Figure, along: str) -> Iterator[dict[str, Any]]:
    formula = figure.formula
    if formula is None or not set(formula.sizes) <= {"n", *SIZES}:
        return
    for exponent in range(2 * LONGEST + 1):
        value = round(2 ** (exponent / 2))
        sizes = {"n": 1024, **SIZES, along: value}
        number = _number(formula, sizes) if holds(figure.domain, sizes) else None
        if number is not None and number > 0:
            yield {"model": model, along: value, "value": number}


def _number(formula: Poly, sizes: Mapping[str, int]) -> float | None:
    """Evaluate; None where a quotient has no value."""
    try:
        return float(formula.evaluate(**sizes))
    except (ZeroDivisionError, SizeError, OverflowError):
        return None


def _crossings(
    row: Row, curves: Sequence[tuple[str, Figure]], crossovers: Sequence[Crossover]
) -> Iterator[dict[str, Any]]:
    """Find where two curves that are plotted change places."""
    figures = dict(curves)
    found: dict[tuple[int, float], list[str]] = {}
    for crossover in crossovers:
        pair = figures.get(crossover.left), figures.get(crossover.right)
        if crossover.figure != row.name or None in pair or row.key != row.name:
            continue
        if [crossover.left_formula, crossover.right_formula] != [
            f.formula for f in pair if f is not None
        ]:
            continue
        point = _crossing(crossover)
        if point is not None:
            found.setdefault(point, []).append(f"{crossover.left} and {crossover.right}")
    for k, ((n, value), pairs) in enumerate(sorted(found.items())):
        text = f"{', '.join(pairs)} change places at n = {n:,}"
        yield {"n": n, "value": value, "label": _letters(k), "text": text}


def _letters(k: int) -> str:
    """a, b, ..., z, aa, ab, ..."""
    head = _letters(k // 26 - 1) if k >= 26 else ""
    return head + "abcdefghijklmnopqrstuvwxyz"[k % 26]


def _crossing(crossover: Crossover) -> tuple[int, float] | None:
    """The first n at which the order is not that of n = 2, found by halving."""

    def values(n: int) -> tuple[float, float] | None:
        sizes = {**SIZES, "n": n}
        left, right = (_number(f, sizes) for f in (crossover.left_formula, crossover.right_formula))
        return None if left is None or right is None else (left, right)

    def less(n: int) -> bool | None:
        found = values(n)
        return None if found is None else found[0] < found[1]

    low, high = 2, 2**LONGEST
    first = less(low)
    if None in {first, less(high)} or first == less(high):
        return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if less(middle) == first else (low, middle)
    found = values(high)
    return None if found is None else (high, found[0])
