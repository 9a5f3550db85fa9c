"""What a sweep came to, in a few lines: points, values, why some are missing, who disagrees.

>>> summary = Summary()
>>> summary.add(Chunk(0, 2, "flop", "proved", measured=("3", "4")))
>>> summary.points, summary.taken["measured"], summary.disagree
(2, 2, 0)
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from .cells import Chunk, disagreements

MOST_REASONS = 1000
"""Different reasons that are counted one by one."""
REST = "for other reasons"


@dataclass(slots=True)
class Summary:
    """Counts over all chunks."""

    points: int = 0
    valued: int = 0
    """Points with a value from a formula."""
    grades: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    """By witness: points at which it was taken."""
    reasons: Counter[str] = field(default_factory=Counter)
    """Why values are missing, with the number of points."""
    disagree: int = 0
    """Points at which witnesses differ."""

    def add(self, chunk: Chunk) -> None:
        """Count the points of a chunk."""
        self.points += len(chunk)
        valued = 0 if chunk.above is None else len(chunk) - len(chunk.missing())
        self.valued += valued
        if valued:
            self.grades[chunk.grade] += valued
        for name, column in (("measured", chunk.measured), ("run", chunk.run)):
            if column is not None:
                self.taken[name] += sum(v is not None for v in column)
        for reason, count in chunk.told_counts():
            known = reason in self.reasons or len(self.reasons) < MOST_REASONS
            self.reasons[reason if known else REST] += count
        self.disagree += disagreements(chunk)

    def watching(self, chunks: Iterable[Chunk]) -> Iterator[Chunk]:
        """Pass chunks on and count them."""
        for chunk in chunks:
            self.add(chunk)
            yield chunk
