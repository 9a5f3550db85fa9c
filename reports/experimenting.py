"""The body of ``workspan experiment``: which ones, the store, the record, interrupts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..analysis.experiments.definition import Definition
from ..analysis.experiments.definitions import NAMES, define
from ..analysis.experiments.judging import Outcome
from ..analysis.experiments.record import RECORD, read_results, results_text, shortened
from ..analysis.experiments.running import run
from ..analysis.runs.errors import RunError
from .experiments import counted
from .files import write
from .markup import markdown_escape
from .options import OptionError
from .records import SCHEMA
from .running import keeping, reported, say

MOST_PROCESSES = 64


def chosen(name: str, *, quick: bool, record: bool, alone: bool) -> list[Definition]:
    """Return the experiments that a name stands for.

    Raises
    ------
    OptionError
        If there is none, a quick one is to be recorded, or several are to be drawn in one picture.
    """
    if alone and name == "all":
        raise OptionError("expected one experiment with --output, got all")
    if quick and record:
        raise OptionError("expected --record without --quick: a quick experiment shows nothing")
    with reported():
        names = list(NAMES) if name == "all" else [name]
        return [define(f"{n}-quick" if quick else n) for n in names]


def run_one(
    definition: Definition,
    *,
    processes: int,
    folder: Path | None,
    record: bool,
    tell: Callable[[str], None] | None,
) -> Outcome:
    """Run one experiment, with finished measurements kept in a store.

    Raises
    ------
    OptionError
        If torch is not there, or the number of processes makes no sense.
    """
    if not 1 <= processes <= MOST_PROCESSES:
        raise OptionError(
            f"expected --processes from 1 to {MOST_PROCESSES}, got --processes {processes}"
        )
    with reported(), keeping(folder) as store:
        try:
            result = shortened(run(definition, store, processes=processes, tell=tell))
        except KeyboardInterrupt:
            if store is not None:
                say(
                    f"{len(store)} finished measurements are kept in {store.folder}; "
                    "the same command goes on from there"
                )
            raise
        outcome = Outcome.of(definition, result)
    if record:
        write(RECORD, results_text({**read_results(), definition.name: result}))
    return outcome


def recorded() -> list[Outcome]:
    """Return the experiments on record, in the order of their definitions.

    Raises
    ------
    OptionError
        If the record is of another definition.
    """
    with reported():
        results = read_results()
        return [Outcome.of(define(name), results[name]) for name in NAMES if name in results]


def list_text() -> str:
    """Return one line for each experiment: its question, and what is on record."""
    width = max(map(len, NAMES))
    return "\n".join(f"{name:{width}}  {question} ({told})" for name, question, told in _listed())


def list_markdown() -> str:
    """Return the same as a table."""
    lines = ["| experiment | question | on record |", "| --- | --- | --- |"]
    lines += [f"| {' | '.join(map(markdown_escape, row))} |" for row in _listed()]
    return "\n".join(lines)


def list_record() -> dict[str, Any]:
    """Return the same for other programs."""
    listed = [
        {"name": name, "question": question, "digest": define(name).digest, "recorded": told}
        for name, question, told in _listed()
    ]
    return {"schema": SCHEMA, "experiments": listed}


def _listed() -> list[tuple[str, str, str]]:
    results = read_results()
    return [(name, define(name).question, _told(name, results)) for name in NAMES]


def _told(name: str, results: Any) -> str:
    if name not in results:
        return "not on record"
    try:
        return counted(Outcome.of(define(name), results[name]))
    except RunError:
        return "the record is of another definition"
