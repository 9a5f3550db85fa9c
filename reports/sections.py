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
    scripted: bool = False
    """Whether it is hidden, and its name in the contents too, until a script shows both."""

    def shown(self) -> Markup:
        """Return the part as an element."""
        heading = f"{self.name}-title"
        return element(
            "section",
            element("h2", self.title, id=heading),
            *self.body,
            id=self.name,
            aria_labelledby=heading,
            hidden="" if self.scripted else None,
        )


def section(name: str, title: str, *body: Markup, scripted: bool = False) -> Section:
    """Return a section."""
    return Section(name, title, body, scripted)


def contents(sections: list[Section]) -> Markup:
    """Return the list of contents of a page."""
    links = [
        element(
            "li",
            element("a", s.title, href=f"#{s.name}"),
            hidden="" if s.scripted else None,
        )
        for s in sections
    ]
    return element("nav", element("ul", *links), aria_label="Contents")
