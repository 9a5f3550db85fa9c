"""Stand-ins for the analysis, so that the command line is tested by itself."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from workspan.analysis.api import points_of

from .samples import analysis, comparison, verdict


@pytest.fixture
def canned(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Make the command line receive given results, and record how it asked for them."""

    def install(**results: Any) -> None:
        from workspan.analysis import claims

        # What takes names of the analysis when it is imported takes them before they are replaced.
        importlib.import_module("workspan.reports.commands.confirming")
        api = ModuleType("api")
        vars(api).update(vars(importlib.import_module("workspan.analysis.api")))
        found = results.get("analysis", analysis())
        vars(api)["points_of"] = points_of
        vars(api)["analyze"] = results.get("analyze", lambda model, **_: found)
        vars(api)["compare"] = lambda models, **_: results.get("comparison", comparison())
        monkeypatch.setitem(sys.modules, "workspan.analysis.api", api)
        monkeypatch.setattr(claims, "check", lambda *_, **__: results.get("verdicts", [verdict()]))

    return install
