"""Recurrent encoders and decoders, without attention and with it.

References: Sutskever et al. 2014, *Sequence to Sequence Learning with Neural Networks*, Section 2;
Bahdanau et al. 2015, *Neural Machine Translation by Jointly Learning to Align and Translate*,
Section 3 and appendix A. The gates are those of torch.nn, biases and all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from .errors import require_one_of
from .operations import Array, contract, linear, sigmoid, softmax, tanh, zeros
from .slots import another
from .steps import enter, recur

Layer = Mapping[str, Array]
Layers = Sequence[Layer]


def encoder_decoder_rnn(target: Array, source: Array, layers: Layers) -> Array:
    """Read source [n, d] by one LSTM, and target [m, d] by another from its last state."""
    require_one_of("the number of layers", len(layers), (1,))
    (layer,) = layers
    start = zeros(source.shape[1:], like=source)
    _, state = _lstm(enter(source), (start, start), layer, "encoder.")
    outputs, _ = _lstm(enter(target), state, layer, "decoder.")
    return outputs


def attentive_encoder_decoder_rnn(target: Array, source: Array, layers: Layers) -> Array:
    """Read source [n, d] both ways; write from target [m, d], aligning with all states each step."""
    require_one_of("the number of layers", len(layers), (1,))
    (layer,) = layers
    source, target = enter(source), enter(target)
    start = zeros(source.shape[1:], like=source)
    forward = _gru(source, start, layer, "forward.")
    backward = _gru(source[::-1], start, layer, "backward.")[::-1]
    s = enter(tanh(_affine(backward[:1], layer, "start"))[0])
    states = np.concatenate([forward, backward], axis=1)
    memory = another(1, len(source)).read(enter(states))[0]
    keys = np.asarray(contract("td,ed->te", memory, layer["align.keys.weight"]))
    rows = []
    for y in target:
        s = recur(s)
        asked = tanh(keys + _affine(s[None], layer, "align.query"))
        weights = softmax(contract("ja,a->j", asked, layer["align.v"])[None], axis=-1)[0]
        context = contract("j,jc->c", weights, memory)
        s = _gated(s, np.concatenate([y, context]), layer, "")
        rows.append(s)
    return np.stack(rows)


def _lstm(
    x: Array, state: tuple[Array, Array], layer: Layer, side: str
) -> tuple[Array, tuple[Array, Array]]:
    (h, c), rows = state, []
    for read in _affine(x, layer, f"{side}ih"):
        h, c = recur(h), recur(c)
        i, f, g, o = np.split(read + _affine(h[None], layer, f"{side}hh")[0], 4)
        c = sigmoid(f) * c + sigmoid(i) * tanh(g)
        h = sigmoid(o) * tanh(c)
        rows.append(h)
    return np.stack(rows), (h, c)


def _gru(x: Array, h: Array, layer: Layer, side: str) -> Array:
    rows = []
    for row in x:
        h = _gated(recur(h), row, layer, side)
        rows.append(h)
    return np.stack(rows)


def _gated(h: Array, x: Array, layer: Layer, side: str) -> Array:
    (read_r, read_z, read_n), (r, z, n) = (
        np.split(_affine(a[None], layer, f"{side}{name}")[0], 3)
        for a, name in ((x, "ih"), (h, "hh"))
    )
    r, z = sigmoid(read_r + r), sigmoid(read_z + z)
    n = tanh(read_n + r * n)
    return np.asarray((1.0 - z) * n + z * h)


def _affine(x: Array, layer: Layer, name: str) -> Array:
    return linear(x, layer[f"{name}.weight"], layer[f"{name}.bias"])
