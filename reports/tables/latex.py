r"""LaTeX: booktabs tables, as files to ``\input`` in a paper or as a document by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, final

from ..notation.mathematics import latex
from ..notation.tex import latex_escape
from .typeset import Rows, Section, Typesetter

if TYPE_CHECKING:
    from ...analysis.experiments.judging import Outcome
    from ...analysis.figures import Analysis, Comparison, Figure, Verdict

PACKAGES = "amsmath,array,booktabs,longtable,xcolor"
_PREAMBLE = f"""\
\\documentclass[10pt,a4paper]{{article}}
\\usepackage[utf8]{{inputenc}}
\\IfFileExists{{lmodern.sty}}{{\\usepackage[T1]{{fontenc}}\\usepackage{{lmodern}}}}{{}}
\\usepackage{{{PACKAGES}}}
\\usepackage[margin=2cm]{{geometry}}
\\setlength{{\\parindent}}{{0pt}}
\\begin{{document}}
"""


@final
class _Latex(Typesetter):
    comment = "%"
    needs = f"It needs \\usepackage{{{PACKAGES}}}."
    include = "\\input{{{file}}}"
    soft = "\\allowbreak{}"

    def words(self, text: str) -> str:
        return latex_escape(text)

    def math(self, text: str) -> str:
        return f"${latex(text)}$"

    def theta(self, text: str) -> str:
        return f"$\\Theta({latex(text)})$"

    def strong(self, written: str) -> str:
        return f"\\textbf{{{written}}}"

    def alarm(self, text: str) -> str:
        return self.strong(f"\\textcolor{{red}}{{{latex_escape(text)}}}")

    def paragraph(self, lines: Sequence[str]) -> str:
        return "{\\raggedright\\noindent\n" + " \\\\\n".join(lines) + "\\par}\n"

    def lead(self, text: str) -> str:
        return f"{{\\raggedright\\noindent{self.strong(self.text(text))}\\par\\nopagebreak}}\n"

    def table(
        self,
        header: Sequence[str],
        parts: Sequence[Rows],
        shares: Sequence[float],
        *,
        apart: bool = False,
    ) -> str:
        gap = "\\addlinespace\n"
        written = gap.join(_part(part, len(header), gap if apart else "") for part in parts)
        names = " & ".join(map(latex_escape, header))
        return (
            f"{{\\small\\setlength{{\\tabcolsep}}{{4pt}}\n\\begin{{longtable}}{{{columns(shares)}}}\n"
            f"\\toprule\n{names} \\\\\n\\midrule\n\\endhead\n"
            f"\\midrule\n\\endfoot\n\\bottomrule\n\\endlastfoot\n"
            f"{written}\\end{{longtable}}\n}}\n"
        )

    def heading(self, title: str) -> str:
        return f"\\subsection*{{\\raggedright {self.text(title)}}}"

    def document(self, sections: Sequence[Section], title: str) -> str:
        head = f"{_PREAMBLE}\\section*{{\\raggedright {self.text(title)}}}\n"
        return f"{head}{self.titled(sections)}\\end{{document}}\n"


LATEX = _Latex()


def _part(part: Rows, columns: int, gap: str) -> str:
    heading = ""
    if part.heading:
        # A star forbids a new page between the heading and its rows.
        cell = f"\\multicolumn{{{columns}}}{{@{{}}p{{0.98\\linewidth}}@{{}}}}"
        heading = f"{cell}{{\\raggedright {part.heading}}} \\\\*\n"
    return heading + gap.join(map(_row, part.cells))


def _row(cells: Sequence[str]) -> str:
    row = " & ".join(cells)
    # Fractions are taller than a line, and would touch those of the next row.
    return row + (" \\\\[2pt]\n" if "\\frac" in row else " \\\\\n")


def columns(shares: Sequence[float]) -> str:
    """Return ragged columns that fill a line, by their shares of it."""
    whole, between = sum(shares), 2 * (len(shares) - 1) / len(shares)
    widths = (f"{s / whole:.4f}\\linewidth-{between:.3f}\\tabcolsep" for s in shares)
    ragged = (f">{{\\raggedright\\arraybackslash}}p{{\\dimexpr{width}\\relax}}" for width in widths)
    return f"@{{}}{''.join(ragged)}@{{}}"


def analyses_latex(analyses: Sequence[Analysis]) -> str:
    """Return the figures of some models."""
    return LATEX.joined(LATEX.analyses(analyses))


def comparison_latex(
    comparison: Comparison,
    verdicts: Sequence[Verdict] = (),
    experiments: Sequence[Outcome] = (),
) -> str:
    """Return the comparison, who is cheaper where, claims and experiments."""
    return LATEX.joined(LATEX.comparison(comparison, verdicts, experiments))


def figure_latex(figure: Figure) -> str:
    """Return one figure's formula with dollar signs around it."""
    if figure.formula is None:
        return latex_escape(figure.reason or "none")
    return LATEX.math(str(figure.formula))
