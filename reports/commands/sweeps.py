"""The command about many points: ``workspan sweep``."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from .app import FAILED, FINE, PLAIN, app, format_of, put
from .notes import note_measured
from .options import OptionError, parse_format
from .progress import progress

if TYPE_CHECKING:
    from ...analysis.sweeping.planning import Plan

INTERRUPTED = 130


@app.command
def sweep(
    spec: Annotated[Path, Parameter(help="What to sweep, in TOML.")],
    /,
    *,
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="A .csv or .parquet file; SPEC.csv by default."),
    ] = None,
    executor: Annotated[
        str, Parameter(help="serial, processes, processes:N or dask://host:port.")
    ] = "processes",
    keep: Annotated[
        Path | None,
        Parameter(help="Where finished points are kept, and stay; OUTPUT.parts until it is done."),
    ] = None,
    model: Annotated[
        tuple[str, ...],
        Parameter(
            help="A model that the sweep may name: path/to/file.py:function. Only these are run.",
            negative=(),
        ),
    ] = (),
    limit_points: Annotated[int, Parameter(help="The most points.")] = 100_000_000,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Evaluate figures at many sizes, settings and models, and write one row for each point.

    Formulas are evaluated at once; what is measured or run is executed. Finished points are kept,
    so that the same command goes on after it was stopped. The exit code is 1 if witnesses disagree.
    """
    parse_format(style, PLAIN)
    from ...analysis.sweeping.executing import check_name
    from ...analysis.sweeping.keeping import Kept
    from ...analysis.sweeping.planning import planned
    from ...analysis.sweeping.spec import origin_of, parse
    from ...analysis.sweeping.summary import Summary
    from ...analysis.sweeping.sweep import digest_of, kept_line, perform, resumable
    from ...analysis.sweeping.writing import check_output, write_table
    from .. import sweeps
    from ..tables import records

    origin = origin_of(spec)
    asked = parse(origin.text, origin.name)
    check_name(executor)
    if limit_points < 1:
        raise OptionError(f"expected --limit-points to be at least 1, got {limit_points}")
    path = output or Path(f"{spec.stem}.csv")
    check_output(path)
    begin = time.monotonic()
    with progress("tracing models") as tell:
        plan = planned(
            asked, models=_models(model), most=limit_points, origin=origin, progress=tell
        )
    folder = keep or path.with_name(f"{path.name}.parts")
    summary, finished = Summary(), False
    with Kept(folder, digest_of(plan), plan.total, tell=_say) as kept:
        before = kept.done
        try:
            with progress("evaluating") as tell:
                perform(plan, kept, executor, _telling(plan, before, tell))
            with progress(f"writing {path}"), resumable(kept):
                write_table(path, plan, summary.watching(kept.chunks()))
            finished = True
        except KeyboardInterrupt:
            _say(f"workspan: interrupted; {kept_line(kept)}")
            return INTERRUPTED
        finally:
            if keep is None and (finished or not kept.done):
                kept.remove()
    seconds = time.monotonic() - begin
    note_measured(written=False)
    shown = sweeps.Shown(summary, plan, before, seconds)
    put(
        style,
        {
            "text": lambda: sweeps.text(shown),
            "json": lambda: records.dumps(sweeps.record(shown)),
            "markdown": lambda: sweeps.markdown(shown),
        },
    )
    _say(f"Written to {path}")
    return FAILED if summary.disagree else FINE


def _models(arguments: tuple[str, ...]) -> dict[str, Any]:
    """Find the models that the command line allows, by their argument and by their name."""
    from .loading import load

    found: dict[str, Any] = {}
    for argument in arguments:
        own = load(argument)
        found[argument] = found[own.name] = own.subject
    return found


def _telling(
    plan: Plan, before: int, tell: Callable[[str], None] | None
) -> Callable[[int], None] | None:
    """Return what shows how far a sweep is: points, points a second, the time that is left."""
    if tell is None:
        return None
    begin = time.monotonic()

    def told(done: int) -> None:
        rate = (done - before) / max(time.monotonic() - begin, 1e-3)
        left = (plan.total - done) / max(rate, 1e-9)
        tell(
            f"{done:,} of {plan.total:,} points, {rate:,.{0 if rate > 20 else 1}f} a second, {_duration(left)} left"
        )

    return told


def _duration(seconds: float) -> str:
    """Write a time in its two largest units.

    >>> _duration(5), _duration(125), _duration(7260), _duration(1e9)
    ('5 s', '2 min 5 s', '2 h 1 min', '277777 h 46 min')
    """
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def _say(line: str) -> None:
    print(line, file=sys.stderr)  # noqa: T201
