"""The torch engine: modules of torch.nn with the weights of the executed graph, and what they show.

PyTorch is an extra. Importing this package without it is a :class:`MissingExtraError` that says what to
install; nothing outside imports it before it is asked to run something.
"""

from __future__ import annotations

from importlib.util import find_spec

from ..observations import MissingExtraError

if find_spec("torch") is None:
    raise MissingExtraError(
        'expected torch to be installed, it is not: pip install "workspan[torch]"'
    )
