"""Formulas of web pages as MathML, which browsers show without a script and without a network.

``html_math_renderer = "workspan"`` asks for it; mathematics that is not workspan's stays LaTeX.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from docutils import nodes

from ..notation.markup import Markup, element
from ..notation.mathematics import mathml_terms

if TYPE_CHECKING:
    from sphinx.application import Sphinx
    from sphinx.config import Config

NAME = "workspan"
FORMULA = "formula"
"""The attribute of a node that has the text in Python syntax."""


def add_renderer(app: Sphinx, config: Config) -> None:
    """Add the renderer if it is asked for: Sphinx takes one that is there for the one that is meant."""
    if config.html_math_renderer != NAME:
        return
    app.add_html_math_renderer(
        NAME, inline_renderers=(_inline, None), block_renderers=(_block, None)
    )


def _inline(translator: Any, node: nodes.Element) -> None:
    translator.body.append(element("span", _body(node), class_="math"))
    raise nodes.SkipNode


def _block(translator: Any, node: nodes.Element) -> None:
    translator.body.append(element("div", _body(node), class_="math"))
    raise nodes.SkipNode


def _body(node: nodes.Element) -> Markup:
    if FORMULA not in node:
        return element("code", node.astext())
    return Markup(mathml_terms(node[FORMULA]))
