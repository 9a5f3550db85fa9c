"""Sweeps that several tests use."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from workspan.analysis.sweeping.planning import Plan, planned
from workspan.analysis.sweeping.spec import convert

SMALL: Mapping[str, Any] = {
    "models": ["lstm", "causal_windowed_attention", "bidirectional_lstm"],
    "figures": ["work", "span", "state", "parallelism"],
    "sizes": {"n": {"from": 1, "to": 16, "factor": 2}, "d": [3, 10**9], "w": [2, 4]},
    "setting": {"unit": ["tensor", "scalar"], "mac": [1, 2]},
}
"""Whole numbers, large ones, fractions, and models without a state."""


def plan_of(**changes: Any) -> Plan:
    """Lay out the small sweep with some fields changed."""
    return planned(convert({**SMALL, **changes}))


def write_toml(path: Path, spec: Mapping[str, Any]) -> Path:
    """Write a sweep as a TOML file; values are written as JSON, which TOML reads here."""
    import json

    def shown(value: Any) -> str:
        if isinstance(value, Mapping):
            return "{ " + ", ".join(f"{k} = {shown(v)}" for k, v in value.items()) + " }"
        return json.dumps(value)

    path.write_text("".join(f"{k} = {shown(v)}\n" for k, v in spec.items()), encoding="utf-8")
    return path
