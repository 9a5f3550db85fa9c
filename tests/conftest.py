"""Hypothesis profiles: dev, ci (the same examples each time) and thorough."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

USUAL = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No wall-clock assertion: a busy machine fails no test."""

settings.register_profile("dev", USUAL)
settings.register_profile("ci", USUAL, derandomize=True, database=None)
settings.register_profile("thorough", USUAL, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
