"""Whole models under the roofline of a machine: a point each, labelled beside the picture."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ...analysis.machines.quantities import shown
from .lines import Label, labels, marker, wrapped
from .plots import Plot
from .roofline import BELOW, HEIGHT, LEFT, TOP, WIDTH, Frame, axes, roofs

if TYPE_CHECKING:
    from ...analysis.machines.machine import Machine
    from ...analysis.machines.placing import Place

SIDE = 290.0


def rooflines(
    found: Mapping[str, Place], machine: Machine, number: str, notes: tuple[str, ...]
) -> Plot:
    """Draw models by name under the roofs of a machine."""
    shared: dict[tuple[float, float], list[str]] = {}
    for name, place in found.items():
        shared.setdefault((place.intensity, place.most), []).append(name)
    least = [min(values) / 3 for values in zip(*shared, strict=True)]  # room for the slope's name
    frame = Frame(machine, number, [*shared, (least[0], least[1])])
    points, ends, told = [], [], []
    for at, models in shared.items():
        order = list(found).index(models[0])
        x, y = frame.place(*at)
        points.append(marker(order, x, y))
        binds = found[models[0]].binds
        words = f"{at[0]:.3g} flop/byte, at most {shown(at[1], 'flop/s')}"
        ends.append(Label(x, y, (*wrapped(models), words), order, dashed=False))
        told.append(f"{', '.join(models)}: {words}, {binds} binds.")
    beside, bottom = labels(ends, LEFT + WIDTH, TOP, TOP + HEIGHT)
    body = (*axes(frame), *roofs(frame, machine, number), *beside, *points)
    height = max(TOP + HEIGHT + BELOW, bottom + 8)
    title = f"Roofline of {machine.name}, {number}"
    return Plot(title, body, LEFT + WIDTH + SIDE, height, notes, tuple(told))
