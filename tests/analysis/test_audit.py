"""The audit of counters: what they print beside the formula, and reasons that are arithmetic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

import torch

from workspan.analysis.auditing.audit import Row, audit
from workspan.analysis.auditing.reasons import Ran, explain, missing
from workspan.analysis.runs.observations import EngineError, MissingExtraError
from workspan.analysis.runs.pytorch import counters
from workspan.analysis.runs.pytorch.counters import COUNTERS, Counter, Reading, read
from workspan.analysis.runs.pytorch.modules import build
from workspan.reports.audit import audit_markdown, audit_printer, audit_record, audited, lines
from workspan.reports.commands.options import OptionError
from workspan.reports.tables.text import text_of

ON_CPU, ON_META = "torch.utils.flop_counter", "torch.utils.flop_counter on meta"
TORCH = (ON_CPU, ON_META)


def rows(*models: str, **options: Any) -> dict[tuple[str, str], Row]:
    """Audit models at one length, by model and counter."""
    found = audit(models, at=[{"n": 12}], **options)
    return {(row.model, row.counter): row for row in found.rows}


def test_on_the_meta_device_torch_counts_what_is_derived() -> None:
    """There nothing is fused: torch's own counter has every contraction, and no reason is needed."""
    found = rows("lstm", "attention", "encoder", "separable_convolution", counters=(ON_META,))
    for row in found.values():
        assert row.ratio == 1
        assert (row.reason, row.explained) == ("", True)


@pytest.mark.parametrize(
    ("model", "operator"),
    [
        ("attention", "_native_multi_head_attention"),
        ("encoder", "_transformer_encoder_layer_fwd"),
        ("grouped_query_attention", "_scaled_dot_product_flash_attention_for_cpu"),
        ("lstm", "mkldnn_rnn_layer"),
    ],
)
def test_on_the_cpu_what_is_fused_is_named(model: str, operator: str) -> None:
    """Torch's own counter has no rule for fused layers: the reason names them, and closes."""
    if operator.startswith("mkldnn") and not torch.backends.mkldnn.is_available():
        pytest.skip("torch was built without oneDNN")
    row = rows(model, counters=(ON_CPU,))[model, ON_CPU]
    assert row.value is not None
    lacking = row.derived - row.value
    assert row.reason == f"not counted: {operator} ({lacking})"
    assert row.explained
    assert row.ratio is not None
    assert row.ratio < 1


def test_masked_pairs_are_a_reason() -> None:
    """A window is a mask over all pairs in torch: more than the formula's, and closed exactly."""
    row = rows("windowed_attention", counters=(ON_META,))["windowed_attention", ON_META]
    assert row.value is not None
    assert row.reason == f"masked pairs: the module computes all n^2 pairs ({row.value})"
    assert row.explained


def ran(**parts: int) -> Ran:
    """Return what ran, in modules of the class Layer, with 100 other operations at 4 positions."""
    plain = dict(parts)
    placed = {f"{name} in Layer a": value for name, value in parts.items()}
    return Ran(sum(parts.values()), 100, (plain, placed), 4)


@pytest.mark.parametrize(
    ("reading", "reason", "closed"),
    [
        (Reading(60, 2), [], True),
        (Reading(30, 1), ["multiply-adds counted as one"], True),
        (Reading(67, 2, 7, "norms"), ["7 of it are norms"], True),
        (Reading(40, 2), ["not counted: _fused (20)"], True),
        (Reading(20, 2), ["not counted: mm (40)"], True),
        (Reading(20, 2, operators=frozenset({"_fused"})), ["not counted: mm (40)"], True),
        (Reading(40, 2, operators=frozenset({"_fused"})), None, False),
        (Reading(41, 2), ["19 less than what ran, unexplained"], False),
        (Reading(61, 2), ["1 more than what ran, unexplained"], False),
        (Reading(70, 2, None, "biases"), ["10 operations besides (biases)"], False),
        (Reading(60, 2, None, "biases"), [], True),
        (Reading(161, 2, None, "biases"), ["101 more than that, unexplained"], False),
        (
            Reading(0, 1, None, rules=frozenset({"Linear"})),
            [
                "multiply-adds counted as one",
                "not counted: mm in Layer (40), _fused in Layer (20)",
            ],
            True,
        ),
        (
            Reading(50, 2, None, rules=frozenset({"Linear"}), patches=True),
            ["not counted: at least 10, among mm in Layer (40), _fused in Layer (20)"],
            False,
        ),
        (
            Reading(15, 2, None, rules=frozenset({"Layer"}), once=("Layer",)),
            ["linear layers counted for one position of each sequence"],
            True,
        ),
    ],
)
def test_reasons_are_arithmetic(reading: Reading, reason: list[str] | None, closed: bool) -> None:
    """The unit, what is counted besides, and absent operators close a difference, or it is said."""
    found = explain(reading, ran(mm=40, _fused=20))
    if reason is not None:
        assert found[0] == reason
    assert found[1] is closed
    assert closed or any("unexplained" in x or "besides" in x or "least" in x for x in found[0])


def test_the_fewest_absent_operators_are_named() -> None:
    """Of all sets that close a difference the smallest is named, and none where none does."""
    assert missing({"a": 1, "b": 2, "c": 3, "d": 6}, 6) == ("d",)
    assert missing({"a": 1, "b": 2, "c": 4}, 7) == ("c", "b", "a")
    assert missing({"a": 2, "b": 4}, 3) is None


def install(monkeypatch: pytest.MonkeyPatch, name: str, function: Callable[[Any], Reading]) -> None:
    """Add a counter, as if its library was installed."""
    known = {**COUNTERS, name: Counter("torch", function)}
    monkeypatch.setattr(counters, "COUNTERS", known)


def test_a_counter_that_fails_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a counter raises is one line in its row; the others go on."""

    def broken(subject: Any) -> Reading:
        raise KeyError("no such\nthing")

    install(monkeypatch, "broken", broken)
    found = rows("feed_forward", counters=("broken", ON_CPU))
    row = found["feed_forward", "broken"]
    assert (row.value, row.ratio, row.explained) == (None, None, False)
    assert row.reason.startswith("failed: KeyError")
    assert "\n" not in row.reason
    assert found["feed_forward", ON_CPU].ratio == 1


def test_a_counter_that_leaves_torch_changed_is_undone(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a counter replaces in torch does not reach the next one."""
    usual, power = torch.nn.functional.linear, torch.Tensor.pow

    def careless(subject: Any) -> Reading:
        torch.nn.functional.linear = lambda *_, **__: torch.zeros(1)
        torch.Tensor.pow = lambda *_: torch.zeros(1)
        return Reading(1, 2)

    install(monkeypatch, "careless", careless)
    rows("feed_forward", counters=("careless",))
    assert torch.nn.functional.linear is usual
    assert torch.Tensor.pow is power


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A counter without its library has no rows; asked for by itself it says what to install."""
    known = {"nowhere": Counter("no_such_library", lambda subject: Reading(0, 2))}
    monkeypatch.setattr(counters, "COUNTERS", known)
    found = audit(["feed_forward"], at=[{"n": 4}])
    assert (found.rows, found.missing, dict(found.counters)) == ((), ("nowhere",), {})
    with pytest.raises(MissingExtraError, match="pip install no_such_library"):
        read("nowhere", lambda device: build("feed_forward", {"n": 2, "d": 2, "f": 2}).module)


@pytest.mark.parametrize("name", [name for name in COUNTERS if name not in TORCH])
def test_other_counters_agree_on_two_matrices(name: str) -> None:
    """On linear layers each installed counter is within a tenth, once its unit is taken off.

    One of them multiplies the weights once, not for each position; its reason says so.
    """
    if not COUNTERS[name].installed:
        pytest.skip(f"{name} is not installed")
    row = rows("feed_forward", counters=(name,))["feed_forward", name]
    assert row.ratio is not None
    unit = 2 if "multiply-adds counted as one" in row.reason else 1
    once = "for one position of each sequence" in row.reason
    assert once == (name == "torchinfo")
    assert once or abs(unit * row.ratio - 1) < 0.1


@pytest.mark.parametrize(
    ("models", "options", "message"),
    [
        ([], {}, "expected at least one model, got none"),
        (["perceptron"], {}, "expected a model of torch"),
        (["lstm"], {"at": [{"w": 3}]}, "expected sizes of lstm (n, d, L), got w"),
        (["lstm"], {"counters": ["abacus"]}, "expected counters of "),
    ],
)
def test_wrong_names_are_one_line(models: list[str], options: dict[str, Any], message: str) -> None:
    """A model, a size or a counter that does not exist is an error that names it."""
    with pytest.raises(EngineError) as caught:
        audit(models, **options)
    assert message in str(caught.value)
    with pytest.raises(OptionError) as shown:
        audited(models, **options)
    assert str(shown.value) == str(caught.value)


def test_three_lengths_are_the_usual() -> None:
    """Without sizes a model is counted at three lengths; every one is a column."""
    found = audit(["feed_forward"], counters=(ON_META,))
    ((model, sizes, (line,)),) = lines(found)
    assert model == "feed_forward"
    assert [row.at["n"] for row in sizes] == [128, 256, 512]
    assert line.ratios == ("1", "1", "1")
    assert line.sign == "="


def test_an_audit_is_shown_in_three_ways() -> None:
    """Text, Markdown and the record have every row, its formula and what is missing."""
    found = audit(["rnn", "lstm"], at=[{"n": 4}, {"n": 8}], counters=TORCH)
    shown, written, record = (
        text_of(audit_printer(found)),
        audit_markdown(found),
        audit_record(found),
    )
    for text in (shown, written):
        assert "16*L*d**2*n" in text
        assert "flop" in text
    assert len(record["rows"]) == 2 * 2 * 2
    assert {row["counter"] for row in record["rows"]} == set(TORCH)
    assert [row["ratio"] for row in record["rows"] if row["counter"] == ON_META] == [1.0] * 4
