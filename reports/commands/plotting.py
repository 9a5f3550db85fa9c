"""The command about plots: ``workspan plot growth | roofline | profile | memory | gradient``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from ...graphs.setting import Setting
from .app import FINE, app, put
from .drawing import expect_picture, write_picture
from .options import PLOTS, SIZES, parse_at
from .progress import progress


@app.command
def plot(
    kind: Annotated[str, Parameter(help=f"One of {', '.join(PLOTS)}.")],
    /,
    *models: Annotated[str, Parameter(help="Names of the catalogue, or path/to/file.py:function.")],
    at: Annotated[
        tuple[str, ...],
        Parameter(help="Sizes such as n=64,d=32; usual ones for the others.", negative=()),
    ] = (),
    figures: Annotated[
        str | None, Parameter(help="Of growth: the figure; work if not given.")
    ] = None,
    machine: Annotated[
        str | None,
        Parameter(help="Of roofline: one of 'workspan machine list', or a TOML file; a100."),
    ] = None,
    number: Annotated[
        str | None, Parameter(help="Of roofline: the number format of all words; bf16.")
    ] = None,
    setting: Annotated[Setting, Parameter(name="*")] = Setting(),  # noqa: B008 - frozen
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="An .svg or .pdf file instead of the output."),
    ] = None,
) -> int:
    """Plot models as SVG, with a caption that states the sizes and the setting.

    growth: a figure against n on logarithmic axes, crossovers marked. roofline: derived work and
    traffic under the roofs of a machine. profile: how many operations run at each depth. memory:
    scalars that are live along the schedule in order. gradient: its way against the distance of
    positions.
    """
    expect_picture(output)
    from ..pictures.plots import standing
    from ..plotting.asking import asked_of
    from ..plotting.making import plot as plotted
    from .loading import ModelError, load_all

    if not models:
        raise ModelError("expected at least one model, got none; see 'workspan list'")
    found = load_all(models)
    sizes = parse_at(at, sorted({*SIZES, *(s for m in found for s in m.sizes)}))
    with progress("plotting"):
        asked = asked_of(
            kind,
            {m.name: m.subject for m in found},
            sizes,
            setting,
            figures=figures,
            machine=machine,
            number=number,
        )
        drawn = plotted(kind, asked)
    if output is None:
        put("svg", {"svg": lambda: standing(drawn)})
    else:
        write_picture(output, standing(drawn), f"{drawn.title}: {', '.join(asked.models)}")
    return FINE
