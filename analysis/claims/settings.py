"""The settings in which a claim is tried that does not name its own: those that make sense for it."""

from __future__ import annotations

from ...graphs.setting import Setting

BY_FIGURE: dict[str, tuple[Setting, ...]] = {
    "work": tuple(
        Setting(scope=scope, pairs=pairs)
        for scope in ("mixing", "layer")
        for pairs in ("dense", "masked")
    ),
    "decode_work": tuple(Setting(scope=scope) for scope in ("mixing", "layer")),
    "span": (
        *(Setting(unit=unit) for unit in ("layer", "tensor", "scalar")),
        Setting(unit="layer", mode="generate"),
    ),
    "path_length": tuple(Setting(unit=unit) for unit in ("layer", "tensor", "scalar")),
    "parallelism": (Setting(unit="scalar"),),
    "gradient": (Setting(),),
    "random graph": (Setting(),),
    "influence": (Setting(),),
    "algorithm": (Setting(),),
}
"""Settings in which a figure may differ; all other figures are the same in every one of them."""


def sensible(figure: str) -> tuple[Setting, ...]:
    """Return the settings in which a claim about a figure is tried that states none."""
    return BY_FIGURE.get(figure, (Setting(unit="layer"),))
