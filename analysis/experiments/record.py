"""The record of experiments: the numbers of every seed, in a file beside the definitions.

It holds numbers and no verdicts; these are computed from it. It is written by
``workspan experiment NAME --record``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import msgspec

from ..runs.errors import ArgumentError
from .cells import Result

LARGEST = 8_000_000
DIGITS = 6
"""Significant digits that are kept: far more than seeds agree in."""
RECORD = Path(__file__).parent / "results.json"


def read_results(path: Path = RECORD) -> dict[str, Result]:
    """Read a record by name of the experiment; there is none if the file is not there.

    Raises
    ------
    ArgumentError
        If it is too large or no record.
    """
    if not path.is_file():
        return {}
    if path.stat().st_size > LARGEST:
        raise ArgumentError(f"expected {path} to have at most {LARGEST:,} bytes")
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, Result])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ArgumentError(f"expected a record of experiments in {path}: {error}") from None


def shortened(result: Result) -> Result:
    """Return a result with as many digits as the record keeps, so that both give one verdict."""
    cells = tuple(
        msgspec.structs.replace(
            cell,
            values={m: tuple(float(f"{x:.{DIGITS}g}") for x in v) for m, v in cell.values.items()},
        )
        for cell in result.cells
    )
    return msgspec.structs.replace(result, cells=cells)


def results_text(results: Mapping[str, Result]) -> str:
    """Return a record as text, one line for each cell."""
    parts = []
    for name in sorted(results):
        plain = msgspec.to_builtins(results[name])
        cells = ",\n   ".join(json.dumps(cell, sort_keys=True) for cell in plain.pop("cells"))
        head = json.dumps(plain, sort_keys=True)[1:-1]
        parts.append(f' {json.dumps(name)}: {{{head}, "cells": [\n   {cells}\n ]}}')
    return "{\n" + ",\n".join(parts) + "\n}\n"
