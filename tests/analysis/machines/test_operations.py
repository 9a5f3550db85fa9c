"""Operations: their sums are the figures, one by one they are what a run on names of scalars reads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.adapters import WORDS, fitting, symbolic
from tests.compositions import CAUSAL, models, sizes
from tests.examples import examples
from workspan.analysis.deriving import derive
from workspan.analysis.machines.operations import (
    Operation,
    OperationError,
    loops_of,
    operations,
)
from workspan.analysis.machines.task import FUSIONS, Task
from workspan.analysis.measured.traffic import Counted, Ledger, _counted, _inside, _shape
from workspan.graphs.execution import execute
from workspan.graphs.graph import Graph
from workspan.graphs.primitives import Input, Parameter
from workspan.graphs.primitives.base import Frame, Site
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import Poly, summed
from workspan.graphs.tracing import trace
from workspan.graphs.unrolling import whole

AT = {"n": 5, "m": 4, "d": 8, "h": 2, "g": 1, "f": 3, "k": 3, "w": 3, "L": 3, **WORDS}
DECODED = (
    *("rnn", "lstm", "gru", "causal_attention", "grouped_query_attention", "linear_recurrence"),
    *("causal_windowed_attention", "causal_convolution", "gpt2", "llama", "mistral", "mamba"),
    *("rwkv4", "retnet_recurrent", "latent_attention_absorbed", "decoder"),
)


def words(one: Operation) -> Poly:
    """Return all words that an operation moves, of one sequence."""
    return summed((one.weights, one.rows, one.read, one.cached, one.written, one.sums))


def total(found: Sequence[Operation], at: Mapping[str, int]) -> Any:
    """Return all words at sizes."""
    formula = summed(words(one) for one in found)
    return formula.evaluate(**{s: at[s] for s in formula.sizes})


@pytest.mark.parametrize("mode", ["encode", "train"])
@pytest.mark.parametrize("name", ["lstm", "causal_attention", "gpt2", "mamba_scan", "encoder"])
def test_sums_are_the_figures(name: str, mode: str) -> None:
    """Law: unfused, the work and the words of all operations are the derived work and traffic."""
    graph = symbolic(name)
    found = operations(graph, Task(mode, optimiser="none"))
    setting = Setting(mode=mode)
    assert summed(one.work for one in found) == derive("work", graph, setting).formula
    assert summed(words(one) for one in found) == derive("traffic", graph, setting).formula


def test_an_elman_network_by_hand() -> None:
    """Of h = tanh((W x + b) + (U h + c)) four operations run n times, with U and c read each time."""
    found = {
        one.name.rpartition(".")[2]: one for one in operations(symbolic("rnn"), Task("encode"))
    }
    assert [str(one.launches) for one in found.values()] == ["L", "L", *["L*n"] * 4]
    product = found["einsum_2"]
    assert str(product.work) == "2*L*d**2*n"
    assert str(product.weights) == "L*d**2*n"
    assert str(product.read) == "L*d*n - L*d"  # the state before the first is zero
    assert str(found["tanh"].written) == "L*d*n"
    assert str(found["tanh"].functions) == "L*d*n"


def test_fused_attention_moves_no_pairs() -> None:
    """Fused, attention reads queries, keys and values and writes what it mixed: 4 d n words."""
    found = operations(symbolic("attention"), Task("encode", fused="attention"))
    (one,) = (o for o in found if len(o.equations) > 1)
    assert str(words(one)) == "4*L*d*n"


def test_a_fused_recurrence_is_launched_once_a_layer() -> None:
    """Fused, a recurrence reads its weights once, its inputs and nothing of its state."""
    found = operations(symbolic("lstm"), Task("encode", fused="recurrences"))
    (one,) = (o for o in found if len(o.equations) > 1)
    assert (str(one.launches), str(one.weights)) == ("L", "4*L*d**2 + 4*L*d")
    assert (str(one.read), str(one.written)) == ("4*L*d*n", "L*d*n")


@examples(15)
@given(
    models(CAUSAL),
    sizes(),
    st.sampled_from((*FUSIONS, "all")),
    st.sampled_from(("encode", "decode")),
)
def test_fusion_saves_words_and_launches_and_no_work(
    graph: Graph, at: dict[str, int], fused: str, mode: str
) -> None:
    """Law: however fused, the work is the same, and no more is moved or launched."""
    try:
        plain = operations(graph, Task(mode))
    except OperationError:
        return
    found = operations(graph, Task(mode, fused=fused))
    assert summed(o.work for o in found) == summed(o.work for o in plain)
    assert sorted(e for o in found for e in o.equations) == sorted(
        e for o in plain for e in o.equations
    )
    assert total(found, at) <= total(plain, at)
    launches = [summed(o.launches for o in some).evaluate(**at) for some in (found, plain)]
    assert launches[0] <= launches[1]


# --- what is fused ---------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Together(Counted):
    """An operation that notes what it reads, and which launch of its group computed what."""

    group: int
    loops: tuple[str, ...]
    found: dict[tuple[int, tuple[int, ...]], set[int]]
    made: dict[int, tuple[int, tuple[int, ...]]]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Note the names, and return new ones."""
        launch = self.group, tuple(frame.fixed[axis] for axis in self.loops)
        read = {int(name) for array in arrays for name in np.unique(array)} - {0}
        several = [self.ledger.behind[n] for n in read if n in self.ledger.behind]
        read = read.difference(self.ledger.behind).union(*several)
        self.found.setdefault(launch, set()).update(read)
        names = self.ledger.fresh(_shape(frame, site.equation))
        self.made.update((int(name), launch) for name in np.unique(names))
        return names


def counted_together(graph: Graph, found: Sequence[Operation], at: Mapping[str, int]) -> list[int]:
    """Run a graph on names of scalars; return what each operation reads, in all of its launches."""
    ledger, reads, made = Ledger(), {}, {}  # type: ignore[var-annotated]
    equations = {e.name: _counted(e, ledger, False) for e in graph}
    for k, one in enumerate(found):
        count = one.launches.evaluate(**at)
        for name in one.equations:
            axes = tuple(axis for _, axis in loops_of(graph, name))
            around = next(
                axes[:j]
                for j in range(len(axes) + 1)
                if np.prod([at[a] for a in axes[:j]]) == count
            )
            equations[name] = replace(
                graph[name], primitive=Together(ledger, False, k, around, reads, made)
            )
    given_ = {
        e.name: ledger.fresh([whole(a.extent, at) for a in e.domain])
        for e in graph
        if isinstance(e.primitive, Input | Parameter)
    }
    execute(replace(graph, equations=equations, source=None), given_, given_, **at)
    totals = [0] * len(found)
    for launch, names in reads.items():
        totals[launch[0]] += sum(made.get(name) != launch for name in names)
    return totals


EXACT = (
    "rnn",
    "lstm",
    "gru",
    "attention",
    "causal_attention",
    "gpt2",
    "linear_recurrence",
    "mamba",
)


@pytest.mark.parametrize("fused", [*FUSIONS, "all"])
@pytest.mark.parametrize("name", EXACT)
def test_a_launch_reads_what_it_does_not_compute(name: str, fused: str) -> None:
    """Law: fused, a launch reads each number once that it does not compute itself."""
    graph = symbolic(name)
    at = {s: v for s, v in fitting(name, AT).items() if s in graph.free_sizes}
    found = operations(graph, Task("encode", fused=fused))
    formulas = [one.weights + one.rows + one.read for one in found]
    assert [f.evaluate(**at) for f in formulas] == counted_together(graph, found, at)


@examples(12)
@given(models(CAUSAL), sizes(), st.sampled_from((*FUSIONS, "all")))
def test_launches_of_random_models(graph: Graph, at: dict[str, int], fused: str) -> None:
    """Law: no launch of a random model reads more than what is said, where there is a rule."""
    try:
        found = operations(graph, Task("encode", fused=fused))
    except OperationError:
        return
    own = {**{s: at[s] for s in graph.free_sizes}, "n": at["n"] + 6}
    said = [(one.weights + one.rows + one.read).evaluate(**own) for one in found]
    counted = counted_together(graph, found, own)
    assert all(a >= b for a, b in zip(said, counted, strict=True))


# --- one more token -------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Last(Counted):
    """An operation that counts what it reads and writes at the last position."""

    along: str
    length: int

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Count at the last position, and return new names."""
        names = _inside(frame, site.equation, self.ledger.fresh(_shape(frame, site.equation)))
        free = [a.name for a in site.equation.positions if a.name not in frame.fixed]
        if frame.fixed.get(self.along, self.length - 1) == self.length - 1 and (
            self.along in free or self.along in frame.fixed
        ):
            k = free.index(self.along) if self.along in free else None
            self.ledger.read([_last(a, k, self.length) for a in arrays])
            self.ledger.write(_last(names, k, self.length))
        return names


def _last(array: Any, k: int | None, length: int) -> Any:
    if k is None or array.shape[k] != length:
        return array
    return np.take(array, -1, axis=k)


def counted_at_last(graph: Graph, at: Mapping[str, int]) -> int:
    """Run a graph on names of scalars, and count what is read and written at the last position."""
    ledger = Ledger()
    equations = {}
    for e in graph:
        found = _counted(e, ledger, True)
        if isinstance(found.primitive, Counted):
            found = replace(e, primitive=Last(ledger, True, "n", at["n"]))
        equations[e.name] = found
    given_ = {
        e.name: ledger.fresh([whole(a.extent, at) for a in e.domain])
        for e in graph
        if isinstance(e.primitive, Input | Parameter)
    }
    execute(replace(graph, equations=equations, source=None), given_, given_, **at)
    return ledger.words


@pytest.mark.parametrize("name", DECODED)
def test_a_token_reads_what_its_position_reads(name: str) -> None:
    """Law: the words of one more token are those that a run of all reads at the last position."""
    graph = symbolic(name).looped
    at = {s: v for s, v in fitting(name, AT).items() if s in graph.free_sizes}
    found = operations(graph, Task("decode"))
    assert total(found, at) == counted_at_last(graph, at)


@examples(12)
@given(models(CAUSAL), sizes())
def test_a_token_of_random_models(graph: Graph, at: dict[str, int]) -> None:
    """Law: the same of random models, past their initial values; the work is the decode work."""
    try:
        found = operations(graph, Task("decode"))
    except OperationError:
        return
    own = {**{s: at[s] for s in graph.free_sizes}, "n": at["n"] + 6}
    assert total(found, own) == counted_at_last(graph.looped, own)
    assert summed(o.work for o in found) == derive("decode_work", graph, Setting()).formula


def test_what_cannot_be_decoded_says_why() -> None:
    """A model that is not causal has no next token, and a reason is given."""
    with pytest.raises(OperationError, match="not causal"):
        operations(symbolic("attention"), Task("decode"))


def test_operations_of_a_function() -> None:
    """A function of a user has operations like any model."""
    from workspan.graphs.operations import linear, tanh

    graph = trace(lambda x: tanh(linear(x, "d", name="w")))
    found = operations(graph, Task("encode"))
    assert [one.primitive for one in found] == ["contraction", "map", "map"]
