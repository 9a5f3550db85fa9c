"""The examples in docstrings run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import workspan


def _modules() -> list[str]:
    packages = ("workspan.graphs", "workspan.analysis", "workspan.reports")
    names = ["workspan", "workspan.testing"]
    for package in packages:
        module = importlib.import_module(package)
        names.append(package)
        names.extend(m.name for m in pkgutil.walk_packages(module.__path__, f"{package}."))
    return names


@pytest.mark.parametrize("name", _modules())
def test_examples_run(name: str) -> None:
    """What a docstring shows is what happens."""
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    assert result.failed == 0


def test_there_are_examples() -> None:
    """The test above would pass on modules without any."""
    finder = doctest.DocTestFinder()
    counts = [len(t.examples) for n in _modules() for t in finder.find(importlib.import_module(n))]
    assert sum(counts) > 40
    assert workspan.__version__
