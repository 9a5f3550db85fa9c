"""Claims: statements about models as data, and what checking them finds."""

from .checking import check, verdict_on
from .claiming import claim
from .literature import FAMILIES, claim_of, founding, literature, of_family
from .reading import ClaimError, parse, read
from .statements import Claim

__all__ = [
    "FAMILIES",
    "Claim",
    "ClaimError",
    "check",
    "claim",
    "claim_of",
    "founding",
    "literature",
    "of_family",
    "parse",
    "read",
    "verdict_on",
]
