"""Words of captions: sizes, and how what is drawn relates to what is derived."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from ..pictures.panels import COLUMNS
from ..tables.sheet import at_text, number_text

if TYPE_CHECKING:
    from ...analysis.derivation import Derivation
    from ...graphs.sizes import Number


def sizes_told(found: Mapping[str, Mapping[str, int]]) -> Iterable[str]:
    """Say at which sizes: those that models share, and those of each that has others."""
    common: dict[str, int] = {}
    for at in found.values():
        for name, value in at.items():
            common.setdefault(name, value)
    yield f"At {at_text(common)}."
    for model, at in found.items():
        others = {s: v for s, v in at.items() if common[s] != v}
        if others:
            yield f"{model} at {at_text(others)}."


def value_of(found: Derivation, at: Mapping[str, int]) -> Number | None:
    """Return what is derived at sizes; None if nothing is."""
    if found.formula is None or any(at.get(s, v) < v for s, v in found.least.items()):
        return None
    value: Number = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    return value


def workspace_told(found: Derivation, at: Mapping[str, int], peak: int) -> str:
    """Say what the workspace is for all sizes, and whether it is what was seen."""
    if found.formula is None:
        return f"no formula: {found.reason}"
    value = value_of(found, at)
    differs = "" if value in (None, peak) else f", which DISAGREES: {number_text(value)}"
    return f"{found.formula} ({found.grade}{_from(found, value)}){differs}"


def way_told(found: Derivation, at: Mapping[str, int], longest: int) -> str:
    """Say what the longest way of a gradient is for all sizes, and whether more was seen."""
    if found.formula is None:
        return f"no formula: {found.reason}"
    value, formula = value_of(found, at), str(found.formula)
    shown = formula if value is None or not found.formula.sizes else f"{formula} = {value:,}"
    differs = "" if value is None or value >= longest else f", DISAGREES with {longest:,}"
    return f"at most {shown}, {found.grade}{_from(found, value)}{differs}"


def _from(found: Derivation, value: Number | None) -> str:
    """Say from which sizes on a formula holds, if it does not at those that are shown."""
    least = " and ".join(f"{s} >= {v}" for s, v in found.least.items() if v > 1)
    return f" for {least}" if value is None else ""


def parted(steps: int, what: str) -> str:
    """Say what is drawn of so many steps, if not all are."""
    parted = f" Where there are more than {COLUMNS}, {what} so many equal parts is drawn."
    return parted if steps > COLUMNS else ""


def short(line: str) -> str:
    """Return the name of an equation, without those of what it is in if it is long."""
    return line if len(line) <= 20 else line.rpartition(".")[2]
