"""What is installed: every package of the tree, under one name, and light to import."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
HEAVY = ("sympy", "networkx", "numpy", "hypothesis")


def test_every_package_of_the_tree_is_listed() -> None:
    """A subpackage that is not listed would be missing from the wheel."""
    listed = set(
        tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    )
    found = {"workspan"}
    for top in ("graphs", "analysis", "reports"):
        for init in (ROOT / top).rglob("__init__.py"):
            found.add(".".join(("workspan", *init.parent.relative_to(ROOT).parts)))
    assert listed == found


@pytest.mark.parametrize("code", ["import workspan", "import workspan.reports.cli"])
def test_importing_is_light(code: str) -> None:
    """Neither the package nor the command line loads a heavy library before it is needed."""
    script = (
        f"{code}\nimport sys, json\nprint(json.dumps([m for m in {HEAVY!r} if m in sys.modules]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == []


def test_every_public_name_resolves() -> None:
    """Every name of ``workspan.__all__`` is there."""
    import workspan

    for name in workspan.__all__:
        assert getattr(workspan, name) is not None
    assert set(workspan.__all__) == {"__version__", *workspan._HOME}
