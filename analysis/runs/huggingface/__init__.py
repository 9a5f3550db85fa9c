"""The transformers engine: language models of Hugging Face, built from configurations.

Nothing is downloaded: weights are drawn, or those of the executed graph. Small models run on the
CPU; models of the sizes that were published run on the meta device, where shapes run and no numbers.

transformers is an extra. Importing this package without it is a :class:`MissingExtraError` that
says what to install.
"""

from __future__ import annotations

from importlib.util import find_spec

from ..observations import MissingExtraError

for _library in ("torch", "transformers"):
    if find_spec(_library) is None:
        raise MissingExtraError(
            f'expected {_library} to be installed, it is not: pip install "workspan[transformers]"'
        )
