"""Small learners in torch, written from the papers: each maps [batch, n, c] to [batch, n, classes].

A learner is one kind of mixing between positions, with maps of single positions around it. What a
learner carries over a *cut*, from positions before it to positions after it, can be rounded to a
number of levels, so that its state has a known number of bits.

>>> from .definition import Learner
>>> net = build(Learner("gru", d=4), inputs=3, outputs=2, seed=0)
>>> tuple(net(torch.zeros(5, 7, 3)).shape)
(5, 7, 2)

References: Elman 1990, *Finding Structure in Time*; Hochreiter and Schmidhuber 1997, *Long
Short-Term Memory*; Cho et al. 2014 (GRU); Vaswani et al. 2017, *Attention Is All You Need*; Martin and Cundy 2018,
*Parallelizing Linear Recurrent Neural Nets over Sequence Length* (the gated linear recurrence).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from .definition import Learner


class Net(nn.Module):  # type: ignore[misc]
    """Maps of single positions before, layers that mix positions, and a map to the outputs."""

    def __init__(self, learner: Learner, inputs: int, outputs: int) -> None:
        super().__init__()
        self.enter = nn.Linear(inputs, learner.d)
        self.positions = learner.positions
        self.layers = nn.ModuleList([LAYERS[learner.model](learner) for _ in range(learner.L)])
        self.leave = nn.Linear(learner.d, outputs)

    def forward(self, x: Tensor, cut: int = 0) -> Tensor:
        """Return the outputs at all positions; ``cut`` positions are read before the cut."""
        y = self.enter(x)
        if self.positions:
            y = y + sinusoids(y.shape[1], y.shape[2]).to(y)
        for layer in self.layers:
            y = layer(y, cut)
        return self.leave(y)


class Recurrent(nn.Module):  # type: ignore[misc]
    """A recurrent layer of torch.nn; its state at the cut is rounded."""

    def __init__(self, learner: Learner, *, kind: Any) -> None:
        super().__init__()
        self.cell = kind(learner.d, learner.d, batch_first=True)
        self.bits = learner.bits

    def forward(self, x: Tensor, cut: int) -> Tensor:
        """Read what lies before the cut, round the state, and read on."""
        if not self.bits:
            return self.cell(x)[0]
        before, state = self.cell(x[:, :cut])
        short = partial(rounded, bits=self.bits)
        state = tuple(map(short, state)) if isinstance(state, tuple) else short(state)
        return torch.cat([before, self.cell(x[:, cut:], state)[0]], 1)


class LinearRecurrence(nn.Module):  # type: ignore[misc]
    """h = a h + (1 - a) v with gates a and values v of the input alone, and a map of each position."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        d = learner.d
        self.value = nn.Sequential(nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.gate = nn.Linear(d, d)
        # Half-lives from 1 to about 100 positions: gates that begin all alike learn slowly.
        with torch.no_grad():
            self.gate.bias.copy_(torch.linspace(0, 5, d))
        self.leave = nn.Sequential(nn.Linear(2 * d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))
        self.bits = learner.bits

    def forward(self, x: Tensor, cut: int) -> Tensor:
        """Run the recurrence; each output is a map of the state and of its own input."""
        gate, value = torch.sigmoid(self.gate(x)), self.value(x)
        added = (1 - gate) * value
        h, states = torch.zeros_like(added[:, 0]), []
        for t, (a, b) in enumerate(zip(gate.unbind(1), added.unbind(1), strict=True)):
            if self.bits and t == cut:
                h = rounded(h, self.bits)
            h = a * h + b
            states.append(h)
        return self.leave(torch.cat([torch.stack(states, 1), x], -1))


class Attention(nn.Module):  # type: ignore[misc]
    """A Transformer layer (norm first): attention, then two linear maps of each position."""

    def __init__(self, learner: Learner, *, kind: str) -> None:
        super().__init__()
        d = learner.d
        self.kind, self.heads, self.window, self.bits = kind, learner.h, learner.w, learner.bits
        self.before, self.between = nn.LayerNorm(d), nn.LayerNorm(d)
        self.query, self.key, self.value = (nn.Linear(d, d) for _ in range(3))
        self.out = nn.Linear(d, d)
        self.map = nn.Sequential(nn.Linear(d, 4 * d), nn.GELU(), nn.Linear(4 * d, d))

    def forward(self, x: Tensor, cut: int) -> Tensor:
        """Attend to the positions that the mask allows."""
        y = self.before(x)
        q, k, v = self.query(y), self.key(y), self.value(y)
        if self.bits:
            k, v = (torch.cat([rounded(z[:, :cut], self.bits), z[:, cut:]], 1) for z in (k, v))
        q, k, v = (z.unflatten(-1, (self.heads, -1)).transpose(1, 2) for z in (q, k, v))
        scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])
        hidden = _hidden(self.kind, x.shape[1], self.window)
        mixed = torch.softmax(scores.masked_fill(hidden, -math.inf), -1) @ v
        x = x + self.out(mixed.transpose(1, 2).flatten(-2))
        return x + self.map(self.between(x))


class Convolution(nn.Module):  # type: ignore[misc]
    """A causal convolution of k positions, then two linear maps of each position."""

    def __init__(self, learner: Learner) -> None:
        super().__init__()
        d = learner.d
        self.reach = learner.k - 1
        self.before = nn.LayerNorm(d)
        self.filter = nn.Conv1d(d, d, learner.k)
        self.map = nn.Sequential(nn.GELU(), nn.Linear(d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))

    def forward(self, x: Tensor, cut: int) -> Tensor:
        """Convolve over the k positions up to each one."""
        y = nn.functional.pad(self.before(x).transpose(1, 2), (self.reach, 0))
        return x + self.map(self.filter(y).transpose(1, 2))


LAYERS: Mapping[str, Any] = {
    "rnn": partial(Recurrent, kind=nn.RNN),
    "lstm": partial(Recurrent, kind=nn.LSTM),
    "gru": partial(Recurrent, kind=nn.GRU),
    "linear_recurrence": LinearRecurrence,
    "attention": partial(Attention, kind="full"),
    "causal_attention": partial(Attention, kind="causal"),
    "causal_windowed_attention": partial(Attention, kind="window"),
    "causal_convolution": Convolution,
}
"""Layers by the catalogue's name of what mixes their positions."""


def build(learner: Learner, *, inputs: int, outputs: int, seed: int) -> Net:
    """Return a learner with its initial weights, which the seed decides."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Net(learner, inputs, outputs)


def sinusoids(n: int, d: int) -> Tensor:
    """Return the code of positions of Vaswani et al. 2017, Section 3.5, [n, d]."""
    rate = torch.exp(torch.arange(0, d, 2) * (-math.log(10_000.0) / d))
    angle = torch.arange(n)[:, None] * rate
    return torch.stack([angle.sin(), angle.cos()], -1).flatten(1)[:, :d]


def rounded(x: Tensor, bits: int) -> Tensor:
    """Round tanh x to 2**bits levels from -1 to 1; gradients pass as if it were not rounded.

    >>> rounded(torch.tensor([-9.0, -0.2, 0.3, 9.0]), 1).tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    steps = 2**bits - 1
    squashed = torch.tanh(x)
    level = torch.round((squashed + 1) / 2 * steps) / steps * 2 - 1
    return squashed + (level - squashed).detach()


def _hidden(kind: str, n: int, window: int) -> Tensor:
    """Return which pairs [reader, read] are masked."""
    ahead = torch.arange(n)[None, :] - torch.arange(n)[:, None]
    if kind == "full":
        return torch.zeros(n, n, dtype=torch.bool)
    return (ahead > 0) | (ahead <= -window) if kind == "window" else ahead > 0
