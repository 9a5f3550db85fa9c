"""What a checker raises."""

from __future__ import annotations


class ProofError(Exception):
    """A certificate that does not prove its formula; the message says where it fails."""
