"""How many examples a property test draws: few by default, many in the profile thorough."""

from __future__ import annotations

from hypothesis import settings


def examples(count: int) -> settings:
    """Draw ``count`` examples, or as many times more as the profile draws more than usual."""
    usual = settings.default.max_examples if settings.default is not None else 100
    return settings(max_examples=max(1, count * usual // 100))
