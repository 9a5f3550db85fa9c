"""The experiments that come with workspan.

Each is fixed before it is run: its digest is in the record, and a definition that has changed has no
result until it is run again.

>>> sorted(NAMES)[:3]
['adding', 'copying', 'copying-distance']
>>> define("adding").sizes
(20, 40, 80)
"""

from __future__ import annotations

import difflib
import functools
from collections.abc import Callable, Mapping

from ..runs.errors import UnknownNameError
from . import on_learning, on_memory, on_signal
from .definition import Definition, quick


@functools.cache
def define(name: str) -> Definition:
    """Return an experiment by its name; ``adding-quick`` is the quick form of ``adding``.

    Raises
    ------
    UnknownNameError
        If there is none of that name.
    """
    plain = name.removesuffix("-quick")
    if plain not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise UnknownNameError(f"expected one of {', '.join(NAMES)}, got {name!r}{hint}")
    found = NAMES[plain]()
    return found if plain == name else quick(found)


NAMES: Mapping[str, Callable[[], Definition]] = {
    "gradient": on_signal.gradient,
    "position": on_signal.position,
    "locality": on_signal.locality,
    "copying": on_memory.copying,
    "copying-distance": on_memory.copying_distance,
    "recall": on_memory.recall,
    "recall-distance": on_memory.recall_distance,
    "adding": on_learning.adding,
    "data-local": functools.partial(
        on_learning.data, "data-local", "what is next to each other", 1, (8, 16, 32, 128)
    ),
    "data-distant": functools.partial(
        on_learning.data, "data-distant", "what is far apart", 15, (32, 128, 512, 2048)
    ),
}
"""What makes each experiment; predictions are derived when it is asked for."""
