"""The checker of activations accepts what is kept, and refuses every certificate that lies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.adapters import TYPICAL
from tests.examples import examples
from workspan.analysis.measured.measure import measure
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.storage.activations import (
    ActivationsCertificate,
    Need,
    Saved,
    check_activations,
    needs,
)
from workspan.analysis.proofs.storage.ranges import Range
from workspan.analysis.storage.activations import activations
from workspan.graphs.backward import training
from workspan.graphs.graph import Graph, GraphError
from workspan.graphs.models import CATALOGUE
from workspan.graphs.operations import (
    collect,
    concatenate,
    einsum,
    elementwise,
    gather,
    linear,
    scan,
    shift,
    softmax,
    split,
    tanh,
    total,
    zeros,
)
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly, size
from workspan.graphs.tracing import Array, sizes_of, trace
from workspan.testing import Block, models, settings

Corruption: TypeAlias = Callable[[ActivationsCertificate], Iterator[ActivationsCertificate]]

PLAIN = Setting()
OPEN = (
    *("dilated_rnn", "fixed_sparse_attention", "longnet", "longnet_by_heads", "big_bird"),
    *("transformer_xl", "compressive_transformer", "lsh_attention"),
    *("deepseek_v2", "deepseek_v2_absorbed", "deepseek_v2_lite"),
)
"""Models without a formula: no rule says how much their reads reach altogether, or which part of
what heads share they read."""
NAMES = [n for n in CATALOGUE if n not in {"jamba", *OPEN}]


@pytest.mark.parametrize("name", OPEN)
def test_what_has_no_formula_says_why(name: str) -> None:
    """Law: where no rule says how much is read, there is a reason and no number."""
    found = activations(traced(name), PLAIN)
    assert found.formula is None
    assert found.reason


def traced(name: str) -> Graph:
    """Trace a model of the catalogue, of any depth."""
    own: dict[str, Any] = {s: s for s in sizes_of(CATALOGUE[name]) if s in {"h", "g", "L"}}
    return trace(CATALOGUE[name], **own)


def certified(graph: Graph, setting: Setting = PLAIN) -> ActivationsCertificate:
    """Return the certificate of a graph."""
    found = activations(graph, setting).certificate
    assert isinstance(found, ActivationsCertificate)
    return found


def summed(given: ActivationsCertificate, saved: tuple[Saved, ...]) -> ActivationsCertificate:
    """Return a certificate about other arrays, whose sum is right."""
    return replace(given, saved=saved, formula=sum((s.total for s in saved), poly(0)))


def exchanged(given: ActivationsCertificate, k: int, *others: Saved) -> ActivationsCertificate:
    """Put others in the place of one array."""
    return summed(given, (*given.saved[:k], *others, *given.saved[k + 1 :]))


def dropped(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Leave out an array that is read."""
    for k in range(len(given.saved)):
        yield exchanged(given, k)


def doubled(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Count an array twice."""
    for k, saved in enumerate(given.saved):
        yield exchanged(given, k, saved, saved)
        if len(saved.needs) == 1:
            yield exchanged(given, k, replace(saved, needs=saved.needs * 2, total=2 * saved.total))


def miscounted(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Give an array another total, and have the sum agree; or give another sum."""
    for k, saved in enumerate(given.saved):
        yield exchanged(given, k, replace(saved, total=saved.total + 1))
        yield exchanged(given, k, replace(saved, total=saved.total - size("n")))
    yield replace(given, formula=given.formula + 1)
    yield replace(given, formula=given.formula - size("d"))


def stretched(
    given: ActivationsCertificate, low: int, high: int
) -> Iterator[ActivationsCertificate]:
    """Move the ends of every range, and count as many more or fewer scalars."""
    for k, saved in enumerate(given.saved):
        for place, need in enumerate(saved.needs):
            for axis, own in need.ranges.items():
                moved = Range(own.first + low, own.last + high, own.step)
                other = replace(need, ranges={**need.ranges, axis: moved})
                rows = own.length
                if len(saved.needs) > 1 or rows == 0:
                    continue
                total = saved.total / rows * moved.length
                all_needs = (*saved.needs[:place], other, *saved.needs[place + 1 :])
                yield exchanged(given, k, Saved(all_needs, total))


def too_long(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Keep one position more than there is, or than is read."""
    yield from stretched(given, 0, 1)
    yield from stretched(given, -1, 0)


def too_short(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Keep one position less than is read."""
    yield from stretched(given, 0, -1)
    yield from stretched(given, 1, 0)


def misnamed(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Keep an array that nobody reads, or two under one name."""
    for k, saved in enumerate(given.saved):
        stranger = Need("grad.stranger", saved.needs[0].ranges, saved.part)
        yield exchanged(given, k, replace(saved, needs=(stranger,)))
        yield exchanged(given, k, replace(saved, needs=(*saved.needs, stranger)))


def repartitioned(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Keep another part of an array than the one that is read."""
    for k, saved in enumerate(given.saved):
        if saved.part is not None:
            start, extent = saved.part
            for part in ((start + extent, extent), (start, 2 * extent), None):
                moved = tuple(replace(n, part=part) for n in saved.needs)
                yield exchanged(given, k, Saved(moved, saved.total))
        else:
            halves = tuple(replace(n, part=(poly(0), size("d") / 2)) for n in saved.needs)
            yield exchanged(given, k, Saved(halves, saved.total))


def overlooked(given: ActivationsCertificate) -> Iterator[ActivationsCertificate]:
    """Claim sizes for which an axis is empty or a range is less than empty."""
    for name, least in given.least.items():
        assert least > 1
        yield replace(given, least={**given.least, name: least - 1})


CORRUPTIONS: tuple[Corruption, ...] = (
    *(dropped, doubled, miscounted, too_long, too_short, misnamed, repartitioned, overlooked),
)


def refused(graph: Graph, setting: Setting, corruption: Corruption) -> int:
    """Hand every corrupted certificate to the checker, and count them."""
    trained, given = training(graph), certified(graph, setting)
    check_activations(trained, setting, given)
    found = 0
    for certificate in corruption(given):
        if certificate == given:
            continue
        with pytest.raises(ProofError):
            check_activations(trained, setting, certificate)
        found += 1
    return found


@pytest.mark.parametrize("pairs", ["dense", "masked"])
@pytest.mark.parametrize("name", NAMES)
def test_certificates_of_the_catalogue_are_accepted(name: str, pairs: str) -> None:
    """What is derived for a model is proved, and its steps say what is kept."""
    graph, setting = traced(name), PLAIN.but(pairs=pairs)
    found = activations(graph, setting)
    if name in OPEN:
        assert found.formula is None
        assert found.reason
        return
    assert found.grade == "proved"
    check_activations(training(graph), setting, certified(graph, setting))
    assert len(found.steps) == 1 + len(certified(graph, setting).saved)
    assert set(found.details["saved"].values()) <= {
        s.total for s in certified(graph, setting).saved
    }


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("name", [name for name in TYPICAL if name not in OPEN])
def test_corrupted_certificates_are_refused(name: str, corruption: Corruption) -> None:
    """A certificate that drops, doubles, stretches, renames or miscounts anything is refused."""
    tried = refused(traced(name), PLAIN, corruption)
    assert tried or corruption in {overlooked, too_short, too_long}


def several_parts(x: Array) -> Any:
    """Two parts of one array are kept, and one is not."""
    a, b, c = split(linear(x, 3 * size("d")), 3)
    return concatenate(tanh(a) * b + c, x)


def window_ends(x: Array) -> Any:
    """An array is read where it stands, and shifted by two."""
    y = tanh(x)
    return shift(linear(y, "d"), 2) * shift(y, 2) + shift(y, 1) * linear(x, "d", name="w")


def banded(x: Array) -> Any:
    """Weights of a band of pairs are kept."""
    read = gather(linear(x, "d"), Relation.window(3))
    scores = softmax(einsum("i, j i -> j", x, read), "n:window(-2..0)")
    return einsum("j, j i -> i", scores, read)


def last_state(x: Array) -> Any:
    """The state is read at its end by all positions, and by each next step."""

    def step(h: Array, x: Array) -> tuple[Array, Array]:
        h = tanh(linear(h, "d") + x)
        return h, h

    last, _ = scan(step, zeros("d"), x)
    return linear(x, "d", name="out") * last


def kept_as_it_is(x: Array) -> Any:
    """A carry that never changes is shown by a loop of views."""

    def step(carry: Any, x: Array) -> Any:
        h, start = carry
        h = tanh(h * start + x)
        return (h, start), h

    start = total(tanh(collect(x)), "n:all")
    return scan(step, (zeros("d"), start), linear(x, "d"))[1]


BODIES = (several_parts, window_ends, banded, last_state, kept_as_it_is)


@pytest.mark.parametrize("corruption", CORRUPTIONS)
@pytest.mark.parametrize("body", BODIES)
def test_corruptions_of_parts_and_ends_are_refused(body: Any, corruption: Corruption) -> None:
    """Parts of axes, ends of ranges, bands and ends of recurrences: what lies is refused."""
    for pairs in ("dense", "masked"):
        refused(trace(body), PLAIN.but(pairs=pairs), corruption)


@pytest.mark.parametrize("body", BODIES)
def test_what_is_certified_is_measured(body: Any) -> None:
    """The formulas are those of the unrolled graph, from their least sizes on."""
    graph = trace(body)
    for pairs in ("dense", "masked"):
        setting = PLAIN.but(pairs=pairs)
        found = activations(graph, setting)
        assert found.formula is not None, found.reason
        for n in range(found.least.get("n", 1), 6):
            value = found.formula.evaluate(n=n, d=2)
            assert value == measure("activations", graph, setting, {"n": n, "d": 2})


def test_a_certificate_is_about_its_graph_and_its_setting() -> None:
    """That of another model, or of all pairs where only allowed ones count, is refused."""
    graph, other = traced("causal_attention"), traced("lstm")
    with pytest.raises(ProofError):
        check_activations(training(graph), PLAIN, certified(other))
    trained = training(trace(banded))
    with pytest.raises(ProofError):
        check_activations(trained, PLAIN.but(pairs="masked"), certified(trace(banded)))


def test_every_kind_of_corruption_is_tried() -> None:
    """No corruption is empty on all models: each refusal was earned."""
    tried = dict.fromkeys(CORRUPTIONS, 0)
    for corruption in CORRUPTIONS:
        for graph in (*(trace(b) for b in BODIES), traced("lstm"), traced("encoder")):
            tried[corruption] += refused(graph, PLAIN, corruption)
    assert all(tried.values()), tried


@examples(40)
@given(st.data(), models(deepest=3), settings())
def test_corrupted_certificates_of_random_models_are_refused(
    data: st.DataObject, model: Block, setting: Setting
) -> None:
    """Law: whatever the composition, a corrupted certificate is refused."""
    found = activations(model.graph, setting)
    assume(found.formula is not None)
    refused(model.graph, setting, data.draw(st.sampled_from(CORRUPTIONS)))


def test_needs_are_those_of_values_not_of_views() -> None:
    """What a view of the backward pass shows is needed, no more of it: one part of a scan."""
    graph = trace(CATALOGUE["linear_recurrence_scan"])
    found = {(n.name, n.part) for n in needs(training(graph))}
    assert found == {("a", None), ("associative_scan", (size("d"), size("d")))}


def test_what_cannot_be_differentiated_has_a_reason() -> None:
    """A model without a derivative rule has no activations, and says which rule is missing."""
    graph = trace(lambda x: linear(elementwise("gelu_slope", linear(x, "d")), "e"))
    found = activations(graph, PLAIN)
    assert found.formula is None
    assert "expected a function with a derivative rule" in str(found.reason)
    assert measure("activations", graph, PLAIN, {"n": 2, "d": 2, "e": 2}) is None
    with pytest.raises(GraphError):
        training(graph)
