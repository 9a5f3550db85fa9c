"""Laws of the checkers of spans and paths: they accept what is right, and never what is wrong.

Certificates of the catalogue are corrupted at random. Some corruptions are harmless, such as a cost
from above that is raised where nothing attains it; so the law is that whatever is accepted proves a
formula that is measured. Corruptions of what is tight must be refused.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import TYPICAL, WORDS, symbolic
from tests.examples import examples
from workspan.analysis.measured.measure import measure
from workspan.analysis.paths.lengths import path_length
from workspan.analysis.paths.reach import receptive_field
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.proofs.paths.lengths import (
    FieldCertificate,
    LengthCertificate,
    check_field,
    check_length,
)
from workspan.analysis.proofs.paths.pieces import Piece
from workspan.analysis.proofs.paths.shortest import PathCertificate
from workspan.analysis.proofs.spans.chains import Link
from workspan.analysis.proofs.spans.potentials import SpanCertificate, check_span
from workspan.analysis.span import span
from workspan.graphs.graph import Graph
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, poly

Sizes: TypeAlias = Mapping[str, int]

UNITS = ("layer", "tensor", "scalar")
LITE = {"deepseek_v2", "deepseek_v2_absorbed"}
"""Models that their lite version stands for, since each takes seconds."""

NAMES = tuple(n for n in CATALOGUE if n not in {"dilated_rnn", "jamba", *LITE})  # minutes each
SHORT = ("rnn", "lstm", "bidirectional_rnn", "decoder", "windowed_attention", "dilated_convolution")
"""Models whose certificates are corrupted: each with something of its own."""

OPEN: Mapping[tuple[str, str], tuple[str, ...]] = {
    ("path_length", "mamba"): ("tensor", "scalar"),
    ("path_length", "mamba_scan"): UNITS,
    ("path_length", "jamba"): ("scalar",),
    ("path_length", "qrnn"): UNITS,
    ("path_length", "qrnn_scan"): UNITS,
    ("span", "dilated_rnn"): UNITS,
    ("path_length", "dilated_rnn"): UNITS,
    ("path_length", "encoder_decoder_rnn"): UNITS,
    ("span", "latent_attention"): ("scalar",),
    ("path_length", "latent_attention"): ("scalar",),
    ("path_length", "latent_attention_absorbed"): ("scalar",),
    ("path_length", "performer"): ("scalar",),
    ("path_length", "linformer"): ("scalar",),
    ("span", "nystrom_attention"): ("scalar",),
    ("path_length", "nystrom_attention"): ("scalar",),
    ("path_length", "strided_sparse_attention"): UNITS,
    ("path_length", "fixed_sparse_attention"): UNITS,
    ("path_length", "sink_attention"): UNITS,
    ("path_length", "longnet"): UNITS,
    ("path_length", "dilated_windowed_attention"): UNITS,
    ("path_length", "block_local_attention"): UNITS,
    ("span", "retnet_chunked"): UNITS,
    ("path_length", "retnet_chunked"): UNITS,
    ("span", "mixture_of_experts"): ("scalar",),
    ("path_length", "mixture_of_experts"): ("scalar",),
    ("span", "hierarchical_attention"): UNITS,
    ("path_length", "hierarchical_attention"): UNITS,
    ("span", "global_windowed_attention"): ("scalar",),
    ("path_length", "global_windowed_attention"): UNITS,
    ("span", "big_bird"): ("scalar",),
    ("path_length", "big_bird"): UNITS,
    ("path_length", "star_transformer"): UNITS,
    ("path_length", "transformer_xl"): UNITS,
    ("span", "compressive_transformer"): UNITS,
    ("path_length", "compressive_transformer"): UNITS,
    ("path_length", "lsh_attention"): ("scalar",),
    ("path_length", "attentive_encoder_decoder_rnn"): ("tensor", "scalar"),
}
"""Units in which a model has no certificate of this kind. Paths through a window and then a loop, or
the rounds of a scan, jump where the sequence grows longer than the window; where a loop leaps k**l
positions in layer l, or one loop starts from the end of another, no rule settles them. Maxima over
sizes that are not ordered have no one formula, and paths have no rule through blocks, marks, sinks,
drawn positions, or rows that a stack carries beside positions. Paths in classes of positions, and in
blocks, have certificates of other kinds, which are tried elsewhere."""

TINY: tuple[Sizes, ...] = tuple(
    {**WORDS, "n": n, "m": m, "d": 2, "h": 1, "g": 1, "f": 3, "k": k, "w": k, "L": depth}
    for n, m, k, depth in ((1, 1, 1, 1), (2, 1, 3, 1), (1, 3, 3, 2), (4, 2, 3, 3), (7, 2, 3, 2))
)
OFF = st.sampled_from([-1, 1])


@functools.cache
def graph_of(name: str) -> Graph:
    """Return a model with every size a symbol."""
    return symbolic(name)


@functools.cache
def spans(name: str, unit: str = "tensor") -> SpanCertificate:
    """Return the certificate of a span."""
    found = span(graph_of(name), Setting(unit=unit)).certificate
    assert isinstance(found, SpanCertificate)
    return found


@functools.cache
def lengths(name: str, unit: str = "tensor") -> LengthCertificate:
    """Return the certificate of a path length."""
    found = path_length(graph_of(name), Setting(unit=unit)).certificate
    assert isinstance(found, LengthCertificate)
    return found


def is_open(figure: str, name: str, unit: str = "tensor") -> bool:
    """Whether a figure has no certificate of the kind that is tried here."""
    if figure == "span":
        return not isinstance(span(graph_of(name), Setting(unit=unit)).certificate, SpanCertificate)
    found = path_length(graph_of(name), Setting(unit=unit)).certificate
    return not isinstance(found, LengthCertificate)


def accepted(check: Callable[..., None], name: str, certificate: Any, unit: str = "tensor") -> bool:
    """Whether a checker accepts a certificate."""
    try:
        check(graph_of(name), Setting(unit=unit), certificate)
    except ProofError:
        return False
    return True


def is_measured(figure: str, name: str, formula: tuple[Poly, ...], least: Sizes) -> bool:
    """Whether a formula is measured, at sizes of its domain."""
    graph, setting = graph_of(name), Setting()
    return all(
        max(term.evaluate(**at) for term in formula) == measure(figure, graph, setting, at)
        for at in TINY
        if all(at[s] >= v for s, v in least.items())
    )


@pytest.mark.parametrize(
    ("name", "unit"), [(n, u) for n in NAMES for u in UNITS if u == "layer" or n in TYPICAL]
)
def test_certificates_of_the_catalogue_are_accepted(name: str, unit: str) -> None:
    """Law: spans and path lengths are proved, with symbols for all sizes, or say why they are not."""
    for figure in ("span", "path_length") if name in TYPICAL else ():
        assert is_open(figure, name, unit) <= (unit in OPEN.get((figure, name), ()))
    if is_open("span", name, unit):
        assert "no proof was found" in str(span(graph_of(name), Setting(unit=unit)).reason)
    else:
        assert accepted(check_span, name, spans(name, unit), unit)
    if is_open("path_length", name, unit):
        short = path_length(graph_of(name), Setting(unit=unit))
        assert short.grade == "proved" or "no proof was found" in str(short.reason)
    else:
        assert accepted(check_length, name, lengths(name, unit), unit)


@pytest.mark.parametrize("name", [n for n in TYPICAL if n in NAMES])
@pytest.mark.parametrize("off", [-1, 1])
def test_formulas_off_by_one_are_refused(name: str, off: int) -> None:
    """Law: no certificate proves a formula that is one more or one less."""
    if not is_open("span", name):
        long = spans(name)
        for k, term in enumerate(long.formula):
            wrong = (*long.formula[:k], term + off, *long.formula[k + 1 :])
            assert not accepted(check_span, name, replace(long, formula=wrong))
    if not is_open("path_length", name):
        short = lengths(name)
        for k, term in enumerate(short.formula):
            wrong = (*short.formula[:k], term + off, *short.formula[k + 1 :])
            assert not accepted(check_length, name, replace(short, formula=wrong))
    found = receptive_field(graph_of(name), Setting())
    field = found.certificate
    if not isinstance(field, FieldCertificate):
        assert found.grade == "proved" or "no proof was found" in str(found.reason)
        return
    assert accepted(check_field, name, field, "layer")
    wrong = tuple(count + off for count in field.formula)
    assert not accepted(check_field, name, replace(field, formula=wrong), "layer")


@pytest.mark.parametrize("name", [n for n in TYPICAL if n in NAMES])
def test_certificates_of_other_models_are_refused(name: str) -> None:
    """Law: a certificate proves nothing of a model whose equations are others."""
    start = NAMES.index(name)
    for other in (*SHORT, *NAMES[start : start + 4]):
        if set(graph_of(other).equations) != set(graph_of(name).equations):
            assert is_open("span", other) or not accepted(check_span, name, spans(other))
            if not is_open("path_length", other):
                assert not accepted(check_length, name, lengths(other))


@pytest.mark.parametrize("name", [n for n in TYPICAL if n in NAMES and ("span", n) not in OPEN])
def test_what_the_formula_hangs_on_is_tight(name: str) -> None:
    """Law: where a term is attained, no potential is lowered and no link is raised."""
    certificate = spans(name)
    for end in certificate.ends:
        low = tuple(t - 1 for t in certificate.potentials[end.equation])
        lowered = {**certificate.potentials, end.equation: low}
        assert not accepted(check_span, name, replace(certificate, potentials=lowered))
        high = tuple(replace(k, cost=k.cost + 1) for k in certificate.chains[end.equation])
        raised = {**certificate.chains, end.equation: high}
        assert not accepted(check_span, name, replace(certificate, chains=raised))


@pytest.mark.parametrize(
    "name", [n for n in TYPICAL if n in NAMES and ("path_length", n) not in OPEN]
)
def test_an_equation_without_pieces_is_refused(name: str) -> None:
    """Law: what an input reaches cannot be left out, nor can an input.

    In a large model every equation would take long: some are left out, evenly spaced.
    """
    certificate = lengths(name)
    for source, pieces in certificate.paths.pieces.items():
        reached = [e for e, found in pieces.items() if found]
        for equation in reached[:: 1 + len(reached) // 40]:
            less = {**certificate.paths.pieces, source: {**pieces, equation: ()}}
            paths = replace(certificate.paths, pieces=less)
            assert not accepted(check_length, name, replace(certificate, paths=paths))
        others = {k: v for k, v in certificate.paths.pieces.items() if k != source}
        paths = replace(certificate.paths, pieces=others)
        assert not accepted(check_length, name, replace(certificate, paths=paths))


# --- corruptions at random ------------------------------------------------------------------------


def one_of(
    data: st.DataObject, found: tuple[Any, ...], change: Callable[[Any], Any]
) -> tuple[Any, ...]:
    """Change one element of a tuple."""
    k = data.draw(st.integers(0, len(found) - 1))
    return (*found[:k], change(found[k]), *found[k + 1 :])


def corrupt_span(data: st.DataObject, certificate: SpanCertificate) -> SpanCertificate:
    """Change one thing in a certificate of a span."""
    off = data.draw(OFF)
    kind = data.draw(
        st.sampled_from(["formula", "potential", "link", "start", "end", "all", "least"])
    )
    if kind == "formula":
        return replace(certificate, formula=one_of(data, certificate.formula, lambda t: t + off))
    if kind == "end":
        axes = st.sampled_from(["n", "m", "L"])
        axis = data.draw(axes)
        ends = one_of(
            data,
            certificate.ends,
            lambda e: replace(
                e, position={a: p + off * (a == axis) for a, p in e.position.items()}
            ),
        )
        return replace(certificate, ends=ends)
    if kind == "least":
        return replace(certificate, least={})
    if kind == "all":
        return _moved(certificate, off)
    name = data.draw(st.sampled_from(sorted(n for n, c in certificate.chains.items() if c)))
    if kind == "potential":
        terms = one_of(data, certificate.potentials[name], lambda t: t + off)
        return replace(certificate, potentials={**certificate.potentials, name: terms})

    def change(link: Link) -> Link:
        if kind == "link":
            return replace(link, cost=link.cost + off)
        return replace(link, start={a: max(0, s - 1) for a, s in link.start.items()})

    links = one_of(data, certificate.chains[name], change)
    return replace(certificate, chains={**certificate.chains, name: links})


def _moved(certificate: SpanCertificate, off: int) -> SpanCertificate:
    """Move everything together."""
    return replace(
        certificate,
        formula=tuple(t + off for t in certificate.formula),
        potentials={n: tuple(t + off for t in ts) for n, ts in certificate.potentials.items()},
        chains={
            n: tuple(replace(k, cost=k.cost + off) for k in links)
            for n, links in certificate.chains.items()
        },
    )


@examples(250)
@given(st.data(), st.sampled_from(SHORT), st.integers(1, 3))
def test_no_corrupted_certificate_proves_a_wrong_span(
    data: st.DataObject, name: str, times: int
) -> None:
    """Law: whatever is changed, what is accepted is a formula that is measured."""
    certificate = spans(name)
    for _ in range(times):
        certificate = corrupt_span(data, certificate)
    if accepted(check_span, name, certificate):
        assert is_measured("span", name, certificate.formula, certificate.least)


def test_a_certificate_of_too_many_minima_is_refused() -> None:
    """A formula of thirty minima is refused by name, and not compared in 2^30 ways."""
    certificate = lengths("rnn")
    terms = tuple(poly(f"min(n, {k}*d)") for k in range(2, 32))
    with pytest.raises(ProofError, match="cases of minima"):
        check_length(
            graph_of("rnn"), Setting(), replace(certificate, formula=terms, pairs=certificate.pairs)
        )


def corrupt_piece(data: st.DataObject, piece: Piece) -> Piece:
    """Change the cost of a piece, its interval, its side or the layers that it is claimed for."""
    off = data.draw(OFF)
    kind = data.draw(st.sampled_from(["cost", "slope", "low", "high", "side", "layers"]))
    if kind == "cost":
        return replace(piece, cost=piece.cost + off)
    if kind == "slope":
        return replace(piece, cost=piece.cost + off * poly("s_"))
    if kind == "low":
        return replace(piece, low=piece.low + off)
    if kind == "high":
        return replace(piece, high=poly(1) if piece.high is None else piece.high + off)
    if kind == "side":
        return replace(piece, side=data.draw(st.sampled_from([-1, 0, 1])))
    return replace(piece, layers=())


def corrupt_paths(data: st.DataObject, paths: PathCertificate) -> PathCertificate:
    """Change a piece of an equation: from above, from below, or in both."""
    source = data.draw(st.sampled_from(sorted(paths.pieces)))
    name = data.draw(st.sampled_from(sorted(n for n, ps in paths.pieces[source].items() if ps)))
    found = paths.pieces[source][name]
    old = data.draw(st.sampled_from(found))
    new = corrupt_piece(data, old)
    where = data.draw(st.sampled_from(["pieces", "achieved", "both"]))

    def changed(side: Mapping[str, Any]) -> Mapping[str, Any]:
        own = tuple(new if p == old else p for p in side[source].get(name, ()))
        return {**side, source: {**side[source], name: own}}

    return replace(
        paths,
        pieces=paths.pieces if where == "achieved" else changed(paths.pieces),
        achieved=paths.achieved if where == "pieces" else changed(paths.achieved),
    )


def moved_outputs(
    data: st.DataObject, certificate: LengthCertificate, name: str, off: int
) -> LengthCertificate:
    """Move the formula together with what is said of the outputs."""
    outputs, paths = graph_of(name).outputs, certificate.paths

    def changed(side: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            source: {
                e: tuple(replace(p, cost=p.cost + off) for p in found) if e in outputs else found
                for e, found in pieces.items()
            }
            for source, pieces in side.items()
        }

    both = data.draw(st.booleans())
    achieved = changed(paths.achieved) if both else paths.achieved
    paths = replace(paths, pieces=changed(paths.pieces), achieved=achieved)
    return replace(certificate, paths=paths, formula=tuple(t + off for t in certificate.formula))


def corrupt_length(
    data: st.DataObject, certificate: LengthCertificate, name: str
) -> LengthCertificate:
    """Change one thing in a certificate of a path length."""
    off = data.draw(OFF)
    kind = data.draw(
        st.sampled_from(["formula", "pair", "least", "both", "outputs", "paths", "paths"])
    )
    if kind == "outputs":
        return moved_outputs(data, certificate, name, off)
    if kind == "paths":
        return replace(certificate, paths=corrupt_paths(data, certificate.paths))
    if kind == "least":
        return replace(certificate, least={}, paths=replace(certificate.paths, least={}))
    formula, pairs = certificate.formula, certificate.pairs
    if kind != "pair":
        formula = one_of(data, formula, lambda t: t + off)
    if kind != "formula":
        pairs = one_of(data, pairs, lambda p: replace(p, distance=p.distance + off))
    return replace(certificate, formula=formula, pairs=pairs)


@examples(250)
@given(st.data(), st.sampled_from(SHORT), st.integers(1, 3))
def test_no_corrupted_certificate_proves_a_wrong_path_length(
    data: st.DataObject, name: str, times: int
) -> None:
    """Law: whatever is changed, what is accepted is a formula that is measured."""
    certificate = lengths(name)
    for _ in range(times):
        certificate = corrupt_length(data, certificate, name)
    if accepted(check_length, name, certificate):
        least = {**certificate.paths.least, **certificate.least}
        assert is_measured("path_length", name, certificate.formula, least)
