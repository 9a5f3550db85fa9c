"""Laws of what transformers shows: it is what is derived, exactly."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.analysis.runs.huggingface.families import (
    ATTENTIVE,
    CAUSAL,
    MASKED,
    NAMES,
    contractions,
    derived,
    graph_of,
)
from workspan.analysis.measured.paths import reach
from workspan.analysis.runs.huggingface.building import build
from workspan.analysis.runs.huggingface.caches import carried
from workspan.analysis.runs.huggingface.configs import REAL, TINY
from workspan.analysis.runs.huggingface.observing import observe
from workspan.analysis.runs.observations import EngineError, Observation
from workspan.analysis.runs.pairs import positions
from workspan.analysis.runs.pytorch.counting import count

MASKS = tuple(name for name in NAMES if name != "mistral")
"""Models whose dense implementation in transformers is that of the graph."""


def only(seen: tuple[Observation, ...], part: str) -> int:
    """Return the value of a part."""
    (value,) = (o.value for o in seen if o.part.startswith(part))
    assert isinstance(value, int)
    return value


def work(name: str, at: Mapping[str, int], part: str = "contraction") -> int:
    """Observe a part of the work."""
    return only(observe(name, at, figures=("work",)), part)


@pytest.mark.parametrize("name", MASKS)
@pytest.mark.parametrize("n", [1, 3, 9])
def test_contractions_on_the_cpu(name: str, n: int) -> None:
    """Law: a run over all positions contracts as much as is derived for all pairs."""
    at = {**TINY[name], "n": n}
    part = "contraction" if name == "bert" else "contraction dense"
    assert work(name, at, part) == contractions(name, at)


@pytest.mark.parametrize("name", MASKS)
def test_contractions_at_published_sizes(name: str) -> None:
    """Law: on the meta device the same holds at the sizes of published models."""
    at = {**REAL[name], "n": 40}
    part = "contraction" if name == "bert" else "contraction dense"
    assert work(name, at, part) == contractions(name, at)


@pytest.mark.parametrize("name", ATTENTIVE)
@pytest.mark.parametrize("n", [1, 2, 8])
def test_contractions_of_allowed_pairs(name: str, n: int) -> None:
    """Law: runs on one position each, with a cache, contract what is derived for allowed pairs."""
    at = {**TINY[name], "n": n}
    assert work(name, at, "contraction masked") == contractions(name, at, MASKED)


@pytest.mark.parametrize("name", ATTENTIVE)
@pytest.mark.parametrize("n", [1, 2, 3, 9])
def test_contractions_of_one_more_position(name: str, n: int) -> None:
    """Law: the run on the last position contracts what is derived for one more token."""
    at = {**TINY[name], "n": n}
    seen = observe(name, at, figures=("decode_work",))
    assert only(seen, "contraction") == contractions(name, at, figure="decode_work")


@pytest.mark.parametrize("name", ATTENTIVE)
def test_one_more_position_at_published_sizes(name: str) -> None:
    """Law: the same holds after 5000 tokens of a published model, past the window of Mistral."""
    at = {**REAL[name], "n": 5000, "c": 8192}
    seen = observe(name, at, figures=("decode_work",))
    assert only(seen, "contraction") == contractions(name, at, figure="decode_work")


@pytest.mark.parametrize("n", [2, 7, 12])
def test_a_window_is_a_mask_on_all_pairs(n: int) -> None:
    """Law: over all positions at once Mistral contracts as much as Llama, which has no window."""
    at = {**TINY["mistral"], "n": n}
    built = build("mistral", at)
    inputs = built.inputs()
    assert count(lambda: built.forward(*inputs)).contraction == contractions("llama", at)
    assert not [o for o in observe("mistral", at, figures=("work",)) if o.part.endswith("dense")]


@pytest.mark.parametrize("name", ["mamba", "jamba"])
def test_what_convolutions_drop_is_said(name: str) -> None:
    """Law: as published each Mamba layer computes k - 1 positions that it drops; they are noted."""
    at = TINY[name]
    (seen,) = observe(name, at, figures=("work",))
    layers = at["L"] * (at["a"] + at["b"] if name == "jamba" else 1)
    dropped = layers * 2 * (2 * at["d"]) * at["k"] * (at["k"] - 1)
    assert seen.note == f"besides {dropped} at positions of convolutions that are dropped"
    assert seen.exact


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("n", [1, 2, 3, 8])
def test_the_cache_is_the_state(name: str, n: int) -> None:
    """Law: after n tokens the cache has as many scalars that are read again as is derived."""
    at = {**TINY[name], "n": n}
    assert only(observe(name, at, figures=("state",)), "") == derived("state", name, at)


@pytest.mark.parametrize("name", CAUSAL)
def test_the_cache_of_published_models(name: str) -> None:
    """Law: the same holds at published sizes, after fewer and more tokens than a window is wide."""
    # A state space runs n steps in each layer, on the meta device too.
    for n in (4, 30) if name in {"mamba", "jamba"} else (900, 5000):
        at = {**REAL[name], "n": n, "c": 8192}
        assert only(observe(name, at, figures=("state",)), "") == derived("state", name, at)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_columns_of_a_cache_that_are_read(k: int) -> None:
    """Law: a causal convolution of width k reads the k - 1 positions before its own."""
    for n in (1, 2, 6):
        assert carried("mamba", n, k) == min(n, k - 1)


@pytest.mark.parametrize("name", NAMES)
def test_other_words_change_what_the_graph_reaches(name: str) -> None:
    """Law: outputs change exactly where the unrolled graph has a path from the word to them."""
    at = {**TINY[name], "n": 6, "L": 2, **({"k": 2} if "k" in TINY[name] else {})}
    found = {o.part: o.value for o in observe(name, at, figures=("dependence",))}
    reached = reach(graph_of(name, at), at)
    assert set(found) == set(reached)
    for source, column in reached.items():
        pairs = [(j, i) for i, bits in enumerate(column) for j in range(6) if bits >> j & 1]
        assert positions(int(found[source])) == sorted(pairs)


@pytest.mark.parametrize("name", NAMES)
def test_small_models_run_on_the_cpu_and_large_ones_in_shapes(name: str) -> None:
    """Law: an observation says which class of which library ran, and on which device."""
    (small,) = observe(name, TINY[name], figures=("params",))
    (large,) = observe(name, {**REAL[name], "n": 8}, figures=("params",))
    assert (small.source.device, large.source.device) == ("cpu", "meta")
    assert small.source.library == "transformers"
    assert small.source.subject == build(name, TINY[name], device="meta").subject


def test_what_cannot_be_observed_is_an_error() -> None:
    """Law: a figure that the engine does not see is named, never zero."""
    with pytest.raises(EngineError, match=r"expected figures of params, work, .* got span"):
        observe("llama", TINY["llama"], figures=("span",))
    with pytest.raises(EngineError, match="expected n of at least k on the meta device, got n=2"):
        observe("mamba", {**TINY["mamba"], "n": 2}, figures=("work",), device="meta")
    assert observe("bert", TINY["bert"], figures=("state", "decode_work")) == ()
