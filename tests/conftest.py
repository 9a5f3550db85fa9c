"""Hypothesis profiles: dev, ci (the same examples each time) and thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
"""No wall-clock assertion: a busy machine fails no test."""

settings.register_profile("dev", **COMMON)
settings.register_profile("ci", derandomize=True, database=None, **COMMON)
settings.register_profile("thorough", max_examples=2000, **COMMON)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
