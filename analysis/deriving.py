"""Which derivation belongs to which figure, in which mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..graphs.graph import Graph
from ..graphs.setting import Setting
from ..graphs.sizes import Poly, SizeError, at_least
from .counting.counts import decode_work, params, work
from .cuts.state_bound import state_bound
from .derivation import Derivation
from .fitting import fit
from .folded import FOLDED, folding_of, written_out
from .modes import TRAINED, ModeError, in_mode, in_training
from .paths.lengths import path_length
from .paths.reach import layers_to_connect, receptive_field
from .span import span
from .storage.activations import activations
from .storage.state import state
from .storage.traffic import traffic
from .storage.workspace import workspace
from .watching import Known

Rule = Callable[[Graph, Setting], Derivation]


def _hops(graph: Graph, setting: Setting) -> Derivation:
    return path_length(graph, setting, hops=1)


RULES: dict[str, Rule] = {
    "params": params,
    "work": work,
    "span": span,
    "path_length": path_length,
    "mixing_hops": _hops,
    "receptive_field": receptive_field,
    "layers_to_connect": layers_to_connect,
    "state": state,
    "state_bound": state_bound,
    "decode_work": decode_work,
    "activations": activations,
    "workspace": workspace,
    "traffic": traffic,
}

FITTED = {"span", "path_length"}
"""Figures that are interpolated when there is no proof. The others are piecewise in the ratio of
window and sequence, which no interpolation sees."""

STATIC = {"params", "state", "state_bound", "decode_work", "activations"}
"""Figures that are the same in every mode."""


def derive(name: str, graph: Graph, setting: Setting) -> Derivation:
    """Derive a figure: proved if a proof is found, fitted if not, or without a formula and why."""
    setting = _same(setting)
    return _known(name, graph).found(setting, lambda watched: _derived(name, graph, watched))


def told(name: str, graph: Graph, setting: Setting) -> Derivation | None:
    """Return a figure if what was derived in other settings tells it; nothing is derived."""
    return _known(name, graph).told(_same(setting))


def _known(name: str, graph: Graph) -> Known[Derivation]:
    known: Known[Derivation] = graph.memory.setdefault(("derived", name), Known())
    return known


def _same(setting: Setting) -> Setting:
    """Return encode for prefill, which is the same for a causal model."""
    return setting.but(mode="encode") if setting.mode == "prefill" else setting


def _derived(name: str, graph: Graph, setting: Setting, *, fitting: bool = True) -> Derivation:
    """Derive a figure for any number of repeated layers if possible, else of the graph as it is."""
    if name == "parallelism":
        return _parallelism(graph, setting)
    same = name in FOLDED and (name in STATIC or setting.mode != "train")
    folding = folding_of(graph) if same else None  # training orders sums in its own way
    if folding is not None:
        found = _derived(name, folding.graph, setting, fitting=False)
        told = written_out(name, graph, folding, found)
        if told is not None:
            return told
    if name in STATIC or setting.mode in {"encode", "prefill"}:
        return _based(name, graph, setting, _plain(name, graph, setting, fitting=fitting))
    if setting.mode == "train":
        return _in_training(name, graph, setting, fitting=fitting)
    return _in_other_mode(name, graph, setting, fitting=fitting)


def _plain(name: str, graph: Graph, setting: Setting, *, fitting: bool = True) -> Derivation:
    found = RULES[name](graph, setting)
    unproved = found.formula is None and (found.reason or "").startswith("no proof")
    if unproved and fitting and name in FITTED:
        return fit(name, graph, setting, found.reason or "")
    return found


def _based(name: str, graph: Graph, setting: Setting, found: Derivation) -> Derivation:
    """Extend a formula for L >= 2 to one layer, where the graph of one layer has the same."""
    if (
        found.formula is None
        or found.least.get("L") != 2
        or graph.source is None
        or found.grade != "proved"
    ):
        return found
    one = _plain(name, graph.source(L=1), setting)
    same = one.formula is not None and one.formula == found.formula.substitute({"L": 1})
    if (
        not same
        or one.grade != "proved"
        or any(v > found.least.get(k, 1) for k, v in one.least.items())
    ):
        return found
    least = {k: v for k, v in found.least.items() if k != "L"}
    return replace(
        found, least=least, steps=(*found.steps, "for L = 1 the graph of one layer gives the same")
    )


def _in_training(name: str, graph: Graph, setting: Setting, *, fitting: bool) -> Derivation:
    """Derive a figure of the forward and backward pass together."""
    if name not in TRAINED:
        return Derivation(None, reason=f"{name} is a figure of mode encode, not of train")
    try:
        changed = in_training(graph, name)
    except ModeError as error:
        return Derivation(None, reason=str(error))
    plain = setting.but(mode="encode")
    return _based(name, changed, plain, _plain(name, changed, plain, fitting=fitting))


def _in_other_mode(name: str, graph: Graph, setting: Setting, *, fitting: bool) -> Derivation:
    try:
        changed = in_mode(graph, setting.mode)
    except ModeError as error:
        return Derivation(None, reason=str(error))
    if name == "span":
        return _plain("span", changed, setting, fitting=fitting)
    if name == "work":
        once_each = work(graph.looped, setting.but(pairs="masked"))
        return decode_work(graph, setting) if setting.mode == "decode" else once_each
    return Derivation(None, reason=f"{name} is a figure of mode encode, not of {setting.mode}")


def _parallelism(graph: Graph, setting: Setting) -> Derivation:
    total, depth = derive("work", graph, setting), derive("span", graph, setting.but(unit="scalar"))
    if total.formula is None or depth.formula is None:
        return Derivation(None, reason=total.reason or depth.reason)
    if depth.formula == 0:
        return Derivation(None, reason="no operation takes a step")
    grade = "proved" if total.grade == depth.grade == "proved" else "fitted"
    least = {
        s: max(total.least.get(s, 1), depth.least.get(s, 1)) for s in {*total.least, *depth.least}
    }
    if _may_vanish(depth.formula, least):
        least |= {s: max(least.get(s, 1), 2) for s in depth.formula.sizes}
    steps = (
        f"work = {total.formula}",
        f"span in unit scalar = {depth.formula}",
        "parallelism = work / span",
    )
    return Derivation(
        total.formula / depth.formula,
        grade,
        dict(sorted(least.items())),
        steps,
        details=depth.details,
    )


def _may_vanish(depth: Poly, least: Mapping[str, int]) -> bool:
    """Whether a depth may be zero at the least sizes of its domain; yes if they fit nothing."""
    if at_least(depth, 1):
        return False
    try:
        return bool(depth.evaluate(**{s: least.get(s, 1) for s in depth.sizes}) == 0)
    except SizeError:  # such as the logarithm of d/3 at d = 1
        return True
