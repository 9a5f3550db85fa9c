"""Whole models compute what transformers computes with the same weights, drawn and not downloaded."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch")
transformers: Any = pytest.importorskip("transformers")

from tests.adapters import symbolic  # noqa: E402
from tests.graphs.models.test_whole import DEEPSEEK_V2, LITE, derived  # noqa: E402
from workspan.analysis.runs.huggingface import weights  # noqa: E402
from workspan.graphs.execution import execute, random_parameters  # noqa: E402

NONE = {"pad_token_id": None, "bos_token_id": None, "eos_token_id": None}

WIDE = {
    "vocab_size": 11,
    "hidden_size": 12,
    "num_hidden_layers": 2,
    **NONE,
}

DEEPSEEK = {
    **WIDE,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "qk_nope_head_dim": 5,
    "v_head_dim": 5,
    "qk_rope_head_dim": 4,
    "kv_lora_rank": 6,
    "q_lora_rank": 7,
    "intermediate_size": 10,
    "moe_intermediate_size": 8,
    "n_routed_experts": 5,
    "n_shared_experts": 2,
    "num_experts_per_tok": 2,
    "first_k_dense_replace": 1,
}
MANY = {"v": 11, "d": 12, "h": 2, "e": 5, "t": 4, "r": 6, "q": 7, "f": 10, "i": 8, "E": 5}

CASES: Mapping[str, tuple[str, dict[str, Any], dict[str, int]]] = {
    "t5": (
        "T5ForConditionalGeneration",
        {
            "vocab_size": 11,
            "d_model": 12,
            "num_heads": 3,
            "d_kv": 5,
            "d_ff": 20,
            "num_layers": 2,
            "dropout_rate": 0.0,
        },
        {"v": 11, "d": 12, "h": 3, "e": 5, "f": 20, "L": 2, "n": 41, "m": 150},
    ),
    "mixtral": (
        "MixtralForCausalLM",
        {
            **WIDE,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "intermediate_size": 20,
            "num_local_experts": 5,
            "num_experts_per_tok": 2,
        },
        {"v": 11, "d": 12, "h": 2, "g": 1, "f": 20, "E": 5, "k": 2, "L": 2, "n": 9},
    ),
    "deepseek_v2": (
        "DeepseekV2ForCausalLM",
        DEEPSEEK,
        {**MANY, "s": 2, "k": 2, "a": 1, "L": 2, "n": 9},
    ),
    "deepseek_v2_absorbed": (
        "DeepseekV2ForCausalLM",
        DEEPSEEK,
        {**MANY, "s": 2, "k": 2, "a": 1, "L": 2, "n": 9},
    ),
    "deepseek_v2_lite": (
        "DeepseekV2ForCausalLM",
        {**DEEPSEEK, "q_lora_rank": None},
        {**MANY, "s": 2, "k": 2, "a": 1, "L": 2, "n": 9},
    ),
    "mamba2": (
        "Mamba2ForCausalLM",
        {
            **WIDE,
            "num_heads": 4,
            "head_dim": 6,
            "state_size": 5,
            "conv_kernel": 4,
            "n_groups": 1,
            "chunk_size": 4,
            "residual_in_fp32": False,
            "tie_word_embeddings": True,
        },
        {"v": 11, "d": 12, "h": 4, "s": 5, "k": 4, "L": 2, "n": 9},
    ),
    "rwkv4": (
        "RwkvForCausalLM",
        {**WIDE, "attention_hidden_size": 12, "intermediate_size": 48, "rescale_every": 0},
        {"v": 11, "d": 12, "f": 48, "L": 2, "n": 9},
    ),
    "bert_pooled": (
        "BertModel",
        {
            "vocab_size": 11,
            "hidden_size": 12,
            "num_attention_heads": 3,
            "intermediate_size": 20,
            "num_hidden_layers": 2,
            "max_position_embeddings": 16,
            "hidden_dropout_prob": 0.0,
            "attention_probs_dropout_prob": 0.0,
        },
        {"v": 11, "c": 16, "d": 12, "h": 3, "f": 20, "L": 2, "n": 9},
    ),
}
"""By name: the class, its configuration, and the same sizes as the catalogue names them."""


def of_t5(name: str) -> str:
    """Return the graph's name of a weight of T5, whose layers have numbered parts."""
    name = re.sub(r"block\.0\.layer\.0\.SelfAttention\.(relative.*)", r"\1", name)
    kinds = {"encoder": ("SelfAttention", "DenseReluDense")}
    side = name.split(".")[0]
    parts = kinds.get(side, ("SelfAttention", "EncDecAttention", "DenseReluDense"))
    found = re.sub(r"layer\.(\d)\.(layer_norm)", lambda m: f"{parts[int(m[1])]}.{m[2]}", name)
    return re.sub(r"layer\.\d\.", "", found)


def of_deepseek(name: str) -> str:
    """Return the graph's name of a weight of DeepSeek-V2, whose first layer stands apart."""
    found = re.match(r"model\.layers\.(\d+)\.(.*)", name)
    if found is None:
        return name
    place, rest = int(found[1]), found[2]
    return f"model.first.0.{rest}" if place == 0 else f"model.layers.{place - 1}.{rest}"


NAMED: Mapping[str, Callable[[str], str]] = {
    "t5": of_t5,
    "deepseek_v2": of_deepseek,
    "deepseek_v2_absorbed": of_deepseek,
    "deepseek_v2_lite": of_deepseek,
    "rwkv4": lambda name: name.replace("blocks.0.pre_ln", "pre_ln"),
}


def run(name: str, inputs: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    """Run the class of transformers on the weights of the graph."""
    kind, options, _ = CASES[name]
    cls: Any = getattr(transformers, kind)
    config = cls.config_class(**options)
    config._attn_implementation = "eager"
    config._experts_implementation = "eager"
    module: Any = cls(config).to(torch.float64).eval()
    left = set(parameters)
    with torch.no_grad():
        for key, weight in module.named_parameters():
            found = weights.find(parameters, NAMED[name](key) if name in NAMED else key, used=left)
            weight.copy_(torch.as_tensor(found).reshape(weight.shape))
        assert not left
        numbers = {k: torch.as_tensor(x)[None] for k, x in inputs.items()}
        if name == "t5":
            out = module(input_ids=numbers["source"], decoder_input_ids=numbers["tokens"])
        elif name == "bert_pooled":
            out = module(input_ids=numbers["tokens"], token_type_ids=numbers["segments"])
            return out.pooler_output[0].numpy()
        else:
            out = module(input_ids=numbers["tokens"])
    return out.logits[0].to(torch.float64).numpy()


@pytest.mark.parametrize("name", CASES)
def test_the_executed_graph_computes_what_transformers_computes(name: str) -> None:
    """Law: with the same weights the outputs are equal, to the precision that transformers uses."""
    at, graph = CASES[name][2], symbolic(name)
    random = np.random.default_rng(3)
    lengths = {"tokens": at["n"], "source": at.get("m", 0), "segments": at["n"]}
    inputs = {
        key: random.integers(0, 2 if key == "segments" else at["v"], lengths[key])
        for key in graph.inputs
    }
    parameters = random_parameters(graph, seed=4, **at)
    (executed,) = execute(graph, inputs, parameters, **at)
    expected = run(name, inputs, parameters)
    assert executed.shape == expected.shape
    np.testing.assert_allclose(executed, expected, rtol=0, atol=2e-5 * np.abs(expected).max())


@pytest.mark.parametrize(("name", "at"), [("deepseek_v2", DEEPSEEK_V2), ("deepseek_v2_lite", LITE)])
def test_parameters_are_those_of_the_class_at_published_sizes(
    name: str, at: Mapping[str, int]
) -> None:
    """Law: the derived number is that of the class at the configuration of arXiv:2405.04434."""
    options = {
        **DEEPSEEK,
        "vocab_size": at["v"],
        "hidden_size": at["d"],
        "num_hidden_layers": at["a"] + at["L"],
        "num_attention_heads": at["h"],
        "num_key_value_heads": at["h"],
        "qk_nope_head_dim": at["e"],
        "v_head_dim": at["e"],
        "qk_rope_head_dim": at["t"],
        "kv_lora_rank": at["r"],
        "q_lora_rank": at.get("q"),
        "intermediate_size": at["f"],
        "moe_intermediate_size": at["i"],
        "n_routed_experts": at["E"],
        "num_experts_per_tok": at["k"],
    }
    with torch.device("meta"):
        module = transformers.DeepseekV2ForCausalLM(transformers.DeepseekV2Config(**options))
    assert derived("params", name, at) == sum(p.numel() for p in module.parameters())
