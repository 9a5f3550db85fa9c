"""From an argument of the command line to a model: a catalogue name, or a function in a file.

Only files named on the command line are ever run, and what they import.
"""

from __future__ import annotations

import ast
import contextlib
import difflib
import hashlib
import importlib.util
import inspect
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ...graphs.graph import Graph


class ModelError(ValueError):
    """A model that cannot be found or traced; the message says why, in one line."""


@dataclass(frozen=True, slots=True)
class Model:
    """A model that was found and can be traced."""

    name: str
    function: Callable[..., Any] | None
    graph: Graph
    """Traced with the defaults of its function."""

    @property
    def subject(self) -> Any:
        """What an analysis takes: a catalogue name, a model function or a graph."""
        from ...graphs.models import CATALOGUE

        if self.function is None:
            return self.graph
        return self.name if CATALOGUE.get(self.name) is self.function else self.function

    @property
    def options(self) -> tuple[str, ...]:
        """The sizes that the function takes as keywords."""
        if self.function is None:
            return ()
        parameters = inspect.signature(self.function).parameters.values()
        return tuple(p.name for p in parameters if p.kind is p.KEYWORD_ONLY)

    @property
    def sizes(self) -> frozenset[str]:
        """The names of all sizes that the model has."""
        return frozenset((*self.graph.free_sizes, *self.options))


def load(argument: str) -> Model:
    """Find a model and trace it once.

    Parameters
    ----------
    argument
        A name of the catalogue, or ``path/to/file.py:function``.

    Raises
    ------
    ModelError
        If there is no such model, file or function, or if it does not import or trace.
    """
    path, colon, name = argument.rpartition(":")
    if colon and path.endswith(".py"):
        return _from_file(Path(path), name)
    if argument.endswith(".py"):
        raise ModelError(
            f"expected {argument}:FUNCTION, got no function{_functions(Path(argument))}"
        )
    return _from_catalogue(argument)


def load_all(arguments: Sequence[str]) -> list[Model]:
    """Find several models; a name given twice is an error."""
    models = [load(a) for a in arguments]
    names = [m.name for m in models]
    for name in names:
        if names.count(name) > 1:
            raise ModelError(
                f"expected models of different names, got {name} {names.count(name)} times"
            )
    return models


def load_function(argument: str) -> tuple[Callable[..., Any], str, str]:
    """Find a plain function that is to be run, not traced.

    Parameters
    ----------
    argument
        ``path/to/file.py:function``.

    Returns
    -------
    The function, its name with the file's, and a digest of the file.

    Raises
    ------
    ModelError
        If there is no such file or function, or if it does not import.
    """
    path, colon, name = argument.rpartition(":")
    if not colon or not path.endswith(".py"):
        raise ModelError(f"expected path/to/file.py:function, got {argument!r}")
    if not Path(path).is_file():
        raise ModelError(f"expected a file, found none at {path}")
    function = getattr(_imported(Path(path)), name, None)
    if not callable(function) or isinstance(function, type):
        raise ModelError(
            f"expected a function {name!r} in {path}, found none{_functions(Path(path))}"
        )
    return function, argument, hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _from_catalogue(name: str) -> Model:
    from ...graphs.models import CATALOGUE
    from ...graphs.tracing import trace

    if name not in CATALOGUE:
        near = difflib.get_close_matches(name, CATALOGUE, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else "see 'workspan list'"
        raise ModelError(
            f"expected a model of the catalogue or path/to/file.py:function, got {name!r}; {hint}"
        )
    return Model(name, CATALOGUE[name], trace(CATALOGUE[name]))


def _from_file(path: Path, name: str) -> Model:
    from ...graphs.graph import Graph
    from ...graphs.tracing import trace

    if not path.is_file():
        raise ModelError(f"expected a file, found none at {path}")
    module = _imported(path)
    function = getattr(module, name, None)
    if function is None:
        raise ModelError(f"expected a function {name!r} in {path}, found none{_functions(path)}")
    if isinstance(function, Graph):
        return Model(function.name, None, function)
    if not callable(function) or isinstance(function, type):
        raise ModelError(
            f"expected {path}:{name} to be a model function, got a {type(function).__name__}"
        )
    with _reported(f"{path}:{name} is not a model"):
        return Model(name, function, trace(function))
    raise AssertionError


def _imported(path: Path) -> Any:
    # The name is out of the way of every module that a user may import.
    spec = importlib.util.spec_from_file_location(f"_workspan_model_{path.stem}", path)
    if spec is None or spec.loader is None:
        raise ModelError(f"expected a Python file, got {path}")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    with _reported(f"{path} does not import"), _beside(path):
        spec.loader.exec_module(module)
    return module


@contextlib.contextmanager
def _beside(path: Path) -> Iterator[None]:
    """Let a file import what stands beside it, as Python does when it runs the file.

    What is installed comes first: a file cannot take the place of a library.
    """
    folder = str(path.resolve().parent)
    sys.path.append(folder)
    try:
        yield
    finally:
        sys.path.remove(folder)


@contextlib.contextmanager
def _reported(what: str) -> Iterator[None]:
    """Report what a user's code raises in one line, and keep what it prints off the output."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        message = " ".join(str(error).split())
        raise ModelError(
            f"{what}: {type(error).__name__}{': ' if message else ''}{message}"
        ) from error


def _functions(path: Path) -> str:
    """Name the functions of a file, without running it."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except (OSError, SyntaxError, ValueError):
        return ""
    names = [n.name for n in tree.body if isinstance(n, ast.FunctionDef)]
    return f"; it has {', '.join(names)}" if names else ""
