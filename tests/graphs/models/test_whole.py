"""Whole models hold what was published of them: parameters and what is carried, to the unit."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tests.adapters import symbolic
from workspan.analysis.deriving import derive
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly

GPT3 = {"v": 50257, "c": 2048}
T5_SMALL = {"v": 32128, "d": 512, "h": 8, "e": 64, "f": 2048, "L": 6}
LLAMA_7B = {"v": 32000, "d": 4096, "h": 32, "g": 32, "f": 11008, "L": 32}
LLAMA_70B = {"v": 32000, "d": 8192, "h": 64, "g": 8, "f": 28672, "L": 80}
LLAMA_3 = {"v": 128256, "d": 4096, "h": 32, "g": 8, "f": 14336, "L": 32}
MISTRAL = {"v": 32000, "d": 4096, "h": 32, "g": 8, "f": 14336, "w": 4096, "L": 32}
MIXTRAL = {"v": 32000, "d": 4096, "h": 32, "g": 8, "f": 14336, "E": 8, "k": 2, "L": 32}
DEEPSEEK_V2 = {
    "v": 102400,
    "d": 5120,
    "h": 128,
    "e": 128,
    "t": 64,
    "r": 512,
    "q": 1536,
    "f": 12288,
    "i": 1536,
    "E": 160,
    "s": 2,
    "k": 6,
    "a": 1,
    "L": 59,
}
LITE = {
    "v": 102400,
    "d": 2048,
    "h": 16,
    "e": 128,
    "t": 64,
    "r": 512,
    "f": 10944,
    "i": 1408,
    "E": 64,
    "s": 2,
    "k": 6,
    "a": 1,
    "L": 26,
}
MAMBA = {"v": 50280, "s": 16, "k": 4}
MAMBA2 = {"v": 50288, "s": 128, "k": 4}
RWKV = {"v": 50277}


def derived(figure: str, name: str, at: Mapping[str, int]) -> int:
    """Evaluate a proved figure at a configuration."""
    found = derive(figure, symbolic(name), Setting())
    assert found.grade == "proved"
    assert found.formula is not None
    value: int = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
    return value


@pytest.mark.parametrize(
    ("name", "at", "count"),
    [
        ("gpt2", {"v": 50257, "c": 1024, "d": 768, "f": 3072, "L": 12}, 124_439_808),
        ("gpt2", {"v": 50257, "c": 1024, "d": 1024, "f": 4096, "L": 24}, 354_823_168),
        ("gpt2", {"v": 50257, "c": 1024, "d": 1600, "f": 6400, "L": 48}, 1_557_611_200),
        ("bert_pooled", {"v": 30522, "c": 512, "d": 768, "f": 3072, "L": 12}, 109_482_240),
        ("t5", T5_SMALL, 60_506_624),
        ("llama", LLAMA_7B, 6_738_415_616),
        ("llama", LLAMA_70B, 68_976_648_192),
        ("llama", LLAMA_3, 8_030_261_248),
        ("mistral", MISTRAL, 7_241_732_096),
        ("mixtral", MIXTRAL, 46_702_792_704),
        ("deepseek_v2", DEEPSEEK_V2, 235_741_434_880),
        ("deepseek_v2_lite", LITE, 15_706_484_224),
        ("mamba", {**MAMBA, "d": 768, "r": 48, "L": 24}, 129_135_360),
        ("mamba", {**MAMBA, "d": 2048, "r": 128, "L": 48}, 1_372_178_432),
        ("mamba", {**MAMBA, "d": 2560, "r": 160, "L": 64}, 2_768_345_600),
        ("mamba2", {**MAMBA2, "d": 768, "h": 24, "L": 24}, 128_989_632),
        ("mamba2", {**MAMBA2, "d": 2560, "h": 80, "L": 64}, 2_702_599_680),
        ("rwkv4", {**RWKV, "d": 768, "f": 3072, "L": 12}, 169_342_464),
        ("rnn", {"d": 512, "L": 1}, 525_312),
        ("gru", {"d": 512, "L": 1}, 1_575_936),
        ("lstm", {"d": 512, "L": 1}, 2_101_248),
        ("lstm_language_model", {"v": 10000, "d": 650, "L": 2}, 19_775_200),
        ("awd_lstm", {"v": 10000, "d": 400, "f": 1150, "L": 2}, 24_221_600),
    ],
)
def test_parameters_to_the_unit(name: str, at: Mapping[str, int], count: int) -> None:
    """Law: at a published configuration the derived number is that of the released weights."""
    assert derived("params", name, at) == count


@pytest.mark.parametrize(
    ("name", "at", "printed", "digits"),
    [
        # Brown et al. 2020, table D.1, in millions; table 2.1 prints d = 5140 for 40 heads of 128.
        ("gpt2", {**GPT3, "d": 768, "f": 4 * 768, "L": 12}, 125, 1),
        ("gpt2", {**GPT3, "d": 1024, "f": 4 * 1024, "L": 24}, 356, 1),
        ("gpt2", {**GPT3, "d": 2560, "f": 4 * 2560, "L": 32}, 2650, 10),
        ("gpt2", {**GPT3, "d": 5120, "f": 4 * 5120, "L": 40}, 12850, 10),
        ("gpt2", {**GPT3, "d": 12288, "f": 4 * 12288, "L": 96}, 174600, 100),
        # Peng et al. 2023, table 2.
        ("rwkv4", {**RWKV, "d": 768, "f": 4 * 768, "L": 12}, 169.3, 0.1),
        ("rwkv4", {**RWKV, "d": 1024, "f": 4 * 1024, "L": 24}, 430.4, 0.1),
        ("rwkv4", {**RWKV, "d": 2048, "f": 4 * 2048, "L": 24}, 1515, 1),
        ("rwkv4", {**RWKV, "d": 4096, "f": 4 * 4096, "L": 32}, 7393, 1),
    ],
)
def test_parameters_as_they_were_printed(
    name: str, at: Mapping[str, int], printed: float, digits: float
) -> None:
    """Law: the derived number, in millions, is what was printed, to the last printed digit."""
    assert abs(derived("params", name, at) / 10**6 - printed) <= digits


def outside(name: str, at: Mapping[str, int]) -> int:
    """Count the parameters of the experts that a token does not pass."""
    return sum(
        e.scalars.evaluate(**{**at, "E": at["E"] - at["k"]}) * at["L"]
        for e in symbolic(name).of("parameter")
        if ".experts." in e.name
    )


def test_active_parameters_are_those_of_two_experts() -> None:
    """Law: Mixtral 8x7B without the six experts that a token does not pass has 12.9B parameters."""
    assert derived("params", "mixtral", MIXTRAL) - outside("mixtral", MIXTRAL) == 12_879_925_248


@pytest.mark.parametrize(
    ("name", "at", "total", "active"),
    [("deepseek_v2", DEEPSEEK_V2, 236, 21), ("deepseek_v2_lite", LITE, 15.7, 2.4)],
)
def test_parameters_of_latent_attention_with_shared_experts(
    name: str, at: Mapping[str, int], total: float, active: float
) -> None:
    """Law: in billions as printed, the active ones without the embedding: DeepSeek-AI 2024."""
    found = derived("params", name, at)
    passed = found - outside(name, at) - at["v"] * at["d"]
    assert abs(found / 10**9 - total) <= 0.5
    assert abs(passed / 10**9 - active) <= 0.2


def test_parameters_of_chinchilla() -> None:
    """Law: 13 L d**2 + 32000 d, and norms and biases that no rule counts: Hoffmann et al. 2022."""
    found = derive("params", symbolic("chinchilla"), Setting()).formula
    assert found is not None
    assert found.substitute({"f": poly("4*d")}) == poly("13*L*d**2 + v*d + 4*L*d + d")
    at = {"v": 32000, "d": 8192, "h": 64, "f": 4 * 8192, "L": 80}
    assert round(derived("params", "chinchilla", at) / 10**9) == 70


@pytest.mark.parametrize(("layers", "elements"), [(60, 34_560), (61, 35_136)])
def test_caches_of_latents(layers: int, elements: int) -> None:
    """Law: DeepSeek-V2 and V3 cache 512 + 64 elements a layer: arXiv:2405.04434, arXiv:2412.19437."""
    at = {"d": 5120, "h": 128, "r": 512, "e": 64, "L": layers}
    carried = [derived("state", "latent_attention_absorbed", {**at, "n": n}) for n in (99, 100)]
    assert carried[1] - carried[0] == elements


def test_a_cache_of_latents_in_a_whole_model() -> None:
    """Law: DeepSeek-V2 keeps 60 times 576 numbers of each token: table 9 of arXiv:2405.04434."""
    at = {**DEEPSEEK_V2, "n": 100}
    carried = [derived("state", "deepseek_v2_absorbed", {**at, "n": n}) for n in (99, 100)]
    assert carried[1] - carried[0] == 34_560


@pytest.mark.parametrize(
    ("name", "at", "size"),
    [
        ("llama", LLAMA_7B, 524_288),
        ("llama", LLAMA_70B, 327_680),
        ("llama", LLAMA_3, 131_072),
        ("mistral", MISTRAL, 131_072),
        ("mixtral", MIXTRAL, 131_072),
        ("gpt2", {"d": 5120, "h": 40, "L": 40}, 819_200),  # OPT-13B
    ],
)
def test_caches_of_one_token(name: str, at: Mapping[str, int], size: int) -> None:
    """Law: each further token adds as many bytes of two to the state as the papers' caches."""
    carried = [derived("state", name, {**at, "n": n}) for n in (1000, 1001)]
    assert 2 * (carried[1] - carried[0]) == size


@pytest.mark.parametrize(
    ("figure", "name", "at", "value"),
    [
        # Peng et al. 2024, appendix E: five vectors a layer.
        ("state", "rwkv4", {"d": 768, "L": 12, "n": 100}, 5 * 768 * 12),
        # Dao and Gu 2024: h states of 64 rows and 128 columns, and the end of a window of four.
        (
            "state",
            "mamba2",
            {"d": 768, "h": 24, "s": 128, "k": 4, "L": 24, "n": 100},
            24 * (24 * 64 * 128 + 3 * (1536 + 256)),
        ),
    ],
)
def test_states_of_recurrent_models(
    figure: str, name: str, at: Mapping[str, int], value: int
) -> None:
    """Law: the state of a recurrent model is what its paper counts."""
    assert derived(figure, name, at) == value
