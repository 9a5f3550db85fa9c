"""The commands about when each applies: ``workspan advise | map``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .app import FINE, PLAIN, app, format_of, put
from .drawing import expect_picture, write_picture
from .options import parse_format
from .progress import progress

if TYPE_CHECKING:
    from ...analysis.advising.rules import Question

MAPPED = (*PLAIN, "svg")

Length = Annotated[int | None, Parameter(help="How many positions.", show_default=False)]
Width = Annotated[int | None, Parameter(help="How many components.", show_default=False)]
Depth = Annotated[int | None, Parameter(name="--L", help="How many layers.", show_default=False)]
Batch = Annotated[int, Parameter(help="How many sequences at once.")]
Chosen = Annotated[
    str | None,
    Parameter(
        help="Names of the catalogue or path/to/file.py:function, with commas between; the usual "
        "ones if not given, 'all' for every one that can stand in their place."
    ),
]
Mode = Annotated[str, Parameter(help="encode, prefill, decode, generate or train.")]
Formats = Annotated[str, Parameter(help="Bytes of a number: fp32, bf16, fp16, fp8, int8, ...")]
Pairs = Annotated[str, Parameter(help="dense (masked pairs are computed) or masked.")]
Fused = Annotated[
    str, Parameter(help="What a machine keeps on chip: none, all, or elementwise,attention,...")
]
OnMachine = Annotated[
    str | None, Parameter(help="A machine that is shipped (a100, h100, ...) or a TOML file.")
]


@app.command
def advise(
    topic: Annotated[
        str | None,
        Parameter(help="'rules' (the rules of thumb, answered) or 'properties', instead."),
    ] = None,
    /,
    *,
    n: Length = None,
    d: Width = None,
    layers: Depth = None,
    batch: Batch = 1,
    at: Annotated[
        str | None, Parameter(help="Sizes such as n=32768,d=1024,L=24,h=16.", negative=())
    ] = None,
    mode: Mode = "decode",
    memory: Annotated[
        str | None, Parameter(help="How much there is, such as 16GB; the machine's by default.")
    ] = None,
    streaming: Annotated[
        bool, Parameter(help="Input arrives position by position, without end.", negative=())
    ] = False,
    causal: Annotated[
        bool, Parameter(help="No output may read later positions.", negative=())
    ] = False,
    machine: OnMachine = None,
    models: Chosen = None,
    number: Formats = "bf16",
    cache_number: Annotated[
        str | None, Parameter(help="Format of what is kept for later positions.")
    ] = None,
    fused: Fused = "none",
    pairs: Pairs = "dense",
    rule: Annotated[str | None, Parameter(help="Answer one rule of thumb instead.")] = None,
    explain: Annotated[
        str | None, Parameter(help="Show the derivations of one model as well.")
    ] = None,
    top: Annotated[int, Parameter(help="How many models to show.")] = 12,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Rank models for what is asked, with the reasons, and say from which sizes on it turns.

    Without a machine they are ranked by derived operations, on one by predicted time.
    """
    parse_format(style, PLAIN)
    from .. import advice, advice_records
    from ..tables import records
    from . import asking

    sizes = asking.sizes_of(at, n=n, d=d, L=layers)
    if topic is not None or rule is not None:
        chosen = asking.topic_of(topic, rule)
        compared = None if chosen == "properties" else models
        question = asking.question_of(sizes, memory, batch, number, compared)
        _put_topic(chosen, question, models, style)
        return FINE
    asking.check_top(top)
    task = asking.task_of(mode, batch, number, cache_number, fused, pairs)
    request = asking.request_of(
        sizes,
        task,
        memory=memory,
        streaming=streaming,
        causal=causal,
        machine=machine,
        models=models,
    )
    with progress("ranking") as tell:
        found = asking.advised(request, tell)
        told = None if explain is None else asking.explained(found, explain)
    put(
        style,
        {
            "text": lambda: advice.advice_printer(found, told, top=top),
            "json": lambda: records.dumps(advice_records.advice_record(found, told)),
            "markdown": lambda: advice.advice_markdown(found, told, top=top),
        },
    )
    return FINE


def _put_topic(topic: str, question: Question, models: str | None, style: str) -> None:
    """Print rules or properties."""
    from .. import rulings
    from ..tables import records
    from ..tables.blocks import markdown_of, printer_of
    from . import asking

    with progress(topic):
        if topic == "properties":
            found = asking.properties_of(models)
            blocks, record = rulings.properties_blocks(found), rulings.properties_record(found)
        else:
            answers = asking.answers_of(topic, question)
            blocks = rulings.rules_blocks(answers, evidence=topic != "rules")
            record = rulings.rules_record(answers)
    put(
        style,
        {
            "text": lambda: printer_of(blocks),
            "json": lambda: records.dumps(record),
            "markdown": lambda: markdown_of(blocks),
        },
    )


@app.command(name="map")
def map_regions(
    *named: Annotated[str, Parameter(help="Models, as after --models.")],
    x: Annotated[str, Parameter(help="The size to the right, such as n or n=1..1000000.")] = "n",
    y: Annotated[str, Parameter(help="The size upwards, such as d or d=1..16384.")] = "d",
    figure: Annotated[
        str, Parameter(help="What is least: work, state, decode_work, span, ..., or time.")
    ] = "work",
    models: Annotated[
        str | None, Parameter(help="Names with commas between; 'usual' or 'all' for many.")
    ] = None,
    at: Annotated[
        str | None, Parameter(help="All other sizes, such as L=24,w=256.", negative=())
    ] = None,
    mode: Annotated[str, Parameter(help="encode, prefill, decode, generate or train.")] = "encode",
    unit: Annotated[str, Parameter(help="Of spans and paths: layer, tensor, scalar.")] = "tensor",
    pairs: Pairs = "dense",
    machine: OnMachine = None,
    batch: Batch = 1,
    number: Formats = "bf16",
    fused: Fused = "none",
    style: Annotated[str, format_of(*MAPPED)] = "text",
    output: Annotated[
        Path | None,
        Parameter(name=["--output", "-o"], help="An .svg or .pdf file for the picture."),
    ] = None,
) -> int:
    """Map who has least of a figure where, along the solved boundaries.

    Without models, attention and recurrence.
    """
    parse_format(style, MAPPED)
    expect_picture(output)
    from .. import maps
    from ..pictures import maps as map_picture
    from ..tables import records
    from ..tables.blocks import markdown_of, printer_of
    from . import asking, mapping

    with progress("mapping"):
        chart = mapping.charted(
            mapping.window_of(x, y),
            figure,
            ",".join([*named, *([models] if models else [])]) or None,
            asking.sizes_of(at),
            mapping.setting_of(mode, unit, pairs),
            None if machine is None else machine,
            asking.task_of(mode, batch, number, None, fused, pairs),
        )
    if output is not None:
        write_picture(output, map_picture.svg(chart), f"who has least {figure} where")
    put(
        style,
        {
            "text": lambda: printer_of(maps.map_blocks(chart)),
            "json": lambda: records.dumps(maps.map_record(chart)),
            "markdown": lambda: markdown_of(maps.map_blocks(chart)),
            "svg": lambda: map_picture.svg(chart),
        },
    )
    return FINE
