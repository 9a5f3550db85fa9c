"""The command about processors: ``workspan simulate``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...graphs.setting import Setting
from .app import FAILED, FINE, PLAIN, app, format_of, put
from .drawing import expect_picture, write_picture
from .models import At, Cost, Models
from .options import OptionError, parse_at, parse_format, parse_processors
from .progress import progress


@app.command
def simulate(
    *models: Models,
    at: At = (),
    processors: Annotated[
        str, Parameter(help="How many, such as 1,2,4,...,inf: ... goes on until more do not help.")
    ] = "1,2,4,...,inf",
    priority: Annotated[
        str, Parameter(help="What is started first: fifo, critical-path or order.")
    ] = "fifo",
    memory: Annotated[
        int | None, Parameter(help="How many scalars may be live; what does not fit waits.")
    ] = None,
    factor: Annotated[
        str, Parameter(help="Within which factor of the span to be, such as 1.5.")
    ] = "2",
    setting: Cost = Setting(),  # noqa: B008 - frozen
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="Draw the schedules to an .svg or .pdf file."),
    ] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Schedule models on processors: how long they take, and from when on more do not help.

    The exit code is 1 if a schedule leaves Brent's interval, or a formula is not what was simulated.
    """
    parse_format(style, PLAIN)
    expect_picture(output)
    asked = parse_processors(processors)
    from ...analysis.simulation.simulating import simulate as simulated
    from .. import simulation as shown
    from ..tables import records
    from .loading import ModelError, load_all

    if not models:
        raise ModelError("expected at least one model, got none; see 'workspan list'")
    found = load_all(models)
    sizes = parse_at(at, sorted(s for m in found for s in m.sizes)) or [{}]
    if output is not None and len(found) * len(sizes) > 1:
        raise OptionError(
            f"expected one model and one --at with --output, got {len(found)} and {len(sizes)}"
        )
    with progress("simulating") as tell:
        simulations = [
            simulated(
                m.subject,
                at=one if len(found) == 1 else {s: v for s, v in one.items() if s in m.sizes},
                processors=asked,
                setting=setting,
                priority=priority,
                memory=memory,
                factor=factor,
                progress=tell,
            )
            for m in found
            for one in sizes
        ]
    if output is not None:
        from ..pictures.schedules import picture

        write_picture(output, picture(simulations[0]), f"schedules of {found[0].name}")
    put(
        style,
        {
            "text": lambda: shown.simulations_printer(simulations),
            "json": lambda: records.dumps(shown.simulations_record(simulations)),
            "markdown": lambda: shown.simulations_markdown(simulations),
        },
    )
    return FINE if all(s.agree for s in simulations) else FAILED
