"""The directive and the role, which read what they ask for as markers in documents do."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, final

from docutils import nodes
from docutils.parsers.rst import directives
from docutils.parsers.rst.states import SubstitutionDef
from sphinx.util.docutils import SphinxDirective, SphinxRole

from ..embedding.content import Console, Content, Grid, Image, Inline
from ..embedding.directives import OPTIONS, read, split
from ..embedding.errors import EmbeddingError
from ..notation.markup import slug
from .nodes import console, figure, inline, table

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..embedding.deriving import Derived
    from .deriving import Derivations

OWN = ("name",)
"""Options of markers that have another meaning here: a name is what references lead to."""
ASKED = tuple(dict.fromkeys(o for options in OPTIONS.values() for o in options if o not in OWN))
"""Options that say what is asked for; which of them go together, the markers' grammar says."""
PICTURES = {"plot", "picture"}


class Workspan(SphinxDirective):  # type: ignore[misc]
    """A table, a figure, a plot or a picture of a graph."""

    derivations: ClassVar[Derivations]
    required_arguments = 1
    final_argument_whitespace = True
    has_content = False
    option_spec: ClassVar[dict[str, Callable[[str], Any]]] = {
        **dict.fromkeys(ASKED, directives.unchanged_required),
        "alt": directives.unchanged_required,
        "caption": directives.unchanged_required,
        "class": directives.class_option,
        "name": directives.unchanged_required,
        "width": directives.length_or_percentage_or_unitless,
    }

    def run(self) -> list[nodes.Node]:
        """Return what is derived; what makes no sense is an error at the directive's line."""
        try:
            derived = self.derivations.derive(read(self._words()), self.env)
            made = self._nodes(derived)
        except ValueError as error:
            raise self.error(str(error)) from error
        if not isinstance(self.state, SubstitutionDef):
            self._dress(made[0])
        return made

    def _words(self) -> list[str]:
        words = split(self.arguments[0])
        for key in ASKED:
            values = [self.options[key]] if key in self.options else []
            if key == "at":
                values = [part for value in values for part in re.split(r"[;\n]", value)]
            words += [w for value in values for w in (f"--{key}", "".join(value.split()))]
        named = any(re.match("--output(=|$)", word) for word in words)
        if words and words[0] in PICTURES and not named:
            subject = "-".join(w for w in words if not w.startswith("--"))
            words += ["--output", f"{slug(subject)[:60]}.svg"]
        return words

    def _nodes(self, derived: Derived) -> list[nodes.Node]:
        content: Content = derived.content
        if isinstance(self.state, SubstitutionDef) and not isinstance(content, Inline | Image):
            raise EmbeddingError("expected a figure or a picture to stand within a line")
        match content:
            case Grid():
                return [*table(content, self._caption())]
            case Console():
                return [console(content)]
            case Inline(cell):
                if isinstance(self.state, SubstitutionDef):
                    return inline(cell)
                return [figure(cell)]
            case Image(file, alt):
                return [self._image(file, alt, derived.files[file])]

    def _image(self, name: str, alt: str, drawing: str) -> nodes.Node:
        if not name.endswith(".svg"):
            raise EmbeddingError(
                f"expected --output such as work.svg, of which builders make PDF, got {name}"
            )
        uri = self.derivations.picture(name, drawing, self.env)
        image = nodes.image(uri=uri, alt=self.options.get("alt", alt), classes=["workspan"])
        if "width" in self.options:
            image["width"] = self.options["width"]
        caption = self._caption()
        return nodes.figure("", image, nodes.caption("", "", *caption)) if caption else image

    def _caption(self) -> Sequence[nodes.Node]:
        if "caption" not in self.options:
            return ()
        text, messages = self.state.inline_text(self.options["caption"], self.lineno)
        return [*text, *messages]

    def _dress(self, node: nodes.Node) -> None:
        """Give the first node its place in the source, its name and its classes."""
        self.set_source_info(node)
        node["classes"] += self.options.get("class", [])
        self.add_name(node)


@final
class Figure(SphinxRole):  # type: ignore[misc]
    """One figure within a line."""

    def __init__(self, derivations: Derivations) -> None:
        self.derivations = derivations

    def run(self) -> tuple[list[nodes.Node], list[nodes.system_message]]:
        """Return the figure; what makes no sense is an error at the role's line."""
        try:
            asked = read(["figure", *split(self.text)])
            derived = self.derivations.derive(asked, self.env)
        except ValueError as error:
            message = self.inliner.reporter.error(str(error), line=self.lineno)
            wrong = self.inliner.problematic(self.rawtext, self.rawtext, message)
            return [wrong], [message]
        assert isinstance(derived.content, Inline)
        return inline(derived.content.cell), []


def directive_of(derivations: Derivations) -> type[Workspan]:
    """Return the directive of one build."""
    return type("Workspan", (Workspan,), {"derivations": derivations})


def role_of(derivations: Derivations) -> Figure:
    """Return the role of one build."""
    return Figure(derivations)
