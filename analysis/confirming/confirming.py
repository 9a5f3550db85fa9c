"""Confirm: let other people's code run a model, and hold what it shows against the derivations.

>>> found = confirm("rnn", engines=["numpy"], at=[{"n": 4, "d": 2, "L": 1}], figures=["work"])
>>> [(line.seen.part, line.derived, line.seen.value, line.verdict) for line in found.lines]
[('', 96, 96, 'equal'), ('contraction', 64, 64, 'equal')]
>>> found.agree, str(found.sources[0])[:5]
(True, 'numpy')
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ... import graphs
from ...graphs.execution import execute, random_parameters
from ...graphs.graph import Graph, GraphError
from ...graphs.setting import Setting
from ...graphs.sizes import SizeError
from ...graphs.unrolling import whole
from ..api import SMALL, Model, Progress, Sizes, figure, graph_of, points_of
from ..deriving import RULES, derive
from ..runs import engines, own, perturbation
from ..runs.engines import Engine
from ..runs.errors import RunError, TooLargeError
from ..runs.observations import EngineError, Observation
from ..runs.pairs import positions
from ..witnesses import LARGEST_RUN
from .confirmation import Confirmation, Line, Skipped, judged, ordered
from .expecting import Expected, expected
from .store import Asked, Store
from .store_records import Machine

SHOWN = ("gradient", "time")
"""Figures that are held against nothing."""
ZERO = "what is read there is multiplied by a constant zero, in the executed graph too"


@dataclass(frozen=True, slots=True)
class Against:
    """A user's own function."""

    function: Callable[..., Any]
    label: str
    """Such as ``path/to/file.py:function``."""
    digest: str
    """Of its source."""


@dataclass(eq=False)
class _Confirming:
    """The measurements of one model, each taken once, or found in the store."""

    graph: Graph
    store: Store | None
    tell: Progress
    seed: int
    lines: list[Line] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)

    def measure(
        self, engine: Engine, figure: str, at: Sizes, take: Callable[[], Sequence[Observation]]
    ) -> None:
        """Take what one engine sees of one figure, unless it is known, and hold it."""
        where = ", ".join(f"{k}={v}" for k, v in sorted(at.items()))
        self.tell(f"{self.graph.name}: {figure} by {engine.name} at {where}")
        asked = self._asked(engine, figure, at)
        try:
            known = None if self.store is None else self.store.find(asked)
            found = tuple(take()) if known is None else known
            if known is None and self.store is not None:
                self.store.keep(asked, found)
        except TooLargeError as error:
            self.skip(engine, figure, at, str(error), failed=False)
        except (RunError, GraphError, SizeError) as error:
            self.skip(engine, figure, at, str(error))
        except (MemoryError, RuntimeError) as error:
            self.skip(engine, figure, at, _broken(error))
        else:
            held = {o.part: o.value for o in found}
            self.lines += [self._line(seen, known is not None, held) for seen in found]

    def skip(
        self, engine: Engine, figure: str, at: Sizes, reason: str, *, failed: bool = True
    ) -> None:
        """Note that something was not observed."""
        line = " ".join(reason.split())
        self.skipped.append(Skipped(engine.name, figure, dict(at), line, failed))

    def _asked(self, engine: Engine, figure: str, at: Sizes) -> Asked:
        digest = f"{_digest(self.graph)} {engine.digest}".strip()
        versions = {**engine.versions, "graphs": engines.code(Path(graphs.__file__).parent)}
        here = Machine.here()
        return Asked(
            engine.name, self.graph.name, digest, dict(at), figure, self.seed, versions, here
        )

    def _line(self, seen: Observation, kept: bool, held: Mapping[str, float]) -> Line:
        if seen.figure in SHOWN or seen.part.startswith("dispatched"):
            return Line(seen, None, "shown", None, seen.note, kept)
        found = self._expected(seen, held)
        verdict, note = judged(found.value, seen), seen.note or found.reason
        if seen.figure == "dependence" and verdict == "differs":
            verdict, note = self._unread(seen, int(found.value or 0))
        return Line(seen, found.value, verdict, found.formula, note, kept)

    def _expected(self, seen: Observation, held: Mapping[str, float]) -> Expected:
        if seen.figure == "workspace" and seen.part:
            # What the allocator gave out is held against the liveness of tensors at dispatch.
            return Expected(held.get(seen.part.replace("allocated", "dispatched")))
        return expected(self.graph, seen)

    def _unread(self, seen: Observation, reached: int) -> tuple[str, str]:
        """Judge pairs that differ: those that are reached may yet have no effect, ever."""
        missing = {(j, i) for j, i in positions(reached & ~int(seen.value))}
        extra = positions(int(seen.value) & ~reached)
        if extra:
            (j, i), *_ = extra
            return "differs", f"output {i} depends on {seen.part} {j}, the graph has no path"
        silent = {(j, i) for j, i in missing if (seen.part, j, i) not in self._effects(seen.at)}
        if silent == missing:
            return "noted", f"{len(missing)} pairs are reached without effect: {ZERO}"
        (j, i), *_ = sorted(missing - silent)
        return "differs", f"output {i} does not depend on {seen.part} {j}, the graph has a path"

    def _effects(self, at: Mapping[str, int]) -> frozenset[Any]:
        """Return the pairs with an effect on the numbers of the executed graph."""

        def make(seed: int) -> tuple[Callable[..., Any], Mapping[str, Any]]:
            drawn = draw(self.graph, at, seed)

            def function(*arrays: Any) -> Any:
                given = dict(zip(drawn.inputs, arrays, strict=True))
                return execute(self.graph, given, drawn.parameters, **at)[0]

            return function, drawn.inputs

        return perturbation.depends(make).pairs


def confirm(
    model: Model,
    *,
    engines: Sequence[str] = ("numpy",),
    at: Sequence[Sizes] = (),
    against: Against | None = None,
    store: Store | None = None,
    figures: Sequence[str] | None = None,
    asked: Sequence[str] = (),
    seed: int = 0,
    progress: Progress | None = None,
) -> Confirmation:
    """Run a model on engines and hold every number against the derived one.

    Parameters
    ----------
    model
        A name of the catalogue, a graph, or a model function.
    engines
        Names of engines: numpy, torch, transformers.
    at
        Sizes to run at; two choices of small ones if none are given.
    against
        A function of the user's that is to compute the same.
    store
        Where finished measurements are kept and looked up.
    figures
        The figures to confirm; all that an engine observes if None.
    asked
        Figures that take long and are shown only on request: time, gradient.
    seed
        Of weights and inputs.
    progress
        Called with one line before each measurement.

    Raises
    ------
    EngineError
        If an engine is not installed.
    GraphError, SizeError
        For a model or sizes that make no sense.
    """
    graph = graph_of(model, at or SMALL)
    points = points_of(graph, at)
    task = _Confirming(graph, store, progress or (lambda line: None), seed)
    chosen = [_engine(name) for name in engines]
    for engine in chosen:
        if not isinstance(model, str) or not engine.has(model):
            reason = f"{engine.name} does not have {graph.name}"
            task.skip(engine, "", {}, reason, failed=False)
            continue
        for sizes in points:
            for name in engine.observes(asked):
                if figures is None or name in figures or name in asked:
                    _observe(task, engine, name, sizes)
    if against is not None:
        _hold(task, against, points, figures)
    return Confirmation(
        graph.name,
        graph,
        ordered(task.lines),
        tuple(task.skipped),
        _figures(graph, task.lines, points),
    )


def _engine(name: str) -> Engine:
    engine = engines.find(name)
    engine.required()
    return engine


def _observe(task: _Confirming, engine: Engine, name: str, sizes: Sizes) -> None:
    graph = task.graph
    if engine.counts and _work(graph, sizes) > LARGEST_RUN:
        reason = f"expected at most {LARGEST_RUN:,} operations on counting scalars, got more"
        task.skip(engine, name, sizes, f"{reason}; pass smaller sizes", failed=False)
        return

    def take() -> Sequence[Observation]:
        if name == "outputs":
            return [_outputs(engine, graph, sizes, task.seed)]
        return engines.observe(engine.name, graph.name, sizes, name, seed=task.seed)

    task.measure(engine, name, sizes, take)


def _work(graph: Graph, sizes: Sizes) -> float:
    cost = derive("work", graph, Setting()).formula
    return 0 if cost is None else float(cost.evaluate(**{s: sizes[s] for s in cost.sizes}))


def _outputs(engine: Engine, graph: Graph, sizes: Sizes, seed: int) -> Observation:
    """Give an engine the weights and inputs of the executed graph, and compare the outputs."""
    drawn = draw(graph, sizes, seed)
    found, source = engines.outputs(
        engine.name, graph.name, sizes, list(drawn.inputs.values()), drawn.parameters
    )
    if np.shape(found) != drawn.expected.shape:
        raise EngineError(
            f"expected {source.subject} to return shape {drawn.expected.shape}, got {found.shape}"
        )
    scale = max(1.0, float(np.abs(drawn.expected).max(initial=0.0)))
    error = float(np.abs(found - drawn.expected).max(initial=0.0)) / scale
    return Observation(
        "outputs", dict(sizes), error, source, "", engine.close, "the largest relative difference"
    )


def _hold(
    task: _Confirming, against: Against, points: Sequence[Sizes], figures: Sequence[str] | None
) -> None:
    """Hold a user's function against the derivations.

    Raises
    ------
    EngineError
        If it does not run as it should; there is nothing else to say of it then.
    """
    function = own.Own(against.function, against.label)
    engine = engines.of_user(against.label, against.digest)
    for sizes in points:
        for name in own.FIGURES:
            if figures is not None and name not in figures:
                continue
            failures = len(task.skipped)
            task.measure(
                engine,
                name,
                sizes,
                lambda name=name, sizes=sizes: function.observe(  # type: ignore[misc]
                    sizes,
                    lambda seed: draw(task.graph, sizes, seed),
                    figures=(name,),
                    seed=task.seed,
                ),
            )
            if len(task.skipped) > failures and task.skipped[-1].failed:
                raise EngineError(task.skipped[-1].reason)


def draw(graph: Graph, sizes: Mapping[str, int], seed: int) -> own.Drawn:
    """Draw weights and inputs of a graph, and execute it on them."""
    parameters = random_parameters(graph, seed=seed, **sizes)
    random = np.random.default_rng([seed, 1])
    inputs = {name: _input(graph, name, sizes, random) for name in graph.inputs}
    (outputs, *_) = execute(graph, inputs, parameters, **sizes)
    return own.Drawn(inputs, parameters, np.asarray(outputs, dtype=np.float64))


def _input(
    graph: Graph, name: str, sizes: Mapping[str, int], random: np.random.Generator
) -> NDArray[Any]:
    """Draw an input: numbers of rows where a table is looked up by it."""
    shape = tuple(whole(a.extent, sizes) for a in graph[name].domain)
    for equation in graph.of("lookup"):
        numbers, table = equation.reads
        if numbers.source == name:
            return random.integers(0, whole(graph[table.source].features[0].extent, sizes), shape)
    return random.standard_normal(shape)


def _figures(graph: Graph, lines: Sequence[Line], points: Sequence[Sizes]) -> dict[str, Any]:
    """Return the figures that lines are about, derived and measured in the default setting."""
    names = dict.fromkeys(line.seen.figure for line in lines)
    return {
        name: figure(name, graph, Setting(), points, ("derived", "measured"))
        for name in names
        if name in RULES
    }


def _broken(error: BaseException) -> str:
    """Say what broke a run in one line."""
    message = " ".join(str(error).split())
    if isinstance(error, MemoryError) or "memory" in message.lower():
        return f"out of memory; pass smaller sizes ({message or type(error).__name__})"
    return f"{type(error).__name__}: {message}"


def _digest(graph: Graph) -> str:
    key = "digest"
    if key not in graph.memory:
        text = repr((graph.name, graph.equations, graph.inputs, graph.outputs))
        graph.memory[key] = hashlib.sha256(text.encode()).hexdigest()
    return str(graph.memory[key])
