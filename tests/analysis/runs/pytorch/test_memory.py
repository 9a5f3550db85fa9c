"""Memory of torch: state, what is kept for the backward pass, and what is live, against the derived."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters import symbolic
from workspan.analysis.deriving import derive
from workspan.analysis.runs import PLAIN
from workspan.analysis.runs.observations import EngineError
from workspan.graphs.setting import Setting

torch: Any = pytest.importorskip("torch")

from workspan.analysis.runs.pytorch import memory  # noqa: E402
from workspan.analysis.runs.pytorch.in_order import most_live  # noqa: E402
from workspan.analysis.runs.pytorch.modules import NAMES, build  # noqa: E402
from workspan.analysis.runs.pytorch.saving import saved  # noqa: E402

AT = {"n": 5, "m": 3, "d": 4, "h": 2, "g": 1, "f": 6, "k": 3, "w": 3, "L": 2}
LONGER = {**AT, "n": 9, "d": 8, "h": 4, "g": 2, "L": 3}
SCANS = [name for name in NAMES if name in PLAIN and PLAIN[name].stepwise is not None]


def derived(figure: str, name: str, at: dict[str, int], mode: str = "encode") -> Any:
    """Evaluate a derived figure."""
    formula = derive(figure, symbolic(name), Setting().but(mode=mode)).formula
    assert formula is not None
    return formula.evaluate(**{s: at[s] for s in formula.sizes})


@pytest.mark.parametrize("at", [AT, LONGER], ids=["short", "longer"])
@pytest.mark.parametrize("name", memory.CARRIED)
def test_the_state_object_is_the_derived_state(name: str, at: dict[str, int]) -> None:
    """Law: what torch hands from one step to the next has exactly the scalars of the state."""
    assert memory.state(build(name, at)) == derived("state", name, at)


def test_a_module_without_a_state_is_refused() -> None:
    """A module that returns no state is an error that names it."""
    with pytest.raises(EngineError, match=r"got torch\.nn\.MultiheadAttention"):
        memory.state(build("attention", AT))


@pytest.mark.parametrize("at", [AT, LONGER], ids=["short", "longer"])
@pytest.mark.parametrize("name", [name for name in NAMES if name not in SCANS])
def test_what_is_kept_is_the_derived_activations(name: str, at: dict[str, int]) -> None:
    """Law: autograd keeps exactly the derived values of the equations in plain operators."""
    assert saved(build(name, at, fused=False)).values == derived("activations", name, at, "train")


@pytest.mark.parametrize("name", NAMES)
def test_storages_hold_at_least_the_values(name: str) -> None:
    """Law: what is stored is no less than the different values in it."""
    for fused in (False, True):
        seen = saved(build(name, AT, fused=fused))
        assert 0 <= seen.values <= seen.stored


def test_copies_and_views_are_told_apart_from_values() -> None:
    """Unfolded windows hold each input k times; gates that are views keep all gates."""
    at = {"n": 6, "d": 2, "k": 3, "L": 1}
    seen = saved(build("causal_convolution", at, fused=False))
    assert (seen.values, seen.stored) == (6 * 2, 6 * 3 * 2)
    gru = saved(build("gru", at, fused=False))
    # Of the three products with the state, only the candidate's is read again, but all are stored.
    assert gru.stored - gru.values >= 2 * 6 * 2


def test_a_mask_is_no_value() -> None:
    """Truth values are counted by themselves, in bytes."""
    seen = saved(build("causal_attention", AT, fused=False))
    assert seen.others == AT["L"] * AT["n"] ** 2  # the plain code inverts the mask in every layer


@pytest.mark.parametrize("name", NAMES)
def test_liveness_is_what_the_allocator_gave_out(name: str) -> None:
    """Law: in plain operators the live tensors at the peak are all that was allocated."""
    seen = memory.workspace(build(name, AT, fused=False))
    assert seen.dispatched == seen.allocated > 0
    assert seen.hidden == 0


@pytest.mark.parametrize("at", [AT, LONGER], ids=["short", "longer"])
@pytest.mark.parametrize("name", NAMES)
def test_what_has_to_be_live_is_the_workspace(name: str, at: dict[str, int]) -> None:
    """Law: values freed after their last reading need the derived workspace, in the same order."""
    (seen, *_) = memory.observe(name, at, figures=("workspace",))
    if seen.exact:
        assert seen.value == derived("workspace", name, at)
    else:
        assert seen.value < derived("workspace", name, at)
        assert "the schedule" in seen.note


def test_the_schedule_keeps_no_more_than_the_code() -> None:
    """Law: freeing after the last reading needs no more than the names of the code keep alive."""
    for name in ("attention", "encoder", "windowed_attention", "feed_forward"):
        built = build(name, AT, fused=False)
        given = sum(x.numel() for x in built.inputs(0))
        assert most_live(built) <= memory.workspace(built).allocated // 8 + given


@pytest.mark.parametrize("n", [4, 8, 16, 24, 32])
def test_liveness_of_attention_at_five_sizes(n: int) -> None:
    """Law: it stays exact while the scores, h n^2 of them, grow to be most of it."""
    seen = memory.workspace(build("attention", {"n": n, "d": 8, "h": 4, "L": 1}, fused=False))
    assert seen.dispatched == seen.allocated
    assert seen.allocated >= 2 * 8 * 4 * n * n


def test_what_an_operator_hides_is_measured_and_named() -> None:
    """An LSTM in single precision allocates inside its operator what dispatch cannot see."""
    built = build("lstm", {"n": 16, "d": 8, "L": 1}, dtype=torch.float32)
    seen = memory.workspace(built)
    assert seen.hidden > seen.dispatched
    assert "lstm" in seen.operator
    found = memory.observe("lstm", {"n": 16, "d": 8, "L": 1}, figures=("workspace",))
    (line,) = [seen for seen in found if seen.part == "allocated fused float32"]
    assert not line.exact
    assert "bytes inside aten::lstm" in line.note


def test_autograd_keeps_more_alive() -> None:
    """Where autograd records, what it keeps stays live to the end."""
    built = build("feed_forward", AT, fused=False)
    without, recorded = (memory.workspace(built, grad=grad) for grad in (False, True))
    assert recorded.allocated > without.allocated
    assert recorded.allocated >= 8 * (saved(built).values - AT["n"] * AT["d"])
