"""The catalogue: models by name, none of them holding a formula for any figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from . import (
    attention,
    convolution,
    delta,
    dilated,
    gated,
    gated_linear,
    global_attention,
    griffin,
    hierarchical,
    kernel_attention,
    language,
    latent_attention,
    light_convolution,
    linear_recurrence,
    long_convolution,
    low_rank_attention,
    lsh_attention,
    memory_attention,
    mixture,
    mlstm,
    recurrent,
    retention,
    sparse_attention,
    ssd,
    state_space,
    transformer,
    translation,
    xlstm,
)

_FAMILIES = (
    (
        recurrent,
        ("rnn", "lstm", "gru", "bidirectional_rnn", "bidirectional_lstm", "bidirectional_gru"),
    ),
    (
        gated,
        (
            "qrnn",
            "qrnn_scan",
            "min_gru",
            "min_gru_scan",
            "min_lstm",
            "min_lstm_scan",
            "sru",
            "dilated_rnn",
        ),
    ),
    (translation, ("encoder_decoder_rnn", "attentive_encoder_decoder_rnn")),
    (
        attention,
        (
            "attention",
            "causal_attention",
            "multi_query_attention",
            "grouped_query_attention",
            "windowed_attention",
            "causal_windowed_attention",
            "cross_attention",
        ),
    ),
    (
        latent_attention,
        (
            "latent_attention",
            "latent_attention_absorbed",
            "perceiver",
            "induced_set_attention",
        ),
    ),
    (
        kernel_attention,
        (
            "linear_attention",
            "linear_attention_recurrent",
            "linear_attention_chunked",
            "performer",
        ),
    ),
    (low_rank_attention, ("linformer", "nystrom_attention")),
    (
        sparse_attention,
        (
            "dilated_windowed_attention",
            "block_local_attention",
            "strided_sparse_attention",
            "fixed_sparse_attention",
            "sink_attention",
            "longnet",
            "longnet_by_heads",
        ),
    ),
    (global_attention, ("global_windowed_attention", "big_bird", "star_transformer")),
    (memory_attention, ("transformer_xl", "compressive_transformer")),
    (lsh_attention, ("lsh_attention",)),
    (hierarchical, ("hierarchical_attention",)),
    (transformer, ("feed_forward", "encoder", "decoder")),
    (
        convolution,
        ("convolution", "causal_convolution", "dilated_convolution", "separable_convolution"),
    ),
    (dilated, ("tcn", "wavenet", "bytenet")),
    (light_convolution, ("lightweight_convolution", "dynamic_convolution")),
    (long_convolution, ("hyena", "fnet")),
    (linear_recurrence, ("linear_recurrence", "linear_recurrence_scan")),
    (retention, ("retnet", "retnet_recurrent", "retnet_chunked")),
    (
        state_space,
        ("s4", "s4_convolution", "h3", "s4d", "s4d_convolution", "s5", "s5_recurrent"),
    ),
    (ssd, ("ssd", "ssd_quadratic", "ssd_chunked")),
    (gated_linear, ("gla", "gla_chunked")),
    (delta, ("delta_net", "delta_net_chunked")),
    (mlstm, ("mlstm", "mlstm_parallel", "mlstm_chunked")),
    (xlstm, ("slstm",)),
    (griffin, ("rg_lru", "rg_lru_scan")),
    (mixture, ("mixture_of_experts",)),
    (
        language,
        (
            "transformer",
            "t5",
            "gpt2",
            "bert",
            "bert_pooled",
            "llama",
            "mistral",
            "mixtral",
            "deepseek_v2",
            "deepseek_v2_absorbed",
            "deepseek_v2_lite",
            "chinchilla",
            "mamba",
            "mamba_scan",
            "mamba2",
            "jamba",
            "rwkv4",
            "rwkv5",
            "rwkv6",
            "lstm_language_model",
            "awd_lstm",
        ),
    ),
)

CATALOGUE: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {name: getattr(module, name) for module, names in _FAMILIES for name in names}
)
"""Model functions by their names on the command line."""
