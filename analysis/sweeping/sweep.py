"""Sweeps: from what is asked for to tables, in memory or through a folder that survives a kill.

>>> spec = {"models": ["lstm", "attention"], "figures": ["work"], "sizes": {"n": [8, 64], "d": 4}}
>>> for table in sweep(spec):
...     for row in table.rows():
...         print(row["model"], row["n"], row["value"], row["grade"])
lstm 8 2720 proved
lstm 64 21760 proved
attention 8 2544 proved
attention 64 99200 proved
"""

from __future__ import annotations

import contextlib
import hashlib
import heapq
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from ...graphs.graph import Graph
from ..api import Model
from .cells import Chunk
from .errors import SweepError
from .executing import check_name
from .keeping import Kept
from .performing import Work
from .planning import MOST_POINTS, Plan, planned
from .spec import Spec, convert, read
from .tables import Table

Given: TypeAlias = Spec | Mapping[str, Any] | Path | str


def sweep(
    spec: Given,
    *,
    models: Mapping[str, Model] | None = None,
    executor: str = "serial",
    keep: Path | str | None = None,
    most: int = MOST_POINTS,
) -> Iterator[Table]:
    """Evaluate figures at many points: models x figures x settings x sizes.

    Parameters
    ----------
    spec
        A TOML file, or what would stand in one as a mapping: ``models``, ``figures``, ``sizes``
        and, if wanted, ``setting`` and ``witnesses``.
    models
        Models besides those of the catalogue that the sweep names.
    executor
        ``serial``, ``processes``, ``processes:N`` or ``dask://host:port``.
    keep
        A folder for finished points, so that an interrupted sweep goes on where it was.
    most
        The most points.

    Yields
    ------
    Table
        Neighbouring points, in the order of the sweep. ``table.rows()`` are mappings; a value is a
        whole number or a fraction, and None, with a reason, where there is none.

    Raises
    ------
    SweepError
        If the sweep makes no sense, or what should evaluate it is not there.
    """
    plan = planned(as_spec(spec), models=models, most=most)
    check_name(executor)
    return _tables(plan, executor, None if keep is None else Path(keep))


def _tables(plan: Plan, executor: str, folder: Path | None) -> Iterator[Table]:
    if folder is None:
        for chunk in in_order(Work(plan, [(0, plan.total)], executor)):
            yield Table(plan, chunk)
        return
    with Kept(folder, digest_of(plan), plan.total) as kept:
        perform(plan, kept, executor)
        for chunk in kept.chunks():
            yield Table(plan, chunk)


def perform(
    plan: Plan, kept: Kept, executor: str, progress: Callable[[int], Any] | None = None
) -> None:
    """Do what is left of a sweep, and keep each chunk as soon as it is finished.

    Parameters
    ----------
    progress
        Called with the number of finished points after each chunk.

    Raises
    ------
    SweepError
        If something fails that is not the sweep's; the message says how much is kept.
    """
    gaps = list(kept.gaps())
    if not gaps:
        return
    with resumable(kept):
        for chunk in Work(plan, gaps, executor):
            kept.keep(chunk)
            if progress is not None:
                progress(kept.done)


@contextlib.contextmanager
def resumable(kept: Kept) -> Iterator[None]:
    """Add to an error how much is kept."""
    try:
        yield
    except SweepError as error:
        if not kept.done:
            raise
        raise SweepError(f"{error}; {kept_line(kept)}") from error


def kept_line(kept: Kept) -> str:
    """Say how much is kept, and how to go on."""
    return (
        f"{kept.done:,} of {kept.points:,} points are kept in {kept.folder}, "
        "the same command goes on from there"
    )


def in_order(chunks: Iterator[Chunk] | Work) -> Iterator[Chunk]:
    """Put chunks that are finished in any order into theirs.

    >>> chunks = [Chunk(2, 4, "", ""), Chunk(0, 1, "", ""), Chunk(1, 2, "", "")]
    >>> [chunk.start for chunk in in_order(iter(chunks))]
    [0, 1, 2]
    """
    waiting: list[tuple[int, Chunk]] = []
    at = 0
    for chunk in chunks:
        heapq.heappush(waiting, (chunk.start, chunk))
        while waiting and waiting[0][0] == at:
            _, found = heapq.heappop(waiting)
            at = found.stop
            yield found


def as_spec(given: Given) -> Spec:
    """Return what a sweep is asked for, however it is given."""
    if isinstance(given, Spec):
        return given
    return convert(given) if isinstance(given, Mapping) else read(Path(given))


def digest_of(plan: Plan) -> str:
    """Return a name of a sweep: what is asked for, of which models, by which version."""
    from workspan import __version__

    own = [
        (p.model, repr((p.subject.equations, p.subject.inputs, p.subject.outputs)))
        for p in plan.parts
        if isinstance(p.subject, Graph)
    ]
    text = repr((__version__, plan.spec.digest, plan.machines, own))
    return hashlib.sha256(text.encode()).hexdigest()
