r"""What a sweep is asked for, as data: a TOML file that is bounded, typed, and never run.

>>> spec = parse('models = ["lstm"]\nfigures = ["work"]\n[sizes]\nn = { from = 1, to = 8 }\nd = 4')
>>> spec.axes
(Axis(name='n', values=range(1, 9)), Axis(name='d', values=(4,)))
>>> parse('models = ["lstm"]\nfigures = ["work"]\n[sizes]\nn = [8, 0]', "a.toml")
Traceback (most recent call last):
    ...
workspan.analysis.sweeping.errors.SweepError: a.toml, line 4: sizes.n: expected whole numbers ...
"""

from __future__ import annotations

import hashlib
import itertools
import math
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, TypeAlias

import msgspec

from ...graphs.setting import CHOICES, Setting
from ...graphs.sizes import NAME, Poly, SizeError, poly
from ..figures import NAMES
from ..machines.task import Task, TaskError
from .axes import Axis, Values
from .errors import SweepError
from .places import line_of

LARGEST_FILE = 1_000_000
LARGEST_SIZE = 10**12
MOST_NAMES = 200
"""The most models, figures or machines."""
MOST_VALUES = 10_000_000
"""The most values of one size."""
MOST_TASKS = 10_000
WITNESSES = ("derived", "measured", "run")
PREDICTED = ("time", "memory")
COLUMNS = (
    *("model", "figure", "machine", "value", "exact", "unit", "grade"),
    *("measured", "run", "reason"),
)
"""Columns of a table that are there besides those of sizes, settings and tasks."""

Given: TypeAlias = str | int | tuple[str | int, ...]


class Spec(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sweep: the product of models, figures, settings and sizes."""

    models: tuple[str, ...]
    sizes: dict[str, Any]
    """By name: a number, a list, a range (``from``, ``to`` and ``factor`` or ``step``), or a
    formula of other sizes such as ``"4*d"``."""
    figures: tuple[str, ...] = ()
    setting: dict[str, Given] = {}
    """By axis of the setting: a value or a list of them."""
    witnesses: tuple[str, ...] = ("derived",)
    """Which of derived (from the formula), measured (on the unrolled graph) and run (plain code)."""
    machines: tuple[str, ...] = ()
    """Names of machines that are shipped, or their TOML files."""
    task: dict[str, Given] = {}
    """What is predicted on the machines: by field of a task, a value or a list of them."""
    predict: tuple[str, ...] = PREDICTED
    """Which of time and memory."""

    @property
    def axes(self) -> tuple[Axis, ...]:
        """The sizes that are enumerated, in the order of the file."""
        found = ((name, _values(name, given)) for name, given in self.sizes.items())
        return tuple(Axis(name, values) for name, values in found if values is not None)

    @property
    def tied(self) -> Mapping[str, Poly]:
        """The sizes that are formulas of others."""
        return {
            name: _tied(name, given) for name, given in self.sizes.items() if isinstance(given, str)
        }

    @property
    def settings(self) -> tuple[Setting, ...]:
        """All settings, the last axis changing fastest."""
        lists = [_listed(self.setting[axis]) for axis in CHOICES if axis in self.setting]
        names = [axis for axis in CHOICES if axis in self.setting]
        return tuple(
            Setting(**dict(zip(names, chosen, strict=True))) for chosen in itertools.product(*lists)
        )

    @property
    def tasks(self) -> tuple[Task, ...]:
        """All tasks, the last field changing fastest; none without machines."""
        if not self.machines:
            return ()
        lists = [_listed(given) for given in self.task.values()]
        return tuple(
            Task(**dict(zip(self.task, chosen, strict=True)))
            for chosen in itertools.product(*lists)
        )

    @property
    def digest(self) -> str:
        """A name of the content; the order of values and sizes, which is that of rows, counts."""
        return hashlib.sha256(msgspec.json.encode(self, order=None)).hexdigest()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a sweep is written down, for messages."""

    name: str = "the sweep"
    text: str = ""

    def error(self, path: str, message: str) -> SweepError:
        """Return an error that names the file, the line and the field."""
        names = path.replace("[...]", "").split("[")[0].split(".")
        line = line_of(self.text, names) if path else None
        place = self.name if line is None else f"{self.name}, line {line}"
        return SweepError(f"{place}: {path}: {message}" if path else f"{place}: {message}")


class _FieldError(Exception):
    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def read(path: Path) -> Spec:
    """Read a sweep from a TOML file; see :func:`origin_of` and :func:`parse`."""
    origin = origin_of(path)
    return parse(origin.text, origin.name)


def origin_of(path: Path) -> Origin:
    """Read the text of a file.

    Raises
    ------
    SweepError
        If it cannot be read, or is too large.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST_FILE:
            raise SweepError(f"{path}: expected at most {LARGEST_FILE:,} bytes, got {size:,}")
        return Origin(str(path), path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text in UTF-8"
        raise SweepError(f"{path}: expected the file of a sweep, but {reason}") from None


def parse(text: str, where: str = "the sweep") -> Spec:
    """Read a sweep from the text of a TOML file; ``where`` is its name in errors.

    Raises
    ------
    SweepError
        If it is no TOML, or has a wrong field.
    """
    try:
        plain = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        raise SweepError(f"{where}: expected TOML: {error}") from None
    return convert(plain, Origin(where, text))


def convert(plain: Mapping[str, Any], origin: Origin = Origin()) -> Spec:
    """Check a sweep that is given as plain data.

    Raises
    ------
    SweepError
        With the path to the wrong field, and its line where there is a text.
    """
    try:
        for key in plain:
            if key not in Spec.__struct_fields__:
                known = ", ".join(Spec.__struct_fields__)
                raise _FieldError(str(key)[:60], f"expected one of {known}")
        spec = msgspec.convert(dict(plain), Spec)
        _check(spec)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        raise origin.error(path.rstrip("`"), message) from None
    except _FieldError as error:
        raise origin.error(error.path, str(error)) from None
    return spec


def _check(spec: Spec) -> None:
    for field, found, known in (
        ("models", spec.models, None),
        ("figures", spec.figures, NAMES),
        ("witnesses", spec.witnesses, WITNESSES),
        ("machines", spec.machines, None),
        ("predict", spec.predict, PREDICTED),
    ):
        if found or field not in {"figures", "machines"}:
            _check_names(field, found, known)
    if not spec.figures and not spec.machines:
        raise _FieldError("", "expected figures, machines or both, got neither")
    if spec.task and not spec.machines:
        raise _FieldError("task", 'expected machines for a task, such as machines = ["a100"]')
    for name, given in spec.task.items():
        _check_task(name, _listed(given))
    tasks = math.prod(len(_listed(given)) for given in spec.task.values())
    if tasks > MOST_TASKS:
        raise _FieldError("task", f"expected at most {MOST_TASKS:,} tasks, got {tasks:,}")
    for axis, given in spec.setting.items():
        _check_setting(axis, _listed(given))
    if not spec.sizes:
        raise _FieldError("sizes", "expected at least one size, such as n = [64, 128]")
    enumerated = [name for name, given in spec.sizes.items() if not isinstance(given, str)]
    for name, given in spec.sizes.items():
        if not NAME.match(name):
            raise _FieldError(f"sizes.{name}", "expected the name of a size such as n")
        if name in COLUMNS or name.startswith(("setting_", "task_")):
            raise _FieldError(f"sizes.{name}", "expected another name, a column is called so")
        if isinstance(given, str):
            foreign = [s for s in _tied(name, given).sizes if s not in enumerated]
            if foreign:
                raise _FieldError(
                    f"sizes.{name}",
                    f"expected a formula of {', '.join(enumerated)}, got {foreign[0]} in {given!r}",
                )
        else:
            _values(name, given)


def _check_names(field: str, found: tuple[str, ...], known: tuple[str, ...] | None) -> None:
    if not 1 <= len(found) <= MOST_NAMES:
        raise _FieldError(field, f"expected 1 to {MOST_NAMES} names, got {len(found)}")
    for name in found:
        if known is not None and name not in known:
            raise _FieldError(field, f"expected names of {', '.join(known)}, got {name[:60]!r}")
        if found.count(name) > 1:
            raise _FieldError(field, f"expected each name once, got {name[:60]!r} twice")


def _check_setting(axis: str, values: list[Any]) -> None:
    path = f"setting.{axis}"
    if axis not in CHOICES:
        raise _FieldError(path, f"expected one of {', '.join(CHOICES)}, got {axis[:60]!r}")
    if not values:
        raise _FieldError(path, "expected at least one value, got none")
    for value in values:
        if value not in CHOICES[axis] or isinstance(value, bool):
            choices = ", ".join(map(str, CHOICES[axis]))
            raise _FieldError(path, f"expected values of {choices}, got {value!r}")
        if values.count(value) > 1:
            raise _FieldError(path, f"expected each value once, got {value!r} twice")


def _check_task(name: str, values: list[Any]) -> None:
    known = [f.name for f in fields(Task) if f.name != "tokens"]
    if name not in known:
        raise _FieldError(f"task.{name}", f"expected one of {', '.join(known)}, got {name[:60]!r}")
    if not values or len(set(map(str, values))) < len(values):
        raise _FieldError(f"task.{name}", f"expected at least one value, each once, got {values}")
    for value in values:
        if value == "generate":
            raise _FieldError(f"task.{name}", "expected encode, prefill, decode or train")
        try:
            Task(**{name: value})
        except (TaskError, TypeError, AttributeError) as error:
            raise _FieldError(f"task.{name}", str(error)) from None


def _listed(given: Given) -> list[Any]:
    return list(given) if isinstance(given, tuple) else [given]


def _tied(name: str, text: str) -> Poly:
    try:
        return poly(text)
    except SizeError as error:
        raise _FieldError(f"sizes.{name}", str(error)) from None


def _values(name: str, given: Any) -> Values | None:
    """Return the values of a size; None if it is a formula of others."""
    path = f"sizes.{name}"
    if isinstance(given, str):
        return None
    if isinstance(given, dict):
        return _range(path, given)
    values = given if isinstance(given, list) else [given]
    if not values:
        raise _FieldError(path, "expected at least one value, got none")
    for value in values:
        _whole(path, value, "whole numbers")
    if len(set(values)) < len(values):
        twice = next(v for v in values if values.count(v) > 1)
        raise _FieldError(path, f"expected each value once, got {twice} twice")
    return tuple(values)


def _range(path: str, given: dict[str, Any]) -> Values:
    unknown = [key for key in given if key not in {"from", "to", "factor", "step"}]
    if unknown:
        raise _FieldError(
            f"{path}.{unknown[0]}", f"expected from, to, factor or step, got {unknown[0][:60]!r}"
        )
    for key in ("from", "to"):
        if key not in given:
            raise _FieldError(path, f"expected a range {{ from = 1, to = 8 }}, got no {key}")
    for key, value in given.items():
        _whole(f"{path}.{key}", value, "a whole number")
    if "factor" in given and "step" in given:
        raise _FieldError(path, "expected a factor or a step, got both")
    first, last = given["from"], given["to"]
    if last < first:
        raise _FieldError(f"{path}.to", f"expected at least from = {first}, got to = {last}")
    if "factor" in given:
        return _powers(path, first, last, given["factor"])
    values = range(first, last + 1, given.get("step", 1))
    if len(values) > MOST_VALUES:
        raise _FieldError(path, f"expected at most {MOST_VALUES:,} values, got {len(values):,}")
    return values


def _powers(path: str, first: int, last: int, factor: int) -> Values:
    if factor < 2:
        raise _FieldError(f"{path}.factor", f"expected a factor of at least 2, got {factor}")
    values = [first]
    while values[-1] * factor <= last:
        values.append(values[-1] * factor)
    return tuple(values)


def _whole(path: str, value: Any, what: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= LARGEST_SIZE:
        raise _FieldError(
            path, f"expected {what} from 1 to {LARGEST_SIZE:,}, got {str(value)[:60]}"
        )
