"""Learners and tasks: who reads what, what passes the cut, and what is asked for."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import torch

from workspan.analysis.experiments.ceilings import state_bits
from workspan.analysis.experiments.definition import Learner
from workspan.analysis.experiments.learners import LAYERS, build
from workspan.analysis.experiments.tasks import TASKS

RECURRENT = ("rnn", "lstm", "gru", "linear_recurrence")
CAUSAL = (*RECURRENT, "causal_attention", "causal_windowed_attention", "causal_convolution")


@pytest.mark.parametrize("model", LAYERS)
def test_learners_read_what_their_mask_allows(model: str) -> None:
    """A causal output depends on no later input, and within a reach on no earlier one."""
    net = build(Learner(model, d=8, w=3, k=3), inputs=2, outputs=1, seed=0).double()
    x = torch.randn(1, 9, 2, dtype=torch.float64, requires_grad=True)
    net(x)[0, 5, 0].backward()
    assert x.grad is not None
    read = set(x.grad.abs().sum(-1)[0].nonzero()[:, 0].tolist())
    if model in ("causal_windowed_attention", "causal_convolution"):
        assert read == {3, 4, 5}
    else:
        assert read == (set(range(6)) if model in CAUSAL else set(range(9)))


@pytest.mark.parametrize("model", RECURRENT)
def test_no_more_than_its_bits_pass_the_cut(model: str) -> None:
    """Over many strings there are no more different answers than states of so many bits."""
    learner = Learner(model, d=2, bits=1)
    net = build(learner, inputs=3, outputs=2, seed=1).double()
    random = torch.Generator().manual_seed(0)
    x = 3 * torch.randn(500, 8, 3, generator=random, dtype=torch.float64)
    x[:, 5:] = 1.0
    with torch.no_grad():
        said = net(x, 5)[:, 5:].flatten(1)
        free = build(Learner(model, d=2), inputs=3, outputs=2, seed=1).double()(x)[:, 5:]
    assert len(torch.unique(said.round(decimals=9), dim=0)) <= 2 ** state_bits(learner, 5)
    assert len(torch.unique(free.flatten(1).round(decimals=9), dim=0)) > 400


def test_attention_keeps_rounded_keys_and_values_only() -> None:
    """What attention carries over the cut has the levels of its bits."""
    net = build(Learner("causal_attention", d=4, bits=1), inputs=2, outputs=1, seed=0)
    seen: list[torch.Tensor] = []
    net.layers[0].out.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    x = torch.randn(1, 5, 2)
    net(x, 5)
    # Position 0 attends to itself alone, so what it mixes is its own rounded value.
    assert seen[0][0, 0].abs().sub(1).abs().max() < 1e-6


def test_tasks_ask_what_they_say() -> None:
    """Each answer follows from the inputs by the sentence that describes its task."""
    random = torch.Generator().manual_seed(0)
    copied = TASKS["copying"](random, 6, {"length": 3, "delay": 2, "v": 4})
    assert torch.equal(copied.x[:, :3, :4].argmax(-1), copied.y)
    assert not copied.x[:, 3:5].any()
    recalled = TASKS["recall"](random, 6, {"pairs": 4, "fillers": 2, "v": 3})
    for x, y in zip(recalled.x, recalled.y, strict=True):
        asked = x[-1, :4].argmax()
        (place,) = (x[:4, :4].argmax(-1) == asked).nonzero()[:, 0].tolist()
        assert x[place, 4:7].argmax() == y[0]
    added = TASKS["adding"](random, 6, {"lag": 9})
    assert added.x[:, :4, 1].sum(1).tolist() == added.x[:, 4:, 1].sum(1).tolist() == [1.0] * 6
    assert torch.allclose((added.x[..., 0] * added.x[..., 1]).sum(1), added.y[:, 0, 0])
    ordered = TASKS["order"](random, 6, {"n": 7})
    first, second = (ordered.x[:, :, k].argmax(1) for k in (0, 1))
    assert torch.equal((first < second).long(), ordered.y[:, 0])
    bits = TASKS["parity"](random, 6, {"n": 8, "distance": 5})
    plain = bits.x.argmax(-1)
    assert torch.equal(plain[:, -1] ^ plain[:, 2], bits.y[:, 0])
