"""The steps of all nodes together, where a node is a task: what one processor takes.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> found = steps_in_all(trace(CATALOGUE["lstm"], L="L"), Setting())
>>> str(found.formula), found.grade
('14*L*n', 'proved')
"""

from __future__ import annotations

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.sizes import Poly, summed
from ..derivation import Derivation
from ..modes import ModeError, in_training
from ..proofs.counting.counts import EquationCount
from ..proofs.counting.steps import StepsCertificate, check_steps
from ..proofs.errors import ProofError
from ..sites import weights
from ..solving import UnsolvedError, make_room
from .layer_sums import least_sizes


def steps_in_all(graph: Graph, setting: Setting) -> Derivation:
    """Sum up the steps of every equation at each of its positions, in the setting's unit."""
    if setting.mode in {"decode", "generate"}:
        return Derivation(None, reason=f"no rule for the steps in all of mode {setting.mode}")
    try:
        if setting.mode == "train":
            graph, setting = in_training(graph, "work"), setting.but(mode="encode")
        counts = tuple(
            EquationCount(n, graph[n].count * w) for n, w in weights(graph, setting).items()
        )
        formula = summed(c.total for c in counts)
        least, assumed = _room(graph)
        certificate = StepsCertificate(counts, formula, least, assumed)
        check_steps(graph, setting, certificate)
    except (ModeError, ProofError) as error:
        return Derivation(None, reason=str(error))
    lines = tuple(f"{c.name}: {c.total}" for c in counts if c.total != 0)
    return Derivation(
        formula, "proved", {**least_sizes(formula), **least}, lines, certificate=certificate
    )


def _room(graph: Graph) -> tuple[dict[str, int], tuple[Poly, ...]]:
    """Return sizes for which sequences have positions, and lengths that are taken to be one."""
    least: dict[str, int] = {}
    assumed: dict[Poly, None] = {}
    for axis in (a for a in graph.axes.values() if a.kind == "sequence"):
        try:
            make_room(axis, least)
        except UnsolvedError:
            assumed[axis.extent] = None
    return least, tuple(assumed)
