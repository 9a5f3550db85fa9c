"""The work that torch does is the work that the graph derives, forward and backward."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("torch")

import torch
from torch import nn

from workspan.analysis.counting.counts import params
from workspan.analysis.runs import PLAIN
from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.counting import count
from workspan.analysis.runs.pytorch.modules import MODULES, NAMES, build
from workspan.analysis.runs.pytorch.work import from_state, observe, ran
from workspan.graphs.setting import Setting

from .agreement import SIZES, derived, graph_of, value

TRAINED = tuple(name for name in NAMES if not name.startswith("linear_recurrence"))
BORDERS = ("convolution", "separable_convolution")


@pytest.mark.parametrize("mode", ["encode", "train"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES)
def test_every_observation_is_the_derived_number(
    name: str, sizes: Mapping[str, int], mode: str
) -> None:
    """Whole, contractions, dense and masked: each observed line equals the graph's, exactly."""
    if mode == "train" and name not in TRAINED:
        pytest.skip("a model without parameters is not trained")
    at = {s: sizes[s] for s in MODULES[name].sizes}
    seen = observe(name, at, figures=("work",), mode=mode)
    assert {o.part.partition(" ")[0] for o in seen} >= {"contraction"}
    for observation in seen:
        pairs = "masked" if "masked" in observation.part else "dense"
        line = "contraction" if "contraction" in observation.part else "total"
        if mode == "train" and pairs == "masked" and name in BORDERS:
            continue  # the next test but one counts these borders
        assert observation.value == value(derived(name, line, pairs, mode), at), observation
        assert observation.exact


@pytest.mark.parametrize("name", NAMES)
def test_lines_are_those_of_the_figure(name: str) -> None:
    """A model in which pairs can be masked has dense and masked lines, the others have neither."""
    at = {s: SIZES[0][s] for s in MODULES[name].sizes}
    parts = {o.part for o in observe(name, at, figures=("work",))}
    masks = PLAIN[name].pairs
    assert parts >= ({"dense", "contraction dense"} if masks else {"", "contraction"})
    assert masks or not any("masked" in part for part in parts)


def test_borders_take_no_gradient() -> None:
    """Trained, a convolution reads each tap inside three times, the first layer's input twice."""
    at = {"n": 7, "d": 4, "k": 5, "L": 3}
    inside = sum(0 <= i + tap < 7 for i in range(7) for tap in range(-2, 3))
    seen = observe("convolution", at, figures=("work",), mode="train")
    (masked,) = [o.value for o in seen if o.part == "contraction masked"]
    assert masked == (3 * 3 - 1) * 2 * inside * 4 * 4


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_the_graph(name: str) -> None:
    """The module has as many numbers in its parameters as the graph derives."""
    at = {s: SIZES[0][s] for s in MODULES[name].sizes}
    (seen,) = observe(name, at, figures=("params",))
    formula = params(graph_of(name), Setting()).formula
    assert formula is not None
    assert seen.value == value(formula, at)


@pytest.mark.parametrize("fused", [True, False])
@pytest.mark.parametrize("name", ["rnn", "lstm", "bidirectional_gru"])
def test_a_first_state_that_takes_a_gradient_changes_no_output(name: str, fused: bool) -> None:
    """The state is zero either way; its gradient is one product for each layer and direction."""
    at = {"n": 5, "d": 4, "L": 2}
    built = build(name, at, fused=fused)
    inputs = built.inputs()
    start = torch.zeros(1, 4, dtype=built.dtype).requires_grad_()
    assert torch.allclose(from_state(built, inputs, start), built.run(*inputs))
    gates = {"rnn": 1, "lstm": 4, "bidirectional_gru": 3}[name]
    passes = at["L"] * (2 if name.startswith("bidirectional") else 1)
    without = count(lambda: built.run(*inputs).sum().backward()).contraction
    assert ran(built, mode="train").contraction - without == passes * gates * 2 * 4 * 4


def test_one_operator_for_a_whole_lstm_takes_gradients_that_nobody_wants() -> None:
    """OneDNN's LSTM computes the input's gradient as well: exactly twice the forward pass."""
    if not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    module, x = nn.LSTM(6, 6, 2), torch.randn(5, 1, 6)
    forward = count(lambda: module(x)).contraction
    tally = count(lambda: module(x)[0].sum().backward())
    assert "aten::mkldnn_rnn_layer_backward" in tally.by_operator
    assert tally.contraction == 3 * forward
    double = nn.LSTM(6, 6, 2).double()
    wanted = count(lambda: double(x.double())[0].sum().backward()).contraction
    assert 3 * forward - wanted == 5 * 2 * 24 * 6 + 2 * 2 * 24 * 6


def test_a_mode_that_does_not_exist_is_named() -> None:
    """Only encode and train are run."""
    with pytest.raises(EngineError, match="expected mode to be encode or train, got mode='decode'"):
        observe("rnn", {"n": 2, "d": 2}, figures=("work",), mode="decode")
