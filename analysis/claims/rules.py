"""The relations that a claim may state, one rule each: what is derived, searched, measured and run.

A rule looks at one model in one setting and says whether the relation holds there, and why. The
verdict on a claim is made of all of them, in ``checking``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from . import comparing, growing, structure
from .finding import Finding
from .subjects import Case

Rule = Callable[[Case], Finding]

RELATIONS: Mapping[str, Rule] = {
    "equals": comparing.equals,
    "at most": comparing.at_most,
    "at least": comparing.no_less,
    "within": comparing.within,
    "to leading order": comparing.leads,
    "tends to": comparing.tends,
    "Theta": growing.theta_of,
    "O": growing.big_o,
    "no more than": comparing.no_more,
    "cheaper than": comparing.cheaper,
    "connects up to": structure.connects,
    "grows with distance": structure.local,
    "permutation equivariant": structure.equivariant,
}
"""Relations by the name that a claims file uses."""

BEYOND: Mapping[str, str] = {
    "all algorithms": "it bounds all algorithms for a problem, and a graph is one of them",
    "expressivity": "it says what some weights can compute, and a graph says what any weights cost",
    "trained weights": "it says what trained weights do on data, and a graph has no data",
    "machine": "it is about a machine's bandwidth and speed, and a graph has none",
    "another algorithm": "it is about an algorithm that is no model of the catalogue",
    "definition": "it defines a number that no figure of a graph depends on",
    "number without a model": "the configuration behind the number is not published as a whole",
}
"""Kinds of statements for which there is no rule, and why."""
