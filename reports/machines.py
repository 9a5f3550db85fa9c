"""Machines, shown: as text, as Markdown and as records."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..analysis.machines.quantities import shown
from .notation.markup import markdown_escape

if TYPE_CHECKING:
    from ..analysis.machines.machine import Machine
    from .tables.text import Printer


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


def table_markdown(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a pipe table of cells that are Markdown already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + "\n"
