"""Claims as sentences, for tests: a figure, a relation, a formula, and for which sizes.

>>> def my_layer(x):
...     return x
>>> found = claim_of_sentence("span is Theta(log n) with unit scalar", my_layer)
>>> found.figure, found.relation, found.value, found.sizes
('span', 'Theta', 'ceil(log2(n))', ('n',))
>>> claim_of_sentence("state is at most 2 w d for w <= n", my_layer).domain
('w <= n',)
>>> claim_of_sentence("it is fast", my_layer)
Traceback (most recent call last):
    ...
workspan.analysis.claims.reading.ClaimError: 'it is fast': expected a figure such as span, got 'it'
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ...graphs.setting import CHOICES
from ...graphs.sizes import poly
from ..figures import NAMES, TITLES
from .reading import ClaimError
from .statements import Claim, Tried

LONGEST = 500
SENTENCE = re.compile(
    r"(?:the )?(?P<figure>[a-z_ ]+?)(?: of (?P<model>\w+))? (?:"
    r"is (?P<order>Theta|O)\((?P<inside>.+)\)"
    r"|(?:is )?(?P<bound>at most|at least) (?P<limit>.+)"
    r"|(?:is|equals|=) (?P<same>.+))"
)
FIGURES = {**{title: name for name, title in TITLES.items()}, **{name: name for name in NAMES}}


def claim_of_sentence(text: str, model: Callable[..., Any], *, source: str = "") -> Claim:
    """Read a sentence about a model.

    Parameters
    ----------
    text
        Such as ``span of my_layer is Theta(log n)``, ``state is at most 2*w*d for w <= n`` or
        ``work is O(n d^2) in n with mode train, scope mixing``.
    model
        The model function.
    source
        Where it is claimed.

    Raises
    ------
    ClaimError
        If it is no such sentence; the message quotes it.
    """
    from .validating import validate

    said, name = f"{text[:80]!r}", model.__name__
    if len(text) > LONGEST:
        raise ClaimError(f"{said}: expected at most {LONGEST} characters")
    head, setting = _cut(" ".join(text.split()).rstrip("."), " with ")
    head, domain = _cut(head, " for ")
    head, sizes = _cut(head, " in ")
    found = SENTENCE.fullmatch(head)
    if found is None:
        raise ClaimError(f"{said}: expected a sentence such as 'span is Theta(log n)'")
    if found["figure"] not in FIGURES:
        raise ClaimError(f"{said}: expected a figure such as span, got {found['figure']!r}")
    if found["model"] not in (None, name):
        raise ClaimError(f"{said}: expected a sentence about {name}, got {found['model']}")
    value = formula(found["inside"] or found["limit"] or found["same"])
    claim = Claim(
        id=re.sub(r"[^a-z0-9]+", "-", head.lower()).strip("-")[:80],
        statement=text,
        source=source,
        models=(name,),
        figure=FIGURES[found["figure"]],
        relation=found["order"] or found["bound"] or "equals",
        value=value,
        domain=tuple(part.strip() for part in domain.split(" and ")) if domain else (),
        settings=(_setting(said, setting),),
    )
    validate(said, claim, {name: model})
    named = tuple(part.strip() for part in sizes.split(",")) if sizes else ()
    alone = poly(value).sizes or ("n",)
    growing = named or (alone if len(alone) == 1 else ())
    return _with_sizes(claim, growing) if found["order"] else claim


def formula(text: str) -> str:
    """Write a formula as people do in Python syntax: products without a sign, logarithms.

    >>> formula("n log n"), formula("4 n^2 d"), formula("log2(n + 1)")
    ('n*ceil(log2(n))', '4*n^2*d', 'ceil(log2(n + 1))')
    """
    plain = re.sub(r"\blog2?\s+(\w+)", r"log(\1)", text.strip())
    if "ceil(" not in plain:
        plain = re.sub(r"\blog2?\(([^()]*)\)", r"ceil(log2(\1))", plain)
    return re.sub(r"(?<=[\w)])\s+(?=[\w(])", "*", plain)


def _cut(text: str, word: str) -> tuple[str, str]:
    head, _, tail = text.partition(word)
    return head, tail.strip()


def _setting(said: str, text: str) -> Tried:
    axes: dict[str, Any] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, _, value = part.partition(" ")
        if name not in CHOICES:
            raise ClaimError(f"{said}: expected one of {', '.join(CHOICES)}, got {name!r}")
        axes[name] = int(value) if value.isdecimal() and len(value) < 3 else value
    return Tried(**axes)


def _with_sizes(claim: Claim, sizes: tuple[str, ...]) -> Claim:
    import msgspec

    return msgspec.structs.replace(claim, sizes=sizes)
