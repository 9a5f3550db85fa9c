"""Contexts: published sizes of caches, and the longest context by searching for it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.examples import examples
from workspan.analysis.machines.contexts import contexts
from workspan.analysis.machines.memory import memory, words
from workspan.analysis.machines.operations import OperationError
from workspan.analysis.machines.task import Task

LLAMA_2_7B = {"d": 4096, "h": 32, "g": 32, "f": 11008, "v": 32000, "L": 32}
LLAMA_2_70B = {"d": 8192, "h": 64, "g": 8, "f": 28672, "v": 32000, "L": 80}
LLAMA_3_8B = {"d": 4096, "h": 32, "g": 8, "f": 14336, "v": 128256, "L": 32}
MISTRAL_7B = {"d": 4096, "h": 32, "g": 8, "f": 14336, "v": 32000, "L": 32, "w": 4096}


@pytest.mark.parametrize(
    ("name", "at", "each"),
    [
        ("llama", LLAMA_2_7B, 524288),
        ("llama", LLAMA_2_70B, 327680),
        ("llama", LLAMA_3_8B, 131072),
        ("mistral", MISTRAL_7B, 131072),
    ],
)
def test_published_bytes_of_a_cache(name: str, at: Mapping[str, int], each: int) -> None:
    """A token of Llama 2, Llama 3 and Mistral takes as many bytes in 16 bits as was published."""
    task = Task("decode", number="fp16")
    held = [memory(symbolic(name), {**at, "n": n}, task)["state"] for n in (1000, 1001)]
    assert held[1] - held[0] == each


def test_published_caches_of_256k_tokens() -> None:
    """At 256K tokens Mistral 7B and Llama 3.1 8B keep 32 GiB in 16 bits (Jamba-1.5, Table 1)."""
    for name, at in (("llama", LLAMA_3_8B), ("mistral", {**MISTRAL_7B, "w": 2 * 262144})):
        state = memory(symbolic(name), {**at, "n": 262144}, Task("decode"))["state"]
        assert state == 32 * 2**30


def test_the_window_bounds_the_cache() -> None:
    """A cache of a window of w holds w - 1 tokens, however long the text; then nothing limits it."""
    graph, task = symbolic("mistral"), Task("decode")
    held = [memory(graph, {**MISTRAL_7B, "n": n}, task)["state"] for n in (5000, 10**6)]
    assert held == [131072 * 4095] * 2
    found = contexts(graph, task)
    assert found.most(10**12, MISTRAL_7B) is None
    assert found.most(15 * 10**9, MISTRAL_7B) is not None


def test_seventy_billion_parameters_do_not_fit() -> None:
    """The weights of Llama 2 70B in 16 bits are 138 GB: nothing fits into 80 GB, and 8 bits do."""
    graph = symbolic("llama")
    assert contexts(graph, Task("decode")).most(80 * 10**9, LLAMA_2_70B) == 0
    assert (contexts(graph, Task("decode", number="int8")).most(80 * 10**9, LLAMA_2_70B) or 0) > 0


def test_a_narrower_cache_holds_twice_the_context() -> None:
    """Of the same budget, a cache in 8 bits has twice the tokens of one in 16."""
    graph, budget = symbolic("llama"), 2**40
    found = [
        contexts(graph, Task("decode", cache_number=c), kinds=("state",)).most(budget, LLAMA_2_70B)
        for c in ("bf16", "int8")
    ]
    assert found[1] == 2 * (found[0] or 0) == 2 * budget // 327680


def test_a_recurrence_has_no_limit() -> None:
    """The memory of a recurrent network that decodes does not grow."""
    assert contexts(symbolic("lstm"), Task("decode")).formula == "no limit"


@examples(40)
@given(
    st.sampled_from(("causal_attention", "causal_windowed_attention", "llama", "mamba", "lstm")),
    st.sampled_from(("prefill", "decode", "train")),
    st.sampled_from(("bf16", "fp32", "int8")),
    st.integers(1, 5),
    st.data(),
)
def test_the_longest_context_by_search(
    name: str, mode: str, number: str, batch: int, data: st.DataObject
) -> None:
    """Law: the solved length fits, the next one does not, and any longer one does not either."""
    graph, task = symbolic(name), Task(mode, batch, number, cache_number="int4")
    at = {"d": 8, "h": 2, "g": 1, "f": 5, "v": 7, "L": 2, "w": 4, "k": 3, "s": 2, "r": 2}
    own = {s: at[s] for s in graph.free_sizes if s != "n"}
    found = contexts(graph, task)

    def held(n: int) -> float:
        return sum(memory(graph, {**own, "n": n}, task).values())

    budget = int(held(data.draw(st.integers(1, 60)))) + data.draw(st.integers(-40, 40))
    most = found.most(budget, own)
    fits = [n for n in range(1, 130) if held(n) <= budget]
    if most is None or most >= 129:
        assert fits[-1:] == [129]
    else:
        assert most == (fits[-1] if fits else 0)


def test_what_is_not_solved_says_why() -> None:
    """A model whose memory has no formula gives the reason, and so does an unknown kind of memory."""
    with pytest.raises(OperationError, match="not causal"):
        contexts(symbolic("attention"), Task("decode"))
    with pytest.raises(OperationError, match="among weights"):
        contexts(symbolic("lstm"), Task("decode"), kinds=("stuff",))
    assert set(words(symbolic("lstm"), Task("decode"))) == {"weights", "state", "workspace"}
