"""The command about documents: ``workspan embed``."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from .app import FAILED, FINE, app
from .progress import progress

if TYPE_CHECKING:
    from ..embedding.filling import Filled
    from .loading import Model


@app.command
def embed(
    *files: Annotated[
        Path, Parameter(help="Markdown, reStructuredText, LaTeX, Typst, HTML, Python.")
    ],
    check: Annotated[
        bool, Parameter(help="Write nothing; print what differs, and fail.", negative=())
    ] = False,
    explain: Annotated[
        bool, Parameter(help="Write nothing; say for each marker what changed.", negative=())
    ] = False,
    model: Annotated[
        tuple[str, ...],
        Parameter(
            help="A model that documents may name: path/to/file.py:function. Only these are run.",
            negative=(),
        ),
    ] = (),
) -> int:
    """Fill what stands between the markers of documents with what is derived.

    Nothing is written unless everything can be. The exit code is 1 if --check or --explain finds
    a document that is not what it should be.
    """
    from ..embedding.checking import difference, repair
    from ..embedding.deriving import allowed
    from ..embedding.errors import EmbeddingError
    from ..embedding.saving import expect_apart, expect_ready, save

    if not files:
        raise EmbeddingError("expected at least one document, got none")
    paths = _each_once(files)
    quiet = check or explain
    with contextlib.ExitStack() as stack, progress("deriving") as tell:
        filled = _filled(paths, allowed(model), None if quiet else stack, tell)
        expect_apart(filled)
        if not quiet:
            changed = [f for f in filled if f.changed]
            for one in changed:
                expect_ready(one)
            for one in changed:
                save(one)
            _say(f"{len(changed)} of {len(filled)} documents written")
            return FINE
    if explain:
        sys.stdout.write("".join(f"{line}\n" for one in filled for line in one.reasons))
    if check:
        sys.stdout.write("".join(difference(one) for one in filled if one.changed))
    if not any(one.changed for one in filled):
        _say("every document is what it should be")
        return FINE
    sys.stdout.write(f"{repair(filled, model)}\n")
    return FAILED


def _each_once(files: tuple[Path, ...]) -> list[Path]:
    """Return the documents without those that are named again, by a link or otherwise."""
    from ..embedding.errors import EmbeddingError

    paths = list({os.path.realpath(path): path for path in files}.values())
    known: dict[tuple[int, int], Path] = {}
    for path in paths:
        if path.is_file():
            found = path.stat()
            other = known.setdefault((found.st_dev, found.st_ino), path)
            if other is not path:
                raise EmbeddingError(
                    f"expected each document once, got {other} and {path}, which are one file"
                )
    return paths


def _filled(
    paths: list[Path],
    models: dict[str, Model],
    stack: contextlib.ExitStack | None,
    tell: object,
) -> list[Filled]:
    """Return what the documents should be; with a stack, keep other embeds off them."""
    from workspan import __version__

    from ..embedding.deriving import Deriver
    from ..embedding.documents import held, read
    from ..embedding.filling import fill

    deriver = Deriver(models, __version__)
    found = []
    for path in paths:
        if callable(tell):
            tell(f"deriving what stands in {path}")
        if stack is not None:
            stack.enter_context(held(path))
        found.append(fill(read(path), deriver))
    return found


def _say(message: str) -> None:
    print(f"{message}.", file=sys.stderr)  # noqa: T201
