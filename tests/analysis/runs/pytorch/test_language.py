"""Language models of transformers: every operator has a rule, in both directions and in chunks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
import transformers

from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.counting import Tally, count
from workspan.analysis.runs.pytorch.oracle import Range, fit, on_meta
from workspan.graphs.sizes import poly

WIDE = {
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "vocab_size": 50,
    "pad_token_id": None,
    "bos_token_id": None,
    "eos_token_id": None,
}
STATES = {k: v for k, v in WIDE.items() if not k.startswith(("inter", "num_att"))}
MAMBA2 = {**STATES, "state_size": 4, "num_heads": 8, "head_dim": 8, "n_groups": 2}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 1}
MODELS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "Bert": ("BertForMaskedLM", WIDE),
    "Llama": ("LlamaForCausalLM", {**WIDE, "num_key_value_heads": 2}),
    "Mistral": ("MistralForCausalLM", {**WIDE, "num_key_value_heads": 2, "sliding_window": 4}),
    "Mixtral": ("MixtralForCausalLM", {**WIDE, **EXPERTS, "num_key_value_heads": 2}),
    "Mamba": ("MambaForCausalLM", {**STATES, "state_size": 4}),
    "Mamba2": ("Mamba2ForCausalLM", {**MAMBA2, "chunk_size": 4}),
}


def build(name: str, *, attention: str = "eager", **options: Any) -> Any:
    """Build a small model from its configuration."""
    transformers.utils.logging.set_verbosity_error()
    kind, settings = MODELS[name]
    config = getattr(transformers, f"{name}Config")(**{**settings, **options})
    if "num_attention_heads" in settings:
        config._attn_implementation = attention
    torch.manual_seed(0)
    return getattr(transformers, kind)(config).eval()


def tally(name: str, attention: str, *, train: bool) -> Tally:
    """Count one run on nine tokens."""
    module, tokens = build(name, attention=attention), torch.arange(9)[None]

    def run() -> None:
        out = module(tokens, use_cache=False) if name != "Bert" else module(tokens)
        if train:
            out.logits.backward(torch.ones_like(out.logits))

    if train:
        return count(run)
    with torch.no_grad():
        return count(run)


@pytest.mark.parametrize("name", MODELS)
def test_every_operator_has_a_rule(name: str) -> None:
    """Evaluation and training run to the end; going back takes twice the products going forward.

    Nobody asks for the gradient of the tokens, but they enter no product: every product has two
    factors that take a gradient.
    """
    forward, both = (tally(name, "eager", train=train) for train in (False, True))
    assert both.contraction == 3 * forward.contraction


@pytest.mark.parametrize("name", ["Bert", "Llama", "Mistral"])
def test_fused_attention_has_the_same_products(name: str) -> None:
    """With one operator for attention the products are the same, and its mask is seen."""
    eager, fused = (tally(name, attention, train=False) for attention in ("eager", "sdpa"))
    assert fused.contraction == eager.contraction
    assert fused.masked is not None
    allowed = {
        "Bert": 81,
        "Llama": sum(range(1, 10)),
        "Mistral": sum(min(i, 4) for i in range(1, 10)),
    }[name]
    # two layers, four heads of width eight, scores and mixture
    thrown = 2 * 4 * (81 - allowed) * 2 * 2 * 8
    assert fused.contraction - fused.masked.contraction == thrown


def mamba2(chunk: int) -> Callable[[Mapping[str, int]], Callable[[], Any]]:
    """Return how to build a model whose state space runs in chunks."""

    def make(at: Mapping[str, int]) -> Callable[[], Any]:
        module = build("Mamba2", chunk_size=chunk, num_hidden_layers=1)
        tokens = torch.zeros((1, at["n"]), dtype=torch.long)
        return lambda: module(tokens, use_cache=False)

    return make


def test_a_real_model_in_chunks_needs_steps_of_its_chunk() -> None:
    """Small lengths fit a polynomial that is wrong at 512; steps of the chunk give the right one."""
    counted = on_meta(mamba2(16))
    with pytest.raises(EngineError, match="to hold at n=512"):
        fit(counted, {"n": Range.length()})
    found = fit(counted, {"n": Range.length(16)})
    assert found.domain == "n >= 16, n % 16 == 0"
    at = {"n": 1024}
    assert poly(found.formula).evaluate(**at) == counted(at)
