"""The same models in plain torch operators, on the weights of the modules: nothing is fused.

One operator here is one equation of the literature, so that the graph that autograd records, the
tensors that it keeps and the operations that are dispatched are those of the equations. Positions
of a recurrence stay apart (a list of rows), because a stacked sequence would make every position of
the next layer wait for the whole of this one.

Inputs and results are [n, d], without a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from .layers import allowed

Weights = Mapping[str, Tensor]
Sizes = Mapping[str, int]
Cell = Callable[[Tensor, Tensor, Any], Any]

EPSILON = 1e-5
"""What torch.nn.LayerNorm adds to the variance."""


def linear(x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Multiply the last axis by a weight [out, in] and add a bias."""
    return x @ weight.T + bias


def elman(read: Tensor, kept: Tensor, carry: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the next state of an Elman network."""
    return (torch.tanh(read + kept),)


def long_short_term(read: Tensor, kept: Tensor, carry: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the next output and cell state of an LSTM."""
    i, f, g, o = (read + kept).chunk(4, -1)
    c = torch.sigmoid(f) * carry[1] + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


def gated_unit(read: Tensor, kept: Tensor, carry: Sequence[Tensor]) -> tuple[Tensor, ...]:
    """Return the next state of a GRU, whose reset gate acts after the recurrent product."""
    (xr, xz, xn), (hr, hz, hn) = read.chunk(3, -1), kept.chunk(3, -1)
    r, z = torch.sigmoid(xr + hr), torch.sigmoid(xz + hz)
    return ((1 - z) * torch.tanh(xn + r * hn) + z * carry[0],)


def recurrent(cell: Cell, *, states: int = 1, bidirectional: bool = False) -> Callable[..., Tensor]:
    """Return a stack of recurrent layers with the weights of torch.nn.RNN, LSTM or GRU.

    The first state is ``weights["start"]``, [1, d], and zero where there is none.
    """

    def one_way(rows: list[Tensor], weights: Weights, end: str) -> list[Tensor]:
        w, u = weights[f"weight_ih_{end}"], weights[f"weight_hh_{end}"]
        b, c = weights[f"bias_ih_{end}"], weights[f"bias_hh_{end}"]
        start = weights.get("start")
        carry = (rows[0].new_zeros(1, u.shape[1]) if start is None else start,) * states
        outputs = []
        for row in rows:
            carry = cell(linear(row, w, b), linear(carry[0], u, c), carry)
            outputs.append(carry[0])
        return outputs

    def run(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
        rows = list(x.split(1))
        for level in range(at["L"]):
            ahead = one_way(rows, weights, f"l{level}")
            if bidirectional:
                back = one_way(rows[::-1], weights, f"l{level}_reverse")[::-1]
                ahead = [torch.cat(pair, -1) for pair in zip(ahead, back, strict=True)]
            rows = ahead
        return torch.cat(rows)

    return run


def heads(x: Tensor, width: int) -> Tensor:
    """Split components into heads: [n, h e] to [h, n, e]."""
    return x.unflatten(-1, (-1, width)).transpose(0, 1)


def attend(q: Tensor, k: Tensor, v: Tensor, pairs: Tensor | None) -> Tensor:
    """Mix values [.., m, e] by the softmax of scaled scores of queries [.., n, e]."""
    scores = q @ k.mT / math.sqrt(q.shape[-1])
    if pairs is not None:
        scores = scores.masked_fill(~pairs, -math.inf)
    return torch.softmax(scores, -1) @ v


def in_windows(q: Tensor, k: Tensor, v: Tensor, left: int, right: int) -> Tensor:
    """Let position i attend to i - left to i + right: only these scores are computed."""
    size, n = left + 1 + right, q.shape[-2]
    near_k, near_v = (
        functional.pad(y, (0, 0, left, right)).unfold(-2, size, 1) for y in (k, v)
    )  # [h, n, e, size]
    place = torch.arange(n, device=q.device)[:, None] + torch.arange(size, device=q.device) - left
    outside = (place < 0) | (place >= n)
    scores = (q.unsqueeze(-2) @ near_k).squeeze(-2) / math.sqrt(q.shape[-1])
    weights = torch.softmax(scores.masked_fill(outside, -math.inf), -1)
    return (weights.unsqueeze(-2) @ near_v.mT).squeeze(-2)


def multi_head(
    x: Tensor,
    memory: Tensor,
    weights: Weights,
    h: int,
    mix: Callable[[Tensor, Tensor, Tensor], Tensor],
) -> Tensor:
    """Apply the equations of torch.nn.MultiheadAttention to [n, d] and a memory [m, d]."""
    parts = (weights["in_proj_weight"].chunk(3), weights["in_proj_bias"].chunk(3))
    width = x.shape[-1] // h
    q, k, v = (
        heads(linear(y, w, b), width) for y, w, b in zip((x, memory, memory), *parts, strict=True)
    )
    mixed = mix(q, k, v).transpose(0, 1).flatten(-2)
    return linear(mixed, weights["out_proj.weight"], weights["out_proj.bias"])


def below(weights: Weights, *path: str | int) -> Weights:
    """Return the weights under a name, without it."""
    start = "".join(f"{part}." for part in path)
    return {k.removeprefix(start): w for k, w in weights.items() if k.startswith(start)}


def attention(kind: str) -> Callable[..., Tensor]:
    """Return a stack of attention layers: full, causal, or in windows that are gathered."""

    def run(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
        if kind.endswith("window"):
            reach = at.get("w", 1) - 1
            left, right = (reach, 0) if kind == "causal window" else (reach // 2, reach // 2)
            mix: Any = lambda q, k, v: in_windows(q, k, v, left, right)  # noqa: E731
        else:
            mix = masked(x, at, kind)
        for level in range(at["L"]):
            x = multi_head(x, x, below(weights, "layers", level), at["h"], mix)
        return x

    return run


def masked(x: Tensor, at: Sizes, kind: str) -> Callable[..., Tensor]:
    """Return attention over all pairs, of which those that are not allowed are thrown away."""
    pairs = allowed(at, kind)
    pairs = None if pairs is None else pairs.to(x.device)
    return lambda q, k, v: attend(q, k, v, pairs)


def cross(weights: Weights, at: Sizes, x: Tensor, memory: Tensor) -> Tensor:
    """Let x attend to the memory."""
    return multi_head(x, memory, below(weights, "attention"), at["h"], masked(x, at, "full"))


def grouped(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
    """Apply causal attention with g key and value heads, in each layer."""
    g, width = at.get("g", 1), at["d"] // at["h"]
    mix = masked(x, at, "causal")
    for level in range(at["L"]):
        own = below(weights, "layers", level)
        q, k, v = (
            heads(linear(x, own[f"{part}_proj.weight"], own[f"{part}_proj.bias"]), width)
            for part in "qkv"
        )
        mixed = mix(q.unflatten(0, (g, -1)), k.unsqueeze(1), v.unsqueeze(1)).flatten(0, 1)
        mixed = mixed.transpose(0, 1).flatten(-2)
        x = linear(mixed, own["out_proj.weight"], own["out_proj.bias"])
    return x


def two_maps(x: Tensor, weights: Weights) -> Tensor:
    """Apply two linear maps with a rectifier between them."""
    inner = torch.relu(linear(x, weights["linear1.weight"], weights["linear1.bias"]))
    return linear(inner, weights["linear2.weight"], weights["linear2.bias"])


def feed_forward(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
    """Apply a stack of feed-forward layers."""
    for level in range(at["L"]):
        x = two_maps(x, below(weights, "layers", level))
    return x


def layer_norm(x: Tensor, weights: Weights) -> Tensor:
    """Shift and scale to mean 0 and variance 1, then by parameters, equation by equation."""
    d = x.shape[-1]
    centred = x - x.sum(-1, keepdim=True) / d
    variance = (centred * centred).sum(-1, keepdim=True) / d
    return centred / torch.sqrt(variance + EPSILON) * weights["weight"] + weights["bias"]


def encoder(weights: Weights, at: Sizes, x: Tensor) -> Tensor:
    """Apply a stack of encoder layers, normalised after each residual sum."""
    mix = masked(x, at, "full")
    for level in range(at["L"]):
        own = below(weights, "layers", level)
        x = _added(x, multi_head(x, x, below(own, "self_attn"), at["h"], mix), own, 1)
        x = _added(x, two_maps(x, own), own, 2)
    return x


def decoder(weights: Weights, at: Sizes, x: Tensor, memory: Tensor) -> Tensor:
    """Apply a stack of decoder layers, normalised after each residual sum."""
    past, everything = masked(x, at, "causal"), masked(x, at, "full")
    for level in range(at["L"]):
        own = below(weights, "layers", level)
        x = _added(x, multi_head(x, x, below(own, "self_attn"), at["h"], past), own, 1)
        other = below(own, "multihead_attn")
        x = _added(x, multi_head(x, memory, other, at["h"], everything), own, 2)
        x = _added(x, two_maps(x, own), own, 3)
    return x


def _added(x: Tensor, change: Tensor, weights: Weights, place: int) -> Tensor:
    return layer_norm(x + change, below(weights, f"norm{place}"))
