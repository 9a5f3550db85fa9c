"""What can go wrong with a sweep; every message is one line that says what was kept."""

from __future__ import annotations


class SweepError(ValueError):
    """A sweep that makes no sense or cannot go on; the message names the field or the way out."""
