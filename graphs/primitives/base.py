"""What a primitive is: one definition with all its rules.

A rule says one thing about an operation at one position: its output's axes, how many scalar
operations it takes, how deep it is, and how it runs on arrays. A primitive without a rule cannot be
written, because the rules are abstract; an operation without a primitive cannot be traced.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeAlias

from ..graph import Axis, Equation, GraphError
from ..setting import Setting
from ..sizes import Poly, ceil_log2, poly
from ..slots import lineage

Axes = tuple[Axis, ...]

Pulled: TypeAlias = "tuple[Any, ...]"
"""For each input its adjoint, or None if nothing flows to it."""


def dense(axis: Axis) -> Poly:
    """How many indices a dense implementation visits."""
    return axis.extent


@dataclass(frozen=True, slots=True)
class Site:
    """An equation together with what it reads: what a rule sees."""

    equation: Equation
    sources: tuple[Equation, ...]
    extent: Callable[[Axis], Poly] = dense
    """How many indices of an axis are visited (fewer than all for masked pairs)."""

    def size(self, axes: Axes) -> Poly:
        """How many scalars the axes hold."""
        total = poly(1)
        for axis in axes:
            total = total * self.extent(axis)
        return total


@dataclass(frozen=True, slots=True)
class Phase:
    """Scalar operations that do not wait for each other, or sums, which are trees or chains."""

    width: Poly
    """How many operations, or how many sums."""
    terms: Poly | None = None
    """How many terms each sum has; None if these are no sums."""


class Frame(Protocol):
    """What execution offers to a primitive that runs."""

    xp: Any
    """The array namespace: numpy or torch."""

    fixed: Any
    """Positions of the loops that are running, by axis."""

    def whole(self, cost: Poly) -> int:
        """Value of a cost at the sizes of this run."""

    def mask(self, axes: Axes, k: int, equation: Equation) -> Any:
        """Which slots of one of the axes are inside the sequence; None if all are.

        It has the positions first, then the axes, of length 1 where they do not matter.
        """

    def mask_of(self, mask: Any) -> Any:
        """Return a NumPy mask as an array of the run's library."""

    def relation(self, relation: Any) -> Any:
        """Return a relation with this run's sizes."""

    def constant(self, value: float) -> Any:
        """Return a number as an array of the run's type."""

    def fragment(self, graph: Any, arrays: Sequence[Any]) -> tuple[Any, ...]:
        """Run a fragment (a traced function of single positions) on arrays."""


class Calculus(Protocol):
    """What differentiation offers to a primitive: operations on traced arrays and their adjoints.

    An adjoint is an array, the number 1 (of what is differentiated by itself) or None (nothing).
    """

    def map(self, function: str, *arguments: Any) -> Any:
        """Apply an elementwise function."""

    def times(self, a: Any, b: Any) -> Any:
        """Multiply; a factor of 1 costs nothing."""

    def over(self, a: Any, b: Any) -> Any:
        """Divide; a divisor of 1 costs nothing."""

    def negative(self, a: Any) -> Any:
        """Negate."""

    def plus(self, a: Any, b: Any) -> Any:
        """Add; None adds nothing."""

    def summed(self, adjoint: Any, axes: Axes) -> Any:
        """Sum over the feature axes that are not among ``axes``."""

    def unspread(self, adjoint: Any, kept: tuple[int, ...]) -> Any:
        """Sum over the feature axes but those at some places."""

    def spread(self, adjoint: Any, axes: Axes) -> Any:
        """Repeat along the feature axes that the adjoint does not have yet."""

    def product(self, labels: str, *factors: tuple[str, Any]) -> Any:
        """Return a product of labelled arrays, to be contracted where its adjoint is wanted."""

    def piece(self, adjoint: Any, start: Poly) -> Any:
        """Return the adjoint of a part of the last axis, from ``start``."""

    def like(self, adjoint: Any, primitive: Primitive, site: Site) -> Any:
        """Apply a linear primitive that is its own transpose, reading as the site does."""

    def apply(self, primitive: Primitive, *arrays: Any) -> Any:
        """Apply a primitive in place."""

    def collected(self, array: Any) -> Any:
        """Read all positions at once, as a first feature axis."""

    def turned(self, adjoint: Any, gather: Primitive, site: Site) -> Any:
        """Sum what the readers of a gather pass back to each position that they read."""

    def parted(self, adjoint: Any, member: Primitive, site: Site) -> Any:
        """Sum what the members of each part pass back to it."""

    def convolved(self, x: Any, kernel: Any, along: Axis, *, reverse: bool = False) -> Any:
        """Convolve two sequences."""

    def substituted(self, pairs: Any, output: Any, adjoint: Any, primitive: Primitive) -> Pulled:
        """Return the adjoints of pairs and right sides of triangular systems."""

    def scanned(self, adjoint: Any, scan: Primitive, site: Site, output: Any) -> Pulled:
        """Return the adjoints of the elements of an associative scan: a reversed scan."""


class Primitive(ABC):
    """An operation: subclasses are frozen dataclasses whose fields are its parameters."""

    name: ClassVar[str]
    """The name under which work is broken down."""

    @abstractmethod
    def features(self, *inputs: Axes) -> Axes:
        """Return the feature axes of the result, from those of the inputs."""

    @abstractmethod
    def operations(self, site: Site, setting: Setting) -> Poly:
        """Scalar operations for one position."""

    @abstractmethod
    def depth(self, site: Site, setting: Setting) -> Poly:
        """Steps on the critical path, in the setting's unit."""

    def phases(self, site: Site, setting: Setting) -> tuple[Phase, ...]:
        """Return how scalar operations follow one another, in as many steps as the depth.

        Nothing if they are as many in every step. Operations beyond those of the phases, which the
        convention of a multiply-add counts, belong to the last step.
        """
        return ()

    @abstractmethod
    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Compute the result; arrays have the position axes first, then their features."""

    def passes(self, place: int) -> bool:
        """Whether a gradient passes from the result to the input at a place, if it has a rule."""
        return True

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Return the adjoint of each input from that of the result.

        Raises
        ------
        GraphError
            If the primitive has no derivative rule; the message names it.
        """
        raise GraphError(f"expected a derivative rule for {self.name}, it has none")

    def times(self, site: Site) -> Poly:
        """How often the operations are carried out: once for each position."""
        return site.equation.count


class View(Primitive):
    """A primitive that moves or names values and computes nothing."""

    def operations(self, site: Site, setting: Setting) -> Poly:
        """No operations."""
        return poly(0)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """No steps."""
        return poly(0)


class Passing(View):
    """A view of an array as it is: it stays where it was, or execution has moved it already."""

    def features(self, *inputs: Axes) -> Axes:
        """Keep the axes."""
        return inputs[0]

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Pass the values on."""
        return arrays[0]


def summation(terms: Poly, setting: Setting) -> Poly:
    """Depth of a sum over ``terms`` terms: a tree or a chain at fan-in two, one step otherwise.

    A sum over no term is there at once: nothing lies inside the sequence of what it reads.
    """
    if terms == 0:
        return poly(0)
    if setting.unit == "unbounded":
        return poly(1)  # for one term as well, so that the depth is the same for every size
    return ceil_log2(terms) if setting.reduction == "tree" else terms - 1


def find(axes: Axes, name: str) -> int:
    """Return the index of the axis with this name; if there is none, an error lists the axes."""
    for k, axis in enumerate(axes):
        if axis.name == name:
            return k
    raise GraphError(f"expected an axis of ({', '.join(a.name for a in axes)}), got {name}")


def hide(
    frame: Frame, site: Site, array: Any, k: int, value: float = 0.0, *, source: int = 0
) -> Any:
    """Replace slots outside the sequence by ``value`` along feature axis ``k`` of a source.

    Slots of positions that stand in its slots are replaced where these are outside.
    """
    axes = site.sources[source].features
    for j, axis in enumerate(axes):
        if axis.kind == "slot" and axes[k] in lineage(axis):
            mask = frame.mask(axes, j, site.equation)
            if mask is not None:
                array = frame.xp.where(mask, array, frame.constant(value))
    return array


def settled(frame: Frame, site: Site, array: Any, *, source: int = 0) -> Any:
    """Put zeros outside the sequence, in slots that are plain components from now on."""
    for k, axis in enumerate(site.sources[source].features):
        if axis not in site.equation.features:
            array = hide(frame, site, array, k, source=source)
    return array
