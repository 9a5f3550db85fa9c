"""Configurations: which class a model is, how sizes become its options, and published sizes.

>>> FAMILIES["llama"].model, FAMILIES["llama"].options(TINY["llama"])["num_key_value_heads"]
('LlamaForCausalLM', 2)
>>> REAL["gpt2"]["d"], REAL["gpt2"]["L"]
(768, 12)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Family:
    """How one model of the catalogue stands in transformers."""

    model: str
    """The class with logits."""
    config: str
    """The class of its configuration."""
    sizes: tuple[str, ...]
    """The sizes that it needs, besides the length n."""
    options: Callable[[Sizes], dict[str, Any]]
    """Keywords of the configuration; what is not named keeps the library's default."""
    causal: bool = True
    """Whether it carries a cache from one position to the next."""
    recurrent: bool = False
    """Whether some of its layers carry the state of a recurrence and the end of a window."""
    windowed: bool = False
    """Whether it attends to a window, of which the library computes all pairs and masks most."""


def _gpt2(at: Sizes) -> dict[str, Any]:
    quiet = dict.fromkeys(("resid_pdrop", "embd_pdrop", "attn_pdrop"), 0.0)
    return {
        "vocab_size": at["v"],
        "n_positions": at["c"],
        "n_embd": at["d"],
        "n_head": at["h"],
        "n_inner": at["f"],
        "n_layer": at["L"],
        "bos_token_id": 0,
        "eos_token_id": 0,
        **quiet,
    }


def _bert(at: Sizes) -> dict[str, Any]:
    return {
        **_wide(at),
        "max_position_embeddings": at["c"],
        "hidden_dropout_prob": 0.0,
        "attention_probs_dropout_prob": 0.0,
    }


def _wide(at: Sizes) -> dict[str, Any]:
    return {
        "vocab_size": at["v"],
        "hidden_size": at["d"],
        "num_attention_heads": at["h"],
        "intermediate_size": at["f"],
        "num_hidden_layers": at["L"],
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
    }


def _llama(at: Sizes) -> dict[str, Any]:
    return {**_wide(at), "num_key_value_heads": at["g"], "tie_word_embeddings": False}


def _mistral(at: Sizes) -> dict[str, Any]:
    return {**_llama(at), "sliding_window": at["w"]}


def _mamba(at: Sizes) -> dict[str, Any]:
    return {
        "vocab_size": at["v"],
        "hidden_size": at["d"],
        "state_size": at["s"],
        "conv_kernel": at["k"],
        "time_step_rank": at["r"],
        "num_hidden_layers": at["L"],
        "residual_in_fp32": False,
        "pad_token_id": None,
        "bos_token_id": None,
        "eos_token_id": None,
    }


def _jamba(at: Sizes) -> dict[str, Any]:
    period = at["a"] + 1 + at["b"]
    return {
        **_llama(at),
        "num_hidden_layers": at["L"] * period,
        "attn_layer_period": period,
        "attn_layer_offset": at["a"],
        "num_experts": 1,
        "mamba_d_state": at["s"],
        "mamba_d_conv": at["k"],
        "mamba_dt_rank": at["r"],
    }


_HEADS = ("v", "d", "h", "g", "f", "L")
_TABLE = ("v", "c", "d", "h", "f", "L")
_STATES = ("v", "d", "s", "k", "r", "L")

FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "gpt2": Family("GPT2LMHeadModel", "GPT2Config", _TABLE, _gpt2),
        "bert": Family("BertForMaskedLM", "BertConfig", _TABLE, _bert, causal=False),
        "llama": Family("LlamaForCausalLM", "LlamaConfig", _HEADS, _llama),
        "mistral": Family(
            "MistralForCausalLM", "MistralConfig", (*_HEADS, "w"), _mistral, windowed=True
        ),
        "mamba": Family("MambaForCausalLM", "MambaConfig", _STATES, _mamba, recurrent=True),
        "jamba": Family(
            "JambaForCausalLM",
            "JambaConfig",
            (*_HEADS, "s", "k", "r", "a", "b"),
            _jamba,
            recurrent=True,
        ),
    }
)
"""Models of the catalogue that transformers has."""

TINY: Mapping[str, Sizes] = MappingProxyType(
    {
        "gpt2": {"n": 7, "v": 11, "c": 16, "d": 12, "h": 3, "f": 20, "L": 2},
        "bert": {"n": 7, "v": 11, "c": 16, "d": 12, "h": 3, "f": 20, "L": 2},
        "llama": {"n": 7, "v": 11, "d": 16, "h": 4, "g": 2, "f": 20, "L": 2},
        "mistral": {"n": 7, "v": 11, "d": 16, "h": 4, "g": 2, "f": 20, "w": 3, "L": 2},
        "mamba": {"n": 7, "v": 11, "d": 8, "s": 3, "k": 4, "r": 2, "L": 2},
        "jamba": {
            "n": 7,
            "v": 11,
            "d": 8,
            "h": 4,
            "g": 2,
            "f": 12,
            "s": 3,
            "k": 4,
            "r": 2,
            "a": 1,
            "b": 1,
            "L": 2,
        },
    }
)
"""Sizes that run in a moment, for each model."""

REAL: Mapping[str, Sizes] = MappingProxyType(
    {
        "gpt2": {"v": 50257, "c": 1024, "d": 768, "h": 12, "f": 3072, "L": 12},
        "bert": {"v": 30522, "c": 512, "d": 768, "h": 12, "f": 3072, "L": 12},
        "llama": {"v": 128256, "d": 4096, "h": 32, "g": 8, "f": 14336, "L": 32},
        "mistral": {"v": 32000, "d": 4096, "h": 32, "g": 8, "f": 14336, "w": 4096, "L": 32},
        "mamba": {"v": 50280, "d": 768, "s": 16, "k": 4, "r": 48, "L": 24},
        "jamba": {
            "v": 65536,
            "d": 2560,
            "h": 20,
            "g": 1,
            "f": 8192,
            "s": 16,
            "k": 4,
            "r": 160,
            "a": 7,
            "b": 6,
            "L": 2,
        },
    }
)
"""Published sizes: GPT-2 124M, BERT base, Llama 3 8B, Mistral 7B, Mamba 130M, Jamba 3B (dense)."""
