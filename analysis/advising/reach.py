"""How far an output sees: back and ahead, as formulas from certified pieces.

>>> from ..api import graph_of
>>> reach(graph_of("causal_windowed_attention")).text
'w - 1 positions back'
>>> reach(graph_of("lstm")).text
'all positions before'
"""

from __future__ import annotations

from dataclasses import dataclass

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, maximum, poly
from ..derivation import Derivation
from ..deriving import derive
from ..memory import once
from ..proofs.errors import ProofError
from ..proofs.lengths import FieldCertificate, connected, reaches


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back and ahead an output depends on inputs of its own sequence."""

    back: Poly | None = None
    """None: all positions before, or not known."""
    ahead: Poly | None = None
    """None: all positions after, or not known."""
    text: str = ""
    evidence: tuple[str, ...] = ()
    reason: str = ""
    """Why it is not known; empty if it is."""

    @property
    def bounded(self) -> bool:
        """Whether both are known and neither is everything."""
        return not self.reason and self.back is not None and self.ahead is not None


@once
def reach(graph: Graph) -> Reach:
    """Read off the certificate of the receptive field how far an output sees."""
    found = derive("receptive_field", graph, Setting())
    if not isinstance(found.certificate, FieldCertificate):
        return _without_sides(graph, found)
    paths = found.certificate.paths
    backs: list[Poly | None] = []
    aheads: list[Poly | None] = []
    for name, output in connected(graph, paths):
        if graph[name].sequence != graph[output].sequence:
            continue  # another sequence, which is known beforehand
        pieces = paths.pieces[name][output]
        if any(p.side == 0 for p in pieces):
            back = ahead = None
        else:
            try:
                back, ahead = reaches(pieces, paths)
            except ProofError as error:
                return Reach(reason=str(error))
        backs.append(back)
        aheads.append(ahead)
    if not backs:
        return Reach(reason="no input shares the sequence of the outputs")
    back, ahead = _farthest(backs), _farthest(aheads)
    return Reach(back, ahead, _text(back, ahead), found.steps)


def _without_sides(graph: Graph, found: Derivation) -> Reach:
    """Where no certificate has pieces: a field of one position is a bound all the same."""
    if found.formula is None:
        return Reach(reason=found.reason or "no formula")
    return Reach(
        reason=f"{found.formula} positions reach an output, on which sides is not known",
        evidence=found.steps,
    )


def _farthest(distances: list[Poly | None]) -> Poly | None:
    most = poly(0)
    for distance in distances:
        if distance is None:
            return None
        most = maximum(most, distance)
    return most


def _text(back: Poly | None, ahead: Poly | None) -> str:
    if back is None and ahead is None:
        return "all positions"
    before = "all positions before" if back is None else f"{back} positions back"
    after = "all positions after" if ahead is None else f"{ahead} ahead"
    if ahead == 0:
        return before if back != 0 else "its own position only"
    return f"{before} and {after}"
