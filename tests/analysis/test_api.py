"""Analyze and compare, as a user calls them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

import workspan as ws
from workspan.analysis.runs import PLAIN
from workspan.graphs.graph import GraphError
from workspan.graphs.setting import SettingError
from workspan.graphs.sizes import SizeError
from workspan.graphs.unrolling import TooLargeError


def test_one_choice_of_sizes_needs_no_list() -> None:
    """Sizes are a mapping, or several of them."""
    at = {"n": 5, "d": 4}
    one, several = (ws.analyze("lstm", at=a, figures=["work"]) for a in (at, [at]))
    assert one["work"] == several["work"]
    assert ws.compare(["lstm", "gru"], at=at, figures=["work"]).analyses[0]["work"] == one["work"]


def test_a_size_is_a_symbol_where_it_is_named() -> None:
    """L is 1 unless given, and a symbol of the formulas if given."""
    one = ws.analyze("lstm", at=[{"n": 5, "d": 4}], figures=["params"])
    many = ws.analyze("lstm", at=[{"n": 5, "d": 4, "L": 3}], figures=["params"])
    assert str(one["params"].formula) == "8*d**2 + 8*d"
    assert str(many["params"].formula) == "8*L*d**2 + 8*L*d"
    assert many["params"].values[0].derived == 3 * (8 * 16 + 8 * 4)


@pytest.mark.parametrize("name", PLAIN)
def test_a_model_as_it_is_agrees_with_its_plain_code(name: str) -> None:
    """At the sizes that nobody has to name, what is run is what was derived and measured."""
    found = ws.analyze(name, figures=["params", "work"])
    assert found.agree
    assert all(v.run is not None for f in found.figures.values() for v in f.values if v.measured)


def test_a_size_of_further_layers_alone_is_not_asked_for() -> None:
    """One layer that carries over k**0 positions costs what a GRU layer does, whatever k is."""
    one, other = (ws.compare([name]).analyses[0] for name in ("dilated_rnn", "gru"))
    formulas = [{name: f.formula for name, f in a.figures.items()} for a in (one, other)]
    assert formulas[0] == formulas[1]
    assert one.agree
    taken = {name: f.values[0].measured is not None for name, f in one.figures.items()}
    assert [name for name, found in taken.items() if not found] == ["layers_to_connect"]


def test_witnesses_are_taken_or_none() -> None:
    """A witness that is not asked for, or is out of reach, is None and never a copy."""
    only = ws.analyze("lstm", at=[{"n": 5, "d": 4}], figures=["work"], witnesses=["derived"])
    assert only["work"].values[0].measured is None
    assert only["work"].values[0].run is None
    large = ws.analyze("lstm", at=[{"n": 10**9, "d": 512}], figures=["span", "work"])
    value = large["span"].values[0]
    assert (value.derived, value.measured, value.run) == (8 * 10**9, None, None)
    assert value.agree is None


@pytest.mark.parametrize(
    ("name", "bound"),
    [("lstm", {"L": 3}), ("attention", {"h": 3}), ("convolution", {"k": 5, "d": 2, "n": "t"})],
)
def test_what_runs_is_the_model_that_was_traced(name: str, bound: dict[str, Any]) -> None:
    """Plain code runs at the sizes that a graph was traced at, whatever they are called there."""
    analysis = ws.analyze(ws.trace(ws.catalogue[name], **bound), figures=["work", "span", "params"])
    values = [value for figure in analysis.figures.values() for value in figure.values]
    assert all(value.agree and value.run is not None for value in values)


def test_nothing_runs_for_a_model_that_only_shares_a_name() -> None:
    """A function of one's own is not the model of the catalogue that has the same name."""

    def lstm(x: ws.Array) -> ws.Array:
        return ws.linear(x, "d", name="out")

    values = ws.analyze(lstm, figures=["work"])["work"].values
    assert all(value.agree and value.run is None for value in values)


def test_a_figure_that_a_model_does_not_have_says_why() -> None:
    """What is not causal has no state, and names the equation that reads ahead."""
    figure = ws.analyze("bidirectional_rnn", figures=["state"])["state"]
    assert figure.formula is None
    assert figure.grade is None
    assert "not causal" in (figure.reason or "")


def test_no_value_outside_the_domain() -> None:
    """A quotient whose divisor is zero at n = 1 holds for n >= 2, and has no value before."""
    sizes = [{"n": 1, "d": 2}, {"n": 5, "d": 2}]
    figure = ws.analyze("linear_recurrence_scan", at=sizes, figures=["parallelism"])["parallelism"]
    assert "n >= 2" in figure.domain
    assert figure.values[0].derived is None
    assert isinstance(figure.values[1].derived, int | Fraction)


def test_a_quotient_holds_where_sizes_fit() -> None:
    """A divisor with the logarithm of d/3 has no value at d = 1, and is asked for none."""
    graph = ws.trace(ws.catalogue["attention"], h=3)
    figure = ws.analyze(graph, at=[{"n": 4, "d": 6}], figures=["parallelism"])["parallelism"]
    assert figure.values[0].agree


def test_the_modes_of_generation() -> None:
    """Generation takes n steps for a recurrence and for attention alike; one token takes one."""
    for name in ("lstm", "causal_attention"):
        setting = ws.Setting(unit="layer", mode="generate")
        assert str(ws.analyze(name, figures=["span"], setting=setting)["span"].formula) == "n"
        setting = ws.Setting(unit="layer", mode="decode")
        assert str(ws.analyze(name, figures=["span"], setting=setting)["span"].formula) == "1"


@pytest.mark.parametrize("unit", ["layer", "tensor", "scalar"])
@pytest.mark.parametrize("name", ["s4d_convolution", "mamba", "t5", "transformer_xl"])
def test_one_more_token_waits_for_no_parameters(name: str, unit: str) -> None:
    """What is computed from parameters alone is there before a token comes, in both witnesses."""
    setting = ws.Setting(unit=unit, mode="decode")
    for pairs in ("dense", "masked"):
        figure = ws.analyze(name, figures=["span"], setting=setting.but(pairs=pairs))["span"]
        assert all(value.measured for value in figure.values)
        assert all(value.agree is not False for value in figure.values)


@pytest.mark.parametrize("name", ["convolution", "causal_convolution", "separable_convolution"])
def test_a_window_of_one_position_is_read_in_place(name: str) -> None:
    """A convolution over one position generates as a position-wise layer does, one by one."""
    graph = ws.trace(ws.catalogue[name], k=1, L=2)
    setting = ws.Setting(mode="generate")
    figure = ws.analyze(graph, figures=["span"], setting=setting)["span"]
    token = ws.analyze(graph, figures=["span"], setting=setting.but(mode="decode"))["span"]
    assert token.formula is not None
    assert figure.formula == token.formula * ws.size("n")


def test_training_has_the_figures_of_both_passes() -> None:
    """Forward and back through the steps and the layers; what training does not have says so."""
    train = ws.Setting(mode="train", unit="layer")
    figures = ws.analyze("lstm", figures=["span", "path_length", "receptive_field"], setting=train)
    assert (str(figures["span"].formula), str(figures["path_length"].formula)) == ("2*n", "n")
    assert figures["receptive_field"].formula is None
    assert "not of train" in (figures["receptive_field"].reason or "")


def test_who_is_cheaper_where() -> None:
    """One layer with projections: 4n + 8d < 16d for LSTM, < 12d for GRU, never for Elman."""
    comparison = ws.compare(
        ["attention", "lstm", "gru", "rnn"], figures=["work"], witnesses=["derived"]
    )
    found = {
        (c.left, c.right): c.condition for c in comparison.crossovers if c.counted == "contractions"
    }
    assert found["attention", "lstm"] == "n < 2*d"
    assert found["attention", "gru"] == "n < d"
    assert found["attention", "rnn"] == "never"


@pytest.mark.parametrize("value", [0, -1, 2.5, True, 10**13])
def test_sizes_that_make_no_sense_are_named(value: int) -> None:
    """Zero, negative, not whole, or huge: one line that names the size and its value."""
    with pytest.raises(SizeError, match=r"expected n to be .*got n="):
        ws.analyze("lstm", at=[{"n": value, "d": 4}])


def test_sizes_at_which_there_is_no_model_are_told() -> None:
    """Two witnesses that agree about a model that does not exist show nothing."""
    for name, sizes, told in (
        ("nystrom_attention", {"n": 7, "m": 2}, "expected m to divide n, got m=2, n=7"),
        ("mixtral", {"k": 5, "E": 2}, "expected k to be at most E, got E=2, k=5"),
        ("windowed_attention", {"w": 4}, "expected w - 1 to be a multiple of 2, got w=4"),
        ("lsh_attention", {"n": 7, "c": 2}, "expected c to divide n, got c=2, n=7"),
    ):
        with pytest.raises(SizeError, match=told):
            ws.analyze(name, at=[sizes], figures=["work"])


@pytest.mark.parametrize("name", ["rnn", "tcn", "dilated_convolution"])
def test_depths_beyond_measure_are_not_measured(name: str) -> None:
    """A stack too deep to walk has a formula's value, and None where it would be measured."""
    (value,) = ws.analyze(name, at=[{"L": 10**12}], figures=["span"])["span"].values
    assert value.derived
    assert value.measured is None


def test_dilations_past_every_sequence_are_measured() -> None:
    """Where layer l reads 2**l positions back, most layers of many read nothing but themselves."""
    (value,) = ws.analyze("tcn", at=[{"L": 100, "n": 5}], figures=["span"])["span"].values
    assert value.agree


def test_wrong_names_are_told() -> None:
    """An unknown model, figure, size or setting is an error that lists what there is."""
    with pytest.raises(GraphError, match="expected a model of the catalogue"):
        ws.analyze("lstn")
    with pytest.raises(SizeError, match="expected figures of params"):
        ws.analyze("lstm", figures=["flops"])
    with pytest.raises(SizeError, match="expected sizes of lstm"):
        ws.analyze("lstm", at=[{"n": 4, "d": 4, "w": 3}])
    with pytest.raises(SettingError, match="expected unit to be one of"):
        ws.Setting(unit="mile")


def test_a_graph_too_large_to_unroll_says_how_large() -> None:
    """Nodes and edges are counted before anything is allocated."""
    with pytest.raises(TooLargeError, match=r"nodes and .* edges .*pass smaller sizes"):
        ws.unroll(ws.trace(ws.catalogue["attention"]), n=10**6)


def test_objects_display_themselves() -> None:
    """In a notebook, figures, analyses and graphs have HTML; formulas have LaTeX."""
    analysis = ws.analyze("rnn", figures=["span"], witnesses=["derived"])
    assert "<" in analysis._repr_html_()  # type: ignore[attr-defined]
    assert analysis["span"]._repr_latex_().startswith("$")  # type: ignore[attr-defined]
    assert "svg" in ws.trace(ws.catalogue["rnn"])._repr_svg_()  # type: ignore[attr-defined]
