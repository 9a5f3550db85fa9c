"""The commands about machines: ``workspan machine list | show | calibrate | validate`` and ``predict``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from .app import FINE, PLAIN, app, format_of, put
from .drawing import expect_picture, write_picture
from .files import write
from .notes import note_measured
from .options import SIZES, OptionError, parse_at, parse_format
from .progress import progress

if TYPE_CHECKING:
    from ...analysis.machines.machine import Machine
    from ...analysis.machines.task import Task
    from ..predictions import Told
    from .loading import Model

machine = App(
    name="machine", help="Machines that predictions are for: files of rates with their sources."
)
app.command(machine)

Named = Annotated[
    str, Parameter(name="--machine", help="A machine of 'workspan machine list', or a TOML file.")
]
Engine = Annotated[
    str | None, Parameter(help="numpy or torch; torch if it is installed and none is named.")
]
Device = Annotated[str, Parameter(help="cpu, or cuda for a GPU that torch sees.")]
Threads = Annotated[str, Parameter(help="1 or all.")]
Output = Parameter(name=["--output", "-o"])


@machine.command(name="list")
def list_machines(*, style: Annotated[str, format_of(*PLAIN)] = "text") -> int:
    """List the machines that are shipped."""
    parse_format(style, PLAIN)
    from ...analysis.machines.machine import load, names
    from .. import machines
    from ..tables import records

    found = {name: load(name) for name in names()}
    put(
        style,
        {
            "text": lambda: machines.machines_printer(found),
            "json": lambda: records.dumps(
                {"machines": {n: machines.machine_record(m) for n, m in found.items()}}
            ),
            "markdown": lambda: machines.machines_markdown(found),
        },
    )
    return FINE


@machine.command
def show(
    name: Annotated[str, Parameter(help="A machine of 'workspan machine list', or a TOML file.")],
    /,
    *,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Show the figures of a machine, with their sources."""
    parse_format(style, PLAIN)
    from ...analysis.machines.machine import load
    from .. import machines
    from ..tables import records

    found = load(name)
    put(
        style,
        {
            "text": lambda: machines.machine_printer(found),
            "json": lambda: records.dumps(machines.machine_record(found)),
            "markdown": lambda: machines.machine_markdown(found),
        },
    )
    return FINE


@app.command
def predict(
    *models: Annotated[str, Parameter(help="Names of the catalogue, or path/to/file.py:function.")],
    machine: Named = "a100",
    at: Annotated[str, Parameter(help="Sizes such as n=4096,d=4096,L=32.")] = "",
    mode: Annotated[str, Parameter(help="encode, prefill, train, decode or generate.")] = "encode",
    batch: Annotated[int, Parameter(help="Sequences at once.")] = 1,
    number: Annotated[str, Parameter(help="Number format of weights and activations.")] = "bf16",
    cache_number: Annotated[
        str | None, Parameter(help="Number format of what is kept for later tokens.")
    ] = None,
    fused: Annotated[
        str, Parameter(help="none, all, or of elementwise,attention,recurrences.")
    ] = "none",
    tokens: Annotated[
        int | None, Parameter(help="Tokens that are generated after a prompt of n.")
    ] = None,
    pairs: Annotated[str, Parameter(help="dense or masked.")] = "dense",
    optimiser: Annotated[
        str, Parameter(help="Of mode train: none, sgd, momentum or adam.")
    ] = "adam",
    memory: Annotated[
        str | None, Parameter(help="A budget such as 80GB: solves for the longest context.")
    ] = None,
    output: Annotated[
        Path | None,
        Output,
        Parameter(help="Draws the roofline picture into this .svg or .pdf file."),
    ] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Predict time, memory and energy of models on a machine, and which resource binds."""
    parse_format(style, PLAIN)
    from ...analysis.machines.machine import load
    from ...analysis.machines.task import Task
    from .. import predictions
    from ..tables import records

    budget, asked = _budget(memory), load(machine)
    expect_picture(output)
    task = Task(mode, batch, number, cache_number, fused, tokens, pairs, optimiser)
    loaded = _models(models)
    (sizes,) = (
        parse_at([at], sorted({*SIZES, *(s for m in loaded for s in m.sizes)})) if at else ({},)
    )
    found = [_told(model, sizes, asked, task, budget) for model in loaded]
    if output is not None:
        from ..pictures.roofline import roofline

        drawn = str(roofline([one.prediction for one in found]))
        write_picture(output, drawn, "roofline")
    put(
        style,
        {
            "text": lambda: predictions.predictions_printer(found),
            "json": lambda: records.dumps(records.plain(predictions.predictions_record(found))),
            "markdown": lambda: predictions.predictions_markdown(found),
        },
    )
    return FINE


def _budget(memory: str | None) -> float | None:
    if memory is None:
        return None
    from ...analysis.machines.quantities import QuantityError, quantity

    try:
        return quantity(memory, "byte")
    except QuantityError as error:
        raise OptionError(f"--memory: {error}") from None


def _models(arguments: tuple[str, ...]) -> list[Model]:
    from .loading import ModelError, load_all

    if not arguments:
        raise ModelError("expected at least one model, got none; see 'workspan list'")
    return load_all(arguments)


def _told(
    model: Model, sizes: dict[str, int], machine: Machine, task: Task, budget: float | None
) -> Told:
    from ...analysis.api import graph_of
    from ...analysis.machines.contexts import contexts
    from ...analysis.machines.operations import OperationError
    from ...analysis.machines.predicting import predict as predicted
    from ...graphs.misfits import misfit
    from ..predictions import Told

    graph = graph_of(model.subject, [{s: v for s, v in sizes.items() if s in model.sizes}])
    missing = [s for s in graph.free_sizes if s not in sizes]
    if missing:
        raise OptionError(
            f"expected all sizes of {model.name}, got no {', '.join(missing)}; "
            f"such as --at {','.join(f'{s}=64' for s in graph.free_sizes)}"
        )
    own = {s: sizes[s] for s in graph.free_sizes}
    wrong = misfit(graph, own)
    if wrong is not None:
        raise OptionError(f"{model.name}: {wrong}")
    found = predicted(graph, own, machine, task)
    if budget is None:
        return Told(found)
    try:
        return Told(found, budget, contexts(graph, task))
    except OperationError as error:
        return Told(found, budget, reason=str(error))


@machine.command
def calibrate(
    *,
    engine: Engine = None,
    device: Device = "cpu",
    threads: Threads = "all",
    output: Annotated[
        Path | None, Output, Parameter(help="The TOML file to write; printed if not given.")
    ] = None,
) -> int:
    """Measure the machine that this runs on, with one thread and with all, and write its file."""
    from ...analysis.machines.calibrating import calibrate as calibrated
    from ...analysis.machines.calibrating import machine_text

    _check_threads(threads)
    note_measured()
    with progress("measuring") as tell:
        found = calibrated(engine, device, tell)
    text = machine_text(found, threads, device=device)
    if output is None:
        put("text", {"text": lambda: text})
    else:
        write(output, text)
    return FINE


@machine.command
def validate(
    *,
    machine: Annotated[
        str | None,
        Parameter(
            name="--machine", help="A machine's file; this machine is measured if not given."
        ),
    ] = None,
    engine: Engine = None,
    device: Device = "cpu",
    threads: Threads = "all",
    output: Annotated[
        Path | None, Output, Parameter(help="Writes the report into this Markdown file as well.")
    ] = None,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Run code over sizes that calibration did not use, and hold predictions against it."""
    parse_format(style, PLAIN)
    _check_threads(threads)
    from ...analysis.machines.calibrating import calibrate as calibrated
    from ...analysis.machines.calibrating import machine_text
    from ...analysis.machines.machine import load, parse
    from ...analysis.machines.validating import validate as validated
    from .. import validation
    from ..tables import records

    note_measured()
    with progress("measuring") as tell:
        if machine is None:
            text = machine_text(
                calibrated(engine, device, tell, alone=True), threads, device=device
            )
            asked = parse(text.encode(), "this machine")
        else:
            asked = load(machine)
        found = validated(asked, engine, threads=threads, device=device, tell=tell)
    if output is not None:
        write(output, validation.validation_markdown(found))
    put(
        style,
        {
            "text": lambda: validation.validation_printer(found),
            "json": lambda: records.dumps(records.plain(validation.validation_record(found))),
            "markdown": lambda: validation.validation_markdown(found),
        },
    )
    return FINE


def _check_threads(threads: str) -> None:
    if threads not in {"1", "all"}:
        raise OptionError(f"expected --threads to be 1 or all, got {threads!r}")
