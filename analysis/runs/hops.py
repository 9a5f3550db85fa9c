"""Reads of another position: how many hops a scalar is away from the inputs, and when it is known.

>>> from .counting import ROWS, counting
>>> x = Counted(2.0, reach=np.zeros((ROWS, 1)), time=0)
>>> with counting(boundary=1) as tally:
...     h = carry(carry(hop(x)))
>>> h.time, h.layer, float(h.reach[HOPS, 0]), [kept is x for kept in tally.kept.values()]
(2, 2, 3.0, [True])
"""

from __future__ import annotations

import numpy as np

from .counting import BEFORE, CARRIED, HOPS, Counted, active, advance, view

_HOP = np.array([[0.0], [0.0], [0.0], [1.0], [0.0]])


def hop(x: Counted) -> Counted:
    """Return `x` as another position reads it: one hop farther from the inputs."""
    return view(x, None if x.reach is None else x.reach + _HOP, x.time)


def carry(x: Counted, leap: int = 1) -> Counted:
    """Return `x` some positions later: a hop, a step in unit layer, and known there only.

    What depends on no position of the outputs' sequence stays known from before its start.
    """
    moved = advance(hop(x), layer=1)
    if x.time <= BEFORE:
        return moved
    if x.time + leap >= active().boundary:
        active().keep(x)
    return view(moved, moved.reach, x.time + leap)


def hop_in_scan(x: Counted) -> Counted:
    """Return `x` as a later element of a scan reads it: all rounds together are one hop."""
    if x.reach is None:
        return x
    reach = x.reach.copy()
    reach[CARRIED] = np.minimum(x.reach[CARRIED], x.reach[HOPS] + 1.0)
    reach[HOPS] = np.inf
    return view(x, reach, x.time)


def leave_scan(x: Counted) -> Counted:
    """Return `x` after the last round of a scan, whose hop is like any other from there on."""
    if x.reach is None:
        return x
    reach = x.reach.copy()
    reach[HOPS] = np.minimum(x.reach[HOPS], x.reach[CARRIED])
    reach[CARRIED] = np.inf
    return view(x, reach, x.time)
