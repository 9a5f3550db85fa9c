"""Claims: wrong files are refused with the path to the field, and verdicts tell the truth."""

from __future__ import annotations

from pathlib import Path

import pytest

from workspan.analysis.claims import ClaimError, check, founding, of_family, parse, verdict_on

CLAIM = """
[[claim]]
id = "a-claim"
statement = "something"
models = ["lstm"]
figure = "span"
relation = "Theta"
value = "n"
sizes = ["n"]
settings = [{ unit = "layer" }]
source = "nobody"
"""


def one(**changes: str) -> str:
    """Return the text of a claims file with some lines replaced."""
    lines = [f"{k} = {v}" for k, v in changes.items()]
    kept = [line for line in CLAIM.strip().splitlines() if line.split(" ")[0] not in changes]
    return "\n".join([*kept, *lines])


def verdict(**changes: str) -> tuple[str, str]:
    """Return the verdict on one claim, and its reason."""
    (claim,) = parse(one(**changes), "claims.toml")
    found = verdict_on(claim)
    return found.verdict, found.reason


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"figure": '"spam"'}, "claim[0].figure"),
        ({"relation": '"is"'}, "claim[0].relation"),
        ({"models": '["lstm", "nothing"]'}, "claim[0].models[1]"),
        ({"settings": '[{ unit = "furlong" }]'}, "claim[0].settings[0].unit"),
        ({"settings": "[{ unit = 3 }]"}, "claim[0].settings[0].unit"),
        ({"value": '"__import__(1)"'}, "claim[0].value"),
        ({"id": '"../x"'}, "claim[0].id"),
        ({"colour": '"red"'}, "colour"),
        ({"statement": "3"}, "claim[0].statement"),
    ],
)
def test_a_wrong_field_is_named(changes: dict[str, str], field: str) -> None:
    """The error has the file's name and the path to the field."""
    with pytest.raises(ClaimError) as error:
        parse(one(**changes), "claims.toml")
    assert str(error.value).startswith("claims.toml: ")
    assert field in str(error.value)


def test_a_file_that_is_no_file_is_refused(tmp_path: Path) -> None:
    """A folder, a missing file, something that is no TOML, something too large: an error each."""
    large = tmp_path / "large.toml"
    large.write_text("#" * 1_000_001)
    broken = tmp_path / "broken.toml"
    broken.write_text("[[claim]\n")
    binary = tmp_path / "binary.toml"
    binary.write_bytes(b"\xff\xfe")
    for path in (tmp_path, tmp_path / "none.toml", large, broken, binary):
        with pytest.raises(ClaimError, match=str(path)):
            check([path])


def test_a_true_claim_is_proved() -> None:
    """One recurrent layer takes n sequential operations (Vaswani et al. 2017, Table 1)."""
    assert verdict()[0] == "proved"
    assert verdict(relation='"equals"')[0] == "proved"


def test_a_false_claim_is_refuted_with_the_smallest_counterexample() -> None:
    """A span of n is not n + 1 anywhere, and is at most 5 until n = 6."""
    assert verdict(relation='"equals"', value='"n + 1"')[0] == "refuted"
    found, reason = verdict(relation='"at most"', value='"5"')
    assert found == "refuted"
    assert "n=6" in reason


def test_a_claim_that_holds_in_some_settings_is_conditional() -> None:
    """Attention is O(1) deep in array operations, not at fan-in two."""
    found, reason = verdict(
        models='["attention"]',
        relation='"O"',
        value='"1"',
        settings='[{ unit = "tensor" }, { unit = "scalar" }]',
    )
    assert found == "conditional"
    assert "unit scalar" in reason


def test_what_has_no_such_figure_is_never_counted_as_holding() -> None:
    """A state that a model does not have makes a claim about it conditional, not proved."""
    found, reason = verdict(
        models='["lstm", "attention"]', figure='"state"', relation='"O"', value='"1"'
    )
    assert found == "conditional"
    assert "no such figure for attention" in reason


def test_attention_knows_no_order_and_a_recurrence_does() -> None:
    """Permuting inputs permutes the outputs of full attention, exactly; a mask breaks that."""
    settings = '[{ unit = "layer" }]'
    assert (
        verdict(models='["attention"]', relation='"permutation equivariant"', settings=settings)[0]
        == "proved"
    )
    for name in ("causal_attention", "windowed_attention", "lstm"):
        assert verdict(models=f'["{name}"]', relation='"permutation equivariant"')[0] == "refuted"


def test_a_gradient_is_tried_by_an_experiment() -> None:
    """A claim about gradients that vanish has one relation, and no formula can settle it."""
    told = verdict(figure='"gradient"', relation='"vanishes with distance"', models='["rnn"]')
    assert told[0] == "conditional"
    with pytest.raises(ClaimError, match=r"claim\[0\].relation: expected one of vanishes"):
        verdict(figure='"gradient"')


def test_the_founding_table() -> None:
    """Every row of the comparison has a claim, and the conditional ones are known to be so."""
    verdicts = {v.claim: v for v in check(claims=founding())}
    assert len(verdicts) == len(founding())
    assert verdicts["sequential-recurrence"].verdict == "conditional"
    assert "linear_recurrence_scan" in verdicts["sequential-recurrence"].reason
    assert verdicts["sequential-attention"].verdict == "conditional"
    assert "generate" in verdicts["sequential-attention"].reason
    assert verdicts["memory-recurrence"].verdict == "proved"
    assert verdicts["memory-attention"].verdict == "conditional"
    assert verdicts["cost-self-attention"].verdict == "conditional"
    assert verdicts["cost-recurrent"].verdict == "proved"
    assert verdicts["long-range-recurrence"].verdict == "conditional"
    assert "orthogonal" in verdicts["long-range-recurrence"].reason
    assert not any(v.verdict == "refuted" for v in verdicts.values())


def test_processes_change_nothing() -> None:
    """Law: verdicts and their order are the same whoever computes them."""
    claims = of_family("convolution")
    told: list[str] = []
    shared = check(claims=claims, processes=2, progress=told.append)
    assert shared == check(claims=claims)
    assert [v.claim for v in shared] == [c.id for c in claims]
    assert told
