"""The pytest plugin: each claim that a model of a test file carries is one test.

A test shows its verdict (``PROVED`` in verbose output), and a failure the counterexample and what
holds instead.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from ..analysis.claims import Claim
    from ..analysis.figures import Verdict

CARRIED = "__workspan_claims__"
"""The attribute of a model that carries claims; nothing else is imported until one is found."""
VERDICT = "workspan verdict"
HOLDS = {"proved", "confirmed", "conditional"}


class ClaimFailedError(Exception):
    """A claim that does not hold, or of which nothing can be said."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(told(verdict))


class ClaimItem(pytest.Item):
    """One claim as one test."""

    def __init__(self, *, model: Any, claim: Claim, **options: Any) -> None:
        super().__init__(**options)
        self.model, self.claim = model, claim

    def runtest(self) -> None:
        """Check the claim."""
        from ..analysis.claims import verdict_on

        verdict = verdict_on(self.claim, {self.claim.models[0]: self.model})
        self.user_properties.append((VERDICT, verdict.verdict))
        if verdict.verdict not in HOLDS:
            raise ClaimFailedError(verdict)
        self.add_report_section("call", "claim", told(verdict))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show the verdict alone where it is one, and not where in workspan it was found."""
        if isinstance(excinfo.value, ClaimFailedError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the model is."""
        line = self.model.__code__.co_firstlineno - 1 if hasattr(self.model, "__code__") else 0
        return self.path, line, f"{self.claim.models[0]}: {self.claim.statement}"


def told(verdict: Verdict) -> str:
    """Return a verdict as lines."""
    return "\n".join(_lines(verdict))


def _lines(verdict: Verdict) -> Iterator[str]:
    yield f"{verdict.verdict}: {verdict.statement}"
    yield f"  {verdict.reason}"
    if verdict.counterexample:
        at = ", ".join(f"{k}={v}" for k, v in verdict.counterexample.items())
        yield f"  counterexample: {at}"
    if verdict.corrected:
        yield f"  instead: {verdict.corrected}"


def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> list[pytest.Item] | None:
    """Make one test of each claim of a model that the file defines, or names as a test."""
    claims: tuple[Claim, ...] = getattr(obj, CARRIED, ())
    own = getattr(obj, "__module__", None) == getattr(collector.obj, "__name__", None)
    if not claims or not (own or name.startswith("test")):
        return None
    return [
        ClaimItem.from_parent(collector, name=f"{name}[{c.statement}]", model=obj, claim=c)
        for c in claims
    ]


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """Say in verbose output which verdict it is."""
    verdict = dict(getattr(report, "user_properties", ())).get(VERDICT)
    if report.when != "call" or not report.passed or verdict is None:
        return None
    return "passed", ".", str(verdict).upper()
