"""What a closing marker says of what it closes: short digests of its parts, and the version.

>>> digests = Digests("0a", "1b", ("2c", "3d"), "0.1.0")
>>> str(digests)
'figure=0a setting=1b model=2c,3d version=0.1.0'
>>> read(str(digests)) == digests
True
>>> read("written by hand") is None
True
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...graphs.digest import digest

if TYPE_CHECKING:
    from ...graphs.graph import Graph

LENGTH = 10
"""Letters of a digest: enough to see a change, and short enough for a line."""
_TEXT = re.compile(
    r"figure=(?P<figure>\w+) setting=(?P<setting>\w+) model=(?P<models>[\w,]+) "
    r"version=(?P<version>[\w.+]+)"
)


@dataclass(frozen=True, slots=True)
class Digests:
    """What was put between two markers, and from what."""

    figure: str
    """Of the formulas, domains, grades and values."""
    setting: str
    """Of the directive: figures, sizes, and what is counted."""
    models: tuple[str, ...]
    """Of the graph of each model, in the order of the directive."""
    version: str
    """Of the library."""

    def __str__(self) -> str:
        models = ",".join(self.models)
        return f"figure={self.figure} setting={self.setting} model={models} version={self.version}"


def read(text: str) -> Digests | None:
    """Read what a closing marker says; None if it says nothing of the kind."""
    found = _TEXT.fullmatch(text)
    if found is None:
        return None
    models = tuple(found["models"].split(","))
    return Digests(found["figure"], found["setting"], models, found["version"])


def short(part: Graph | str) -> str:
    """Return a short digest of a graph, or of a text."""
    return digest(part)[:LENGTH]


def changes(old: Digests | None, new: Digests, models: Sequence[str]) -> list[str]:
    """Say what is another than it was, one reason each; nothing if all is the same."""
    if old is None:
        return ["it carries no digest: it was never filled"]
    found = []
    if old.setting != new.setting:
        found.append("the setting, or what is asked for")
    if len(old.models) != len(new.models):
        found.append("the models that are named")
    else:
        pairs = zip(models, old.models, new.models, strict=True)
        found += [f"the model {name}" for name, was, now in pairs if was != now]
    if old.version != new.version:
        found.append(f"the library ({old.version} -> {new.version})")
    if old.figure != new.figure:
        found.append("the figure")
    return found
