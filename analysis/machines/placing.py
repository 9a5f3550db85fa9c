"""Placing whole models under a roofline: their derived work for each byte of their derived traffic.

No execution that moves so many words does more operations per second than the bandwidth brings
operands for, and none more than each kind of operation has a rate for (Williams, Waterman and
Patterson 2009, *Roofline: an insightful visual performance model*).

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> from .machine import load
>>> sizes = {"n": 4096, "d": 4096, "k": 3}
>>> found = place(trace(CATALOGUE["convolution"]), sizes, load("a100"), "bf16")
>>> found.binds, round(found.intensity), round(found.most / 1e12)
('compute', 1755, 312)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Number, Poly
from ..derivation import Derivation
from ..deriving import derive
from .machine import Machine
from .operations import MATRIX, OperationError
from .task import BYTES


@dataclass(frozen=True, slots=True)
class Place:
    """A model under the roofline of a machine."""

    work: Number
    """Operations."""
    bytes: Fraction
    """Words of the unfused traffic, times the bytes of a word."""
    most: float
    """Operations per second that no execution with this traffic exceeds."""
    binds: str
    """What bounds them: compute or bandwidth."""

    @property
    def intensity(self) -> float:
        """Operations for each byte."""
        return float(self.work / self.bytes)


def place(
    graph: Graph,
    sizes: Mapping[str, int],
    machine: Machine,
    number: str,
    setting: Setting | None = None,
) -> Place:
    """Place a model by its derived work and traffic.

    Parameters
    ----------
    number
        Format of all words, of which the machine has a rate.
    setting
        What is counted.

    Raises
    ------
    OperationError
        If there is no formula of its work or its traffic at these sizes, or either is zero.
    MachineError
        If the machine has no such rate.
    """
    setting = setting or Setting()
    rate, vector = machine.rate(number), machine.rate(number, contraction=False)
    found = {name: derive(name, graph, setting) for name in ("work", "traffic")}
    work, words = (_value(graph, name, one, sizes) for name, one in found.items())
    products = sum(
        _at(cost, sizes) for kind, cost in found["work"].by_primitive.items() if kind in MATRIX
    )
    size = Fraction(words) * BYTES[number]
    compute = float(products) / rate + float(work - products) / vector
    transfer = float(size) / machine.bandwidth
    binds = "compute" if compute >= transfer else "bandwidth"
    return Place(work, size, float(work) / max(compute, transfer), binds)


def _value(graph: Graph, name: str, found: Derivation, sizes: Mapping[str, int]) -> Number:
    if found.formula is None:
        raise OperationError(f"no {name}: {found.reason}")
    low = next((f"{s} >= {v}" for s, v in found.least.items() if sizes.get(s, v) < v), None)
    if low is not None:
        raise OperationError(f"{name} has a formula for {low}")
    value = _at(found.formula, sizes)
    if value <= 0:
        raise OperationError(f"{name} is {value}")
    return value


def _at(cost: Poly, sizes: Mapping[str, int]) -> Number:
    value: Number = cost.evaluate(**{s: sizes[s] for s in cost.sizes})
    return value
