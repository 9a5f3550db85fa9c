"""Where boxes go: columns by depth, order in a column by barycentres, heights by least movement.

Sugiyama, Tagawa and Toda 1981, *Methods for visual understanding of hierarchical system
structures*. Arrows that skip columns pass through places of their own, so that they run around
boxes; heights are a least-squares fit under the order (pool adjacent violators).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

SWEEPS = 12


@dataclass(slots=True)
class Place:
    """A box, or the passage of an arrow through a column."""

    key: str
    column: int
    height: float
    y: float = 0.0
    before: list[Place] = field(default_factory=list, repr=False)
    after: list[Place] = field(default_factory=list, repr=False)


@dataclass(frozen=True, slots=True)
class Layout:
    """Heights of boxes and of the passages of arrows."""

    y: Mapping[str, float]
    """Centres, by box."""
    passages: Mapping[tuple[str, str], tuple[tuple[int, float], ...]]
    """For each arrow the columns that it passes through, with heights."""
    top: float
    bottom: float


def lay_out(
    columns: Mapping[str, int],
    heights: Mapping[str, float],
    arrows: Sequence[tuple[str, str]],
    *,
    gap: float = 16.0,
) -> Layout:
    """Place boxes whose columns are known.

    Parameters
    ----------
    columns
        The column of each box; every arrow runs from a lower to a higher one.
    heights
        The height of each box.
    arrows
        Source and target.
    gap
        The least distance between two boxes of a column.
    """
    places = {name: Place(name, column, heights[name]) for name, column in columns.items()}
    passages = {arrow: _connect(places, arrow) for arrow in dict.fromkeys(arrows)}
    count = max(columns.values(), default=0) + 1
    ranks: list[list[Place]] = [[] for _ in range(count)]
    for place in [*places.values(), *(p for path in passages.values() for p in path)]:
        ranks[place.column].append(place)
    _order(ranks)
    _settle(ranks, gap)
    everything = [p for rank in ranks for p in rank]
    return Layout(
        {name: p.y for name, p in places.items()},
        {arrow: tuple((p.column, p.y) for p in path) for arrow, path in passages.items()},
        min((p.y - p.height / 2 for p in everything), default=0.0),
        max((p.y + p.height / 2 for p in everything), default=0.0),
    )


def _connect(places: Mapping[str, Place], arrow: tuple[str, str]) -> list[Place]:
    source, target = (places[name] for name in arrow)
    path = [Place("", column, 4.0) for column in range(source.column + 1, target.column)]
    chain = [source, *path, target]
    for left, right in pairwise(chain):
        left.after.append(right)
        right.before.append(left)
    return path


def _order(ranks: list[list[Place]]) -> None:
    """Order columns by the mean place of neighbours, left to right and back, keeping the best."""
    best, fewest = [list(r) for r in ranks], _crossings(ranks)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for rank in ranks[1:] if forward else ranks[-2::-1]:
            rank.sort(key=_barycentre(ranks, forward))
        crossings = _crossings(ranks)
        if crossings < fewest:
            best, fewest = [list(r) for r in ranks], crossings
    for rank, kept in zip(ranks, best, strict=True):
        rank[:] = kept


def _barycentre(ranks: list[list[Place]], forward: bool) -> Callable[[Place], float]:
    index = {id(p): (k + 0.5) / len(rank) for rank in ranks for k, p in enumerate(rank)}

    def centre(place: Place) -> float:
        neighbours = place.before if forward else place.after
        if not neighbours:
            return index[id(place)]
        return sum(index[id(p)] for p in neighbours) / len(neighbours)

    return centre


def _crossings(ranks: list[list[Place]]) -> int:
    total = 0
    for rank, following in pairwise(ranks):
        index = {id(p): k for k, p in enumerate(following)}
        ends = [(k, index[id(q)]) for k, p in enumerate(rank) for q in p.after if id(q) in index]
        total += sum(a < c and b > d for a, b in ends for c, d in ends)
    return total


def _settle(ranks: list[list[Place]], gap: float) -> None:
    """Move each place towards its neighbours as far as the order and the gaps allow."""
    for rank in ranks:
        _fit(rank, [0.0] * len(rank), gap)
    for sweep in range(SWEEPS):
        for rank in ranks if sweep % 2 == 0 else ranks[::-1]:
            _fit(rank, [_wanted(p) for p in rank], gap)


def _wanted(place: Place) -> float:
    neighbours = [*place.before, *place.after]
    return sum(p.y for p in neighbours) / len(neighbours) if neighbours else place.y


def _fit(rank: Sequence[Place], wanted: Sequence[float], gap: float) -> None:
    """Least squares under y[k+1] - y[k] >= distance: pool adjacent violators."""
    offsets, reach = [], 0.0
    for k, place in enumerate(rank):
        if k:
            reach += (rank[k - 1].height + place.height) / 2 + gap
        offsets.append(reach)
    pools: list[tuple[float, int]] = []
    for target, offset in zip(wanted, offsets, strict=True):
        total, count = target - offset, 1
        while pools and pools[-1][0] / pools[-1][1] > total / count:
            before = pools.pop()
            total, count = total + before[0], count + before[1]
        pools.append((total, count))
    levels = [total / count for total, count in pools for _ in range(count)]
    for place, level, offset in zip(rank, levels, offsets, strict=True):
        place.y = round(level + offset, 2)
