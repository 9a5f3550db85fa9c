"""The plain implementations compute what the modules of torch.nn compute."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from workspan.analysis.runs import PLAIN, parameters, sequences
from workspan.analysis.runs.operations import Array

torch = pytest.importorskip("torch")

SIZES = {"n": 7, "d": 6, "h": 3, "g": 1, "f": 5, "k": 3, "w": 3, "m": 4, "L": 2}
n, d, h, f, k, w, L = (SIZES[name] for name in "ndhfkwL")


def load(module: Any, weights: dict[str, Array]) -> Any:
    """Give a module these weights; every name has to fit."""
    module = module.double()
    module.load_state_dict({name: torch.tensor(weight) for name, weight in weights.items()})
    return module


def check(name: str, reference: Callable[..., Any]) -> None:
    """Compare a plain function with `reference(layers, *inputs)`, at a batch of one."""
    weights, inputs = parameters(name, sizes=SIZES, seed=3), sequences(name, sizes=SIZES, seed=3)
    model = PLAIN[name]
    options = {key: SIZES[symbol] for key, symbol in model.options.items()}
    with torch.no_grad():
        expected = reference(weights, *(torch.tensor(x)[None] for x in inputs.values()))[0].numpy()
    variants = [{"pairs": pairs} for pairs in ("dense", "masked")] if model.pairs else [{}]
    for variant in variants:
        actual = model.function(*inputs.values(), weights, **options, **variant)
        assert np.abs(actual - expected).max() < 1e-9


def allowed_to_mask(allowed: Callable[[int, int], bool]) -> Any:
    """Return the mask of torch, true where position i may not read position j."""
    return torch.tensor([[not allowed(i, j) for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_recurrent(cell: str, both: bool) -> None:
    """Stacked recurrent layers equal torch.nn.RNN, LSTM and GRU, in one and both directions."""

    def reference(layers: list[dict[str, Array]], x: Any) -> Any:
        names = {
            f"{key}_l{level}".replace(f"_reverse_l{level}", f"_l{level}_reverse"): weight
            for level, layer in enumerate(layers)
            for key, weight in layer.items()
        }
        make = getattr(torch.nn, cell)
        return load(make(d, d, L, batch_first=True, bidirectional=both), names)(x)[0]

    check(f"{'bidirectional_' * both}{cell.lower()}", reference)


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("attention", lambda i, j: True),
        ("causal_attention", lambda i, j: j <= i),
        ("windowed_attention", lambda i, j: abs(i - j) <= (w - 1) // 2),
        ("causal_windowed_attention", lambda i, j: i - w < j <= i),
    ],
)
def test_self_attention(name: str, allowed: Callable[[int, int], bool]) -> None:
    """Attention equals torch.nn.MultiheadAttention under the mask of its allowed pairs."""

    def reference(layers: list[dict[str, Array]], x: Any) -> Any:
        for layer in layers:
            module = load(torch.nn.MultiheadAttention(d, h, batch_first=True), layer)
            x = module(x, x, x, attn_mask=allowed_to_mask(allowed), need_weights=False)[0]
        return x

    check(name, reference)


def test_cross_attention() -> None:
    """Cross attention equals torch.nn.MultiheadAttention from one sequence to another."""

    def reference(layers: list[dict[str, Array]], x: Any, memory: Any) -> Any:
        for layer in layers:
            module = load(torch.nn.MultiheadAttention(d, h, batch_first=True), layer)
            x = module(x, memory, memory, need_weights=False)[0]
        return x

    check("cross_attention", reference)


@pytest.mark.parametrize("groups", [1, 2, 4])
def test_grouped_queries(groups: int) -> None:
    """Grouped-query attention equals torch's causal attention product with enable_gqa."""
    sizes = {"n": 5, "d": 8, "h": 4, "g": groups}
    (layer,) = parameters("grouped_query_attention", sizes=sizes)
    (x,) = sequences("grouped_query_attention", sizes=sizes).values()

    def project(part: str, y: Any) -> Any:
        weight, bias = (torch.tensor(layer[f"{part}.{kind}"]) for kind in ("weight", "bias"))
        return torch.nn.functional.linear(y, weight, bias)

    q, k, v = (
        project(part, torch.tensor(x)).reshape(5, -1, 2).transpose(0, 1)
        for part in ("q_proj", "k_proj", "v_proj")
    )
    mixed = torch.nn.functional.scaled_dot_product_attention(
        q[None], k[None], v[None], is_causal=True, enable_gqa=True
    )
    expected = project("out_proj", mixed[0].transpose(0, 1).reshape(5, 8)).numpy()
    options: dict[str, Any] = {"heads": 4, "groups": groups}
    actual = PLAIN["grouped_query_attention"].function(x, [layer], **options)
    assert np.abs(actual - expected).max() < 1e-9
    if groups == 1:
        single = PLAIN["multi_query_attention"].function(x, [layer], heads=4)
        assert np.abs(single - expected).max() < 1e-9


def test_encoder() -> None:
    """The encoder equals a stack of torch.nn.TransformerEncoderLayer."""

    def reference(layers: list[dict[str, Array]], x: Any) -> Any:
        for layer in layers:
            module = torch.nn.TransformerEncoderLayer(d, h, f, dropout=0.0, batch_first=True)
            x = load(module, layer)(x)
        return x

    check("encoder", reference)


def test_decoder() -> None:
    """The decoder equals a stack of torch.nn.TransformerDecoderLayer with a causal mask."""
    mask = allowed_to_mask(lambda i, j: j <= i)

    def reference(layers: list[dict[str, Array]], x: Any, memory: Any) -> Any:
        for layer in layers:
            module = torch.nn.TransformerDecoderLayer(d, h, f, dropout=0.0, batch_first=True)
            x = load(module, layer)(x, memory, tgt_mask=mask)
        return x

    check("decoder", reference)


@pytest.mark.parametrize("name", ["convolution", "causal_convolution", "dilated_convolution"])
def test_convolution(name: str) -> None:
    """Convolutions equal torch.nn.Conv1d with zeros around the sequence."""

    def reference(layers: list[dict[str, Array]], x: Any) -> Any:
        for level, layer in enumerate(layers):
            dilation = k**level if name == "dilated_convolution" else 1
            left = (k - 1) // 2 if name == "convolution" else (k - 1) * dilation
            right = (k - 1) * dilation - left
            padded = torch.nn.functional.pad(x.transpose(1, 2), (left, right))
            x = load(torch.nn.Conv1d(d, d, k, dilation=dilation), layer)(padded).transpose(1, 2)
        return x

    check(name, reference)


def test_separable_convolution() -> None:
    """A separable convolution equals a grouped and a pointwise torch.nn.Conv1d."""

    def reference(layers: list[dict[str, Array]], x: Any) -> Any:
        for layer in layers:
            module = torch.nn.Sequential()
            module.add_module("depthwise", torch.nn.Conv1d(d, d, k, padding=k // 2, groups=d))
            module.add_module("pointwise", torch.nn.Conv1d(d, d, 1))
            x = load(module, layer)(x.transpose(1, 2)).transpose(1, 2)
        return x

    check("separable_convolution", reference)
