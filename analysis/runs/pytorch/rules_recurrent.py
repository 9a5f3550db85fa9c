"""Rules of fused recurrent layers: all steps of one direction in one operator, or one cell."""

from __future__ import annotations

from ..observations import EngineError
from .counts import Call, Counts, rule

LSTM = 2
"""The number of the LSTM among the modes of torch's fused recurrent layers."""


@rule("mkldnn_rnn_layer")
def _layer(call: Call) -> Counts:
    """Four gates read the input and the state at each step; then the equations of the cell.

    For each component: a bias to each of eight products, four sums, four gates; two products and a
    sum for the cell's state; its tanh and a product for the output.
    """
    _only_lstm(call, "mkldnn_rnn_layer")
    x, width = call[0], call["hidden_size"]
    steps = x.numel() // x.shape[-1]
    maps = 8 * bool(call["has_biases"]) + 4 + 4 + 3 + 2
    return Counts(
        contraction=steps * 2 * 4 * width * (x.shape[-1] + width), elementwise=steps * maps * width
    )


@rule("mkldnn_rnn_layer_backward")
def _layer_backward(call: Call) -> Counts:
    """Gradients of both weights, of the input and of the state, whether or not they are wanted.

    For each component: the tanh of the state again; the gradients of output, state (five maps) and
    four gates with those of their functions (three each), and two sums over readers; a sum over
    all steps for the biases.
    """
    _only_lstm(call, "mkldnn_rnn_layer_backward")
    x, width = call[0], call["hidden_size"]
    steps = x.numel() // x.shape[-1]
    sums = (steps - 1) * 4 * width if call["has_biases"] else 0
    return Counts(
        contraction=steps * 2 * 2 * 4 * width * (x.shape[-1] + width),
        elementwise=steps * 24 * width,
        reduction=sums,
    )


def _only_lstm(call: Call, name: str) -> None:
    if call["mode"] != LSTM:
        raise EngineError(
            f"expected {name} to run an LSTM (mode {LSTM}), got mode={call['mode']}, "
            "which has no counting rule"
        )


@rule("_thnn_fused_lstm_cell")
def _cell(call: Call) -> Counts:
    """What follows the products: biases, sums, gates, the state and the output."""
    gates = call[0].numel()
    biases = (call["input_bias"] is not None) + (call["hidden_bias"] is not None)
    return Counts(elementwise=gates * (biases + 2) + 5 * (gates // 4))
