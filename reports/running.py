"""The body of ``workspan confirm``: engines, a function of the user's, the store, interrupts."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..analysis.api import graph_of
from ..analysis.confirming.confirmation import compared
from ..analysis.confirming.confirming import Against, confirm
from ..analysis.confirming.store import Store, StoreError, default_folder
from ..analysis.runs.engines import ENGINES, find
from ..analysis.runs.errors import RunError
from ..analysis.runs.own import FIGURES as OWN
from ..graphs.models import CATALOGUE
from .loading import load_function
from .options import OptionError, parse_figures

if TYPE_CHECKING:
    from ..analysis.confirming.confirmation import Confirmation
    from ..analysis.figures import Analysis, Comparison
    from .loading import Model

Tell = Callable[[str], None]


def figures_of(text: str | None) -> tuple[str, ...] | None:
    """Read the names of figures to confirm; None for all that engines observe."""
    if text is None:
        return None
    names = [*OWN, *(name for engine in ENGINES.values() for name in engine.observes())]
    return parse_figures(text, tuple(dict.fromkeys(names)))


def engines_of(names: Sequence[str], *, alone: bool) -> tuple[str, ...]:
    """Return the engines to run: those named, or all that are installed.

    Parameters
    ----------
    names
        As given; each may be several with commas between.
    alone
        Whether a function of the user's runs, so that no engine has to.
    """
    chosen = [part.strip() for name in names for part in name.split(",")]
    with reported():
        for name in chosen:
            find(name).required()
    if chosen or alone:
        return tuple(dict.fromkeys(chosen))
    for engine in ENGINES.values():
        if engine.missing is not None:
            say(
                f"{engine.name} does not run, {engine.missing} is not installed: "
                f'pip install "workspan[{engine.name}]"'
            )
    return tuple(e.name for e in ENGINES.values() if e.missing is None)


def confirm_all(
    models: Sequence[Model],
    sizes: Sequence[Mapping[str, int]],
    *,
    engines: Sequence[str],
    figures: Sequence[str] | None,
    asked: Sequence[str],
    against: str | None,
    folder: Path | None,
    tell: Tell | None,
) -> list[Confirmation]:
    """Confirm several models, with measurements kept in a store.

    Raises
    ------
    OptionError
        If a function runs against several models, or an engine or a function does not run.
    """
    if against is not None and len(models) != 1:
        raise OptionError(f"expected one model with --against, got {len(models)}")
    own = None if against is None else Against(*load_function(against))
    with reported(), keeping(folder) as store:
        try:
            return [
                confirm(
                    model.subject,
                    engines=engines,
                    at=_own(model, sizes, alone=len(models) == 1),
                    against=own,
                    store=store,
                    figures=figures,
                    asked=asked,
                    progress=tell,
                )
                for model in models
            ]
        except KeyboardInterrupt:
            if store is not None:
                say(
                    f"{len(store)} finished measurements are kept in {store.folder}; "
                    "the same command goes on from there"
                )
            raise


def with_runs(
    comparison: Comparison, engines: Sequence[str], *, folder: Path | None, tell: Tell | None
) -> Comparison:
    """Run the models of a comparison on engines, at the sizes of their witnesses.

    Raises
    ------
    OptionError
        If a run failed.
    """
    found = []
    with reported(), keeping(folder) as store:
        for analysis in comparison.analyses:
            figures = analysis.figures.values()
            points = dict.fromkeys(tuple(v.at.items()) for f in figures for v in f.values)
            taken = confirm(
                analysis.model,
                engines=engines,
                at=[{**_fixed(analysis), **dict(at)} for at in points],
                store=store,
                figures=tuple(analysis.figures),
                progress=tell,
            )
            found.append(taken)
    failed = [skipped for one in found for skipped in one.skipped if skipped.failed]
    if failed:
        raise OptionError(f"{failed[0].engine}: {failed[0].reason}")
    return compared(comparison, found)


def _fixed(analysis: Analysis) -> dict[str, int]:
    """Return the sizes that a model of the catalogue fixes, such as one layer.

    Raises
    ------
    OptionError
        If it is no model of the catalogue, which engines know by its name.
    """
    function = CATALOGUE.get(analysis.model)
    points = [v.at for figure in analysis.figures.values() for v in figure.values]
    if function is None or graph_of(analysis.model, points).equations != analysis.graph.equations:
        raise OptionError(
            f"expected models of the catalogue with --engine, got {analysis.model}; "
            "your own code runs with: workspan confirm MODEL --against path/to/file.py:function"
        )
    defaults = getattr(function, "__kwdefaults__", None) or {}
    return {s: v for s, v in defaults.items() if isinstance(v, int)}


def _own(
    model: Model, sizes: Sequence[Mapping[str, int]], *, alone: bool
) -> list[Mapping[str, int]]:
    """Return those of the sizes that a model has; of one model, all of them."""
    return [at if alone else {s: v for s, v in at.items() if s in model.sizes} for at in sizes]


@contextlib.contextmanager
def keeping(folder: Path | None) -> Iterator[Store | None]:
    """Open the store; without one that was asked for, measurements are simply not kept."""
    try:
        store = Store(default_folder() if folder is None else folder, tell=say)
    except StoreError as error:
        if folder is not None:
            raise
        say(f"measurements are not kept: {error}")
        yield None
        return
    with store:
        yield store


@contextlib.contextmanager
def reported() -> Iterator[None]:
    """Report what goes wrong in a run as wrong input."""
    try:
        yield
    except RunError as error:
        raise OptionError(str(error)) from error


def say(line: str) -> None:
    """Say something beside the output, on one line."""
    print(f"workspan: {' '.join(line.split())}", file=sys.stderr)  # noqa: T201
