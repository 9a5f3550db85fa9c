"""Models of transformers, built from their configurations at any sizes, without a download.

>>> built = build("llama", {"n": 5, "v": 11, "d": 8, "h": 2, "g": 1, "f": 6, "L": 2})
>>> built.subject, built.source.device
('LlamaForCausalLM', 'cpu')
>>> built.run(*built.inputs()).shape
(5, 11)
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from ..errors import ArgumentError
from ..observations import EngineError, Source
from . import weights
from .configs import FAMILIES, Family

Sizes = Mapping[str, int]


@dataclass(frozen=True, eq=False, slots=True)
class Built:
    """A model of transformers at concrete sizes."""

    name: str
    """Its name in the catalogue."""
    sizes: Sizes
    module: nn.Module
    device: str

    @property
    def family(self) -> Family:
        """Its class and configuration."""
        return FAMILIES[self.name]

    @property
    def subject(self) -> str:
        """Its class."""
        return self.family.model

    @property
    def source(self) -> Source:
        """What runs."""
        return Source("transformers", transformers.__version__, self.subject, self.device)

    @property
    def params(self) -> int:
        """How many weights it has, those that are tied once."""
        return sum(p.numel() for p in self.module.parameters())

    def inputs(self, seed: int = 0) -> tuple[NDArray[np.int64], ...]:
        """Draw token numbers, and for BERT the segments, of n positions each."""
        random, n = np.random.default_rng([seed, 1]), self.sizes["n"]
        tokens = random.integers(0, self.sizes["v"], n)
        return (tokens,) if self.family.causal else (tokens, random.integers(0, 2, n))

    def load(self, parameters: Mapping[str, Any]) -> None:
        """Take the weights of the executed graph, by the names that they have there.

        Raises
        ------
        EngineError
            If a weight is missing, left over or of another shape; the message names it.
        """
        at = self.sizes
        weights.load(self.module, parameters, before=at.get("a", 0), after=at.get("b", 0))

    def run(self, *inputs: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return the logits [n, v] of token numbers [n]."""
        logits = self.forward(*inputs).logits[0]
        return np.asarray(logits.to(torch.float64).numpy())

    def forward(self, *inputs: NDArray[np.int64], cache: Any = None, cached: bool = True) -> Any:
        """Run the model on a batch of one and return what it returns.

        Parameters
        ----------
        inputs
            Token numbers; on the meta device only how many there are matters.
        cache
            What an earlier run carried, which this one goes on from.
        cached
            Whether to return such a cache. The meta device needs it: without one, transformers
            looks at positions to see whether several sequences were packed into one.

        Raises
        ------
        EngineError
            If the run failed.
        """
        names = ("input_ids", "token_type_ids")
        given: dict[str, Any] = {
            name: self._numbers(x) for name, x in zip(names, inputs, strict=False)
        }
        if self.family.causal:
            given["use_cache"] = cached
        if cache is not None:
            kept = "cache_params" if self.name == "mamba" else "past_key_values"
            given[kept] = cache
        try:
            with torch.no_grad(), _quiet():
                return self.module(**given)
        except (RuntimeError, IndexError, ValueError, NotImplementedError) as error:
            first = str(error).partition("\n")[0]
            raise EngineError(f"expected {self.subject} to run, it failed: {first}") from error

    def _numbers(self, x: NDArray[np.int64]) -> Tensor:
        return torch.as_tensor(np.asarray(x), dtype=torch.long, device=self.device)[None]


def build(
    name: str,
    sizes: Sizes,
    *,
    seed: int = 0,
    device: str = "cpu",
    dtype: torch.dtype = torch.float64,
) -> Built:
    """Build a model of transformers from its configuration, with eager attention.

    Parameters
    ----------
    name
        A name of :data:`.configs.FAMILIES`.
    sizes
        A value for each of the family's sizes, and for the length n.
    seed
        Of the weights.
    device
        ``cpu``, or ``meta`` where shapes run and no numbers.
    dtype
        Of the weights. Norms, softmaxes and state spaces of transformers work in 32 bits
        whatever it is.

    Raises
    ------
    EngineError
        If transformers does not have the model, or a size is missing.
    """
    if name not in FAMILIES:
        raise EngineError(
            f"expected a model that transformers has ({', '.join(FAMILIES)}), got {name!r}"
        )
    if device not in {"cpu", "meta"}:
        raise ArgumentError(f"expected device to be cpu or meta, got device={device!r}")
    family = FAMILIES[name]
    missing = [s for s in ("n", *family.sizes) if s not in sizes]
    if missing:
        raise EngineError(f"expected a value for {missing[0]} of {name}, as {missing[0]}=4")
    kept = torch.get_rng_state()
    torch.manual_seed(seed)
    try:
        config = getattr(transformers, family.config)(**family.options(sizes))
        config._attn_implementation = "eager"
        with torch.device(device), _quiet():
            module = getattr(transformers, family.model)(config).to(dtype).eval()
    except (RuntimeError, ValueError, StrictDataclassError) as error:
        first = str(error.__cause__ or error).partition("\n")[0]
        raise EngineError(f"expected {family.model} to have these sizes: {first}") from error
    finally:
        torch.set_rng_state(kept)
    return Built(name, dict(sizes), module, device)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep transformers from saying that kernels for GPUs are not installed."""
    messages = transformers.utils.logging
    usual = messages.get_verbosity()
    messages.set_verbosity(logging.ERROR)
    try:
        yield
    finally:
        messages.set_verbosity(usual)


class PaddedLeft(TorchFunctionMode):  # type: ignore[misc]
    """Runs each causal convolution for its n positions only.

    transformers pads k - 1 zeros on both sides, so that n + k - 1 positions are computed, and drops
    those at the end. Padded on the left alone, the others come out the same.
    """

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        """Pad beforehand what a convolution would pad on both sides."""
        kwargs = dict(kwargs or {})
        padding = kwargs.get("padding", 0)
        if func is not torch.conv1d or not padding:
            return func(*args, **kwargs)
        ahead = padding if isinstance(padding, int) else padding[0]
        x, *others = args
        return func(nn.functional.pad(x, (ahead, 0)), *others, **{**kwargs, "padding": 0})
