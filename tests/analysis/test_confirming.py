"""Confirming: every number of a run is held against the derived one, once, and nothing is lost."""

from __future__ import annotations

import importlib.util
import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, symbolic
from workspan.analysis.confirming import confirming
from workspan.analysis.confirming.confirmation import Confirmation, judged
from workspan.analysis.confirming.confirming import Against, confirm
from workspan.analysis.confirming.expecting import expected
from workspan.analysis.confirming.store import Store
from workspan.analysis.measured.measure import measure
from workspan.analysis.runs import PLAIN, engines
from workspan.analysis.runs.errors import RunError
from workspan.analysis.runs.observations import MissingExtraError, Observation, Source
from workspan.analysis.runs.pairs import bits, positions
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import SizeError

from .runs.own_models import lstm, raising

AT = {**WORDS, "n": 4, "m": 3, "d": 4, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "c": 2, "L": 2}
SOURCE = Source("numpy", "2", "plain code")
Observe = Callable[..., tuple[Observation, ...]]


def at(model: str) -> list[dict[str, int]]:
    """Return small sizes of a model."""
    return [{s: AT[s] for s in symbolic(model).free_sizes}]


def taken(monkeypatch: pytest.MonkeyPatch, change: Callable[[str, Any], Any]) -> list[str]:
    """Let what engines observe pass through a function, and note which figures are taken."""
    observe, figures = engines.observe, []

    def changed(engine: str, model: str, at: Any, figure: str, *, seed: int = 0) -> Any:
        found = change(figure, lambda: observe(engine, model, at, figure, seed=seed))
        figures.append(figure)
        return found

    monkeypatch.setattr(engines, "observe", changed)
    return figures


@pytest.mark.parametrize("model", [name for name in TYPICAL if name in PLAIN])
def test_plain_code_confirms_every_model(model: str) -> None:
    """Law: the derived figures of every model are those of plain code that ran."""
    found = confirm(model, engines=["numpy"], at=at(model))
    assert found.agree, [*found.disagreements, *found.skipped]
    # Where a pair is reached without effect, the executed graph's numbers say so as well.
    # Where nothing is derived, the line says why.
    noted = [line for line in found.lines if line.verdict not in {"equal", "unheld"}]
    assert all(line.seen.figure == "dependence" for line in noted)
    assert all(line.note for line in found.lines if line.verdict == "unheld")
    assert {line.seen.figure for line in found.lines} >= {"params", "work", "span", "dependence"}


def test_torch_confirms_a_model() -> None:
    """Law: torch's module and its equations in plain operators have the derived numbers."""
    pytest.importorskip("torch")
    found = confirm("gru", engines=["torch"], at=[{"n": 4, "d": 4, "L": 2}])
    assert found.agree, [*found.disagreements, *found.skipped]
    seen = {(line.seen.figure, line.seen.part): line.verdict for line in found.lines}
    for exact in (
        ("params", ""),
        ("work", ""),
        ("work", "contraction"),
        ("work", "train contraction"),
        ("span", "tensor slope L"),
        ("state", ""),
        ("activations", ""),
        ("dependence", "x"),
        ("workspace", "allocated"),
    ):
        assert seen[exact] == "equal", exact
    assert seen["outputs", ""] in {"equal", "within"}


@pytest.mark.parametrize(("change", "first"), [(1, "differs"), (0, "equal")])
def test_a_disagreement_comes_first(
    change: int, first: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A number that is off by one is the first line, and the whole does not agree."""

    def off(figure: str, observe: Observe) -> Any:
        found = observe()
        if figure != "receptive_field":
            return found
        return tuple(replace(o, value=o.value + change) for o in found)

    taken(monkeypatch, off)
    found = confirm("rnn", at=at("rnn"))
    assert found.lines[0].verdict == first
    assert found.agree is (change == 0)
    assert [line.seen.figure for line in found.disagreements] == ["receptive_field"] * change


@given(st.integers(1, 10**9), st.floats(1e-6, 0.5))
def test_a_tolerance_is_relative_to_the_derived_number(derived: int, tolerance: float) -> None:
    """Law: a number within the tolerance agrees, one beyond differs, and no tolerance means equal."""
    near = Observation("work", {}, derived * (1 + 0.9 * tolerance), SOURCE, "", tolerance)
    assert judged(derived, near) == "within"
    assert judged(derived, replace(near, value=derived * (1 + 1.1 * tolerance))) == "differs"
    assert judged(derived, replace(near, tolerance=0.0)) == "differs"
    assert judged(derived, replace(near, value=derived, tolerance=0.0)) == "equal"
    assert judged(derived, replace(near, value=3 * derived, tolerance=math.inf)) == "noted"
    assert judged(None, near) == "unheld"


@given(st.sets(st.tuples(st.integers(0, 40), st.integers(0, 40))))
def test_pairs_are_numbers(pairs: set[tuple[int, int]]) -> None:
    """Law: a set of pairs comes back from its number, and the number has a bit for each."""
    number = bits(pairs)
    assert positions(number) == sorted(pairs)
    assert number.bit_count() == len(pairs)


CHANGES: dict[str, Callable[[int], int]] = {
    "a pair without a path": lambda number: number | bits([(3, 0)]),
    "a path without a pair": lambda number: number & ~bits([(0, 3)]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_dependence_is_held_exactly(change: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One pair too many or too few differs, and the line names its positions."""

    def off(figure: str, observe: Observe) -> Any:
        return tuple(replace(o, value=CHANGES[change](int(o.value))) for o in observe())

    taken(monkeypatch, off)
    found = confirm("rnn", at=at("rnn"), figures=["dependence"])
    (line,) = found.disagreements
    assert ("output 0 depends on x 3" in line.note) is (change == "a pair without a path")
    assert ("output 3 does not depend on x 0" in line.note) is (change == "a path without a pair")


def test_lines_are_held_in_their_own_setting() -> None:
    """Law: each line is held against the graph measured with the same unit, pairs and primitive."""
    graph, sizes = symbolic("causal_attention"), {"n": 4, "d": 4, "h": 2, "L": 2}

    def value(figure: str, part: str) -> Any:
        return expected(graph, Observation(figure, sizes, 0, SOURCE, part)).value

    for unit in ("layer", "tensor", "scalar"):
        assert value("span", unit) == measure("span", graph, Setting(unit=unit), sizes)
    for pairs in ("dense", "masked"):
        assert value("work", pairs) == measure("work", graph, Setting(pairs=pairs), sizes)
    lines = ("contraction", "elementwise", "reduction", "softmax", "scan", "fft", "sort")
    assert sum(value("work", line) for line in lines) == value("work", "")
    longer = {**sizes, "n": 5}
    assert value("span", "scalar slope n") == (
        expected(graph, Observation("span", longer, 0, SOURCE, "scalar")).value
        - value("span", "scalar")
    )


def test_what_cannot_be_held_says_why() -> None:
    """An observation without a derivation, or outside a domain, is unheld with the reason."""
    for figure, part, reason in (
        ("beauty", "", "beauty has no derivation"),
        ("work", "magic", "there is no line magic"),
        ("state", "", "not causal"),
    ):
        seen = Observation(figure, AT, 1, SOURCE, part)
        found = expected(symbolic("attention"), seen)
        assert found.value is None
        assert reason in found.reason
    single = expected(symbolic("lstm"), Observation("path_length", {**AT, "n": 1}, 1, SOURCE))
    assert single.value is None
    assert "holds for" in single.reason
    assert "n >= 2" in single.reason


def test_nothing_is_taken_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is in the store is not run again, and says the same."""
    with Store(tmp_path) as store:
        first = confirm("rnn", at=at("rnn"), store=store)
        figures = taken(monkeypatch, lambda figure, observe: observe())
        second = confirm("rnn", at=at("rnn"), store=store)
    assert figures == []
    assert [replace(line, kept=False) for line in second.lines] == list(first.lines)
    assert {line.kept for line in second.lines} == {True}


def test_another_graph_is_another_measurement(tmp_path: Path) -> None:
    """The store tells models apart by their graphs."""
    with Store(tmp_path) as store:
        confirm("rnn", at=at("rnn"), store=store, figures=["work"])
        before = len(store)
        confirm("gru", at=at("gru"), store=store, figures=["work"])
        assert len(store) == 2 * before


def test_an_interrupted_run_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After Ctrl-C the same call takes only what is missing, and finds what an unbroken one does."""
    expected_lines = confirm("lstm", at=at("lstm")).lines

    def interrupted(figure: str, observe: Observe) -> Any:
        if figure == "mixing_hops":
            raise KeyboardInterrupt
        return observe()

    with Store(tmp_path) as store:
        with monkeypatch.context() as patch:
            before = taken(patch, interrupted)
            with pytest.raises(KeyboardInterrupt):
                confirm("lstm", at=at("lstm"), store=store)
        after = taken(monkeypatch, lambda figure, observe: observe())
        found = confirm("lstm", at=at("lstm"), store=store)
    assert before == ["params", "work", "span", "path_length"]
    assert after == ["mixing_hops", "receptive_field", "dependence", "state", "decode_work"]
    assert [(x.seen, x.derived) for x in found.lines] == [
        (x.seen, x.derived) for x in expected_lines
    ]


FAILURES: dict[str, tuple[BaseException, str]] = {
    "no memory": (MemoryError(), "out of memory; pass smaller sizes"),
    "no memory in torch": (
        RuntimeError("[enforce fail] alloc_cpu.cpp: can't allocate memory:\n9 bytes"),
        "out of memory",
    ),
    "a broken run": (RunError("expected finite outputs, got NaN"), "got NaN"),
}


@pytest.mark.parametrize("failure", FAILURES)
def test_a_run_that_fails_is_one_line(failure: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that fails is one line that says why; the other figures are confirmed all the same."""
    error, said = FAILURES[failure]

    def fail(figure: str, observe: Observe) -> Any:
        if figure == "span":
            raise error
        return observe()

    taken(monkeypatch, fail)
    found = confirm("rnn", at=at("rnn"))
    (skipped,) = found.skipped
    assert said in skipped.reason
    assert "\n" not in skipped.reason
    assert not found.agree
    assert len({line.seen.figure for line in found.lines}) == 8


def test_sizes_that_do_not_fit_are_one_line() -> None:
    """Sizes that a model cannot have are an error that names them, before anything runs."""
    with pytest.raises(SizeError, match="expected h to divide d, got h=4, d=6"):
        confirm("attention", at=[{"n": 4, "d": 6, "h": 4, "L": 1}], figures=["work"])


@pytest.mark.parametrize(("engine", "library"), [("torch", "torch"), ("transformers", "torch")])
def test_a_missing_extra_says_what_to_install(
    engine: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An engine that is not installed is one line that names the extra."""
    monkeypatch.setattr(
        engines, "find_spec", lambda n: None if n == library else importlib.util.find_spec(n)
    )
    with pytest.raises(MissingExtraError, match=rf'pip install "workspan\[{engine}\]"'):
        confirm("rnn", engines=[engine])


def test_models_that_an_engine_lacks_are_named() -> None:
    """A model that nobody runs is no success, and the reason is told."""

    def mine(x: Any) -> Any:
        return x

    mine.__name__ = "lstm"  # a user's model of this name is not that of the catalogue
    found = confirm(mine, engines=["numpy"])
    assert not found.agree
    assert [(s.reason, s.failed) for s in found.skipped] == [("numpy does not have lstm", False)]


def test_runs_that_would_not_end_are_not_begun() -> None:
    """Counting scalars are for small sizes: larger ones are not begun, and that is told."""
    found = confirm("rnn", at=[{"n": 10**6, "d": 512, "L": 1}], figures=["work"])
    assert found.lines == ()
    assert "pass smaller sizes" in found.skipped[0].reason


def test_what_is_left_out_at_large_sizes_is_told() -> None:
    """A figure that takes too long at some sizes is left out with the reason, the others are not."""
    own = Against(lstm, "mine.py:mine", "ab12")
    found = confirm("lstm", engines=(), at=[{"n": 60, "d": 2, "L": 1}], against=own)
    assert found.agree
    (skipped,) = found.skipped
    assert (skipped.figure, skipped.failed) == ("dependence", False)
    assert "at most 48 positions" in skipped.reason


def against(function: Any) -> Confirmation:
    """Hold a function against the LSTM of the catalogue."""
    own = Against(function, "mine.py:mine", "ab12")
    return confirm("lstm", engines=(), at=at("lstm"), against=own)


def test_a_users_function_is_held() -> None:
    """A user's LSTM has the outputs, work, span and dependence of the catalogue's."""
    found = against(lstm)
    assert found.agree
    assert {line.seen.figure for line in found.lines} == {"outputs", "work", "span", "dependence"}
    assert str(found.sources[0]).endswith("mine.py:mine on cpu")


EXTRA: dict[str, tuple[Callable[[Any, Any], Any], Sequence[str]]] = {
    "more work": (lambda x, layers: lstm(x, layers) + 0.0 * lstm(x, layers), ["work"] * 2),
    "other outputs": (lambda x, layers: lstm(x, layers) * 1.001, ["outputs", "work"]),
    "the future": (lambda x, layers: lstm(x, layers) + x[-1] * 0.001, ["dependence", "outputs"]),
}


@pytest.mark.parametrize("extra", EXTRA)
def test_a_users_function_that_differs_is_told(extra: str) -> None:
    """A function that computes, costs or depends on something else differs in just that."""
    function, figures = EXTRA[extra]
    found = against(function)
    assert not found.agree
    assert {line.seen.figure for line in found.disagreements} >= set(figures)


def test_a_users_function_that_raises_ends_the_run() -> None:
    """There is nothing to confirm of a function that raises."""
    with pytest.raises(RunError, match=r"mine\.py:mine raised ValueError"):
        against(raising)


def test_drawn_numbers_are_those_of_a_seed() -> None:
    """Law: weights, inputs and outputs are decided by the seed."""
    graph, (sizes,) = symbolic("rnn"), at("rnn")
    one, same, other = (confirming.draw(graph, sizes, seed) for seed in (0, 0, 1))
    assert (one.expected == same.expected).all()
    assert (one.expected != other.expected).any()
