"""What was derived in one setting is known in others: in all that its derivation does not tell apart.

A derivation that never looked at an axis of its setting cannot depend on it. So a setting is
watched while something is derived in it, and what was found holds in every setting that agrees with
it on the axes that were looked at.

>>> def steps(setting):
...     return setting.unit, setting.reduction if setting.unit == "scalar" else "any"
>>> known = Known()
>>> known.found(Setting(unit="layer", reduction="tree"), steps)
('layer', 'any')
>>> known.found(Setting(unit="layer", reduction="sequential"), steps), len(known)
(('layer', 'any'), 1)
>>> known.found(Setting(unit="scalar", reduction="sequential"), steps), len(known)
(('scalar', 'sequential'), 2)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Generic, TypeVar, final

from ..graphs.setting import CHOICES, Setting

Found = TypeVar("Found")


@final
class Known(Generic[Found]):
    """What was found, each with the values of the axes that were looked at."""

    def __init__(self) -> None:
        self._found: list[tuple[Mapping[str, Any], Found]] = []

    def __len__(self) -> int:
        return len(self._found)

    def found(self, setting: Setting, derived: Callable[[Setting], Found]) -> Found:
        """Return what is derived in a setting; it is derived if no other setting tells it."""
        plain = plain_of(setting)
        known = self._at(plain)
        if known is None:
            seen: set[str] = set()
            found = derived(Watched(plain, seen))
            known = {axis: getattr(plain, axis) for axis in CHOICES if axis in seen}, found
            self._found.append(known)
        for axis in known[0]:
            getattr(setting, axis)  # whoever asked, and is watched, has looked at it too
        return known[1]

    def told(self, setting: Setting) -> Found | None:
        """Return what other settings tell of a setting, deriving nothing."""
        known = self._at(setting)
        return None if known is None else known[1]

    def _at(self, setting: Setting) -> tuple[Mapping[str, Any], Found] | None:
        return next(
            (k for k in self._found if all(getattr(setting, a) == v for a, v in k[0].items())),
            None,
        )


@final
class Watched(Setting):
    """A setting that notes which of its axes are looked at, if they are its own and not replaced.

    It equals no setting of another watch: what was remembered there would be found unlooked.
    """

    __slots__ = ("_replaced", "_seen")
    _seen: set[str]
    _replaced: frozenset[str]

    def __init__(
        self, setting: Setting, seen: set[str], replaced: frozenset[str] = frozenset()
    ) -> None:
        object.__setattr__(self, "_seen", seen)
        object.__setattr__(self, "_replaced", frozenset(CHOICES))  # checking is not looking
        super().__init__(**setting.as_dict())
        object.__setattr__(self, "_replaced", replaced)

    def __getattribute__(self, name: str) -> Any:
        read = super().__getattribute__
        if name in CHOICES and name not in read("_replaced"):
            read("_seen").add(name)
        return read(name)

    def but(self, **changes: Any) -> Watched:
        """Return the same setting with some axes changed; these are no longer watched."""
        return Watched(plain_of(self).but(**changes), self._seen, self._replaced.union(changes))

    def _key(self) -> tuple[Any, ...]:
        return id(self._seen), self._replaced, plain_of(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Watched) and self._key() == other._key()

    def __hash__(self) -> int:
        return hash(self._key())


def plain_of(setting: Setting) -> Setting:
    """Return a setting that nobody watches, without looking."""
    if not isinstance(setting, Watched):
        return setting
    return Setting(**{axis: object.__getattribute__(setting, axis) for axis in CHOICES})
