"""The measured witness: every figure counted, as an exact integer, on the graph at concrete sizes.

Nothing here knows a formula for a figure. The graph is unrolled by networkx, and a primitive's own
rule for operations and steps is evaluated at numbers.

>>> from ...graphs.models import CATALOGUE
>>> from ...graphs.tracing import trace
>>> lstm, layer = trace(CATALOGUE["lstm"], L="L"), Setting(unit="layer")
>>> [measure("span", lstm, layer, {"n": n, "d": 4, "L": 2}) for n in (1, 2, 8)]
[2, 3, 9]
>>> measure("state", lstm, layer, {"n": 5, "d": 4, "L": 2})
16
>>> measure("state", trace(CATALOGUE["bidirectional_lstm"]), layer, {"n": 5, "d": 4}) is None
True
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import TypeAlias

from ...graphs.graph import Graph
from ...graphs.setting import Setting
from ...graphs.unrolling import checked
from ..modes import TRAINED, ModeError, in_training
from . import layers as measured_layers
from . import paths as measured_paths
from . import span as measured_span
from . import state as measured_state
from . import traffic as measured_traffic
from . import training as measured_training
from . import work as measured_work
from . import workspace as measured_workspace
from .graph import MeasureError
from .paths import distances, mean_path_length, path_by_distance
from .span import weights
from .state import causal
from .work import work_by_equation

__all__ = [
    "MEASURES",
    "MeasureError",
    "causal",
    "distances",
    "mean_path_length",
    "measure",
    "path_by_distance",
    "weights",
    "work_by_equation",
]

STATIC = {"params", "state", "state_bound", "decode_work", "activations"}
"""Figures that are the same in every mode."""

Number: TypeAlias = int | Fraction
Measure: TypeAlias = Callable[[Graph, Setting, Mapping[str, int]], Number | None]


def _parallelism(graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Number | None:
    """Work over span, with a span at fan-in two."""
    steps = measured_span.span(graph, setting.but(unit="scalar"), sizes)
    operations = measured_work.work(graph, setting, sizes)
    return None if operations is None or not steps else Fraction(operations) / steps


MEASURES: Mapping[str, Measure] = MappingProxyType(
    {
        "params": lambda g, s, at: measured_work.params(g, at),
        "work": measured_work.work,
        "span": measured_span.span,
        "parallelism": _parallelism,
        "path_length": measured_paths.path_length,
        "mixing_hops": lambda g, s, at: measured_paths.mixing_hops(g, at),
        "receptive_field": lambda g, s, at: measured_paths.receptive_field(g, at),
        "layers_to_connect": lambda g, s, at: measured_layers.layers_to_connect(g, at),
        "state": lambda g, s, at: measured_state.state(g, at),
        "state_bound": lambda g, s, at: measured_state.state_bound(g, at),
        "decode_work": measured_work.decode_work,
        "activations": measured_training.activations,
        "workspace": measured_workspace.workspace,
        "traffic": measured_traffic.traffic,
    }
)
"""How each figure is measured, by its name."""


def measure(name: str, graph: Graph, setting: Setting, sizes: Mapping[str, int]) -> Number | None:
    """Measure one figure.

    Parameters
    ----------
    name
        A figure of :data:`MEASURES`.
    graph
        A traced model.
    setting
        What is counted, and in which unit.
    sizes
        A value for every size that the figure depends on.

    Returns
    -------
    An exact number, in operations, steps, positions, layers or scalars; None if the model has no
    such figure (the state of a model that is not causal).

    Raises
    ------
    TooLargeError
        If the unrolled graph would be too large; nothing was allocated.
    SizeError
        If a size is missing or is no whole number of at least 1.
    MeasureError
        If the name is no figure.
    """
    if name not in MEASURES:
        raise MeasureError(f"expected a figure of {', '.join(MEASURES)}, got {name}")
    if setting.mode == "train" and name in TRAINED:
        try:
            graph, setting = in_training(graph, name), setting.but(mode="encode")
        except ModeError:
            return None
    elif setting.mode == "train" and name not in STATIC:
        return None
    return MEASURES[name](graph, setting, checked(sizes))
