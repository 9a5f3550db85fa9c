"""Markers are found in each format, hidden ones are not, and broken ones are named by line."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import pytest

from workspan.reports.embedding.errors import EmbeddingError
from workspan.reports.embedding.markers import MOST, format_of, regions

PAIRS = {
    "a.md": ("<!-- workspan: D -->", "<!-- /workspan -->"),
    "b.md": ("% workspan: D", "% /workspan"),
    "a.html": ("<!-- workspan: D -->", "<!-- /workspan -->"),
    "a.rst": (".. workspan: D", ".. /workspan"),
    "a.py": ("    .. workspan: D", "    .. /workspan"),
    "a.tex": ("% workspan: D", "% /workspan"),
    "a.typ": ("/* workspan: D */", "/* /workspan */"),
    "b.typ": ("// workspan: D", "// /workspan"),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_each_format_has_markers(name: str, end: str) -> None:
    """What stands between two markers is found, and its line, however lines end."""
    opening, closing = PAIRS[name]
    text = end.join(["first", "", opening, "old", closing, "last"])
    (region,) = regions(text, format_of(Path(name)))
    assert (region.directive, region.line) == ("D", 3)
    assert text[region.start : region.end].strip() == "old"
    assert text[region.after :] == f"{end}last"


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.md", "```html\n<!-- workspan: D -->\n```\n"),
        ("a.md", "~~~\n<!-- /workspan -->\n"),
        ("a.md", "as `<!-- workspan: D -->` says"),
        ("a.md", "```{code-block} html\n<!-- workspan: D -->\n```\n"),
        ("a.md", "```{code-cell}\n<!-- workspan: D -->\n```\n"),
        ("a.md", ":::{code-block} html\n<!-- workspan: D -->\n:::\n"),
        ("a.md", "````{note}\n```html\n<!-- workspan: D -->\n```\n````\n"),
        ("a.md", "- ```html\n  <!-- workspan: D -->\n  ```\n"),
        ("a.qmd", "```{python}\n#| echo: false\n<!-- workspan: D -->\n```\n"),
        ("a.qmd", "```{.html .x}\n<!-- workspan: D -->\n```\n"),
        ("a.qmd", "```{=html}\n<!-- workspan: D -->\n```\n"),
        ("a.md", "<!-- workspan is a program -->"),
        ("a.rst", "An example::\n\n    .. workspan: D\n\nend\n"),
        ("a.rst", ".. code-block:: rst\n\n   .. workspan: D\n"),
        ("a.tex", "\\begin{verbatim}\n% workspan: D\n\\end{verbatim}\n"),
        ("a.tex", "50\\% workspan: D\n"),
        ("a.typ", "```\n/* workspan: D */\n```"),
        ("a.md", "- ```\n  <!-- workspan: D -->\n  ```\n"),
        ("a.md", "1. ~~~~\n   <!-- workspan: D -->\n   ~~~\n   <!-- /workspan -->\n   ~~~~\n"),
        ("a.md", "So:\n\n    <!-- workspan: D -->\n\n    <!-- /workspan -->\n\nend\n"),
        ("a.md", "\t% workspan: D\n"),
        ("a.html", "<SCRIPT>s = '<!-- workspan: D -->'</SCRIPT><title><!-- /workspan --></title>"),
        ("a.tex", "\\verb|% workspan: D| and \\lstinline!% /workspan!\n"),
        ("a.tex", "\\begin{alltt}\n% workspan: D\n\\end{alltt}\n"),
        ("a.typ", "`/* workspan: D */`"),
    ],
)
def test_text_that_is_shown_is_no_marker(name: str, text: str) -> None:
    """A manual can print a marker; a comment that only names the program is none."""
    assert regions(text, format_of(Path(name))) == []


MARKED = {
    "a.md": "<!-- workspan: D --><!-- /workspan -->",
    "a.html": "<!-- workspan: D --><!-- /workspan -->",
    "a.tex": "% workspan: D\n% /workspan\n",
    "a.typ": "/* workspan: D *//* /workspan */",
}


@pytest.mark.parametrize(
    ("name", "before"),
    [
        ("a.md", "- ```\n  code\n  ```\n"),
        ("a.md", "<!--\n```\n-->\n"),
        ("a.md", "\\`not code "),
        ("a.md", "- item\n\n    "),
        ("a.md", "!!! note\n\n    "),
        ("a.md", "[^1]: note\n\n    "),
        ("a.md", "text\n    "),
        ("a.html", "<!-- <script> -->"),
        ("a.tex", "% \\begin{verbatim}\n"),
        ("a.tex", "\\verb|%|\n"),
        ("a.tex", "\\verbatiminput{a}\n"),
        ("a.typ", "// a ` tick\n"),
        ("a.typ", "/* ``` */"),
    ],
)
def test_what_opens_no_shown_text_hides_no_marker(name: str, before: str) -> None:
    """A fence that was closed, or a sign in a comment, leaves the markers after it markers."""
    assert len(regions(before + MARKED[name], format_of(Path(name)))) == 1


@pytest.mark.parametrize(
    "unit",
    [
        "<!--",
        "`",
        "` ``",
        "\\verb|",
        "/*",
        "<script",
        "    \n",
        "- ",
        "::\n",
        "% workspan",
        "<!-- workspan:",
    ],
)
@pytest.mark.parametrize("name", ["a.md", "a.html", "a.tex", "a.typ", "a.rst"])
def test_finding_markers_takes_time_in_proportion(name: str, unit: str) -> None:
    """Ten times as much of what opens and never closes is not a hundred times the steps."""
    form = format_of(Path(name))

    def seconds(count: int) -> float:
        text, begin = unit * count, time.process_time()
        with contextlib.suppress(EmbeddingError):
            regions(text, form)
        return time.process_time() - begin

    few = max(min(seconds(3000) for _ in range(2)), 1e-3)
    assert seconds(30_000) < 60 * few


@pytest.mark.parametrize(
    "text",
    [
        "```{note}\nM\n```\n",
        "~~~{admonition} A title\n:class: tip\n\nM\n~~~\n",
        "````{note}\n```{tip}\nM\n```\n````\n",
        "````{note}\n```python\nx\n```\nM\n````\n",
        "```{note}\n~~~python\nx\n```\nM\n",
        ":::{note}\nM\n:::\n",
        "::: {.callout-note}\nM\n:::\n",
        "- ```python\n  x\n  ```\n\nM\n",
        "1. ```{note}\n   text\n   ```\n\nM\n",
    ],
)
def test_fences_of_directives_hold_text(text: str) -> None:
    """A marker in a note is a marker, and so is one after a fence that was closed."""
    marker = "<!-- workspan: D -->old<!-- /workspan -->"
    (region,) = regions(text.replace("M", marker), format_of(Path("a.md")))
    assert region.directive == "D"


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ("a\n<!-- /workspan -->", 2, "an opening marker before"),
        ("<!-- workspan: D -->\n\n<!-- workspan: D -->", 3, "/workspan for line 1"),
        ("a\n\n<!-- workspan: D -->\n", 3, "the end of the document"),
        ("<!-- workspan: D\n-->", 1, "ends in -->"),
        ("<!-- workspan: D -->\n% /workspan", 2, "as on line 1"),
        (f"\n<!-- workspan: {'D' * 3000} -->", 2, "at most 2,000"),
        ("<!-- workspan: D --><!-- /workspan -->\n" * (MOST + 1), MOST + 1, "at most 500"),
    ],
)
def test_broken_markers_are_named_by_line(text: str, line: int, told: str) -> None:
    """What is nested, open, closed twice, too long or too much says where."""
    with pytest.raises(EmbeddingError, match=rf"^line {line}: .*{told}"):
        regions(text, format_of(Path("a.md")))


def test_another_ending_is_refused() -> None:
    """A file of no format that is known is named with those that are."""
    with pytest.raises(EmbeddingError, match=r"\.md.*got a\.docx"):
        format_of(Path("a.docx"))
