"""Execution: the graph's own numbers, on NumPy or torch arrays.

What must loop loops, exactly the strongly connected components; everything else runs on all
positions at once.

>>> import numpy as np
>>> from .models import CATALOGUE
>>> from .tracing import trace
>>> graph = trace(CATALOGUE["linear_recurrence"])
>>> (h,) = execute(graph, {"a": np.full((4, 1), 0.5), "b": np.ones((4, 1))}, {}, n=4, d=1)
>>> h[:, 0].tolist()
[1.0, 1.5, 1.75, 1.875]
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .graph import Axis, Equation, Graph, GraphError, Read
from .primitives import Final, Gather, Member, Scatter, Shift, Site, Turn
from .primitives.views import Source
from .relations import Relation
from .schedule import steps
from .sizes import Poly
from .slots import inside, is_cut, lineage, over
from .unrolling import checked, whole


def parameter_shapes(graph: Graph, **sizes: int) -> dict[str, tuple[int, ...]]:
    """Return the shape of every parameter by name; layers first, if the model has a layer axis."""
    return {e.name: tuple(whole(a.extent, sizes) for a in e.domain) for e in graph.of("parameter")}


def random_parameters(graph: Graph, *, seed: int = 0, **sizes: int) -> dict[str, Any]:
    """Draw parameters from a normal distribution, scaled by the width of what they multiply."""
    rng = np.random.default_rng(seed)
    shapes = parameter_shapes(graph, **sizes)
    return {
        k: rng.normal(size=s) / np.sqrt(max(s[-1], 1) if len(s) > 1 else 1)
        for k, s in shapes.items()
    }


def execute(
    graph: Graph,
    inputs: Mapping[str, Any],
    parameters: Mapping[str, Any],
    *,
    xp: Any = np,
    **sizes: int,
) -> tuple[Any, ...]:
    """Compute the outputs.

    Parameters
    ----------
    inputs, parameters
        Arrays by name; inputs have shape [positions, components].
    xp
        The array namespace: ``numpy`` or ``torch``.
    sizes
        A value for every size of the graph.

    Raises
    ------
    GraphError
        If an array is missing or has the wrong shape; the message names it.
    """
    run = Execution(graph, checked(sizes), xp)
    for name in (*graph.inputs, *(e.name for e in graph.of("parameter"))):
        given = inputs if name in graph.inputs else parameters
        if name not in given:
            raise GraphError(f"expected an array for {name}, got none")
        run.give(name, given[name])
    run.visit(None, {})
    return tuple(run.values[name] for name in graph.outputs)


@dataclass(eq=False)
class Execution:
    """The values of one run."""

    graph: Graph
    sizes: Mapping[str, int]
    xp: Any
    values: dict[str, Any] = field(default_factory=dict)
    fixed: dict[str, int] = field(default_factory=dict)
    """Positions of the loops that are running."""

    def whole(self, cost: Poly) -> int:
        """Value of a cost at this run's sizes and loop positions."""
        return whole(cost, {**self.sizes, **{f"{k}_": v for k, v in self.fixed.items()}})

    def constant(self, value: float) -> Any:
        """Return a number of double precision."""
        if self.xp is np:
            return np.float64(value)
        return self.xp.tensor(value, dtype=self.xp.float64)

    def give(self, name: str, array: Any) -> None:
        """Take an input or a parameter."""
        shape = tuple(self.whole(a.extent) for a in self.graph[name].domain)
        if tuple(array.shape) != shape:
            raise GraphError(f"expected {name} to have shape {shape}, got {tuple(array.shape)}")
        self.values[name] = array

    def visit(self, names: Iterable[str] | None, fixed: dict[str, int]) -> None:
        """Evaluate equations in order, looping where they must."""
        for step in steps(self.graph, names, frozenset(fixed)):
            if step.axis is None:
                self._each(self.graph[step.names[0]], fixed)
                continue
            extent = self.whole(self.graph.axes[step.axis].extent)
            if not extent:
                self._empty(step.names)
            order = range(extent - 1, -1, -1) if step.reverse else range(extent)
            for position in order:
                self.visit(step.names, {**fixed, step.axis: position})

    def _each(self, equation: Equation, fixed: dict[str, int]) -> None:
        """Evaluate an equation, layer by layer where what it reads differs from layer to layer."""
        own = [a for a in equation.positions if a.kind == "layer" and a.name not in fixed]
        differing = next((a for a in own if a.position in self._related(equation)), None)
        if differing is None:
            self.fixed = fixed
            self._evaluate(equation)
            return
        extent = self.whole(differing.extent)
        if not extent:
            self._empty((equation.name,))
        for position in range(extent):
            self._each(equation, {**fixed, differing.name: position})

    def _related(self, equation: Equation) -> set[str]:
        """Return the sizes in the relations by which an equation reads, and by which slots were."""
        sources = (self.graph[r.source] for r in equation.reads)
        slots = (a.relation for e in (equation, *sources) for f in e.features for a in lineage(f))
        relations = [r.relation for r in equation.reads] + [r for r in slots if r is not None]
        bounds = (b for r in relations for b in (r.back, r.ahead, r.step, r.size))
        return {name for b in bounds if b is not None for name in b.sizes}

    def _empty(self, names: Iterable[str]) -> None:
        """Give equations over an axis without positions their shape."""
        for name in names:
            shape = tuple(self.whole(a.extent) for a in self.graph[name].domain)
            self.values[name] = self.xp.zeros(shape, dtype=self.constant(0.0).dtype)

    def _evaluate(self, equation: Equation) -> None:
        if equation.name in self.values and isinstance(equation.primitive, Source):
            return
        site = Site(equation, tuple(self.graph[r.source] for r in equation.reads))
        if isinstance(equation.primitive, Shift | Final):
            value = self._moved(equation)
        else:
            value = equation.primitive.run(
                self, site, [self._fetch(equation, r) for r in equation.reads]
            )
        self._keep(equation, value)

    def _keep(self, equation: Equation, value: Any) -> None:
        shape = tuple(self.whole(a.extent) for a in equation.domain)
        looping = [a.name in self.fixed for a in equation.positions]
        if not any(looping):
            self.values[equation.name] = self.xp.broadcast_to(value, shape)
            return
        if equation.name not in self.values:
            self.values[equation.name] = self.xp.zeros(shape, dtype=value.dtype)
        index = tuple(
            self.fixed[a.name] if a.name in self.fixed else slice(None) for a in equation.positions
        )
        self.values[equation.name][index] = value

    def _moved(self, equation: Equation) -> Any:
        """A shift or a final value: the source where there is one, the initial value elsewhere."""
        read, initial = equation.reads
        around = (*self.graph[read.source].positions, *equation.positions)
        axis = next((a for a in around if a.name == read.axis), None)
        if axis is None:  # the same after every step
            return self._fetch(equation, Read(read.source))
        extent = self.whole(axis.extent)
        own = equation.has(axis.name)
        if own and axis.name not in self.fixed:
            j, valid = self.relation(read.relation).table(np.arange(extent), extent)
            if not extent or not valid.any():
                return self._fetch(equation, initial)
            value = self._fetch(equation, read, table=j[:, 0])
            if valid.all():
                return value
            after = equation.domain[equation.domain.index(axis) + 1 :]
            spare = sum(a.name not in self.fixed for a in after)
            mask = self.mask_of(valid[:, 0]).reshape(-1, *([1] * spare))
            return self.xp.where(mask, value, self._fetch(equation, initial))
        position = self.fixed[axis.name] if own else 0
        j, valid = self.relation(read.relation).table(np.array([position]), extent)
        if not extent or not valid[0, 0]:
            return self._fetch(equation, initial)
        return self._fetch(equation, read, table=int(j[0, 0]))

    def mask_of(self, mask: Any) -> Any:
        """Return a NumPy mask as an array of the run's library."""
        return mask if self.xp is np else self.xp.as_tensor(mask)

    def relation(self, relation: Relation) -> Relation:
        """Return a relation with this run's sizes and loop positions."""
        return relation.at(**self.sizes, **{f"{k}_": v for k, v in self.fixed.items()})

    def _fetch(self, equation: Equation, read: Read, table: Any = None) -> Any:
        """Return the source at the positions that are read, aligned to the equation's positions."""
        source, array = self.graph[read.source], self.values[read.source]
        index: list[Any] = []
        present: list[str] = []
        gathers = isinstance(equation.primitive, Gather) and read.axis is not None
        turns = isinstance(equation.primitive, Turn | Scatter)
        member = isinstance(equation.primitive, Member)
        for axis in source.positions:
            if axis.name == read.axis and (table is not None or gathers or member):
                chosen = table if table is not None else self._table(equation, axis, read)
                chosen = chosen[..., 0] if member else chosen
                index.append(chosen)
                own = axis if table is not None else equation.sequence
                if own is not None and not isinstance(chosen, int) and own.name not in self.fixed:
                    present.append(own.name)
            elif axis.name in self.fixed and not (turns and axis.name == read.axis):
                index.append(self.fixed[axis.name])
            elif turns and axis.name == read.axis and equation.sequence is not None:
                index.append(slice(None))
                present.append(equation.sequence.name)
            else:
                index.append(slice(None))
                present.append(axis.name)
        value = array[tuple(index)] if index else array
        if gathers:
            value = self._blank(equation, value)
        free = [a.name for a in equation.positions if a.name not in self.fixed]
        missing = tuple(k for k, name in enumerate(free) if name not in present)
        for k in missing:
            value = value.reshape(*value.shape[:k], 1, *value.shape[k:])
        return value

    def _table(self, equation: Equation, axis: Axis, read: Read) -> Any:
        relation = self.relation(read.relation)
        extent = self.whole(axis.extent)
        own = equation.sequence
        if own is None:
            return slice(None)
        if own.name in self.fixed:
            return relation.table(np.array([self.fixed[own.name]]), extent)[0][0]
        return relation.table(np.arange(self.whole(own.extent)), extent)[0]

    def _blank(self, equation: Equation, value: Any) -> Any:
        """Zeros in slots outside the sequence."""
        mask = self.mask(equation.features, 0, equation)
        return value if mask is None else self.xp.where(mask, value, self.constant(0.0))

    def mask(self, axes: Sequence[Axis], k: int, equation: Equation) -> Any:
        """Which slots of one of the axes are inside the sequence; None if all are.

        It has the positions first, then the axes, of length 1 where they do not matter.
        """
        line, own = lineage(axes[k]), equation.sequence
        if not is_cut(axes[k]) or (own is None and is_cut(line[0])):
            return None
        links = [self._concrete(a) for a in line]
        fixed = own is None or own.name in self.fixed
        if own is None or fixed:
            positions = np.array([0 if own is None else self.fixed[own.name]])
        else:
            positions = np.arange(self.whole(own.extent))
        valid = inside([r for r, _ in links], [n for _, n in links], positions)
        places = [axes.index(a) if a in axes else None for a in line[:-1]]
        shaped = over(valid, [*places, k], len(axes))
        return self.mask_of(shaped[0] if fixed else shaped)

    def _concrete(self, axis: Axis) -> tuple[Relation, int]:
        """Return the relation of a slot axis, and the length of the sequence that it reads."""
        assert axis.relation is not None
        assert axis.along is not None
        return self.relation(axis.relation), self.whole(self.graph.axes[axis.along].extent)

    def fragment(self, graph: Graph, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Run the equations of a fragment on arrays whose leading axes are positions."""
        values = dict(zip(graph.inputs, arrays, strict=True))
        for equation in graph:
            if equation.name in values:
                continue
            site = Site(equation, tuple(graph[r.source] for r in equation.reads))
            values[equation.name] = equation.primitive.run(
                self, site, [values[r.source] for r in equation.reads]
            )
        return tuple(values[name] for name in graph.outputs)


def defaults(graph: Graph, **sizes: int) -> dict[str, int]:
    """Complete sizes with the graph's own, for every size that it is symbolic in."""
    chosen = {name: graph.sizes.get(name, 4) for name in graph.free_sizes}
    return checked({**chosen, **{k: v for k, v in sizes.items() if v is not None}})
