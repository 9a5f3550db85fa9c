"""The pages that are written from what the library knows, anew for each build."""

import importlib
import inspect
import shutil
from collections.abc import Iterator
from pathlib import Path

import workspan
from workspan.graphs.models import CATALOGUE
from workspan.reports.pictures.draw import svg

CLAIMS = Path(__file__).parent.parent / "reports" / "claims"
"""The catalogue of claims as the tool wrote it; the checks compare it with what it writes now."""

ORPHAN = "---\norphan: true\n---\n\n"
"""Says that a page need not stand in a table of contents."""

DRAWN = ("lstm", "attention")
"""Models that the first page shows."""


def write_pages(folder: Path, *, claims: bool = True) -> None:
    """Write all generated pages into a folder.

    Parameters
    ----------
    folder
        It is emptied first.
    claims
        Whether the pages of claims are wanted; without them their table of contents is empty.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "reference.md").write_text("\n".join(reference()), encoding="utf-8")
    (folder / "models.md").write_text("\n".join(models()), encoding="utf-8")
    for name in DRAWN:
        drawing = svg(workspan.trace(CATALOGUE[name]))
        (folder / f"{name}.svg").write_text(drawing, encoding="utf-8")
    if claims:
        shutil.copytree(CLAIMS, folder / "claims")
        for page in (folder / "claims").glob("*.md"):
            if page.name != "README.md":  # its links are the way to the others
                page.write_text(ORPHAN + page.read_text(encoding="utf-8"), encoding="utf-8")
    else:
        (folder / "claims").mkdir()
        (folder / "claims" / "README.md").write_text("# Claims\n", encoding="utf-8")


CATALOGUE_MODULE = "workspan.graphs.models"

PARTS = {
    "analysis": ("What is true of a model", "Figures, claims, machines, simulation, sweeps."),
    "graphs": ("What a model is", "Arrays, what crosses positions, tracing, unrolling, settings."),
}
"""The public names by the folder that they come from."""


def reference() -> Iterator[str]:
    """Yield the page of all public names, from their docstrings."""
    yield "# Reference\n"
    yield "Everything here is an attribute of `workspan`, imported when it is first used.\n"
    names = [name for name in workspan.__all__ if name != "__version__"]
    for part, (title, line) in PARTS.items():
        yield f"## {title}\n\n{line}\n\n```{{eval-rst}}"
        for name in names:
            if _home(name).split(".")[1] == part:
                yield _documented(name)
        yield "```\n"


def _home(name: str) -> str:
    found = getattr(workspan, name)
    return str(getattr(found, "__module__", CATALOGUE_MODULE)).removeprefix("workspan")


def _documented(name: str) -> str:
    found = getattr(workspan, name)
    if inspect.isclass(found):
        return f".. autoclass:: workspan.{name}\n   :members:\n"
    if callable(found):
        return f".. autofunction:: workspan.{name}\n"
    return f".. autodata:: {CATALOGUE_MODULE}.CATALOGUE\n   :no-value:\n"


def models() -> Iterator[str]:
    """Yield the page of the catalogue: every model by family, with its sizes and its docstring."""
    yield "# The catalogue of models\n"
    yield f"{len(CATALOGUE)} models, none of which holds a formula for any figure."
    yield "Arguments after `*` are sizes and options; `--at` gives them on the command line.\n"
    family = ""
    for name, function in CATALOGUE.items():
        if function.__module__ != family:
            family = function.__module__
            doc = inspect.getdoc(importlib.import_module(family)) or ""
            yield f"## {family.removeprefix('workspan.graphs.models.')}\n"
            yield f"```{{eval-rst}}\n{doc.partition(chr(10) * 2)[0]}\n```\n"
        yield f"### {name}\n\n```{{eval-rst}}\n.. autofunction:: {family}.{function.__name__}\n```\n"
