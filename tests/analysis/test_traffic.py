"""Traffic: what is derived is what the graph reads and writes when it runs on names of scalars."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, fitting, symbolic
from tests.examples import examples
from tests.schedules import AT, MODES, PAIRS, Sizes, value
from workspan.analysis.deriving import derive
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.storage.looks import Look
from workspan.analysis.proofs.storage.traffic import Moved, Taken, TrafficCertificate, check_traffic
from workspan.analysis.storage.traffic import traffic
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import gather, linear, parameter, tanh, top_k
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly, size
from workspan.graphs.tables import lookup
from workspan.graphs.tracing import Array, trace
from workspan.testing import Block, Chain, Convolution, Cross, Recurrent, Shift, models, sizes

OPEN = (
    *("dilated_rnn", "strided_sparse_attention", "fixed_sparse_attention", "sink_attention"),
    *("longnet", "big_bird", "transformer_xl", "compressive_transformer", "lsh_attention"),
    *("retnet_chunked", "mixture_of_experts"),
)
"""Models that read positions of which no rule says how many there are altogether, or how often."""


def agrees(graph: Graph, setting: Setting, at: Sizes) -> None:
    """Compare what is derived with what is measured, where there is a formula."""
    found = derive("traffic", graph, setting)
    if found.formula is None:
        assert found.reason is not None
        assert any(
            said in found.reason
            for said in ("has no rule", "is not certain", "no law", "which size is larger")
        )
        return
    if any(at.get(s, least) < least for s, least in found.least.items()):
        return
    measured = measure("traffic", graph, setting, {s: at[s] for s in graph.free_sizes})
    assert value(found.formula, at) == measured


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", TYPICAL)
def test_the_catalogue_is_measured_as_derived(name: str, mode: str) -> None:
    """Law: every model of the catalogue moves as many words as the formula says."""
    graph = symbolic(name)
    for pairs in PAIRS:
        setting = Setting(mode=mode, pairs=pairs)
        if name not in OPEN:
            assert derive("traffic", graph, setting).grade == "proved"
        for at in AT:
            agrees(graph, setting, fitting(name, at))


@pytest.mark.parametrize("n", [1, 2, 5])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "block",
    [
        Chain(Recurrent("gru", "both"), Shift(-2)),
        Chain(Shift(2), Convolution("centred", 3, 2)),
        Cross("h"),
    ],
    ids=repr,
)
def test_short_sequences_are_measured_as_derived(block: Block, mode: str, n: int) -> None:
    """Law: a shift reads nothing from before the start, and a window nothing from outside."""
    agrees(block.graph, Setting(mode=mode), {"n": n, "m": 2, "d": 4, "h": 2, "L": 2})


def rows(x: Array) -> Array:
    """Look up a row for each number in a window."""
    return lookup(gather(x, Relation.window("w")), parameter("table", 5, "q"))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    "function", [rows, lambda x: tanh(rows(x)), lambda x: rows(linear(x, "d"))]
)
def test_outputs_over_slots_are_measured_as_derived(
    function: Callable[[Array], Array], mode: str
) -> None:
    """Law: of an output with slots outside the sequence, the gradient is not read there."""
    graph = trace(function, name="rows")
    for pairs in PAIRS:
        for at in ({"n": 3, "d": 2, "w": 2, "q": 2}, {"n": 2, "d": 1, "w": 4, "q": 3}):
            agrees(graph, Setting(mode=mode, pairs=pairs), at)


@examples(60)
@given(st.data(), models(deepest=3), st.sampled_from(MODES), st.sampled_from(PAIRS))
def test_random_models_are_measured_as_derived(
    data: st.DataObject, block: Block, mode: str, pairs: str
) -> None:
    """Law: whatever the layers are, they move as many words as the formula says."""
    graph = block.graph
    if mode == "train":
        try:
            training(graph)
        except GraphError:
            return
    agrees(graph, Setting(mode=mode, pairs=pairs), data.draw(sizes(graph, longest=5)))


# --- what is known --------------------------------------------------------------------------------


def test_naive_attention_moves_its_scores_six_times() -> None:
    """Products, root and softmax write h n^2 scores each, and each is read once.

    Dao et al. 2022, theorem 2: standard attention takes Theta(n d + n^2) accesses.
    """
    n, d, h = (size(name) for name in "ndh")
    found = traffic(trace(CATALOGUE["attention"], h="h"), Setting())
    assert found.formula is not None
    scores = Poly({m: c for m, c in found.formula.terms.items() if Poly({m: 1}) == h * n**2})
    assert scores == 6 * h * n**2
    # Four projections read their input and a weight, and write a result; each adds a bias.
    projections = 4 * (2 * n * d + d**2) + 4 * (2 * n * d + d)
    mixing = (2 * n * d + h * n**2) + (n * d + h * n**2 + n * d) + 4 * h * n**2
    assert found.formula == projections + mixing


def test_a_recurrent_weight_is_read_at_every_step() -> None:
    """The input's weights are read once for all positions, those of the loop n times."""
    n, d = size("n"), size("d")
    reads = traffic(symbolic("rnn", L=1), Setting()).details["reads"]["parameters"]
    assert reads == (d**2 + d) + n * (d**2 + d)


@pytest.mark.parametrize("name", ["attention", "encoder", "lstm", "mamba"])
def test_reads_and_writes_add_up(name: str) -> None:
    """Law: all that is read of parameters and arrays, and all that is written, is the whole."""
    found = derive("traffic", symbolic(name), Setting(mode="train"))
    parts = found.details["written"] + sum(found.details["reads"].values(), poly(0))
    assert found.formula == parts == sum(found.by_primitive.values(), poly(0))


def test_what_values_decide_has_no_formula() -> None:
    """What the gradient of a sort reads depends on values: no formula, no measurement, a reason."""

    def best(x: Array) -> Array:
        y = linear(x, "d")
        kept: Array = top_k(y, y.axes[-1], 2)
        return kept * kept

    graph, train = trace(best), Setting(mode="train")
    found = derive("traffic", graph, train)
    assert found.formula is None
    assert "has no rule" in str(found.reason)
    assert measure("traffic", graph, train, {"n": 3, "d": 4}) is None


# --- corrupted certificates -----------------------------------------------------------------------

GRAPHS = {
    "windowed attention": symbolic("causal_windowed_attention", L=1),
    "stacked gru": symbolic("gru"),
    "training of an lstm": training(symbolic("lstm", L=1)),
}
SETTING = Setting(pairs="masked")


def certificate(graph: Graph) -> TrafficCertificate:
    """Return a certificate that the checker accepts."""
    found = traffic(graph, SETTING).certificate
    assert isinstance(found, TrafficCertificate)
    check_traffic(graph, SETTING, found)
    return found


def refused(graph: Graph, right: TrafficCertificate, k: int, wrong: Moved) -> None:
    """Hand the checker a certificate with one operation wrong, and a sum that fits."""
    moved = list(right.moved)
    formula = right.formula - moved[k].total + wrong.total
    moved[k] = wrong
    with pytest.raises(ProofError, match=wrong.name.replace(".", r"\.")):
        check_traffic(graph, SETTING, replace(right, moved=tuple(moved), formula=formula))


@pytest.mark.parametrize("name", GRAPHS)
@pytest.mark.parametrize("error", ["1", "-1", "n", "d"])
def test_counts_that_are_off_are_refused(name: str, error: str) -> None:
    """Law: what is written, what is read in each run, and the totals are as the graph says."""
    graph, off = GRAPHS[name], poly(error)
    right = certificate(graph)
    for k, own in enumerate(right.moved):
        refused(graph, right, k, replace(own, written=own.written + off, total=own.total + off))
        refused(graph, right, k, replace(own, total=own.total + off))
        for base, taken in own.read.items():
            for j, part in enumerate(taken):
                parts = list(taken)
                parts[j] = replace(part, each=part.each + off)
                refused(graph, right, k, _reading(own, base, parts))
    with pytest.raises(ProofError, match="expected the sum"):
        check_traffic(graph, SETTING, replace(right, formula=right.formula + off))


def _reading(own: Moved, base: str, parts: list[Taken]) -> Moved:
    return replace(own, read={**own.read, base: tuple(parts)})


@pytest.mark.parametrize("name", GRAPHS)
def test_reads_that_are_missing_or_made_up_are_refused(name: str) -> None:
    """Law: each operation reads what it reads, in the iterations in which it does."""
    graph = GRAPHS[name]
    right = certificate(graph)
    looks = [look for m in right.moved for t in m.read.values() for p in t for look in p.looks]
    for k, own in enumerate(right.moved):
        for base, taken in own.read.items():
            rest = {b: t for b, t in own.read.items() if b != base}
            refused(graph, right, k, replace(own, read=rest))
            for j, part in enumerate(taken):
                other = next(look for look in looks if look.base != base)
                for wrong in (part.looks[1:], (*part.looks, other)):
                    if wrong != part.looks:
                        parts = list(taken)
                        parts[j] = replace(part, looks=wrong)
                        refused(graph, right, k, _reading(own, base, parts))


@pytest.mark.parametrize("name", ["stacked gru", "training of an lstm"])
def test_iterations_that_are_left_out_or_counted_twice_are_refused(name: str) -> None:
    """Law: the cells of a loop are all of its iterations, each once."""
    graph = GRAPHS[name]
    right = certificate(graph)
    tried = 0
    for k, own in enumerate(right.moved):
        for base, taken in own.read.items():
            if not taken[0].cell:
                continue
            tried += 1
            refused(graph, right, k, _reading(own, base, [*taken, taken[-1]]))
            refused(graph, right, k, _reading(own, base, list(taken[:-1])))
            first, *rest = taken[0].cell
            moved = replace(taken[0], cell=((1, first[1]), *rest))
            refused(graph, right, k, _reading(own, base, [moved, *taken[1:]]))
    assert tried > 5


@pytest.mark.parametrize("name", GRAPHS)
def test_operations_that_are_missing_or_counted_twice_are_refused(name: str) -> None:
    """Law: each operation counts once."""
    graph = GRAPHS[name]
    right = certificate(graph)
    for k, own in enumerate(right.moved):
        for moved, expected in (
            (right.moved[:k] + right.moved[k + 1 :], "counted 1 times, not 0"),
            ((*right.moved, own), "counted 1 times, not 2"),
        ):
            formula = sum((m.total for m in moved), poly(0))
            with pytest.raises(ProofError, match=expected):
                check_traffic(graph, SETTING, replace(right, moved=moved, formula=formula))


def test_positions_that_are_not_read_are_refused() -> None:
    """Law: of each array exactly the positions are read that some position reads."""
    graph = GRAPHS["windowed attention"]
    right = certificate(graph)
    for k, own in enumerate(right.moved):
        for base, taken in own.read.items():
            for part, look in itertools.product(taken, taken[0].looks):
                if "n" in look.ranges:
                    shorter = _without_the_last(look)
                    wrong = replace(part, looks=(shorter,))
                    refused(graph, right, k, _reading(own, base, [wrong]))


def _without_the_last(look: Look) -> Look:
    own = look.ranges["n"]
    return replace(look, ranges={**look.ranges, "n": own._replace(last=own.last - 1)})
