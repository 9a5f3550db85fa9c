"""The command line: runs a command, and says in one line what is wrong where something is."""

from __future__ import annotations

import gc
import os
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from cyclopts import CycloptsError, Parameter

from .commands import (
    advice,
    citing,
    claims,
    embedding,
    experiments,
    machines,
    models,
    plotting,
    simulation,
    sweeps,
)
from .commands.app import FINE, app

COMMANDS = (
    models,
    plotting,
    advice,
    citing,
    claims,
    embedding,
    experiments,
    machines,
    simulation,
    sweeps,
)
"""Where commands are: importing these makes them commands of the app."""

WRONG, BROKEN, INTERRUPTED = 2, 70, 130
"""Exit codes besides those of commands: wrong input, a defect of workspan, Ctrl-C."""

Tokens = Annotated[str, Parameter(show=False, allow_leading_hyphen=True)]
Debug = Annotated[bool, Parameter(help="Show the traceback of an error.", negative=())]

InCrate = Annotated[
    Path | None,
    Parameter(
        help="Put all that a command makes into this folder, with its inputs and what it was made "
        "by, as an RO-Crate."
    ),
]


@app.meta.default
def _launch(*tokens: Tokens, debug: Debug = False, crate: InCrate = None) -> int:
    try:
        if crate is None:
            result = _run(tokens)
        else:
            from .commands.crating import crated

            result = crated(app, tokens, crate, _run)
    except KeyboardInterrupt:
        return _say("interrupted; no file is half written", INTERRUPTED)
    except BrokenPipeError:
        # Whoever read the output has enough of it; nothing is left to flush there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FINE
    except (ValueError, OSError, CycloptsError) as error:
        return _fail(error, str(error), WRONG, debug)
    except Exception as error:
        message = (
            f"a defect of workspan, not of your input: {type(error).__name__}: {error}; see --debug"
        )
        return _fail(error, message, BROKEN, debug)
    return result if isinstance(result, int) else FINE


def _run(tokens: Sequence[str]) -> object:
    return app(tokens, exit_on_error=False, print_error=False, result_action="return_value")


def _fail(error: Exception, message: str, code: int, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
    return _say(f"error: {message}", code)


def _say(message: str, code: int) -> int:
    print(f"workspan: {' '.join(message.split())}", file=sys.stderr)  # noqa: T201
    return code


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code.

    Parameters
    ----------
    arguments
        What follows the program's name; ``sys.argv`` if None.
    """
    tokens = sys.argv[1:] if arguments is None else list(arguments)
    gc.set_threshold(20_000, 10, 10)  # of the many terms of a derivation, few are ever garbage
    try:
        return int(
            app.meta(tokens, exit_on_error=False, print_error=False, result_action="return_value")
            or 0
        )
    except CycloptsError as error:
        return _say(f"error: {error}", WRONG)
