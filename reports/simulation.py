"""Models on processors as text, Markdown and JSON: one row for each number of processors."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from .notation.markup import code, markdown_escape
from .tables.markdown import pipe_table
from .tables.records import SCHEMA, plain
from .tables.sheet import at_text, number_text
from .tables.text import Printer

if TYPE_CHECKING:
    from ..analysis.simulation.simulating import Run, Simulation

BARS = " ▁▂▃▄▅▆▇█"
COLUMNS = 90
"""Parts of the time over which a profile is averaged."""
LONG = 60
"""Formulas of more characters are left in W and S; JSON has them in full."""
HEADER = ("processors", "steps", "at least", "at most", "busy", "speed-up", "most live")


def simulations_printer(found: Sequence[Simulation]) -> Printer:
    """Print simulations, one after another."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    def show(out: Console) -> None:
        for one in found:
            out.print(Text(title(one), style="bold"))
            for sentence in before(one):
                out.print(Text(sentence))
            grid = Table(box=box.SIMPLE_HEAD)
            for name in header(one):
                grid.add_column(name, justify="right")
            for run in one.runs:
                style = "" if run.inside and run.stuck is None else "bold red"
                grid.add_row(*(Text(cell) for cell in cells(one, run)), style=style)
            out.print(grid)
            for sentence in after(one):
                out.print(Text(sentence))
            out.print()
        out.print(Text(f"{NOTE} Setting: {found[0].setting.describe()}.", style="dim"))

    return show


def simulations_markdown(found: Sequence[Simulation]) -> str:
    """Return simulations as Markdown."""
    parts = []
    for one in found:
        parts.append(f"### {markdown_escape(title(one))}\n")
        parts += [f"{markdown_escape(s)}\n" for s in before(one)]
        parts.append(pipe_table(header(one), [cells(one, run) for run in one.runs]))
        parts += [f"{_spans(s)}\n" for s in after(one, quote=lambda f: f"\0{f}\0")]
    parts.append(
        f"{markdown_escape(NOTE)} Setting: {markdown_escape(found[0].setting.describe())}.\n"
    )
    return "\n".join(parts)


NOTE = (
    "at least, at most: Brent's interval, from work and span; "
    "busy: the part of all processors' time that is spent on tasks."
)


def _spans(sentence: str) -> str:
    """Escape a sentence, and show as code what stands between zeros."""
    parts = sentence.split("\0")
    return "".join(code(p) if k % 2 else markdown_escape(p) for k, p in enumerate(parts))


def title(one: Simulation) -> str:
    """Return the heading of a simulation."""
    named = {"fifo": "first ready, first started", "order": "in order"}
    return f"{one.model} on processors, {named.get(one.priority, 'critical path first')}, {at_text(one.at)}"


def before(one: Simulation) -> list[str]:
    """Say what is scheduled."""
    return [
        f"{number_text(one.nodes)} tasks of {number_text(one.work)} steps in all, "
        f"{number_text(one.span)} on the longest path."
        if not one.scalar
        else f"{number_text(one.work)} operations in {number_text(one.nodes)} nodes, "
        f"{number_text(one.span)} steps on the longest path."
    ]


def cells(one: Simulation, run: Run) -> list[str]:
    """Return one row."""
    steps = "stuck" if run.makespan is None else number_text(run.makespan)
    if one.memory is not None:
        steps += f"{'*' * run.careful} ({number_text(run.unlimited)})"
    return [
        processors_text(run.processors),
        steps,
        _decimal(run.lower),
        _decimal(run.upper),
        "" if run.utilisation is None else f"{100 * float(run.utilisation):.1f} %",
        "" if run.speedup is None else f"{float(run.speedup):.4g}",
        *([] if one.setting.unit == "layer" else [_peak(run)]),
    ]


def header(one: Simulation) -> tuple[str, ...]:
    """Return the names of the columns."""
    head = HEADER if one.setting.unit != "layer" else HEADER[:-1]
    return head if one.memory is None else (head[0], "steps (no limit)", *head[2:])


def _peak(run: Run) -> str:
    return "" if run.live is None else number_text(run.live.peak)


def processors_text(processors: float) -> str:
    """Return a number of processors."""
    return "inf" if processors == math.inf else f"{processors:,}"


def _decimal(value: Fraction) -> str:
    return f"{value.numerator:,}" if value.denominator == 1 else f"{float(value):,.1f}"


def after(one: Simulation, *, quote: Callable[[object], str] = str) -> list[str]:
    """Say what follows: how many processors are enough, formulas, memory."""
    last = one.runs[-1]
    return [
        *profile(last),
        _enough(one),
        _near(one),
        *_formulas(one, quote),
        *_memory(one),
        *_disagreements(one),
    ]


def profile(run: Run) -> list[str]:
    """Return the profile of parallelism, drawn in one line."""
    end = run.makespan
    if not end:
        return []
    parts = run.busy.average(min(COLUMNS, end), end)
    top = max(float(parts.max()), 1e-9)
    drawn = "".join(BARS[math.ceil(float(v) / top * (len(BARS) - 1) - 1e-9)] for v in parts)
    most = number_text(run.busy.peak)
    return [
        f"Busy over time, of {processors_text(run.processors)} processors at most {most}:",
        f"|{drawn}|",
    ]


def _enough(one: Simulation) -> str:
    found, steps = one.enough, number_text(one.enough.makespan)
    if found.processors == 1:
        return f"One processor reaches the span, {steps} steps: more do not help."
    told = f"{number_text(found.processors)} processors reach the span, {steps} steps"
    if found.exact:
        return f"{told}, and no fewer do: more do not help."
    return (
        f"{told}: more do not help; whether fewer do, from {number_text(found.at_least)} on, "
        "was not all tried."
    )


def _near(one: Simulation) -> str:
    found, factor = one.near, number_text(one.factor)
    few = number_text(found.processors)
    told = f"{few} processors are enough" if found.processors > 1 else "one processor is enough"
    tried = "" if found.exact else f" (fewer than {number_text(found.at_least)} are not)"
    always = "no number" if one.guaranteed is None else number_text(one.guaranteed)
    return (
        f"Within {factor} times the span: {told}{tried}; by the interval fewer than "
        f"{number_text(one.needed)} cannot be, and {always} always would be."
    )


def _formulas(one: Simulation, quote: Callable[[object], str]) -> list[str]:
    found, lines = one.formulas, []
    for name, derivation in (("W", found.work), ("S", found.span)):
        if derivation.formula is None:
            lines.append(f"{name} has no formula: {derivation.reason}.")
        else:
            lines.append(f"{name} = {quote(derivation.formula)} ({derivation.grade})")
    factor, more = number_text(one.factor), " + Z" if one.waits else ""
    times = "S" if one.factor == 1 else f"{factor} S"
    quotient = "S" if one.factor == 1 else f"({times})"
    product = "S" if one.factor == 2 else f"({number_text(one.factor - 1)} S)"
    rows = [
        ("", "T_p >= max(W/p, S)", found.lower),
        ("", f"T_p <= (W{more} - S)/p + S", found.upper),
        (f"within {times} only if ", f"p >= W/{quotient}", found.needed),
        (f"within {times} whenever ", f"p >= (W{more} - S)/{product}", found.guaranteed),
    ]
    for before_, short, full in rows:
        if full is not None:
            text = "" if more or len(str(full)) > LONG else f" = {quote(full)}"
            lines.append(f"{before_}{short}{text}")
    return lines


def _memory(one: Simulation) -> list[str]:
    if one.setting.unit == "layer":
        return ["Memory is not followed in unit layer, where most values are computed in no time."]
    lines = [
        f"Of what is live, {number_text(one.inputs)} scalars are inputs; "
        f"{number_text(one.parameters)} of parameters are not counted."
    ]
    if one.workspace is not None:
        lines.append(
            f"Workspace in order, whole arrays at once: {number_text(one.workspace)} scalars."
        )
    lines += [
        f"With {number_text(one.memory)} scalars it gets stuck on {processors_text(run.processors)}, "
        f"at step {number_text(run.stuck.at)}: {number_text(run.stuck.live)} are live, and the "
        f"smallest value that is next needs {number_text(run.stuck.needed)} in all; without a limit "
        f"it needs {number_text(run.unlimited_peak)}, one processor in order "
        f"{number_text(one.sequential)}."
        for run in one.runs
        if run.stuck is not None
    ]
    if any(run.careful for run in one.runs):
        lines.append(
            "* The list alone gets stuck: in order, with room kept for what comes earlier in it."
        )
    return lines


def _disagreements(one: Simulation) -> list[str]:
    lines = []
    for name, derived, counted in zip("WS", one.derived, (one.work, one.span), strict=True):
        if derived is not None and math.ceil(derived) != counted:
            lines.append(
                f"!= {name} is {number_text(derived)} by its formula, {number_text(counted)} here."
            )
    if one.waits:
        lines.append(
            f"Z = {number_text(one.waits)}: so many steps of a path are parts of synchronous rounds in "
            "which a position has no operation, and waits."
        )
    return lines


def simulations_record(found: Sequence[Simulation]) -> dict[str, Any]:
    """Return the record of simulations, for JSON."""
    return {"schema": SCHEMA, "simulations": [_record(one) for one in found]}


def _record(one: Simulation) -> dict[str, Any]:
    found = one.formulas
    texts = {
        "work": found.work.formula,
        "span": found.span.formula,
        "lower": found.lower,
        "upper": found.upper,
        "needed": found.needed,
        "guaranteed": found.guaranteed,
    }
    return {
        "model": one.model,
        "setting": one.setting.as_dict(),
        "at": dict(sorted(one.at.items())),
        "priority": one.priority,
        "memory": one.memory,
        "factor": plain(one.factor),
        "nodes": one.nodes,
        "work": one.work,
        "span": one.span,
        "waits": one.waits,
        "inputs": one.inputs,
        "parameters": one.parameters,
        "workspace": one.workspace,
        "sequential": one.sequential,
        "enough": _least(one.enough),
        "near": {**_least(one.near), "needed": one.needed, "guaranteed": one.guaranteed},
        "formulas": {k: None if v is None else str(v) for k, v in texts.items()},
        "grades": {"work": found.work.grade, "span": found.span.grade},
        "agree": one.agree,
        "runs": [_run(run) for run in one.runs],
    }


def _least(found: Any) -> dict[str, Any]:
    return {
        "makespan": found.makespan,
        "processors": found.processors,
        "at_least": found.at_least,
        "exact": found.exact,
    }


def _run(run: Run) -> dict[str, Any]:
    end = run.makespan
    stuck = run.stuck
    return {
        "processors": "inf" if run.processors == math.inf else run.processors,
        "makespan": end,
        "without_limit": run.unlimited,
        "lower": plain(run.lower),
        "upper": plain(run.upper),
        "inside": run.inside,
        "utilisation": plain(run.utilisation),
        "speedup": plain(run.speedup),
        "most_busy": run.busy.peak,
        "most_live": None if run.live is None else run.live.peak,
        "careful": run.careful,
        "stuck": stuck and {"at": stuck.at, "live": stuck.live, "needed": stuck.needed},
        "profile": _averages(run.busy, end),
        "live": None if run.live is None else _averages(run.live, end),
    }


def _averages(curve: Any, end: int | None) -> list[float]:
    """Return means over equal parts of the time."""
    if not end:
        return []
    return [round(float(v), 6) for v in curve.average(min(100, end), end)]
