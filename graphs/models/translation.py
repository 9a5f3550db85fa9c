"""Recurrent encoders and decoders: n positions of a source, m positions of a target.

References: Sutskever et al. 2014, *Sequence to Sequence Learning with Neural Networks*; Bahdanau et
al. 2015, *Neural Machine Translation by Jointly Learning to Align and Translate*.
"""

from __future__ import annotations

from typing import Any

from ..operations import (
    collect,
    concatenate,
    einsum,
    layer,
    linear,
    parameter,
    scan,
    scope,
    softmax,
    tanh,
    zeros,
)
from ..tracing import Array, model
from .recurrent import gated_cell, memory_cell


def remember(carry: Any, x: Array) -> tuple[Any, Array]:
    """One step of an LSTM."""
    h, c = memory_cell(carry, x)
    return (h, c), h


def read(h: Array, x: Array, *, name: str, reverse: bool = False) -> tuple[Array, Array]:
    """The last state and all states of a GRU in one direction."""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = gated_cell(h, x)
        return h, h

    with scope(name):
        return scan(step, h, x, reverse=reverse)


@model("m d", "n d")
def encoder_decoder_rnn(target: Array, source: Array) -> Array:
    """An LSTM whose last state is where another starts from, one layer each (Sutskever 2014)."""
    d = source.axes[-1].extent

    @layer
    def encode(x: Array) -> Any:
        with scope("encoder"):
            return scan(remember, (zeros(d), zeros(d)), x)[0]

    @layer
    def decode(x: Array, carry: Any) -> Array:
        with scope("decoder"):
            return scan(remember, carry, x)[1]

    return decode(target, encode(source))


@model("m d", "n d")
def attentive_encoder_decoder_rnn(target: Array, source: Array) -> Array:
    """A GRU that aligns each step with the states of another in both directions (Bahdanau 2015).

    Equations 4 to 6 and appendix A.2.2 there; the maxout output layer is left out.
    """
    d = source.axes[-1].extent

    @layer
    def encode(x: Array) -> tuple[Array, Array]:
        _, forward = read(zeros(d), x, name="forward")
        first, backward = read(zeros(d), x, name="backward", reverse=True)
        return concatenate(forward, backward), tanh(linear(first, d, name="start"))

    @layer
    def decode(y: Array, states: Array, start: Array) -> Array:
        keys = collect(linear(states, d, name="align.keys", bias=False))
        memory, v = collect(states), parameter("align.v", d)

        def step(s: Array, y: Array) -> tuple[Array, Array]:
            scores = einsum("j a, a -> j", tanh(keys + linear(s, d, name="align.query")), v)
            context = einsum("j, j c -> c", softmax(scores, scores.axes[-1]), memory)
            s = gated_cell(s, concatenate(y, context))
            return s, s

        return scan(step, start, y)[1]

    return decode(target, *encode(source))
