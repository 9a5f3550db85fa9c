r"""Pages of results as Markdown, LaTeX and HTML.

>>> from workspan.reports.embedding.content import Math
>>> page = (Heading("Who fits"), Inline(("work: ", Math("16*d**2*n"))))
>>> print(markdown(page))
**Who fits**
<BLANKLINE>
work: $16 d^{2} n$
<BLANKLINE>
>>> print(latex(page))
\noindent\textbf{Who fits}
<BLANKLINE>
\noindent work: $16 d^{2} n$
<BLANKLINE>
"""

from __future__ import annotations

from collections.abc import Iterable

from ..embedding.content import Console, Grid, Inline
from ..embedding.writers import WRITERS, Writer
from ..notation.markup import Markup, element, escape
from ..notation.tex import latex_escape
from ..tables.blocks import Heading, Lines, Verbatim
from .pages import Part


def markdown(page: Iterable[Part], *, dollars: bool = True) -> str:
    """Return Markdown without headings; formulas are mathematics between dollar signs, or code."""
    writer = WRITERS["markdown with mathematics" if dollars else "markdown"]

    def write(part: Part) -> str:
        match part:
            case Heading(text):
                return f"**{writer.words(text)}**"
            case Lines(texts):
                return "  \n".join(map(writer.words, texts))
        return _written(writer, part)

    return "\n\n".join(map(write, page)) + "\n"


def latex(page: Iterable[Part]) -> str:
    """Return LaTeX, as a fragment for a paper."""
    writer = WRITERS["latex"]

    def write(part: Part) -> str:
        match part:
            case Heading(text):
                return f"\\noindent\\textbf{{{latex_escape(text)}}}"
            case Lines(texts):
                return "\\noindent " + "\\\\\n".join(map(latex_escape, texts))
            case Inline():
                return f"\\noindent {writer.write(part)}"
        return _written(writer, part)

    return "\n\n".join(map(write, page)) + "\n"


def html(part: Part) -> Markup:
    """Return a part as HTML."""
    writer = WRITERS["html"]
    match part:
        case Heading(text):
            return element("p", element("strong", text))
        case Lines(texts, quiet):
            lines = Markup("<br>".join(map(escape, texts)))
            return element("p", lines, class_="quiet" if quiet else None)
        case Inline():
            return element("p", Markup(writer.write(part)))
    return Markup(_written(writer, part))


def _written(writer: Writer, part: Verbatim | Inline | Grid) -> str:
    return writer.write(Console(part.text) if isinstance(part, Verbatim) else part)
