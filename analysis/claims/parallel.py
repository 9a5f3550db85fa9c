"""Checking many claims with several processes; the order of verdicts is that of the claims."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor

from ..figures import Verdict
from .statements import Claim

PART = 8
"""Claims that a process takes at once: neighbours speak of the same models."""


def verdicts_of(
    claims: Sequence[Claim], processes: int, progress: Callable[[str], None] | None = None
) -> list[Verdict]:
    """Check claims about models of the catalogue."""
    parts = [claims[k : k + PART] for k in range(0, len(claims), PART)]
    found: list[Verdict] = []
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(min(processes, len(parts)), context) as pool:
        try:
            for verdicts in pool.map(_part, parts):
                found.extend(verdicts)
                if progress is not None:
                    progress(f"{len(found)} of {len(claims)}: {found[-1].claim}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found


def _part(claims: Sequence[Claim]) -> list[Verdict]:
    from .checking import verdict_on

    return [verdict_on(claim) for claim in claims]
