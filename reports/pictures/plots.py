"""Plots as SVG: small, the same bytes everywhere, readable in light, in dark and on paper.

Drawn here and not by a plotting library, because a report is compared byte by byte with the one
that is kept beside the code, whatever the versions of other packages.
"""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass

from ..notation.markup import Markup, element, spot
from ..notation.style import PLOT
from .lines import LETTER, LINE, text

COLOURS = (
    "#1f77b4", "#d95f02", "#1b9e77", "#7570b3", "#e7298a",
    "#66a61e", "#a6761d", "#e6ab02", "#8c8c8c",
)  # fmt: skip
DASHES = (None, "7 3", "2 2", "9 3 2 3")
PREFIXES = ("", "k", "M", "G", "T", "P", "E")
MARGIN = 10.0


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture with its caption."""

    title: str
    body: tuple[Markup, ...]
    width: float
    height: float
    notes: tuple[str, ...]
    """The caption: sizes and setting, what marks mean, and models that are not in it, with why."""
    told: tuple[str, ...] = ()
    """What the series show, in words."""

    @property
    def description(self) -> str:
        """What somebody is told who does not see the picture."""
        return " ".join((*self.told, *self.notes))


def inline(drawn: Plot) -> Markup:
    """Return a plot for a page, which has the style and the caption."""
    return _svg(drawn, drawn.height)


def standing(drawn: Plot) -> str:
    """Return a plot as a file of its own, with its style, and the title and caption as text."""
    lines = [
        line
        for note in drawn.notes
        for line in textwrap.wrap(note, int((drawn.width - 2 * MARGIN) / LETTER))
    ]
    shifted = element("g", *drawn.body, transform="translate(0 26)")
    caption = [
        text(line, MARGIN, 26 + drawn.height + LINE * (k + 1), class_="quiet")
        for k, line in enumerate(lines)
    ]
    picture = _svg(
        drawn,
        26 + drawn.height + LINE * (len(lines) + 1),
        element("style", Markup(PLOT)),
        text(drawn.title, MARGIN, 19, class_="head"),
        shifted,
        *caption,
        xmlns="http://www.w3.org/2000/svg",
        class_="plot",
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{picture}\n'


def _svg(drawn: Plot, height: float, *body: Markup, **more: object) -> Markup:
    return element(
        "svg",
        element("title", drawn.title),
        element("desc", drawn.description),
        *(body or drawn.body),
        viewBox=f"0 0 {spot(drawn.width, height)}",
        width=drawn.width,
        height=height,
        role="img",
        **more,
    )


def short(value: float) -> str:
    """Write a power of ten with a metric prefix: 10k, 1M."""
    if value < 1:
        return f"{value:g}"
    step = min(int(math.log10(value) + 1e-9) // 3, len(PREFIXES) - 1)
    return f"{value / 1000**step:.3g}{PREFIXES[step]}"
