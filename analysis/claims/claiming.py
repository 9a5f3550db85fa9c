"""The decorator by which a model function carries claims about itself.

>>> @claim("span is Theta(n) with unit layer")
... def identity(x):
...     return x
>>> [c.statement for c in claims_of(identity)]
['span is Theta(n) with unit layer']
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .sentences import claim_of_sentence
from .statements import Claim

Model = TypeVar("Model", bound=Callable[..., Any])
CARRIED = "__workspan_claims__"


def claim(sentence: str, *, source: str = "") -> Callable[[Model], Model]:
    """Claim something of a model; each claim is one test when pytest runs.

    Parameters
    ----------
    sentence
        A figure, a relation and a formula, such as ``span of my_layer is Theta(log n)``; after it
        ``in n`` (what grows), ``for w <= n`` (for which sizes) and ``with unit scalar, mode train``
        (the setting).
    source
        Where it is claimed.

    Raises
    ------
    ClaimError
        If it is no such sentence; the message quotes it.
    """

    def carry(model: Model) -> Model:
        found = claim_of_sentence(sentence, model, source=source)
        setattr(model, CARRIED, (found, *claims_of(model)))
        return model

    return carry


def claims_of(model: Any) -> tuple[Claim, ...]:
    """Return what a model claims of itself, in the order in which it is written."""
    found: tuple[Claim, ...] = getattr(model, CARRIED, ())
    return found
