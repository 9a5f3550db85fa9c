"""Hand-made analyses, so that tests of the reports need no analysis."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from workspan.analysis.figures import Analysis, Comparison, Crossover, Figure, Value, Verdict
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import poly
from workspan.graphs.tracing import trace

HOSTILE = "<script>alert('x')</script> & \"q\" _a_ 50% $x$ #1 ~^ \\end{document} | `t` [b] {c} \x00"

FORMULAS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "lstm": {
        "params": ("8*d**2 + 8*d", "d**2"),
        "work": ("16*d**2*n + 20*d*n", "d**2*n"),
        "span": ("7*n + 1", "n"),
        "state": ("2*d", "d"),
    },
    "attention": {
        "params": ("4*d**2 + 4*d", "d**2"),
        "work": ("8*d**2*n + 4*d*n**2 + 6*n**2 + 4*d*n", "d**2*n + d*n**2"),
        "span": ("8", "1"),
        "parallelism": ("(8*d**2*n + 4*d*n**2)/(2*ceil(log2(n)) + 3*ceil(log2(d)) + 6)", "n**2"),
    },
}
UNITS = {
    "params": "parameter",
    "work": "flop",
    "span": "step",
    "state": "scalar",
    "parallelism": "flop/step",
}


def figure(name: str, formula: str | None, theta: str = "", **changes: Any) -> Figure:
    """Return a figure with values at two sizes, whose witnesses agree."""
    setting = changes.pop("setting", Setting())
    cost = None if formula is None else poly(formula)
    sizes = ({"n": 4, "d": 2}, {"n": 64, "d": 32})
    given = changes.get("values") is None
    derived = [cost.evaluate(**at) if cost is not None and given else None for at in sizes]
    defaults: dict[str, Any] = {
        "domain": "n >= 1",
        "growth": {"n": "n", "d": "d**2"},
        "theta": theta,
        "grade": "proved",
        "by_primitive": {"map": poly("20*d*n"), "contraction": poly("16*d**2*n")},
        "values": tuple(Value(at, v, v, v) for at, v in zip(sizes, derived, strict=True)),
        "steps": ("sum over equations", "collect terms"),
    }
    if cost is None:
        defaults = {"reason": "no position is before another", "values": ()}
    return Figure(name, UNITS[name], setting, cost, **{**defaults, **changes})


def analysis(model: str = "lstm", name: str = "", /, **changes: Figure) -> Analysis:
    """Return an analysis of a catalogue model, under another name if there is one."""
    figures = {
        key: figure(key, formula, theta) for key, (formula, theta) in FORMULAS[model].items()
    }
    if model == "attention":
        figures["state"] = figure("state", None)
    return Analysis(name or model, trace(CATALOGUE[model]), Setting(), {**figures, **changes})


def comparison(**changes: Figure) -> Comparison:
    """Return a comparison of attention with recurrence."""
    left, right = analysis("attention"), analysis("lstm", **changes)
    spans = {
        "layer": {
            "attention": figure("span", "1", "1", setting=Setting(unit="layer")),
            "lstm": figure("span", "n", "n", setting=Setting(unit="layer")),
        },
        "tensor": {a.model: a["span"] for a in (left, right)},
    }
    crossover = Crossover(
        "work",
        "contractions",
        "attention",
        "lstm",
        "n < 2*d",
        poly("8*d**2*n + 4*d*n**2"),
        poly("16*d**2*n"),
        Setting(),
    )
    whole = Crossover(
        "work",
        "all operations",
        "attention",
        "lstm",
        "4*d*n + 6*n < 8*d**2 + 16*d",
        poly(FORMULAS["attention"]["work"][0]),
        poly(FORMULAS["lstm"]["work"][0]),
        Setting(),
    )
    return Comparison((left, right), spans, (crossover, whole))


def disagreeing() -> Figure:
    """Return a figure whose measurement differs from its formula."""
    return figure("work", "n", "n", values=(Value({"n": 4}, 4, 5, None),))


def verdict(**changes: Any) -> Verdict:
    """Return a checked claim."""
    defaults: dict[str, Any] = {
        "claim": "sequential",
        "statement": "recurrence needs O(n) sequential operations",
        "subject": "lstm",
        "verdict": "conditional",
        "reason": "for a non-linear recurrence",
        "setting": Setting(unit="layer"),
        "source": "Vaswani et al. 2017",
        "evidence": ("span is n",),
    }
    return Verdict(**{**defaults, **changes})
