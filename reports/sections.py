"""Sections of a page: what its list of contents names."""

from __future__ import annotations

from dataclasses import dataclass

from .notation.markup import Markup, element


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page with a heading, and an address in the page."""

    name: str
    title: str
    body: tuple[Markup, ...]

    def shown(self) -> Markup:
        """Return the part as an element."""
        heading = f"{self.name}-title"
        return element(
            "section",
            element("h2", self.title, id=heading),
            *self.body,
            id=self.name,
            aria_labelledby=heading,
        )


def section(name: str, title: str, *body: Markup) -> Section:
    """Return a section."""
    return Section(name, title, body)


def contents(sections: list[Section]) -> Markup:
    """Return the list of contents of a page."""
    links = [element("li", element("a", s.title, href=f"#{s.name}")) for s in sections]
    return element("nav", element("ul", *links), aria_label="Contents")
