"""Subjects of validation: real code, the model that it is, and how far its kernels are fused.

How a library fuses is no figure of a graph; it is stated here of each, and seen in the residuals if
it is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Subject:
    """Code that runs, and the task that it is."""

    model: str
    """Of the catalogue."""
    what: str
    """What runs."""
    fused: str = "none"
    """What its kernels keep on chip."""
    plain: bool = False
    """Of torch: plain operators in place of the module."""
    fixed: Mapping[str, int] = field(default_factory=dict)
    """Sizes besides those of the grid; f = 4 d if it has an f."""

    def at(self, n: int, d: int) -> dict[str, int]:
        """Return all its sizes."""
        return {"n": n, "d": d, "L": 1, **{k: v or 4 * d for k, v in self.fixed.items()}}


_HEADS = {"h": 4}
_BLOCK = {"h": 4, "f": 0}
_KERNEL = {"k": 5}

SUBJECTS: Mapping[str, tuple[Subject, ...]] = {
    "torch": (
        Subject("feed_forward", "torch.nn.Linear, twice", fixed={"f": 0}),
        Subject("causal_convolution", "torch.nn.Conv1d", "elementwise", fixed=_KERNEL),
        Subject("attention", "torch.nn.MultiheadAttention", "attention", fixed=_HEADS),
        Subject("attention", "attention in plain operators", plain=True, fixed=_HEADS),
        Subject(
            "encoder", "torch.nn.TransformerEncoderLayer", "attention,elementwise", fixed=_BLOCK
        ),
        Subject("lstm", "torch.nn.LSTM", "recurrences,elementwise"),
        Subject("gru", "torch.nn.GRU"),
        Subject("rnn", "torch.nn.RNN"),
        Subject("lstm", "an LSTM in plain operators", plain=True),
    ),
    "numpy": (
        Subject("feed_forward", "two linear maps", fixed={"f": 0}),
        Subject("attention", "attention", fixed=_HEADS),
        Subject("rnn", "an Elman network"),
        Subject("lstm", "an LSTM"),
        Subject("gru", "a GRU"),
    ),
}
"""By engine."""

GRID = tuple((n, d) for d in (96, 384) for n in (40, 160, 640))
"""Pairs of n and d; calibration multiplies matrices of 512 (on a GPU: 4096) rows and columns."""

GPU_GRID = tuple((n, d) for d in (768, 3072) for n in (160, 640, 2560))


def work_of(engine: str, subject: Subject, sizes: Sizes, device: str) -> Callable[[], object]:
    """Return a function without arguments that runs a subject; all that it needs is made before."""
    return _torch(subject, sizes, device) if engine == "torch" else _numpy(subject, sizes)


def _torch(subject: Subject, sizes: Sizes, device: str) -> Callable[[], object]:
    import torch

    from ..runs.pytorch.modules import build

    built = build(subject.model, sizes, dtype=torch.float32, device=device, fused=not subject.plain)
    inputs = built.inputs()

    def run() -> object:
        with torch.no_grad():
            return built.forward(*inputs)

    return run


def _numpy(subject: Subject, sizes: Sizes) -> Callable[[], object]:
    from . import blas

    random = np.random.default_rng(0)

    def drawn(*shape: int) -> blas.Floats:
        return (random.standard_normal(shape) / np.sqrt(shape[-1])).astype(np.float32)

    return blas.RUNS[subject.model](drawn, sizes)
