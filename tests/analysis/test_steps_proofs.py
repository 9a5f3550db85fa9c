"""The checker of steps in all refuses what is wrong, and what it accepts is what is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.adapters import symbolic
from tests.examples import examples
from workspan.analysis.counting.steps import steps_in_all
from workspan.analysis.proofs.counting.steps import StepsCertificate, check_steps
from workspan.analysis.proofs.errors import ProofError
from workspan.analysis.simulation.building import tasks_of
from workspan.graphs.operations import gather, tanh
from workspan.graphs.relations import Relation
from workspan.graphs.setting import Setting
from workspan.graphs.sizes import size
from workspan.graphs.tracing import trace
from workspan.testing import Block, models, settings, sizes


def certificate(name: str) -> StepsCertificate:
    """Return a certificate that the checker accepts."""
    found = steps_in_all(symbolic(name), Setting()).certificate
    assert isinstance(found, StepsCertificate)
    check_steps(symbolic(name), Setting(), found)
    return found


@pytest.mark.parametrize("name", ["lstm", "attention", "encoder", "linear_recurrence_scan"])
def test_wrong_certificates_are_refused(name: str) -> None:
    """A wrong sum, an equation too many, too few or wrongly counted, and another unit are refused."""
    graph, right = symbolic(name), certificate(name)
    last = next(c for c in reversed(right.equations) if c.total != 0)
    others = tuple(c for c in right.equations if c is not last)
    more = replace(last, total=last.total + size("n"))
    wrong = [
        replace(right, formula=right.formula + 1),
        replace(right, equations=others, formula=right.formula - last.total),
        replace(right, equations=(*right.equations, last), formula=right.formula + last.total),
        replace(right, equations=(*others, more), formula=right.formula + size("n")),
        replace(right, equations=(*others, replace(last, name="strange"))),
    ]
    for bad in wrong:
        with pytest.raises(ProofError):
            check_steps(graph, Setting(), bad)
    with pytest.raises(ProofError):
        check_steps(graph, Setting(unit="layer"), right)


def test_positions_that_may_be_missing_are_refused() -> None:
    """Without the sizes from which on a window fits into the sequence, nothing is proved."""
    graph = trace(lambda x: tanh(gather(x, Relation.stride(2, 3))), name="strided")
    found = steps_in_all(graph, Setting())
    assert found.least == {"n": 2}
    assert found.formula is not None
    assert found.formula.evaluate(n=2) == tasks_of(graph, Setting(), {"n": 2, "d": 1}).work
    with pytest.raises(ProofError, match="may have no position"):
        check_steps(graph, Setting(), replace(found.certificate, least={}))


@examples(40)
@given(st.data(), models(deepest=2), settings(), st.sampled_from(["encode", "train"]))
def test_steps_are_those_that_are_counted(
    data: st.DataObject, model: Block, setting: Setting, mode: str
) -> None:
    """Law: the formula is the sum over all nodes of the unrolled graph."""
    setting = setting.but(
        mode=mode, scope="layer", unit="layer" if setting.unit == "layer" else "tensor"
    )
    at = data.draw(sizes(model.graph, longest=5))
    found = steps_in_all(model.graph, setting)
    assume("gradient" not in (found.reason or ""))  # some models have none
    assert found.formula is not None, found.reason
    if all(at.get(s, v) >= v for s, v in found.least.items()):
        value = found.formula.evaluate(**{s: at[s] for s in found.formula.sizes})
        assert value == tasks_of(model.graph, setting, at).work
