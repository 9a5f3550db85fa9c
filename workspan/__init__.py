"""Work, span and path lengths of sequence models: derived, measured and run.

>>> import workspan as ws
>>> ws.analyze("lstm", figures=["state"])["state"].formula
poly('2*d')

Everything is imported when it is first used, so that ``import workspan`` stays light.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

_HOME = {
    "Analysis": "analysis.figures",
    "Comparison": "analysis.figures",
    "Figure": "analysis.figures",
    "Graph": "graphs.graph",
    "Machine": "analysis.machines.machine",
    "Relation": "graphs.relations",
    "Request": "analysis.advising.excluding",
    "Setting": "graphs.setting",
    "Task": "analysis.machines.task",
    "advise": "analysis.advising.ranking",
    "analyze": "analysis.api",
    "arg_top_k": "graphs.operations",
    "associative_scan": "graphs.operations",
    "catalogue": "graphs.models",
    "check": "analysis.claims",
    "checkpoint": "graphs.backward",
    "chunk": "graphs.operations",
    "claim": "analysis.claims.claiming",
    "claims_of": "analysis.claims.claiming",
    "collect": "graphs.operations",
    "compare": "analysis.api",
    "concatenate": "graphs.operations",
    "confirm": "analysis.confirming.confirming",
    "contexts": "analysis.machines.contexts",
    "dropout": "graphs.operations",
    "einsum": "graphs.operations",
    "execute": "graphs.execution",
    "exp": "graphs.operations",
    "fourier": "graphs.operations",
    "gather": "graphs.operations",
    "gelu": "graphs.operations",
    "layer": "graphs.operations",
    "layer_norm": "graphs.operations",
    "linear": "graphs.operations",
    "long_convolution": "graphs.operations",
    "mask": "graphs.operations",
    "mean": "graphs.operations",
    "member": "graphs.operations",
    "model": "graphs.tracing",
    "parameter": "graphs.operations",
    "poly": "graphs.sizes",
    "predict": "analysis.machines.predicting",
    "rearrange": "graphs.operations",
    "recompute": "graphs.operations",
    "relu": "graphs.operations",
    "rms_norm": "graphs.operations",
    "root": "graphs.operations",
    "scan": "graphs.operations",
    "scope": "graphs.operations",
    "shift": "graphs.operations",
    "sigmoid": "graphs.operations",
    "silu": "graphs.operations",
    "simulate": "analysis.simulation.simulating",
    "size": "graphs.sizes",
    "softmax": "graphs.operations",
    "softplus": "graphs.operations",
    "split": "graphs.operations",
    "sqrt": "graphs.operations",
    "stack": "graphs.operations",
    "stop_gradient": "graphs.operations",
    "sweep": "analysis.sweeping.sweep",
    "tanh": "graphs.operations",
    "top_k": "graphs.operations",
    "total": "graphs.operations",
    "trace": "graphs.tracing",
    "training": "graphs.backward",
    "unroll": "graphs.unrolling",
    "zeros": "graphs.operations",
}

_SHOWN = {
    *("Analysis", "Comparison", "Figure", "Graph"),
    *("advise", "analyze", "check", "compare", "predict", "simulate", "trace"),
}
"""What brings objects that a notebook displays."""

__all__ = [
    "Analysis",
    "Comparison",
    "Figure",
    "Graph",
    "Machine",
    "Relation",
    "Request",
    "Setting",
    "Task",
    "__version__",
    "advise",
    "analyze",
    "arg_top_k",
    "associative_scan",
    "catalogue",
    "check",
    "checkpoint",
    "chunk",
    "claim",
    "claims_of",
    "collect",
    "compare",
    "concatenate",
    "confirm",
    "contexts",
    "dropout",
    "einsum",
    "execute",
    "exp",
    "fourier",
    "gather",
    "gelu",
    "layer",
    "layer_norm",
    "linear",
    "long_convolution",
    "mask",
    "mean",
    "member",
    "model",
    "parameter",
    "poly",
    "predict",
    "rearrange",
    "recompute",
    "relu",
    "rms_norm",
    "root",
    "scan",
    "scope",
    "shift",
    "sigmoid",
    "silu",
    "simulate",
    "size",
    "softmax",
    "softplus",
    "split",
    "sqrt",
    "stack",
    "stop_gradient",
    "sweep",
    "tanh",
    "top_k",
    "total",
    "trace",
    "training",
    "unroll",
    "zeros",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'workspan' has no attribute {name!r}")
    module = importlib.import_module(f".{_HOME[name]}", __name__)
    if name in _SHOWN:
        importlib.import_module(".reports.display", __name__).register()
    value = module.CATALOGUE if name == "catalogue" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)


if TYPE_CHECKING:
    from .analysis.advising.excluding import Request
    from .analysis.advising.ranking import advise
    from .analysis.api import analyze, compare
    from .analysis.claims import check, claim
    from .analysis.claims.claiming import claims_of
    from .analysis.confirming.confirming import confirm
    from .analysis.figures import Analysis, Comparison, Figure
    from .analysis.machines.contexts import contexts
    from .analysis.machines.machine import Machine
    from .analysis.machines.predicting import predict
    from .analysis.machines.task import Task
    from .analysis.simulation.simulating import simulate
    from .analysis.sweeping.sweep import sweep
    from .graphs.backward import checkpoint, training
    from .graphs.execution import execute
    from .graphs.graph import Graph
    from .graphs.models import CATALOGUE as catalogue  # noqa: N811
    from .graphs.operations import (
        arg_top_k,
        associative_scan,
        chunk,
        collect,
        concatenate,
        dropout,
        einsum,
        exp,
        fourier,
        gather,
        gelu,
        layer,
        layer_norm,
        linear,
        long_convolution,
        mask,
        mean,
        member,
        parameter,
        rearrange,
        recompute,
        relu,
        rms_norm,
        root,
        scan,
        scope,
        shift,
        sigmoid,
        silu,
        softmax,
        softplus,
        split,
        sqrt,
        stack,
        stop_gradient,
        tanh,
        top_k,
        total,
        zeros,
    )
    from .graphs.relations import Relation
    from .graphs.setting import Setting
    from .graphs.sizes import poly, size
    from .graphs.tracing import model, trace
    from .graphs.unrolling import unroll
