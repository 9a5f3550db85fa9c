"""Experiments as text, Markdown, JSON and pages: what was asked, what was seen, what is confirmed.

Everything is made from a definition and the numbers of its seeds, so that pages from the record are
the same every time; what runs experiments is ``workspan experiment NAME``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from .experiment_plots import plot
from .markup import code, markdown_escape
from .records import SCHEMA

if TYPE_CHECKING:
    from rich.console import Console

    from ..analysis.experiments.definition import Definition
    from ..analysis.experiments.judging import Judged, Outcome
    from ..analysis.runs.intervals import Interval
    from .text import Printer

INDEX = "README.md"
CLOSING = (
    "A test is decided on before its experiment is run; confirmed: its p-value, adjusted (Holm) for "
    "all tests of the experiment, is at most {alpha:g}, or no number is above its prediction. What is "
    "not confirmed is not refuted."
)
INTRODUCTION = """\
# Experiments on signal and learning

Each experiment is fixed before it is run: learners, sizes, seeds, statistic, tests and stopping rule.
The numbers of every seed are on record; the verdicts here are computed from them.
`workspan experiment NAME` runs one again (it needs torch), `workspan experiment list` names them.
"""


def facts(outcome: Outcome) -> Iterator[tuple[str, str]]:
    """Yield what is to be known of an experiment, by title."""
    definition, result = outcome.definition, outcome.result
    yield "statistic", definition.statistic
    yield "stopping", definition.stopping
    if definition.fixed:
        yield "fixed sizes", ", ".join(f"{k}={v}" for k, v in definition.fixed.items())
    if definition.predicted:
        yield "predicted", definition.predicted
    if definition.source:
        yield "after", definition.source
    versions = ", ".join(f"{k} {v}" for k, v in result.versions.items())
    yield "run", f"{result.seconds:.0f} s of one processor, {versions}, {result.platform}"
    yield "definition", result.digest[:16]


def rows(outcome: Outcome, metric: str) -> Iterator[tuple[str, ...]]:
    """Yield one row for each learner: the mean over seeds at each size."""
    definition = outcome.definition
    for learner in definition.learners:
        found = [outcome.interval(learner.label, size, metric) for size in definition.sizes]
        if any(found):
            yield learner.label, *(mean_text(interval) for interval in found)


def predicted_rows(definition: Definition) -> Iterator[tuple[str, ...]]:
    """Yield one row for each learner of which something was predicted."""
    most = {(p.learner, p.size): p.most for p in definition.predictions}
    for learner in definition.learners:
        cells = [most.get((learner.label, size)) for size in definition.sizes]
        if any(cell is not None for cell in cells):
            yield learner.label, *("" if c is None else f"at most {c:.3g}" for c in cells)


def mean_text(interval: Interval | None) -> str:
    """Return a mean with its interval, or with nothing if the seeds do not differ."""
    if interval is None:
        return "-"
    return str(interval) if interval.low < interval.high else f"{interval.estimate:.3g}"


def p_text(value: float | None) -> str:
    """Return a p-value for reading."""
    if value is None:
        return "-"
    return "< 0.0001" if value < 1e-4 else f"{value:.2g}"


def test_row(judged: Judged) -> tuple[str, ...]:
    """Return what became of a test, as cells."""
    return (
        judged.test.statement,
        judged.told,
        p_text(judged.p),
        p_text(judged.adjusted),
        judged.verdict,
    )


def counted(outcome: Outcome) -> str:
    """Say how many tests confirm their statements."""
    confirmed = sum(t.confirmed for t in outcome.tests)
    return f"{confirmed} of {len(outcome.tests)} confirmed"


def experiment_printer(outcome: Outcome) -> Printer:
    """Print one experiment."""
    from rich import box
    from rich.padding import Padding
    from rich.table import Table
    from rich.text import Text

    definition = outcome.definition

    def table(title: str, header: Sequence[str], lines: Iterator[tuple[str, ...]]) -> Table:
        made = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for name in header:
            made.add_column(name, overflow="fold")
        for line in lines:
            made.add_row(*map(Text, line))
        return made

    def show(out: Console) -> None:
        out.print(Text(f"{definition.name}: {definition.question}", style="bold"))
        for title, text in facts(outcome):
            out.print(Padding(Text.assemble((f"{title}: ", "dim"), text), (0, 0, 0, 2)))
        along = [f"{definition.along}={size}" for size in definition.sizes]
        for metric in outcome.metrics:
            out.print(table(f"{metric}, mean over seeds", ["", *along], rows(outcome, metric)))
        if definition.predictions:
            title = f"{definition.metric}, predicted before it was measured"
            out.print(table(title, ["", *along], predicted_rows(definition)))
        for judged in outcome.tests:
            style = "green" if judged.confirmed else "yellow"
            out.print(Text.assemble((f"{judged.verdict}: ", style), judged.test.statement))
            p = (
                ""
                if judged.p is None
                else f"; p {p_text(judged.p)}, {p_text(judged.adjusted)} by Holm"
            )
            out.print(Padding(Text(judged.told + p, style="dim"), (0, 0, 0, 2)))
        out.print()
        out.print(Text(f"{counted(outcome)}. {CLOSING.format(alpha=definition.alpha)}"))

    return show


def makers(outcome: Outcome) -> Mapping[str, Any]:
    """Return what makes each format that shows one experiment."""
    return {
        "text": lambda: experiment_printer(outcome),
        "markdown": lambda: experiment_markdown(outcome),
    }


def experiments_record(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """Return experiments as JSON can hold them, with the numbers of every seed."""
    return {"schema": SCHEMA, "experiments": [experiment_record(o) for o in outcomes]}


def experiment_record(outcome: Outcome) -> dict[str, Any]:
    """Return one experiment for other programs."""
    import msgspec

    return {
        "definition": msgspec.to_builtins(outcome.definition),
        "result": msgspec.to_builtins(outcome.result),
        "tests": [_record(judged) for judged in outcome.tests],
    }


def _record(judged: Judged) -> dict[str, Any]:
    interval = judged.interval
    return {
        "statement": judged.test.statement,
        "verdict": judged.verdict,
        "p": judged.p,
        "adjusted": judged.adjusted,
        "estimate": None if interval is None else interval.estimate,
        "interval": None if interval is None else [interval.low, interval.high],
        "level": None if interval is None else interval.level,
        "told": judged.told,
    }


def experiment_markdown(outcome: Outcome, *, picture: str = "", heading: str = "#") -> str:
    """Return one experiment as Markdown.

    Parameters
    ----------
    outcome
        The experiment.
    picture
        The name of the file with its picture; none if empty.
    heading
        The mark of its heading.
    """
    definition = outcome.definition
    parts = [f"{heading} {definition.name}\n", f"{markdown_escape(definition.question)}\n"]
    parts.append("".join(f"- {t}: {markdown_escape(x)}\n" for t, x in facts(outcome)))
    if picture:
        parts.append(f"![{definition.name}]({picture})\n")
    along = [code(f"{definition.along}={size}") for size in definition.sizes]
    parts += [
        _table([f"{metric}, mean over seeds", *along], rows(outcome, metric))
        for metric in outcome.metrics
    ]
    if definition.predictions:
        parts.append(_table(["predicted before", *along], predicted_rows(definition)))
    header = ["statement", "seen", "p", "p by Holm", "verdict"]
    parts.append(_table(header, map(test_row, outcome.tests)))
    parts.append(f"{counted(outcome)}. {CLOSING.format(alpha=definition.alpha)}\n")
    return "\n".join(parts)


def _table(header: Sequence[str], lines: Any) -> str:
    escaped = [[markdown_escape(cell) for cell in line] for line in lines]
    whole = [header, ["---"] * len(header), *escaped]
    return "".join(f"| {' | '.join(line)} |\n" for line in whole)


def pages(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """Return the pages of recorded experiments by name of the file: one text, and pictures."""
    lines = ["| experiment | question | tests |", "| --- | --- | --- |"]
    lines += [
        f"| [{o.definition.name}](#{o.definition.name}) | {markdown_escape(o.definition.question)} "
        f"| {counted(o)} |"
        for o in outcomes
    ]
    sections = [
        experiment_markdown(o, picture=f"{o.definition.name}.svg", heading="##") for o in outcomes
    ]
    text = "\n".join([INTRODUCTION, "\n".join(lines) + "\n", *sections])
    return {INDEX: text, **{f"{o.definition.name}.svg": plot(o) for o in outcomes}}
