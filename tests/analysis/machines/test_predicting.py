"""Predictions: the roofline by hand and by brute force, and laws that any machine obeys."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.compositions import CAUSAL, models, sizes
from tests.examples import examples
from workspan.analysis.machines.machine import Machine, MachineError, load
from workspan.analysis.machines.memory import memory
from workspan.analysis.machines.operations import OperationError, operations
from workspan.analysis.machines.predicting import formula, predict, seconds
from workspan.analysis.machines.task import Task
from workspan.graphs.graph import Graph
from workspan.graphs.operations import linear
from workspan.graphs.sizes import SizeError
from workspan.graphs.tracing import trace

SIMPLE = Machine("simple", ("by hand",), {"fp32": 1000.0, "bf16": 4000.0}, 100.0, 1e6, 1e3, 0.5, 1)
LLAMA = {"d": 4096, "h": 32, "g": 32, "f": 11008, "v": 32000, "L": 32}


def test_a_linear_map_by_hand() -> None:
    """A linear map of 10 positions, 4 to 4 components, with a bias, in numbers.

    The product: 2*10*4*4 = 320 operations at 1000/s, and 4 bytes times (16 + 40 + 40) words at
    100/s, so 3.84 s of bytes and a launch of 0.5 s. The bias: 40 operations, 4 * (4 + 40 + 40) bytes.
    """
    graph = trace(lambda x: linear(x, "d", name="w"))
    found = predict(graph, {"n": 10, "d": 4}, SIMPLE, Task("encode", number="fp32"))
    product, bias = found.operations
    assert (product.flops, product.bytes, bias.flops, bias.bytes) == (320, 384, 40, 336)
    assert [row.seconds for row in found.operations] == pytest.approx([4.34, 3.86])
    assert found.seconds == pytest.approx(8.2)
    assert found.binds == "bandwidth"
    assert found.memory["weights"] == 4 * (16 + 4)


def test_a_batch_shares_the_weights() -> None:
    """Of b sequences the activations are moved b times, and the weights once."""
    graph = trace(lambda x: linear(x, "d", name="w"))
    found = predict(graph, {"n": 10, "d": 4}, SIMPLE, Task("encode", 8, "fp32"))
    assert [row.bytes for row in found.operations] == [4 * (16 + 8 * 80), 4 * (4 + 8 * 80)]


def test_weight_gradients_are_written_once() -> None:
    """Of a batch, the gradients of the parameters are sums, and are written once."""
    graph = trace(lambda x: linear(x, "d", name="w"))
    one, many = (
        {
            r.name: r
            for r in predict(graph, {"n": 10, "d": 4}, SIMPLE, Task("train", b, "fp32")).operations
        }
        for b in (1, 8)
    )
    # dW reads x and the gradient of y, 40 words each for each sequence, and writes 16.
    assert one["grad.w.weight"].bytes == 4 * (16 + 80)
    assert many["grad.w.weight"].bytes == 4 * (16 + 8 * 80)
    assert many["grad.w.weight"].flops == 8 * one["grad.w.weight"].flops


@examples(12)
@given(
    models(CAUSAL),
    sizes(),
    st.integers(1, 9),
    st.sampled_from(("encode", "decode", "train")),
    st.sampled_from(("none", "all")),
)
def test_the_roofline_by_brute_force(
    graph: Graph, at: dict[str, int], batch: int, mode: str, fused: str
) -> None:
    """Law: the time is the sum of max(work / rate, bytes / bandwidth) + launches * latency."""
    machine = replace(SIMPLE, vector_rate=300.0, function_rate=70.0, cache_bandwidth=400.0)
    task = Task(mode, batch, "bf16", cache_number="int8", fused=fused)
    total = 0.0
    for one in operations(graph, task):
        matrix, functions, work = (
            batch * float(c.evaluate(**at)) for c in (one.matrix, one.functions, one.work)
        )
        if one.primitive == "update":  # of the weights, which the sequences of a batch share
            work /= batch
        compute = matrix / 4000 + functions / 70 + (work - matrix - functions) / 300
        read = batch * float((one.read + one.written).evaluate(**at))
        rows = min(batch * one.rows.evaluate(**at), one.table.evaluate(**at))
        size = 2 * (float((one.weights + one.sums).evaluate(**at)) + rows + read)
        size += batch * float(one.cached.evaluate(**at)) + 4 * float(one.moments.evaluate(**at))
        launches = float(one.launches.evaluate(**at))
        bandwidth = 400 if size <= 1000 * launches else 100
        total += max(compute, size / bandwidth) + 0.5 * launches
    assert predict(graph, at, machine, task).seconds == pytest.approx(total)


@examples(10)
@given(models(CAUSAL), sizes(), st.integers(1, 16), st.sampled_from(("encode", "decode", "train")))
def test_laws_of_machines(graph: Graph, at: dict[str, int], batch: int, mode: str) -> None:
    """Law: more bandwidth, rate or less latency is never slower; a batch of b takes at most b times."""
    task = Task(mode, number="fp32")
    base = float(seconds(graph, at, SIMPLE, task))
    for better in (
        replace(SIMPLE, bandwidth=200.0),
        replace(SIMPLE, rates={"fp32": 5000.0}),
        replace(SIMPLE, latency=0.1),
        replace(SIMPLE, cache_bandwidth=500.0),
    ):
        assert seconds(graph, at, better, task) <= base
    many = float(seconds(graph, at, SIMPLE, replace(task, batch=batch)))
    assert base <= many * (1 + 1e-12)
    assert many <= batch * base * (1 + 1e-12)


@pytest.mark.parametrize("name", ["lstm", "causal_attention", "causal_windowed_attention"])
def test_generation_is_the_sum_of_its_tokens(name: str) -> None:
    """Law: generating m tokens after n takes a prefill and the tokens n + 1 to n + m."""
    graph, at = symbolic(name), {"n": 20, "d": 8, "h": 2, "w": 5, "L": 2}
    task = Task("generate", 3, "fp32", tokens=7)
    tokens = sum(
        float(seconds(graph, {**at, "n": k}, SIMPLE, replace(task, mode="decode", tokens=None)))
        for k in range(21, 28)
    )
    prompt = float(seconds(graph, at, SIMPLE, replace(task, mode="prefill", tokens=None)))
    assert predict(graph, at, SIMPLE, task).seconds == pytest.approx(tokens + prompt)


def test_many_sizes_at_once() -> None:
    """Law: the seconds at an array of sizes are those at each."""
    graph, machine, task = symbolic("llama"), load("a100"), Task("decode", fused="all")
    lengths = np.array([1, 100, 4096, 10**6])
    found = seconds(graph, {**LLAMA, "n": lengths}, machine, task)
    each = [seconds(graph, {**LLAMA, "n": int(n)}, machine, task) for n in lengths]
    assert found == pytest.approx(each)


def test_decoding_is_bound_by_the_bytes_of_the_weights() -> None:
    """A token of a 7-billion-parameter model in 16 bits cannot be faster than reading 13.5 GB."""
    found = predict(symbolic("llama"), {**LLAMA, "n": 1}, load("a100"), Task("decode", fused="all"))
    least = 6738415616 * 2 / 2039e9
    assert found.binds == "bandwidth"
    # The embedding is looked up: one row of it is read, and not all of 32000 * 4096 numbers.
    assert found.seconds >= least - 32000 * 4096 * 2 / 2039e9
    assert found.seconds <= 1.2 * least


def test_training_with_adam_holds_sixteen_bytes_a_parameter_in_fp32() -> None:
    """In fp32 Adam holds the weight, its gradient and two moments, of 4 bytes each."""
    graph, at = symbolic("lstm"), {"n": 8, "d": 16, "L": 3}
    held = memory(graph, at, Task("train", number="fp32"))
    params = 3 * (8 * 16 * 16 + 8 * 16)
    assert held["weights"] + held["gradients"] + held["optimiser"] == 16 * params


def test_an_update_by_adam_by_hand() -> None:
    """Adam reads 16 + 4 weights and gradients in 2 bytes and two moments in 4, and writes all but the gradients."""
    graph = trace(lambda x: linear(x, "d", name="w"))
    found = predict(graph, {"n": 10, "d": 4}, SIMPLE, Task("train", 8, "bf16"))
    (update,) = (row for row in found.operations if row.primitive == "update")
    assert (update.launches, update.flops) == (2, 14 * 20)
    assert update.bytes == 20 * (2 * 2 + 2 * 4) + 20 * (2 + 2 * 4)


@pytest.mark.parametrize("name", ["lstm", "llama", "gpt2", "causal_windowed_attention"])
@pytest.mark.parametrize("mode", ["prefill", "train", "decode"])
def test_the_formula_is_the_prediction(name: str, mode: str) -> None:
    """Law: the seconds as a formula, at sizes, are the seconds that are predicted at them."""
    graph, machine = symbolic(name), load("a100")
    task = Task(mode, 3, cache_number="fp8", fused="all")
    at = {s: {"h": 4, "g": 2, "E": 8}.get(s, 16 + k) for k, s in enumerate(graph.free_sizes)}
    found = formula(graph, machine, task)
    exact = found.evaluate(**{s: at[s] for s in found.sizes})
    assert float(exact) == pytest.approx(seconds(graph, at, machine, task))
    with pytest.raises(OperationError, match="one bandwidth"):
        formula(graph, load("vm_torch"), task)


def test_no_more_experts_are_read_than_there_are() -> None:
    """Of 8 experts a token reads 2, and 64 tokens read all 8 once: not 128 of them."""
    graph = symbolic("mixtral", k=2)
    at = {"n": 9, "d": 8, "h": 2, "g": 1, "f": 16, "v": 11, "L": 3, "E": 8}
    rows = {}
    for batch in (1, 64):
        found = predict(graph, at, SIMPLE, Task("decode", batch))
        rows[batch] = next(r for r in found.operations if r.name.endswith("mlp.einsum_3"))
    expert = 3 * 16 * 8  # the product back of one expert, in 3 layers
    own = rows[1].bytes / 2 - 2 * expert
    assert rows[64].bytes / 2 == 8 * expert + 64 * own


def test_doubt_is_said() -> None:
    """Weights that stay on chip in a fused recurrence, and that no cache holds, are named."""
    graph, task = symbolic("lstm"), Task("encode", fused="recurrences")
    small, large = ({"n": 8, "d": d, "L": 1} for d in (64, 8192))
    assert not predict(graph, small, load("a100"), task).notes
    (note,) = predict(graph, large, load("a100"), task).notes
    assert "more than the cache of 40 MB" in note
    assert not predict(graph, large, load("a100"), Task("encode")).notes


def test_energy_needs_power_or_energies() -> None:
    """Energy is power times time, or the sum over operations and bytes, and else unknown."""
    graph, at, task = symbolic("rnn"), {"n": 5, "d": 4, "L": 1}, Task("encode", number="fp32")
    found = predict(graph, at, SIMPLE, task)
    assert found.energy is None
    assert predict(graph, at, replace(SIMPLE, power=3.0), task).energy == 3 * found.seconds
    stated = replace(SIMPLE, energy_per_flop=2.0, energy_per_byte=5.0)
    flops, moved = (sum(getattr(r, k) for r in found.operations) for k in ("flops", "bytes"))
    assert predict(graph, at, stated, task).energy == pytest.approx(2 * flops + 5 * moved)


def test_a_missing_size_or_rate_is_named() -> None:
    """Law: what is missing is named."""
    graph = symbolic("rnn")
    with pytest.raises(SizeError, match="n"):
        predict(graph, {"d": 4, "L": 1}, SIMPLE, Task("encode", number="fp32"))
    with pytest.raises(MachineError, match="fp8"):
        predict(graph, {"n": 4, "d": 4, "L": 1}, SIMPLE, Task("encode", number="fp8"))
