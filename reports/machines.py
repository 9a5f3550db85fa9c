"""Machines and predictions, shown: as text, as Markdown and as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..analysis.machines.quantities import shown
from .markup import code, markdown_escape
from .sheet import at_text

if TYPE_CHECKING:
    from ..analysis.machines.contexts import Contexts
    from ..analysis.machines.machine import Machine
    from ..analysis.machines.predicting import Prediction, Row
    from .text import Printer

MOST = 12
"""How many operations are shown, those that take longest."""

LONGEST = 160
"""The longest formula that is shown whole, in characters."""

LIMITED = "longest context"


@dataclass(frozen=True, slots=True)
class Told:
    """A prediction with the longest context in a memory budget, if that was asked for."""

    prediction: Prediction
    budget: float | None = None
    contexts: Contexts | None = None
    reason: str = ""
    """Why there is none."""

    @property
    def most(self) -> int | None:
        """The longest sequence that fits; None for any length."""
        assert self.contexts is not None
        return self.contexts.most(int(self.budget or 0), self.prediction.sizes)

    @property
    def formula(self) -> str:
        """The formula of the longest context; what decides at these sizes, if it is long."""
        assert self.contexts is not None
        whole = self.contexts.formula
        if len(whole) <= LONGEST:
            return whole
        return self.contexts.decisive(int(self.budget or 0), self.prediction.sizes)


# --- machines -------------------------------------------------------------------------------------


def machines_printer(machines: Mapping[str, Machine]) -> Printer:
    """Print machines, one line each."""

    def show(out: Console) -> None:
        table = Table(box=box.SIMPLE_HEAD)
        for name in ("machine", "what it is", "fastest products", "bandwidth", "memory"):
            table.add_column(name, overflow="fold")
        for name, machine in machines.items():
            table.add_row(*(Text(c) for c in _line(name, machine)))
        out.print(table)

    return show


def machines_markdown(machines: Mapping[str, Machine]) -> str:
    """Return machines as a table."""
    head = ("machine", "what it is", "fastest products", "bandwidth", "memory")
    rows = [[markdown_escape(c) for c in _line(n, m)] for n, m in machines.items()]
    return table_markdown(head, rows)


def _line(name: str, machine: Machine) -> tuple[str, ...]:
    number, rate = max(machine.rates.items(), key=lambda pair: pair[1])
    return (
        name,
        machine.name,
        f"{shown(rate, 'flop/s')} ({number})",
        shown(machine.bandwidth, "byte/s"),
        shown(machine.memory, "byte"),
    )


def machine_lines(machine: Machine) -> list[tuple[str, str]]:
    """Return all figures of a machine with their names."""
    lines = [("name", machine.name)]
    lines += [(f"rate {k}", shown(v, "flop/s")) for k, v in machine.rates.items()]
    for name, value, unit in (
        ("elementwise rate", machine.vector_rate, "flop/s"),
        ("functions such as exp", machine.function_rate, "flop/s"),
        ("bandwidth", machine.bandwidth, "byte/s"),
        ("bandwidth in cache", machine.cache_bandwidth, "byte/s"),
        ("memory", machine.memory, "byte"),
        ("cache", machine.cache, "byte"),
        ("latency of a launch", machine.latency, "s"),
        ("power", machine.power, "W"),
        ("energy of an operation", machine.energy_per_flop, "J"),
        ("energy of a byte", machine.energy_per_byte, "J"),
    ):
        if value is not None:
            lines.append((name, shown(value, unit)))
    lines.append(("cores", f"{machine.cores:,}"))
    if machine.link is not None:
        link = machine.link
        told = (
            f"{link.devices} devices, {shown(link.bandwidth, 'byte/s')}, {shown(link.latency, 's')}"
        )
        lines.append(("link", told))
    lines += [("source", s) for s in machine.sources]
    return [*lines, *(("estimate", e) for e in machine.estimates)]


def machine_printer(machine: Machine) -> Printer:
    """Print all figures of a machine."""

    def show(out: Console) -> None:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for name, value in machine_lines(machine):
            grid.add_row(Text(name, style="dim"), Text(value))
        out.print(grid)

    return show


def machine_markdown(machine: Machine) -> str:
    """Return all figures of a machine as a table."""
    rows = [[markdown_escape(a), markdown_escape(b)] for a, b in machine_lines(machine)]
    return table_markdown(("figure", "value"), rows)


def machine_record(machine: Machine) -> dict[str, Any]:
    """Return the record of a machine, in base units."""
    record: dict[str, Any] = {
        "name": machine.name,
        "rates": dict(machine.rates),
        **{
            name: getattr(machine, name)
            for name in (
                "vector_rate",
                "function_rate",
                "bandwidth",
                "cache_bandwidth",
                "memory",
                "cache",
                "latency",
                "cores",
                "power",
                "energy_per_flop",
                "energy_per_byte",
            )
        },
        "link": None,
        "sources": list(machine.sources),
        "estimates": list(machine.estimates),
    }
    if machine.link is not None:
        link = machine.link
        record["link"] = {
            "devices": link.devices,
            "bandwidth": link.bandwidth,
            "latency": link.latency,
        }
    return record


# --- predictions ----------------------------------------------------------------------------------


def predictions_printer(told: Sequence[Told]) -> Printer:
    """Print predictions: what binds, what is held, and the operations that take longest."""

    def show(out: Console) -> None:
        for k, one in enumerate(told):
            if k:
                out.print()
            _show(out, one)

    return show


def _show(out: Console, told: Told) -> None:
    found = told.prediction
    out.print(Text(title(found), style="bold"))
    for name, value in summary(told):
        out.print(Text.assemble((f"  {name}: ", "dim"), value))
    table = Table(box=box.SIMPLE_HEAD)
    for name, justify in HEAD:
        table.add_column(name, justify=justify, overflow="fold")  # type: ignore[arg-type]
    for cells in operation_cells(found):
        table.add_row(*(Text(c) for c in cells))
    out.print(table)


HEAD = (
    ("operation", "left"),
    ("launches", "right"),
    ("flop", "right"),
    ("bytes", "right"),
    ("time", "right"),
    ("share", "right"),
    ("binds", "left"),
)


def title(found: Prediction) -> str:
    """Return what was predicted, in one line."""
    task = found.task
    kept = f", cache {task.cache_number}" if task.cache_number else ""
    tokens = f", {task.tokens} tokens" if task.tokens is not None else ""
    return (
        f"{found.model}, {task.mode}, batch {task.batch}, {task.number}{kept}{tokens}, "
        f"fused {task.fused}, on {found.machine.name}, at {at_text(found.sizes)}"
    )


def summary(told: Told) -> list[tuple[str, str]]:
    """Return the figures of a prediction with their names."""
    found = told.prediction
    shares = ", ".join(f"{r} {100 * s:.0f} %" for r, s in found.shares.items() if s >= 0.005)
    held = ", ".join(f"{k} {shown(v, 'byte')}" for k, v in found.memory.items())
    fits = "fits" if found.fits else "does not fit"
    lines = [
        ("time", f"{shown(found.seconds, 's')}{_pace(found)}"),
        ("binds", f"{found.binds} ({shares} of the time)"),
        (
            "memory",
            f"{shown(found.bytes, 'byte')} ({held}): {fits} into "
            f"{shown(found.machine.memory, 'byte')}",
        ),
    ]
    if found.energy is not None:
        stated = found.machine.energy_per_flop is not None
        how = "" if stated else ", if it draws its full power"
        lines.append(("energy", f"{shown(found.energy, 'J')}{how}"))
    lines += [("in doubt", note) for note in found.notes]
    if told.budget is not None:
        lines.append((f"{LIMITED} in {shown(told.budget, 'byte')}", _limit(told)))
    return lines


def _limit(told: Told) -> str:
    if told.contexts is None:
        return f"unknown: {told.reason}"
    if not told.contexts.grows:
        fits = told.most is None
        return "no limit: memory does not grow with it" if fits else "none: too much without it"
    formula = told.formula
    most = told.most
    if most is None:
        return f"no limit: {formula}, where M is the memory in bytes"
    number = "none fits" if most == 0 else f"{most:,}"
    return f"{number}, {told.contexts.along}_max = {formula} for a memory of M bytes"


def _pace(found: Prediction) -> str:
    """Return tokens a second, where tokens are what is made."""
    task = found.task
    if task.mode == "decode" and found.seconds:
        return f" a token, {task.batch / found.seconds:,.0f} tokens/s in all"
    if task.mode == "generate" and found.seconds:
        count = task.tokens if task.tokens is not None else found.sizes.get("n", 0)
        return f", {task.batch * count / found.seconds:,.0f} tokens/s in all"
    return ""


def operation_cells(found: Prediction) -> list[tuple[str, ...]]:
    """Return the operations that take longest, and all others in one line."""
    rows = sorted(found.operations, key=lambda row: -row.seconds)
    cells = [_cells(row, found.seconds) for row in rows[:MOST]]
    rest = rows[MOST:]
    if rest:
        seconds = sum(r.seconds for r in rest)
        cells.append(
            (
                f"{len(rest)} others",
                f"{sum(r.launches for r in rest):,.0f}",
                shown(sum(r.flops for r in rest), "flop/s").removesuffix("flop/s").strip(),
                shown(sum(r.bytes for r in rest), "byte"),
                shown(seconds, "s"),
                _share(seconds, found.seconds),
                "",
            )
        )
    return cells


def _cells(row: Row, total: float) -> tuple[str, ...]:
    more = len(row.equations) - 1
    return (
        short_name(row.name) + (f" +{more}" if more > 0 else ""),
        f"{row.launches:,.0f}",
        shown(row.flops, "flop/s").removesuffix("flop/s").strip(),
        shown(row.bytes, "byte"),
        shown(row.seconds, "s"),
        _share(row.seconds, total),
        row.binds,
    )


def short_name(name: str) -> str:
    """Return the last two parts of an operation's name, and whether it is of the prompt."""
    prompt, colon, own = name.rpartition(": ")
    return f"{prompt}{colon}{'.'.join(own.split('.')[-2:])}"


def _share(part: float, total: float) -> str:
    return f"{100 * part / total:.1f} %" if total else ""


def predictions_markdown(told: Sequence[Told]) -> str:
    """Return predictions as lists and tables."""
    parts = []
    for one in told:
        lines = "\n".join(f"- {markdown_escape(a)}: {_value(b)}" for a, b in summary(one))
        rows = [[markdown_escape(c) for c in cells] for cells in operation_cells(one.prediction)]
        head = tuple(name for name, _ in HEAD)
        parts.append(
            f"## {markdown_escape(title(one.prediction))}\n\n{lines}\n\n{table_markdown(head, rows)}"
        )
    return "\n".join(parts)


def _value(text: str) -> str:
    before, found, after = text.partition("_max = ")
    return markdown_escape(before) + code(found + after) if found else markdown_escape(text)


def predictions_record(told: Sequence[Told]) -> dict[str, Any]:
    """Return the record of predictions, in base units."""
    return {"schema": 1, "predictions": [_record(one) for one in told]}


def _record(told: Told) -> dict[str, Any]:
    found, task = told.prediction, told.prediction.task
    record: dict[str, Any] = {
        "model": found.model,
        "machine": found.machine.name,
        "task": {name: getattr(task, name) for name in task.__dataclass_fields__},
        "at": dict(found.sizes),
        "seconds": found.seconds,
        "binds": found.binds,
        "shares": dict(found.shares),
        "memory": dict(found.memory),
        "bytes": found.bytes,
        "fits": found.fits,
        "energy": found.energy,
        "notes": list(found.notes),
        "operations": [
            {
                "name": row.name,
                "primitive": row.primitive,
                "launches": row.launches,
                "flops": row.flops,
                "bytes": row.bytes,
                "seconds": row.seconds,
                "binds": row.binds,
                "equations": list(row.equations),
            }
            for row in found.operations
        ],
    }
    if told.budget is not None:
        known = told.contexts
        record["context"] = {
            "budget": told.budget,
            "n_max": None if known is None else told.most,
            "formula": None if known is None else known.formula,
            "decides": None if known is None else told.formula,
            "bytes": None if known is None else str(known.bytes),
            "reason": told.reason or None,
        }
    return record


def table_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a pipe table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
