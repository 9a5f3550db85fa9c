"""Typst: booktabs tables, as files to ``#include`` in a paper or as a document by itself.

A document names no font but those that Typst itself has, and no date, so that it is compiled to the
same bytes everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import final

from ..notation.markup import typst_escape
from ..notation.mathematics import typst, typst_text
from .typeset import Rows, Section, Typesetter

_PREAMBLE = """\
#set page(paper: "a4", margin: 2cm, numbering: "1 / 1")
#set text(font: "Libertinus Serif", size: 10pt, lang: "en")
#show math.equation: set text(font: "New Computer Modern Math")
#show raw: set text(font: "DejaVu Sans Mono")
#show figure: set block(above: 2em, below: 2em)
#show heading: set block(above: 1.6em, below: 0.9em)
"""
_TALL = """\
// A cell with fractions, which Typst lets out of their line by most of the space between lines.
#let tall(body) = table.cell(inset: (x: 0.3em, y: 0.55em), { set par(leading: 0.8em); body })
"""
_DRAWING = """\
// A drawing as large as it is, or as the page allows; a long one lies on its side.
#let drawing(file, alt) = layout(space => {
  let natural = measure(image(file))
  let fit(width, height) = calc.min(1, width / natural.width, height / natural.height)
  let sized(scale) = image(file, width: natural.width * scale, alt: alt)
  let long = 0.92 * space.height
  let (upright, lying) = (fit(space.width, long), fit(long, space.width))
  let legible = upright > 0.55 or lying < upright
  if legible { sized(upright) } else { rotate(-90deg, reflow: true, sized(lying)) }
})
"""


@final
class _Typst(Typesetter):
    comment = "//"
    needs = "It needs no package."
    include = '#include "{file}"'
    soft = "\\u{200b}"

    def words(self, text: str) -> str:
        return typst_escape(text)

    def math(self, text: str) -> str:
        return f"${typst(text)}$"

    def theta(self, text: str) -> str:
        return f"$Theta({typst(text)})$"

    def strong(self, written: str) -> str:
        return f"#strong[{written}]"

    def alarm(self, text: str) -> str:
        return f"#text(red)[{self.strong(typst_escape(text))}]"

    def paragraph(self, lines: Sequence[str]) -> str:
        return " \\\n".join(lines) + "\n"

    def lead(self, text: str) -> str:
        return f"#block(sticky: true, below: 0.6em)[{self.strong(self.text(text))}]\n"

    def table(
        self,
        header: Sequence[str],
        parts: Sequence[Rows],
        shares: Sequence[float],
        *,
        apart: bool = False,
    ) -> str:
        widths = ", ".join(f"{share:g}fr" for share in shares)
        names = ", ".join(f"[{typst_escape(name)}]" for name in header)
        inset = "(x: 0.3em, y: 0.45em)" if apart else "(x: 0.3em, y: 0.3em)"
        return (
            f"#[\n#set text(size: 0.9em)\n#set par(justify: false, leading: 0.5em)\n{_TALL}"
            f"#table(\n  columns: ({widths}),\n  align: left,\n  stroke: none,\n  inset: {inset},\n"
            f"  table.hline(),\n  table.header({names}, table.hline(stroke: 0.5pt)),\n"
            f"{''.join(_part(part, len(header)) for part in parts)}  table.hline(),\n)\n]\n"
        )

    def heading(self, title: str) -> str:
        return f"= {self.text(title)}\n"

    def document(self, sections: Sequence[Section], title: str) -> str:
        head = f"#set document(title: [{typst_escape(title)}], date: none)\n{_PREAMBLE}"
        head += f'\n#align(center, text(17pt, weight: "bold")[{self.text(title)}])\n'
        return f"{head}\n{self.titled(sections)}"

    def drawings(self, pictures: Mapping[str, tuple[str, str]]) -> Section:
        """Return drawings, each by its file, with what they are called and what they show."""
        figures = [
            f"#figure(\n  drawing({typst_text(file)}, {typst_text(name)}),\n  numbering: none,\n"
            f"  caption: [{self.strong(self.text(name))}: {self.text(told)}],\n)\n"
            for file, (name, told) in pictures.items()
        ]
        return Section("The graphs", "\n".join([_DRAWING, *figures]))


TYPST = _Typst()


def _part(part: Rows, columns: int) -> str:
    rows = "".join(map(_row, part.cells))
    if not part.heading:
        return rows
    cell = f"table.cell(colspan: {columns}, inset: (top: 0.8em))[{part.heading}]"
    return f"  table.header(level: 2, {cell}),\n{rows}"


def _row(cells: Sequence[str]) -> str:
    kind = "tall" if any("frac(" in cell for cell in cells) else ""
    return f"  {', '.join(f'{kind}[{cell}]' for cell in cells)},\n"
