"""The commands about claims: ``workspan check | claims``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from .app import FAILED, FINE, PLAIN, app, format_of, put
from .options import parse_format
from .progress import progress


@app.command
def check(
    *files: Annotated[
        Path, Parameter(help="Files of claims in TOML; the built-in ones if not given.")
    ],
    claims: Annotated[tuple[Path, ...], Parameter(help="The same.", negative=())] = (),
    family: Annotated[
        tuple[str, ...], Parameter(help="A family of the built-in claims.", negative=())
    ] = (),
    name: Annotated[
        tuple[str, ...],
        Parameter(name="--id", help="The id of a built-in claim, such as C017.", negative=()),
    ] = (),
    model: Annotated[
        tuple[str, ...],
        Parameter(
            help="A model that claims may name: path/to/file.py:function. Only these are run.",
            negative=(),
        ),
    ] = (),
    record: Annotated[
        bool, Parameter(help="Write the record of verdicts anew.", negative=())
    ] = False,
    evidence: Annotated[
        bool, Parameter(help="Print what was derived, measured and run.", negative=())
    ] = False,
    style: Annotated[str, format_of(*PLAIN)] = "text",
) -> int:
    """Check claims: each is proved, confirmed, conditional, refuted or out of reach.

    The exit code is 1 if a verdict is another one than on record, or, where there is no record, if
    a claim does not hold.
    """
    parse_format(style, PLAIN)
    from ..tables import markdown, records, text
    from .checking import run_check

    with progress("checking claims") as tell:
        found = run_check((*files, *claims), family, name, model, record=record, tell=tell)
    put(
        style,
        {
            "text": lambda: text.verdicts_printer(found.verdicts, evidence=evidence),
            "json": lambda: records.dumps(records.verdicts_record(found.verdicts)),
            "markdown": lambda: markdown.verdicts_markdown(found.verdicts),
        },
    )
    for line in found.changed:
        print(f"changed: {line}", file=sys.stderr)  # noqa: T201
    return FINE if found.fine else FAILED


@app.command
def claims(
    *,
    output: Annotated[
        Path, Parameter(name=["--output", "-o"], help="The folder to write to.")
    ] = Path("workspan-claims"),
) -> int:
    """Write the catalogue of the built-in claims: a page for each, an index and one BibTeX file.

    The verdicts are those on record; 'workspan check --record' computes them.
    """
    from ..claims import INDEX, catalogue_texts
    from .files import write_all

    with progress("deriving what the claims speak of") as tell:
        paths = write_all(output, catalogue_texts(tell))
    told = f"{len(paths) - 2} pages, {INDEX} and claims.bib"
    print(f"Written to {output}: {told}.", file=sys.stderr)  # noqa: T201
    return FINE
