"""Recurrent language models: Zaremba et al. 2014 (LSTM); Merity et al. 2018 (AWD-LSTM)."""

from __future__ import annotations

from typing import Any

from ...operations import layer, linear, parameter, scan, sigmoid, split, stack, tanh, zeros
from ...sizes import Sized, poly
from ...tables import lookup
from ...tracing import Array, model
from ..recurrent import long_short_term
from .parts import logits


def one_bias(x: Array) -> Array:
    """Long short-term memory whose gates have one linear map of the input and the state."""
    width = x.axes[-1].extent

    def step(carry: Any, x: Array) -> tuple[Any, Array]:
        h, c = carry
        gates = linear(x, 4 * width, name="ih") + linear(h, 4 * width, name="hh", bias=False)
        i, f, g, o = split(gates, 4)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        return (h, c), h

    return scan(step, (zeros(width), zeros(width)), x)[1]


@model("n")
def lstm_language_model(tokens: Array, *, v: Sized = "v", d: Sized = "d", L: Sized = 1) -> Array:
    """LSTM with an embedding and logits of its own (Zaremba et al. 2014, without dropout)."""
    x = lookup(tokens, parameter("embedding.weight", v, d))
    return linear(stack(layer(one_bias), x, L), v, name="decoder")


@model("n")
def awd_lstm(
    tokens: Array, *, v: Sized = "v", d: Sized = "d", f: Sized = "f", L: Sized = 1
) -> Array:
    """AWD-LSTM without dropout: L layers of f components and one of d, an embedding that is tied.

    As torch.nn.LSTM(d, f), L - 1 of torch.nn.LSTM(f, f), torch.nn.LSTM(f, d).
    """
    words = parameter("encoder.weight", v, d)
    wide = layer(lambda x: long_short_term(x, f))
    x = stack(wide, lookup(tokens, words), 1, name="first")
    x = stack(wide, x, poly(L) - 1, name="rest")
    x = stack(layer(lambda x: long_short_term(x, d)), x, 1, name="last")
    return logits(x, words) + parameter("decoder.bias", v)
