"""Tables as files for other programs: CSV, or Parquet in row groups; never all rows in memory.

In CSV a whole value is written with all of its digits and any other one as the nearest 64-bit
float; in Parquet every value is such a float. Where a float is not the value itself, ``exact`` has
it as text. What has no value is empty, and ``reason`` says why.
"""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .cells import Chunk
from .errors import SweepError
from .planning import Plan
from .tables import LARGEST_EXACT, SETTING, TASK, Table, columns_of, exact_text

ROW_GROUP = 1 << 17
"""Rows of a row group."""
FEW = 1 << 14
"""Rows that are made into text at a time."""


def check_output(path: Path) -> None:
    """Refuse a file that cannot be written, before any work is done for it.

    Raises
    ------
    SweepError
        If its ending is unknown, what writes it is not installed, or there is no such folder.
    """
    if path.suffix not in WRITERS:
        raise SweepError(f"expected a file that ends in .csv or .parquet, got {str(path)!r}")
    if path.suffix == ".parquet":
        _pyarrow()
    if not path.parent.is_dir():
        raise SweepError(f"expected to write {path}, there is no folder {path.parent}")
    if path.is_dir():
        raise SweepError(f"expected to write {path}, that is a folder")


def write_table(path: Path, plan: Plan, chunks: Iterable[Chunk]) -> None:
    """Write all chunks, in the order given, to a file that is replaced whole or not at all.

    Raises
    ------
    SweepError
        If it cannot be written.
    """
    # One name, so that what a kill leaves of it is written over by the next attempt.
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        WRITERS[path.suffix](temporary, plan, chunks)
        temporary.replace(path)
    except OSError as error:
        raise SweepError(f"expected to write {path}, got: {error.strerror or error}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


# --- CSV ------------------------------------------------------------------------------------------


def _write_csv(path: Path, plan: Plan, chunks: Iterable[Chunk]) -> None:
    with path.open("w", encoding="utf-8", newline="") as stream:
        stream.write(_line(columns_of(plan)))
        for chunk in chunks:
            for part in chunk.parts(FEW):
                stream.writelines(csv_texts(plan, part))


def csv_texts(plan: Plan, chunk: Chunk) -> Iterator[str]:
    """Yield the rows of a chunk as CSV, many at a time."""
    table = Table(plan, chunk)
    same, sizes = table.same(), table.sizes()
    before = _line([same["model"], same["figure"]]).rstrip("\n")
    asked = [c for c in (*SETTING, "machine", *TASK) if c in table.columns]
    setting = _line([same[name] for name in asked]).rstrip("\n")
    after = _line([same["unit"], same["grade"]]).rstrip("\n")
    columns = [_texts(values) for values in sizes.values()]
    shown, exact = _values(chunk)
    extra = [list(map(_written, w)) for w in (chunk.measured, chunk.run) if w is not None]
    told = [_quoted(r) for r in chunk.told()] if chunk.codes else None
    rows = zip(*columns, shown, strict=True)
    if exact is None and told is None and not extra:
        yield "".join([f"{before},{','.join(r[:-1])},{setting},{r[-1]},,{after},\n" for r in rows])
        return
    lines = []
    for i, row in enumerate(rows):
        fields = (
            before,
            *row[:-1],
            setting,
            row[-1],
            "" if exact is None else exact[i],
            after,
            *(w[i] for w in extra),
            "" if told is None else told[i],
        )
        lines.append(",".join(fields))
    yield "\n".join(lines) + "\n"


def _values(chunk: Chunk) -> tuple[list[str], list[str] | None]:
    """Return values as text, and the exact ones where a float is not it; None if it always is."""
    quotients = _quotients(chunk)
    if quotients is not None:
        return quotients
    values: Sequence[Any] = chunk.values()
    if chunk.below is None and not any(v is not None and abs(v) > LARGEST_EXACT for v in values):
        return _texts(values), None
    return [_shown(v) for v in values], [exact_text(v) for v in values]


def _quotients(chunk: Chunk) -> tuple[list[str], list[str]] | None:
    """Return quotients of numbers that floats hold as text, many at once; None if there are others.

    The quotient of two such numbers is rounded once, to the nearest float, and that is the quotient
    itself if, in lowest terms, it is divided by a power of two.
    """
    if chunk.above is None or chunk.below is None or chunk.codes:
        return None
    above, below = chunk.above.array(), chunk.below.array()
    if above is None or below is None or max(abs(above).max(), abs(below).max()) > LARGEST_EXACT:
        return None
    common = np.gcd(above, below) * np.sign(below)
    above, below = above // common, below // common
    triples = zip(above.tolist(), below.tolist(), (above / below).tolist(), strict=True)
    shown, exact = [], []
    for a, b, nearest_ in triples:
        shown.append(str(a) if b == 1 else repr(nearest_))
        exact.append(f"{a}/{b}" if b & (b - 1) else "")
    return shown, exact


def _line(fields: Iterable[Any]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(fields)
    return stream.getvalue()


def _texts(values: Iterable[Any]) -> list[str]:
    return ["" if v is None else str(v) for v in values]


def _shown(value: Any) -> str:
    if value is None or isinstance(value, int):
        return "" if value is None else str(value)
    return repr(nearest(value))


def _written(text: str | None) -> str:
    return text or ""


def _quoted(reason: str) -> str:
    return _line([reason]).rstrip("\n") if reason else ""


def nearest(value: Any) -> float:
    """Return the nearest 64-bit float; infinity beyond the largest, whose text is exact."""
    try:
        return float(value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")


# --- Parquet --------------------------------------------------------------------------------------


def _pyarrow() -> Any:
    try:
        import pyarrow.parquet
    except ImportError:
        raise SweepError(
            "expected pyarrow to write Parquet, which is not installed: "
            "pip install 'workspan[parquet]', or write CSV"
        ) from None
    return pyarrow


def _write_parquet(path: Path, plan: Plan, chunks: Iterable[Chunk]) -> None:
    arrow = _pyarrow()
    schema = _schema(arrow, plan)
    with arrow.parquet.ParquetWriter(path, schema) as writer:
        # Groups are of one size, however the points came in chunks: the same bytes each time.
        waiting, rows = [], 0
        for chunk in (part for whole in chunks for part in whole.parts(ROW_GROUP)):
            waiting.append(_arrow_table(arrow, schema, Table(plan, chunk)))
            rows += len(chunk)
            if rows >= ROW_GROUP:
                whole = arrow.concat_tables(waiting).combine_chunks()
                for at in range(0, rows - ROW_GROUP + 1, ROW_GROUP):
                    writer.write_table(whole.slice(at, ROW_GROUP), row_group_size=ROW_GROUP)
                waiting, rows = [whole.slice(rows - rows % ROW_GROUP)], rows % ROW_GROUP
        if rows:
            rest = arrow.concat_tables(waiting).combine_chunks()
            writer.write_table(rest, row_group_size=ROW_GROUP)


def _schema(arrow: Any, plan: Plan) -> Any:
    kinds = {
        **dict.fromkeys(plan.spec.sizes, arrow.int64()),
        "setting_mac": arrow.int64(),
        "task_batch": arrow.int64(),
        "value": arrow.float64(),
    }
    return arrow.schema([(c, kinds.get(c, arrow.string())) for c in columns_of(plan)])


def _arrow_table(arrow: Any, schema: Any, table: Table) -> Any:
    chunk, rows = table.chunk, len(table)
    shown, exact = _values(chunk)
    found: dict[str, Any] = {
        **table.sizes(),
        "value": [float(v) if v else None for v in shown],
        "exact": None if exact is None else [e or None for e in exact],
        "measured": chunk.measured,
        "run": chunk.run,
        "reason": [r or None for r in chunk.told()] if chunk.codes else None,
    }
    same = table.same()
    arrays = [
        arrow.repeat(arrow.scalar(same[f.name] or None, f.type), rows)
        if f.name in same
        else arrow.nulls(rows, f.type)
        if found[f.name] is None
        else arrow.array(found[f.name], f.type)
        for f in schema
    ]
    return arrow.table(arrays, schema=schema)


WRITERS: dict[str, Callable[[Path, Plan, Iterable[Chunk]], None]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
}
