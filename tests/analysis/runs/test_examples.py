"""The examples in the docstrings of the package."""

import doctest
import importlib
import pkgutil

import pytest

from workspan.analysis import runs

MODULES = [
    runs.__name__,
    *(f"{runs.__name__}.{m.name}" for m in pkgutil.iter_modules(runs.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    """Every example in a docstring gives what it shows."""
    assert doctest.testmod(importlib.import_module(name)).failed == 0
