"""The setting of a figure: the cost model, stated, with defaults, and carried by every figure.

>>> Setting(unit="scalar").describe()
'encode, unit scalar, reduction tree, scope layer, pairs dense, mac 2'
>>> Setting(unit="furlong")
Traceback (most recent call last):
    ...
workspan.graphs.setting.SettingError: expected unit to be one of layer, tensor, ... got 'furlong'
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

CHOICES: dict[str, tuple[object, ...]] = {
    "mode": ("encode", "prefill", "decode", "generate", "train"),
    "unit": ("layer", "tensor", "scalar", "unbounded"),
    "reduction": ("tree", "sequential"),
    "scope": ("mixing", "layer", "block", "model"),
    "pairs": ("dense", "masked"),
    "mac": (1, 2),
}


class SettingError(ValueError):
    """A setting that does not exist."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is counted, and in which unit."""

    mode: str = "encode"
    """encode: the whole sequence is known; prefill: the same for a causal model; decode: one more
    token; generate: every output is the next input; train: needs a backward graph."""
    unit: str = "tensor"
    """layer: entering a layer and each step of a recurrence; tensor: one array operation; scalar:
    fan-in two; unbounded: any fan-in."""
    reduction: str = "tree"
    """tree: m terms take ceil(log2 m) scalar steps; sequential: m - 1."""
    scope: str = "layer"
    """mixing: only what mixes positions; layer: with its projections; block: with position-wise
    layers; model: with embeddings and logits. A graph is counted as far as it goes: a layer has no
    block around it."""
    pairs: str = "dense"
    """dense: masked pairs are computed and thrown away; masked: only allowed pairs are computed."""
    mac: int = 2
    """Operations per multiply-add."""

    def __post_init__(self) -> None:
        for name, allowed in CHOICES.items():
            value = getattr(self, name)
            if value not in allowed:
                choices = ", ".join(str(a) for a in allowed)
                raise SettingError(f"expected {name} to be one of {choices}, got {value!r}")

    def but(self, **changes: Any) -> Setting:
        """Return the same setting with some axes changed."""
        unknown = sorted(set(changes) - set(CHOICES))
        if unknown:
            raise SettingError(f"expected one of {', '.join(CHOICES)}, got {unknown[0]!r}")
        return replace(self, **changes)

    def describe(self) -> str:
        """One line of text."""
        return (
            f"{self.mode}, unit {self.unit}, reduction {self.reduction}, scope {self.scope}, "
            f"pairs {self.pairs}, mac {self.mac}"
        )

    def as_dict(self) -> dict[str, Any]:
        """Return the axes by name."""
        return {f.name: getattr(self, f.name) for f in fields(self)}
