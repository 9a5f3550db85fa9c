"""What the derivations say of an observation: the right figure, setting, line and sizes.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> from ..runs.observations import Source
>>> graph, source = trace(CATALOGUE["causal_attention"]), Source("numpy", "2", "plain code")
>>> seen = Observation("work", {"n": 4, "d": 2, "h": 1}, 0, source, part="contraction masked")
>>> found = expected(graph, seen)
>>> str(found.formula), found.value
('8*d**2*n + 2*d*n**2 + 2*d*n', 208)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ...graphs.graph import Graph
from ...graphs.setting import CHOICES, Setting
from ...graphs.sizes import Poly, SizeError, poly, summed
from ...graphs.unrolling import TooLargeError
from ..derivation import Derivation
from ..deriving import RULES, derive
from ..figures import Number
from ..measured.paths import reach
from ..runs.observations import Observation
from ..runs.pairs import bits

Sizes = Mapping[str, int]

AXES = ("mode", "unit", "pairs")
"""Axes of a setting that a line of a figure may name the value of."""

LINES: Mapping[str, tuple[str, ...]] = {
    "contraction": ("contraction",),
    "elementwise": ("map",),
    "reduction": ("reduction",),
    "softmax": ("softmax",),
    "scan": ("associative_scan",),
    "fft": ("fourier",),
    "sort": ("sort",),
    "map": ("map",),
    "associative_scan": ("associative_scan",),
    "fourier": ("fourier",),
}
"""The primitives that a line of work is about."""

TRAINED = ("activations",)
"""Figures of the mode train."""

WAYS = ("fused", "stored")
"""Words that say how a number was taken, and not of what."""


@dataclass(frozen=True, slots=True)
class Expected:
    """What an observation is held against."""

    value: Number | None
    formula: Poly | None = None
    reason: str = ""
    """Why there is no value."""


def expected(graph: Graph, seen: Observation) -> Expected:
    """Derive what an observation should have seen.

    Parameters
    ----------
    graph
        The model's, symbolic in the sizes of the observation.
    seen
        Its part is a list of words: values of the setting (masked, scalar, train), a line of work
        (contraction), or ``slope n``, by how much the figure grows from n to n + 1.
    """
    if seen.figure == "outputs":
        return Expected(0)
    if seen.figure == "dependence":
        return _reached(graph, seen)
    if seen.figure not in RULES:
        return Expected(None, reason=f"{seen.figure} has no derivation")
    setting, rest, grows = read(seen)
    derivation = derive(seen.figure, graph, setting)
    formula, reason = _line(derivation, rest)
    if formula is not None and rest == ["contraction"] and seen.source.library == "numpy":
        # Plain code counts multiply-adds: there a product without a sum is an elementwise one.
        formula = formula - derivation.details.get("products", poly(0))
    if formula is None:
        return Expected(None, reason=reason)
    at = {**graph.sizes, **seen.at}
    value = _value(derivation, formula, at)
    if grows is not None and value is not None:
        after = _value(derivation, formula, {**at, grows: at[grows] + 1})
        value = None if after is None else after - value
    if value is None:
        domain = derivation.domain(tuple(sorted({*formula.sizes, *derivation.least})))
        return Expected(None, formula, f"the formula holds for {domain}")
    return Expected(value, formula)


def read(seen: Observation) -> tuple[Setting, list[str], str | None]:
    """Read the part of an observation: its setting, the line, and the size that a slope is in."""
    words = seen.part.split()
    grows = words[words.index("slope") + 1] if "slope" in words else None
    words = [w for w in words if w not in {"slope", grows, *WAYS}]
    found = {axis: word for axis in AXES for word in words if word in CHOICES[axis]}
    trained: dict[str, Any] = {"mode": "train"} if seen.figure in TRAINED else {}
    rest = [w for w in words if not any(w in CHOICES[axis] for axis in AXES)]
    return Setting().but(**trained, **found), rest, grows


def _line(derivation: Derivation, words: list[str]) -> tuple[Poly | None, str]:
    """Return the formula of a line of a figure, or of the whole if no line is named."""
    if derivation.formula is None:
        return None, derivation.reason or "no formula was found"
    if not words:
        return derivation.formula, ""
    if len(words) > 1 or words[0] not in LINES:
        return None, f"there is no line {' '.join(words)} to hold it against"
    return summed(derivation.by_primitive.get(name, poly(0)) for name in LINES[words[0]]), ""


def _value(derivation: Derivation, formula: Poly, at: Sizes) -> Number | None:
    if any(at.get(s, v) < v for s, v in derivation.least.items()):
        return None
    return formula.evaluate(**{s: at[s] for s in formula.sizes})


def _reached(graph: Graph, seen: Observation) -> Expected:
    """Return the pairs that are connected in the unrolled graph, as a number."""
    try:
        columns = reach(graph, {**graph.sizes, **seen.at})[seen.part]
    except (TooLargeError, SizeError) as error:
        return Expected(None, reason=str(error))
    pairs = [
        (j, i) for i, row in enumerate(columns) for j in range(row.bit_length()) if row >> j & 1
    ]
    return Expected(bits(pairs))
