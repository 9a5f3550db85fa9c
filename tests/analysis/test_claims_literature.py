"""What the literature gets wrong, or leaves unsaid, comes out by computation."""

from __future__ import annotations

import functools

import msgspec
import pytest

from workspan.analysis.claims import claim_of, literature, parse, verdict_on
from workspan.analysis.claims.record import BUILT_IN, read_record
from workspan.analysis.claims.sources import sources
from workspan.analysis.figures import Verdict
from workspan.graphs.models.attention import multi_head
from workspan.graphs.operations import layer, stack
from workspan.graphs.relations import Relation


@functools.cache
def found(name: str) -> Verdict:
    """Check one claim, once."""
    return verdict_on(claim_of(name))


def cases(name: str) -> dict[str, str]:
    """Return what is found by case: ``holds`` or ``does not hold`` and why."""
    lines = {}
    for line in found(name).evidence:
        head, _, told = line.partition("): ")
        lines[head.partition(" (")[2]] = told
    return lines


def case(name: str, *words: str) -> str:
    """Return what is found in the one case whose reading and setting have these words."""
    (told,) = [told for head, told in cases(name).items() if all(w in head for w in words)]
    return told


def test_attention_is_cheaper_below_the_width_only_without_projections() -> None:
    """Below the width without projections; with them n < 2d (LSTM), n < d (GRU), never (Elman)."""
    assert found("C017").verdict == "conditional"
    assert case("C017", "left out", "Elman").startswith("holds")
    assert "exactly when n < d [" in case("C017", "left out", "Elman")
    assert "exactly when n < 2*d" in case("C017", "with projections", "LSTM")
    assert "exactly when n < d [" in case("C017", "with projections", "GRU")
    assert ": never" in case("C017", "with projections", "Elman")


def test_a_causal_window_that_counts_the_token_itself_spans_less() -> None:
    """L layers of windows of W reach L (W - 1) back, L W if W leaves the token out."""
    assert case("C095", "the token itself").startswith("does not hold")
    assert "L*w - L" in case("C095", "the token itself")
    assert case("C095", "before it").startswith("holds")
    assert "131040" in case("span-mistral-7b", "the token itself")


def dilated(x, *, w="w", r="r", L=1):  # type: ignore[no-untyped-def]
    """Causal windows of w positions, all layers with the same dilation r."""
    mixed = layer(lambda x: multi_head(x, x, Relation.window(w, dilation=r), 1))
    return stack(mixed, x, L)


def test_an_equally_dilated_stack_connects_one_residue_class() -> None:
    """The smallest counterexample is distance 1 for dilation 2, at whatever depth."""
    text = """
    [[claim]]
    id = "interval"
    statement = "L layers cover every distance up to L r (w - 1)."
    source = "Beltagy et al. 2020"
    models = ["dilated"]
    figure = "offsets"
    relation = "connects up to"
    options = { L = "L" }
    value = "L*r*(w - 1)"
    """
    models = {"dilated": dilated}
    (claim,) = parse(text, "claims.toml", models)
    verdict = verdict_on(claim, models)
    assert verdict.verdict == "refuted"
    assert verdict.counterexample == {"L": 1, "r": 2, "w": 2, "distance": 1}
    assert "exactly the multiples of r" in verdict.corrected


def test_one_global_token_makes_the_diameter_two() -> None:
    """A position that reads and is read by all puts every other one two steps away."""
    assert found("C069").verdict == "confirmed"


def test_a_random_graph_with_linearly_many_edges_falls_apart() -> None:
    """Isolated positions remain, unless every position chooses its own neighbours."""
    assert found("C068-connected").verdict == "refuted"
    assert found("C068-disconnected").verdict == "confirmed"
    assert found("C068-chosen").verdict == "confirmed"
    assert found("C068").verdict == "confirmed"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("cache-llama-2-7b", "524288*n"),
        ("cache-llama-2-70b", "327680*n"),
        ("cache-llama-3-8b", "131072*n"),
        ("cache-opt-13b", "819200*n"),
        ("cache-256k-llama-3.1-8b", str(32 * 2**30)),
        ("cache-256k-jamba-1.5-large", str(9 * 2**30)),
    ],
)
def test_caches_of_published_configurations(name: str, value: str) -> None:
    """Keys and values of each layer, in bytes, as they are published."""
    assert found(name).verdict == "proved"
    assert found(name).reason.endswith(value)


def test_a_published_cache_that_is_twice_too_large() -> None:
    """126 layers of 8 groups of 128 take 126 GiB at 256K tokens in 16 bits, not 252."""
    assert found("cache-256k-llama-3.1-405b").verdict == "refuted"
    assert found("cache-256k-llama-3.1-405b").corrected.endswith(str(126 * 2**30))


def test_scores_cost_as_much_as_the_rest_at_six_widths() -> None:
    """At 6 d if all pairs count; 12 d in the limit if only allowed pairs do, exactly 12 d - 1."""
    assert "exactly when n < 6*d [" in case("C162", "all pairs")
    assert case("C162", "allowed pairs, mode").startswith("does not hold")
    assert "exactly when n < 12*d - 1" in case("C162", "allowed pairs, mode")
    assert case("C162", "as the width grows").startswith("holds")


def test_the_rules_of_scaling_laws_hold_as_the_width_grows() -> None:
    """2 N and 6 N lack the context: their error is n/(6 d) without words, and grows with n."""
    for name in ("C154-context", "C155"):
        assert case(name, "width").startswith("holds")
        assert case(name, "context").startswith("does not hold")
    assert "4*L*d*n**2)/(24*L*d**2*n" in case("C154-context", "context")
    assert case("C154", "masked").startswith("holds")
    assert found("C153").verdict == "conditional"


def test_the_counts_of_chinchilla_and_palm() -> None:
    """Matrix products agree to the term; all pairs are counted."""
    assert case("C156", "matrix products").startswith("holds")
    assert found("C157").verdict == "conditional"


def test_72_and_96_are_told_apart_by_recomputation() -> None:
    """96 if the forward pass of all layers is run again, 72 if not, and 72 goes with V/12."""
    assert case("C158", "whole forward pass").startswith("holds")
    assert case("C158", "nothing recomputed").startswith("does not hold")
    assert "96*L*d**2*n" in case("C158", "whole forward pass")
    assert case("C159", "nothing recomputed").startswith("holds")
    assert found("C159-mixed").verdict == "refuted"


def test_a_formula_of_parameters_forgets_the_last_norm() -> None:
    """Megatron's formula lacks 2 d parameters, those of the norm before the logits."""
    assert found("C160").verdict == "refuted"
    assert found("C160").corrected.startswith("params = 12*L*d**2 + 13*L*d + c*d + d*v + 2*d")


@pytest.mark.parametrize(
    "name", ["llama-2-7b", "llama-2-70b", "llama-3-8b", "mistral-7b", "mamba-130m", "mamba-2.8b"]
)
def test_parameters_are_right_to_the_unit(name: str) -> None:
    """Published configurations have the published number of parameters."""
    assert found(f"params-{name}").verdict == "proved"


@pytest.mark.parametrize("name", ["C160", "C159-mixed"])
def test_what_holds_instead_does_hold(name: str) -> None:
    """The corrected statement, claimed in place of the refuted one, is proved."""
    claim, refuted = claim_of(name), found(name)
    formula = refuted.corrected.partition(" = ")[2].partition(" for ")[0]
    corrected = msgspec.structs.replace(claim, value=formula, symbols={})
    assert refuted.verdict == "refuted"
    assert verdict_on(corrected).verdict == "proved"


def test_what_a_paper_prints_may_not_be_what_was_released() -> None:
    """GPT-2 small has 124 million parameters where its paper prints 117 million."""
    assert case("params-gpt2-small", "as released").startswith("holds")
    assert case("params-gpt2-small", "as the paper prints").startswith("does not hold")


def test_every_claim_has_a_source_and_a_place_on_record() -> None:
    """Every id is on record, every key is in the file of sources."""
    record = read_record(BUILT_IN)
    assert {c.id for c in literature()} == set(record)
    for claim in literature():
        assert claim.source in sources() or " " in claim.source, claim.id
        assert claim.family
        assert claim.since


def test_no_verdict_rests_on_disagreeing_witnesses() -> None:
    """No derivation of the literature is contradicted by a measurement or a run."""
    assert not [n for n, e in read_record(BUILT_IN).items() if "witnesses disagree" in e.reason]


def test_the_theorem_of_state_space_duality_prints_the_wrong_column() -> None:
    """One more token takes N^2 operations, as the table has it, and not T N, as the theorem has."""
    assert case("C110", "as the table").startswith("holds")
    assert case("C110", "as the theorem").startswith("does not hold")
    assert found("C110-state").verdict == "proved"


@pytest.mark.parametrize("size", ["169m", "430m", "1.5b", "7b"])
def test_the_operations_of_rwkv_follow_another_formula_than_their_text(size: str) -> None:
    """The table is 2 (V D + 13 D^2 L), which is derived; the text counts the embedding as well."""
    name = f"table-flops-rwkv-4-{size}"
    assert case(name, "derived").startswith("holds")
    assert case(name, "2 (V D").startswith("holds")
    assert case(name, "as the text").startswith("does not hold")
    assert found(f"table-params-rwkv-4-{size}").verdict == "proved"


def test_a_path_of_p_plus_one_counts_positions() -> None:
    """Two factorised steps take two hops over three positions: p + 1 counts positions, hops are p."""
    assert found("C063").verdict == "conditional"
    holds, fails = found("C063").reason.split("not for")
    assert "counts positions" in holds
    assert "counts edges" in fails
    assert "H is measured as 2, against 3" in fails


def test_windows_with_one_global_token_connect_in_two_layers() -> None:
    """Whatever is written reaches the global token in one layer, and everything in two."""
    assert found("C069-window").verdict == "confirmed"
    assert found("diameter-star").verdict == "proved"


def test_longformers_gaps_leave_distances_out() -> None:
    """With dilation 2 and one size of gap distance 1 is never connected."""
    assert found("C066").verdict == "refuted"
    assert found("C066").counterexample["distance"] == 1
    assert "one residue class" in found("C066").corrected
