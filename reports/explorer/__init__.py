"""The explorer of a page: a reader chooses sizes and a setting, and every figure is computed there."""

from .section import explorer
from .style import EXPLORE

__all__ = ["EXPLORE", "SCRIPTS", "explorer"]

SCRIPTS = (
    "elements",
    "exact",
    "formulas",
    "signs",
    "address",
    "crossovers",
    "curves",
    "ranking",
    "brent",
    "controls",
    "results",
    "along",
    "explorer",
)
"""What runs in it, in this order."""
