"""What is counted while torch runs is what the operators do, by laws that need no counter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
from torch import nn
from torch.nn import functional

from workspan.analysis.runs.observations import EngineError
from workspan.analysis.runs.pytorch.counting import count
from workspan.analysis.runs.pytorch.counts import LINES, RULES, Counts, rule
from workspan.analysis.runs.pytorch.modules import NAMES, build

from .agreement import SIZES, WINDOWED, derived, value

ALL_PAIRS = dict.fromkeys(WINDOWED, "attention")
"""Models whose module masks all pairs: the graph that has as many."""


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES)
def test_contractions_are_those_of_the_graph(name: str, sizes: dict[str, int]) -> None:
    """On the CPU in both precisions and on the meta device, contractions are the derived ones."""
    expected = value(derived(ALL_PAIRS.get(name, name), "contraction"), sizes)
    for device, dtype in (("cpu", torch.float32), ("cpu", torch.float64), ("meta", torch.float32)):
        built = build(name, sizes, device=device, dtype=dtype)
        inputs = built.inputs()
        with torch.no_grad():
            assert count(lambda: built.run(*inputs)).contraction == expected  # noqa: B023
        assert count(lambda: built.run(*inputs)).contraction == expected  # noqa: B023


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", SIZES)
def test_plain_operators_do_what_the_graph_does(name: str, sizes: dict[str, int]) -> None:
    """In plain operators every line is the derived one: contractions, maps, sums and softmaxes."""
    built = build(name, sizes, fused=False)
    inputs = built.inputs()
    tally = count(lambda: built.run(*inputs))
    expected = {line: value(derived(name, line), sizes) for line in ("contraction", "softmax")}
    assert (tally.contraction, tally.softmax) == tuple(expected.values())
    assert tally.total == value(derived(name, "total"), sizes)


@pytest.mark.parametrize(
    ("name", "operator"),
    [
        ("lstm", "mkldnn_rnn_layer"),
        ("attention", "_native_multi_head_attention"),
        ("encoder", "_transformer_encoder_layer_fwd"),
        ("grouped_query_attention", "_scaled_dot_product_flash_attention_for_cpu"),
    ],
)
def test_fused_operators_are_what_ran(name: str, operator: str) -> None:
    """On the CPU whole layers are one operator; what was compared above is their count."""
    if operator.startswith("mkldnn") and not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    built = build(name, SIZES[0], dtype=torch.float32)
    inputs = built.inputs()
    with torch.no_grad():
        assert f"aten::{operator}" in count(lambda: built.run(*inputs)).by_operator


@pytest.mark.parametrize("name", ["attention", "encoder"])
def test_how_fused_attention_differs_is_known(name: str) -> None:
    """Torch's own layer scales n d queries where the equations scale h n^2 scores; no more."""
    sizes = SIZES[0]
    built = build(name, sizes)
    inputs = built.inputs()
    with torch.no_grad():
        tally = count(lambda: built.run(*inputs))
    n, d, h, layers = (sizes[s] for s in ("n", "d", "h", "L"))
    assert tally.total == value(derived(name, "total"), sizes) - layers * (h * n * n - n * d)


def test_a_fused_gru_takes_one_product_less() -> None:
    """Torch writes (1 - z) c + z h as c + z (h - c): three maps for four, n d L times."""
    sizes = SIZES[0]
    built = build("gru", sizes)
    inputs = built.inputs()
    n, d, layers = (sizes[s] for s in ("n", "d", "L"))
    found = count(lambda: built.run(*inputs)).total
    assert found == value(derived("gru", "total"), sizes) - n * d * layers


@pytest.mark.parametrize("dtype", [torch.bool, torch.float32])
def test_the_masked_minimum_counts_allowed_pairs(dtype: Any) -> None:
    """What a mask allows is counted pair by pair: 4 e + 2 or 5 + ... operations each, exactly."""
    torch.manual_seed(0)
    heads, n, m, e = 3, 5, 7, 4
    q, k, v = torch.randn(1, heads, n, e), torch.randn(1, heads, m, e), torch.randn(1, heads, m, e)
    allowed = torch.rand(n, m) < 0.5
    allowed[:, 0] = True
    kept = sum(bool(allowed[i, j]) for i in range(n) for j in range(m)) * heads
    mask = allowed if dtype == torch.bool else torch.zeros(n, m).masked_fill(~allowed, -math.inf)
    tally = count(lambda: functional.scaled_dot_product_attention(q, k, v, attn_mask=mask))
    assert tally.masks
    assert tally.masked is not None
    assert tally.contraction == 4 * e * heads * n * m
    assert tally.masked.contraction == 4 * e * kept
    assert tally.masked.softmax == 5 * kept - 2 * heads * n
    least = torch.full((n, m), torch.finfo(torch.float32).min).where(~allowed, 0.0)
    again = count(lambda: functional.scaled_dot_product_attention(q, k, v, attn_mask=least))
    assert again.masked is not None
    assert again.masked.contraction == tally.masked.contraction


def test_a_causal_mask_aligns_at_the_first_position() -> None:
    """With fewer queries than keys, query i reads keys 0 to i, and the numbers say so too."""
    q, k, v = torch.randn(1, 1, 3, 2), torch.randn(1, 1, 5, 2), torch.randn(1, 1, 5, 2)

    def run() -> Any:
        return functional.scaled_dot_product_attention(q, k, v, is_causal=True)

    tally = count(run)
    assert tally.masked is not None
    assert tally.masked.contraction == 4 * 2 * (1 + 2 + 3)
    assert torch.allclose(run()[0, 0, 0], v[0, 0, 0])


def test_a_mask_without_values_has_no_minimum() -> None:
    """On the meta device nobody can tell what a mask allows; the minimum is none, not dense."""
    q = torch.empty(1, 2, 4, 3, device="meta")
    tally = count(lambda: functional.scaled_dot_product_attention(q, q, q, is_causal=True))
    assert tally.masks
    assert tally.masked is None
    assert tally.contraction == 2 * 2 * 4 * 4 * 3 * 2


def convolve(groups: int, *, device: str = "cpu") -> tuple[Any, Any]:
    """Return a grouped convolution in two dimensions and an input that takes a gradient."""
    module = nn.Conv2d(8, 12, (3, 2), stride=2, padding=1, groups=groups, device=device)
    return module, torch.randn(2, 8, 9, 7, device=device, requires_grad=True)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("groups", [2, 4])
def test_a_grouped_convolution_is_several(groups: int, device: str) -> None:
    """Groups count as that many convolutions apart, forward and backward."""
    module, x = convolve(groups, device=device)
    whole = count(lambda: module(x).sum().backward())
    parts = [
        nn.Conv2d(8 // groups, 12 // groups, (3, 2), stride=2, padding=1, device=device)
        for _ in range(groups)
    ]

    def apart() -> None:
        for part, piece in zip(parts, x.detach().chunk(groups, 1), strict=True):
            part(piece.clone().requires_grad_()).sum().backward()

    assert whole.contraction == count(apart).contraction
    assert whole.contraction == 3 * count(lambda: module(x)).contraction


def test_the_border_of_a_convolution_is_its_minimum() -> None:
    """Taps outside the input are left out of the minimum, counted one by one."""
    module, x = convolve(1)
    tally = count(lambda: module(x))
    assert tally.masked is not None
    inside = 0
    for i in range(5):
        for j in range(4):
            for a in range(3):
                for b in range(2):
                    inside += 0 <= 2 * i - 1 + a < 9 and 0 <= 2 * j - 1 + b < 7
    assert tally.masked.contraction == 2 * inside * 2 * 8 * 12
    assert tally.contraction == 2 * (5 * 4 * 3 * 2) * 2 * 8 * 12


def test_the_input_of_a_transposed_convolution_counts() -> None:
    """A transposed convolution multiplies every input by the whole kernel."""
    module, x = nn.ConvTranspose1d(4, 6, 3, stride=2), torch.randn(1, 4, 5)
    assert count(lambda: module(x)).contraction == 2 * 4 * 5 * 6 * 3


def test_gradients_that_nobody_wants_are_not_counted() -> None:
    """A convolution whose input takes no gradient has one product less going back."""
    module, x = convolve(2)
    forward = count(lambda: module(x)).contraction
    alone = count(lambda: module(x.detach()).sum().backward()).contraction
    assert alone == 2 * forward


def test_scores_that_are_computed_again_have_a_name() -> None:
    """Fused attention computes one product in five again; the rest is twice the forward's work."""
    q = torch.randn(1, 2, 6, 3, requires_grad=True)

    def attend() -> Any:
        return functional.scaled_dot_product_attention(q, q, q)

    forward = count(attend).contraction
    tally = count(lambda: attend().sum().backward())
    assert tally.counts.again == forward // 2
    assert tally.contraction - tally.counts.again == 3 * forward


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize("unit", [False, True])
def test_a_triangular_system_is_substituted(upper: bool, unit: bool) -> None:
    """Forward substitution takes so many multiply-adds and quotients, counted while solving."""
    n, columns = 5, 3
    products = sum(1 for _ in range(columns) for row in range(n) for _ in range(row))
    a = torch.randn(n, n).triu() + torch.eye(n) * 3
    a = a if upper else a.T
    b = torch.randn(n, columns)
    tally = count(lambda: torch.linalg.solve_triangular(a, b, upper=upper, unitriangular=unit))
    assert tally.contraction == 2 * products
    assert tally.elementwise == (0 if unit else n * columns)


def test_groups_of_rows_are_products_apart() -> None:
    """A grouped product counts as the products of its groups."""
    x, experts = torch.randn(10, 16), torch.randn(3, 16, 8)
    ends = torch.tensor([4, 6, 10], dtype=torch.int32)
    tally = count(lambda: functional.grouped_mm(x, experts, offs=ends))
    starts = [0, 4, 6]
    apart = count(
        lambda: [x[s:e] @ experts[k] for k, (s, e) in enumerate(zip(starts, ends, strict=True))]
    )
    assert tally.contraction == apart.contraction


def test_transforms_scans_and_sorts_have_lines_of_their_own() -> None:
    """A transform is 5 m log2 m, a cumulative sum m - 1, a sort a bitonic network."""
    x = torch.randn(3, 16)
    assert count(lambda: torch.fft.fft(x)).counts == Counts(fft=3 * 5 * 16 * 4)
    assert count(lambda: torch.fft.fft2(x)).fft == 3 * 16 * 5 * (4 + 2)
    assert count(lambda: torch.cumsum(x, 1)).counts == Counts(scan=3 * 15)
    comparators = 16 // 2 * sum(range(1, 4 + 1))  # Batcher 1968: k rounds in the k-th stage
    assert count(lambda: torch.sort(x, dim=1)).counts == Counts(sort=3 * comparators)


@pytest.mark.parametrize(
    "look",
    [
        lambda x: x.view(-1).expand(2, 24)[1:].unflatten(1, (4, 6)).mT.diagonal(dim1=1, dim2=2),
        lambda x: torch.cat([x, x.flip(0)]).contiguous().clone().float().repeat(2, 1),
        lambda x: x.unfold(1, 3, 1).detach().tril(),
        lambda x: torch.where(torch.tensor([True]), x, torch.zeros(1)).index_select(
            0, torch.tensor([1])
        ),
        lambda x: functional.embedding(torch.tensor([0, 3]), x),
    ],
)
def test_looking_and_moving_costs_nothing(look: Callable[[Any], Any]) -> None:
    """Views, copies, selections and constants compute nothing."""
    x = torch.randn(4, 6)
    assert count(lambda: look(x)).counts == Counts()


def test_whole_numbers_are_no_part_of_the_total() -> None:
    """Positions and masks have a line of their own, which the total leaves out."""
    tally = count(lambda: (torch.arange(5) + 1) % 2 == 0)
    assert tally.counts == Counts(index=15)
    assert tally.total == 0


def test_what_a_softmax_and_a_norm_take_is_what_their_equations_take() -> None:
    """Fused, they count as written out in single operators."""
    x, norm = torch.randn(5, 7), nn.LayerNorm(7)

    def soft() -> Any:
        spread = (x - x.amax(1, keepdim=True)).exp()
        return spread / spread.sum(1, keepdim=True)

    def normed() -> Any:
        centred = x - x.sum(1, keepdim=True) / 7
        root = ((centred * centred).sum(1, keepdim=True) / 7 + 1e-5).sqrt()
        return centred / root * norm.weight + norm.bias

    assert count(lambda: x.softmax(1)).total == count(soft).total
    assert count(lambda: norm(x)).counts == count(normed).counts


def test_operators_that_stand_for_others_are_taken_apart() -> None:
    """In inference mode torch hands over whole layers; they count as the operators they are."""
    module, x = nn.TransformerEncoderLayer(8, 2, 12, batch_first=True).eval(), torch.randn(1, 5, 8)
    rnn = nn.GRU(8, 8, batch_first=True)
    with torch.no_grad():
        expected = [count(lambda: module(x)), count(lambda: rnn(x))]
    with torch.inference_mode():
        assert [count(lambda: module(x)), count(lambda: rnn(x))] == expected


def test_a_cell_and_its_products_are_a_step_of_the_layer() -> None:
    """The fused cell counts what is left of a step of an LSTM when its products are taken off."""
    d = 6
    gates, state = torch.empty(1, 4 * d, device="meta"), torch.empty(1, d, device="meta")
    bias = torch.empty(4 * d, device="meta")
    cell = count(lambda: torch.ops.aten._thnn_fused_lstm_cell(gates, gates, state, bias, bias))
    step = {"n": 1, "d": d, "L": 1}
    total, contraction = (value(derived("lstm", line), step) for line in ("total", "contraction"))
    assert cell.total == total - contraction


def test_an_uncovered_operator_is_named() -> None:
    """What no rule covers is an error, going forward, going back, and inside a composite."""
    x = torch.randn(3, 3, requires_grad=True)
    with pytest.raises(EngineError, match=r"a counting rule, got aten\._linalg_eigh"):
        count(lambda: torch.linalg.eigvalsh(x @ x.T))
    with pytest.raises(EngineError, match="special_bessel_j0"):
        count(lambda: torch.special.bessel_j0(x))

    class Odd(torch.autograd.Function):  # type: ignore[misc]
        @staticmethod
        def forward(context: Any, y: Any) -> Any:
            return y.clone()

        @staticmethod
        def backward(context: Any, g: Any) -> Any:
            return torch.special.bessel_j0(g)

    with pytest.raises(EngineError, match="special_bessel_j0"):
        count(lambda: Odd.apply(x).sum().backward())


def test_one_operator_has_one_rule() -> None:
    """A second rule for an operator is refused."""
    with pytest.raises(ValueError, match="expected one rule for aten::mm"):
        rule("mm")(RULES["aten::mm"])


def test_counts_add_up() -> None:
    """Counts are vectors: sums, differences and multiples go line by line."""
    a = Counts(*range(1, len(LINES) + 3))
    assert a + a == 2 * a
    assert 3 * a - a == a + a
    assert a.total == sum(range(1, len(LINES) + 1))


def test_running_twice_counts_twice() -> None:
    """A tally is of one run; nothing is kept between runs."""
    x = torch.randn(3, 3)
    once = count(lambda: x @ x)
    assert count(lambda: [x @ x, x @ x]).counts == 2 * once.counts
    assert count(lambda: x @ x) == once
    assert dict(once.by_operator) == {"aten::mm": 54}
