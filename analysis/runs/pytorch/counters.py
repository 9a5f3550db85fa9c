"""Public counters of operations: how each is called, and what it says of itself.

None of them is a dependency. Each is imported when it is asked; one that is not installed is named.

>>> "torch.utils.flop_counter" in COUNTERS
True
>>> from .modules import build
>>> def make(device):
...     built = build("lstm", {"n": 8, "d": 4}, device=device, dtype=torch.float32)
...     return Subject(built.module, tuple(x.unsqueeze(0) for x in built.inputs()))
>>> ours = count(make("meta").run).contraction
>>> ours == read("torch.utils.flop_counter on meta", make).value
True
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.metadata
import io
import logging
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

import torch

from ..observations import EngineError, MissingExtraError
from .counting import Tally, count
from .counts import Counts


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A module and what it is called with."""

    module: Any
    arguments: tuple[Any, ...] = ()
    named: Mapping[str, Any] = field(default_factory=dict)

    def run(self) -> Any:
        """Run the module without gradients."""
        with torch.no_grad():
            return self.module(*self.arguments, **self.named)


Make = Callable[[str], Subject]
"""Build a subject on a device: some counters leave their marks on a module."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a counter says."""

    value: int
    """The number that it prints."""
    mac: int
    """How many operations a multiply-add is to it."""
    besides: int | None = 0
    """How much of its number is no contraction, in its own unit; None where it does not say."""
    kinds: str = ""
    """What that is."""
    operators: frozenset[str] | None = None
    """The operators that it has rules for, if it goes by these."""
    rules: frozenset[str] | None = None
    """The classes of modules that it has rules for, if it goes by these and does not say more."""
    patches: bool = False
    """Whether it also replaces functions of torch, so that it may see more than it has rules for."""
    once: tuple[str, ...] = ()
    """Classes whose weights it multiplies once, however many positions there are."""


@dataclass(frozen=True, slots=True)
class Counter:
    """A public counter."""

    distribution: str
    """What is installed."""
    read: Callable[[Subject], Reading]
    device: str = "cpu"
    hooks: bool = False
    """Whether it hangs on the modules, so that torch does not fuse them."""

    @property
    def installed(self) -> bool:
        """Whether it can be imported."""
        return find_spec(self.distribution) is not None

    @property
    def version(self) -> str:
        """The version that is installed."""
        return importlib.metadata.version(self.distribution)


def _flop_counter(subject: Subject) -> Reading:
    from torch.utils.flop_counter import FlopCounterMode, flop_registry

    with FlopCounterMode(display=False) as counter:
        subject.run()
    known = frozenset(getattr(packet, "__name__", "") for packet in flop_registry)
    return Reading(int(counter.get_total_flops()), 2, operators=known)


_CONTRACTIONS = frozenset({"linear", "matmul", "bmm", "addmm", "baddbmm", "einsum", "conv"})


def _fvcore(subject: Subject) -> Reading:
    from fvcore.nn import FlopCountAnalysis

    module, names = subject.module, tuple(subject.named)
    if names:
        module = Positional(module, names)
    found = FlopCountAnalysis(module, (*subject.arguments, *subject.named.values()))
    found.unsupported_ops_warnings(False).uncalled_modules_warnings(False)
    others = {k: int(v) for k, v in found.by_operator().items() if k not in _CONTRACTIONS}
    kinds = ", ".join(sorted(name for name, value in others.items() if value))
    return Reading(int(found.total()), 1, sum(others.values()), kinds)


class Positional(torch.nn.Module):  # type: ignore[misc]
    """A module whose named arguments are given by place, and which returns arrays alone."""

    def __init__(self, module: Any, names: tuple[str, ...]) -> None:
        super().__init__()
        self.module, self.names = module, names

    def forward(self, *arguments: Any) -> Any:
        """Call it by name."""
        return self.module(**dict(zip(self.names, arguments, strict=True)))[0]


def _calflops(subject: Subject) -> Reading:
    from calflops import calculate_flops

    found = calculate_flops(
        subject.module,
        args=list(subject.arguments),
        kwargs=dict(subject.named),
        print_results=False,
        print_detailed=False,
        output_as_string=False,
    )
    return _of_both(int(found[0]), int(found[1]))


def _deepspeed(subject: Subject) -> Reading:
    from deepspeed.profiling.flops_profiler import get_model_profile

    found = get_model_profile(
        subject.module,
        args=list(subject.arguments),
        kwargs=dict(subject.named),
        print_profile=False,
        detailed=False,
        as_string=False,
        warm_up=0,
    )
    return _of_both(int(found[0]), int(found[1]))


def _of_both(flops: int, products: int) -> Reading:
    """Read a counter that has operations and multiply-adds; none of the latter if it knows none."""
    if not products and flops:
        return Reading(flops, 2, None, "biases and gates")
    return Reading(flops, 2, flops - 2 * products, "biases, norms, activations")


def _ptflops(subject: Subject) -> Reading:
    from ptflops import get_model_complexity_info

    given = dict(zip(_names(subject.module), subject.arguments, strict=False)) | {**subject.named}
    found, _ = get_model_complexity_info(
        subject.module,
        (1,),
        input_constructor=lambda resolution: given,
        print_per_layer_stat=False,
        as_strings=False,
    )
    from ptflops.pytorch_ops import MODULES_MAPPING

    if found is None:
        raise EngineError("failed: it returned no number")
    rules, kinds = frozenset(k.__name__ for k in MODULES_MAPPING), "biases, norms, activations"
    return Reading(int(found), 1, None, kinds, rules=rules, patches=True)


def _names(module: Any) -> list[str]:
    import inspect

    return list(inspect.signature(module.forward).parameters)


def _thop(subject: Subject) -> Reading:
    from thop import profile

    module, names = subject.module, tuple(subject.named)
    if names:
        module = Positional(module, names)
    arguments = (*subject.arguments, *subject.named.values())
    found = profile(module, inputs=arguments, verbose=False)
    hooks = importlib.import_module("thop.profile").register_hooks
    rules = frozenset(kind.__name__ for kind in hooks)
    return Reading(int(found[0]), 1, None, "norms, activations, gates", rules=rules)


def _torchinfo(subject: Subject) -> Reading:
    from torchinfo import summary

    given: dict[str, Any] = (
        {"input_data": dict(subject.named)} if subject.named else {"input_data": subject.arguments}
    )
    found = summary(subject.module, verbose=0, **given)
    # It goes by the weights of leaves; only convolutions and recurrent layers have positions.
    leaves = {type(m).__name__ for m in subject.module.modules() if not list(m.children())}
    once = tuple(leaves & {"Linear"})
    rules = frozenset(leaves)
    return Reading(int(found.total_mult_adds), 1, None, "biases, norms", rules=rules, once=once)


COUNTERS: Mapping[str, Counter] = MappingProxyType(
    {
        "torch.utils.flop_counter": Counter("torch", _flop_counter),
        "torch.utils.flop_counter on meta": Counter("torch", _flop_counter, device="meta"),
        "fvcore": Counter("fvcore", _fvcore),
        "calflops": Counter("calflops", _calflops, hooks=True),
        "ptflops": Counter("ptflops", _ptflops, hooks=True),
        "thop": Counter("thop", _thop, hooks=True),
        "torchinfo": Counter("torchinfo", _torchinfo, hooks=True),
        "deepspeed": Counter("deepspeed", _deepspeed, hooks=True),
    }
)
"""Public counters by name."""


def read(name: str, make: Make) -> Reading:
    """Let a counter count a fresh module.

    Raises
    ------
    MissingExtraError
        If it is not installed.
    Exception
        Whatever the counter raises.
    """
    counter = COUNTERS[name]
    if not counter.installed:
        raise MissingExtraError(
            f"expected {counter.distribution} to be installed, it is not: "
            f"pip install {counter.distribution}"
        )
    with torch.no_grad(), _quiet(), _restored():
        return counter.read(make(counter.device))


@contextlib.contextmanager
def _restored() -> Iterator[None]:
    """Undo what a counter changes in torch: some replace its functions, and not all put them back."""
    owners = (torch, torch.nn.functional, torch.Tensor)
    before = [dict(vars(owner)) for owner in owners]
    try:
        yield
    finally:
        for owner, usual in zip(owners, before, strict=True):
            for name, value in usual.items():
                if vars(owner).get(name) is not value:
                    setattr(owner, name, value)
        for name in set(vars(torch.Tensor)) - set(before[-1]):
            delattr(torch.Tensor, name)  # what hid a method of the class below


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep a counter from printing and warning."""
    nowhere, disabled = io.StringIO(), logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with (
            contextlib.redirect_stdout(nowhere),
            contextlib.redirect_stderr(nowhere),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(disabled)


def parts(subject: Subject, *, hooks: bool) -> Mapping[str, Counts]:
    """Return what runs by operator, and by the module that it runs in if counters hang on it.

    A fused layer runs as one operator unless somebody hangs on its modules, as most counters do.
    """
    if not hooks:
        return _bare(count(subject.run))
    stack: list[str] = []
    handles = []
    for name, module in subject.module.named_modules():
        label = f"{type(module).__name__} {name.rpartition('.')[2]}".strip()
        handles.append(module.register_forward_pre_hook(lambda *_, own=label: stack.append(own)))
        handles.append(module.register_forward_hook(lambda *_: stack.pop() and None))
    try:
        return _bare(count(subject.run, place=lambda: stack[-1] if stack else ""))
    finally:
        for handle in handles:
            handle.remove()


def _bare(tally: Tally) -> Mapping[str, Counts]:
    return {name.removeprefix("aten::"): found for name, found in tally.lines.items()}
