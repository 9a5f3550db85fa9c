"""Commands written out, so that a reader can give them again.

>>> shown("compare", ["lstm", "gru"], figures=["span"], at=[{"d": 8, "n": 4}], setting=Setting())
'workspan compare lstm gru --figures span --at n=4,d=8'
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from ...graphs.setting import Setting
from ..tables.sheet import at_text


def shown(
    name: str,
    models: Sequence[str],
    *,
    figures: Sequence[str] = (),
    at: Sequence[Mapping[str, int]] = (),
    setting: Setting,
    more: Sequence[str] = (),
) -> str:
    """Return a command as it is written for a shell; what has its default is left out."""
    sizes = [part for point in at for part in ("--at", at_text(point).replace(" ", ""))]
    default = Setting().as_dict()
    own = [
        part
        for axis, value in setting.as_dict().items()
        if value != default[axis]
        for part in (f"--{axis}", str(value))
    ]
    chosen = ["--figures", ",".join(figures)] if figures else []
    return shlex.join(["workspan", name, *models, *chosen, *sizes, *own, *more])
