"""Relations about random graphs: numeric experiments with a seed, a sample size and a tolerance."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from .finding import Finding
from .random_graphs import Drawn, RandomGraphs, taken


def disconnected(what: RandomGraphs, found: Drawn) -> Finding:
    """Almost no graph of the largest size is connected."""
    return _share(what, found, found.connected[-1] <= what.tolerance, "connected")


def connected(what: RandomGraphs, found: Drawn) -> Finding:
    """Almost every graph of the largest size is connected."""
    return _share(what, found, found.connected[-1] >= 1 - what.tolerance, "disconnected")


def logarithmic(what: RandomGraphs, found: Drawn) -> Finding:
    """Shortest paths in the largest component follow log n better than a power of n."""
    logs = np.log2(what.sizes)
    fits = {
        "log n": _left_over(logs, np.array(found.paths)),
        "sqrt n": _left_over(np.sqrt(what.sizes), np.array(found.paths)),
        "n": _left_over(np.array(what.sizes, dtype=float), np.array(found.paths)),
    }
    best = min(fits, key=lambda name: fits[name])
    slope = (found.paths[-1] - found.paths[0]) / (logs[-1] - logs[0])
    told = ", ".join(f"{p:.2f} at n={n}" for p, n in zip(found.paths, what.sizes, strict=True))
    text = (
        f"mean shortest path {told}: {slope:.2f} more for each doubling, a line in {best} leaves "
        f"the least ({', '.join(f'{k}: {v:.2g}' for k, v in fits.items())}){_said(what)}"
    )
    right = "" if best == "log n" else f"the mean shortest path grows as {best} at these sizes"
    return Finding(best == "log n", False, text, corrected=right)


def two(what: RandomGraphs, found: Drawn) -> Finding:
    """No distance is above two."""
    text = f"the largest distance is {max(found.diameters)}{_said(what)}"
    right = "" if max(found.diameters) <= 2 else f"distances up to {max(found.diameters)} occur"
    return Finding(max(found.diameters) <= 2, False, text, corrected=right)


def _left_over(x: np.ndarray, y: np.ndarray) -> float:
    """Return the root mean square that a straight line leaves."""
    return float(np.sqrt(np.mean((np.polyval(np.polyfit(x, y, 1), x) - y) ** 2)))


def _share(what: RandomGraphs, found: Drawn, holds: bool, otherwise: str) -> Finding:
    shares = ", ".join(
        f"{share:.0%} at n={n}" for share, n in zip(found.connected, what.sizes, strict=True)
    )
    text = (
        f"connected: {shares}; nodes without an edge at n={what.sizes[-1]}: "
        f"{found.isolated[-1]:.1f} of {what.sizes[-1]}, in the largest component "
        f"{found.largest[-1]:.1%}{_said(what)}"
    )
    if holds:
        return Finding(True, False, text)
    apart = 1.0 if otherwise == "disconnected" else 0.0
    shares_apart = [abs(apart - share) for share in found.connected]
    first = next(
        n for n, share in zip(what.sizes, shares_apart, strict=True) if share > what.tolerance
    )
    right = f"{shares_apart[-1]:.0%} of the graphs with n={what.sizes[-1]} are {otherwise}"
    return Finding(False, False, text, (), {"n": first}, right)


def _said(what: RandomGraphs) -> str:
    return (
        f" ({what.samples} graphs of each size, {what.kind}, degree {what.degree}, seed {what.seed}, "
        f"tolerance {what.tolerance})"
    )


CHANCES: Mapping[str, Callable[[RandomGraphs, Drawn], Finding]] = {
    "disconnected": disconnected,
    "connected": connected,
    "paths of order log n": logarithmic,
    "diameter at most two": two,
}
"""What may be claimed of random graphs."""


def chance(relation: str, what: RandomGraphs) -> Finding:
    """Draw the graphs and hold the claim against them."""
    return CHANCES[relation](what, taken(what))
