"""Contraction: sums of products over shared labels, in einsum notation without the positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from ..graph import Axis, GraphError
from ..setting import Setting
from ..sizes import Poly, poly
from .base import Axes, Calculus, Frame, Phase, Primitive, Pulled, Site, hide, summation


@dataclass(frozen=True, slots=True)
class Contraction(Primitive):
    """``einsum`` of one or two arrays; labels that the result lacks are summed over."""

    pattern: str
    """Such as ``h e, j h e -> h j``: labels of the feature axes of each input and of the result."""

    name: ClassVar[str] = "contraction"

    def labels(self) -> tuple[list[list[str]], list[str]]:
        """Split the pattern into labels of inputs and of the result."""
        left, arrow, right = self.pattern.partition("->")
        if not arrow:
            raise GraphError(f"expected a pattern such as 'i, o i -> o', got {self.pattern!r}")
        inputs = [part.split() for part in left.split(",")]
        result = right.split()
        known = {label for labels in inputs for label in labels}
        for label in result:
            if label not in known:
                raise GraphError(
                    f"expected {label} of {self.pattern!r} to label an input, it labels none"
                )
        return inputs, result

    def bind(self, *inputs: Axes) -> dict[str, Axis]:
        """Bind labels to axes; sizes that differ are an error that names both."""
        labels, _ = self.labels()
        if len(labels) != len(inputs):
            raise GraphError(
                f"expected {len(labels)} arrays for {self.pattern!r}, got {len(inputs)}"
            )
        bound: dict[str, Axis] = {}
        for names, axes in zip(labels, inputs, strict=True):
            if len(names) != len(axes):
                found = ", ".join(str(a) for a in axes)
                raise GraphError(
                    f"expected {len(names)} feature axes for '{' '.join(names)}', got ({found})"
                )
            for label, axis in zip(names, axes, strict=True):
                before = bound.setdefault(label, axis)
                if before.extent != axis.extent:
                    raise GraphError(
                        f"expected label {label} of {self.pattern!r} to have one size, "
                        f"got {before.extent} and {axis.extent}"
                    )
                if axis.relation is not None and before.relation is None:
                    bound[label] = axis
        return bound

    def features(self, *inputs: Axes) -> Axes:
        """Return the axes of the result's labels."""
        bound = self.bind(*inputs)
        return tuple(bound[label] for label in self.labels()[1])

    def _summed(self, site: Site) -> Poly:
        bound = self.bind(*(s.features for s in site.sources))
        result = self.labels()[1]
        return site.size(tuple(a for label, a in bound.items() if label not in result))

    def sums(self) -> bool:
        """Whether terms are summed: without a sum it is a product of two arrays."""
        inputs, result = self.labels()
        return any(label not in result for labels in inputs for label in labels)

    def operations(self, site: Site, setting: Setting) -> Poly:
        """One multiply-add for each term; a product without a sum is one operation."""
        each = setting.mac if self.sums() else 1
        return each * self._summed(site) * site.size(site.equation.features)

    def depth(self, site: Site, setting: Setting) -> Poly:
        """One product and the sum of the terms."""
        if setting.unit == "layer":
            return poly(0)
        if setting.unit == "tensor":
            return poly(1)
        return 1 + summation(self._summed(site), setting)

    def phases(self, site: Site, setting: Setting) -> tuple[Phase, ...]:
        """Products, then sums; a multiply-add that is one operation has no such parts."""
        terms, results = self._summed(site), site.size(site.equation.features)
        if setting.mac == 1 and self.sums():
            return ()
        return Phase(terms * results), Phase(results, terms)

    def run(self, frame: Frame, site: Site, arrays: Sequence[Any]) -> Any:
        """Einsum over the features, broadcast over the positions."""
        inputs, result = self.labels()
        names: dict[str, str] = {}
        for labels in inputs:
            for label in labels:
                names.setdefault(label, chr(ord("a") + len(names)))
        masked = [_masked(frame, site, k, a, inputs[k], result) for k, a in enumerate(arrays)]
        left = ",".join("..." + "".join(names[label] for label in labels) for labels in inputs)
        return frame.xp.einsum(f"{left}->...{''.join(names[r] for r in result)}", *masked)

    def pullback(
        self, m: Calculus, site: Site, inputs: Sequence[Any], output: Any, adjoint: Any
    ) -> Pulled:
        """Contract the result's adjoint with the other input, label by label."""
        labels, result = self.labels()
        if any(len(set(names)) < len(names) for names in labels):
            raise GraphError(
                f"expected different labels in each part of {self.pattern!r}, to differentiate"
            )
        given = list(zip((" ".join(names) for names in labels), inputs, strict=True))
        top = (" ".join(result), adjoint)
        return tuple(
            m.product(own, top, *(other for j, other in enumerate(given) if j != k))
            for k, (own, _) in enumerate(given)
        )


def _masked(
    frame: Frame, site: Site, k: int, array: Any, labels: list[str], result: list[str]
) -> Any:
    """Slots outside the sequence take no part in a sum."""
    for place, label in enumerate(labels):
        if label not in result:
            array = hide(frame, site, array, place, source=k)
    return array
