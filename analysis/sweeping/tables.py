"""Finished points as tables: one row for each point, with the same columns for all of a sweep.

>>> from .spec import convert
>>> from .planning import planned
>>> from .performing import Work
>>> plan = planned(convert({"models": ["lstm"], "figures": ["work"],
...                         "sizes": {"n": [8, 10**12], "d": [4]}}))
>>> (chunk,) = Work(plan, [(0, 2)], "serial")
>>> table = Table(plan, chunk)
>>> [(row["n"], row["value"], row["unit"], row["grade"]) for row in table.rows()]
[(8, 2720, 'flop', 'proved'), (1000000000000, 340000000000000, 'flop', 'proved')]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Any, TypeAlias

from ...graphs.setting import CHOICES
from ...graphs.sizes import Poly, SizeError
from ..machines.task import Task
from .axes import boxes
from .cells import Chunk
from .planning import Block, Plan

Row: TypeAlias = Mapping[str, Any]

SETTING = tuple(f"setting_{axis}" for axis in CHOICES)
TASK = tuple(f"task_{field.name}" for field in fields(Task) if field.name != "tokens")

LARGEST_EXACT = 1 << 53


def columns_of(plan: Plan) -> tuple[str, ...]:
    """Return the names of the columns of a sweep."""
    witnesses = tuple(w for w in ("measured", "run") if w in plan.spec.witnesses)
    return (
        "model",
        "figure",
        *plan.spec.sizes,
        *SETTING,
        *(("machine", *TASK) if plan.machines else ()),
        "value",
        "exact",
        "unit",
        "grade",
        *witnesses,
        "reason",
    )


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Neighbouring points of a sweep, as rows."""

    plan: Plan
    chunk: Chunk

    def __len__(self) -> int:
        return len(self.chunk)

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return columns_of(self.plan)

    @property
    def block(self) -> Block:
        """What all rows have in common."""
        return self.plan.around(self.chunk.start)

    def rows(self) -> Iterator[Row]:
        """Yield the rows: values are whole numbers or fractions, None where there is none."""
        same = self.same()
        sizes = self.sizes()
        chunk = self.chunk
        nothing: Sequence[None] = [None] * len(chunk)
        measured, run = chunk.measured or nothing, chunk.run or nothing
        for i, (value, reason) in enumerate(zip(chunk.values(), chunk.told(), strict=True)):
            found = {
                **same,
                **{name: values[i] for name, values in sizes.items()},
                "value": value,
                "exact": exact_text(value),
                "measured": _number(measured[i]),
                "run": _number(run[i]),
                "reason": reason,
            }
            yield {name: found[name] for name in self.columns}

    def same(self) -> dict[str, Any]:
        """Return the columns that are the same in every row."""
        block = self.block
        setting = {c: getattr(block.setting, c.removeprefix("setting_"), None) for c in SETTING}
        task = {c: getattr(block.task, c.removeprefix("task_"), None) for c in TASK}
        return {
            "model": block.model,
            "figure": block.figure,
            **setting,
            "machine": self._machine(block),
            **task,
            "unit": self.chunk.unit,
            "grade": self.chunk.grade,
        }

    def _machine(self, block: Block) -> str | None:
        """Return what the sweep calls a machine."""
        if block.machine is None:
            return None
        return self.plan.spec.machines[self.plan.machines.index(block.machine)]

    def sizes(self) -> dict[str, list[int | None]]:
        """Return the columns of sizes; None where the model has no such size, or it is none."""
        block, axes = self.block, self.block.part.axes
        columns: dict[str, list[Any]] = {name: [None] * len(self) for name in self.plan.spec.sizes}
        start, stop = self.chunk.start - block.start, self.chunk.stop - block.start
        at = 0
        for box in boxes(start, stop, axes, most=len(self)):
            length = box.stop - box.start
            inner = length
            for axis, first, own in zip(axes, box.first, box.lengths, strict=True):
                inner //= own
                values = axis.array(first, first + own).tolist()
                each = [v for v in values for _ in range(inner)] if inner > 1 else values
                columns[axis.name][at : at + length] = each * (length // len(each))
            at += length
        for name, formula in block.part.tied.items():
            columns[name] = self._tied(formula, columns)
        return columns

    def _tied(self, formula: Poly, columns: Mapping[str, list[Any]]) -> list[int | None]:
        """Return the column of a size that is a formula of others: a few values, again and again."""
        needed = [columns[s] for s in formula.sizes]
        rows = list(zip(*needed, strict=True)) if needed else [()] * len(self)
        known = {at: _whole(formula, dict(zip(formula.sizes, at, strict=True))) for at in set(rows)}
        return [known[at] for at in rows]


def _whole(formula: Poly, at: Mapping[str, int]) -> int | None:
    try:
        value = formula.evaluate(**at)
    except (SizeError, ZeroDivisionError):
        return None
    return value if isinstance(value, int) and value >= 1 else None


def _number(text: str | None) -> Any:
    if text is None:
        return None
    return Fraction(text) if "/" in text else int(text)


def exact_text(value: Any) -> str:
    """Return a number as text where 64-bit floats do not hold it; else nothing.

    >>> exact_text(4), exact_text(Fraction(1, 2)), exact_text(Fraction(1, 3)), exact_text(2**53 + 1)
    ('', '', '1/3', '9007199254740993')
    """
    if value is None or (isinstance(value, int) and abs(value) <= LARGEST_EXACT):
        return ""
    try:
        same = Fraction(float(value)) == value
    except OverflowError:
        same = False
    return "" if same else str(value)
