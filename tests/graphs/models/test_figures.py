"""Figures of convolutions, state spaces, linear recurrences and whole models, from their papers."""

from __future__ import annotations

import pytest

from tests.adapters import TYPICAL, WORDS, fitting, symbolic
from workspan.analysis.api import analyze
from workspan.analysis.deriving import RULES, derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.positions import inhabited
from workspan.analysis.proofs.storage.ranges import parted
from workspan.graphs.graph import Axis
from workspan.graphs.models import CATALOGUE
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly
from workspan.graphs.tracing import trace

LAYER, TENSOR, MIXING = Setting(unit="layer"), Setting(), Setting(scope="mixing")

WHOLE = (
    "mixtral",
    "transformer",
    "t5",
    "bert_pooled",
    "mamba2",
    "rwkv4",
    "rwkv5",
    "rwkv6",
    "deepseek_v2",
)
"""Models of a hundred equations and more, of which only spans are tried."""

NAMES: tuple[str, ...] = (
    *("h3", "lightweight_convolution", "dynamic_convolution"),
    *("tcn", "wavenet", "bytenet", "hyena", "fnet"),
    *("s4", "s4_convolution", "s4d", "s4d_convolution", "s5", "s5_recurrent"),
    *("retnet", "retnet_recurrent", "retnet_chunked"),
    *("ssd", "ssd_quadratic", "ssd_chunked", "gla", "gla_chunked"),
    *("delta_net", "delta_net_chunked", "slstm", "rg_lru", "rg_lru_scan"),
    *("mlstm", "mlstm_parallel", "mlstm_chunked", "linear_attention_chunked"),
    *("mixture_of_experts", "lstm_language_model", "awd_lstm", *WHOLE),
)

CHUNKS = (
    *("retnet_chunked", "ssd_chunked", "gla_chunked"),
    *("linear_attention_chunked", "mlstm_chunked"),
)

GRID = (
    {"n": 2, "m": 3, "L": 1, "k": 2, "w": 3},
    {"n": 6, "m": 2, "L": 3, "k": 3, "w": 2},
    {"n": 9, "m": 4, "L": 2, "k": 5, "w": 4},
)

FIGURES = (
    ("span", LAYER),
    ("span", TENSOR),
    ("path_length", LAYER),
    ("path_length", TENSOR),
    ("mixing_hops", TENSOR),
    ("receptive_field", TENSOR),
)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_derived_is_measured(name: str) -> None:
    """Law: a length with a proof is the one of the unrolled graph; without one there is a reason."""
    graph, proved, reasons = symbolic(name), 0, []
    for figure, setting in FIGURES[:2] if name in WHOLE else FIGURES:
        found = RULES[figure](graph, setting)
        if found.formula is None:
            assert found.reason
            reasons.append(f"{figure}: {found.reason}")
            continue
        for row in GRID:
            at = fitting(name, {**WORDS, "d": 4, "h": 2, "g": 1, "f": 6, **row})
            if all(at[s] >= least for s, least in found.least.items()):
                claimed = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
                assert claimed == measure(figure, graph, setting, at), (figure, setting.unit, at)
                proved += 1
    if not proved:
        pytest.skip(f"no formula: {reasons}")


def formula(figure: str, name: str, setting: Setting = TENSOR, **sizes: object) -> Poly:
    """Derive a figure that must have a proof."""
    found = derive(figure, symbolic(name, **sizes), setting)
    assert found.formula is not None, found.reason
    assert found.grade == "proved"
    return found.formula


def contractions(name: str, setting: Setting = MIXING, **sizes: object) -> Poly:
    """Derive the contractions of a work."""
    found = derive("work", symbolic(name, **sizes), setting)
    assert found.grade == "proved"
    return found.by_primitive["contraction"]


def test_a_block_of_wavenet_receives_1024_samples() -> None:
    """Dilations 1, 2, ..., 512 receive 1024 samples: van den Oord et al. 2016, section 2.1."""
    graph = trace(CATALOGUE["wavenet"], L="L")
    found = derive("receptive_field", graph, TENSOR)
    assert found.grade == "proved"
    assert found.formula == poly("min(2**L, n)")
    assert found.formula.evaluate(L=10, n=16000) == 1024
    assert measure("receptive_field", graph, TENSOR, {"n": 70, "L": 6, "d": 2}) == 64


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("retnet_recurrent", "L*d*(d/h)"),  # Sun et al. 2023: d_k d_v for each head
        ("ssd", "L*d*s"),  # Dao and Gu 2024: N P for each head
        ("gla", "L*d*s"),  # Yang et al. 2024: d_k d_v for each head
        ("delta_net", "L*d*(d/h)"),  # Yang et al. 2024: a matrix for each head
        ("mlstm", "L*(d*(d/h) + d + h)"),  # Beck et al. 2024: a matrix, a norm, the stabiliser
        ("slstm", "4*L*d"),  # Beck et al. 2024: hidden, cell, norm and stabiliser states
        ("rg_lru", "L*d"),  # De et al. 2024: a vector
        ("s4", "L*d*s"),  # Gu et al. 2022: N for each channel
        ("s5", "L*s"),  # Smith et al. 2023: P for all channels
        ("s4_convolution", "L*d*n"),
        ("s4d_convolution", "L*d*n"),  # a convolution needs all inputs so far
        ("rwkv4", "5*L*d"),  # Peng et al. 2024, appendix E
        ("rwkv5", "L*d*(d/h) + 2*L*d"),  # Peng et al. 2024, appendix E: D (D/h + 2)
        ("rwkv6", "L*d*(d/h) + 2*L*d"),
        ("lstm_language_model", "2*L*d"),
    ],
)
def test_states_are_those_of_the_literature(name: str, expected: str) -> None:
    """Law: what is carried to the next position is the state that the paper counts."""
    assert formula("state", name) == poly(expected)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("retnet", "L"),
        ("retnet_recurrent", "n + L - 1"),
        ("ssd_quadratic", "L*(ceil(log2(n)) + 1)"),
        ("gla", "n + L - 1"),
        ("s5", "L*(ceil(log2(n)) + 1)"),
        ("slstm", "n + L - 1"),
        ("hyena", "L"),
        ("fnet", "2*L"),
        ("tcn", "2*L"),
        ("wavenet", "L"),
        ("bytenet", "L"),
    ],
)
def test_sequential_operations(name: str, expected: str) -> None:
    """Law: convolutions and transforms are a step a layer, scans log n, recurrences a wavefront."""
    assert formula("span", name, LAYER) == poly(expected)


ONCE = {"latent_attention", "retnet_chunked"}
"""Models with tables of positions, which no layer changes: one for all layers if these are an axis,
one for each if they are written out."""
IN_LAYERS = [n for n in TYPICAL if "L" in (CATALOGUE[n].__kwdefaults__ or {}) and n not in ONCE]


@pytest.mark.parametrize("name", [*IN_LAYERS, "global_windowed_attention", "star_transformer"])
def test_layers_cost_the_same_as_an_axis_and_written_out(name: str) -> None:
    """Law: for any number of layers, work and parameters are those of that number of them."""
    graph = trace(CATALOGUE[name], L="L")
    for figure in ("work", "params"):
        found = derive(figure, graph, TENSOR)
        assert found.formula is not None
        for depth in range(found.least.get("L", 1), 4):
            written = derive(figure, trace(CATALOGUE[name], L=depth), TENSOR).formula
            assert found.formula.substitute({"L": depth}) == written, (figure, depth)


@pytest.mark.parametrize("name", CHUNKS)
def test_chunks_are_carried_one_after_another(name: str) -> None:
    """A layer of n/c chunks takes n/c steps: Yang et al. 2024, section 2."""
    graph = symbolic(name)
    for n, c in ((12, 3), (12, 1), (12, 12)):
        at = {**WORDS, "n": n, "c": c, "d": 4, "h": 2, "L": 1}
        assert measure("span", graph, LAYER, at) == n / c


def test_chunks_cost_what_the_paper_says() -> None:
    """Pairs in chunks and states together take O(n c d + n d**2): Yang et al. 2024, section 2.

    With one head, twice c d for scores and for what they weigh, twice d**2 for what enters a state
    and what is read of it; the state of each chunk decays once.
    """
    found = contractions("retnet_chunked", TENSOR, h=1, L=1)
    projections = poly("10*d**2*n")
    assert found - projections == poly("4*c*d*n + 4*d**2*n + c*n + 2*d*n + d**2*n/c")


def test_experts_are_work_for_those_chosen_and_parameters_for_all() -> None:
    """Parameters grow with E, contractions with k, the router apart: Fedus et al. 2022, section 2."""
    params = formula("params", "mixture_of_experts")
    found = contractions("mixture_of_experts", TENSOR)
    assert params == poly("L*E*(3*d*f + d)")
    assert found == poly("L*n*(6*k*d*f + 2*E*d + 2*k*d)")


@pytest.mark.parametrize(("name", "count"), [("rwkv5", "14*d*L"), ("rwkv6", "464*d*L")])
def test_parameters_of_eagle_and_finch(name: str, count: str) -> None:
    """13 D^2 L + 14 D L + 4 D + 2 D V, or 464 D L: Peng et al. 2024, equations 23 and 27."""
    sizes: dict[str, int] = {"r": 32} if name == "rwkv6" else {}
    found = formula("params", name, TENSOR, **sizes).substitute({"f": poly("7*d/2")})
    assert found == poly("13*d**2*L + 4*d + 2*d*v") + poly(count)


def test_a_decoded_position_of_hyena_reads_all_before() -> None:
    """One more position of a long convolution takes O(n) operations: Sun et al. 2023, section 3.5."""
    found = formula("decode_work", "hyena", k=1)
    assert found.substitute({"n": poly("2*n")}) - found == poly("4*L*d*n")


def test_fourier_mixing_is_n_d_log_n_and_log_d() -> None:
    """Mixing has n d log n and n d log d operations and no parameters: Lee-Thorp et al. 2022."""
    found = derive("work", symbolic("fnet", L=1), TENSOR)
    transforms = found.by_primitive["fourier"]
    assert transforms == poly("5*d*n*ceil(log2(n)) + 5*d*n*ceil(log2(d))")


def test_a_domain_says_what_chunks_divide() -> None:
    """Law: a formula of a model in chunks holds where there is a whole number of them, and says so."""
    for figure in analyze("gla_chunked", figures=["work", "params"]).figures.values():
        assert figure.domain.endswith(" and n/c whole")
        assert figure.agree


@pytest.mark.parametrize("name", [n for n in NAMES if n.endswith("_chunked")])
@pytest.mark.parametrize("pairs", ["dense", "masked"])
def test_activations_of_chunks_are_measured(name: str, pairs: str) -> None:
    """Law: what training keeps of parts and of their members is what the unrolled graph keeps."""
    graph, setting = symbolic(name), Setting(mode="train", pairs=pairs)
    found = derive("activations", graph, setting)
    assert found.grade == "proved"
    assert found.formula is not None
    for n, c, depth in ((6, 3, 2), (4, 4, 1), (5, 1, 3)):
        at = {**WORDS, "n": n, "c": c, "d": 4, "h": 2, "L": depth}
        assert found.formula.evaluate(**at) == measure("activations", graph, setting, at)


def test_parts_that_leave_something_out_have_no_rule() -> None:
    """Law: parts read all only if they have no gaps and their members are all there are."""
    n, coarse = Axis("n", poly("n"), "sequence"), Axis("p", poly("n/c"), "sequence")
    other = Axis("m", poly("m"), "sequence")
    part, chunk = Relation.part("c"), Relation.stride("c")
    assert parted(part, n, coarse)
    assert parted(chunk, coarse, n)
    assert not parted(part, other, coarse)
    assert not parted(chunk, coarse, other)
    assert not parted(Relation.stride("c", 1), coarse, n)
    assert inhabited(coarse.extent, {})
    assert not inhabited(poly("n/c - 1"), {})
