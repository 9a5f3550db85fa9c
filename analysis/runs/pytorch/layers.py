"""Modules of torch.nn in the shapes of the catalogue: inputs [1, n, d], stacked where it stacks.

Recurrent networks stack by themselves; everything else is a list of layers that a function calls
one after another, since a layer of attention takes its input three times and perhaps a mask.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..errors import require_divides, require_odd

Sizes = Mapping[str, int]
Call = Callable[..., Any]


class Layers(nn.Module):  # type: ignore[misc]
    """Layers one after another; inputs after the first go to each of them."""

    def __init__(self, layers: Iterable[Any], call: Call) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)
        self.call = call

    def forward(self, x: Tensor, *others: Tensor) -> Tensor:
        """Apply all layers."""
        for layer in self.layers:
            x = self.call(layer, x, *others)
        return x


def recurrent(cell: Callable[..., Any], *, bidirectional: bool = False) -> Call:
    """Return how to build torch.nn.RNN, LSTM or GRU."""

    def make(at: Sizes) -> Any:
        d = at["d"]
        return cell(d, d, at["L"], batch_first=True, bidirectional=bidirectional)

    return make


def allowed(at: Sizes, kind: str) -> Tensor | None:
    """Return which pairs [n, n] a kind of attention allows, None for all.

    >>> allowed({"n": 3, "w": 2}, "causal window").int().tolist()
    [[1, 0, 0], [1, 1, 0], [0, 1, 1]]
    """
    if kind == "full":
        return None
    i = torch.arange(at["n"])
    behind = i[:, None] - i[None, :]
    if kind == "causal":
        return behind >= 0
    if kind == "causal window":
        return (behind >= 0) & (behind < at["w"])
    require_odd("w", at["w"])
    return behind.abs() <= (at["w"] - 1) // 2


def multi_head(at: Sizes) -> Any:
    """Return one torch.nn.MultiheadAttention(d, h)."""
    require_divides("h", at["h"], "d", at["d"])
    return nn.MultiheadAttention(at["d"], at["h"], batch_first=True)


class Attention(nn.Module):  # type: ignore[misc]
    """A stack of torch.nn.MultiheadAttention, with a mask where not all pairs are allowed."""

    def __init__(self, at: Sizes, kind: str) -> None:
        super().__init__()
        self.layers = nn.ModuleList(multi_head(at) for _ in range(at["L"]))
        pairs, self.causal = allowed(at, kind), kind == "causal"
        self.register_buffer("mask", None if pairs is None else ~pairs, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Let x attend to itself in every layer."""
        for layer in self.layers:
            x = layer(x, x, x, attn_mask=self.mask, is_causal=self.causal, need_weights=False)[0]
        return x


class Cross(nn.Module):  # type: ignore[misc]
    """One torch.nn.MultiheadAttention from a sequence to another."""

    def __init__(self, at: Sizes) -> None:
        super().__init__()
        self.attention = multi_head(at)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Let x attend to the memory."""
        return self.attention(x, memory, memory, need_weights=False)[0]


class Grouped(nn.Module):  # type: ignore[misc]
    """Causal attention with g key and value heads by scaled_dot_product_attention."""

    def __init__(self, d: int, h: int, g: int) -> None:
        super().__init__()
        require_divides("h", h, "d", d)
        require_divides("g", g, "h", h)
        self.width = d // h
        self.q_proj, self.out_proj = nn.Linear(d, d), nn.Linear(d, d)
        self.k_proj, self.v_proj = (nn.Linear(d, g * self.width) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """Let x attend to itself."""
        q, k, v = (
            part(x).unflatten(-1, (-1, self.width)).transpose(1, 2)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=True)
        return self.out_proj(mixed.transpose(1, 2).flatten(-2))


def grouped(at: Sizes) -> Any:
    """Return a stack of attention with g key and value heads, one if no g is named."""
    layers = [Grouped(at["d"], at["h"], at.get("g", 1)) for _ in range(at["L"])]
    return Layers(layers, lambda layer, x: layer(x))


def feed_forward(at: Sizes) -> Any:
    """Return a stack of two linear maps with a rectifier between them."""
    d, f = at["d"], at["f"]
    parts = [("linear1", (d, f)), ("linear2", (f, d))]

    def layer() -> Any:
        first, second = ((name, nn.Linear(*widths)) for name, widths in parts)
        return nn.Sequential(OrderedDict([first, ("relu", nn.ReLU()), second]))

    return Layers([layer() for _ in range(at["L"])], lambda layer, x: layer(x))


def _block(kind: Any, at: Sizes) -> list[Any]:
    require_divides("h", at["h"], "d", at["d"])
    widths = at["d"], at["h"], at["f"]
    return [kind(*widths, dropout=0.0, batch_first=True) for _ in range(at["L"])]


def encoder(at: Sizes) -> Any:
    """Return a stack of torch.nn.TransformerEncoderLayer(d, h, f)."""
    return Layers(_block(nn.TransformerEncoderLayer, at), lambda layer, x: layer(x))


class Decoder(nn.Module):  # type: ignore[misc]
    """A stack of torch.nn.TransformerDecoderLayer(d, h, f) with a causal mask."""

    def __init__(self, at: Sizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_block(nn.TransformerDecoderLayer, at))
        pairs = allowed(at, "causal")
        assert pairs is not None
        self.register_buffer("mask", ~pairs, persistent=False)

    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        """Let x attend to its past and to the memory in every layer."""
        for layer in self.layers:
            x = layer(x, memory, tgt_mask=self.mask, tgt_is_causal=True)
        return x


def convolution(kind: str) -> Call:
    """Return how to build a stack of torch.nn.Conv1d: centred, causal or dilated."""

    def make(at: Sizes) -> Any:
        d, k = at["d"], at["k"]
        if kind == "centred":
            require_odd("k", k)
            layers = [nn.Conv1d(d, d, k, padding="same") for _ in range(at["L"])]
            return Layers(layers, lambda layer, x: layer(x.mT).mT)
        steps = [k**level if kind == "dilated" else 1 for level in range(at["L"])]
        return Layers([nn.Conv1d(d, d, k, dilation=step) for step in steps], _after)

    return make


def _after(layer: Any, x: Tensor) -> Tensor:
    """Convolve so that no position reads a later one: all padding is on the left."""
    reach = (layer.kernel_size[0] - 1) * layer.dilation[0]
    return layer(functional.pad(x.mT, (reach, 0))).mT


def separable(at: Sizes) -> Any:
    """Return a stack of a depthwise and a pointwise torch.nn.Conv1d."""
    d, k = at["d"], at["k"]
    require_odd("k", k)

    def layer() -> Any:
        parts = {
            "depthwise": nn.Conv1d(d, d, k, padding="same", groups=d),
            "pointwise": nn.Conv1d(d, d, 1),
        }
        return nn.Sequential(OrderedDict(parts))

    return Layers([layer() for _ in range(at["L"])], lambda layer, x: layer(x.mT).mT)


class Recurrence(nn.Module):  # type: ignore[misc]
    """h_t = a_t h_(t-1) + b_t, one step after another."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return all states [1, n, d]."""
        h, states = torch.zeros_like(a[:, 0]), []
        for a_t, b_t in zip(a.unbind(1), b.unbind(1), strict=True):
            h = a_t * h + b_t
            states.append(h)
        return torch.stack(states, 1)


class Scan(nn.Module):  # type: ignore[misc]
    """The same recurrence by the associative scan of torch."""

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return all states [1, n, d]."""
        from torch._higher_order_ops.associative_scan import associative_scan

        def combine(early: Any, late: Any) -> Any:
            return late[0] * early[0], late[0] * early[1] + late[1]

        return associative_scan(combine, (a, b), 1, combine_mode="generic")[1]
