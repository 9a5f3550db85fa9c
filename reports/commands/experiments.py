"""The command of experiments: ``workspan experiment NAME``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .app import FINE, PLAIN, app, format_of, put
from .drawing import expect_picture, write_picture
from .notes import note_measured
from .options import parse_format
from .progress import progress


@app.command
def experiment(
    name: Annotated[str, Parameter(help="An experiment, 'all', or 'list' to name them.")] = "list",
    /,
    *,
    quick: Annotated[
        bool, Parameter(help="A small form of it, which shows that it runs.", negative=())
    ] = False,
    processes: Annotated[int, Parameter(help="How many measure at once.")] = 2,
    record: Annotated[
        bool, Parameter(help="Write the numbers into the record.", negative=())
    ] = False,
    pages: Annotated[
        Path | None, Parameter(help="Write the pages of what is on record here, and run nothing.")
    ] = None,
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="An .svg or .pdf file for the picture."),
    ] = None,
    store: Annotated[Path | None, Parameter(help="Where finished measurements are kept.")] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Run an experiment on signal or learning; it needs torch, and takes minutes.

    Each finished measurement is kept, so that an interrupted experiment goes on where it was.
    """
    from .. import experiments
    from ..pictures.experiments import plot
    from ..tables import records
    from . import experimenting
    from .files import write_all

    parse_format(style, PLAIN)
    expect_picture(output)
    if pages is not None:
        paths = write_all(pages, experiments.pages(experimenting.recorded()))
        print(f"Written to {pages}: {', '.join(p.name for p in paths)}", file=sys.stderr)  # noqa: T201
        return FINE
    if name == "list":
        put(
            style,
            {
                "text": experimenting.list_text,
                "json": lambda: records.dumps(experimenting.list_record()),
                "markdown": experimenting.list_markdown,
            },
        )
        return FINE
    chosen = experimenting.chosen(name, quick=quick, record=record, alone=output is not None)
    note_measured()
    outcomes = []
    for definition in chosen:
        with progress(f"running {definition.name}") as tell:
            outcomes.append(
                experimenting.run_one(
                    definition, processes=processes, folder=store, record=record, tell=tell
                )
            )
        if style != "json":
            put(style, experiments.makers(outcomes[-1]))
    if style == "json":
        sys.stdout.write(records.dumps(experiments.experiments_record(outcomes)))
    if output is not None:
        write_picture(output, plot(outcomes[-1]), outcomes[-1].definition.question)
    return FINE
