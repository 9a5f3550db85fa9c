"""Claims: statements about models as data, and what checking them finds."""

from .checking import check, founding, verdict_on
from .reading import Claim, ClaimError, parse, read

__all__ = ["Claim", "ClaimError", "check", "founding", "parse", "read", "verdict_on"]
