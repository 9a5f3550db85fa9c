"""From options of the command line to a map."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .asking import KNOWN, models_of
from .options import LARGEST, OptionError

if TYPE_CHECKING:
    from ..analysis.advising.charts import Chart
    from ..analysis.advising.regions import Window
    from ..analysis.machines.task import Task
    from ..graphs.setting import Setting

USUAL = "usual"
FOUNDING = ("lstm", "causal_attention")
RANGES: Mapping[str, tuple[int, int]] = {
    "n": (1, 1_000_000),
    "m": (1, 1_000_000),
    "d": (1, 16_384),
    "L": (1, 256),
}
"""What an axis shows if nothing else is asked for; others go from 1 to 4096."""


def window_of(x: str, y: str) -> Window:
    """Read the axes, such as ``n`` or ``n=1..1000000``.

    Raises
    ------
    OptionError
        If one is no size, both are the same, or a range is empty.
    """
    from ..analysis.advising.regions import Window

    (right, across), (upwards, up) = _axis("--x", x), _axis("--y", y)
    if right == upwards:
        raise OptionError(f"expected two different sizes, got --x {x} and --y {y}")
    return Window(right, upwards, across, up)


def _axis(option: str, text: str) -> tuple[str, tuple[int, int]]:
    name, equals, ends = (part.strip() for part in text.partition("="))
    if name not in KNOWN:
        raise OptionError(f"expected {option} to be one of {', '.join(KNOWN)}, got {name[:40]!r}")
    if not equals:
        return name, RANGES.get(name, (1, 4096))
    low, dots, high = ends.partition("..")
    numbers = [part.replace("_", "") for part in (low, high)]
    if not dots or not all(p.isascii() and p.isdecimal() and len(p) < 20 for p in numbers):
        raise OptionError(f"expected a range such as {option} {name}=1..4096, got {text[:60]!r}")
    first, last = (int(p) for p in numbers)
    if not 1 <= first < last <= LARGEST:
        raise OptionError(
            f"expected 1 <= first < last <= {LARGEST:,} in {option} {name}=first..last, "
            f"got {first}..{last}"
        )
    return name, (first, last)


def setting_of(mode: str, unit: str, pairs: str) -> Setting:
    """Return the setting of a derived figure."""
    from ..graphs.setting import Setting

    return Setting(mode=mode, unit=unit, pairs=pairs)


def charted(
    window: Window,
    figure: str,
    models: str | None,
    sizes: Mapping[str, int],
    setting: Setting,
    machine: str | None,
    task: Task,
) -> Chart:
    """Make a map.

    Raises
    ------
    OptionError
        If a size of an axis is fixed as well.
    """
    from ..analysis.advising.charts import chart
    from ..analysis.machines.machine import load

    for name in (window.x, window.y):
        if name in sizes:
            raise OptionError(f"expected {name} on an axis or in --at, got both")
    return chart(
        _models(models),
        window,
        figure,
        sizes,
        setting=setting,
        machine=None if machine is None else load(machine),
        task=task,
    )


def _models(models: str | None) -> tuple[Any, ...]:
    if models is not None and models.strip() == USUAL:
        from ..analysis.advising.candidates import USUAL as MANY

        return MANY
    return models_of(models, FOUNDING)
