"""Hypothesis profiles: dev, ci (the same examples each time) and thorough; and what makes runs short."""

from __future__ import annotations

import gc
import os

import pytest
from hypothesis import HealthCheck, settings

USUAL = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
"""No wall-clock assertion: a busy machine fails no test."""

settings.register_profile("dev", USUAL)
settings.register_profile("ci", USUAL, derandomize=True, database=None)
settings.register_profile("thorough", USUAL, max_examples=2000)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

os.environ.setdefault("OMP_NUM_THREADS", "1")
"""Small models gain nothing from more threads, and wait for them where tests run side by side."""


def pytest_collection_finish(session: pytest.Session) -> None:
    """Collect garbage less often, and never what is there before the first test.

    Formulas are many small objects without cycles: looking through them took a quarter of the time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 10, 10)
