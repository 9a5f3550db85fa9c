"""The derivations that stand behind a claim: every figure that it speaks of, with its steps."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ...graphs.graph import GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ..derivation import Derivation
from ..figures import NAMES
from .checking import EXPERIMENTS, cases
from .statements import Claim, Quantity
from .subjects import Case, Models, figure_of

DERIVED = (*NAMES, "intermediate")
WORD = re.compile(r"[A-Za-z]\w*")


@dataclass(frozen=True, slots=True)
class Worked:
    """One figure of one model in one setting, as it was derived."""

    figure: str
    model: str
    options: tuple[tuple[str, int | str], ...]
    """At which sizes the model was traced, besides its own."""
    recompute: str
    setting: Setting
    found: Derivation


def derivations_of(claim: Claim, models: Models | None = None) -> tuple[Worked, ...]:
    """Derive all that a claim speaks of, each figure of a model in a setting once."""
    if claim.beyond or claim.figure in EXPERIMENTS:
        return ()
    found: dict[object, Worked] = {}
    for case in cases(claim, models or {}):
        for quantity in spoken_of(case):
            worked = _worked(case, quantity)
            if worked is not None:
                key = (worked.figure, worked.model, worked.options, worked.recompute)
                found.setdefault((*key, worked.setting), worked)
    return tuple(found.values())


def spoken_of(case: Case) -> Iterator[Quantity]:
    """Yield the figures on both sides of a case."""
    claim = case.claim
    if claim.relation == "no more than":
        yield Quantity(case.figure, model=claim.value)
    texts = (claim.left, claim.value, claim.within, claim.when, *claim.symbols.values())
    used = {name for text in texts for name in WORD.findall(text)}
    if not claim.left:
        yield Quantity(case.figure)
    yield from (q for name, q in claim.quantities.items() if name in used)


def _worked(case: Case, quantity: Quantity) -> Worked | None:
    if quantity.figure not in DERIVED:
        return None
    try:
        graph, setting = case.subject(quantity)
        found = figure_of(quantity.figure, graph, setting)
    except (GraphError, SizeError, ArithmeticError) as error:
        setting = case.setting.but(**quantity.setting)
        found = Derivation(None, reason=str(error))
    options = tuple(sorted({**case.claim.options, **quantity.options}.items()))
    axis = quantity.recompute or case.claim.recompute
    return Worked(quantity.figure, quantity.model or case.model, options, axis, setting, found)
