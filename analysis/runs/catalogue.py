"""The plain implementations by name, and their runs at concrete sizes.

>>> result = run("lstm", sizes={"n": 3, "d": 2, "L": 2})
>>> result.span["layer"], result.params
(4, 96)
>>> sorted(result.depends)[:3]
[('x', 0, 0), ('x', 0, 1), ('x', 0, 2)]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from . import (
    attention,
    chunks,
    convolution,
    feed_forward,
    gated,
    kernel_attention,
    latent_attention,
    linear_recurrence,
    matrix_states,
    recurrent,
    retention,
    shapes,
    sparse_attention,
    state_space,
    transformer,
    translation,
)
from .errors import UnknownNameError, require_one_of
from .shapes import LayerShapes, Sizes, size
from .witnesses import Function, RunResult, witness

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plain:
    """A plain implementation and how sizes reach it."""

    function: Function
    """Called with its inputs, its layers where it has any, and its options."""
    shapes: LayerShapes | None
    """Shapes of the parameters by sizes and layer; `None` where there are no layers."""
    options: Mapping[str, str] = field(default_factory=dict)
    """The size that each option takes its value from."""
    inputs: Mapping[str, str] = field(default_factory=lambda: {"x": "n"})
    """The size that each input's length takes its value from."""
    pairs: bool = False
    """Whether the function can leave out pairs that are not allowed."""
    depth: str | None = "L"
    """The size that is the number of layers; `None` where there is only one."""
    whole: str | None = None
    """The size that divides the length, if one must: then there is no n-th position alone."""
    stepwise: Function | None = None
    """A loop over positions with the same values, where the function itself runs in rounds."""


_HEADS = {"heads": "h"}
_PROJECTIONS = shapes.affine("q_proj", "k_proj", "v_proj", "out_proj")
_WINDOWED = {"heads": "h", "window": "w"}
_LATENT = {"heads": "h", "width": "e"}
_CHUNKS = {"heads": "h", "size": "c"}
_MEMORY = {"x": "n", "memory": "m"}
_STEPS = {"a": "n", "b": "n"}
_TRANSLATION = {"target": "m", "source": "n"}
_both = partial(shapes.recurrent, directions=2)

PLAIN: Mapping[str, Plain] = MappingProxyType(
    {
        "rnn": Plain(recurrent.rnn, shapes.recurrent(1)),
        "lstm": Plain(recurrent.lstm, shapes.recurrent(4)),
        "gru": Plain(recurrent.gru, shapes.recurrent(3)),
        "bidirectional_rnn": Plain(recurrent.bidirectional_rnn, _both(1)),
        "bidirectional_lstm": Plain(recurrent.bidirectional_lstm, _both(4)),
        "bidirectional_gru": Plain(recurrent.bidirectional_gru, _both(3)),
        "qrnn": Plain(gated.qrnn, shapes.quasi_recurrent, pairs=True),
        "qrnn_scan": Plain(
            gated.qrnn_scan,
            shapes.quasi_recurrent,
            pairs=True,
            stepwise=partial(gated.qrnn, pairs="masked"),
        ),
        "min_gru": Plain(gated.min_gru, shapes.affine("linear_z", "linear_h")),
        "min_gru_scan": Plain(
            gated.min_gru_scan, shapes.affine("linear_z", "linear_h"), stepwise=gated.min_gru
        ),
        "min_lstm": Plain(gated.min_lstm, shapes.affine("linear_f", "linear_i", "linear_h")),
        "min_lstm_scan": Plain(
            gated.min_lstm_scan,
            shapes.affine("linear_f", "linear_i", "linear_h"),
            stepwise=gated.min_lstm,
        ),
        "sru": Plain(gated.sru, shapes.simple_unit),
        "dilated_rnn": Plain(gated.dilated_rnn, shapes.affine("ih", "hh", factor=3), {"base": "k"}),
        "encoder_decoder_rnn": Plain(
            translation.encoder_decoder_rnn,
            shapes.encoder_decoder,
            inputs=_TRANSLATION,
            depth=None,
        ),
        "attentive_encoder_decoder_rnn": Plain(
            translation.attentive_encoder_decoder_rnn,
            shapes.attentive_encoder_decoder,
            inputs=_TRANSLATION,
            depth=None,
        ),
        "attention": Plain(attention.attention, shapes.attention, _HEADS),
        "causal_attention": Plain(attention.causal_attention, shapes.attention, _HEADS, pairs=True),
        "multi_query_attention": Plain(
            attention.multi_query_attention, shapes.multi_query_attention, _HEADS, pairs=True
        ),
        "grouped_query_attention": Plain(
            attention.grouped_query_attention,
            shapes.grouped_attention,
            _HEADS | {"groups": "g"},
            pairs=True,
        ),
        "windowed_attention": Plain(
            attention.windowed_attention, shapes.attention, _WINDOWED, pairs=True
        ),
        "causal_windowed_attention": Plain(
            attention.causal_windowed_attention, shapes.attention, _WINDOWED, pairs=True
        ),
        "dilated_windowed_attention": Plain(
            attention.dilated_windowed_attention,
            shapes.attention,
            _WINDOWED | {"dilation": "k"},
            pairs=True,
        ),
        "latent_attention": Plain(
            latent_attention.latent_attention, shapes.latent_attention, _LATENT, pairs=True
        ),
        "latent_attention_absorbed": Plain(
            latent_attention.latent_attention_absorbed,
            shapes.latent_attention,
            _LATENT,
            pairs=True,
        ),
        "block_local_attention": Plain(
            sparse_attention.block_local_attention,
            shapes.attention,
            _HEADS | {"size": "c"},
            pairs=True,
        ),
        "strided_sparse_attention": Plain(
            sparse_attention.strided_sparse_attention,
            _PROJECTIONS,
            _HEADS | {"stride": "c"},
            pairs=True,
        ),
        "fixed_sparse_attention": Plain(
            sparse_attention.fixed_sparse_attention,
            _PROJECTIONS,
            _HEADS | {"size": "c", "last": "s"},
            pairs=True,
        ),
        "sink_attention": Plain(
            sparse_attention.sink_attention,
            _PROJECTIONS,
            _HEADS | {"width": "w", "first": "s"},
            pairs=True,
        ),
        "longnet": Plain(
            sparse_attention.longnet,
            _PROJECTIONS,
            _HEADS | {"size": "c", "factor": "k"},
            pairs=True,
        ),
        "linear_attention": Plain(
            kernel_attention.linear_attention, _PROJECTIONS, _HEADS, pairs=True
        ),
        "linear_attention_recurrent": Plain(
            kernel_attention.linear_attention_recurrent, _PROJECTIONS, _HEADS
        ),
        "linear_attention_chunked": Plain(
            chunks.linear_attention_chunked, _PROJECTIONS, _CHUNKS, pairs=True, whole="c"
        ),
        "retnet": Plain(retention.retnet, shapes.retention, _HEADS, pairs=True),
        "retnet_recurrent": Plain(retention.retnet_recurrent, shapes.retention, _HEADS),
        "retnet_chunked": Plain(
            chunks.retnet_chunked, shapes.retention, _CHUNKS, pairs=True, whole="c"
        ),
        "gla_chunked": Plain(
            chunks.gla_chunked, shapes.gated_linear, _CHUNKS, pairs=True, whole="c"
        ),
        "mlstm_chunked": Plain(
            chunks.mlstm_chunked, shapes.matrix_memory, _CHUNKS, pairs=True, whole="c"
        ),
        "gla": Plain(matrix_states.gla, shapes.gated_linear, _HEADS),
        "ssd": Plain(matrix_states.ssd, shapes.selective, _HEADS),
        "ssd_quadratic": Plain(
            matrix_states.ssd_quadratic,
            shapes.selective,
            _HEADS,
            pairs=True,
            stepwise=partial(matrix_states.ssd_quadratic, pairs="masked", looped=True),
        ),
        "delta_net": Plain(matrix_states.delta_net, shapes.delta_rule, _HEADS),
        "mlstm": Plain(matrix_states.mlstm, shapes.matrix_memory, _HEADS),
        "mlstm_parallel": Plain(
            matrix_states.mlstm_parallel,
            shapes.matrix_memory,
            _HEADS,
            pairs=True,
            stepwise=partial(matrix_states.mlstm_parallel, pairs="masked", looped=True),
        ),
        "slstm": Plain(matrix_states.slstm, shapes.scalar_memory, _HEADS),
        "s4": Plain(state_space.s4, shapes.state_space("P", "Q", "B", "C")),
        "s4d": Plain(state_space.s4d, shapes.state_space("B", "C")),
        "s5": Plain(
            state_space.s5,
            shapes.state_space(shared=True),
            stepwise=state_space.s5_recurrent,
        ),
        "s5_recurrent": Plain(state_space.s5_recurrent, shapes.state_space(shared=True)),
        "rg_lru": Plain(state_space.rg_lru, shapes.gated_recurrence),
        "rg_lru_scan": Plain(
            state_space.rg_lru_scan, shapes.gated_recurrence, stepwise=state_space.rg_lru
        ),
        "cross_attention": Plain(
            attention.cross_attention, shapes.attention, _HEADS, _MEMORY, depth=None
        ),
        "feed_forward": Plain(feed_forward.feed_forward, shapes.feed_forward),
        "encoder": Plain(transformer.encoder, shapes.encoder, _HEADS),
        "decoder": Plain(transformer.decoder, shapes.decoder, _HEADS, _MEMORY, pairs=True),
        "convolution": Plain(convolution.convolution, shapes.convolution, pairs=True),
        "causal_convolution": Plain(convolution.causal_convolution, shapes.convolution, pairs=True),
        "dilated_convolution": Plain(
            convolution.dilated_convolution, shapes.convolution, pairs=True
        ),
        "separable_convolution": Plain(
            convolution.separable_convolution, shapes.separable_convolution, pairs=True
        ),
        "tcn": Plain(convolution.tcn, shapes.kernels("conv1", "conv2"), pairs=True),
        "wavenet": Plain(convolution.wavenet, shapes.wavenet, pairs=True),
        "linear_recurrence": Plain(linear_recurrence.linear_recurrence, None, inputs=_STEPS),
        "linear_recurrence_scan": Plain(
            linear_recurrence.linear_recurrence_scan,
            None,
            inputs=_STEPS,
            stepwise=linear_recurrence.linear_recurrence,
        ),
    }
)
"""Every plain implementation by its catalogue name."""


def plain(name: str) -> Plain:
    """Return the plain implementation of a catalogue name."""
    if name not in PLAIN:
        raise UnknownNameError(f"expected name to be one of {', '.join(PLAIN)}, got name={name!r}")
    return PLAIN[name]


def parameters(name: str, *, sizes: Sizes, seed: int = 0) -> list[dict[str, Floats]]:
    """Draw random weights, one mapping per layer, named and laid out as in torch.nn."""
    model = plain(name)
    layer_shapes = model.shapes
    if layer_shapes is None:
        return []
    random = np.random.default_rng(seed)
    depth = 1 if model.depth is None else size(sizes, model.depth)
    return [
        {
            key: random.uniform(-1.0, 1.0, shape) / np.sqrt(shape[-1])
            for key, shape in layer_shapes(sizes, level).items()
        }
        for level in range(depth)
    ]


def weights(name: str, *, sizes: Sizes, seed: int = 0) -> list[dict[str, Floats]] | None:
    """Return what a model's function takes as its layers; `None` if it takes none."""
    return None if plain(name).shapes is None else parameters(name, sizes=sizes, seed=seed)


def bound(name: str, *, sizes: Sizes, pairs: str) -> Function:
    """Return a model's function with its options, computing all or only the allowed pairs."""
    model = plain(name)
    pairing = {"pairs": pairs} if model.pairs else {}
    return partial(model.function, **_options(model, sizes), **pairing)


def stepwise(name: str, *, sizes: Sizes) -> Function | None:
    """Return a model's loop over positions with its options; `None` if it has no other form."""
    model = plain(name)
    return None if model.stepwise is None else partial(model.stepwise, **_options(model, sizes))


def _options(model: Plain, sizes: Sizes) -> dict[str, int]:
    return {key: size(sizes, symbol) for key, symbol in model.options.items()}


def sequences(name: str, *, sizes: Sizes, seed: int = 0) -> dict[str, Floats]:
    """Draw random inputs [length, d] by name."""
    random = np.random.default_rng([seed, 1])
    return {
        key: random.standard_normal((size(sizes, length), size(sizes, "d")))
        for key, length in plain(name).inputs.items()
    }


def run(
    name: str,
    *,
    sizes: Sizes,
    pairs: str = "dense",
    reduction: str = "tree",
    mac: int = 2,
    seed: int = 0,
) -> RunResult:
    """Run a model of the catalogue on random inputs and weights and report what that showed.

    Work and span are taken with the asked `pairs`; dependence, paths and receptive field always
    from allowed pairs only, because a value that is thrown away is not depended on.

    Parameters
    ----------
    name : str
        A name in `PLAIN`.
    sizes : mapping
        Concrete sizes: n, d, and as the model needs them h, g, f, k, w, m, and L (1 if absent).
    pairs : str
        "dense" or "masked": whether pairs that are not allowed are computed and thrown away.
    reduction, mac
        As in `witness`.
    seed : int
        Seed of the random inputs and weights.
    """
    require_one_of("pairs", pairs, ("dense", "masked"))
    dense = pairs == "dense" and plain(name).pairs
    return witness(
        bound(name, sizes=sizes, pairs=pairs),
        sequences(name, sizes=sizes, seed=seed),
        weights(name, sizes=sizes, seed=seed),
        dependence=bound(name, sizes=sizes, pairs="masked") if dense else None,
        reduction=reduction,
        mac=mac,
    )
