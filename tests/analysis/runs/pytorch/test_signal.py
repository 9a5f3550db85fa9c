"""Gradients of torch modules by distance, against those of plain cells and against theory."""

from __future__ import annotations

import pytest

pytest.importorskip("torch")

import numpy as np
import torch

from workspan.analysis.runs import cells
from workspan.analysis.runs.pytorch.modules import NAMES, build
from workspan.analysis.runs.pytorch.signal import by_distance, observe
from workspan.analysis.runs.signal import bound, orthogonal, spectral, with_singular_value

AT = {"n": 12, "d": 4, "h": 2, "m": 3, "g": 2, "f": 8, "k": 3, "w": 3, "L": 1}
CELLS = {"rnn": cells.ELMAN, "lstm": cells.LSTM, "gru": cells.GRU}


def weights_of(module: torch.nn.Module) -> dict[str, np.ndarray]:
    """Return the parameters of a module of one layer, under the names of plain cells."""
    return {
        name.removeprefix("layers.0.").removesuffix("_l0"): p.detach().numpy()
        for name, p in module.named_parameters()
    }


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("fused", [True, False])
def test_autograd_and_hand_agree_on_cells(name: str, fused: bool) -> None:
    """Law: on the same weights autograd and the Jacobians by hand give the same blocks."""
    for seed in range(5):
        built = build(name, AT, seed=seed, fused=fused)
        (x,) = (y.numpy() for y in built.inputs(seed))
        expected = cells.by_distance(CELLS[name], weights_of(built.module), x, width=4)
        assert np.allclose(by_distance(built, seed), expected, rtol=1e-9, atol=1e-15)


def test_autograd_and_hand_agree_on_attention() -> None:
    """Law: the closed form of attention's derivative is that of torch.nn.MultiheadAttention."""
    for seed in range(5):
        built = build("causal_attention", AT, seed=seed)
        (x,) = (y.numpy() for y in built.inputs(seed))
        expected = cells.attention_by_distance(weights_of(built.module), x, heads=2)
        assert np.allclose(by_distance(built, seed), expected, rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("s", [0.3, 0.9, 1.0, 2.0])
def test_pascanus_bound_holds_for_the_module(s: float) -> None:
    """Pascanu et al. 2013, on torch.nn.RNN: every norm is at most s^(i - j) |W|, for every s."""
    for seed in range(8):
        built = build("rnn", {"n": 30, "d": 5}, seed=seed)
        u = built.module.weight_hh_l0
        with torch.no_grad():
            u.copy_(torch.tensor(with_singular_value(u.detach().numpy(), s)))
        found = bound(spectral("rnn", by_distance(built, seed)), weights_of(built.module))
        assert found.largest_ratio <= 1 + 1e-9
        assert found.compared == 30


def test_a_module_with_an_orthogonal_matrix_does_not_vanish_at_zero() -> None:
    """The counterexample in torch.nn.RNN itself: tanh has slope 1 at 0, so |Q^k W| = |W|."""
    built = build("rnn", {"n": 40, "d": 6}, seed=3)
    module = built.module
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.tensor(orthogonal(6, np.random.default_rng(0))))
        for bias in (module.bias_ih_l0, module.bias_hh_l0):
            bias.zero_()
    x = torch.zeros(40, 6, dtype=torch.float64, requires_grad=True)
    rows = [torch.autograd.grad(y, x, retain_graph=True)[0] for y in built.run(x)[-1]]
    blocks = torch.stack(rows, 1).numpy()
    norms = spectral("rnn", blocks)
    assert np.allclose(norms, norms[-1], rtol=1e-12)


@pytest.mark.parametrize(
    ("name", "vanishes"),
    [
        ("rnn", True),
        ("lstm", True),
        ("gru", True),
        ("linear_recurrence", True),
        ("causal_attention", False),
        ("grouped_query_attention", False),
    ],
)
def test_modules_as_they_are_initialised(name: str, vanishes: bool) -> None:
    """Recurrent modules lose the gradient with distance as torch initialises them; attention not."""
    found = observe(name, {**AT, "n": 24}, samples=24)
    assert found.vanishes is vanishes
    assert found.source.library == "torch"
    assert len(found.distances) == 24


def test_a_window_cuts_the_gradient_exactly() -> None:
    """Beyond a causal window of three the norm is exactly zero in every sample, within it never."""
    found = observe("causal_windowed_attention", {**AT, "w": 3}, samples=5)
    assert [row.zeros for row in found.distances] == [0, 0, 0] + [5] * 9
    assert found.rate is None


def test_deeper_windows_reach_further() -> None:
    """Two layers of a causal window of three reach four positions back, four of them eight."""
    for layers in (2, 4):
        found = observe("causal_windowed_attention", {**AT, "w": 3, "L": layers}, samples=3)
        assert [row.zeros == 0 for row in found.distances].index(False) == 2 * layers + 1


def test_every_model_has_its_signal() -> None:
    """No model of torch fails, and the last input of several is the one looked at."""
    for name in NAMES:
        found = observe(name, {**AT, "m": 12}, samples=2)
        assert len(found.distances) == 12
    assert observe("linear_recurrence", AT, samples=2).subject.endswith("input b")
