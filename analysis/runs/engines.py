"""Engines: who can run a model and observe it, found by name and imported when they are asked.

The module of an engine has ``observe(model, at, figures=..., seed=...)``. Only its name stands here, so that asking what an engine can
see imports neither torch nor transformers.

>>> list(ENGINES)
['numpy', 'torch', 'transformers']
>>> [seen.value for seen in observe("numpy", "lstm", {"n": 3, "d": 2, "L": 2}, "params")]
[96]
>>> find("jax")
Traceback (most recent call last):
    ...
workspan.analysis.runs.errors.ArgumentError: expected engine to be numpy, torch or transformers, got engine='jax'
"""

from __future__ import annotations

import functools
import hashlib
import importlib
import importlib.metadata
import platform
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType
from typing import Any

from .errors import ArgumentError
from .observations import EngineError, MissingExtraError, Observation

Sizes = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Engine:
    """Somebody's code that runs models."""

    name: str
    libraries: tuple[str, ...]
    """The distributions whose versions its numbers depend on."""
    module: str = ""
    """Where ``observe`` is."""
    models: str = ""
    """Where its models are listed: a module and an attribute."""
    figures: tuple[str, ...] = ()
    """What it observes."""
    asked: tuple[str, ...] = ()
    """What it observes only on request, because it takes long and is held against nothing."""
    outputs: str = ""
    """The module that has ``outputs``, which takes the weights of an executed graph."""
    close: float = 0.0
    """How far these outputs may be from those of the graph, relative to the largest."""
    counts: bool = False
    """Whether it runs on counting scalars, so that only small sizes end soon."""
    digest: str = ""
    """Of the source of a user's function."""

    @property
    def missing(self) -> str | None:
        """The first of its libraries that is not installed; None if all are."""
        return next((name for name in self.libraries if find_spec(name) is None), None)

    def required(self) -> None:
        """Refuse to run without its libraries.

        Raises
        ------
        MissingExtraError
            If one is missing; it says which extra to install.
        """
        if self.missing is not None:
            raise MissingExtraError(
                f"expected {self.missing} to be installed, it is not: "
                f'pip install "workspan[{self.name}]"'
            )

    @property
    def versions(self) -> dict[str, str]:
        """The versions that its numbers depend on, that of the code in this folder too."""
        found = {name: importlib.metadata.version(name) for name in self.libraries}
        return {**found, "python": platform.python_version(), "runs": code(Path(__file__).parent)}

    def has(self, model: str) -> bool:
        """Say whether it has a model of this name."""
        self.required()
        module, _, attribute = self.models.partition(":")
        return model in getattr(_module(module), attribute)

    def observes(self, asked: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the figures that it observes, with those that were asked for."""
        first = ("outputs",) if self.outputs else ()
        return (*first, *self.figures, *(name for name in self.asked if name in asked))


ENGINES: Mapping[str, Engine] = MappingProxyType(
    {
        engine.name: engine
        for engine in (
            Engine(
                "numpy",
                ("numpy",),
                ".plain",
                ".catalogue:PLAIN",
                (
                    "params",
                    "work",
                    "span",
                    "path_length",
                    "mixing_hops",
                    "receptive_field",
                    "dependence",
                    "state",
                    "decode_work",
                ),
                ("gradient", "time"),
                counts=True,
            ),
            Engine(
                "torch",
                ("torch", "numpy"),
                ".pytorch.engine",
                ".pytorch.modules:MODULES",
                ("params", "work", "span", "dependence", "state", "activations", "workspace"),
                ("gradient", "time"),
                ".pytorch.engine",
                1e-9,
            ),
            Engine(
                "transformers",
                ("transformers", "torch", "numpy"),
                ".huggingface.observing",
                ".huggingface.configs:FAMILIES",
                ("params", "work", "decode_work", "state", "dependence"),
                outputs=".huggingface.agreement",
                close=1e-5,
            ),
        )
    }
)
"""All engines by name."""


def find(name: str) -> Engine:
    """Return an engine.

    Raises
    ------
    ArgumentError
        If there is none of this name.
    """
    if name not in ENGINES:
        *first, last = ENGINES
        raise ArgumentError(
            f"expected engine to be {', '.join(first)} or {last}, got engine={name!r}"
        )
    return ENGINES[name]


def of_user(label: str, digest: str) -> Engine:
    """Return the engine that a user's own function is."""
    return Engine(label, ("numpy",), counts=True, digest=digest)


def observe(
    engine: str, model: str, at: Sizes, figure: str, *, seed: int = 0
) -> tuple[Observation, ...]:
    """Let an engine run a model and observe one figure.

    Raises
    ------
    EngineError
        If the engine is not installed, does not observe the figure, or the run failed.
    """
    chosen = find(engine)
    chosen.required()
    known = (*chosen.figures, *chosen.asked)
    if figure not in known:
        raise EngineError(
            f"expected a figure that {engine} observes ({', '.join(known)}), got {figure}"
        )
    found: tuple[Observation, ...] = _module(chosen.module).observe(
        model, at, figures=(figure,), seed=seed
    )
    return found


def outputs(
    engine: str, model: str, at: Sizes, inputs: Sequence[Any], parameters: Mapping[str, Any]
) -> tuple[Any, Any]:
    """Let an engine compute the outputs with the weights of an executed graph.

    Returns
    -------
    The outputs, and what ran, a `Source`.
    """
    found: tuple[Any, Any] = _module(find(engine).outputs).outputs(model, at, inputs, parameters)
    return found


def _module(name: str) -> Any:
    return importlib.import_module(name, __package__)


@functools.cache
def code(folder: Path) -> str:
    """Return a digest of the code in a folder: another code is another measurement."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.py")):
        found.update(path.relative_to(folder).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()[:16]
