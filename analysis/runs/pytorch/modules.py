"""The catalogue's models as modules of torch, with the weights of the executed graph.

>>> built = build("lstm", {"n": 5, "d": 4, "L": 2})
>>> built.subject, tuple(built.run(*built.inputs()).shape)
('torch.nn.LSTM', (5, 4))
>>> plain = build("lstm", {"n": 5, "d": 4, "L": 2}, fused=False)
>>> bool((plain.run(*plain.inputs()) - built.run(*built.inputs())).abs().max() < 1e-9)
True

A *fused* build runs the library's module, an unfused one the same equations in plain operators on
the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..errors import ArgumentError
from ..observations import EngineError, Source
from . import layers, plain, plain_sequences, weights

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Module:
    """How one model of the catalogue stands in torch."""

    subject: str
    """The class or function of torch."""
    make: Callable[[Sizes], Any]
    """Build the module; it takes inputs [1, n, d]."""
    plain: Callable[..., Tensor]
    """The same in plain operators: ``plain(weights, sizes, *inputs)`` on [n, d]."""
    names: weights.Naming = weights.same
    """Which arrays of the graph make up which parameter."""
    sizes: tuple[str, ...] = ("n", "d", "L")
    """The sizes that it has; ``L`` and ``h`` are 1 where they are not given."""
    inputs: Mapping[str, str] = field(default_factory=lambda: {"x": "n"})
    """The size that each input's length takes its value from."""


def _recurrent(name: str, cell: plain.Cell, states: int, both: bool) -> Module:
    kind = getattr(nn, name)
    return Module(
        f"torch.nn.{name}",
        layers.recurrent(kind, bidirectional=both),
        plain.recurrent(cell, states=states, bidirectional=both),
        weights.bidirectional if both else weights.recurrent,
    )


def _attention(kind: str) -> Module:
    window = ("w",) if kind.endswith("window") else ()
    return Module(
        "torch.nn.MultiheadAttention",
        partial(layers.Attention, kind=kind),
        plain.attention(kind),
        sizes=("n", "d", "h", "L", *window),
    )


def _convolution(kind: str) -> Module:
    return Module(
        "torch.nn.Conv1d",
        layers.convolution(kind),
        plain_sequences.convolution(kind),
        sizes=("n", "d", "k", "L"),
    )


_CELLS: Mapping[str, tuple[str, Any, int]] = {
    "rnn": ("RNN", plain.elman, 1),
    "lstm": ("LSTM", plain.long_short_term, 2),
    "gru": ("GRU", plain.gated_unit, 1),
}
_BLOCK = ("n", "d", "h", "f", "L")
_MEMORY = MappingProxyType({"x": "n", "memory": "m"})
_STEPS = MappingProxyType({"a": "n", "b": "n"})
_SDPA = "torch.nn.functional.scaled_dot_product_attention"

MODULES: Mapping[str, Module] = MappingProxyType(
    {
        **{name: _recurrent(*cell, both=False) for name, cell in _CELLS.items()},
        **{f"bidirectional_{name}": _recurrent(*cell, both=True) for name, cell in _CELLS.items()},
        "attention": _attention("full"),
        "causal_attention": _attention("causal"),
        "multi_query_attention": Module(
            _SDPA, layers.grouped, plain.grouped, sizes=("n", "d", "h", "L")
        ),
        "grouped_query_attention": Module(
            _SDPA, layers.grouped, plain.grouped, sizes=("n", "d", "h", "g", "L")
        ),
        "windowed_attention": _attention("window"),
        "causal_windowed_attention": _attention("causal window"),
        "cross_attention": Module(
            "torch.nn.MultiheadAttention",
            layers.Cross,
            plain.cross,
            weights.attention_alone,
            ("n", "m", "d", "h"),
            _MEMORY,
        ),
        "feed_forward": Module(
            "torch.nn.Linear", layers.feed_forward, plain.feed_forward, sizes=("n", "d", "f", "L")
        ),
        "encoder": Module(
            "torch.nn.TransformerEncoderLayer", layers.encoder, plain.encoder, sizes=_BLOCK
        ),
        "decoder": Module(
            "torch.nn.TransformerDecoderLayer",
            layers.Decoder,
            plain.decoder,
            sizes=(*_BLOCK, "m"),
            inputs=_MEMORY,
        ),
        "convolution": _convolution("centred"),
        "causal_convolution": _convolution("causal"),
        "dilated_convolution": _convolution("dilated"),
        "separable_convolution": Module(
            "torch.nn.Conv1d",
            layers.separable,
            plain_sequences.separable,
            sizes=("n", "d", "k", "L"),
        ),
        "linear_recurrence": Module(
            "torch.Tensor.mul and add",
            lambda at: layers.Recurrence(),
            plain_sequences.recurrence,
            sizes=("n", "d"),
            inputs=_STEPS,
        ),
        "linear_recurrence_scan": Module(
            "torch associative_scan",
            lambda at: layers.Scan(),
            plain_sequences.scan,
            sizes=("n", "d"),
            inputs=_STEPS,
        ),
    }
)
"""Every model of the catalogue that exists in torch, by its name."""

NAMES = tuple(MODULES)


@dataclass(frozen=True, slots=True, eq=False)
class Built:
    """A module at sizes, ready to run."""

    name: str
    sizes: Sizes
    module: Any
    """The torch.nn.Module that holds the weights; in evaluation mode."""
    dtype: Any
    device: str
    """cpu, or meta where shapes run and no numbers."""
    fused: bool = True
    """Whether the module itself runs, or its equations in plain operators."""

    @property
    def subject(self) -> str:
        """What runs, as in torch."""
        own = MODULES[self.name].subject
        return own if self.fused else f"{own} in plain operators"

    @property
    def source(self) -> Source:
        """What ran, for an observation."""
        return Source("torch", torch.__version__, self.subject, self.device)

    def inputs(self, seed: int = 0) -> tuple[Tensor, ...]:
        """Draw random inputs [length, d], in the order of :meth:`run`."""
        random = np.random.default_rng([seed, 1])
        lengths = MODULES[self.name].inputs.values()
        drawn = [random.standard_normal((self.sizes[s], self.sizes["d"])) for s in lengths]
        return tuple(torch.tensor(x, dtype=self.dtype, device=self.device) for x in drawn)

    def load(self, parameters: weights.Arrays) -> None:
        """Take the weights of an executed graph, by its names.

        Raises
        ------
        EngineError
            If a weight is missing, has the wrong shape, is not finite, or is not of this model.
        """
        own = dict(self.module.named_parameters())
        sources = MODULES[self.name].names(self.sizes, tuple(own))
        shapes = {name: tuple(p.shape) for name, p in own.items()}
        with torch.no_grad():
            for name, array in weights.assembled(shapes, sources, parameters).items():
                own[name].copy_(torch.tensor(array))

    def forward(self, *inputs: Tensor) -> Tensor:
        """Compute the output [n, d] of inputs [length, d], whatever it is."""
        if not self.fused:
            own = dict(self.module.named_parameters())
            return MODULES[self.name].plain(own, self.sizes, *inputs)
        found = self.module(*(x.unsqueeze(0) for x in inputs))
        return (found[0] if isinstance(found, tuple) else found).squeeze(0)

    def run(self, *inputs: Tensor) -> Tensor:
        """Compute the output [n, d] of inputs [length, d].

        Raises
        ------
        EngineError
            If an input has the wrong shape, torch refuses to run, or a number is not finite.
        """
        self._check(inputs)
        try:
            found = self.forward(*inputs)
        except (RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0]
            raise EngineError(f"expected {self.subject} to run, got {reason}") from error
        if self.device != "meta" and not np.isfinite(found.detach().numpy()).all():
            raise EngineError(
                f"expected {self.subject} to compute finite numbers, got NaN or infinity"
            )
        return found

    def _check(self, inputs: tuple[Tensor, ...]) -> None:
        expected = MODULES[self.name].inputs
        if len(inputs) != len(expected):
            names = ", ".join(expected)
            raise EngineError(f"expected {len(expected)} inputs ({names}), got {len(inputs)}")
        for x, (name, length) in zip(inputs, expected.items(), strict=True):
            shape = (self.sizes[length], self.sizes["d"])
            if tuple(x.shape) != shape:
                raise EngineError(f"expected {name} to have shape {shape}, got {tuple(x.shape)}")


def build(
    name: str,
    sizes: Sizes,
    *,
    seed: int = 0,
    dtype: Any = torch.float64,
    device: str = "cpu",
    fused: bool = True,
) -> Built:
    """Build a model of the catalogue at sizes, with random weights.

    Parameters
    ----------
    name
        One of :data:`NAMES`.
    sizes
        Concrete sizes; ``L`` and ``h`` are 1 where they are not given, foreign ones are left out.
    seed
        Seed of the weights.
    device
        ``cpu``, or ``meta`` for shapes without numbers.
    fused
        Whether the module of torch runs, or its equations in plain operators.

    Raises
    ------
    EngineError
        If torch has no such model, or not at these sizes.
    """
    if name not in MODULES:
        raise EngineError(f"expected a model that exists in torch ({', '.join(NAMES)}), got {name}")
    at = _complete(name, sizes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        try:
            module = MODULES[name].make(at)
        except ArgumentError as error:
            raise EngineError(str(error)) from None
    return Built(name, at, module.to(device=device, dtype=dtype).eval(), dtype, device, fused)


def _complete(name: str, sizes: Sizes) -> Sizes:
    """Return the sizes that a model has, one layer and one head where none are named."""
    given = {"L": 1, "h": 1, **sizes}
    own = MODULES[name].sizes
    missing = [s for s in own if s not in given]
    if missing:
        raise EngineError(f"expected sizes of {name} ({', '.join(own)}), got no {missing[0]}")
    small = [s for s in own if given[s] < 1]
    if small:
        raise EngineError(f"expected {small[0]} to be at least 1, got {small[0]}={given[small[0]]}")
    return MappingProxyType({s: given[s] for s in own})
