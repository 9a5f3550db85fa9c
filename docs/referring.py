"""The reference: a page of public names for each topic, from their docstrings."""

import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import workspan
import workspan.testing

CATALOGUE = "workspan.graphs.models.CATALOGUE"
TOPICS = {
    "figures": (
        "Figures",
        "Deriving the figures of a model, and comparing models.",
        ("analysis.api", "analysis.figures"),
    ),
    "claims": (
        "Claims and confirmation",
        "What is said of a model, checked; what other people's code shows.",
        ("analysis.claims", "analysis.confirming"),
    ),
    "machines": (
        "Machines, processors, sweeps",
        "Predicting time and memory, scheduling on processors, evaluating many points.",
        ("analysis",),
    ),
    "operations": (
        "Operations",
        "What a model is written with.",
        ("graphs.operations",),
    ),
    "graphs": (
        "Graphs and settings",
        "Tracing, unrolling and executing models; sizes, relations, checkpoints.",
        ("graphs",),
    ),
    "display": ("Display", "How things are shown.", ("reports",)),
}
"""Title and first line of each topic, and where its names come from; the first that fits has it."""


def write_reference(folder: Path) -> None:
    """Write a page for each topic, one for tests with hypothesis, and their index."""
    folder.mkdir()
    names: dict[str, list[str]] = {}
    for name in workspan.__all__:
        if name != "__version__":
            names.setdefault(_topic(name), []).append(name)
    found = [topic for topic in TOPICS if topic in names]
    for topic in found:
        _put(folder / f"{topic}.md", _page(topic, names[topic]))
    _put(folder / "testing.md", _testing())
    _put(folder / "index.md", _index({topic: names[topic] for topic in found}))


def _topic(name: str) -> str:
    home = workspan._HOME[name]
    fitting = (
        topic
        for topic, (_, _, homes) in TOPICS.items()
        if any(home == h or home.startswith(f"{h}.") for h in homes)
    )
    return next(fitting)


def _index(names: dict[str, list[str]]) -> Iterator[str]:
    yield "# Reference\n"
    yield "Everything here is an attribute of `workspan`, imported when it is first used."
    yield "The strategies of `workspan.testing` have [a page of their own](testing.md).\n"
    yield "| topic | names |\n| --- | --- |"
    for topic, members in names.items():
        links = ", ".join(f"[`{name}`](#{_target(name)})" for name in members)
        yield f"| [{TOPICS[topic][0]}]({topic}.md) | {links} |"
    yield from ("", "```{toctree}", ":hidden:", "", *names, "testing", "```")


def _target(name: str) -> str:
    return CATALOGUE if name == "catalogue" else f"workspan.{name}"


def _page(topic: str, names: list[str]) -> Iterator[str]:
    title, line, _ = TOPICS[topic]
    yield f"# {title}\n\n{line}\n\n```{{eval-rst}}"
    for name in names:
        if name == "catalogue":
            yield f".. autodata:: {CATALOGUE}\n   :no-value:\n"
        else:
            yield _documented(workspan, name)
    yield "```"


def _testing() -> Iterator[str]:
    yield "# Testing\n\n```{eval-rst}\n.. automodule:: workspan.testing\n   :no-members:\n"
    yield from (_documented(workspan.testing, name) for name in workspan.testing.__all__)
    yield "```"


def _documented(module: ModuleType, name: str) -> str:
    path, found = f"{module.__name__}.{name}", getattr(module, name)
    if inspect.isclass(found):
        return f".. autoclass:: {path}\n   :members:\n"
    return f".. {'autofunction' if callable(found) else 'autodata'}:: {path}\n"


def _put(page: Path, lines: Iterator[str]) -> None:
    page.write_text("\n".join(lines) + "\n", encoding="utf-8")
