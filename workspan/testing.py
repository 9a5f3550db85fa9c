"""Random models, sizes and settings: hypothesis strategies for laws that hold for every model.

A drawn model is a small tree of layers that prints as the code which builds it, so that a shrunk
counterexample can be read and pasted.

>>> model = Chain(Recurrent("elman", "both"), Residual(Attention("window", "w")))
>>> model
Chain(Recurrent('elman', 'both'), Residual(Attention('window', 'w')))
>>> eval(repr(model)) == model
True
>>> model.graph.free_sizes
('d', 'n', 'w')

A law about all of them:

>>> import hypothesis
>>> from workspan.analysis.measured.measure import measure
>>> @hypothesis.settings(max_examples=5, deadline=None, database=None, derandomize=True)
... @hypothesis.given(hypothesis.strategies.data(), models(deepest=1), settings())
... def paths_are_no_longer_than_the_span(data, model, setting):
...     at = data.draw(sizes(model.graph, longest=4))
...     path = measure("path_length", model.graph, setting, at)
...     assert path is None or path <= measure("span", model.graph, setting, at)
>>> paths_are_no_longer_than_the_span()
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from ._blocks import (
    BINARY,
    UNARY,
    Attention,
    Block,
    Cell,
    Chain,
    Convolution,
    Cross,
    FeedForward,
    Fourier,
    Join,
    Norm,
    Recurrent,
    Residual,
    Scan,
    Shift,
    Stack,
    Sum,
    Summary,
)
from .analysis.claims.domains import parse_domain
from .analysis.claims.statements import Claim
from .analysis.claims.subjects import graph_of
from .graphs.graph import Graph
from .graphs.setting import Setting

__all__ = [
    "Attention",
    "Block",
    "Cell",
    "Chain",
    "Convolution",
    "Cross",
    "FeedForward",
    "Fourier",
    "Join",
    "Norm",
    "Recurrent",
    "Residual",
    "Scan",
    "Shift",
    "Stack",
    "Sum",
    "Summary",
    "cells",
    "claimed_sizes",
    "layers",
    "models",
    "settings",
    "sizes",
]


def cells() -> st.SearchStrategy[Block]:
    """Draw recurrent cells that nobody wrote: small expressions over one or two carries and x.

    >>> import hypothesis
    >>> hypothesis.find(cells(), lambda cell: True)
    Cell(('x',))
    """
    return st.integers(1, 2).flatmap(_cells)


def _cells(carries: int) -> st.SearchStrategy[Block]:
    names = ("x", *(f"h{k}" for k in range(carries)))
    step = _expressions(names)
    return st.builds(
        Cell, st.tuples(*[step] * carries), _expressions(names[1:] + names[:1]), st.booleans()
    )


def _expressions(names: tuple[str, ...]) -> st.SearchStrategy[Any]:
    def larger(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        one = st.tuples(st.sampled_from(UNARY), inner)
        return one | st.tuples(st.sampled_from(BINARY), inner, inner)

    return st.recursive(st.sampled_from(names), larger, max_leaves=4)


def layers() -> st.SearchStrategy[Block]:
    """Draw one layer."""
    width = st.sampled_from([3, "w", 1, 2])
    odd = st.sampled_from([3, "w", 1])
    heads = st.sampled_from([1, "h"])
    return st.one_of(
        st.builds(FeedForward),
        st.builds(Shift, st.sampled_from([1, -1, 2])),
        st.builds(
            Recurrent,
            st.sampled_from(["elman", "lstm", "gru"]),
            st.sampled_from(["forward", "backward", "both"]),
        ),
        st.builds(Attention, st.sampled_from(["full", "causal", "suffix"]), st.just(3), heads),
        st.builds(Attention, st.just("window"), width, heads, st.sampled_from([1, 2])),
        st.builds(Attention, st.just("centred"), odd, heads, st.sampled_from([1, 2])),
        st.builds(
            Convolution,
            st.just("window"),
            st.sampled_from([2, 3, "k"]),
            st.sampled_from([1, 2, 3, None]),
        ),
        st.builds(
            Convolution, st.just("centred"), st.sampled_from([3, "k"]), st.sampled_from([1, 2])
        ),
        st.builds(Scan, st.booleans()),
        st.builds(Attention, st.sampled_from(["block", "first"]), st.sampled_from([2, "w"])),
        st.builds(Norm),
        st.builds(Fourier),
        st.builds(Summary, st.booleans()),
        st.builds(Cross, heads),
        cells(),
    )


def models(*, deepest: int = 4) -> st.SearchStrategy[Block]:
    """Draw compositions of at most ``deepest`` layers: in a row, side by side, stacked.

    ``model.graph`` is the traced graph of a drawn model.
    """

    def larger(inner: st.SearchStrategy[Block]) -> st.SearchStrategy[Block]:
        return st.one_of(
            st.builds(Chain, inner, inner),
            st.builds(Residual, inner),
            st.builds(Stack, inner, st.sampled_from(["L", 2])),
            st.builds(Sum, inner, inner),
            st.builds(Join, inner, inner),
        )

    return st.recursive(layers(), larger, max_leaves=deepest)


def sizes(graph: Graph, *, longest: int = 9) -> st.SearchStrategy[dict[str, int]]:
    """Draw a value for every free size of a graph: heads divide d, windows are odd.

    Tiny values, such as n = 1, come first.
    """
    return st.fixed_dictionaries({name: _values(name, longest) for name in graph.free_sizes}).map(
        _fitting
    )


def _values(name: str, longest: int) -> st.SearchStrategy[int]:
    if name in {"n", "m"}:
        return st.integers(1, longest)
    if name in {"w", "k"}:
        return st.sampled_from([1, 3, 5, 7])
    return st.integers(1, 4 if name == "L" else 6)


def _fitting(at: dict[str, int]) -> dict[str, int]:
    """Make d a multiple of the heads."""
    return {**at, "d": at["d"] * at["h"]} if "d" in at and "h" in at else at


def claimed_sizes(
    claim: Claim, *, model: Callable[..., Any] | None = None, longest: int = 9
) -> st.SearchStrategy[dict[str, int]]:
    """Draw a value for every size of a claim's first model, in the domain of the claim.

    Parameters
    ----------
    claim
        A claim of a file, or one that a model carries (``workspan.claims_of(model)``).
    model
        The model function, if it is none of the catalogue.
    longest
        The most positions of a sequence.

    Raises
    ------
    ValueError
        If the claim is not about a model.

    >>> from workspan.analysis.claims import claim_of
    >>> import hypothesis
    >>> found = hypothesis.find(claimed_sizes(claim_of("C096")), lambda at: at["n"] > at["w"])
    >>> found["n"], found["w"]
    (2, 1)
    """
    reading = next((r for _, r in claim.readable() if r.models), None)
    if reading is None:
        raise ValueError(f"expected a claim about a model, got {claim.id}")
    own = {} if model is None else {reading.models[0]: model}
    graph, domain = graph_of(reading.models[0], reading.options, own), parse_domain(reading.domain)
    named = {s for cost in domain.equal.values() for s in cost.sizes}
    named |= {s for bound in domain.bounds for cost in bound for s in cost.sizes}
    further = {s: st.integers(1, 6) for s in sorted(named - set(graph.free_sizes))}
    drawn = st.tuples(sizes(graph, longest=longest), st.fixed_dictionaries(further))
    placed = drawn.map(lambda parts: domain.complete({**parts[0], **parts[1]}))
    return placed.filter(lambda at: min(at.values()) >= 1 and domain.holds(at))


def settings() -> st.SearchStrategy[Setting]:
    """Draw settings of the mode encode: every unit, reduction, scope and way to count pairs."""
    return st.builds(
        Setting,
        unit=st.sampled_from(["layer", "tensor", "scalar", "unbounded"]),
        reduction=st.sampled_from(["tree", "sequential"]),
        scope=st.sampled_from(["layer", "mixing"]),
        pairs=st.sampled_from(["dense", "masked"]),
        mac=st.sampled_from([2, 1]),
    )
