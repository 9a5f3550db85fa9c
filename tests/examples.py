"""How many examples a property test draws: few by default, many in the profile thorough."""

from __future__ import annotations

from typing import Any

from hypothesis import settings


def examples(count: int) -> Any:
    """Draw ``count`` examples, or as many times more as the profile draws more than usual."""
    return settings(max_examples=max(1, count * settings.default.max_examples // 100))
