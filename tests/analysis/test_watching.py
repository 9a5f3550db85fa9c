"""Laws of what is known in several settings."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workspan.analysis.deriving import derive
from workspan.analysis.figures import NAMES
from workspan.analysis.watching import Known, Watched
from workspan.graphs.models import CATALOGUE
from workspan.graphs.setting import CHOICES, Setting
from workspan.graphs.tracing import trace

SETTINGS = st.builds(Setting, **{axis: st.sampled_from(v) for axis, v in CHOICES.items()})


@given(
    st.lists(SETTINGS, min_size=1, max_size=12), st.lists(st.sampled_from([*CHOICES]), max_size=3)
)
def test_only_what_was_looked_at_counts(asked: list[Setting], axes: list[str]) -> None:
    """Law: every answer is that of its own setting, and settings alike on the axes share it."""
    known: Known[tuple[object, ...]] = Known()
    for setting in asked:
        answer = known.found(setting, lambda s: tuple(getattr(s, a) for a in axes))
        assert answer == tuple(getattr(setting, a) for a in axes)
    assert len(known) == len({tuple(getattr(s, a) for a in axes) for s in asked})


@given(SETTINGS, st.sampled_from([*CHOICES]))
def test_a_replaced_axis_is_not_looked_at(setting: Setting, axis: str) -> None:
    """Law: what is read of a changed setting is no property of the one that was asked for."""
    seen: set[str] = set()
    watched = Watched(setting, seen).but(**{axis: CHOICES[axis][0]})
    assert all(getattr(watched, a) is not None for a in CHOICES)
    assert seen == set(CHOICES) - {axis}


def test_watches_do_not_meet() -> None:
    """Law: what one watch remembers by its setting, another one does not find."""
    one, other = Watched(Setting(), set()), Watched(Setting(), set())
    assert one == one.but() == Watched(Setting(), one._seen)
    assert one not in {other: 1}
    assert one not in {Setting(): 1}


@pytest.mark.parametrize("name", ["causal_windowed_attention", "min_gru_scan"])
def test_nothing_depends_on_what_was_asked_before(name: str) -> None:
    """Law: a derivation in any setting is that of a graph that nobody asked anything."""
    shared = trace(CATALOGUE[name])
    every: list[dict[str, Any]] = [
        dict(zip(CHOICES, chosen, strict=True)) for chosen in product(*CHOICES.values())
    ]
    for k, axes in enumerate(every):
        for figure in NAMES:
            derive(figure, shared, Setting(**axes))
            if k % 61 == NAMES.index(figure):
                alone = derive(figure, trace(CATALOGUE[name]), Setting(**axes))
                told = derive(figure, shared, Setting(**axes))
                assert (told.formula, told.grade, told.least) == (
                    alone.formula,
                    alone.grade,
                    alone.least,
                )
                assert (told.reason, told.steps) == (alone.reason, alone.steps)


@settings(max_examples=10, deadline=None)
@given(
    st.sampled_from(["lstm", "attention", "linear_recurrence"]), SETTINGS, st.sampled_from(NAMES)
)
def test_nothing_depends_on_memory(name: str, setting: Setting, figure: str) -> None:
    """Law: a graph whose memory is empty says what one says that was asked in all units before."""
    asked = trace(CATALOGUE[name])
    for unit in CHOICES["unit"]:
        derive(figure, asked, setting.but(unit=unit))
    told, alone = (derive(figure, g, setting) for g in (asked, trace(CATALOGUE[name])))
    assert (told.formula, told.grade, told.reason) == (alone.formula, alone.grade, alone.reason)
